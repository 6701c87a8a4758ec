"""JPEG files keep the mean colour of what they hold."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from cg_upscaler.codecs.jpeg import _encoded, encode
from tests.fakes import noise


def decoded(data):
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


@pytest.fixture(scope="module")
def stone():
    """Nearly gray, with a warm cast that differs from texel to texel by a few levels."""
    gray = cv2.GaussianBlur(noise(160, 200, 1), (5, 5), 1)[:, :, None].astype(float)
    cast = cv2.GaussianBlur(noise(160, 200, 3, seed=1), (9, 9), 3).astype(float) / 255 * 14
    return np.clip(gray + cast + [1.2, 0, -0.8], 0, 255).round().astype(np.uint8)


def moved(data, pixels):
    return np.abs(decoded(data).mean((0, 1)) - pixels.mean((0, 1))).max()


def test_the_mean_of_a_nearly_gray_picture_stays(stone):
    assert moved(_encoded(stone), stone) > 0.1  # or this test shows nothing
    assert moved(encode(stone), stone) < 0.05
    assert -10 * np.log10(np.mean((decoded(encode(stone)) / 255.0 - stone / 255.0) ** 2)) > 40


def test_a_plain_tint_that_all_rounds_one_way_is_not_made_worse():
    gray = cv2.GaussianBlur(noise(160, 200, 1), (5, 5), 1)[:, :, None].astype(int)
    pixels = np.clip(gray + np.array([40, 0, -40]), 0, 255).astype(np.uint8)
    assert moved(encode(pixels), pixels) <= moved(_encoded(pixels), pixels)


def test_gray_pictures_stay_gray():
    pixels = noise(30, 41, 1)
    assert decoded(encode(pixels)).shape == (30, 41, 1)


def test_equal_pictures_give_equal_files():
    pixels = noise(64, 64, 3)
    assert encode(pixels) == encode(pixels.copy())
