"""Shows a run as it goes: a bar on a terminal, a line a texture in a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from tqdm import tqdm

from cg_upscaler.job import Event, Outcome, Plan, Receipt

_MARKS = {Outcome.DONE: "done", Outcome.COPIED: "copied", Outcome.SKIPPED: "skipped", Outcome.CURRENT: "up to date"}


class Progress:
    """A listener for `Engine.run`. What failed or was rejected is always told; the rest as the terminal allows."""

    def __init__(self, plan: Plan, *, quiet: bool) -> None:
        self._total, self._finished = len(plan.jobs), 0
        self._shown: dict[str, float] = {}  # megapixels of each texture that is on its way
        self._quiet, self._terminal = quiet, sys.stderr.isatty()
        self._bar = tqdm(
            total=round(sum(job.megapixels for job in plan.jobs), 3),
            unit="MP",
            file=sys.stderr,
            disable=quiet or not self._terminal,
            bar_format="{percentage:3.0f}% |{bar}| {n:.2f}/{total:.2f} MP, {remaining} left, {postfix}",
            dynamic_ncols=True,
        )

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def __call__(self, event: Event, *, told: bool = True) -> None:
        now = event.progress * event.job.megapixels
        self._bar.update(now - self._shown.get(event.job.name, 0.0))
        self._shown[event.job.name] = now
        if event.receipt is not None:
            del self._shown[event.job.name]
            self._finished += 1
            if told:
                self._tell(event.receipt)
        self._bar.set_postfix_str(f"texture {min(self._finished + 1, self._total)} of {self._total}: {event.job.name}")

    def _tell(self, receipt: Receipt) -> None:
        if receipt.outcome is Outcome.FAILED:
            self._line(f"failed: {receipt.error}")
        elif receipt.outcome is Outcome.REJECTED:
            self._line(f"rejected: {receipt.name}: {receipt.error}")
        elif not self._quiet and not self._terminal:
            mark = _MARKS.get(receipt.outcome, receipt.outcome.value)
            self._line(f"[{self._finished}/{self._total}] {mark}: {receipt.name} ({receipt.seconds:.1f} s)")

    def _line(self, text: str) -> None:
        tqdm.write(text, file=sys.stderr)


@contextmanager
def planning(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show how many textures have been looked at, on a terminal."""
    with tqdm(
        unit=" textures", desc="looking", file=sys.stderr, disable=quiet or not sys.stderr.isatty(), leave=False
    ) as bar:

        def told(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield told
