"""Quality gates: what is measured of a result while it is written, and what becomes of one that will not do."""

import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cg_upscaler import codecs
from cg_upscaler.engine import Engine
from cg_upscaler.gates import Judge, in_words, judged, lost_in_encoding
from cg_upscaler.geometry import Cells, Edge, Edges, Size
from cg_upscaler.job import Figure, Gates, Outcome
from cg_upscaler.library.config import load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.record.known import known_outputs_under
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind, Role
from cg_upscaler.measure.angular import angles
from cg_upscaler.measure.consistency import consistency
from cg_upscaler.measure.coverage import coverage
from cg_upscaler.measure.drift import drift
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.resample import enlarge, shrink
from cg_upscaler.pixels.rows import blocks, pour, to_float
from cg_upscaler.pixels.views import Array
from tests.fakes import BlurNetwork, FakeGenerators, group, job_of, noise
from tests.test_engine import CPU, save, tree

COLOUR = (0, 1, 2)
WRAP = Edges.both(Edge.WRAP)


class Nowhere:
    def put(self, rows):
        pass

    commit = discard = lambda self: None


def figures(source, result, *groups, texels=None, **more):
    """What a judge says of a result, stored numbers, put row block by row block."""
    size = Size(result.shape[1], result.shape[0])
    job = job_of(source, *groups, size=size, **more)
    judge = Judge(Nowhere(), Array(source), job)
    for block in blocks(Array(result.astype(np.float32)), texels):
        judge.put(block)
    return {figure.name: figure.value for figure in judge.figures()}


def colour(pixels, **more):
    return group(Role.COLOR, COLOUR, Size(pixels.shape[1], pixels.shape[0]), **more)


def squares(pixels, factor=4):
    return to_float(pixels).repeat(factor, 0).repeat(factor, 1)


# --- what is measured


def test_a_result_that_says_what_its_source_says_is_perfect():
    pixels = noise(12, 10, 3)
    found = figures(pixels, squares(pixels), colour(pixels), edges=WRAP)
    assert found["color_drift"] == 0
    assert found["consistency"] == 120
    assert found["seam"] == pytest.approx(1, abs=0.01)


@given(st.integers(1, 400), st.sampled_from([2, 3, 4]), st.integers(1, 9), st.integers(1, 9))
def test_figures_do_not_depend_on_how_rows_come(texels, factor, height, width):
    pixels = noise(height, width, 4)
    result = np.clip(squares(pixels, factor) + np.random.default_rng(0).normal(0, 0.02, (1,)), 0, 1)
    groups = colour(pixels), group(Role.ALPHA, (3,), Size(width, height))
    more = {"edges": WRAP, "alpha": AlphaMode.CUTOUT}
    whole = figures(pixels, result, *groups, **more)
    assert set(whole) == {"color_drift", "consistency", "coverage_error", "seam"}
    assert figures(pixels, result, *groups, texels=texels, **more) == pytest.approx(whole, abs=2e-4)


def test_figures_are_those_of_whole_pictures():
    """The measures that compare whole files, and those that run along, are the same."""
    pixels = noise(40, 36, 4)
    pixels[:, :, 3] = np.where(pixels[:, :, 3] > 128, 255, 0)
    result = np.clip(squares(pixels) + np.random.default_rng(1).normal(0.01, 0.1, (160, 144, 4)), 0, 1)
    result = result.astype(np.float32)
    groups = colour(pixels), group(Role.ALPHA, (3,), Size(36, 40))
    found = figures(pixels, result, *groups, alpha=AlphaMode.CUTOUT, texels=1000)
    source = to_float(pixels)
    (before, old), (after, new) = ((picture[:, :, :3], picture[:, :, 3:]) for picture in (source, result))
    assert found["color_drift"] == pytest.approx(drift(before, after, (old, new)), abs=1e-3)
    assert found["consistency"] == pytest.approx(consistency(before, after, weights=old), abs=1e-3)
    covered = coverage(old, np.round(new * 255) / 255)
    assert found["coverage_error"] == pytest.approx(covered.relative, abs=1e-4)


def test_drift_is_that_of_the_channel_that_drifted_most():
    pixels = noise(8, 8, 3) // 2
    result = squares(pixels)
    result[:, :, 1] += 1.32 / 255
    assert figures(pixels, result, colour(pixels))["color_drift"] == pytest.approx(1.32, abs=1e-3)


def test_drift_of_one_packed_channel_is_not_lost_among_the_others():
    pixels = noise(8, 8, 3) // 2
    result = squares(pixels)
    result[:, :, 2] += 3 / 255
    groups = [group(Role.SCALAR, (i,), Size(8, 8), color_space=ColorSpace.DATA) for i in COLOUR]
    found = figures(pixels, result, *groups, kind=MapKind.PACKED)
    assert found["color_drift"] == pytest.approx(3, abs=1e-3)
    assert found["consistency"] == pytest.approx(20 * np.log10(255 / 3), abs=0.01)


@pytest.mark.parametrize("mode", [AlphaMode.CUTOUT, AlphaMode.BLEND])
def test_what_cannot_be_seen_neither_drifts_nor_counts(mode):
    pixels = noise(8, 8, 4)
    pixels[:, :, 3] = np.where(np.arange(8) < 4, 255, 0)
    result = squares(pixels)
    result[:, 16:, :3] = 0.9
    groups = colour(pixels), group(Role.ALPHA, (3,), Size(8, 8))
    found = figures(pixels, result, *groups, alpha=mode)
    assert (found["color_drift"], found["consistency"]) == (0, 120)
    seen = figures(pixels, result, *groups, alpha=AlphaMode.MASK)
    assert seen["color_drift"] > 20


def test_nothing_to_see_is_nothing_wrong():
    pixels = noise(8, 8, 4)
    pixels[:, :, 3] = 0
    found = figures(
        pixels, squares(pixels), colour(pixels), group(Role.ALPHA, (3,), Size(8, 8)), alpha=AlphaMode.CUTOUT
    )
    assert found == {"color_drift": 0, "consistency": 120, "coverage_error": 0}


def test_a_gray_picture_stored_as_rgb_is_measured_once():
    pixels = noise(8, 8, 1).repeat(3, 2)
    one = group(Role.SCALAR, (0,), Size(8, 8), targets=COLOUR)
    assert figures(pixels, squares(pixels), one) == {"color_drift": 0, "consistency": 120}


def test_float_data_drifts_by_its_own_range_and_light_by_its_mean():
    heights = noise(8, 8, 1).astype(np.float32) * 40
    result = squares(heights) + np.ptp(np.append(heights, 0)) / 255
    one = group(Role.SCALAR, (0,), Size(8, 8), color_space=ColorSpace.DATA)
    assert figures(heights, result, one, kind=MapKind.HEIGHT)["color_drift"] == pytest.approx(1, abs=1e-3)
    light = np.full((8, 8, 3), 20, np.float32)
    found = figures(light, squares(light) * 1.01, colour(light, color_space=ColorSpace.LINEAR))
    assert found["color_drift"] == pytest.approx(2.55, abs=1e-3)


def test_holes_of_a_float_file_do_not_spread():
    light = noise(8, 8, 3).astype(np.float32) / 255
    light[2, 2], light[3, 3] = np.nan, np.inf
    found = figures(light, np.full((32, 32, 3), 0.5), colour(light, color_space=ColorSpace.LINEAR))
    assert all(np.isfinite(value) for value in found.values())


def test_a_smaller_picture_is_held_against_light():
    """White and black texels: what is seen from afar is neither darker nor lighter than their mean light."""
    checks = (np.indices((16, 16)).sum(0) % 2 * 255).astype(np.uint8)[:, :, None].repeat(3, 2)
    gray = np.full((8, 8, 3), 187.5 / 255)
    found = figures(checks, gray, colour(checks))
    assert found["color_drift"] < 0.1
    assert "consistency" not in found


@pytest.mark.parametrize("layout", ["xyz", "xy", "ag", "signed", "flipped"])
def test_normals_are_measured_in_degrees_in_any_layout(layout):
    rng = np.random.default_rng(0)
    vectors = np.dstack([rng.normal(0, 0.3, (12, 12, 2)), np.ones((12, 12))]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    angle = np.radians(2.5)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]], np.float32)
    turned = vectors @ turn.T
    expected = angles(vectors, turned).mean
    signed, flip = layout == "signed", layout == "flipped"
    channels = {"xy": (0, 1), "ag": (3, 1)}.get(layout, COLOUR)
    if flip:
        turned = turned * np.float32([1, -1, 1])
    stored = np.zeros((2, 12, 12, 4 if layout == "ag" else len(channels)), np.float32)
    for picture, field in zip(stored, (vectors, turned), strict=True):
        picture[:, :, list(channels)] = normals.encode(field, len(channels), signed=signed)
    one = group(Role.NORMAL, channels, Size(12, 12), color_space=ColorSpace.DATA, signed=signed, flip=flip)
    found = figures(stored[0], stored[1].repeat(4, 0).repeat(4, 1), one, kind=MapKind.NORMAL)
    assert found == {"normal_drift": pytest.approx(expected, abs=0.01)}


def leaf(radius, side=32):
    yy, xx = np.mgrid[:side, :side] - (side - 1) / 2
    return np.clip(radius - np.hypot(yy, xx) + 0.5, 0, 1)[:, :, None]


def test_coverage_is_that_of_the_levels_of_the_file_and_a_texel_is_never_too_much():
    alpha = np.round(leaf(10) * 255).astype(np.uint8)
    one = group(Role.ALPHA, (0,), Size(32, 32))
    passing = (alpha >= 128).sum()

    def error(result):
        return figures(alpha, result, one, alpha=AlphaMode.CUTOUT)["coverage_error"]

    result = (squares(alpha) >= 0.5).astype(np.float32)
    assert error(result) == 0
    assert error(np.where(result > 0, np.float32(127.6 / 255), 0)) == 0  # is stored as 128, which passes
    assert error(np.where(result > 0, np.float32(127.4 / 255), 0)) == 1
    result[:4, :4] = 1
    assert error(result) == 0
    result[:4, :8] = 1
    assert error(result) == pytest.approx(2 / passing, abs=1e-4)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_seam_is_found_along_the_axis_that_wraps(axis):
    pixels = np.full((16, 16, 3), 100, np.uint8) + (noise(16, 16, 3) // 32)
    result = squares(pixels)
    ramp = np.linspace(-10, 10, 64, dtype=np.float32) / 255
    result += ramp[:, None, None] if axis == 0 else ramp[None, :, None]
    edges = (Edges(Edge.WRAP, Edge.MIRROR), Edges(Edge.MIRROR, Edge.WRAP))
    assert figures(pixels, result, colour(pixels), edges=edges[1 - axis])["seam"] > 3
    assert figures(pixels, result, colour(pixels), edges=edges[axis])["seam"] < 1.5
    assert "seam" not in figures(pixels, result, colour(pixels))


def test_cells_have_no_seam():
    pixels = noise(9, 9, 3)
    assert "seam" not in figures(pixels, squares(pixels), colour(pixels), edges=WRAP, cells=Cells(3, 3))


@pytest.mark.parametrize("texels", [None, 50])
def test_heights_are_held_to_their_vertices(texels):
    pixels = noise(9, 9, 1)
    one = group(Role.SCALAR, (0,), Size(9, 9), color_space=ColorSpace.DATA)
    result = np.random.default_rng(0).random((33, 33, 1))
    result[::4, ::4] = to_float(pixels)
    found = figures(pixels, result, one, kind=MapKind.HEIGHT, vertices=True, texels=texels)
    assert found == {"consistency": 120}
    result[32, 32] += 9 / 255
    found = figures(pixels, result, one, kind=MapKind.HEIGHT, vertices=True, texels=texels)
    assert found == {"consistency": pytest.approx(20 * np.log10(255), abs=0.01)}


def test_memory_does_not_grow_with_height():
    def peak(height):
        source = Array(np.full((height, 64, 3), 90, np.uint8))
        size = source.size * 4
        rows = np.full((64, size.width, 3), 0.35, np.float32)
        job = job_of(source.pixels, colour(source.pixels))
        tracemalloc.start()
        judge = Judge(Nowhere(), source, job)
        for _ in range(size.height // 64):
            judge.put(rows)
        judge.figures()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(64)
    assert peak(16384) < 1.2 * peak(4096)  # both of several strips, of which two meet in memory


def test_encoding_is_measured_against_what_was_encoded(tmp_path):
    result = Array(noise(40, 30, 3))
    sink = codecs.create(tmp_path / "t.jpg", replace(job_of(result.pixels).source_spec, container="jpg"))
    pour(result, sink)
    stored = codecs.read(sink.finish())
    expected = 20 * np.log10(255 / np.sqrt(np.mean((result.pixels.astype(float) - stored.pixels) ** 2)))
    assert lost_in_encoding(result, stored).value == pytest.approx(expected, abs=1e-3)
    sink.discard()
    assert not list(tmp_path.iterdir())


def test_encoding_of_light_is_measured_under_its_curve(tmp_path):
    light = noise(20, 20, 3).astype(np.float32) / 255
    light[4:8, 4:8] = 900
    result = Array(light)
    spec = replace(job_of(light).source_spec, container="exr", color_space=ColorSpace.LINEAR)
    sink = codecs.create(tmp_path / "t.exr", spec)
    pour(result, sink)
    assert lost_in_encoding(result, codecs.read(sink.finish())).value == 120
    sink.discard()


# --- how it is judged


def test_a_figure_breaks_its_bound_beyond_it_and_says_so():
    found = judged((Figure("color_drift", 1.32), Figure("consistency", 48.0), Figure("seam", 2.0)), Gates())
    assert not any(figure.broken for figure in found)
    found = judged(found, Gates(max_color_drift=1.0, min_consistency=48.0, max_seam=1.5))
    assert [(figure.bound, figure.broken) for figure in found] == [(1.0, True), (48.0, False), (1.5, True)]
    assert in_words(found) == "color drift 1.32 is above 1.0; seam 2.00 is above 1.5"
    low = judged((Figure("consistency", 31.4),), Gates(min_consistency=50.0))
    assert in_words(low) == "consistency 31.40 is below 50.0"


# --- what becomes of it

BREAKING = {"fidelity": 0.0, "quality": {"min_consistency": 50.0}}


@pytest.fixture
def library(tmp_path):
    save(tmp_path / "textures" / "wall" / "stone_color.png", noise(20, 24, 3))
    save(tmp_path / "textures" / "flat_color.png", np.full((16, 16, 3), 90, np.uint8))
    return tmp_path / "textures"


def run(library, out=None, *, force=False, listen=lambda event: None, **settings):
    """Run a library with a generator that darkens what it is given."""
    config = load(None, **{"source": library, "output": out or library.parent / "out", "edges": "mirror", **settings})
    network = BlurNetwork(lambda tile: tile * np.float32(0.9))
    with Receipts(config.output) as receipts:
        plan = make_plan(config, device=CPU, receipts=receipts)
        done = Engine(FakeGenerators(network), force=force).run(plan, receipts, listen)
    return {receipt.name: receipt for receipt in done}, network.calls


STONE, FLAT = "wall/stone_color.png", "flat_color.png"
SET_ASIDE = {f"_rejected/{STONE}", f"_rejected/{STONE}.why.json"}


def test_a_result_that_breaks_a_gate_is_set_aside_with_its_figures_and_the_rest_goes_on(library, tmp_path):
    receipts, _ = run(library, **BREAKING)
    assert receipts[FLAT].outcome is Outcome.DONE
    rejected = receipts[STONE]
    assert rejected.outcome is Outcome.REJECTED
    assert rejected.error.startswith("consistency 3")
    assert tree(tmp_path / "out") == {FLAT} | SET_ASIDE
    assert codecs.probe(tmp_path / "out" / "_rejected" / STONE).size == Size(96, 80)
    why = json.loads((tmp_path / "out" / "_rejected" / f"{STONE}.why.json").read_text("utf-8"))
    assert why["texture"] == STONE
    assert why["why"] == rejected.error
    assert [figure["name"] for figure in why["figures"] if figure["broken"]] == ["consistency"]


def test_figures_are_in_the_receipt_whether_or_not_there_are_gates(library):
    receipts, _ = run(library, fidelity=0.0)
    assert {figure.name for figure in receipts[STONE].figures} == {"color_drift", "consistency"}
    assert receipts[STONE].outcome is Outcome.DONE


def test_a_good_output_is_left_where_it_is(library, tmp_path):
    run(library)
    good = (tmp_path / "out" / STONE).read_bytes()
    save(library / STONE, noise(20, 24, 3, seed=8))
    receipts, _ = run(library, **BREAKING)
    assert receipts[STONE].outcome is Outcome.REJECTED
    assert (tmp_path / "out" / STONE).read_bytes() == good


def test_what_was_rejected_is_not_run_again_until_something_changes(library):
    run(library, **BREAKING)
    receipts, calls = run(library, **BREAKING)
    assert (receipts[STONE].outcome, calls) == (Outcome.REJECTED, 0)
    assert receipts[STONE].error.startswith("consistency")
    receipts, calls = run(library, force=True, **BREAKING)
    assert receipts[STONE].outcome is Outcome.REJECTED
    assert calls > 0


def test_what_was_rejected_and_then_removed_is_made_again(library, tmp_path):
    run(library, **BREAKING)
    (tmp_path / "out" / "_rejected" / STONE).unlink()
    _, calls = run(library, **BREAKING)
    assert calls > 0
    assert tree(tmp_path / "out") == {FLAT} | SET_ASIDE


def test_what_passes_later_takes_its_place_and_nothing_rejected_is_left(library, tmp_path):
    run(library, **BREAKING)
    receipts, _ = run(library, **{**BREAKING, "fidelity": 1.0})
    assert receipts[STONE].outcome is Outcome.DONE
    assert tree(tmp_path / "out") == {FLAT, STONE}
    assert not (tmp_path / "out" / "_rejected").exists()


def test_a_gate_that_is_set_later_judges_what_was_measured_before(library, tmp_path):
    run(library, fidelity=0.0)
    loose = {"fidelity": 0.0, "quality": {"min_consistency": 5.0}}
    receipts, calls = run(library, **loose)
    assert ({receipt.outcome for receipt in receipts.values()}, calls) == ({Outcome.CURRENT}, 0)
    receipts, _ = run(library, **BREAKING)
    assert receipts[STONE].outcome is Outcome.REJECTED
    assert STONE in tree(tmp_path / "out")  # it was good once, and stays until there is better
    receipts, _ = run(library, **loose)
    assert receipts[STONE].outcome is Outcome.DONE
    assert tree(tmp_path / "out") == {FLAT, STONE}


def test_a_rejected_result_that_somebody_edited_is_left_alone(library, tmp_path):
    run(library, **BREAKING)
    edited = save(tmp_path / "out" / "_rejected" / STONE, noise(80, 96, 3, seed=5))
    before = edited.read_bytes()
    receipts, _ = run(library, scale=2, **BREAKING)
    assert receipts[STONE].outcome is Outcome.FAILED
    assert "_rejected" in receipts[STONE].error
    receipts, _ = run(library, fidelity=1.0)
    assert receipts[STONE].outcome is Outcome.DONE
    assert edited.read_bytes() == before


def test_rejected_results_are_no_sources(library):
    run(library, library / "big", **BREAKING)
    receipts, _ = run(library, library / "big", **BREAKING)
    assert set(receipts) == {STONE, FLAT}
    other, _ = run(library, library.parent / "elsewhere")
    assert set(other) == {STONE, FLAT}
    ours = known_outputs_under(library)
    assert ours(library / "big" / "_rejected" / f"{STONE}.why.json")
    assert not ours(library / STONE)


def test_what_is_copied_is_not_judged(library, tmp_path):
    save(library / "ids.png", np.eye(64, dtype=np.uint8)[:, :, None].repeat(3, 2) * 255)
    rules = [{"match": "ids.png", "kind": "data"}]
    receipts, _ = run(library, rules=rules, **BREAKING)
    assert receipts["ids.png"].outcome is Outcome.COPIED
    assert receipts["ids.png"].figures == ()


def test_a_lossy_file_is_judged_by_what_it_holds(tmp_path):
    library = tmp_path / "textures"
    library.mkdir()
    save(library / "stone_color.jpg", noise(20, 24, 3))
    receipts, _ = run(library, quality={"min_encoding": 99.0})
    rejected = receipts["stone_color.jpg"]
    assert rejected.outcome is Outcome.REJECTED
    assert "encoding" in rejected.error
    assert tree(tmp_path / "out") == {"_rejected/stone_color.jpg", "_rejected/stone_color.jpg.why.json"}
    receipts, _ = run(library, quality={"min_encoding": 20.0})
    assert receipts["stone_color.jpg"].outcome is Outcome.DONE
    assert tree(tmp_path / "out") == {"stone_color.jpg"}


def test_interrupting_at_any_event_leaves_nothing_half_rejected(library, tmp_path):
    total = 0

    def count(event):
        nonlocal total
        total += 1

    run(library, tmp_path / "whole", listen=count, **BREAKING)
    for stop in range(total):
        left = stop

        def interrupt(event):
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt

        out = tmp_path / f"out{stop}"
        with pytest.raises(KeyboardInterrupt):
            run(library, out, listen=interrupt, **BREAKING)
        assert tree(out) & SET_ASIDE in (set(), SET_ASIDE)
        receipts, _ = run(library, out, **BREAKING)
        assert receipts[STONE].outcome is Outcome.REJECTED
        assert tree(out) == {FLAT} | SET_ASIDE


def test_a_fresh_figure_of_the_real_thing(library):
    """Matched results keep to gates that would be of use."""
    strict = {"max_color_drift": 0.3, "min_consistency": 50.0}
    receipts, _ = run(library, quality=strict)
    assert {receipt.outcome for receipt in receipts.values()} == {Outcome.DONE}


def test_enlarged_pictures_are_like_their_sources():
    pixels = noise(16, 16, 3)
    result = enlarge(to_float(pixels), 4)
    found = figures(pixels, result, colour(pixels))
    expected = np.mean((shrink(result, 4) - to_float(pixels)) ** 2)
    assert found["consistency"] == pytest.approx(-10 * np.log10(expected), abs=1e-3)


def test_a_source_whose_result_would_lie_among_the_rejected_is_refused(library):
    save(library / "_Rejected" / "old_color.png", noise(12, 12, 3))
    config = load(None, source=library, output=library.parent / "out")
    plan = make_plan(config, device=CPU)
    assert [(problem.name, "rename its folder" in problem.message) for problem in plan.problems] == [
        ("_Rejected/old_color.png", True)
    ]
