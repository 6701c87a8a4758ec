"""Draws the pictures of docs/report.md: `python benchmarks/report_pictures.py docs/images [--work DIR]`.

Four nights of examples/textures are run for real: most of them, the rest, a texture that was saved anew, and a last one
with a damaged file and gates that are tighter than the results. Then headless Chromium looks at the report, as its test
does; it needs `chromium`, `chromedriver` and the selenium package.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np

from cg_upscaler.backends import devices
from cg_upscaler.engine import Engine
from cg_upscaler.generate.pool import Pool
from cg_upscaler.job import Outcome, Receipt
from cg_upscaler.library.config import load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import REPORT, Receipts
from cg_upscaler.report import page
from cg_upscaler.summary import Summary, counted

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from report_browser import Page, browser  # noqa: E402

CONFIG = """\
model: realesrgan-x4plus
scale: 4
quality: {max_color_drift: 1.0, min_consistency: %s, max_normal_drift: 2.0, max_coverage_error: 0.01, max_seam: 1.5}
kinds: {sprite: {model: realesrgan-x4plus-anime}}
"""
LOOSE, TIGHT = 30, 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path)
    parser.add_argument("--work", type=Path, help="where to keep library and results; what is there is used again")
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp())
    if not (work / "out").is_dir():
        nights(work)
    with Receipts(work / "out", read_only=True) as receipts:
        entries, runs = list(receipts.entries()), receipts.runs()
    report = page.write(work / "out" / REPORT, entries, runs)
    with browser(work / "profile", 1360, 860) as chromium:
        chromium.open(report)
        # Paths as anybody could have them.
        chromium.run(
            "textures.forEach((texture) => { for (const side of ['source', 'output'])"
            " if (texture[side]) texture[side] = texture[side].replace(arguments[0], '/game'); })",
            str(work.resolve()),
        )
        for name, picture in pictures(chromium):
            path = options.images / f"report-{name}.png"
            path.write_bytes(small(picture))
            print(f"{path}: {path.stat().st_size / 1024:.0f} KB")
    if options.work is None:
        shutil.rmtree(work)


def nights(work: Path) -> None:
    library = work / "textures"
    shutil.copytree(ROOT / "examples" / "textures", library)
    first = datetime.now(timezone.utc) - timedelta(days=3)
    night(work, LOOSE, first, only=("architecture/**", "environment/**", "handpainted/**", "matcap/**"))
    night(work, LOOSE, first + timedelta(days=1))
    saved_anew(library / "environment" / "forest" / "forest_floor.jpg")
    night(work, LOOSE, first + timedelta(days=2))
    banana = library / "ui" / "icon-banana.png"
    (library / "ui" / "icon-cherry.png").write_bytes(banana.read_bytes()[:-900])
    saved_anew(library / "architecture" / "brick" / "3td_BrickOldRound_01.jpg")
    saved_anew(library / "environment" / "forest" / "forest_floor_nm.jpg")
    night(work, TIGHT, first + timedelta(days=3))


def saved_anew(path: Path) -> None:
    """Change a JPEG file and none of its texels."""
    with path.open("ab") as file:
        file.write(b"\0")


def night(work: Path, consistency: int, when: datetime, only: tuple[str, ...] = ()) -> None:
    """Run what changed, and record what came of it."""
    (work / "game.yaml").write_text(CONFIG % consistency, encoding="utf-8")
    config = load(work / "game.yaml", source=work / "textures", output=work / "out")
    device = devices.describe()
    start = time.monotonic()
    with Receipts(config.output) as receipts:
        plan = make_plan(config, device=device, only=only, receipts=receipts)
        done = list(Engine(Pool(device)).run(plan, receipts))
        for problem in plan.problems:
            done.append(Receipt(problem.name, Outcome.FAILED, error=problem.message))
            receipts.record(done[-1])
        upscaled = {receipt.name for receipt in done if receipt.outcome is Outcome.DONE}
        summary = Summary(
            started=when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            seconds=time.monotonic() - start,
            version=version("cg-upscaler"),
            device=device.label,
            megapixels=sum(job.megapixels for job in plan.jobs if job.name in upscaled),
            exit_code=1 if plan.problems else 0,
            **counted(done),
        )
        receipts.add_run(summary)
    print(f"{summary.started}: {counted(done)}")


def pictures(chromium: Page) -> Iterator[tuple[str, bytes]]:
    """Yield the name of each picture, and the picture."""
    yield "list", settled(chromium)
    look(chromium, "forest_floor.jpg", "slider")
    yield "slider", chromium.picture()
    look(chromium, "gfx_leaf_b.png", "channels")
    yield "channels", chromium.picture()
    look(chromium, "door.jpg", "difference")
    yield "difference", chromium.picture()
    look(chromium, "3td_BrickOldRound_01.jpg", "tiled")
    chromium.run("zoomTo(stage.zoom * 0.72)")
    yield "tiled", chromium.picture()
    look(chromium, "3td_BrickOldRound_01_NRM.png", "light")
    chromium.drag("#canvas", (0.6, 0.6), (0.66, 0.3))
    yield "light", chromium.picture()


def look(chromium: Page, file: str, view: str) -> None:
    """Open a texture in a view."""
    chromium.run("visit(textures.find((texture) => texture.name.endsWith('/' + arguments[0])))", file)
    chromium.opened()
    chromium.click(f"#view-{view}")
    chromium.painted()


def small(picture: bytes) -> bytes:
    """Return a PNG as a smaller one of the same pixels."""
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    levels = (cv2.IMWRITE_PNG_COMPRESSION, 9, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT)
    return min((bytes(cv2.imencode(".png", pixels, levels)[1].tobytes()), picture), key=len)


def settled(chromium: Page) -> bytes:
    """Return what is seen once every picture is there."""
    chromium.until("[...document.images].every((image) => image.complete && image.naturalWidth)")
    return chromium.picture()


if __name__ == "__main__":
    main()
