"""Weights of other architectures run through spandrel, in tiles, and without it are refused in words.

Spandrel needs torchvision, which tests do without. What is taken of it, `others.canonical` and `others.recognised`, is
stood in for here: a descriptor with the fields that spandrel's have, of a network of one convolution.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cg_upscaler import Upscaler
from cg_upscaler.backends import WrappingNetwork, devices
from cg_upscaler.backends.opening import open_network
from cg_upscaler.cut import canonical_cut
from cg_upscaler.errors import ModelError, UnknownArchitecture, UnsafeWeights
from cg_upscaler.generate.known_reach import reach_on
from cg_upscaler.generate.pool import Pool
from cg_upscaler.geometry import Edge, Edges, Size, Tiled
from cg_upscaler.library.groups import _precision, measured
from cg_upscaler.models import catalog, others
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Precision
from tests.fakes import noise

CPU = devices.describe("cpu")
KERNEL = torch.tensor([[0.0, -1, 0], [-1, 8, -1], [0, -1, 0]]) / 4


class Sharpen(nn.Module):
    """Sharpens, and enlarges by nearest. Refuses sizes that its descriptor did not promise."""

    def __init__(self, multiple: int, least: int, square: bool) -> None:
        super().__init__()
        self.multiple, self.least, self.square = multiple, least, square
        self.taps = nn.Parameter(KERNEL[None, None].repeat(3, 1, 1, 1))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, str]:
        height, width = x.shape[2:]
        assert x.is_contiguous() and x.dtype == self.taps.dtype == torch.float32
        assert height % self.multiple == width % self.multiple == 0 and min(height, width) >= self.least
        assert height == width or not self.square
        return F.conv2d(x, self.taps, padding=1, groups=3).repeat_interleave(2, 2).repeat_interleave(2, 3), "more"


@dataclass
class Descriptor:
    """As spandrel's `ImageModelDescriptor`."""

    model: nn.Module
    purpose: str = "SR"
    scale: int = 2
    input_channels: int = 3
    output_channels: int = 3
    supports_half: bool = False
    supports_bfloat16: bool = True
    architecture: Any = field(default_factory=lambda: SimpleNamespace(id="Sharpen"))
    size_requirements: Any = field(default_factory=lambda: SimpleNamespace(minimum=0, multiple_of=1, square=False))

    @staticmethod
    def _call_fn(model: nn.Module, image: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = model(image)[0]
        return result


class UnsupportedModelError(Exception):
    """As spandrel's."""


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.save({"taps": KERNEL}, tmp_path / "2x-sharpen.pth")
    return tmp_path / "2x-sharpen.pth"


def stand_in(monkeypatch: pytest.MonkeyPatch, *, sizes: tuple[int, int, bool] = (1, 0, False), **said: Any) -> None:
    multiple, least, square = sizes
    required = SimpleNamespace(multiple_of=multiple, minimum=least, square=square)

    def recognised(state: dict[str, torch.Tensor]) -> Descriptor:
        if "taps" not in state:
            raise UnsupportedModelError
        return Descriptor(Sharpen(multiple, least, square), size_requirements=required, **said)

    monkeypatch.setattr(others, "canonical", dict)
    monkeypatch.setattr(others, "recognised", recognised)
    catalog._from_file.cache_clear()


def test_what_spandrel_says_of_a_file_is_what_is_known_of_it(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, sizes=(8, 16, False))
    info = catalog.find(str(weights))
    assert (info.architecture, info.scale, info.channels, info.multiple) == ("sharpen", 2, 3, 8)
    assert info.parameters == 27 and info.reach is None and not info.held
    assert info.precisions == (Precision.FLOAT32, Precision.BFLOAT16)
    assert _precision(info, Precision.MIXED) is Precision.FLOAT32
    assert _precision(info, Precision.BFLOAT16) is Precision.BFLOAT16


@pytest.mark.parametrize("sizes", [(1, 0, False), (8, 0, False), (8, 64, True)])
def test_it_runs_in_tiles_and_gives_what_the_whole_would(
    weights: Path, monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, int, bool]
) -> None:
    stand_in(monkeypatch, sizes=sizes)
    info = catalog.find(str(weights))
    picture = (noise(88, 72, 3) / 255).astype(np.float32)
    edges = Edges(Edge.WRAP, Edge.WRAP)
    cut = canonical_cut(Size(72, 88), measured(info, reach_on(CPU), None), edges)
    assert isinstance(cut, Tiled)
    cut = Tiled(32, cut.padding, cut.overlap, cut.border)
    rows = Pool(CPU).get(info.name, 2).run(Array(picture), cut, edges, Precision.FLOAT32, lambda share: None)
    around = sum(np.roll(picture, by, axis) for by in (-1, 1) for axis in (0, 1))
    expected = ((8 * picture - around) / 4).repeat(2, 0).repeat(2, 1)
    assert expected.max() > 1  # and so is what comes: nothing is clamped
    np.testing.assert_allclose(np.concatenate(list(rows)), expected, atol=1e-5)


def test_it_never_claims_to_wrap(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    assert not isinstance(open_network(catalog.find(str(weights)), CPU), WrappingNetwork)


def test_it_runs_wherever_a_model_does_also_in_a_chain(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    pixels = noise(20, 24, 3)
    for precision in ("float32", "bfloat16", "mixed"):
        larger = Upscaler(str(weights), scale=2, precision=precision).array(pixels, kind="base_color")
        assert larger.shape == (40, 48, 3)
    assert Upscaler(f"{weights} > {weights}").array(pixels, kind="base_color").shape == (80, 96, 3)
    with pytest.raises(ModelError, match="cannot be blended"):
        catalog.find(f"{weights}@0.5+{weights}@0.5")


@pytest.mark.parametrize("said", [{"purpose": "Inpainting"}, {"purpose": "FaceSR"}, {"output_channels": 1}])
def test_a_network_of_another_purpose_is_refused(
    weights: Path, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]
) -> None:
    stand_in(monkeypatch, **said)
    with pytest.raises(ModelError, match="makes no larger picture of a picture"):
        catalog.find(str(weights))


def test_what_spandrel_does_not_know_either_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    torch.save({"odd.weight": torch.zeros(3)}, tmp_path / "odd.pth")
    with pytest.raises(UnknownArchitecture, match=r"no network known here.*or of an architecture that spandrel knows"):
        catalog.find(str(tmp_path / "odd.pth"))


def test_an_architecture_that_fails_on_a_file_is_told(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)

    def fails(state: object) -> None:
        raise RuntimeError("size mismatch for taps\nand more")

    monkeypatch.setattr(others, "recognised", fails)
    with pytest.raises(ModelError, match=r"spandrel does not load it: RuntimeError: size mismatch for taps;"):
        catalog.find(str(weights))


def test_without_spandrel_it_is_said_how_to_get_it(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "spandrel", None)
    catalog._from_file.cache_clear()
    with pytest.raises(UnknownArchitecture, match=r"pip install 'cg-upscaler\[models\]'"):
        catalog.find(str(weights))


def test_weights_of_our_own_families_never_ask_for_spandrel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.tiny import RRDB, random_state

    def refuse(name: str) -> None:
        raise AssertionError(name)

    monkeypatch.setattr(others, "import_module", refuse)
    torch.save(random_state(RRDB), tmp_path / "a.pth")
    catalog._from_file.cache_clear()
    assert catalog.find(str(tmp_path / "a.pth")).architecture == "rrdb"


def test_a_pickle_that_would_run_code_never_reaches_spandrel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    monkeypatch.setattr(others, "canonical", lambda state: pytest.fail("it was asked"))
    torch.save({"taps": KERNEL, "more": builtins.print}, tmp_path / "a.pth")
    with pytest.raises(UnsafeWeights):
        catalog.find(str(tmp_path / "a.pth"))


def test_a_lower_precision_is_near_the_exact_result(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    network = open_network(catalog.find(str(weights)), CPU)
    picture = (noise(20, 24, 3) / 255).astype(np.float32)
    exact, fast = (network.run(picture, precision) for precision in (Precision.FLOAT32, Precision.BFLOAT16))
    assert 0 < np.abs(exact - fast).max() < 0.05
