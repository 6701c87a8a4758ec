"""Slices of an array are upscaled each by itself, and the faces of a cube so that they agree along their edges."""

from dataclasses import replace

import numpy as np
import pytest

from cg_upscaler.codecs import Image
from cg_upscaler.errors import UnreadableImage, UsageError
from cg_upscaler.flight.reading import picture_of
from cg_upscaler.gates import Judge
from cg_upscaler.geometry import Edge, Edges, Size
from cg_upscaler.job import Frame, Neighbour
from cg_upscaler.maps import Role
from cg_upscaler.pixels import cube
from cg_upscaler.pixels.cube import framed_faces
from cg_upscaler.pixels.rows import pour
from cg_upscaler.pixels.slices import slice_by_slice, slices_of
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Storage
from cg_upscaler.upscale import upscale
from tests.fakes import FakeGenerators, group, job_of, noise

COLOUR = (0, 1, 2)
SIDES = ("left", "right", "top", "bottom")

FORWARD_RIGHT_UP = (
    ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    ((-1, 0, 0), (0, 0, 1), (0, 1, 0)),
    ((0, 1, 0), (1, 0, 0), (0, 0, -1)),
    ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
    ((0, 0, 1), (1, 0, 0), (0, 1, 0)),
    ((0, 0, -1), (-1, 0, 0), (0, 1, 0)),
)
"""Of the faces +X, -X, +Y, -Y, +Z, -Z, as a camera in the left-handed world of Direct3D sees them."""


def job_for(slices, pixels, scale=4, is_cube=False, **more):
    """A job for pictures of the size of `pixels`, so many below each other."""
    size = Size(pixels.shape[1], pixels.shape[0])
    job = job_of(pixels, group(Role.COLOR, COLOUR, size), scale=scale, **more)
    storage = Storage(slices=slices, cube=is_cube)
    return replace(
        job,
        source_spec=replace(job.source_spec, storage=storage),
        output_spec=replace(job.output_spec, storage=storage),
    )


def run(source, job):
    result = upscale(source, job, FakeGenerators(), scratch=None, tick=lambda share: None)
    return result.rows(0, result.size.height)


def test_a_slice_comes_out_as_it_does_alone():
    pictures = [noise(12, 10, 3, seed=seed) for seed in range(3)]
    whole = run(Array(np.concatenate(pictures)), job_for(3, pictures[0], edges=Edges.both(Edge.WRAP)))
    for number, picture in enumerate(pictures):
        alone = run(Array(picture), job_for(1, picture, edges=Edges.both(Edge.WRAP)))
        assert np.array_equal(whole[number * 48 : (number + 1) * 48], alone)


@pytest.mark.parametrize("rows", [(0, 12), (3, 5), (3, 9), (0, 1), (7, 12), (4, 8)])
def test_any_rows_of_a_stack_can_be_read(rows):
    pixels = noise(12, 5, 2)
    stack = slice_by_slice(Array(pixels), 3, lambda number, one: one)
    assert stack.size == Size(5, 12)
    assert np.array_equal(stack.rows(*rows), Array(pixels).rows(*rows))


def test_progress_goes_on_from_slice_to_slice():
    pixels, told = noise(8, 8, 3), []
    upscale(Array(np.tile(pixels, (4, 1, 1))), job_for(4, pixels), FakeGenerators(), scratch=None, tick=told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    assert len({round(share * 4) for share in told}) >= 4


def test_a_stack_that_does_not_divide_is_refused():
    with pytest.raises(UsageError, match="no stack of 5 pictures"):
        list(slices_of(Array(noise(12, 5, 2)), 5))


def test_gates_measure_all_slices_and_no_seam_between_them():
    pixels = noise(8, 8, 3)
    stack = np.concatenate([pixels, 255 - pixels])
    job = job_for(2, pixels, scale=1, edges=Edges.both(Edge.WRAP))
    kept = Kept()
    judge = Judge(kept, Array(stack), job)
    pour(Array(stack), judge)
    figures = {figure.name: figure.value for figure in judge.figures()}
    assert figures == {"color_drift": 0, "consistency": 120}
    half = np.concatenate([pixels, pixels])
    judge = Judge(kept, Array(stack), job)
    pour(Array(half), judge)
    assert {figure.name: figure.value for figure in judge.figures()}["consistency"] < 20


class Kept:
    def put(self, rows):
        pass


def directions(side):
    """A cube whose texels say where they look, (6·side, side, 3), of unit length."""
    at = (np.arange(side) + 0.5) / side * 2 - 1
    faces = []
    for forward, right, up in np.array(FORWARD_RIGHT_UP, float):
        looks = forward + at[None, :, None] * right - at[:, None, None] * up
        faces.append(looks / np.linalg.norm(looks, axis=2, keepdims=True))
    return np.concatenate(faces).astype(np.float32)


def steps(side, margin):
    """The largest step between texels next to each other, from each face out into its frame, over all 24 sides."""
    outer = side + 2 * margin
    stack = framed_faces(directions(side), margin).pixels
    assert stack.shape == (6 * outer, outer, 3)
    found = {}
    for face in range(6):
        whole = stack[face * outer : (face + 1) * outer]
        for turns, where in enumerate(("top", "right", "bottom", "left")):
            outwards = np.rot90(whole, turns)[: margin + 1, margin : margin + side]
            found[face, where] = float(np.linalg.norm(np.diff(outwards, axis=0), axis=2).max())
    return found


def test_a_frame_goes_on_where_each_of_the_twelve_edges_leads():
    texel = 2 / 32
    for at, step in steps(32, 8).items():
        assert step < 1.1 * texel, at


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_wrong_turn_would_be_noticed(monkeypatch, turns):
    right = cube.beside
    monkeypatch.setattr(cube, "beside", lambda face, side: (right(face, side)[0], (right(face, side)[1] + turns) % 4))
    assert min(steps(32, 8).values()) > 10 * 2 / 32


def test_each_edge_is_seen_from_both_of_its_faces():
    pairs = {frozenset([face, cube.beside(face, side)[0]]) for face in range(6) for side in SIDES}
    assert len(pairs) == 12
    for face in range(6):
        around = {cube.beside(face, side)[0] for side in SIDES}
        assert around == set(range(6)) - {face, face ^ 1}


def test_the_inside_of_a_frame_is_the_face_and_its_type_stays():
    stack = noise(6 * 4, 4, 3).astype(np.uint16)
    result = framed_faces(stack, 2).pixels
    assert result.dtype == np.uint16
    for face in range(6):
        assert np.array_equal(result[face * 8 + 2 : face * 8 + 6, 2:6], stack[face * 4 : face * 4 + 4])


def test_a_margin_wider_than_a_face_repeats_its_last_texels():
    stack = directions(4)
    narrow, wide = framed_faces(stack, 4).pixels, framed_faces(stack, 9).pixels
    for face in range(6):
        inner, outer = narrow[face * 12 : face * 12 + 12], wide[face * 22 : face * 22 + 22]
        assert np.array_equal(outer[9:13, 5:17], inner[4:8])
        assert np.array_equal(outer[9:13, :5], np.repeat(inner[4:8, :1], 5, axis=1))


def test_cubes_of_an_array_do_not_see_each_other():
    first, second = noise(24, 4, 1), noise(24, 4, 1, seed=1)
    both = framed_faces(np.concatenate([first, second]), 2).pixels
    assert np.array_equal(both[48:], framed_faces(second, 2).pixels)


def test_what_is_no_cube_is_refused():
    for shape in ((24, 5, 3), (20, 4, 3), (5, 4, 3), (2, 4, 3)):
        with pytest.raises(UnreadableImage, match="no stack of cubes"):
            framed_faces(np.zeros(shape, np.uint8), 2)


def test_faces_agree_along_their_edges_once_they_are_upscaled():
    """By far more than without a frame: both sides of an edge are filtered from the same texels."""
    side, scale = 16, 4
    looks = directions(side)
    waves = 0.5 + 0.4 * np.sin(7 * looks @ np.array([[1, 0.3, 0], [0.2, 1, 0.4], [0.5, 0, 1]], np.float32))
    pixels = np.round(waves * 255).astype(np.uint8)
    plain = job_for(6, pixels[:side], is_cube=True)
    framed = replace(plain, frame=Frame(8))
    image = Image(replace(plain.source_spec), pixels)
    results = [run(picture_of(image, job), job) for job in (framed, plain)]
    jumps = []
    for result in results:
        assert result.shape == (6 * side * scale, side * scale, 3)
        whole = framed_faces(result, 1).pixels
        outer = side * scale + 2
        jumps.append(
            max(
                np.abs(np.diff(np.rot90(whole[face * outer : (face + 1) * outer], turns)[:2, 1:-1], axis=0)).mean()
                for face in range(6)
                for turns in range(4)
            )
        )
    assert jumps[0] < 0.5 * jumps[1]


def test_neighbours_on_disk_are_for_pictures_that_are_no_cubes():
    pixels = noise(24, 4, 3)
    job = replace(job_for(6, pixels[:4], is_cube=True), frame=Frame(2))
    assert picture_of(Image(job.source_spec, pixels), job).size == Size(8, 48)
    flat = replace(job_for(1, pixels[:4]), frame=Frame(2, left=Neighbour("nowhere.png")))
    with pytest.raises(UnreadableImage, match="nowhere"):
        picture_of(Image(flat.source_spec, pixels[:4]), flat)
