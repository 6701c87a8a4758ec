"""Finds where the results of a run are made: in this process, or on a cluster."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cg_upscaler.cli.how import How
from cg_upscaler.library.config import Config
from cg_upscaler.spec import DeviceInfo

if TYPE_CHECKING:
    from cg_upscaler.flight.making import Maker


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where results are made."""

    device: DeviceInfo | None
    maker: Maker | None = None
    lanes: int | None = None
    memory: int | None = None
    notes: tuple[str, ...] = ()


def workplace(config: Config, how: How, stack: ExitStack) -> Workplace:
    if how.ray is None:
        return Workplace(None)
    from cg_upscaler import cluster

    address = None if how.ray == "auto" else how.ray
    there = stack.enter_context(cluster.connect(address, config.source, config.output, device=config.device))
    return Workplace(there.device, there.maker, there.lanes, there.memory, there.notes)
