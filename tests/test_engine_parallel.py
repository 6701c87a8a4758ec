"""Several textures are on their way at once; nothing that one does reaches another, and nothing is left behind."""

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from cg_upscaler.cli.progress import Progress
from cg_upscaler.engine import Engine
from cg_upscaler.errors import Cancelled, DeviceLost, OutOfMemory
from cg_upscaler.flight.crew import Crew
from cg_upscaler.flight.footprint import footprint
from cg_upscaler.geometry import Size
from cg_upscaler.job import Event, Outcome, Receipt
from cg_upscaler.library.config import load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.maps import Role
from tests.fakes import BlurNetwork, FakeGenerators, group, job_of, noise
from tests.test_engine import CPU, outcomes, save, tree

MANY = 6
PATIENCE = 20
"""Seconds after which a test that waits for something to happen at once gives up."""


@pytest.fixture
def library(tmp_path):
    root = tmp_path / "textures"
    for i in range(MANY):
        save(root / f"t{i}_color.png", noise(16, 16 + 2 * i, 3, seed=i))
    return root


def planned(library, out, receipts, **settings):
    config = load(None, **{"source": library, "output": out, "edges": "mirror", **settings})
    return make_plan(config, device=CPU, receipts=receipts)


def run(library, out, network, listen=lambda event: None, *, jobs=4, memory=1 << 40, force=False):
    with Receipts(out) as receipts:
        plan = planned(library, out, receipts)
        engine = Engine(FakeGenerators(network), force=force, jobs=jobs, memory=memory)
        return engine.run(plan, receipts, listen)


def by_name(receipts):
    return {receipt.name: receipt for receipt in receipts}


@dataclass
class Counting(BlurNetwork):
    """Knows how many are inside it at once."""

    inside: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, window, precision):
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            return self.within(window, precision)
        finally:
            with self.lock:
                self.inside -= 1

    def within(self, window, precision):
        threading.Event().wait(0.01)
        return super().run(window, precision)


class Meeting(Counting):
    """Lets nobody through until two are there."""

    def __init__(self):
        super().__init__()
        self.barrier = threading.Barrier(2)

    def within(self, window, precision):
        self.barrier.wait(PATIENCE)
        return super().within(window, precision)


def width(window):
    return window.shape[1] - 16  # without the border that a tile reads


def test_textures_are_on_their_way_at_once_and_their_receipts_come_in_order(library, tmp_path):
    receipts = run(library, tmp_path / "out", Meeting(), jobs=2)
    assert [receipt.name for receipt in receipts] == [f"t{i}_color.png" for i in range(MANY)]
    assert {receipt.outcome for receipt in receipts} == {Outcome.DONE}


@pytest.mark.parametrize("jobs", [1, 3])
def test_no_more_are_on_their_way_than_was_said(library, tmp_path, jobs):
    network = Counting()
    run(library, tmp_path / "out", network, jobs=jobs)
    assert network.most <= jobs
    assert network.calls == MANY


def test_no_more_are_on_their_way_than_memory_holds(library, tmp_path):
    with Receipts(tmp_path / "out") as receipts:
        largest = max(footprint(job) for job in planned(library, tmp_path / "out", receipts).jobs)
    network = Counting()
    run(library, tmp_path / "out", network, memory=largest * 2)
    assert network.most <= 2
    alone = Counting()
    run(library, tmp_path / "alone", alone, memory=1)  # each is larger than that, and runs by itself
    assert (alone.most, alone.calls) == (1, MANY)


def test_how_many_at_once_reaches_no_byte(library, tmp_path):
    for jobs in (1, 4):
        run(library, tmp_path / f"out{jobs}", BlurNetwork(), jobs=jobs)
    for name in tree(library):
        assert (tmp_path / "out1" / name).read_bytes() == (tmp_path / "out4" / name).read_bytes()


def test_events_come_one_at_a_time_on_the_thread_that_runs_the_plan(library, tmp_path):
    seen: dict[str, list[float]] = {}

    def listen(event):
        assert threading.current_thread() is threading.main_thread()
        seen.setdefault(event.job.name, []).append(event.progress)
        assert (event.progress == 1) == (event.receipt is not None)

    run(library, tmp_path / "out", Counting(), listen)
    assert len(seen) == MANY
    for shares in seen.values():
        assert shares == sorted(shares)
        assert (shares[0], shares[-1]) == (0, 1)


def test_the_bar_is_right_with_several_on_their_way(library, tmp_path):
    with Receipts(tmp_path / "out") as receipts:
        plan = planned(library, tmp_path / "out", receipts)
    a, b = plan.jobs[:2]
    with Progress(plan, quiet=True) as progress:
        moved: list[float] = []
        progress._bar.update = moved.append
        for event in (Event(a, 0.5), Event(b, 0.25), Event(a, 0.75), Event(b, 1.0, Receipt(b.name, Outcome.DONE))):
            progress(event)
        assert sum(moved) == pytest.approx(0.75 * a.megapixels + b.megapixels)
        progress(Event(a, 0.0))  # it starts over
        assert sum(moved) == pytest.approx(b.megapixels)


# Stopping


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Cancelled])
def test_stopping_leaves_whole_files_alone_and_no_thread(library, tmp_path, stop):
    whole = tmp_path / "whole"
    run(library, whole, BlurNetwork())
    events = 0

    def count(event):
        nonlocal events
        events += 1

    run(library, tmp_path / "counted", BlurNetwork(), count)
    for last in range(0, events, 3):
        left, out = last, tmp_path / f"out{last}"

        def interrupt(event):
            nonlocal left
            left -= 1
            if left < 0:
                raise stop

        network = BlurNetwork()
        with pytest.raises(stop):
            run(library, out, network, interrupt)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("cg-upscale")]
        for path in tree(out):
            assert (out / path).read_bytes() == (whole / path).read_bytes()
        assert outcomes(by_name(run(library, out, BlurNetwork()))) <= {Outcome.DONE, Outcome.CURRENT}


def test_what_has_ended_when_a_run_is_stopped_is_recorded(library, tmp_path):
    stopped = threading.Event()

    class Waits(BlurNetwork):
        def run(self, window, precision):
            if width(window) > 16:
                assert stopped.wait(PATIENCE)
            return super().run(window, precision)

    def listen(event):
        if event.receipt is not None:
            stopped.set()
            raise Cancelled

    network = Waits()
    with pytest.raises(Cancelled):
        run(library, tmp_path / "out", network, listen)
    assert tree(tmp_path / "out") == {"t0_color.png"}
    assert network.calls <= 4
    again = by_name(run(library, tmp_path / "out", BlurNetwork()))
    assert again["t0_color.png"].outcome is Outcome.CURRENT


def test_a_bug_in_one_texture_ends_the_run_as_itself(library, tmp_path):
    def bug(tile):
        raise ZeroDivisionError("a test says so")

    with pytest.raises(ZeroDivisionError):
        run(library, tmp_path / "out", BlurNetwork(bug))
    assert not tree(tmp_path / "out")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("cg-upscale")]


# Memory


@pytest.mark.parametrize("error", [OutOfMemory("a test says so"), MemoryError()], ids=["device", "host"])
def test_out_of_memory_beside_others_is_done_again_alone_with_the_same_cut(library, tmp_path, error):
    class Crowded(Counting):
        def within(self, window, precision):
            if width(window) == 20 and not self.alone.is_set():
                self.alone.set()
                raise error
            if width(window) == 20:
                assert self.inside == 1
            return super().within(window, precision)

    network = Crowded()
    network.alone = threading.Event()
    receipts = by_name(run(library, tmp_path / "out", network))
    assert outcomes(receipts) == {Outcome.DONE}
    assert receipts["t2_color.png"].notes[-1] == "out of memory beside other textures: done again alone"
    run(library, tmp_path / "plain", BlurNetwork())
    for name in tree(library):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()


def test_what_does_not_fit_alone_either_gets_a_smaller_cut(library, tmp_path, monkeypatch):
    monkeypatch.setattr("cg_upscaler.cut.BAND_ROWS", (16,))

    class Small(BlurNetwork):
        def run(self, window, precision):
            if width(window) == 24:  # the whole of t4
                raise OutOfMemory("a test says so")
            return super().run(window, precision)

    receipts = by_name(run(library, tmp_path / "out", Small()))
    assert outcomes(receipts) == {Outcome.DONE}
    again, smaller = sorted(receipts["t4_color.png"].notes[-2:])
    assert smaller == "out of memory: done again with bands of 16"
    assert "alone" in again


def test_after_running_out_of_memory_fewer_run_at_once():
    flying, most, failed = 0, [0, 0], threading.Event()
    ready, lock = threading.Barrier(4), threading.Lock()

    def work(index, flight):
        nonlocal flying
        with lock:
            flying += 1
            most[failed.is_set()] = max(most[failed.is_set()], flying)
        try:
            if index < 4 and not flight.again:
                ready.wait(PATIENCE)
            if index == 0 and not flight.again:
                raise MemoryError
            threading.Event().wait(0.01)
            if flight.again:
                assert flying == 1
                failed.set()
            return index
        finally:
            with lock:
                flying -= 1

    def nothing(*told):
        pass

    crew = Crew([10] * 20, work, hear=nothing, keep=nothing, land=nothing, jobs=4, memory=1000)
    assert crew.run() == {index: index for index in range(20)}
    assert most == [4, 3]


def test_a_larger_texture_has_a_larger_footprint_up_to_what_waits_in_a_file():
    def of(side):
        pixels = np.zeros((1, 1, 3), np.uint8)
        job = job_of(pixels, group(Role.COLOR, (0, 1, 2), Size(side, side)))
        return footprint(
            replace(
                job,
                source_spec=replace(job.source_spec, size=Size(side, side)),
                output_spec=replace(job.output_spec, size=Size(side, side) * 4),
            )
        )

    assert of(64) < of(256) < of(1024) < of(4096)
    assert of(256) < 250 << 20
    assert of(4096) < 3 << 30  # its result alone is 3 GiB as float32
    assert footprint(replace(job_of(np.zeros((1, 1, 3), np.uint8)), source_spec=None)) < 10 << 20


# Twins


def test_identical_sources_are_computed_once(tmp_path):
    library = tmp_path / "textures"
    for name in ("a_color.png", "b_color.png", "c_color.png", "d_color.bmp"):
        save(library / name, noise(16, 16, 3))
    network = Counting()
    receipts = by_name(run(library, tmp_path / "out", network))
    assert network.calls == 2  # the BMP file has other bytes, and another container
    assert outcomes(receipts) == {Outcome.DONE}
    notes = [receipt.notes for receipt in receipts.values() if receipt.notes]
    assert len(notes) == 2
    assert all(note[-1].startswith("the same as ") for note in notes)
    contents = {(tmp_path / "out" / f"{name}_color.png").read_bytes() for name in "abc"}
    assert len(contents) == 1
    assert outcomes(by_name(run(library, tmp_path / "out", BlurNetwork()))) == {Outcome.CURRENT}


def test_a_twin_of_one_that_fails_is_done_by_itself(tmp_path):
    library = tmp_path / "textures"
    for name in ("a_color.png", "b_color.png"):
        save(library / name, noise(16, 16, 3))

    class Once(BlurNetwork):
        def run(self, window, precision):
            first = not self.calls
            result = super().run(window, precision)
            return result * np.float32(np.nan) if first else result

    network = Once()
    receipts = run(library, tmp_path / "out", network)
    assert network.calls == 2
    assert sorted(receipt.outcome.value for receipt in receipts) == ["done", "failed"]
    assert len(tree(tmp_path / "out")) == 1


def test_a_twin_is_not_taken_from_a_file_that_was_edited_meanwhile(tmp_path):
    library, out = tmp_path / "textures", tmp_path / "out"
    for name in ("a_color.png", "b_color.png"):
        save(library / name, noise(16, 16, 3))

    def listen(event):
        if event.receipt is not None and event.job.name == "a_color.png":
            save(out / "a_color.png", noise(64, 64, 3, seed=9))

    network = BlurNetwork()
    run(library, out, network, listen, memory=1)
    assert network.calls == 2


# The device


def test_a_device_that_is_lost_fails_what_needs_it_and_nothing_else(library, tmp_path):
    save(library / "u_normal.png", np.full((16, 16, 3), (128, 128, 255), np.uint8) + (noise(16, 16, 3) // 64))
    save(library / "v_id.png", np.repeat(np.repeat(noise(4, 4, 3) // 100 * 100, 16, 0), 16, 1))

    class Lost(BlurNetwork):
        def run(self, window, precision):
            self.calls += 1
            if self.calls > 2:
                raise DeviceLost("broke off", where="a GPU (cuda:0)", fix="use --device cpu")
            return super().run(window, precision)

    network = Lost()
    receipts = run(library, tmp_path / "out", network, jobs=1)
    done = by_name(receipts)
    failed = [receipt for receipt in receipts if receipt.outcome is Outcome.FAILED]
    assert network.calls == 3  # those after it did not try
    assert [receipt.error for receipt in failed] == [
        f"{receipt.name}: a GPU (cuda:0): broke off; use --device cpu" for receipt in failed
    ]
    assert done["u_normal.png"].outcome is Outcome.DONE  # resampled, on no device
    assert done["v_id.png"].outcome is Outcome.COPIED
    assert tree(tmp_path / "out") == {receipt.name for receipt in receipts if receipt.outcome is not Outcome.FAILED}


def test_receipts_are_shared_by_threads(tmp_path):
    with Receipts(tmp_path) as receipts:
        threads = [
            threading.Thread(
                target=lambda i=i: [receipts.seen.remember(f"{i} {k}", "seen") for k in range(400)],
            )
            for i in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with Receipts(tmp_path) as receipts:
        assert all(receipts.seen.evidence(f"{i} {k}") == "seen" for i in range(4) for k in range(400))


def test_no_temporary_is_left(library, tmp_path):
    run(library, tmp_path / "out", Counting())
    assert not [path for path in Path(tmp_path / "out").rglob("*") if "cgtmp" in path.name]
