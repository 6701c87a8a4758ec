"""The report's page: it says what is the matter, asks nobody, believes no name, and makes no preview twice."""

from __future__ import annotations

import base64
import json
import math
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from report_library import bumps, done, failed, picture, run

from cg_upscaler.cli import run_cli
from cg_upscaler.errors import OutputError
from cg_upscaler.job import Figure, Outcome, Receipt
from cg_upscaler.library.receipts import REPORT, Receipts
from cg_upscaler.library.record.known import known_outputs_under
from cg_upscaler.library.scan import scan
from cg_upscaler.maps import AlphaMode, MapKind
from cg_upscaler.report import page
from cg_upscaler.report.page import drawing
from cg_upscaler.report.page.allowance import Section, ordered, section, used
from cg_upscaler.summary import Entry

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\"&{{DATA}}\n\u2028ä\udce4#?%41.png"


class Markup(HTMLParser):
    """What a browser makes of a page: its elements, and the text of its scripts."""

    VOID = frozenset({"meta", "link", "input", "img", "br", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag == "script":
            self.scripts.append("")
        if tag not in self.VOID and self.get_starttag_text()[-2:] != "/>":  # type: ignore[index]
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += text


def rows(path: Path) -> list[dict[str, Any]]:
    return list(data(path)["rows"])


def data(path: Path) -> dict[str, Any]:
    return dict(json.loads(Markup(path.read_text(encoding="utf-8")).scripts[0]))


def shown(path: Path, row: dict[str, Any]) -> dict[str, Any]:
    """Return what a preview's script brings."""
    text = (path.parent / "previews" / f"{row['preview']}.js").read_text(encoding="ascii")
    found = re.fullmatch(r"preview\((\"[0-9a-f-]+(?:part)?\"),(.*)\);\n", text)
    assert found and json.loads(found[1]) == row["preview"]
    return dict(json.loads(found[2]))


def pixels(part: dict[str, Any], plane: str = "rgb") -> NDArray[np.uint8]:
    kind, _, text = part[plane].partition(",")
    assert kind == "data:image/png;base64"
    found = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    assert found.shape[:2] == (part["h"], part["w"])
    return np.asarray(found, np.uint8)


def gated(name: str, value: float, bound: float | None) -> Entry:
    return Entry(Receipt("a.png", Outcome.DONE, figures=(Figure(name, value, bound),)))


# What it says


def test_failures_come_first_then_rejected_then_what_is_near_its_gates(tmp_path: Path) -> None:
    def entry(name: str, share: float | None, outcome: Outcome = Outcome.DONE) -> Entry:
        figures = () if share is None else (Figure("color_drift", share, 1.0),)
        return Entry(Receipt(name, outcome, figures=figures))

    entries = [
        entry("a rest", None),
        entry("b far", 0.1),
        entry("c near", 0.9),
        entry("d rejected", 1.5, Outcome.REJECTED),
        entry("e worse", 3.0, Outcome.REJECTED),
        entry("f failed", None, Outcome.FAILED),
        entry("g copied", None, Outcome.COPIED),
    ]
    names = [entry.receipt.name for entry in ordered(entries)]
    assert names == ["f failed", "e worse", "d rejected", "c near", "b far", "a rest", "g copied"]
    path = page.write(tmp_path, entries, [run()])
    assert [row["name"] for row in rows(path)] == names
    assert [section(entry) for entry in ordered(entries)][::3] == [Section.FAILED, Section.JUDGED, Section.REST]


@pytest.mark.parametrize(
    ("name", "value", "bound", "share"),
    [
        ("color_drift", 0.5, 2.0, 0.25),
        ("color_drift", 2.0, 2.0, 1.0),
        ("color_drift", 0.0, 0.0, 0.0),
        ("color_drift", 0.1, 0.0, math.inf),
        ("seam", math.nan, 2.0, math.inf),
        ("consistency", 40.0, 40.0, 1.0),
        ("consistency", 60.0, 40.0, 0.1),
        ("encoding", 20.0, 40.0, 10.0),
        ("consistency", math.inf, 40.0, 0.0),
        ("consistency", -math.inf, 40.0, math.inf),
        ("consistency", 40.0, None, None),
    ],
)
def test_an_allowance_is_used_up_towards_the_side_that_is_worse(
    name: str, value: float, bound: float | None, share: float | None
) -> None:
    found = used(Figure(name, value, bound))
    assert found == share if share is None else found == pytest.approx(share)


def test_numbers_that_json_does_not_know_reach_the_page(tmp_path: Path) -> None:
    figures = (Figure("consistency", math.inf, 40.0), Figure("seam", math.nan, 1.0), Figure("color_drift", 0.0, 0.0))
    path = page.write(tmp_path, [Entry(Receipt("a.png", Outcome.DONE, figures=figures))], [run()])
    found = {figure["name"]: figure for figure in rows(path)[0]["figures"]}
    assert found["consistency"]["value"] == 1e6 and found["consistency"]["used"] == 0
    assert found["seam"]["value"] == "NaN" and found["seam"]["used"] == 1e6
    assert found["color_drift"] == {"name": "color_drift", "value": 0, "bound": 0, "used": 0}


def test_facts_come_through(tmp_path: Path) -> None:
    entry = done(tmp_path, "walls/brick_n.png", bumps(16), kind=MapKind.NORMAL, figures=(Figure("seam", 0.5, 2.0),))
    (row,) = rows(page.write(tmp_path / "r", [entry], [run()]))
    assert row["name"] == "walls/brick_n.png" and row["folder"] == "walls" and row["kind"] == "normal"
    assert (row["why"], row["sure"], row["again"], row["seconds"]) == ("its name", 0.9, "new", 1.5)
    assert (row["before"]["w"], row["after"]["w"], row["scale"]) == (16, 64, 4)
    assert row["source"] == entry.job.source and row["output"] == entry.receipt.output  # type: ignore[union-attr]
    assert row["notes"] == ["worth knowing"] and row["channels"] == {"0": "x", "1": "y", "2": "z"}
    assert row["used"] == 0.25 and row["worst"] == "seam"


def test_maps_of_one_material_know_each_other(tmp_path: Path) -> None:
    entries = [failed(name) for name in ("walls/brick_n.png", "walls/brick_color.png", "walls/lone.png")]
    found = {row["name"]: row.get("material") for row in rows(page.write(tmp_path, entries, [run()]))}
    assert found["walls/brick_n.png"] == found["walls/brick_color.png"] == "walls/brick"
    assert found["walls/lone.png"] is None


def test_totals_and_trend_are_there_without_any_script(tmp_path: Path) -> None:
    runs = [run("2026-11-26T02:00:00Z", done=7, failed=1), run("2026-11-27T02:00:00Z", done=4, failed=3, current=9000)]
    text = page.write(tmp_path, [], runs).read_text(encoding="utf-8")
    assert "<dd>9,000" in text and re.search(r"<dd>3<small[^>]*>\+2</small>", text)
    assert text.count('<g class="run">') == 2
    assert "2026-11-26T02:00:00Z: 7 done, 0 copied, 0 rejected, 1 failed" in text


def test_a_report_without_any_run_or_texture_is_a_page(tmp_path: Path) -> None:
    Markup(page.write(tmp_path, [], []).read_text(encoding="utf-8"))


# Whom it believes, and whom it asks


def test_no_name_becomes_markup_or_script(tmp_path: Path) -> None:
    calm = Markup(page.write(tmp_path / "calm", [failed("a.png", "b")], [run()]).read_text(encoding="utf-8"))
    path = page.write(tmp_path / "wild", [failed(HOSTILE, HOSTILE)], [run()], orphans=[HOSTILE])
    wild = Markup(path.read_text(encoding="utf-8"))
    assert [tag for tag, _ in wild.tags] == [tag for tag, _ in calm.tags]
    assert wild.scripts[1] == calm.scripts[1] and wild.open == []
    assert (rows(path)[0]["name"], rows(path)[0]["error"], data(path)["orphans"]) == (HOSTILE, HOSTILE, [HOSTILE])


def test_no_device_becomes_markup(tmp_path: Path) -> None:
    hostile = page.Summary(HOSTILE[:60], 1.0, HOSTILE[:60], HOSTILE[:60], shard=HOSTILE[:60])
    text = page.write(tmp_path, [], [hostile, hostile]).read_text(encoding="utf-8")
    assert "<img src=x" not in text and "<script>alert" not in text
    assert Markup(text).open == []


def test_a_texture_of_any_name_has_a_preview_of_a_plain_name(tmp_path: Path) -> None:
    names = {"a#b?c%41 d.png": "a#b?c%41 d.png", HOSTILE: "x.png", "ä/" + "n" * 300: "y.png"}
    entries = [done(tmp_path, name, picture(8, 8, seed=i), file=file) for i, (name, file) in enumerate(names.items())]
    path = page.write(tmp_path / "r", entries, [run()])
    assert {row["name"] for row in rows(path)} == names.keys()
    for file in (path.parent / "previews").iterdir():
        assert re.fullmatch(r"[0-9a-f]{24}(\.js|\.webp|-detail\.webp)", file.name)
    assert all(shown(path, row)["whole"] for row in rows(path))


def test_the_page_asks_nobody(tmp_path: Path) -> None:
    path = page.write(tmp_path, [done(tmp_path, "a.png", picture(8, 8))], [run(), run()])
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"https?:|//[a-z0-9-]+\.[a-z]|@import|url\((?!#)", text, re.IGNORECASE)
    markup = Markup(text)
    for tag, attributes in markup.tags:
        assert "src" not in attributes and not any(name.startswith("on") for name in attributes), tag
        assert tag not in ("iframe", "object", "embed", "base", "form")
    (policy,) = (a["content"] for _, a in markup.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none'") and "unsafe-eval" not in policy
    assert "innerHTML" not in text and "insertAdjacentHTML" not in text and "document.write" not in text


def test_the_policy_knows_the_script_that_is_in_the_page(tmp_path: Path) -> None:
    import hashlib

    markup = Markup(page.write(tmp_path, [], []).read_text(encoding="utf-8"))
    digest = base64.b64encode(hashlib.sha256(markup.scripts[1].encode()).digest()).decode()
    assert any(f"'sha256-{digest}'" in (attributes.get("content") or "") for _, attributes in markup.tags)


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


# How it looks, and how it is asked for


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(scheme: str) -> None:
    style = (Path(page.__file__).parent / "report.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]+)", blocks[0 if scheme == "light" else 1]))

    def light(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
        values = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for ground in ("ground", "sheet"):
        for text in ("text", "dim", "faint", "failed", "rejected", "done", "quiet"):
            high, low = sorted((light(colours[text]), light(colours[ground])), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)


def test_the_command_writes_what_the_record_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = done(tmp_path, "a.png", picture(8, 8))
    with Receipts(tmp_path / "out") as receipts:
        receipts.record(entry.receipt, entry.job)
        receipts.add_run(run(done=1))
    assert run_cli(["report", str(tmp_path / "out")]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path == tmp_path / "out" / "_report" / "report.html"
    assert [row["name"] for row in rows(path)] == ["a.png"] and data(path)["started"] == run().started
    assert run_cli(["report", str(tmp_path / "out"), "--single-file", "--to", str(tmp_path / "mail")]) == 0
    assert [file.name for file in (tmp_path / "mail").iterdir()] == ["report.html"]


def test_the_command_asks_for_the_right_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["report", str(tmp_path)]) == 2
    assert "holds no record of a run" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_command_names_results_without_a_source(tmp_path: Path) -> None:
    entries = [done(tmp_path, name, picture(8, 8)) for name in ("walls/a.png", "walls/b.png")]
    with Receipts(tmp_path / "out") as receipts:
        for entry in entries:
            receipts.record(entry.receipt, entry.job)
    os.remove(entries[1].job.source)  # type: ignore[union-attr]
    assert run_cli(["report", str(tmp_path / "out"), "--to", str(tmp_path / "r")]) == 0
    assert data(tmp_path / "r" / "report.html")["orphans"] == ["walls/b.png"]


def test_a_report_is_no_source_of_the_next_run(tmp_path: Path) -> None:
    library = tmp_path / "lib"
    entry = done(tmp_path, "a.png", picture(8, 8))
    with Receipts(library / "out") as receipts:
        receipts.add_run(run())
    path = page.write(library / "out" / REPORT, [entry], [run()])
    assert len(stamps(path)) == 3
    assert list(scan(library, ours=known_outputs_under(library)).names) == ["a.png"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "r").write_text("in the way")
    with pytest.raises(OutputError):
        page.write(tmp_path / "r", [failed("a.png")], [run()])
