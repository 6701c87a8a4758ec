"""Measures whether a texture runs on beyond its borders, axis by axis, and says which axes wrap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.geometry import Edge, Edges, Size
from cg_upscaler.library.survey.evidence import Evidence, Seam
from cg_upscaler.maps import MapKind
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.transfer import compress
from cg_upscaler.spec import ImageSpec

THREADS = 128
"""Lines across each border along which it is looked at, spread evenly."""

_ROOM = 1 << 21
"""Texels that the threads of one axis may hold together."""
_SHORTEST = 8
_BLANK = 1e-3
"""A line whose values stray less than this holds one value: a quarter of a level of 255."""

_LEVELS = 5 / 255
"""A jump below this is none: dither, block compression, a filter that did not wrap. Less in a picture of low range."""
_RANGE = 0.1
_HARDEST, _HARD = 1.5, 2.2
"""How much greater than the greatest jump inside, and than its 99th percentile, one across the border may be."""
_FITTING = 1.5
"""The same, of the 99th percentile, for borders that have nothing to do with each other, as at a joint of mortar."""
_LINES = 2.0
"""How much harder than usual lines are that stand out, such as joints."""
_RELATED = 0.4
"""How alike the lines at both borders are at least, relative to neighbouring lines inside."""
_UNLIKE, _STRAY = 3.0, 0.08
"""How much less alike they may be than the least alike neighbours inside, and what those lack of 1 at least."""
_NOISE = 0.2
"""Where even neighbours are no more alike than this, likeness says nothing."""
_NOISY = 0.7
"""Where they are no more alike than this, one pair of lines says little by itself."""
_SMOOTH = 0.9
"""Where neighbours are more alike than this, and no line stands out, a small jump all along the border is a filter
that did not wrap."""


def threads(length: int, across: int) -> NDArray[np.intp]:
    """Return which lines, of `across`, are looked at along their whole `length`."""
    count = min(across, max(16, min(THREADS, _ROOM // length)))
    return np.unique(np.linspace(0, across - 1, count).astype(np.intp))


def seam(lines: Pixels, border: Pixels, alpha: int | None) -> Seam:
    """Measure one axis. `lines`, (threads, length, channels), run along it; `border`, (across, 2, channels), ends it.

    Both are finite. Colour counts as far as it shows. A jump is the mean distance of texels that are neighbours along
    the axis. The border's is held against all others, and the likeness of the lines at its two sides against that of
    neighbouring lines inside: a joint of mortar makes a jump as great as a seam, and a door has a frame as hard as
    its panels, but only what tiles does both, keeping within its own jumps and running on.
    """
    if min(lines.shape[1], len(border)) < _SHORTEST:
        return Seam()
    afloat = False
    if alpha is not None:
        seen = border[:, :, alpha] > 0
        if not seen.any(axis=0).all():
            return Seam(clear=True)
        afloat = _in_one_piece(seen)
        lines, border = _shown(lines, alpha), _shown(border, alpha)
    peak = float(max(np.abs(lines).max(), np.abs(border).max()))
    if peak > 1:
        lines, border = compress(lines, peak), compress(border, peak)
    low, high = np.percentile(lines[:, :: max(1, lines.shape[1] // 256)], (1, 99), axis=(0, 1))
    steps = np.abs(np.diff(lines, axis=1)).mean(axis=(0, 2))
    near = _likeness(lines[:, :-1], lines[:, 1:])
    first, last = border[:, 0], border[:, 1]
    alike = _likeness(border[:, :1], border[:, 1:])
    return Seam(
        measured=True,
        jump=float(np.abs(first - last).mean()),
        usual=float(np.median(steps)),
        hard=float(np.percentile(steps, 99)),
        hardest=float(steps.max()),
        range=float((high - low).max()),
        alike=float(alike[0]) if len(alike) else 0.0,
        near=float(np.median(near)) if len(near) else 0.0,
        least=float(np.percentile(near, 2)) if len(near) else 0.0,
        blank=not len(alike),
        plain=bool(_holds_nothing(border).all()),
        afloat=afloat,
    )


def _in_one_piece(seen: NDArray[np.bool_]) -> bool:
    """Whether on each of the lines, (across, 2), one piece shows that reaches neither of its ends."""
    return not seen[[0, -1]].any() and bool(((seen[1:] & ~seen[:-1]).sum(axis=0) == 1).all())


def _shown(pixels: Pixels, alpha: int) -> Pixels:
    """Return colour times alpha, and alpha."""
    opacity = np.clip(pixels[:, :, alpha : alpha + 1], 0, 1)
    colors = np.delete(pixels, alpha, axis=2)
    return np.concatenate([colors * opacity, opacity], axis=2)


def _holds_nothing(lines: Pixels) -> NDArray[np.bool_]:
    """Return which lines, of (threads, lines, channels), hold one colour throughout."""
    return np.asarray(lines.std(axis=0).max(axis=-1) < _BLANK)


def _likeness(first: Pixels, second: Pixels) -> NDArray[np.float64]:
    """Return the correlations of pairs of lines, all channels together, without pairs of which one holds nothing."""
    kept = ~(_holds_nothing(first) | _holds_nothing(second))
    first, second = first[:, kept], second[:, kept]
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    both = np.square(first).sum(axis=(0, 2)) * np.square(second).sum(axis=(0, 2))
    return np.asarray((first * second).sum(axis=(0, 2)) / np.sqrt(both), np.float64)


def edges_of(kind: MapKind, spec: ImageSpec, evidence: Evidence) -> Edges:
    """Return what lies beyond the borders of a texture: what its kind implies, or else what its pixels show."""
    if kind is MapKind.ENVIRONMENT:
        around = spec.size.width == 2 * spec.size.height  # all directions: the left border is where the right one is
        return Edges(Edge.WRAP, Edge.CLAMP) if around else Edges()
    return Edges() if kind is MapKind.SPRITE else wrap(spec.size, evidence).edges


@dataclass(frozen=True, slots=True)
class Wrap:
    """Which axes wrap, and how sure that is: 0 … 1 each."""

    x: bool
    y: bool
    x_confidence: float
    y_confidence: float

    @property
    def edges(self) -> Edges:
        return Edges(Edge.WRAP if self.x else Edge.MIRROR, Edge.WRAP if self.y else Edge.MIRROR)


def wrap(size: Size, evidence: Evidence) -> Wrap:
    """Decide for both axes. What meets at a border without being alike there is believed if the other axis tiles."""
    x, y = evidence.seam_x, evidence.seam_y
    if _on_vertices(size) or _framed(x, y, evidence.alpha.clear):
        return Wrap(False, False, 0.6, 0.6)
    meet_x, meet_y = _meets(x), _meets(y)
    tiles_x = meet_x and (_related(x) or (meet_y and _related(y) and _fits(x)))
    tiles_y = meet_y and (_related(y) or (meet_x and _related(x) and _fits(y)))
    return Wrap(tiles_x, tiles_y, _confidence(x, tiles_x), _confidence(y, tiles_y))


def _on_vertices(size: Size) -> bool:
    """Whether its texels may be heights on the vertices of a grid, which hold their first line again as the last."""
    return all(side > 2 and (side - 1) & (side - 2) == 0 for side in (size.width, size.height))


def _framed(x: Seam, y: Seam, clear: float) -> bool:
    """Whether it is a sprite on a background: it ends in one colour on all sides, or in a frame, or floats."""
    if x.afloat and y.afloat:
        return True
    if x.plain and y.plain:
        return max(x.jump, y.jump) <= min(_floor(x), _floor(y))
    return clear > 0 and x.jump == y.jump == 0


def _floor(seam: Seam) -> float:
    return min(_LEVELS, _RANGE * seam.range)


def _limit(seam: Seam) -> float:
    return min(_HARDEST * seam.hardest, _HARD * seam.hard) + _floor(seam)


def _meets(seam: Seam) -> bool:
    """Whether the jump across the border is none that the picture does not make inside."""
    return seam.measured and seam.jump <= _limit(seam)


def _related(seam: Seam) -> bool:
    """Whether the border lines have to do with each other, or nothing speaks against it."""
    if seam.blank:
        return seam.jump <= seam.hard + _floor(seam)
    if seam.near < _NOISE:
        return True
    alike = max(seam.alike, _as_jumps_tell(seam)) if seam.near < _NOISY else seam.alike
    if _no_odder(seam) and alike >= _RELATED * seam.near:
        return True
    return seam.near > _SMOOTH and seam.hardest < _LINES * seam.usual


def _as_jumps_tell(seam: Seam) -> float:
    """Return how alike the border lines are by their jump: the distance of two lines squared goes with 1 less that.

    Between lines of noise that is the steadier sign.
    """
    return 1 - (seam.jump / max(seam.usual, 1e-9)) ** 2 * (1 - seam.near)


def _no_odder(seam: Seam) -> bool:
    """Whether the border lines differ in kind no more than the least alike neighbours inside."""
    return seam.blank or 1 - seam.alike <= _UNLIKE * max(1 - seam.least, _STRAY)


def _fits(seam: Seam) -> bool:
    """Whether the border may be one of the hard lines that the picture has inside."""
    return _no_odder(seam) and seam.hard >= _LINES * seam.usual and seam.jump <= _FITTING * seam.hard + _floor(seam)


def _confidence(seam: Seam, tiles: bool) -> float:
    if seam.clear:
        return 0.9
    if not seam.measured or seam.range == 0:
        return 0.0
    if tiles:
        return round(0.5 + 0.45 * min(1.0, max(0.0, seam.alike / max(seam.near, _NOISE))), 2)
    return round(0.5 + 0.45 * min(1.0, max(0.0, seam.jump / _limit(seam) - 1)), 2)
