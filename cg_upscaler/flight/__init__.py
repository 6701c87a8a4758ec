"""Floor 4: many textures on their way at once, each from its source to its receipt on a thread of its own."""
