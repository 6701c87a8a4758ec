"""The words of the worker's protocol: what a host asks, and what the worker says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Union

PROTOCOL = 1
"""Goes up when a word means something else than before. New fields and messages leave it: who does not know them
passes them over."""

# What a host asks


@dataclass(frozen=True)
class Texture:
    """A file that is to be upscaled, and what the host knows of it."""

    path: str
    """Absolute."""
    given: dict[str, Any] = field(default_factory=dict)
    """Settings for it alone, as a rule of a configuration has them: ``{"kind": "normal"}``. They beat all others."""


@dataclass(frozen=True)
class Task:
    """Textures, and how they are to be upscaled."""

    textures: tuple[Texture, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    """As a configuration has them at its top: ``{"scale": 2, "model": "realesrgan-x4plus"}``."""
    into: str = ""
    """The folder for results. Empty: beside the sources, under the names that ``prefix`` and ``suffix`` give."""
    config: str = ""
    """The path of a configuration file, whose rules hold too. Its ``output`` is where results go unless `into` says."""
    force: bool = False
    """Do everything again, and replace what somebody else wrote."""


@dataclass(frozen=True)
class About:
    """Asks for `Abilities`: where generators run, and which there are. Loads torch, which takes seconds."""

    do: ClassVar[str] = "about"
    id: int


@dataclass(frozen=True)
class Look:
    """Asks for `Looked`: what textures are taken for, and what would be done with them."""

    do: ClassVar[str] = "look"
    id: int
    task: Task


@dataclass(frozen=True)
class Upscale:
    """Asks for textures to be upscaled: `Progress` comes until it is `Done`."""

    do: ClassVar[str] = "upscale"
    id: int
    task: Task


@dataclass(frozen=True)
class Preview:
    """Asks for a rectangle of one texture to be upscaled, which comes as `Previewed`."""

    do: ClassVar[str] = "preview"
    id: int
    task: Task
    """Of one texture."""
    crop: tuple[int, int, int, int]
    """Left, top, width, height, in texels of the source from its top left corner."""
    into: str
    """The folder, absolute, for the picture: a PNG, or an EXR where the source has floats."""


@dataclass(frozen=True)
class Cancel:
    """Asks for a request to be given up, begun or not; it ends as `Cancelled`, unless it is at its end already."""

    do: ClassVar[str] = "cancel"
    id: int


@dataclass(frozen=True)
class Shutdown:
    """Asks the worker to end; what is being done is cancelled."""

    do: ClassVar[str] = "shutdown"


Request = Union[About, Look, Upscale, Preview, Cancel, Shutdown]  # noqa: UP007 (evaluated as the module loads, also by Python 3.9)


# What the worker says


@dataclass(frozen=True)
class Hello:
    """The first message, before anything slow."""

    event: ClassVar[str] = "hello"
    protocol: int
    version: str
    """Of the engine."""
    process: int = 0


@dataclass(frozen=True)
class Model:
    """A generator."""

    name: str
    scale: int
    licence: str = ""
    draft: bool = False
    """Whether it is small and fast: fit for a preview."""


@dataclass(frozen=True)
class Abilities:
    """Answers `About`."""

    event: ClassVar[str] = "abilities"
    id: int
    device: str
    """As torch spells it: ``cuda:0``."""
    label: str
    """As its maker spells it."""
    models: tuple[Model, ...] = ()


@dataclass(frozen=True)
class Planned:
    """What one texture is taken for, and what is done with it."""

    path: str
    kind: str
    """Which map: ``normal``."""
    why: str
    """Why it is taken for that."""
    action: str
    """``upscale``, ``copy`` or ``skip``."""
    output: str = ""
    width: int = 0
    """Of the result."""
    height: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Looked:
    """Answers `Look`. What cannot be worked on is among `failures`."""

    event: ClassVar[str] = "looked"
    id: int
    textures: tuple[Planned, ...] = ()
    failures: dict[str, str] = field(default_factory=dict)
    """Why, by path."""


@dataclass(frozen=True)
class Progress:
    """How far a request is: 0 … 1, and on which texture."""

    event: ClassVar[str] = "progress"
    id: int
    share: float
    path: str = ""
    done: int = 0
    """Textures that ended."""
    of: int = 0


@dataclass(frozen=True)
class Result:
    """How one texture ended."""

    path: str
    outcome: str
    """``done``, ``copied``, ``current`` (up to date already), ``skipped``, ``rejected`` or ``failed``."""
    output: str = ""
    kind: str = ""
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    error: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done:
    """Ends `Upscale`, whatever became of each texture."""

    event: ClassVar[str] = "done"
    id: int
    results: tuple[Result, ...] = ()


@dataclass(frozen=True)
class Previewed:
    """Answers `Preview`."""

    event: ClassVar[str] = "previewed"
    id: int
    output: str
    kind: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Cancelled:
    """Ends a request that was cancelled. What was finished before stays."""

    event: ClassVar[str] = "cancelled"
    id: int


@dataclass(frozen=True)
class Failed:
    """Ends a request that could not be done at all, or answers a line that is none (then `id` is 0)."""

    event: ClassVar[str] = "failed"
    id: int
    what: str
    kind: str = "bug"
    """``usage``, ``source``, ``model``, ``device``, ``output`` or ``bug``; ``engine``: the client's own, where there is
    no worker that could answer."""
    where: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Alive:
    """Said every few seconds while something is being done: whoever hears nothing for a minute is right to worry."""

    event: ClassVar[str] = "alive"


@dataclass(frozen=True)
class Bye:
    """The last message: the worker ends, as ``why`` says: ``asked``, ``idle`` or ``alone`` (its host is gone)."""

    event: ClassVar[str] = "bye"
    why: str


Message = Union[Hello, Abilities, Looked, Progress, Done, Previewed, Cancelled, Failed, Alive, Bye]  # noqa: UP007
