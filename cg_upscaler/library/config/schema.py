"""What can be set: for a run, in a profile, for a kind of map, by a rule; and what each setting takes."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    PrivateAttr,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.dataclasses import dataclass as checked
from pydantic_core import PydanticCustomError

from cg_upscaler.codecs import PIXEL_LIMIT
from cg_upscaler.geometry import Cells, Edge, Size
from cg_upscaler.job import Gates
from cg_upscaler.library.config.course import MODEL, Course
from cg_upscaler.library.config.format import AskedFormat, Format
from cg_upscaler.library.config.notation import (
    AUTO,
    CHANNEL_WORDS,
    AskedEdges,
    Comparison,
    to_cells,
    to_channel,
    to_comparisons,
    to_edges,
    to_scale,
    to_target,
)
from cg_upscaler.library.globs import matches
from cg_upscaler.library.sizes import LOADABLE, SCALES
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind, NormalConvention
from cg_upscaler.spec import ImageSpec, Precision


class TwoX(str, Enum):
    """How a model that gives 4x gives 2x. Models that give 2x themselves need neither."""

    QUALITY = "quality"  # 4x, then box-filtered down in linear light
    FAST = "fast"  # shrunk first, then 4x: a quarter of the work, loses detail


class Handling(str, Enum):
    """What happens to data that only looks like a picture."""

    COPY = "copy"  # the file as it is
    FIT = "fit"  # resampled by nearest or linear, where one of them keeps it what it is


def _reason(value: Any) -> Any:
    if value is True or value == "":
        raise ValueError("the reason in words, or false")
    return value


def _one_or_more(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else (value,)


def _count(least: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


_EDGE = {"enum": [AUTO, *(edge.value for edge in Edge)]}
_PAIR = {"type": "array", "items": _count(1), "minItems": 2, "maxItems": 2}
_NUMBER = {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^(<=|>=|<|>|=)?\s*\d+$"}]}
_WORDS = [kind.value for kind in MapKind if kind is not MapKind.PACKED]

_Edges = Annotated[AskedEdges, PlainValidator(to_edges), WithJsonSchema({"anyOf": [_EDGE, _object(x=_EDGE, y=_EDGE)]})]
_Scale = Annotated[float, PlainValidator(to_scale), WithJsonSchema({"enum": list(SCALES)})]
_Target = Annotated[int | Size, PlainValidator(to_target), WithJsonSchema({"anyOf": [_count(1), _PAIR]})]
_Cells = Annotated[
    Cells,
    PlainValidator(to_cells),
    WithJsonSchema({"anyOf": [{"type": "string"}, _object(columns=_count(1), rows=_count(1), gutter=_count(0))]}),
]
_Comparisons = Annotated[
    tuple[Comparison, ...],
    PlainValidator(to_comparisons),
    WithJsonSchema({"anyOf": [_NUMBER, {"type": "array", "items": _NUMBER, "minItems": 1}]}),
]
_Channel = Annotated[MapKind, PlainValidator(to_channel), WithJsonSchema({"enum": [*_WORDS, *CHANNEL_WORDS]})]
_Name = Annotated[str, Field(min_length=1)]
_Share = Annotated[float, Field(strict=True, ge=0, le=1)]
_Reason = Annotated[_Name | Literal[False] | None, BeforeValidator(_reason)]
_Alpha = Literal[AlphaMode.OPAQUE, AlphaMode.CUTOUT, AlphaMode.BLEND, AlphaMode.PREMULTIPLIED, AlphaMode.MASK]
_Affix = Annotated[str, Field(pattern=r'^[^/\\:*?"<>|\x00-\x1f]*$')]
_Globs = Annotated[
    tuple[_Name, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


@checked(config=ConfigDict(extra="forbid"), frozen=True)
class Quality(Gates):
    """Bounds that results must keep: those of `Gates`, whichever there are."""

    @field_validator("*", mode="before")
    @classmethod
    def _is_bound(cls, value: Any) -> Any:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if value is not None and not (number and value >= 0):
            raise ValueError("a number of at least 0")
        return value


class Ocio(BaseModel):
    """Colour spaces by the names that OpenColorIO has for them."""

    model_config = MODEL

    file: _Name
    """Of the sources' colours."""
    result: _Name | None = None
    """Of the results'. Unless given, that of the sources."""


class Licenses(BaseModel):
    """Under which licences models may be that a run uses."""

    model_config = MODEL

    allow: Annotated[tuple[_Name, ...], BeforeValidator(_one_or_more)]
    """SPDX identifiers: `BSD-3-Clause`, `CC0-1.0` …; `unknown` allows models of which nobody says it."""


class Said(BaseModel):
    """What results' files say beside what their sources' do."""

    model_config = MODEL

    model: Annotated[bool, Field(strict=True)] = False
    """Which model made it, by name, hash and licence, where the format has a place for text."""


class Settings(BaseModel):
    """What can be set for the whole run, for a kind of map, or by a rule. None leaves it to the next in line."""

    model_config = MODEL

    model: _Name | None = None
    """A model of the catalog (`cg-upscale models` lists them), or the path of a weights file."""
    fallback: Annotated[bool, Field(strict=True)] | None = None
    """Resample textures that are so smooth that bicubic is all but exact, and a model could only spoil them."""
    scale: _Scale | None = None
    """How many times as large: 0.5, 1, 2, 3, 4 or 8."""
    size: _Target | None = None
    """Instead of a scale: the texels of the longest side, or [width, height]."""
    max_size: Annotated[int, Field(strict=True, ge=1)] | None = None
    """Texels that no side may exceed; the scale is lowered to the largest that keeps to it."""
    power_of_two: Annotated[bool, Field(strict=True)] | None = None
    """Round both sides down to powers of two; to the nearest where the source has none."""
    two_x: TwoX | None = None
    """How a 4x model gives 2x: `quality` (4x, then filtered down) or `fast` (shrunk first; loses detail)."""
    fidelity: _Share | None = None
    """0 … 1: how far the result, filtered down, is made to equal the source. 0 is the generator's raw output."""
    grain: _Share | None = None
    """0 … 1: how much of the source's fine grain is continued into the detail that is new."""
    edges: _Edges | None = None
    """What lies beyond the borders: `auto`, `wrap` (tileable), `mirror`, `clamp`, `zero`; or `{x: …, y: …}`."""
    alpha: _Alpha | None = None
    """What the alpha channel means: `opaque`, `cutout`, `blend`, `premultiplied` (transparency), or `mask` (data)."""
    alpha_threshold: _Share | None = None
    """Of a cut-out: from which alpha on a texel is seen."""
    channels: Annotated[dict[Literal["r", "g", "b", "a"], _Channel], Field(min_length=1)] | None = None
    """What each channel of a packed map holds: a kind, `alpha` or `unused`. Of other maps only `a` is looked at."""
    normal_convention: NormalConvention | None = None
    """Which way green points in normal maps: `opengl` (up) or `directx` (down). Unless given, name and pixels say."""
    convert_normals: NormalConvention | None = None
    """Turn normal maps into this convention."""
    color_space: ColorSpace | None = None
    """How stored numbers relate to light, whatever kind and file say: `srgb`, `linear`, `data`."""
    gamma: Annotated[float, Field(strict=True, ge=0.1, le=10)] | None = None
    """An exponent that colour is raised to before a generator sees it, and that is undone after."""
    overlap: Annotated[int, Field(strict=True, ge=0)] | None = None
    """Texels of its neighbours that a tile reads, for models that work by tiles. Unless given, as far as they look."""
    exact: Annotated[bool, Field(strict=True)] | None = None
    """Of a texture that tiles down its height and is too large to go through at once: leave no error at that border."""
    cells: _Cells | None = None
    """The grid of a sprite sheet or flipbook, `4x2` or `{columns: 4, rows: 2, gutter: 1}`: its cells are kept apart."""
    data: Handling | None = None
    """What happens to data: `copy`, or `fit` (resampled by nearest or linear, where one keeps it what it is)."""
    format: AskedFormat | None = None
    """The file that a result becomes; a word is its container. Unless given, it is like its source."""
    ocio: Ocio | None = None
    """The colour space of the file's colours, as OpenColorIO calls it, and of the result's: `{file: ACEScg}`."""
    prefix: _Affix | None = None
    """What is put before a result's name."""
    suffix: _Affix | None = None
    """What is put behind a result's name, before its suffix: `_4x`."""
    quality: Quality | None = None
    """Bounds that a result must keep to be put in its place."""

    @model_validator(mode="before")
    @classmethod
    def _one_size(cls, said: Any) -> Any:
        if isinstance(said, dict) and None not in (said.get("scale"), said.get("size")):
            what = "a scale is given as well, and only one of them can hold; keep one"
            raise PydanticCustomError("two_sizes", what, {"setting": "size"})
        return said


class When(BaseModel):
    """What must hold of a texture, besides its name, for a rule to apply."""

    model_config = MODEL

    kind: Annotated[tuple[MapKind, ...], BeforeValidator(_one_or_more), Field(min_length=1)] | None = None
    """Which map it is: one kind or several."""
    alpha: Annotated[tuple[AlphaMode, ...], BeforeValidator(_one_or_more), Field(min_length=1)] | None = None
    """What its alpha means, before a rule says otherwise."""
    side: _Comparisons | None = None
    """Texels of its longest side: `1024`, `"<=1024"`, or several that must all hold."""
    channels: _Comparisons | None = None
    """How many channels it has."""
    depth: _Comparisons | None = None
    """Bits of a sample."""
    material: _Globs | None = None
    """Globs on the name of the material that it belongs to."""

    @property
    def waits(self) -> bool:
        """Whether it can be told only once the texture's kind is known."""
        return self.kind is not None or self.alpha is not None

    def holds(self, spec: ImageSpec, material: str, kind: MapKind | None, alpha: AlphaMode | None) -> bool:
        """Tell whether a texture meets all conditions. `kind` and `alpha` are None as long as they are not known."""
        numbers = (
            (self.side, max(spec.size.width, spec.size.height)),
            (self.channels, spec.channels),
            (self.depth, spec.depth.bits),
        )
        return (
            (self.kind is None or kind in self.kind)
            and (self.alpha is None or alpha in self.alpha)
            and all(comparison.holds(value) for wanted, value in numbers for comparison in wanted or ())
            and (self.material is None or matches(material, self.material))
        )


class Rule(Settings):
    """Settings for the textures that its globs match. The first rule that matches and sets a thing decides it."""

    match: _Globs = ("**",)
    """One glob, or several, on names within the library."""
    when: When | None = None
    """Conditions on what the texture is, besides its name."""
    kind: MapKind | None = None
    """Which map the texture is, whatever its name and pixels look like."""
    skip: _Reason = None
    """Write nothing, for the reason given here; `false` exempts from the skips of later rules."""

    _where: str = PrivateAttr("")

    @model_validator(mode="after")
    def _makes_sense(self) -> Rule:
        if not self.model_fields_set & {"match", "when"}:
            raise PydanticCustomError("aimless_rule", "one here says not for what; give it 'match', 'when', or both")
        if self.model_fields_set <= {"match", "when"}:
            raise PydanticCustomError("idle_rule", "one here sets nothing; give it a kind, a skip …, or remove it")
        if self.says is not None and self.when is not None and self.when.waits:
            raise PydanticCustomError(
                "circle", "one here sets the kind when kind or alpha are known, which follow from it; use 'match'"
            )
        if self.kind not in (None, MapKind.PACKED) and (self.channels or {}).keys() - {"a"}:
            raise PydanticCustomError("colour", "one here declares colour channels one by one; its kind is 'packed'")
        return self

    @property
    def says(self) -> MapKind | None:
        """Which kind it decides on. Who says what red holds calls a map packed; alpha alone may hold a map anywhere."""
        declared = (self.channels or {}).keys() - {"a"}
        return self.kind or (MapKind.PACKED if declared else None)

    @property
    def label(self) -> str:
        """How messages call it, wherever it stands in its file."""
        return f"rule {self.match[0]!r}{', …' if len(self.match) > 1 else ''}"

    def __str__(self) -> str:
        return self.label + (f" ({self._where})" if self._where else "")


class Profile(Settings):
    """Settings of one platform. They replace those of the run; its rules and kinds come first."""

    output: Path | None = None
    """The folder for its results. Relative to the configuration file."""
    rules: tuple[Rule, ...] = ()
    """Come before the others."""
    kinds: dict[MapKind, Settings] = {}
    """Come before the others, setting by setting."""


class Config(Settings, Course):
    """All that a run is told, as the file and the command line give it together."""

    source: Path
    """The library: a folder, or one file. Relative to the configuration file. SOURCE on the command line beats it."""
    output: Path
    """The folder for results. Relative to the configuration file; else `SOURCE-upscaled` beside the library."""
    model: _Name = AUTO
    """The run's model: `auto` (what is best for each kind), a name of the catalog, or a weights file's path."""
    models_folder: Path | None = None
    """A folder of weights files that may be named without folder and suffix. Relative to the configuration file."""
    licenses: Licenses | None = None
    """Under which licences models may be: `{allow: [BSD-3-Clause, CC0-1.0]}`. Unless given, under any."""
    metadata: Said = Said()
    """What results' files say beside what their sources' do: `{model: true}`."""
    scale: _Scale = 4
    """How many times as large: 0.5, 1, 2, 3, 4 or 8."""
    max_size: Annotated[int, Field(strict=True, ge=1)] = LOADABLE
    """Texels that no side may exceed; the scale is lowered to the largest that keeps to it."""
    power_of_two: Annotated[bool, Field(strict=True)] = False
    """Round both sides down to powers of two; to the nearest where the source has none."""
    two_x: TwoX = TwoX.QUALITY
    """How a 4x model gives 2x: `quality` (4x, then filtered down) or `fast` (shrunk first; loses detail)."""
    edges: _Edges = Field(AskedEdges(), json_schema_extra={"default": AUTO})
    """What lies beyond the borders: `auto`, `wrap` (tileable), `mirror`, `clamp`, `zero`; or `{x: …, y: …}`."""
    data: Handling = Handling.COPY
    """What happens to data: `copy`, or `fit` (resampled by nearest or linear, where one keeps it what it is)."""
    beside: Annotated[bool, Field(strict=True)] = False
    """Write each result beside its source, and not into a folder of its own."""
    overwrite: Annotated[bool, Field(strict=True)] = False
    """Put results in the place of their sources, which are gone then."""
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
    profiles: dict[str, Profile] = {}
    """Variants of this configuration, one a platform; `--profile` chooses."""

    _base: Path | None = PrivateAttr(None)
    _converts: bool = PrivateAttr(False)
    _named: dict[str, str] = PrivateAttr({})

    @property
    def converts(self) -> bool:
        """Whether nothing is enlarged, so that results of other runs may be worked on like anything else."""
        return self._converts

    @property
    def base(self) -> Path | None:
        """What model paths are relative to: the configuration file's folder; None for the working folder."""
        return self._base

    def where_named(self, model: str) -> str | None:
        """Return where the configuration file names a model, as ``file:line``; None where it does not."""
        return self._named.get(model)


NESTED: dict[str, Any] = {
    "rules": Rule,
    "kinds": Settings,
    "profiles": Profile,
    "when": When,
    "quality": Quality,
    "format": Format,
    "ocio": Ocio,
    "licenses": Licenses,
    "metadata": Said,
}
"""What lies below a setting of that name."""
