"""Upscales the textures of games and films; see README.md."""
