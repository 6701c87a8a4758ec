"""What names of exported files say: as Painter's own export presets make them, and as somebody's own do."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .conftest import Painter

ORM = {"channels": {"r": "occlusion", "g": "roughness", "b": "metallic"}}
METALLIC_SMOOTHNESS = {"channels": {"r": "metallic", "g": "metallic", "b": "metallic", "a": "gloss"}}

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "Document channels + Normal + AO": {
        "Base_Color": {"kind": "base_color"},
        "Height": {"kind": "height"},
        "Metallic": {"kind": "metallic"},
        "Roughness": {"kind": "roughness"},
        "Normal": {"kind": "normal"},
        "Normal_OpenGL": {"kind": "normal", "normal_convention": "opengl"},
        "Normal_DirectX": {"kind": "normal", "normal_convention": "directx"},
        "Mixed_AO": {"kind": "occlusion"},
        "Opacity": {"kind": "opacity"},
    },
    "PBR Metallic Roughness": {
        "BaseColor": {"kind": "base_color"},
        "Emissive": {"kind": "emissive"},
        "Height": {"kind": "height"},
        "Metallic": {"kind": "metallic"},
        "Normal": {"kind": "normal"},
        "Roughness": {"kind": "roughness"},
    },
    "PBR Specular Glossiness": {
        "Diffuse": {"kind": "base_color"},
        "Specular": {"kind": "specular"},
        "Glossiness": {"kind": "gloss"},
    },
    "Unity Universal Render Pipeline": {
        "AlbedoTransparency": {"kind": "base_color"},
        "MetallicSmoothness": METALLIC_SMOOTHNESS,
        "Normal": {"kind": "normal"},
        "Emission": {"kind": "emissive"},
        "AO": {"kind": "occlusion"},
    },
    "Unity 5 (Standard Specular)": {"SpecularSmoothness": {"kind": "specular", "channels": {"a": "gloss"}}},
    "Unity HD Render Pipeline": {
        "BaseMap": {"kind": "base_color"},
        "MaskMap": {"channels": {"r": "metallic", "g": "occlusion", "a": "gloss"}},
    },
    "Unreal Engine (Packed)": {"BaseColor": {"kind": "base_color"}, "OcclusionRoughnessMetallic": ORM},
    "glTF PBR Metal Roughness": {
        "baseColor": {"kind": "base_color"},
        "occlusionRoughnessMetallic": ORM,
        "metallicRoughness": {"channels": {"g": "roughness", "b": "metallic"}},
        "emissive": {"kind": "emissive"},
    },
    "Arnold (AiStandard)": {"Metalness": {"kind": "metallic"}, "SpecularRoughness": {"kind": "roughness"}},
    "V-Ray Next": {
        "Reflection": {"kind": "specular"},
        "Glossiness": {"kind": "gloss"},
        "Displacement": {"kind": "height"},
        "ior": {},
    },
    "RenderMan": {"diffuseColor": {"kind": "base_color"}, "specularEdgeColor": {"kind": "specular"}},
    "Lens Studio": {"MaterialParams": {"channels": {"r": "metallic", "g": "roughness", "b": "occlusion"}}},
    "CryEngine": {"ddna": {"kind": "normal", "channels": {"a": "gloss"}}},
    "Mesh maps": {"Curvature": {}, "ID": {}, "Position": {}, "World_Space_Normals": {}, "Thickness": {}},
}
"""What Painter's presets call their maps behind the texture set, and what each is. `{}`: left to the engine."""

NAMES = [(preset, name, known) for preset, names in PRESETS.items() for name, known in names.items()]


@pytest.fixture(scope="session")
def exports(plugin: ModuleType) -> ModuleType:
    import importlib

    return importlib.import_module(f"{plugin.__name__}.exports")


@pytest.mark.parametrize(
    "pattern", ["{}_{}", "mesh_{}_{}", "Robot_{}_{}", "{}_{}.1001", "{}_{}_1012", "old mesh-{}-{}"]
)
@pytest.mark.parametrize(("preset", "name", "known"), NAMES, ids=[f"{preset}, {name}" for preset, name, _ in NAMES])
def test_names_of_presets_say_what_maps_are(
    exports: ModuleType, pattern: str, preset: str, name: str, known: dict[str, Any]
) -> None:
    path = os.path.join("/x", pattern.format("Body", name) + ".png")
    assert exports.given(path, "Body", "", "Robot") == known


@pytest.mark.parametrize(
    "texture_set", ["Color", "Normal", "AO", "Height", "Metallic Base", "base_color", "01 - Körper", "a+b"]
)
def test_a_texture_set_called_like_a_map_misleads_nobody(exports: ModuleType, texture_set: str) -> None:
    for name, known in PRESETS["PBR Metallic Roughness"].items():
        assert exports.given(f"/x/mesh_{texture_set}_{name}.png", texture_set, "", "Robot") == known
    assert exports.given(f"/x/{texture_set}_N.png", texture_set) == {}


@pytest.mark.parametrize(
    "name",
    [
        "Body_N",
        "T_Body_D",
        "Body_paint_color",
        "Body_Normal_old",
        "Body_RoughnessHeight",
        "Body_User0",
        "Body",
        "BaseColorBody",
        "Bodyguard_BaseColor",
        "Robot_BaseColor_v2",
    ],
)
def test_names_of_own_presets_are_left_to_the_engine(exports: ModuleType, name: str) -> None:
    assert exports.given(f"/x/{name}.png", "Body", "", "Robot") == {}


def test_a_name_without_the_texture_set_counts_behind_the_project(exports: ModuleType) -> None:
    assert exports.given("/x/Robot_BaseColor.png", "Body", "", "Robot") == {"kind": "base_color"}
    assert exports.given("/x/BaseColor_Body.png", "Body", "", "Robot") == {"kind": "base_color"}
    assert exports.given("/x/Body_skin_Roughness.png", "Body", "skin") == {"kind": "roughness"}


@pytest.mark.parametrize(
    "space", ["sRGB", "Utility - sRGB - Texture", "ACES - ACEScg", "ACEScg", "Raw", "Linear Rec.709 (sRGB)"]
)
def test_a_colour_space_behind_the_name_is_passed_over(exports: ModuleType, space: str) -> None:
    assert exports.given(f"/x/m_Body_BaseColor_{space}.1001.exr", "Body") == {"kind": "base_color"}
    assert exports.given(f"/x/m_Body_Mixed_AO_{space}.exr", "Body") == {"kind": "occlusion"}


def test_characters_that_no_file_may_have_are_found_replaced(exports: ModuleType) -> None:
    assert exports.given("/x/mesh_Body_Skin_001_Normal.png", "Body:Skin.001") == {"kind": "normal"}


def test_files_that_are_not_there_are_left_out(exports: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "Body_Normal.png").write_bytes(b"")
    listed = [str(tmp_path / "Body_Normal.png"), str(tmp_path / "Body_Height.png")]
    assert exports.exported({("Body", ""): listed}) == {listed[0]: {"kind": "normal"}}
    assert exports.exported({}) == {} and exports.exported({("Body", ""): []}) == {}


def test_the_engine_takes_every_map_of_a_preset_for_what_its_name_says(
    painter: Painter, tmp_path: Path, picture: Callable[[Path], Path]
) -> None:
    """The real engine is asked to look at a file for each name: it accepts all that the table says."""
    wanted = {}
    for preset, names in PRESETS.items():
        for name, known in names.items():
            if known:
                folder = tmp_path / "".join(filter(str.isalnum, preset)) / ("lower" if name.islower() else "")
                wanted[picture(folder / f"Robot_Body_{name}.png")] = known.get("kind", "packed")
    painter.export(*wanted)
    painter.dock.go.click()
    seen: dict[Path, str] = {}
    painter.dock._carrier.said.connect(
        lambda said: seen.update({Path(each.path): each.kind for each in getattr(said, "results", ())})
    )
    painter.wait_idle()
    assert seen == wanted, painter.told


@pytest.fixture
def picture() -> Callable[[Path], Path]:
    """Return what writes a small RGBA PNG that could be anything."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def write(path: Path) -> Path:
        side = 16
        rows = b"".join(
            b"\0" + bytes(value for x in range(side) for value in (128 + x, 120 + y, 250 - x - y, 255 - x * y // 2))
            for y in range(side)
        )
        header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
        )
        return path

    return write
