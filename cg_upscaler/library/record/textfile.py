"""Reads and writes the lock file: the receipts of an output folder as text, fit for version control."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from cg_upscaler.codecs import write_text
from cg_upscaler.errors import UsageError
from cg_upscaler.job import Outcome, Receipt
from cg_upscaler.library.outputs import Output
from cg_upscaler.wire import from_plain, to_plain

VERSION = 1

_HEAD = f'{{"cg-upscale lock": {VERSION}}}'
"""The first line. Each further one is a texture or a description, in the order of their names."""

_PASSING = ("seconds", "at", "why")
"""What of a receipt says how a run went and not what was made: it would change the file for nothing."""


@dataclass(frozen=True, slots=True)
class Locked:
    """What a lock file holds."""

    receipts: tuple[Receipt, ...]
    outputs: tuple[Output, ...]


def write_lock(path: Path, folder: Path, receipts: Iterable[Receipt], outputs: Iterable[Output]) -> None:
    """Write what was made in an output folder; only where it would change. Raises `OutputError`."""
    lines = [_HEAD, *sorted(_lines(folder, receipts, outputs))]
    text = "\n".join(lines) + "\n"
    try:
        same = path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        same = False
    if not same:
        write_text(path, text)


def read_lock(path: Path, folder: Path) -> Locked:
    """Return what a lock file says of an output folder. Raises `UsageError` where it is none, or of a later version."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", where=path, fix="bring it back, or remove it") from error
    head, _, rest = text.partition("\n")
    if head.strip() != _HEAD:
        fix = "use the version of cg-upscale that wrote it, or remove it"
        raise UsageError("is no lock file that this version knows", where=path, fix=fix)
    receipts, outputs = [], []
    for number, line in enumerate(rest.split("\n"), 2):
        if not line.strip():
            continue
        try:
            plain = json.loads(line)
            outputs.append(_output(plain))
            if "receipt" in plain:
                receipts.append(_receipt(plain, folder))
        except (ValueError, KeyError, TypeError) as error:
            fix = "resolve the merge there, or remove the line"
            raise UsageError(f"is no line of a lock file: {error}", where=f"{path}:{number}", fix=fix) from None
    return Locked(tuple(receipts), tuple(outputs))


def _lines(folder: Path, receipts: Iterable[Receipt], outputs: Iterable[Output]) -> Iterable[str]:
    done = {receipt.name: receipt for receipt in receipts if receipt.outcome in (Outcome.DONE, Outcome.COPIED)}
    for output in outputs:
        plain: dict[str, Any] = {
            "name": output.name,
            "path": output.path,
            "source": output.source_hash,
            "hash": output.hash,
        }
        receipt = done.get(output.name)
        if receipt is not None and Path(receipt.output) == folder / output.path:
            rest = to_plain(receipt)
            for field in (*_PASSING, "name", "output", "source_hash", "output_hash"):
                del rest[field]
            if not receipt.models:
                del rest["models"]
            plain["receipt"] = rest
        yield json.dumps(plain, ensure_ascii=False)


def _output(plain: dict[str, Any]) -> Output:
    """Return what a line says of an output. Raises `ValueError`, `KeyError`, `TypeError`."""
    path, name, source, content = (plain[field] for field in ("path", "name", "source", "hash"))
    if not all(isinstance(each, str) for each in (path, name, source, content)):
        raise ValueError("path, name, source and hash are texts")
    if any(each(path).anchor or ".." in each(path).parts for each in (PurePosixPath, PurePath)) or not path:
        raise ValueError(f"{path!r} lies outside of the output folder")
    return Output(path, content, -1, -1, source, name)


def _receipt(plain: dict[str, Any], folder: Path) -> Receipt:
    known = {"name": plain["name"], "source_hash": plain["source"], "output_hash": plain["hash"], "output": ""}
    receipt: Receipt = from_plain(Receipt, {**plain["receipt"], **known})
    return replace(receipt, output=str(folder / plain["path"]))
