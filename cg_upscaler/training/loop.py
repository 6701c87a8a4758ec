"""The loop of a training: steps, looks at the validation, checkpoints; and where it goes on after a stop."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from secrets import token_hex
from typing import Any

import torch
from torch import nn

from cg_upscaler.backends import devices
from cg_upscaler.codecs import remove
from cg_upscaler.errors import Blank, NonFinite, TrainingError
from cg_upscaler.library.config.training import Lesson, Training
from cg_upscaler.models.load import Architecture
from cg_upscaler.spec import Depth, DeviceInfo, Precision
from cg_upscaler.training import checkpoint as checkpoints
from cg_upscaler.training.batches import MARGIN, Batch, Batches
from cg_upscaler.training.checkpoint import Checkpoint
from cg_upscaler.training.critics import critic_loss, critic_of, drawn_loss
from cg_upscaler.training.export import export
from cg_upscaler.training.eyes import VGG
from cg_upscaler.training.history import History, Look, Measured
from cg_upscaler.training.losses import Terms, terms, total
from cg_upscaler.training.measuring import BEFORE, LEADING, LOWER_IS_BETTER, OURS, means, measure
from cg_upscaler.training.networks import CHANNELS, forward, network_of
from cg_upscaler.training.pieces import Held

CANDIDATE = ".candidate"
"""What files of weights begin with that are there for a look only."""

_THREADS = 8
_BETAS = (0.9, 0.99)


@dataclass(frozen=True, slots=True)
class Tick:
    """A step that is done."""

    step: int
    loss: float
    left: float
    """Seconds until the last step, as far as can be told."""
    look: Look | None = None


Told = Callable[[Tick], None]


@dataclass(slots=True)
class Trainer:
    """A training under way."""

    training: Training
    learnt: Sequence[Held]
    validation: Sequence[Held]
    told: Told = lambda tick: None
    stop: Callable[[], bool] = lambda: False
    """Asked after each step: a training that is to stop saves first."""
    device: DeviceInfo = field(init=False)
    network: Architecture = field(init=False)
    average: dict[str, torch.Tensor] = field(init=False)
    optimiser: torch.optim.Optimizer = field(init=False)
    critic: nn.Module | None = field(init=False, default=None)
    critic_optimiser: torch.optim.Optimizer | None = field(init=False, default=None)
    eyes: VGG | None = field(init=False, default=None)
    history: History = field(init=False, default_factory=History)
    best: dict[str, torch.Tensor] = field(init=False, default_factory=dict)
    step: int = field(init=False, default=0)
    stopped: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        """Raise `ModelError` for weights that cannot be had, `UsageError` for a device that is not there."""
        training = self.training
        self.device = devices.describe(training.device)
        self.network = on_device(network_of(training), self.device)
        self.average = {name: tensor.detach().clone() for name, tensor in self.network.state_dict().items()}
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=training.learning_rate, betas=_BETAS)
        if training.losses.perceptual and training.losses.vgg is not None and training.teach is not Lesson.NORMAL:
            self.eyes = VGG(training.losses.vgg).to(self.device.name)

    @property
    def folder(self) -> Path:
        return self.training.output

    @property
    def identity(self) -> str:
        training = self.training
        start = f" from {training.start}" if training.start else ""
        return f"{training.teach.value} at {training.scale}x{start}, seed {training.seed}"

    def go_on(self) -> bool:
        """Take up what a checkpoint holds; return whether there was one. Raises `ModelError` for that of another."""
        found = checkpoints.read(self.folder / checkpoints.NAME, self.network.shape, self.identity)
        if found is None:
            return False
        self.network.load_state_dict(found.network)
        self.average = {name: tensor.to(self.device.name) for name, tensor in found.average.items()}
        self.optimiser.load_state_dict(found.optimiser)
        if found.critic:
            self._begin_second_stage()
            assert self.critic is not None and self.critic_optimiser is not None
            self.critic.load_state_dict(found.critic)
            self.critic_optimiser.load_state_dict(found.critic_optimiser)
        self.best, self.step, self.history = found.best, found.step, History.of(found.history)
        return True

    def save(self) -> None:
        """Write a checkpoint in the place of the last. Raises `OutputError`, and the last stays."""
        state = Checkpoint(
            self.step,
            self.network.state_dict(),
            self.average,
            self.optimiser.state_dict(),
            {} if self.critic is None else self.critic.state_dict(),
            {} if self.critic_optimiser is None else self.critic_optimiser.state_dict(),
            self.best,
            self.history.plain(),
            self.identity,
        )
        checkpoints.save(self.folder / checkpoints.NAME, state, self.network.shape)

    def run(self) -> None:
        """Take the steps that are left, or as many as there is time for.

        Raises `TrainingError` where the loss is no number any more, and `OutputError` where a checkpoint cannot be
        written; the last one stays in both cases.
        """
        training = self.training
        if self.step >= training.steps:
            return
        began, before = time.monotonic(), self.history.seconds
        first, threads = self.step, min(_THREADS, (os.cpu_count() or 1) - 1)
        if not self.history.looks:
            self._look()
        for batch in Batches(self.learnt, training, threads=threads).since(self.step):
            loss = self._step(batch)
            self.step += 1
            self.history.losses.append(loss)
            spent = time.monotonic() - began
            self.history.seconds = before + spent
            last = self.step >= training.steps
            late = training.minutes is not None and spent >= 60 * training.minutes
            self.stopped = self.stop()
            look = self._look() if last or late or self.step % training.validate_every == 0 else None
            left = spent / (self.step - first) * (training.steps - self.step)
            if training.minutes is not None:
                left = min(left, 60 * training.minutes - spent)
            self.told(Tick(self.step, loss, max(0.0, left), look))
            if last or late or self.stopped or self.step % training.save_every == 0:
                self.save()
            if last or late or self.stopped:
                break

    # One step

    def _step(self, batch: Batch) -> float:
        training = self.training
        small, large = (
            each.to(self.device.name, memory_format=torch.channels_last) for each in (batch.small, batch.large)
        )
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        with self._autocast():
            drawn = forward(self.network, small)
        edge = MARGIN * training.scale
        drawn, truth = (each[:, :, edge:-edge, edge:-edge] for each in (drawn, large))
        found: Terms = terms(drawn, truth, training.scale, training.teach, training.losses, self.eyes)
        loss = total(found, training.losses)
        if training.gan.after is not None and self.step >= training.gan.after:
            self._begin_second_stage()
            assert self.critic is not None
            self.critic.requires_grad_(False)
            with self._autocast():
                fooled = drawn_loss(self.critic, drawn, truth, training.gan.critic)
            loss = loss + training.gan.weight * fooled.float()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        length = nn.utils.clip_grad_norm_(self.network.parameters(), training.clip)
        value = float(loss.detach())
        if not (math.isfinite(value) and math.isfinite(float(length))):
            raise self._diverged()
        self.optimiser.step()
        self._follow()
        if self.critic is not None:
            self._teach_critic(drawn, truth)
        return value

    def _begin_second_stage(self) -> None:
        if self.critic is None:
            asked = self.training.gan
            self.critic = critic_of(asked, CHANNELS[self.training.teach], self.training.seed).to(self.device.name)
            self.critic_optimiser = torch.optim.Adam(self.critic.parameters(), lr=asked.learning_rate, betas=_BETAS)

    def _teach_critic(self, drawn: torch.Tensor, truth: torch.Tensor) -> None:
        assert self.critic is not None and self.critic_optimiser is not None
        self.critic.requires_grad_(True)
        with self._autocast():
            loss = critic_loss(self.critic, drawn, truth, self.training.gan.critic)
        self.critic_optimiser.zero_grad(set_to_none=True)
        loss.float().backward()  # type: ignore[no-untyped-call]
        self.critic_optimiser.step()

    def _rate(self) -> float:
        """Return the learning rate: it rises to its height, and falls along half a wave."""
        training = self.training
        rise = min(1.0, (self.step + 1) / max(1, training.warmup))
        return training.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * self.step / training.steps))

    @torch.no_grad()
    def _follow(self) -> None:
        """Let the average follow; fast at first, when there is little behind it."""
        share = 1 - min(self.training.ema, (1 + self.step) / (10 + self.step))
        for name, tensor in self.network.state_dict().items():
            self.average[name].lerp_(tensor, share)

    def _autocast(self) -> Any:
        asked = self.training.amp
        gains = self.device.precision_for(Precision.AUTO, Depth.UINT8) is not Precision.FLOAT32
        can = Precision.BFLOAT16 in self.device.supported
        if not (gains if asked is None else asked) or not can:
            return nullcontext()
        return torch.autocast(self.device.name.partition(":")[0], torch.bfloat16)

    def _diverged(self) -> TrainingError:
        training, path = self.training, self.folder / checkpoints.NAME
        kept = (
            f"the checkpoint of an earlier step is kept in {path}"
            if path.is_file()
            else "no checkpoint was written yet"
        )
        advice = f"lower 'learning_rate' to {training.learning_rate / 3:.1g} and start again, which goes on from it"
        advice += ", or set 'amp: false'" if not isinstance(self._autocast(), nullcontext) else ""
        return TrainingError(f"at step {self.step + 1} the loss is no number any more; {kept}", fix=advice)

    # Looks

    def _look(self) -> Look | None:
        """Measure the averaged weights on the validation, and keep them where they are the best so far."""
        training = self.training
        try:
            measured = self.measure(self.average, self.validation)
        except (Blank, NonFinite):  # a young network may draw nothing yet
            return None
        look = Look(self.step, means(measured))
        self.history.looks.append(look)
        leading = LEADING[training.teach]
        value = look.ways[OURS][leading] * (1 if leading in LOWER_IS_BETTER else -1)
        second = training.gan.after is not None and self.step > training.gan.after  # whose gain is in no figure
        if self.history.best is None or value < self.history.best or second:
            self.history.best, self.history.best_step = value, self.step
            self.best = {name: tensor.detach().to("cpu", copy=True) for name, tensor in self.average.items()}
        return look

    def measure(self, state: Mapping[str, torch.Tensor], textures: Sequence[Held]) -> tuple[Measured, ...]:
        """Return the figures of weights on textures, by what a run would make of them. Raises what a run does."""
        path = self.folder / f"{CANDIDATE}-{token_hex(4)}.safetensors"  # a loaded file cannot be replaced on Windows
        export(path, state, {})
        models = {OURS: str(path)}
        if self.training.start is not None:
            models[BEFORE] = self.training.start
        try:
            return measure(textures, self.training, self.device, models)
        finally:
            for left in self.folder.glob(f"{CANDIDATE}-*.safetensors"):
                remove(left)


def on_device(network: Architecture, device: DeviceInfo) -> Architecture:
    """Return a network where it learns, its weights in the order in which convolutions there like them."""
    moved: Architecture = network.to(device.name)
    moved.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return moved


def parameters_of(network: nn.Module) -> int:
    """Return how many numbers a network learns."""
    return sum(map(torch.Tensor.numel, chain(network.parameters())))
