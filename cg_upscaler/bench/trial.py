"""Runs one peer once in a process of its own: how much memory it takes at most, and whether it survives at all.

Memory is what the process held at its peak, libraries and weights and all, which is what a machine must have for it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cg_upscaler.bench.peer import Peer, Setting
from cg_upscaler.wire import to_plain

_LIMIT_S = 1800
"""After which a peer has hung."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it."""

    bytes: int | None = None
    """At the peak: of the process, or of the card where it runs on one; None where the system does not tell."""
    problem: str | None = None


def trial(peer: Peer, setting: Setting, pictures: Path) -> Trial:
    """Run a peer over the arrays of an ``.npz`` file. What goes wrong there, a crash included, is told, not raised."""
    command = [sys.executable, "-m", "cg_upscaler.bench.child"]
    given = json.dumps({"peer": peer.name, "setting": to_plain(setting), "pictures": str(pictures)})
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return Trial(problem=f"was not done after {_LIMIT_S // 60} minutes")
    if done.returncode < 0:
        return Trial(problem=f"crashed (signal {-done.returncode})")
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return Trial(problem=said[-1])
    found = json.loads(lines[-1])  # libraries may have written lines of their own before it
    return Trial(found["bytes"], found["problem"])
