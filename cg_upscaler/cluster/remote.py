"""Makes results on other machines: hands each job to a worker, and to another one where that is lost."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError

from cg_upscaler.cluster.hand import Hand, Load
from cg_upscaler.cluster.roster import Roster, lost
from cg_upscaler.codecs import remove
from cg_upscaler.errors import DeviceLost, GenerateError
from cg_upscaler.flight.crew import Flight
from cg_upscaler.flight.footprint import footprint
from cg_upscaler.flight.making import Made
from cg_upscaler.job import Event, Job
from cg_upscaler.library.cost import cost

TRIES = 3
"""Workers that a job may lose, or that may be lost to it, before it is given up."""

_LOOK = 0.5
"""Seconds between looks at how far a job is."""
_ENDING = 3.0
"""Seconds that a worker is given to stop by itself, before it is ended."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A `Maker` whose results are made by the workers of a roster. They see the files that this process sees."""

    roster: Roster

    def make(self, job: Job, flight: Flight[Event], scratch: Path) -> Made:
        """Return a job's result. `scratch` is of this machine, and not used: each node has its own."""
        load = Load(cost(job), footprint(job))
        for _ in range(TRIES):
            made = self._tried(job, flight, load)
            if made is not None:
                return made
        what = f"the worker that it was on ended, {TRIES} times"
        raise GenerateError(what, fix="run again; if it happens again, skip it by a rule")

    def _tried(self, job: Job, flight: Flight[Event], load: Load) -> Made | None:
        """Return a job's result, or None where its worker was lost."""
        began = time.monotonic()
        with self.roster.lane(load, lambda: flight.say(Event(job, 0.0))) as (hand, ticket):
            flight.waited += time.monotonic() - began
            answer = None
            try:
                answer = self._answer(hand, ticket, job, flight)
            except RayError as error:
                if not lost(error):
                    raise
            if isinstance(answer, Made):
                hand.finished.append(answer.path)
                return answer
            if isinstance(answer, Exception) and not isinstance(answer, DeviceLost):
                raise answer
            self.roster.lose(hand)
            hand.tidy(Path(job.output))
            return None

    def _answer(self, hand: Hand, ticket: int, job: Job, flight: Flight[Event]) -> Made | Exception:
        """Wait for what becomes of a job, and tell how far it is. Raises Ray's errors where the worker is lost."""
        answer = hand.handle.make.remote(ticket, job)
        share = 0.0
        try:
            while not ray.wait([answer], timeout=_LOOK)[0]:
                with suppress(GetTimeoutError):  # it computes and does not look up
                    share = ray.get(hand.handle.share.remote(ticket), timeout=_LOOK)
                flight.tell(Event(job, share))
        except RayError:
            raise
        except BaseException:  # the run is to stop, or this job
            self._end(hand, ticket, answer, job)
            raise
        ended: Made | Exception = ray.get(answer)
        return ended

    def _end(self, hand: Hand, ticket: int, answer: Any, job: Job) -> None:
        """Stop a job, and leave nothing of it."""
        try:
            hand.handle.stop.remote(ticket)
            if ray.wait([answer], timeout=_ENDING)[0]:
                ended = ray.get(answer)
                if isinstance(ended, Made):
                    remove(Path(ended.path))
                return
        except RayError:
            pass
        self.roster.lose(hand)
        hand.tidy(Path(job.output))
