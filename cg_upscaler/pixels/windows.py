"""Runs local verbs over pictures: each result texel sees its surroundings, borders included, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cg_upscaler.geometry import Edges, Size, Span
from cg_upscaler.pixels.edges import take
from cg_upscaler.pixels.rows import Pixels, Source


@dataclass(frozen=True, slots=True)
class Local:
    """A verb whose result at a texel depends on its surroundings only.

    `fn` takes windows of its inputs, as if the picture went on for ever, and returns the window of the result; what
    it says about the outermost `reach` texels is thrown away. Reach is in texels of the coarsest input.
    """

    fn: Callable[..., Pixels]
    reach: int
    ratio: int = 1
    """Size of the result over that of the coarsest input."""
    channels: int | None = None
    """Of the result; None where it has as many as the first input."""


def windowed(op: Local, edges: Edges, *inputs: Source) -> Source:
    """Apply a local verb to whole pictures, lazily: rows are computed when they are asked for.

    The inputs' sizes are whole multiples of the smallest. Each is taken to go on beyond its borders as `edges` says,
    so the result does not depend on which rows are asked for together.
    """
    base = min((source.size for source in inputs), key=lambda size: size.pixels)
    ratios = []
    for source in inputs:
        ratio = source.size.width // base.width
        if source.size != base * ratio:
            raise ValueError(f"{source.size} is no whole multiple of {base}")
        ratios.append(ratio)
    return _Windowed(op, edges, inputs, tuple(ratios), base)


@dataclass(frozen=True, slots=True)
class _Windowed:
    op: Local
    edges: Edges
    inputs: Sequence[Source]
    ratios: tuple[int, ...]
    base: Size

    @property
    def size(self) -> Size:
        return self.base * self.op.ratio

    @property
    def channels(self) -> int:
        return self.inputs[0].channels if self.op.channels is None else self.op.channels

    def rows(self, start: int, stop: int) -> Pixels:
        op, ratio = self.op, self.op.ratio
        core = Span(start // ratio, -(-stop // ratio))
        ys, xs = core.grow(op.reach), Span(0, self.base.width).grow(op.reach)
        windows = [take(source, ys * k, xs * k, self.edges) for source, k in zip(self.inputs, self.ratios, strict=True)]
        result = op.fn(*windows)
        top, left = start - ys.start * ratio, op.reach * ratio
        return np.ascontiguousarray(result[top : top + stop - start, left : left + self.size.width])
