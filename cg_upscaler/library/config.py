"""Reads what a run is told to do: run-wide settings, ordered rules, and settings per kind of map, from a YAML file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from cg_upscaler.codecs import PIXEL_LIMIT
from cg_upscaler.errors import ConfigError, UsageError
from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.library.complaints import in_words
from cg_upscaler.maps import AlphaMode, MapKind
from cg_upscaler.models.catalog import DEFAULT, SUFFIXES
from cg_upscaler.spec import Precision


class TwoX(str, Enum):
    """How a model that gives 4x gives 2x. Models that give 2x themselves need neither."""

    QUALITY = "quality"  # 4x, then box-filtered down in linear light
    FAST = "fast"  # shrunk first, then 4x: a quarter of the work, loses detail


def _to_edges(value: Any) -> Edges:
    if isinstance(value, Edges):
        return value
    axes = value if isinstance(value, dict) else {"x": value, "y": value}
    if not axes or axes.keys() - {"x", "y"}:
        raise PydanticCustomError("edges", "takes one word for both axes, or {x: word, y: word}")
    try:
        return Edges(**{axis: Edge(word) for axis, word in axes.items()})
    except ValueError:
        words = ", ".join(edge.value for edge in Edge)
        raise PydanticCustomError("edges", "each is one of {words}", {"words": words}) from None


_EDGE_SCHEMA = {"enum": [edge.value for edge in Edge]}
_EdgesSetting = Annotated[
    Edges,
    PlainValidator(_to_edges),
    WithJsonSchema(
        {
            "anyOf": [
                _EDGE_SCHEMA,
                {"type": "object", "properties": {"x": _EDGE_SCHEMA, "y": _EDGE_SCHEMA}, "additionalProperties": False},
            ]
        }
    ),
]
_Name = Annotated[str, Field(min_length=1)]
_Scale = Literal[2, 4]
_Share = Annotated[float, Field(strict=True, ge=0, le=1)]
_Globs = Annotated[
    tuple[_Name, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


class Settings(BaseModel):
    """What can be set for the whole run, for a kind of map, or by a rule. None leaves it to the next in line."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    model: _Name | None = None
    """A model of the catalog (`cg-upscale models` lists them), or the path of a weights file."""
    scale: _Scale | None = None
    """How many times as large: 2 or 4."""
    two_x: TwoX | None = None
    """How a 4x model gives 2x: `quality` (4x, then filtered down) or `fast` (shrunk first; loses detail)."""
    fidelity: _Share | None = None
    """0 … 1: how far the result, filtered down, is made to equal the source. 0 is the generator's raw output."""
    edges: _EdgesSetting | None = None
    """What lies beyond the borders: `wrap` for tileable textures, `mirror`, `clamp`, `zero`; or `{x: …, y: …}`."""


class Rule(Settings):
    """Settings for the textures that its globs match. The first rule that matches and sets a thing decides it."""

    match: _Globs
    """One glob, or several, on names within the library."""
    kind: MapKind | None = None
    """Which map the texture is, whatever its name and pixels look like."""
    alpha: Literal[AlphaMode.CUTOUT, AlphaMode.BLEND, AlphaMode.MASK] | None = None
    """What the alpha channel means: `cutout` or `blend` (transparency), or `mask` (data)."""
    skip: _Name | Literal[False] | None = None
    """Write nothing, for the reason given here; `false` exempts from the skips of later rules."""

    _where: str = PrivateAttr("")

    @model_validator(mode="after")
    def _sets_something(self) -> Rule:
        if self.model_fields_set <= {"match"}:
            raise PydanticCustomError("idle_rule", "one here sets nothing; give it a kind, a skip …, or remove it")
        return self

    def __str__(self) -> str:
        more = ", …" if len(self.match) > 1 else ""
        return f"rule {self.match[0]!r}{more}" + (f" ({self._where})" if self._where else "")


class Config(Settings):
    """All that a run is told, as the file and the command line give it together."""

    source: Path
    """The library: a folder, or one file. Relative to the configuration file. SOURCE on the command line beats it."""
    output: Path
    """The folder for results. Relative to the configuration file; else `SOURCE-upscaled` beside the library."""
    model: _Name = DEFAULT
    """The run's model: a name of the catalog, or the path of a weights file relative to the configuration file."""
    scale: _Scale = 4
    """How many times as large: 2 or 4."""
    two_x: TwoX = TwoX.QUALITY
    """How a 4x model gives 2x: `quality` (4x, then filtered down) or `fast` (shrunk first; loses detail)."""
    edges: _EdgesSetting = Edges()
    """What lies beyond the borders: `wrap` for tileable textures, `mirror`, `clamp`, `zero`; or `{x: …, y: …}`."""
    device: _Name = "auto"
    """Where generators run: `auto`, or as torch spells it: `cpu`, `cuda`, `cuda:1`, `mps`."""
    precision: Precision = Precision.AUTO
    """The arithmetic of generators. `auto`: the fastest that keeps 8-bit textures right, float32 for deeper ones."""
    pixel_limit: Annotated[int, Field(strict=True, ge=1)] = PIXEL_LIMIT
    """Texels of the largest source that is read, by its header; larger ones are reported."""
    rules: tuple[Rule, ...] = ()
    """In order. For each setting the first rule that matches and sets it decides."""
    kinds: dict[MapKind, Settings] = {}
    """Settings per kind of map."""

    _base: Path | None = PrivateAttr(None)

    @property
    def base(self) -> Path | None:
        """What model paths are relative to: the configuration file's folder; None for the working folder."""
        return self._base


def _beside(source: Path) -> Path:
    library = Path(os.path.abspath(source))
    return library.with_name(f"{library.stem if library.is_file() else library.name}-upscaled")


def load(path: Path | None = None, **overrides: Any) -> Config:
    """Return the settings of a file, or the defaults, with those of `overrides` that are not None put in their place.

    An override is a run-wide setting replaced: rules and kinds still decide over it. Paths in the file are relative to
    the file, those in overrides to the working folder. Raises `ConfigError` for what stands in the file, at its line,
    and `UsageError` for overrides.
    """
    plain, lines = ({}, {}) if path is None else _read(path)
    folder = None if path is None else Path(os.path.abspath(path)).parent
    for name in ("source", "output"):
        if folder is not None and isinstance(plain.get(name), str):
            plain[name] = Path(os.path.abspath(folder / Path(plain[name]).expanduser()))
    given = {name: _anchored(name, value) for name, value in overrides.items() if value is not None}
    asked = {**plain, **given}
    if isinstance(asked.get("source"), Path):
        asked.setdefault("output", _beside(asked["source"]))
    try:
        config = Config.model_validate(asked)
    except ValidationError as error:
        raise _first(error.errors(), path, lines, given) from None
    config._base = folder
    for i, rule in enumerate(config.rules):
        rule._where = f"{path.name}:{lines['rules', i]}" if path else ""
    return config


def schema() -> dict[str, Any]:
    """Return the JSON schema of a configuration file, from which editors complete and check it."""
    plain = Config.model_json_schema()
    del plain["required"]  # the command line may give the source
    return plain


def _anchored(name: str, value: Any) -> Any:
    """Make a path of the command line absolute: a model's is otherwise relative to the configuration file."""
    if name in ("source", "output"):
        return Path(os.path.abspath(Path(value).expanduser()))
    if name == "model" and isinstance(value, str) and (value.lower().endswith(SUFFIXES) or Path(value).name != value):
        return os.path.abspath(Path(value).expanduser())
    return value


# Reading, with the line of everything

_Place = tuple[str | int, ...]
"""Where a setting stands: ``("rules", 2, "scale")``."""


class _Loader(yaml.SafeLoader):
    """YAML without aliases: nobody needs them here, and an unquoted ``*_n.png`` is one."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="what begins with * is an alias in YAML", problem_mark=mark)
        return super().compose_node(parent, index)


_FIXES = {
    "alias": "put the pattern in quotes",
    "\\t": "indent with spaces, not tabs",
    "constructor for the tag": "put what begins with ! in quotes",
    "mapping values": "put text that holds a colon in quotes, and check the indentation",
}


def _read(path: Path) -> tuple[dict[str, Any], dict[_Place, int]]:
    """Return the settings of a file as plain values, and the line of each."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        advice = "check the path, or write one with 'cg-upscale init'"
        raise ConfigError("no such file", where=path, fix=advice) from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=path) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError("is not UTF-8", where=f"{path}:{line}", fix="save it as UTF-8") from None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        lines = dict(_lines(node, (), path)) if node else {}
        plain = loader.construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(part for part in (error.context, error.problem) if part)
        fix = next((fix for sign, fix in _FIXES.items() if sign in what), None)
        raise ConfigError(what, where=f"{path}:{mark.line + 1}" if mark else path, fix=fix) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(f"holds a character that YAML does not: {error.reason}", where=f"{path}:{line}") from None
    if plain is None:
        return {}, lines
    if not isinstance(plain, dict):
        raise ConfigError("is not a list of settings", where=f"{path}:1", fix="write 'setting: value' on each line")
    return plain, lines


def _lines(node: yaml.Node, place: _Place, path: Path) -> Iterator[tuple[_Place, int]]:
    """Yield the line of each setting and list item below a node. Refuses a setting that stands there twice."""
    if isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            yield (*place, i), item.start_mark.line + 1
            yield from _lines(item, (*place, i), path)
    elif isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            where = f"{path}:{line}"
            if key.tag != "tag:yaml.org,2002:str":
                raise ConfigError(f"a setting's name is a word, not {name}", where=where)
            if name in first:
                raise ConfigError(
                    f"setting {name!r} stands here a second time, after line {first[name]}", where=where, fix="keep one"
                )
            first[name] = line
            yield (*place, name), line
            yield from _lines(value, (*place, name), path)


# Saying what is wrong


def _first(
    errors: list[ErrorDetails], path: Path | None, lines: dict[_Place, int], given: dict[str, Any]
) -> UsageError:
    """Return the error that stands first in the file, or that of an override."""
    for error in errors:
        if error["loc"] and error["loc"][0] in given:
            what, fix = in_words(error, _known_at(error["loc"]))
            return UsageError(what, fix=fix)
    written = [error for error in errors if error["type"] != "missing" or error["loc"][0] not in ("source", "output")]
    if not written:
        return UsageError("no library is named", fix="give SOURCE, or 'source:' in a configuration file")
    error = min(written, key=lambda error: _line(error["loc"], lines))
    what, fix = in_words(error, _known_at(error["loc"]))
    return ConfigError(what, where=f"{path}:{_line(error['loc'], lines)}", fix=fix)


def _line(place: _Place, lines: dict[_Place, int]) -> int:
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _known_at(place: _Place) -> list[str]:
    """Return the settings that are known where one stands."""
    models: dict[str, type[BaseModel]] = {"rules": Rule, "kinds": Settings}
    model = models.get(str(place[0]), Config) if len(place) > 1 else Config
    return sorted(model.model_fields)
