"""Small sound files of every kind that is read: what is mutated. A fixed seed, no file from elsewhere."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import OpenImageIO as oiio
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import PngImagePlugin

from cg_upscaler import codecs
from cg_upscaler.codecs.layouts import FORMATS
from cg_upscaler.codecs.vtf.formats import FORMATS as VALVE
from cg_upscaler.errors import OutputError
from cg_upscaler.geometry import Size
from cg_upscaler.pixels.rows import to_float
from cg_upscaler.spec import Depth, ImageSpec, Storage
from tests.image_files import dds, noise, packed_rows, png, png_chunk, psd, spec_for, tga

WIDTH, HEIGHT = 20, 14
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Of each pass of an interlaced PNG: the first column and row, and the steps."""


class Seed(NamedTuple):
    suffix: str
    name: str
    data: bytes


def seeds(folder: Path) -> list[Seed]:
    """Return them all, made with `folder` for a workshop; those that an optional library makes only where it is."""
    made = [
        *_pngs(folder),
        *_mapped(folder),
        *_photographs(folder),
        *_tiffs(folder),
        *_exrs(folder),
        *_psds(),
        *_surfaces(folder),
        *_valve(folder),
    ]
    made += [Seed(".hdr", "rle", _ours(folder, ".hdr", noise("float32", 3, WIDTH, HEIGHT)))]
    made += [Seed(".hdr", "flat", _flat_hdr())]
    for dtype in ("uint8", "uint16", "float16"):
        made.append(Seed(".tx", dtype, _ours(folder, ".tx", np.abs(noise(dtype, 4, 64, 32)))))
    return made


def _ours(folder: Path, suffix: str, pixels: NDArray[np.generic], **changes: object) -> bytes:
    path = folder / f"seed{suffix}"
    with codecs.create(path, spec_for(pixels, suffix, **changes)) as sink:
        sink.put(to_float(pixels))
        sink.commit()
    return path.read_bytes()


def _pillow(folder: Path, suffix: str, picture: Pillow.Image, **options: object) -> bytes:
    path = folder / f"pillow{suffix}"
    picture.save(path, **options)  # type: ignore[arg-type]
    return path.read_bytes()


def _picture(mode: str) -> Pillow.Image:
    pixels = noise("uint8", 4, WIDTH, HEIGHT)
    return Pillow.fromarray(pixels).convert("RGB" if mode == "P" else "RGBA").convert(mode)


def _pngs(folder: Path) -> Iterator[Seed]:
    for dtype in ("uint8", "uint16"):
        for channels in (1, 2, 3, 4):
            yield Seed(".png", f"{dtype} {channels}", _ours(folder, ".png", noise(dtype, channels, WIDTH, HEIGHT)))
    yield Seed(".png", "palette", _pillow(folder, ".png", _picture("P")))
    yield Seed(".png", "palette, tRNS", _pillow(folder, ".png", _picture("P"), transparency=bytes(range(200))))
    gray = packed_rows(np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH) % 4, 2)
    yield Seed(".png", "2 bits, tRNS", png(WIDTH, HEIGHT, 2, 0, gray, png_chunk(b"tRNS", b"\0\1")))
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", "a stone")
    text.add_text("Comment", "packed " * 50, zip=True)
    text.add_itxt("Author", "näher", lang="de", zip=True)
    carried = {"icc_profile": bytes(range(256)) * 2, "pnginfo": text, "dpi": (72, 72), "gamma": 0.45}
    yield Seed(".png", "ICC, text", _pillow(folder, ".png", _picture("RGBA"), **carried))
    yield Seed(".png", "interlaced", _interlaced(noise("uint8", 3, WIDTH, HEIGHT)))


def _interlaced(pixels: NDArray[np.generic]) -> bytes:
    passes = [pixels[top::down, left::across] for left, top, across, down in ADAM7]
    rows = b"".join(b"\0" + row.tobytes() for each in passes for row in each)
    height, width = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _mapped(folder: Path) -> Iterator[Seed]:
    for mode in ("L", "P", "RGB", "RGBA"):
        for compression in (None, "tga_rle"):
            data = _pillow(folder, ".tga", _picture(mode), compression=compression)
            yield Seed(".tga", f"{mode} {compression}", data)
    yield Seed(".tga", "ours, RLE", _ours(folder, ".tga", noise("uint8", 4, WIDTH, HEIGHT), storage=Storage("rle")))
    yield Seed(".tga", "no footer", tga(WIDTH, HEIGHT, data=noise("uint8", 3, WIDTH, HEIGHT).tobytes()))
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield Seed(".bmp", mode, _pillow(folder, ".bmp", _picture(mode)))
    yield Seed(".bmp", "4 bits", _bmp(4, 0, bytes(range(1, 1 + -(-WIDTH * 4 // 32) * 4)) * HEIGHT))
    yield Seed(".bmp", "RLE", _bmp(8, 1, b"\0\0".join([bytes([WIDTH, 3])] * HEIGHT) + b"\0\1"))


def _bmp(bits: int, compression: int, data: bytes) -> bytes:
    palette = bytes(range(256))[: 4 << min(bits, 4)]
    begins = 54 + len(palette)
    colours = len(palette) // 4
    header = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, bits, compression, len(data), 0, 0, colours, 0)
    return struct.pack("<2sIHHI", b"BM", begins + len(data), 0, 0, begins) + header + palette + data


def _photographs(folder: Path) -> Iterator[Seed]:
    profile = {"icc_profile": bytes(range(256)) * 2}
    for suffix in (".jpg", ".jpeg"):
        yield Seed(suffix, "baseline", _pillow(folder, suffix, _picture("RGB")))
        yield Seed(suffix, "progressive", _pillow(folder, suffix, _picture("RGB"), progressive=True))
        yield Seed(suffix, "gray", _pillow(folder, suffix, _picture("L")))
        yield Seed(suffix, "CMYK", _pillow(folder, suffix, _picture("CMYK")))
        exif = Pillow.Exif()
        exif[0x0112] = 6
        yield Seed(suffix, "EXIF", _pillow(folder, suffix, _picture("RGB"), exif=exif, comment=b"note", **profile))
    for mode in ("RGB", "RGBA"):
        yield Seed(".webp", f"lossy {mode}", _pillow(folder, ".webp", _picture(mode)))
        yield Seed(".webp", f"lossless {mode}", _pillow(folder, ".webp", _picture(mode), lossless=True))
    yield Seed(".webp", "ICC", _pillow(folder, ".webp", _picture("RGBA"), lossless=True, **profile))


def _saved(folder: Path, suffix: str, specs: list[oiio.ImageSpec]) -> bytes:
    """A file of one or several parts by OpenImageIO, of noise."""
    path = str(folder / f"oiio{suffix}")
    out = oiio.ImageOutput.create(path)
    for number, spec in enumerate(specs):
        if number == 0:
            opened = out.open(path, tuple(specs)) if len(specs) > 1 and suffix == ".exr" else out.open(path, spec)
        else:
            opened = out.open(path, spec, "AppendSubimage")
        assert opened, out.geterror()
        pixels = np.random.default_rng(number).random((spec.height, spec.width, spec.nchannels), np.float32)
        assert out.write_image(pixels), out.geterror()
    assert out.close(), out.geterror()
    return Path(path).read_bytes()


def _spec(depth: str, channels: int, **attributes: object) -> oiio.ImageSpec:
    spec = oiio.ImageSpec(WIDTH, HEIGHT, channels, depth)
    for name, value in attributes.items():
        if name == "tile":
            spec.tile_width = spec.tile_height = 16
        else:
            spec.attribute(name.replace("_", ":"), value)
    return spec


def _tiffs(folder: Path) -> Iterator[Seed]:
    yield Seed(".tif", "jpeg", _pillow(folder, ".tif", _picture("RGB"), compression="jpeg"))
    for compression in ("none", "lzw", "zip", "packbits"):
        yield Seed(".tif", compression, _saved(folder, ".tif", [_spec("uint8", 3, compression=compression)]))
    for depth in ("uint16", "half", "float"):
        yield Seed(".tif", f"tiles of {depth}", _saved(folder, ".tif", [_spec(depth, 4, tile=True)]))
    yield Seed(".tif", "planar", _saved(folder, ".tif", [_spec("uint8", 3, planarconfig="separate")]))
    yield Seed(".tif", "pages", _saved(folder, ".tif", [_spec("uint8", 1), _spec("uint8", 1)]))
    yield Seed(".tif", "palette", _pillow(folder, ".tif", _picture("P")))
    yield Seed(".tif", "ICC", _pillow(folder, ".tif", _picture("RGBA"), icc_profile=bytes(512), dpi=(72, 72)))
    yield Seed(".tiff", "CMYK", _pillow(folder, ".tiff", _picture("CMYK")))
    yield Seed(".tiff", "bits", _pillow(folder, ".tiff", _picture("1"), compression="group4"))
    yield Seed(".tiff", "ours", _ours(folder, ".tiff", noise("float32", 2, WIDTH, HEIGHT)))


def _exrs(folder: Path) -> Iterator[Seed]:
    for compression in ("none", "rle", "zip", "zips", "piz", "pxr24", "b44", "b44a", "dwaa", "dwab"):
        yield Seed(".exr", compression, _saved(folder, ".exr", [_spec("half", 4, compression=compression)]))
    yield Seed(".exr", "tiles", _saved(folder, ".exr", [_spec("float", 3, tile=True, compression="zip")]))
    parts = [_spec("half", 4, oiio_subimagename=name) for name in ("left", "right")]
    yield Seed(".exr", "parts", _saved(folder, ".exr", parts))
    layered = _spec("half", 6)
    layered.channelnames = ("diffuse.R", "diffuse.G", "diffuse.B", "gloss.R", "gloss.G", "gloss.B")
    yield Seed(".exr", "layers", _saved(folder, ".exr", [layered]))
    window = _spec("half", 3)
    window.x, window.y, window.full_width, window.full_height = -5, 7, 64, 48
    yield Seed(".exr", "window", _saved(folder, ".exr", [window]))


def _flat_hdr() -> bytes:
    head = f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\nEXPOSURE=1.0\n\n-Y {HEIGHT} +X 6\n"  # too narrow to be packed
    return head.encode() + noise("uint8", 4, 6, HEIGHT).tobytes()


def _psds() -> Iterator[Seed]:
    for dtype in ("uint8", "uint16"):
        for channels in (1, 3):
            yield Seed(".psd", f"{dtype} {channels}", psd(noise(dtype, channels, WIDTH, HEIGHT)))
    yield Seed(".psd", "uint8 4", psd(noise("uint8", 4, WIDTH, HEIGHT)))
    packed = noise("uint8", 3, WIDTH, HEIGHT).transpose(2, 0, 1).reshape(-1, WIDTH)
    rows = [bytes([WIDTH - 1]) + row.tobytes() for row in packed]  # each one a run of literals
    body = struct.pack(">H", 1) + b"".join(struct.pack(">H", len(row)) for row in rows) + b"".join(rows)
    profile = b"8BIM" + struct.pack(">HHI", 1039, 0, 64) + bytes(range(64))
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, HEIGHT, WIDTH, 8, 3)
    head += struct.pack(">II", 0, len(profile)) + profile + bytes(4)
    yield Seed(".psd", "packed, ICC", head + body)


def _surface(folder: Path, suffix: str, name: str, depth: Depth, channels: int, size: Size, **storage: object) -> bytes:
    alpha = channels - 1 if channels in (2, 4) else None
    kept = Storage(name, **storage)  # type: ignore[arg-type]
    spec = ImageSpec(size, channels, depth, suffix[1:], alpha=alpha, storage=kept)
    path = folder / f"surface{suffix}"
    rng = np.random.default_rng(channels)
    with codecs.create(path, spec) as sink:
        for each in spec.pictures:
            sink.put(rng.random((each.height, each.width, channels), np.float32))
        sink.commit()
    return path.read_bytes()


def _surfaces(folder: Path) -> Iterator[Seed]:
    square, oblong = Size(16, 16), Size(WIDTH, HEIGHT)
    kinds: list[tuple[str, str, Depth, int, Size, dict[str, object]]] = []
    for name, format in FORMATS.items():
        kinds.append((".dds", name, format.depth, format.channels[-1], oblong, {"levels": 3}))
        kinds.append((".dds", name, format.depth, format.channels[-1], oblong, {"legacy": True}))
    for suffix in (".dds", ".ktx2"):
        for name, depth in (("rgba8", Depth.UINT8), ("rgba16f", Depth.HALF), ("bc7", Depth.UINT8)):
            kinds.append((suffix, name, depth, 4, square, {"levels": 5, "slices": 6, "cube": True, "srgb": False}))
            kinds.append((suffix, name, depth, 4, square, {"levels": 2, "slices": 3, "srgb": False}))
    for name in ("rgba8", "r8", "rgba16", "rgba32f", "bc1", "bc3", "bc4", "bc5", "bc6h", "bc7"):
        format = FORMATS[name]
        kinds.append((".ktx2", name, format.depth, format.channels[-1], oblong, {"levels": 3, "srgb": False}))
    for name in ("uastc", "etc1s"):
        kinds.append((".ktx2", name, Depth.UINT8, 4, square, {"levels": 3, "srgb": True}))
    kinds += [
        (".vtf", name, format.depth, format.channels[-1], square, {"levels": 5}) for name, format in VALVE.items()
    ]
    kinds.append((".vtf", "rgba8", Depth.UINT8, 4, square, {"levels": 2, "slices": 3}))
    kinds.append((".vtf", "bc1", Depth.UINT8, 3, square, {"slices": 6, "cube": True}))
    for suffix, name, depth, channels, size, storage in kinds:
        with contextlib.suppress(OutputError, ImportError):  # a library that is not there, a header that cannot say it
            yield Seed(suffix, f"{name} {storage}", _surface(folder, suffix, name, depth, channels, size, **storage))
    yield Seed(".dds", "BC7 by hand", dds(16, 16, bytes(range(256)), dxgi=98))
    plain = _surface(folder, ".ktx2", "rgba8", Depth.UINT8, 4, oblong, levels=2, srgb=False)
    yield Seed(".ktx2", "zlib", _packed(plain, 3, zlib.compress))
    with contextlib.suppress(ImportError):
        import zstandard

        yield Seed(".ktx2", "zstd", _packed(plain, 2, zstandard.compress))


def _valve(folder: Path) -> Iterator[Seed]:
    """Older headers, and thumbnails, by another writer."""
    with contextlib.suppress(ImportError):
        from srctools.vtf import VTF, ImageFormats

        for minor in (2, 3, 5):
            made = VTF(32, 16, version=(7, minor), fmt=ImageFormats.BGRA8888, thumb_fmt=ImageFormats.DXT1)
            made.get().copy_from(noise("uint8", 4, 32, 16).tobytes())
            made.compute_mipmaps()
            with (folder / "valve.vtf").open("w+b") as file:
                made.save(file)
            yield Seed(".vtf", f"7.{minor}", (folder / "valve.vtf").read_bytes())


def _packed(plain: bytes, scheme: int, pack: Callable[[bytes], bytes]) -> bytes:
    """Pack each level of a KTX 2 file by itself."""
    data = bytearray(plain)
    count = struct.unpack_from("<I", data, 40)[0]
    places = [struct.unpack_from("<3Q", plain, 80 + 24 * level) for level in range(count)]
    first = min(begins for begins, _, _ in places)
    tail = b""
    for level, (begins, length, _) in enumerate(places):
        packed = pack(plain[begins : begins + length])
        struct.pack_into("<3Q", data, 80 + 24 * level, first + len(tail), len(packed), length)
        tail += packed
    struct.pack_into("<I", data, 44, scheme)
    return bytes(data[:first]) + tail
