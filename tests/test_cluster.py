"""Runs on a real Ray with two nodes give the tree that one machine gives, whatever becomes of a node."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cg_upscaler.cluster import Cluster, connect
from cg_upscaler.engine import Engine
from cg_upscaler.generate.pool import Pool
from cg_upscaler.job import Event, Outcome, Receipt
from cg_upscaler.library.config import load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import FOLDER, Receipts
from tests.fakes import noise

ray = pytest.importorskip("ray", reason="ray is not installed: pip install 'cg-upscaler[ray]'")

SMALL_STORE = 80 << 20
WATCHFUL = {"health_check_period_ms": 500, "health_check_timeout_ms": 1000, "health_check_failure_threshold": 3}
"""So that a node that is gone is known to be in seconds."""
PATIENCE = 60.0

Listener = Callable[[Event], None]


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Any]:
    from ray.cluster_utils import Cluster as Machines

    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": SMALL_STORE, "_system_config": WATCHFUL}
    machines = Machines(initialize_head=True, head_node_args=head)
    try:
        for _ in range(2):
            machines.add_node(num_cpus=1, object_store_memory=SMALL_STORE)
        yield machines
    finally:
        ray.shutdown()
        machines.shutdown()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "textures"
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
    config = load(None, source=library, output=out, model=model, edges="mirror")
    from cg_upscaler.backends.devices import describe

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


def test_two_nodes_give_what_one_machine_gives(two_nodes: Any, library: Path, tmp_path: Path) -> None:
    alone = run(library, tmp_path / "alone")
    shares: list[float] = []
    with connect(two_nodes.address, library, tmp_path / "out", patience=PATIENCE) as cluster:
        assert cluster.workers == 2
        together = run(library, tmp_path / "out", cluster, lambda event: shares.append(event.progress))
    assert tree(tmp_path / "out") == tree(tmp_path / "alone")
    assert {name: receipt.outcome for name, receipt in together.items()} == {
        name: receipt.outcome for name, receipt in alone.items()
    }


def test_a_node_that_dies_takes_nothing_with_it(two_nodes: Any, library: Path, tmp_path: Path) -> None:
    run(library, tmp_path / "alone")
    doomed = two_nodes.add_node(num_cpus=1, object_store_memory=SMALL_STORE)
    with connect(two_nodes.address, library, tmp_path / "out", patience=PATIENCE) as cluster:
        [hand] = [hand for hand in cluster.roster._hands if hand.node == doomed.node_id]
        process = int(hand.card.process, 16)
        os.kill(process, signal.SIGSTOP)  # whatever it is given from here on, it does not finish
        lost: list[int] = []

        def kill(event: Event) -> None:
            if hand.loads and not lost:
                lost.append(len(hand.loads))
                two_nodes.remove_node(doomed, allow_graceful=False)
                os.kill(process, signal.SIGKILL)

        receipts = run(library, tmp_path / "out", cluster, kill)
        assert cluster.workers == 2
    assert lost[0] > 0
    assert {receipt.outcome for receipt in receipts.values()} == {Outcome.DONE}
    assert tree(tmp_path / "out") == tree(tmp_path / "alone")
