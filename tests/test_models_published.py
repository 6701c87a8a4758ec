"""The published weights make of a real texture what they are known to make of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from cg_upscaler.backends.resize import ResizeNetwork
from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.models import catalog
from cg_upscaler.pixels.resample import shrink
from cg_upscaler.pixels.rows import Pixels, to_float
from cg_upscaler.spec import Precision

pytestmark = pytest.mark.weights

DATA = Path(__file__).parent / "data"


def stored(name: str) -> Pixels:
    pixels = cv2.imread(str(DATA / name), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return to_float(pixels[:, :, ::-1])


@cache
def network(name: str) -> TorchNetwork:
    return TorchNetwork(catalog.find(name), "cpu")


def decibels(one: Pixels, other: Pixels) -> float:
    return float(-10 * np.log10(np.square(one - other).mean()))


def test_x4plus_reproduces_a_stored_crop() -> None:
    result = network(catalog.REFERENCE).run(stored("forest_floor.png"), Precision.FLOAT32)
    np.testing.assert_allclose(result.clip(0, 1), stored("forest_floor_x4plus.png"), rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", catalog.PUBLISHED)
def test_a_texture_comes_back_as_itself(name: str) -> None:
    source = stored("forest_floor.png")
    result = network(name).run(source, Precision.FLOAT32)
    assert result.shape == (96, 96, 3)
    assert decibels(shrink(result, 4), source) > 25
    bicubic = ResizeNetwork(4).run(source, Precision.FLOAT32)
    inside = slice(16, -16)  # neither knows what lies beyond the border
    assert np.corrcoef(result[inside, inside].ravel(), bicubic[inside, inside].ravel())[0, 1] > 0.9


@pytest.mark.parametrize("name", catalog.PUBLISHED)
def test_a_flat_field_stays_nearly_flat(name: str) -> None:
    flat = np.full((24, 24, 3), 0.5, np.float32)
    result = network(name).run(flat, Precision.FLOAT32)
    assert np.abs(result - 0.5).max() < 0.04
    assert np.abs(result[32:-32, 32:-32] - 0.5).max() < 0.025  # away from the zeros beyond the border


def test_mixed_precision_is_near_float32() -> None:
    x4plus, source = network(catalog.REFERENCE), stored("forest_floor.png")
    assert decibels(x4plus.run(source, Precision.MIXED), x4plus.run(source, Precision.FLOAT32)) > 55
