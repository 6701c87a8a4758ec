"""Turns frozen dataclasses into plain JSON values and back, exactly: how jobs, events and receipts travel."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

_Builder = Callable[[Any], Any]

_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})


def to_plain(value: Any) -> Any:
    """Return `value` as dicts, lists, strings, numbers, booleans and None."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is tuple or kind is list:
        return [to_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if names := _names(typing.cast(Any, kind)):
        return {name: to_plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if isinstance(value, (str, int, float)):
        return value
    if dataclasses.is_dataclass(kind):  # of no fields
        return {}
    raise TypeError(f"{kind.__name__} does not travel")


def from_plain(kind: type[T], plain: Any) -> T:
    """Rebuild a `kind` from what `to_plain` gave. Raises `ValueError` naming the field that does not fit."""
    try:
        return typing.cast(T, _builder(typing.cast(Any, kind))(plain))
    except _Misfit as misfit:
        raise ValueError(f"{kind.__name__}{misfit}") from None


class _Misfit(Exception):
    """A value that does not fit; where, it learns on its way up."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.path = ""

    def below(self, part: str) -> _Misfit:
        self.path = part + self.path
        return self

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else ()


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


@cache
def _builder(kind: Any) -> _Builder:
    """Return what rebuilds one kind of value: made once, since types are slow to ask and values are many."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _union(typing.get_args(kind))
    if origin is tuple:
        return _tuple(typing.get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass(typing.cast(type, kind))
    return _plain(kind)


def _union(options: tuple[Any, ...]) -> _Builder:
    optional = type(None) in options
    kinds = [option for option in options if option is not type(None)]
    classes = [kind for kind in kinds if isinstance(kind, type) and dataclasses.is_dataclass(kind)]

    def build(plain: Any) -> Any:
        if plain is None and optional:
            return None
        if len(kinds) == 1:
            return _builder(kinds[0])(plain)
        # Of dataclasses the one with these fields is meant, else the first.
        fields = plain.keys() if isinstance(plain, dict) else set()
        return _builder(next((kind for kind in classes if fields == _hints(kind).keys()), kinds[0]))(plain)

    return build


def _tuple(inner: Any) -> _Builder:
    def build(plain: Any) -> Any:
        if not isinstance(plain, list):
            raise _Misfit(f"expected a list, got {plain!r}")
        make, made = _builder(inner), []
        for item in plain:
            try:
                made.append(make(item))
            except _Misfit as misfit:
                raise misfit.below(f"[{len(made)}]") from None
        return tuple(made)

    return build


def _enum(kind: type[Enum]) -> _Builder:
    members = {member.value: member for member in kind}

    def build(plain: Any) -> Any:
        try:
            return members[plain]
        except (KeyError, TypeError):
            raise _Misfit(f"{plain!r} is none of {list(members)}") from None

    return build


def _dataclass(kind: type) -> _Builder:
    hints = _hints(kind)
    makers: dict[str, _Builder] = {}  # filled as they are asked for: a kind may hold itself

    def maker(name: str) -> _Builder:
        if name not in hints:
            raise _Misfit(f"unknown field {name!r}")
        return makers.setdefault(name, _builder(hints[name]))

    def build(plain: Any) -> Any:
        if not isinstance(plain, dict):
            raise _Misfit(f"expected an object, got {plain!r}")
        values = {}
        for name, item in plain.items():
            make = makers.get(name) or maker(name)
            try:
                values[name] = make(item)
            except _Misfit as misfit:
                raise misfit.below(f".{name}") from None
        try:
            return kind(**values)
        except (TypeError, ValueError) as error:  # a field is missing, or together they make no sense
            raise _Misfit(str(error)) from None

    return build


def _plain(kind: type) -> _Builder:
    def build(plain: Any) -> Any:
        if type(plain) is kind:
            return plain
        if kind is float and isinstance(plain, int) and not isinstance(plain, bool):
            return float(plain)
        if not isinstance(plain, kind) or (kind is int and isinstance(plain, bool)):
            raise _Misfit(f"expected {kind.__name__}, got {plain!r}")
        return plain

    return build
