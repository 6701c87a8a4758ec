"""Packs a plugin: its own files and those of the client, as a folder that a host reads or as a zip that it installs."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cg_upscaler import client
from cg_upscaler.client.launch import note_engine
from cg_upscaler.errors import OutputError, UsageError

_PACKAGE = Path(client.__file__).parents[1]
_SOURCES = (_PACKAGE / "plugins", _PACKAGE.parent / "plugins")
"""Where plugins lie: in an installed package, and in a working copy."""

_LEFT_OUT = ("__pycache__", "mypy.ini")
_DAY = (2026, 1, 1, 0, 0, 0)
"""When all files of a zip are from: the same files make the same zip."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """What goes into one host."""

    host: str
    """As the command line names it: ``blender``."""
    label: str
    """As its maker spells it."""
    folder: str
    """What the plugin's folder is called, within the sources as in the host."""
    flat: bool
    """Whether the zip holds the files themselves, and not their folder."""

    @property
    def source(self) -> Path:
        """Its files, without the client. Raises `UsageError` where the package was installed without them."""
        for sources in _SOURCES:
            for folder in sources.glob(f"*/{self.folder}"):
                return folder
        raise UsageError("this installation has no plugins", where=_PACKAGE, fix="install cg-upscaler again")


_PLUGINS = (
    Plugin("blender", "Blender", "cg_upscaler", flat=True),
    Plugin("painter", "Substance 3D Painter", "cg_upscaler_painter", flat=False),
)


def plugins() -> tuple[Plugin, ...]:
    """Return all that there are."""
    return _PLUGINS


def plugin(host: str) -> Plugin:
    """Return the one for a host. Raises `UsageError` for a host that none is for."""
    for each in _PLUGINS:
        if each.host == host:
            return each
    raise UsageError(f"there is no plugin for {host!r}", fix=f"there are {', '.join(each.host for each in _PLUGINS)}")


def write_zip(plugin: Plugin, file: Path, *, engine: str = "") -> None:
    """Write the zip by which a host installs a plugin; with a note of where the engine is, if that is given.

    Raises `OutputError`.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="cg-upscale-", dir=file.parent) as place:
            folder = Path(place, plugin.folder)
            _gather(plugin, folder, engine)
            made = Path(place, file.name)
            with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped:
                for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                    name = path.relative_to(folder if plugin.flat else folder.parent).as_posix()
                    entry = zipfile.ZipInfo(name, _DAY)
                    entry.external_attr = 0o644 << 16
                    zipped.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
            os.replace(made, file)
    except OSError as error:
        raise _unwritable(error, file) from error


def write_folder(plugin: Plugin, into: Path, *, engine: str) -> Path:
    """Put a plugin's folder into a folder of plugins, in place of an older one, and return it.

    `engine` is the Python that the package is installed for, or the file ``cg-upscale``. Raises `OutputError`, also
    where something stands there that is not this plugin, which is left alone.
    """
    target = into / plugin.folder
    if target.is_symlink() or (target.exists() and not _is_ours(plugin, target)):
        raise OutputError(
            "is something else than this plugin, and is left alone",
            where=target,
            fix="move it away, or choose another folder with --to",
        )
    try:
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".cg-upscale-", dir=into) as place:
            fresh, old = Path(place, "new"), Path(place, "old")
            _gather(plugin, fresh, engine)
            if target.exists():
                os.rename(target, old)
            try:
                os.rename(fresh, target)
            except OSError:
                if old.exists():
                    os.rename(old, target)
                raise
    except OSError as error:
        raise _unwritable(error, target) from error
    return target


def _gather(plugin: Plugin, folder: Path, engine: str) -> None:
    for name, path in _files(plugin):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    if engine:
        note_engine(str(folder), engine)


def _files(plugin: Plugin) -> Iterator[tuple[str, Path]]:
    for prefix, source in (("", plugin.source), ("client", Path(client.__file__).parent)):
        for path in source.rglob("*"):
            name = path.relative_to(source)
            if path.is_file() and not any(part in _LEFT_OUT or part.startswith(".") for part in name.parts):
                yield (Path(prefix) / name).as_posix(), path


def _is_ours(plugin: Plugin, folder: Path) -> bool:
    """Whether a folder is a plugin that was put there: it carries the client."""
    return (folder / "client" / "launch.py").is_file() and (folder / "__init__.py").is_file()


def _unwritable(error: OSError, path: Path) -> OutputError:
    where = error.filename if isinstance(error.filename, str) else path
    return OutputError(
        f"cannot be written: {error.strerror or error}",
        where=where,
        fix="close the program that uses it, or choose another folder with --to",
    )
