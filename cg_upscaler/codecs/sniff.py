"""Looks at a file before any decoder does: whether it is there, what it holds, how large it claims to be."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from cg_upscaler.codecs.codec import label
from cg_upscaler.errors import UnreadableImage
from cg_upscaler.geometry import Size

HEAD = 1024
"""Bytes that tell any container, and the size of all but JPEG."""

SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"BM", "bmp"),
    (b"II*\0", "tif"),
    (b"MM\0*", "tif"),
    (b"II+\0", "tif"),
    (b"MM\0+", "tif"),
    (b"v/1\x01", "exr"),
    (b"#?RADIANCE", "hdr"),
    (b"#?RGBE", "hdr"),
    (b"8BPS", "psd"),
    (b"DDS ", "dds"),
    (b"VTF\0", "vtf"),
    (b"GIF8", "gif"),
    (b"\xabKTX 20\xbb\r\n\x1a\n", "ktx2"),
)
LFS_POINTER = b"version https://git-lfs"


def examine(path: Path, container: str) -> Size | None:
    """Return the size that a file's header claims, or None where only its decoder can tell.

    Raises `UnreadableImage` where the file cannot be opened, is empty, is a Git LFS pointer, or does not hold what
    its name promises. A file under another format's name is refused, not guessed at: the result would have to be
    written under that name too, and what loads it may go by the name.
    """
    if path.is_dir():
        raise UnreadableImage("is a folder, not a file", where=path, fix="name the files in it, or run on the folder")
    if path.exists() and not path.is_file():  # a pipe would be waited at for ever
        raise UnreadableImage("is no file", where=path, fix="skip it by a rule")
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
            _require(path, head, container)
            size = _jpeg_size(file) if container == "jpg" else claimed_size(head, container)
    except FileNotFoundError:
        raise UnreadableImage("there is no such file", where=path, fix="check the path") from None
    except PermissionError:
        raise UnreadableImage("may not be read", where=path, fix="check the file's permissions") from None
    except OSError as error:
        raise UnreadableImage(f"cannot be read ({error.strerror})", where=path, fix="check the disk") from error
    except struct.error:
        raise damaged(path, "ends inside its header") from None
    if size == (0, 0):
        return None
    if min(size) < 1:
        raise damaged(path, f"claims a size of {size[0]}×{size[1]}")
    return Size(*size)


def damaged(path: Path, what: str) -> UnreadableImage:
    return UnreadableImage(what, where=path, fix="export it again, or skip it by a rule")


def identify(head: bytes) -> str | None:
    """Return which container some first bytes belong to. TGA has no signature: a header that makes sense is one."""
    for signature, container in SIGNATURES:
        if head.startswith(signature):
            return container
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    tga = len(head) >= 18 and head[1] in (0, 1) and head[2] in (1, 2, 3, 9, 10, 11) and head[16] in (8, 15, 16, 24, 32)
    return "tga" if tga else None


def _require(path: Path, head: bytes, container: str) -> None:
    if not head:
        raise damaged(path, "is empty")
    if head.startswith(LFS_POINTER):
        raise UnreadableImage("is a Git LFS pointer, not the image", where=path, fix="run 'git lfs pull'")
    if not head.strip(b"\0"):
        raise damaged(path, "begins with zeros only")
    found = identify(head)
    if found == container or (container == "tx" and found in ("tif", "exr")):
        return
    if found is None or found == "tga":  # a TGA is recognised too loosely to advise a new name
        raise damaged(path, f"does not begin as a {label(container)} file does: damaged, or misnamed")
    raise UnreadableImage(
        f"holds {label(found)} under the name of a {label(container)}",
        where=path,
        fix=f"rename it to {path.with_suffix('.' + found).name}, or save it as {label(container)}",
    )


def claimed_size(head: bytes, container: str) -> tuple[int, int]:
    """Return (width, height) by a header, (0, 0) where it takes more than these bytes to tell.

    TIFF, OpenEXR and Radiance are left to their decoder, which takes no memory before it is asked for pixels.
    """
    if container == "png":
        return _pair(">II", head, 16)
    if container == "tga":
        return _pair("<HH", head, 12)
    if container == "bmp":
        core = struct.unpack_from("<I", head, 14)[0] == 12  # the header of OS/2, with 16-bit sizes
        width, height = _pair("<HH" if core else "<ii", head, 18)
        return width, abs(height)  # negative where the rows run from the top
    if container == "dds":
        height, width = _pair("<II", head, 12)
        return width, height
    if container == "ktx2":
        return _pair("<II", head, 20)
    if container == "vtf":
        return _pair("<HH", head, 16)
    if container == "psd":
        height, width = _pair(">II", head, 14)
        return width, height
    if container == "webp":
        return _webp_size(head)
    return 0, 0


def _pair(layout: str, head: bytes, offset: int) -> tuple[int, int]:
    first, second = struct.unpack_from(layout, head, offset)
    return first, second


def _webp_size(head: bytes) -> tuple[int, int]:
    kind = head[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if kind == b"VP8L":
        bits = int(struct.unpack_from("<I", head, 21)[0])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = _pair("<HH", head, 26)
    return width & 0x3FFF, height & 0x3FFF


def _jpeg_size(file: BinaryIO) -> tuple[int, int]:
    """Walk a JPEG's segments to its frame header. A progressive one takes memory for all of it once it is opened."""
    file.seek(2)
    while True:
        marker, code, length = struct.unpack(">BBH", file.read(4))
        if marker != 0xFF:
            return 0, 0
        if code == 0xFF:  # a fill byte
            file.seek(-3, 1)
            continue
        if 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">xHH", file.read(5))
            return width, height
        file.seek(length - 2, 1)
