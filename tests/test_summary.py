"""What a run came to, as JSON."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

from cg_upscaler.job import Outcome, Plan, Problem, Receipt
from cg_upscaler.report.summary import SLOWEST, summary_json
from cg_upscaler.standing import Stand, Standing
from cg_upscaler.summary import Summary
from tests.ended import ODD, PLAN, PROBLEM, RECEIPTS, SUMMARY, odd, receipt


def told(
    receipts: tuple[Receipt, ...] = RECEIPTS, problems: tuple[Problem, ...] = (PROBLEM,), plan: Plan = PLAN
) -> dict:
    return json.loads(summary_json(SUMMARY, receipts, problems, plan), parse_constant=pytest.fail)


def test_it_holds_every_figure_of_the_run() -> None:
    run = told()["run"]
    assert run == {**{field.name: getattr(SUMMARY, field.name) for field in fields(Summary)}, "textures": 8}


def test_failures_come_with_their_reasons() -> None:
    found = told()
    assert found["failed"] == [
        {"name": "ui/broken.png", "error": "truncated at row 812 of 1024; export it again"},
        {"name": "foliage/grass.png", "error": "no space is left"},
    ]
    (rejected,) = found["rejected"]
    assert (rejected["name"], rejected["error"]) == ("foliage/v1.2/leaf.png", "coverage is lost")
    assert rejected["figures"][0] == {"name": "coverage_error", "value": 0.031, "bound": 0.01, "broken": True}
    assert rejected["figures"][1]["value"] is None  # infinite, which JSON cannot say


def test_changed_are_the_files_that_this_run_wrote() -> None:
    assert told()["changed"] == ["rock.png", "ui/lut.png"]
    beside = receipt("rock.png")
    elsewhere = Plan("/lib", "/elsewhere", PLAN.device, PLAN.jobs)
    assert told((beside,), plan=elsewhere)["changed"] == ["/out/rock.png"]


def test_blocked_are_textures_whose_place_is_taken() -> None:
    stands = (Standing(Stand.DUE, "new"), Standing(Stand.CURRENT), Standing(Stand.BLOCKED, "edited by somebody"))
    assert told(plan=replace(PLAN, standings=stands))["blocked"] == [
        {"name": "foliage/v1.2/leaf.png", "why": "edited by somebody"}
    ]
    assert told()["blocked"] == told()["kept"] == []


def test_kept_are_textures_that_somebody_edited() -> None:
    stands = (Standing(Stand.KEPT, "edited by somebody"), Standing(Stand.DUE, "new"))
    assert told(plan=replace(PLAN, standings=stands))["kept"] == [{"name": "rock.png", "why": "edited by somebody"}]


def test_kinds_are_counted_by_outcome() -> None:
    kinds = told()["kinds"]
    assert list(kinds) == ["base_color", "data", "normal"]
    color = kinds["base_color"]
    assert [color[each.value] for each in Outcome] == [1, 0, 1, 0, 1, 1, 1]
    assert (color["textures"], color["megapixels"]) == (5, 1.0)  # only what was done
    assert kinds["normal"]["current"] == 1 and kinds["data"]["copied"] == 1
    assert sum(kind["textures"] for kind in kinds.values()) == len(RECEIPTS)


def test_slowest_are_of_this_run_alone() -> None:
    names = [each["name"] for each in told()["slowest"]]
    assert names == ["foliage/v1.2/leaf.png", "rock.png", "foliage/grass.png"]
    current = tuple(receipt(f"{number}.jpg", Outcome.CURRENT, 900.0) for number in range(20))  # which once took long
    many = (*current, *(receipt(f"{number}.png", seconds=number) for number in range(50)))
    assert [each["seconds"] for each in told(many)["slowest"]] == list(range(49, 49 - SLOWEST, -1))


def test_a_run_with_nothing_to_say_has_empty_lists() -> None:
    found = told((), (), Plan("/lib", "/out", PLAN.device, ()))
    assert [found[key] for key in ("failed", "rejected", "changed", "slowest", "kinds")] == [[], [], [], [], {}]


def test_the_documentation_has_every_field() -> None:
    text = (Path(__file__).parent.parent / "docs" / "nightly.md").read_text("utf-8")
    text = text[text.index("### Summary") : text.index("### JUnit")]
    found = told()
    named = set(re.findall(r"`(\w+)`", text))
    assert {
        *found,
        *found["run"],
        *found["rejected"][0],
        *found["slowest"][0],
        *found["rejected"][0]["figures"][0],
    } <= named


@pytest.mark.parametrize("name", ODD)
def test_every_name_gives_valid_json(name: str) -> None:
    text = summary_json(SUMMARY, (odd(name).receipt,), (Problem(name, name),), PLAN)
    json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")
