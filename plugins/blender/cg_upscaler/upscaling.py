# SPDX-License-Identifier: GPL-3.0-or-later
"""Upscales some images: hands them to the engine as files, and puts the results in their place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from . import pictures
from .client import Client, Done, Message, Progress, Result, Task, Texture
from .settings import Told
from .work import Line, Work

GOOD = ("done", "copied", "current")

_HOW = {"copied": "copied as it is", "current": "up to date already"}


@dataclass
class Target:
    """An image, and what is known of it."""

    image: Any
    given: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Order:
    """Images that go to the engine together."""

    into: str
    pack: bool
    images: dict[str, list[str]] = field(default_factory=dict)
    """Names by the path of their file: none is held on to, as undo and deletion may take it meanwhile."""
    given: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By the path, too."""


class Upscaling(Work):
    """From images to images."""

    def __init__(self, targets: Iterable[Target], told: Told) -> None:
        """Raises `NoEngine`. Images that cannot be upscaled are told in `problems`."""
        super().__init__()
        self.made: list[tuple[Any, Any]] = []
        """Pairs of an image and what was made of it, once it is over."""
        self.lines: list[Line] = []
        self._told = told
        self._orders = self._ordered(targets)
        self._all = max(1, sum(len(order.images) for order in self._orders))
        self._order = _Order("", False)
        self._finished = 0
        self._results: list[tuple[Result, str, bool]] = []
        """What is to be put in its place, the name of what it was made of, and whether it is to be packed."""

    def ask(self, client: Client) -> int | None:
        if not self._orders:
            return None
        self._order = order = self._orders.pop(0)
        textures = tuple(Texture(path, given) for path, given in order.given.items())
        return client.upscale(Task(textures, self._told.settings(into=order.into), order.into, self._told.config))

    def progressed(self, progress: Progress) -> None:
        self.share = (self._finished + progress.share * len(self._order.images)) / self._all
        at = min(progress.done + self._finished + 1, self._all)
        self.text = f"{Path(progress.path).name} ({at} of {self._all})"

    def take(self, answer: Message) -> None:
        assert isinstance(answer, Done)
        for result in answer.results:
            names = self._order.images.get(result.path, ())
            self._results += [(result, name, self._order.pack) for name in names]
        self._finished += len(self._order.images)
        self.share = self._finished / self._all

    def cancel(self) -> None:
        self._orders = []
        super().cancel()

    def abandon(self) -> None:
        self._results = []
        super().abandon()

    def end(self) -> None:
        """Put all results in their place, last of all and at once: an undo in between would leave half of them."""
        results, self._results = self._results, []
        for result, name, pack in results:
            self._place_result(result, name, pack)
        super().end()

    def report(self) -> tuple[str, str]:
        """Return how it went, as `Operator.report` takes it."""
        if self.made:
            sizes = ", ".join(f"{new.name} {new.size[0]}×{new.size[1]}" for _, new in self.made[:3])
            more = f" and {len(self.made) - 3} more" if len(self.made) > 3 else ""
            good = f"Upscaled {sizes}{more}"
        else:
            good = "Cancelled: nothing was changed" if self.cancelled else "Nothing was upscaled"
        if self.problems:
            told = ". ".join([good, *self.problems] if self.made else self.problems)
            return ("WARNING" if self.made else "ERROR"), told
        return ("INFO" if self.made else "WARNING"), good

    def summary(self) -> list[Line]:
        """Return what became of each image."""
        given_up = [Line("Cancelled", good=False)] if self.cancelled else []
        return [*self.lines, *(Line(problem, good=False) for problem in self.problems), *given_up]

    def _place_result(self, result: Result, name: str, pack: bool) -> None:
        old = bpy.data.images.get(name)
        if result.outcome not in GOOD:
            said = result.error or "; ".join(result.notes)
            self.problems.append(f"{name}: {said}" if result.error else f"{name} was {result.outcome}: {said}")
            return
        if old is None:
            self.problems.append(f"{name} was renamed or removed meanwhile; press the button again")
            return
        try:
            new = pictures.load_result(Path(result.output), old, pack=pack)
        except pictures.Refused as refused:
            self.problems.append(str(refused))
            return
        pictures.swap(old, new, pictures.trees())
        self.made.append((old, new))
        size, kind = f"{new.size[0]} × {new.size[1]}", result.kind.replace("_", " ")
        self.lines.append(Line(", ".join(filter(None, (f"{name}: {size}", kind, _HOW.get(result.outcome, ""))))))
        self.lines += [Line(f"{name}: {note}") for note in result.notes]

    def _ordered(self, targets: Iterable[Target]) -> list[_Order]:
        """Return what to ask for: what lies on the disk goes where the settings say, what is packed stays packed."""
        orders: dict[str, _Order] = {}
        sources, results = self._place / "sources", self._place / "results"
        names: dict[tuple[str, str], str] = {}
        for target in targets:
            try:
                image = pictures.source_of(target.image)
                path = pictures.file_of(image, sources)
                kept = path.is_relative_to(self._place) or self._told.where == "PACKED"
                into = str(results) if kept else self._into(image, path)
                number = 0
                while names.setdefault((into, path.name), str(path)) != str(path):  # another's result is called so
                    if not kept:
                        raise pictures.Refused(
                            f"{image.name}: another image's file is called {path.name} too, and one folder cannot hold "
                            "both results; have them beside their sources"
                        )
                    number += 1
                    into = str(results / str(number))
            except pictures.Refused as refused:
                self.problems.append(str(refused))
                continue
            order = orders.setdefault(into, _Order(into, kept))
            sharing = order.images.setdefault(str(path), [])
            if image.name not in sharing:
                sharing.append(image.name)
            order.given[str(path)] = {**self._told.given(target.given), **order.given.get(str(path), {})}
        return list(orders.values())

    def _into(self, image: Any, path: Path) -> str:
        """Return the folder for the result of an image's file; empty for beside it. Raises `Refused`."""
        if self._told.where != "FOLDER":
            return ""
        if not self._told.folder:
            raise pictures.Refused(
                f"{image.name}: save the scene first, or choose a folder that does not begin with //"
            )
        return "" if Path(self._told.folder) == path.parent else self._told.folder
