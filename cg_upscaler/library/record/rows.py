"""How receipts and jobs stand in the record's tables."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path

from cg_upscaler.job import Job, Receipt
from cg_upscaler.library.record.base import Statement
from cg_upscaler.wire import from_plain, to_plain

OUTPUT = "INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, ?, ?, ?)"


def within(folder: Path, path: Path) -> str:
    """Return a path relative to a folder, links resolved but for the file's own. `ValueError`: outside."""
    return Path(os.path.realpath(path.parent), path.name).relative_to(folder).as_posix()


def kept(receipt: Receipt, job: bytes | None) -> list[Statement]:
    """Return what keeps a receipt, and the job that it is of where that is given."""
    row = receipt.name, receipt.key, receipt.outcome.value, receipt.at, as_text(receipt)
    statements: list[Statement] = [("INSERT OR REPLACE INTO receipts VALUES (?, ?, ?, ?, ?)", row)]
    if job:
        statements.append(("INSERT OR REPLACE INTO jobs VALUES (?, ?)", (receipt.name, job)))
    return statements


def unsettled(name: str) -> Statement:
    """Return what has a texture's folder planned again, whatever becomes of the run: its result is another one now."""
    return "DELETE FROM folders WHERE folder = ?", (name.rpartition("/")[0],)


def as_text(receipt: Receipt) -> str:
    return json.dumps(to_plain(receipt))


def as_receipt(text: str) -> Receipt:
    return from_plain(Receipt, json.loads(text))


def squeezed(job: Job) -> bytes:
    return zlib.compress(json.dumps(to_plain(job), separators=(",", ":")).encode(), 3)


def as_job(data: bytes) -> Job | None:
    """Return a kept job; None for one of another version, whose fields are others."""
    try:
        return from_plain(Job, json.loads(zlib.decompress(data)))
    except (ValueError, zlib.error):
        return None
