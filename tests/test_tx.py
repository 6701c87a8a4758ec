"""Textures of renderers: tiled, with levels, in the depth of their source, and the same bytes each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from cg_upscaler import cli, codecs
from cg_upscaler.codecs.straight import multiplied
from cg_upscaler.errors import UnreadableImage
from tests.image_files import noise, write


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_first_level_is_the_picture_and_others_follow(tmp_path: Path, dtype: str, channels: int) -> None:
    pixels = np.abs(noise(dtype, channels, 96, 64))
    if dtype.startswith("float") and channels == 4:
        pixels[:, :, 3] = np.clip(pixels[:, :, 3], 0, 1)
    files = []
    for name in ("a.tx", "b.tx"):
        write(tmp_path / name, pixels)
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]
    assert {path.name for path in tmp_path.iterdir()} == {"a.tx", "b.tx"}
    source = oiio.ImageInput.open(str(tmp_path / "a.tx"), _unmultiplied())
    assert source.spec().tile_width > 0
    assert source.format_name() == ("openexr" if dtype.startswith("float") else "tiff")
    shown = multiplied(pixels, 3) if channels == 4 else pixels
    there = source.read_image(source.spec().format).reshape(pixels.shape)
    np.testing.assert_allclose(there.astype(np.float32), shown.astype(np.float32), rtol=1e-3, atol=1)
    levels = 0
    while source.seek_subimage(0, levels):
        levels += 1
    assert levels == 7
    ours = codecs.read(tmp_path / "a.tx").pixels
    if channels < 4:
        np.testing.assert_array_equal(ours, pixels)
    else:  # what lies under no alpha is gone, and under little of it rounded
        seen = pixels[:, :, 3].astype(np.float32) > np.float32(pixels[:, :, 3].max()) * 0.5
        top = 1 if dtype.startswith("float") else np.iinfo(dtype).max
        assert np.abs(ours[seen].astype(np.float32) - pixels[seen].astype(np.float32)).max() <= max(0.01 * top, 2)


def _unmultiplied() -> oiio.ImageSpec:
    config = oiio.ImageSpec()
    config.attribute("oiio:UnassociatedAlpha", 1)
    return config


def test_a_tileable_texture_says_so(tmp_path: Path) -> None:
    y, x = np.mgrid[:64, :64] * (2 * np.pi / 64)
    light = np.stack([1 + np.sin(x), 1 + np.cos(y), 1 + np.sin(x + y)], axis=2).astype(np.float16)
    write(tmp_path / "in" / "wall_color.exr", light)
    args = ["convert", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--format", "tx"]
    assert cli.run_cli(args) == 0
    source = oiio.ImageInput.open(str(tmp_path / "out" / "wall_color.tx"))
    assert source.spec().get_string_attribute("wrapmodes") == "periodic,periodic"


def test_what_is_no_texture_of_a_renderer_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.tx").write_bytes(b"something else, which is long enough to have a header")
    with pytest.raises(UnreadableImage):
        codecs.probe(tmp_path / "a.tx")
