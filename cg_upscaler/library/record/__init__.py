"""The record that a run keeps of its output folder: one SQLite file, and what can stand in for it."""
