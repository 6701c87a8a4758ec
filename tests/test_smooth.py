"""A texture that is smooth is resampled, and the receipt says so; all else is drawn by its model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.job import Group, Job, Outcome
from cg_upscaler.maps import BICUBIC, ColorSpace, MapKind, Role
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.smoothness import LEAST, lost_by_halving
from cg_upscaler.pixels.views import Array
from cg_upscaler.smooth import without_models_where_smooth
from cg_upscaler.spec import Precision
from tests.fakes import BlurNetwork, group, job_of
from tests.surfaces import normals_of
from tests.test_engine import run, save

SIDE = 96
EIGHT_BITS = 255


def hills(sigma: float, side: int = SIDE) -> np.ndarray:
    """A height field whose hills are about so many texels wide."""
    rough = np.random.default_rng(5).standard_normal((side, side)).astype(np.float32)
    soft = cv2.GaussianBlur(rough, (0, 0), sigma) if sigma else rough
    return np.asarray(soft / soft.std() * max(1.0, sigma) * 0.3, np.float32)


def stored(values: np.ndarray) -> np.ndarray:
    return np.round(values * EIGHT_BITS).astype(np.uint8)


BENT, STONE = (stored(normals_of(hills(sigma))) for sigma in (10, 0.7))
GLOW, DIRT = (stored(np.clip(0.5 + hills(sigma)[:, :, None] * gain, 0, 1)) for sigma, gain in ((10, 0.05), (0.7, 0.4)))


def of_normals(pixels: np.ndarray, *, fallback: bool = True, constant: bool = False) -> Job:
    own = group(Role.NORMAL, (0, 1, 2), Array(pixels).size, fallback=fallback, constant=constant, licence="MIT")
    return job_of(pixels, replace(own, weights="w"), kind=MapKind.NORMAL)


def of_mask(pixels: np.ndarray) -> Job:
    own = group(Role.SCALAR, (0,), Array(pixels).size, color_space=ColorSpace.DATA, fallback=True)
    return job_of(pixels, own, kind=MapKind.ROUGHNESS)


def decided(pixels: np.ndarray, job: Job) -> tuple[Group, tuple[str, ...]]:
    found, notes = without_models_where_smooth(Array(pixels), job)
    return found.groups[0], notes


@pytest.mark.parametrize(
    ("pixels", "job", "unit"), [(BENT, of_normals(BENT), "degrees"), (GLOW, of_mask(GLOW), "levels of 255")]
)
def test_what_is_smooth_is_resampled_and_told(pixels: np.ndarray, job: Job, unit: str) -> None:
    found, notes = decided(pixels, job)
    assert (found.model, found.weights, found.licence, found.precision) == (BICUBIC, "", "", Precision.FLOAT32)
    assert [step.factor for step in found.passes] == [4]
    assert len(notes) == 1 and "not drawn by fake" in notes[0] and notes[0].endswith(unit)


@pytest.mark.parametrize(("pixels", "job"), [(STONE, of_normals(STONE)), (DIRT, of_mask(DIRT))])
def test_what_is_rough_keeps_its_model(pixels: np.ndarray, job: Job) -> None:
    assert decided(pixels, job) == (job.groups[0], ())


@pytest.mark.parametrize("job", [of_normals(BENT, fallback=False), of_normals(BENT, constant=True)])
def test_nobody_is_looked_at_who_need_not_be(job: Job) -> None:
    assert decided(BENT, job) == (job.groups[0], ())


def test_a_texture_too_small_to_tell_by_keeps_its_model() -> None:
    small = BENT[: LEAST - 1]
    job = of_normals(small)
    assert decided(small, job) == (job.groups[0], ())


def test_the_answer_does_not_depend_on_where_a_tileable_begins() -> None:
    wrapped = Edges.both(Edge.WRAP)
    waves = np.sin(np.arange(64) * 2 * np.pi / 16)[None, :] + np.cos(np.arange(64) * 2 * np.pi / 8)[:, None]
    vectors = normals.decode(normals_of(waves.astype(np.float32)))
    rolled = np.roll(vectors, (10, 22), (0, 1))
    one, other = (lost_by_halving(Array(each), wrapped, vectors=True) for each in (vectors, rolled))
    assert one is not None and other is not None
    assert one == pytest.approx(other, rel=0.05) and one > 0.1


def test_a_run_says_what_was_resampled_and_that_no_model_touched_it(tmp_path: Path) -> None:
    library = tmp_path / "textures"
    save(library / "bent_normal.png", BENT)
    save(library / "stone_normal.png", STONE)
    settings = {"kinds": {"normal": {"model": "realesrgan-x4plus", "fallback": True}}}
    receipts = run(library, network=BlurNetwork(), **settings)
    for name, smooth in (("bent_normal.png", True), ("stone_normal.png", False)):
        receipt = receipts[name]
        assert receipt.outcome is Outcome.DONE
        assert any("so smooth" in note for note in receipt.notes) is smooth
        assert [used.model for used in receipt.models] == ([] if smooth else ["realesrgan-x4plus"])
