"""Previews: they hold what the files hold, are made once, and one that cannot be made stops none of the others."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from report_library import bumps, done, picture, run
from report_markup import data, pixels, rows, shown

from cg_upscaler.job import Outcome
from cg_upscaler.maps import AlphaMode, MapKind
from cg_upscaler.report import page
from cg_upscaler.report.page import drawing

# What there is to see


def test_a_preview_holds_both_pictures_texel_for_texel(tmp_path: Path) -> None:
    before, after = picture(16, 24), picture(64, 96, seed=1)
    path = page.write(tmp_path / "r", [done(tmp_path, "a.png", before, after)], [run()])
    whole = shown(path, rows(path)[0])["whole"]
    assert np.array_equal(pixels(whole["before"]), before)
    assert np.array_equal(pixels(whole["after"]), after)


def test_colour_that_alpha_hides_is_in_the_preview(tmp_path: Path) -> None:
    before = picture(16, 16, 4)
    before[:8, :, 3], before[8:, :, 3] = 0, 255
    path = page.write(tmp_path / "r", [done(tmp_path, "a.png", before, alpha=AlphaMode.CUTOUT)], [run()])
    whole = shown(path, rows(path)[0])["whole"]
    assert np.array_equal(pixels(whole["before"]), before[:, :, :3])
    assert np.array_equal(pixels(whole["before"], "a")[:, :, 0], before[:, :, 3])


def test_what_is_large_is_shown_reduced_and_where_it_has_most_detail(tmp_path: Path) -> None:
    before = np.full((512, 512, 3), 90, np.uint8)
    before[320:384, 64:128] = picture(64, 64, seed=3)
    path = page.write(tmp_path / "r", [done(tmp_path, "a.png", before)], [run()])
    found = shown(path, rows(path)[0])
    after = found["whole"]["after"]
    assert found["divisor"] == 3 and (after["w"], after["h"]) == (683, 683)
    assert abs(float(pixels(after).mean()) - float(before.mean())) < 1
    left, top, width, height = found["crop"]["at"]
    assert left <= 64 and left + width >= 128 and top <= 320 and top + height >= 384
    crop = before[top : top + height, left : left + width]
    assert np.array_equal(pixels(found["crop"]["before"]), crop)
    assert np.array_equal(pixels(found["crop"]["after"]), crop.repeat(4, 0).repeat(4, 1))


def test_a_preview_says_which_way_green_points(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    heights = cv2.GaussianBlur(random.normal(size=(128, 128)), (0, 0), 3) * 40
    down, across = np.gradient(heights)
    for name, sign in (("opengl", 1), ("directx", -1)):
        vectors = np.dstack([-across, sign * down, np.ones_like(down)])
        vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
        stored = np.asarray(np.rint((vectors / 2 + 0.5) * 255), np.uint8)
        path = page.write(tmp_path / name, [done(tmp_path, f"{name}.png", stored, kind=MapKind.NORMAL)], [run()])
        assert shown(path, rows(path)[0])["convention"] == name


def test_light_beyond_white_is_shown_by_one_scale(tmp_path: Path) -> None:
    from cg_upscaler.geometry import Size
    from cg_upscaler.maps import ColorSpace
    from cg_upscaler.pixels.views import Array
    from cg_upscaler.report.page.seen import looks
    from cg_upscaler.spec import Depth, ImageSpec

    spec = ImageSpec(Size(4, 4), 3, Depth.HALF, "exr", ColorSpace.LINEAR)
    light = np.full((4, 4, 3), 0.5, np.float32)
    light[0, 0], light[1, 1] = 20.0, np.nan
    first, second = looks((spec, Array(light)), spec, None)
    assert first == second
    assert first(light)[0, 0].tolist() == [255] * 3 and first(light)[1, 1].tolist() == [0] * 3
    assert 60 < first(light)[2, 2, 0] < 220


# Making it again


def stamps(path: Path) -> dict[str, int]:
    return {file.name: file.stat().st_ino for file in (path.parent / "previews").iterdir()}


def test_previews_are_made_once_and_old_ones_go(tmp_path: Path) -> None:
    entries = [done(tmp_path, f"{i}.png", picture(8, 8, seed=i)) for i in range(3)]
    path = page.write(tmp_path / "r", entries, [run()])
    (path.parent / "previews" / "notes.txt").write_text("mine")
    first = stamps(path)
    page.write(tmp_path / "r", entries, [run()])
    assert stamps(path) == first
    changed = done(tmp_path, "2.png", picture(8, 8, seed=9))
    page.write(tmp_path / "r", [entries[0], changed], [run()])
    second = stamps(path)
    kept = {name for name in first if name in second}
    assert len(first) == 10 and len(second) == 7 and len(kept) == 4 and "notes.txt" in kept
    assert all(first[name] == second[name] for name in kept)


def test_another_kind_of_the_same_file_is_another_preview(tmp_path: Path) -> None:
    ids = []
    for kind in (MapKind.BASE_COLOR, MapKind.NORMAL):
        path = page.write(tmp_path / "r", [done(tmp_path, "a.png", bumps(16), kind=kind)], [run()])
        ids.append(rows(path)[0]["preview"])
    assert ids[0] != ids[1]


def test_a_bad_file_stops_nothing_and_is_tried_again(tmp_path: Path) -> None:
    gone, broken, lost, fine = (done(tmp_path, f"{name}.png", picture(8, 8, seed=i)) for i, name in enumerate("abcd"))
    os.remove(gone.receipt.output)
    Path(broken.receipt.output).write_bytes(b"no picture")
    os.remove(lost.receipt.output)
    os.remove(lost.job.source)  # type: ignore[union-attr]
    path = page.write(tmp_path / "r", [gone, broken, lost, fine], [run()])
    found = {row["name"]: row for row in rows(path)}
    assert "the result cannot be shown" in found["a.png"]["lost"] and "the result cannot be" in found["b.png"]["lost"]
    assert set(shown(path, found["a.png"])["whole"]) == {"before"}
    assert "source" in found["c.png"]["lost"] and "preview" not in found["c.png"]
    assert "lost" not in found["d.png"]
    again = done(tmp_path, "b.png", picture(8, 8, seed=1))
    path = page.write(tmp_path / "r", [again], [run()])
    assert set(shown(path, rows(path)[0])["whole"]) == {"before", "after"}
    assert len(stamps(path)) == 3


def test_whatever_goes_wrong_with_one_texture_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(drawing, "_drawn", fails)
    (row,) = rows(page.write(tmp_path / "r", [done(tmp_path, "a.png", picture(8, 8))], [run()]))
    assert row["lost"] == "cannot be shown (RuntimeError: a bug)"


def test_a_failed_texture_shows_its_source(tmp_path: Path) -> None:
    entry = done(tmp_path, "a.png", picture(8, 8), outcome=Outcome.FAILED, error="no memory")
    path = page.write(tmp_path / "r", [entry], [run()])
    assert set(shown(path, rows(path)[0])["whole"]) == {"before"}
    first = rows(path)[0]["preview"]
    done(tmp_path, "a.png", picture(12, 12))
    path = page.write(tmp_path / "r", [entry], [run()])
    assert rows(path)[0]["preview"] != first  # though no hash of it is known


def test_a_single_file_is_all_there_is(tmp_path: Path) -> None:
    entry = done(tmp_path, "a.png", picture(64, 64))
    path = page.write(tmp_path / "r", [entry], [run()], single_file=True)
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]
    assert data(path)["single"] is True
    thumbnail = np.frombuffer(base64.b64decode(rows(path)[0]["thumb"]), np.uint8)
    assert max(cv2.imdecode(thumbnail, cv2.IMREAD_COLOR).shape) == 128


def test_progress_is_told_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    entries = [done(tmp_path, f"{i}.png", picture(8, 8)) for i in range(3)]
    page.write(tmp_path / "r", entries, [run()], on_progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", [MapKind.BASE_COLOR, MapKind.PACKED, MapKind.NORMAL, MapKind.HEIGHT])
def test_bytes_that_are_shown_as_they_are_are_what_numbers_would_give(channels: int, kind: MapKind) -> None:
    from cg_upscaler.geometry import Size
    from cg_upscaler.job import Action, Job
    from cg_upscaler.pixels.views import Array
    from cg_upscaler.report.page.seen import looks
    from cg_upscaler.spec import Depth, ImageSpec

    source = Array(picture(24, 16, channels))
    alpha = channels - 1 if channels in (2, 4) else None
    spec = ImageSpec(Size(16, 24), channels, Depth.UINT8, "png", alpha=alpha)
    job = Job("a.png", "", "", Action.UPSCALE, kind, "", 1.0, 4, spec, spec, alpha=AlphaMode.BLEND)
    look, _ = looks((spec, source), spec, job)
    assert np.array_equal(look.rows(source, 3, 9, 2, 8), look(source.rows(3, 9)[:, 2:8]))
