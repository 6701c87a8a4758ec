"""What a killed process left is swept away, also while the system still lists that process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cg_upscaler import codecs
from cg_upscaler.codecs.atomic import Temporary

_LEAVE = "from cg_upscaler.codecs.atomic import Temporary as T; from pathlib import Path as P; print(T(P({!r})).path)"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a list of processes in /proc")
def test_a_process_that_ended_and_was_not_asked_how_owns_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _LEAVE.format(str(tmp_path / "a.png"))], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        left = Path(process.stdout.read().strip())  # to its end; but nobody has waited for the process yet
        left.write_bytes(b"half")
        while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            pass
        own = Temporary(tmp_path / "b.png")
        own.path.write_bytes(b"half")
        assert codecs.sweep(tmp_path) == 1
        assert [own.path] == list(tmp_path.iterdir())
