"""`cg-upscale compare`: figures of two files or folders, a picture of them, and words for what cannot be compared."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cg_upscaler import cli, codecs
from cg_upscaler.geometry import Edge, Edges, Size
from cg_upscaler.measure.fit import Fit
from cg_upscaler.pixels import transfer
from cg_upscaler.pixels.fit import fitted
from cg_upscaler.pixels.rows import from_float, to_float
from cg_upscaler.pixels.views import Array
from tests.image_files import write
from tests.pictures import as_bytes, disc, height_field, normals, stone, with_alpha


def call(capfd: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = cli.run_cli(["compare", *(str(argument) for argument in arguments)])
    out, err = capfd.readouterr()
    return int(code), out, err


def larger(pixels: np.ndarray, factor: int = 4) -> np.ndarray:
    return pixels.repeat(factor, 0).repeat(factor, 1)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    rock = stone(48)
    return write(tmp_path / "rock.png", rock), write(tmp_path / "rock_4x.png", larger(rock))


def test_a_result_that_says_what_its_source_says_is_told_so(pair, capfd) -> None:
    code, out, err = call(capfd, *pair, "--json")
    (found,) = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["kind"], found["alpha"], found["factor"]) == ("base_color", "none", 4)
    assert found["kept"]["drift"] == 0
    assert found["kept"]["consistency"] == 120
    assert found["likeness"]["ssim"] == pytest.approx(1, abs=1e-6)
    code, out, _ = call(capfd, *pair)
    assert code == 0
    assert "rock.png: base_color" in out
    assert "drift" in out and "PSNR" in out
    assert "degrees" not in out


def test_colour_that_moved_is_found(tmp_path, pair, capfd) -> None:
    brighter = write(tmp_path / "brighter.png", np.clip(larger(stone(48)), 0, 245) + np.uint8(10))
    _, out, _ = call(capfd, pair[0], brighter, "--json")
    assert json.loads(out)[0]["kept"]["drift"] == pytest.approx(9.5, abs=0.6)


def test_two_of_one_size_may_be_compared(pair, capfd) -> None:
    code, out, _ = call(capfd, pair[0], pair[0], "--json")
    (found,) = json.loads(out)
    assert (code, found["factor"], found["likeness"]["psnr"]) == (0, 1, 120)
    assert found["kept"]["detail"] is None


@pytest.mark.parametrize(
    ("side", "factor", "note"),
    [
        (128, 128 / 48, "after is filtered to 48×48"),
        (49, 49 / 48, "after is filtered to 48×48"),
        (24, 0.5, "before is filtered to 24×24"),
        (31, 31 / 48, "before is filtered to 31×31"),
    ],
)
def test_any_two_sizes_may_be_compared(tmp_path, pair, capfd, side, factor, note) -> None:
    light = transfer.srgb_to_linear(to_float(stone(48)))
    fit = Fit(Size(side, side))
    after = write(tmp_path / "after.png", as_bytes(np.clip(transfer.linear_to_srgb(fit(light)), 0, 1)))
    code, out, err = call(capfd, pair[0], after, "--json", "--picture", tmp_path / "seen.png")
    (found,) = json.loads(out)
    assert (code, err, found["factor"], found["notes"]) == (0, "", factor, [note])
    assert found["kept"]["drift"] < 1
    assert found["kept"]["consistency"] > 30
    assert found["likeness"]["ssim"] > 0.9
    assert note in call(capfd, pair[0], after)[1]


def test_proportions_that_rounding_changes_are_none_that_differ(tmp_path, capfd) -> None:
    before = write(tmp_path / "a.png", stone(37)[:15])
    after = write(tmp_path / "b.png", stone(37)[:8, :19])  # a half, rounded up
    assert call(capfd, before, after, "--json")[0] == 0


def test_heights_on_vertices_are_compared_there(tmp_path, capfd) -> None:
    heights = (np.linspace(0, 1, 33)[:, None, None] * np.linspace(0, 1, 33)[None, :, None] * 65535).astype(np.uint16)
    large = fitted(Array(heights), Size(129, 129), Edges.both(Edge.CLAMP), vertices=True).rows(0, 129)
    before = write(tmp_path / "land_height.png", heights)
    after = write(tmp_path / "land_4x.png", from_float(large, np.uint16))
    for one, two, factor in ((before, after, 4), (after, before, 0.25)):
        _, out, _ = call(capfd, one, two, "--json", "--kind", "height")
        (found,) = json.loads(out)
        assert (found["factor"], found["notes"]) == (factor, ["compared on the vertices of 33×33"])
        assert found["kept"]["consistency"] > 100


def test_what_is_no_number_is_left_out(tmp_path, capfd) -> None:
    light = (stone(48).astype(np.float32) / 255) ** 2.2
    before, result = light.copy(), larger(light, 2)
    before[5, 7], before[20, 20, 1] = np.nan, np.inf
    result[60, 61, 0] = np.nan
    files = [write(tmp_path / "a.exr", before), write(tmp_path / "b.exr", result), write(tmp_path / "c.exr", light)]
    _, out, _ = call(capfd, *files[:2], "--json", "--kind", "emissive")
    (found,) = json.loads(out)
    assert found["notes"] == ["left out: NaN or infinity in 2 texels of before and 1 of after"]
    assert (found["likeness"]["psnr"], found["kept"]["consistency"], found["kept"]["drift"]) == (120, 120, 0)
    assert found["likeness"]["ssim"] == pytest.approx(1, abs=1e-5)
    assert "NaN" not in out.split("kept")[1]
    _, out, _ = call(capfd, files[1], files[2], "--json", "--kind", "emissive")
    assert json.loads(out)[0]["kept"]["drift"] == pytest.approx(0, abs=0.01)


def test_a_kind_that_is_given_beats_what_is_found(tmp_path, capfd) -> None:
    bumps = normals(height_field(48))
    before, after = write(tmp_path / "a.png", bumps), write(tmp_path / "b.png", larger(bumps))
    _, out, _ = call(capfd, before, after, "--json")
    assert json.loads(out)[0]["kind"] == "normal"
    assert json.loads(out)[0]["likeness"]["degrees"] < 0.5
    _, out, _ = call(capfd, before, after, "--kind", "base_color", "--json")
    (found,) = json.loads(out)
    assert (found["kind"], found["why"], found["likeness"]["degrees"]) == ("base_color", "--kind says so", None)


def test_cut_outs_are_measured_as_such(tmp_path, capfd) -> None:
    leaf = with_alpha(stone(64), disc(64, smooth=False))
    leaf[leaf[:, :, 3] == 0] = 0
    grown = larger(leaf)
    grown[:, :, 3] = as_bytes(disc(256, smooth=False)) | np.roll(grown[:, :, 3], 8, 1)
    before, after = write(tmp_path / "leaf.png", leaf), write(tmp_path / "leaf_4x.png", grown)
    _, out, _ = call(capfd, before, after, "--json")
    (found,) = json.loads(out)
    assert found["alpha"] == "cutout"
    assert found["kept"]["coverage"] > 0.01
    assert found["likeness"]["fringe"] > 0


def test_what_lies_beside_a_texture_says_what_it_is(tmp_path, capfd) -> None:
    for folder, factor in (("before", 1), ("after", 2)):
        write(tmp_path / folder / "model" / "0.png", larger(stone(32), factor))
    sidecar = {
        "asset": {"version": "2.0"},
        "images": [{"uri": "0.png"}],
        "textures": [{"source": 0}],
        "materials": [{"pbrMetallicRoughness": {"metallicRoughnessTexture": {"index": 0}}}],
    }
    (tmp_path / "before" / "model" / "rock.gltf").write_text(json.dumps(sidecar))
    for pair in (("before", "after"), ("before/model/0.png", "after/model/0.png")):
        _, out, _ = call(capfd, *(tmp_path / name for name in pair), "--json")
        (found,) = json.loads(out)
        assert found["kind"] == "packed"
        assert "metallicRoughnessTexture" in found["why"]


def test_folders_are_compared_by_names(tmp_path, capfd) -> None:
    for name in ("rock.png", "deep/bark.png"):
        write_deep(tmp_path / "a" / name, stone(24))
        write_deep(tmp_path / "b" / name, larger(stone(24), 2))
    write_deep(tmp_path / "a" / "lava.tga", stone(24, 3))
    write_deep(tmp_path / "b" / "lava.tga.png", larger(stone(24, 3)))
    write_deep(tmp_path / "a" / "lost.png", stone(24))
    code, out, err = call(capfd, tmp_path / "a", tmp_path / "b", "--json")
    assert code == 0
    assert [(one["name"], one["factor"]) for one in json.loads(out)] == [
        ("deep/bark.png", 2),
        ("lava.tga", 4),
        ("rock.png", 2),
    ]
    assert "1 of 4 textures are not in" in err
    code, out, _ = call(capfd, tmp_path / "a", tmp_path / "b")
    assert "deep/bark.png" in out and "consistency" in out


def write_deep(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write(path, pixels)


def test_one_that_cannot_be_read_stops_nothing(tmp_path, capfd) -> None:
    for folder in ("a", "b"):
        write_deep(tmp_path / folder / "rock.png", stone(24))
        (tmp_path / folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    code, out, err = call(capfd, tmp_path / "a", tmp_path / "b", "--json")
    assert code == 1
    assert [one["name"] for one in json.loads(out)] == ["rock.png"]
    assert "broken.png" in err


def test_a_picture_shows_both_and_their_difference(tmp_path, pair, capfd) -> None:
    code, _, err = call(capfd, *pair, "--picture", tmp_path / "seen.png")
    assert (code, err) == (0, "")
    seen = codecs.read(tmp_path / "seen.png")
    assert seen.channels == 3
    assert seen.size.width >= 3 * 384
    call(capfd, *pair, "--picture", tmp_path / "crop.png", "--crop", "8,4,16")
    crop = codecs.read(tmp_path / "crop.png").pixels
    panel = larger(codecs.read(pair[1]).pixels[4:20, 8:24], 24)  # to be as wide as a panel is at least
    assert (crop[20 : 20 + 384, 390 : 390 + 384] == panel).all()


def test_the_picture_of_what_tiles_goes_on_at_its_other_side(tmp_path, capfd) -> None:
    at = 2 * np.pi * (np.arange(32) + 0.5) / 32
    waves = 0.5 + 0.4 * np.sin(2 * at + 1)[None, :, None] * np.sin(at + 2)[:, None, None].repeat(3, 2)
    wrapped = fitted(Array(as_bytes(waves)), Size(128, 128), Edges.both(Edge.WRAP)).rows(0, 128)
    before, after = write(tmp_path / "wave.png", as_bytes(waves)), write(tmp_path / "b.png", as_bytes(wrapped))
    call(capfd, before, after, "--picture", tmp_path / "seen.png", "--crop", "0,0,128")
    seen = codecs.read(tmp_path / "seen.png").pixels
    one, two = (seen[20 : 20 + 384, left : left + 384].astype(int) for left in (0, 390))
    assert np.abs(one - two).max() <= 1


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (np.zeros((100, 192, 3), np.uint8), "192×100, which has not the proportions of the 48×48"),
        (np.zeros((24, 12, 3), np.uint8), "12×24, which has not the proportions of the 48×48"),
        (np.zeros((192, 192, 4), np.uint8), "has 4 channels, and"),
    ],
)
def test_what_cannot_be_compared_is_said(tmp_path, pair, capfd, after, words) -> None:
    code, out, err = call(capfd, pair[0], write(tmp_path / "other.png", after))
    assert (code, out) == (2, "")
    assert words in err


def test_wrong_paths_and_options_are_said(tmp_path, pair, capfd) -> None:
    cases = [
        ((pair[0], tmp_path / "none.png"), "no such file"),
        ((pair[0], tmp_path), "the other is none"),
        ((*pair, "--picture", tmp_path / "a.jpg"), "written as PNG"),
        ((*pair, "--crop", "1,2"), "LEFT,TOP,SIDE"),
        ((*pair, "--crop", "-1,0,9"), "begins within the picture"),
        ((*pair, "--crop", "900,0,9", "--picture", tmp_path / "a.png"), "begins beyond the picture"),
        ((tmp_path, tmp_path / "empty"), "holds none of the 2 textures"),
    ]
    (tmp_path / "empty").mkdir()
    for arguments, words in cases:
        code, _, err = call(capfd, *arguments)
        assert (code, words in err) == (2, True), err


def test_a_file_that_is_no_picture_is_said(tmp_path, pair, capfd) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n")
    code, _, err = call(capfd, pair[0], bad)
    assert code == 1
    assert "bad.png" in err
