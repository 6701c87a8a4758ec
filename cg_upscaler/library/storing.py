"""Decides the file that a result becomes: like its source, but for what is asked; and says what cannot be kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cg_upscaler import codecs
from cg_upscaler.errors import UnsupportedImage
from cg_upscaler.geometry import Size
from cg_upscaler.job import MipFilter, Mips, Storing
from cg_upscaler.library.chains import levels
from cg_upscaler.library.config.format import KEEP, Chain, Format, Mode
from cg_upscaler.library.losses import losses
from cg_upscaler.library.survey.evidence import Evidence
from cg_upscaler.library.swizzles import as_asked, fitted, nearest
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind
from cg_upscaler.spec import Depth, Effort, ImageSpec, Storage

_SINGLE = (MapKind.ROUGHNESS, MapKind.GLOSS, MapKind.METALLIC, MapKind.OCCLUSION, MapKind.HEIGHT, MapKind.OPACITY)
"""Kinds that one channel holds."""

_BLOCKS = frozenset({"bc1", "bc2", "bc3", "bc4", "bc5", "bc6h", "bc7", "uastc", "etc1s"})

_PALETTES = ("png", "bmp")

_FLAGGED = ("dds", "ktx2")
"""Containers that say by a flag whether numbers are under the sRGB curve."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What becomes of a result."""

    spec: ImageSpec
    storing: Storing
    mips: Mips
    notes: tuple[str, ...]

    @property
    def is_as_its_source(self) -> bool:
        return self.storing == Storing()


@dataclass(frozen=True, slots=True)
class Content:
    """What a picture is, as far as that decides how it is stored."""

    kind: MapKind
    alpha: AlphaMode
    color_space: ColorSpace
    """Of its colours in its source."""
    pictured: bool
    """Its colours are light, under the sRGB curve in integer files and without it in others."""
    wraps: tuple[bool, ...] = ()
    """Whether it tiles, across and down."""
    named: bool = False
    """In which space they are, and are to be, is said by name."""


def plan_storing(
    spec: ImageSpec, evidence: Evidence, content: Content, asked: Format, size: Size, *, normals: str = ""
) -> Stored:
    """Return the file for a result of `size`. Raises `UnsupportedImage` where what is asked cannot be.

    `normals` is the normal map of its material, where a roughness is to be widened by it.
    """
    return _Planner(spec, evidence, content, asked, size).stored(normals)


def changes(spec: ImageSpec, asked: Format) -> bool:
    """Whether a file that is not enlarged would become another one by what is asked of its format."""
    own = spec.storage
    wanted = (
        (asked.container, spec.container),
        (asked.encoding, own.encoding),
        (asked.depth, spec.depth),
        (asked.srgb, own.srgb),
        (asked.header, "legacy" if own.legacy else "dx10"),
        (asked.rows, "bottom" if own.from_bottom else "top"),
    )
    return (
        any(new not in (None, KEEP, old) for new, old in wanted)
        or (asked.channels is not None and (asked.channels.mode is not None or bool(asked.channels.swizzle)))
        or (asked.mips is not None and (asked.mips.share is not None or asked.mips.chain is not Chain.KEEP))
    )


@dataclass(frozen=True, slots=True)
class _Planner:
    spec: ImageSpec
    evidence: Evidence
    content: Content
    asked: Format
    size: Size

    def stored(self, normals: str) -> Stored:
        container, notes = self.container()
        same = container == self.spec.container
        encoding = self.encoding(container)
        depth = self.depth(container, encoding)
        swizzle = self.swizzle(container, encoding, depth)
        channels = len(swizzle) or self.spec.channels
        curve = self.curve(depth)
        space = self.content.color_space if curve is None else curve
        storage = self.storage(container, encoding, space)
        indexed = self.asked.channels is not None and self.asked.channels.mode is Mode.INDEXED
        if indexed and container not in _PALETTES:
            raise UnsupportedImage(
                f"{codecs.label(container)} holds no palettes as they are written here, only PNG and BMP",
                fix="ask for one of these as 'container', or leave 'indexed' out",
            )
        spec = replace(
            self.spec,
            size=self.size,
            channels=channels,
            depth=depth,
            container=container,
            color_space=space,
            alpha=self.alpha(swizzle, channels),
            lossy=encoding in _BLOCKS
            or (self.spec.lossy and same and encoding == self.spec.storage.encoding)
            or container == "jpg",
            indexed=indexed,
            storage=storage,
            note="",
        )
        reason = codecs.refusal(spec)
        if reason:
            raise UnsupportedImage(reason, fix="ask for another 'format' in a rule, or for another 'scale'")
        mips = self.mips(normals) if storage.levels > 1 else Mips()
        return Stored(spec, Storing(swizzle, curve), mips, tuple(self.notes(notes, spec, swizzle)))

    def storage(self, container: str, encoding: str, space: ColorSpace) -> Storage:
        own, asked = self.spec.storage, self.asked
        legacy = own.legacy if asked.header in (None, KEEP) else asked.header == "legacy"
        from_bottom = own.from_bottom if asked.rows in (None, KEEP) else asked.rows == "bottom"
        flagged = not (container == "dds" and asked.header == "legacy")  # that header has no such flag
        return Storage(
            encoding=encoding,
            levels=levels(self.spec, self.size, container, asked.mips),
            slices=own.slices,
            cube=own.cube,
            srgb=self.srgb(container, space) if flagged else None,
            legacy=legacy and container == "dds",
            from_bottom=from_bottom and container == "tga",
            wraps=self.content.wraps if container == "tx" else (),
            effort=asked.effort or Effort.FAST,
            quality=asked.jpeg_quality if container == "jpg" else None,
            squeeze=asked.png_level if container == "png" else None,
        )

    def container(self) -> tuple[str, str]:
        wanted = self.asked.container
        if wanted in (None, KEEP):
            shape = self.spec if self.asked.depth in (None, KEEP) else replace(self.spec, depth=Depth(self.asked.depth))
            return codecs.output_container(shape)
        assert wanted is not None
        return wanted, ""

    def encoding(self, container: str) -> str:
        """Return how samples are packed: as asked, as in the source, or as such content is in that container."""
        asked, known = self.asked.encoding, codecs.encodings(container)
        if asked is not None and asked != KEEP and (asked in known or self.asked.container not in (None, KEEP)):
            if asked not in known:
                raise UnsupportedImage(
                    f"{codecs.label(container)} has no encoding {asked!r}",
                    fix=f"choose one of {', '.join(known)}" if known else "leave 'encoding' out",
                )
            return asked
        own = self.spec.storage.encoding
        if container == self.spec.container and (own not in _BLOCKS or not self.is_deeper()):
            return codecs.kept_encoding(container, own)
        if container == "vtf":
            return self._usual_in_vtf()
        if container not in _FLAGGED:
            return ""
        return "none" if self.is_deeper() else self._usual()

    def is_deeper(self) -> bool:
        """Whether samples are asked for that hold more than the 8 bits of most blocks."""
        return self.asked.depth in (Depth.UINT16, Depth.HALF, Depth.FLOAT) and not self.spec.depth.is_float

    def _usual_in_vtf(self) -> str:
        """Return what the Source engine's own tools take: BC1 without alpha, BC3 with it, normals without blocks."""
        exact = self.content.kind in (MapKind.DATA, MapKind.PIXEL_ART, MapKind.NORMAL)
        if exact or self.spec.depth is not Depth.UINT8 or self.spec.channels < 3:
            return "none"
        return "bc1" if self.content.alpha in (AlphaMode.NONE, AlphaMode.OPAQUE) else "bc3"

    def _usual(self) -> str:
        """Return the block format for a kind of content."""
        content, spec = self.content, self.spec
        if content.kind is MapKind.DATA or content.kind is MapKind.PIXEL_ART:
            return "none"  # nothing may be lost
        if spec.depth.is_float and content.pictured:
            return "bc6h" if spec.alpha is None else "none"
        if content.kind is MapKind.NORMAL:
            return "bc5" if content.alpha is AlphaMode.NONE or spec.channels < 4 else "bc7"
        single = content.kind in _SINGLE and (spec.channels == 1 or self.evidence.gray)
        if single and content.alpha in (AlphaMode.NONE, AlphaMode.OPAQUE):
            return "bc4"
        return "bc7"

    def depth(self, container: str, encoding: str) -> Depth:
        asked = self.asked.depth
        wanted = self.spec.depth if asked in (None, KEEP) else Depth(asked)
        if encoding in _BLOCKS and asked in (None, KEEP):
            return Depth.HALF if encoding == "bc6h" else Depth.UINT8
        held = codecs.depths(container)
        if wanted in held or asked not in (None, KEEP):
            return wanted
        alike = [depth for depth in held if depth.is_float == wanted.is_float]
        return max(alike or held, key=lambda depth: depth.bits)

    def swizzle(self, container: str, encoding: str, depth: Depth) -> str:
        asked, count = self.asked.channels, self.spec.channels
        if asked is not None and (asked.mode is not None or asked.swizzle):
            return as_asked(self.spec, asked)
        if encoding == self.spec.storage.encoding and container == self.spec.container:
            return ""
        held = self.counts(container, encoding, depth)
        opaque = self.content.alpha in (AlphaMode.NONE, AlphaMode.OPAQUE)
        wanted = nearest(count, held) if held else count
        if encoding in _BLOCKS and self.spec.alpha is not None and opaque and 3 in held and count == 4:
            wanted = 3
        normals = self.content.kind is MapKind.NORMAL
        return "" if wanted == count else fitted(self.spec, wanted, gray=self.evidence.gray, normals=normals)

    def counts(self, container: str, encoding: str, depth: Depth) -> list[int]:
        """Return how many channels a file may have."""
        storage = replace(self.spec.storage, encoding=encoding, levels=1, slices=1, cube=False)
        trial = replace(self.spec, container=container, depth=depth, storage=storage, size=self.size)
        pair = self.spec.channels == 2 and self.spec.alpha is None
        alpha = {2: None if pair else 1, 4: 3}
        shapes = (replace(trial, channels=count, alpha=alpha.get(count)) for count in (1, 2, 3, 4))
        return [shape.channels for shape in shapes if not codecs.refusal(shape)]

    def alpha(self, swizzle: str, channels: int) -> int | None:
        """Return which channel of the file is alpha: of two or four the last, if it comes from alpha or is full."""
        if not swizzle:
            return self.spec.alpha
        own = None if self.spec.alpha is None else "rgba"[self.spec.alpha]
        last = swizzle[-1]
        return channels - 1 if channels in (2, 4) and (last in (own, "1") or channels == 4) else None

    def curve(self, depth: Depth) -> ColorSpace | None:
        """Return what colours become where they go from an integer file into one of floats, or the other way."""
        if self.content.named or not self.content.pictured or depth.is_float == self.spec.depth.is_float:
            return None
        wanted = ColorSpace.LINEAR if depth.is_float else ColorSpace.SRGB
        return None if wanted is self.content.color_space else wanted

    def srgb(self, container: str, space: ColorSpace) -> bool | None:
        if container not in _FLAGGED:
            return None
        if self.asked.srgb not in (None, KEEP):
            return bool(self.asked.srgb)
        same = container == self.spec.container or self.spec.storage.srgb is not None
        return self.spec.storage.srgb if same else space is ColorSpace.SRGB

    def mips(self, normals: str) -> Mips:
        kept = self.asked.own_mips != "replace" and self.evidence.own_mips
        return Mips(self.asked.mip_filter or MipFilter.KAISER, kept, normals)

    def notes(self, converted: str, spec: ImageSpec, swizzle: str) -> Iterator[str]:
        if converted:
            yield converted
        yield from losses(
            self.spec, spec, self.evidence, self.asked, swizzle, normals=self.content.kind is MapKind.NORMAL
        )
        if self.evidence.own_mips and spec.storage.levels > 1:
            kept = self.asked.own_mips != "replace"
            yield "its mip levels were made by hand: " + ("kept at their own size" if kept else "replaced, as asked")
