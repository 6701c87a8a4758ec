"""Files beside the textures name their roles, and no file can do harm."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest

from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.library.sidecars import Sidecars, SidecarVerdict, read_sidecars
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind, Meaning, NormalConvention

TEXTURES = [
    *("wall.png", "wall_n.png", "wall_mr.png", "wall_ao.png", "glow.png"),
    *("tex/Wall Color.png", "tex/rock.1001.exr", "tex/rock.1002.exr"),
    *("materials/models/hero.dds", "materials/models/hero_normal.dds", "materials/models/hero_exp.dds"),
]


def read(root: Path, files: dict[str, str | bytes], textures: list[str] = TEXTURES) -> Sidecars:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_sidecars(root, textures, list(files))


def only(root: Path, name: str, content: str | bytes, texture: str = "wall.png") -> SidecarVerdict:
    sidecars = read(root, {name: content})
    assert sidecars.notes == ()
    return sidecars.verdicts[texture]


def meta(**settings: float) -> str:
    lines = "".join(f"    {key}: {value}\n" for key, value in settings.items())
    return f"fileFormatVersion: 2\nguid: 0123456789abcdef\nTextureImporter:\n  serializedVersion: 11\n  x:\n{lines}"


def glb(root: object, *, claim: int | None = None) -> bytes:
    text = json.dumps(root).encode()
    text += b" " * (-len(text) % 4)
    length = len(text) if claim is None else claim
    return b"glTF" + struct.pack("<II", 2, (20 + length) % 2**32) + struct.pack("<I4s", length, b"JSON") + text


def gltf(material: dict[str, object], *uris: str, samplers: list[object] | None = None) -> dict[str, object]:
    return {
        "asset": {"version": "2.0"},
        "materials": [{"name": "Wall", **material}],
        "textures": [{"source": index, "sampler": 0} for index in range(len(uris))],
        "images": [{"uri": uri} for uri in uris],
        "samplers": samplers or [],
    }


# Unity


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"textureType": 0}, None),
        ({"textureType": 1}, MapKind.NORMAL),
        ({"textureType": 1, "convertToNormalMap": 1}, MapKind.HEIGHT),
        ({"textureType": 2}, MapKind.SPRITE),
        ({"textureType": 6}, MapKind.ENVIRONMENT),
        ({"textureType": 7}, MapKind.SPRITE),
        ({"textureType": 8, "filterMode": 1}, MapKind.SPRITE),
        ({"textureType": 8, "filterMode": 0}, MapKind.PIXEL_ART),
        ({"textureType": 0, "textureShape": 2}, MapKind.ENVIRONMENT),
        ({"textureType": 12}, MapKind.DATA),
        ({"textureType": 99}, None),
    ],
)
def test_unity_says_the_kind(tmp_path: Path, settings: dict[str, float], kind: MapKind | None) -> None:
    assert only(tmp_path, "wall.png.meta", meta(**settings)).kind is kind


def test_unity_says_how_it_is_sampled_and_stored(tmp_path: Path) -> None:
    said = only(tmp_path, "wall.png.meta", meta(textureType=0, sRGBTexture=0, wrapU=0, wrapV=1, wrapW=0))
    assert (said.color_space, said.edges) == (ColorSpace.DATA, Edges(Edge.WRAP, Edge.CLAMP))
    assert only(tmp_path, "wall.png.meta", meta(wrapMode=2)).edges == Edges.both(Edge.MIRROR)
    assert only(tmp_path, "wall.png.meta", meta(wrapMode=-1)).edges is None
    assert only(tmp_path, "wall.png.meta", meta(sRGBTexture=1)).color_space is ColorSpace.SRGB


def test_unity_says_what_alpha_is(tmp_path: Path) -> None:
    assert only(tmp_path, "wall.png.meta", meta(alphaIsTransparency=1)).transparent
    said = only(
        tmp_path,
        "wall.png.meta",
        meta(alphaIsTransparency=1, mipMapsPreserveCoverage=1, alphaTestReferenceValue=0.33),
    )
    assert (said.alpha, said.alpha_threshold) == (AlphaMode.CUTOUT, 0.33)


def test_unity_says_which_way_green_points(tmp_path: Path) -> None:
    assert only(tmp_path, "wall.png.meta", meta(textureType=1)).convention is NormalConvention.OPENGL
    flipped = only(tmp_path, "wall.png.meta", meta(textureType=1, flipGreenChannel=1))
    assert flipped.convention is NormalConvention.DIRECTX


def test_unity_files_with_windows_lines_and_a_mark_are_read(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + meta(textureType=1).replace("\n", "\r\n").encode()
    assert only(tmp_path, "wall.png.meta", text).kind is MapKind.NORMAL


def test_what_belongs_to_no_texture_is_passed_over(tmp_path: Path) -> None:
    folder = "fileFormatVersion: 2\nfolderAsset: yes\nDefaultImporter:\n"
    files = {"wall.meta": folder, "wall.fbx.meta": "\0\0", "tex.meta": folder, "wall.png.meta": folder}
    assert read(tmp_path, dict(files)) == Sidecars({})


# Valve


def test_valve_binds_textures_from_the_materials_folder(tmp_path: Path) -> None:
    said = read(
        tmp_path,
        {
            "materials/models/hero.vmt": """
            "VertexLitGeneric" // a hero
            {
                "$basetexture" "models\\hero"
                $bumpmap models/Hero_Normal.vtf
                "$phongexponenttexture" "models/hero_exp"
                "$selfillum" "1"
                "Proxies" { "Sine" { "resultVar" "$alpha" } }
            }"""
        },
    ).verdicts
    base, normal, exponent = (said[f"materials/models/hero{end}.dds"] for end in ("", "_normal", "_exp"))
    assert (base.kind, base.alpha) == (MapKind.BASE_COLOR, AlphaMode.MASK)
    assert (normal.kind, normal.convention) == (MapKind.NORMAL, NormalConvention.DIRECTX)
    assert (exponent.kind, exponent.channels[0]) == (MapKind.PACKED, MapKind.GLOSS)
    assert {base.material, normal.material, exponent.material} == {"materials/models/hero.vmt"}


@pytest.mark.parametrize(
    ("settings", "alpha", "threshold"),
    [
        ("$alphatest 1", AlphaMode.CUTOUT, 0.5),
        ('"$alphatest" "1" "$alphatestreference" ".3"', AlphaMode.CUTOUT, 0.3),
        ("$alphatest 1 $alphatestreference 7", AlphaMode.CUTOUT, 0.5),
        ("$translucent 1", AlphaMode.BLEND, None),
        ("$additive 1", AlphaMode.BLEND, None),
        ("$basealphaenvmapmask 1", AlphaMode.MASK, None),
        ("$translucent 0", None, None),
        ("$alphatest [$X360] maybe", None, None),
    ],
)
def test_valve_says_what_alpha_is(
    tmp_path: Path, settings: str, alpha: AlphaMode | None, threshold: float | None
) -> None:
    said = only(tmp_path, "wall.vmt", f"LightmappedGeneric {{ $basetexture wall {settings} }}")
    assert (said.alpha, said.alpha_threshold) == (alpha, threshold)


def test_valve_knows_what_is_no_plain_normal_map(tmp_path: Path) -> None:
    assert only(tmp_path, "a.vmt", "X { $bumpmap wall $ssbump 1 }").kind is MapKind.PACKED
    warp = only(tmp_path, "a.vmt", "X { $lightwarptexture wall }")
    assert (warp.kind, warp.meaning) == (MapKind.DATA, Meaning.RAMP)


def test_a_patch_of_valves_counts_as_a_material(tmp_path: Path) -> None:
    patch = 'patch { include "materials/x.vmt" replace { $basetexture wall $translucent 1 } }'
    assert only(tmp_path, "p.vmt", patch).alpha is AlphaMode.BLEND


# glTF


def test_gltf_binds_images_to_inputs(tmp_path: Path) -> None:
    material = {
        "pbrMetallicRoughness": {
            "baseColorTexture": {"index": 0},
            "metallicRoughnessTexture": {"index": 1},
        },
        "normalTexture": {"index": 2},
        "emissiveTexture": {"index": 3},
        "occlusionTexture": {"index": 4},
    }
    root = gltf(material, "tex/Wall%20Color.png", "wall_mr.png", "wall_n.png", "glow.png", "wall_ao.png")
    said = read(tmp_path, {"wall.gltf": json.dumps(root)}).verdicts
    assert {name: verdict.kind for name, verdict in said.items()} == {
        "tex/Wall Color.png": MapKind.BASE_COLOR,
        "wall_mr.png": MapKind.PACKED,
        "wall_n.png": MapKind.NORMAL,
        "glow.png": MapKind.EMISSIVE,
        "wall_ao.png": MapKind.OCCLUSION,
    }
    assert said["wall_mr.png"].channels == (MapKind.PACKED, MapKind.ROUGHNESS, MapKind.METALLIC)
    assert said["wall_n.png"].convention is NormalConvention.OPENGL
    assert said["wall_n.png"].material == "wall.gltf Wall"
    assert "baseColorTexture in wall.gltf Wall" in said["tex/Wall Color.png"].why


def test_gltf_in_one_binary_file_is_read(tmp_path: Path) -> None:
    root = gltf({"normalTexture": {"index": 0}}, "wall.png")
    assert only(tmp_path, "m.glb", glb(root) + b"\x10\0\0\0BIN\0" + b"\xff" * 16).kind is MapKind.NORMAL


def test_gltf_packs_occlusion_with_roughness_and_metal(tmp_path: Path) -> None:
    material = {
        "pbrMetallicRoughness": {"metallicRoughnessTexture": {"index": 0}},
        "occlusionTexture": {"index": 0},
    }
    said = only(tmp_path, "w.gltf", json.dumps(gltf(material, "wall.png")))
    assert (said.kind, said.notes) == (MapKind.PACKED, ())
    assert said.channels == (MapKind.OCCLUSION, MapKind.ROUGHNESS, MapKind.METALLIC)


@pytest.mark.parametrize(
    ("material", "alpha", "threshold"),
    [
        ({}, AlphaMode.MASK, None),
        ({"alphaMode": "MASK"}, AlphaMode.CUTOUT, 0.5),
        ({"alphaMode": "MASK", "alphaCutoff": 0.25}, AlphaMode.CUTOUT, 0.25),
        ({"alphaMode": "MASK", "alphaCutoff": "high"}, AlphaMode.CUTOUT, 0.5),
        ({"alphaMode": "BLEND"}, AlphaMode.BLEND, None),
    ],
)
def test_gltf_says_what_alpha_is(
    tmp_path: Path, material: dict[str, object], alpha: AlphaMode, threshold: float | None
) -> None:
    base = {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}
    said = only(tmp_path, "w.gltf", json.dumps(gltf({**base, **material}, "wall.png")))
    assert (said.alpha, said.alpha_threshold) == (alpha, threshold)


def test_gltf_says_how_it_is_sampled(tmp_path: Path) -> None:
    normal = {"normalTexture": {"index": 0}}
    assert only(tmp_path, "w.gltf", json.dumps(gltf(normal, "wall.png"))).edges == Edges.both(Edge.WRAP)
    clamped = gltf(normal, "wall.png", samplers=[{"wrapS": 33071, "wrapT": 33648}])
    assert only(tmp_path, "w.gltf", json.dumps(clamped)).edges == Edges(Edge.CLAMP, Edge.MIRROR)


def test_gltf_extensions_name_roles(tmp_path: Path) -> None:
    extensions = {
        "KHR_materials_specular": {"specularColorTexture": {"index": 0}},
        "KHR_materials_clearcoat": {"clearcoatNormalTexture": {"index": 1}},
    }
    root = gltf({"extensions": extensions}, "wall.png", "wall_n.png")
    said = read(tmp_path, {"w.gltf": json.dumps(root)}).verdicts
    assert (said["wall.png"].kind, said["wall_n.png"].kind) == (MapKind.SPECULAR, MapKind.NORMAL)


# MaterialX

STANDARD = """<?xml version="1.0"?>
<materialx version="1.38" colorspace="lin_rec709" fileprefix="tex/">
  <nodegraph name="NG">
    <input name="where" type="filename" value="../wall_mr.png" colorspace="raw"/>
    <tiledimage name="color" type="color3">
      <input name="file" type="filename" value="Wall Color.png" colorspace="srgb_texture"/>
    </tiledimage>
    <image name="orm" type="vector3"><input name="file" type="filename" interfacename="where"/></image>
    <extract name="r" type="float"><input name="in" nodename="orm"/><input name="index" value="1"/></extract>
    <separate3 name="all" type="multioutput"><input name="in" nodename="orm"/></separate3>
    <image name="bumps" type="vector3">
      <input name="file" type="filename" value="rock.&lt;UDIM&gt;.exr"/>
      <input name="uaddressmode" value="clamp"/>
    </image>
    <normalmap name="bent" type="vector3"><input name="in" nodename="bumps"/></normalmap>
    <output name="color_out" type="color3" nodename="color"/>
    <output name="rough_out" type="float" nodename="r"/>
    <output name="metal_out" type="float" nodename="all" output="outb"/>
    <output name="normal_out" type="vector3" nodename="bent"/>
  </nodegraph>
  <standard_surface name="Rock" type="surfaceshader">
    <input name="base_color" type="color3" nodegraph="NG" output="color_out"/>
    <input name="specular_roughness" type="float" nodegraph="NG" output="rough_out"/>
    <input name="metalness" type="float" nodegraph="NG" output="metal_out"/>
    <input name="normal" type="vector3" nodegraph="NG" output="normal_out"/>
    <input name="coat" type="float" value="0.5"/>
  </standard_surface>
</materialx>"""


def test_materialx_follows_the_graph(tmp_path: Path) -> None:
    sidecars = read(tmp_path, {"m.mtlx": STANDARD.replace('value="../wall_mr.png"', 'value="rock.1001.exr"')})
    assert sidecars.notes == ()
    sidecars = read(tmp_path, {"m.mtlx": STANDARD})
    said = sidecars.verdicts
    color = said["tex/Wall Color.png"]
    assert (color.kind, color.color_space) == (MapKind.BASE_COLOR, ColorSpace.SRGB)
    for tile in ("tex/rock.1001.exr", "tex/rock.1002.exr"):
        assert (said[tile].kind, said[tile].edges) == (MapKind.NORMAL, Edges(Edge.CLAMP, Edge.WRAP))
    packed = said["wall_mr.png"]
    assert packed.kind is MapKind.PACKED
    assert packed.channels == (MapKind.PACKED, MapKind.ROUGHNESS, MapKind.METALLIC)
    assert packed.color_space is ColorSpace.DATA


@pytest.mark.parametrize(
    ("shader", "port", "kind"),
    [
        ("UsdPreviewSurface", "diffuseColor", MapKind.BASE_COLOR),
        ("UsdPreviewSurface", "clearcoatRoughness", MapKind.ROUGHNESS),
        ("UsdPreviewSurface", "occlusion", MapKind.OCCLUSION),
        ("UsdPreviewSurface", "displacement", MapKind.HEIGHT),
        ("open_pbr_surface", "base_metalness", MapKind.METALLIC),
        ("open_pbr_surface", "geometry_opacity", MapKind.OPACITY),
        ("gltf_pbr", "emissive", MapKind.EMISSIVE),
        ("displacement", "displacement", MapKind.HEIGHT),
    ],
)
def test_materialx_knows_the_usual_shaders(tmp_path: Path, shader: str, port: str, kind: MapKind) -> None:
    text = f"""<materialx version="1.39">
      <image name="i" type="color3"><input name="file" type="filename" value="wall.png"/></image>
      <{shader} name="s"><input name="{port}" nodename="i"/></{shader}></materialx>"""
    assert only(tmp_path, "m.mtlx", text).kind is kind


def test_materialx_color_with_opacity_is_transparent(tmp_path: Path) -> None:
    text = """<materialx><image name="i" type="color4"><input name="file" value="wall.png"/></image>
      <separate4 name="all"><input name="in" nodename="i"/></separate4>
      <gltf_pbr name="s"><input name="base_color" nodename="i"/>
      <input name="alpha" nodename="all" output="outa"/></gltf_pbr></materialx>"""
    said = only(tmp_path, "m.mtlx", text)
    assert (said.kind, said.alpha) == (MapKind.BASE_COLOR, AlphaMode.BLEND)


# Several at once


def test_what_was_set_for_one_texture_comes_before_materials(tmp_path: Path) -> None:
    root = gltf({"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}, "alphaMode": "BLEND"}, "wall.png")
    said = read(tmp_path, {"a.gltf": json.dumps(root), "wall.png.meta": meta(textureType=1)}).verdicts["wall.png"]
    assert said.kind is MapKind.NORMAL
    assert said.notes == ("a normal map in wall.png.meta, but baseColorTexture in a.gltf Wall: the first holds",)
    assert said.alpha is None


def test_sidecars_complete_each_other(tmp_path: Path) -> None:
    base = {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}
    files = {
        "a.gltf": json.dumps(gltf(base, "wall.png")),
        "b.gltf": json.dumps(gltf({**base, "alphaMode": "MASK"}, "wall.png")),
        "wall.png.meta": meta(textureType=0, wrapU=1, wrapV=1, sRGBTexture=1),
    }
    said = read(tmp_path, dict(files)).verdicts["wall.png"]
    assert (said.kind, said.edges, said.alpha) == (MapKind.BASE_COLOR, Edges.both(Edge.CLAMP), AlphaMode.CUTOUT)
    assert (said.color_space, said.material, said.notes) == (ColorSpace.SRGB, "a.gltf Wall", ())


# Bad input

LAUGHS = "<!DOCTYPE m [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + i)} '{f'&{chr(97 + i)};' * 10}'>" for i in range(12)
)
DEEP = 100_000
BROKEN: dict[str, tuple[str, str | bytes]] = {
    "meta that is no text": ("wall.png.meta", b"\xff\xfe\0\x80TextureImporter:"),
    "meta of megabytes": ("wall.png.meta", meta(textureType=1) + " " * (5 << 20)),
    "material with no end": ("a.vmt", "X { $basetexture wall"),
    "material with no begin": ("a.vmt", "$basetexture wall"),
    "material too deep": ("a.vmt", "X " + "{ a " * DEEP),
    "binary material": ("a.vmt", bytes(range(256)) * 9),
    "empty material": ("a.vmt", ""),
    "glTF cut off": ("a.gltf", json.dumps(gltf({}, "wall.png"))[:-9]),
    "glTF that is a list": ("a.gltf", "[]"),
    "glTF that is a number": ("a.gltf", "9" * 9999),
    "glTF too deep": ("a.gltf", "[" * DEEP),
    "binary glTF": ("a.gltf", bytes(range(256))),
    "GLB of another kind": ("a.glb", b"RIFF" + b"\0" * 99),
    "GLB cut off in its header": ("a.glb", b"glTF\2\0"),
    "GLB cut off in its JSON": ("a.glb", glb(gltf({}, "wall.png"))[:-30]),
    "GLB that claims 100 MB": ("a.glb", glb({}, claim=100 << 20)),
    "GLB that claims 4 GB": ("a.glb", glb({}, claim=0xFFFFFFFF)),
    "XML that grows without bound": ("a.mtlx", LAUGHS + "]><materialx>&m;</materialx>"),
    "XML that reads a file": (
        "a.mtlx",
        "<!DOCTYPE m [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><materialx>&x;</materialx>",
    ),
    "XML cut off": ("a.mtlx", STANDARD[:700]),
    "XML of something else": ("a.mtlx", "<html></html>"),
    "XML in UTF-16": ("a.mtlx", STANDARD.encode("utf-16")),
    "no XML": ("a.mtlx", bytes(range(256))),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_sidecar_is_ignored_with_a_note(tmp_path: Path, what: str) -> None:
    name, content = BROKEN[what]
    sidecars = read(tmp_path, {name: content, "z.vmt": "X { $bumpmap wall }"})
    assert sidecars.verdicts["wall.png"].kind is MapKind.NORMAL
    (note,) = sidecars.notes
    assert note.startswith(f"{name} is ignored: ")
    assert len(note) < 200


@pytest.mark.parametrize(
    "material",
    [
        {"normalTexture": {"index": 7}},
        {"normalTexture": {"index": -1}},
        {"normalTexture": {"index": "0"}},
        {"normalTexture": 0},
        {"pbrMetallicRoughness": []},
        {"extensions": {"KHR_materials_specular": None}},
        {"name": {}},
    ],
)
def test_gltf_that_makes_no_sense_says_nothing(tmp_path: Path, material: dict[str, object]) -> None:
    assert read(tmp_path, {"a.gltf": json.dumps(gltf(material, "wall.png"))}) == Sidecars({})


def test_gltf_of_wrong_types_says_nothing(tmp_path: Path) -> None:
    for key in ("materials", "textures", "images", "samplers"):
        for value in ({}, None, 3, [None, 3, []]):
            root = {**gltf({"normalTexture": {"index": 0}}, "wall.png"), key: value}
            said = read(tmp_path, {"a.gltf": json.dumps(root)})
            assert said.notes == ()
            assert (key == "samplers") == ("wall.png" in said.verdicts)


@pytest.mark.parametrize(
    "uri",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "%2e%2e/%2e%2e/wall.png",
        "..\\..\\wall.png",
        "C:\\wall.png",
        "file:///wall.png",
        "https://example.org/wall.png",
        "data:image/png;base64,AAAA",
        "wall.png\0",
        "",
        ".",
        "x/../../wall.png",
    ],
)
def test_what_lies_outside_is_not_looked_for(tmp_path: Path, uri: str) -> None:
    root = gltf({"normalTexture": {"index": 0}}, uri)
    assert read(tmp_path, {"a.gltf": json.dumps(root)}) == Sidecars({})


def test_what_leads_out_and_back_in_is_found(tmp_path: Path) -> None:
    root = gltf({"normalTexture": {"index": 0}}, "../tex/./../wall.png")
    assert read(tmp_path, {"models/a.gltf": json.dumps(root)}).verdicts["wall.png"].kind is MapKind.NORMAL


def test_a_graph_that_runs_in_circles_comes_to_an_end(tmp_path: Path) -> None:
    text = """<materialx><mix name="a"><input name="in" nodename="b"/></mix>
      <mix name="b"><input name="in" nodename="a"/><input name="bg" nodename="i"/></mix>
      <image name="i"><input name="file" value="wall.png"/></image>
      <nodegraph name="G"><output name="o" nodegraph="G"/></nodegraph>
      <gltf_pbr name="s"><input name="normal" nodename="a"/><input name="alpha" nodegraph="G"/></gltf_pbr>
      </materialx>"""
    assert only(tmp_path, "m.mtlx", text).kind is MapKind.NORMAL


def test_a_deep_document_is_read(tmp_path: Path) -> None:
    text = "<materialx>" + "<a>" * 20_000 + "</a>" * 20_000 + "</materialx>"
    assert read(tmp_path, {"m.mtlx": text}) == Sidecars({})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.vmt")
    assert read_sidecars(tmp_path, TEXTURES, ["a.vmt"]).notes == ("a.vmt is ignored: no regular file",)


def test_a_file_that_is_gone_is_noted(tmp_path: Path) -> None:
    assert read_sidecars(tmp_path, TEXTURES, ["a.gltf"]).notes == ("a.gltf is ignored: no regular file",)
