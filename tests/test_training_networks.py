"""The networks that are trained: how they begin, which weights they take up, and what counts as wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cg_upscaler.errors import ModelError, UsageError
from cg_upscaler.library.config.training import Adversary, Critic, Lesson, Losses, Shaped
from cg_upscaler.models import catalog
from cg_upscaler.models.load import load
from cg_upscaler.models.shape import CompactShape, RRDBShape
from cg_upscaler.pixels.resample import enlarge, tent
from cg_upscaler.training import eyes
from cg_upscaler.training.critics import critic_loss, critic_of, drawn_loss
from cg_upscaler.training.export import export
from cg_upscaler.training.eyes import VGG
from cg_upscaler.training.losses import chord, light, local_detail, terms, total
from cg_upscaler.training.networks import forward, fresh, network_of, of_gray, shape_of
from tests.surfaces import asked, colours_of, heights, normals_of


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32))


# Beginning


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("hidden", [1, 2, 5])
def test_a_compact_network_begins_as_a_bicubic_filter(scale: int, channels: int, hidden: int) -> None:
    network = fresh(CompactShape(channels, 24, hidden, scale), seed=3)
    small = np.random.default_rng(0).random((14, 12, channels)).astype(np.float32)
    with torch.no_grad():
        large = forward(network, tensor(small))[0].numpy().transpose(1, 2, 0)
    inner = slice(4 * scale, -4 * scale)
    assert np.abs(large - enlarge(small, scale))[inner, inner].max() < 1e-5


def test_it_begins_as_the_nearest_texel_where_it_has_no_room() -> None:
    network = fresh(CompactShape(3, 16, 2, 4), seed=0)
    small = torch.rand(1, 3, 5, 6)
    with torch.no_grad():
        assert torch.equal(forward(network, small), torch.nn.functional.interpolate(small, scale_factor=4.0))


@pytest.mark.parametrize("scale", [2, 4])
def test_an_rrdb_begins_as_a_linear_filter(scale: int) -> None:
    network = fresh(RRDBShape(3, 8, 4, 1, scale.bit_length() - 1), seed=0)
    small = np.random.default_rng(0).random((10, 12, 3)).astype(np.float32)
    wanted = small
    for _ in range(scale.bit_length() - 1):
        wanted = enlarge(wanted, 2, tent)
    with torch.no_grad():
        large = forward(network, tensor(small))[0].numpy().transpose(1, 2, 0)
    inner = slice(2 * scale, -2 * scale)
    assert np.abs(large - wanted)[inner, inner].max() < 1e-5


def test_all_of_its_layers_learn_from_the_second_step_on() -> None:
    network = fresh(CompactShape(3, 24, 2, 4), seed=0)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    small, large = torch.rand(1, 3, 8, 8), torch.rand(1, 3, 32, 32)
    for _ in range(2):
        optimiser.zero_grad()
        (forward(network, small) - large).square().mean().backward()
        optimiser.step()
    assert all(each.grad is not None and each.grad.abs().max() > 0 for each in network.parameters())


def test_what_is_computed_while_learning_is_what_a_run_computes() -> None:
    for network in (fresh(CompactShape(3, 24, 2, 4), 0), fresh(RRDBShape(3, 8, 4, 1, 2), 0)):
        x = torch.rand(1, 3, 9, 11)
        with torch.no_grad():
            assert (forward(network, x) - network.eval()(x)).abs().max() < 1e-6


@pytest.mark.parametrize("scale", [2, 4])
def test_an_rrdb_has_the_scale_that_is_asked_for(scale: int) -> None:
    shape = shape_of(Shaped(family="rrdb", width=8, blocks=1), Lesson.COLOR, scale)
    assert shape.scale == scale and shape.channels == 3


def test_an_rrdb_is_never_3x() -> None:
    with pytest.raises(UsageError, match="never 3x"):
        shape_of(Shaped(family="rrdb"), Lesson.COLOR, 3)


def test_equal_seeds_begin_alike() -> None:
    a, b, c = (fresh(CompactShape(1, 24, 2, 4), seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not all(torch.equal(a[name], c[name]) for name in a)


# Weights


def test_what_is_written_is_a_model_of_the_catalog_and_can_be_trained_further(tmp_path: Path) -> None:
    network = fresh(CompactShape(3, 24, 2, 4), 0)
    path = tmp_path / "mine.safetensors"
    export(path, network.state_dict(), {"license": "CC0-1.0", "data": ""})
    info = catalog.find(str(path))
    assert (info.architecture, info.scale, info.channels) == ("compact", 4, 3)
    x = torch.rand(1, 3, 6, 6)
    with torch.no_grad():
        assert torch.equal(load(info)(x), network.eval()(x))
    further = network_of(asked(tmp_path, start=str(path)))
    assert all(each.requires_grad for each in further.parameters())
    assert torch.equal(further.state_dict()["body.0.weight"], network.state_dict()["body.0.weight"])


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    from safetensors import safe_open

    path = tmp_path / "mine.safetensors"
    export(path, fresh(CompactShape(1, 24, 1, 2), 0).state_dict(), {"license": "CC0-1.0", "data": ""})
    with safe_open(path, "pt") as file:
        assert file.metadata() == {"license": "CC0-1.0"}


@pytest.mark.parametrize("shape", [CompactShape(3, 12, 2, 4), RRDBShape(3, 8, 4, 1, 1), RRDBShape(3, 8, 4, 1, 2, 2)])
def test_a_network_for_colour_becomes_one_for_gray(shape: CompactShape | RRDBShape) -> None:
    network = fresh(shape, seed=3)
    torch.manual_seed(0)
    with torch.no_grad():
        for tensor in network.parameters():
            tensor.add_(torch.randn_like(tensor) * 0.05)
        gray = torch.rand(1, 1, 12, 16)
        wanted = forward(network, gray.repeat(1, 3, 1, 1)).mean(1, keepdim=True)
        found = forward(of_gray(network), gray)
    assert found.shape == (1, 1, 12 * shape.scale, 16 * shape.scale)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-4)
    assert found.std() > 0.01


@pytest.mark.parametrize(("scale", "lesson", "channels"), [(2, "normal", 3), (4, "color", 1)])
def test_weights_that_do_not_fit_the_lesson_are_refused(tmp_path: Path, scale: int, lesson: str, channels: int) -> None:
    path = tmp_path / "mine.safetensors"
    export(path, fresh(CompactShape(channels, 24, 1, 4), 0).state_dict(), {})
    with pytest.raises(UsageError, match=f"is 4x with {channels} channels, and"):
        network_of(asked(tmp_path, start=str(path), scale=scale, teach=lesson))


def test_plain_resampling_is_no_network_to_train(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is no network that can be trained"):
        network_of(asked(tmp_path, start="bicubic"))


# Losses

TRUTH = {Lesson.NORMAL: normals_of(heights(32, 2)), Lesson.COLOR: colours_of(heights(32, 2), 2)}
TRUTH |= {Lesson.MASK: TRUTH[Lesson.COLOR][:, :, :1], Lesson.HEIGHT: TRUTH[Lesson.COLOR][:, :, 1:2]}


@pytest.mark.parametrize("lesson", list(Lesson))
def test_nothing_is_wrong_with_the_truth_and_more_with_more_noise(lesson: Lesson) -> None:
    truth, noise = tensor(TRUTH[lesson]), torch.randn(1, TRUTH[lesson].shape[2], 32, 32) * 0.02

    def wrong(share: float) -> float:
        return float(total(terms(truth + share * noise, truth, 4, lesson, Losses(), None), Losses()))

    assert abs(wrong(0)) < 1e-4 < wrong(1) < wrong(3)


@pytest.mark.parametrize("lesson", list(Lesson))
def test_losses_have_a_slope_everywhere(lesson: Lesson) -> None:
    truth = tensor(TRUTH[lesson])
    for start in (truth, torch.zeros_like(truth), torch.full_like(truth, 0.5)):
        result = start.clone().requires_grad_(True)
        total(terms(result, truth, 4, lesson, Losses(), None), Losses()).backward()
        assert result.grad is not None and torch.isfinite(result.grad).all()


def test_the_angular_loss_is_the_angle() -> None:
    a = torch.tensor([0.0, 0.0, 1.0]).reshape(1, 3, 1, 1)
    b = torch.tensor([np.sin(0.1), 0.0, np.cos(0.1)], dtype=torch.float32).reshape(1, 3, 1, 1)
    assert float(chord(a, b)) == pytest.approx(0.1, abs=2e-3)


def test_lengths_of_vectors_do_not_count_as_wrong() -> None:
    truth = tensor(TRUTH[Lesson.NORMAL])
    longer = (truth * 2 - 1) * 1.7 * 0.5 + 0.5
    asked_for = Losses(consistency=0)
    assert float(total(terms(longer, truth, 4, Lesson.NORMAL, asked_for, None), asked_for)) < 1e-4


def test_a_result_that_keeps_the_source_is_consistent() -> None:
    truth = torch.rand(1, 3, 16, 16) * 0.5 + 0.25
    swapped = truth.unflatten(3, (4, 4)).flip(4).flatten(3)  # within each texel of the source
    found = terms(swapped, truth, 4, Lesson.COLOR, Losses(), None)
    assert float(found["consistency"]) < 1e-5 < float(found["pixel"])


def test_light_is_that_of_the_package() -> None:
    from cg_upscaler.pixels import transfer

    stored = np.linspace(0, 1, 50, dtype=np.float32)
    assert np.abs(light(torch.from_numpy(stored)).numpy() - transfer.srgb_to_linear(stored)).max() < 1e-5


def test_terms_of_no_weight_are_not_computed() -> None:
    truth = tensor(TRUTH[Lesson.COLOR])
    assert terms(truth, truth, 4, Lesson.COLOR, Losses(gradient=0, consistency=0), None).keys() == {"pixel"}


def test_detail_counts_wherever_in_an_area_it_lies() -> None:
    truth = torch.rand(1, 1, 64, 64)
    moved = truth.roll((5, 3), (2, 3))
    smooth = F.interpolate(F.avg_pool2d(truth, 4), scale_factor=4.0, mode="bilinear")
    there, shifted, gone = (local_detail(each, 4) for each in (truth, moved, smooth))
    assert float((there - shifted).abs().mean()) < 0.25 * float((there - gone).abs().mean())
    asked_for = Losses(detail=1.0)
    wrong = [float(terms(each, truth, 4, Lesson.MASK, asked_for, None)["detail"]) for each in (truth, moved, smooth)]
    assert wrong[0] < 1e-6 < wrong[1] < 0.25 * wrong[2]


# Critics


@pytest.mark.parametrize("kind", list(Critic))
def test_a_critic_learns_to_tell_noise_from_truth_and_the_network_feels_it(kind: Critic) -> None:
    torch.manual_seed(0)
    critic = critic_of(Adversary(critic=kind, width=4), 3, seed=0)
    optimiser = torch.optim.Adam(critic.parameters(), lr=2e-3)
    truth = tensor(TRUTH[Lesson.COLOR])
    losses = []
    for _ in range(25):
        loss = critic_loss(critic, truth + 0.2 * torch.randn_like(truth), truth, kind)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]
    drawn = (truth + 0.2 * torch.randn_like(truth)).requires_grad_(True)
    drawn_loss(critic, drawn, truth, kind).backward()
    assert drawn.grad is not None and drawn.grad.abs().max() > 0


def test_a_unet_judges_each_texel_whatever_the_size() -> None:
    assert critic_of(Adversary(width=4), 3, 0)(torch.rand(1, 3, 37, 44)).shape == (1, 1, 37, 44)


def test_weights_that_are_not_vggs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    export(path, fresh(CompactShape(1, 24, 1, 2), 0).state_dict(), {})
    with pytest.raises(ModelError, match="does not hold the features of VGG-19"):
        VGG(path)


def test_vgg_sees_a_difference_and_teaches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eyes, "_PLAN", tuple(channels and 4 for channels in eyes._PLAN))
    generator, inputs, number, state = torch.Generator().manual_seed(0), 3, 0, {}
    for channels in eyes._PLAN:
        if channels:
            state[f"features.{number}.weight"] = torch.randn(4, inputs, 3, 3, generator=generator) * 0.3
            state[f"features.{number}.bias"] = torch.zeros(4)
            inputs = 4
        number += 2 if channels else 1
    export(tmp_path / "vgg.safetensors", {**state, "classifier.0.bias": torch.zeros(2)}, {})
    settings = {"losses": {"perceptual": 0.5, "vgg": str(tmp_path / "vgg.safetensors")}, "teach": "color"}
    losses = asked(tmp_path, **settings).losses
    assert losses.vgg is not None
    vgg, truth = VGG(losses.vgg), tensor(TRUTH[Lesson.COLOR])
    result = (truth + 0.1 * torch.rand_like(truth)).requires_grad_(True)
    assert float(vgg(truth, truth)) == 0
    found = terms(result, truth, 4, Lesson.COLOR, losses, vgg)
    assert float(found["perceptual"].detach()) > 0
    found["perceptual"].backward()
    assert result.grad is not None and result.grad.abs().max() > 0
    assert not any(each.requires_grad for each in vgg.parameters())
