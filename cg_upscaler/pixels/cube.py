"""Puts the faces of a cube around each other, turned into place, so that they agree along their edges.

Which face lies beside which is worked out from the directions that Direct3D, OpenGL and Vulkan give to their texels.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.errors import UnreadableImage
from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.job import Frame, Neighbour
from cg_upscaler.pixels.frame import framed
from cg_upscaler.pixels.views import Array

Direction = tuple[float, float, float]

FACES: tuple[Callable[[float, float], Direction], ...] = (
    lambda u, v: (1, -v, -u),  # +X
    lambda u, v: (-1, -v, u),  # -X
    lambda u, v: (u, 1, v),  # +Y
    lambda u, v: (u, -1, -v),  # -Y
    lambda u, v: (u, -v, 1),  # +Z
    lambda u, v: (-u, -v, -1),  # -Z
)
"""In the order in which files hold them: where the point of a face looks that lies at u from its left and v from its
top, each -1 … 1 (OpenGL 4.6, table 8.19, the other way round)."""

_ALONG = (-0.5, 0.25)
"""Two points of an edge, which only the right face, the right way round, has in common."""

_EDGES: dict[str, tuple[Callable[[float], tuple[float, float]], Callable[[float], tuple[float, float]]]] = {
    "left": (lambda t: (-1, t), lambda t: (1, t)),
    "right": (lambda t: (1, t), lambda t: (-1, t)),
    "top": (lambda t: (t, -1), lambda t: (t, 1)),
    "bottom": (lambda t: (t, 1), lambda t: (t, -1)),
}
"""For each side of a face the points of its border, and where these are on the face beside it, turned into place."""


def beside(face: int, side: str) -> tuple[int, int]:
    """Return which face lies beside another on its ``left`` …, and its quarter turns, counter-clockwise, into place."""
    own, theirs = _EDGES[side]
    looks = [FACES[face](*own(t)) for t in _ALONG]
    for other, turns in product(range(len(FACES)), range(4)):
        if other != face and [FACES[other](*_before(theirs(t), turns)) for t in _ALONG] == looks:
            return other, turns
    raise AssertionError("each edge of a cube has two faces")


def _before(point: tuple[float, float], turns: int) -> tuple[float, float]:
    """Return where a point of a picture was before this was turned counter-clockwise."""
    u, v = point
    for _ in range(turns):
        u, v = -v, u
    return u, v


def framed_faces(stack: NDArray[np.generic], margin: int) -> Array:
    """Return faces, (6·n·h, h, c) below each other, each with `margin` texels of the four beside it around it.

    Texels beyond those of a neighbour, where the margin is wider than a face, are its last ones. Raises
    `UnreadableImage` for what is no stack of cubes.
    """
    height, width, channels = stack.shape
    count = height // max(1, width)
    if height != count * width or count % len(FACES):
        raise UnreadableImage(f"{width}×{height} is no stack of cubes", fix="export the cube map again")
    outer = width + 2 * margin
    result = np.empty((count * outer, outer, channels), stack.dtype)
    for number in range(count):
        cube, face = divmod(number, len(FACES))
        around = {side: beside(face, side) for side in _EDGES}
        sides = {side: Neighbour(str(other), turns) for side, (other, turns) in around.items()}
        others = {sides[side]: _slice(stack, cube * len(FACES) + other, width) for side, (other, _) in around.items()}
        whole = framed(_slice(stack, number, width), Frame(margin, **sides), Edges.both(Edge.CLAMP), others)
        result[number * outer : (number + 1) * outer] = whole.pixels
    return Array(result)


def _slice(stack: NDArray[np.generic], number: int, height: int) -> NDArray[np.generic]:
    return stack[number * height : (number + 1) * height]
