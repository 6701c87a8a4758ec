"""Prepares the model, the device and the pictures that all peers share, and says what makes no sense in time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from cg_upscaler.backends.devices import describe, require
from cg_upscaler.bench.crops import tile_for
from cg_upscaler.bench.peer import Setting
from cg_upscaler.bench.picture import SYNTHETIC, bricks, fitted, middle
from cg_upscaler.bench.rounds import Pictures
from cg_upscaler.errors import UsageError
from cg_upscaler.maps import PLAIN
from cg_upscaler.models import catalog
from cg_upscaler.spec import Depth, Precision

SIDE = 128
"""On a CPU: all peers together then take minutes."""
SIDE_OF_CARD = 1024
"""A card is not busy with less."""


def prepare(
    textures: Sequence[Path] = (),
    *,
    model: str = catalog.REFERENCE,
    device: str = "auto",
    precision: Precision = Precision.FLOAT32,
    side: int | None = None,
    tile: int | None = None,
) -> tuple[Setting, Pictures]:
    """Return the setting, and the middles of the textures or, where there are none, a picture that is computed."""
    if model in PLAIN:
        raise UsageError(f"{model} is no network", fix="name one that has weights; `cg-upscale models` lists them")
    info, where = catalog.find(model), describe(device)
    if not info.held:
        fix = "name weights of the ESRGAN family"
        raise UsageError(f"{model} is not one network of the kind that is compared here", fix=fix)
    precision = where.precision_for(precision, Depth.UINT8)
    require(where, precision)
    side = side or (SIDE if where.name == "cpu" else SIDE_OF_CARD)
    given = {str(path): middle(path, side) for path in textures} or {SYNTHETIC: bricks(side)}
    pictures = {name: fitted(picture, info, name) for name, picture in given.items()}
    shortest = min(min(picture.shape[:2]) for picture in pictures.values())
    if tile is None:
        tile = tile_for(shortest, info.multiple)
    if tile % info.multiple:
        raise UsageError(f"a tile of {tile} does not suit {info.name}", fix=f"take a multiple of {info.multiple}")
    for name, picture in pictures.items():
        height, width = picture.shape[:2]
        if max(height, width) <= tile:
            raise UsageError(
                f"is {width}×{height}, and one tile of {tile} covers it: there would be no seam to measure",
                where=name,
                fix=f"take --tile {tile_for(shortest, info.multiple)}, or a larger --side",
            )
    return Setting(info, where, precision, torch.get_num_threads(), tile, folder=""), pictures
