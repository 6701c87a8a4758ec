"""Takes float32 rows and makes a file of them: quantised, whole, or not there at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import TracebackType

from cg_upscaler.codecs.atomic import SLACK, Temporary, failure, free_bytes
from cg_upscaler.codecs.codec import DTYPES, Codec
from cg_upscaler.codecs.metadata import NOTHING, Metadata
from cg_upscaler.errors import OutputError
from cg_upscaler.pixels.rows import BLOCK, Pixels, from_float
from cg_upscaler.spec import ImageSpec


class FileSink:
    """A file on its way; a `Sink`. As a context manager it discards what was not committed.

    Whatever fails, nothing partial is left and the old file stands: errors are an `OutputError`, or `DiskFull`.
    """

    def __init__(
        self, path: Path, spec: ImageSpec, codec: Codec, metadata: Metadata = NOTHING, *, locked: bool = False
    ) -> None:
        reason = codec.refusal(spec)
        if reason or codec.write is None:
            raise OutputError(reason, where=path, fix="choose another container or depth")
        self._spec, self._pictures = spec, spec.pictures
        self._picture, self._filled = 0, 0
        self._open, self._finished = True, False
        self._temporary = Temporary(path, locked=locked)
        try:
            self._require_space(0)
            self._writer = codec.write(self._temporary.path, codec.container, spec, metadata)
        except OSError as error:
            self._temporary.discard()
            raise failure(error, path) from error
        except BaseException:
            self._temporary.discard()
            raise

    def put(self, rows: Pixels) -> None:
        """Take the next rows, float32 (n, width, channels): 0 … 1 for integer depths, else as in the file.

        Each picture begins with a block of its own.
        """
        if not self._open:
            raise ValueError("the file is closed")
        size = self._pictures[self._picture] if self._picture < len(self._pictures) else None
        fits = size is not None and rows.shape[1:] == (size.width, self._spec.channels)
        if size is None or not fits or self._filled + len(rows) > size.height:
            raise ValueError(f"rows of {rows.shape} after {self._filled} do not fit {self._spec}")
        step = max(1, BLOCK // size.width)  # however many come at once, few are held twice
        for start in range(0, len(rows), step):
            block = from_float(rows[start : start + step], DTYPES[self._spec.depth])
            try:
                self._require_space(block.nbytes)
                self._writer.write(block)
            except OSError as error:
                raise self._failed(error) from error
            except BaseException:
                self.discard()
                raise
            self._filled += len(block)
        if self._filled == size.height:
            self._picture, self._filled = self._picture + 1, 0

    def finish(self) -> Path:
        """Write what is left, and return where the whole file waits for `commit`. Raises `OutputError`.

        Rows that are missing are an error. Whatever fails, nothing is left.
        """
        if self._finished:
            return self._temporary.path
        if not self._open:
            raise ValueError("the file is closed")
        if self._picture < len(self._pictures):
            self.discard()
            what = f"only {self._filled} of {self._pictures[self._picture].height} rows were there"
            raise OutputError(what, where=self._temporary.target, fix="this is a bug; nothing was written")
        try:
            self._require_space(0)
            self._writer.close()
        except OSError as error:
            raise self._failed(error) from error
        except BaseException:
            self.discard()
            raise
        self._open, self._finished = False, True
        return self._temporary.path

    def commit(self, target: Path | None = None) -> None:
        """Make the file appear: at its path, or at a `target` of the same suffix on the same disk."""
        self.finish()
        self._finished = False
        self._temporary.commit(target)

    def release(self) -> Path:
        """Finish, and leave the file to the caller, who is to `place` or `remove` it. Return where it is."""
        path = self.finish()
        self._finished = False
        return path

    def discard(self) -> None:
        """Leave no trace. Does nothing after `commit`, nor after `release`."""
        if self._open:
            self._open = False
            self._writer.abort()
            self._temporary.discard()
        elif self._finished:
            self._finished = False
            self._temporary.discard()

    def __enter__(self) -> FileSink:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.discard()

    def _failed(self, error: OSError) -> OutputError:
        meaning = failure(error, self._temporary.target)  # before the file goes, and its space is free again
        self.discard()
        return meaning

    def _require_space(self, size: int) -> None:
        """Look before writing: on a full disk the OpenEXR library hangs, and others lose the end of the file."""
        if free_bytes(self._temporary.target) < size + SLACK:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
