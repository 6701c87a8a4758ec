"""Says what became of each texture, in lines that an artist reads."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator
from enum import Enum

from PySide6 import QtCore, QtWidgets

from .client import Abilities, Done, Engine, Failed, Hello
from .client.messages import Result

GOOD = ("done", "copied", "current")
"""The outcomes of which a result is there."""

_OUTCOMES = {
    "copied": "copied as it is",
    "current": "up to date already",
    "skipped": "left out by the configuration",
    "rejected": "did not keep to the quality that the configuration asks for",
    "cancelled": "cancelled",
}


_LEAST = 110
"""Pixels of height."""

_GAP = 4
"""Pixels above a line that begins something else."""


class Tone(Enum):
    """How a line looks: colours that are read on Painter's dark grey and on white."""

    PLAIN = ""
    NOTE = "#8f8f8f"
    BAD = "#e8775a"
    SUM = "bold"


class Told(QtWidgets.QTextEdit):
    """The lines, newest last."""

    def __init__(self) -> None:
        super().__init__(readOnly=True)
        self.setMinimumHeight(_LEAST)
        self.setPlaceholderText("What was upscaled, and what each map was taken for, is told here.")

    def sizeHint(self) -> QtCore.QSize:
        """Take what is left of the dock, and ask for little."""
        return QtCore.QSize(_LEAST, _LEAST)

    def say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        look = "font-weight:bold" if tone is Tone.SUM else f"color:{tone.value}" if tone.value else ""
        gap = 0 if tone is Tone.NOTE else _GAP
        lines = "<br>".join(html.escape(line) for line in text.splitlines())
        self.append(f'<p style="margin:{gap}px 0 0 0;{look}">{lines}</p>')


def summary(done: Done) -> str:
    """Return how many went well and how many did not."""
    good = sum(each.outcome in GOOD for each in done.results)
    skipped = sum(each.outcome == "skipped" for each in done.results)
    bad = len(done.results) - good - skipped
    parts = [f"{good} upscaled" if good or not skipped else ""]
    parts += [f"{skipped} left out" if skipped else "", f"{bad} not" if bad else ""]
    return ", ".join(part for part in parts if part)


def lines(result: Result) -> Iterator[tuple[str, Tone]]:
    """Yield what there is to say of one texture, what went wrong in words that tell what to do."""
    name = os.path.basename(result.output or result.path)
    if result.outcome in GOOD:
        kind = f": {result.kind.replace('_', ' ')}, {result.width}×{result.height}" if result.width else ""
        how = _OUTCOMES.get(result.outcome)
        yield f"{name}{kind}" + (f" ({how})" if how else ""), Tone.PLAIN
    elif result.outcome == "skipped":
        yield f"{os.path.basename(result.path)}: {_OUTCOMES['skipped']}", Tone.NOTE
    else:
        what = result.error or _OUTCOMES.get(result.outcome, result.outcome)
        name = os.path.basename(result.path)
        yield what if name in what else f"{name}: {what}", Tone.BAD
    for note in result.notes:
        yield note, Tone.NOTE


def failure(failed: Failed) -> str:
    """Return why nothing could be done, and what to do."""
    where = f"{failed.where}: " if failed.where else ""
    what = f"{where}{failed.what}"
    return sentence(what) + (f"\n{sentence(failed.fix)}" if failed.fix else "")


def sentence(text: str) -> str:
    """Return a text as one line that begins large and ends with a full stop, without what no one can read."""
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return f"{plain[:1].upper()}{plain[1:]}".rstrip(".") + "."


def found(abilities: Abilities, engine: Engine, hello: Hello | None) -> str:
    """Return what the test of the engine found."""
    version = f"cg-upscaler {hello.version}" if hello else "the engine"
    models = f"{len(abilities.models)} model{'' if len(abilities.models) == 1 else 's'}"
    slow = "\nNo graphics card is used: large textures take minutes." if abilities.device == "cpu" else ""
    return (
        f"Found {version}: upscales on {abilities.label} ({abilities.device}), {models}.{slow}\n"
        f"{engine.command[0]}, named by {engine.said_by}."
    )
