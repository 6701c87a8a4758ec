"""How a command goes about a library, beside what configurations say."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from cg_upscaler.job import ALGORITHM
from cg_upscaler.library.config import Config
from cg_upscaler.library.record.place import shard_folder, state_folder
from cg_upscaler.library.shards import Shard
from cg_upscaler.library.standing import Terms
from cg_upscaler.moments import now


@dataclass(frozen=True, slots=True)
class How:
    """How a command goes about a library, beside what configurations say."""

    only: tuple[str, ...] = ()
    json_: bool = False
    force: bool = False
    quiet: bool = False
    jobs: int | None = None
    verify: bool = False
    prune: bool = False
    wait: float | None = None
    shard: str | None = None
    ray: str | None = None
    log: Path | None = None
    summary: Path | None = None
    junit: Path | None = None
    prometheus: Path | None = None
    report: bool = False

    @staticmethod
    def of(options: dict[str, Any]) -> tuple[How, dict[str, Any]]:
        """Return what of a command's options this is, and the others."""
        own = {each.name for each in fields(How)}
        return How(**{name: value for name, value in options.items() if name in own}), {
            name: value for name, value in options.items() if name not in own
        }

    @property
    def part(self) -> Shard | None:
        return None if self.shard is None else Shard.of(self.shard)

    @property
    def afresh(self) -> bool:
        """Whether nothing is taken for settled."""
        return self.force or self.verify or self.shard is not None

    def state_of(self, config: Config) -> Path:
        """Return the folder of the record: parts of a library have one each."""
        state = state_folder(config.output, config.state)
        return state if self.part is None else shard_folder(state, str(self.part))


def terms_of(config: Config, how: How) -> Terms:
    return Terms(how.force, config.pin_revision or ALGORITHM, config.before_write is not None)


class Begun:
    """When a run began."""

    def __init__(self) -> None:
        self.at = now()
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start
