"""The weights that this package carries: trained by its own `train`, each with a card beside it that says on what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cg_upscaler.errors import ModelNotFound
from cg_upscaler.maps import COLORS, NORMALS
from cg_upscaler.models.integrity import verify
from cg_upscaler.models.shape import CompactShape, Shape

FOLDER = Path(__file__).parents[1] / "weights"

_FIX = "run: pip install --force-reinstall cg-upscaler"


@dataclass(frozen=True, slots=True)
class Own:
    """Weights of our own, and how to know them."""

    name: str
    teaches: str
    """What it learnt from, as a training calls it: ``color``, ``normal``, ``mask``."""
    sha256: str
    shape: Shape
    licence: str
    """As its card says; cards of other models are read, this one is known."""

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.safetensors"

    def present(self) -> Path:
        """Return where they lie. Raises `ModelNotFound`."""
        if not self.path.is_file():
            raise ModelNotFound("missing from its package", where=self.path, fix=_FIX)
        return self.path

    def verified(self) -> Path:
        """Return where they lie, once they are known to be what was shipped. Raises `ModelError`."""
        verify(self.present(), self.sha256, fix=_FIX)
        return self.path


OWN = {
    model.name: model
    for model in (
        Own(
            COLORS,
            "color",
            "a3d95653e659a5419ce0ecc57791f8e28fa28530e7ffc6fc8ba8f78741593894",
            CompactShape(3, 64, 16),
            "BSD-3-Clause AND CC-BY-4.0",
        ),
        Own(
            NORMALS,
            "normal",
            "e6f42aead1d28c4b5bf3e08cc497af2c820675ddf7671bbfb805843096b8fae2",
            CompactShape(3, 48, 9),
            "CC-BY-4.0",
        ),
    )
}
