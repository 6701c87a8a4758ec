"""Decides how many mip levels a result has: as many as are asked for, or in its source's own way."""

from __future__ import annotations

from cg_upscaler import codecs
from cg_upscaler.geometry import Size
from cg_upscaler.library.config.format import AskedMips, Chain
from cg_upscaler.spec import ImageSpec


def levels(spec: ImageSpec, size: Size, container: str, asked: AskedMips | None) -> int:
    """Return the levels of a result of `size` in a container, the first among them."""
    if not codecs.holds_many(container):
        return 1
    if asked is not None and asked.share is not None:
        return max(1, round(asked.share * size.levels))
    chain = Chain.KEEP if asked is None else asked.chain
    if chain is Chain.NONE:
        return 1
    if chain is Chain.BLOCKS:
        return to_blocks(size)
    if chain is Chain.FULL or not codecs.holds_many(spec.container):
        return size.levels  # of a source without levels nothing was said, and what loads such a file looks for them
    return as_before(spec.size, spec.storage.levels, size)


def as_before(source: Size, levels: int, size: Size) -> int:
    """Return how many levels a result has whose source has so many: none, to 1×1, or to the same smallest."""
    if levels <= 1:
        return 1
    if levels >= source.levels:
        return size.levels
    end = max(source.level(levels - 1).width, source.level(levels - 1).height)
    longest = max(size.width, size.height)
    return min(range(size.levels), key=lambda level: abs((longest >> level) - end)) + 1


def to_blocks(size: Size) -> int:
    """Return the levels of a chain that ends where a side would fall below four texels."""
    return max(1, min(size.width, size.height).bit_length() - 2)
