"""The pictures of a sheet are upscaled each by itself, and what keeps them apart stays as it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cg_upscaler.errors import UsageError
from cg_upscaler.geometry import Cells, Edges, Size
from cg_upscaler.maps import AlphaMode, Role
from cg_upscaler.pixels.cells import cell_by_cell
from cg_upscaler.pixels.fit import fitted
from cg_upscaler.pixels.rows import blocks, to_float
from cg_upscaler.pixels.views import Array
from cg_upscaler.upscale import upscale
from tests.fakes import FakeGenerators, group, job_of, noise

COLOUR = (0, 1, 2)


def sheet_of(cells, width=10, height=8, channels=3, gutter_value=7):
    """A sheet of noise in gutters of one value."""
    pixels = np.full(
        ((height + 2 * cells.gutter) * cells.rows, (width + 2 * cells.gutter) * cells.columns, channels), 0
    )
    pixels = np.full_like(pixels, gutter_value, dtype=np.uint8)
    for number, (row, column) in enumerate(np.ndindex(cells.rows, cells.columns)):
        inside(pixels, cells, row, column)[:] = noise(height, width, channels, seed=number)
    return pixels


def inside(pixels, cells, row, column, scale=1):
    """The part of a sheet, `scale` times as large, that a cell's picture takes."""
    height, width = pixels.shape[0] // cells.rows, pixels.shape[1] // cells.columns
    rim = cells.gutter * scale
    top, left = row * height, column * width
    return pixels[top + rim : top + height - rim, left + rim : left + width - rim]


def run(pixels, cells, scale=4, **more):
    content = cells.content(Size(pixels.shape[1], pixels.shape[0]))
    job = job_of(pixels, group(Role.COLOR, COLOUR, content), scale=scale, cells=cells, **more)
    return upscale(Array(pixels), job, FakeGenerators(), scratch=None, tick=lambda share: None)


@pytest.mark.parametrize("gutter", [0, 1, 3])
def test_a_change_in_one_cell_reaches_no_other(gutter):
    cells = Cells(3, 2, gutter)
    pixels = sheet_of(cells)
    before = run(pixels, cells).rows(0, pixels.shape[0] * 4)
    inside(pixels, cells, 1, 1)[:] = 255 - inside(pixels, cells, 1, 1)
    after = run(pixels, cells).rows(0, pixels.shape[0] * 4)
    changed = np.zeros(before.shape[:2], bool)
    inside(changed, cells, 1, 1, scale=4)[:] = True
    assert np.array_equal(before[~changed], after[~changed])
    assert np.abs(before[changed] - after[changed]).max() > 0.2


def test_a_cell_comes_out_as_it_does_alone():
    cells = Cells(2, 2, 1)
    pixels = sheet_of(cells)
    whole = run(pixels, cells).rows(0, pixels.shape[0] * 4)
    alone = np.ascontiguousarray(inside(pixels, cells, 1, 0))
    one = run(alone, Cells(1, 1)).rows(0, alone.shape[0] * 4)
    assert np.array_equal(inside(whole, cells, 1, 0, scale=4), one)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_gutters_come_back_as_squares_of_their_own_colour(scale):
    cells = Cells(3, 2, 2)
    pixels = sheet_of(cells)
    kept = np.ones(pixels.shape[:2], bool)
    for row, column in np.ndindex(2, 3):
        inside(kept, cells, row, column)[:] = False
    pixels[kept] = np.random.default_rng(1).integers(0, 256, (kept.sum(), 3))
    size = Size(pixels.shape[1], pixels.shape[0]) * scale
    result = run(pixels, cells, size=size).rows(0, size.height)
    squares = to_float(pixels).repeat(scale, 0).repeat(scale, 1)
    kept = kept.repeat(scale, 0).repeat(scale, 1)
    assert np.array_equal(result[kept], squares[kept])


@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 3), st.sampled_from([1, 3, 4, 5, 6, 8, 10]))
def test_gutters_show_only_what_gutters_held_at_any_size(columns, rows, gutter, halves):
    """Cells are white and gutters black: whatever is not white has come from a gutter, and is black."""
    cells = Cells(columns, rows, gutter)
    pixels = sheet_of(cells, width=4, height=6, gutter_value=0)
    for row, column in np.ndindex(rows, columns):
        inside(pixels, cells, row, column)[:] = 255
    size = Size(pixels.shape[1] * halves // 2, pixels.shape[0] * halves // 2)
    result = cell_by_cell(
        Array(pixels), cells, size, lambda _, cell, wanted: fitted(cell, wanted, job_of(pixels).edges)
    )
    assert result.size == size
    whole = result.rows(0, size.height)
    assert ((whole < 1e-6) | (np.abs(whole - 1) < 1e-6)).all()
    white = (4 * halves // 2) * (6 * halves // 2) * columns * rows
    assert (whole[:, :, 0] > 0.5).sum() == white


@given(st.integers(1, 300))
def test_rows_are_the_same_however_they_are_asked_for(texels):
    cells = Cells(2, 3, 1)
    pixels = sheet_of(cells, width=5, height=4)
    size = Size(pixels.shape[1], pixels.shape[0]) * 2
    sheet = cell_by_cell(Array(pixels), cells, size, lambda _, cell, wanted: fitted(cell, wanted, Edges()))
    assert np.array_equal(np.concatenate(list(blocks(sheet, texels))), sheet.rows(0, size.height))


def test_hidden_colour_of_one_cell_is_not_filled_from_another():
    cells = Cells(2, 1)
    pixels = np.zeros((12, 24, 4), np.uint8)
    pixels[:, :12] = (200, 0, 0, 255)
    pixels[:, 12:, :3], pixels[4:8, 16:20, 3] = (0, 0, 200), 255
    content = Size(12, 12)
    groups = group(Role.COLOR, COLOUR, content), group(Role.ALPHA, (3,), content)
    job = job_of(pixels, *groups, cells=cells, alpha=AlphaMode.CUTOUT)
    result = upscale(Array(pixels), job, FakeGenerators(), scratch=None, tick=lambda share: None).rows(0, 48)
    assert result[:, 48:, 0].max() < 1 / 255


def test_progress_covers_all_cells():
    cells = Cells(2, 2)
    pixels = sheet_of(cells)
    shares = []
    job = job_of(pixels, group(Role.COLOR, COLOUR, Size(10, 8)), cells=cells)
    upscale(Array(pixels), job, FakeGenerators(), scratch=None, tick=shares.append)
    assert shares == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize(("cells", "size"), [(Cells(3, 1), Size(80, 32)), (Cells(2, 1, 5), Size(80, 32))])
def test_a_grid_that_does_not_divide_the_sheet_is_refused_in_words(cells, size):
    pixels = noise(8, 20, 3)
    with pytest.raises(UsageError, match="does not divide"):
        cell_by_cell(Array(pixels), cells, size, lambda _, cell, wanted: cell)


def test_a_grid_that_does_not_divide_the_result_is_refused_in_words():
    pixels = noise(8, 20, 3)
    with pytest.raises(UsageError, match="51×20 evenly"):
        cell_by_cell(Array(pixels), Cells(4, 1), Size(51, 20), lambda _, cell, wanted: cell)
