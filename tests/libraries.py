"""A library of tiny textures, upscaled by the command line in this process, and asked what a run would do."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from cg_upscaler import cli
from cg_upscaler.job import Plan
from cg_upscaler.library.config import Config, load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.surveying import Survey, survey_library
from cg_upscaler.summary import Summary
from tests.fakes import noise
from tests.planning import DEVICE

HOUR = 3600 * 10**9

FONT = """info face="A" size=8
common lineHeight=8 base=6 scaleW=8 scaleH=8 pages=1
page id=0 file="wall.png"
chars count=1
char id=65 x=1 y=1 width=2 height=2 xoffset=0 yoffset=0 xadvance=2 page=0 chnl=15
"""
"""A description of `wall.png` in texels."""


@dataclass
class Library:
    """A library, its configuration file, and its output folder, all in one place."""

    place: Path
    out: Path = field(init=False)
    state: Path | None = None

    def __post_init__(self) -> None:
        (self.place / "textures").mkdir(parents=True, exist_ok=True)
        self.out = self.place / "out"
        self.configure()

    @property
    def textures(self) -> Path:
        return self.place / "textures"

    def configure(self, text: str = "") -> None:
        """Write the configuration file: plain resampling to 2x, and what `text` adds."""
        (self.place / "game.yaml").write_text(f"model: bicubic\nscale: 2\n{text}")

    def add(self, name: str, *, seed: int = 0, side: int = 8, channels: int = 3) -> Path:
        """Put a picture there that was written an hour ago."""
        path = self.textures / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", noise(side, side, channels, seed))[1].tobytes())
        return age(path)

    def write(self, name: str, text: str) -> Path:
        path = self.textures / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return age(path)

    def run(self, *arguments: object, code: int = 0) -> None:
        given = ["run", self.textures, "--config", self.place / "game.yaml", "--out", self.out, "--quiet", *arguments]
        assert cli.run_cli([str(each) for each in given]) == code

    def config(self) -> Config:
        return load(self.place / "game.yaml", source=self.textures, output=self.out)

    def receipts(self, **options: bool) -> Receipts:
        return Receipts(self.out, state=self.state, **options)

    def survey(self) -> Survey:
        with self.receipts(read_only=True) as receipts:
            return survey_library(self.config(), receipts)

    def plan(self) -> Plan:
        """Return the plan that a run would make now."""
        config = self.config()
        with self.receipts(read_only=True) as receipts:
            survey = survey_library(config, receipts)
            return make_plan(config, device=DEVICE, receipts=receipts, survey=survey)

    def planned(self) -> list[str]:
        return sorted(job.name for job in self.plan().jobs)

    def last(self) -> Summary:
        """Return what the last run came to."""
        with self.receipts(read_only=True) as receipts:
            return receipts.runs()[-1]


def age(path: Path, nanoseconds: int = HOUR) -> Path:
    """Have a file as though it was written so long ago."""
    then = time.time_ns() - nanoseconds
    os.utime(path, ns=(then, then))
    return path


def tree(folder: Path) -> dict[str, bytes]:
    """Return all results in an output folder, by their paths: no records, and nothing that begins with a dot."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }
