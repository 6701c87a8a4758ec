"""Floor 3: decides what each texture is, and what is to be done with it."""
