"""Convolutions over bands: one step of a layer, and layers one after another."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cg_upscaler.backends.convolver import Convolver
from cg_upscaler.generate.window import Space, Window, memory


def onto(layer: Convolver, source: Window, target: Window, step: int, channel: int = 0, *, lag: int = 1) -> None:
    """Compute a layer's rows of a step from one window into another, or the same, from a channel of that on.

    They lag `lag` rows behind the newest of the source.
    """
    span = source.space.rows(step, source.lag + lag)
    if len(span):
        above, at = source.at(span.start - 1), target.at(span.start)
        layer(source.data, above, target.data, at, target.column, channel, len(span))
        target.mend(span, channel, layer.outputs)


def out_of(layer: Convolver, source: Window, flow: torch.Tensor, step: int, *, lag: int = 1) -> torch.Tensor:
    """Compute a layer's rows of a step into the first rows of a tensor without border, and return those."""
    span = source.space.rows(step, source.lag + lag)
    if len(span):
        layer(source.data, source.at(span.start - 1), flow, 0, 0, 0, len(span))
    return flow[:, : len(span)]


class Chain:
    """Convolutions one after another, some of which see their input doubled in size."""

    def __init__(self, layers: Sequence[tuple[Convolver, bool]], space: Space) -> None:
        """Each layer comes with whether its input is doubled, by the nearest texel, before."""
        self.layers, self.windows = layers, list[Window]()
        self.flows = list[torch.Tensor | None]()
        factor, lag = 1, 0
        for i, (layer, doubled) in enumerate(layers):
            if doubled:
                factor, lag = 2 * factor, 2 * lag
            here = space.enlarged(factor)
            self.windows.append(Window(here, layer.inputs, lag, layer.dtype, keep=2, border=True))
            straight = i + 1 < len(layers) and not layers[i + 1][1]
            self.flows.append(None if straight else memory(here, layer.outputs, layer.dtype))
            lag += 1
        self.steps = space.enlarged(factor).steps(lag)

    def step(self, step: int, rows: torch.Tensor) -> torch.Tensor:
        """Take the rows of a band, (n, rows, width, channels), and return those of the result that are done."""
        for i, (layer, doubled) in enumerate(self.layers):
            window = self.windows[i]
            if i == 0 or self.flows[i - 1] is not None:
                window.begin(step).put(window.space.rows(step, window.lag), rows, times=2 if doubled else 1)
            flow = self.flows[i]
            if flow is None:
                onto(layer, window, self.windows[i + 1].begin(step), step)
            else:
                rows = out_of(layer, window, flow, step)
        return rows
