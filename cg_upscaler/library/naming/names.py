"""What a texture's name says that it is: the last word that means something decides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cg_upscaler.geometry import Cells
from cg_upscaler.library.naming import words
from cg_upscaler.library.naming.tokens import Token, base_of, joined, tokens
from cg_upscaler.maps import MapKind, Meaning, NormalConvention

SURE = 0.95
LIKELY = 0.75
"""For words that as often say what is pictured: a texture called `rusty_metal` need not be a metallic map."""
HINT = 0.6

_LONGEST_PHRASE = 3

_GRID = re.compile(r"(?<!\d)([1-9]\d?)x([1-9]\d?)(?![\dA-Z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NameVerdict:
    """What a name says, and which part of it says so."""

    kind: MapKind
    why: str
    confidence: float
    convention: NormalConvention | None = None
    meaning: Meaning | None = None
    """Of data: what it is."""
    channels: tuple[MapKind, ...] = ()
    """Of a packed map: what each channel holds; `PACKED` for one of no known meaning."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a name splits into the word for its map and what it is a map of."""

    verdict: NameVerdict
    word: str
    """In lower case: ``n``, ``basecolor``."""
    base: str
    """What is left of the name, in one spelling; equal for the maps of one material."""
    start: int
    """Where the word begins."""
    last: bool
    """Nothing that means something follows it."""


def by_name(name: str) -> NameVerdict | None:
    """Return what a path within a library says of its texture, or None where it says nothing.

    The last word that means something decides. Words for what is shown (``icon-sword``) and the names of folders come
    after it.
    """
    stem = stem_of(name)
    reading = read(stem)
    return reading.verdict if reading else by_subject(stem) or by_folder(name)


def stem_of(name: str) -> str:
    """Return a path's file name without its suffix."""
    file = name.rpartition("/")[2]
    return file.rpartition(".")[0] or file


def see_through(name: str) -> str | None:
    """Return the word of a path that lets transparency be expected of its alpha channel, if there is one."""
    return next((token.text for token in reversed(tokens(name)) if token.text in words.SEE_THROUGH), None)


def multiplied(name: str) -> str | None:
    """Return the word of a path that lets its colour be expected to be multiplied by alpha, if there is one."""
    return next((token.text for token in tokens(name) if token.text in words.PREMULTIPLIED), None)


def grid(name: str) -> Cells | None:
    """Return the grid in a path's file name, columns x rows: ``explosion_4x4``; None where there is none."""
    found = _GRID.search(stem_of(name))
    return Cells(int(found[1]), int(found[2])) if found else None


def read(stem: str, *, letters: frozenset[str] = words.LETTERS) -> Reading | None:
    """Return which map a file's name, without its suffix, names; None where no word does.

    `letters` are those that count as endings.
    """
    parts = _without_workflow(tokens(stem))
    convention: NormalConvention | None = None
    last = True
    for end in range(len(parts), 0, -1):
        token = parts[end - 1]
        if convention is None and token.text in words.CONVENTIONS:
            convention = words.CONVENTIONS[token.text]
            continue
        for phrase in _phrases(parts, end):
            word, kind, confidence = _meaning(phrase, parts[end:], last=last, letters=letters)
            if kind is None or (convention is not None and kind is not MapKind.NORMAL):
                continue
            written = stem[phrase[0].start : phrase[-1].stop]
            why = f"name ends in {written}" if last else f"{written} in the name"
            meaning = words.DATA_MEANING.get(word)
            verdict = NameVerdict(
                kind,
                f"{why} ({meaning.value})" if meaning else why,
                confidence,
                convention,
                meaning,
                words.CHANNELS.get(word, ()),
            )
            start, stop = phrase[0].start, phrase[-1].stop
            if convention is not None:
                stop = next(part.stop for part in parts[end:] if part.text in words.CONVENTIONS)
            return Reading(verdict, word, base_of(stem, start, stop), start, last)
        if not token.mute:
            last, convention = False, None
    return None


def by_subject(stem: str) -> NameVerdict | None:
    """Return what the thing pictured makes of a file's name: an icon is a sprite."""
    found = _listed(stem, words.PICTURED)
    return NameVerdict(words.PICTURED[found], f"{found} in the name", LIKELY) if found else None


def by_folder(name: str) -> NameVerdict | None:
    """Return what the folders of a path say, the nearest first."""
    for folder in reversed(name.split("/")[:-1]):
        found = _listed(folder, words.FOLDERS)
        if found:
            kind = words.FOLDERS[found]
            return NameVerdict(kind, f"in the folder {folder}/", HINT, meaning=words.DATA_MEANING.get(found))
    return None


def _listed(text: str, table: dict[str, MapKind]) -> str | None:
    parts = tokens(text)
    for end in range(len(parts), 0, -1):
        for phrase in _phrases(parts, end):
            if joined(phrase) in table:
                return joined(phrase)
    return None


def _phrases(parts: Sequence[Token], end: int) -> Iterator[Sequence[Token]]:
    """Yield what ends before `end`, longest first: words apart count as one, ``base_color`` as ``basecolor``."""
    for length in range(min(_LONGEST_PHRASE, end), 0, -1):
        phrase = parts[end - length : end]
        if not any(token.number or token.resolution for token in phrase):
            yield phrase


def _meaning(
    phrase: Sequence[Token], after: Sequence[Token], *, last: bool, letters: frozenset[str]
) -> tuple[str, MapKind | None, float]:
    word = joined(phrase)
    for form in (word, word.removesuffix("map")):
        sure = LIKELY if form in words.AMBIGUOUS else SURE
        if form in words.WORDS:
            return form, words.WORDS[form], sure if last else HINT
        if last and form in words.ENDINGS:
            return form, words.ENDINGS[form], sure
    if word in letters and phrase[0].start > 0 and all(token.resolution for token in after):
        return word, words.IN_A_SET[word][0], LIKELY
    return word, None, 0.0


def _without_workflow(parts: Sequence[Token]) -> Sequence[Token]:
    """Drop the workflow after a resolution, where the words before it name a map: ``…_NRM_2K_METALNESS``."""
    if len(parts) > 2 and parts[-1].text in words.WORKFLOWS and parts[-2].resolution:
        before = parts[:-2]
        if before[-1].text in words.ENDINGS or before[-1].text in words.WORDS:
            return before
    return parts
