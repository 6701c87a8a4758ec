"""Takes a stack of pictures apart, and puts it together again: layers of an array, faces of cubes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from cg_upscaler.errors import UsageError
from cg_upscaler.geometry import Size
from cg_upscaler.pixels.cells import Cropped
from cg_upscaler.pixels.rows import Pixels, Source


def slices_of(stack: Source, count: int) -> Iterator[Source]:
    """Yield the pictures that lie below each other in a stack; itself where it is but one.

    Raises `UsageError` where the stack does not divide into so many.
    """
    if count == 1:
        yield stack
        return
    height, rest = divmod(stack.size.height, count)
    if rest or not height:
        raise UsageError(f"{stack.size} is no stack of {count} pictures", fix="write the file again")
    for number in range(count):
        yield Cropped(stack, 0, number * height, Size(stack.size.width, height))


def slice_by_slice(stack: Source, count: int, each: Callable[[int, Source], Source]) -> Source:
    """Return a stack of what `each` makes of the pictures of another, told its number; one as it is."""
    made = tuple(each(number, picture) for number, picture in enumerate(slices_of(stack, count)))
    return made[0] if count == 1 else Stacked(made)


@dataclass(frozen=True, slots=True)
class Stacked:
    """Pictures of one size and number of channels, one below the other."""

    parts: tuple[Source, ...]

    @property
    def size(self) -> Size:
        one = self.parts[0].size
        return Size(one.width, one.height * len(self.parts))

    @property
    def channels(self) -> int:
        return self.parts[0].channels

    def rows(self, start: int, stop: int) -> Pixels:
        height, found = self.parts[0].size.height, []
        for number in range(start // height, -(-stop // height)):
            top = number * height
            found.append(self.parts[number].rows(max(start - top, 0), min(stop - top, height)))
        return found[0] if len(found) == 1 else np.concatenate(found)
