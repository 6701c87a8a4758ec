"""Jobs, plans, events and receipts: what is to be done to one texture, and what was done. They are the wire format."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cg_upscaler.geometry import Cells, Cut, Edges
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind, Role
from cg_upscaler.model_names import short
from cg_upscaler.spec import DeviceInfo, ImageSpec, Precision
from cg_upscaler.standing import Settled, Standing
from cg_upscaler.wire import to_plain

ALGORITHM = 5
"""Goes up whenever the same job would give other pixels; part of every job's key."""


class Action(str, Enum):
    """What happens to a source."""

    UPSCALE = "upscale"
    COPY = "copy"  # the file as it is, byte for byte
    SKIP = "skip"  # nothing is written


class Via(str, Enum):
    """How a pass comes from the model's scale to its own."""

    DIRECT = "direct"  # they are the same
    REDUCE = "reduce"  # generate, then filter down in linear light: the quality way to 2x with a 4x model
    SHRINK = "shrink"  # box-filter the source down, then generate: a quarter of the cost, loses detail


@dataclass(frozen=True, slots=True)
class Pass:
    """One way through a generator."""

    factor: int
    """How many times as large the picture is afterwards."""
    via: Via
    cut: Cut


class Band(str, Enum):
    """Which frequencies of the source the match holds."""

    ALL = "all"
    LOW = "low"  # only what is coarser than a codec's blocks


@dataclass(frozen=True, slots=True)
class Group:
    """Channels of one texture that go through a generator together."""

    role: Role
    channels: tuple[int, ...]
    """Which channels of the source, in order. One for a scalar; a gray picture stored as RGB gives only its first. For
    vectors x, y and, unless it is to be rebuilt, z: (3, 1) is DXT5nm with x in alpha."""
    targets: tuple[int, ...]
    """Which channels of the result they become: as many as `channels`, or several from one."""
    color_space: ColorSpace
    model: str
    passes: tuple[Pass, ...]
    """One after another, each upon the result of the one before; none where the picture is only filtered to size."""
    fidelity: float
    band: Band
    precision: Precision
    weights: str = ""
    """The hash of the model's weights, so that the job's key changes with them."""
    constant: bool = False
    """The source holds one value throughout: nothing is generated."""
    holds: MapKind | None = None
    """What these channels are, where that is not the texture's own kind: the parts of a packed map."""
    grain: float = 0.0
    """0 … 1: how much of the source's own fine detail is continued into the frequencies that it cannot hold."""
    gamma: float = 1.0
    """The exponent that stored numbers are raised to before they are shown to a generator, and that is undone after."""
    signed: bool = False
    """Vectors stored as -1 … 1, as float files can, and not as 0 … 1."""
    flip: bool = False
    """The other convention is asked for: y is negated."""
    fallback: bool = False
    """Where the source is found to be smooth, it is resampled instead, which is all but exact then."""
    licence: str = ""
    """Of the model, as SPDX says it; ``unknown`` where nobody does. It reaches no pixel."""


@dataclass(frozen=True, slots=True)
class Used:
    """A model that touched a texture."""

    model: str
    """Its name, as people say it."""
    weights: str
    """The SHA-256 of its weights."""
    licence: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A texture that continues another beyond one of its borders: a UDIM tile, a face of a sky box."""

    source: str
    turns: int = 0
    """Quarter turns, counter-clockwise, that bring it into place beside the other."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a texture's neighbours put around it; beyond a border without one lies what its edges say."""

    margin: int
    """Texels of a neighbour that are looked at."""
    left: Neighbour | None = None
    right: Neighbour | None = None
    top: Neighbour | None = None
    bottom: Neighbour | None = None

    @property
    def neighbours(self) -> tuple[Neighbour, ...]:
        return tuple(side for side in (self.left, self.right, self.top, self.bottom) if side is not None)


class MipFilter(str, Enum):
    """What a mip level is filtered from the one before it with."""

    KAISER = "kaiser"  # a windowed sinc: sharp, and without moiré
    BOX = "box"  # the mean of what lies under a texel
    TRIANGLE = "triangle"  # softer than a box, and without its stairs


@dataclass(frozen=True, slots=True)
class Mips:
    """How the levels below the first are made. How many there are is in `output_spec`."""

    filter: MipFilter = MipFilter.KAISER
    kept: bool = False
    """Levels of the source that somebody made by hand stay what they are, at their own size."""
    normals: str = ""
    """The normal map that widens a roughness where its levels lose bumps; empty where none does."""


@dataclass(frozen=True, slots=True)
class Storing:
    """What becomes of a finished picture on its way into a file of another kind than its source."""

    swizzle: str = ""
    """Where each channel of a file comes from: ``rgba``, ``y`` (brightness), ``z`` of x and y, 0, 1. Empty: as is."""
    curve: ColorSpace | None = None
    """What its colours become, from the other: ``linear`` in float files, ``srgb`` in others."""


@dataclass(frozen=True, slots=True)
class Named:
    """The colour spaces of a source and of its result, as OpenColorIO calls them."""

    file: str
    result: str


@dataclass(frozen=True, slots=True)
class Companion:
    """A file that describes a texture in texels, and goes with it, scaled."""

    source: str
    output: str
    form: str
    """Which description it is, as `library.sidecars.texels` calls it."""
    hash: str
    """Of its bytes, as they were planned with."""
    renamed: tuple[tuple[str, ...], ...] = ()
    """Pairs of names of files: as it spells them, and what they are called now."""


@dataclass(frozen=True, slots=True)
class Gates:
    """Bounds that a result must keep to be put in its place. None is no bound."""

    max_color_drift: float | None = None
    """Levels of 255 by which the mean of what is visible may move."""
    min_consistency: float | None = None
    """dB between the source and the result, filtered down to its size; each texel as far as it is seen."""
    max_normal_drift: float | None = None
    """Degrees, on average, between a normal map and its result filtered down to its size."""
    max_coverage_error: float | None = None
    """Share of a cut-out's coverage by which it may change. One texel of the source is never too much."""
    max_seam: float | None = None
    """How many times as large as the source's own the jump across a wrapped border may be."""
    min_encoding: float | None = None
    """dB between the result and what its file holds, where that is stored with loss; all others are of the result."""

    def __bool__(self) -> bool:
        return self != Gates()


@dataclass(frozen=True, slots=True)
class Job:
    """The fully resolved work for one texture. Equal jobs on one build and class of device give equal pixels."""

    name: str
    """Its path within the library, with forward slashes: how messages call it."""
    source: str
    output: str
    action: Action
    kind: MapKind
    why: str
    """Why it is of that kind; for a skip, why it is skipped."""
    confidence: float
    scale: int
    """The product of its groups' passes. The result is filtered from there to the size that `output_spec` gives."""
    source_spec: ImageSpec | None = None
    output_spec: ImageSpec | None = None
    edges: Edges = Edges()
    alpha: AlphaMode = AlphaMode.NONE
    alpha_threshold: float = 0.5
    """Of a cut-out: from here on a texel is seen."""
    cells: Cells | None = None
    """Pictures within the texture that are upscaled each by itself."""
    frame: Frame | None = None
    vertices: bool = False
    """A height field whose texels stand on the vertices of a grid: 2ⁿ + 1 become 2ᵐ + 1."""
    groups: tuple[Group, ...] = ()
    mips: Mips = Mips()
    storing: Storing = Storing()
    named: Named | None = None
    """The colour spaces of its colours, where they are said by name."""
    companions: tuple[Companion, ...] = ()
    gates: Gates = Gates()
    credited: bool = False
    """The result's file says which models it was made with."""
    seen: str = ""
    """The hash of the source's bytes that it was planned by; empty where that is not known."""
    settled: tuple[tuple[str, str], ...] = ()
    """What rules decided for it: pairs of a setting and the rule, ``("alpha", "rule 'foliage/**'")``."""
    notes: tuple[str, ...] = ()
    """What could not be kept, or is worth knowing: ``DDS is written as PNG``."""

    @property
    def megapixels(self) -> float:
        """The size of the source, in millions of texels; 0 where nothing is generated."""
        if self.action is not Action.UPSCALE or self.source_spec is None:
            return 0.0
        return self.source_spec.size.pixels / 1e6

    @property
    def sources(self) -> tuple[str, ...]:
        """Return all files whose pixels reach the result: its source, neighbours, the normals of its mips."""
        beside = () if self.frame is None else (side.source for side in self.frame.neighbours)
        return (self.source, *beside, *filter(None, [self.mips.normals]))

    @property
    def used(self) -> tuple[Used, ...]:
        """Return the models whose weights reach the result, each once."""
        groups = (group for group in self.groups if group.weights and group.passes and not group.constant)
        found = {group.weights: Used(short(group.model), group.weights, group.licence) for group in groups}
        return tuple(found.values())

    def key(self, source_hash: str, revision: int = ALGORITHM) -> str:
        """Return the identity of the result: bytes of the sources, all in this job that reaches pixels, the algorithm.

        Where files lie and why a kind was chosen do not reach pixels, and are left out; a model is its weights. Nor do
        gates: a result is judged anew by what was measured of it.
        """
        text = json.dumps([revision, source_hash, self.identity()], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def identity(self) -> dict[str, Any]:
        """Return what of this job reaches pixels, as plain values."""
        plain: dict[str, Any] = to_plain(self)
        for field in ("name", "source", "output", "why", "confidence", "gates", "notes", "seen", "settled"):
            del plain[field]
        for group in plain["groups"]:
            group["model"] = group["weights"] or group["model"]
            del group["licence"]
        if not self.credited:
            del plain["credited"]
        for side in ("left", "right", "top", "bottom"):
            if plain["frame"] and plain["frame"][side]:
                del plain["frame"][side]["source"]
        del plain["mips"]["normals"]  # its hash is in `source_hash`
        del plain["companions"]  # which are brought up to date by themselves
        return plain


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that could not be planned, or that is left alone, and why."""

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The jobs of a run, in the order in which they run."""

    source: str
    output: str
    device: DeviceInfo
    jobs: tuple[Job, ...]
    problems: tuple[Problem, ...] = ()
    """Sources that cannot be worked on. Each counts as a failure of the run."""
    notes: tuple[str, ...] = ()
    """What is worth knowing of the whole: a rule that matches nothing, files that are no textures."""
    orphans: tuple[str, ...] = ()
    """Results of earlier runs, within the output folder, whose source is not in the library."""
    standings: tuple[Standing, ...] = ()
    """How each job's texture stands, in their order; empty where there was no record to ask."""
    settled: tuple[Settled, ...] = ()
    """Folders whose textures are up to date, every one, and have no job here."""
    unread: tuple[str, ...] = ()
    """Files beside textures that the system did not let it read: what they say is not in these jobs."""
    complete: bool = True
    """Whether the whole library was seen: all of its folders, and not only what was asked for."""


class Outcome(str, Enum):
    """How a job ended."""

    DONE = "done"
    COPIED = "copied"
    SKIPPED = "skipped"
    CURRENT = "current"  # the output is there already, from an equal job
    REJECTED = "rejected"  # a quality gate failed: the result lies in `_rejected/`, what was there before in its place
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Figure:
    """Something measured of a result, and the gate that it broke, if it did."""

    name: str
    """As the gate is called that bounds it, without ``max_`` or ``min_``: ``color_drift``."""
    value: float
    bound: float | None = None
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a job did."""

    name: str
    outcome: Outcome
    output: str = ""
    key: str = ""
    source_hash: str = ""
    output_hash: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    error: str = ""
    figures: tuple[Figure, ...] = ()
    """What was measured of the result: all but ``encoding`` before it was encoded."""
    models: tuple[Used, ...] = ()
    """What touched it."""
    why: str = ""
    """Why it was done, and not up to date: ``new``, ``its source changed``, ``rule 'ui/**' changed: scale 4 → 2``."""
    at: str = ""
    """When it ended, in UTC: ``2026-11-27T02:00:07.123Z``."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a face may want to show while a run goes on."""

    job: Job
    progress: float
    """0 … 1 of this job."""
    receipt: Receipt | None = None
    """There, once the job has ended."""
