"""Makes small libraries with their runs, as reports show them, without any generator."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler import codecs
from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.job import Action, Figure, Group, Job, Outcome, Receipt
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind, Role
from cg_upscaler.spec import Precision
from cg_upscaler.summary import Entry, Summary

CHANNELS = {Role.COLOR: (0, 1, 2), Role.NORMAL: (0, 1, 2), Role.ALPHA: (3,), Role.SCALAR: (0,)}


def run(started: str = "2026-11-27T02:00:00Z", **counts: int) -> Summary:
    return Summary(started, 41.5, "1.2.3", "a processor", megapixels=2.5, **counts)


def picture(height: int, width: int, channels: int = 3, seed: int = 0) -> NDArray[np.uint8]:
    """Return colours that differ in every channel, with more detail in the lower right quarter."""
    random = np.random.default_rng(seed)
    smooth = cv2.resize(random.integers(0, 256, (4, 4, channels), dtype=np.uint8), (width, height))
    smooth = smooth.reshape(height, width, channels)
    smooth[height // 2 :, width // 2 :] ^= random.integers(
        0, 64, (height - height // 2, width - width // 2, channels), dtype=np.uint8
    )
    return smooth


def bumps(side: int) -> NDArray[np.uint8]:
    """Return a tileable normal map of one round bump, y up."""
    at = (np.arange(side) + 0.5) / side * 2 * np.pi
    x, y = -np.sin(at)[None, :].repeat(side, 0) * 0.7, np.sin(at)[:, None].repeat(side, 1) * 0.7
    vectors = np.dstack([x, y, np.ones((side, side))])
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    return np.asarray(np.rint((vectors / 2 + 0.5) * 255), np.uint8)


def write(path: Path, pixels: NDArray[np.uint8]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    order = [2, 1, 0, 3][: pixels.shape[2]] if pixels.shape[2] >= 3 else [0]
    path.write_bytes(cv2.imencode(path.suffix, np.ascontiguousarray(pixels[:, :, order]))[1].tobytes())
    return path


def done(
    folder: Path,
    name: str,
    before: NDArray[np.uint8],
    after: NDArray[np.uint8] | None = None,
    *,
    kind: MapKind = MapKind.BASE_COLOR,
    alpha: AlphaMode = AlphaMode.NONE,
    edges: Edge = Edge.MIRROR,
    figures: tuple[Figure, ...] = (),
    outcome: Outcome = Outcome.DONE,
    error: str = "",
    file: str = "",
) -> Entry:
    """Write a texture and its result (by itself: four times as large), and return what a run says of them.

    `file` is what both are called on the disk, where `name` is no name for a file.
    """
    if after is None:
        after = before.repeat(4, 0).repeat(4, 1)
    source = write(folder / "lib" / (file or name), before)
    result = write(folder / "out" / (file or name), after)
    roles = [Role.NORMAL if kind is MapKind.NORMAL else Role.COLOR, *([Role.ALPHA] if before.shape[2] == 4 else [])]
    groups = tuple(
        Group(role, CHANNELS[role], CHANNELS[role], ColorSpace.SRGB, "bicubic", (), 1.0, "all", Precision.FLOAT32)  # type: ignore[arg-type]
        for role in roles
    )
    job = Job(
        name, str(source), str(result), Action.UPSCALE, kind, "its name", 0.9, 4, codecs.probe(source),
        codecs.probe(result), Edges.both(edges), alpha, groups=groups, notes=("worth knowing",),
    )  # fmt: skip
    receipt = Receipt(
        name, outcome, str(result), "key", digest(source), digest(result), 1.5, error=error, figures=figures,
        why="new", at="2026-11-27T02:00:07Z",
    )  # fmt: skip
    return Entry(receipt, job)


def failed(name: str, error: str = "truncated at row 8 of 16") -> Entry:
    return Entry(Receipt(name, Outcome.FAILED, error=error))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
