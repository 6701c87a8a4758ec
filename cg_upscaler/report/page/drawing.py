"""Draws the preview of one texture: source and result, whole and at their most detailed place, as a small script."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cg_upscaler import codecs
from cg_upscaler.codecs import Image
from cg_upscaler.errors import DiskFull
from cg_upscaler.geometry import Size
from cg_upscaler.job import Job
from cg_upscaler.library.survey.curl import convention_of, curl
from cg_upscaler.maps import AlphaMode
from cg_upscaler.report.page.detail import most_detailed
from cg_upscaler.report.page.seen import SEEN_THROUGH, Bytes, Look, looks, part, whole

_THUMBNAIL = 128
_WHOLE = 1024
"""Longest side of a result that is shown as it is."""
_REDUCED = 768
"""Longest side of what a larger one is reduced to."""
_CROP = 256
"""Texels of a source that are shown as they are where all of it is too much."""
_WINDOW = 512
"""Texels a side in which slopes are looked at."""
_THUMBNAIL_QUALITY = 82


@dataclass(frozen=True, slots=True)
class Drawn:
    """The files of a preview."""

    thumbnail: bytes = b""
    detail: bytes = b""
    shown: dict[str, Any] | None = None
    lost: str = ""

    def script(self, name: str) -> bytes:
        """Return what a page loads: pictures as text, which a page opened from a disk may read texel by texel."""
        return f"preview({json.dumps(name)},{json.dumps(self.shown, separators=(',', ':'))});\n".encode()


@dataclass(frozen=True, slots=True)
class _Side:
    image: Image
    look: Look


def draw(source: Path | None, result: Path | None, job: Job | None, *, scratch: Path | None) -> Drawn:
    """Return the preview of a texture. What cannot be read is said; only a full disk is raised."""
    before, lost = _read(source, "source", scratch)
    after, gone = _read(result, "result", scratch)
    lost = "; ".join(filter(None, [lost, gone]))
    if before is None and after is None:
        return Drawn(lost=lost or "there is no file")
    try:
        return _drawn(before, after, job, lost)
    except DiskFull:
        raise
    except Exception as error:  # whatever it is: a report is made of all the others
        return Drawn(lost=f"cannot be shown ({type(error).__name__}: {error})")


def _read(path: Path | None, what: str, scratch: Path | None) -> tuple[Image | None, str]:
    if path is None:
        return None, ""
    try:
        return codecs.read(path, scratch=scratch), ""
    except DiskFull:
        raise
    except Exception as error:
        reason = getattr(error, "what", None) or str(error) or type(error).__name__
        return None, f"the {what} cannot be shown: {reason}"


def _drawn(before: Image | None, after: Image | None, job: Job | None, lost: str) -> Drawn:
    first, second = looks((before.spec, before) if before else None, after.spec if after else None, job)
    transparent = job is not None and job.alpha in SEEN_THROUGH
    one = _Side(before, first) if before else None
    two = _Side(after, second) if after else None
    main = two or one
    assert main is not None
    seen_whole, divisor = _wholes(one, two, transparent=transparent)
    pictures = list(seen_whole.values())
    shown: dict[str, Any] = {"whole": {name: _encoded(picture) for name, picture in seen_whole.items()}}
    shown["divisor"] = divisor
    detail = b""
    if one and two and two.image.size.width > one.image.size.width:
        at = most_detailed(one.image, one.look, 32, transparent=transparent)
        detail = _detail(one, two, at, transparent=transparent)
    if divisor > 1:
        shown["crop"] = _crop(one, two, transparent=transparent)
    if one and one.look.subject.vectors:
        shown["convention"] = _convention(one)
    if job is not None and job.alpha is AlphaMode.PREMULTIPLIED:
        shown["premultiplied"] = True
    return Drawn(_thumbnail(pictures[-1], transparent=transparent), detail, shown, lost)


def _wholes(one: _Side | None, two: _Side | None, *, transparent: bool) -> tuple[dict[str, Bytes], int]:
    """Return the whole of both, and how many texels of the larger became one."""
    longest = max(max(side.image.size.width, side.image.size.height) for side in (one, two) if side)
    divisor = 1 if longest <= _WHOLE else -(-longest // _REDUCED)
    found = {}
    for name, side in (("before", one), ("after", two)):
        if side is None:
            continue
        size = side.image.size
        own = 1 if max(size.width, size.height) <= _REDUCED else divisor
        own = min(own, -(-max(size.width, size.height) // _REDUCED)) if divisor > 1 else 1
        found[name] = whole(side.image, side.look, own, transparent=transparent)
    return found, divisor


def _crop(one: _Side | None, two: _Side | None, *, transparent: bool) -> dict[str, Any]:
    """Return a part of both, texel for texel, from the most detailed place of the source."""
    main = one or two
    assert main is not None
    factor = two.image.size.width / one.image.size.width if one and two else 1.0
    side = max(8, min(_CROP if one else _WHOLE, int(_WHOLE / factor)))
    left, top = most_detailed(main.image, main.look, side, transparent=transparent)
    size = Size(min(side, main.image.size.width), min(side, main.image.size.height))
    found: dict[str, Any] = {"at": [left, top, size.width, size.height]}
    if one:
        found["before"] = _encoded(part(one.image, one.look, left, top, size))
    if two:
        found["after"] = _encoded(_enlarged_part(two, left, top, size, factor))
    return found


def _enlarged_part(side: _Side, left: int, top: int, size: Size, factor: float) -> Bytes:
    """Return what a result has where its source has a rectangle."""
    at = [round(number * factor) for number in (left, top, left + size.width, top + size.height)]
    right, bottom = min(at[2], side.image.size.width), min(at[3], side.image.size.height)
    return part(side.image, side.look, at[0], at[1], Size(max(1, right - at[0]), max(1, bottom - at[1])))


def _detail(one: _Side, two: _Side, at: tuple[int, int], *, transparent: bool) -> bytes:
    """Return source and result beside each other, texel for texel of the result, at most 128 each."""
    factor = two.image.size.width / one.image.size.width
    side = min(max(1, int(_THUMBNAIL / factor)), one.image.size.width, one.image.size.height)
    size = Size(side, side)
    left, top = (min(at[0], one.image.size.width - side), min(at[1], one.image.size.height - side))
    square = (_THUMBNAIL, _THUMBNAIL)
    before = cv2.resize(part(one.image, one.look, left, top, size), square, interpolation=cv2.INTER_NEAREST)
    after = cv2.resize(_enlarged_part(two, left, top, size, factor), square, interpolation=cv2.INTER_LINEAR)
    both = [_through(np.asarray(picture, np.uint8), transparent=transparent) for picture in (before, after)]
    if both[0].shape[2] != both[1].shape[2]:
        both = [picture[:, :, :3] for picture in both]
    return _webp(np.hstack(both))


def _thumbnail(picture: Bytes, *, transparent: bool) -> bytes:
    height, width = picture.shape[:2]
    share = _THUMBNAIL / max(height, width)
    picture = _through(picture, transparent=transparent)
    if share < 1:
        size = (max(1, round(width * share)), max(1, round(height * share)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return _webp(picture)


def _through(picture: Bytes, *, transparent: bool) -> Bytes:
    return picture if transparent else picture[:, :, :3]


def _encoded(picture: Bytes) -> dict[str, Any]:
    """Return a picture as a page takes it. Alpha goes apart: a canvas forgets the colour that it hides."""
    found: dict[str, Any] = {"w": picture.shape[1], "h": picture.shape[0], "rgb": _url(picture[:, :, :3])}
    if picture.shape[2] > 3:
        found["a"] = _url(picture[:, :, 3:])
    return found


def _url(picture: Bytes) -> str:
    """Return a picture as PNG: half as large again as WebP without loss, and many times as fast."""
    return "data:image/png;base64," + base64.b64encode(_file(".png", picture)).decode()


def _webp(picture: Bytes) -> bytes:
    return _file(".webp", picture, cv2.IMWRITE_WEBP_QUALITY, _THUMBNAIL_QUALITY)


def _file(suffix: str, picture: Bytes, *parameters: int) -> bytes:
    order = [2, 1, 0, 3][: picture.shape[2]] if picture.shape[2] > 1 else [0]
    done, data = cv2.imencode(suffix, np.ascontiguousarray(picture[:, :, order]), parameters)
    if not done:
        raise ValueError(f"{suffix} cannot hold it")
    return bytes(data.tobytes())


def _convention(side: _Side) -> str:
    """Return which way green points, as the slopes say; empty where they say nothing."""
    size = side.image.size
    height, width = min(_WINDOW, size.height), min(_WINDOW, size.width)
    top, left = (size.height - height) // 2, (size.width - width) // 2
    stored = side.image.rows(top, top + height)[:, left : left + width]
    found, _, _ = convention_of(None, curl([side.look.subject.field(stored)]))
    return found.value if found else ""
