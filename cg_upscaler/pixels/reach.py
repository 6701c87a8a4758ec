"""How far the kernels look that enlarge: others have to know who filter nothing themselves."""

from __future__ import annotations

CUBIC_REACH, TENT_REACH = 2, 1
"""Source texels on each side that an enlarged texel can depend on, by the kernel."""
