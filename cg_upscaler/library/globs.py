"""Matches names of a library against the globs of rules and of ``--only``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether any pattern covers `name`, a path within the library with forward slashes. Case does not matter.

    ``*`` and ``?`` stay within a folder, ``**`` crosses any number of them, ``[ab]`` is one of a set, and a pattern
    that ends in ``/`` covers all that lies below. A pattern without a slash is held against the file's own name, at
    any depth; one with a slash against the whole path.
    """
    return any(_compiled(pattern).fullmatch(name) is not None for pattern in patterns)


def literal(name: str) -> str:
    """Return the pattern that covers a name of the library and nothing else, but for its case."""
    escaped = "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)
    return f"/{escaped}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    glob = pattern.replace("\\", "/").removeprefix("./")
    if glob.endswith("/"):
        glob += "**"
    if "/" not in glob:
        glob = "**/" + glob
    return re.compile(_regex(glob.removeprefix("/")), re.IGNORECASE | re.DOTALL)


_PART = re.compile(
    r"(?P<folders>(?<![^/])\*\*/)|(?P<all>\*\*)|(?P<some>\*)|(?P<one>\?)|\[(?P<not>[!^]?)(?P<set>[^]/]+)]"
)


def _regex(glob: str) -> str:
    parts, at = [], 0
    for found in _PART.finditer(glob):
        parts.append(re.escape(glob[at : found.start()]))
        at = found.end()
        if found["folders"]:
            parts.append("(?:.*/)?")
        elif found["all"]:
            parts.append(".*")
        elif found["some"]:
            parts.append("[^/]*")
        elif found["one"]:
            parts.append("[^/]")
        else:
            # Only the dash keeps a meaning of its own inside of a set.
            members = re.sub(r"([\\^&~|\[])", r"\\\1", found["set"])
            parts.append(f"[^/{members}]" if found["not"] else f"[{members}]")
    return "".join(parts) + re.escape(glob[at:])
