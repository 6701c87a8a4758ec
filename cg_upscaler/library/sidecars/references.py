"""Finds the textures of a library that a sidecar refers to: by looking names up, never by opening what is named."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Collection
from urllib.parse import unquote

_UDIM = re.compile(r"<udim>|%\(udim\)d", re.IGNORECASE)
_UVTILE = re.compile(r"<uvtile>", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
"""A scheme (``data:``, ``https:``) or a drive. What lies elsewhere is no texture of the library."""


class References:
    """The names of a library's textures, as references find them: without regard to case, or to a converted suffix."""

    def __init__(self, names: Collection[str]) -> None:
        self._exact: dict[str, list[str]] = defaultdict(list)
        self._stems: dict[str, list[str]] = defaultdict(list)
        for name in names:
            self._exact[name.casefold()].append(name)
            self._stems[_stem(name.casefold())].append(name)

    def named(self, name: str) -> list[str]:
        """Return the textures of just that name, but for case."""
        return self._exact.get(name.casefold()) or []

    def find(self, reference: str, folder: str = "") -> list[str]:
        """Return the textures at a path that is relative to a folder of the library; none if it leads out of it.

        Several where it stands for the tiles of a UDIM set, or where the suffix is another than that of what is there.
        """
        path = reference.strip().replace("\\", "/")
        if not path or _ELSEWHERE.match(path) or path.startswith("/") or "\0" in path:
            return []
        path = posixpath.normpath(posixpath.join(folder, path)).casefold()
        if _UDIM.search(path) or _UVTILE.search(path):
            return self._tiles(path)
        return self.named(path) or self._stems.get(path) or self._stems.get(_stem(path)) or []

    def find_uri(self, uri: str, folder: str) -> list[str]:
        """Return the textures at a URI, whose special characters are escaped with ``%``."""
        return self.find(unquote(uri), folder)

    def _tiles(self, path: str) -> list[str]:
        pattern = _UVTILE.sub(r"u\\d+_v\\d+", _UDIM.sub(r"1\\d{3}", re.escape(path)))
        return [name for folded, names in self._exact.items() if re.fullmatch(pattern, folded) for name in names]


def _stem(path: str) -> str:
    folder, slash, file = path.rpartition("/")
    return folder + slash + (file.rpartition(".")[0] or file)
