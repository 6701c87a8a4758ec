"""How a texture changes, and what that makes of the numbers that are written of it in texels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from cg_upscaler.geometry import Size

NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
"""A number as JSON, YAML and the text formats write it."""

_NUMBER = re.compile(NUMBER)
_WHOLE = re.compile(r"[-+]?\d+")
_LONGEST = 40
"""Characters of a number. No texel is that far away, and longer ones are there to cost time."""
_SHORT = 9
_FARTHEST = 10**9
_EXACT = Context(prec=60)
_FINEST = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Change:
    """What a texture was and becomes, as far as it reaches a description of it."""

    before: Size
    after: Size
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Names of files, as the description spells them, and what they are called now."""
    x: Fraction = field(init=False)
    """By how much it grows across, and as `y` down."""
    y: Fraction = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "x", Fraction(self.after.width, self.before.width))
        object.__setattr__(self, "y", Fraction(self.after.height, self.before.height))

    @property
    def even(self) -> bool:
        """Whether both axes grow alike. A rotated sprite has no single factor otherwise."""
        return self.x == self.y

    @property
    def rounds(self) -> bool:
        """Whether whole numbers of texels may become fractions, which are rounded."""
        return self.x.denominator != 1 or self.y.denominator != 1


def times(text: str, factor: Fraction, *, fractions: bool = False) -> str:
    """Return a number as it was written, ``12``, ``-0.5``, times a factor.

    A whole number stays one, rounded half up, unless it may be a fraction: a ratio, a float that happens to be whole.
    Raises `ValueError` for what is no number.
    """
    if factor.denominator == 1 and len(text) < _SHORT and _WHOLE.fullmatch(text):
        return str(int(text) * factor.numerator) if factor != 1 else text  # most numbers of most files
    value = number(text)
    if factor == 1:
        return text
    if _WHOLE.fullmatch(text) and not fractions:
        return str(nearest(Fraction(value) * factor))
    product = _EXACT.multiply(value, Decimal(factor.numerator))
    if factor.denominator == 1:
        return f"{product:f}"
    quotient = _EXACT.divide(product, Decimal(factor.denominator)).quantize(_FINEST, ROUND_HALF_UP)
    return f"{quotient:f}".rstrip("0").rstrip(".")


def span(start: str, length: str, factor: Fraction) -> tuple[str, str]:
    """Return where a span of whole texels starts and how long it is, times a factor.

    Both of its ends are rounded, and not its length: so what touched still touches, and nothing overlaps.
    """
    if factor.denominator == 1 or not (_WHOLE.fullmatch(start) and _WHOLE.fullmatch(length)):
        return times(start, factor), times(length, factor)
    first, count = Fraction(number(start)), Fraction(number(length))
    low, high = nearest(first * factor), nearest((first + count) * factor)
    return str(low), str(max(high - low, 1 if count > 0 else 0))


def nearest(value: Fraction) -> int:
    """Return the nearest whole number; of two the upper."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def number(text: str) -> Decimal:
    """Return what a number says. Raises `ValueError` for NaN, infinity, and what is beyond any texture."""
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        raise ValueError(f"{text[:_LONGEST]!r} is no number of texels")
    value = Decimal(text)
    if value.adjusted() > len(str(_FARTHEST)) or (value and value.adjusted() < -_LONGEST):
        raise ValueError(f"{text!r} is no number of texels")
    return value
