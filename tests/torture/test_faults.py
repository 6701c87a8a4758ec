"""Calls that fail: every run ends in words, leaves nothing half written, and the next one brings all to its end."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest

from tests.torture.bench import Bench, Way, set_up
from tests.torture.faults import LASTING, OUTPUT, Case, count, fail_and_resume, spread
from tests.torture.shim import WHY_NOT, Fault

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = set_up(tmp_path_factory.mktemp("bench"), warm=True)
    yield bench
    bench.close()


def test_a_spread_reaches_from_the_first_call_to_the_last() -> None:
    assert spread(5, None) == [1, 2, 3, 4, 5]
    assert spread(3, 9) == [1, 2, 3]
    assert spread(100, 4) == [1, 26, 51, 76]
    assert spread(100, 4, 0.5) == [13, 38, 63, 88]


@pytest.mark.parametrize("calls", ["create", "write", "fsync", "rename", "mkdir", "stat", "list"])
def test_a_call_that_fails_fails_one_texture_and_the_next_run_makes_it(bench: Bench, calls: str) -> None:
    total = count(bench, Way.AFRESH)[calls]
    for order, number in enumerate(OUTPUT[calls]):
        (at,) = spread(total, 1, (order + 0.5) / len(OUTPUT[calls]))
        fail_and_resume(bench, Case(Fault(calls, at, number)), bench.folder / f"{calls}-{order}")


@pytest.mark.parametrize(("calls", "number"), LASTING, ids=lambda value: str(value)[:20])
def test_a_disk_that_goes_bad_for_good_ends_a_run_in_words(bench: Bench, calls: str, number: int) -> None:
    total = sum(count(bench, Way.UPDATE)[name] for name in calls.split(","))
    fault = Fault(calls, total // 2, number, on=True)
    hit = fail_and_resume(bench, Case(fault, way=Way.UPDATE), bench.folder / errno.errorcode[number])
    assert "did not come to that" not in hit


def test_a_source_that_cannot_be_read_fails_alone(bench: Bench) -> None:
    total = count(bench, Way.AFRESH, in_library=True)["read"]
    for at in spread(total, 4):
        case = Case(Fault("read", at, errno.EIO), in_library=True)
        fail_and_resume(bench, case, bench.folder / f"read-{at}")
