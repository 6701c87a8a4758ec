"""What the command line's exit codes mean. The one place where they are defined."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command."""

    OK = 0
    """All done, or up to date."""
    FAILED = 1
    """Some textures failed; the rest is done."""
    USAGE = 2
    """Wrong usage, configuration or model: nothing was done."""
    BUG = 3
    """A bug here. A log file is named."""
    GATE = 4
    """A quality gate failed, and nothing else: what broke it lies in `_rejected/`, and the rest is done."""
    INTERRUPTED = 130
    """Ctrl-C. What was finished stays, and nothing is half written."""
