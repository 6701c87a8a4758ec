"""Runs that have ended, for the tests of what is told of them."""

from __future__ import annotations

from cg_upscaler.geometry import Size
from cg_upscaler.job import Action, Figure, Job, Outcome, Plan, Problem, Receipt
from cg_upscaler.maps import MapKind
from cg_upscaler.spec import Depth, DeviceInfo, ImageSpec, Precision
from cg_upscaler.summary import Entry, Summary, counted

ODD = (
    "tab\there.png",
    "new\nline.png",
    "bell\a.png",
    "\udcff.png",
    "\ud83d.png",
    'a"b\\c}.png',
    "<&>]]>.png",
    "\ufffe.png",
)
"""Names that file systems allow."""

PROBLEM = Problem("ui/broken.png", "truncated at row 812 of 1024; export it again")


def job(name: str, kind: MapKind = MapKind.BASE_COLOR, action: Action = Action.UPSCALE, side: int = 1000) -> Job:
    return Job(
        name=name,
        source=f"/lib/{name}",
        output=f"/out/{name}",
        action=action,
        kind=kind,
        why="said so",
        confidence=1.0,
        scale=4,
        source_spec=ImageSpec(Size(side, side), 3, Depth.UINT8, "png"),
    )


def receipt(name: str, outcome: Outcome = Outcome.DONE, seconds: float = 1.5, **more: object) -> Receipt:
    return Receipt(name, outcome, f"/out/{name}", "key", "source", "hash", seconds, **more)  # type: ignore[arg-type]


ENTRIES = (
    Entry(receipt("rock.png", why="new"), job("rock.png")),
    Entry(receipt("rock_n.png", Outcome.CURRENT, 900.0), job("rock_n.png", MapKind.NORMAL)),
    Entry(
        receipt("foliage/v1.2/leaf.png", Outcome.REJECTED, 2.0, error="coverage is lost", figures=(
            Figure("coverage_error", 0.031, 0.01, True), Figure("color_drift", float("inf"), None))),
        job("foliage/v1.2/leaf.png"),
    ),
    Entry(receipt("foliage/grass.png", Outcome.FAILED, 0.25, error="no space is left"), job("foliage/grass.png")),
    Entry(receipt("ui/lut.png", Outcome.COPIED, 0.1), job("ui/lut.png", MapKind.DATA, Action.COPY)),
    Entry(receipt("ui/old.png", Outcome.SKIPPED, notes=("a rule says so",)), job("ui/old.png", action=Action.SKIP)),
    Entry(receipt("ui/late.png", Outcome.CANCELLED, 0.0), job("ui/late.png")),
)  # fmt: skip

PLAN = Plan(
    "/lib", "/out", DeviceInfo("cpu", "a processor", Precision.MIXED, (Precision.MIXED,)),
    tuple(entry.job for entry in ENTRIES if entry.job is not None),
    (PROBLEM,), ("a rule matches nothing",), ("gone.png",),
)  # fmt: skip

RECEIPTS = tuple(entry.receipt for entry in ENTRIES)

_COUNTS = {**counted(RECEIPTS), "failed": 2}
SUMMARY = Summary("2026-11-27T02:00:07Z", 61.5, "1.2.3", "a processor", **_COUNTS, megapixels=1.0, exit_code=1)


def odd(name: str) -> Entry:
    """A texture of an odd name that failed for an odd reason."""
    return Entry(
        receipt(f"ui/{name}", Outcome.FAILED, error=f"{name}: \x1b[31mbad", why=name, notes=(name,)), job(name)
    )
