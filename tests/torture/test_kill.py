"""`kill -9` at random moments, and resume: nothing is lost, half written or done again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.torture.bench import Bench, set_up
from tests.torture.kill import kill_and_resume, moments


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = set_up(tmp_path_factory.mktemp("bench"), warm=True)
    yield bench
    bench.close()


def test_a_run_killed_at_random_moments_ends_as_an_undisturbed_one(bench: Bench) -> None:
    for at, kill in enumerate(moments(bench, 12, seed=6)):
        kill_and_resume(bench, kill, bench.folder / f"killed-{at}")
