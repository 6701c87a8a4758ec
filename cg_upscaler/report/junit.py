"""Tells a build server what a run came to, in JUnit's XML: a suite for each folder, a test case for each texture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from cg_upscaler.job import Figure, Outcome, Problem, Receipt
from cg_upscaler.report.plain import readable
from cg_upscaler.summary import Entry, Summary

ROOT = "(top)"
"""The suite of textures that lie in no folder."""

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""
_BREAKING = re.compile("[\t\n\r]")

_FAILURES = {Outcome.FAILED: "failed", Outcome.REJECTED: "quality"}
_SKIPS = {Outcome.SKIPPED: "skipped", Outcome.CANCELLED: "the run was stopped before it was done"}


def junit_xml(entries: Iterable[Entry], problems: Iterable[Problem], summary: Summary) -> str:
    """Return the XML that Jenkins and GitLab read. What failed or was rejected is a failure, with its reason."""
    receipts = {entry.receipt.name: entry.receipt for entry in entries}
    for problem in problems:
        receipts.setdefault(problem.name, Receipt(problem.name, Outcome.FAILED, error=problem.message))
    folders: dict[str, list[Receipt]] = {}
    for receipt in receipts.values():
        folder, slash, _ = receipt.name.partition("/")
        folders.setdefault(folder if slash else ROOT, []).append(receipt)
    root = ET.Element(
        "testsuites", {"name": "cg-upscale", "time": f"{summary.seconds:.3f}", **_totals(receipts.values())}
    )
    for folder, ended in sorted(folders.items()):
        root.append(_suite(folder, ended, summary))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _totals(receipts: Iterable[Receipt]) -> dict[str, str]:
    outcomes = [receipt.outcome for receipt in receipts]
    failures = sum(outcome in _FAILURES for outcome in outcomes)
    return {"tests": str(len(outcomes)), "failures": str(failures), "errors": "0"}


def _suite(folder: str, receipts: list[Receipt], summary: Summary) -> ET.Element:
    attributes = {
        "name": _line(folder),
        **_totals(receipts),
        "skipped": str(sum(receipt.outcome in _SKIPS for receipt in receipts)),
        "time": f"{sum(_seconds(receipt, summary) for receipt in receipts):.3f}",
        "timestamp": _line(summary.started.rstrip("Z")),  # without a zone, as the schema's pattern has it
    }
    suite = ET.Element("testsuite", attributes)
    properties = ET.SubElement(suite, "properties")
    for name in ("version", "device", "shard"):
        if value := getattr(summary, name):
            ET.SubElement(properties, "property", name=name, value=_line(value))
    suite.extend(_case(receipt, summary) for receipt in sorted(receipts, key=lambda receipt: receipt.name))
    return suite


def _case(receipt: Receipt, summary: Summary) -> ET.Element:
    """Return a texture. It is named by its whole path, as of two cases with one name GitLab shows one."""
    case = ET.Element(
        "testcase",
        classname=_line(_class(receipt.name)),
        name=_line(receipt.name),
        time=f"{_seconds(receipt, summary):.3f}",
    )
    if receipt.outcome in _FAILURES:
        reason = receipt.error or receipt.outcome.value
        # Jenkins shows the attribute first, GitLab the text alone.
        failure = ET.SubElement(case, "failure", type=_FAILURES[receipt.outcome], message=_line(reason))
        failure.text = _text("\n".join([reason, *_figures(receipt.figures), *receipt.notes]))
    elif receipt.outcome in _SKIPS:
        reason = "; ".join(receipt.notes) or _SKIPS[receipt.outcome]
        ET.SubElement(case, "skipped", message=_line(reason)).text = _text(reason)
    elif receipt.why or receipt.notes:
        ET.SubElement(case, "system-out").text = _text("\n".join(filter(None, [receipt.why, *receipt.notes])))
    return case


def _class(name: str) -> str:
    """Return a texture's folders as a class is called, which Jenkins shows as a tree: ``foliage.trees``."""
    folders = name.split("/")[:-1]
    return ".".join(folder.replace(".", "_") for folder in folders) or ROOT


def _seconds(receipt: Receipt, summary: Summary) -> float:
    """Return the time this run spent on it: what is up to date has a receipt with the time that it once took."""
    earlier = receipt.outcome in (Outcome.CURRENT, *_SKIPS) or "" < receipt.at < summary.started
    return 0.0 if earlier else receipt.seconds


def _figures(figures: Iterable[Figure]) -> Iterator[str]:
    for figure in figures:
        bound = "" if figure.bound is None else f", bound {figure.bound:g}"
        yield f"{figure.name}: {figure.value:g}{bound}{', BROKEN' if figure.broken else ''}"


def _text(text: str) -> str:
    """Return a text that XML can hold: what it cannot is spelled out, as in ``\\x07``."""
    return _ILLEGAL.sub(_spelled, readable(text)).replace("\r", "\\r")


def _line(text: str) -> str:
    """Return the same on one line, as names are shown."""
    return _BREAKING.sub(_spelled, _text(text))


def _spelled(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
