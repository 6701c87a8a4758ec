"""Textures that meet in a scene agree along their borders."""

import numpy as np
import pytest

from cg_upscaler.errors import UnreadableImage, UsageError
from cg_upscaler.geometry import Edge, Edges, Size
from cg_upscaler.job import Frame, Neighbour, Via
from cg_upscaler.maps import ColorSpace, MapKind, Role
from cg_upscaler.pixels.frame import framed
from cg_upscaler.pixels.views import Array
from cg_upscaler.upscale import upscale
from tests.fakes import FakeGenerators, group, job_of, noise

LEFT, RIGHT, TOP, BOTTOM = (Neighbour(name) for name in ("left", "right", "top", "bottom"))
COLOUR = (0, 1, 2)
MARGIN = 16


def run(source, pixels, size, **more):
    scale = 2 if size.width == 2 * pixels.shape[1] else 4
    one = group(Role.COLOR, COLOUR, Size(*source.pixels.shape[1::-1]), via=Via.REDUCE if scale == 2 else Via.DIRECT)
    job = job_of(pixels, one, size=size, scale=scale, **more)
    result = upscale(source, job, FakeGenerators(), scratch=None, tick=lambda share: None)
    return result.rows(0, result.size.height)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    ("edge", "times", "near"),
    [(Edge.MIRROR, 4, 1e-5), (Edge.MIRROR, 2, 1e-5), (Edge.MIRROR, 2.5, 2e-4), (Edge.CLAMP, 4, 0.5 / 255)],
)
def test_two_halves_of_a_picture_come_out_as_the_whole_does(axis, edge, times, near):
    """Nearly, between two factors, since there the mean of a whole is held and that of a half is not.

    And under a clamp: at an outer border a whole clamps its result, and a frame what the generator is given.
    """
    pixels, edges = noise(48, 48, 3), Edges.both(edge)
    size = Size(int(48 * times), int(48 * times))
    whole = np.split(run(Array(pixels), pixels, size, edges=edges), 2, axis)
    halves = [np.ascontiguousarray(half) for half in np.split(pixels, 2, axis)]
    half_size = Size(*whole[0].shape[1::-1])
    first, second = (Frame(MARGIN, right=RIGHT), Frame(MARGIN, left=LEFT))
    if axis == 0:
        first, second = (Frame(MARGIN, bottom=BOTTOM), Frame(MARGIN, top=TOP))
    for frame, mine, other, expected, along in (
        (first, halves[0], halves[1], whole[0], range(-8, 0)),
        (second, halves[1], halves[0], whole[1], range(8)),
    ):
        source = framed(mine, frame, edges, {frame.neighbours[0]: other})
        result = run(source, mine, half_size, edges=edges, frame=frame)
        alone = run(Array(mine), mine, half_size, edges=edges)
        off, without = (np.abs(picture - expected).take(along, axis).max() for picture in (result, alone))
        assert off < near < 0.01 < without


def test_a_neighbour_is_turned_into_place():
    """The faces of a box: what lies beside one may be stored upside down, or on its side."""
    whole = noise(8, 16, 3)
    mine, other = np.ascontiguousarray(whole[:, :8]), np.ascontiguousarray(whole[:, 8:])
    straight = framed(mine, Frame(3, right=RIGHT), Edges(), {RIGHT: other})
    for turns in (1, 2, 3):
        turned = Neighbour("right", turns)
        stored = np.rot90(other, -turns)
        result = framed(mine, Frame(3, right=turned), Edges(), {turned: stored})
        assert np.array_equal(result.pixels, straight.pixels)
    assert np.array_equal(straight.pixels[3:-3, 3:], whole[:, :11])


def test_each_side_shows_its_own_neighbour_and_corners_continue_what_is_beside():
    mine = np.zeros((6, 6, 1), np.uint16)
    others = {side: np.full_like(mine, number) for number, side in enumerate((LEFT, RIGHT, TOP, BOTTOM), 1)}
    canvas = framed(mine, Frame(2, LEFT, None, TOP, BOTTOM), Edges(), others).pixels[:, :, 0]
    assert canvas.dtype == np.uint16
    assert (canvas[:, :2] == 1).all()
    assert (canvas[2:-2, 2:] == 0).all()
    assert (canvas[:2, 2:] == 3).all()
    assert (canvas[-2:, 2:] == 4).all()


def test_a_margin_wider_than_a_neighbour_goes_on_beyond_it():
    mine, other = noise(3, 3, 1), noise(3, 3, 1, seed=1)
    canvas = framed(mine, Frame(5, right=RIGHT), Edges.both(Edge.MIRROR), {RIGHT: other}).pixels
    assert np.array_equal(canvas[5:8, 8:], other[:, [0, 1, 2, 2, 1]])


def test_beyond_a_border_with_nothing_there_lies_nothing():
    canvas = framed(noise(4, 4, 2) | 1, Frame(2), Edges.both(Edge.ZERO), {}).pixels
    assert not canvas[:2].any()
    assert not canvas[:, -2:].any()
    assert canvas[2:-2, 2:-2].all()


def test_a_neighbour_of_another_size_or_type_is_named():
    mine = noise(8, 8, 3)
    for other in (noise(8, 4, 3), noise(8, 8, 1), noise(8, 8, 3).astype(np.uint16)):
        with pytest.raises(UnreadableImage, match=r"right: is .* beside it 8×8, 3 × uint8"):
            framed(mine, Frame(2, right=RIGHT), Edges(), {RIGHT: other})


def test_neighbours_do_not_go_with_a_factor_that_cuts_their_texels():
    pixels = noise(10, 10, 3)
    source = framed(pixels, Frame(3, right=RIGHT), Edges(), {RIGHT: pixels})
    with pytest.raises(UsageError, match="10×10 as 15×15"):
        run(source, pixels, Size(15, 15), frame=Frame(3, right=RIGHT))


def test_vectors_through_a_generator_agree_along_a_border_as_well():
    rng = np.random.default_rng(0)
    slopes = rng.normal(0, 0.3, (32, 64, 2)).astype(np.float32)
    vectors = np.dstack([slopes, np.ones((32, 64), np.float32)])
    pixels = np.round((vectors / np.linalg.norm(vectors, axis=2, keepdims=True) / 2 + 0.5) * 255).astype(np.uint8)

    def normals(source, size, **more):
        one = group(Role.NORMAL, COLOUR, Size(32, 32), color_space=ColorSpace.DATA)
        job = job_of(pixels, one, size=size, kind=MapKind.NORMAL, **more)
        return upscale(source, job, FakeGenerators(), scratch=None, tick=lambda share: None).rows(0, size.height)

    whole = normals(Array(pixels), Size(256, 128))
    frame = Frame(MARGIN, right=RIGHT)
    source = framed(np.ascontiguousarray(pixels[:, :32]), frame, Edges(), {RIGHT: pixels[:, 32:]})
    half = normals(source, Size(128, 128), frame=frame)
    assert np.abs(half[:, -8:] - whole[:, 120:128]).max() < 1e-5
