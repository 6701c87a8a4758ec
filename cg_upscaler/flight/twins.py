"""Has equal work done once: who comes second waits for the first, and is told where its result lies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition

from cg_upscaler.job import Outcome, Receipt


@dataclass(frozen=True, slots=True)
class Twin:
    """What came of an equal job in this run."""

    receipt: Receipt
    notes: tuple[str, ...]
    """Those of its receipt that arose on the way."""


class Turn:
    """One job's turn at a result: there is a `twin` to take it from, or it is this job's to make and to hand on."""

    def __init__(self, twin: Twin | None) -> None:
        self.twin = twin
        self.made: Twin | None = None

    def hand_on(self, receipt: Receipt, notes: tuple[str, ...]) -> None:
        """Let equal jobs take their result from this one's, where that is done."""
        if receipt.outcome in (Outcome.DONE, Outcome.CURRENT):
            self.made = Twin(receipt, notes)


class Twins:
    """Who makes which result, by its identity. Shared by the threads of a run."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._being_made: set[str] = set()
        self._made: dict[str, Twin] = {}

    @contextmanager
    def turn(self, identity: str) -> Iterator[Turn]:
        """Wait until nobody else makes this result, and give the turn at it.

        Who waits holds nothing that another waits for, and whoever makes a result ends, so this does too. If the first
        one fails the next makes it.
        """
        with self._changed:
            self._changed.wait_for(lambda: identity not in self._being_made)
            turn = Turn(self._made.get(identity))
            if turn.twin is None:
                self._being_made.add(identity)
        try:
            yield turn
        finally:
            if turn.twin is None:
                with self._changed:
                    self._being_made.discard(identity)
                    if turn.made is not None:
                        self._made[identity] = turn.made
                    self._changed.notify_all()
