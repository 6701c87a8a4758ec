"""How the words of the protocol stand in a line: one JSON object, in ASCII; and what in it is none of them."""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, fields
from typing import Any

from .messages import (
    Abilities,
    About,
    Alive,
    Bye,
    Cancel,
    Cancelled,
    Done,
    Failed,
    Hello,
    Look,
    Looked,
    Message,
    Model,
    Planned,
    Preview,
    Previewed,
    Progress,
    Request,
    Result,
    Shutdown,
    Task,
    Texture,
    Upscale,
)

LINE = 1 << 20
"""Bytes that a line may have, either way."""


class Rubbish(ValueError):
    """A line that is no message. Its text says why, and what it begins with."""


_NESTED: dict[tuple[str, str], Any] = {
    ("Look", "task"): Task,
    ("Upscale", "task"): Task,
    ("Preview", "task"): Task,
    ("Task", "textures"): Texture,
    ("Abilities", "models"): Model,
    ("Looked", "textures"): Planned,
    ("Done", "results"): Result,
}
_REQUESTS: dict[str, Any] = {each.do: each for each in (About, Look, Upscale, Preview, Cancel, Shutdown)}
_MESSAGES: dict[str, Any] = {
    each.event: each for each in (Hello, Abilities, Looked, Progress, Done, Previewed, Cancelled, Failed, Alive, Bye)
}
_PLAIN: dict[str, Any] = {
    "int": int,
    "float": (int, float),
    "str": str,
    "bool": bool,
    "dict[str, Any]": dict,
    "dict[str, str]": dict,
}


def line_of(said: Request | Message) -> bytes:
    """Return a request or a message as its line, in ASCII. Paths that are no Unicode survive as lone surrogates."""
    word = {"do": said.do} if hasattr(said, "do") else {"event": said.event}
    return json.dumps({**word, **asdict(said)}, allow_nan=False).encode("ascii") + b"\n"


def request_of(line: bytes) -> Request:
    """Return the request of a line. Raises `Rubbish`."""
    made: Request = _parsed(line, "do", _REQUESTS)
    return made


def message_of(line: bytes) -> Message | None:
    """Return the message of a line; None for one that only later versions know. Raises `Rubbish`."""
    made: Message | None = _parsed(line, "event", _MESSAGES, passing=True)
    return made


def _parsed(line: bytes, key: str, known: dict[str, Any], *, passing: bool = False) -> Any:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        raise Rubbish(f"no JSON: {_start(line)}") from None
    if not isinstance(said, dict) or not isinstance(said.get(key), str):
        raise Rubbish(f"no object with {key!r}: {_start(line)}")
    kind = known.get(said[key])
    if kind is None:
        if passing:
            return None
        raise Rubbish(f"unknown {key} {said[key]!r}; known are {', '.join(known)}")
    return _made(kind, said, said[key])


def _made(kind: Any, said: Any, place: str) -> Any:
    """Return a dataclass of plain values, without fields that are not known."""
    if not isinstance(said, dict):
        raise Rubbish(f"{place} is to be an object")
    values = {}
    for each in fields(kind):
        if each.name not in said:
            continue
        values[each.name] = _value(kind, each.name, str(each.type), said[each.name], f"{place}.{each.name}")
    try:
        return kind(**values)
    except TypeError:
        lacks = [each.name for each in fields(kind) if each.name not in values and _needed(each)]
        raise Rubbish(f"{place} lacks {', '.join(lacks)}") from None


def _value(kind: Any, name: str, type_: str, value: Any, place: str) -> Any:
    nested = _NESTED.get((kind.__name__, name))
    if type_.startswith("tuple"):
        if not isinstance(value, list):
            raise Rubbish(f"{place} is to be a list")
        if nested is not None:
            return tuple(_made(nested, item, f"{place}[{index}]") for index, item in enumerate(value))
        item = int if type_ == "tuple[int, int, int, int]" else str
        fits = all(_is(each, item) for each in value) and (item is str or len(value) == 4)
        if not fits:
            raise Rubbish(f"{place} is to be {'four whole numbers' if item is int else 'a list of texts'}")
        return tuple(value)
    if nested is not None:
        return _made(nested, value, place)
    if not _is(value, _PLAIN[type_]):
        raise Rubbish(f"{place} is to be of type {type_}")
    return value


def _is(value: Any, kind: Any) -> bool:
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _needed(each: Any) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _start(line: bytes) -> str:
    return repr(line[:80].decode("utf-8", "replace"))
