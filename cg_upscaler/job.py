"""Jobs, plans, events and receipts: what is to be done to one texture, and what was done. They are the wire format."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import Enum

from cg_upscaler.geometry import Cut, Edges
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind, Role
from cg_upscaler.spec import DeviceInfo, ImageSpec, Precision
from cg_upscaler.wire import to_plain

ALGORITHM = 1
"""Goes up whenever the same job would give other pixels; part of every job's key."""


class Action(str, Enum):
    """What happens to a source."""

    UPSCALE = "upscale"
    COPY = "copy"  # the file as it is, byte for byte
    SKIP = "skip"  # nothing is written


class Via(str, Enum):
    """How a group comes from the model's scale to the job's."""

    DIRECT = "direct"  # they are the same
    REDUCE = "reduce"  # generate, then box-filter down in linear light: the quality way to 2x with a 4x model
    SHRINK = "shrink"  # box-filter the source down, then generate: a quarter of the cost, loses detail


class Band(str, Enum):
    """Which frequencies of the source the match holds."""

    ALL = "all"
    LOW = "low"  # only what is coarser than a codec's blocks


@dataclass(frozen=True, slots=True)
class Group:
    """Channels of one texture that go through a generator together."""

    role: Role
    channels: tuple[int, ...]
    """Which channels of the source, in order. One for a scalar; a gray picture stored as RGB gives only its first."""
    targets: tuple[int, ...]
    """Which channels of the result they become: as many as `channels`, or several from one."""
    color_space: ColorSpace
    model: str
    via: Via
    fidelity: float
    band: Band
    precision: Precision
    cut: Cut
    weights: str = ""
    """The hash of the model's weights, so that the job's key changes with them."""
    constant: bool = False
    """The source holds one value throughout: nothing is generated."""


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
    source_spec: ImageSpec | None = None
    output_spec: ImageSpec | None = None
    edges: Edges = Edges()
    alpha: AlphaMode = AlphaMode.NONE
    groups: tuple[Group, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be kept, or is worth knowing: ``DDS is written as PNG``."""

    @property
    def megapixels(self) -> float:
        """The size of the source, in millions of texels; 0 where nothing is generated."""
        if self.action is not Action.UPSCALE or self.source_spec is None:
            return 0.0
        return self.source_spec.size.pixels / 1e6

    def key(self, source_hash: str) -> str:
        """Return the identity of the result: source bytes, everything in this job that reaches pixels, the algorithm.

        Where files lie and why a kind was chosen do not reach pixels, and are left out; a model is its weights.
        """
        plain = to_plain(self)
        for field in ("name", "source", "output", "why", "confidence", "notes"):
            del plain[field]
        for group in plain["groups"]:
            group["model"] = group["weights"] or group["model"]
        text = json.dumps([ALGORITHM, source_hash, plain], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


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


class Outcome(str, Enum):
    """How a job ended."""

    DONE = "done"
    COPIED = "copied"
    SKIPPED = "skipped"
    CURRENT = "current"  # the output is there already, from an equal job
    FAILED = "failed"
    CANCELLED = "cancelled"


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


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a face may want to show while a run goes on."""

    job: Job
    progress: float
    """0 … 1 of this job."""
    receipt: Receipt | None = None
    """There, once the job has ended."""
