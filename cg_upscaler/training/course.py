"""A training from its first look at the library to the weights, the figures and the page that it leaves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cg_upscaler.codecs import write_text
from cg_upscaler.codecs.atomic import sweep
from cg_upscaler.errors import TrainingError, UsageError
from cg_upscaler.job import Problem
from cg_upscaler.library.config.training import Training
from cg_upscaler.model_names import short
from cg_upscaler.training import checkpoint as checkpoints
from cg_upscaler.training import page
from cg_upscaler.training.export import export
from cg_upscaler.training.history import Figures, History, Measured
from cg_upscaler.training.loop import Told, Trainer, parameters_of
from cg_upscaler.training.measuring import LEADING, means
from cg_upscaler.training.pieces import Held, hold, unlike
from cg_upscaler.training.split import split, spread
from cg_upscaler.training.textures import Catch, Progress, Texture, find_textures, pairs_of
from cg_upscaler.wire import to_plain

CACHE = "pieces"
FIGURES, PAGE = "training.json", "training.html"


@dataclass(frozen=True, slots=True)
class Lessons:
    """A library, ready to be learnt from."""

    catch: Catch
    learnt: tuple[Held, ...]
    validation: tuple[Held, ...]
    held_out: tuple[Held, ...]
    problems: tuple[Problem, ...]
    """What could not be read, in all."""
    pairs: int = 0
    """How many textures have a real small version."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a training came to."""

    name: str
    weights: str
    """The path of the weights; empty where it was stopped before the last step."""
    steps: int
    seconds: float
    best_step: int
    device: str
    parameters: int
    architecture: str
    start: str
    textures: tuple[int, int, int]
    """How many are learnt from, choose the weights, and are held out."""
    mean: dict[str, Figures]
    held_out: tuple[Measured, ...]
    history: History
    page: str


def gather(
    training: Training, on_progress: Progress | None = None, on_held: Callable[[], None] = lambda: None
) -> Lessons:
    """Find, split and decode a library. Raises `UsageError` where there is too little, `DiskFull`."""
    if training.pairs is not None and not training.pairs.is_dir():
        raise UsageError("no such folder", where=training.pairs, fix="check 'pairs', or leave it out")
    catch = find_textures(training, on_progress)
    parts = split(catch, training)
    pairs = {} if training.pairs is None else pairs_of(catch.textures, training.pairs)
    if training.pairs is not None and not pairs:
        raise UsageError(
            "holds no texture by the name of one of the library's",
            where=training.pairs,
            fix="give small textures the names and folders of the large ones",
        )
    folder, problems = training.output / CACHE, list(catch.problems)

    def decoded(textures: Sequence[Texture]) -> tuple[Held, ...]:
        made, wrong = hold(textures, folder, training.teach, pairs, training.scale, on_held)
        problems.extend(wrong)
        return made

    learnt, validation, held_out = (
        decoded(part)
        for part in (parts.learnt, spread(parts.validation, training.most), spread(parts.held_out, training.most))
    )
    learnt = unlike(learnt, (*validation, *held_out))
    if not (learnt and validation and held_out):
        raise UsageError(
            "too few of its textures can be read to learn from, to choose the weights by, and to look at at the end",
            where=training.library,
            fix=f"see to what is wrong with {problems[0].name}: {problems[0].message}" if problems else None,
        )
    return Lessons(catch, learnt, validation, held_out, tuple(problems), len(pairs))


def train(training: Training, lessons: Lessons, *, fresh: bool, told: Told, stop: Callable[[], bool]) -> Report:
    """Train, and measure what came of it on the textures that were held out.

    A training that was stopped leaves its checkpoint, and goes on from there at the next call unless it is to begin
    `fresh`. Raises what `Trainer` raises.
    """
    sweep(training.output)
    if fresh:
        (training.output / checkpoints.NAME).unlink(missing_ok=True)
    trainer = Trainer(training, lessons.learnt, lessons.validation, told, stop)
    trainer.go_on()
    trainer.run()
    return _ended(trainer, lessons)


def _ended(trainer: Trainer, lessons: Lessons) -> Report:
    training, history = trainer.training, trainer.history
    counts = len(lessons.learnt), len(lessons.validation), len(lessons.held_out)
    shape = trainer.network.shape
    weights = training.output / f"{training.called}.safetensors"
    measured: tuple[Measured, ...] = ()
    mean: dict[str, Figures] = {}
    if not trainer.stopped:
        if not trainer.best:
            raise TrainingError(
                f"after {trainer.step:,} steps the network draws one colour, or nothing, where there is a picture",
                fix="take more steps, or start from weights that draw",
            )
        measured = trainer.measure(trainer.best, lessons.held_out)
        mean = means(measured)
        export(weights, trainer.best, _metadata(trainer, mean))
    report = Report(
        training.called,
        "" if trainer.stopped else str(weights),
        trainer.step,
        history.seconds,
        history.best_step,
        trainer.device.label,
        parameters_of(trainer.network),
        shape.architecture,
        training.start or "",
        counts,
        mean,
        measured,
        history,
        str(training.output / PAGE),
    )
    write_text(training.output / FIGURES, json.dumps(to_plain(report), indent=1) + "\n")
    write_text(training.output / PAGE, page.document(report, training))
    return report


def _metadata(trainer: Trainer, mean: dict[str, Figures]) -> dict[str, str]:
    training = trainer.training
    figures = {way: round(each[LEADING[training.teach]], 4) for way, each in mean.items()}
    return {
        "name": training.called,
        "license": training.licence,
        "data": training.data,
        "teaches": training.teach.value,
        "architecture": trainer.network.shape.architecture,
        "scale": str(training.scale),
        "steps": str(trainer.history.best_step),
        "figures": json.dumps({LEADING[training.teach]: figures}),
        "trained_from": short(training.start or ""),
    }


def forget_pieces(training: Training) -> None:
    """Remove the decoded textures of a training that is done."""
    shutil.rmtree(training.output / CACHE, ignore_errors=True)
