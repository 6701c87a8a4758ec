"""The report in a browser: it opens from a disk, is quick with thousands, and obeys keys and pointer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from report_browser import CHROMIUM, DRIVER, Page, browser
from report_library import bumps, done, failed, picture, run

from cg_upscaler.geometry import Edge
from cg_upscaler.job import Figure, Outcome
from cg_upscaler.maps import AlphaMode, MapKind
from cg_upscaler.report import page as report
from cg_upscaler.summary import Entry

pytest.importorskip("selenium")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver")

ENTER, ESCAPE, LEFT, RIGHT, DOWN, END = "\ue007", "\ue00c", "\ue012", "\ue014", "\ue015", "\ue010"
HOSTILE = "</script><img src=x onerror='window.harmed=1'>\"&'\n#?%41\udce4ä" + "n" * 250 + ".png"
RED, GREEN = (200, 30, 20), (20, 180, 60)


def plain(colour: tuple[int, ...], side: int = 16) -> NDArray[np.uint8]:
    return np.full((side, side, len(colour)), colour, np.uint8)


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    folder = tmp_path_factory.mktemp("library")
    near, far = (Figure("color_drift", value, 1.0) for value in (0.9, 0.2))
    striped = picture(16, 16)
    striped[:, :8], striped[:, 8:] = RED, GREEN
    leaf = np.dstack([plain(RED), np.full((16, 16), 255, np.uint8)])
    leaf[:8, :, 3] = 0
    return [
        failed("ui/broken.png"),
        done(folder, "walls/brick_color.png", plain(RED), plain(GREEN, 64), figures=(near,)),
        done(folder, "walls/brick_n.png", bumps(32), kind=MapKind.NORMAL, edges=Edge.WRAP, figures=(far,)),
        done(folder, "walls/odd.png", picture(8, 8), outcome=Outcome.REJECTED, error="color drift 1.32 is above 1.0"),
        done(folder, "wood/stripes.png", striped, edges=Edge.WRAP),
        done(folder, "plants/leaf.png", leaf, alpha=AlphaMode.CUTOUT),
        done(folder, HOSTILE, picture(8, 8, seed=5), file="hostile.png"),
    ]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, entries: list[Entry]) -> Path:
    folder = tmp_path_factory.mktemp("a folder # with 100% of ? in it")
    runs = [run("2026-11-26T02:00:00Z", done=5), run(done=5, failed=1, rejected=1)]
    return report.write(folder, entries, runs, orphans=["old.png"])


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile"), 1200, 800) as page:
        yield page


@pytest.fixture
def page(chromium: Page, path: Path) -> Iterator[Page]:
    chromium.open(path)
    yield chromium
    assert chromium.complaints() == []


def names(page: Page) -> list[str]:
    return page.texts(".row .title b")


def opened(page: Page, name: str, view: str = "slider") -> Page:
    page.run("visit(textures.find((texture) => texture.name.endsWith(arguments[0])))", name)
    page.opened()
    page.click(f"#view-{view}")
    return page


def zoomed(page: Page) -> NDArray[np.uint8]:
    """Return the middle of what is shown at 16 to 1, where one result texel is 16 pixels large."""
    page.run("zoomTo(16)")
    return page.shown()


def close_to(colour: NDArray[np.uint8], wanted: tuple[int, ...]) -> bool:
    return bool(np.abs(colour.astype(int) - wanted).max() <= 1)


# The list


def test_it_opens_from_a_disk_with_failures_first(page: Page) -> None:
    assert names(page)[:3] == ["broken.png", "odd.png", "brick_color.png"]
    assert page.texts(".heading h2")[:2] == ["Failed (1)", "Rejected by a gate (1)"]
    page.until("[...document.images].length >= 6 && [...document.images].every((i) => i.complete && i.naturalWidth)")


def test_search_finds_names_reasons_and_notes(page: Page) -> None:
    for text, found in (("drift above", ["odd.png"]), ("WALLS normal", ["brick_n.png"]), ("nothing like it", [])):
        page.keys("/")
        page.run("$('search').select()")
        page.keys(text)
        assert names(page) == found
    assert page.run("!$('empty').hidden")
    page.click("#clear")
    assert len(names(page)) == 7


def test_filters_by_outcome_kind_folder_and_material(page: Page) -> None:
    page.click("#outcomes button[value='rejected']")
    assert names(page) == ["odd.png"]
    page.click("#outcomes button[value='']")
    for control, value, found in (
        ("kind", "normal", {"brick_n.png"}),
        ("folder", "walls", {"odd.png", "brick_n.png", "brick_color.png"}),
        ("material", "walls/brick", {"brick_n.png", "brick_color.png"}),
    ):
        page.run("filter(arguments[0], arguments[1])", control, value)
        assert set(names(page)) == found and page.run("$(arguments[0]).value", control) == value
        page.run("filter(arguments[0], '')", control)


def test_an_address_says_what_is_shown(page: Page, path: Path) -> None:
    page.run("filter('folder', 'walls')")
    opened(page, "brick_n.png")
    hash = page.run("location.hash")
    page.open(path)
    assert len(names(page)) == 7
    page.open(path, hash)
    page.opened()
    assert page.run("opened.name") == "walls/brick_n.png" and len(names(page)) == 3
    page.keys(ESCAPE)
    assert page.run("!dialog.open") and page.run("filters.folder") == "walls"


def test_back_closes_what_was_opened(page: Page) -> None:
    page.keys("j", ENTER)
    page.opened()
    page.run("history.back()")
    page.until("!dialog.open")


def test_a_grid_shows_pictures_beside_each_other(page: Page) -> None:
    page.keys("g")
    assert len(page.texts(".card")) == 7
    page.keys("j", RIGHT, RIGHT)
    tops = page.run("[...document.querySelectorAll('.card')].map((card) => card.getBoundingClientRect().top)")
    assert len(set(tops)) < 7
    page.keys("g")


def test_keys_go_through_the_list_and_through_what_is_open(page: Page) -> None:
    page.keys("j", DOWN)
    assert page.run("document.activeElement.textContent.includes('brick_color.png')")
    page.keys(ENTER)
    page.opened()
    assert page.run("opened.name") == "walls/brick_color.png"
    page.keys(RIGHT)
    assert page.run("opened.name") == "walls/brick_n.png"
    page.keys("k", LEFT)
    assert page.run("opened.name") == "walls/odd.png"
    page.keys(ESCAPE)
    assert page.run("!dialog.open && document.activeElement.textContent.includes('odd.png')")


def test_numbers_choose_views_that_there_are(page: Page) -> None:
    opened(page, "brick_n.png")
    for key, view in zip("123456", page.run("VIEW_NAMES"), strict=True):
        page.keys(key)
        assert page.run("look.view") == view
        assert page.run("document.querySelector('#tabs [aria-selected=true]').value") == view
    page.keys("1")
    opened(page, "leaf.png")
    page.keys("5", "6")
    assert page.run("look.view") == "slider"
    assert page.run("$('view-tiled').disabled && $('view-light').disabled")


# The pictures


def test_the_slider_stands_between_source_and_result(page: Page) -> None:
    opened(page, "brick_color.png")
    seen = zoomed(page)
    middle = seen.shape[0] // 2
    assert close_to(seen[middle, 100], RED) and close_to(seen[middle, -100], GREEN)
    page.drag("#divider", (0.5, 0.5), (10.5, 0.5))
    assert page.run("stage.divider") > 0.6
    at = round(page.run("stage.divider") * seen.shape[1])
    seen = page.shown()
    assert close_to(seen[middle, at - 5], RED) and close_to(seen[middle, at + 5], GREEN)
    before = page.run("stage.divider")
    page.keys("]")
    assert page.run("stage.divider") == pytest.approx(before + 0.05)
    page.keys(LEFT)  # the divider has the focus
    assert page.run("stage.divider") == pytest.approx(before + 0.03)
    assert page.run("opened.name") == "walls/brick_color.png"


def test_a_small_picture_is_divided_wherever_it_is_dragged(page: Page) -> None:
    opened(page, "brick_color.png")
    page.drag("#canvas", (0.3, 0.8), (0.2, 0.8))
    assert page.run("stage.divider") == pytest.approx(0.2, abs=0.01)


def test_a_zoomed_picture_is_moved(page: Page) -> None:
    opened(page, "stripes.png")
    page.click("#zooms button[value='16']")
    assert page.run("stage.zoom") == 16
    page.run("divide(0)")
    page.painted()
    x = page.run("stage.x")
    page.drag("#canvas", (0.5, 0.3), (0.6, 0.3))
    width = page.run("canvas.width")
    assert page.run("stage.x") == pytest.approx(x - 0.1 * width / 16, abs=0.2)
    page.keys("0")
    assert page.run("stage.fit")


def test_texels_stay_hard_until_they_are_smoothed(page: Page) -> None:
    opened(page, "stripes.png")
    page.run("divide(1)")
    assert len(np.unique(zoomed(page)[300, 40:-40].reshape(-1, 3), axis=0)) == 2
    page.keys("s")
    assert len(np.unique(page.shown()[300, 40:-40].reshape(-1, 3), axis=0)) > 10
    page.keys("s")


def test_channels_are_seen_one_by_one_even_under_alpha(page: Page) -> None:
    opened(page, "leaf.png", "channels")
    page.run("fit()")
    seen = page.shown()
    boxes = page.run("stage.layout.boxes")
    assert len(boxes) == 8
    for box, value in zip(boxes[:3], RED, strict=True):
        for share in (0.35, 0.65):  # above, nothing is visible
            at = seen[round(box["y"] + share * box["h"]), round(box["x"] + box["w"] / 2)]
            assert close_to(at, (value,) * 3)
    upper, lower = (seen[round(boxes[3]["y"] + s * boxes[3]["h"]), round(boxes[3]["x"] + 60)] for s in (0.4, 0.6))
    assert close_to(upper, (0, 0, 0)) and close_to(lower, (255, 255, 255))


def test_what_is_transparent_lies_over_checks(page: Page) -> None:
    opened(page, "leaf.png")
    seen = zoomed(page)
    upper = seen[seen.shape[0] // 2 - 200 : seen.shape[0] // 2 - 20, 400:600].reshape(-1, 3)
    assert {tuple(colour) for colour in np.unique(upper, axis=0).tolist()} == {(109,) * 3, (141,) * 3}
    assert close_to(seen[seen.shape[0] // 2 + 60, 500], RED)


def test_a_difference_is_measured_and_coloured(page: Page) -> None:
    opened(page, "brick_color.png", "difference")
    most = max(abs(a - b) for a, b in zip(RED, GREEN, strict=True))
    found = page.run("VIEWS.difference.scene(stage.scene).heat")
    assert found["most"] == found["mean"] == most and (found["w"], found["h"]) == (16, 16)
    assert str(most) in page.run("$('hottest').textContent")
    hottest = tuple(page.run("HEAT[255]"))
    assert close_to(zoomed(page)[200, 400], hottest)
    opened(page, "stripes.png", "difference")
    assert page.run("VIEWS.difference.scene(stage.scene).heat.most") == 0  # each texel is as large as four


def test_a_difference_filters_the_result_down_as_a_box_does(page: Page) -> None:
    random = np.random.default_rng(0)
    values = random.uniform(0, 255, (6, 9, 4)).astype(np.float32)
    found = page.run("[...resized(new Float32Array(arguments[0]), 9, 6, 3, 4)]", values.ravel().tolist())
    down = np.stack([values[0] * 2 + values[1], values[1] + 2 * values[2]]) / 3
    down = np.concatenate([down, np.stack([values[3] * 2 + values[4], values[4] + 2 * values[5]]) / 3])
    assert np.allclose(np.reshape(found, (4, 3, 4)), down.reshape(4, 3, 3, 4).mean(axis=2), atol=1e-3)


def test_a_tileable_texture_is_seen_nine_times(page: Page) -> None:
    opened(page, "stripes.png", "tiled")
    page.run("divide(0)")
    row = page.shown()[300].astype(int)
    red = np.abs(row - RED).max(axis=1) <= 1
    assert int((np.diff(red.astype(int)) == 1).sum()) == 3
    page.keys("1")


def test_a_movable_light_shows_the_bumps(page: Page) -> None:
    opened(page, "brick_n.png", "light")
    page.run("divide(0)")
    page.run("fit()")

    def seen(across: float) -> float:
        """Return how bright it is at a share of the width, halfway down."""
        shown, width = page.shown(), page.run("stage.zoom * stage.scene.w")
        return float(shown[shown.shape[0] // 2, round(shown.shape[1] / 2 + (across - 0.5) * width)].mean())

    page.drag("#canvas", (0.45, 0.5), (0.4, 0.5))
    assert seen(0.25) > seen(0.75) + 20
    assert seen(0.75) < seen(0.98)  # which is farther from the light, and flat
    page.drag("#canvas", (0.4, 0.5), (0.6, 0.5))
    assert seen(0.75) > seen(0.25) + 20
    assert seen(0.25) < seen(0.02)


def test_green_down_turns_the_light_over(page: Page) -> None:
    opened(page, "brick_n.png", "light")
    page.run("divide(0)")
    page.run("moveLamp(0.5, -0.2)")

    def upper() -> float:
        seen = page.shown()
        zoom = page.run("stage.zoom * stage.scene.w")
        return float(seen[round(seen.shape[0] / 2 - 0.25 * zoom), seen.shape[1] // 2].mean())

    up = upper()
    page.run("look.directx = true, paint()")
    assert upper() < up - 20


def test_a_pointer_reads_texels(page: Page) -> None:
    opened(page, "brick_color.png")
    page.drag("#canvas", (0.45, 0.5), (0.5, 0.5))
    text = page.run("$('reading').textContent").replace("\u2007", "")
    assert "source 200 30 20" in text and "result 20 180 60" in text


def test_space_shows_the_source_while_it_is_held(page: Page) -> None:
    from selenium.webdriver import ActionChains

    opened(page, "brick_color.png")
    page.run("canvas.focus()")
    ActionChains(page.driver, duration=0).key_down(" ").perform()
    seen = zoomed(page)
    assert close_to(seen[300, -100], RED)
    ActionChains(page.driver, duration=0).key_up(" ").perform()
    assert close_to(page.shown()[300, -100], GREEN)


# Bad input


def test_hostile_names_do_nothing(page: Page) -> None:
    row = next(text for text in names(page) if "onerror" in text)
    assert HOSTILE.replace("\udce4", "\ufffd").endswith(row)
    opened(page, ".png".join(["n" * 10, ""]))
    assert "</script><img" in page.run("$('facts').textContent.toWellFormed()")
    assert page.run("window.harmed === undefined") and page.run("!document.querySelector('img[src=x]')")


@pytest.mark.parametrize("hash", ["#t=<img src=x>", "#t=__proto__&kind=constructor", "#%E0%A4%A", "#order=toString"])
def test_an_address_that_makes_no_sense_does_no_harm(chromium: Page, path: Path, hash: str) -> None:
    chromium.open(path, hash)
    assert chromium.run("!dialog.open")
    assert chromium.complaints() == []


def test_a_texture_without_a_preview_says_why(page: Page) -> None:
    page.run("visit(textures.find((texture) => texture.name === 'ui/broken.png'))")
    page.until("dialog.open && !$('message').hidden")
    assert "truncated at row 8 of 16" in page.run("$('facts').textContent")
    assert page.run("[...$('tabs').children].every((tab) => tab.disabled)")


def test_previews_that_were_left_behind_are_missed_in_words(
    chromium: Page, tmp_path: Path, entries: list[Entry]
) -> None:
    path = report.write(tmp_path, entries, [run()])
    for file in (tmp_path / "previews").iterdir():
        file.unlink()
    chromium.open(path)
    chromium.run("visit(textures.find((texture) => texture.name.endsWith('leaf.png')))")
    chromium.until("$('message').textContent.includes('belongs beside this page')")
    chromium.complaints()


def test_a_single_file_has_thumbnails_and_facts(chromium: Page, tmp_path: Path, entries: list[Entry]) -> None:
    chromium.open(report.write(tmp_path, entries, [run()], single_file=True))
    chromium.until("document.images.length >= 6 && [...document.images].every((i) => i.complete && i.naturalWidth)")
    chromium.run("visit(textures.find((texture) => texture.name.endsWith('leaf.png')))")
    chromium.until("$('message').textContent.includes('thumbnails only')")
    assert "its name" in chromium.run("$('facts').textContent")
    assert chromium.complaints() == []


def test_thousands_of_textures_scroll_and_are_found(chromium: Page, tmp_path: Path, entries: list[Entry]) -> None:
    base = entries[1]
    many = [
        Entry(replace(base.receipt, name=name), base.job and replace(base.job, name=name))
        for name in (f"level_{i // 100:02}/texture_{i:04}_color.png" for i in range(5000))
    ]
    chromium.open(report.write(tmp_path, many, [run(done=5000)]))
    assert chromium.run("shown.length") == 5000
    assert chromium.run("document.getElementsByTagName('*').length") < 1500
    chromium.run("window.scrollTo(0, document.body.scrollHeight / 2)")
    chromium.until("document.querySelector('.row') && list.textContent.includes('texture_2500')")
    assert chromium.run("document.querySelectorAll('.row').length") < 60
    chromium.keys("j", END)
    chromium.until("document.activeElement.textContent.includes('texture_4999')")
    assert chromium.run("document.activeElement.getBoundingClientRect().bottom <= innerHeight")
    chromium.keys("/", "texture_3777")
    assert names(chromium) == ["texture_3777_color.png"]
    assert chromium.complaints() == []
