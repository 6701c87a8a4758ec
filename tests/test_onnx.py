"""ONNX files run in tiles like any model of another family, whatever sizes they take."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cg_upscaler import Upscaler, cli
from cg_upscaler.backends import devices
from cg_upscaler.backends.onnx_ import OnnxNetwork
from cg_upscaler.cut import canonical_cut, overlapping
from cg_upscaler.errors import ModelError, ModelNotFound, UsageError
from cg_upscaler.generate.known_reach import reach_on
from cg_upscaler.generate.pool import Pool
from cg_upscaler.geometry import Edge, Edges, Size, Tiled
from cg_upscaler.library.groups import measured
from cg_upscaler.models import catalog
from cg_upscaler.models.onnx_ import open_file
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Precision
from tests.fakes import noise

pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

Side = int | str
CPU = devices.describe("cpu")


def network(
    path: Path,
    *,
    sides: tuple[Side, Side] = ("h", "w"),
    channels: Side = 3,
    unshuffle: int = 1,
    scale: int = 2,
    kind: int = TensorProto.FLOAT,
    count: Side = 1,
    width: int = 3,
) -> Path:
    """Write a network that sharpens by a 3×3 kernel and enlarges by nearest, after a fold into channels and back."""
    numbers = np.zeros((width, width, 3, 3), np.float32)
    for i in range(width):
        numbers[i, i] = np.array([[0, -1, 0], [-1, 8, -1], [0, -1, 0]]) / 4
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    nodes = [helper.make_node("Conv", ["input", "kernel"], ["sharp"], pads=[1, 1, 1, 1])]
    last = "sharp"
    if unshuffle > 1:
        nodes += [
            helper.make_node("SpaceToDepth", [last], ["folded"], blocksize=unshuffle),
            helper.make_node("DepthToSpace", ["folded"], ["back"], blocksize=unshuffle),
        ]
        last = "back"
    nodes.append(helper.make_node("Resize", [last, "", "scales"], ["output"], mode="nearest"))
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("input", kind, [count, channels, *sides])],
        [helper.make_tensor_value_info("output", kind, None)],
        [
            numpy_helper.from_array(numbers.astype(dtype), "kernel"),
            numpy_helper.from_array(np.array([1, 1, scale, scale], np.float32), "scales"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    return path


def sharpened(picture: np.ndarray, scale: int = 2) -> np.ndarray:
    """What the network gives where its picture wraps."""
    around = sum(np.roll(picture, by, axis) for by in (-1, 1) for axis in (0, 1))
    return ((8 * picture - around) / 4).repeat(scale, 0).repeat(scale, 1)


def test_scale_channels_and_sides_are_found_by_running_it(tmp_path: Path) -> None:
    info = catalog.find(str(network(tmp_path / "a.onnx")))
    assert (info.architecture, info.scale, info.channels, info.multiple, info.most) == ("onnx", 2, 3, 1, 0)
    info = catalog.find(str(network(tmp_path / "b.onnx", unshuffle=4, scale=4)))
    assert (info.scale, info.multiple) == (4, 4)
    info = catalog.find(str(network(tmp_path / "c.onnx", sides=(64, 48), channels=1, width=1)))
    assert (info.channels, info.most) == (1, 48)
    info = catalog.find(str(network(tmp_path / "d.onnx", channels="c", count="n", scale=1)))
    assert (info.scale, info.channels) == (1, 3)
    assert catalog.find(info.name) == info


@pytest.mark.parametrize("more", [{}, {"sides": (48, 48)}, {"unshuffle": 4}, {"sides": (64, 48)}])
def test_a_picture_in_tiles_is_the_whole(tmp_path: Path, more: dict[str, object]) -> None:
    info = catalog.find(str(network(tmp_path / "a.onnx", **more)))  # type: ignore[arg-type]
    known = measured(info, reach_on(CPU), None)
    picture = (noise(160, 132, 3) / 255).astype(np.float32)
    edges = Edges(Edge.WRAP, Edge.WRAP)
    cut = canonical_cut(Size(132, 160), known, edges)
    assert isinstance(cut, Tiled)
    if not info.most:
        cut = Tiled(64, cut.padding, cut.overlap, cut.border)
    rows = Pool(CPU).get(info.name, 4).run(Array(picture), cut, edges, Precision.FLOAT32, lambda share: None)
    np.testing.assert_allclose(np.concatenate(list(rows)), sharpened(picture), atol=1e-5)


def test_how_far_it_looks_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CG_UPSCALE_CACHE", str(tmp_path / "cache"))
    info = catalog.find(str(network(tmp_path / "a.onnx")))
    assert info.reach is None and 1 <= reach_on(CPU)(info).texels <= 4
    assert catalog.find(str(network(tmp_path / "b.onnx", sides=(64, 64)))).reach == 8


def test_half_floats_are_taken_and_given(tmp_path: Path) -> None:
    info = catalog.find(str(network(tmp_path / "a.onnx", kind=TensorProto.FLOAT16)))
    picture = (noise(16, 16, 3) / 255).astype(np.float32)
    result = OnnxNetwork(info, CPU).run(picture, Precision.FLOAT32)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result[4:-4, 4:-4], sharpened(picture)[4:-4, 4:-4], atol=5e-3)


def test_it_runs_wherever_a_model_does_also_in_a_chain(tmp_path: Path) -> None:
    pixels = noise(24, 20, 3)
    network(tmp_path / "a.onnx")
    assert Upscaler(str(tmp_path / "a.onnx"), scale=2).array(pixels, kind="base_color").shape == (48, 40, 3)
    chain = f"{tmp_path}/a.onnx > {tmp_path}/a.onnx"
    assert Upscaler(chain, scale=4, precision="bfloat16").array(pixels, kind="base_color").shape == (96, 80, 3)
    with pytest.raises(ModelError, match="cannot be blended"):
        catalog.find(f"{tmp_path}/a.onnx@0.5+{tmp_path}/a.onnx@0.5")


def test_a_window_that_is_too_large_for_the_one_size_is_refused(tmp_path: Path) -> None:
    info = catalog.find(str(network(tmp_path / "a.onnx", sides=(48, 48))))
    with pytest.raises(UsageError, match="takes 48×48 texels at a time"):
        OnnxNetwork(info, CPU).run(np.zeros((8, 49, 3), np.float32), Precision.FLOAT32)
    wide = measured(info, reach_on(CPU), 80)
    cut = overlapping(canonical_cut(Size(300, 300), wide), 80, wide)
    assert isinstance(cut, Tiled) and cut.tile + 2 * (cut.padding + cut.overlap) <= 48


def damaged(whole: bytes) -> dict[str, bytes]:
    return {
        "empty": b"",
        "half": whole[: len(whole) // 2],
        "noise": bytes(range(256)) * 4,
        "text": b"<!DOCTYPE html><html>",
        "elsewhere": whole + b"\x0a\x08location\x12\x05a.bin",
    }


@pytest.mark.parametrize("kind", ["empty", "half", "noise", "text", "elsewhere"])
def test_what_is_no_sound_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = network(tmp_path / "a.onnx")
    path.write_bytes(damaged(path.read_bytes())[kind])
    with pytest.raises(ModelError, match=r"a\.onnx"):
        catalog.find(str(path))


def picture_of(shape: list[Side], kind: int = TensorProto.FLOAT, node: str = "Identity") -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        graph = helper.make_graph(
            [helper.make_node(node, ["input"], ["output"])],
            "network",
            [helper.make_tensor_value_info("input", kind, shape)],
            [helper.make_tensor_value_info("output", kind, None)],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.save(model, path)
        return path

    return make


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (picture_of([1, 3]), "not one picture"),
        (picture_of([1, 4, "h", "w"]), "not one picture of 1 or 3 channels"),
        (picture_of([2, 3, "h", "w"]), "not one picture"),
        (picture_of([1, 3, 64, "w"]), "of which one side is fixed"),
        (picture_of([1, 3, "h", "w"], TensorProto.UINT8), "of floats"),
        (picture_of([1, 3, "h", "w"], node="GlobalAveragePool"), "makes no larger picture"),
    ],
)
def test_a_network_of_another_purpose_is_refused(tmp_path: Path, make: Callable[[Path], Path], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        catalog.find(str(make(tmp_path / "a.onnx")))


def test_a_file_that_changes_after_planning_is_refused(tmp_path: Path) -> None:
    info = catalog.find(str(network(tmp_path / "a.onnx")))
    network(tmp_path / "a.onnx", scale=4)
    with pytest.raises(ModelError, match="plan it again"):
        OnnxNetwork(info, CPU).run(np.zeros((8, 8, 3), np.float32), Precision.FLOAT32)


def test_without_onnx_runtime_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = network(tmp_path / "a.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelNotFound, match=r"pip install 'cg-upscaler\[onnx\]'"):
        open_file(path)


def test_info_measures_how_far_each_step_of_a_chain_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CG_UPSCALE_CACHE", str(tmp_path / "cache"))
    path = network(tmp_path / "a.onnx")
    assert cli.run_cli(["models", "info", f"{path} > {path}", "--device", "cpu"]) == 0
    assert "measured once" in capfd.readouterr().out
    assert cli.run_cli(["models", "info", f"{path} > {path}", "--device", "cpu", "--measure", "--json"]) == 0
    assert 1 <= json.loads(capfd.readouterr().out)["reach"] <= 6
