"""What is learned of a machine: generators are clocked, runs are remembered, and costs are found that explain them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cg_upscaler.flight import threads
from cg_upscaler.flight.estimate import speeds
from cg_upscaler.flight.estimate.clock import Measuring
from cg_upscaler.flight.estimate.fit import Costs, fitted
from cg_upscaler.flight.estimate.record import ENGINE, Record, from_text
from cg_upscaler.flight.estimate.stages import seconds_of
from cg_upscaler.generate import Generator, Tick
from cg_upscaler.geometry import Cut, Edges, Size, Tiled
from cg_upscaler.library.workload import Network
from cg_upscaler.pixels.rows import Pixels, Rows, Source
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import DeviceInfo, ModelInfo, Precision

DEVICE = DeviceInfo("cpu", "a processor", Precision.FLOAT32, (Precision.FLOAT32,))
GPU = DeviceInfo("cuda:0", "a card", Precision.FLOAT16, (Precision.FLOAT16,))
CUT = Tiled(32, 8, 4, 0)


def run(seconds: float = 10.0, **changes: object) -> Record:
    plain = Record("a processor", 2, seconds, "2026-11-27T02:00:07Z", shown={"x": 1e6}, busy={"x": 8.0})
    plain = replace(plain, beside={"color": 16e6, "write png": 16e6, "textures": 4.0})
    return replace(plain, **changes)  # type: ignore[arg-type]


# The clock


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Slow:
    """A generator each of whose two blocks of rows takes so many seconds of a clock."""

    def __init__(self, name: str, clock: Clock, seconds: float) -> None:
        self.info = ModelInfo(name, "fake", 4, 3, 6, weights=name * 8)
        self.clock, self.seconds = clock, seconds

    def run(self, source: Source, cut: Cut, edges: Edges, precision: Precision, tick: Tick) -> Rows:
        return SlowRows(source, self)


class SlowRows:
    channels = 3

    def __init__(self, source: Source, by: Slow) -> None:
        self.size, self.by = source.size * 4, by

    def __iter__(self) -> Iterator[Pixels]:
        for _ in range(2):
            self.by.clock.now += self.by.seconds
            yield np.zeros((self.size.height // 2, self.size.width, 3), np.float32)


class Several:
    def __init__(self, *generators: Slow) -> None:
        self.generators = {generator.info.name: generator for generator in generators}

    def get(self, model: str, scale: int) -> Generator:
        return self.generators[model]


def picture(side: int = 20) -> Source:
    return Array(np.zeros((side, side, 3), np.float32))


def network(name: str) -> Network:
    return Network(name, name * 8, Precision.FLOAT32)


def rows_of(measuring: Measuring, model: str, source: Source) -> Rows:
    return measuring.get(model, 4).run(source, CUT, Edges(), Precision.FLOAT32, lambda share: None)


def test_a_generator_is_clocked_while_it_works_and_not_while_others_take_its_rows() -> None:
    clock = Clock()
    measuring = Measuring(Several(Slow("a", clock, 3.0)), clock)
    rows = rows_of(measuring, "a", picture())
    assert (rows.size, rows.channels) == (Size(80, 80), 3)
    heights = []
    for block in rows:
        clock.now += 50.0  # matching, and writing
        heights.append(len(block))
    assert heights == [40, 40]
    assert measuring.busy == {network("a"): 6.0}
    assert measuring.shown == {network("a"): 400.0}


def test_a_picture_that_is_given_up_is_not_shown() -> None:
    clock = Clock()
    measuring = Measuring(Several(Slow("a", clock, 3.0)), clock)
    next(iter(rows_of(measuring, "a", picture())))
    assert measuring.shown == {}
    assert measuring.busy == {network("a"): 3.0}


def test_seconds_count_once_however_many_are_at_work() -> None:
    clock = Clock()
    measuring = Measuring(Several(), clock)
    a, b = network("a"), network("b")
    with measuring.at_work(a):
        clock.now += 1.0
        with measuring.at_work(a):
            clock.now += 1.0
            with measuring.at_work(b):
                clock.now += 1.0
        clock.now += 1.0
    clock.now += 1.0
    assert measuring.busy == {a: 3.5, b: 0.5}


def test_threads_lose_no_seconds_and_add_none() -> None:
    clock = Clock()
    lock = threading.Lock()
    measuring = Measuring(Several(), lambda: clock.now)
    names = [network("a"), network("b")]

    def work(seed: int) -> None:
        for _ in range(300):
            with measuring.at_work(names[seed % 2]), lock:
                clock.now += 1.0

    threads = [threading.Thread(target=work, args=[seed]) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(measuring.busy.values()) == pytest.approx(1800.0)


def test_plain_resampling_is_not_measured() -> None:
    clock = Clock()
    measuring = Measuring(Several(Slow("bicubic", clock, 3.0)), clock)
    assert list(rows_of(measuring, "bicubic", picture()))
    assert measuring.busy == measuring.shown == {}


# What is remembered


def test_what_was_saved_is_loaded_again_the_oldest_first(tmp_path: Path) -> None:
    later, earlier = run(2.0, at="2026-11-28T00:00:00Z"), run(1.0, at="2026-11-27T00:00:00Z")
    speeds.save([later, earlier], tmp_path)
    assert speeds.load(tmp_path).records == (earlier, later)


def test_the_environment_says_where_and_whether(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(speeds.FOLDER, str(tmp_path / "here"))
    speeds.save([run()])
    assert len(list((tmp_path / "here").iterdir())) == 1
    assert speeds.load().records == (run(),)
    monkeypatch.setenv(speeds.FOLDER, "")
    speeds.save([run()])
    assert speeds.load().records == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "\0\0\0",
        "null",
        run().as_text().replace(f'"engine": {ENGINE}', '"engine": 0'),
        run().as_text().replace('"version": 1', '"version": 99'),
        run().as_text().replace('"seconds": 10.0', '"seconds": -1'),
        run().as_text().replace('"seconds": 10.0', '"seconds": NaN'),
        run().as_text().replace('"cores": 2', '"cores": "2"'),
        run().as_text().replace('"x": 8.0', '"x": "much"'),
        run().as_text().replace('"device": "a processor"', '"device": 5'),
        run().as_text().replace('"at": ', '"when": '),
    ],
)
def test_damaged_and_older_files_are_passed_over(tmp_path: Path, text: str) -> None:
    speeds.save([run()], tmp_path)
    (tmp_path / "0.json").write_bytes(text.encode())
    (tmp_path / "1.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "2.json").mkdir()
    assert from_text(text) is None
    assert speeds.load(tmp_path).records == (run(),)


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    speeds.save([run()], tmp_path / "file" / "below")
    assert speeds.load(tmp_path / "file" / "below").records == ()
    assert speeds.load(tmp_path / "nowhere").records == ()


def test_only_the_latest_runs_of_a_device_are_kept(tmp_path: Path) -> None:
    other = run(device="another")
    speeds.save([other], tmp_path)
    days = [run(at=f"2026-11-{day:02}T{hour:02}:00:00Z") for day in range(1, 29) for hour in (3, 15)]
    speeds.save(days, tmp_path)
    kept = speeds.load(tmp_path).records
    assert sorted((one for one in kept if one != other), key=lambda one: one.at) == days[-speeds.KEPT :]
    assert other in kept


def test_processes_that_save_at_once_lose_nothing_of_each_other(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from cg_upscaler.flight.estimate import speeds\n"
        "from cg_upscaler.flight.estimate.record import Record\n"
        "for i in range(10): speeds.save([Record('d', 2, float(sys.argv[2]) + i, '2026')], Path(sys.argv[1]))"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(100 * n)]) for n in range(1, 4)]
    assert [child.wait() for child in children] == [0, 0, 0]
    found = {record.seconds for record in speeds.load(tmp_path).records}
    assert found == {100.0 * n + i for n in range(1, 4) for i in range(10)}
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".tmp")]


def test_what_was_measured_with_other_processors_says_nothing() -> None:
    here = run(cores=threads.cores())
    known = speeds.Speeds((here,))
    assert known.knows(DEVICE, "x")
    assert not known.knows(DEVICE, "y")
    assert not known.knows(GPU, "x")
    assert not speeds.Speeds((replace(here, cores=here.cores + 1),)).knows(DEVICE, "x")


# What is found


def truth(processor: float = 1.7) -> Costs:
    return Costs({"x": 9.0, "y": 60.0}, {"x": 1.0, "y": 2.0}, processor, {"color": 1.3, "write png": 0.8})


def some_runs(costs: Costs, count: int, *, shared: bool, seed: int = 0, off: float = 0.0) -> list[Record]:
    """Return runs of all mixtures, as they would take by these costs; a network's own seconds hold others' work."""
    chance = random.Random(seed)
    runs = []
    for _ in range(count):
        shown = {key: chance.uniform(0.1, 3) * 1e6 for key in chance.choice(["x", "y", "xy"])}
        beside = {name: chance.uniform(1, 300) * 1e6 for name in ("color", "write png")} | {"textures": 30.0}
        one = run(shown=shown, shared=shared, device="a processor" if shared else "a card")
        one = replace(one, beside=beside, largest={name: amount / 30 for name, amount in beside.items()})
        seconds = costs.seconds(one) * (1 + chance.uniform(-off, off))
        busy = {key: costs.networks[key] * texels / 1e6 * chance.uniform(1.0, 1.8) for key, texels in shown.items()}
        runs.append(replace(one, seconds=seconds, busy=busy))
    return runs


@pytest.mark.parametrize("shared", [True, False])
def test_learning_comes_to_the_truth(shared: bool) -> None:
    asked = some_runs(truth(), 20, shared=shared, seed=7)
    errors = []
    for count in (1, 4, 16, 40):
        costs = fitted(some_runs(truth(), count, shared=shared) + some_runs(truth(), 1, shared=shared, seed=3))
        known = [one for one in asked if one.shown.keys() <= costs.networks.keys()]
        errors.append(max(abs(costs.seconds(one) / one.seconds - 1) for one in known))
    assert errors[-1] < 0.07
    assert errors[-1] < errors[0] / 2


def test_a_machine_that_is_now_and_then_busy_is_known_within_a_tenth() -> None:
    costs = fitted(some_runs(truth(), 40, shared=True, off=0.25))
    asked = some_runs(truth(), 20, shared=True, seed=7)
    ratios = [costs.seconds(one) / one.seconds for one in asked]
    assert sum(ratios) / len(ratios) == pytest.approx(1.0, abs=0.1)


def test_a_night_on_which_the_machine_had_other_work_changes_little() -> None:
    runs = some_runs(truth(), 12, shared=True)
    busy = replace(runs[-1], seconds=4 * runs[-1].seconds, busy={k: 4 * b for k, b in runs[-1].busy.items()})
    (asked,) = some_runs(truth(), 1, shared=True, seed=9)
    assert fitted([*runs[:-1], busy]).seconds(asked) == pytest.approx(fitted(runs).seconds(asked), rel=0.15)


def test_the_same_run_again_is_foretold_after_one() -> None:
    for shared in (True, False):
        (one,) = some_runs(truth(processor=3.0), 1, shared=shared)
        assert fitted([one]).seconds(one) == pytest.approx(one.seconds, rel=0.05)


def test_runs_whose_generators_were_out_of_reach_teach_as_well() -> None:
    runs = [replace(one, busy={}) for one in some_runs(truth(), 40, shared=True)]
    for asked in some_runs(truth(), 20, shared=True, seed=7):
        assert fitted(runs).seconds(asked) == pytest.approx(asked.seconds, rel=0.15)


def test_a_machine_that_became_faster_is_believed_after_a_few_runs() -> None:
    slow = some_runs(truth(), 30, shared=True)
    (asked,) = some_runs(truth(0.8), 1, shared=True, seed=9)
    halved = [replace(one, seconds=one.seconds / 2, busy={k: b / 2 for k, b in one.busy.items()}) for one in slow]
    now = fitted(slow + halved).seconds(asked)
    assert abs(now / fitted(halved).seconds(asked) - 1) < abs(now / fitted(slow).seconds(asked) - 1)


def test_what_was_measured_by_itself_is_believed_before_any_run() -> None:
    alone = run(2.0, shown={"x": 1e5}, busy={"x": 2.0}, calibrated=True, beside={}, largest={})
    costs = fitted([alone])
    assert costs.networks["x"] == pytest.approx(20.0, rel=0.01)
    assert costs.processor == pytest.approx(1.0)


def test_more_work_never_takes_less() -> None:
    costs = fitted(some_runs(truth(), 10, shared=True))
    for shared in (True, False):
        one = run(shared=shared)
        base = costs.seconds(one)
        for name in one.beside:
            assert costs.seconds(replace(one, beside={**one.beside, name: one.beside[name] * 2})) >= base
        assert costs.seconds(replace(one, shown={"x": 2e6})) > base
        assert costs.seconds(replace(one, shown={"x": 1e6, "y": 1e5})) > base


def test_one_large_texture_is_not_divided_among_processors() -> None:
    beside = {"color": 100e6, "textures": 10.0}
    one = run(cores=8, shown={}, beside=beside, largest={"color": 91e6, "textures": 1.0})
    assert fitted([]).seconds(one) >= 91 * seconds_of("color")
    even = replace(one, largest={"color": 10e6, "textures": 1.0})
    assert fitted([]).seconds(even) == pytest.approx((100 * seconds_of("color") + 10 * seconds_of("textures")) / 8)
