"""Decides whether a texture is up to date, and says in words why it is not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cg_upscaler.errors import SourceChanged, UnreadableImage
from cg_upscaler.job import ALGORITHM, Action, Job, Outcome, Receipt
from cg_upscaler.library.outputs import OutputState
from cg_upscaler.library.reasons import changes
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.standing import Stand, Standing

OURS = (OutputState.OURS, OutputState.LOCKED)

IN_THE_WAY = {
    OutputState.FOREIGN: "is there already, and this tool did not write it",
    OutputState.EDITED: "was changed by somebody since this tool wrote it",
    OutputState.LOCKED: "is read-only, as version control makes it",
}

Judge = Callable[[Receipt, Job], "Receipt | None"]
"""Gives a receipt as its figures stand against a job's gates, which may be others now; None where some are missing."""


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms results stand."""

    force: bool = False
    """Nothing does, and what somebody else wrote or edited is replaced."""
    revision: int = ALGORITHM
    """The oldest revision of the algorithm whose results stand."""
    unlocks: bool = False
    """Whether there is a command that makes read-only files writable."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a texture before it is worked on."""

    standing: Standing
    key: str
    source_hash: str
    receipt: Receipt | None = None
    """Of what stands there already."""


def find(job: Job, receipts: Receipts, terms: Terms, judge: Judge) -> Found:
    """Return how a texture stands. Raises OSError and `UnreadableImage` where its sources cannot be read."""
    if job.action is Action.SKIP:
        return Found(Standing(Stand.SKIPPED, job.why), "", "")
    if job.seen and receipts.seen.hash_of(Path(job.source)) != job.seen:
        raise SourceChanged("was changed since it was planned", where=job.name, fix="run again")
    source_hash = hash_of_sources(job, receipts)
    key = job.key(source_hash)
    earlier = receipts.find(job.name)
    if terms.force:
        return Found(Standing(Stand.DUE, "forced"), key, source_hash)
    now = judge(earlier, job) if earlier is not None and _equal(earlier, job, key, source_hash, terms) else None
    if now is not None and earlier is not None:
        if now.outcome is Outcome.REJECTED and now.error and receipts.state_at(Path(now.output)) in OURS:
            return Found(Standing(Stand.REJECTED, now.error), key, source_hash, now)
        if now.outcome in (Outcome.DONE, Outcome.COPIED) and not now.error:
            current = replace(now, outcome=Outcome.CURRENT, output=job.output)
            state = receipts.output_state(job)
            if state in OURS:
                return Found(Standing(Stand.CURRENT), key, source_hash, current)
            if state is OutputState.EDITED:
                why = f"its output {IN_THE_WAY[state]}"
                return Found(Standing(Stand.KEPT, why), key, source_hash, replace(current, notes=(f"kept: {why}",)))
    state = _state(job, receipts)
    if state in IN_THE_WAY and not (state is OutputState.LOCKED and terms.unlocks):
        why = f"its output {IN_THE_WAY[state]}"
        return Found(Standing(Stand.BLOCKED, why), key, source_hash)
    return Found(Standing(Stand.DUE, _why(job, earlier, source_hash, state, receipts)), key, source_hash)


def hash_of_sources(job: Job, receipts: Receipts) -> str:
    """Return the hash of all bytes that reach the result: of its source alone where there are no neighbours."""
    hashes = [receipts.seen.hash_of(Path(job.source))]
    try:
        hashes += [receipts.seen.hash_of(Path(source)) for source in job.sources[1:]]
    except FileNotFoundError as error:
        raise UnreadableImage(
            f"its neighbour {error.filename} is not there", where=job.name, fix="bring it back, or plan again"
        ) from error
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def _equal(earlier: Receipt, job: Job, key: str, source_hash: str, terms: Terms) -> bool:
    """Whether a receipt is of an equal job, done by a revision whose results stand. `key` is the job's of today."""
    older = range(ALGORITHM - 1, min(terms.revision, ALGORITHM) - 1, -1)
    return earlier.key == key or any(earlier.key == job.key(source_hash, revision) for revision in older)


def _state(job: Job, receipts: Receipts) -> OutputState:
    if Path(job.output) == Path(job.source):  # which a plan says only where it was told to overwrite
        return OutputState.MISSING
    return receipts.output_state(job)


def _why(job: Job, earlier: Receipt | None, source_hash: str, state: OutputState, receipts: Receipts) -> str:
    """Return the reason why a texture is done, where nothing is in the way."""
    if receipts.failure(job.name) is not None:
        return "failed the last time"
    if earlier is None:
        return "new" if state is OutputState.MISSING else "its receipt is missing"
    if earlier.source_hash != source_hash:
        return "its source changed"
    told = changes(receipts.job_of(job.name), job)
    if told:
        return told
    if earlier.key and earlier.key != job.key(source_hash):
        return "cg-upscale itself changed what it makes of this"
    if earlier.outcome is Outcome.REJECTED:
        return "was rejected, and the gates or its result there changed"
    if state is OutputState.MISSING:
        return "output missing"
    return "its figures do not tell whether it passes the gates of now"
