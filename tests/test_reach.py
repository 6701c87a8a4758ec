"""How far a network looks is measured, once for its weights, and decides what tiles read of each other."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from cg_upscaler.cut import canonical_cut, overlapping
from cg_upscaler.errors import UsageError
from cg_upscaler.generate import known_reach as known
from cg_upscaler.generate.known_reach import cache_folder, known_reach
from cg_upscaler.generate.reach import HALF_LEVEL, detailed, measured_reach
from cg_upscaler.generate.tiles import Tiles
from cg_upscaler.geometry import Cut, Edge, Edges, Size, Tiled
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import ModelInfo, Precision, Reach
from tests.planning import find, noise, planned, texture

INFO = ModelInfo("far", "fake", scale=1, channels=3, reach=None, weights="a hash")


@dataclass
class Fake:
    """A network of any influence."""

    fn: Callable[[Pixels], Pixels]
    info: ModelInfo = INFO
    calls: int = 0

    def run(self, window: Pixels, precision: Precision) -> Pixels:
        self.calls += 1
        return self.fn(window).repeat(self.info.scale, 0).repeat(self.info.scale, 1)


def box(radius: int) -> Fake:
    side = 2 * radius + 1
    return Fake(lambda pixels: cv2.blur(pixels, (side, side), borderType=cv2.BORDER_REPLICATE))


def tails(base: float) -> Fake:
    """Influence falls by the same factor with each texel, as that of deep networks does."""
    taps = base ** np.abs(np.arange(-200, 201))
    taps /= taps.sum()
    return Fake(lambda pixels: cv2.sepFilter2D(pixels, -1, taps, taps, borderType=cv2.BORDER_CONSTANT))


def measured(network: Fake) -> Reach:
    return measured_reach(network, detailed(network.info.channels), Precision.FLOAT32)


@pytest.mark.parametrize("radius", [0, 1, 2, 3, 5, 7, 8, 16, 20, 40, 64, 80, 128])
def test_the_reach_of_a_box_is_its_radius(radius: int) -> None:
    assert measured(box(radius)) == Reach(radius)


@pytest.mark.parametrize("radius", [9, 11, 21, 37, 70])
def test_a_long_reach_is_told_to_an_eighth_and_never_too_short(radius: int) -> None:
    assert radius <= measured(box(radius)).texels <= radius * 9 / 8 + 3


@pytest.mark.parametrize("base", [0.5, 0.8, 0.9, 0.95])
def test_tiles_with_the_measured_reach_differ_from_the_whole_by_less_than_a_level(base: float) -> None:
    network = tails(base)
    reach = measured(network)
    assert reach.note == ""
    info = replace(INFO, reach=reach.texels)
    pixels = detailed(3)
    picture = np.tile(pixels, (2, 1, 1))[:, ::-1]
    cut = replace(canonical_cut(Size(64, 64), info), border=0)
    tiled = Tiles(network).run(Array(picture), cut, Edges.both(Edge.ZERO), Precision.FLOAT32, lambda share: None)
    error = np.abs(hold(tiled).rows(0, len(picture)) - network.run(picture, Precision.FLOAT32)).max()
    assert error < 2 * HALF_LEVEL  # a tile has neighbours on four sides, and corners


def test_a_network_that_looks_along_one_axis_only_is_measured_along_that_one() -> None:
    for taps in ((1, 13), (13, 1)):
        network = Fake(lambda pixels, taps=taps: cv2.blur(pixels, taps))  # type: ignore[misc]
        assert measured(network) == Reach(6)


def test_a_network_that_looks_one_way_only_is_measured_that_way() -> None:
    for before, after in (((0, 6), (0, 0)), ((6, 0), (0, 0)), ((0, 0), (0, 6)), ((0, 0), (6, 0))):

        def shifted(pixels: Pixels, y: tuple[int, int] = before, x: tuple[int, int] = after) -> Pixels:
            grown = np.pad(pixels, (y, x, (0, 0)), mode="edge")
            return grown[y[1] : y[1] + len(pixels), x[1] : x[1] + pixels.shape[1]]

        assert measured(Fake(shifted)) == Reach(6)


def test_a_network_that_looks_everywhere_gets_the_most_there_is_and_a_note() -> None:
    network = Fake(lambda pixels: pixels - pixels.mean((0, 1)) + np.float32(0.5))
    reach = measured(network)
    assert reach.texels == 128
    assert "128 texels away" in reach.note


def test_a_network_that_gives_nan_agrees_with_nothing() -> None:
    assert measured(Fake(lambda pixels: np.full_like(pixels, np.nan))).note


@pytest.mark.parametrize("multiple", [2, 3, 8, 16])
def test_context_comes_in_whole_multiples(multiple: int) -> None:
    network = box(5)
    network.info = replace(INFO, multiple=multiple, scale=2)
    seen: list[int] = []
    plain = network.fn
    network.fn = lambda window: (seen.extend(window.shape[:2]), plain(window))[1]
    assert measured(network) == Reach(-(-5 // multiple) * multiple)
    assert all(side == 64 or side % multiple == 0 for side in seen)


def test_what_is_measured_on_is_the_same_everywhere_and_detailed() -> None:
    pixels = detailed(3)
    assert pixels.shape == (64, 256, 3)
    assert pixels.dtype == np.float32 and pixels.min() >= 0 and pixels.max() <= 1
    assert np.round(pixels[[0, 20, 63], [0, 100, 255], [0, 1, 2]], 4).tolist() == pytest.approx(CORNERS, abs=1e-4)
    assert pixels.std() > 0.15


CORNERS = [0.9279, 0.2088, 0.5428]


# What was measured is remembered


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CG_UPSCALE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def never() -> Fake:
    raise AssertionError("it was loaded")


def test_a_reach_is_measured_once_for_weights_and_precision(cache: Path) -> None:
    assert known_reach(INFO, lambda: box(3)) == Reach(3)
    assert known_reach(replace(INFO, name="elsewhere"), never) == Reach(3)
    assert known_reach(INFO, lambda: box(2), Precision.BFLOAT16) == Reach(2)
    assert known_reach(replace(INFO, weights="other"), lambda: box(1)) == Reach(1)
    assert known_reach(INFO, never) == Reach(3)
    assert len(list(cache.rglob("*.json"))) == len(list(cache.rglob("*.*"))) == 3


def test_a_note_is_remembered_too() -> None:
    first = known_reach(INFO, lambda: Fake(lambda pixels: pixels - pixels.mean()))
    assert first.note and known_reach(INFO, never) == first


def test_weights_without_a_hash_are_not_remembered(cache: Path) -> None:
    assert known_reach(replace(INFO, weights=""), lambda: box(3)) == Reach(3)
    assert not cache.exists()


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"7",
        b"null",
        b"{}",
        b'{"revision": 1, "texels": "3", "note": ""}',
        b'{"revision": 1, "texels": true, "note": ""}',
        b'{"revision": 1, "texels": -3, "note": ""}',
        b'{"revision": 1, "texels": 3, "note": null}',
        b'{"revision": 0, "texels": 3, "note": ""}',
    ],
)
def test_a_damaged_memory_is_measured_anew(cache: Path, damage: bytes) -> None:
    known_reach(INFO, lambda: box(3))
    (place,) = cache.rglob("*.json")
    place.write_bytes(damage)
    assert known_reach(INFO, lambda: box(5)) == Reach(5)
    assert json.loads(place.read_text())["texels"] == 5


def test_a_cache_that_cannot_be_written_is_done_without(cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    assert known_reach(INFO, lambda: box(3)) == Reach(3)


def test_runs_side_by_side_leave_a_sound_memory(cache: Path) -> None:
    found: list[Reach] = []
    work = [threading.Thread(target=lambda: found.append(known_reach(INFO, lambda: box(3)))) for _ in range(8)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert found == [Reach(3)] * 8
    assert known_reach(INFO, never) == Reach(3)
    assert len(list(cache.rglob("*.*"))) == 1


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these have places of their own")
def test_the_cache_is_where_the_platform_keeps_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CG_UPSCALE_CACHE")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "cg-upscale"
    for nothing in ("", "relative"):  # which the convention says to ignore
        monkeypatch.setenv("XDG_CACHE_HOME", nothing)
        assert cache_folder() == tmp_path / ".cache" / "cg-upscale"


@pytest.mark.parametrize(
    ("platform", "end"), [("win32", ("cg-upscale", "Cache")), ("darwin", ("Caches", "cg-upscale"))]
)
def test_so_it_is_on_other_platforms(
    platform: str, end: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CG_UPSCALE_CACHE")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(known.sys, "platform", platform)
    folder = cache_folder()
    assert folder is not None and folder.parts[-2:] == end and folder.is_relative_to(tmp_path)


# Plans ask for it


def find_far(name: str, scale: int) -> ModelInfo:
    return replace(INFO, name="far", scale=4) if name == "far" else find(name, scale)


def cuts(**how: object) -> set[Cut]:
    job = planned(texture(noise(3)), find=find_far, **how)
    return {step.cut for group in job.groups for step in group.passes}  # type: ignore[misc]


def test_a_plan_measures_what_is_not_known_and_nothing_else() -> None:
    asked: list[str] = []

    def measure(model: ModelInfo) -> Reach:
        asked.append(model.name)
        return Reach(40)

    assert cuts(model="far", measure=measure) == {Tiled(32, padding=50, overlap=10, border=8)}
    assert asked == ["far"]
    cuts(model="4x", measure=measure)
    cuts(model="bicubic", measure=measure)
    cuts(model="far", overlap=12, measure=measure)
    assert asked == ["far"]


@pytest.mark.parametrize("overlap", [0, 1, 4, 7, 12, 80])
def test_an_overlap_is_what_tiles_read_of_their_neighbours(overlap: int) -> None:
    assert cuts(model="far", overlap=overlap) == {Tiled(32, overlap, overlap // 5, min(8, overlap))}


def test_80_texels_of_overlap_are_what_a_reach_of_64_gives() -> None:
    cut = canonical_cut(Size(64, 64), replace(INFO, reach=64))
    assert overlapping(cut, 80) == cut


def test_an_overlap_reaches_the_key_of_the_jobs_that_it_changes() -> None:
    def key(**how: object) -> str:
        return planned(texture(noise(3)), find=find_far, **how).key("a source")

    assert key(model="far", overlap=12) != key(model="far", overlap=20)
    assert key(model="bicubic", overlap=12) == key(model="bicubic")


def test_a_plan_that_cannot_measure_says_what_to_do() -> None:
    with pytest.raises(UsageError, match="how far model far looks is not known; say 'overlap'"):
        cuts(model="far")


def test_a_cut_is_never_made_from_a_reach_that_nobody_knows() -> None:
    with pytest.raises(ValueError, match="measured first"):
        canonical_cut(Size(4, 4), INFO)
