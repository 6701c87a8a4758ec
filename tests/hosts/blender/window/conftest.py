"""Keeps these tests out of a bpy from PyPI, which has no window."""

from importlib.util import find_spec

collect_ignore = ["test_window.py"] if find_spec("bpy") else []
