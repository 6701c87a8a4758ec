"""Measures how mip levels are made: `python benchmarks/mips.py LIBRARY`, for `docs/decisions/0016-mips.md`.

What each filter lets through; what averaging in light, as vectors, and to a coverage are worth; whether a chain may go
from level to level; how levels made by hand are told from others; how long a chain of 4096² takes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from cg_upscaler import codecs
from cg_upscaler.errors import SourceError
from cg_upscaler.geometry import Edge, Edges, Size
from cg_upscaler.job import Action, Band, Group, Job, MipFilter, Mips
from cg_upscaler.library.survey.mips import LEAST, made_by_hand
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind, Role
from cg_upscaler.pixels.kernels import taps
from cg_upscaler.pixels.mips import levels
from cg_upscaler.pixels.rows import Pixels, to_float
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Depth, ImageSpec, Precision, Storage

SIDE = 1024
COLOUR, ALPHA = (0, 1, 2), (3,)
WRAPPED = Edges.both(Edge.WRAP)


def group(role: Role, channels: tuple[int, ...], space: ColorSpace) -> Group:
    return Group(role, channels, channels, space, "", (), 1.0, Band.ALL, Precision.FLOAT32)


COLOURED = group(Role.COLOR, COLOUR, ColorSpace.SRGB)
PLAIN = group(Role.COLOR, COLOUR, ColorSpace.DATA)
SEEN = group(Role.ALPHA, ALPHA, ColorSpace.DATA)
VECTORS = group(Role.NORMAL, COLOUR, ColorSpace.DATA)


def chain(
    pixels: Pixels, *groups: Group, how: MipFilter, count: int = 0, alpha: AlphaMode = AlphaMode.NONE
) -> list[Pixels]:
    """Return the levels below a picture that tiles."""
    size = Size(pixels.shape[1], pixels.shape[0])
    storage = Storage(levels=count or size.levels)
    spec = ImageSpec(size, pixels.shape[2], Depth.UINT8, "dds", storage=storage)
    job = Job("", "", "", Action.UPSCALE, MapKind.BASE_COLOR, "", 1.0, 1, spec, spec, WRAPPED, alpha, groups=groups)
    made = levels(Array(pixels), replace(job, mips=Mips(how)), scratch=None)
    return [level.rows(0, level.size.height) for level in made]


def responses() -> None:
    print(
        "\nWhat a filter lets through, by cycles per texel of the result: all below 0.5 is wanted, all above is moiré"
    )
    at = (0.25, 0.4, 0.5, 0.6, 0.75)
    print(f"{'':10}", *(f"{cycles:7}" for cycles in at), " overshoot at an edge")
    for how in MipFilter:
        axis = taps(64, 32, how)
        weights = axis.weights[16].astype(np.float64)
        distance = (axis.first[16] + np.arange(len(weights)) + 0.5) / 2 - 16.5
        through = [float((weights * np.cos(2 * np.pi * cycles * distance)).sum()) for cycles in at]
        print(f"{how.value:10}", *(f"{share:7.3f}" for share in through), f"{np.cumsum(weights).max() - 1:10.3f}")


def pictures(library: Path, pattern: str) -> Iterator[tuple[str, Pixels]]:
    for path in sorted(library.rglob("*")):
        if pattern in path.stem.lower() and path.suffix.lower() in (".png", ".jpg", ".tga"):
            try:
                pixels = to_float(codecs.read(path).pixels[:SIDE, :SIDE])
            except SourceError:
                continue
            if pixels.shape[2] >= 3 and min(pixels.shape[:2]) >= 256:
                yield path.name, np.ascontiguousarray(pixels)


def colours(library: Path) -> list[tuple[str, Pixels]]:
    skipped = ("_nm", "_nrm", "normal", "gloss", "height", "_hm", "_si")
    found = pictures(library, "")
    return [
        (name, pixels)
        for name, pixels in found
        if pixels.shape[2] == 3 and not any(word in name.lower() for word in skipped)
    ]


def ideal(pixels: Pixels, level: int) -> Pixels:
    """Return a picture that tiles without what is above the frequencies that a level can hold."""
    spectrum = np.fft.fftshift(np.fft.fft2(pixels, axes=(0, 1)), axes=(0, 1))
    height, width = (length >> level for length in pixels.shape[:2])
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    kept = spectrum[top : top + height, left : left + width]
    # A texel of the level lies in the middle of those that it stands for.
    shift = [
        ((1 << level) - 1) / 2 * np.fft.fftshift(np.fft.fftfreq(length)) / (1 << level) for length in (height, width)
    ]
    kept = kept * np.exp(2j * np.pi * (shift[0][:, None] + shift[1][None]))[:, :, None]
    result = np.fft.ifft2(np.fft.ifftshift(kept, axes=(0, 1)), axes=(0, 1)).real / (1 << 2 * level)
    return result.astype(np.float32)


def psnr(one: Pixels, other: Pixels) -> float:
    return float(-10 * np.log10(np.mean(np.square(one - other, dtype=np.float64)) + 1e-12))


def against_ideal(library: Path) -> None:
    print("\nLevels in dB against what is cut off in frequency, mean over pictures; and a chain against one step")
    of_all: dict[MipFilter, list[list[float]]] = {how: [] for how in MipFilter}
    apart = []
    for _, pixels in colours(library):
        side = 1 << (min(pixels.shape[:2]).bit_length() - 1)
        pixels = np.ascontiguousarray(pixels[:side, :side])
        for how in MipFilter:
            made = chain(pixels, PLAIN, how=how, count=5)
            of_all[how].append([psnr(level, ideal(pixels, number)) for number, level in enumerate(made, 1)])
            if how is MipFilter.KAISER:
                apart.append([psnr(level, at_once(pixels, number)) for number, level in enumerate(made, 1)])
    for how, found in of_all.items():
        print(f"{how.value:10}", *(f"{value:6.1f}" for value in np.mean(found, axis=0)))
    print(f"{'at once':10}", *(f"{value:6.1f}" for value in np.mean(apart, axis=0)))


def at_once(pixels: Pixels, level: int) -> Pixels:
    """Return a level filtered from the first by one wide Kaiser."""
    size = [length >> level for length in pixels.shape[:2]]
    for axis in (0, 1):
        by = taps(pixels.shape[axis], size[axis], MipFilter.KAISER)
        total = np.zeros((1, 1, 1), np.float32)
        for tap in range(by.weights.shape[1]):
            part = np.take(pixels, (by.first + tap) % pixels.shape[axis], axis=axis)
            total = total + part * np.expand_dims(by.weights[:, tap], (1, 2) if axis == 0 else (0, 2))
        pixels = np.asarray(total, np.float32)
    return np.clip(pixels, 0, 1)


def in_light(library: Path) -> None:
    print("\nBrightness of the last level, in levels of 255, averaged in light and in stored numbers")
    for name, pixels in colours(library):
        light, stored = (chain(pixels, one, how=MipFilter.BOX)[-1].mean() * 255 for one in (COLOURED, PLAIN))
        print(f"{name:36} {light:6.1f} {stored:6.1f}  {light - stored:+5.1f}")


def as_vectors(library: Path) -> None:
    print("\nNormals at levels 1 … 5, degrees from the mean of all vectors: kept | of unit length at each level")
    print("| and by how much that mean is shorter than 1, as which it would be stored if it were averaged like colour")
    found = [pair for word in ("_nm", "_nrm", "normal") for pair in pictures(library, word)]
    for name, pixels in found:
        side = 1 << (min(pixels.shape[:2]).bit_length() - 1)
        stored = np.ascontiguousarray(pixels[:side, :side, :3])
        true = stored * 2 - 1
        kept = chain(stored, VECTORS, how=MipFilter.BOX, count=6)
        again = stored
        line: dict[str, list[float]] = {"kept": [], "again": [], "shorter": []}
        for number, level in enumerate(kept, 1):
            again = chain(again, VECTORS, how=MipFilter.BOX, count=2)[0]
            small = side >> number
            mean = true.reshape(small, side // small, small, side // small, 3).mean(axis=(1, 3))
            line["kept"].append(degrees(level * 2 - 1, mean))
            line["again"].append(degrees(again * 2 - 1, mean))
            line["shorter"].append(float(np.abs(1 - np.linalg.norm(mean, axis=2)).mean()))
        said = (" ".join(f"{value:5.2f}" for value in line[key]) for key in ("kept", "again", "shorter"))
        print(f"{name:36}", " | ".join(said))


def degrees(one: Pixels, other: Pixels) -> float:
    lengths = np.linalg.norm(one, axis=2) * np.linalg.norm(other, axis=2)
    cosine = np.clip((one * other).sum(axis=2) / np.maximum(lengths, 1e-9), -1, 1)
    return float(np.degrees(np.arccos(cosine)).mean())


def covered() -> None:
    print("\nShare of thin leaves that passes the alpha test at levels 0 … 6: mean alpha, and held")
    rng = np.random.default_rng(3)
    field = np.tile(rng.normal(0, 1, (512, 512)).astype(np.float32), (3, 3))
    field = cv2.GaussianBlur(field, (0, 0), 1.5)[512:1024, 512:1024]
    alpha = (field / field.std() > 0.9).astype(np.float32)
    pixels = np.dstack([np.full((512, 512, 3), 0.3, np.float32), alpha])
    for how in MipFilter:
        for said, mode in (("mean", AlphaMode.BLEND), ("held", AlphaMode.CUTOUT)):
            made = [pixels, *chain(pixels, COLOURED, SEEN, how=how, alpha=mode, count=7)]
            print(f"{how.value:10} {said}", *(f"{(level[:, :, 3] >= 0.5).mean():6.3f}" for level in made))


def widened(library: Path) -> None:
    print("\nMean roughness at levels 0 … 8 of a surface that is 0.3 rough all over, by its normal map")
    for name, normals in (pair for word in ("_nm", "_nrm", "normal") for pair in pictures(library, word)):
        size = Size(normals.shape[1], normals.shape[0])
        spec = ImageSpec(size, 1, Depth.UINT8, "dds", storage=Storage(levels=9))
        rough = Group(Role.SCALAR, (0,), (0,), ColorSpace.DATA, "", (), 1.0, Band.ALL, Precision.FLOAT32)
        job = Job("", "", "", Action.UPSCALE, MapKind.ROUGHNESS, "", 1.0, 1, spec, spec, WRAPPED, groups=(rough,))
        job = replace(job, mips=Mips(normals=name))
        first = Array(np.full((*normals.shape[:2], 1), 0.3, np.float32))
        made = levels(first, job, scratch=None, normals=Array(normals[:, :, :3]))
        print(f"{name:36} 0.300", *(f"{level.rows(0, level.size.height).mean():.3f}" for level in made))


def by_hand(library: Path) -> None:
    print(f"\nHow far levels of {LEAST} texels and more are from any downscale, in levels of 255: least, median, most")
    figures: dict[str, list[float]] = {}
    for _, pixels in colours(library):
        for number, level in enumerate(chain(pixels, COLOURED, how=MipFilter.KAISER), 1):
            if min(level.shape[:2]) < LEAST:
                break
            size, step = level.shape[1::-1], 1 << number
            drawn = np.round(level * 255).astype(np.uint8)
            cv2.putText(
                drawn, str(number), (size[0] // 4, size[1] * 3 // 4), 0, size[1] / 45, (255,) * 3, size[1] // 20 + 1
            )
            lined = cv2.line(level.copy(), (0, size[1] // 3), (size[0], size[1] // 2), (1, 1, 0), size[1] // 32 + 1)
            cut_off = (np.floor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) * 255) / 255).astype(np.float32)
            soft = cv2.GaussianBlur(level, (0, 0), 1).reshape(level.shape)
            for said, made in {
                "Kaiser, in light": level,
                "area, in stored numbers, cut off": cut_off,
                "cubic, in stored numbers": cv2.resize(
                    cv2.GaussianBlur(pixels, (0, 0), step / 2), size, interpolation=2
                ),
                "sharpened": level + 0.7 * (level - soft),
                "single texels": pixels[step // 2 :: step, step // 2 :: step][: size[1], : size[0]],
                "BY HAND  faded by a quarter": level * 0.75 + 0.125,
                "BY HAND  faded by a half": level * 0.5 + 0.25,
                "BY HAND  colour-coded": level * 0.5 + np.float32([0.5, 0, 0]),
                "BY HAND  brighter by 15 %": level * 1.15,
                "BY HAND  with a digit": drawn.astype(np.float32) / 255,
                "BY HAND  with a line": lined,
            }.items():
                blocks = as_blocks(pixels), as_blocks(np.ascontiguousarray(made, np.float32))
                figures.setdefault(said, []).append(made_by_hand(*blocks) * 255)
    for said, found in figures.items():
        print(f"{said:34} {min(found):6.1f} {np.median(found):6.1f} {max(found):6.1f}")


def as_blocks(pixels: Pixels) -> Pixels:
    """Return what BC1 makes of a picture of whole blocks; its last texels as they are."""
    import ispc_texcomp
    import texture2ddecoder

    height, width = (length // 4 * 4 for length in pixels.shape[:2])
    texels = np.full((height, width, 4), 255, np.uint8)
    texels[:, :, :3] = np.round(np.clip(pixels[:height, :width], 0, 1) * 255)
    surface = ispc_texcomp.RGBASurface(texels.tobytes(), width, height, width * 4)
    decoded = texture2ddecoder.decode_bc1(ispc_texcomp.compress_blocks_bc1(surface), width, height)
    result = pixels.copy()
    result[:height, :width] = np.frombuffer(decoded, np.uint8).reshape(height, width, 4)[:, :, 2::-1] / np.float32(255)
    return result


def speed() -> None:
    print("\nSeconds for all levels of 4096² in four channels")
    pixels = np.random.default_rng(0).random((4096, 4096, 4), np.float32)
    for said, mode in (("mask", AlphaMode.MASK), ("cut-out", AlphaMode.CUTOUT)):
        for how in MipFilter:
            took = []
            for _ in range(2):
                start = time.perf_counter()
                chain(pixels, COLOURED, SEEN, how=how, alpha=mode)
                took.append(time.perf_counter() - start)
            print(f"{said:8} {how.value:10} {min(took):5.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    library = parser.parse_args().library
    responses()
    against_ideal(library)
    in_light(library)
    as_vectors(library)
    covered()
    widened(library)
    by_hand(library)
    speed()


if __name__ == "__main__":
    main()
