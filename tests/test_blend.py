"""A blend of models is the network whose weights are their average, under whichever name it is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from cg_upscaler import Upscaler
from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.errors import ModelError, ModelNotFound, UpscaleError
from cg_upscaler.library.config import load as load_config
from cg_upscaler.library.planner import finder
from cg_upscaler.model_names import mapped, shares, short, singles, steps
from cg_upscaler.models import catalog
from cg_upscaler.models.load import load
from cg_upscaler.models.shape import RRDBShape, Shape
from cg_upscaler.spec import Precision
from tests.fakes import noise
from tests.tiny import COMPACT, RRDB, State, gray_state, random_state


def put(folder: Path, name: str, state: State, licence: str = "") -> Path:
    torch.save(state, folder / f"{name}.pth")
    if licence:
        (folder / f"{name}.json").write_text(f'{{"license": "{licence}"}}')
    return folder / f"{name}.pth"


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This user's folder, with two models of one shape and others."""
    monkeypatch.setenv("CG_UPSCALE_MODELS", str(tmp_path))
    put(tmp_path, "a", gray_state(RRDB), "MIT")
    put(tmp_path, "b", gray_state(RRDB, 1), "CC0-1.0")
    put(tmp_path, "compact", random_state(COMPACT))
    put(tmp_path, "deeper", random_state(RRDBShape(width=8, growth=4, blocks=3)))
    return tmp_path


@pytest.mark.parametrize("share", [0.7, 0.25, 0.5])
def test_a_blend_s_weights_are_the_average(models: Path, share: float) -> None:
    rest = 1 - share
    first, second = gray_state(RRDB), gray_state(RRDB, 1)
    blended = dict(load(catalog.find(f"a@{share}+b@{rest}")).named_parameters())
    assert blended.keys() == first.keys()
    for name, tensor in blended.items():  # ESRGAN's net_interp.py: (1 - alpha)·PSNR + alpha·ESRGAN
        torch.testing.assert_close(tensor.data, (1 - rest) * first[name] + rest * second[name], rtol=1e-6, atol=1e-7)


def test_a_blend_with_nothing_of_one_is_the_other(models: Path) -> None:
    assert catalog.find("a@1+b@0") == catalog.find("a")
    assert catalog.find("b@0+a@1.0") == catalog.find("a@0.5 + a@0.5") == catalog.find("a")


def test_a_blend_is_found_again_by_its_name_in_any_order(models: Path) -> None:
    info = catalog.find("a@0.7+b@0.3")
    assert catalog.find(info.name) == info == catalog.find("b@0.3 + a@0.7")
    assert info.weights not in (catalog.find("a").weights, catalog.find("b").weights)
    assert info.weights != catalog.find("a@0.6+b@0.4").weights
    assert info.scale == 4 and info.held == catalog.find("a").held


def test_a_blend_is_under_both_licences(models: Path) -> None:
    assert sorted(catalog.find("a@0.7+b@0.3").licence.split(" AND ")) == ["CC0-1.0", "MIT"]


def test_a_blend_s_hash_follows_its_parts(models: Path) -> None:
    before = catalog.find("a@0.7+b@0.3").weights
    put(models, "b", gray_state(RRDB, 2))
    assert catalog.find("a@0.7+b@0.3").weights != before


def test_a_part_that_changes_after_planning_is_refused(models: Path) -> None:
    info = catalog.find("a@0.7+b@0.3")
    put(models, "b", gray_state(RRDB, 2))
    with pytest.raises(ModelError, match=r"b\.pth: hash differs"):
        load(info)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a@0.7+b@0.7", "shares that sum to 1.4"),
        ("a@0.5", "shares that sum to 0.5"),
        ("a@1.5+b@-0.5", "a share of 1.5"),
        ("a@0.7+b", "'b' has no share in the blend"),
        ("a@0.7+compact@0.3", r"a\.pth \(rrdb.*compact\.pth \(compact.*different shapes"),
        ("a@0.7+deeper@0.3", "different shapes"),
        ("a@0.7+bicubic@0.3", "bicubic cannot be blended"),
    ],
)
def test_what_is_no_sound_blend_is_refused_in_words(models: Path, name: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        catalog.find(name)


def test_a_part_that_nobody_has_is_named(models: Path) -> None:
    with pytest.raises(ModelNotFound, match="unknown model 'c'"):
        catalog.find("a@0.7+c@0.3")


def test_a_file_whose_name_looks_like_a_blend_is_that_file(models: Path) -> None:
    path = put(models, "a@0.7+b@0.3", gray_state(RRDB, 5))
    assert catalog.find("a@0.7+b@0.3").name == path.as_posix()


def test_names_are_taken_apart_and_put_together() -> None:
    assert shares("C:/x@2x.pth@0.5+b+c@0.5") == (("C:/x@2x.pth", 0.5), ("b+c", 0.5))
    assert shares("x") == shares("4x@home.pth") == steps("x") == ()
    assert steps("a > b@0.5+c@0.5>d") == ("a", "b@0.5+c@0.5", "d")
    assert mapped("a > b@0.5+c@0.5", str.upper) == "A > B@0.5+C@0.5"
    assert singles("a > b@0.5+c@0.5") == ["a", "b", "c"]
    assert short("/m/a.pth > /m/b.pth@0.5+/n/c@0.5") == "a.pth > b.pth@0.5+c@0.5"


def test_paths_in_blends_and_chains_are_relative_to_whoever_says_them(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CG_UPSCALE_MODELS")
    said = load_config(source=tmp_path, model="./a.pth@0.5+b.pth@0.5").model
    assert said == f"{tmp_path}/a.pth@0.5+{tmp_path}/b.pth@0.5"
    (tmp_path / "game.yaml").write_text("model: a.pth@0.5+b.pth@0.5\n")
    monkeypatch.chdir("/")
    config = load_config(tmp_path / "game.yaml", source=tmp_path)
    assert len(finder(config)(config.model, 4).parts) == 2


def test_a_blend_runs_wherever_a_model_does(models: Path) -> None:
    pixels = noise(16, 12, 3)
    larger = {name: Upscaler(name).array(pixels, kind="base_color") for name in ("a", "b", "a@0.5+b@0.5")}
    assert larger["a@0.5+b@0.5"].shape == (64, 48, 3)
    assert not np.array_equal(larger["a@0.5+b@0.5"], larger["a"])


def test_a_blend_in_another_precision_is_the_average_too(models: Path) -> None:
    window = noise(8, 8, 3).astype(np.float32) / 255
    network = TorchNetwork(catalog.find("a@0.5+b@0.5"), "cpu")
    exact, fast = (network.run(window, precision) for precision in (Precision.FLOAT32, Precision.BFLOAT16))
    assert np.abs(exact - fast).max() < 0.1


@pytest.mark.parametrize("shape", [RRDB, COMPACT])
def test_an_empty_name_is_refused(shape: Shape) -> None:
    for name in ("", "@1", "+", "@0.5+@0.5"):
        with pytest.raises(UpscaleError):
            catalog.find(name)


def test_a_name_that_is_longer_than_a_path_can_be_is_still_a_blend(models: Path) -> None:
    name = "+".join(["a@0.01"] * 99 + ["b@0.01"])
    assert len(catalog.find(name).parts) == 2
    with pytest.raises(ModelNotFound):
        catalog.find("x" * 5000)


def test_a_folder_can_be_given_in_python(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CG_UPSCALE_MODELS")
    pixels = noise(12, 12, 3)
    assert Upscaler("a@0.5+b@0.5", models_folder=models).array(pixels, kind="base_color").shape == (48, 48, 3)
