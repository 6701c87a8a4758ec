"""Checkpoints of the ESRGAN family load from every style of names and every format of file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from cg_upscaler.errors import UnknownArchitecture
from cg_upscaler.models import catalog
from cg_upscaler.models.load import load
from cg_upscaler.models.shape import RRDBShape, Shape
from tests.tiny import COMPACT, RRDB, RRDB_1X, RRDB_2X, State, random_state

Rename = Callable[[str], str]


def real_esrgan(name: str) -> str:
    return name


def basicsr(name: str) -> str:
    name = name.replace("conv_body", "trunk_conv").replace("body.", "RRDB_trunk.").replace("rdb", "RDB")
    return name.replace("conv_up", "upconv").replace("conv_hr", "HRconv")


def basic_block(name: str) -> str:
    name = re.sub(r"body\.(\d+)\.rdb(\d)\.conv(\d)", r"basic_blocks.\1.dense_block_\2.conv_block_\3", name)
    name = re.sub(r"conv_up(\d)", r"upsample_2x_\1_convblock", name)
    return name.replace("conv_first", "initial_conv").replace("conv_hr", "pen_conv").replace("conv_last", "final_conv")


def nested(suffix: str) -> Rename:
    return lambda name: re.sub(r"\.(weight|bias)$", rf"{suffix}.\1", basic_block(name))


def esrgan_2018(shape: RRDBShape) -> Rename:
    ups = shape.upsamplings
    numbers = {"conv_hr": 3 * ups + 2, "conv_last": 3 * ups + 4} | {f"conv_up{i}": 3 * i for i in range(1, ups + 1)}

    def rename(name: str) -> str:
        layer, tensor = name.rsplit(".", 1)
        if layer == "conv_first":
            return f"model.0.{tensor}"
        if layer == "conv_body":
            return f"model.1.sub.{shape.blocks}.{tensor}"
        if layer in numbers:
            return f"model.{numbers[layer]}.{tensor}"
        return f"model.1.sub.{layer.removeprefix('body.').replace('rdb', 'RDB')}.0.{tensor}"

    return rename


def prefixed(prefix: str, rename: Rename) -> Rename:
    return lambda name: prefix + rename(name)


STYLES: dict[str, tuple[Shape, Rename]] = {
    "Real-ESRGAN": (RRDB, real_esrgan),
    "Real-ESRGAN 2x": (RRDB_2X, real_esrgan),
    "Real-ESRGAN 1x": (RRDB_1X, real_esrgan),
    "8x": (RRDBShape(width=8, growth=4, blocks=1, upsamplings=3), real_esrgan),
    "2x without unshuffle": (RRDBShape(width=8, growth=4, blocks=1, upsamplings=1), real_esrgan),
    "gray": (RRDBShape(channels=1, width=8, growth=4, blocks=1), real_esrgan),
    "BasicSR": (RRDB, basicsr),
    "basic-block": (RRDB, basic_block),
    "basic-block 2x": (RRDB_2X, basic_block),
    "basic-block, sequential": (RRDB, nested(".0")),
    "basic-block, block": (RRDB, nested(".conv")),
    **{
        f"ESRGAN 2018 {2**ups}x": (shape := RRDBShape(width=8, growth=4, blocks=2, upsamplings=ups), esrgan_2018(shape))
        for ups in range(4)
    },
    "parallel": (RRDB, prefixed("module.", real_esrgan)),
    "trainer": (RRDB, prefixed("netG.module.", basicsr)),
    "ESRGAN 2018, trainer": (RRDB, prefixed("netG.", esrgan_2018(RRDB))),
    "compact": (COMPACT, real_esrgan),
    "compact, parallel": (COMPACT, prefixed("module.", real_esrgan)),
}


def save_zip(state: State, path: Path) -> None:
    torch.save({"params_ema": state}, path)


def save_legacy(state: State, path: Path) -> None:
    torch.save(state, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("suffix", "save"),
    [(".pth", save_zip), (".pt", save_legacy), (".safetensors", save_file)],
    ids=["zip", "legacy", "safetensors"],
)
def test_each_style_of_names_gives_the_same_network(
    tmp_path: Path, style: str, suffix: str, save: Callable[[State, Path], None]
) -> None:
    shape, rename = STYLES[style]
    state = random_state(shape)
    path = tmp_path / f"model{suffix}"
    save({rename(name): tensor for name, tensor in state.items()}, path)

    info = catalog.find(path.name, base=tmp_path)
    assert (info.architecture, info.scale, info.channels) == (shape.architecture, shape.scale, shape.channels)
    loaded = load(info)
    assert loaded.shape == shape
    assert loaded.state_dict().keys() == state.keys()
    assert all(torch.equal(tensor, state[name]) for name, tensor in loaded.state_dict().items())


def test_a_generator_is_found_beside_a_discriminator_and_its_average_preferred(tmp_path: Path) -> None:
    plain, average = random_state(RRDB, 1), random_state(RRDB, 2)
    file = {f"generator.{name}": tensor for name, tensor in plain.items()}
    file |= {f"generator_ema.{name}": tensor for name, tensor in average.items()}
    file |= {"discriminator.conv_0.weight": torch.zeros(8, 3, 3, 3), "step_counter": torch.zeros(1)}
    torch.save({"meta": {"epoch": 3}, "state_dict": file}, tmp_path / "model.pth")

    weights = load(catalog.find("model.pth", base=tmp_path)).state_dict()
    assert torch.equal(weights["conv_last.weight"], average["conv_last.weight"])


def test_averaged_weights_are_preferred_to_plain_ones(tmp_path: Path) -> None:
    plain, average = random_state(RRDB, 1), random_state(RRDB, 2)
    torch.save({"params": plain, "params_ema": average}, tmp_path / "model.pth")
    weights = load(catalog.find("model.pth", base=tmp_path)).state_dict()
    assert torch.equal(weights["conv_last.weight"], average["conv_last.weight"])


def test_weights_in_half_precision_are_read_as_float32(tmp_path: Path) -> None:
    save_file({name: tensor.half() for name, tensor in random_state(RRDB).items()}, tmp_path / "model.safetensors")
    weights = load(catalog.find("model.safetensors", base=tmp_path)).state_dict()
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"conv_hr.bias": None}, "conv_hr.bias is missing and not 8"),
        ({"body.1.rdb2.conv4.weight": torch.zeros(4, 20, 1, 1)}, "body.1.rdb2.conv4.weight is 4×20×1×1"),
        ({"body.0.rdb1.conv1x1.weight": torch.zeros(4, 8, 1, 1)}, "body.0.rdb1.conv1x1.weight is 4×8×1×1"),
        ({"conv_first.weight": torch.zeros(8, 5, 3, 3)}, "conv_first.weight is 8×5×3×3 and not 8×3×3×3"),
    ],
)
def test_a_network_that_is_nearly_known_is_refused_by_its_first_difference(
    tmp_path: Path, change: dict[str, torch.Tensor | None], said: str
) -> None:
    state = {name: tensor for name, tensor in (random_state(RRDB) | change).items() if tensor is not None}
    torch.save(state, tmp_path / "model.pth")
    with pytest.raises(UnknownArchitecture, match=re.escape(said)) as caught:
        catalog.find("model.pth", base=tmp_path)
    assert caught.value.where == str(tmp_path / "model.pth")


@pytest.mark.parametrize(
    "state",
    [
        {"layers.0.attn.qkv.weight": torch.zeros(12, 4), "layers.0.attn.qkv.bias": torch.zeros(12)},
        {"body.0.weight": torch.zeros(8, 3, 3, 3)},
        {"conv_first.weight": torch.zeros(8), "conv_last.weight": torch.zeros(3)},
        {"conv_first.weight": torch.zeros(8, 3, 3, 3), "body.0.rdb1.conv1.weight": torch.zeros(4, 8, 3, 3),
         "conv_last.weight": torch.zeros(0, 8, 3, 3)},
    ],
)  # fmt: skip
def test_another_network_is_refused_by_what_was_seen(tmp_path: Path, state: State) -> None:
    torch.save(state, tmp_path / "model.pth")
    with pytest.raises(UnknownArchitecture, match=re.escape(min(state))) as caught:
        catalog.find("model.pth", base=tmp_path)
    assert "RRDBNet" in str(caught.value)
