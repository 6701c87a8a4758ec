"""`kill -9` at random moments, and resume: nothing is lost, half written or done again."""

from __future__ import annotations

import pytest

from tests.torture.bench import Bench, empty, set_up
from tests.torture.kill import kill_and_resume, moments


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return set_up(tmp_path_factory.mktemp("bench"))


def test_a_run_killed_at_random_moments_ends_as_an_undisturbed_one(bench: Bench) -> None:
    for at, kill in enumerate(moments(bench, 6, seed=6)):
        kill_and_resume(bench, kill, empty(bench.folder / f"killed-{at}"), redo=3)
