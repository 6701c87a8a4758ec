"""Calls that fail: every run ends in words, leaves nothing half written, and the next one brings all to its end."""

from __future__ import annotations

import pytest

from tests.torture.bench import Bench, set_up
from tests.torture.faults import spread
from tests.torture.shim import WHY_NOT

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return set_up(tmp_path_factory.mktemp("bench"), warm=True)


def test_a_spread_reaches_from_the_first_call_to_the_last() -> None:
    assert spread(5, None) == [1, 2, 3, 4, 5]
    assert spread(3, 9) == [1, 2, 3]
    assert spread(100, 4) == [1, 26, 51, 76]
    assert spread(100, 4, 0.5) == [13, 38, 63, 88]
