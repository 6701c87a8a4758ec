"""What an image file says beside its texels (colour profile, text, orientation), to be put into another."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cg_upscaler.codecs.tags import ORIENTATION, Tag, built, resized, short_tag, tags_of
from cg_upscaler.geometry import Size
from cg_upscaler.spec import ImageSpec

ICC, EXIF, XMP, TEXT = "ICC profile", "EXIF", "XMP", "text"
GAMMA, RESOLUTION, TURN, ATTRIBUTES = "gamma", "resolution", "orientation", "attributes"
NAMES, WINDOW = "channel names", "display window"
VALVE = "Valve's flags and resources"

_COLOUR = (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"iCCP")
"""Chunks of a PNG that say what colours are."""

LOST = "only: "
"""Begins a word for what not even the source's own container keeps."""

_SAME = frozenset({ICC, EXIF, XMP, TEXT, GAMMA, RESOLUTION, TURN, ATTRIBUTES, NAMES, WINDOW, VALVE})

KEPT: dict[str, frozenset[str]] = {
    "png": frozenset({ICC, EXIF, XMP, TEXT, RESOLUTION, TURN}),
    "jpg": frozenset({ICC, EXIF, XMP, TEXT, RESOLUTION, TURN}),
    "tif": frozenset({ICC, EXIF, XMP, TEXT, RESOLUTION, TURN}),
    "webp": frozenset({ICC, EXIF, XMP, TURN}),
    "exr": frozenset({TEXT}),
    "bmp": frozenset({RESOLUTION}),
}
"""What each container has a place for, whatever it comes from; from its own kind it keeps all that is read."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One picture of an OpenEXR file: channels by their full names, in the order of the picture."""

    part: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What is said in the header of one part of an OpenEXR file."""

    name: str = ""
    attributes: tuple[bytes, ...] = ()
    """Each as it stands in the file: name, type, size and value. None of those that follow from texels."""
    data: tuple[int, int] = (0, 0)
    """Where the texels begin: x and y."""
    display: tuple[int, int, int, int] | None = None
    """x, y, width and height of the display window; None where it is the data window."""
    size: Size | None = None
    """Of the data window, by which others are scaled."""
    fixed: tuple[tuple[str, bytes], ...] = ()
    """Values of attributes that every header has, such as the aspect of a texel."""
    level: float | None = None
    """How much DWA compression may lose; None where nothing is said."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What travels from a source to its result. Common things are here whatever the container, and raw beside."""

    icc: bytes = b""
    exif: bytes = b""
    """A block that begins as a TIFF does."""
    xmp: bytes = b""
    text: tuple[tuple[str, str], ...] = ()
    """Keys, as PNG spells them (``Title``, ``Author``, ``Description``, ``Copyright``, ``Software`` …), and values."""
    orientation: int = 1
    """1 … 8, as EXIF counts. Texels are never turned."""
    dpi: tuple[float, float] | None = None
    """Texels an inch. It stays when texels become more: what grows is the print."""
    raw: tuple[tuple[bytes, bytes], ...] = ()
    """Chunks of a PNG, segments of a JPEG, as they stand: what they are called and what they hold."""
    tags: tuple[Tag, ...] = ()
    """Of a TIFF: all that do not describe how texels are stored."""
    layers: tuple[Layer, ...] = ()
    """Of an OpenEXR: what each slice is."""
    parts: tuple[Part, ...] = ()
    tile: tuple[int, int] | None = None
    """Width and height of the tiles that texels were stored in."""
    vtf: bytes = b""
    """Of a VTF: the file without its pictures."""
    container: str = ""
    """Of the source: what `raw` and `tags` are of."""
    lost: tuple[str, ...] = ()
    """What is in the file and not here, in words."""

    def exif_for(self, size: Size) -> bytes:
        """Return a block for a picture of a size: the source's own, or one that says no more than how it is turned."""
        if self.exif:
            return resized(self.exif, size.width, size.height)
        return built((short_tag(ORIENTATION, self.orientation),)) if self.orientation != 1 else b""

    def without_colour(self) -> Metadata:
        """Return the same with nothing that says what colours are."""
        raw = tuple((kind, data) for kind, data in self.raw if kind not in _COLOUR)
        return replace(self, icc=b"", raw=raw)

    @property
    def carries(self) -> tuple[str, ...]:
        """Return in words what the file holds beside its texels."""
        part = self.parts[0] if self.parts else Part()
        held = (
            (ICC, self.icc),
            (EXIF, any(tag.code != ORIENTATION for tag in tags_of(self.exif))),
            (XMP, self.xmp),
            (TEXT, self.text),
            (GAMMA, any(kind in _COLOUR[:4] for kind, _ in self.raw)),
            (RESOLUTION, self.dpi),
            (TURN, self.orientation != 1),
            (ATTRIBUTES, part.attributes),
            (NAMES, any(layer.names not in USUAL for layer in self.layers) or len(self.layers) > 1),
            (VALVE, self.vtf),
            (WINDOW, part.display or part.data != (0, 0)),
        )
        return (*(word for word, there in held if there), *(LOST + word for word in self.lost))


USUAL = (("Y",), ("Y", "A"), ("R", "G"), ("R", "G", "B"), ("R", "G", "B", "A"))
"""Channel names that a writer gives by itself."""

NOTHING = Metadata()


def unkept(spec: ImageSpec, container: str) -> tuple[str, ...]:
    """Return what a file carries beside its texels and a result in `container` has no place for, in words."""
    kept = _SAME if spec.container == container != "tx" else KEPT.get(container, frozenset())
    return tuple(word.removeprefix(LOST) for word in spec.carries if word not in kept)
