"""What can be set of how a run goes: bounds, guards, commands around it. None of it reaches a pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema

from cg_upscaler.job import ALGORITHM
from cg_upscaler.library.texture_memory import TOTAL, parse_bytes
from cg_upscaler.maps import MapKind

MODEL = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, defer_build=True)
"""Of all that can be set. Built when first used: most are parts of others and never used by themselves."""


def _to_budget(value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        value = {TOTAL: value}
    known = [TOTAL, *(kind.value for kind in MapKind)]
    wrong = [key for key in value if key not in known]
    if wrong:
        raise ValueError(f"no kind of map is {wrong[0]!r}; there are {', '.join(known)}")
    return {key: parse_bytes(amount) for key, amount in value.items()}


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


_AMOUNT = {"anyOf": [{"type": "integer"}, {"type": "string"}]}
_Budget = Annotated[
    dict[str, int],
    PlainValidator(_to_budget),
    WithJsonSchema({"anyOf": [*_AMOUNT["anyOf"], {"type": "object", "additionalProperties": _AMOUNT}]}),
]
_Command = Annotated[str, Field(min_length=1)]
_Commands = Annotated[
    tuple[_Command, ...],
    BeforeValidator(_one_or_more),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class Course(BaseModel):
    """How a run goes."""

    model_config = MODEL

    state: Path | None = None
    """The folder of the record of what was done; else in the output folder, or on this machine for network drives."""
    lock: Path | None = None
    """A text file that says what was made from what, for version control: a clean workspace begins with it."""
    before_write: _Command | None = None
    """A command that makes a read-only output writable, before it is replaced: `p4 edit {path}`."""
    after_run: _Commands = ()
    """Commands after a run that changed something; `{changes}` is a file with the paths, one a line."""
    pin_revision: Annotated[int, Field(strict=True, ge=1, le=ALGORITHM)] | None = None
    """Results of this revision of the algorithm, and of later ones, stand: an upgrade does not make them anew."""
    max_changes: Annotated[int, Field(strict=True, ge=0)] | None = None
    """Textures that a run may write; one that would write more stops before the first."""
    max_failures: Annotated[int, Field(strict=True, ge=1)] | None = None
    """Textures that may fail; then no further one is begun."""
    time_limit: Annotated[float, Field(gt=0)] | None = None
    """Seconds that a texture may take."""
    budget: _Budget = {}
    """Texture memory that results may take, in all or by kind: `4 GB`, or `{total: 4 GB, normal: 1 GB}`."""
