"""What a driver knows of one worker: where it is, what it has on its way, and which of its files wait to be placed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cg_upscaler.cluster.worker import LANES, Card
from cg_upscaler.codecs import remove


@dataclass(frozen=True, slots=True)
class Load:
    """What a job weighs."""

    cost: float
    bytes: int


@dataclass(eq=False, slots=True)
class Hand:
    """One worker, as the driver sees it. Guarded by its roster."""

    handle: Any
    """Ray's, of the actor."""
    node: str
    """Ray's name of the node."""
    pending: Any
    """The answer to its introduction, as long as that is awaited."""
    card: Card | None = None
    loads: dict[int, Load] = field(default_factory=dict)
    """What is on its way, by ticket."""
    finished: deque[str] = field(default_factory=lambda: deque(maxlen=8 * LANES))
    """Files that it has finished last, which may wait to be put into their places."""

    @property
    def cost(self) -> float:
        return sum(load.cost for load in self.loads.values())

    def has_room(self, load: Load) -> bool:
        """Whether it can take a job beside what it has; a job that is too large for it comes alone."""
        if self.card is None or len(self.loads) >= LANES:
            return False
        held = sum(each.bytes for each in self.loads.values())
        return not self.loads or held + load.bytes <= self.card.memory

    def tidy(self, output: Path) -> None:
        """Remove what it left half-written of a result. Only once it has ended."""
        if self.card is None:
            return
        begun, by = f".{output.stem[:40]}.", f".{self.card.machine}-{self.card.process}-"
        for path in output.parent.glob(".*.cgtmp*") if output.parent.is_dir() else ():
            its = path.name.startswith(begun) and by in path.name and path.suffix == output.suffix
            if its and str(path) not in self.finished:
                remove(path)
