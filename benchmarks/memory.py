"""Measures the peak memory of a run: `python benchmarks/memory.py --width 4096 --height 4096`.

A 16-bit RGBA picture with detail goes through plan and engine into a PNG four times as large, in a process of its own,
whose peak is the system's own figure. A network this deep would take hours for it on a few cores, so that unless
`--compute` is given the convolutions write a number into each texel in place of computing: every buffer, window, row
and file is there as ever, and the picture is not. Prints what was planned beside what was taken.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=4096)
    parser.add_argument("--height", type=int, nargs="+", default=[1024, 2048, 4096])
    parser.add_argument("--compute", action="store_true", help="run the network for real")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        inside(options.inside, compute=options.compute)
        return
    print("  source            planned   peak   minutes", flush=True)
    for height in options.height:
        with tempfile.TemporaryDirectory() as folder:
            save(Path(folder) / "in" / "rock_color.png", options.width, height)
            flags = ["--compute"] if options.compute else []
            start = time.monotonic()
            done = subprocess.run(
                [sys.executable, __file__, "--inside", folder, *flags], capture_output=True, text=True, check=True
            )
            planned, peak = done.stdout.split()
            minutes = (time.monotonic() - start) / 60
            size = f"{options.width}×{height}"
            print(f"{size:>12} RGBA16 {planned:>7} GB {peak:>5} GB {minutes:7.1f}", flush=True)


def save(path: Path, width: int, height: int) -> None:
    """Write a picture with detail at all sizes, whose alpha is a cut-out."""
    from cg_upscaler import codecs
    from cg_upscaler.geometry import Size
    from cg_upscaler.spec import Depth, ImageSpec

    path.parent.mkdir()
    numbers = np.random.default_rng(0)
    coarse = numbers.random((-(-height // 16), -(-width // 16), 4), np.float32)
    sink = codecs.create(path, ImageSpec(Size(width, height), 4, Depth.UINT16, "png", alpha=3))
    for row in range(0, height, 16):
        rows = min(16, height - row)
        block = coarse[row // 16].repeat(16, 0)[None, :width].repeat(rows, 0)
        block = 0.6 * block + 0.4 * numbers.random((rows, width, 4), np.float32)
        block[..., 3] = block[..., 3] > 0.5
        sink.put(block)
    sink.commit()


def inside(folder: Path, *, compute: bool) -> None:
    from cg_upscaler.backends.devices import describe
    from cg_upscaler.engine import Engine
    from cg_upscaler.flight.footprint import footprint
    from cg_upscaler.generate.pool import Pool
    from cg_upscaler.job import Outcome
    from cg_upscaler.library.config import load
    from cg_upscaler.library.plan import make_plan
    from cg_upscaler.library.receipts import Receipts

    if not compute:
        pass_on()
    config = load(None, source=folder / "in", output=folder / "out", edges="mirror")
    with Receipts(config.output) as receipts:
        plan = make_plan(config, device=describe(), receipts=receipts)
        (receipt,) = Engine(Pool(plan.device)).run(plan, receipts)
    assert receipt.outcome is Outcome.DONE, receipt.error
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"{footprint(plan.jobs[0]) / 1e9:.2f} {peak / 1e9:.2f}")


def pass_on() -> None:
    """Have layers touch all memory that they would write; the weights are there in both of their forms."""
    import torch

    from cg_upscaler.backends.winograd import Winograd

    def copy(self, source, top, result, row, column, channel, height):  # type: ignore[no-untyped-def]
        last = self.outputs == 16  # is the picture, and must not be of one colour
        part = result[:, row : row + height, column : column + source.shape[2] - 2]
        part[..., channel : channel + (16 if last else 1)] = (torch.arange(part.shape[2]) % 7 / 9)[:, None]

    Winograd.__call__ = copy  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
