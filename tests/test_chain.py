"""A chain of models is its steps one after another, exactly, in floats and with nothing done in between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cg_upscaler import Upscaler
from cg_upscaler.backends import devices
from cg_upscaler.cut import canonical_cut, overlapping, smaller, stages
from cg_upscaler.errors import ModelError, OutOfMemory, UsageError
from cg_upscaler.flight.footprint import footprint
from cg_upscaler.flight.needs import needs
from cg_upscaler.generate import Generator
from cg_upscaler.generate.adapt import with_smaller_cuts
from cg_upscaler.generate.pool import Pool
from cg_upscaler.geometry import Bands, Chained, Edge, Edges, Size, Tiled
from cg_upscaler.job import Job
from cg_upscaler.library.config import load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.workload import workload
from cg_upscaler.models import catalog
from cg_upscaler.models.blending import chain
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import ModelInfo, Precision
from cg_upscaler.wire import from_plain, to_plain
from tests.fakes import noise
from tests.tiny import COMPACT, RRDB, RRDB_1X, RRDB_2X, gray_state, random_state

PICTURE = (noise(24, 20, 3) / 255).astype(np.float32)
WRAP = Edges(Edge.WRAP, Edge.WRAP)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("CG_UPSCALE_MODELS", str(folder))
    for name, state in (
        ("1x", {**gray_state(RRDB_1X), "conv_last.weight": 8 * gray_state(RRDB_1X)["conv_last.weight"]}),
        ("2x", gray_state(RRDB_2X)),
        ("4x", gray_state(RRDB)),
        ("4y", gray_state(RRDB, 1)),
        ("compact", random_state(COMPACT)),
        ("gray", gray_state(replace(RRDB, channels=1))),
    ):
        torch.save(state, folder / f"{name}.pth")
    return folder


@pytest.fixture
def pool(models: Path) -> Pool:
    return Pool(devices.describe("cpu"))


def run(generator: Generator, picture: Pixels, edges: Edges = WRAP) -> Pixels:
    size = Size(picture.shape[1], picture.shape[0])
    cut = canonical_cut(size, generator.info, edges)
    rows = generator.run(Array(picture), cut, edges, Precision.FLOAT32, lambda share: None)
    return np.concatenate(list(rows))


@pytest.mark.parametrize("edges", [WRAP, Edges(), Edges(Edge.WRAP, Edge.CLAMP)])
@pytest.mark.parametrize("name", ["1x > 4x", "2x > compact", "1x > 2x > 2x"])
def test_a_chain_is_its_steps_one_after_another(pool: Pool, name: str, edges: Edges) -> None:
    expected = PICTURE
    for step in name.split(" > "):
        expected = run(pool.get(step, 4), expected, edges)
    np.testing.assert_array_equal(run(pool.get(name, 4), PICTURE, edges), expected)


def test_nothing_is_held_within_0_and_1_between_steps(pool: Pool) -> None:
    between = run(pool.get("1x", 4), PICTURE)
    assert between.min() < 0 or between.max() > 1  # or this test could not tell
    clamped = run(pool.get("4x", 4), np.clip(between, 0, 1))
    assert not np.array_equal(run(pool.get("1x > 4x", 4), PICTURE), clamped)


def test_a_wrapped_picture_stays_exact_through_a_chain(pool: Pool) -> None:
    generator = pool.get("1x > 2x", 4)
    rolled = run(generator, np.roll(PICTURE, (8, 8), (0, 1)))
    np.testing.assert_allclose(rolled, np.roll(run(generator, PICTURE), (16, 16), (0, 1)), atol=1e-5)


def test_what_is_known_of_a_chain_follows_from_its_steps(models: Path) -> None:
    info, first, second = (catalog.find(name) for name in ("2x > 4x", "2x", "4x"))
    assert info.scale == 8 and info.channels == 3 and info.steps == (first, second)
    assert first.horizon is not None and second.horizon is not None and first.reach is not None
    assert info.horizon == first.horizon + -(-second.horizon // 2)
    assert info.reach == first.reach + -(-(second.reach or 0) // 2)
    assert info.parameters == first.parameters + second.parameters
    assert catalog.find(info.name) == info
    assert info.weights != catalog.find("4x > 2x").weights


def test_nothing_beyond_a_chain_s_horizon_changes_a_texel(pool: Pool) -> None:
    generator = pool.get("compact > compact", 4)
    horizon = generator.info.horizon
    assert horizon is not None
    wide = (noise(9, 2 * horizon + 21, 3) / 255).astype(np.float32)
    other = wide.copy()
    other[:, : -horizon - 1] = 0.5
    scale = generator.info.scale
    a, b = (run(generator, picture, Edges())[:, -scale:] for picture in (wide, other))
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_blend_within_a_chain_is_a_step(pool: Pool) -> None:
    info = catalog.find("1x > 4x@0.5+4y@0.5")
    assert [len(step.parts) for step in info.steps] == [0, 2]
    assert catalog.find(info.name) == info
    assert run(pool.get(info.name, 4), PICTURE).shape == (96, 80, 3)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("1x > bicubic", "bicubic is no step"),
        ("1x > gray", r"1x\.pth takes 3 channel\(s\) and gray\.pth 1"),
        ("1x >", "a step of the chain has no name"),
        (">", "a step of the chain has no name"),
        ("1x > nobody", "unknown model 'nobody'"),
        (" > ".join(["1x"] * 9), "9 steps"),
    ],
)
def test_steps_that_cannot_follow_each_other_are_refused(models: Path, name: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        catalog.find(name)


def test_a_step_that_makes_pictures_smaller_is_refused() -> None:
    nothing = ModelInfo("nothing", "onnx", scale=0, channels=3, reach=1)
    with pytest.raises(ModelError, match="nothing makes pictures smaller"):
        chain([nothing, nothing])


# In plans


def planned(tmp_path: Path, model: str, **said: object) -> Job:
    from PIL import Image as Pillow

    folder = tmp_path / "textures"
    folder.mkdir(exist_ok=True)
    Pillow.fromarray(noise(40, 24, 3)).save(folder / "rock_color.png")
    config = load(source=folder, output=tmp_path / "out", model=model, **said)
    return make_plan(config, device=devices.describe("cpu")).jobs[0]


def test_a_plan_cuts_each_step_by_itself_and_travels(models: Path, tmp_path: Path) -> None:
    job = planned(tmp_path, "1x > 4x")
    cut = job.groups[0].passes[0].cut
    assert isinstance(cut, Chained)
    size, edges = Size(24, 40), job.edges
    assert cut.steps == (
        canonical_cut(size, catalog.find("1x"), edges),
        canonical_cut(size, catalog.find("4x"), edges),
    )
    assert from_plain(Job, to_plain(job)) == job


def test_what_a_chain_asks_of_a_machine_is_that_of_its_steps(models: Path, tmp_path: Path) -> None:
    job = planned(tmp_path, "1x > 4x")
    shown = workload(job).shown
    assert {Path(network.name).stem for network in shown} == {"1x", "4x"}
    assert footprint(job) >= footprint(planned(tmp_path, "4x"))
    config = load(source=tmp_path / "textures", output=tmp_path / "out", model="1x > 4x")
    plan = make_plan(config, device=devices.describe("cpu"))
    assert needs(plan).weights > 0 and not needs(plan).too_wide


def test_where_memory_ends_each_step_is_cut_smaller(models: Path, tmp_path: Path) -> None:
    job = planned(tmp_path, "1x > 4x")
    less, note = with_smaller_cuts(job, OutOfMemory("full"))
    cut = less.groups[0].passes[0].cut
    assert isinstance(cut, Chained) and all(isinstance(step, Bands) and step.rows for step in cut.steps)
    assert "bands of" in note
    while (next_ := smaller(cut)) is not None:
        cut = next_
    assert {step.rows for step in cut.steps if isinstance(step, Bands)} == {1}


def test_a_chain_of_tiles_reads_the_overlap_that_is_asked_for() -> None:
    tiled = ModelInfo("t", "other", scale=2, channels=3, reach=4)
    info = chain([tiled, tiled])
    cut = overlapping(canonical_cut(Size(100, 100), info), 40)
    assert isinstance(cut, Chained)
    assert [step.padding for step in cut.steps if isinstance(step, Tiled)] == [40, 40]
    assert [size for _, _, size in stages(info, cut, Size(100, 100))] == [Size(100, 100), Size(200, 200)]


def test_a_chain_is_asked_for_a_scale_like_any_model(models: Path, tmp_path: Path) -> None:
    pixels = noise(16, 16, 3)
    assert Upscaler("1x > compact", scale=2).array(pixels, kind="base_color").shape == (32, 32, 3)
    with pytest.raises(UsageError, match=r"1x\.pth > 1x\.pth is 1x and cannot give 4x"):
        Upscaler("1x > 1x").array(pixels, kind="base_color")
    for scale in (2, 3, 4):  # which 8x is filtered down to, even where 2x is to be fast
        assert Upscaler("2x > compact", scale=scale).array(pixels, kind="base_color").shape == (16 * scale,) * 2 + (3,)
    assert Upscaler("2x > compact", scale=8).array(pixels, kind="base_color").shape == (128, 128, 3)
