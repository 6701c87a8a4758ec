"""How much memory is free: what the machine says, and what a container leaves of it."""

import sys
from types import SimpleNamespace

import pytest
import torch

from cg_upscaler.backends import memory
from cg_upscaler.backends.memory import free_bytes

GIB = 1 << 30


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A Linux machine with 8 GiB available, whose files are made by the test."""
    monkeypatch.setattr(memory.platform, "system", lambda: "Linux")
    monkeypatch.setattr(memory, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path / "cgroups")

    def put(name: str, text: object) -> None:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")

    put("proc/meminfo", f"MemTotal: {16 << 20} kB\nMemFree: {1 << 20} kB\nMemAvailable: {8 << 20} kB")
    return put


def test_this_machine_has_some_memory_free():
    free = free_bytes("cpu")
    if sys.platform.startswith("linux"):
        assert free is not None
    assert free is None or free > 1 << 20


def test_without_a_container_it_is_what_the_machine_has_available(machine):
    assert free_bytes("cpu") == 8 * GIB
    machine("proc/self/cgroup", "0::/")
    machine("cgroups/memory.max", "max")
    machine("cgroups/memory.current", 3 * GIB)
    assert free_bytes("cpu") == 8 * GIB


def test_a_container_that_has_less_left_counts(machine):
    machine("proc/self/cgroup", "0::/")
    machine("cgroups/memory.max", 4 * GIB)
    machine("cgroups/memory.current", 3 * GIB)
    assert free_bytes("cpu") == 1 * GIB
    machine("cgroups/memory.stat", f"anon 5\ninactive_file {GIB // 2}")
    assert free_bytes("cpu") == 1.5 * GIB  # files in its cache are given up


def test_the_limit_of_a_group_around_ours_counts_too(machine):
    machine("proc/self/cgroup", "0::/jobs/night")
    machine("cgroups/jobs/memory.max", 2 * GIB)
    machine("cgroups/jobs/memory.current", 1 * GIB)
    machine("cgroups/jobs/night/memory.max", "max")
    machine("cgroups/jobs/night/memory.current", 1 * GIB)
    assert free_bytes("cpu") == 1 * GIB


def test_the_first_version_of_cgroups_counts_too(machine):
    machine("proc/self/cgroup", "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc")
    machine("cgroups/memory/memory.limit_in_bytes", 3 * GIB)
    machine("cgroups/memory/memory.usage_in_bytes", 1 * GIB)
    assert free_bytes("cpu") == 2 * GIB
    machine("cgroups/memory/memory.limit_in_bytes", 9223372036854771712)
    assert free_bytes("cpu") == 8 * GIB


def test_nothing_left_is_zero_and_never_less(machine):
    machine("proc/self/cgroup", "0::/")
    machine("cgroups/memory.max", 1 * GIB)
    machine("cgroups/memory.current", 2 * GIB)
    assert free_bytes("cpu") == 0


def test_what_is_not_known_is_none(machine, tmp_path, monkeypatch):
    (tmp_path / "proc" / "meminfo").unlink()
    assert free_bytes("cpu") is None
    monkeypatch.setattr(memory.platform, "system", lambda: "Darwin")
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert free_bytes("cpu") is None


def test_elsewhere_psutil_says_it(monkeypatch):
    monkeypatch.setattr(memory.platform, "system", lambda: "Windows")
    psutil = SimpleNamespace(virtual_memory=lambda: SimpleNamespace(available=5 * GIB))
    monkeypatch.setitem(sys.modules, "psutil", psutil)
    assert free_bytes("cpu") == 5 * GIB
    assert free_bytes("mps") == 5 * GIB


def test_a_card_says_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (device.index * GIB, 80 * GIB))
    assert free_bytes("cuda:3") == 3 * GIB
