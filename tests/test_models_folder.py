"""A model is named by its file in a models folder, and what is not found says where it was looked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from cg_upscaler.errors import ModelError, ModelNotFound
from cg_upscaler.library.config import load
from cg_upscaler.library.planner import finder
from cg_upscaler.library.unchanged import _models
from cg_upscaler.models import catalog
from tests.tiny import COMPACT, RRDB, random_state


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This user's folder of models."""
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.setenv("CG_UPSCALE_MODELS", str(folder))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The models folder of a configuration."""
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def put(path: Path, seed: int = 0) -> Path:
    torch.save(random_state(RRDB, seed), path)
    return path


def test_a_file_of_a_models_folder_is_named_without_its_suffix(folder: Path) -> None:
    path = put(folder / "4x-sharp.pth")
    info = catalog.find("4x-sharp", folder=folder)
    assert info.name == path.as_posix() and info == catalog.find("4x-sharp.pth", folder=folder)
    assert catalog.find(info.name) == info


def test_the_user_s_own_folder_is_looked_at_by_all(own: Path) -> None:
    path = put(own / "mine.pth")
    assert catalog.find("mine").name == path.as_posix()


def test_the_configuration_s_folder_comes_before_the_user_s(own: Path, folder: Path) -> None:
    put(own / "both.pth", seed=1)
    path = put(folder / "both.pth")
    assert catalog.find("both", folder=folder).name == path.as_posix()


def test_a_name_that_several_files_have_is_refused(folder: Path) -> None:
    put(folder / "4x.pth")
    put(folder / "4x.safetensors")
    with pytest.raises(ModelError, match=r"'4x' may be 4x\.pth and 4x\.safetensors; name the one with its suffix"):
        catalog.find("4x", folder=folder)
    assert catalog.find("4x.pth", folder=folder).scale == 4


def test_an_unknown_name_says_where_it_was_looked_for_and_what_is_near(own: Path, folder: Path) -> None:
    put(folder / "4x-UltraSharp.pth")
    with pytest.raises(ModelNotFound) as caught:
        catalog.find("4x-UltraSharb", folder=folder)
    said = str(caught.value)
    with pytest.raises(ModelNotFound, match=r"did you mean '4x-UltraSharp\.pth'"):
        catalog.find("4x-UltraSharp.pt_", folder=folder)
    assert "did you mean '4x-UltraSharp'?" in said and str(folder) in said and str(own) in said


def test_folders_that_are_not_there_or_no_folders_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for folder in ("nowhere", "file", "loop"):
        with pytest.raises(ModelNotFound, match="unknown model 'x'"):
            catalog.find("x", folder=tmp_path / folder)
    (tmp_path / "loop.pth").symlink_to(tmp_path / "loop.pth")
    with pytest.raises(ModelNotFound):
        catalog.find("loop", folder=tmp_path)


def test_a_configuration_names_its_folder_relative_to_itself(tmp_path: Path, folder: Path) -> None:
    path = put(folder / "4x-sharp.pth")
    (tmp_path / "game.yaml").write_text("model: 4x-sharp\nmodels_folder: models\n")
    config = load(tmp_path / "game.yaml", source=tmp_path)
    assert config.models_folder == folder
    assert finder(config)("4x-sharp", 4).name == path.as_posix()


def test_on_the_command_line_a_bare_file_name_may_be_in_a_models_folder(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "game.yaml").write_text("models_folder: models\n")
    path, here = put(folder / "4x.pth"), tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    config = load(tmp_path / "game.yaml", source=tmp_path, model="4x.pth")
    assert finder(config)(config.model, 4).name == path.as_posix()
    put(here / "4x.pth", seed=1)
    config = load(tmp_path / "game.yaml", source=tmp_path, model="4x.pth")
    assert config.model == str(here / "4x.pth")


def test_a_file_of_a_models_folder_that_changes_is_noticed(tmp_path: Path, folder: Path) -> None:
    path = put(folder / "4x-sharp.pth")
    config = load(source=tmp_path, model="4x-sharp", models_folder=folder)
    before = _models(config)
    os.utime(path, ns=(1, 1))
    assert before[0][0] == str(path) and _models(config) != before


def test_a_damaged_file_of_a_models_folder_is_named(folder: Path) -> None:
    (folder / "empty.pth").touch()
    with pytest.raises(ModelError, match=r"empty\.pth: an empty file"):
        catalog.find("empty", folder=folder)
    torch.save(random_state(COMPACT) | {"more.weight": torch.zeros(3)}, folder / "odd.pth")
    with pytest.raises(ModelError, match=r"odd\.pth.*nearly an SRVGGNetCompact"):
        catalog.find("odd", folder=folder)
