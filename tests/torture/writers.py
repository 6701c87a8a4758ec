"""Writes one file through the codecs again and again, another of its calls failing each time, and prints what is wrong.

    python -m tests.torture.writers FOLDER STATE NAME      with the library of `faults.c` before the C library

A line of JSON on stdout: how many calls there are, and which of them failed without the writer noticing.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np
import tifffile

from cg_upscaler import codecs
from cg_upscaler.errors import OutputError
from tests.image_files import write
from tests.pictures import stone
from tests.torture.shim import CHOSEN, STATE

CALLS = ("write", "close", "truncate")

_NUMBERS = {"write": (errno.ENOSPC, errno.EIO), "close": (errno.EIO,), "truncate": (errno.ENOSPC,)}


def main(folder: Path, state: Path, name: str) -> None:
    library = ctypes.CDLL(None)
    path = folder / name
    pixels = stone(96, 5)
    if path.suffix in (".exr", ".hdr"):
        pixels = (pixels / 64).astype(np.float16 if path.suffix == ".exr" else np.float32)

    def attempt(calls: str, at: int, number: int) -> tuple[str, int]:
        """Return the hash of what was written, empty where it was refused, and how many calls were made."""
        state.write_bytes(bytes(STATE.size))
        os.environ.update(TORTURE_CALLS=calls, TORTURE_AT=str(at), TORTURE_ERRNO=str(number))
        library.torture_begin()
        try:
            write(path, pixels, block=96)
            refused = False
        except OutputError:
            refused = True
        made_calls = STATE.unpack(state.read_bytes())[CHOSEN]
        os.environ["TORTURE_AT"] = "0"
        library.torture_begin()
        made = "" if refused else _content(path)
        left = [each.name for each in folder.iterdir() if each != path]
        assert not left, left
        path.unlink(missing_ok=True)
        return made, made_calls

    counted, silent = {}, []
    for calls in CALLS:
        whole, total = attempt(calls, 0, 0)
        assert whole
        counted[calls] = total
        for number in _NUMBERS[calls]:
            for at in range(1, total + 1):
                made, _ = attempt(calls, at, number)
                if made not in ("", whole):
                    silent.append(f"{errno.errorcode[number]} at {calls} {at}")
    sys.stdout.write(json.dumps({"counted": counted, "silent": silent}) + "\n")


def _content(path: Path) -> str:
    """Return the hash of a file. Of a TIFF, of what it says: where a place that the library had set aside could not be
    written it puts its directory elsewhere, and the file is as good."""
    if path.suffix != ".tif":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    image = codecs.read(path)
    return hashlib.sha256(image.pixels.tobytes() + repr((image.spec, image.metadata)).encode()).hexdigest()


def _said(path: Path) -> str:
    """Return a hash of what a file says: of its bytes, but in TIFF of all but where its strips lie.

    Its library tries again where it could not write a list of tags, and then the strips lie elsewhere.
    """
    if path.suffix != ".tif":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    with tifffile.TiffFile(path) as file:
        pages = [(page.asarray().tobytes(), [(tag.name, tag.value) for tag in page.tags]) for page in file.pages]
    kept = [(texels, [tag for tag in tags if tag[0] != "StripOffsets"]) for texels, tags in pages]
    return hashlib.sha256(repr(kept).encode()).hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
