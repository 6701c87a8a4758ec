"""Writes down what must not have happened, for whoever is to mend it."""

from __future__ import annotations

import sys
import tempfile
import traceback
from pathlib import Path


def noted() -> str:
    """Write the exception that is being handled into a log file, and return what to say of it."""
    with tempfile.NamedTemporaryFile("w", prefix="cg-upscale-", suffix=".log", delete=False, encoding="utf-8") as log:
        log.write(f"{sys.argv}\n{traceback.format_exc()}")
    return f"this is a bug in cg-upscale; please report it with {Path(log.name)}"
