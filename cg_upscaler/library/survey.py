"""Measures what the pixels of a texture say of its meaning, in bounded memory.

What must hold for every texel (a channel is constant, alpha is 0 or 1) is counted over all of them, in blocks of
rows. What only needs to be likely is measured on a sample: the whole of a picture of up to a megapixel, otherwise
windows spread evenly over it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.library.evidence import AlphaClass, AlphaEvidence, Evidence, HiddenColor, VectorEvidence
from cg_upscaler.library.lookup import lookup_side
from cg_upscaler.pixels.rows import Pixels, Source, blocks
from cg_upscaler.spec import ImageSpec

__all__ = ["SAMPLE", "Evidence", "survey"]

SAMPLE = 1 << 20
"""Texels up to which a picture is its own sample."""
WINDOWS = 4
"""Windows a side of the sample of a larger picture."""

_SOLID = 0.99
_ROUNDING = 1.5 / 255
_UNIT = (0.9, 1.1)
_EDGE_OF_CUTOUT = 0.9
_BLANK = 0.95
"""Painting programs leave stray colours under alpha 0; the rest of it is black or white."""


def survey(image: Source, spec: ImageSpec) -> Evidence:
    """Measure `image`, of whose channels `spec` says which is alpha. Equal pictures give equal evidence."""
    alpha = spec.alpha if spec.alpha is not None and spec.alpha < image.channels else None
    color = [c for c in range(image.channels) if c != alpha][:3]
    totals = _Totals(image.channels, color, alpha)
    for block in blocks(image):
        totals.add(block)
    windows = _sample(image)
    colors = [window[:, :, color] for window in windows]
    texels = np.concatenate([window.reshape(-1, len(color)) for window in colors])
    codes = [_codes(window) for window in colors]
    counts = np.unique(np.concatenate([code.ravel() for code in codes]), return_counts=True)[1]
    opaque = alpha is None or totals.low[alpha] == totals.high[alpha]
    return Evidence(
        low=_floats(totals.low),
        high=_floats(totals.high),
        finite=totals.finite,
        gray=totals.gray,
        one_dimensional=totals.rows_equal != totals.columns_equal,
        alpha=_alpha(totals, windows, alpha),
        vectors=_vectors(texels, windows, alpha),
        chroma=float(np.percentile(texels.max(axis=1) - texels.min(axis=1), 99)),
        correlation=1.0 if totals.gray else _correlation(texels),
        colors=len(counts),
        common=float(counts[counts * 1000 >= counts.sum()].sum() / counts.sum()),
        flat=_flat(codes),
        primary=_share(((texels < _ROUNDING) | (texels > 1 - _ROUNDING)).all(axis=1)),
        extreme=_extreme(texels),
        sum_to_one=_sum_to_one(texels if opaque else np.concatenate([w.reshape(-1, w.shape[2]) for w in windows])),
        distance=_distance(windows, color, alpha) if totals.gray or texels.std(axis=0).max() == 0 else 0.0,
        lookup=lookup_side(windows[0][:, :, color]) if len(windows) == 1 else 0,
    )


class _Totals:
    """What is exact: running figures over all rows."""

    def __init__(self, channels: int, color: Sequence[int], alpha: int | None) -> None:
        self.low = np.full(channels, np.inf, np.float32)
        self.high = np.full(channels, -np.inf, np.float32)
        self.finite = self.gray = self.rows_equal = self.columns_equal = True
        self.texels = self.clear = self.solid = self.blank = 0
        self.hidden_low, self.hidden_high = np.full(len(color), np.inf), np.full(len(color), -np.inf)
        self.sums = {"hidden": np.zeros(len(color)), "all": np.zeros(len(color))}
        self._color, self._alpha = list(color), alpha
        self._first: Pixels | None = None

    def add(self, block: Pixels) -> None:
        low, high = _extremes(block)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):  # both NaN and infinity show in an extreme
            self.finite = False
            finite = np.isfinite(block)
            low = _extremes(np.where(finite, block, np.float32(np.inf)))[0]
            high = _extremes(np.where(finite, block, np.float32(-np.inf)))[1]
            block = np.where(finite, block, np.float32(0))
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)
        if self.gray:
            first = block[:, :, self._color[0]]
            self.gray = all(bool((block[:, :, channel] == first).all()) for channel in self._color[1:])
        self._compare_lines(block)
        self.texels += block.shape[0] * block.shape[1]
        if self._alpha is not None:
            self._add_alpha(block[:, :, self._color], block[:, :, self._alpha])

    def _compare_lines(self, block: Pixels) -> None:
        if self._first is None:
            self._first = block[:1].copy()
        self.rows_equal = self.rows_equal and bool((np.abs(block - self._first) <= _ROUNDING).all())
        self.columns_equal = self.columns_equal and bool((np.abs(block - block[:, :1]) <= _ROUNDING).all())

    def _add_alpha(self, colors: Pixels, alpha: NDArray[np.float32]) -> None:
        clear = alpha <= 0
        self.clear += int(clear.sum())
        self.solid += int((alpha >= _SOLID).sum())
        self.sums["all"] += colors.sum(axis=(0, 1), dtype=np.float64)
        if clear.any():
            hidden = colors[clear]
            self.sums["hidden"] += hidden.sum(axis=0, dtype=np.float64)
            self.hidden_low = np.minimum(self.hidden_low, hidden.min(axis=0))
            self.hidden_high = np.maximum(self.hidden_high, hidden.max(axis=0))
            self.blank += max(int((hidden <= 0).all(axis=1).sum()), int((hidden >= 1).all(axis=1).sum()))


def _extremes(block: Pixels) -> tuple[Pixels, Pixels]:
    # Along rows first, where memory is contiguous: a fiftieth of the time that NumPy takes over both axes at once.
    channels = block.shape[2]
    rows = block.reshape(len(block), -1)
    return rows.min(axis=0).reshape(-1, channels).min(axis=0), rows.max(axis=0).reshape(-1, channels).max(axis=0)


def _floats(values: NDArray[np.float32]) -> tuple[float, ...]:
    # A channel without one finite value has no extremes.
    return tuple(float(value) if np.isfinite(value) else 0.0 for value in values)


def _share(flags: Any) -> float:
    """Of an array of booleans, how many are true."""
    return float(np.mean(flags)) if np.size(flags) else 0.0


def _sample(image: Source) -> list[Pixels]:
    size = image.size
    if size.pixels <= SAMPLE:
        return [_finite(image.rows(0, size.height))]
    side = int((SAMPLE // WINDOWS**2) ** 0.5)
    windows = []
    for top in _starts(size.height, side):
        rows = image.rows(top, min(top + side, size.height))
        windows += [_finite(rows[:, left : left + side]) for left in _starts(size.width, side)]
    return windows


def _starts(length: int, side: int) -> list[int]:
    """Where windows begin: evenly from border to border, and none twice."""
    room = max(0, length - side)
    return sorted({room * i // (WINDOWS - 1) for i in range(WINDOWS)})


def _finite(window: Pixels) -> Pixels:
    """Leave out what is no number, and what is so large that arithmetic on it would overflow."""
    return np.where(np.abs(window) < 1e9, window, np.float32(0))


def _codes(colors: Pixels) -> NDArray[np.int32]:
    """One number for each colour of 8 bits a channel."""
    levels = (np.clip(colors, 0, 1) * 255 + 0.5).astype(np.int32)
    code = levels[:, :, 0]
    for channel in range(1, levels.shape[2]):
        code = code * 256 + levels[:, :, channel]
    return code


def _flat(codes: Sequence[NDArray[np.int32]]) -> float:
    pairs = [(code[1:] == code[:-1]).ravel() for code in codes] + [(c[:, 1:] == c[:, :-1]).ravel() for c in codes]
    return _share(np.concatenate(pairs))


def _correlation(texels: Pixels) -> float:
    if texels.shape[1] < 2 or texels.std(axis=0).min() < 1e-4:
        return 0.0
    return float(np.corrcoef(texels.T).min())


def _extreme(texels: Pixels) -> float:
    black, white = (texels <= 0.02).all(axis=1), (texels >= 0.98).all(axis=1)
    return _share(black | white) if min(_share(black), _share(white)) > 0.005 else 0.0


def _sum_to_one(texels: Pixels) -> float:
    if texels.shape[1] < 3 or (texels.std(axis=0) > 0.02).sum() < 2:
        return 0.0
    return _share(np.abs(texels.sum(axis=1) - 1) <= 4 * _ROUNDING)


def _alpha(totals: _Totals, windows: Sequence[Pixels], channel: int | None) -> AlphaEvidence:
    if channel is None:
        return AlphaEvidence()
    low, high = float(totals.low[channel]), float(totals.high[channel])
    clear, solid = totals.clear / totals.texels, totals.solid / totals.texels
    if low == high:
        values = AlphaClass.CONSTANT
    elif clear and solid and (clear + solid > 0.97 or _is_cutout([window[:, :, channel] for window in windows])):
        values = AlphaClass.BINARY
    else:
        values = AlphaClass.GRADIENT
    return AlphaEvidence(values, low, high, clear, solid, _hidden(totals))


def _is_cutout(alphas: Sequence[NDArray[np.float32]]) -> bool:
    """Whether what is neither clear nor solid lies on the border of the two: the smooth edge of a cut-out."""
    between = on_border = 0
    kernel = np.ones((3, 3), np.uint8)
    for alpha in alphas:
        clear, solid = alpha <= 0.02, alpha >= _SOLID
        part = ~(clear | solid)
        near = [cv2.dilate(side.astype(np.uint8), kernel).astype(bool) for side in (clear, solid)]
        between += int(part.sum())
        on_border += int((part & near[0] & near[1]).sum())
    return on_border >= _EDGE_OF_CUTOUT * between


def _hidden(totals: _Totals) -> HiddenColor:
    if not totals.clear:
        return HiddenColor.NONE
    alike = (totals.hidden_high - totals.hidden_low).max() <= _ROUNDING
    if alike or totals.blank > _BLANK * totals.clear:
        return HiddenColor.ONE
    visible = (totals.sums["all"] - totals.sums["hidden"]) / max(1, totals.texels - totals.clear)
    apart = np.abs(totals.sums["hidden"] / totals.clear - visible).max()
    return HiddenColor.LIKE_VISIBLE if apart < 0.1 else HiddenColor.OTHER


def _vectors(texels: Pixels, windows: Sequence[Pixels], alpha: int | None) -> VectorEvidence:
    if texels.shape[1] < 2:
        return VectorEvidence()
    signed = bool(texels.min() < -0.1)
    vectors = texels if signed else texels * 2 - 1
    disc = _share(np.square(vectors[:, :2]).sum(axis=1) <= _UNIT[1] ** 2)
    mean = tuple(float(value) for value in vectors.mean(axis=0, dtype=np.float64))
    if vectors.shape[1] < 3:
        return VectorEvidence(mean=mean, disc=disc, signed=signed)
    length = np.sqrt(np.square(vectors).sum(axis=1))
    return VectorEvidence(
        unit=_share((length > _UNIT[0]) & (length < _UNIT[1])),
        outward=_share(vectors[:, 2] > 0),
        mean=mean,
        disc=disc,
        swizzled=alpha is not None and _is_swizzled(texels, np.concatenate([w[:, :, alpha].ravel() for w in windows])),
        signed=signed,
    )


def _is_swizzled(texels: Pixels, alpha: NDArray[np.float32]) -> bool:
    x, y = alpha * 2 - 1, texels[:, 1] * 2 - 1
    if min(x.std(), y.std()) < 0.01 or max(abs(float(x.mean())), abs(float(y.mean()))) > 0.1:
        return False
    return _share(x * x + y * y <= _UNIT[1] ** 2) > 0.99 and abs(float(np.corrcoef(x, y)[0, 1])) < 0.5


def _distance(windows: Sequence[Pixels], color: Sequence[int], alpha: int | None) -> float:
    """Judge the slopes of a gray picture, or of the alpha over one colour: a distance field's are all alike.

    A field rises equally fast wherever it is not cut off, and in every direction; a gradient points one way, a blurred
    mask rises fastest in the middle of its edge, an anti-aliased one within a texel or two.
    """
    channel = color[0]
    if alpha is not None and np.ptp(windows[0][:, :, channel]) == 0:
        channel = alpha
    steep, ways, total = [], [], 0
    for window in windows:
        values = cv2.GaussianBlur(np.ascontiguousarray(window[:, :, channel]), (5, 5), 0)
        inside = cv2.erode(((values > 0.04) & (values < 0.96)).astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        dx, dy = (cv2.Scharr(values, cv2.CV_32F, *axis)[inside] / 32 for axis in ((1, 0), (0, 1)))
        steep.append(np.hypot(dx, dy))
        ways.append(np.arctan2(dy, dx))
        total += values.size
    slopes, angles = np.concatenate(steep), np.concatenate(ways)
    if len(slopes) < max(64, total // 10):
        return 0.0
    usual = float(np.median(slopes))
    if not 1 / 255 < usual < 0.2:
        return 0.0
    directions = np.histogram(angles, bins=8, range=(-np.pi, np.pi))[0] / len(angles)
    if (directions > 0.02).sum() < 6:
        return 0.0
    return _share(np.abs(slopes - usual) < 0.2 * usual)
