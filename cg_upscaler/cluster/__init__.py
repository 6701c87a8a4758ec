"""Floor 4: runs on many machines. Ray has workers on its nodes make results; all else is done by whoever called it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from cg_upscaler.cluster.sight import marked
from cg_upscaler.errors import UsageError
from cg_upscaler.flight.making import Maker
from cg_upscaler.spec import DeviceInfo

if TYPE_CHECKING:
    from cg_upscaler.cluster.roster import Roster

__all__ = ["Cluster", "connect"]

_PATIENCE = 120.0
"""Seconds that a run waits for a worker where there is none: nodes begin, are added, come back."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Workers that make results, for as long as the connection is open."""

    maker: Maker
    """For `Engine`."""
    lanes: int
    """Jobs to have on their way at once: twice what the workers take, so that some wait and more nodes may join."""
    memory: int
    """Bytes that those may hold together. What a worker holds is bounded besides."""
    device: DeviceInfo
    """What the workers compute on: plans are to be made for it."""
    roster: Roster

    @property
    def workers(self) -> int:
        """How many workers there are now."""
        return len(self.roster.cards)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing: nodes that joined and cannot work, and processors that differ."""
        wrong = (f"node {name} is not used: it {why}" for name, why in self.roster.complaints.items())
        others = sorted({card.device.label for card in self.roster.cards} - {self.device.label})
        mixed = (
            f"results of {label} may differ in their last bits from those of {self.device.label}" for label in others
        )
        return (*wrong, *mixed)


@contextmanager
def connect(
    address: str | None,
    source: Path,
    output: Path,
    *,
    device: str = "auto",
    patience: float = _PATIENCE,
) -> Iterator[Cluster]:
    """Give the workers of a Ray cluster, one for each GPU or for each few processors.

    Without an `address` it is the one that RAY_ADDRESS names or that runs on this machine, or else one of this machine
    alone. `device` is ``cpu``, ``cuda``, or ``auto``: GPUs where there are any. Raises `UsageError`, in words, where
    there is no Ray, no cluster, nothing to compute on, or a node that does not see the folders of the run.
    """
    if find_spec("ray") is None:
        raise UsageError("ray is not installed", fix="pip install 'cg-upscaler[ray]'")
    from cg_upscaler.cluster.remote import Remote
    from cg_upscaler.cluster.roster import Roster
    from cg_upscaler.cluster.session import has_gpus, session
    from cg_upscaler.cluster.worker import LANES

    if device.partition(":")[0] not in ("auto", "cpu", "cuda"):
        raise UsageError(f"a cluster has no device {device!r}", fix="it is auto, cpu or cuda")
    with ExitStack() as stack:
        sight = stack.enter_context(marked(source, output))
        stack.enter_context(session(address))
        roster = Roster(sight, gpus=device.startswith("cuda") or (device == "auto" and has_gpus()), patience=patience)
        stack.callback(roster.close)
        roster.open()
        cards = roster.cards
        lanes = 2 * LANES * len(cards)
        yield Cluster(Remote(roster), lanes, 2 * sum(card.memory for card in cards), cards[0].device, roster)
