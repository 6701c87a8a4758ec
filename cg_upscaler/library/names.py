"""What a texture's name says that it is: the last word that means something decides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cg_upscaler.library import words
from cg_upscaler.maps import MapKind, Meaning, NormalConvention

SURE = 0.95
LIKELY = 0.75
"""For words that as often say what is pictured: a texture called `rusty_metal` need not be a metallic map."""
HINT = 0.6


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


_NUMBER = re.compile(r"[vu]?\d+", re.IGNORECASE)
_RESOLUTION = re.compile(r"\d+k|\d{2,5}x\d{2,5}|[1-9]\d{2,4}", re.IGNORECASE)
"""Also the number of a UDIM tile, which stands in the same place."""
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_LONGEST_PHRASE = 3


def by_name(name: str) -> NameVerdict | None:
    """Return what a path within a library says of its texture, or None where it says nothing.

    The last word that means something decides. Words for what is shown (``icon-sword``) and the names of folders come
    after it.
    """
    *folders, file = name.split("/")
    stem = file.rpartition(".")[0] or file
    return _by_ending(stem) or _by_subject(stem) or _by_folder(folders)


def see_through(name: str) -> str | None:
    """Return the word of a path that lets transparency be expected of its alpha channel, if there is one."""
    return next((token.text for token in reversed(list(_tokens(name))) if token.text in words.SEE_THROUGH), None)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    stop: int
    number: bool = False
    resolution: bool = False

    @property
    def mute(self) -> bool:
        """It can say nothing about the map: a number, a resolution, a suffix."""
        return self.number or self.resolution or self.text in words.IGNORED


def _tokens(text: str) -> Iterator[_Token]:
    for chunk in re.finditer(r"[^_\-. /\\()\[\]]+", text):
        written, at = chunk[0], chunk.start()
        if _RESOLUTION.fullmatch(written) or _NUMBER.fullmatch(written):
            resolution = _RESOLUTION.fullmatch(written) is not None
            yield _Token(written.lower(), at, chunk.end(), number=not resolution, resolution=resolution)
        elif len(written) == 1:
            yield _Token(written.lower(), at, chunk.end())
        else:
            # A letter that only a change of case or a digit splits off is no ending: `sRGB`, `Wall2B`.
            for part in _CAMEL.finditer(written):
                if len(part[0]) > 1:
                    yield _Token(part[0].lower(), at + part.start(), at + part.end())


def _by_ending(stem: str) -> NameVerdict | None:
    tokens = _without_workflow(list(_tokens(stem)))
    convention: NormalConvention | None = None
    last = True
    for end in range(len(tokens), 0, -1):
        token = tokens[end - 1]
        if convention is None and token.text in words.CONVENTIONS:
            convention = words.CONVENTIONS[token.text]
            continue
        for phrase in _phrases(tokens, end):
            kind, confidence = _meaning(phrase, tokens[end:], last=last)
            if kind is None or (convention is not None and kind is not MapKind.NORMAL):
                continue
            written = stem[phrase[0].start : phrase[-1].stop]
            why = f"name ends in {written}" if last else f"{written} in the name"
            meaning = words.DATA_MEANING.get(_joined(phrase))
            return NameVerdict(kind, f"{why} ({meaning})" if meaning else why, confidence, convention)
        if not token.mute:
            last, convention = False, None
    return None


def _phrases(tokens: list[_Token], end: int) -> Iterator[list[_Token]]:
    """Yield what ends before `end`, longest first: words apart count as one, ``base_color`` as ``basecolor``."""
    for length in range(min(_LONGEST_PHRASE, end), 0, -1):
        phrase = tokens[end - length : end]
        if not any(token.number or token.resolution for token in phrase):
            yield phrase


def _joined(phrase: list[_Token]) -> str:
    return "".join(token.text for token in phrase)


def _meaning(phrase: list[_Token], after: list[_Token], *, last: bool) -> tuple[MapKind | None, float]:
    word = _joined(phrase)
    for form in (word, word.removesuffix("map")):
        sure = LIKELY if form in words.AMBIGUOUS else SURE
        if form in words.WORDS:
            return words.WORDS[form], sure if last else HINT
        if last and form in words.ENDINGS:
            return words.ENDINGS[form], sure
    if word in words.LETTERS and phrase[0].start > 0 and all(token.resolution for token in after):
        return words.LETTERS[word], LIKELY
    return None, 0.0


def _without_workflow(tokens: list[_Token]) -> list[_Token]:
    """Drop the workflow after a resolution, where the words before it name a map: ``…_NRM_2K_METALNESS``."""
    if len(tokens) > 2 and tokens[-1].text in words.WORKFLOWS and tokens[-2].resolution:
        before = tokens[:-2]
        if before[-1].text in words.ENDINGS or before[-1].text in words.WORDS:
            return before
    return tokens


def _by_subject(stem: str) -> NameVerdict | None:
    for token in reversed(list(_tokens(stem))):
        if token.text in words.PICTURED:
            return NameVerdict(words.PICTURED[token.text], f"{token.text} in the name", LIKELY)
    return None


def _by_folder(folders: list[str]) -> NameVerdict | None:
    for folder in reversed(folders):
        for token in reversed(list(_tokens(folder))):
            if token.text in words.FOLDERS:
                return NameVerdict(words.FOLDERS[token.text], f"in the folder {folder}/", HINT)
    return None
