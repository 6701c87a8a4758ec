"""What a training came to, step by step and look by look."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cg_upscaler.wire import to_plain

Figures = dict[str, float]
"""What was measured of one result: ``degrees``, or ``db`` and ``flip``."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one texture, each way of enlarging it by its name."""

    name: str
    material: str
    ways: dict[str, Figures]


@dataclass(frozen=True, slots=True)
class Look:
    """The mean figures of all textures of the validation, after a step."""

    step: int
    ways: dict[str, Figures]


@dataclass(slots=True)
class History:
    """The loss of every step, and every look at the validation."""

    losses: list[float] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    seconds: float = 0.0
    """All that was spent on steps and looks, over all starts."""
    best_step: int = 0
    best: float | None = None
    """What the best look came to; the lower the better."""

    def plain(self) -> dict[str, Any]:
        return {
            "losses": list(self.losses),
            "looks": [to_plain(look) for look in self.looks],
            "seconds": self.seconds,
            "best_step": self.best_step,
            "best": self.best,
        }

    @classmethod
    def of(cls, plain: dict[str, Any]) -> History:
        looks = [Look(look["step"], look["ways"]) for look in plain["looks"]]
        return cls(list(plain["losses"]), looks, plain["seconds"], plain["best_step"], plain["best"])
