"""The networks compute what their families define, at every scale, size and precision."""

from __future__ import annotations

from math import prod

import pytest
import torch
import torch.nn.functional as F

from cg_upscaler.geometry import Wraps
from cg_upscaler.models import catalog
from cg_upscaler.models.compact import SRVGGNetCompact
from cg_upscaler.models.precision import set_precision
from cg_upscaler.models.rrdb import RRDBNet
from cg_upscaler.models.shape import CompactShape, RRDBShape, Shape, parameters
from cg_upscaler.spec import Precision
from tests.tiny import COMPACT, RRDB, RRDB_1X, RRDB_2X, State, network, random_state

SHAPES = [
    RRDB,
    RRDB_2X,
    RRDB_1X,
    RRDBShape(channels=1, width=8, growth=4, blocks=1, upsamplings=1),
    RRDBShape(width=8, growth=4, blocks=1, upsamplings=0),
    RRDBShape(width=8, growth=4, blocks=1, upsamplings=3),
    COMPACT,
    CompactShape(channels=1, width=8, hidden=0, scale=2),
]


def picture(shape: Shape, height: int = 12, width: int = 8) -> torch.Tensor:
    return torch.rand(1, shape.channels, height, width, generator=torch.Generator().manual_seed(7))


def by_definition(shape: Shape, state: State, x: torch.Tensor) -> torch.Tensor:
    """The network written down as a formula, with no thought of speed or memory."""

    def conv(name: str, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1)

    if isinstance(shape, CompactShape):
        y = x
        for i in range(shape.hidden + 1):
            y = F.prelu(conv(f"body.{2 * i}", y), state[f"body.{2 * i + 1}.weight"])
        y = F.pixel_shuffle(conv(f"body.{2 * shape.hidden + 2}", y), shape.scale)
        return y + x.repeat_interleave(shape.scale, 2).repeat_interleave(shape.scale, 3)

    first = y = conv("conv_first", F.pixel_unshuffle(x, shape.unshuffle))
    for block in range(shape.blocks):
        z = y
        for dense in (1, 2, 3):
            outputs = [z]
            for k in (1, 2, 3, 4):
                outputs.append(F.leaky_relu(conv(f"body.{block}.rdb{dense}.conv{k}", torch.cat(outputs, 1)), 0.2))
            z = z + 0.2 * conv(f"body.{block}.rdb{dense}.conv5", torch.cat(outputs, 1))
        y = y + 0.2 * z
    y = first + conv("conv_body", y)
    for i in range(shape.upsamplings):
        y = F.leaky_relu(conv(f"conv_up{i + 1}", y.repeat_interleave(2, 2).repeat_interleave(2, 3)), 0.2)
    return conv("conv_last", F.leaky_relu(conv("conv_hr", y), 0.2))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_network_computes_its_definition(shape: Shape) -> None:
    state, x = random_state(shape), picture(shape)
    result = network(shape)(x)
    assert result.shape == (1, shape.channels, 12 * shape.scale, 8 * shape.scale)
    torch.testing.assert_close(result, by_definition(shape, state, x), rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_shape_names_every_tensor_in_the_order_of_the_network(shape: Shape) -> None:
    plain = RRDBNet(shape) if isinstance(shape, RRDBShape) else SRVGGNetCompact(shape)
    found = {name: tuple(tensor.shape) for name, tensor in plain.state_dict().items()}
    assert found == shape.tensors()
    assert sorted(found) == sorted(shape.tensors())
    assert parameters(shape) == sum(prod(dimensions) for dimensions in found.values())


def test_the_published_networks_have_their_published_sizes() -> None:
    sizes = {info.name: (info.parameters, info.scale, info.reach) for info in catalog.names()}
    assert sizes == {
        "realesrgan-x4plus": (16_697_987, 4, 64),
        "realesrgan-x4plus-anime": (4_467_779, 4, 64),
        "realesr-animevideov3": (621_424, 4, 18),
        "cg-color-x4": (621_424, 4, 18),
        "cg-normal-x4": (209_664, 4, 11),
        **dict.fromkeys(("nearest", "linear", "bicubic"), (0, 4, 2)),
    }


@pytest.mark.parametrize("upsamplings", [0, 1, 2, 3])
@pytest.mark.parametrize("rows", [1, 2, 3, 5, 11])
def test_the_head_in_strips_equals_the_head_as_a_whole(upsamplings: int, rows: int) -> None:
    shape = RRDBShape(width=8, growth=4, blocks=1, upsamplings=upsamplings)
    net = network(shape)
    assert isinstance(net, RRDBNet)
    features = torch.randn(2, 8, 11, 5, generator=torch.Generator().manual_seed(3))
    texels = rows * 5 * 4**upsamplings
    torch.testing.assert_close(net.head_in_strips(features, texels), net.head(features), rtol=0, atol=1e-5)


def test_the_head_in_strips_of_a_wide_picture_takes_at_least_a_row() -> None:
    net = network(RRDB)
    assert isinstance(net, RRDBNet)
    features = torch.randn(1, 8, 3, 40, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(net.head_in_strips(features, 1), net.head(features), rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [COMPACT, RRDBShape(width=8, growth=4, blocks=1)], ids=str)
def test_nothing_beyond_the_reach_of_a_small_network_touches_a_texel(shape: Shape) -> None:
    net, reach = network(shape), shape.reach
    x = picture(shape, 4, reach + 6)
    other = x.clone()
    other[..., :5] = 1 - other[..., :5]
    changed = (net(x) != net(other)).any(dim=1).any(dim=1)[0]
    assert changed[0]
    assert not changed[(4 + reach + 1) * shape.scale :].any()


def test_a_compact_network_s_reach_is_no_larger_than_it_need_be() -> None:
    net = network(COMPACT)
    x = picture(COMPACT, 4, COMPACT.reach + 6)
    other = x.clone()
    other[..., 0] += 1
    changed = (net(x) != net(other)).any(dim=1).any(dim=1)[0]
    assert changed[COMPACT.reach * COMPACT.scale : (COMPACT.reach + 1) * COMPACT.scale].any()


@pytest.mark.parametrize("shape", [RRDB, RRDB_2X, COMPACT], ids=str)
def test_mixed_precision_keeps_the_ends_in_float32_and_is_nearer_than_bfloat16(shape: Shape) -> None:
    x, errors = picture(shape), {}
    exact = network(shape)(x)
    for precision in (Precision.MIXED, Precision.BFLOAT16):
        net = network(shape)
        set_precision(net, precision)
        errors[precision] = float((net(x).float() - exact).square().mean())
    assert 0 < errors[Precision.MIXED] < errors[Precision.BFLOAT16]

    mixed = network(shape)
    set_precision(mixed, Precision.MIXED)
    types = {name: tensor.dtype for name, tensor in mixed.state_dict().items()}
    first, *inner, last = [name for name in types if name.endswith(".weight")]
    assert types[first] == types[last] == torch.float32
    assert {types[name] for name in inner} == {torch.bfloat16}


def test_a_network_can_be_trained() -> None:
    net = RRDBNet(RRDB)
    net(picture(RRDB)).mean().backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in net.parameters())


@pytest.mark.parametrize("shape", [RRDB, RRDB_2X, RRDBShape(width=8, growth=4, blocks=1, upsamplings=3), COMPACT])
@pytest.mark.parametrize("wraps", [Wraps(x=True), Wraps(y=True), Wraps(x=True, y=True)])
@pytest.mark.parametrize("height", [2, 12])
def test_a_network_that_wraps_sees_its_picture_go_on_for_ever(shape: Shape, wraps: Wraps, height: int) -> None:
    """Held against the same picture laid out often enough that its borders are out of reach."""
    net, x = network(shape), picture(shape, height)
    times, far = 25, 12
    tiled = x.repeat(1, 1, times if wraps.y else 1, times if wraps.x else 1)
    top = far * height * shape.scale if wraps.y else 0
    left = far * x.shape[3] * shape.scale if wraps.x else 0
    expected = net(tiled)[:, :, top : top + height * shape.scale, left : left + x.shape[3] * shape.scale]
    net.wrap(wraps)
    assert torch.allclose(net(x), expected, atol=1e-5)


@pytest.mark.parametrize("texels", [1, 200])
def test_strips_of_the_head_wrap_too(texels: int) -> None:
    net = network(RRDB)
    assert isinstance(net, RRDBNet)
    net.wrap(Wraps(x=True, y=True))
    x = picture(RRDB)
    rolled = net.head_in_strips(net.trunk(x.roll(5, 2)), texels).roll(-5 * RRDB.scale, 2)
    assert torch.allclose(rolled, net.head_in_strips(net.trunk(x)), atol=1e-5)
