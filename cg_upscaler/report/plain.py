"""Makes JSON that every parser takes of names and figures, whatever they hold."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import Any

from cg_upscaler.wire import to_plain


def readable(text: str) -> str:
    """Return a text as it is where it is valid Unicode; bytes of a name that are none become ``\\xff``."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a character, as names on Windows can hold
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def json_of(value: Any, *, indent: int | None = None) -> str:
    """Return dataclasses, and lists and dicts of them, as JSON in ASCII; on one line unless it is to be indented.

    Figures that are no number, or infinite, become null, as JSON has none.
    """
    separators = (",", ":") if indent is None else None
    with suppress(ValueError):  # a log has thousands of lines, nearly all of them without anything to clean
        text = json.dumps(value, indent=indent, separators=separators, allow_nan=False, default=_fields)
        if "\\ud" not in text:
            return text
    return json.dumps(_clean(to_plain(value)), indent=indent, separators=separators, allow_nan=False)


def _fields(value: Any) -> dict[str, Any]:
    """Return a dataclass as a dict of what it holds."""
    return {field: getattr(value, field) for field in value.__dataclass_fields__}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {readable(key): _clean(item) for key, item in value.items()}
    return value
