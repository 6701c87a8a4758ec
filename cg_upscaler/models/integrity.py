"""Tells whether a file can be weights at all, and whether it is the one that was meant."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cg_upscaler.errors import ModelError, ModelNotFound, WeightsMismatch

_NOT_WEIGHTS = {
    b"version https://git-lfs": ("a Git LFS pointer in place of the weights", "run 'git lfs pull'"),
    b"<!DOCTYPE": ("a web page in place of the weights", "download the file itself, not the page that links to it"),
    b"<html": ("a web page in place of the weights", "download the file itself, not the page that links to it"),
}


def opening(path: Path) -> bytes:
    """Return a weights file's first bytes. Raises ModelError where they are evidently something else's."""
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except FileNotFoundError:
        raise ModelNotFound("no such weights file", where=path, fix="check the path") from None
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror}", where=path, fix="check its permissions") from error
    if not start:
        raise ModelError("an empty file in place of the weights", where=path, fix="download it again")
    for mark, (what, fix) in _NOT_WEIGHTS.items():
        if start.lower().startswith(mark.lower()):
            raise ModelError(what, where=path, fix=fix)
    return start


def sha256(path: Path) -> str:
    """Return a file's SHA-256 in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def verify(path: Path, expected: str, *, size: int | None = None, fix: str) -> None:
    """Raise WeightsMismatch, naming what differs, unless the file has this size in bytes and this SHA-256."""
    opening(path)
    if size is not None and (actual := path.stat().st_size) != size:
        raise WeightsMismatch(f"size differs: {actual:,} bytes, expected {size:,}", where=path, fix=fix)
    if (digest := sha256(path)) != expected:
        raise WeightsMismatch(f"hash differs: SHA-256 {digest}, expected {expected}", where=path, fix=fix)
