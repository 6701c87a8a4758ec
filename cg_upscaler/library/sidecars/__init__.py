"""What files beside the textures say of them: importers' settings and materials, read without running anything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cg_upscaler.library.sidecars import gltf, materialx, unity, valve
from cg_upscaler.library.sidecars.references import References
from cg_upscaler.library.sidecars.verdict import SidecarVerdict

__all__ = ["SUFFIXES", "SidecarVerdict", "Sidecars", "read_sidecars"]

Read = Callable[[bytes, str, References], Iterator[tuple[str, SidecarVerdict]]]

_MEGA = 1 << 20


@dataclass(frozen=True, slots=True)
class _Format:
    read: Read
    limit: int
    """Bytes; more is not read. A glTF may carry geometry in its JSON."""


_FORMATS = {
    ".meta": _Format(unity.read, 4 * _MEGA),
    ".vmt": _Format(valve.read, _MEGA),
    ".mtlx": _Format(materialx.read, 8 * _MEGA),
    ".gltf": _Format(gltf.read, 64 * _MEGA),
    ".glb": _Format(gltf.read, 64 * _MEGA),
}
"""In the order in which they are believed: what a person set for this one texture comes first."""

SUFFIXES = frozenset(_FORMATS)


@dataclass(frozen=True, slots=True)
class Sidecars:
    """What the files beside the textures say."""

    verdicts: Mapping[str, SidecarVerdict]
    """By the texture's name."""
    notes: tuple[str, ...] = ()
    """Which files could not be read, and why."""
    unread: tuple[str, ...] = ()
    """Those of them that the system did not give, and may another time."""


def read_sidecars(root: Path, textures: Collection[str], files: Sequence[str]) -> Sidecars:
    """Return what `files` say of `textures`. Both are names within the library at `root`.

    A file that is broken, too large, or no sidecar after all is ignored with a note. Of several that speak of one
    texture, the first in the order of formats and then of names holds.
    """
    library = References(textures)
    verdicts: dict[str, SidecarVerdict] = {}
    notes, unread = [], []
    order = list(_FORMATS)
    for name in sorted(files, key=lambda name: (order.index(_suffix(name)), name)):
        if _suffix(name) == ".meta" and not library.named(name[: -len(".meta")]):
            continue  # Unity has one beside every file, of which few are textures
        try:
            data = _load(root / name, _FORMATS[_suffix(name)].limit)
            found = list(_FORMATS[_suffix(name)].read(data, name, library))
        except (ValueError, OSError, RecursionError, MemoryError) as error:
            notes.append(f"{name} is ignored: {_reason(error)}")
            unread += [name] if isinstance(error, OSError | MemoryError) else []
            continue
        for texture, verdict in found:
            known = verdicts.get(texture)
            verdicts[texture] = verdict if known is None else known.then(verdict)
    return Sidecars(verdicts, tuple(notes), tuple(unread))


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _load(path: Path, limit: int) -> bytes:
    """Return a file's bytes, of a ``.glb`` only its JSON. Raises `ValueError` for more than the limit, `OSError`."""
    if not path.is_file():
        raise ValueError("no regular file")
    with open(path, "rb") as file:
        if path.suffix.lower() != ".glb":
            data = file.read(limit + 1)
            length = len(data)
        elif (length := gltf.json_length(file.read(gltf.HEADER))) <= limit:
            data = file.read(length)
    if length > limit:
        raise ValueError(f"holds more than {limit:,} bytes")
    return data


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, RecursionError):
        return "nested too deep"
    if isinstance(error, UnicodeDecodeError):
        return "no text in UTF-8"
    return str(error) or "out of memory"
