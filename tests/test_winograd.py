"""Convolutions by Winograd's tiles are torch's, at any size, from and into any part of a window."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cg_upscaler.backends import winograd
from cg_upscaler.backends.convolver import Convolvers, Plain
from cg_upscaler.models.convolution import Convolution

pytestmark = pytest.mark.skipif(not winograd.available(), reason=str(winograd.missing()))


def layer_of(inputs: int, outputs: int, seed: int = 0) -> Convolution:
    generator = torch.Generator().manual_seed(seed)
    layer = Convolution(inputs, outputs).requires_grad_(False)
    layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) / (9 * inputs) ** 0.5)
    layer.bias.copy_(torch.randn(outputs, generator=generator))
    return layer


def rows_of(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(size=shape).astype(np.float32))


@pytest.mark.parametrize("height", [1, 2, 3, 4, 5, 9, 16])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 6, 7, 33])
def test_any_size_is_what_torch_gives(height, width):
    layer, slopes = layer_of(16, 32), torch.linspace(-0.5, 1, 32)
    window = rows_of(2, height + 2, width + 2, 48)
    ours, theirs = torch.zeros(2, height, width, 32), torch.zeros(2, height, width, 32)
    winograd.Winograd(layer, slopes)(window, 0, ours, 0, 0, 0, height)
    Plain(layer, slopes)(window, 0, theirs, 0, 0, 0, height)
    assert (ours - theirs).abs().max() < 2e-5
    x = window[:, :, :, :16].permute(0, 3, 1, 2)
    assert torch.allclose(theirs.permute(0, 3, 1, 2), F.prelu(F.conv2d(x, layer.weight, layer.bias), slopes), atol=1e-5)


def test_it_writes_where_it_is_told_and_nowhere_else():
    layer = layer_of(16, 16)
    window = rows_of(1, 12, 11, 48)
    before = window.clone()
    winograd.Winograd(layer, torch.ones(16))(window, 2, window, 4, 1, 16, 5)
    written = torch.zeros_like(window, dtype=torch.bool)
    written[:, 4:9, 1:10, 16:32] = True
    assert torch.equal(window[~written], before[~written])
    expected = F.conv2d(before[:, 2:9, :, :16].permute(0, 3, 1, 2), layer.weight, layer.bias).permute(0, 2, 3, 1)
    assert (window[:, 4:9, 1:10, 16:32] - expected).abs().max() < 2e-5


@pytest.mark.parametrize(("inputs", "outputs", "end"), [(3, 64, "first"), (12, 16, "first"), (64, 3, "last")])
def test_the_ends_of_a_network_are_filled_up(inputs, outputs, end):
    layer = layer_of(inputs, outputs)
    made = Convolvers()(layer, **{end: True})
    assert isinstance(made, winograd.Winograd) and made.inputs % 8 == 0 and made.outputs % 16 == 0
    window = torch.zeros(1, 10, 12, made.inputs)
    window[..., :inputs] = rows_of(1, 10, 12, inputs)
    result = torch.zeros(1, 8, 10, made.outputs)
    made(window, 0, result, 0, 0, 0, 8)
    expected = F.conv2d(window[..., :inputs].permute(0, 3, 1, 2), layer.weight, layer.bias).permute(0, 2, 3, 1)
    assert (result[..., :outputs] - expected).abs().max() < 2e-5


def test_a_layer_between_is_only_taken_where_its_channels_fill_vectors():
    assert isinstance(Convolvers()(layer_of(3, 64)), Plain)
    assert isinstance(Convolvers()(layer_of(64, 3)), Plain)
    assert isinstance(Convolvers()(layer_of(16, 16).to(torch.bfloat16)), Plain)


@pytest.mark.parametrize("change", [(5, 0, 0, 0), (0, 5, 0, 0), (0, 0, 3, 0), (0, 0, 0, 40), (-1, 0, 0, 0)])
def test_what_would_be_written_beyond_is_refused(change):
    top, row, column, channel = change
    window, result = rows_of(1, 10, 12, 16), torch.zeros(1, 8, 12, 48)
    with pytest.raises(ValueError, match="8 rows from"):
        winograd.Winograd(layer_of(16, 16), torch.ones(16))(window, top, result, row, column, channel, 8)


def test_nan_and_infinity_reach_what_sees_them_and_nothing_far_away():
    window = rows_of(1, 22, 22, 16)
    window[0, 3, 3, 0] = torch.inf
    result = torch.zeros(1, 20, 20, 16)
    winograd.Winograd(layer_of(16, 16), torch.full((16,), 0.2))(window, 0, result, 0, 0, 0, 20)
    assert not torch.isfinite(result[0, 1:4, 1:4]).all()
    assert torch.isfinite(result[0, 8:, 8:]).all()


def test_two_networks_at_once_do_not_disturb_each_other():
    layers = [layer_of(48, 48, seed=1), layer_of(64, 64, seed=2)]
    made = [winograd.Winograd(layer, torch.ones(layer.out_channels)) for layer in layers]
    windows = [rows_of(1, 66, 66, layer.in_channels) for layer in layers]

    def run(number: int) -> torch.Tensor:
        result = torch.zeros(1, 64, 64, layers[number].out_channels)
        made[number](windows[number], 0, result, 0, 0, 0, 64)
        return result

    alone = [run(number) for number in range(2)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(run, [0, 1] * 40))
    for number, result in enumerate(together):
        assert torch.equal(result, alone[number % 2])
