"""A model that fails on a texture's own small version is not let near the texture, and the receipt says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cg_upscaler.job import Group, Job, Outcome
from cg_upscaler.maps import BICUBIC, MapKind, Role
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Precision
from cg_upscaler.trial import LEAST, SIDE, tried
from tests.fakes import BlurNetwork, FakeGenerators, group, job_of
from tests.surfaces import colours_of, heights, normals_of
from tests.test_engine import run, save

SIDES = 160
NORMALS = np.round(normals_of(heights(SIDES, 4)) * 255).astype(np.uint8)
MASK = np.round(colours_of(heights(SIDES, 4), 4)[:, :, :1] * 255).astype(np.uint8)


def dented(pixels: np.ndarray) -> np.ndarray:
    """What a network does that never saw such a texture: a pattern of its own on all that it draws."""
    pattern = 0.5 * np.sin(np.arange(pixels.shape[1]) * 1.1)[None, :, None]
    return np.asarray(np.clip(pixels + pattern, 0, 1), np.float32)


def of_normals(**more: Any) -> tuple[np.ndarray, Job]:
    own = group(Role.NORMAL, (0, 1, 2), Array(NORMALS).size, fallback=True, licence="MIT", **more)
    return NORMALS, job_of(NORMALS, replace(own, weights="w"), kind=MapKind.NORMAL)


def of_mask() -> tuple[np.ndarray, Job]:
    return MASK, job_of(MASK, group(Role.SCALAR, (0,), Array(MASK).size, fallback=True), kind=MapKind.ROUGHNESS)


def after(pixels: np.ndarray, job: Job, network: BlurNetwork) -> tuple[Group, tuple[str, ...]]:
    found, notes = tried(Array(pixels), job, FakeGenerators(network), scratch=None, tick=lambda share: None)
    return found.groups[0], notes


@pytest.mark.parametrize("made", [of_normals, of_mask])
def test_a_model_that_fails_is_replaced_by_bicubic_and_its_figures_told(made: Any) -> None:
    pixels, job = made()
    found, notes = after(pixels, job, BlurNetwork(dented))
    assert (found.model, found.weights, found.licence, found.precision) == (BICUBIC, "", "", Precision.FLOAT32)
    assert len(found.passes) == 1 and found.passes[0].factor == 4
    assert len(notes) == 1 and "bicubic comes nearer to it than fake" in notes[0]
    plain, drawn = [float(word) for word in notes[0].split() if word.replace(".", "").isdigit()][:2]
    assert plain < drawn


@pytest.mark.parametrize("made", [of_normals, of_mask])
def test_a_model_that_does_as_well_stays(made: Any) -> None:
    pixels, job = made()
    assert after(pixels, job, BlurNetwork()) == (job.groups[0], ())


def test_nobody_is_tried_who_need_not_be() -> None:
    network = BlurNetwork(dented)
    plain = job_of(NORMALS, group(Role.NORMAL, (0, 1, 2), Array(NORMALS).size), kind=MapKind.NORMAL)
    assert after(NORMALS, plain, network) == (plain.groups[0], ())
    pixels, job = of_normals(constant=True)
    assert after(pixels, job, network) == (job.groups[0], ())
    assert network.calls == 0


def test_a_texture_too_small_to_tell_by_keeps_its_model() -> None:
    small = NORMALS[: 4 * LEAST - 1]
    network = BlurNetwork(dented)
    job = job_of(small, group(Role.NORMAL, (0, 1, 2), Array(small).size, fallback=True), kind=MapKind.NORMAL)
    assert after(small, job, network)[1] == () and network.calls == 0


def test_of_a_large_texture_its_middle_is_tried() -> None:
    large = np.tile(NORMALS, (8, 7, 1))
    seen: list[tuple[int, ...]] = []

    def watch(pixels: np.ndarray) -> np.ndarray:
        seen.append(pixels.shape)
        return pixels

    job = job_of(large, group(Role.NORMAL, (0, 1, 2), Array(large).size, fallback=True), kind=MapKind.NORMAL)
    after(large, job, BlurNetwork(watch))
    assert seen and max(max(shape) for shape in seen) <= SIDE + 4 * 2 * 64


def test_a_run_says_what_was_resampled_and_that_no_model_touched_it(tmp_path: Path) -> None:
    library = tmp_path / "textures"
    save(library / "stone_normal.png", NORMALS)
    for network, failed in ((BlurNetwork(dented), True), (BlurNetwork(), False)):
        settings = {"kinds": {"normal": {"model": "realesrgan-x4plus", "fallback": True}}}
        receipt = run(library, network=network, force=True, **settings)["stone_normal.png"]
        assert receipt.outcome is Outcome.DONE
        assert any("bicubic comes nearer" in note for note in receipt.notes) is failed
        assert [used.model for used in receipt.models] == ([] if failed else ["realesrgan-x4plus"])
