"""What `bench` measures and how: the arithmetic it counts, the tiles of others, and rows for peers that do not run."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.utils.flop_counter import FlopCounterMode

from cg_upscaler import cli
from cg_upscaler.backends.devices import describe
from cg_upscaler.bench import allowance
from cg_upscaler.bench import peer as peers
from cg_upscaler.bench import trial as trials
from cg_upscaler.bench.ceiling import Ceiling
from cg_upscaler.bench.crops import tile_for, tiled, windows
from cg_upscaler.bench.flops import flops_per_texel, layers
from cg_upscaler.bench.peer import Loaded, Peer, Runtime, Setting
from cg_upscaler.bench.picture import bricks
from cg_upscaler.bench.rounds import measure
from cg_upscaler.bench.setting import prepare
from cg_upscaler.bench.table import PEERS, chosen
from cg_upscaler.bench.torch_ import Plain
from cg_upscaler.errors import UsageError
from cg_upscaler.geometry import Span
from cg_upscaler.models.catalog import PUBLISHED
from cg_upscaler.models.compact import SRVGGNetCompact
from cg_upscaler.models.rrdb import RRDBNet
from cg_upscaler.models.shape import RRDBShape
from cg_upscaler.spec import Precision
from tests import tiny
from tests.fakes import noise


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A weights file of a small network."""
    path = tmp_path / "tiny.safetensors"
    save_file(tiny.random_state(tiny.COMPACT), path)
    return str(path)


def bright_rrdb() -> tiny.State:
    """Return weights whose pictures are not black all over, which the engine would refuse."""
    state = tiny.random_state(tiny.RRDB)
    state["conv_last.bias"] += 0.5 - Plain(tiny.network(tiny.RRDB))(torch.full((1, 3, 9, 9), 0.5)).mean()
    return state


def call(capfd, *arguments):
    code = cli.run_cli(["bench", *(str(argument) for argument in arguments)])
    out, err = capfd.readouterr()
    return int(code), out, err


def test_the_default_network_takes_18_million_multiplications_a_texel():
    # 16.57 in the trunk, and in the head 64·64·9 at 4 texels, twice that at 16, 64·3·9 at 16
    assert flops_per_texel(PUBLISHED["realesrgan-x4plus"].shape) == 2 * 17_926_848
    assert sum(layer.count for layer in layers(RRDBShape())) == 1 + 23 * 3 * 5 + 1 + 4


@pytest.mark.parametrize("shape", [RRDBShape(), tiny.RRDB, tiny.RRDB_2X, tiny.RRDB_1X, tiny.COMPACT], ids=str)
def test_the_count_is_what_torch_counts(shape):
    with torch.device("meta"):
        network = RRDBNet(shape) if isinstance(shape, RRDBShape) else SRVGGNetCompact(shape)
        with FlopCounterMode(display=False) as counter:
            Plain(network)(torch.empty(1, 3, 16, 16))
    assert flops_per_texel(shape) * 16 * 16 == counter.get_total_flops()


def test_the_first_and_the_last_layer_are_told_apart():
    assert [(layer.inputs, layer.outputs) for layer in layers(tiny.RRDB) if layer.end] == [(3, 8), (8, 3)]


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.MIXED])
def test_a_ceiling_is_what_the_convolutions_take(precision):
    assert 0 < Ceiling(tiny.RRDB_2X, 33, precision, "cpu").seconds_per_texel() < 0.1


def test_tiles_lie_as_real_esrgan_lays_them():
    assert windows(100, 40, 10) == (
        (Span(0, 40), Span(0, 50)),
        (Span(40, 80), Span(30, 90)),
        (Span(80, 100), Span(70, 100)),
    )


def test_tiles_that_read_as_far_as_the_network_looks_equal_the_whole(model):
    setting, pictures = prepare(model=model, device="cpu", side=45)
    whole = PEERS[2]
    assert whole.name == "torch-whole"
    run = whole.runtime.load(setting).run
    (picture,) = pictures.values()
    picture = picture[:, :37]
    expected, reach, scale = run(np.ascontiguousarray(picture)), setting.model.reach, setting.model.scale
    np.testing.assert_allclose(tiled(run, picture, 16, reach, scale), expected, atol=1e-5)
    # Less than that shows, and nowhere but within reach of where tiles meet.
    off = np.abs(tiled(run, picture, 16, 1, scale) - expected).max(axis=2)
    assert off.max() > 1e-3
    assert off[: (16 - reach) * scale, : (16 - reach) * scale].max() < 1e-5


def test_every_tile_is_cut_hard():
    seen = []

    def run(window):
        seen.append(window.shape[:2])
        return np.full((2 * window.shape[0], 2 * window.shape[1], 1), len(seen), np.float32)

    result = tiled(run, noise(9, 6, 1), 5, 2, 2)
    assert seen == [(7, 6), (7, 3), (6, 6), (6, 3)]
    assert [int(result[y, x, 0]) for y, x in ((0, 0), (9, 10), (10, 9), (17, 11))] == [1, 2, 3, 4]
    assert (result[:10, :10] == 1).all() and (result[10:, 10:] == 4).all()


def test_tiles_are_small_enough_for_a_seam():
    assert [tile_for(side) for side in (4096, 512, 192, 33)] == [256, 256, 96, 17]
    assert tile_for(36, 4) == 20


def test_the_picture_is_the_same_at_any_size_and_full_of_detail():
    large = bricks(96)
    np.testing.assert_array_equal(bricks(40), large[:40, :40])
    assert len(np.unique(large)) > 100
    assert np.abs(np.diff(large, axis=1)).mean() > 0.02


def test_a_report_has_a_row_for_each_peer(model, capfd):
    code, out, err = call(
        capfd, "--model", model, "--side", 40, "--repeats", 2, "--no-memory", "--json",
        "--device", "cpu", "--peers", "torch,realesrgan-pad10,ours-mirrored",
    )  # fmt: skip
    assert code == 0
    report = json.loads(out)
    assert report["tile"] == 20
    assert report["pictures"] == ["synthetic bricks, 40×40"]
    assert report["flops_per_texel"] == flops_per_texel(tiny.COMPACT)
    assert report["ceiling_teraflops"] > 0
    assert [row["name"] for row in report["rows"]] == ["ours", "ours-mirrored", "torch-whole", "realesrgan-pad10"]
    for row in report["rows"]:
        assert row["problem"] is None
        assert len(row["seconds"]) == 2
        assert row["megapixels_per_s"] > 0 and row["of_ceiling"] > 0
        # All compute the same: padding 10 is more than this network's reach.
        assert row["seam_worst"] < 0.01 and row["error_worst"] < 0.01
    assert report["rows"][0]["ratio"] == 1
    assert "round 2 of 2: ours" in err


def test_a_table_has_figures_units_and_what_was_chosen(model, capfd):
    code, out, _ = call(
        capfd, "--model", model, "--side", 40, "--repeats", 1, "--no-memory", "--device", "cpu", "--peers", "torch"
    )
    assert code == 0
    for word in (
        "Mpx/s",
        "TFLOP/s",
        "of ceiling",
        "seam max",
        "ours",
        "torch-whole",
        "tiles of 20",
        "not the usual 256",
    ):
        assert word in out
    assert "ncnn" not in out


def test_a_peer_that_is_not_installed_is_named_with_what_installs_it(model, capfd, monkeypatch):
    monkeypatch.setattr(peers, "find_spec", lambda module: None)
    code, out, _ = call(
        capfd,
        "--model",
        model,
        "--side",
        40,
        "--repeats",
        1,
        "--no-memory",
        "--device",
        "cpu",
        "--peers",
        "ncnn,openvino",
    )
    assert code == 0
    for name in ("ncnn-whole", "ncnn-pad10", "ncnn-pad64"):
        assert f"{name}: ncnn not installed; pip install cg-upscaler[bench]" in out
    assert "openvino-whole: onnx and openvino not installed; pip install" in out


def broken(setting: Setting) -> Loaded:
    raise RuntimeError("no such kernel\nand much more")


def wrong(setting: Setting) -> Loaded:
    return Loaded(lambda picture: picture, "float32")


def test_a_peer_that_fails_does_not_stop_the_others(model):
    setting, pictures = prepare(model=model, device="cpu", side=40)
    failing = [Peer("broken", Runtime("broken", "", broken)), Peer("wrong", Runtime("wrong", "", wrong))]
    report = measure((PEERS[0], *failing, PEERS[2]), setting, pictures, repeats=1, memory=False)
    ours, first, second, last = report.rows
    assert ours.problem is last.problem is None
    assert first.problem == "no such kernel"
    assert second.problem is not None and "gave (40, 40, 3)" in second.problem
    assert first.megapixels_per_s is second.seam_worst is None
    assert last.megapixels_per_s


def test_padding_too_small_shows_as_a_seam(model):
    setting, pictures = prepare(model=model, device="cpu", side=48)
    bad = replace(next(peer for peer in PEERS if peer.name == "realesrgan-pad10"), name="bad", padding=1)
    report = measure((PEERS[0], bad), setting, pictures, repeats=1, memory=False)
    ours, row = report.rows
    assert row.seam_worst > 1 > row.seam_mean > 0
    assert ours.seam_worst < 0.01


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_others_give_what_torch_gives(runtime, tmp_path):
    for module in ("onnx", runtime):
        pytest.importorskip(module)
    path = tmp_path / "rrdb.safetensors"
    save_file(bright_rrdb(), path)
    setting, pictures = prepare(model=str(path), device="cpu", side=40)
    report = measure(chosen([f"{runtime}-whole"]), setting, pictures, repeats=1, memory=False)
    row = report.rows[-1]
    assert row.problem is None
    assert row.precision == "float32"
    assert row.error_worst < 0.01


def test_a_peer_without_the_precision_asked_for_says_what_it_computed_in(tmp_path):
    for module in ("onnx", "onnxruntime"):
        pytest.importorskip(module)
    save_file(bright_rrdb(), tmp_path / "rrdb.safetensors")
    setting, pictures = prepare(
        model=str(tmp_path / "rrdb.safetensors"), device="cpu", side=40, precision=Precision.BFLOAT16
    )
    report = measure(chosen(["torch", "onnxruntime-whole"]), setting, pictures, repeats=1, memory=False)
    assert [row.precision for row in report.rows] == ["bfloat16", "bfloat16", "float32"]
    assert report.notes[-1] == "not all have bfloat16: some computed in float32"
    ours, whole, other = report.rows
    assert whole.seam_worst == 0 < whole.error_worst  # bfloat16 against itself, and against float32
    assert ours.seam_worst < 5 > ours.error_worst
    assert other.error_worst < 0.01


@pytest.mark.weights
def test_ncnn_runs_the_published_files():
    pytest.importorskip("ncnn")
    setting, pictures = prepare(model="realesr-animevideov3", device="cpu", side=40)
    row = measure(chosen(["ncnn-whole"]), setting, pictures, repeats=1, memory=False).rows[-1]
    assert row.problem is None
    assert row.error_worst < 0.1


def test_memory_is_measured_in_a_process_of_its_own(model, tmp_path):
    setting, pictures = prepare(model=model, device="cpu", side=40)
    np.savez(tmp_path / "pictures.npz", *pictures.values())
    found = trials.trial(PEERS[2], replace(setting, folder=str(tmp_path)), tmp_path / "pictures.npz")
    assert found.problem is None
    if sys.platform.startswith("linux"):
        assert 50e6 < found.bytes < 5e9


def test_a_peer_that_crashes_is_known_before_it_could_crash_us(model, monkeypatch):
    setting, pictures = prepare(model=model, device="cpu", side=40)

    def crash(command, **options):
        name = json.loads(options["input"])["peer"]
        fine = json.dumps({"bytes": 5_000_000, "problem": None})
        return subprocess.CompletedProcess(command, -11 if name == "torch-whole" else 0, fine, "")

    monkeypatch.setattr(trials.subprocess, "run", crash)
    ours, other = measure(chosen(["torch"]), setting, pictures, repeats=1).rows
    assert ours.peak_megabytes == 5
    assert other.problem == "crashed (signal 11)"
    assert other.megapixels_per_s is None


def test_a_textures_middle_is_taken_with_the_channels_of_the_model(model, tmp_path):
    gray = (noise(50, 60, 1) * 255).astype(np.uint8) if noise(1, 1, 1).dtype != np.uint8 else noise(50, 60, 1)
    (tmp_path / "gray.png").write_bytes(cv2.imencode(".png", gray)[1].tobytes())
    _, pictures = prepare([tmp_path / "gray.png"], model=model, device="cpu", side=40)
    (picture,) = pictures.values()
    assert picture.shape == (40, 40, 3)
    np.testing.assert_allclose(picture[..., 2] * 255, gray[5:45, 10:50, 0], atol=1e-3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["nowhere.png"], "nowhere.png: no such texture"),
        (["--peers", "nccn-pad10"], "unknown peer 'nccn-pad10'; did you mean 'ncnn-pad10'?"),
        (["--side", "8"], "8×8, too small to measure with"),
        (["--side", "64", "--tile", "64"], "is 64×64, and one tile of 64 covers it"),
        (["--model", "bicubic"], "bicubic is no network"),
        (["--plot", "plot.jpg"], "a plot is written as PNG"),
        (["--device", "cuda:99"], "no device 'cuda:99' here"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_runs(model, capfd, options, words):
    code, out, err = call(capfd, *options, *([] if "--model" in options else ["--model", model]))
    assert (code, out) == (2, "")
    assert words in err


def test_a_plot_is_drawn(model, tmp_path, capfd):
    pytest.importorskip("matplotlib")
    file = tmp_path / "plot.png"
    code, _, _ = call(
        capfd, "--model", model, "--side", 40, "--repeats", 1, "--no-memory", "--device", "cpu",
        "--peers", "torch", "--plot", file,
    )  # fmt: skip
    assert code == 0
    assert cv2.imread(str(file)).std() > 1


def test_without_matplotlib_a_plot_is_refused_in_time(model, tmp_path, capfd, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, _, err = call(capfd, "--model", model, "--plot", tmp_path / "plot.png")
    assert code == 2
    assert "pip install cg-upscaler[bench]" in err


def test_a_runtime_of_the_table_needs_no_library_until_it_is_loaded():
    code = (
        "import sys; from cg_upscaler.bench import table; "
        "sys.exit(bool({'torch', 'onnx', 'onnxruntime', 'openvino', 'ncnn', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_names_choose_peers_or_all_of_a_runtime():
    assert [peer.name for peer in chosen(["ncnn"])] == ["ours", "ncnn-whole", "ncnn-pad10", "ncnn-pad64"]
    assert [peer.name for peer in chosen(["torch-whole"])] == ["ours", "torch-whole"]
    assert chosen([]) == PEERS
    with pytest.raises(UsageError, match="unknown peer"):
        chosen(["tensorrt"])


def test_doctor_tells_the_ceiling_and_what_memory_allows(capfd, monkeypatch):
    monkeypatch.setattr(allowance, "free_bytes", lambda name: 16 * 10**9)
    monkeypatch.setattr(allowance, "speed", lambda device: allowance.Speed(0.5, 2000.0))
    cli.run_cli(["doctor"])
    out, _ = capfd.readouterr()
    assert "500 GFLOP/s in convolutions" in out
    assert "2,000 texels a second with realesrgan-x4plus, 524 s for 1024×1024" in out
    assert "16.0 GB: half of it holds a texture about" in out
    cli.run_cli(["doctor", "--json"])
    able = json.loads(capfd.readouterr().out)["ability"]
    assert able["speed"] == {"teraflops": 0.5, "texels_per_s": 2000.0}
    assert able["rooms"][0]["free_bytes"] == 16 * 10**9
    assert able["rooms"][0]["at_once"] == 9  # in half of it: each takes 0.82 GB
    assert 8 * 1024 < able["rooms"][0]["widest"] < 32 * 1024


def test_memory_that_is_not_known_allows_nothing_to_be_said(monkeypatch):
    monkeypatch.setattr(allowance, "free_bytes", lambda name: None)
    assert allowance.rooms(describe("cpu")) == ()


def test_the_ceiling_of_a_network_is_found_at_once():
    found = allowance.speed(describe("cpu"), tiny.RRDB)
    assert found.teraflops == pytest.approx(found.texels_per_s * flops_per_texel(tiny.RRDB) * 1e-12)
