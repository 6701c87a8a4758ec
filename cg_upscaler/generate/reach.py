"""Measures how far a network looks: the context that a tile needs to give what the whole picture would."""

from __future__ import annotations

import numpy as np

from cg_upscaler.backends import Network
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import Precision, Reach

HALF_LEVEL = 0.5 / 255

_LENGTH, _BREADTH = 256, 64
"""Texels of the strip on which it is measured. What is cut off lies beyond one line, so breadth adds little."""

_OCTAVES = 7


def measured_reach(network: Network, texture: Pixels, precision: Precision) -> Reach:
    """Return the texels of context that keep a part of a texture within half a level of 255 of the whole's result.

    `texture` is (h, w, channels) in 0 … 1, and of its width whole quarters are used. As it is and transposed, a quarter
    at each end is run by itself, with more and more context, up to half the width: doubled until it is enough, then
    narrowed down to an eighth. Context comes in whole multiples of the network's own. Where not even half the width is
    enough, that half is returned, with a note. Precisions under float32 may never agree so well whatever the context,
    since their rounding differs: how far weights look is best measured in float32.
    """
    multiple = network.info.multiple
    strips = [_Strip(network, texture, precision, upright=upright) for upright in (False, True)]
    most = strips[0].length // 2  # and no more: a quarter has to be left out, to see what that changes
    failed = -multiple
    for context in _doubling(multiple, most):
        if all(strip.agrees(context) for strip in strips):
            return Reach(_narrowed(strips, failed, context, multiple))
        failed = context
    return Reach(
        most,
        f"what lies {most} texels away still changes its result by half a level of 255 and more: "
        "where textures are cut into tiles, these may show",
    )


def detailed(channels: int) -> Pixels:
    """Return a picture to measure on, the same on every machine: sharp detail at all sizes from 1 to 64 texels."""
    numbers = np.random.RandomState(0)  # whose sequence is promised to stay, unlike that of newer generators
    total = np.zeros((_BREADTH, _LENGTH, channels))
    for octave in range(_OCTAVES):
        side = 1 << octave
        small = numbers.random_sample((_BREADTH // side, _LENGTH // side, channels))
        total += small.repeat(side, 0).repeat(side, 1) - 0.5
    return np.clip(0.5 + total / 3, 0, 1).astype(np.float32)


def _doubling(multiple: int, most: int) -> list[int]:
    """Return the contexts to try: 0, 4, 8, 16 … and the most there is, in whole multiples."""
    rungs = {0, most}
    context = 4
    while context < most:
        rungs.add(min(most, -(-context // multiple) * multiple))
        context *= 2
    return sorted(rungs)


def _narrowed(strips: list[_Strip], failed: int, enough: int, multiple: int) -> int:
    step = max(1, enough // 8 // multiple) * multiple
    while enough - failed > step:
        middle = failed + max(1, (enough - failed) // 2 // step) * step
        if all(strip.agrees(middle) for strip in strips):
            enough = middle
        else:
            failed = middle
    return enough


class _Strip:
    """A texture laid along one axis, and what a network makes of the whole of it."""

    def __init__(self, network: Network, texture: Pixels, precision: Precision, *, upright: bool) -> None:
        self._network, self._precision, self._upright = network, precision, upright
        quarter = texture.shape[1] // 4 // network.info.multiple * network.info.multiple
        self.length = 4 * quarter
        self._texture = texture[:, : self.length]
        self._whole = self._run(self._texture)

    def agrees(self, context: int) -> bool:
        """Whether a quarter at either end, seen with so much context, comes out as it does in the whole."""
        read, own = self.length // 4 + context, self.length // 4 * self._network.info.scale
        first, last = self._run(self._texture[:, :read]), self._run(self._texture[:, -read:])
        off = (first[:, :own] - self._whole[:, :own], last[:, -own:] - self._whole[:, -own:])
        return all(bool(np.abs(error).max() < HALF_LEVEL) for error in off)  # NaN is no agreement, either

    def _run(self, window: Pixels) -> Pixels:
        if not self._upright:
            return self._network.run(np.ascontiguousarray(window), self._precision)
        return self._network.run(np.ascontiguousarray(window.swapaxes(0, 1)), self._precision).swapaxes(0, 1)
