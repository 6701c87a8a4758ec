"""Finds which files describe which textures of a library, and names those that it does not understand."""

from __future__ import annotations

import hashlib
import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cg_upscaler.library.sidecars.references import References
from cg_upscaler.library.sidecars.texels import LIMIT, NAMED, UNITY, recognised

_HEAD = 1 << 16
"""Bytes by which JSON and XML are known; whatever else is in a library is not read further."""

_SIGNS = {
    ".json": (b'"frames"', b'"textures"', b'"chars"', b'"tilewidth"'),
    ".xml": (b"<TextureAtlas", b"<SubTexture", b"<font"),
}
_TILES = b'"tilewidth"'
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Description:
    """A file that describes textures."""

    name: str
    """Its path within the library, with forward slashes, like those of the textures."""
    form: str
    hash: str
    textures: dict[str, str]
    """What it calls each of its images, and which texture that is. In its own order: it goes with the first."""


@dataclass(frozen=True, slots=True)
class Companions:
    """The descriptions of a library."""

    found: tuple[Description, ...]
    notes: tuple[str, ...] = ()
    """Which files look like descriptions, and why they are left alone."""
    unread: tuple[str, ...] = ()
    """Those of them that the system did not give, and may another time."""


@dataclass(frozen=True, slots=True)
class _Left:
    """A file that is left alone, in words."""

    why: str


def find_companions(root: Path, textures: Collection[str], files: Sequence[str]) -> Companions:
    """Return which of `files` describe which of `textures`; both are names within the library at `root`.

    A file that looks like a description, and is broken, not understood or of no texture here, is noted. One that
    merely has the suffix is passed over.
    """
    library, beside = References(textures), _Beside(textures)
    found, notes, unread = [], [], []
    unknown: dict[str, list[str]] = defaultdict(list)
    for name in sorted(files):
        suffix = posixpath.splitext(name)[1].lower()
        if suffix in NAMED:
            if beside.any(name):
                unknown[NAMED[suffix]].append(name)
            continue
        if suffix == ".meta" and not library.named(name[: -len(".meta")]):
            continue
        try:
            read = _read(root / name, name, suffix, library, beside)
        except (ValueError, OSError, RecursionError, MemoryError) as error:
            read = _Left(_reason(error))
            unread += [name] if isinstance(error, OSError | MemoryError) else []
        if isinstance(read, _Left):
            notes.append(f"{name} is not carried over: {read.why}")
        elif read is not None:
            found.append(read)
    notes += _grouped(unknown, "describe textures in a way that is not understood, and are not carried over")
    nine = {"nine-patches": sorted(name for name in textures if name.lower().endswith(".9.png"))}
    notes += _grouped(nine, "say how they stretch by lines of one texel, which become wider; skip them by a rule")
    return Companions(tuple(found), tuple(notes), tuple(unread))


class _Beside:
    """Which textures lie beside a file by its name: ``hero.png`` beside ``hero.json``, and ``hero.png.json``."""

    def __init__(self, textures: Collection[str]) -> None:
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for name in textures:
            self._by_stem[posixpath.splitext(name)[0].casefold()].append(name)
        self._names = {name.casefold(): name for name in textures}

    def of(self, name: str) -> list[str]:
        stem = posixpath.splitext(name)[0].casefold()
        return [self._names[stem]] if stem in self._names else self._by_stem.get(stem, [])

    def any(self, name: str) -> bool:
        return bool(self.of(name))


def _read(path: Path, name: str, suffix: str, library: References, beside: _Beside) -> Description | _Left | None:
    """Return what a file describes, or why it is left alone; None for what has nothing to do with textures."""
    by_name = beside.any(name)
    if not path.is_file():
        return _Left("no regular file") if by_name else None
    with open(path, "rb") as file:
        data = file.read(_HEAD)
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))  # UTF-16, in which the signs have zeros between them
        seen = data.replace(b"\0", b"") if wide else data
        if not any(sign in seen for sign in _SIGNS.get(suffix, (b"",))):
            return None
        data += file.read(LIMIT + 1 - len(data))
    if len(data) > LIMIT:
        return _Left(f"holds more than {LIMIT:,} bytes") if by_name else None
    try:
        known = recognised(suffix, data)
    except (ValueError, RecursionError):
        if by_name:
            raise
        return None
    if known is None:
        return _Left("not understood") if by_name and _looks_like_one(suffix, seen) else None
    form, images = known
    if form == UNITY:
        textures = {"": library.named(name[: -len(".meta")])[0]}
    elif images:
        textures = {}
        for image in images:
            hit = library.named(_joined(posixpath.dirname(name), image))
            if not hit:
                return _Left(f"names {image}, which is no texture of the library")
            textures[image] = hit[0]
    else:
        candidates = beside.of(name)
        if len(candidates) != 1:
            lacking = "several textures have its name" if candidates else "no texture has its name"
            return _Left(f"names no image, and {lacking}")
        textures = {"": candidates[0]}
    return Description(name, form, hashlib.sha256(data).hexdigest(), textures)


def _looks_like_one(suffix: str, head: bytes) -> bool:
    """Whether a file that has a texture's name, and is of no known form, is still likely to be a description."""
    if suffix == ".json":
        return _TILES in head or (b'"frames"' in head and any(key in head for key in (b'"meta"', b'"images"')))
    return suffix in (".fnt", ".atlas") or b"<TextureAtlas" in head


def _joined(folder: str, image: str) -> str:
    """Return an image's path within the library; empty where it leads out of it."""
    path = posixpath.normpath(posixpath.join(folder, image.replace("\\", "/")))
    return "" if path.startswith(("/", "..")) or ":" in path else path


def _grouped(files: dict[str, list[str]], what: str) -> Iterator[str]:
    for label, names in files.items():
        if names:
            more = ", …" if len(names) > _EXAMPLES else ""
            yield f"{len(names)} {label} ({', '.join(names[:_EXAMPLES])}{more}) {what}"


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, RecursionError):
        return "nested too deep"
    if isinstance(error, UnicodeError):
        return "no text in the encoding that it claims"
    return str(error) or "out of memory"
