"""Levels that somebody made are told from those that any tool makes of the first."""

import cv2
import numpy as np
import pytest
from PIL import Image

from cg_upscaler.library.survey.mips import BY_HAND, made_by_hand
from tests.pictures import height_field, normals, painted, stone

FILTERS = {how.name: how for how in (Image.Resampling.BOX, Image.Resampling.LANCZOS, Image.Resampling.BICUBIC)}


def smaller(pixels, level, how=Image.Resampling.BOX, *, light=False):
    """A level as tools make it: by Pillow, rounded to levels of 255."""
    if light:
        pixels = np.where(pixels <= 0.04045, pixels / 12.92, ((pixels + 0.055) / 1.055) ** 2.4)
    size = max(1, pixels.shape[1] >> level), max(1, pixels.shape[0] >> level)
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(plane, np.float32)).resize(size, how))
        for plane in np.moveaxis(pixels, 2, 0)
    ]
    result = np.dstack(planes).reshape(size[1], size[0], -1)
    if light:
        result = np.maximum(result, 0)
        result = np.where(result <= 0.0031308, result * 12.92, 1.055 * result ** (1 / 2.4) - 0.055)
    return rounded(result)


def rounded(pixels):
    return (np.round(np.clip(pixels, 0, 1) * 255) / 255).astype(np.float32)


def as_blocks(pixels):
    """Noise as that of BC1: colours of 565, four to a block on a line."""
    ispc_texcomp, decoder = (pytest.importorskip(name) for name in ("ispc_texcomp", "texture2ddecoder"))
    height, width = pixels.shape[:2]
    padded = np.pad(pixels, ((0, -height % 4), (0, -width % 4), (0, 0)), mode="edge")
    texels = np.full((*padded.shape[:2], 4), 255, np.uint8)
    texels[:, :, :3] = np.round(padded * 255)
    surface = ispc_texcomp.RGBASurface(texels.tobytes(), texels.shape[1], texels.shape[0], texels.shape[1] * 4)
    decoded = decoder.decode_bc1(ispc_texcomp.compress_blocks_bc1(surface), texels.shape[1], texels.shape[0])
    bgra = np.frombuffer(decoded, np.uint8).reshape(texels.shape)
    return bgra[:height, :width, 2::-1].astype(np.float32) / 255


def pictures():
    return {"stone": stone(256), "painted": painted(256), "odd": stone(256)[:201, :97]}


PICTURE = pytest.mark.parametrize("name", list(pictures()))
LEVEL = pytest.mark.parametrize("level", [1, 2, 3, 4])


@PICTURE
@LEVEL
@pytest.mark.parametrize("how", list(FILTERS))
@pytest.mark.parametrize("light", [False, True])
def test_filters_curves_and_blocks_do_not_count(name, level, how, light):
    first = pictures()[name].astype(np.float32) / 255
    made = smaller(first, level, FILTERS[how], light=light)
    assert made_by_hand(first, made) < BY_HAND / 3
    assert made_by_hand(as_blocks(first), as_blocks(made)) < BY_HAND * 0.75


@PICTURE
@LEVEL
def test_what_somebody_drew_into_a_level_counts(name, level):
    first = pictures()[name].astype(np.float32) / 255
    made = smaller(first, level)
    drawn = np.ascontiguousarray(np.round(made * 255), np.uint8)
    cv2.line(drawn, (0, 0), drawn.shape[1::-1], (255, 255, 0), max(1, drawn.shape[0] // 24))
    colour_coded = made * 0.5 + np.float32([0.5, 0, 0])
    faded = made * 0.3 + 0.7 * 0.5
    another = smaller(pictures()["painted" if name != "painted" else "stone"].astype(np.float32) / 255, level)
    another = another[: made.shape[0], : made.shape[1]]
    for level_by_hand in (drawn.astype(np.float32) / 255, colour_coded, faded, another):
        assert made_by_hand(as_blocks(first), as_blocks(level_by_hand)) > BY_HAND


def test_vectors_of_unit_length_are_as_good_as_their_mean():
    first = normals(height_field(256), strength=30).astype(np.float32) / 255
    for level in (1, 2, 3):
        mean = smaller(first, level)
        long = mean * 2 - 1
        unit = rounded(long / np.linalg.norm(long, axis=2, keepdims=True) / 2 + 0.5)
        assert max(made_by_hand(first, one, vectors=True) for one in (mean, unit)) < BY_HAND / 3
        assert made_by_hand(first[:, :, :2], unit[:, :, :2], vectors=True) < BY_HAND / 3
        drawn = unit.copy()
        drawn[::4] = rounded(np.float32([0.9, 0.5, 0.8]))
        assert made_by_hand(first, drawn, vectors=True) > BY_HAND


def test_hidden_colour_and_bent_alpha_do_not_count():
    rng = np.random.default_rng(0)
    alpha = (cv2.GaussianBlur(rng.normal(0, 1, (128, 128)), (0, 0), 3) > 0.05).astype(np.float32)
    first = np.dstack([np.where(alpha[:, :, None] > 0, np.float32([0.2, 0.6, 0.1]), np.float32([1, 0, 1])), alpha])
    plain = smaller(first, 2)
    weighed = plain.copy()
    weighed[:, :, :3] = [0.2, 0.6, 0.1]
    weighed[:, :, 3] = weighed[:, :, 3] > 0.3
    for level in (plain, weighed):
        assert made_by_hand(first, level, alpha=3) < BY_HAND / 3
    weighed[:, :, :3] = [0.2, 0.3, 0.1]
    assert made_by_hand(first, weighed, alpha=3) > BY_HAND
    first[:, :, 3] = 0
    assert made_by_hand(first, weighed, alpha=3) == 0  # nothing is seen


def test_a_level_has_the_channels_of_the_first_and_is_no_larger():
    first = np.zeros((8, 8, 3), np.float32)
    for shape in ((4, 4, 4), (16, 4, 3)):
        with pytest.raises(ValueError, match="no level of"):
            made_by_hand(first, np.zeros(shape, np.float32))
    assert made_by_hand(first, first[:1, :1]) == 0
