"""Converts colours between the spaces that OpenColorIO knows by name: ACEScg, Linear Rec.709 (sRGB) and so on."""

from __future__ import annotations

import difflib
import functools
import os
from collections.abc import Callable

import numpy as np
import OpenImageIO as oiio

from cg_upscaler.errors import UsageError
from cg_upscaler.pixels.rows import Pixels

LIGHT, PICTURE = "lin_rec709_scene", "srgb_rec709_scene"
"""What generators are shown: light of float files, and pictures under the sRGB curve. Every configuration of ACES has
them by these names or aliases."""

_NEAREST = 3


def require(name: str) -> None:
    """Raise `UsageError` for a colour space that the configuration does not know."""
    config, where = _config()
    if config.resolve(name) not in config.getColorSpaceNames():
        known = [*config.getColorSpaceNames(), *config.getRoles()]
        near = difflib.get_close_matches(name, known, _NEAREST, 0.4) or known
        fix = f"use one of {', '.join(near)}, or name another configuration in $OCIO"
        raise UsageError(f"OpenColorIO knows no colour space {name!r}", where=where, fix=fix)


def is_light(name: str) -> bool:
    """Whether the numbers of a space are proportional to light."""
    return bool(_config()[0].isColorSpaceLinear(name))


def transform(source: str, target: str) -> Callable[[Pixels], Pixels]:
    """Return what turns (h, w, c) colours of one space into another; a fourth channel stays as it is.

    The configuration is that of $OCIO, else the one for computer graphics that comes with OpenColorIO. Raises
    `UsageError` for unknown names.
    """
    require(source)
    require(target)
    where = _config()[1]

    def apply(pixels: Pixels) -> Pixels:
        colours = oiio.ImageBuf(np.ascontiguousarray(pixels[:, :, :3]))
        made = oiio.ImageBufAlgo.colorconvert(colours, source, target, unpremult=False, colorconfig=where)
        if made.has_error:
            raise UsageError(f"colours cannot be converted from {source} to {target} ({made.geterror()})", where=where)
        result: Pixels = np.asarray(made.get_pixels(oiio.FLOAT), np.float32).reshape(*pixels.shape[:2], -1)
        return result if pixels.shape[2] == result.shape[2] else np.concatenate([result, pixels[:, :, 3:]], axis=2)

    return apply


def _config() -> tuple[oiio.ColorConfig, str]:
    where = os.environ.get("OCIO") or "ocio://default"
    return _loaded(where), where


@functools.cache
def _loaded(where: str) -> oiio.ColorConfig:
    config = oiio.ColorConfig(where)
    complaint = config.geterror()
    if complaint:
        raise UsageError(f"is no configuration of OpenColorIO ({complaint})", where=where, fix="correct $OCIO")
    return config
