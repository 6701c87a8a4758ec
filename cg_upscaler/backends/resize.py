"""The generators without a model: plain resampling of any number of channels."""

from __future__ import annotations

from cg_upscaler.maps import BICUBIC, LINEAR, NEAREST
from cg_upscaler.models import catalog
from cg_upscaler.pixels.resample import cubic, enlarge, tent
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import Precision


class ResizeNetwork:
    """Enlarges by a whole factor. It needs no torch, which also makes it the stand-in for a generator in tests."""

    def __init__(self, scale: int = 4, model: str = BICUBIC) -> None:
        self.info = catalog.find(model, scale=scale)

    def run(self, window: Pixels, precision: Precision) -> Pixels:
        """Return (h·scale, w·scale, c) for (h, w, c), in float32 whatever the precision."""
        scale = self.info.scale
        if self.info.name == NEAREST:
            return window.repeat(scale, 0).repeat(scale, 1)
        return enlarge(window, scale, tent if self.info.name == LINEAR else cubic)
