"""Reads and writes what a JPEG, a WebP or a PSD says beside its texels."""

from __future__ import annotations

import struct
from pathlib import Path

from cg_upscaler.codecs.chunks import riff
from cg_upscaler.codecs.metadata import Metadata
from cg_upscaler.codecs.png import suits
from cg_upscaler.codecs.sniff import damaged
from cg_upscaler.codecs.tags import ORIENTATION, Tag, ascii_tag, resized, tags_of
from cg_upscaler.geometry import Size

_EXIF, _XMP, _ICC = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"
_APP0, _APP1, _APP2, _COM = b"\xe0", b"\xe1", b"\xe2", b"\xfe"
_LONGEST = 65533
_MOST = 1 << 26
_CM = 2.54

TEXTS = {0x10D: "Title", 0x10E: "Description", 0x13B: "Author", 0x8298: "Copyright", 0x131: "Software"}
"""What tags of EXIF and TIFF are called as keys of text."""


def metadata(path: Path) -> Metadata:
    """Return what the segments of a JPEG say, up to its first scan."""
    raw: list[tuple[bytes, bytes]] = []
    profile: dict[int, bytes] = {}
    exif = xmp = b""
    text, dpi, lost = [], None, []
    with path.open("rb") as file:
        file.seek(2)
        while True:
            head = file.read(2)
            while head[1:] == b"\xff":  # fill bytes
                head = head[1:] + file.read(1)
            size = file.read(2)
            if head[:1] != b"\xff" or head[1:] in (b"\xda", b"\xd9") or len(size) < 2:
                break
            kind, data = head[1:], file.read(max(int.from_bytes(size, "big") - 2, 0))
            if file.tell() > _MOST:
                raise damaged(path, f"says more than {_MOST >> 20} MiB before its texels")
            if kind == _APP1 and data.startswith(_EXIF):
                exif = data[6:]
            elif kind == _APP1 and data.startswith(_XMP):
                xmp = data[len(_XMP) :]
            elif kind == _APP2 and data.startswith(_ICC) and len(data) > 14:
                profile[data[12]] = data[14:]
            elif kind == _COM:
                text.append(("Comment", data.rstrip(b"\0").decode("utf-8", "replace")))
            elif kind == _APP0 and data.startswith(b"JFIF\0") and len(data) >= 12:
                unit, across, down = struct.unpack_from(">BHH", data, 7)
                factor = {1: 1.0, 2: _CM}.get(unit)
                dpi = (across * factor, down * factor) if factor and across and down else None
            elif kind == _APP2 and data.startswith(b"MPF\0"):
                lost.append("further pictures")
                continue
            elif b"\xe1" <= kind <= b"\xef" and kind != b"\xee":  # the colour transform, which is the encoder's
                if kind != b"\xed" and not data.startswith(b"http://ns.adobe.com/xmp/extension/"):
                    lost.append(f"APP{kind[0] - 0xE0} segment")
                    continue
            else:
                continue
            raw.append((kind, data))
    icc = b"".join(profile[number] for number in sorted(profile))
    text += text_in(tags_of(exif))
    found = Metadata(icc, exif, xmp, tuple(text), turned(exif), dpi, tuple(raw), container="jpg", lost=tuple(lost))
    return found


def with_segments(encoded: bytes, metadata: Metadata, size: Size, colours: int) -> bytes:
    """Return a JPEG with what it is to say, after the header of JFIF with which it begins."""
    length = 4 + int.from_bytes(encoded[4:6], "big")
    head, rest = encoded[:length], encoded[length:]
    if metadata.dpi is not None:
        across, down = (min(max(round(dots), 1), 0xFFFF) for dots in metadata.dpi)
        head = head[:13] + struct.pack(">BHH", 1, across, down) + head[18:]
    if metadata.container != "jpg":
        segments = _built(metadata, size, colours)
    else:
        segments = []
        for kind, data in metadata.raw:
            if kind == _APP0:
                head = head[:13] + data[7:12] + head[18:]
            elif kind == _APP1 and data.startswith(_EXIF):
                segments.append((kind, _EXIF + resized(data[6:], size.width, size.height)))
            elif not data.startswith(_ICC) or suits(metadata.icc, colours):
                segments.append((kind, data))
    said = b"".join(b"\xff" + kind + struct.pack(">H", len(data) + 2) + data for kind, data in segments)
    return head + said + rest


def _built(metadata: Metadata, size: Size, colours: int) -> list[tuple[bytes, bytes]]:
    segments = []
    exif = metadata.exif_for(size)
    if exif and len(exif) <= _LONGEST - 6:
        segments.append((_APP1, _EXIF + exif))
    if metadata.xmp and len(metadata.xmp) <= _LONGEST - len(_XMP):
        segments.append((_APP1, _XMP + metadata.xmp))
    if metadata.icc and suits(metadata.icc, colours):
        step = _LONGEST - 14
        parts = [metadata.icc[at : at + step] for at in range(0, len(metadata.icc), step)]
        if len(parts) < 256:
            segments += [(_APP2, _ICC + bytes([i + 1, len(parts)]) + part) for i, part in enumerate(parts)]
    known = {value for _, value in text_in(tags_of(exif))}
    for key, value in metadata.text:
        said = value if key in ("Comment", "Description") else f"{key}: {value}"
        if value not in known:
            segments.append((_COM, said.encode()[:_LONGEST]))
    return segments


def turned(exif: bytes) -> int:
    """Return the orientation in a block of EXIF, 1 … 8; 1 where there is none."""
    found = next((int(tag.number) for tag in tags_of(exif) if tag.code == ORIENTATION), 1)
    return found if 1 <= found <= 8 else 1


def text_in(tags: tuple[Tag, ...]) -> list[tuple[str, str]]:
    return [(TEXTS[tag.code], tag.text) for tag in tags if tag.code in TEXTS and tag.kind == 2 and tag.text]


def text_tags(metadata: Metadata) -> tuple[Tag, ...]:
    """Return text as tags: what has none of its own becomes part of the description."""
    codes = {name: code for code, name in TEXTS.items()}
    said = {codes[key]: value for key, value in metadata.text if key in codes}
    others = [value if key == "Comment" else f"{key}: {value}" for key, value in metadata.text if key not in codes]
    if others:
        said[0x10E] = "\n".join(filter(None, [said.get(0x10E), *others]))
    return tuple(ascii_tag(code, value.replace("\0", " ")) for code, value in sorted(said.items()))


def webp(path: Path) -> Metadata:
    """Return what the chunks of a WebP say."""
    held = {}
    with path.open("rb") as file:
        for kind, start, size in riff(file):
            if kind in (b"ICCP", b"EXIF", b"XMP ") and size <= 1 << 26:
                file.seek(start)
                held[kind] = file.read(size)
    exif = held.get(b"EXIF", b"").removeprefix(_EXIF)
    return Metadata(
        held.get(b"ICCP", b""),
        exif,
        held.get(b"XMP ", b""),
        tuple(text_in(tags_of(exif))),
        turned(exif),
        container="webp",
    )


def psd(resources: list[tuple[int, bytes]]) -> Metadata:
    """Return what the image resources of a PSD say: numbers and data (Photoshop's file format, "Image Resources")."""
    held = dict(resources)
    exif, dpi = held.get(1058, b""), None
    if len(held.get(1005, b"")) >= 16:
        across, down = struct.unpack_from(">I4xI", held[1005])
        dpi = across / 65536, down / 65536
    lost = ("layers' paths",) if any(2000 <= number <= 2997 for number in held) else ()
    text = tuple(text_in(tags_of(exif)))
    return Metadata(held.get(1039, b""), exif, held.get(1060, b""), text, turned(exif), dpi, container="psd", lost=lost)
