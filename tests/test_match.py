"""The match: what the source says holds."""

import numpy as np
import pytest

from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.job import Band
from cg_upscaler.pixels import transfer
from cg_upscaler.pixels.light import matched_light
from cg_upscaler.pixels.match import matched
from cg_upscaler.pixels.resample import enlarge, shrink
from cg_upscaler.pixels.views import Array
from cg_upscaler.pixels.windows import Local, windowed
from tests.fakes import noise


def cubic(source: np.ndarray) -> np.ndarray:
    """The source enlarged four times, mirrored at its borders."""
    out = windowed(Local(lambda window: enlarge(window, 4), 2, 4), Edges(), Array(source))
    return out.rows(0, out.size.height)


def drifted(source: np.ndarray) -> np.ndarray:
    """What a generator might give: too dark, too soft, and with a colour cast."""
    big = cubic(source)
    return np.clip(big * 0.93 + np.array([0.02, -0.01, 0.03], np.float32), 0, 1).astype(np.float32)


def apply(op, result, source, edges=Edges()):
    out = windowed(op, edges, Array(result), Array(source))
    return out.rows(0, out.size.height)


def psnr(a, b):
    return -10 * np.log10(np.mean((a - b) ** 2))


def test_at_full_fidelity_the_result_says_what_the_source_says():
    source = noise(64, 64, 3).astype(np.float32) / 255
    result = apply(matched(4, 1.0, Band.ALL, low=0, high=1), drifted(source), source)
    assert psnr(shrink(drifted(source), 4), source) < 35
    assert psnr(shrink(result, 4), source) > 55
    assert np.abs(result.mean((0, 1)) - source.mean((0, 1))).max() * 255 < 0.05


def test_the_low_band_moves_the_mean_and_not_the_blocks():
    source = noise(64, 64, 3).astype(np.float32) / 255
    blocky = source + np.indices((64, 64)).sum(0)[:, :, None] % 2 * 0.1 - 0.05  # the finest pattern there is
    blocky = blocky.astype(np.float32)
    result = apply(matched(4, 1.0, Band.LOW, low=0, high=1), drifted(source), blocky)
    assert np.abs(result.mean((0, 1)) - blocky.mean((0, 1))).max() * 255 < 0.1
    pattern = blocky - source
    kept = ((shrink(result, 4) - shrink(drifted(source), 4)) * pattern).sum() / (pattern**2).sum()
    assert abs(kept) < 0.02


def test_fidelity_goes_from_what_the_low_band_holds_to_all():
    source = noise(32, 32, 3).astype(np.float32) / 255
    start = drifted(source)
    full, half, none = (apply(matched(4, f, Band.ALL), start, source) for f in (1.0, 0.5, 0.0))
    assert np.allclose(none, apply(matched(4, 1.0, Band.LOW), start, source), atol=1e-6)
    assert np.allclose(half, (none + full) / 2, atol=1e-6)


@pytest.mark.parametrize("band", Band)
def test_the_result_does_not_depend_on_how_rows_are_asked_for(band):
    source = noise(40, 24, 3).astype(np.float32) / 255
    for edges in (Edges(), Edges.both(Edge.WRAP)):
        out = windowed(matched(4, 1.0, band, low=0, high=1), edges, Array(drifted(source)), Array(source))
        parts = np.concatenate([out.rows(i, min(i + 13, 160)) for i in range(0, 160, 13)])
        assert np.allclose(parts, out.rows(0, 160), atol=1e-6)


def test_light_is_matched_without_rings_far_from_a_sun():
    source = np.full((24, 24, 3), 0.2, np.float32)
    source[12, 12] = 500
    start = transfer.expand(cubic(transfer.compress(source, 500)).clip(0, 1), 500)  # as a generator sees it
    result = apply(matched_light(4, 1.0, Band.ALL), start, source)
    assert result.min() > 0
    far = np.ones((96, 96), bool)
    far[36:64, 36:64] = False
    assert np.abs(result[far] - 0.2).max() < 0.01
    lost, still_lost = (1 - picture.mean() / source.mean() for picture in (start, result))
    assert lost > 0.6
    assert abs(still_lost) < 0.2


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_a_match_sees_no_further_than_its_reach(factor, free):
    verb = matched(factor, 1.0, Band.ALL, low=0, high=1, free=free)
    source = noise(70, 60, 3).astype(np.float32) / 255
    rng = np.random.default_rng(1)
    result = source.repeat(factor, 0).repeat(factor, 1)
    result = (result + rng.normal(0, 0.2, result.shape)).astype(np.float32)
    whole, at = verb.fn(result.copy(), source), 7
    cut = verb.fn(result[at * factor :, at * factor :].copy(), np.ascontiguousarray(source[at:, at:]))
    beyond = verb.reach * factor
    # But for the last bit: OpenCV rounds otherwise where a row has no whole vector left.
    assert np.allclose(cut[beyond:, beyond:], whole[at * factor :, at * factor :][beyond:, beyond:], rtol=0, atol=5e-7)
