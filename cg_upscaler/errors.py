"""Every way in which the package fails on purpose, as one tree of exceptions.

    UpscaleError                     anything below; `except UpscaleError` catches all that is not a bug here
    ├── UsageError                   the request itself makes no sense (exit code 2)
    │   └── ConfigError              … and it stands in a configuration file, at a line
    ├── SourceError                  a texture cannot be read
    │   ├── UnreadableImage          truncated, empty, corrupt, misnamed, a Git LFS pointer
    │   ├── UnsupportedImage         well-formed, but of a kind that is not handled
    │   ├── TooManyPixels            larger than the pixel limit, by its header
    │   └── SourceChanged            somebody wrote to it while it was worked on
    ├── ModelError                   a generator cannot be had
    │   ├── ModelNotFound            no such name in the catalog, no such file
    │   ├── WeightsMismatch          the file's size or hash is not the published one
    │   ├── UnsafeWeights            reading the file would run code
    │   └── UnknownArchitecture      the weights are of no network known here
    ├── GenerateError                the generator was run and did not deliver
    │   ├── OutOfMemory              the cut does not fit; the engine plans a smaller one
    │   ├── DeviceLost               the device is gone, or broke off; nothing more runs on it in this run
    │   ├── NonFinite                NaN or infinity came out; the engine runs again in float32
    │   └── Blank                    one colour came out where a picture went in; the engine does the same
    ├── TrainingError                a training cannot go on: its loss is no number any more
    ├── OutputError                  a result cannot be written
    │   ├── ForeignOutput            a file that this tool did not write, or that somebody edited, is in the way
    │   ├── DiskFull                 no space left; nothing partial remains
    │   └── RecordDamaged            the record of an output folder is no such thing; runs mend it
    ├── TooSlow                      a texture took longer than it may
    └── Cancelled                    the caller asked to stop

Each carries *what* happened, *where*, and the likely *fix*, and reads as ``where: what; fix``.
"""

from __future__ import annotations

import os


class UpscaleError(Exception):
    """Base of all errors raised on purpose. ``str()`` gives ``where: what; fix`` on one line."""

    def __init__(self, what: str, *, where: str | os.PathLike[str] | None = None, fix: str | None = None) -> None:
        self.what = what
        self.where = None if where is None else os.fspath(where)
        self.fix = fix
        super().__init__(what)

    def __str__(self) -> str:
        text = self.what if self.where is None else f"{self.where}: {self.what}"
        return text if self.fix is None else f"{text}; {self.fix}"

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive Exception's own pickling, and errors cross process borders.
        return _rebuild, (type(self), self.what, self.where, self.fix)


def _rebuild(kind: type[UpscaleError], what: str, where: str | None, fix: str | None) -> UpscaleError:
    return kind(what, where=where, fix=fix)


class UsageError(UpscaleError):
    """The request itself makes no sense: contradicting options, a folder that is not there."""


class ConfigError(UsageError):
    """A configuration file is wrong; `where` is ``file:line``."""


class SourceError(UpscaleError):
    """A texture cannot be read. One bad texture never stops a run."""


class UnreadableImage(SourceError):
    """Truncated, empty, corrupt, or not the format that its name promises."""


class UnsupportedImage(SourceError):
    """Well-formed, but of a kind that is not handled: an unknown suffix, a volume texture."""


class TooManyPixels(SourceError):
    """The header claims more pixels than the limit; nothing was allocated."""


class SourceChanged(SourceError):
    """Somebody wrote to a texture while it was worked on."""


class ModelError(UpscaleError):
    """A generator cannot be had."""


class ModelNotFound(ModelError):
    """No such name in the catalog, and no such file."""


class WeightsMismatch(ModelError):
    """A weights file is not the published one: its size or hash differs."""


class UnsafeWeights(ModelError):
    """Reading the weights file would run code."""


class UnknownArchitecture(ModelError):
    """The weights belong to no network that is known here."""


class GenerateError(UpscaleError):
    """The generator was run and did not deliver."""


class OutOfMemory(GenerateError):
    """The cut does not fit the device. The engine discards what it has and starts afresh with a smaller one."""


class DeviceLost(GenerateError):
    """The device disappeared or broke off, and takes no more work from this process."""


class NonFinite(GenerateError):
    """NaN or infinity came out of the generator, as float16 does with some weights."""


class Blank(GenerateError):
    """One colour throughout, black mostly, came out of the generator, and what went in was a picture."""


class TrainingError(UpscaleError):
    """A training cannot go on: its loss is no number any more."""


class OutputError(UpscaleError):
    """A result cannot be written."""


class ForeignOutput(OutputError):
    """A file that this tool did not write, or that somebody edited since, stands where the result would go."""


class DiskFull(OutputError):
    """No space is left on the output's disk. No partial file remains."""


class RecordDamaged(OutputError):
    """The file that remembers what was written to an output folder is damaged."""


class TooSlow(UpscaleError):
    """A texture took longer than it may."""


class Cancelled(UpscaleError):
    """The caller asked to stop."""

    def __init__(self, what: str = "cancelled", **where: str | None) -> None:
        super().__init__(what, **where)
