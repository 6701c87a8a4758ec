"""The codecs, a line each: a new container is one more."""

from __future__ import annotations

from cg_upscaler.codecs import dds, indexed, ktx2, oiio, pillow, tga, tx, vtf
from cg_upscaler.codecs.codec import Codec
from cg_upscaler.codecs.rowwriter import begin
from cg_upscaler.spec import Depth

BYTE = (Depth.UINT8,)
INTEGER = (Depth.UINT8, Depth.UINT16)
FLOATING = (Depth.HALF, Depth.FLOAT)
RUNS = ("none", "rle")

CODECS = (
    Codec(
        "png",
        (".png",),
        oiio.probe,
        oiio.read,
        begin,
        INTEGER,
        (1, 2, 3, 4),
        large=oiio.read_large,
        holds=indexed.holds,
    ),
    Codec("tga", (".tga",), oiio.probe, oiio.read, tga.TgaWriter, BYTE, (1, 2, 3, 4), longest=0xFFFF, encodings=RUNS),
    Codec("bmp", (".bmp",), oiio.probe, oiio.read, begin, BYTE, (1, 3, 4), holds=indexed.holds),
    Codec("jpg", (".jpg", ".jpeg"), oiio.probe, oiio.read, pillow.WholeWriter, BYTE, (1, 3), longest=65500),
    Codec(
        "tif",
        (".tif", ".tiff"),
        oiio.probe,
        oiio.read,
        begin,
        (*INTEGER, *FLOATING),
        (1, 2, 3, 4),
        True,
        encodings=("zip", "none", "lzw", "packbits"),
        large=oiio.read_large,
    ),
    Codec("tx", (".tx",), tx.probe, tx.read, tx.TextureMaker, (*INTEGER, *FLOATING), (1, 2, 3, 4), True),
    Codec(
        "exr",
        (".exr",),
        oiio.probe,
        oiio.read,
        begin,
        FLOATING,
        (1, 2, 3, 4),
        True,
        encodings=("zip", "none", "rle", "zips", "piz", "pxr24", "b44", "b44a", "dwaa", "dwab"),
        layered=True,
        large=oiio.read_large,
    ),
    Codec("hdr", (".hdr",), oiio.probe, oiio.read, begin, (Depth.FLOAT,), (3,)),
    Codec("webp", (".webp",), oiio.probe, oiio.read, pillow.WholeWriter, BYTE, (3, 4), longest=16383),
    Codec("psd", (".psd",), pillow.probe_psd, pillow.read_psd),
    Codec(
        "dds",
        (".dds",),
        dds.probe,
        dds.read,
        dds.SurfaceWriter,
        (*INTEGER, *FLOATING),
        (1, 2, 3, 4),
        True,
        longest=1 << 14,
        level=dds.read_level,
        encodings=dds.ENCODINGS,
        many=True,
        holds=dds.holds,
    ),
    Codec(
        "ktx2",
        (".ktx2",),
        ktx2.probe,
        ktx2.read,
        ktx2.writer,
        (*INTEGER, *FLOATING),
        (1, 2, 3, 4),
        True,
        level=ktx2.read_level,
        encodings=ktx2.ENCODINGS,
        many=True,
        holds=ktx2.holds,
    ),
    Codec(
        "vtf",
        (".vtf",),
        vtf.probe,
        vtf.read,
        vtf.TextureWriter,
        (*INTEGER, *FLOATING),
        (1, 2, 3, 4),
        True,
        longest=0xFFFF,
        level=vtf.read_level,
        encodings=vtf.ENCODINGS,
        many=True,
        holds=vtf.holds,
    ),
)
