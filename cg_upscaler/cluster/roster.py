"""Keeps workers on all nodes there are: begins them, replaces those that end, and gives each job the least busy one."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from cg_upscaler.cluster.hand import Hand, Load
from cg_upscaler.cluster.session import nodes
from cg_upscaler.cluster.sight import Sight
from cg_upscaler.cluster.worker import LANES, Card, Worker, build
from cg_upscaler.errors import DeviceLost, UsageError

CORES = 4
"""Processors of a worker without a GPU: beyond so many, a second worker does more than more processors for one."""

_TEND = 1.0
"""Seconds between looks at which nodes there are."""
_GRACE = 30.0
"""Seconds that the other workers are given when the first has begun. Who comes later is welcome too."""
_FALSE_STARTS = 3
"""Workers of a node that may end before they have begun."""
_LOOK = 0.5
"""Seconds after which a job that waits for a worker looks up."""


def lost(error: BaseException) -> bool:
    """Whether an error says that a worker is gone, or cannot be spoken to, and nothing of what it was asked."""
    return isinstance(error, RayError) and not isinstance(error, RayTaskError)


class Roster:
    """The workers of a run. Its thread looks after them until `close`."""

    def __init__(self, sight: Sight, *, gpus: bool, patience: float) -> None:
        """`patience` is how many seconds a run waits for a worker where there is none."""
        self._sight, self._gpus, self._patience = sight, gpus, patience
        self._changed = threading.Condition()
        self._hands: list[Hand] = []
        self._waiting: deque[object] = deque()
        self._tickets = itertools.count()
        self._complaints: dict[str, str] = {}
        self._false_starts: Counter[str] = Counter()
        self._broken = ""
        self._closed = threading.Event()
        self._tender = threading.Thread(target=self._tend, name="cg-upscale-nodes", daemon=True)

    # Beginning and end

    def open(self) -> None:
        """Begin workers on the nodes there are, and wait for them. Raises `UsageError` in words."""
        if not any(True for _ in self._slots()):
            what, fix = (
                ("GPU", "start a node with one, or run on the CPU") if self._gpus else ("processor", "add a node")
            )
            raise UsageError(f"no node of the cluster offers a {what}", fix=fix)
        end = time.monotonic() + self._patience
        self._staff()
        while self._awaited() and not self._complaints and time.monotonic() < end:
            before = len(self.cards)
            self._welcome(timeout=_LOOK)
            if not before and self.cards:
                end = min(end, time.monotonic() + _GRACE)
        if self._complaints:
            name, why = next(iter(self._complaints.items()))
            raise UsageError(why, where=f"node {name}", fix="every node needs this version, and the same folders")
        if not self.cards:
            waited = f"no worker began within {self._patience:g} s"
            raise UsageError(waited, fix="see by `ray status` whether other work holds the cluster")
        self._tender.start()

    def close(self) -> None:
        """End all workers, whatever they are at."""
        self._closed.set()
        if self._tender.is_alive():
            self._tender.join()
        with self._changed:
            for hand in self._hands:
                self._kill(hand)
            self._hands.clear()

    @property
    def cards(self) -> tuple[Card, ...]:
        """Return who is there now."""
        with self._changed:
            return tuple(hand.card for hand in self._hands if hand.card is not None)

    def _awaited(self) -> bool:
        return any(hand.pending is not None for hand in self._hands)

    # For jobs

    @contextmanager
    def lane(self, load: Load, look_up: Callable[[], None]) -> Iterator[tuple[Hand, int]]:
        """Give the least busy worker that has room, and a ticket, in the order of who asks.

        Waits for one and calls `look_up` meanwhile, which may raise. Raises `DeviceLost` where there is none for long.
        """
        hand, ticket = self._given(load, look_up)
        try:
            yield hand, ticket
        finally:
            with self._changed:
                del hand.loads[ticket]
                self._changed.notify_all()

    def lose(self, hand: Hand) -> None:
        """Count on a worker no more, and see to it that it has ended."""
        with self._changed:
            if hand in self._hands:
                self._hands.remove(hand)
            self._kill(hand)

    def _given(self, load: Load, look_up: Callable[[], None]) -> tuple[Hand, int]:
        place, seen = object(), time.monotonic()
        with self._changed:
            self._waiting.append(place)
        try:
            while True:
                with self._changed:
                    fit = [hand for hand in self._hands if hand.has_room(load)] if self._waiting[0] is place else []
                    if fit:
                        hand, ticket = min(fit, key=lambda hand: hand.cost), next(self._tickets)
                        hand.loads[ticket] = load
                        return hand, ticket
                    if any(hand.card is not None for hand in self._hands):
                        seen = time.monotonic()
                    self._changed.wait(_LOOK)
                look_up()
                if self._broken or time.monotonic() - seen > self._patience:
                    what = self._broken or "no node of the cluster is left"
                    raise DeviceLost(what, fix="see by `ray status` what became of it, and run again")
        finally:
            with self._changed:
                self._waiting.remove(place)
                self._changed.notify_all()

    # On its own thread

    def _tend(self) -> None:
        while not self._closed.wait(_TEND):
            try:
                self._staff()
                self._welcome(timeout=0)
            except RayError as error:  # of the cluster itself
                self._broken = f"the cluster cannot be reached: {error}"
                return

    def _slots(self) -> Iterator[tuple[str, str, int, float]]:
        """Yield each node's id and name, the processors of each of its workers, and each worker's share of it."""
        for node in nodes():
            there = node["Resources"]
            cpus, gpus = int(there.get("CPU", 0)), int(there.get("GPU", 0))
            cores = max(1, min(CORES, cpus // gpus if gpus else 0) if self._gpus else min(CORES, cpus))
            count = min(gpus, cpus) if self._gpus else cpus // cores
            for _ in range(count):
                yield node["NodeID"], f"{node['NodeManagerHostname']} ({node['NodeID'][:8]})", cores, 1 / count

    def _staff(self) -> None:
        """Begin a worker wherever one is missing, and forget those of nodes that are gone."""
        slots = list(self._slots())
        names = {node: name for node, name, _, _ in slots}
        with self._changed:
            for hand in [hand for hand in self._hands if hand.node not in names]:
                self._hands.remove(hand)
            there = [hand.node for hand in self._hands]
        for node, name, cores, share in slots:
            if node in there:
                there.remove(node)
            elif name not in self._complaints:
                self._begin(node, cores, share)

    def _begin(self, node: str, cores: int, share: float) -> None:
        actor = ray.remote(Worker).options(
            num_cpus=cores,
            num_gpus=1 if self._gpus else 0,
            max_concurrency=LANES + 2,  # to be asked how far it is, and told to stop, meanwhile
            max_restarts=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
            runtime_env={"env_vars": {"OMP_NUM_THREADS": str(cores)}},
        )
        handle: Any = actor.remote("cuda" if self._gpus else "cpu", cores)
        hand = Hand(handle, node, handle.introduce.remote(build(), self._sight, share))
        with self._changed:
            self._hands.append(hand)

    def _welcome(self, timeout: float) -> None:
        """Take in those that have introduced themselves, or turn them away."""
        pending = {hand.pending: hand for hand in self._hands if hand.pending is not None}
        if not pending:
            return
        for answer in ray.wait(list(pending), num_returns=len(pending), timeout=timeout)[0]:
            hand = pending[answer]
            try:
                said = ray.get(answer)
            except RayTaskError as error:
                said = f"cannot begin: {error.cause}"
            except RayError as error:  # it ended before it began, and is begun anew
                self._false_starts[hand.node] += 1
                if self._false_starts[hand.node] < _FALSE_STARTS:
                    self.lose(hand)
                    continue
                said = f"has workers that end as they begin: {error}"
            if isinstance(said, str):
                self._complaints[self._name(hand)] = said
                self.lose(hand)
                continue
            with self._changed:
                hand.card, hand.pending = said, None
                self._changed.notify_all()

    def _name(self, hand: Hand) -> str:
        return next((name for node, name, _, _ in self._slots() if node == hand.node), hand.node[:8])

    @property
    def complaints(self) -> dict[str, str]:
        """Return the nodes that cannot work, by name, and why."""
        return dict(self._complaints)

    @staticmethod
    def _kill(hand: Hand) -> None:
        with suppress(RayError, ValueError):  # it has ended, or the cluster has
            ray.kill(hand.handle)
