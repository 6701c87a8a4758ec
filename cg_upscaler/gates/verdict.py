"""Holds figures against the gates that bound them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from cg_upscaler.job import Figure, Gates


def judged(figures: Iterable[Figure], gates: Gates) -> tuple[Figure, ...]:
    """Return the figures with the bounds of `gates`, and whether they break them: equal to its bound one keeps it."""
    bounds = {}
    for field in dataclasses.fields(gates):
        kind, _, name = field.name.partition("_")
        bounds[name] = kind, getattr(gates, field.name)
    found = []
    for figure in figures:
        kind, bound = bounds[figure.name]
        broken = bound is not None and (figure.value > bound if kind == "max" else figure.value < bound)
        found.append(dataclasses.replace(figure, bound=bound, broken=broken))
    return tuple(found)


def in_words(figures: Iterable[Figure]) -> str:
    """Return what is wrong, ``color drift 1.32 is above 1.0``, of those that break their bounds; empty: nothing."""
    return "; ".join(
        f"{figure.name.replace('_', ' ')} {_short(figure.value)} is "
        f"{'above' if figure.value > figure.bound else 'below'} {figure.bound}"
        for figure in figures
        if figure.broken and figure.bound is not None
    )


def _short(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.4f}"
