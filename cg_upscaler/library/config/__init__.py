"""Reads a configuration from a YAML file, with the line of everything, and puts profile and command line over it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cg_upscaler.errors import ConfigError, UsageError
from cg_upscaler.library.config.complaints import choose, in_words, nearest
from cg_upscaler.library.config.schema import NESTED, Config, Handling, Profile, Quality, Rule, Settings, TwoX, When
from cg_upscaler.model_names import mapped
from cg_upscaler.models.places import SUFFIXES

__all__ = [
    "Config",
    "Handling",
    "Profile",
    "Quality",
    "Rule",
    "Settings",
    "TwoX",
    "When",
    "converting",
    "load",
    "rule_of",
    "schema",
]


_PATHS = ("source", "output", "state", "lock", "models_folder")

_Place = tuple[str | int, ...]
"""Where a setting stands: ``("rules", 2, "scale")``."""


def load(path: Path | None = None, *, profile: str | None = None, **overrides: Any) -> Config:
    """Return the settings of a file, or the defaults, with those of `overrides` that are not None put in their place.

    An override is a run-wide setting replaced: rules and kinds still decide over it. It beats that of a `profile`,
    which beats the file's. Paths in the file are relative to the file, those in overrides to the working folder. Raises
    `ConfigError` for what stands in the file, at its line, and `UsageError` for overrides and an unknown profile.
    """
    plain, lines = ({}, {}) if path is None else _read(path)
    folder = None if path is None else Path(os.path.abspath(path)).parent
    if folder is not None:
        profiles = plain.get("profiles")
        for part in (plain, *(profiles.values() if isinstance(profiles, dict) else ())):
            _anchor(part, folder)
    given = {name: _anchored(name, value) for name, value in overrides.items() if value is not None}
    asked = {**_without_rivals(plain, given), **given}
    if isinstance(plain.get("format"), dict) and isinstance(given.get("format"), dict):
        asked["format"] = {**plain["format"], **given["format"]}
    if True in (asked.get("beside"), asked.get("overwrite")) and isinstance(asked.get("source"), Path):
        _require_no_output(plain, given)
        asked["output"] = asked["source"].parent if asked["source"].is_file() else asked["source"]
    if isinstance(asked.get("source"), Path):
        asked.setdefault("output", _beside(asked["source"], profile))
    try:
        config = Config.model_validate(asked)
    except ValidationError as error:
        raise _first(error.errors(), path, lines, given) from None
    _mark(config.rules, ("rules",), path, lines)
    for name, variant in config.profiles.items():
        _mark(variant.rules, ("profiles", name, "rules"), path, lines)
    if profile is not None:
        config = _in_profile(config, profile, given)
        if "output" in plain and "output" not in given and config.profiles[profile].output is None:
            # Or the results of one profile would replace those of another.
            config = config.model_copy(update={"output": config.output.with_name(f"{config.output.name}-{profile}")})
    config._base = folder
    config._named = {} if path is None else dict(_models(plain, (), path, lines))
    return config


def _require_no_output(plain: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    both = {**plain, **given}
    if both.get("beside") and both.get("overwrite"):
        raise UsageError("results are to go beside their sources, and in their place as well", fix="keep one")
    if "output" in {**plain, **given}:
        raise UsageError("results are to go beside their sources, and into an output folder as well", fix="keep one")


def rule_of(said: Mapping[str, Any], where: str) -> Rule:
    """Return a rule of plain values that somebody gave who has no file. Raises `UsageError`, which says `where`."""
    try:
        rule = Rule.model_validate(dict(said))
    except ValidationError as error:
        what, fix = in_words(error.errors()[0], sorted(Rule.model_fields))
        raise UsageError(what, where=where, fix=fix) from None
    rule._where = where
    return rule


def converting(config: Config) -> Config:
    """Return a configuration under which nothing is enlarged: what is left of it is formats."""
    plain = {"scale": None, "size": None}
    kinds = {kind: settings.model_copy(update=plain) for kind, settings in config.kinds.items()}
    rules = tuple(rule.model_copy(update=plain) for rule in config.rules)
    made = config.model_copy(update={"scale": 1.0, "size": None, "kinds": kinds, "rules": rules})
    made._converts = True
    return made


def _in_profile(config: Config, name: str, given: Mapping[str, Any]) -> Config:
    """Return the configuration with a profile's settings in place of the run's, but for what was given."""
    if name not in config.profiles:
        known = sorted(config.profiles)
        fix = choose(known) if known else "the configuration has none; write some under 'profiles'"
        raise UsageError(f"unknown profile {name!r}{nearest(name, known)}", fix=fix)
    profile = config.profiles[name]
    own = {setting: getattr(profile, setting) for setting in profile.model_fields_set - {"rules", "kinds"}}
    own = {setting: value for setting, value in own.items() if value is not None and setting not in given}
    if "size" in given or "scale" in given:
        own = {setting: value for setting, value in own.items() if setting not in ("size", "scale")}
    elif "scale" in own:
        own["size"] = None
    kinds = {kind: _over(profile.kinds.get(kind), config.kinds.get(kind)) for kind in (*config.kinds, *profile.kinds)}
    return config.model_copy(update={**own, "rules": (*profile.rules, *config.rules), "kinds": kinds})


def _over(first: Settings | None, second: Settings | None) -> Settings:
    """Return two settings of one kind as one; for each the first that sets it decides."""
    if first is None or second is None:
        return first or second or Settings()
    own = {name: value for name in Settings.model_fields if (value := getattr(first, name)) is not None}
    rival = {"scale": "size", "size": "scale"}
    return second.model_copy(update={**{rival[name]: None for name in own.keys() & rival.keys()}, **own})


def _without_rivals(plain: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A scale of the command line replaces a size of the file, and the other way round."""
    rivals = {"scale": "size", "size": "scale"}
    return {name: value for name, value in plain.items() if rivals.get(name) not in given}


def _mark(rules: tuple[Rule, ...], place: _Place, path: Path | None, lines: dict[_Place, int]) -> None:
    for i, rule in enumerate(rules):
        rule._where = f"{path.name}:{lines[(*place, i)]}" if path else ""


def _models(part: Any, place: _Place, path: Path, lines: dict[_Place, int]) -> Iterator[tuple[str, str]]:
    """Yield each model that a file names, and where."""
    for key, value in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        if key == "model" and isinstance(value, str):
            yield value, f"{path}:{lines[(*place, key)]}"
        else:
            yield from _models(value, (*place, key), path, lines)


def _beside(source: Path, profile: str | None) -> Path:
    library = Path(os.path.abspath(source))
    return library.with_name(f"{library.stem if library.is_file() else library.name}-{profile or 'upscaled'}")


def schema() -> dict[str, Any]:
    """Return the JSON schema of a configuration file, from which editors complete and check it."""
    plain = Config.model_json_schema()
    del plain["required"]  # the command line may give the source
    return plain


def _anchor(part: Any, folder: Path) -> None:
    """Make the paths of a file, or of one of its profiles, absolute."""
    for name in _PATHS:
        if isinstance(part, dict) and isinstance(part.get(name), str):
            part[name] = Path(os.path.abspath(folder / Path(part[name]).expanduser()))


def _anchored(name: str, value: Any) -> Any:
    """Make a path of the command line absolute: a model's is otherwise relative to the configuration file."""
    if name in _PATHS:
        return Path(os.path.abspath(Path(value).expanduser()))
    return mapped(value, _anchored_model) if name == "model" and isinstance(value, str) else value


def _anchored_model(name: str) -> str:
    """Make a model's path absolute. A bare file's name that is not in the working folder may be in a models folder."""
    path = Path(name).expanduser()
    there = name.lower().endswith(SUFFIXES) and path.is_file()
    return os.path.abspath(path) if there or path.name != name else name


# Reading, with the line of everything


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
    error = min(written, key=lambda error: _line(_place_of(error), lines))
    what, fix = in_words(error, _known_at(error["loc"]))
    where = None if path is None else f"{path}:{_line(_place_of(error), lines)}"
    return ConfigError(what, where=where, fix=fix)


def _place_of(error: ErrorDetails) -> _Place:
    """Return where an error stands; one of several settings together, at the one that it names."""
    setting = error.get("ctx", {}).get("setting")
    return error["loc"] if setting is None else (*error["loc"], setting)


def _line(place: _Place, lines: dict[_Place, int]) -> int:
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _known_at(place: _Place) -> list[str]:
    """Return the settings that are known where one stands."""
    model: Any = Config
    for part in place[:-1]:
        model = NESTED.get(str(part), model)
    return sorted(model.model_fields if issubclass(model, BaseModel) else model.__dataclass_fields__)
