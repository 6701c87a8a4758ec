"""Damages sound files, the same way each time: cuts them, overwrites them, and puts them under wrong names."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from cg_upscaler import codecs
from tests.fuzz_seeds import Seed

_WORDS = (0, 1, 2, 0x7F, 0xFF, 2048, 0xFFFF, 0x10000, 1 << 18, 1 << 20, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
_TAGS = (b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"tEXt", b"zTXt", b"iTXt", b"IDAT", b"IEND", b"VP8 ", b"VP8L", b"VP8X")
_TAGS += (b"ICCP", b"8BIM", b"channels\0", b"dataWindow\0", b"compression\0", b"tiles\0", b"DX10", b"KTXorientation")
_TAGS += (b"FORMAT=", b"-Y ", b"+X ", b"\xff\xc0", b"\xff\xc2", b"\xff\xc4", b"\xff\xda", b"\xff\xdb", b"TRUEVISION")

Bytes = bytearray
Random = np.random.Generator


class Case(NamedTuple):
    """A damaged file, and how it came to be."""

    suffix: str
    story: str
    data: bytes


def cases(seeds: Sequence[Seed], count: int) -> list[Case]:
    """Return `count` damaged files, as many of each suffix as of any other, the same ones each time."""
    by_suffix = {suffix: [seed for seed in seeds if seed.suffix == suffix] for suffix in codecs.SUFFIXES}
    made = []
    for number in range(count):
        rng = np.random.default_rng([5, number])
        suffix = list(by_suffix)[number % len(by_suffix)]
        own = by_suffix[suffix]
        seed = own[number // len(by_suffix) % len(own)]
        other = own[int(rng.integers(len(own)))] if rng.random() < 0.8 else seeds[int(rng.integers(len(seeds)))]
        data, story = bytearray(seed.data), []
        for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
            damage = _DAMAGES[int(rng.integers(len(_DAMAGES)))]
            story.append(f"{damage.__name__.strip('_')} {damage(data, rng, other.data)}")
        if suffix == ".png" and rng.random() < 0.7:
            _mend(data)
        made.append(Case(suffix, f"{seed.name}: {', '.join(story)}", bytes(data)))
    return made


def _place(data: Bytes, rng: Random) -> int:
    """Choose a byte: mostly in the header, often beside a tag, sometimes at the end, where TIFF has its tags."""
    tags = [at for tag in _TAGS if (at := data.find(tag)) >= 0]
    way = rng.random()
    if tags and way < 0.3:
        at = tags[int(rng.integers(len(tags)))] + int(rng.integers(-8, 24))
    elif way < 0.6:
        at = int(rng.integers(64))
    elif way < 0.75:
        at = int(rng.integers(400))
    elif way < 0.9:
        at = len(data) - 1 - int(rng.integers(300))
    else:
        at = int(rng.integers(1 << 30))
    return at % max(1, len(data))


def _cut(data: Bytes, rng: Random, other: bytes) -> str:
    at = _place(data, rng)
    del data[at:]
    return f"at {at}"


def _bytes(data: Bytes, rng: Random, other: bytes) -> str:
    places = []
    for _ in range(int(rng.integers(1, 5))):
        if data:
            at = _place(data, rng)
            random = int(rng.integers(256))
            data[at] = (0, 0xFF, 0x7F, random, data[at] ^ 1 << random % 8)[int(rng.integers(5))]
            places.append(f"{at}={data[at]}")
    return " ".join(places)


def _word(data: Bytes, rng: Random, other: bytes) -> str:
    layout = ("<I", ">I", "<I", ">I", "<H", ">H", "<Q")[int(rng.integers(7))]
    size = struct.calcsize(layout)
    if len(data) < size:
        return "nowhere"
    at = min(_place(data, rng), len(data) - size)
    if rng.random() < 0.6:
        at -= at % min(size, 4)
    value = _WORDS[int(rng.integers(len(_WORDS)))] & (1 << 8 * size) - 1
    struct.pack_into(layout, data, at, value)
    return f"{at}={value:#x} {layout}"


def _digits(data: Bytes, rng: Random, other: bytes) -> str:
    """Sizes that stand there as text; a header without any has its words changed."""
    places = [at for at, byte in enumerate(data[:200]) if 0x30 <= byte <= 0x39]
    if not places:
        return _word(data, rng, other)
    at = places[int(rng.integers(len(places)))]
    number = (b"0", b"-1", b"65536", b"2147483647", b"99999999999999999999", b"x")[int(rng.integers(6))]
    data[at : at + 1] = number
    return f"{at}={number!r}"


def _zeros(data: Bytes, rng: Random, other: bytes) -> str:
    at, count = _place(data, rng), int(rng.choice([4, 16, 64, 1000]))
    stop = min(at + count, len(data))
    data[at:stop] = bytes(stop - at)
    return f"{at}:{stop}"


def _drop(data: Bytes, rng: Random, other: bytes) -> str:
    at, count = _place(data, rng), int(rng.choice([1, 2, 4, 50]))
    del data[at : at + count]
    return f"{count} at {at}"


def _repeat(data: Bytes, rng: Random, other: bytes) -> str:
    at, count = _place(data, rng), int(rng.choice([1, 4, 12, 50]))
    data[at:at] = data[at : at + count]
    return f"{count} at {at}"


def _tail(data: Bytes, rng: Random, other: bytes) -> str:
    at = _place(data, rng)
    data[at:] = other[at:]
    return f"of another from {at}"


def _append(data: Bytes, rng: Random, other: bytes) -> str:
    data += other
    return "another"


def _replace(data: Bytes, rng: Random, other: bytes) -> str:
    data[:] = other
    return "by another"


Damage = Callable[[Bytes, Random, bytes], str]
_DAMAGES: tuple[Damage, ...] = (
    *(_cut, _cut, _cut, _bytes, _bytes, _bytes, _bytes, _word, _word, _word, _word),
    *(_digits, _zeros, _drop, _repeat, _tail, _append, _replace),
)
"""Each changes a file in place and says where; the more often one stands here the more often it is chosen."""


def _mend(data: Bytes) -> None:
    """Make the checksums of a PNG right again, or its decoder looks no further than them."""
    at = 8
    while at + 12 <= len(data):
        length = struct.unpack_from(">I", data, at)[0]
        end = at + 8 + length
        if end + 4 > len(data):
            return
        struct.pack_into(">I", data, end, zlib.crc32(data[at + 4 : end]))
        at = end + 4
