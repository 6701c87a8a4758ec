"""Decides how large a result becomes, and by how many times a generator has to enlarge for that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from cg_upscaler.geometry import Size

SCALES = (0.5, 1, 2, 3, 4, 8)
"""What can be asked for, in one or two passes."""

LOADABLE = 16_384
"""Texels a side of the largest texture that Direct3D loads."""

MOST = max(SCALES)

_NEAR = Fraction(11, 10)
"""Beyond its passes a result may be filtered up by this much: not worth another pass of four times the work."""

_SMALLEST_GRID = 16
"""Quads a side from which on 2ⁿ + 1 texels are taken for the vertices of a grid, and not for chance."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the size of one result."""

    scale: float = 4
    target: int | Size | None = None
    """Texels of the longest side, or of both; beats `scale`."""
    max_size: int = LOADABLE
    power_of_two: bool = False
    whole: bool = False
    """Only whole factors will do: cells of a sheet, texels that stay squares."""
    heights: bool = False


@dataclass(frozen=True, slots=True)
class Factor:
    """How many times as large a texture is to be, before its material is looked at."""

    wanted: Fraction
    allowed: Fraction
    """No more than is wanted; less where something speaks against that."""
    by_target: bool

    @property
    def limits(self) -> bool:
        """Whether the other textures of its material have to follow it."""
        return self.by_target or self.allowed < self.wanted


@dataclass(frozen=True, slots=True)
class Sizes:
    """How a result comes to its size."""

    size: Size
    passes: int
    """How many times as large the generator makes it, in all its passes; 1 where it is only filtered."""
    vertices: bool = False
    notes: tuple[str, ...] = ()


def factor(source: Size, asked: Asked) -> Factor:
    """Return by how much a texture is enlarged on its own account."""
    longest = max(source.width, source.height)
    if isinstance(asked.target, Size):
        wanted = max(Fraction(asked.target.width, source.width), Fraction(asked.target.height, source.height))
    elif asked.target is not None:
        wanted = Fraction(asked.target, longest)
    else:
        wanted = Fraction(asked.scale)
    if on_vertices(source, asked) and asked.target is not None:
        wanted = Fraction(2) ** round_log2(wanted)
    allowed = min(wanted, Fraction(MOST))
    if _side(longest, allowed, source, asked) > asked.max_size:
        fitting = [
            Fraction(scale) for scale in SCALES if _side(longest, Fraction(scale), source, asked) <= asked.max_size
        ]
        by_scale = [scale for scale in fitting if asked.target is None and scale < allowed]
        allowed = max(by_scale, default=Fraction(asked.max_size, longest))
    return Factor(wanted, _fit_for(allowed, source, asked), asked.target is not None)


def together(members: Iterable[Factor]) -> Fraction | None:
    """Return the most by which any texture of a material is enlarged, so that all keep their proportions; or None."""
    return min((member.allowed for member in members if member.limits), default=None)


def sized(source: Size, asked: Asked, most: Fraction | None = None) -> Sizes:
    """Return the size of a result and its passes. `most` is what its material allows."""
    own = factor(source, asked)
    by = own.allowed if most is None else _fit_for(min(own.allowed, most), source, asked)
    notes = []
    if by < own.wanted:
        reason = f"its material allows no more than {_said(most)}" if most is not None and most < own.allowed else None
        notes.append(f"made {_said(by)} instead of {_said(own.wanted)}: {reason or _reason(source, own, asked)}")
    if on_vertices(source, asked):
        size = Size(*(int((side - 1) * by) + 1 for side in (source.width, source.height)))
        return Sizes(size, 1, vertices=True, notes=tuple(notes))
    size = _at(source, by, own, asked)
    if asked.power_of_two and not asked.whole:
        size, note = _powers_of_two(source, size, asked)
        notes += [note] if note else []
    return Sizes(size, _passes(source, size), notes=tuple(notes))


def on_vertices(source: Size, asked: Asked) -> bool:
    """Whether a height field has 2ⁿ + 1 texels a side, which stand on the vertices of a grid, not in its cells."""
    sides = (source.width - 1, source.height - 1)
    return asked.heights and all(quads >= _SMALLEST_GRID and quads & (quads - 1) == 0 for quads in sides)


def round_log2(value: Fraction) -> int:
    """Return the exponent of the power of two that is nearest by ratio."""
    exponent = 0
    while value * value >= 2 * Fraction(4) ** exponent:
        exponent += 1
    while 2 * value * value < Fraction(4) ** exponent:
        exponent -= 1
    return exponent


def _fit_for(by: Fraction, source: Size, asked: Asked) -> Fraction:
    """Return the largest factor of at most `by` that a texture of its sort can take."""
    if on_vertices(source, asked):
        steps = [Fraction(2) ** exponent for exponent in range(-4, 4)]
        return max((step for step in steps if step <= by), default=steps[0])
    if asked.whole:
        scales = [Fraction(scale) for scale in SCALES if scale >= 1 and not (asked.power_of_two and scale == 3)]
        return max((scale for scale in scales if scale <= by), default=Fraction(1))
    return by


def _side(side: int, by: Fraction, source: Size, asked: Asked) -> int:
    return int((side - 1) * by) + 1 if on_vertices(source, asked) else _rounded(side * by)


def _at(source: Size, by: Fraction, own: Factor, asked: Asked) -> Size:
    if isinstance(asked.target, Size):
        if asked.whole:
            return source * int(by)
        less = by / own.wanted
        return Size(_rounded(asked.target.width * less), _rounded(asked.target.height * less))
    return Size(_rounded(source.width * by), _rounded(source.height * by))


def _rounded(length: Fraction) -> int:
    return max(1, int(length + Fraction(1, 2)))


def _powers_of_two(source: Size, size: Size, asked: Asked) -> tuple[Size, str]:
    sides = []
    for before, after in ((source.width, size.width), (source.height, size.height)):
        power = 1 << (after.bit_length() - 1)
        if before & (before - 1) and round_log2(Fraction(after, power)) and 2 * power <= asked.max_size:
            power *= 2
        sides.append(power)
    result = Size(*sides)
    odd = any(side & (side - 1) for side in (source.width, source.height))
    note = f"{size} is made {result}: sides that are powers of two" + (", which its source has not" if odd else "")
    return result, note if result != size else ""


def _passes(source: Size, size: Size) -> int:
    most = max(Fraction(size.width, source.width), Fraction(size.height, source.height))
    if most <= 1:
        return 1
    if most == 3:
        return 3
    return next((times for times in (2, 4, 8) if most <= times * _NEAR), 8)


def _reason(source: Size, own: Factor, asked: Asked) -> str:
    if own.wanted > MOST:
        return f"{MOST} times is the most"
    longest = max(source.width, source.height)
    if _side(longest, own.wanted, source, asked) > asked.max_size:
        return f"no side may be longer than {asked.max_size} texels"
    if on_vertices(source, asked):
        return "texels on the vertices of a grid are doubled"
    return "only whole factors keep its texels apart"


def _said(by: Fraction | None) -> str:
    return f"{float(by or 1):.3g}x"
