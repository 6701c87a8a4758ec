"""Scales bitmap fonts as BMFont's text and XML write them, and JSON tools after them.

All metrics grow, the font's size among them: who asks for letters of a height divides by it, and gets them as before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cg_upscaler.library.sidecars.texels import fields
from cg_upscaler.library.sidecars.texels.change import NUMBER, Change, span, times
from cg_upscaler.library.sidecars.texels.located import Node, loads, located
from cg_upscaler.library.sidecars.texels.tags import quoted, tags
from cg_upscaler.library.sidecars.texels.text import Edit, decode

_LENGTHS: dict[str, dict[str, str]] = {
    "info": {"size": "y", "padding": "yxyx", "spacing": "xy", "outline": "x"},
    "common": {"lineHeight": "y", "base": "y", "scaleW": "x", "scaleH": "y"},
    "char": {"xoffset": "x", "yoffset": "y", "xadvance": "x"},
    "kerning": {"amount": "x"},
    "distanceField": {"distanceRange": "x"},
}
"""Along which axis each number lies. Padding is up, right, down, left."""

_LINE = re.compile(r"^[ \t]*(info|common|page|char|kerning|distanceField)[ \t]([^\r\n]*)", re.MULTILINE)
_PAIR = re.compile(r'(?<!\w)(\w+)=(?:"([^"]*)"|(\S*))')
_NUMBER = re.compile(NUMBER)


@dataclass(frozen=True, slots=True)
class _Value:
    start: int
    end: int
    text: str


_Element = tuple[str, dict[str, _Value]]


def text_images(data: bytes) -> tuple[str, ...] | None:
    """Return the names of the pages of a font in text; None for what is none."""
    return _pages(list(_text_elements(decode(data).text)))


def scaled_text(data: bytes, change: Change) -> bytes:
    """Return a font in text for textures that have changed. Raises `ValueError`, as do those below."""
    text = decode(data)
    return text.edited(_edits(_text_elements(text.text), change, lambda name: name))


def xml_images(data: bytes) -> tuple[str, ...] | None:
    text = decode(data).text
    root = next(tags(text), None)
    return _pages(list(_xml_elements(text))) if root is not None and root.name == "font" else None


def scaled_xml(data: bytes, change: Change) -> bytes:
    text = decode(data)
    return text.edited(_edits(_xml_elements(text.text), change, quoted))


def json_images(data: bytes) -> tuple[str, ...] | None:
    root = loads(decode(data).text)
    if not isinstance(root, dict) or not {"chars", "common", "pages"} <= root.keys():
        return None
    pages, chars, common = root["pages"], root["chars"], root["common"]
    if not (isinstance(chars, list) and isinstance(common, dict) and isinstance(pages, list) and pages):
        return None
    return tuple(pages) if "scaleW" in common and all(isinstance(page, str) for page in pages) else None


def scaled_json(data: bytes, change: Change) -> bytes:
    text = decode(data)
    root = located(text.text)
    edits = list(_edits(_json_elements(root, text.text), change, lambda name: name))
    pages = root.at("pages")
    for page in () if pages is None else pages.items:
        edits += fields.name(page, change)
    return text.edited(edits)


def _text_elements(text: str) -> Iterator[_Element]:
    for line in _LINE.finditer(text):
        said = {}
        for pair in _PAIR.finditer(line[2]):
            group = 2 if pair[2] is not None else 3
            said[pair[1]] = _Value(line.start(2) + pair.start(group), line.start(2) + pair.end(group), pair[group])
        yield line[1], said


def _xml_elements(text: str) -> Iterator[_Element]:
    for tag in tags(text):
        yield tag.name, {key: _Value(value.start, value.end, value.text) for key, value in tag.attributes.items()}


def _json_elements(root: Node, text: str) -> Iterator[_Element]:
    for key, element in (("info", "info"), ("common", "common"), ("distanceField", "distanceField")):
        node = root.at(key)
        if node is not None:
            yield element, _numbers(node, text)
    for key, element in (("chars", "char"), ("kernings", "kerning")):
        node = root.at(key)
        for item in () if node is None else node.items:
            yield element, _numbers(item, text)


def _numbers(node: Node, text: str) -> dict[str, _Value]:
    """Return the numbers of an object, and its lists of them, as spans of the text."""
    said = {}
    for key, value in node.members.items():
        numbers = value.items or [value]
        if all(number.is_number for number in numbers):
            start, end = numbers[0].start, numbers[-1].end
            said[key] = _Value(start, end, text[start:end])
    return said


def _pages(elements: list[_Element]) -> tuple[str, ...] | None:
    pages = tuple(said["file"].text for name, said in elements if name == "page" and "file" in said)
    whole = {"common", "char"} <= {name for name, _ in elements}
    return pages if whole and pages else None


def _edits(elements: Iterator[_Element], change: Change, spell: Callable[[str], str]) -> Iterator[Edit]:
    for name, said in elements:
        if name == "page" and "file" in said and said["file"].text in change.renamed:
            yield Edit(said["file"].start, said["file"].end, spell(change.renamed[said["file"].text]))
        if name == "char":
            for start, length, factor in (("x", "width", change.x), ("y", "height", change.y)):
                if start in said and length in said:
                    low, count = span(said[start].text, said[length].text, factor)
                    yield Edit(said[start].start, said[start].end, low)
                    yield Edit(said[length].start, said[length].end, count)
        for key, axes in _LENGTHS.get(name, {}).items():
            if key in said:
                yield from _each(said[key], axes, change)


def _each(value: _Value, axes: str, change: Change) -> Iterator[Edit]:
    for found, axis in zip(_NUMBER.finditer(value.text), axes, strict=False):
        new = times(found[0], change.x if axis == "x" else change.y)
        yield Edit(value.start + found.start(), value.start + found.end(), new)
