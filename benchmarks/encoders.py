"""Measures encoders of blocks: `python benchmarks/encoders.py [LIBRARY]`, for the table in `docs/formats.md`.

Ours at each effort beside quicktex, etcpak and Pillow, on the same textures in one run, one thread each. What is not
installed (`pip install -e .[bench]`) is left out, and said. texture2ddecoder decodes everything but BC6H, of which it
gives 8 bits, and the transparent texels of BC1, which it shows as opaque: these OpenImageIO decodes. The examples are
so small that calls, and not blocks, take their time: for speed name a library of large textures.
"""

from __future__ import annotations

import os

os.environ |= {"OMP_NUM_THREADS": "1"}  # before quicktex is loaded

import argparse
import io
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import texture2ddecoder
from numpy.typing import NDArray
from PIL import Image as Pillow

from cg_upscaler import codecs
from cg_upscaler.codecs.blocks import Encoder, decode
from cg_upscaler.errors import SourceError
from cg_upscaler.geometry import Size
from cg_upscaler.spec import Effort

EXAMPLES = Path(__file__).parent.parent / "examples" / "textures"
SIDE = 512
FEWEST = 64
LIBRARIES = ("ispc-texcomp", "quicktex", "etcpak", "Pillow", "texture2ddecoder")

Texels = NDArray[Any]
Encode = Callable[[Texels], bytes]


@dataclass(frozen=True)
class Task:
    """A block format for a kind of texture: its textures, how a result is read and what is said of its quality."""

    title: str
    block: str
    textures: tuple[Texels, ...]
    quality: Callable[[Sequence[tuple[Texels, Texels]]], str]
    unit: str


def textures(library: Path) -> dict[str, list[Texels]]:
    """Return the middles of textures by what they are for: colour, cut-out, normal, mask, light."""
    found: dict[str, list[Texels]] = {"colour": [], "cut-out": [], "normal": [], "mask": [], "light": []}
    for path in sorted(library.rglob("*")):
        if not codecs.is_texture(path) or path.suffix.lower() == ".dds":  # whose blocks would only come back
            continue
        try:
            image = codecs.read(path)
        except SourceError:
            continue
        pixels = middle(image.pixels)
        if min(pixels.shape[:2]) < FEWEST:
            continue
        stem = path.stem.lower()
        if image.spec.depth.is_float:
            found["light"].append(np.clip(pixels[:, :, :3], 0, 65504).astype(np.float16))
        elif pixels.dtype != np.uint8:
            continue
        elif any(stem.endswith(end) for end in ("_nm", "_nrm", "_normal")):
            found["normal"].append(np.ascontiguousarray(pixels[:, :, :2]))
        elif any(stem.endswith(end) for end in ("_glossy", "_hm", "_sc")) or pixels.shape[2] == 1:
            found["mask"].append(np.ascontiguousarray(pixels[:, :, :1]))
        elif pixels.shape[2] == 4 and pixels[:, :, 3].min() < 255:
            found["cut-out"].append(pixels)
        elif pixels.shape[2] >= 3:
            found["colour"].append(np.ascontiguousarray(pixels[:, :, :3]))
    return found


def middle(pixels: Texels) -> Texels:
    """Return what lies in the middle, up to `SIDE` texels each way, in whole blocks."""
    height, width = (min(side, SIDE) // 4 * 4 for side in pixels.shape[:2])
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return np.ascontiguousarray(pixels[top : top + height, left : left + width])


def psnr(there: Texels, wanted: Texels) -> float:
    """Return decibels, 60 at most: or one flat texture outweighs all others."""
    error = np.square(there.astype(np.float64) - wanted.astype(np.float64)).mean()
    return min(60.0, float(10 * np.log10(255**2 / max(error, 1e-9))))


def of_colour(pairs: Sequence[tuple[Texels, Texels]]) -> str:
    return f"{mean(psnr(there[:, :, :3], wanted[:, :, :3]) for there, wanted in pairs):.1f}"


def of_both(pairs: Sequence[tuple[Texels, Texels]]) -> str:
    """Colour where it is seen, and alpha."""
    seen = [(there[wanted[:, :, 3] > 0][:, :3], wanted[wanted[:, :, 3] > 0][:, :3]) for there, wanted in pairs]
    alpha = mean(psnr(there[:, :, 3], wanted[:, :, 3]) for there, wanted in pairs)
    return f"{mean(psnr(*pair) for pair in seen):.1f} / {alpha:.1f}"


def of_holes(pairs: Sequence[tuple[Texels, Texels]]) -> str:
    """Colour where it is seen in both, and the share of texels that are seen and should not be, or the other way."""
    colours, wrong = [], []
    for there, wanted in pairs:
        opaque, shown = wanted[:, :, 3] >= 128, there[:, :, 3] >= 128
        colours.append(psnr(there[opaque & shown][:, :3], wanted[opaque & shown][:, :3]))
        wrong.append(float((opaque != shown).mean()))
    return f"{mean(colours):.1f} / {mean(wrong):.2%}"


def of_mask(pairs: Sequence[tuple[Texels, Texels]]) -> str:
    return f"{mean(psnr(there[:, :, 0], wanted[:, :, 0]) for there, wanted in pairs):.1f}"


def of_normals(pairs: Sequence[tuple[Texels, Texels]]) -> str:
    angles = []
    for there, wanted in pairs:
        cosine = (vectors(there) * vectors(wanted)).sum(axis=2)
        angles.append(float(np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean()))
    return f"{mean(angles):.2f}°"


def vectors(pixels: Texels) -> Texels:
    """Return vectors of unit length whose z is rebuilt from the first two channels."""
    flat = pixels[:, :, :2].astype(np.float64) / 127.5 - 1
    flat /= np.maximum(np.linalg.norm(flat, axis=2, keepdims=True), 1)
    up = np.sqrt(np.maximum(1 - np.square(flat).sum(axis=2, keepdims=True), 0))
    return np.concatenate([flat, up], axis=2)


def of_light(pairs: Sequence[tuple[Texels, Texels]]) -> str:
    """PSNR of log₂(1 + x) over the range that the picture has."""
    figures = []
    for there, wanted in pairs:
        a, b = (np.log2(1 + light.astype(np.float64)) for light in (there, wanted))
        figures.append(10 * np.log10(float(b.max() - b.min()) ** 2 / max(float(np.square(a - b).mean()), 1e-12)))
    return f"{mean(figures):.1f}"


def decoded(task: Task, blocks: bytes, like: Texels) -> Texels:
    height, width = like.shape[:2]
    if task.quality in (of_light, of_holes):
        return decode(task.block, blocks, Size(width, height))
    bgra = np.frombuffer(getattr(texture2ddecoder, f"decode_{task.block}")(blocks, width, height), np.uint8)
    return bgra.reshape(height, width, 4)[:, :, [2, 1, 0, 3]]


def tasks(found: dict[str, list[Texels]]) -> Iterator[Task]:
    colour, cut, normal, mask, light = (tuple(found[kind]) for kind in found)
    yield Task("BC1", "bc1", colour, of_colour, "dB")
    yield Task("BC1 with holes", "bc1", cut, of_holes, "dB of colour / texels wrongly seen or not")
    yield Task("BC3", "bc3", cut, of_both, "dB of colour / of alpha")
    yield Task("BC4", "bc4", mask, of_mask, "dB")
    yield Task("BC5 of normals", "bc5", normal, of_normals, "mean angle")
    yield Task("BC6H", "bc6h", light, of_light, "dB of log₂(1 + x)")
    yield Task("BC7, opaque", "bc7", colour, of_colour, "dB")
    yield Task("BC7 with alpha", "bc7", cut, of_both, "dB of colour / of alpha")


def encoders(task: Task) -> dict[str, Encode]:
    """Return everything at hand that encodes such blocks, by its name in the table."""
    efforts = tuple(Effort) if task.block in ("bc6h", "bc7") else (Effort.FAST,)
    made: dict[str, Encode] = {}
    for effort in efforts:
        name = "**ours**" if len(efforts) == 1 else f"**ours**, {effort.value}"
        made[name] = Encoder(task.block, effort).encode
    holes = task.title == "BC1 with holes"
    return made | _quicktex(task.block, holes) | _etcpak(task.block, holes) | _pillow(task.block)


def whole(texels: Texels) -> Texels:
    """Return four channels, as other encoders take them."""
    shape = (*texels.shape[:2], 1)
    missing = [np.zeros(shape, np.uint8)] * (3 - texels.shape[2]) + [np.full(shape, 255, np.uint8)]
    return texels if texels.shape[2] == 4 else np.concatenate([texels, *missing], axis=2)


def _quicktex(block: str, holes: bool) -> dict[str, Encode]:
    try:
        from quicktex import RawTexture
        from quicktex.s3tc.bc1 import BC1Encoder
        from quicktex.s3tc.bc3 import BC3Encoder
        from quicktex.s3tc.bc4 import BC4Encoder
        from quicktex.s3tc.bc5 import BC5Encoder
    except ImportError:
        return {}
    if holes:  # it has no transparent texels
        return {}
    known: dict[str, dict[str, Any]] = {
        "bc1": {"level 5": BC1Encoder(5), "level 18": BC1Encoder(18)},
        "bc3": {"level 5": BC3Encoder(5), "level 18": BC3Encoder(18)},
        "bc4": {"": BC4Encoder(0)},
        "bc5": {"": BC5Encoder(0, 1)},
    }

    def encode(encoder: Any) -> Encode:
        def run(texels: Texels) -> bytes:
            raw = RawTexture.frombytes(whole(texels).tobytes(), texels.shape[1], texels.shape[0])
            return bytes(encoder.encode(raw))

        return run

    return {f"quicktex {level}".strip(): encode(encoder) for level, encoder in known.get(block, {}).items()}


def _etcpak(block: str, holes: bool) -> dict[str, Encode]:
    try:
        import etcpak
    except ImportError:
        return {}
    if holes or block == "bc6h":
        return {}

    def run(texels: Texels) -> bytes:
        more = (etcpak.BC7CompressBlockParams(),) if block == "bc7" else ()
        size = texels.shape[1], texels.shape[0]
        return bytes(getattr(etcpak, f"compress_{block}")(whole(texels).tobytes(), *size, *more))

    return {"etcpak": run}


def _pillow(block: str) -> dict[str, Encode]:
    formats = {"bc1": "DXT1", "bc3": "DXT5", "bc5": "BC5"}
    if block not in formats:
        return {}

    def run(texels: Texels) -> bytes:
        file = io.BytesIO()
        plain = whole(texels) if texels.shape[2] == 4 else whole(texels)[:, :, :3]
        Pillow.fromarray(plain).save(file, "DDS", pixel_format=formats[block])
        data = file.getvalue()
        return data[148 if data[84:88] == b"DX10" else 128 :]

    return {"Pillow": run}


def measured(task: Task, rounds: int) -> Iterator[tuple[str, str, float]]:
    """Yield name, quality and Mpixel/s of each encoder. They take turns, and each round another begins."""
    candidates = encoders(task)
    names = list(candidates)
    seconds: dict[tuple[str, int], list[float]] = {(name, at): [] for name in names for at in range(len(task.textures))}
    results: dict[str, list[tuple[Texels, Texels]]] = {name: [] for name in names}
    for number in range(rounds + 1):  # the first is for the pictures, and to warm up
        turn = number % len(names)
        for at, texels in enumerate(task.textures):
            for name in names[turn:] + names[:turn]:
                begun = time.perf_counter()
                blocks = candidates[name](texels)
                spent = time.perf_counter() - begun
                if number:
                    seconds[name, at].append(spent)
                else:
                    results[name].append((decoded(task, blocks, texels), texels))
    total = sum(texels.shape[0] * texels.shape[1] for texels in task.textures) / 1e6
    for name in names:
        whole_set = sum(median(seconds[name, at]) for at in range(len(task.textures)))
        yield name, task.quality(results[name]), total / whole_set


def versions() -> str:
    said = []
    for name in LIBRARIES:
        try:
            said.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            said.append(f"{name} is not installed and left out")
    return ", ".join(said)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, nargs="?", default=EXAMPLES)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    found = textures(args.library)
    print("| blocks | encoder | quality | Mpixel/s |\n|---|---|---|---|")
    for task in tasks(found):
        if not task.textures:
            print(f"| {task.title} | no textures for it | | |")
            continue
        title = f"{task.title}, {task.unit} ({len(task.textures)})"
        for name, quality, speed in measured(task, args.rounds):
            print(f"| {title} | {name} | {quality} | {speed:.3g} |", flush=True)
            title = ""
    print(f"\nMeans over the textures (their number in brackets), up to {SIDE}² of each; medians of {args.rounds}")
    print(f"rounds in turns, one thread. {versions()}; Python {platform.python_version()}, {platform.machine()}.")


if __name__ == "__main__":
    main()
