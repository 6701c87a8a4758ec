"""Plans a run: what is to be done to each texture of a library, and why."""

from __future__ import annotations

import functools
import json
import os
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cg_upscaler import codecs
from cg_upscaler.errors import SourceError, UsageError
from cg_upscaler.job import Action, Job, Plan, Problem
from cg_upscaler.library.classify import classify
from cg_upscaler.library.config import Config
from cg_upscaler.library.evidence import Evidence
from cg_upscaler.library.groups import Find
from cg_upscaler.library.receipts import Receipts, hash_file, known_outputs_under
from cg_upscaler.library.scan import Found, Scan, scan
from cg_upscaler.library.settings import deciding, rules_for, settle
from cg_upscaler.library.survey import survey
from cg_upscaler.library.texture import Texture, plan_texture, skip
from cg_upscaler.models import catalog
from cg_upscaler.spec import DeviceInfo, ImageSpec, ModelInfo
from cg_upscaler.wire import from_plain, to_plain

__all__ = ["Texture", "make_plan", "plan_texture"]

Progress = Callable[[int, int], None]
"""Told how many textures are planned, and of how many."""

_SURVEY = 2
"""Goes up whenever a survey would see something else, so that nothing older is remembered."""

_READERS = min(4, os.cpu_count() or 1)
"""Textures looked at at once: reading leaves the interpreter, and each is held whole in memory."""


def make_plan(
    config: Config,
    *,
    device: DeviceInfo,
    only: Sequence[str] = (),
    receipts: Receipts | None = None,
    on_progress: Progress | None = None,
) -> Plan:
    """Return the jobs for all textures of a library, in the order of its names.

    A texture that cannot be read becomes a problem of the plan and stops nothing. `receipts` remember what was seen
    in a texture, so that the next plan need not read it. Raises `UsageError` and `ModelError` for what would fail
    for the run as a whole, and whatever `on_progress` raises.
    """
    planner = _Planner(config, Path(os.path.abspath(config.output)), device, _finder(config), receipts)
    _check_output(config, planner.output)
    seen = scan(config.source, only=only, ours=known_outputs_under(config.source))
    if config.source.is_file() and not (seen.found or seen.problems):
        raise UsageError("is no texture by its name", where=config.source, fix="see the README for the suffixes read")
    made = list(_in_parallel(planner.plan, seen.found, on_progress))
    jobs, clashes = _without_clashes([item for item in made if isinstance(item, Job)], planner.output)
    problems = [*seen.problems, *(item for item in made if isinstance(item, Problem)), *clashes]
    notes = (*_idle_rules(config, seen, only), *_others(seen))
    return Plan(os.path.abspath(config.source), str(planner.output), device, tuple(jobs), tuple(problems), notes)


@dataclass(frozen=True, slots=True)
class _Planner:
    """Plans one texture at a time, from any thread."""

    config: Config
    output: Path
    device: DeviceInfo
    find: Find
    receipts: Receipts | None

    def plan(self, found: Found) -> Job | Problem:
        try:
            return self._plan(found)
        except SourceError as error:
            return Problem(found.name, "; ".join(part for part in (error.what, error.fix) if part))
        except OSError as error:
            return Problem(found.name, f"cannot be read: {error.strerror or error}")
        except MemoryError:
            return Problem(found.name, "does not fit into memory; free some, or exclude it under 'rules'")

    def _plan(self, found: Found) -> Job:
        rules = rules_for(found.name, self.config)
        skipping = deciding(rules, "skip")
        if skipping is not None and skipping.skip:
            return skip(found.name, found.path, f"{skipping.skip} ({skipping})", self.output)
        spec = codecs.probe(found.path, limit=self.config.pixel_limit)
        evidence = self._evidence(found.path, spec)
        by_kind, by_alpha = deciding(rules, "kind"), deciding(rules, "alpha")
        decision = classify(
            found.name,
            spec,
            evidence,
            kind=by_kind.kind if by_kind else None,
            alpha=by_alpha.alpha if by_alpha else None,
            why=str(by_kind or by_alpha or ""),
        )
        texture = Texture(found.name, found.path, spec, evidence, decision)
        return plan_texture(texture, settle(self.config, rules, decision.kind), self.output, self.device, self.find)

    def _evidence(self, path: Path, spec: ImageSpec) -> Evidence:
        """Return what the pixels say: as it was remembered, or else by reading them."""
        if self.receipts is None:
            return survey(codecs.read(path, limit=self.config.pixel_limit), spec)
        at = f"{_SURVEY}:{hash_file(path)}"
        known = self.receipts.evidence(at)
        if known is not None:
            return from_plain(Evidence, json.loads(known))
        evidence = survey(codecs.read(path, limit=self.config.pixel_limit), spec)
        self.receipts.remember(at, json.dumps(to_plain(evidence)))
        return evidence


def _finder(config: Config) -> Find:
    @functools.cache
    def find(name: str, scale: int) -> ModelInfo:
        return catalog.find(name, base=config.base, scale=scale)

    return find


def _check_output(config: Config, output: Path) -> None:
    library = config.source if config.source.is_dir() else config.source.parent
    if os.path.normcase(os.path.realpath(output)) == os.path.normcase(os.path.realpath(library)):
        raise UsageError(
            "the output folder is the library itself, and sources are never overwritten",
            where=output,
            fix="choose another --out",
        )
    if output.exists() and not output.is_dir():
        raise UsageError("is no folder", where=output, fix="choose another --out")


def _in_parallel(
    plan: Callable[[Found], Job | Problem], found: Sequence[Found], on_progress: Progress | None
) -> Iterator[Job | Problem]:
    with ThreadPoolExecutor(_READERS) as pool:
        waiting = [pool.submit(plan, item) for item in found]
        try:
            for done, future in enumerate(waiting, 1):
                yield future.result()
                if on_progress is not None:
                    on_progress(done, len(found))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


# Where results go


def _without_clashes(jobs: Sequence[Job], output: Path) -> tuple[list[Job], list[Problem]]:
    """Take out the jobs whose result must not be written where it would go."""
    writing = [job for job in jobs if job.action is not Action.SKIP]
    sources = {_folded(os.path.realpath(job.source)): job.name for job in jobs}
    by_output = defaultdict(list)
    for job in writing:
        by_output[_folded(job.output)].append(job)
    inside = _Inside(output)
    problems = {}
    for job in writing:
        rivals = [other.name for other in by_output[_folded(job.output)] if other is not job]
        victim = sources.get(_folded(os.path.realpath(job.output)))
        if rivals:
            message = f"its result and that of {', '.join(rivals)} would be one file; rename or exclude one"
        elif victim is not None:
            message = f"its result would overwrite the source {victim}; choose another output folder"
        elif not inside(Path(job.output)):
            message = "its result would lie outside of the output folder; remove the link that leads there"
        else:
            continue
        problems[job.name] = Problem(job.name, message)
    return [job for job in jobs if job.name not in problems], list(problems.values())


def _folded(path: str) -> str:
    """One spelling for all names that are one file on Windows or on macOS."""
    return unicodedata.normalize("NFC", path).casefold()


class _Inside:
    """Tells whether a file would lie in a folder, links resolved. Each folder is looked at once."""

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.realpath(root))
        self._known: dict[Path, bool] = {}

    def __call__(self, path: Path) -> bool:
        if path.parent not in self._known:
            self._known[path.parent] = Path(os.path.realpath(path.parent)).is_relative_to(self._root)
        return self._known[path.parent]


# What is worth knowing of the whole


def _idle_rules(config: Config, seen: Scan, only: Sequence[str]) -> Iterator[str]:
    if only:
        return
    names = [item.name for item in seen.found] + [problem.name for problem in seen.problems]
    used = {id(rule) for name in names for rule in rules_for(name, config)}
    yield from (f"{rule} matches no texture" for rule in config.rules if id(rule) not in used)


def _others(seen: Scan) -> Iterator[str]:
    if seen.other:
        more = ", …" if seen.other > len(seen.examples) else ""
        yield f"{seen.other} files are no textures by their suffix: {', '.join(seen.examples)}{more}"
