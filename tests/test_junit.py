"""What a run came to, as build servers read it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from cg_upscaler.job import Outcome, Problem
from cg_upscaler.report.junit import junit_xml
from cg_upscaler.summary import Entry
from tests.ended import ENTRIES, ODD, PROBLEM, SUMMARY, job, odd, receipt

ALLOWED = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}
"""Elements and attributes that Jenkins' schema (junit-10.xsd) has, of those that are used."""
WITHIN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"failure", "skipped", "system-out"},
}


def told(*entries: Entry, problems: tuple[Problem, ...] = ()) -> ET.Element:
    root = ET.fromstring(junit_xml(entries, problems, SUMMARY).encode("utf-8"))
    for element in root.iter():
        assert element.attrib.keys() <= ALLOWED[element.tag]
        assert {child.tag for child in element} <= WITHIN.get(element.tag, set())
        assert re.fullmatch(r"[0-9]+\.[0-9]{3}", element.get("time", "0.000"))
    return root


def cases(root: ET.Element) -> dict[str, ET.Element]:
    return {case.attrib["name"]: case for case in root.iter("testcase")}


def test_each_top_folder_is_a_suite_that_counts_its_textures() -> None:
    root = told(*ENTRIES, problems=(PROBLEM,))
    found = {suite.get("name"): suite for suite in root}
    assert list(found) == ["(top)", "foliage", "ui"]
    counts = {name: [suite.get(key) for key in ("tests", "failures", "skipped")] for name, suite in found.items()}
    assert counts == {"(top)": ["2", "0", "0"], "foliage": ["2", "2", "0"], "ui": ["4", "1", "2"]}
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("8", "3", "0")
    for suite in root:
        assert len(suite.findall("testcase")) == int(suite.attrib["tests"])
        assert len(suite.findall("testcase/failure")) == int(suite.attrib["failures"])
        assert len(suite.findall("testcase/skipped")) == int(suite.attrib["skipped"])


def test_a_failure_says_why_where_jenkins_and_where_gitlab_looks() -> None:
    found = cases(told(*ENTRIES, problems=(PROBLEM,)))
    for name, reason in (("foliage/grass.png", "no space is left"), ("ui/broken.png", PROBLEM.message)):
        (failure,) = found[name]
        assert (failure.tag, failure.get("type"), failure.get("message")) == ("failure", "failed", reason)
        assert failure.text == reason


def test_a_rejected_result_is_a_failure_of_quality_with_its_figures() -> None:
    (failure,) = cases(told(*ENTRIES))["foliage/v1.2/leaf.png"]
    assert (failure.get("type"), failure.get("message")) == ("quality", "coverage is lost")
    assert failure.text == "coverage is lost\ncoverage_error: 0.031, bound 0.01, BROKEN\ncolor_drift: inf"


def test_what_is_up_to_date_passes_and_took_no_time() -> None:
    case = cases(told(*ENTRIES))["rock_n.png"]
    assert (case.get("time"), len(case)) == ("0.000", 0)


def test_what_an_earlier_run_did_took_this_one_no_time() -> None:
    before, now = (receipt(f"{at}.png", seconds=9.0, at=f"2026-11-{at}T02:00:07Z") for at in (26, 28))
    found = cases(told(Entry(before), Entry(now)))
    assert [case.get("time") for case in found.values()] == ["0.000", "9.000"]


def test_what_was_not_done_is_skipped_and_says_why() -> None:
    found = cases(told(*ENTRIES))
    assert found["ui/old.png"][0].get("message") == "a rule says so"
    assert "stopped" in (found["ui/late.png"][0].get("message") or "")


def test_folders_are_classes_as_jenkins_shows_a_tree() -> None:
    found = cases(told(*ENTRIES))
    assert found["foliage/v1.2/leaf.png"].get("classname") == "foliage.v1_2"
    assert found["rock.png"].get("classname") == "(top)"


def test_a_texture_is_one_case_though_it_is_told_twice() -> None:
    entry = Entry(receipt("ui/broken.png", Outcome.FAILED, error="first"))
    assert len(cases(told(entry, problems=(PROBLEM,)))) == 1


@pytest.mark.parametrize("name", ODD)
def test_every_name_gives_valid_xml(name: str) -> None:
    ((case,),) = (list(told(odd(name)).iter("testcase")),)
    shown = case.attrib["name"]
    assert shown.isprintable()
    if name.isprintable():
        assert shown == f"ui/{name}"
    assert "\\x1b[31mbad" in (case[0].text or "")


def test_odd_names_stay_apart() -> None:
    assert len(cases(told(*map(odd, ODD), *map(odd, ("bell\b.png", "bell.png", "\udcfe.png"))))) == len(ODD) + 3


def test_a_run_with_no_textures_is_valid_too() -> None:
    assert len(told()) == 0


def test_no_figure_needs_a_job() -> None:
    assert len(cases(told(Entry(receipt("a.png"), job("a.png")), Entry(receipt("b.png"))))) == 2
