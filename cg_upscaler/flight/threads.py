"""Divides the processors: between the textures that are on their way, and within each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import cv2

_WAITING = 6
"""Textures that may wait, for the device or the disk, while there is one for each processor. Small ones go through the
device together, as many as wait; of large ones memory allows fewer."""


def cores() -> int:
    """Return how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def at_once() -> int:
    """Return how many textures are on their way at once where nobody says."""
    return cores() + _WAITING


@contextmanager
def divided(*, among: int) -> Iterator[None]:
    """Have OpenCV take no more threads in each of so many textures than there are processors for it.

    By itself it takes all of them at every call, from each thread that calls it.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(max(1, cores() // max(1, among)))
    try:
        yield
    finally:
        cv2.setNumThreads(before)
