"""A library is divided alike everywhere, evenly, and what belongs together stays so; the parts make the whole."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from cg_upscaler import cli
from cg_upscaler.errors import UsageError
from cg_upscaler.job import Receipt
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.shards import SLACK, Shard, parts
from cg_upscaler.library.surveying import survey_library
from tests.libraries import FONT, Library, age, tree
from tests.planning import DEVICE
from tests.test_sidecars import gltf

SIZES = (0.26, 1.0, 1.0, 1.0, 4.2, 4.2, 16.8, 67.1)
"""Megapixels, about as often as libraries have them."""


def some(count: int, seed: int = 0) -> dict[str, float]:
    rng = random.Random(seed)
    return {f"set{i // 20}/t{i}.png": rng.choice(SIZES) for i in range(count)}


def loads(found: dict[str, int], costs: dict[str, float]) -> list[float]:
    sums: Counter[int] = Counter()
    for name, part in found.items():
        sums[part] += costs[name]  # type: ignore[assignment]
    return list(sums.values())


# Dividing


@pytest.mark.parametrize(("count", "textures"), [(2, 200), (3, 1000), (16, 2000), (64, 10_000)])
def test_parts_are_even(count: int, textures: int) -> None:
    costs = some(textures)
    found = parts(costs, (), count)
    assert found.keys() == costs.keys()
    assert set(found.values()) == set(range(1, count + 1))
    largest, smallest = max(loads(found, costs)), min(loads(found, costs))
    assert largest <= sum(costs.values()) / count * (1 + 2 * SLACK)
    assert smallest >= sum(costs.values()) / count * 0.6  # the last to be filled has what is left


def test_parts_do_not_depend_on_the_order_of_names_or_ties() -> None:
    costs = some(500)
    ties = [[f"set{i}/t{20 * i + j}.png" for j in range(4)] for i in range(25)]
    names = list(costs)
    found = parts(costs, ties, 7)
    random.Random(1).shuffle(names)
    shuffled = [list(reversed(tie)) for tie in reversed(ties)]
    assert parts({name: costs[name] for name in names}, shuffled, 7) == found


def test_parts_are_the_same_with_each_version_of_this_tool() -> None:
    costs = {f"t{i}.png": 1.0 for i in range(12)}
    assert "".join(str(part) for part in parts(costs, (), 3).values()) == "233332122111"


def test_what_is_tied_goes_together_however_the_ties_lie() -> None:
    costs = some(300)
    names = list(costs)
    ties = [[names[0], names[100]], [names[100], names[299]], [names[5], names[6]], ["gone.png", names[0], names[7]]]
    found = parts(costs, ties, 8)
    assert len({found[names[index]] for index in (0, 100, 299, 7)}) == 1
    assert found[names[5]] == found[names[6]]
    assert "gone.png" not in found


def test_a_texture_more_or_less_moves_few_others() -> None:
    costs = some(2000)
    before = parts(costs, (), 16)
    moved = []
    for index in range(5):
        after = parts({**costs, f"new{index}.png": 4.2}, (), 16)
        moved.append(sum(after[name] != before[name] for name in costs))
        less = dict(list(costs.items())[: -index - 1])
        after = parts(less, (), 16)
        moved.append(sum(after[name] != before[name] for name in less))
    assert max(moved) < 0.1 * len(costs)


def test_a_texture_that_grows_moves_few_others() -> None:
    costs = some(2000)
    before = parts(costs, (), 16)
    after = parts({**costs, "set7/t144.png": costs["set7/t144.png"] * 4}, (), 16)
    assert sum(after[name] != before[name] for name in costs) < 0.1 * len(costs)


def test_more_parts_than_textures_leave_some_empty() -> None:
    found = parts({"a.png": 1.0, "b.png": 5.0}, (), 10)
    assert set(found) == {"a.png", "b.png"}
    assert all(1 <= part <= 10 for part in found.values())
    assert parts({}, (), 3) == {}


def test_one_texture_larger_than_all_others_has_a_part_with_little_else() -> None:
    costs = {"huge.png": 1000.0, **{f"t{i}.png": 1.0 for i in range(300)}}
    found = parts(costs, (), 4)
    beside = Counter(found[name] for name in costs if name != "huge.png")
    assert beside[found["huge.png"]] <= 3
    assert set(beside) >= {1, 2, 3, 4} - {found["huge.png"]}


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "a/b", "1/100001", "01/3", "1.5/3"])
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write --shard 3/16"):
        Shard.of(text)


def test_a_part_is_read_as_it_is_written() -> None:
    assert Shard.of(" 3/16 ") == Shard(3, 16)
    assert str(Shard(3, 16)) == "3/16"


# A library


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Materials, a set of UDIM tiles, a font, a glTF over two folders, data, and something broken."""
    found = Library(tmp_path)
    seed = 0
    for folder in ("a", "b"):
        for name in ("moss", "rock", "sand", "bark"):
            for ending in ("", "_n", "_rough"):
                found.add(f"{folder}/{name}{ending}.png", seed=(seed := seed + 1), side=8 + 4 * (seed % 3))
    for tile in (1001, 1002, 1011):
        found.add(f"udim/head.{tile}.png", seed=(seed := seed + 1), side=8)
    found.add("font/wall.png", seed=(seed := seed + 1))
    found.write("font/wall.fnt", FONT)
    found.add("base/skin.png", seed=(seed := seed + 1), side=16)
    found.add("bumps/skin.png", seed=(seed := seed + 1), side=16)
    material = {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}, "normalTexture": {"index": 1}}
    found.write("models/hero.gltf", json.dumps(gltf(material, "../base/skin.png", "../bumps/skin.png")))
    return found


def planned(library: Library, shard: Shard) -> list[str]:
    config = library.config()
    return [job.name for job in make_plan(config, device=DEVICE, survey=survey_library(config, None), shard=shard).jobs]


def test_every_texture_is_in_one_part_and_what_depends_on_each_other_in_the_same(library: Library) -> None:
    found = [planned(library, Shard(index, 4)) for index in (1, 2, 3, 4)]
    every = [name for part in found for name in part]
    assert sorted(every) == sorted(library.planned())
    where = {name: index for index, part in enumerate(found) for name in part}
    for folder in ("a", "b"):
        for name in ("moss", "rock", "sand", "bark"):
            assert len({where[f"{folder}/{name}{ending}.png"] for ending in ("", "_n", "_rough")}) == 1
    assert len({where[f"udim/head.{tile}.png"] for tile in (1001, 1002, 1011)}) == 1
    assert where["base/skin.png"] == where["bumps/skin.png"]


def test_what_only_asks_for_is_divided_too(library: Library) -> None:
    config = library.config()
    survey = survey_library(config, None, only=["a/*"])
    found = [
        make_plan(config, device=DEVICE, only=["a/*"], survey=survey, shard=Shard(index, 3)).jobs for index in (1, 2, 3)
    ]
    assert all(found)
    every = sorted(job.name for jobs in found for job in jobs)
    assert every == [name for name in library.planned() if name.startswith("a/")]


def merge(*arguments: object, code: int = 0) -> None:
    assert cli.run_cli(["merge", *map(str, arguments)]) == code


def record(library: Library) -> tuple[list[Receipt], list[tuple[str, str, str, str]]]:
    """Return what of a record does not tell of when and where."""
    with library.receipts(read_only=True) as receipts:
        made = [replace(entry.receipt, output="", seconds=0, at="") for entry in receipts.entries()]
        return made, sorted((each.path, each.hash, each.source_hash, each.name) for each in receipts.outputs())


def test_parts_and_their_merge_are_the_same_as_one_run(library: Library) -> None:
    library.run()
    whole, known = tree(library.out), record(library)
    library.out = library.place / "parts"
    for index in (2, 3, 1):
        library.run("--shard", f"{index}/3")
    merge(library.out, "--lock", library.place / "parts.lock")
    assert tree(library.out) == whole
    assert record(library) == known
    assert library.last().done == len(known[0])
    assert library.last().shard == ""
    library.run("--lock", library.place / "again.lock")
    assert (library.last().done, library.last().current) == (0, len(known[0]))
    assert (library.place / "again.lock").read_text() == (library.place / "parts.lock").read_text()
    assert library.planned() == []


def test_parts_after_a_run_over_all_redo_nothing(library: Library) -> None:
    library.run()
    before = {path: (library.out / path).stat().st_mtime_ns for path in tree(library.out)}
    for index in (1, 2, 3):
        library.run("--shard", f"{index}/3")
    assert {path: (library.out / path).stat().st_mtime_ns for path in tree(library.out)} == before
    library.add("a/rock.png", seed=99)
    library.write("font/wall.fnt", FONT.replace("x=1 y=1", "x=3 y=1"))
    for index in (1, 2, 3):
        library.run("--shard", f"{index}/3")
    merge(library.out)
    assert library.last().done == 1
    assert "x=6" in (library.out / "font" / "wall.fnt").read_text()
    library.run()
    assert (library.last().done, library.last().failed) == (0, 0)


def test_a_texture_that_moves_to_another_part_is_not_done_again(library: Library) -> None:
    for index in (1, 2):
        library.run("--shard", f"{index}/2")
    merge(library.out)
    before = {path: (library.out / path).stat().st_mtime_ns for path in tree(library.out)}
    for index in (1, 2, 3, 4, 5):
        library.run("--shard", f"{index}/5")
    assert {path: (library.out / path).stat().st_mtime_ns for path in tree(library.out)} == before


def test_a_failure_of_a_part_is_one_of_the_whole_until_it_is_mended(library: Library) -> None:
    broken = library.textures / "a" / "broken.png"
    broken.write_bytes(b"no picture")
    age(broken)
    run = ["run", library.textures, "-c", library.place / "game.yaml", "-o", library.out, "--quiet", "--shard"]
    codes = [cli.run_cli([str(each) for each in (*run, f"{index}/3")]) for index in (1, 2, 3)]
    assert sorted(codes) == [0, 0, 1]
    merge(library.out, code=1)
    with library.receipts(read_only=True) as receipts:
        assert receipts.failure("a/broken.png") is not None
    library.add("a/broken.png", seed=98)
    for index in (1, 2, 3):
        library.run("--shard", f"{index}/3")
    merge(library.out)
    with library.receipts(read_only=True) as receipts:
        assert receipts.failure("a/broken.png") is None


def test_parts_of_other_machines_are_merged_from_where_their_records_were_brought(library: Library) -> None:
    """Each has its own disk; the results are copied together, the records are named."""
    library.run()
    whole = tree(library.out)
    states = []
    for index in (1, 2):
        library.out = library.place / f"machine{index}" / "out"
        library.run("--shard", f"{index}/2")
        states.append(library.out / ".cg-upscale" / f"shard-{index}-of-2")
    target = library.place / "together"
    for index in (1, 2):
        there = library.place / f"machine{index}" / "out"
        for path, data in tree(there).items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(data)
    merge(target, *states)
    library.out = target
    assert tree(target) == whole
    library.run()
    assert (library.last().done, library.last().failed) == (0, 0)


def test_a_merge_of_nothing_is_refused(library: Library, tmp_path: Path) -> None:
    merge(tmp_path / "nowhere", code=2)
    library.run()
    merge(library.out, code=2)
    merge(library.out, tmp_path / "textures", code=2)


def test_parts_keep_their_records_under_the_state_that_was_asked_for(library: Library, tmp_path: Path) -> None:
    state = tmp_path / "state"
    for index in (1, 2):
        library.run("--shard", f"{index}/2", "--state", state)
    assert sorted(path.name for path in state.glob("shard-*")) == ["shard-1-of-2", "shard-2-of-2"]
    merge(library.out)
    assert (state / "receipts.sqlite").is_file()
    library.run()
    assert (library.last().done, library.last().failed) == (0, 0)
