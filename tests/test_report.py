"""The report's page: it says what is the matter, asks nobody, believes no name, and makes no preview twice."""

from __future__ import annotations

import base64
import math
import os
import re
from pathlib import Path

import pytest
from report_library import bumps, done, failed, picture, run
from report_markup import Markup, data, rows, shown

from cg_upscaler.cli import run_cli
from cg_upscaler.errors import OutputError
from cg_upscaler.job import Figure, Outcome, Receipt
from cg_upscaler.library.receipts import REPORT, Receipts
from cg_upscaler.library.record.known import known_outputs_under
from cg_upscaler.library.scan import scan
from cg_upscaler.maps import MapKind
from cg_upscaler.report import page
from cg_upscaler.report.page.allowance import Section, ordered, section, used
from cg_upscaler.summary import Entry

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\"&{{DATA}}\n\u2028ä\udce4#?%41.png"


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
    assert len(list((path.parent / "previews").iterdir())) == 3
    assert list(scan(library, ours=known_outputs_under(library)).names) == ["a.png"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "r").write_text("in the way")
    with pytest.raises(OutputError):
        page.write(tmp_path / "r", [failed("a.png")], [run()])
