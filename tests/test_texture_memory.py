"""What textures take on a graphics card is what their files hold of texels, and budgets are held against it."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cg_upscaler import codecs
from cg_upscaler.geometry import Size
from cg_upscaler.job import Action, Job
from cg_upscaler.library.texture_memory import (
    Change,
    TextureMemory,
    bytes_on_card,
    in_units,
    over,
    parse_bytes,
    texture_memory,
)
from cg_upscaler.maps import MapKind
from cg_upscaler.spec import Depth, ImageSpec, Storage

SIZE = Size(36, 20)


def spec(container: str, channels: int = 3, depth: Depth = Depth.UINT8, **storage: object) -> ImageSpec:
    held = Storage(**storage)  # type: ignore[arg-type]
    return ImageSpec(SIZE, channels, depth, container, alpha={2: 1, 4: 3}.get(channels), storage=held)


def written(path: Path, what: ImageSpec) -> Path:
    """Write a file of noise, with all of its pictures."""
    sink = codecs.create(path, what)
    noise = np.random.default_rng(0)
    for size in what.pictures:
        sink.put(noise.random((size.height, size.width, what.channels), np.float32))
    sink.commit()
    return path


def length_of_header(path: Path) -> int:
    """Return where the texels of a DDS file begin: the header of DirectX 10 follows the older one."""
    head = path.read_bytes()[:128]
    return 148 if struct.unpack_from("4s", head, 84)[0] == b"DX10" else 128


@pytest.mark.parametrize(
    ("encoding", "channels", "depth"),
    [
        ("bc1", 3, Depth.UINT8),
        ("bc3", 4, Depth.UINT8),
        ("bc4", 1, Depth.UINT8),
        ("bc5", 2, Depth.UINT8),
        ("bc7", 4, Depth.UINT8),
        ("bc6h", 3, Depth.HALF),
        ("bgra8", 4, Depth.UINT8),
        ("b5g6r5", 3, Depth.UINT8),
        ("rgba16f", 4, Depth.HALF),
        ("r8", 1, Depth.UINT8),
        ("", 3, Depth.UINT8),
        ("", 4, Depth.HALF),
    ],
)
@pytest.mark.parametrize("levels", [1, 6])
@pytest.mark.parametrize("slices", [1, 3])
def test_a_dds_takes_what_its_file_holds_behind_the_header(
    tmp_path: Path, encoding: str, channels: int, depth: Depth, levels: int, slices: int
) -> None:
    what = spec("dds", channels, depth, encoding=encoding, levels=levels, slices=slices)
    if refused := codecs.refusal(what):
        pytest.skip(refused)
    path = written(tmp_path / "a.dds", what)
    held = path.stat().st_size - length_of_header(path)
    assert bytes_on_card(what) == held
    assert bytes_on_card(codecs.probe(path)) == held


def test_a_card_has_no_texels_of_three_bytes() -> None:
    texels = SIZE.pixels
    assert bytes_on_card(spec("dds", encoding="bgr8")) == 4 * texels
    assert bytes_on_card(spec("png", 3)) == bytes_on_card(spec("png", 4)) == 4 * texels
    assert bytes_on_card(spec("png", 1)) == texels
    assert bytes_on_card(spec("exr", 3, Depth.HALF)) == 8 * texels


def test_vtf_and_ktx2_are_reckoned_by_their_own_usual_encodings() -> None:
    blocks = 9 * 5
    assert bytes_on_card(spec("ktx2", 3)) == 16 * blocks  # BC7
    assert bytes_on_card(spec("vtf", 3)) == 8 * blocks  # BC1
    assert bytes_on_card(spec("ktx2", 4, encoding="etc1s")) == 16 * blocks
    assert bytes_on_card(spec("ktx2", 3, encoding="etc1s")) == 8 * blocks


def test_levels_and_slices_only_add() -> None:
    sizes = [bytes_on_card(spec("dds", encoding="bc7", levels=levels)) for levels in range(1, 7)]
    assert sizes == sorted(set(sizes))
    assert bytes_on_card(spec("dds", encoding="bc7", levels=3, slices=5)) == 5 * sizes[2]


def job(kind: MapKind, action: Action, before: ImageSpec | None, after: ImageSpec | None = None) -> Job:
    return Job("a", "a", "b", action, kind, "", 1.0, 4, source_spec=before, output_spec=after)


def test_kinds_add_up_to_the_total_and_a_copy_stays_what_it_is() -> None:
    small = spec("dds", encoding="bc7")
    large = replace(small, size=SIZE * 4)
    memory = texture_memory(
        [
            job(MapKind.BASE_COLOR, Action.UPSCALE, small, large),
            job(MapKind.BASE_COLOR, Action.COPY, small),
            job(MapKind.NORMAL, Action.UPSCALE, small, large),
            job(MapKind.DATA, Action.SKIP, None),
        ]
    )
    one, sixteen = bytes_on_card(small), bytes_on_card(large)
    assert memory.kinds == {"base_color": Change(2 * one, sixteen + one), "normal": Change(one, sixteen)}
    assert memory.total == Change(3 * one, 2 * sixteen + one)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("2 GB", 2 * 10**9),
        ("1.5g", 15 * 10**8),
        ("512 MiB", 2**29),
        ("4096", 4096),
        (" 10 kb ", 10_000),
        ("7 bytes", 7),
        (4096, 4096),
        (0, 0),
    ],
)
def test_amounts_are_understood(text: str | int, count: int) -> None:
    assert parse_bytes(text) == count


@pytest.mark.parametrize("text", ["", "much", "-1 GB", "2 GB 3", "1,5 GB", "GB", -1, float("nan"), True])
def test_what_is_no_amount_is_said_in_words(text: str | float) -> None:
    with pytest.raises(ValueError, match="is no number of bytes"):
        parse_bytes(text)


@pytest.mark.parametrize("count", [0, 5, 999, 1000, 123_456, 999_949, 10**9, 41 * 10**9, 10**13])
def test_amounts_in_words_are_read_back(count: int) -> None:
    assert parse_bytes(in_units(count)) == pytest.approx(count, rel=0.006)


def test_only_what_is_over_its_budget_is_said() -> None:
    memory = TextureMemory({"normal": Change(100, 1600), "base_color": Change(50, 800)})
    assert over(memory, {"normal": 1600, "base_color": 800, "total": 2400, "height": 0}) == ()
    said = over(memory, {"normal": 1000, "total": 2000})
    assert said == (
        "normal textures will take 1.6 kB of texture memory, 600 B over budget",
        "all textures together will take 2.4 kB of texture memory, 400 B over budget",
    )
