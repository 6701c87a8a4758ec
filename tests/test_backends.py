"""Backends run any window, on devices that exist, in arithmetic that they have, and say when memory is short."""

from __future__ import annotations

import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from cg_upscaler.backends import Network, devices, torch_
from cg_upscaler.backends.resize import ResizeNetwork
from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.errors import DeviceLost, OutOfMemory, UsageError
from cg_upscaler.geometry import Wraps
from cg_upscaler.models import catalog
from cg_upscaler.models.shape import Shape
from cg_upscaler.pixels.resample import enlarge
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import Depth, ModelInfo, Precision
from tests.tiny import COMPACT, RRDB, RRDB_1X, RRDB_2X, random_state


def saved(folder: Path, shape: Shape) -> ModelInfo:
    save_file(random_state(shape), folder / "model.safetensors")
    return catalog.find("model.safetensors", base=folder)


def noise(height: int, width: int, channels: int = 3) -> Pixels:
    return np.random.default_rng(5).random((height, width, channels), np.float32)


@pytest.mark.parametrize("shape", [RRDB, RRDB_2X, RRDB_1X, COMPACT], ids=str)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 7), (9, 2), (8, 8)])
def test_a_window_of_any_size_comes_back_as_large_as_the_scale_says(
    tmp_path: Path, shape: Shape, height: int, width: int
) -> None:
    network: Network = TorchNetwork(saved(tmp_path, shape), "cpu")
    result = network.run(noise(height, width), Precision.FLOAT32)
    assert result.shape == (height * shape.scale, width * shape.scale, 3)
    assert result.dtype == np.float32
    assert result.flags.c_contiguous


def test_a_window_that_is_no_whole_multiple_is_padded_with_its_own_edge(tmp_path: Path) -> None:
    network = TorchNetwork(saved(tmp_path, RRDB_2X), "cpu")
    window = noise(5, 7)
    padded = np.pad(window, ((0, 1), (0, 1), (0, 0)), mode="edge")
    whole = network.run(padded, Precision.FLOAT32)
    np.testing.assert_array_equal(network.run(window, Precision.FLOAT32), whole[:10, :14])


@pytest.mark.parametrize("precision", [Precision.BFLOAT16, Precision.MIXED])
def test_a_smaller_precision_gives_nearly_the_same_and_leaves_float32_as_it_was(
    tmp_path: Path, precision: Precision
) -> None:
    network, window = TorchNetwork(saved(tmp_path, RRDB), "cpu"), noise(6, 6)
    before = network.run(window, Precision.FLOAT32)
    rough = network.run(window, precision)
    assert rough.dtype == np.float32
    assert 0 < np.abs(rough - before).max() < 0.05
    np.testing.assert_array_equal(network.run(window, Precision.FLOAT32), before)


@pytest.mark.parametrize("shape", [RRDB, COMPACT], ids=str)
def test_what_wraps_leaves_the_next_window_alone(tmp_path: Path, shape: Shape) -> None:
    network, window = TorchNetwork(saved(tmp_path, shape), "cpu"), noise(6, 6)
    before = network.run(window, Precision.FLOAT32)
    wrapped = network.run_wrapped(window, Precision.FLOAT32, Wraps(x=True))
    assert np.abs(wrapped - before).max() > 1e-4
    np.testing.assert_array_equal(network.run(window, Precision.FLOAT32), before)


def test_weights_are_read_once_and_only_when_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = TorchNetwork(saved(tmp_path, RRDB), "cpu")
    loads = []

    def counting(info: ModelInfo) -> nn.Module:
        loads.append(info)
        return original(info)

    original = torch_.load
    monkeypatch.setattr(torch_, "load", counting)
    assert loads == []
    for _ in range(3):
        network.run(noise(2, 2), Precision.FLOAT32)
    assert len(loads) == 1


def test_another_number_of_channels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="takes 3 channels, not 1"):
        TorchNetwork(saved(tmp_path, RRDB), "cpu").run(noise(4, 4, 1), Precision.FLOAT32)


class Failing(nn.Module):
    """A network that fails while it holds memory."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.held: weakref.ref[torch.Tensor] | None = None

    def wrap(self, wraps: Wraps) -> None:
        pass

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        large = torch.zeros(1000)
        self.held = weakref.ref(large)
        raise self.error


def failing(folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> tuple[TorchNetwork, Failing]:
    network, module = TorchNetwork(saved(folder, RRDB), "cpu"), Failing(error)
    monkeypatch.setattr(torch_, "load", lambda info: module)
    return network, module


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:115] data. DefaultCPUAllocator: not enough memory: you tried"),
        RuntimeError("MPS backend out of memory (MPS allocated: 17.9 GB)"),
        RuntimeError("std::bad_alloc"),
        MemoryError(),
    ],
    ids=str,
)
def test_out_of_memory_in_any_words_is_one_error_that_holds_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    network, module = failing(tmp_path, monkeypatch, error)
    with pytest.raises(OutOfMemory, match="6×4 texels") as caught:
        network.run(noise(4, 6), Precision.FLOAT32)
    assert caught.value.__context__ is None
    error.__traceback__ = None  # the test's own hold on the failed frames
    assert module.held is not None
    assert module.held() is None


@pytest.mark.parametrize(
    "said",
    [
        "CUDA error: unspecified launch failure\nCUDA kernel errors might be reported at some other call",
        "CUDA error: device-side assert triggered",
        "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
        "HIP error: the operation cannot be performed in the present state",
    ],
)
def test_a_device_that_broke_off_is_an_error_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    network, _ = failing(tmp_path, monkeypatch, RuntimeError(said))
    with pytest.raises(DeviceLost) as caught:
        network.run(noise(4, 6), Precision.FLOAT32)
    text = str(caught.value)
    assert said.partition("\n")[0] in text
    assert "\n" not in text
    assert "--device cpu" in text
    assert "doctor" in text


def test_an_error_that_is_not_about_memory_stays_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, _ = failing(tmp_path, monkeypatch, RuntimeError("expected scalar type Half"))
    with pytest.raises(RuntimeError, match="scalar type Half"):
        network.run(noise(4, 6), Precision.FLOAT32)


def test_an_allocation_that_really_fails_is_out_of_memory(tmp_path: Path) -> None:
    info = saved(tmp_path, RRDB)
    window = np.broadcast_to(np.float32(0), (1 << 22, 1 << 22, 3))  # 200 TB, were it copied
    with pytest.raises(OutOfMemory):
        TorchNetwork(info, "cpu").run(window, Precision.FLOAT32)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("scale", [2, 4])
def test_resizing_takes_any_number_of_channels(channels: int, scale: int) -> None:
    network: Network = ResizeNetwork(scale)
    window = noise(5, 3, channels)
    np.testing.assert_array_equal(network.run(window, Precision.FLOAT32), enlarge(window, scale))
    assert (network.info.name, network.info.scale, network.info.reach) == ("bicubic", scale, 2)


def test_a_device_that_is_not_there_is_answered_with_those_that_are() -> None:
    for name in ("cuda:99", "tpu"):
        with pytest.raises(UsageError, match=rf"no device '{name}'.*cpu"):
            devices.describe(name)


def cpu_with(monkeypatch: pytest.MonkeyPatch, folder: Path, table: str) -> None:
    path = folder / "cpuinfo"
    path.write_text(table)
    monkeypatch.setattr(devices, "_CPU_TABLE", path)


@pytest.mark.parametrize(
    ("flags", "fast"),
    [
        ("fpu avx2 avx512f avx512_bf16", Precision.MIXED),
        ("fpu avx512f amx_bf16 amx_tile", Precision.MIXED),
        ("fpu avx2 avx512f avx512_vnni", Precision.FLOAT32),
        ("", Precision.FLOAT32),
    ],
)
def test_a_cpu_is_fast_in_mixed_precision_only_with_bfloat16_units(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: str, fast: Precision
) -> None:
    cpu_with(monkeypatch, tmp_path, f"processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: {flags}\n")
    device = devices.describe("cpu")
    assert (device.name, device.label, device.fast) == ("cpu", "Some CPU", fast)
    assert "bfloat16" in device.why


@pytest.mark.parametrize("there", [True, False])
def test_without_a_table_of_flags_torch_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: bool) -> None:
    monkeypatch.setattr(devices, "_CPU_TABLE", tmp_path / "missing")
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: there, raising=False)
    assert devices.describe("cpu").fast is (Precision.MIXED if there else Precision.FLOAT32)
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
    assert devices.describe("cpu").fast is Precision.FLOAT32


@pytest.mark.parametrize(
    ("capability", "fast", "bfloat16"),
    [((6, 1), Precision.FLOAT32, False), ((7, 5), Precision.FLOAT16, False), ((9, 0), Precision.FLOAT16, True)],
)
def test_cuda_comes_first_and_is_fast_in_float16_with_tensor_cores(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], fast: Precision, bfloat16: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"Card {index}")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda index: capability)
    device = devices.describe()
    assert (device.name, device.label, device.fast) == ("cuda:0", "Card 0", fast)
    assert (Precision.MIXED in device.supported) is bfloat16
    assert devices.describe("cuda").name == "cuda:0"
    assert devices.describe("cuda:1").label == "Card 1"
    with pytest.raises(UsageError, match=r"cuda:0, cuda:1, .*cpu"):
        devices.describe("cuda:2")


def test_a_precision_that_a_device_lacks_is_answered_with_those_it_has(tmp_path: Path) -> None:
    network = TorchNetwork(saved(tmp_path, RRDB), "cpu")
    for precision in (Precision.FLOAT16, Precision.AUTO):
        with pytest.raises(UsageError, match=rf"no {precision.value}.*float32, bfloat16, mixed"):
            network.run(noise(2, 2), precision)


def test_deep_textures_are_computed_in_float32_whatever_is_fast(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cpu_with(monkeypatch, tmp_path, "flags\t\t: avx512_bf16\n")
    device = devices.describe("cpu")
    assert device.precision_for(Precision.AUTO, Depth.UINT8) is Precision.MIXED
    assert device.precision_for(Precision.AUTO, Depth.UINT16) is Precision.FLOAT32
