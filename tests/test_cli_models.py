"""`cg-upscale models` lists, tells of, converts, blends and compares models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from cg_upscaler import cli
from tests.fakes import noise
from tests.tiny import COMPACT, RRDB, random_state

Said = tuple[int, str, str]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.setenv("CG_UPSCALE_MODELS", str(folder))
    for seed, name in enumerate(("a", "b")):
        torch.save(random_state(COMPACT, seed), folder / f"{name}.pth")
    (folder / "a.json").write_text('{"license": "MIT"}')
    return folder


def call(capfd: pytest.CaptureFixture[str], *arguments: object) -> Said:
    code = cli.run_cli(["models", *map(str, arguments)])
    out, err = capfd.readouterr()
    return int(code), out, err


def test_without_a_command_it_lists(own: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert call(capfd) == call(capfd, "list")
    assert call(capfd, "--json") == call(capfd, "list", "--json")
    code, out, err = call(capfd)
    assert code == 0 and "a.pth" in out and "MIT" in out
    usual = {line.split()[0]: line.rsplit("  ", 1)[-1] for line in out.splitlines()}
    assert "height" in usual["cg-color-x4"] and usual["nearest"].strip() == "pixel_art"
    assert str(own) in err


def test_files_of_folders_are_listed_with_what_is_wrong_of_them(
    own: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "broken.pth").write_bytes(b"x" * 50)
    code, out, _ = call(capfd, "list", "--folder", folder, "--json")
    listed = {each["file"]: each for each in json.loads(out) if "file" in each}
    assert code == 0 and listed.keys() == {"a.pth", "b.pth", "broken.pth"}
    assert listed["a.pth"]["scale"] == 4 and "damaged" in listed["broken.pth"]["error"]
    assert "damaged" in call(capfd, "--folder", folder)[1]


def test_info_tells_what_is_known_of_a_model(own: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capfd, "info", "a")
    assert code == 0
    for said in ("compact", "4×", "channels", "float32", "5 texels", "MIT", str(own / "a.pth")):
        assert said in out
    assert "unknown: nothing beside" in call(capfd, "info", "b")[1]
    out = call(capfd, "info", "a@0.5+b@0.5 > b")[1]
    assert "16×" in out and "step" in out and "MIT AND unknown" in out
    assert json.loads(call(capfd, "info", "a", "--json")[1])["horizon"] == 5
    code, _, err = call(capfd, "info", "c")
    assert code == 2 and "unknown model 'c'" in err


def test_convert_and_blend_write_files(own: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capfd, "convert", "a", tmp_path / "c.safetensors")
    assert code == 0 and out.strip() == str(tmp_path / "c.safetensors")
    code, _, err = call(capfd, "convert", "a", tmp_path / "c.safetensors")
    assert code == 1 and "--force" in err
    assert call(capfd, "convert", "a", tmp_path / "c.safetensors", "--force")[0] == 0
    code, out, err = call(capfd, "blend", "a@0.5+b@0.5", own / "ab.bin")
    assert code == 0 and "ab.param" in out and "is unknown" in err
    assert "ab.bin" in call(capfd, "list")[1]
    code, _, err = call(capfd, "blend", "a", tmp_path / "d.pth")
    assert code == 2 and "no blend" in err


def textures(tmp_path: Path) -> Path:
    folder = tmp_path / "textures"
    folder.mkdir()
    for seed, name in enumerate(("rock_color", "wood_color", "rock_normal")):
        Pillow.fromarray(noise(64, 80, 3, seed)).save(folder / f"{name}.png")
    Pillow.fromarray(noise(8, 8, 3)).save(folder / "tiny_color.png")
    return folder


def test_two_models_are_compared_on_the_colour_textures_of_a_folder(
    own: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = textures(tmp_path)
    code, out, _ = call(capfd, "test", "a", "b", folder, "--crop", "48", "--json")
    done = json.loads(out)
    assert code == 0 and done["scale"] == 4
    assert {row["name"]: row["size"] for row in done["textures"]} == {
        "rock_color.png": [48, 48],
        "wood_color.png": [48, 48],
    }
    assert list(done["median"]) == ["a.pth", "b.pth", "bicubic"]
    rows = [row["figures"]["a.pth"]["psnr"] for row in done["textures"]]
    assert done["median"]["a.pth"]["psnr"] == pytest.approx(np.median(rows))
    out = call(capfd, "test", "a", "b", folder, "--crop", "48")[1]
    assert "median" in out and "a.pth is nearer to the texture than b.pth on" in out


def test_a_folder_with_nothing_to_compare_is_refused(
    own: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, _, err = call(capfd, "test", "a", "b", tmp_path)
    assert code == 2 and "no colour texture" in err
    code, _, err = call(capfd, "test", "a", "a", tmp_path)
    assert code == 2 and "the same model" in err


def test_a_model_of_the_family_s_other_branch_is_no_part(own: Path, capfd: pytest.CaptureFixture[str]) -> None:
    torch.save(random_state(RRDB), own / "r.pth")
    code, _, err = call(capfd, "info", "a@0.5+r@0.5")
    assert code == 2 and "different shapes" in err
