"""A library full of what goes wrong: each bad file gets one clear message, and the good ones are done."""

import json
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from cg_upscaler import cli
from tests.fakes import noise
from tests.image_files import psd


def save(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())
    return path


def truncated(path: Path) -> None:
    whole = save(path, noise(40, 40, 3)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def claims_100000_square(path: Path) -> None:
    data = bytearray(save(path, noise(8, 8, 3)).read_bytes())
    data[16:24] = struct.pack(">II", 100_000, 100_000)
    path.write_bytes(data)


def claims_100000_square_tga(path: Path) -> None:
    path.write_bytes(struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 60_000, 60_000, 32, 8) + b"\0" * 64)


BAD = {
    "truncated.png": (truncated, ["truncated", "export it again"]),
    "truncated.jpg": (truncated, ["truncated", "export it again"]),
    "empty.png": (lambda path: path.write_bytes(b""), ["empty"]),
    "empty.tga": (lambda path: path.write_bytes(b""), ["empty"]),
    "text.png": (lambda path: path.write_text("hello, I am no image"), ["text.png"]),
    "noise.dds": (lambda path: path.write_bytes(noise(20, 20, 3).tobytes()), ["noise.dds"]),
    "pointer.png": (
        lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 12345\n"),
        ["Git LFS", "git lfs pull"],
    ),
    "huge.png": (claims_100000_square, ["100000"]),
    "huge.tga": (claims_100000_square_tga, ["60000"]),
}


@pytest.fixture
def library(tmp_path):
    root = tmp_path / "textures"
    save(root / "good.png", noise(10, 12, 3))
    save(root / "sub" / "good_n.png", np.full((8, 8, 3), (255, 128, 128), np.uint8))
    return root


def run(capfd, *arguments):
    code = cli.run_cli(["run", *map(str, arguments), "--model", "bicubic", "--json"])
    out, err = capfd.readouterr()
    return int(code), json.loads(out) if out else None, err


def outputs(out):
    found = out.rglob("*")
    return {path.relative_to(out).as_posix() for path in found if path.is_file() and ".cg-upscale" not in path.parts}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_with_the_likely_fix_and_the_rest_is_done(library, tmp_path, capfd, name):
    make, words = BAD[name]
    make(library / name)
    code, data, err = run(capfd, library, "--out", tmp_path / "out")
    assert code == 1
    lines = [line for line in err.splitlines() if name in line]
    assert len(lines) == 1
    assert all(word in lines[0] for word in words)
    assert "Traceback" not in err
    assert [problem["name"] for problem in data["problems"]] == [name]
    assert outputs(tmp_path / "out") == {"good.png", "sub/good_n.png"}


def test_all_of_them_at_once(library, tmp_path, capfd):
    for name, (make, _) in BAD.items():
        make(library / name)
    code, data, _ = run(capfd, library, "--out", tmp_path / "out")
    assert code == 1
    assert {problem["name"] for problem in data["problems"]} == set(BAD)
    assert outputs(tmp_path / "out") == {"good.png", "sub/good_n.png"}


def test_a_misnamed_file_is_told_for_what_it_is(library, tmp_path, capfd):
    (library / "really_jpeg.png").write_bytes(cv2.imencode(".jpg", noise(16, 16, 3))[1].tobytes())
    code, _, err = run(capfd, library, "--out", tmp_path / "out")
    assert code == 1
    assert "JPEG" in next(line for line in err.splitlines() if "really_jpeg.png" in line).upper()


def test_unknown_suffixes_are_mentioned_and_no_failure(library, tmp_path, capfd):
    (library / "scene.blend").write_bytes(b"BLENDER")
    (library / "rock.xcf").write_bytes(b"gimp xcf")
    code, _, err = run(capfd, library, "--out", tmp_path / "out")
    assert code == 0
    assert "scene.blend" in err


def test_a_float_file_full_of_nan_is_written_finite(library, tmp_path, capfd):
    from cg_upscaler import codecs
    from cg_upscaler.geometry import Size
    from cg_upscaler.maps import ColorSpace
    from cg_upscaler.spec import Depth, ImageSpec

    for name, value in (("nan.exr", np.nan), ("inf.exr", np.inf)):
        sink = codecs.create(library / name, ImageSpec(Size(8, 8), 3, Depth.FLOAT, "exr", ColorSpace.LINEAR))
        sink.put(np.full((8, 8, 3), value, np.float32))
        sink.commit()
    code, _, _ = run(capfd, library, "--out", tmp_path / "out")
    assert code == 0
    for name in ("nan.exr", "inf.exr"):
        assert np.isfinite(codecs.read(tmp_path / "out" / name).pixels).all()


def test_names_that_differ_in_case_only_are_both_named(library, tmp_path, capfd):
    save(library / "Stone.png", noise(8, 8, 3))
    save(library / "stone.png", noise(8, 8, 3))
    if len({path.name for path in library.iterdir() if path.name.lower() == "stone.png"}) < 2:
        pytest.skip("this disk takes the two names for one file")
    code, data, _ = run(capfd, library, "--out", tmp_path / "out")
    assert code == 1
    assert {problem["name"] for problem in data["problems"]} == {"Stone.png", "stone.png"}
    assert "good.png" in outputs(tmp_path / "out")


def test_two_sources_with_one_result_are_both_named(library, tmp_path, capfd):
    (library / "wall.psd").write_bytes(psd(noise(4, 4, 3)))
    save(library / "wall.psd.png", noise(4, 4, 3))
    code, data, _ = run(capfd, library, "--out", tmp_path / "out")
    assert code == 1
    assert {problem["name"] for problem in data["problems"]} == {"wall.psd", "wall.psd.png"}
    for problem in data["problems"]:
        assert "one file" in problem["message"]


def test_a_file_where_the_output_folder_should_be(library, tmp_path, capfd):
    (tmp_path / "out").write_text("not a folder")
    code, _, err = run(capfd, library, "--out", tmp_path / "out")
    assert code in (1, 2)
    assert "out" in err
    assert "Traceback" not in err
    assert (tmp_path / "out").read_text() == "not a folder"


def test_a_file_where_a_folder_of_results_should_be_fails_only_what_lies_there(library, tmp_path, capfd):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").write_text("not a folder")
    code, data, _ = run(capfd, library, "--out", tmp_path / "out")
    assert code == 1
    failed = [receipt["name"] for receipt in data["receipts"] if receipt["outcome"] == "failed"]
    assert failed == ["sub/good_n.png"]
    assert (tmp_path / "out" / "good.png").is_file()


def test_one_texel_is_a_texture(library, tmp_path, capfd):
    save(library / "dot.png", noise(1, 1, 3))
    save(library / "line.png", noise(1, 64, 3))
    code, _, _ = run(capfd, library, "--out", tmp_path / "out")
    assert code == 0
    assert cv2.imread(str(tmp_path / "out" / "dot.png")).shape == (4, 4, 3)
