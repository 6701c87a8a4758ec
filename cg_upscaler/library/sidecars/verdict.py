"""What a file beside the textures says of one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cg_upscaler.geometry import Edges
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind, Meaning, NormalConvention

SAID = 0.97
"""The confidence in a material that names the role of a texture: somebody wired it up, and saw it rendered."""


@dataclass(frozen=True, slots=True)
class SidecarVerdict:
    """The role of a texture in a material or an importer's settings. None where they do not say."""

    kind: MapKind | None
    why: str
    """One readable clause: ``normal map in wall.png.meta``."""
    confidence: float = SAID
    alpha: AlphaMode | None = None
    transparent: bool = False
    """Alpha is transparency; whether all or nothing is left to the pixels."""
    alpha_threshold: float | None = None
    """Where a cut-out is cut, 0 … 1."""
    edges: Edges | None = None
    """How it is sampled beyond its borders. Wrapping is every engine's default and hence only a permission; clamping
    or mirroring was chosen by somebody."""
    color_space: ColorSpace | None = None
    convention: NormalConvention | None = None
    channels: tuple[MapKind, ...] = ()
    """Of a packed map: what each channel holds; `PACKED` for one whose meaning is not known."""
    meaning: Meaning | None = None
    material: str = ""
    """The material that it belongs to, if the file describes one: ``models/chair.gltf Wood``."""
    notes: tuple[str, ...] = ()

    def then(self, later: SidecarVerdict) -> SidecarVerdict:
        """Return this verdict, completed by another file's. Where the two differ this one stands, with a note."""
        if self.kind is None:
            kept = replace(later, edges=self.edges or later.edges, color_space=self.color_space or later.color_space)
            return replace(kept, transparent=self.transparent or later.transparent, alpha=self.alpha or later.alpha)
        if later.kind not in (None, self.kind):
            return replace(self, notes=(*self.notes, f"{self.why}, but {later.why}: the first holds"))
        opaque = self.alpha in (None, AlphaMode.MASK)  # one material may ignore the alpha that another is cut out by
        return replace(
            self,
            alpha=(later.alpha or self.alpha) if opaque else self.alpha,
            transparent=self.transparent or later.transparent,
            alpha_threshold=self.alpha_threshold if self.alpha_threshold is not None else later.alpha_threshold,
            edges=self.edges or later.edges,
            color_space=self.color_space or later.color_space,
            convention=self.convention or later.convention,
            channels=self.channels or later.channels,
            meaning=self.meaning or later.meaning,
            material=self.material or later.material,
        )
