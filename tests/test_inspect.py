"""`cg-upscale inspect`: what it says of files and folders, in words, as a table and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from cg_upscaler import cli
from cg_upscaler.cli.tables import confidences
from tests.pictures import height_field, normals, stone

Capture = pytest.CaptureFixture[str]


def save(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", pixels[..., ::-1])[1].tobytes())
    return path


@pytest.fixture
def library(tmp_path: Path) -> Path:
    save(tmp_path / "walls" / "brick.png", stone(64))
    save(tmp_path / "walls" / "brick_n.png", normals(height_field(64)))
    save(tmp_path / "walls" / "brick_orm.png", stone(64, seed=3))
    return tmp_path / "walls"


def call(capfd: Capture, *arguments: object) -> tuple[int, str, str]:
    code = cli.run_cli(["inspect", *map(str, arguments)])
    out, err = capfd.readouterr()
    return int(code), out, err


def test_a_normal_map_is_told_with_its_convention_and_layout(library: Path, capfd: Capture) -> None:
    code, out, _ = call(capfd, library / "brick_n.png")
    assert code == 0
    lines = dict(line.strip().split(maxsplit=1) for line in out.splitlines()[1:])
    assert lines["map"].startswith("normal (90% sure): name ends in n")
    assert lines["normals"].startswith("opengl (")
    assert lines["normals"].endswith("x in r, y in g, z in b")
    assert lines["edges"].startswith("x wrap (")
    assert lines["alpha"] == "none"


def test_raw_evidence_is_told_only_when_asked_for(library: Path, capfd: Capture) -> None:
    assert "  seen  " not in call(capfd, library / "brick.png")[1]
    assert "  seen     " in call(capfd, library / "brick.png", "--evidence")[1]
    for number in range(6):
        save(library / f"more_{number}.png", stone(32))
    assert call(capfd, library, "--evidence")[1].count("  seen  ") == 9


def test_what_lies_beside_a_file_counts(library: Path, capfd: Capture) -> None:
    _, out, _ = call(capfd, library / "brick.png")
    assert "beside brick_n" in out


def test_several_files_end_in_a_histogram_of_confidence(library: Path, capfd: Capture) -> None:
    _, out, _ = call(capfd, library / "brick.png", library / "brick_n.png")
    assert "confidence\n   90 % and more" in out
    assert "confidence" not in call(capfd, library / "brick.png")[1]


def test_a_histogram_counts_each_once() -> None:
    lines = confidences([1.0, 0.95, 0.9, 0.7, 0.69, 0.5, 0.1]).splitlines()
    assert [line.split()[-2] for line in lines[1:]] == ["3", "1", "2", "1"]
    assert confidences([]).count("#") == 0


def test_a_folder_lists_all_of_it(library: Path, capfd: Capture) -> None:
    code, out, _ = call(capfd, library)
    assert code == 0
    assert out.index("brick.png") < out.index("brick_n.png") < out.index("brick_orm.png")
    for number in range(6):
        save(library / f"more_{number}_n.png", normals(height_field(32)))
    _, out, _ = call(capfd, library)
    header, _, *rows = out.split("\n\n")[0].splitlines()
    assert header.split() == ["texture", "map", "sure", "why", "wrap", "alpha", "normals", "notes"]
    assert len(rows) == 9


def test_json_holds_the_decision_the_wrap_and_the_material(library: Path, capfd: Capture) -> None:
    _, out, _ = call(capfd, library, "--json")
    brick, normal, orm = json.loads(out)
    assert brick["material"] == normal["material"] == "brick"
    assert normal["decision"]["convention"] == "opengl"
    assert normal["decision"]["vectors"] == [0, 1, 2]
    assert normal["wrap"]["x_confidence"] > 0.5
    assert orm["decision"]["channels"] == ["occlusion", "roughness", "metallic"]


def test_a_bad_file_is_told_and_the_rest_goes_on(library: Path, capfd: Capture) -> None:
    (library / "broken.png").write_bytes(b"")
    code, out, err = call(capfd, library)
    assert code == 1
    assert "brick_orm.png" in out
    assert "broken.png" in err
    assert call(capfd, library / "nowhere.png")[0] == 1
    (library / "notes.txt").touch()
    code, _, err = call(capfd, library / "notes.txt")
    assert code == 1
    assert "no texture by its name" in err
