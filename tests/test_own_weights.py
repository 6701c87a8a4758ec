"""The weights that come along are what was shipped, and do on textures what their cards say."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors import safe_open

from cg_upscaler.api import Upscaler
from cg_upscaler.errors import ModelError, ModelNotFound
from cg_upscaler.measure.angular import angles
from cg_upscaler.measure.psnr import psnr
from cg_upscaler.models import catalog, own
from cg_upscaler.models.licences import beside
from cg_upscaler.models.load import load
from cg_upscaler.models.own import OWN
from cg_upscaler.pixels import normals, transfer
from cg_upscaler.pixels.resample import shrink
from cg_upscaler.pixels.rows import from_float, to_float
from tests.surfaces import normals_of

EXAMPLES = Path(__file__).parent.parent / "examples" / "textures"
BYTES = np.dtype(np.uint8)


@pytest.mark.parametrize("name", OWN)
def test_each_is_what_was_shipped_and_says_so_itself(name: str) -> None:
    model = OWN[name]
    assert load(catalog.find(name)).shape == model.shape
    with safe_open(model.verified(), "pt") as file:
        said = file.metadata()
    assert (said["name"], said["license"], said["teaches"]) == (name, model.licence, model.teaches)
    assert not [value for value in said.values() if "/tmp" in value or "/work" in value]
    assert model.path.stat().st_size <= 3 * 2**20
    assert beside(model.path) == model.licence  # its card
    assert (own.FOLDER / "ATTRIBUTION.md").is_file()


def test_one_that_is_missing_or_changed_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "FOLDER", tmp_path)
    with pytest.raises(ModelNotFound, match="missing from its package") as missing:
        catalog.find("cg-normal-x4")
    assert "pip install" in str(missing.value.fix)
    (tmp_path / "cg-normal-x4.safetensors").write_bytes(b"another file")
    with pytest.raises(ModelError, match="hash differs"):
        load(catalog.find("cg-normal-x4"))


def panels(side: int) -> np.ndarray:
    """A wall of plates with bevels, as vectors."""
    rng = np.random.default_rng(7)
    height = np.zeros((side, side), np.float32)
    for _ in range(40):
        top, left = rng.integers(0, side - 24, 2)
        tall, wide = rng.integers(12, 48, 2)
        height[top : top + tall, left : left + wide] += 2.5
    return normals.decode(normals_of(cv2.GaussianBlur(height, (0, 0), 1.0)))


@pytest.mark.weights
def test_panels_come_out_nearer_to_the_truth_than_by_bicubic_in_degrees() -> None:
    truth = panels(192)
    small = from_float(normals.encode(normals.normalise(shrink(truth, 4)), 3), BYTES)
    ours, plain = (
        angles(
            truth, normals.decode(to_float(Upscaler(kinds={"normal": {"model": model}}).array(small, "normal")))
        ).mean
        for model in ("cg-normal-x4", "bicubic")
    )
    assert ours < 0.9 * plain


@pytest.mark.weights
def test_a_picture_comes_out_nearer_to_the_truth_than_by_bicubic_and_by_x4plus() -> None:
    stored = cv2.imread(str(EXAMPLES / "environment" / "forest" / "forest_floor.jpg"))
    assert stored is not None
    truth = to_float(cv2.resize(stored, (192, 192), interpolation=cv2.INTER_AREA)[:, :, ::-1])
    small = from_float(transfer.linear_to_srgb(shrink(transfer.srgb_to_linear(truth), 4)), BYTES)
    ours, bicubic, x4plus = (
        psnr(truth, to_float(Upscaler(model).array(small, "base_color")))
        for model in ("cg-color-x4", "bicubic", "realesrgan-x4plus")
    )
    assert ours > bicubic + 0.3 and ours > x4plus + 0.5
