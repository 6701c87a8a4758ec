"""Weights become files of other kinds and are the same network there, under the same licence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.errors import ForeignOutput, ModelError, ModelNotFound, OutputError, UnknownArchitecture
from cg_upscaler.models import catalog, ncnn
from cg_upscaler.models.load import weights_of
from cg_upscaler.models.ncnn_pair import param_of
from cg_upscaler.models.shape import CompactShape, RRDBShape, Shape
from cg_upscaler.models.writing import write
from cg_upscaler.spec import ModelInfo, Precision
from tests.fakes import noise
from tests.tiny import COMPACT, RRDB, RRDB_1X, RRDB_2X, random_state

SHAPES = [RRDB, RRDB_2X, RRDB_1X, COMPACT, CompactShape(channels=1, width=8, hidden=2, scale=2), RRDBShape(1, 8, 4, 1)]


def model(folder: Path, shape: Shape = RRDB, licence: str = "MIT") -> ModelInfo:
    torch.save(random_state(shape), folder / "a.pth")
    (folder / "a.json").write_text(json.dumps({"name": "A", "author": "B", "license": licence}))
    return catalog.find("a.pth", base=folder)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_network_is_the_same_in_every_kind_of_file(tmp_path: Path, shape: Shape) -> None:
    info = model(tmp_path, shape)
    for name in ("b.safetensors", "c.pth"):
        write(info, tmp_path / name)
        other = catalog.find(name, base=tmp_path)
        before, after = weights_of(info), weights_of(other)
        assert before[0] == after[0] and all(torch.equal(before[1][key], after[1][key]) for key in before[1])
        assert other.licence == "MIT"
    write(info, tmp_path / "d.bin")
    for name in ("d.bin", "d.param"):
        other = catalog.find(name, base=tmp_path)
        before, after = weights_of(info), weights_of(other)
        assert before[0] == after[0] and other.licence == "MIT"
        for key, tensor in before[1].items():
            rounded = tensor.half().float() if tensor.ndim == 4 else tensor
            assert torch.equal(after[1][key], rounded)


@pytest.mark.parametrize("shape", SHAPES)
def test_ncnn_itself_runs_what_is_written_for_it(tmp_path: Path, shape: Shape) -> None:
    runtime = pytest.importorskip("ncnn")
    write(model(tmp_path, shape), tmp_path / "b.param")
    network = runtime.Net()
    for option in ("use_vulkan_compute", "use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"):
        setattr(network.opt, option, False)
    assert not network.load_param(str(tmp_path / "b.param")) and not network.load_model(str(tmp_path / "b.bin"))
    window = (noise(8, 12, shape.channels) / 255).astype(np.float32)
    planes = np.ascontiguousarray(window.transpose(2, 0, 1))
    given = runtime.Mat(planes)
    extractor = network.create_extractor()
    extractor.input("data", given)
    failed, taken = extractor.extract("output")
    assert not failed
    result = np.array(taken).reshape(shape.channels, 8 * shape.scale, 12 * shape.scale).transpose(1, 2, 0)
    del taken, extractor, given
    ours = TorchNetwork(catalog.find("b.bin", base=tmp_path), "cpu").run(window, Precision.FLOAT32)
    np.testing.assert_allclose(result, ours, atol=2e-4)


@pytest.mark.parametrize("name", ["realesr-animevideov3", "realesrgan-x4plus-anime"])
def test_a_published_pair_is_read_as_what_it_is(tmp_path: Path, name: str) -> None:
    published = catalog.PUBLISHED[name]
    info = catalog.find(str(ncnn.package_file(published.file)))
    assert (info.architecture, info.scale, info.weights) == (published.info.architecture, 4, published.sha256)
    assert weights_of(info)[0] == published.shape


def test_a_blend_becomes_one_file_that_says_what_it_is_of(tmp_path: Path) -> None:
    model(tmp_path)
    torch.save(random_state(RRDB, 1), tmp_path / "b.pth")
    info = catalog.find("a.pth@0.7+b.pth@0.3", base=tmp_path)
    write(info, tmp_path / "ab.safetensors")
    made = catalog.find("ab.safetensors", base=tmp_path)
    assert all(torch.equal(weights_of(made)[1][key], tensor) for key, tensor in weights_of(info)[1].items())
    assert "MIT" in made.licence and "unknown" in made.licence
    with safe_open(tmp_path / "ab.safetensors", "pt") as file:
        assert json.loads(file.metadata()["blend"]) == {"a.pth": 0.7, "b.pth": 0.3}


def test_what_a_safetensors_says_goes_along(tmp_path: Path) -> None:
    save_file(random_state(RRDB), tmp_path / "a.safetensors", {"license": "CC0-1.0", "author": "me"})
    info = catalog.find("a.safetensors", base=tmp_path)
    assert [path.name for path in write(info, tmp_path / "b.pth")] == ["b.pth", "b.json"]
    assert json.loads((tmp_path / "b.json").read_text()) == {"license": "CC0-1.0", "author": "me"}


def test_what_is_there_stays_unless_it_is_forced(tmp_path: Path) -> None:
    info = model(tmp_path)
    (tmp_path / "b.param").write_text("mine")
    for name in ("a.pth", "b.bin", "b.param"):
        with pytest.raises(ForeignOutput, match="is there already"):
            write(info, tmp_path / name)
    assert (tmp_path / "b.param").read_text() == "mine" and not (tmp_path / "b.bin").exists()
    write(info, tmp_path / "b.bin", force=True)
    assert catalog.find("b.bin", base=tmp_path).scale == 4
    assert not list(tmp_path.glob(".*"))


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    info = model(tmp_path)
    with pytest.raises(ModelError, match=r"no weights are written as '\.onnx'"):
        write(info, tmp_path / "b.onnx")
    with pytest.raises(ModelError, match="bicubic is no single network"):
        write(catalog.find("bicubic"), tmp_path / "b.pth")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        write(info, tmp_path / "file" / "b.pth")


def test_a_pair_with_one_half_missing_names_the_other(tmp_path: Path) -> None:
    write(model(tmp_path, COMPACT), tmp_path / "b.bin")
    text = (tmp_path / "b.param").read_bytes()
    (tmp_path / "b.param").unlink()
    with pytest.raises(ModelNotFound, match=r"b\.bin: is one half.*put b\.param beside it"):
        catalog.find("b.bin", base=tmp_path)
    (tmp_path / "b.param").write_bytes(text)
    (tmp_path / "b.bin").unlink()
    with pytest.raises(ModelNotFound, match=r"b\.param: is one half.*put b\.bin beside it"):
        catalog.find("b.param", base=tmp_path)


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9])
def test_a_truncated_pair_is_refused(tmp_path: Path, part: float) -> None:
    for name in ("b.bin", "b.param"):
        write(model(tmp_path, COMPACT), tmp_path / "b.bin", force=True)
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: int(part * len(whole))])
        with pytest.raises(ModelError):
            catalog.find("b.bin", base=tmp_path)


def test_a_pair_of_another_network_is_refused(tmp_path: Path) -> None:
    write(model(tmp_path, COMPACT), tmp_path / "b.bin")
    text = param_of(COMPACT).replace("PReLU ", "Softmax ", 1)
    (tmp_path / "b.param").write_text(text)
    with pytest.raises(UnknownArchitecture, match="Softmax"):
        catalog.find("b.bin", base=tmp_path)
    (tmp_path / "b.param").write_text("7767517\n1 1\nInput data 0 1 data\n")
    with pytest.raises(ModelError):
        catalog.find("b.bin", base=tmp_path)
