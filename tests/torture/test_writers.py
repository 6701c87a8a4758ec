"""Every write that fails is noticed by the codec that made it, also where the library below it says nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.torture.runs import ROOT
from tests.torture.shim import STATE, WHY_NOT, Shim, build

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Shim:
    return build(tmp_path_factory.mktemp("shim"))


@pytest.mark.parametrize("on", ["0", "1"], ids=["once", "from then on"])
@pytest.mark.parametrize("suffix", ["png", "tga", "tif", "exr", "jpg", "bmp", "webp", "dds", "ktx2", "vtf"])
def test_no_failed_call_of_a_writer_goes_unnoticed(shim: Shim, tmp_path: Path, suffix: str, on: str) -> None:
    folder, state = tmp_path / "files", tmp_path / "state"
    folder.mkdir()
    state.write_bytes(bytes(STATE.size))
    told = {
        "LD_PRELOAD": str(shim.library),
        "TORTURE_UNDER": str(folder),
        "TORTURE_STATE": str(state),
        "TORTURE_ON": on,
    }
    ended = subprocess.run(
        [sys.executable, "-m", "tests.torture.writers", str(folder), str(state), f"a.{suffix}"],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "LD_PRELOAD": str(shim.library), **told},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    found = json.loads(ended.stdout)
    assert found["counted"]["write"] > 0 and found["counted"]["close"] > 0
    assert found["silent"] == []
