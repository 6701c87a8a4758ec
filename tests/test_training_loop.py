"""The loop of a training: what was killed goes on, and what goes wrong leaves the last good."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cg_upscaler.codecs import atomic
from cg_upscaler.errors import DiskFull, ModelError, TrainingError
from cg_upscaler.measure import flip
from cg_upscaler.models import catalog
from cg_upscaler.models.load import load
from cg_upscaler.training import checkpoint as checkpoints
from cg_upscaler.training.course import CACHE, gather, train
from cg_upscaler.training.history import History
from cg_upscaler.training.loop import Tick, Trainer
from cg_upscaler.training.measuring import BEFORE, OURS, means, measure
from tests.surfaces import asked, colours_of, heights, library, write

_SMALL_RRDB = {"family": "rrdb", "width": 8, "blocks": 1}


def trainer(folder: Path, told=lambda tick: None, stop=lambda: False, **settings: object) -> Trainer:
    if not (folder / "library").exists():
        library(folder / "library", 5)
    training = asked(folder, **settings)
    lessons = gather(training)
    return Trainer(training, lessons.learnt, lessons.validation, told, stop)


def colours(folder: Path) -> None:
    for seed in range(5):
        write(folder / "library" / f"wall{seed}_albedo.png", colours_of(heights(64, seed), seed))


# Going on


def test_two_trainings_with_one_seed_are_the_same(tmp_path: Path) -> None:
    one = trainer(tmp_path)
    one.run()
    two = trainer(tmp_path)
    two.run()
    assert one.history.losses == two.history.losses and len(one.history.losses) == 6


def test_what_was_killed_goes_on_to_the_same_losses_and_weights(tmp_path: Path) -> None:
    whole = trainer(tmp_path, steps=8)
    whole.run()
    os.remove(whole.folder / checkpoints.NAME)
    script = """
import os, signal, sys, torch
from pathlib import Path
torch.set_num_threads(1)
from tests.test_training_loop import trainer

def told(tick):
    if tick.step == 5:  # the last checkpoint is of step 4
        os.kill(os.getpid(), signal.SIGKILL)

trainer(Path(sys.argv[1]), told, steps=8).run()
"""
    if sys.platform == "win32":
        script = script.replace("signal.SIGKILL", "signal.SIGTERM")
    root = Path(__file__).parent.parent
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=root, check=False)
    assert killed.returncode != 0
    again = trainer(tmp_path, steps=8)
    assert again.go_on() and again.step == 4
    again.run()
    assert again.history.losses == whole.history.losses
    assert all(torch.equal(again.average[name], whole.average[name]) for name in whole.average)
    assert [look.ways for look in again.history.looks] == [look.ways for look in whole.history.looks]


def test_the_second_stage_goes_on_too(tmp_path: Path) -> None:
    colours(tmp_path)
    settings = {"teach": "color", "gan": {"after": 1, "width": 4}, "crop": 32, "steps": 4}
    whole = trainer(tmp_path, **settings)
    whole.run()
    os.remove(whole.folder / checkpoints.NAME)
    first = trainer(tmp_path, stop=lambda: first.step == 3, **settings)
    first.run()
    assert first.stopped and first.step == 3
    again = trainer(tmp_path, **settings)
    assert again.go_on()
    again.run()
    assert again.history.losses == whole.history.losses


def test_a_stop_is_heard_after_a_step_and_saved(tmp_path: Path) -> None:
    steps: list[int] = []
    stopped = trainer(tmp_path, lambda tick: steps.append(tick.step), lambda: len(steps) == 2, save_every=100)
    stopped.run()
    assert steps == [1, 2, 3] and stopped.stopped
    again = trainer(tmp_path)
    assert again.go_on() and again.step == 3


def test_what_is_done_takes_no_more_steps(tmp_path: Path) -> None:
    trainer(tmp_path).run()
    again = trainer(tmp_path)
    assert again.go_on()
    again.run()
    assert len(again.history.losses) == 6
    assert {path.name for path in again.folder.iterdir()} == {checkpoints.NAME, CACHE}


def test_minutes_end_a_training_that_can_go_on(tmp_path: Path) -> None:
    short = trainer(tmp_path, minutes=1e-6)
    short.run()
    assert short.step == 1
    again = trainer(tmp_path)
    assert again.go_on()
    again.run()
    assert again.step == 6


def test_the_time_left_is_told_and_ends_at_nothing(tmp_path: Path) -> None:
    ticks: list[Tick] = []
    trainer(tmp_path, ticks.append).run()
    assert ticks[0].left > 0 == ticks[-1].left
    assert [tick.step for tick in ticks if tick.look is not None] == [3, 6]


# Going wrong


def test_a_checkpoint_of_another_network_is_refused_in_words(tmp_path: Path) -> None:
    trainer(tmp_path).run()
    other = trainer(tmp_path, network={"width": 32, "hidden": 2})
    with pytest.raises(ModelError, match=r"is of another network, compact \(.*width 24.*asks for .*width 32.*--fresh"):
        other.go_on()
    rrdb = trainer(tmp_path, network=_SMALL_RRDB)
    with pytest.raises(ModelError, match=r"another network, compact .* asks for rrdb"):
        rrdb.go_on()


def test_a_checkpoint_of_another_training_is_refused_in_words(tmp_path: Path) -> None:
    trainer(tmp_path).run()
    with pytest.raises(ModelError, match="another training: normal at 4x, seed 0, and this is normal at 4x, seed 1"):
        trainer(tmp_path, seed=1).go_on()


@pytest.mark.parametrize("content", [b"", b"no checkpoint", None])
def test_a_damaged_checkpoint_is_refused_in_words(tmp_path: Path, content: bytes | None) -> None:
    done = trainer(tmp_path)
    done.run()
    path = done.folder / checkpoints.NAME
    path.write_bytes(path.read_bytes()[:5000] if content is None else content)
    with pytest.raises(ModelError, match="the checkpoint is damaged; begin afresh"):
        trainer(tmp_path).go_on()


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good(tmp_path: Path) -> None:
    broken = trainer(tmp_path, save_every=2)

    def poison(tick: Tick) -> None:
        if tick.step == 3:
            with torch.no_grad():
                next(broken.network.parameters()).fill_(float("nan"))

    broken.told = poison
    said = r"at step 4 the loss is no number.*kept in .*lower 'learning_rate' to 0.0002"
    with pytest.raises(TrainingError, match=said):
        broken.run()
    again = trainer(tmp_path)
    assert again.go_on() and again.step == 2
    assert all(torch.isfinite(tensor).all() for tensor in again.network.state_dict().values())


def test_a_disk_that_fills_leaves_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def place(temporary: Path, target: Path) -> None:
        if target.name == checkpoints.NAME and target.exists():
            atomic.remove(temporary)
            raise atomic.failure(OSError(errno.ENOSPC, "full"), target)
        real(temporary, target)

    real = atomic.place
    monkeypatch.setattr(atomic, "place", place)
    full = trainer(tmp_path, save_every=2)
    with pytest.raises(DiskFull):
        full.run()
    assert full.step == 4
    again = trainer(tmp_path)
    assert again.go_on() and again.step == 2
    assert not [path for path in full.folder.iterdir() if ".cgtmp" in path.name]


# What comes of it


@pytest.mark.parametrize("teach", ["color", "mask", "height"])
def test_every_lesson_is_learnt_and_measured(tmp_path: Path, teach: str) -> None:
    names = {"color": "albedo", "mask": "roughness", "height": "height"}
    for seed in range(5):
        field = heights(64, seed)
        picture = colours_of(field, seed) if teach == "color" else (field - field.min()) / field.max() / 2
        write(tmp_path / "library" / f"wall{seed}_{names[teach]}.png", picture)
    training = asked(tmp_path, teach=teach, steps=3)
    report = train(training, gather(training), fresh=False, told=lambda tick: None, stop=lambda: False)
    assert Path(report.weights).is_file()
    assert report.mean[OURS]["db"] > 20
    assert ("flip" in report.mean[OURS]) is (teach == "color" and flip.is_there())
    assert catalog.find(report.weights).channels == (3 if teach == "color" else 1)


def test_an_rrdb_learns(tmp_path: Path) -> None:
    learning = trainer(tmp_path, network=_SMALL_RRDB, steps=4, batch=1)
    learning.run()
    assert len(learning.history.losses) == 4


def test_weights_are_trained_further_and_measured_beside_what_they_were(tmp_path: Path) -> None:
    first = trainer(tmp_path, steps=3)
    lessons = gather(first.training)
    base = train(first.training, lessons, fresh=False, told=lambda tick: None, stop=lambda: False)
    training = asked(tmp_path, steps=3, start=base.weights, output=tmp_path / "further")
    report = train(training, lessons, fresh=False, told=lambda tick: None, stop=lambda: False)
    assert report.mean[BEFORE] == pytest.approx(base.mean[OURS])
    assert report.history.looks[0].ways[OURS] == report.history.looks[0].ways[BEFORE]


def test_the_weights_that_are_kept_are_the_best_of_the_validation(tmp_path: Path) -> None:
    training = asked(tmp_path, steps=4, validate_every=1, learning_rate=0.5, warmup=0, ema=0.0)
    library(tmp_path / "library", 5)
    report = train(training, gather(training), fresh=False, told=lambda tick: None, stop=lambda: False)
    looks = {look.step: look.ways[OURS]["degrees"] for look in report.history.looks}
    assert report.best_step == min(looks, key=lambda step: looks[step]) < 4
    lessons = gather(training)
    from cg_upscaler.backends import devices

    found = means(measure(lessons.validation, training, devices.describe("cpu"), {OURS: report.weights}))
    assert found[OURS]["degrees"] == pytest.approx(looks[report.best_step])
    assert load(catalog.find(report.weights)).shape.width == 24


def test_history_travels() -> None:
    history = History([1.0, 0.5], [], 3.0, 2, 0.5)
    assert History.of(history.plain()) == history
