"""Runs on a real Ray with two nodes give the tree that one machine gives, whatever becomes of a node."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cg_upscaler import cluster as clusters
from cg_upscaler.backends.devices import describe
from cg_upscaler.cluster import Cluster, connect
from cg_upscaler.cluster.sight import marked, unseen
from cg_upscaler.cluster.worker import ALONE, Build, Card, Worker, build
from cg_upscaler.engine import Engine
from cg_upscaler.errors import Cancelled, DeviceLost, GenerateError, OutOfMemory, UsageError, WeightsMismatch
from cg_upscaler.flight.crew import Flight
from cg_upscaler.flight.making import Made
from cg_upscaler.generate.pool import Pool
from cg_upscaler.job import Event, Job, Outcome, Receipt
from cg_upscaler.library.config import load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import FOLDER, Receipts
from cg_upscaler.maps import Role
from tests.fakes import group, job_of, noise

SMALL_STORE = 80 << 20
WATCHFUL = {"health_check_period_ms": 500, "health_check_timeout_ms": 1000, "health_check_failure_threshold": 3}
"""So that a node that is gone is known to be in seconds."""
PATIENCE = 60.0

Listener = Callable[[Event], None]


@dataclass(frozen=True)
class Machines:
    """A Ray with two nodes, of one processor and of two, and a connection to it for all below `root`."""

    ray: Any
    cluster: Cluster
    root: Path


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    ray = pytest.importorskip("ray", reason="ray is not installed: pip install 'cg-upscaler[ray]'")
    from ray.cluster_utils import Cluster as Ray

    root = tmp_path_factory.mktemp("many")
    (root / "textures").mkdir()
    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": SMALL_STORE, "_system_config": WATCHFUL}
    nodes = Ray(initialize_head=True, head_node_args=head)
    try:
        for processors in (1, 2):
            nodes.add_node(num_cpus=processors, object_store_memory=SMALL_STORE)
        with connect(nodes.address, root / "textures", root / "out", device="cpu", patience=PATIENCE) as cluster:
            yield Machines(nodes, cluster, root)
    finally:
        ray.shutdown()
        nodes.shutdown()


@pytest.fixture
def library(machines: Machines, request: pytest.FixtureRequest) -> Path:
    root = machines.root / "textures" / request.node.name
    for number in range(12):
        save(root / f"wall{number % 3}" / f"stone{number}_color.png", noise(24, 20 + 2 * number, 3, seed=number))
    save(root / "large_color.png", noise(400, 500, 3, seed=99))
    (root / "broken_color.png").write_bytes((root / "large_color.png").read_bytes()[:3000])
    return root


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())


def run(
    library: Path,
    out: Path,
    cluster: Cluster | None = None,
    listen: Listener = lambda event: None,
    model: str = "bicubic",
) -> dict[str, Receipt]:
    config = load(None, source=library, output=out, model=model)
    device = describe("cpu") if cluster is None else cluster.device
    with Receipts(out) as receipts:
        plan = make_plan(config, device=device, receipts=receipts)
        if cluster is None:
            engine = Engine(Pool(device), jobs=2)
        else:
            engine = Engine(maker=cluster.maker, jobs=cluster.lanes, memory=cluster.memory)
        return {receipt.name: receipt for receipt in engine.run(plan, receipts, listen)}


def tree(folder: Path) -> dict[str, bytes]:
    """Return all files but the record: leftovers count too."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and FOLDER not in path.parts
    }


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


# On a real Ray


def test_a_node_that_does_not_see_the_folders_is_named(machines: Machines) -> None:
    from cg_upscaler.cluster.roster import Roster

    class Frugal(Roster):
        """Takes no processors: those of the nodes are taken."""

        def _slots(self) -> Iterator[tuple[str, str, int, float]]:
            yield from ((node, name, 0, share) for node, name, _, share in super()._slots())

    with marked(machines.root / "textures", machines.root / "out") as sight:
        roster = Frugal(replace(sight, token="another"), gpus=False, patience=PATIENCE)
        try:
            with pytest.raises(UsageError, match="sees another folder") as error:
                roster.open()
            assert socket.gethostname() in str(error.value.where)
        finally:
            roster.close()


def test_nodes_give_what_one_machine_gives(machines: Machines, library: Path) -> None:
    out, alone = machines.root / "out" / "a", machines.root / "alone"
    assert machines.cluster.workers >= 2
    heard: list[Event] = []
    together = run(library, out, machines.cluster, heard.append)
    expected = run(library, alone)
    assert tree(out) == tree(alone)
    assert len(tree(out)) == 13
    same = ("outcome", "key", "source_hash", "output_hash", "figures")
    for name, receipt in expected.items():
        assert [getattr(together[name], field) for field in same] == [getattr(receipt, field) for field in same]
    assert {event.job.name for event in heard if event.receipt is not None} == expected.keys()


def test_a_node_may_join_and_die_and_takes_nothing_with_it(machines: Machines, library: Path) -> None:
    out, alone = machines.root / "out" / "b", machines.root / "alone b"
    run(library, alone)
    roster = machines.cluster.roster
    doomed = machines.ray.add_node(num_cpus=1, object_store_memory=SMALL_STORE)

    def hands() -> list[Any]:
        return [hand for hand in roster._hands if hand.node == doomed.node_id and hand.card is not None]

    until(lambda: bool(hands()))
    [hand] = hands()
    process = int(hand.card.process, 16)
    os.kill(process, signal.SIGSTOP)  # whatever it is given from here on, it does not finish
    lost: list[int] = []

    def kill(event: Event) -> None:
        if hand.loads and not lost:
            lost.append(len(hand.loads))
            machines.ray.remove_node(doomed, allow_graceful=False)
            os.kill(process, signal.SIGKILL)

    receipts = run(library, out, machines.cluster, kill)
    assert lost[0] > 0
    assert {receipt.outcome for receipt in receipts.values()} == {Outcome.DONE}
    assert tree(out) == tree(alone)
    assert hand not in roster._hands


def test_a_worker_that_ends_is_replaced(machines: Machines) -> None:
    roster = machines.cluster.roster
    hand = roster._hands[0]
    os.kill(int(hand.card.process, 16), signal.SIGKILL)
    roster.lose(hand)
    until(lambda: any(other.node == hand.node and other.card is not None for other in roster._hands))


def test_cancelling_leaves_nothing_half_written_and_the_workers_at_hand(machines: Machines, library: Path) -> None:
    save(library / "huge_color.png", noise(900, 900, 3))
    out = machines.root / "out" / "c"

    def stop(event: Event) -> None:
        if event.job.name == "huge_color.png" and event.progress > 0:
            raise Cancelled

    before = time.monotonic()
    with pytest.raises(Cancelled):
        run(library, out, machines.cluster, stop)
    assert time.monotonic() - before < PATIENCE
    assert not [name for name in tree(out) if "cgtmp" in name]
    assert all(not hand.loads for hand in machines.cluster.roster._hands)
    receipts = run(library, out, machines.cluster)
    assert {receipt.outcome for receipt in receipts.values()} <= {Outcome.DONE, Outcome.CURRENT}


@pytest.mark.weights
def test_real_weights_give_the_same_on_any_number_of_threads(machines: Machines, library: Path) -> None:
    out, alone = machines.root / "out" / "d", machines.root / "alone d"
    few = machines.root / "textures" / "few"
    for number, side in enumerate((32, 40, 64)):
        save(few / f"wood{number}_color.png", noise(side, side, 3, seed=number))
    receipts = run(few, out, machines.cluster, model="realesr-animevideov3")
    run(few, alone, model="realesr-animevideov3")
    assert {receipt.outcome for receipt in receipts.values()} == {Outcome.DONE}
    assert tree(out) == tree(alone)


# Without one


def test_a_missing_ray_is_said_with_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(clusters, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"ray is not installed.*pip install"), connect(None, tmp_path, tmp_path):
        pass


def test_an_address_where_nobody_answers_is_said_at_once(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="ray is not installed: pip install 'cg-upscaler[ray]'")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        code = f"""
from pathlib import Path
from cg_upscaler.cluster import connect
from cg_upscaler.errors import UsageError
try:
    with connect({address!r}, Path({str(tmp_path)!r}), Path({str(tmp_path / "out")!r})):
        pass
except UsageError as error:
    print(error)
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE)
    assert "no Ray answers" in done.stdout, done.stderr
    assert "ray start" in done.stdout
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_not_seen_is_said(tmp_path: Path) -> None:
    (tmp_path / "textures" / "walls").mkdir(parents=True)
    with marked(tmp_path / "textures", tmp_path / "out") as sight:
        assert unseen(sight) == ""
        assert unseen(replace(sight, source="/nowhere")) == "does not see /nowhere"
        assert unseen(replace(sight, names=("roofs",))).startswith("sees another folder at")
        assert unseen(replace(sight, mark="/nowhere")).startswith("does not see")
        assert unseen(replace(sight, token="another")).startswith("sees another folder at")
        assert [path.name for path in (tmp_path / "out").iterdir()] == [Path(sight.mark).name]
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is read-only to this user")
def test_an_output_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with marked(tmp_path, tmp_path / "out") as sight:
        (tmp_path / "out").chmod(stat.S_IRUSR | stat.S_IXUSR)
        try:
            assert unseen(sight).startswith("may not write")
        finally:
            (tmp_path / "out").chmod(stat.S_IRWXU)


def test_another_version_is_turned_away(tmp_path: Path) -> None:
    with marked(tmp_path, tmp_path / "out") as sight:
        said = Worker("cpu", 1).introduce(Build("0.0.1", 1, "2.0"), sight, 1.0)
    assert isinstance(said, str) and "0.0.1" in said


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    one = Worker("cpu", 1)
    with marked(tmp_path, tmp_path / "out") as sight:
        assert isinstance(one.introduce(build(), sight, 1.0), Card)
    return one


class Tight:
    """A `Maker` on a device that holds no two textures."""

    def make(self, job: Job, flight: Flight[Event], scratch: Path) -> Made:
        flight.accompanied = flight.accompanied or not self.tried
        self.tried += 1
        if flight.accompanied:
            raise OutOfMemory("too much")
        return Made("path", "hash", (), ())

    tried = 0


def test_what_does_not_fit_beside_another_is_done_again_alone(worker: Worker) -> None:
    worker._made_by = Tight()  # type: ignore[assignment]
    made = worker.make(1, job_of(noise(4, 4, 3)))
    assert isinstance(made, Made)
    assert made.notes == (ALONE,)


def test_errors_come_back_as_what_they_are(worker: Worker, tmp_path: Path) -> None:
    job = replace(job_of(noise(4, 4, 3)), source=str(tmp_path / "gone.png"))
    assert isinstance(worker.make(1, job), Exception)
    pixels = noise(4, 4, 3)
    colour = replace(group(Role.COLOR, (0, 1, 2), job.source_spec.size, model="realesr-animevideov3"), weights="other")
    assert isinstance(worker.make(2, job_of(pixels, colour)), WeightsMismatch)


def test_a_job_that_was_stopped_before_it_began_is_cancelled(worker: Worker, tmp_path: Path) -> None:
    save(tmp_path / "t.png", noise(8, 8, 3))
    size = job_of(noise(8, 8, 3)).source_spec.size
    job = job_of(noise(8, 8, 3), group(Role.COLOR, (0, 1, 2), size, model="bicubic"))
    job = replace(job, source=str(tmp_path / "t.png"), output=str(tmp_path / "out" / "t.png"))
    worker.stop(7)
    assert isinstance(worker.make(7, job), Cancelled)
    assert tree(tmp_path / "out") == {}


@pytest.mark.parametrize("ends", ["died", "device"])
def test_a_job_that_ends_its_workers_is_given_up(ends: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="ray is not installed: pip install 'cg-upscaler[ray]'")
    from ray.exceptions import ActorDiedError

    from cg_upscaler.cluster.hand import Hand
    from cg_upscaler.cluster.remote import TRIES, Remote
    from cg_upscaler.cluster.roster import Roster

    with marked(tmp_path, tmp_path / "out") as sight:
        roster = Roster(sight, gpus=False, patience=0.1)
    device = describe("cpu")
    roster._hands = [Hand(None, "node", None, Card("host", device, 1, "0", f"{n}")) for n in range(TRIES + 1)]
    monkeypatch.setattr(Roster, "_kill", staticmethod(lambda hand: None))
    tried = []

    def answer(self: Remote, hand: Hand, ticket: int, job: Job, flight: Flight[Event]) -> Exception:
        tried.append(hand)
        if ends == "died":
            raise ActorDiedError
        return DeviceLost("gone")

    monkeypatch.setattr(Remote, "_answer", answer)
    job = replace(job_of(noise(4, 4, 3)), output=str(tmp_path / "out" / "t.png"))
    with pytest.raises(GenerateError, match="ended, 3 times"):
        Remote(roster).make(job, Flight(lambda event: None), tmp_path)
    assert len(set(map(id, tried))) == TRIES
    assert len(roster._hands) == 1
    roster.lose(roster._hands[0])
    with pytest.raises(DeviceLost, match="no node"):
        Remote(roster).make(job, Flight(lambda event: None), tmp_path)
