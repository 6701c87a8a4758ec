"""Puts into words what is wrong with a configuration: the setting, what it was given, and what it takes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cg_upscaler.library.config.notation import NotAmong
from cg_upscaler.library.naming import words

_TAKES = {
    "string_type": "text",
    "float_type": "a number",
    "int_type": "a whole number",
    "tuple_type": "a list",
    "path_type": "a path",
    "bool_type": "true or false",
    "dict_type": "settings, 'name: value' on each line",
    "dataclass_type": "settings, 'name: value' on each line",
    "model_type": "settings, 'name: value' on each line",
    "model_attributes_type": "settings, 'name: value' on each line",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than_equal": "a number of at most {le:g}",
    "too_short": "at least one",
    "string_too_short": "text, not an empty one",
    "string_pattern_mismatch": "part of a file's name, without slashes and other signs that names cannot have",
}
"""What a setting takes, by the name that pydantic gives to the error."""

_MEANT = {
    **{word: kind.value for word, kind in (words.ENDINGS | words.WORDS).items()},
    **{word: convention.value for word, convention in words.CONVENTIONS.items()},
}
"""What somebody means by a word that is none of ours."""


def in_words(error: Mapping[str, Any], known: Sequence[str]) -> tuple[str, str | None]:
    """Return what is wrong, and the fix. `error` is one of pydantic's; `known` settings are those where it stands."""
    kind, place, value, context = error["type"], error["loc"], error["input"], error.get("ctx", {})
    choices = [word or number for word, number in re.findall(r"'([^']+)'|(\d+)", str(context.get("expected", "")))]
    if isinstance(context.get("error"), NotAmong):
        choices = list(context["error"].choices)
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return _unknown("setting", str(place[-1]), known)
    if place[-1:] == ("[key]",):
        return _unknown("channel" if place[-3] == "channels" else "kind", str(place[-2]), choices)
    parts = [part for part in reversed(place) if isinstance(part, str)]
    here = next((part for part in parts if part in known), parts[0] if parts else "the configuration")
    name = context.get("setting", here)
    if choices:
        near = nearest(value, choices) if isinstance(value, str) and value not in choices else ""
        return f"{name}: {shown(value)} is not among its values{near}", choose(choices)
    if kind == "missing":
        return (
            f"{place[-1]} is missing{' in ' + str(place[-2]) if len(place) > 1 else ''}",
            f"give it: '{place[-1]}: …'",
        )
    if kind == "value_error":
        return f"{name} takes {context['error']}, and was given {shown(value)}", None
    if kind in _TAKES:
        return f"{name} takes {_TAKES[kind].format(**context)}, and was given {shown(value)}", None
    return f"{name}: {error['msg']}", None


def nearest(word: str, known: Sequence[str]) -> str:
    """Return `` (did you mean 'this'?)``, or nothing. Words of the field stand for ours: ``ao``, ``albedo``, ``dx``."""
    ours = _MEANT.get(word.lower(), "")
    near = [ours] if ours in known else difflib.get_close_matches(word.lower(), known, 1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def shown(value: object) -> str:
    """Return a value as it would stand in the file, cut to a readable length."""
    plain = {None: "nothing", True: "true", False: "false"}
    text = plain[value] if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _unknown(what: str, word: str, known: Sequence[str]) -> tuple[str, str | None]:
    near = nearest(word, known)
    return f"unknown {what} {word!r}{near}", None if near else choose(known)


def choose(choices: Sequence[str]) -> str:
    """Return ``choose this, that or the other``."""
    if len(choices) == 1:
        return f"choose {choices[0]}"
    return f"choose {', '.join(choices[:-1])} or {choices[-1]}"
