"""Holds textures as they are learnt from, in files that are mapped into memory, and cuts pieces out of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cg_upscaler import codecs
from cg_upscaler.codecs.atomic import Temporary, failure
from cg_upscaler.errors import SourceError
from cg_upscaler.geometry import Edge, Edges, Size, Span
from cg_upscaler.job import Problem
from cg_upscaler.library.config.training import Lesson
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.alpha import bleed
from cg_upscaler.pixels.edges import take
from cg_upscaler.pixels.rows import Pixels, from_float, to_float
from cg_upscaler.pixels.views import Array
from cg_upscaler.training.textures import Texture

_VERSION = 1
"""Goes up whenever a texture would be held otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A texture as it is learnt from: 16 bits, normals as unit vectors with green up. A `Source`."""

    texture: Texture
    pixels: NDArray[np.uint16]
    small: NDArray[np.uint16] | None = None
    """Its real small version, where it has one."""

    @property
    def size(self) -> Size:
        return Size(self.pixels.shape[1], self.pixels.shape[0])

    @property
    def channels(self) -> int:
        return int(self.pixels.shape[2])

    @property
    def edges(self) -> Edges:
        wraps = self.texture.wraps
        return Edges(*(Edge.WRAP if wrapped else Edge.MIRROR for wrapped in (wraps.x, wraps.y)))

    def rows(self, start: int, stop: int) -> Pixels:
        return to_float(np.asarray(self.pixels[start:stop]))


def hold(
    textures: Iterable[Texture],
    folder: Path,
    lesson: Lesson,
    pairs: dict[str, Path],
    scale: int,
    on_held: Callable[[], None] = lambda: None,
) -> tuple[tuple[Held, ...], tuple[Problem, ...]]:
    """Return textures as they are learnt from, decoded into `folder` once, and what could not be read.

    `pairs` are paths of real small versions by the names of textures. Raises `OutputError` where the folder takes no
    more.
    """
    held, problems = [], []
    for texture in textures:
        try:
            pixels = _mapped(texture, texture.path, texture.stamp, folder, lesson)
            small = None
            if (path := pairs.get(texture.name)) is not None:
                stat = path.stat()
                small = _mapped(texture, path, (stat.st_size, stat.st_mtime_ns), folder, lesson)
                wanted = (pixels.shape[0] // scale, pixels.shape[1] // scale)
                if small.shape[:2] != wanted:
                    what = f"its small version is {small.shape[1]}×{small.shape[0]}, and not {wanted[1]}×{wanted[0]}"
                    problems.append(Problem(texture.name, f"{what}: it is made small here instead"))
                    small = None
            held.append(Held(texture, pixels, small))
        except SourceError as error:
            problems.append(Problem(texture.name, "; ".join(filter(None, (error.what, error.fix)))))
        except (OSError, IndexError) as error:
            problems.append(Problem(texture.name, f"cannot be read: {error}"))
        on_held()
    return tuple(held), tuple(problems)


def unlike(held: Iterable[Held], others: Iterable[Held]) -> tuple[Held, ...]:
    """Return textures without those that are, texel by texel, one of the others or one before: copies under a new name.

    What is measured by must not have been learnt from, and what is there twice need not be learnt twice.
    """
    known = {_digest(each) for each in others}
    kept = []
    for each in held:
        digest = _digest(each)
        if digest not in known:
            kept.append(each)
        known.add(digest)
    return tuple(kept)


def _digest(held: Held) -> bytes:
    return hashlib.sha256(repr(held.pixels.shape).encode() + held.pixels.tobytes()).digest()


def _mapped(texture: Texture, path: Path, stamp: tuple[int, int], folder: Path, lesson: Lesson) -> NDArray[np.uint16]:
    key = f"{_VERSION}:{lesson.value}:{path}:{stamp}:{texture.channels}:{texture.alpha}:{texture.signed}:{texture.flip}"
    target = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npy"
    if not target.is_file():
        made = from_float(decoded(texture, path, lesson), np.uint16)
        temporary = Temporary(target)
        try:
            with temporary.path.open("xb") as file:
                np.save(file, made)
        except OSError as error:
            temporary.discard()
            raise failure(error, target) from error
        temporary.commit()
    mapped: NDArray[np.uint16] = np.load(target, mmap_mode="r")
    return mapped


def decoded(texture: Texture, path: Path, lesson: Lesson) -> Pixels:
    """Return a texture as it is learnt from, 0 … 1: vectors of unit length with green up, colour bled under alpha.

    Raises a `SourceError`.
    """
    pixels = to_float(codecs.read(path).pixels)
    chosen: Pixels = np.ascontiguousarray(pixels[:, :, list(texture.channels)])
    if lesson is Lesson.NORMAL:
        vectors = normals.normalise(normals.decode(chosen, signed=texture.signed))
        if texture.flip:
            vectors[:, :, 1] *= -1
        return normals.encode(vectors, 3)
    if texture.alpha is not None:
        edges = Edges(*(Edge.WRAP if wrapped else Edge.MIRROR for wrapped in (texture.wraps.x, texture.wraps.y)))
        chosen = bleed(chosen, pixels[:, :, [texture.alpha]], edges)
    low, high = float(chosen.min()), float(chosen.max())
    if low < 0 or high > 1:  # heights of float files have any range
        chosen = (chosen - np.float32(low)) / np.float32(max(high - low, 1e-12))
    return chosen


@dataclass(frozen=True, slots=True)
class Piece:
    """A square cut out of a texture, float32 (side, side, c) in 0 … 1, and what lies around it."""

    large: Pixels
    small: Pixels | None = None
    """The same of its real small version."""


def cut(held: Held, side: int, margin: int, scale: int, rng: np.random.Generator) -> Piece:
    """Return a piece from anywhere: `side` texels, with `margin` more on each side, both multiples of the scale.

    Where a texture wraps a piece may lie across its border, and goes on at its other side; else it lies within, and
    only the margin reaches beyond. It begins at a whole texel of the small version.
    """
    wraps, size = held.texture.wraps, held.size
    starts = []
    for length, wrapped in ((size.height, wraps.y), (size.width, wraps.x)):
        last = length if wrapped else length - side + 1
        starts.append(int(rng.integers(0, max(1, -(-last // scale)))) * scale)
    ys, xs = (Span(start, start + side).grow(margin) for start in starts)
    large = take(held, ys, xs, held.edges)
    if held.small is None:
        return Piece(large)
    few_ys, few_xs = (Span(span.start // scale, span.stop // scale) for span in (ys, xs))
    return Piece(large, take(Array(held.small), few_ys, few_xs, held.edges))
