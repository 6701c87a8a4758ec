"""Floor 1: pure functions on pixels, one verb a file."""
