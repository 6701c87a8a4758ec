"""Decides which settings reach a texture: command line and file, rules, kinds and policies, in one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cg_upscaler.geometry import Edges
from cg_upscaler.library.config import Config, Rule, TwoX
from cg_upscaler.library.globs import matches
from cg_upscaler.maps import POLICIES, MapKind
from cg_upscaler.spec import Precision


@dataclass(frozen=True, slots=True)
class Settled:
    """The settings of one texture, none left open but the precision."""

    model: str
    scale: int
    two_x: TwoX
    fidelity: float
    edges: Edges
    precision: Precision


def rules_for(name: str, config: Config) -> tuple[Rule, ...]:
    """Return the rules that match a texture, in their order."""
    return tuple(rule for rule in config.rules if matches(name, rule.match))


def deciding(rules: Sequence[Rule], setting: str) -> Rule | None:
    """Return the first of the rules that sets a thing."""
    return next((rule for rule in rules if getattr(rule, setting) is not None), None)


def settle(config: Config, rules: Sequence[Rule], kind: MapKind) -> Settled:
    """Return what holds for a texture of that kind under those rules.

    For each setting: the first rule that sets it, else the kind's own, else the policy's model, else the run's.
    """
    policy = POLICIES[kind]
    layers = [*rules, *(own for own in [config.kinds.get(kind)] if own is not None)]

    def first(setting: str, *otherwise: Any) -> Any:
        values = (*(getattr(layer, setting) for layer in layers), *otherwise)
        return next(value for value in values if value is not None)

    return Settled(
        model=first("model", policy.model, config.model),
        scale=first("scale", config.scale),
        two_x=first("two_x", config.two_x),
        fidelity=first("fidelity", config.fidelity, policy.fidelity),
        edges=first("edges", config.edges),
        precision=config.precision,
    )
