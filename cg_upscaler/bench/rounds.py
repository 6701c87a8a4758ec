"""Measures peers against our engine in rounds, each once a round: so they share what the machine does meanwhile."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

from cg_upscaler.backends.devices import require
from cg_upscaler.bench.ceiling import Ceiling
from cg_upscaler.bench.crops import USUAL_TILE
from cg_upscaler.bench.flops import flops_per_texel
from cg_upscaler.bench.ours import cut_for
from cg_upscaler.bench.peer import Loaded, Peer, Run, Runtime, Setting
from cg_upscaler.bench.table import OURS, RUNTIMES, TORCH
from cg_upscaler.bench.trial import Trial, trial
from cg_upscaler.errors import UpscaleError, UsageError
from cg_upscaler.geometry import Edge, Edges, Size, Span
from cg_upscaler.models.load import load
from cg_upscaler.pixels.edges import take
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Precision

Pictures = Mapping[str, Pixels]
"""By name: float32 (h, w, channels of the model) in 0 … 1, sides multiples of the model's."""

_CEILING_RUNS = 5
_REST_S = 0.03
"""Between two peers, for the threads of the first to go to sleep."""


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one peer; None is what was not."""

    name: str
    label: str
    precision: str = ""
    megapixels_per_s: float | None = None
    """Of the input: the median over all rounds."""
    ratio: float | None = None
    """How many times as fast as our engine it was in the same round: the median over all rounds."""
    teraflops: float | None = None
    """What the network takes, in a second; what a peer computes twice counts once."""
    of_ceiling: float | None = None
    """The share of the speed that torch's convolutions alone would have, in the same precision as asked for."""
    peak_megabytes: float | None = None
    seam_worst: float | None = None
    """How far it is from the whole picture by the same runtime, in levels of 255: the largest difference."""
    seam_mean: float | None = None
    error_worst: float | None = None
    """How far it is from the whole picture by torch in float32."""
    seconds: tuple[float, ...] = ()
    """For all pictures, round by round."""
    problem: str | None = None
    """Why this was not measured, or not all of it."""


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run."""

    model: str
    device: str
    precision: Precision
    threads: int
    tile: int
    pictures: tuple[str, ...]
    """Name and size of each."""
    megapixels: float
    """Of all of them."""
    repeats: int
    flops_per_texel: float
    ceiling_megapixels_per_s: float
    ceiling_teraflops: float
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contender:
    """A peer that runs, with what it gave for each picture before anything was timed."""

    peer: Peer
    run: Run
    precision: str
    results: tuple[Pixels, ...]


def measure(
    peers: Sequence[Peer],
    setting: Setting,
    pictures: Pictures,
    *,
    repeats: int = 3,
    memory: bool = True,
    tell: Callable[[str], None] = lambda text: None,
) -> Report:
    """Run all peers over all pictures and say how they compare. The first peer is our engine.

    What a peer raises becomes the problem of its row; only our own engine must run. `tell` hears what is going on.
    """
    require(setting.device, setting.precision)
    with tempfile.TemporaryDirectory(prefix="cg-upscale-bench-") as folder:
        setting = replace(setting, folder=folder)
        trials = _trials(peers, setting, pictures, tell) if memory else {}
        problems = {name: found.problem for name, found in trials.items() if found.problem}
        bench = _Bench(setting, pictures)
        contenders = []
        for peer in peers:
            if peer.name in problems:
                continue
            tell(f"{peer.name}: first run")
            try:
                contenders.append(bench.contender(peer))
            except Exception as error:  # whatever a foreign runtime raises
                if peer.runtime is OURS:
                    raise
                problems[peer.name] = _words(error)
        if not contenders or contenders[0].peer.runtime is not OURS:
            raise UsageError(f"our own engine did not run: {problems[peers[0].name]}")
        shape = load(setting.model).shape
        width = max(picture.shape[1] for picture in pictures.values())
        ceiling = Ceiling(shape, width, setting.precision, setting.device.name)
        times, floors = _rounds(contenders, ceiling, pictures, repeats, tell)
        texels = sum(picture.shape[0] * picture.shape[1] for picture in pictures.values())
        flops, best = flops_per_texel(shape), 1e-6 / median(floors)
        found = {contender.peer.name: contender for contender in contenders}
        rows = []
        for peer in peers:
            tried = trials.get(peer.name, Trial())
            row = Row(peer.name, peer.label, peak_megabytes=None if tried.bytes is None else tried.bytes / 1e6)
            if contender := found.get(peer.name):
                row = _speeds(row, times[peer.name], times[peers[0].name], texels, flops, best)
                row = bench.errors(replace(row, precision=contender.precision), contender)
            rows.append(replace(row, problem=problems.get(peer.name, row.problem)))
    return Report(
        setting.model.name,
        f"{setting.device.label} ({setting.device.name})",
        setting.precision,
        setting.threads,
        setting.tile,
        tuple(f"{name}, {picture.shape[1]}×{picture.shape[0]}" for name, picture in pictures.items()),
        texels * 1e-6,
        repeats,
        flops,
        best,
        best * flops * 1e-6,
        tuple(rows),
        tuple(_notes(setting, rows)),
    )


class _Bench:
    """What is loaded once for several peers: runtimes, and pictures run whole."""

    def __init__(self, setting: Setting, pictures: Pictures) -> None:
        self._setting, self._pictures = setting, pictures
        self._loaded: dict[tuple[str, Precision], Loaded] = {}
        self._wholes: dict[tuple[str, Precision, bool], tuple[Pixels, ...]] = {}

    def contender(self, peer: Peer) -> Contender:
        loaded = self._load(peer.runtime, self._setting.precision)
        run = peer.over(loaded.run, self._setting)
        if peer.padding is None and not peer.runtime.whole:
            results = self._whole(peer.runtime, self._setting.precision)
        else:
            results = tuple(run(picture) for picture in self._pictures.values())
        for picture, result in zip(self._pictures.values(), results, strict=True):
            expected = tuple(self._setting.model.scale * side for side in picture.shape[:2])
            if result.shape[:2] != expected:
                raise UpscaleError(f"gave {result.shape} where {expected} was due")
        return Contender(peer, run, loaded.precision, results)

    def errors(self, row: Row, contender: Contender) -> Row:
        """Return the row with how far the contender was from the whole pictures, as long as these can be had."""
        runtime = contender.peer.runtime
        try:
            seams = self._whole(
                RUNTIMES[runtime.whole or runtime.name], self._setting.precision, mirrors=runtime.mirrors
            )
            truth = self._whole(TORCH, Precision.FLOAT32, mirrors=runtime.mirrors)
        except Exception as error:  # it may not fit the memory, which is what tiles are for
            return replace(row, problem=f"no whole picture to hold it against: {_words(error)}")
        away = [np.abs(one - whole) * 255 for one, whole in zip(contender.results, seams, strict=True)]
        wrong = [np.abs(one - whole).max() * 255 for one, whole in zip(contender.results, truth, strict=True)]
        return replace(
            row,
            seam_worst=max(float(one.max()) for one in away),
            seam_mean=float(np.mean([one.mean() for one in away])),
            error_worst=float(max(wrong)),
        )

    def _load(self, runtime: Runtime, precision: Precision) -> Loaded:
        key = runtime.name, precision
        if key not in self._loaded:
            runtime.require()
            self._loaded[key] = runtime.load(replace(self._setting, precision=precision))
        return self._loaded[key]

    def _whole(self, runtime: Runtime, precision: Precision, *, mirrors: bool = False) -> tuple[Pixels, ...]:
        """Return what a runtime gives for each picture at once, with the surroundings that a run mirrors, or none."""
        key = runtime.name, precision, mirrors
        if key not in self._wholes:
            run = self._load(runtime, precision).run
            results = []
            for picture in self._pictures.values():
                size = Size(picture.shape[1], picture.shape[0])
                border = cut_for(size, Edges(), self._setting).border if mirrors else 0
                cut = border * self._setting.model.scale
                down, across = (Span(-border, length + border) for length in picture.shape[:2])
                result = run(np.ascontiguousarray(take(Array(picture), down, across, Edges.both(Edge.MIRROR))))
                results.append(result[cut : result.shape[0] - cut, cut : result.shape[1] - cut])
            self._wholes[key] = tuple(results)
        return self._wholes[key]


def _trials(
    peers: Sequence[Peer], setting: Setting, pictures: Pictures, tell: Callable[[str], None]
) -> dict[str, Trial]:
    """Run each peer in a process of its own, before any runs in this one, which a crash would end."""
    found = {}
    file = Path(setting.folder) / "pictures.npz"
    np.savez(file, *pictures.values())
    for peer in peers:
        tell(f"{peer.name}: memory")
        try:
            peer.runtime.require()
            if peer.runtime.convert is not None:
                peer.runtime.convert(setting)
        except Exception as error:
            found[peer.name] = Trial(problem=_words(error))
        else:
            found[peer.name] = trial(peer, setting, file)
    return found


def _rounds(
    contenders: Sequence[Contender],
    ceiling: Ceiling,
    pictures: Pictures,
    repeats: int,
    tell: Callable[[str], None],
) -> tuple[dict[str, list[float]], list[float]]:
    """Return the seconds of each contender for all pictures and of the ceiling for one texel, round by round."""
    times: dict[str, list[float]] = {contender.peer.name: [] for contender in contenders}
    floors = []
    for number in range(repeats):
        floors.append(ceiling.seconds_per_texel(_CEILING_RUNS))
        for contender in contenders:
            tell(f"round {number + 1} of {repeats}: {contender.peer.name}")
            time.sleep(_REST_S)
            start = time.perf_counter()
            for picture in pictures.values():
                contender.run(picture)
            times[contender.peer.name].append(time.perf_counter() - start)
    return times, floors


def _speeds(
    row: Row, seconds: Sequence[float], ours: Sequence[float], texels: int, flops: float, ceiling: float
) -> Row:
    speed = texels * 1e-6 / median(seconds)
    return replace(
        row,
        megapixels_per_s=speed,
        ratio=median(mine / its for mine, its in zip(ours, seconds, strict=True)),
        teraflops=speed * flops * 1e-6,
        of_ceiling=speed / ceiling,
        seconds=tuple(seconds),
    )


def _words(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _notes(setting: Setting, rows: Sequence[Row]) -> list[str]:
    notes = []
    if setting.tile < USUAL_TILE:
        notes.append(
            f"tiles of {setting.tile}, not the usual {USUAL_TILE}, because the picture is small; padding weighs more so"
        )
    others = sorted({row.precision for row in rows if row.precision} - {setting.precision.value})
    if others:
        notes.append(f"not all have {setting.precision.value}: some computed in {', '.join(others)}")
    return notes
