"""The vocabulary loads alone, travels as JSON and back, and its integers obey their laws."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import types
import typing
from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cg_upscaler.cut import TILE_SIDES, canonical_cut, smaller
from cg_upscaler.geometry import Cells, Chained, Cut, Edge, Edges, Size, Span, Tiled, resolve
from cg_upscaler.job import Action, Band, Event, Gates, Group, Job, Outcome, Pass, Plan, Receipt, Via
from cg_upscaler.maps import POLICIES, ColorSpace, MapKind, Role
from cg_upscaler.pixels.edges import indices
from cg_upscaler.spec import Depth, DeviceInfo, ImageSpec, ModelInfo, Precision, Share
from cg_upscaler.wire import from_plain, to_plain

lengths = st.integers(1, 40)
positions = st.integers(-200, 200)
edges = st.sampled_from(Edge)


# --- alone


@pytest.mark.parametrize(
    "statement",
    [
        "import cg_upscaler",
        "from cg_upscaler.job import Event, Job, Pass, Plan, Receipt",
        "from cg_upscaler.spec import ImageSpec, ModelInfo",
        "from cg_upscaler import cut, errors, geometry, maps, wire",
    ],
)
def test_vocabulary_loads_only_the_standard_library(statement: str) -> None:
    code = (
        f"import sys; before = set(sys.modules); {statement}\n"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(loaded - sys.stdlib_module_names - {'cg_upscaler'}))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []


# --- as JSON and back


def anything(hint: Any) -> st.SearchStrategy[Any]:
    """Return all values of a type of the vocabulary."""
    special: dict[Any, Callable[[], st.SearchStrategy[Any]]] = {
        Size: lambda: st.builds(Size, st.integers(1, 1 << 20), st.integers(1, 1 << 20)),
        Cut: cuts,
        ModelInfo: models,
        Cells: lambda: st.builds(Cells, st.integers(1, 99), st.integers(1, 99), st.integers(0, 9)),
        str: lambda: st.text(max_size=8),
        int: lambda: st.integers(0, 1 << 40),
        bool: st.booleans,
        float: lambda: st.floats(allow_nan=False, allow_infinity=False),
    }
    if hint in special:
        return special[hint]()
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*[st.none() if option is types.NoneType else anything(option) for option in inner])
    if origin is tuple:
        return st.lists(anything(inner[0]), max_size=2).map(tuple)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    hints = typing.get_type_hints(hint)
    return st.builds(hint, **{field.name: anything(hints[field.name]) for field in dataclasses.fields(hint)})


def cuts() -> st.SearchStrategy[Cut]:
    def cut(tile: int, overlap: int, context: int, border: int) -> Cut:
        return Tiled(tile, overlap + context, overlap, border)

    single = st.builds(cut, st.integers(1, 600), st.integers(0, 80), st.integers(0, 80), st.integers(0, 80))
    return st.one_of(single, st.lists(single, max_size=3).map(lambda steps: Chained(tuple(steps))))


def models() -> st.SearchStrategy[ModelInfo]:
    """Return models, blends and chains."""
    hints = typing.get_type_hints(ModelInfo)
    fields = {name: anything(hint) for name, hint in hints.items() if name not in ("parts", "steps")}
    single = st.builds(ModelInfo, **fields)
    parts = st.lists(st.builds(Share, single, anything(float)), max_size=2).map(tuple)
    return st.builds(ModelInfo, **fields, parts=parts, steps=st.lists(single, max_size=2).map(tuple))


@pytest.mark.parametrize("kind", [Job, Plan, Receipt, Event, ModelInfo, DeviceInfo, ImageSpec])
@settings(max_examples=25)
@given(data=st.data())
def test_what_travels_arrives_as_it_was(kind: type[Any], data: st.DataObject) -> None:
    value = data.draw(anything(kind))
    text = json.dumps(to_plain(value), allow_nan=False)
    assert from_plain(kind, json.loads(text)) == value


def a_job(**changes: Any) -> Job:
    group = Group(
        role=Role.COLOR,
        channels=(0, 1, 2),
        targets=(0, 1, 2),
        color_space=ColorSpace.SRGB,
        model="realesrgan-x4plus",
        passes=(Pass(4, Via.DIRECT, Tiled(tile=64, padding=16, overlap=8, border=8)),),
        fidelity=1.0,
        band=Band.ALL,
        precision=Precision.FLOAT32,
    )
    job = Job(
        name="brick.png",
        source="/textures/brick.png",
        output="/out/brick.png",
        action=Action.UPSCALE,
        kind=MapKind.BASE_COLOR,
        why="its name",
        confidence=0.9,
        scale=4,
        source_spec=ImageSpec(Size(64, 32), 3, Depth.UINT8, "png"),
        groups=(group,),
    )
    return dataclasses.replace(job, **changes)


def spoilt(job: Job, path: tuple[str | int, ...], value: Any) -> Any:
    plain = to_plain(job)
    holder = plain
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return plain


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("scale",), "4", "Job.scale: expected int, got '4'"),
        (("scale",), True, "Job.scale: expected int, got True"),
        (("confidence",), None, "Job.confidence: expected float, got None"),
        (("kind",), "colour", "Job.kind: 'colour' is none of"),
        (("groups",), {}, "Job.groups: expected a list"),
        (("groups", 0), 7, "Job.groups[0]: expected an object, got 7"),
        (("groups", 0, "channels", 2), "b", "Job.groups[0].channels[2]: expected int, got 'b'"),
        (("groups", 0, "precision"), "float12", "Job.groups[0].precision: 'float12' is none of"),
        (("groups", 0, "passes", 0, "cut", "overlap"), 99, "Job.groups[0].passes[0].cut: not a cut"),
        (("source_spec", "size", "width"), 0, "Job.source_spec.size: a size is at least"),
        (("source_spec", "colour"), 1, "Job.source_spec: unknown field 'colour'"),
    ],
)
def test_a_message_that_does_not_fit_names_the_field(path: tuple[str | int, ...], value: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is tested
        from_plain(Job, spoilt(a_job(), path, value))
    assert str(caught.value).startswith(message)


def test_a_missing_field_is_named() -> None:
    plain = to_plain(a_job())
    del plain["scale"]
    with pytest.raises(ValueError, match=r"Job: .*'scale'"):
        from_plain(Job, plain)


def test_numbers_written_without_a_point_arrive_as_floats() -> None:
    receipt = from_plain(Receipt, {"name": "a.png", "outcome": "done", "seconds": 3})
    assert (receipt.outcome, receipt.seconds, type(receipt.seconds)) == (Outcome.DONE, 3.0, float)


def test_what_is_no_plain_value_does_not_travel() -> None:
    with pytest.raises(TypeError, match="bytes does not travel"):
        to_plain({"pixels": b""})


# --- what a job's key holds


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": 2},
        {"edges": Edges(Edge.WRAP, Edge.MIRROR)},
        {"groups": ()},
        {"groups": tuple(dataclasses.replace(group, weights="0f") for group in a_job().groups)},
        {"groups": tuple(dataclasses.replace(group, fidelity=0.5) for group in a_job().groups)},
    ],
)
def test_key_changes_with_what_reaches_the_pixels(changes: dict[str, Any]) -> None:
    assert a_job(**changes).key("source") != a_job().key("source")


def test_key_changes_with_the_source() -> None:
    assert a_job().key("one") != a_job().key("other")


def test_key_does_not_depend_on_where_files_lie_or_why() -> None:
    moved = a_job(name="b.png", source="/b.png", output="/c.png", why="a rule", confidence=1.0, notes=("moved",))
    assert moved.key("source") == a_job().key("source")


def test_key_does_not_depend_on_gates() -> None:
    """Who sets a gate does not want his library upscaled again, but judged."""
    assert a_job(gates=Gates(max_color_drift=1.0)).key("source") == a_job().key("source")


def test_every_kind_of_map_has_a_policy() -> None:
    assert POLICIES.keys() == set(MapKind)


# --- edges


@given(index=positions, length=lengths, edge=edges)
def test_inside_a_picture_every_texel_is_itself(index: int, length: int, edge: Edge) -> None:
    assert resolve(index % length, length, edge) == index % length


@given(index=positions, length=lengths, turns=st.integers(-5, 5))
def test_wrapping_repeats_with_the_picture(index: int, length: int, turns: int) -> None:
    assert resolve(index + turns * length, length, Edge.WRAP) == resolve(index, length, Edge.WRAP)


@given(index=positions, length=lengths, border=st.integers(-5, 5))
def test_mirroring_is_symmetric_about_every_border(index: int, length: int, border: int) -> None:
    reflected = 2 * length * border - 1 - index
    assert resolve(reflected, length, Edge.MIRROR) == resolve(index, length, Edge.MIRROR)
    at_far_border = 2 * length - 1 - index
    assert resolve(at_far_border, length, Edge.MIRROR) == resolve(index, length, Edge.MIRROR)


@given(index=positions, length=lengths)
def test_a_mirrored_picture_is_the_same_at_any_scale(index: int, length: int) -> None:
    fine = resolve(4 * index, 4 * length, Edge.MIRROR)
    assert fine is not None
    assert fine // 4 == resolve(index, length, Edge.MIRROR)


@given(index=positions, length=lengths)
def test_clamping_gives_the_nearest_texel(index: int, length: int) -> None:
    assert resolve(index, length, Edge.CLAMP) == min(range(length), key=lambda texel: abs(texel - index))


@given(index=positions, length=lengths)
def test_beyond_a_zero_edge_there_is_nothing(index: int, length: int) -> None:
    assert (resolve(index, length, Edge.ZERO) is None) == (not 0 <= index < length)


@given(start=positions, count=st.integers(0, 100), length=lengths, edge=edges)
def test_the_table_form_equals_the_definition(start: int, count: int, length: int, edge: Edge) -> None:
    expected = [resolve(at, length, edge) for at in range(start, start + count)]
    assert indices(Span(start, start + count), length, edge).tolist() == [-1 if at is None else at for at in expected]


def test_an_empty_axis_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one texel"):
        resolve(0, 0, Edge.WRAP)


# --- cuts


@given(length=st.integers(1, 3000), tile=st.integers(1, 600))
def test_spans_share_out_an_axis_evenly(length: int, tile: int) -> None:
    spans = list(Tiled(tile, 0, 0, 0).spans(length))
    assert [at for span in spans for at in range(span.start, span.stop)] == list(range(length))
    sizes = [len(span) for span in spans]
    assert max(sizes) <= tile
    assert max(sizes) - min(sizes) <= 1
    assert len(spans) == -(-length // tile)


sizes = st.builds(Size, st.integers(1, 3000), st.integers(1, 3000))
reaches = st.integers(0, 120)


def model(reach: int) -> ModelInfo:
    return ModelInfo("any", "any", scale=4, channels=3, reach=reach)


@given(size=sizes, reach=reaches)
def test_each_smaller_cut_has_a_smaller_tile_until_there_is_none(size: Size, reach: int) -> None:
    cuts: list[Cut] = []
    cut: Cut | None = canonical_cut(size, model(reach))
    while cut is not None:
        cuts.append(cut)
        cut = smaller(cut)
    tiles = [cut.tile for cut in cuts]
    assert tiles == sorted(set(tiles), reverse=True)
    assert tiles[-1] == TILE_SIDES[-1]
    assert len({dataclasses.replace(cut, tile=1) for cut in cuts}) == 1


@given(size=sizes, reach=reaches, more=st.integers(0, 500))
def test_a_larger_image_never_gets_smaller_tiles(size: Size, reach: int, more: int) -> None:
    larger = Size(size.width + more, size.height)
    assert canonical_cut(larger, model(reach)).tile >= canonical_cut(size, model(reach)).tile


@given(size=sizes, reach=reaches)
def test_a_tile_is_the_smallest_that_covers_the_image_or_the_largest(size: Size, reach: int) -> None:
    tile = canonical_cut(size, model(reach)).tile
    longest = max(size.width, size.height)
    assert longest <= tile or tile == TILE_SIDES[0]
    assert not any(longest <= side < tile for side in TILE_SIDES)


@given(size=sizes, reach=reaches)
def test_what_a_tile_hands_over_has_the_reach_of_the_model_behind_it(size: Size, reach: int) -> None:
    cut = canonical_cut(size, model(reach))
    assert cut.padding - cut.overlap >= reach
