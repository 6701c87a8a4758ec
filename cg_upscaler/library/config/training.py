"""What can be set of a training, what each setting takes, and how it is read from a YAML file with the line of each."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from cg_upscaler.codecs import PIXEL_LIMIT
from cg_upscaler.errors import ConfigError, UsageError
from cg_upscaler.library.config import _line, _Place, _read
from cg_upscaler.library.config.complaints import in_words
from cg_upscaler.library.config.course import MODEL, _one_or_more
from cg_upscaler.models.places import is_path

_PATHS = ("library", "pairs", "output")


class Lesson(str, Enum):
    """What a network is taught to enlarge."""

    COLOR = "color"  # base colour, emission, reflected colour: three channels for the eye
    NORMAL = "normal"  # unit vectors
    MASK = "mask"  # roughness, metal, occlusion …: one channel of numbers
    HEIGHT = "height"  # one channel, smooth in all of its levels


class Family(str, Enum):
    """Which network is trained from scratch."""

    COMPACT = "compact"
    RRDB = "rrdb"


class Critic(str, Enum):
    """Who tells drawn from true in the second stage."""

    UNET = "unet"  # looks at each texel, with all around it
    PATCH = "patch"  # relativistic: is this patch truer than that?


_Count = Annotated[int, Field(strict=True, ge=1)]
_Weight = Annotated[float, Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Globs = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]


class Shaped(BaseModel):
    """The dimensions of a network that begins from nothing. Those left out follow from the family."""

    model_config = MODEL

    family: Family = Family.COMPACT
    """`compact` (small and fast) or `rrdb` (ESRGAN's own, large)."""
    width: _Count | None = None
    """Channels: 48 of a compact network, 64 of an RRDB."""
    hidden: _Count | None = None
    """Convolutions of a compact network between its first and last: 9."""
    blocks: _Count | None = None
    """Basic blocks of an RRDB: 6."""

    @model_validator(mode="after")
    def _of_its_family(self) -> Shaped:
        stray = "blocks" if self.family is Family.COMPACT else "hidden"
        if getattr(self, stray) is not None:
            what = f"{stray} is nothing that a network of family {self.family.value} has; leave it out"
            raise PydanticCustomError("stray", "{what}", {"what": what, "setting": stray})
        return self


class Degradations(BaseModel):
    """How small textures are made from large ones: how often each way is taken, in shares of their sum."""

    model_config = MODEL

    box: _Weight = 1.0
    """The mean of what lies under a texel, in linear light; of vectors the mean direction."""
    mips: _Weight = 0.5
    """Halved again and again, rounded in between, as mip levels are."""
    lanczos: _Weight = 0.25
    """Lanczos with three lobes: sharp, with rings."""
    plain: _Weight = 2.0
    """Stored as it is, in 8 bits."""
    bc1: _Weight | None = None
    """Stored in blocks, by the encoder that writes them here. Unless given, each kind of map has its own shares."""
    bc3: _Weight | None = None
    """Blocks with smooth alpha; normal maps as DXT5nm, x in alpha and y in green."""
    bc5: _Weight | None = None
    """Two channels in blocks: normal maps with z rebuilt. Other maps do not take it."""
    bc7: _Weight | None = None
    """The best of the blocks."""
    jpeg: _Weight = 0.25
    """As JPEG, of a quality within `jpeg_quality`. Normal maps and heights take a quarter of this share."""
    palette: _Weight = 0.0
    """In 256 colours at most."""
    jpeg_quality: tuple[Annotated[int, Field(ge=1, le=100)], Annotated[int, Field(ge=1, le=100)]] = (70, 98)
    """The lowest and the highest."""
    soft: _Share = 0.1
    """How many of the large textures are made smooth before: gradients and glows, of which libraries hold few."""
    blur: _Share = 0.1
    """How many of the small textures are blurred a little before."""
    noise: _Share = 0.1
    """How many get a little noise."""

    @model_validator(mode="after")
    def _some(self) -> Degradations:
        if not self.box + self.mips + self.lanczos:
            what = "box, mips and lanczos are all 0: no way is left to make a texture small; give one of them"
            raise PydanticCustomError("none_left", "{what}", {"what": what, "setting": "box"})
        if self.jpeg_quality[0] > self.jpeg_quality[1]:
            what = "jpeg_quality takes the lower number first"
            raise PydanticCustomError("order", "{what}", {"what": what, "setting": "jpeg_quality"})
        return self


class Losses(BaseModel):
    """What counts as wrong, and how much. 0 leaves a term out."""

    model_config = MODEL

    pixel: _Weight = 1.0
    """Of colours, masks and heights: the distance of each number from the truth."""
    gradient: _Weight = 0.5
    """The distance of the steps between neighbouring texels."""
    detail: _Weight = 0.0
    """Of colours, masks and heights: the distance of how much fine detail there is, wherever about a texel it lies."""
    consistency: _Weight = 0.25
    """The distance of the result, filtered down, from the truth, filtered down: the source before it was stored."""
    angular: _Weight = 1.0
    """Of normals: the angle between the result and the truth."""
    slope: _Weight = 0.1
    """Of normals: the distance of the slopes x/z and y/z."""
    perceptual: _Weight = 0.0
    """How differently a network for photographs sees them: needs `vgg`."""
    vgg: Path | None = None
    """The weights of VGG-19's features, a file of your own. Relative to the configuration file."""

    @model_validator(mode="after")
    def _has_eyes(self) -> Losses:
        if self.perceptual and self.vgg is None:
            what = "the perceptual loss looks through VGG-19, whose weights do not come along; name their file as 'vgg'"
            raise PydanticCustomError("blind", "{what}", {"what": what, "setting": "perceptual"})
        return self


class Adversary(BaseModel):
    """The second stage, in which a critic learns to tell drawn from true. Colour only."""

    model_config = MODEL

    after: Annotated[int, Field(strict=True, ge=0)] | None = None
    """The step from which on there is one; not given, there is none."""
    weight: _Weight = 0.05
    """How much it counts beside the other losses."""
    critic: Critic = Critic.UNET
    """`unet` or `patch`."""
    width: _Count = 32
    """Its channels at full size."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    """How fast it learns."""


class Training(BaseModel):
    """All that a training is told, as the file and the command line give it together."""

    model_config = MODEL

    library: Path
    """The textures to learn from. LIBRARY on the command line beats it."""
    output: Path
    """The folder for weights, checkpoint and page; else `training-normal` or the like in the working folder."""
    pairs: Path | None = None
    """A folder of small textures by the names of the library's large ones: real pairs, taken as they are."""
    only: _Globs = ()
    """Globs on names within the library: only these are learnt from."""
    exclude: _Globs = ()
    """Globs on names that are not learnt from."""
    teach: Lesson
    """`color`, `normal`, `mask` or `height`."""
    scale: Annotated[int, Field(strict=True, ge=2, le=4)] = 4
    """2, 3 or 4."""
    network: Shaped = Shaped()
    """The network that begins from nothing, unless `start` names weights."""
    start: str | None = None
    """A model of the catalog, or a weights file, to train further."""
    crop: Annotated[int, Field(strict=True, ge=16)] = 160
    """Texels a side of the large pieces that are learnt from."""
    batch: _Count = 8
    """Pieces a step."""
    steps: _Count = 20000
    """How many steps."""
    minutes: Annotated[float, Field(gt=0)] | None = None
    """Stop after so long, however few steps that were; the next start goes on."""
    learning_rate: Annotated[float, Field(gt=0)] = 5e-4
    """The highest; it falls to nothing along half a wave."""
    warmup: Annotated[int, Field(strict=True, ge=0)] = 100
    """Steps in which it rises from nothing."""
    clip: Annotated[float, Field(gt=0)] = 1.0
    """The longest gradient; what is longer is shortened."""
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """How slowly the averaged weights, which are the ones kept, follow those that learn."""
    seed: Annotated[int, Field(strict=True, ge=0)] = 0
    """Equal seeds give equal trainings on one machine."""
    degradations: Degradations = Degradations()
    """How small textures are made."""
    losses: Losses = Losses()
    """What counts as wrong."""
    gan: Adversary = Adversary()
    """The second stage."""
    validation: _Share = 0.1
    """The share of the materials by which the best weights are chosen."""
    held_out: _Share = 0.1
    """The share of the materials that is looked at only at the end."""
    validate_every: _Count = 1000
    """Steps between two looks at the validation."""
    save_every: _Count = 500
    """Steps between two checkpoints."""
    measured: Annotated[int, Field(strict=True, ge=32)] = 256
    """Texels a side of the middles of textures that figures are taken of."""
    most: _Count = 24
    """Textures that figures are taken of, each time."""
    device: Annotated[str, Field(min_length=1)] = "auto"
    """`auto`, `cpu`, `cuda`, `mps`."""
    amp: Annotated[bool, Field(strict=True)] | None = None
    """Compute in bfloat16 where it is safe; unless given, where the device gains by it."""
    pixel_limit: Annotated[int, Field(strict=True, ge=1)] = PIXEL_LIMIT
    """Texels of the largest texture that is read."""
    name: Annotated[str, Field(min_length=1)] | None = None
    """What the weights are called; else after the lesson and the scale: `normal-x4`."""
    licence: str = ""
    """Under which licence the weights may be used; kept within their file."""
    data: str = ""
    """Whose textures they learnt from, in your words; kept within their file."""

    @model_validator(mode="after")
    def _goes_together(self) -> Training:
        if self.crop % self.scale:
            what = f"crop {self.crop} is no multiple of the scale {self.scale}"
            raise PydanticCustomError("odd_crop", "{what}", {"what": what, "setting": "crop"})
        if self.validation + self.held_out >= 1:
            what = "validation and held_out together leave nothing to learn from; they are shares of 1"
            raise PydanticCustomError("greedy", "{what}", {"what": what, "setting": "validation"})
        if self.gan.after is not None and self.teach is not Lesson.COLOR:
            what = f"a critic is for colour: {self.teach.value} is judged by its numbers; leave 'gan' out"
            raise PydanticCustomError("critic", "{what}", {"what": what, "setting": "gan"})
        return self

    @property
    def called(self) -> str:
        return self.name or f"{self.teach.value}-x{self.scale}"


_NESTED: dict[str, Any] = {
    "network": Shaped,
    "degradations": Degradations,
    "losses": Losses,
    "gan": Adversary,
}


def load_training(path: Path | None = None, **overrides: Any) -> Training:
    """Return the settings of a file, with those of `overrides` that are not None in their place.

    Paths in the file are relative to it, those in overrides to the working folder. Raises `ConfigError` for what stands
    in the file, at its line, and `UsageError` for overrides.
    """
    plain, lines = ({}, {}) if path is None else _read(path)
    folder = Path() if path is None else Path(os.path.abspath(path)).parent
    given = {name: value for name, value in overrides.items() if value is not None}
    for part, base in ((plain, folder), (given, Path())):
        for name in _PATHS:
            if isinstance(part.get(name), (str, Path)):
                part[name] = _absolute(part[name], base)
        if isinstance(part.get("start"), str):
            part["start"] = _start(part["start"], base)
    losses = plain.get("losses")
    if isinstance(losses, dict) and isinstance(losses.get("vgg"), str):
        losses["vgg"] = _absolute(losses["vgg"], folder)
    asked = {**plain, **given}
    asked.setdefault("output", _absolute(f"training-{asked.get('teach', 'new')}", Path()))
    try:
        return Training.model_validate(asked)
    except ValidationError as error:
        raise _first(error.errors(), path, lines, given) from None


def _absolute(value: str | Path, base: Path) -> Path:
    return Path(os.path.abspath(base / Path(value).expanduser()))


def _start(value: str, base: Path) -> str:
    """Make a weights file's path absolute; a name of the catalog stays one."""
    return str(_absolute(value, base)) if is_path(value) else value


def _first(
    errors: list[ErrorDetails], path: Path | None, lines: dict[_Place, int], given: dict[str, Any]
) -> UsageError:
    def place(error: ErrorDetails) -> _Place:
        setting = error.get("ctx", {}).get("setting")
        return error["loc"] if setting is None else (*error["loc"], setting)

    missing = {error["loc"][0] for error in errors if error["type"] == "missing"}
    others = [error for error in errors if error["type"] != "missing" or error["loc"][0] != "library"]
    if not others and "library" in missing:
        return UsageError("no library is named", fix="give LIBRARY, or 'library:' in the configuration file")
    error = min(others, key=lambda error: _line(place(error), lines))
    model: Any = Training
    for part in error["loc"][:-1]:
        model = _NESTED.get(str(part), model)
    what, fix = _told(error, sorted(model.model_fields))
    if path is None or (error["loc"] and error["loc"][0] in given):
        return UsageError(what, fix=fix)
    return ConfigError(what, where=f"{path}:{_line(place(error), lines)}", fix=fix)


def _told(error: ErrorDetails, known: list[str]) -> tuple[str, str | None]:
    if error["loc"] == ("teach",) and error["type"] == "missing":
        return "it is not said what is to be taught", f"give 'teach: {'|'.join(each.value for each in Lesson)}'"
    if error["type"] == "greater_than":
        return f"{error['loc'][-1]} takes a number above {error['ctx']['gt']:g}, and was given {error['input']!r}", None
    if "what" in error.get("ctx", {}):
        what, _, fix = str(error["ctx"]["what"]).partition("; ")
        return what, fix or None
    return in_words(error, known)
