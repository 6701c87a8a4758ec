"""`cg-upscale train`: generators that learn from one's own textures."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.progress import planning
from cg_upscaler.cli.tables import table
from cg_upscaler.maps import BICUBIC

if TYPE_CHECKING:
    from cg_upscaler.library.config.training import Training
    from cg_upscaler.training.course import Lessons, Report
    from cg_upscaler.training.history import Figures, Look
    from cg_upscaler.training.loop import Tick

_NAMED = 5
"""Textures that are named where many are passed over."""


@click.command()
@click.argument("library", required=False, type=click.Path(path_type=Path))
@click.option("--config", "-c", type=click.Path(path_type=Path), help="A YAML file of settings: configs/train.yaml.")
@click.option("--out", "-o", "output", type=click.Path(path_type=Path), help="Folder for weights, checkpoint and page.")
@click.option("--teach", type=click.Choice(["color", "normal", "mask", "height"]), help="What to enlarge.")
@click.option("--start", metavar="MODEL", help="A model's name, or a weights file, to train further.")
@click.option("--steps", type=click.IntRange(min=1), help="How many steps.")
@click.option("--minutes", type=float, help="Stop after so long; the next start goes on.")
@click.option("--device", "-d", help="auto, cpu, cuda, mps.")
@click.option("--seed", type=click.IntRange(min=0), help="Equal seeds give equal trainings.")
@click.option("--fresh", is_flag=True, help="Begin again, whatever checkpoint there is.")
@click.option("--dry-run", "-n", is_flag=True, help="Say what would be learnt from, and do nothing.")
@click.option("--quiet", "-q", is_flag=True, help="Tell of the result only.")
@click.option("--json", "json_", is_flag=True, help="Print the result as JSON on stdout.")
def train(
    library: Path | None, config: Path | None, fresh: bool, dry_run: bool, quiet: bool, json_: bool, **settings: Any
) -> int:
    """Train a generator on the textures of LIBRARY.

    What is killed or stopped goes on where it was when it is started again. Ctrl-C saves first.
    """
    from cg_upscaler.library.config.training import load_training  # pydantic, which --help need not wait for

    training = load_training(config, library=library, **settings)
    if dry_run:
        return _plan(training, quiet=quiet)
    from cg_upscaler.training.course import FIGURES, gather
    from cg_upscaler.training.course import train as learn

    with planning(quiet=quiet) as looked:
        lessons = gather(training, looked)
    if not quiet:
        click.echo(_told(training, lessons), err=True)
    with _stopping() as stop, _Bar(training, quiet=quiet) as bar:
        report = learn(training, lessons, fresh=fresh, told=bar, stop=stop)
    if json_:
        click.echo((training.output / FIGURES).read_text(encoding="utf-8"), nl=False)
    elif report.weights:
        click.echo(_in_words(training, report))
    if not report.weights:
        click.echo(f"stopped after step {report.steps:,} of {training.steps:,}; start it again to go on", err=True)
        return ExitCode.INTERRUPTED
    return ExitCode.OK


def _plan(training: Training, *, quiet: bool) -> int:
    from cg_upscaler.training.split import split
    from cg_upscaler.training.textures import find_textures

    with planning(quiet=quiet) as looked:
        catch = find_textures(training, looked)
    parts = split(catch, training)
    rows = [
        (texture.name, texture.kind.value, texture.material, part)
        for part, textures in (("learn", parts.learnt), ("validate", parts.validation), ("hold out", parts.held_out))
        for texture in textures
    ]
    click.echo(table(("texture", "map", "material", "to"), sorted(rows)))
    for problem in (*catch.passed, *catch.problems):
        click.echo(f"passed over: {problem.name}: {problem.message}", err=True)
    return ExitCode.OK


def _told(training: Training, lessons: Lessons) -> str:
    """Return what is learnt from, and what is passed over."""
    catch = lessons.catch
    materials = {held.texture.material for held in lessons.learnt}
    lines = [
        f"learning from {len(lessons.learnt)} textures of {len(materials)} materials; "
        f"{len(lessons.validation)} choose the weights, {len(lessons.held_out)} are held out"
    ]
    if catch.turned:
        lines.append(f"{catch.turned} normal maps have green down (DirectX): they are learnt from the other way up")
    if catch.guessed:
        lines.append(f"{catch.guessed} normal maps do not show where green points: taken as up (OpenGL)")
    if lessons.pairs:
        lines.append(f"{lessons.pairs} have a small version in {training.pairs}, which is taken as it is")
    for what, problems in (("cannot be learnt from", catch.passed), ("cannot be read", lessons.problems)):
        lines += [f"{what}: {each.name}: {each.message}" for each in problems[:_NAMED]]
        if len(problems) > _NAMED:
            lines.append(f"{what}: {len(problems) - _NAMED} more, which --dry-run names")
    from cg_upscaler.training.stored import can_encode

    if not can_encode():
        lines.append('blocks (BC1 to BC7) are left out of what is learnt from: pip install "cg-upscaler[dds]"')
    return "\n".join(lines)


def _in_words(training: Training, report: Report) -> str:
    from cg_upscaler.training.measuring import LOWER_IS_BETTER, OURS  # loads torch, which is there by now

    ways = list(report.mean)
    figures = list(report.mean[ways[0]])
    against = figures[0] in LOWER_IS_BETTER
    heads = ["held out", "material", *(f"{way} {figure}" for figure in figures for way in ways)]
    heads += [f"{OURS} / {BICUBIC}"] * against

    def row(name: str, material: str, of: Mapping[str, Figures]) -> tuple[str, ...]:
        shown = [f"{of[way][figure]:.3f}" for figure in figures for way in ways]
        if against:
            shown.append(f"{of[OURS][figures[0]] / max(1e-9, of[BICUBIC][figures[0]]):.3f}")
        return name, material, *shown

    rows = [row(each.name, each.material, each.ways) for each in report.held_out]
    rows.append(row("mean over materials", "", report.mean))
    use = f"kinds: {{{_KIND[training.teach.value]}: {{model: {report.weights}}}}}"
    return "\n".join(
        (
            table(heads, rows),
            "",
            f"{report.weights}: {report.parameters / 1e6:.2f} M parameters, the best of {report.steps:,} steps "
            f"({report.best_step:,}), {report.seconds / 60:.1f} min on {report.device}",
            f"figures and plots: {report.page}",
            f"to use it, write in a run's configuration: {use}",
        )
    )


_KIND = {"color": "base_color", "normal": "normal", "mask": "roughness", "height": "height"}


class _Bar:
    """Shows a training as it goes: a bar with the time left on a terminal, a line a look in a log."""

    def __init__(self, training: Training, *, quiet: bool) -> None:
        self._total, self._quiet = training.steps, quiet
        self._terminal = sys.stderr.isatty()
        self._bar: Any = tqdm(
            total=training.steps,
            unit=" steps",
            file=sys.stderr,
            disable=quiet or not self._terminal,
            bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} {postfix}",
        )

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(self, tick: Tick) -> None:
        self._bar.update(tick.step - self._bar.n)
        self._bar.set_postfix_str(f"loss {tick.loss:.4f}, {duration(tick.left)} left")
        if tick.look is not None and not self._quiet:
            left = f"; {duration(tick.left)} left" if tick.step < self._total else ""
            tqdm.write(f"step {tick.step:,}: loss {tick.loss:.4f}; {_looked(tick.look)}{left}", file=sys.stderr)


def _looked(look: Look) -> str:
    figure = next(iter(next(iter(look.ways.values()))))
    return ", ".join(f"{way} {values[figure]:.3f}" for way, values in look.ways.items()) + f" {figure}"


def duration(seconds: float) -> str:
    """Return seconds as ``41 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """Have Ctrl-C, and a system that ends processes, asked for a stop; a second Ctrl-C ends at once."""
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()
        click.echo("stopping after this step, and saving; Ctrl-C again ends at once", err=True)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
