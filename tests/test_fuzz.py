"""No damaged file, whatever its kind, crashes or holds up a reader, or takes more than the pixel limit allows."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cg_upscaler import codecs
from tests import fuzzing
from tests.fuzz_damage import Case, cases
from tests.fuzz_seeds import Seed, seeds

CASES = 2000
linux = pytest.mark.skipif(not fuzzing.LINUX, reason="a process cannot be held to its memory there")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> list[Seed]:
    return seeds(tmp_path_factory.mktemp("seeds"))


def laid_out(folder: Path, sound: list[Seed]) -> list[Case]:
    made = cases(sound, CASES)
    for number, case in enumerate(made):
        (folder / f"{number}{case.suffix}").write_bytes(case.data)
    for number, seed in enumerate(sound):
        (folder / f"warm {number}{seed.suffix}").write_bytes(seed.data)
    return made


def test_every_suffix_that_is_read_has_sound_files_to_damage(tmp_path: Path, sound: list[Seed]) -> None:
    assert {seed.suffix for seed in sound} == set(codecs.SUFFIXES)
    for number, seed in enumerate(sound):
        path = tmp_path / f"{number}{seed.suffix}"
        path.write_bytes(seed.data)
        assert fuzzing.look(path) == "read", seed.name


def test_the_damaged_files_are_the_same_each_time_and_of_every_suffix(sound: list[Seed]) -> None:
    made = cases(sound, 200)
    assert made == cases(sound, 200)
    counts = Counter(case.suffix for case in made)
    assert max(counts.values()) - min(counts.values()) <= 1
    intact = {seed.data for seed in sound}
    assert sum(case.data in intact for case in made) < len(made) // 8


@linux
def test_damaged_files_end_in_an_error_of_ours_or_in_a_picture(tmp_path: Path, sound: list[Seed]) -> None:
    made = laid_out(tmp_path, sound)
    verdicts = fuzzing.run(tmp_path, CASES)
    assert [verdict.case for verdict in verdicts] == list(range(CASES))
    wrong = [f"{v.case} {made[v.case].suffix} {made[v.case].story}: {v.outcome}" for v in verdicts if not v.sound]
    assert not wrong, "\n".join(wrong)
    refused = sum(verdict.outcome == "refused" for verdict in verdicts)
    assert CASES // 3 < refused < CASES  # or the damage is none, or all


@pytest.mark.skipif(fuzzing.LINUX, reason="it is done there under guard")
def test_damaged_files_raise_nothing_else(tmp_path: Path, sound: list[Seed]) -> None:
    for number, case in enumerate(laid_out(tmp_path, sound)):
        assert fuzzing.look(tmp_path / f"{number}{case.suffix}") in ("read", "refused"), case.story


def misbehave(path: Path) -> str:
    """Do what a case's name says."""
    kind = path.suffix
    if kind == ".crash":
        os.abort()
    if kind == ".raise":
        raise ValueError("planted")
    if kind == ".busy":
        while True:
            time.monotonic()
    if kind == ".greedy":
        np.ones(fuzzing.MEMORY + (64 << 20), np.uint8)
    if kind == ".insatiable":
        np.ones(1 << 40, np.uint8)
    return "read"


@linux
def test_what_misbehaves_is_found_out(tmp_path: Path) -> None:
    kinds = (".fine", ".crash", ".raise", ".busy", ".greedy", ".insatiable", ".fine")
    for number, kind in enumerate(kinds):
        (tmp_path / f"{number}{kind}").touch()
    verdicts = fuzzing.run(tmp_path, len(kinds), "tests.test_fuzz:misbehave")
    said = [verdict.outcome.split("(")[0].strip() for verdict in verdicts]
    assert said[:4] == ["read", "ends by SIGABRT", "ValueError: planted", "computes more than 5 s"]
    assert said[4].startswith("takes ") and said[5].startswith(("MemoryError", "_ArrayMemoryError"))
    assert said[6] == "read"
