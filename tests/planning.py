"""Textures and settings for the tests of plans, with models that need no weights."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.geometry import Size
from cg_upscaler.job import Job
from cg_upscaler.library.classify import Decision
from cg_upscaler.library.config.settings import Means, Settled
from cg_upscaler.library.groups import Find, Measure, unmeasured
from cg_upscaler.library.survey import survey
from cg_upscaler.library.texture import Texture, plan_texture
from cg_upscaler.maps import COLORS, PLAIN, AlphaMode, MapKind
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Depth, DeviceInfo, ImageSpec, ModelInfo, Precision

DEVICE = DeviceInfo("cpu", "a processor", Precision.MIXED, (Precision.FLOAT32, Precision.MIXED))
OUT = Path("out").absolute()
COLOR = Decision(MapKind.BASE_COLOR, "said so", 1.0, AlphaMode.NONE)
SETTLED = Settled(Means("4x"))
MEANS = {field.name for field in fields(Means)}


def find(name: str, scale: int) -> ModelInfo:
    if name in PLAIN:
        return ModelInfo(name, "resize", scale, 0, 2)
    return {
        "4x": ModelInfo("4x", "rrdb", 4, 3, 64, weights="hash of 4x"),
        "2x": ModelInfo("2x", "rrdb", 2, 3, 64, multiple=2),
        "8x": ModelInfo("8x", "rrdb", 8, 3, 64),
        COLORS: ModelInfo(COLORS, "compact", 4, 3, 18, weights="hash of colors"),
        "gray": ModelInfo("gray", "rrdb", 4, 1, 64),
    }[name]


def noise(channels: int, dtype: type = np.uint8, side: int = 20) -> NDArray[np.generic]:
    values = np.random.default_rng(channels).random((side, side + 4, channels), np.float32)
    if np.issubdtype(dtype, np.floating):
        return values.astype(dtype)
    return (values * np.iinfo(dtype).max).astype(dtype)  # type: ignore[type-var]


def texture(
    pixels: NDArray[np.generic], decision: Decision = COLOR, name: str = "rock.png", **changes: object
) -> Texture:
    height, width, channels = pixels.shape
    depth = {1: Depth.UINT8, 2: Depth.UINT16, 4: Depth.FLOAT}[pixels.dtype.itemsize]
    spec = ImageSpec(Size(width, height), channels, depth, Path(name).suffix[1:], alpha={2: 1, 4: 3}.get(channels))
    spec = replace(spec, **changes)  # type: ignore[arg-type]
    return Texture(name, Path("lib", name), spec, survey(Array(pixels), spec), decision)


def planned(
    what: Texture,
    settings: Settled = SETTLED,
    *,
    find: Find = find,
    measure: Measure = unmeasured,
    **changes: object,
) -> Job:
    means = {name: changes.pop(name) for name in MEANS & changes.keys()}
    settings = replace(settings, means=replace(settings.means, **means), **changes)  # type: ignore[arg-type]
    return plan_texture(what, settings, OUT, DEVICE, find, measure=measure)
