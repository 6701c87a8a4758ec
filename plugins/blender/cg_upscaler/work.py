# SPDX-License-Identifier: GPL-3.0-or-later
"""Upscales some images: hands them to the engine, follows it without ever waiting, and puts the results in their place."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterable, Optional

import bpy

from . import engine, pictures
from .client import Cancelled, Client, Done, Failed, Progress, Result, Task, Texture

GOOD = ("done", "copied", "current")

running: Optional["Work"] = None
"""What is being done, for panels to show."""


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
    images: dict[str, Any]
    """By the path of their file."""
    textures: list[Texture]


class Work:
    """One press of a button, from images to images. `step` it until it is `over`."""

    def __init__(self, targets: Iterable[Target], scene: Any) -> None:
        """Raises `NoEngine`. Images that cannot be upscaled are told in `problems`."""
        self.share = 0.0
        self.text = "Starting …"
        self.problems: list[str] = []
        self.made: list[tuple[Any, Any]] = []
        """Pairs of an image and what was made of it."""
        self.notes: list[str] = []
        self.over = False
        self.cancelled = False
        self._settings = scene.cg_upscaler
        self._place = Path(tempfile.mkdtemp(prefix="cg-upscaler-"))
        self._client: Client = engine.client()
        self._orders = self._ordered(targets)
        self._all = max(1, sum(len(order.images) for order in self._orders))
        self._number: Optional[int] = None
        self._order: Optional[_Order] = None
        self._finished = 0

    def step(self) -> None:
        """Do what there is to do now, and return at once."""
        if self.over:
            return
        if self._number is None and not self._next():
            self._end()
            return
        for message in self._client.messages():
            if getattr(message, "id", self._number) != self._number:
                continue
            if isinstance(message, Progress):
                self.share = (self._finished + message.share * len(self._order.images)) / self._all
                self.text = f"{Path(message.path).name} ({message.done + self._finished + 1} of {self._all})"
            elif isinstance(message, Done):
                self._take(message.results)
                self._number = None
            elif isinstance(message, Cancelled):
                self.cancelled = True
                self._end()
            elif isinstance(message, Failed):
                where = f"{Path(message.where).name}: " if message.where else ""
                self.problems.append(f"{where}{message.what}" + (f"; {message.fix}" if message.fix else ""))
                self._end()
            if self.over:
                return

    def cancel(self) -> None:
        """Give it up. What was finished stays; `over` comes with one of the next steps."""
        self.text = "Cancelling …"
        self._orders = []
        if self._number is not None:
            self._client.cancel(self._number)
        else:
            self.cancelled = True
            self._end()

    def abandon(self) -> None:
        """Leave it where it is: Blender or the add-on ends."""
        if not self.over:
            if self._number is not None:
                self._client.cancel(self._number)
            self._end()

    def report(self) -> tuple[str, str]:
        """Return how it went, as `Operator.report` takes it."""
        if self.made:
            sizes = ", ".join(f"{new.name} {new.size[0]}×{new.size[1]}" for _, new in self.made[:3])
            more = f" and {len(self.made) - 3} more" if len(self.made) > 3 else ""
            good = f"Upscaled {sizes}{more}"
        else:
            good = "Cancelled: nothing was changed" if self.cancelled else "Nothing was upscaled"
        if self.problems:
            return ("WARNING" if self.made else "ERROR"), ". ".join(filter(None, [good if self.made else "", *self.problems]))
        return ("INFO" if self.made else "WARNING"), good

    def _ordered(self, targets: Iterable[Target]) -> list[_Order]:
        """Return what to ask for: what lies on the disk goes where the settings say, what is packed stays packed."""
        where = self._settings.where
        folder = bpy.path.abspath(self._settings.folder) if where == "FOLDER" else ""
        if where == "FOLDER" and (not folder or self._settings.folder.startswith("//") and not bpy.data.filepath):
            self.problems.append("save the scene first, or choose a folder that does not begin with //")
            return []
        orders: dict[tuple[str, bool], _Order] = {}
        for number, target in enumerate(targets):
            own = self._place / f"{number}"
            own.mkdir()
            try:
                path = pictures.file_of(target.image, own)
            except pictures.Refused as refused:
                self.problems.append(str(refused))
                continue
            kept = path.is_relative_to(self._place) or where == "PACKED"
            into = str(own / "result") if kept else folder
            key = (into, kept)
            order = orders.setdefault(key, _Order(into, kept, {}, []))
            if str(path) not in order.images:
                order.images[str(path)] = target.image
                order.textures.append(Texture(str(path), dict(target.given)))
        return list(orders.values())

    def _next(self) -> bool:
        if not self._orders:
            return False
        self._order = order = self._orders.pop(0)
        own = engine.preferences()
        config = bpy.path.abspath(own.config) if own is not None and own.config and self._settings.use_config else ""
        settings = self._settings.told()
        if not order.into:
            settings["suffix"] = self._settings.suffix or "_upscaled"
        self._number = self._client.upscale(Task(tuple(order.textures), settings, order.into, config))
        return True

    def _take(self, results: Iterable[Result]) -> None:
        order = self._order
        for result in results:
            old = order.images[result.path]
            if result.outcome not in GOOD:
                self.problems.append(result.error or f"{old.name}: {result.outcome} {'; '.join(result.notes)}".strip())
                continue
            self.notes += [f"{old.name}: {note}" for note in result.notes]
            new = pictures.load_result(Path(result.output), old, pack=order.pack)
            pictures.swap(old, new, pictures.trees())
            self.made.append((old, new))
        self._finished += len(order.images)
        self.share = self._finished / self._all

    def _end(self) -> None:
        self.over = True
        shutil.rmtree(self._place, ignore_errors=True)
