"""Decides which model a kind of map takes where none is named for it or for the texture."""

from __future__ import annotations

from collections.abc import Iterator

from cg_upscaler.library.config.notation import AUTO
from cg_upscaler.library.config.schema import Config
from cg_upscaler.maps import PLAIN, POLICIES, MapKind
from cg_upscaler.models import catalog
from cg_upscaler.models.licences import is_allowed


def model_for(kind: MapKind, run: str, config: Config) -> str:
    """Return the model of a kind: its own, whatever that of the `run` is; else the run's; else what is usual for it.

    Where the run draws nothing, kinds that have a network of their own are resampled too. What is under a licence that
    is not allowed gives way to the next in line; of what is usual the last is named all the same, and then refused.
    """
    policy = POLICIES[kind]
    if policy.model is None:
        return run if run != AUTO else _allowed(policy.usual, config)
    if policy.model in PLAIN or run in PLAIN:
        return policy.plain or policy.model
    return _allowed((policy.model, policy.plain or policy.model), config)


def given_way(config: Config) -> Iterator[tuple[str, str, tuple[MapKind, ...]]]:
    """Yield models that give way for their licence: their name, that of what takes their place, and for which kinds."""
    found: dict[tuple[str, str], list[MapKind]] = {}
    for kind in MapKind:
        policy, taken = POLICIES[kind], model_for(kind, config.model, config)
        first = policy.model or policy.usual[0]
        left_open = policy.model is not None or config.model == AUTO
        if left_open and taken != first and not _is_allowed(first, config):
            found.setdefault((first, taken), []).append(kind)
    yield from ((first, taken, tuple(kinds)) for (first, taken), kinds in found.items())


def _allowed(names: tuple[str, ...], config: Config) -> str:
    """Return the first of some models that may be used, or else the last."""
    return next((name for name in names if _is_allowed(name, config)), names[-1])


def _is_allowed(name: str, config: Config) -> bool:
    known = catalog.known(name)
    return known is None or config.licenses is None or is_allowed(known.licence, config.licenses.allow)
