"""What files beside the textures say of them: importers' settings and materials, read without running anything."""
