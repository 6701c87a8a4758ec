"""Draws the pieces of each step by its number: from where, turned how, made small and stored by which way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cg_upscaler.library.config.training import Lesson, Training
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.training import turns
from cg_upscaler.training.pieces import Held, cut
from cg_upscaler.training.smaller import smaller, way_of
from cg_upscaler.training.softened import SIGMAS, softened
from cg_upscaler.training.stored import FORMS, shares, stored

MARGIN = 4
"""Texels of the small piece on each side that filters and networks see, and that no loss is taken of: one block."""

Odds = NDArray[np.float64]

_NOISE = (0.3, 2.0)
_BLUR = (0.3, 0.7)
"""Standard deviations: of noise in levels of 255, of blur in texels of the small piece."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The pieces of one step, float32 (n, c, h, w) in 0 … 1, margins included."""

    small: torch.Tensor
    large: torch.Tensor


@dataclass(frozen=True, slots=True)
class Drawn:
    """One piece: what a network is shown, and what it should make of it."""

    small: Pixels
    large: Pixels


def draw(textures: Sequence[Held], weights: Odds, training: Training, step: int, index: int) -> Drawn:
    """Return a piece by its number: equal configurations, seeds and numbers give equal pieces."""
    rng = np.random.default_rng([training.seed, step, index])
    lesson, factor, asked = training.teach, training.scale, training.degradations
    held = textures[int(rng.choice(len(textures), p=weights))]
    piece = cut(held, training.crop, MARGIN * factor, factor, rng)
    way = int(rng.integers(turns.COUNT))
    large = turns.turned(piece.large, way, vectors=lesson is Lesson.NORMAL)
    if piece.small is not None:
        return Drawn(turns.turned(piece.small, way, vectors=lesson is Lesson.NORMAL), large)
    if rng.random() < asked.soft:
        large = softened(large, float(np.exp(rng.uniform(*np.log(SIGMAS)))), lesson)
    blur = float(rng.uniform(*_BLUR)) if rng.random() < asked.blur else 0.0
    small = smaller(large, factor, way_of(asked, rng), lesson, blur)
    if rng.random() < asked.noise:
        sigma = rng.uniform(*_NOISE) / 255
        small = np.clip(small + rng.normal(0, sigma, small.shape).astype(np.float32), 0, 1)
    odds = shares(asked, lesson)
    form = FORMS[int(rng.choice(len(FORMS), p=list(odds.values())))]
    quality = int(rng.integers(asked.jpeg_quality[0], asked.jpeg_quality[1] + 1))
    return Drawn(stored(small, form, lesson, quality), large)


def weights_of(textures: Sequence[Held]) -> Odds:
    """Return how often each texture is drawn: twice as often with twice the side, so that large ones are not lost."""
    sides = np.sqrt([held.size.pixels for held in textures])
    return np.asarray(sides / sides.sum())


class Batches:
    """The batches of a training from a step on, made a little ahead of it on other threads."""

    def __init__(self, textures: Sequence[Held], training: Training, *, threads: int) -> None:
        self._textures, self._training = textures, training
        self._weights = weights_of(textures)
        self._threads = threads

    def make(self, step: int) -> Batch:
        """Return the batch of one step."""
        return _joined([self._draw(step, index) for index in range(self._training.batch)])

    def since(self, step: int) -> Iterator[Batch]:
        """Yield the batches from a step on, without end."""
        if not self._threads:
            while True:
                yield self.make(step)
                step += 1
        with ThreadPoolExecutor(self._threads) as pool:
            ahead = max(2, -(-2 * self._threads // self._training.batch))

            def ask(number: int) -> list[Future[Drawn]]:
                return [pool.submit(self._draw, number, index) for index in range(self._training.batch)]

            waiting = [ask(step + number) for number in range(ahead)]
            try:
                while True:
                    yield _joined([piece.result() for piece in waiting.pop(0)])
                    waiting.append(ask(step + ahead))
                    step += 1
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _draw(self, step: int, index: int) -> Drawn:
        return draw(self._textures, self._weights, self._training, step, index)


def _joined(pieces: Sequence[Drawn]) -> Batch:
    small, large = (
        torch.from_numpy(np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2)))
        for pictures in ([piece.small for piece in pieces], [piece.large for piece in pieces])
    )
    return Batch(small, large)
