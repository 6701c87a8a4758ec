"""Decides where each channel of a result's file comes from, where that has other channels than its source."""

from __future__ import annotations

from collections.abc import Sequence

from cg_upscaler.errors import UnsupportedImage
from cg_upscaler.library.config.format import AskedChannels, Mode
from cg_upscaler.spec import ImageSpec

_MODES = {
    Mode.RGB: {1: "rrr", 2: "rrr", 4: "rgb"},
    Mode.RGBA: {1: "rrr1", 2: "rrrg", 3: "rgb1"},
    Mode.GRAY: {2: "r", 3: "y", 4: "y"},
    Mode.INDEXED: {},
}
"""By how many channels there are. What is missing is there already."""

_PADDED = {
    (1, 2): "r1",
    (1, 3): "rrr",
    (1, 4): "rrr1",
    (2, 1): "r",
    (2, 3): "rrr",
    (2, 4): "rrrg",
    (3, 4): "rgb1",
    (4, 3): "rgb",
}
"""By how many channels there are, and are wanted; of two the second is alpha."""


def as_asked(spec: ImageSpec, asked: AskedChannels) -> str:
    """Return where channels come from that are asked for. Raises `UnsupportedImage` for letters of what is not there.

    Alpha that is not there is full, and gray is red, green and blue.
    """
    if asked.mode is not None:
        return _MODES[asked.mode].get(spec.channels, "")
    gray = spec.channels == 1 or (spec.channels == 2 and spec.alpha == 1)
    own = "" if spec.alpha is None else "rgba"[spec.alpha]
    letters = asked.swizzle.replace("a", own or ("a" if spec.channels == 4 else "1"))
    if gray:
        letters = "".join("r" if letter in "gb" and letter != own else letter for letter in letters)
    for letter in letters:
        if letter in "rgba" and "rgba".index(letter) >= spec.channels:
            raise UnsupportedImage(
                f"has {spec.channels} channels, and 'channels: {asked.swizzle}' takes one from {letter!r}",
                fix="ask for other letters, or for this texture's own by a rule",
            )
    return "" if letters == "rgba"[: spec.channels] else letters


def fitted(spec: ImageSpec, wanted: int, *, gray: bool, normals: bool) -> str:
    """Return where the channels come from of a file that must have so many, other than there are."""
    count = spec.channels
    if count == 2 and spec.alpha is None:
        return {1: "r", 3: "rgz" if normals else "rg0", 4: "rgz1"}[wanted]
    fewer = {1: "r" if gray else "y", 2: "rg"}
    return _PADDED.get((count, wanted)) or fewer[wanted]


def nearest(count: int, held: Sequence[int]) -> int:
    """Return how many channels a file gets that holds so many: as many as there are, or the next more."""
    return count if count in held else min((more for more in held if more > count), default=max(held))
