"""Finds what work costs on a machine from the runs that were made there: the costs under which they took their time.

A run tells one sum of many costs. So each cost has a guess, of which is said how far it may be off, and what is found
are the likeliest costs, given guesses and runs. Costs are positive, and runs are off by a share of themselves: hence
logarithms throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.flight.estimate.record import Record
from cg_upscaler.flight.estimate.stages import seconds_of, unit_of

LOAD = 0.7
"""Guess of the seconds in which a network is loaded and makes itself ready."""

_PROCESSOR, _STAGE = 0.7, 0.35
"""How far guesses may be off, as a logarithm: of all stages together, as processors differ, and of each by itself."""
_NETWORK, _LOADING = 0.5, 0.7
"""The same of a network, whose guess was measured beside other work, and of its loading."""
_RUN, _CALIBRATED = 0.08, 0.2
"""The same of what costs say of a run, and of a network that was measured by itself on a small picture."""
_AGEING = 0.95
"""What a run counts for against the one after it."""

_STRANGE = 0.15
"""From where on being further off does not count for more: the machine had something else to do that night."""

_APART = 4
"""The norm by which the seconds of a device and of processors come to those of a run: nearly the longer of the two."""

_ROUNDS = 50
_STEP = 1.0
"""The most that a logarithm moves in one of them."""
_LEAST = 1e-12

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Costs:
    """What work costs on one machine."""

    networks: dict[str, float] = field(default_factory=dict)
    """Seconds for a million texels, by a network's key."""
    loading: dict[str, float] = field(default_factory=dict)
    """Seconds until each is ready."""
    processor: float = 1.0
    """How many times as long as guessed its processors take."""
    stages: dict[str, float] = field(default_factory=dict)
    """And each stage beside that."""

    def seconds(self, run: Record) -> float:
        """Return what a run takes by the clock. Raises KeyError for a network that was never measured."""
        return _Terms(run).seconds(self)


def fitted(runs: Sequence[Record]) -> Costs:
    """Return the costs that explain runs on one machine best, the latest last."""
    terms = [_Terms(run) for run in runs]
    networks = sorted({key for run in runs for key in run.shown if run.shown[key] > 0})
    stages = sorted({name for run in runs for name in run.beside})
    guesses = [log(_guess(key, runs)) for key in networks]
    n, m = len(networks), len(stages)
    # What is looked for: networks, their loading, the processor, stages; each as far as it is off its guess.
    widths = np.array([_NETWORK] * n + [_LOADING] * n + [_PROCESSOR] + [_STAGE] * m)
    sigmas = np.array([_CALIBRATED if run.calibrated else _RUN for run in runs])
    weights = np.sqrt(_AGEING ** np.arange(len(runs))[::-1]) / sigmas
    off: Vector = np.zeros(2 * n + 1 + m)

    def costs(off: Vector) -> Costs:
        return Costs(
            {key: exp(guesses[i] + off[i]) for i, key in enumerate(networks)},
            {key: LOAD * exp(off[n + i]) for i, key in enumerate(networks)},
            exp(off[2 * n]),
            {name: exp(off[2 * n + 1 + i]) for i, name in enumerate(stages)},
        )

    for _ in range(_ROUNDS if runs else 0):
        now = costs(off)
        rest = np.array([log(term.run.seconds / max(term.seconds(now), _LEAST)) for term in terms])
        shares = np.array([term.shares(now, networks, stages) for term in terms])
        # Gauss-Newton: runs as they are off, and guesses as they are, each against how far it may be.
        trust = weights / np.sqrt(np.maximum(1.0, np.abs(rest) / _STRANGE))
        matrix = np.vstack([shares * trust[:, None], np.diag(1 / widths)])
        right = np.concatenate([rest * trust, -off / widths])
        step = np.linalg.lstsq(matrix, right, rcond=None)[0]
        off = off + np.clip(step, -_STEP, _STEP)
        if np.abs(step).max() < 1e-6:
            break
    return costs(off)


def _guess(key: str, runs: Sequence[Record]) -> float:
    """Return seconds for a million texels by what the clock said: best where the network was measured by itself.

    Where nobody measured it, all of a run's time is taken to be that of its networks.
    """
    found = []
    for run in runs:
        if texels := run.shown.get(key):
            seconds = run.busy.get(key) or run.seconds * texels / sum(run.shown.values())
            found.append((run.calibrated, key in run.busy, seconds / texels * 1e6))
    return max(max(found, key=lambda one: one[:2])[2], _LEAST)


class _Terms:
    """What a run's seconds are made of."""

    def __init__(self, run: Record) -> None:
        self.run = run
        self._power = 1 if run.shared else _APART
        self._abreast = max(1.0, min(run.cores, run.beside.get("textures", 1.0)))

    def seconds(self, costs: Costs) -> float:
        device, beside = sum(self._device(costs).values()), sum(self._beside(costs).values())
        return float((device**self._power + beside**self._power) ** (1 / self._power))

    def shares(self, costs: Costs, networks: Sequence[str], stages: Sequence[str]) -> list[float]:
        """Return by how much the logarithm of the seconds grows with that of each cost, in the order of `fitted`."""
        device, beside = self._device(costs), self._beside(costs)
        whole = [sum(part.values()) for part in (device, beside)]
        total = max(sum(part**self._power for part in whole), _LEAST)
        of_device, of_beside = (part ** (self._power - 1) / total for part in whole)
        return [
            *(device.get((key, "shown"), 0.0) * of_device for key in networks),
            *(device.get((key, "loading"), 0.0) * of_device for key in networks),
            whole[1] * of_beside,
            *(beside.get(name, 0.0) * of_beside for name in stages),
        ]

    def _device(self, costs: Costs) -> dict[tuple[str, str], float]:
        used = {key: texels for key, texels in self.run.shown.items() if texels > 0}
        parts = {(key, "shown"): costs.networks[key] * texels / 1e6 for key, texels in used.items()}
        return parts if self.run.calibrated else {**parts, **{(key, "loading"): costs.loading[key] for key in used}}

    def _beside(self, costs: Costs) -> dict[str, float]:
        """Return the seconds by the clock of each stage: on all processors, or of the largest texture on one."""
        every, largest = (
            {name: costs.processor * costs.stages.get(name, 1.0) * seconds_of(name) * amount / unit_of(name) / by
             for name, amount in amounts.items()}
            for amounts, by in ((self.run.beside, self._abreast), (self.run.largest, 1.0))
        )  # fmt: skip
        return max(every, largest, key=lambda parts: sum(parts.values()))
