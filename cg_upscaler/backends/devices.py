"""Finds the devices of this machine and says which arithmetic suits each."""

from __future__ import annotations

import platform
import re
import shutil
from pathlib import Path

import torch

from cg_upscaler.errors import UsageError
from cg_upscaler.spec import DeviceInfo, Precision

_CPU_TABLE = Path("/proc/cpuinfo")  # Linux only

_TENSOR_CORES = (7, 0)  # the first CUDA capability at which float16 is faster than float32 on every card


def describe(name: str = "auto") -> DeviceInfo:
    """Return a device by torch's name for it; ``auto`` takes CUDA, then MPS, then the CPU.

    Raises UsageError, saying what there is, for a device that is not there.
    """
    there = available()
    if name == "auto":
        name = there[0]
    wanted = "cuda:0" if name == "cuda" else name
    if wanted not in there:
        raise UsageError(f"no device {name!r} here", fix=f"there is {', '.join(there)} (torch {torch.__version__})")
    if wanted == "cpu":
        return _cpu()
    return _mps() if wanted == "mps" else _cuda(wanted)


def available() -> tuple[str, ...]:
    """Return the names of the devices that torch can use, the most capable first."""
    cuda = [f"cuda:{i}" for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return (*cuda, *mps, "cpu")


def require(device: DeviceInfo, precision: Precision) -> None:
    """Raise UsageError unless the device computes in this precision."""
    if precision not in device.supported:
        supported = ", ".join(choice.value for choice in device.supported)
        raise UsageError(f"{device.label} ({device.name}) has no {precision.value}", fix=f"it has {supported}")


def build() -> str:
    """Return which build of torch runs: for the CPU alone, or for which version of CUDA or ROCm."""
    runtime = (torch.version.cuda and f"CUDA {torch.version.cuda}") or (
        torch.version.hip and f"ROCm {torch.version.hip}"
    )
    return f"torch {torch.__version__}, built for {runtime or 'the CPU'}"


def unused_gpu() -> str | None:
    """Return a warning where the machine has an NVIDIA card that this build of torch cannot use."""
    if shutil.which("nvidia-smi") is None or torch.cuda.is_available():
        return None
    if torch.version.cuda is None:
        return (
            "an NVIDIA driver is installed, but this torch is built for the CPU; the README says how to get a GPU build"
        )
    return f"an NVIDIA driver is installed, but torch (CUDA {torch.version.cuda}) finds no card; is the driver too old?"


def _cuda(name: str) -> DeviceInfo:
    index = int(name.removeprefix("cuda:"))
    label, capability = torch.cuda.get_device_name(index), torch.cuda.get_device_capability(index)
    supported = [Precision.FLOAT32, Precision.FLOAT16]
    if capability >= (8, 0):
        supported += [Precision.BFLOAT16, Precision.MIXED]
    if capability < _TENSOR_CORES:
        why = f"compute capability {capability[0]}.{capability[1]} has no tensor cores"
        return DeviceInfo(name, label, Precision.FLOAT32, tuple(supported), why)
    return DeviceInfo(name, label, Precision.FLOAT16, tuple(supported), "tensor cores compute in float16")


def _mps() -> DeviceInfo:
    supported = (Precision.FLOAT32, Precision.FLOAT16)
    return DeviceInfo("mps", platform.processor() or "Apple", Precision.FLOAT16, supported, "float16 is MPS's fastest")


def _cpu() -> DeviceInfo:
    table = _CPU_TABLE.read_text(errors="replace") if _CPU_TABLE.is_file() else ""
    model = re.search(r"^model name\s*:\s*(.+)$", table, re.MULTILINE)
    label = model[1].strip() if model else platform.processor() or platform.machine()
    supported = (Precision.FLOAT32, Precision.BFLOAT16, Precision.MIXED)
    if unit := _bfloat16_unit(table):
        return DeviceInfo("cpu", label, Precision.MIXED, supported, f"the CPU has bfloat16 dot products ({unit})")
    why = "the CPU has no bfloat16 dot products, and emulates the smaller types slowly"
    return DeviceInfo("cpu", label, Precision.FLOAT32, supported, why)


def _bfloat16_unit(table: str) -> str | None:
    """Return the x86 extension that multiplies bfloat16, or None where none is known for certain.

    ARM's is left out: torch's convolutions there use it only in some builds, and without it they crawl.
    """
    flags = set(re.findall(r"^flags\s*:\s*(.+)$", table, re.MULTILINE)[:1])
    words = " ".join(flags).split()
    for unit in ("amx_bf16", "avx512_bf16"):
        if unit in words:
            return unit
    if not table and _torch_sees("_is_avx512_bf16_supported"):
        return "avx512_bf16"
    return None


def _torch_sees(probe: str) -> bool:
    """Ask torch's own test of the processor, where this version of torch has it: it is not public."""
    found = getattr(torch.cpu, probe, None)
    return bool(found is not None and found())
