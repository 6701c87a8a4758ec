"""Turns frozen dataclasses into plain JSON values and back, exactly: how jobs, events and receipts travel."""

from __future__ import annotations

import dataclasses
import types
import typing
from enum import Enum
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Return `value` as dicts, lists, strings, numbers, booleans and None."""
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"{type(value).__name__} does not travel")


def from_plain(kind: type[T], plain: Any) -> T:
    """Rebuild a `kind` from what `to_plain` gave. Raises `ValueError` naming the field that does not fit."""
    return typing.cast(T, _build(kind, plain, kind.__name__))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _build(kind: Any, plain: Any, where: str) -> Any:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        options = typing.get_args(kind)
        if plain is None and type(None) in options:
            return None
        return _build(_fitting(options, plain), plain, where)
    if origin is tuple:
        if not isinstance(plain, list):
            raise ValueError(f"{where}: expected a list, got {plain!r}")
        inner = typing.get_args(kind)[0]
        return tuple(_build(inner, item, f"{where}[{i}]") for i, item in enumerate(plain))
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(plain)
        except ValueError:
            raise ValueError(f"{where}: {plain!r} is none of {[member.value for member in kind]}") from None
    if dataclasses.is_dataclass(kind):
        return _build_dataclass(typing.cast(type, kind), plain, where)
    if kind is float and isinstance(plain, int) and not isinstance(plain, bool):
        return float(plain)
    if not isinstance(plain, kind) or (kind is int and isinstance(plain, bool)):
        raise ValueError(f"{where}: expected {kind.__name__}, got {plain!r}")
    return plain


def _fitting(options: tuple[Any, ...], plain: Any) -> Any:
    """Return the one of several kinds that is meant: of dataclasses the one with these fields, else the first."""
    kinds = [option for option in options if option is not type(None)]
    fields = plain.keys() if isinstance(plain, dict) else set()
    classes = [kind for kind in kinds if isinstance(kind, type) and dataclasses.is_dataclass(kind)]
    return next((kind for kind in classes if fields == _hints(kind).keys()), kinds[0])


def _build_dataclass(kind: type, plain: Any, where: str) -> Any:
    if not isinstance(plain, dict):
        raise ValueError(f"{where}: expected an object, got {plain!r}")
    hints = _hints(kind)
    unknown = plain.keys() - hints.keys()
    if unknown:
        raise ValueError(f"{where}: unknown field {sorted(unknown)[0]!r}")
    values = {name: _build(hints[name], item, f"{where}.{name}") for name, item in plain.items()}
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:  # a field is missing, or together they make no sense
        raise ValueError(f"{where}: {error}") from None
