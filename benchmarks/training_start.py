"""Shows how a compact network should begin: `python benchmarks/training_start.py LIBRARY [--only GLOB] [--steps N]`.

Three networks of one shape learn the normal maps of a library by the same steps: one begins as a bicubic filter, as
`cg_upscaler.training.networks` has it; one as the nearest texel, its last layer zero; one with random weights in its
last layer as well. Printed is the mean angle on the materials of the validation, in degrees, as it falls.
`docs/decisions/0021-training.md` has its figures.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import torch

from cg_upscaler.library.config.training import load_training
from cg_upscaler.models.shape import CompactShape
from cg_upscaler.training import networks
from cg_upscaler.training.course import gather
from cg_upscaler.training.loop import Trainer
from cg_upscaler.training.measuring import OURS

Begin = Callable[[dict[str, torch.Tensor], CompactShape], None]

RATE = 1e-3


def nearest(state: dict[str, torch.Tensor], shape: CompactShape) -> None:
    state[f"body.{2 * shape.hidden + 2}.weight"].zero_()


def random(state: dict[str, torch.Tensor], shape: CompactShape) -> None:
    state[f"body.{2 * shape.hidden + 2}.weight"].mul_(0.1)


BEGINNINGS: dict[str, Begin] = {"bicubic": networks._begin_as_bicubic, "nearest": nearest, "random": random}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--only", action="append", default=[], metavar="GLOB")
    parser.add_argument("--steps", type=int, default=600)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        training = load_training(
            library=options.library,
            output=Path(folder),
            only=options.only,
            teach="normal",
            crop=64,
            steps=options.steps,
            validate_every=max(1, options.steps // 10),
            save_every=options.steps,
            measured=128,
            most=12,
            network={"width": 32, "hidden": 6},
            learning_rate=RATE,
            ema=0.99,
            warmup=20,
        )
        lessons = gather(training)
        for name, begin in BEGINNINGS.items():
            with patch.object(networks, "_begin_as_bicubic", begin):
                trainer = Trainer(training, lessons.learnt, lessons.validation)
            trainer.run()
            looks = trainer.history.looks
            if name == "bicubic":
                print(f"{'step':8}", *(f"{look.step:7}" for look in looks))
                print(f"{'filter':8}", *(f"{look.ways['bicubic']['degrees']:7.2f}" for look in looks))
            print(f"{name:8}", *(f"{look.ways[OURS]['degrees']:7.2f}" for look in looks), flush=True)


if __name__ == "__main__":
    main()
