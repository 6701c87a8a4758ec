# SPDX-License-Identifier: GPL-3.0-or-later
"""Upscales a small part of an image with a small model, for a look at what to expect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from . import pictures
from .client import Client, Message, Previewed, Task, Texture
from .settings import Told
from .work import Work

SIDE = 128
"""Texels of a side of the part, of the source."""


class Draft(Work):
    """From the part of an image around a point to an image of it."""

    def __init__(self, image: Any, centre: tuple[float, float], told: Told) -> None:
        """`centre` is from the lower left, 0 … 1 each. Raises `NoEngine`, and `Refused`."""
        super().__init__()
        self.made: Any = None
        self.kind = ""
        self._name = image.name
        self._told = told
        self._asked = False
        try:
            self._path = pictures.file_of(image, self._place / "sources")
            self._given = told.given(pictures.given_of(image))
            self._crop = _around(tuple(image.size), centre)
        except pictures.Refused:
            self.end()
            raise

    def ask(self, client: Client) -> int | None:
        if self._asked:
            return None
        self._asked = True
        self.text = f"Draft of {self._name}"
        texture = Texture(str(self._path), self._given)
        task = Task((texture,), self._told.settings(draft=True), config=self._told.config)
        return client.preview(task, self._crop, str(self._place))

    def take(self, answer: Message) -> None:
        assert isinstance(answer, Previewed)
        image = bpy.data.images.get(self._name)
        if image is None:
            self.problems.append(f"{self._name} was renamed or removed meanwhile")
        else:
            self.made, self.kind = pictures.load_draft(Path(answer.output), image), answer.kind.replace("_", " ")
        self.end()


def _around(size: tuple[int, ...], centre: tuple[float, float]) -> tuple[int, int, int, int]:
    """Return the part around a point as left, top, width and height, in texels from the upper left."""
    width, height = (min(SIDE, side) for side in size)
    left = min(max(round(centre[0] * size[0] - width / 2), 0), size[0] - width)
    top = min(max(round((1.0 - centre[1]) * size[1] - height / 2), 0), size[1] - height)
    return left, top, width, height
