"""What describes a texture in texels goes with it, scaled, and nothing else in it changes."""

from __future__ import annotations

import itertools
import json
import struct
import time
import xml.etree.ElementTree as ElementTree
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from cg_upscaler.engine import Engine
from cg_upscaler.geometry import Size
from cg_upscaler.job import Job, Outcome, Plan, Receipt
from cg_upscaler.library.clashes import without_clashes
from cg_upscaler.library.config import load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.sidecars.texels import FORMS, Change, located, recognised, scaled
from cg_upscaler.library.sidecars.texels.change import span, times
from cg_upscaler.library.sidecars.texels.find import Companions, find_companions
from cg_upscaler.maps import BICUBIC
from cg_upscaler.wire import from_plain, to_plain
from tests.fakes import FakeGenerators, noise
from tests.planning import DEVICE

BY_4 = Change(Size(64, 32), Size(256, 128))
BY_3_2 = Change(Size(64, 32), Size(96, 48))
UNEVEN = Change(Size(64, 32), Size(128, 128))

SHEET = {
    "frames": {
        "a.png": {
            "frame": {"x": 2, "y": 3, "w": 10, "h": 12},
            "rotated": False,
            "trimmed": True,
            "spriteSourceSize": {"x": 1, "y": 0, "w": 10, "h": 12},
            "sourceSize": {"w": 16, "h": 16},
            "pivot": {"x": 0.5, "y": 0.5},
            "borders": {"left": 2, "top": 3, "right": 4, "bottom": 5},
            "vertices": [[0, 0], [10, 12]],
            "verticesUV": [[2, 3], [12, 15]],
            "triangles": [[0, 1, 1]],
            "duration": 100,
        }
    },
    "animations": {"walk": ["a.png"]},
    "meta": {
        "app": "https://www.codeandweb.com/texturepacker",
        "version": "1.1",
        "image": "hero.png",
        "size": {"w": 64, "h": 32},
        "scale": "0.5",
        "related_multi_packs": ["hero-1.json"],
        "slices": [
            {"name": "n", "keys": [{"frame": 0, "bounds": {"x": 1, "y": 2, "w": 3, "h": 4}, "pivot": {"x": 5, "y": 6}}]}
        ],
    },
}

FONT = """info face="A size=9" size=-32 bold=0 padding=1,2,3,4 spacing=1,1 outline=1
common lineHeight=32 base=26 scaleW=64 scaleH=32 pages=1 packed=0
page id=0 file="font.png"
chars count=1
char id=65   x=2     y=3     width=10    height=12    xoffset=-1    yoffset=5    xadvance=11    page=0  chnl=15
kernings count=1
kerning first=65  second=65  amount=-2
"""

ATLAS_OLD = """
hero.png
size: 64,32
format: RGBA8888
filter: Nearest,Nearest
repeat: none
walk
  rotate: false
  xy: 2, 3
  size: 10, 12
  split: 1, 2, 3, 4
  orig: 16, 16
  offset: 1, 0
  index: 7
"""

ATLAS_NEW = """hero.png
\tsize: 64, 32
\tfilter: Linear, Linear
\tscale: 0.5
walk 2
\tbounds: 2, 3, 10, 12
\toffsets: 1, 0, 16, 16
\trotate: 90

second.png
\tsize: 64, 32
idle
\tbounds: 0, 0, 4, 4
"""

SPARROW = """<?xml version="1.0" encoding="UTF-8"?>
<!-- <SubTexture name="no" x="1" y="1" width="1" height="1"/> -->
<TextureAtlas imagePath="hero.png" width="64" height="32">
  <SubTexture name="a &gt; b" x="2" y="3" width="10" height="12"
    frameX="-1" frameY="0" frameWidth="16" frameHeight="16"/>
</TextureAtlas>
"""

META = """fileFormatVersion: 2
guid: 0123456789abcdef0123456789abcdef
TextureImporter:
  internalIDToNameTable:
  - first:
      213: 21300000
    second: hero_0
  serializedVersion: 11
  mipmaps:
    mipMapMode: 0
    mipMapFadeDistanceStart: 1
  maxTextureSize: 2048
  spriteExtrude: 1
  spritePivot: {x: 0.5, y: 0.5}
  spritePixelsToUnits: 100
  spriteBorder: {x: 1, y: 2, z: 3, w: 4}
  textureType: 8
  platformSettings:
  - serializedVersion: 3
    buildTarget: DefaultTexturePlatform
    maxTextureSize: 64
    textureFormat: -1
  spriteSheet:
    serializedVersion: 2
    sprites:
    - serializedVersion: 2
      name: hero_0
      rect:
        serializedVersion: 2
        x: 2
        y: 3
        width: 10
        height: 12
      alignment: 9
      pivot: {x: 0.5, y: 0.25}
      border: {x: 1, y: 0, z: 2, w: 0}
      outline:
      - - {x: 5, y: -6}
        - {x: -5.5, y: 6}
      physicsShape: []
      bones:
      - length: 3.5
        name: arm
        position: {x: 1, y: 2, z: 0}
        rotation: {x: 0, y: 0, z: 0.25, w: 1}
      spriteID: 5e97eb03825dee720800000000000000
      internalID: 21300000
    - serializedVersion: 2
      name: hero_1
      rect:
        serializedVersion: 2
        x: 12
        y: 3
        width: 10
        height: 12
    outline: []
    bones: []
  assetBundleName:
"""


def grown(form: str, text: str, change: Change = BY_4) -> str:
    return scaled(form, text.encode(), change).decode()


# Numbers


@pytest.mark.parametrize(
    ("text", "factor", "expected"),
    [
        ("3", 4, "12"),
        ("-1", 4, "-4"),
        ("0.5", 4, "2.0"),
        ("3", Fraction(3, 2), "5"),
        ("-1.25", Fraction(1, 3), "-0.416667"),
    ],
)
def test_a_number_stays_written_as_it_is(text: str, factor: int, expected: str) -> None:
    assert times(text, Fraction(factor)) == expected


@pytest.mark.parametrize("text", ["NaN", "1e999999999", "9" * 50, "0x10", "", "1e-99999"])
def test_what_is_no_number_of_texels_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        times(text, Fraction(4))


def test_rounded_spans_that_touched_still_touch() -> None:
    factor, cuts = Fraction(41, 27), [0, 1, 3, 4, 8, 13, 14, 27]
    spans = [span(str(a), str(b - a), factor) for a, b in itertools.pairwise(cuts)]
    ends = [int(start) + int(length) for start, length in spans]
    assert [int(start) for start, _ in spans] == [0, *ends[:-1]]
    assert ends[-1] == 41


# Forms


def test_a_sprite_sheet_grows_in_all_that_is_texels_and_in_nothing_else() -> None:
    made = json.loads(grown("sprites-json", json.dumps(SHEET, indent="\t")))
    frame, was = made["frames"]["a.png"], SHEET["frames"]["a.png"]  # type: ignore[index]
    assert frame["frame"] == {"x": 8, "y": 12, "w": 40, "h": 48}
    assert frame["spriteSourceSize"] == {"x": 4, "y": 0, "w": 40, "h": 48}
    assert frame["sourceSize"] == {"w": 64, "h": 64}
    assert frame["borders"] == {"left": 8, "top": 12, "right": 16, "bottom": 20}
    assert (frame["vertices"], frame["verticesUV"]) == ([[0, 0], [40, 48]], [[8, 12], [48, 60]])
    assert {key: frame[key] for key in ("pivot", "triangles", "duration")} == {
        key: was[key] for key in ("pivot", "triangles", "duration")
    }
    meta = made["meta"]
    assert (meta["size"], meta["scale"], meta["version"]) == ({"w": 256, "h": 128}, "2.0", "1.1")
    key = meta["slices"][0]["keys"][0]
    assert key == {"frame": 0, "bounds": {"x": 4, "y": 8, "w": 12, "h": 16}, "pivot": {"x": 20, "y": 24}}
    assert made["animations"] == SHEET["animations"]


@pytest.mark.parametrize("mark", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_sheet_stays_as_it_is_formatted(mark: str) -> None:
    text = (
        json.dumps(SHEET, indent=3).replace("\n", "\r\n").replace('"duration": 100', '"duration" :  1e2,"ä": "\\u00e4"')
    )
    once = scaled("sprites-json", text.encode(mark), Change(Size(1, 1), Size(1, 1)))
    assert once == text.encode(mark)
    grown = scaled("sprites-json", text.encode(mark), BY_4)
    assert grown.decode(mark).count("\r\n") == text.count("\r\n")
    assert '"duration" :  1e2,"ä": "\\u00e4"' in grown.decode(mark)
    assert grown[:3] == text.encode(mark)[:3]


def test_lists_of_frames_and_sheets_of_several_images_grow() -> None:
    frames = [{"filename": "a", "frame": {"x": 1, "y": 1, "w": 2, "h": 2}}]
    made = json.loads(grown("sprites-json", json.dumps({"frames": frames, "meta": {"scale": 1}})))
    assert made == {
        "frames": [{"filename": "a", "frame": {"x": 4, "y": 4, "w": 8, "h": 8}}],
        "meta": {"scale": 4},
    }
    phaser = {"textures": [{"image": "a.png", "size": {"w": 64, "h": 32}, "scale": 1, "frames": frames}], "meta": {}}
    assert recognised(".json", json.dumps(phaser).encode()) == ("sprites-json", ("a.png",))
    change = Change(BY_4.before, BY_4.after, {"a.png": "a_4x.png"})
    sheet = json.loads(grown("sprites-json", json.dumps(phaser), change))["textures"][0]
    assert (sheet["image"], sheet["size"], sheet["scale"]) == ("a_4x.png", {"w": 256, "h": 128}, 4)
    assert sheet["frames"][0]["frame"] == {"x": 4, "y": 4, "w": 8, "h": 8}


def test_axes_that_grow_unlike_scale_each_by_itself_and_no_rotated_sprite() -> None:
    made = json.loads(grown("sprites-json", json.dumps(SHEET), UNEVEN))
    assert made["frames"]["a.png"]["frame"] == {"x": 4, "y": 12, "w": 20, "h": 48}
    turned = json.dumps(SHEET).replace('"rotated": false', '"rotated": true')
    with pytest.raises(ValueError, match="rotated"):
        grown("sprites-json", turned, UNEVEN)
    with pytest.raises(ValueError, match="rotated"):
        grown("gdx-atlas", ATLAS_NEW, UNEVEN)


def test_a_font_grows_in_text() -> None:
    assert grown("bmfont-text", FONT, Change(BY_4.before, BY_4.after, {"font.png": "font_4x.png"})) == (
        'info face="A size=9" size=-128 bold=0 padding=4,8,12,16 spacing=4,4 outline=4\n'
        "common lineHeight=128 base=104 scaleW=256 scaleH=128 pages=1 packed=0\n"
        'page id=0 file="font_4x.png"\n'
        "chars count=1\n"
        "char id=65   x=8     y=12     width=40    height=48    xoffset=-4    yoffset=20    xadvance=44    "
        "page=0  chnl=15\n"
        "kernings count=1\n"
        "kerning first=65  second=65  amount=-8\n"
    )


def test_a_font_grows_in_xml() -> None:
    text = """<?xml version="1.0"?>
<font>
  <info face="A" size="32" padding="1,2,3,4" spacing='1,1' outline="1"/>
  <common lineHeight="32" base="26" scaleW="64" scaleH="32" pages="1"/>
  <pages><page id="0" file="a &amp; b.png"/></pages>
  <chars count="1"><char id="65" x="2" y="3" width="10" height="12"
    xoffset="-1" yoffset="5" xadvance="11" page="0"/></chars>
  <kernings count="1"><kerning first="65" second="65" amount="-2"/></kernings>
</font>"""
    assert recognised(".fnt", text.encode()) == ("bmfont-xml", ("a & b.png",))
    root = ElementTree.fromstring(grown("bmfont-xml", text, Change(BY_4.before, BY_4.after, {"a & b.png": "<4>.png"})))
    found = {tag: root.find(f".//{tag}").attrib for tag in ("info", "common", "page", "char", "kerning")}  # type: ignore[union-attr]
    assert found["info"] == {"face": "A", "size": "128", "padding": "4,8,12,16", "spacing": "4,4", "outline": "4"}
    assert found["common"] == {"lineHeight": "128", "base": "104", "scaleW": "256", "scaleH": "128", "pages": "1"}
    assert found["page"] == {"id": "0", "file": "<4>.png"}
    assert found["char"] | {"id": ""} == {
        "id": "",
        "x": "8",
        "y": "12",
        "width": "40",
        "height": "48",
        "xoffset": "-4",
        "yoffset": "20",
        "xadvance": "44",
        "page": "0",
    }
    assert found["kerning"] == {"first": "65", "second": "65", "amount": "-8"}


def test_a_font_grows_in_json() -> None:
    font = {
        "pages": ["f.png"],
        "chars": [{"id": 65, "x": 1, "y": 2, "width": 3, "height": 4, "xoffset": -1, "yoffset": 0, "xadvance": 5}],
        "info": {"face": "A", "size": 32, "padding": [1, 2, 3, 4], "spacing": [1, 1]},
        "common": {"lineHeight": 32, "base": 26, "scaleW": 64, "scaleH": 32, "pages": 1},
        "distanceField": {"fieldType": "msdf", "distanceRange": 4},
        "kernings": [{"first": 1, "second": 2, "amount": -1}],
    }
    assert recognised(".json", json.dumps(font).encode()) == ("bmfont-json", ("f.png",))
    made = json.loads(grown("bmfont-json", json.dumps(font), Change(BY_4.before, BY_4.after, {"f.png": "g.png"})))
    assert made["pages"] == ["g.png"]
    assert made["chars"][0] == {"id": 65} | {
        "x": 4,
        "y": 8,
        "width": 12,
        "height": 16,
        "xoffset": -4,
        "yoffset": 0,
        "xadvance": 20,
    }
    assert made["info"] == {"face": "A", "size": 128, "padding": [4, 8, 12, 16], "spacing": [4, 4]}
    assert (made["distanceField"]["distanceRange"], made["kernings"][0]["amount"]) == (16, -4)


def binary_font(padding: int = 1) -> bytes:
    info = struct.pack("<hBBHB7B", 32, 0, 0, 100, 1, padding, 2, 3, 4, 1, 1, 1) + b"A\0"
    common = struct.pack("<5H5B", 32, 26, 64, 32, 1, 0, 0, 4, 4, 4)
    char = struct.pack("<I4H3h2B", 65, 2, 3, 10, 12, -1, 5, 11, 0, 15)
    blocks = [(1, info), (2, common), (3, b"font.png\0"), (4, char), (5, struct.pack("<2Ih", 65, 65, -2))]
    return b"BMF\x03" + b"".join(struct.pack("<BI", kind, len(block)) + block for kind, block in blocks)


def test_a_font_grows_in_binary() -> None:
    assert recognised(".fnt", binary_font()) == ("bmfont-binary", ("font.png",))
    made = scaled("bmfont-binary", binary_font(), Change(BY_4.before, BY_4.after, {"font.png": "font_4x.png"}))
    at, blocks = 4, {}
    while at < len(made):
        kind, length = struct.unpack_from("<BI", made, at)
        blocks[kind], at = made[at + 5 : at + 5 + length], at + 5 + length
    assert struct.unpack_from("<hBBHB7B", blocks[1]) == (128, 0, 0, 100, 1, 4, 8, 12, 16, 4, 4, 4)
    assert blocks[1].endswith(b"A\0")
    assert struct.unpack("<5H5B", blocks[2]) == (128, 104, 256, 128, 1, 0, 0, 4, 4, 4)
    assert blocks[3] == b"font_4x.png\0"
    assert struct.unpack("<I4H3h2B", blocks[4]) == (65, 8, 12, 40, 48, -4, 20, 44, 0, 15)
    assert struct.unpack("<2Ih", blocks[5]) == (65, 65, -8)


@pytest.mark.parametrize("length", [5, 8, 20, 40, 70, 90])
def test_a_binary_font_that_is_cut_short_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="cut short"):
        scaled("bmfont-binary", binary_font()[:length], BY_4)


def test_a_binary_font_whose_numbers_outgrow_their_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="no longer fit"):
        scaled("bmfont-binary", binary_font(padding=99), BY_4)


def test_an_atlas_of_libgdx_grows_in_both_forms() -> None:
    assert recognised(".atlas", ATLAS_OLD.encode()) == ("gdx-atlas", ("hero.png",))
    expected = ATLAS_OLD.replace("64,32", "256,128").replace("2, 3\n", "8, 12\n").replace("10, 12", "40, 48")
    expected = expected.replace("1, 2, 3, 4", "4, 8, 12, 16").replace("16, 16", "64, 64").replace("1, 0", "4, 0")
    assert grown("gdx-atlas", ATLAS_OLD) == expected
    crlf = ATLAS_NEW.replace("\n", "\r\n")
    assert recognised(".atlas", crlf.encode()) == ("gdx-atlas", ("hero.png", "second.png"))
    made = grown("gdx-atlas", crlf, Change(BY_4.before, BY_4.after, {"second.png": "2.tga"}))
    expected = crlf.replace("64, 32", "256, 128").replace("0.5", "2.0").replace("2, 3, 10, 12", "8, 12, 40, 48")
    expected = expected.replace("1, 0, 16, 16", "4, 0, 64, 64").replace("0, 0, 4, 4", "0, 0, 16, 16")
    assert made == expected.replace("second.png", "2.tga")


def test_a_sparrow_atlas_grows() -> None:
    assert recognised(".xml", SPARROW.encode()) == ("sparrow-xml", ("hero.png",))
    made = grown("sparrow-xml", SPARROW, Change(BY_4.before, BY_4.after, {"hero.png": "hero_4x.png"}))
    root = ElementTree.fromstring(made)
    assert root.attrib == {"imagePath": "hero_4x.png", "width": "256", "height": "128"}
    assert root[0].attrib == {
        "name": "a > b",
        "x": "8",
        "y": "12",
        "width": "40",
        "height": "48",
        "frameX": "-4",
        "frameY": "0",
        "frameWidth": "64",
        "frameHeight": "64",
    }
    assert made.splitlines()[1] == SPARROW.splitlines()[1]


def test_unity_s_sprites_grow_and_keep_their_size_in_a_scene() -> None:
    made, was = yaml.safe_load(grown("unity", META)), yaml.safe_load(META)
    settings = made["TextureImporter"]
    assert made["guid"] == was["guid"]
    assert settings["spritePixelsToUnits"] == 400
    assert settings["spriteBorder"] == {"x": 4, "y": 8, "z": 12, "w": 16}
    assert (settings["maxTextureSize"], settings["platformSettings"][0]["maxTextureSize"]) == (2048, 256)
    first, second = settings["spriteSheet"]["sprites"]
    assert first["rect"] == {"serializedVersion": 2, "x": 8, "y": 12, "width": 40, "height": 48}
    assert second["rect"] == {"serializedVersion": 2, "x": 48, "y": 12, "width": 40, "height": 48}
    assert first["border"] == {"x": 4, "y": 0, "z": 8, "w": 0}
    assert first["outline"] == [[{"x": 20, "y": -24}, {"x": -22.0, "y": 24}]]
    assert first["bones"][0]["length"] == 14
    assert first["bones"][0]["position"] == {"x": 4, "y": 8, "z": 0}
    for unchanged in ("pivot", "alignment", "spriteID", "internalID", "name"):
        assert first[unchanged] == was["TextureImporter"]["spriteSheet"]["sprites"][0][unchanged]
    for unchanged in ("spritePivot", "spriteExtrude", "mipmaps", "internalIDToNameTable", "textureType"):
        assert settings[unchanged] == was["TextureImporter"][unchanged]
    assert first["bones"][0]["rotation"] == {"x": 0, "y": 0, "z": 0.25, "w": 1}


@pytest.mark.parametrize(
    ("limit", "before", "after", "expected"),
    [
        (2048, 512, 2048, 2048),  # it fits
        (2048, 1024, 4096, 4096),  # would be clamped now
        (2048, 1000, 3000, 4096),
        (2048, 4096, 16384, 8192),  # was clamped to half, and is again
        (2048, 4096, 12288, 8192),  # three times 2048 is none of Unity's sizes
        (8192, 8192, 32768, 16384),  # Unity has no more
        (32, 32, 128, 128),
    ],
)
def test_unity_s_largest_size_does_not_undo_the_work(limit: int, before: int, after: int, expected: int) -> None:
    change = Change(Size(before, before // 2), Size(after, after // 2))
    text = f"TextureImporter:\r\n  maxTextureSize: {limit}\r\n  x: 3\r\n"
    assert grown("unity", text, change) == text.replace(str(limit), str(expected))


def test_a_factor_that_is_not_whole_rounds_texels_and_not_ratios() -> None:
    settings = yaml.safe_load(grown("unity", META.replace("ToUnits: 100", "ToUnits: 33"), BY_3_2))["TextureImporter"]
    assert settings["spritePixelsToUnits"] == 49.5
    first, second = (sprite["rect"] for sprite in settings["spriteSheet"]["sprites"])
    assert first["x"] + first["width"] == second["x"]
    made = json.loads(grown("sprites-json", json.dumps(SHEET), BY_3_2))
    assert made["frames"]["a.png"]["frame"] == {"x": 3, "y": 5, "w": 15, "h": 18}
    assert made["meta"]["scale"] == "0.75"


# Finding


def find(root: Path, files: dict[str, str | bytes], textures: list[str]) -> Companions:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return find_companions(root, textures, list(files))


def test_descriptions_are_found_by_what_they_name_and_by_their_own_name(tmp_path: Path) -> None:
    nameless = json.dumps({"frames": SHEET["frames"]})
    files: dict[str, str | bytes] = {
        "a/hero.json": json.dumps(SHEET),
        "a/other.json": nameless,
        "a/b.png.meta": META,
        "f/x.fnt": FONT.replace("font.png", "../a/B.PNG"),
        "gone.png.meta": META,
    }
    found = find(tmp_path, files, ["a/hero.png", "a/other.tga", "a/b.png"])
    assert {item.name: item.textures for item in found.found} == {
        "a/b.png.meta": {"": "a/b.png"},
        "a/hero.json": {"hero.png": "a/hero.png"},
        "a/other.json": {"": "a/other.tga"},
        "f/x.fnt": {"../a/B.PNG": "a/b.png"},
    }
    assert found.notes == ()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("hero.json", json.dumps(SHEET).replace("hero.png", "../../etc/x.png"), "names ../../etc/x.png"),
        ("hero.json", json.dumps(SHEET)[:-9], "Expecting"),
        ("hero.json", json.dumps(SHEET).replace("100", "NaN"), "NaN"),
        ("hero.json", '{"frames":' + "[" * 200_000, ""),
        ("hero.json", '{"frames": [[0, 0, 4, 4]], "images": ["hero.png"]}', "not understood"),
        ("hero.json", json.dumps(SHEET) + " " * (9 << 20), "holds more than"),
        ("hero.fnt", b"\0\1\2garbage", ""),
        ("hero.atlas", "whatever this is", "not understood"),
        ("hero.png.meta", b"\xff\xfe\0", ""),
        ("hero.plist", "<plist/>", "1 Cocos property lists (hero.plist)"),
        ("hero.png.import", "[remap]", "Godot"),
    ],
)
def test_what_looks_like_a_description_and_is_not_understood_is_named(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    found = find(tmp_path, {name: content}, ["hero.png"])
    assert found.found == ()
    (note,) = found.notes
    assert name in note
    assert said in note


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("hero.json", '{"name": "hero", "hit points": 3}'),
        ("hero.json", "[1, 2"),
        ("hero.json", '{"textures": {"0": "block/hero"}}'),
        ("hero.xml", "<html/>"),
        ("readme.fnt", "a printer's font"),
        ("hero.xml", b"\0" * 100),
    ],
)
def test_files_that_merely_have_the_suffix_are_passed_over(tmp_path: Path, name: str, content: str | bytes) -> None:
    assert find(tmp_path, {name: content}, ["hero.png"]) == Companions(())


def test_nine_patches_are_named(tmp_path: Path) -> None:
    (note,) = find_companions(tmp_path, ["button.9.png"], []).notes
    assert "button.9.png" in note


# A run


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library"


def put(path: Path, width: int = 64, height: int = 32, seed: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ok, data = cv2.imencode(".png", noise(height, width, 3, seed=seed))
    assert ok
    path.write_bytes(data.tobytes())


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def run(library: Path, text: str = "", *, force: bool = False, **settings: object) -> tuple[Plan, dict[str, Receipt]]:
    file = write(library.parent / "game.yaml", text)
    values = {"source": library, "output": library.parent / "out", "model": BICUBIC, "edges": "mirror", **settings}
    config = load(file, **{key: value for key, value in values.items() if value is not None})
    with Receipts(config.output) as receipts:
        plan = make_plan(config, device=DEVICE, receipts=receipts)
        engine = Engine(FakeGenerators(), force=force)
        return plan, {receipt.name: receipt for receipt in engine.run(plan, receipts)}


def test_descriptions_go_with_their_texture_and_are_up_to_date_afterwards(library: Path) -> None:
    put(library / "a/hero.png")
    write(library / "a/hero.json", json.dumps(SHEET))
    write(library / "a/hero.png.meta", META)
    out = library.parent / "out/a"
    plan, receipts = run(library)
    assert receipts["a/hero.png"].outcome is Outcome.DONE, receipts
    assert [Path(each.output).name for each in plan.jobs[0].companions] == ["hero.json", "hero.png.meta"]
    assert from_plain(Plan, json.loads(json.dumps(to_plain(plan)))) == plan
    height, width, _ = cv2.imread(str(out / "hero.png")).shape
    assert json.loads((out / "hero.json").read_bytes())["meta"]["size"] == {"w": width, "h": height}
    assert yaml.safe_load((out / "hero.png.meta").read_text())["TextureImporter"]["spritePixelsToUnits"] == 400
    assert run(library)[1]["a/hero.png"].outcome is Outcome.CURRENT


def test_a_description_that_changed_or_is_gone_is_written_anew_without_its_texture(library: Path) -> None:
    put(library / "hero.png")
    write(library / "hero.json", json.dumps(SHEET))
    run(library)
    out = library.parent / "out"
    made = (out / "hero.png").stat().st_mtime_ns
    (out / "hero.json").unlink()
    receipt = run(library)[1]["hero.png"]
    assert (receipt.outcome, receipt.notes[-1]) == (Outcome.CURRENT, "hero.json is written anew")
    write(library / "hero.json", json.dumps(SHEET).replace("100", "77"))
    assert run(library)[1]["hero.png"].outcome is Outcome.CURRENT
    assert json.loads((out / "hero.json").read_bytes())["frames"]["a.png"]["duration"] == 77
    assert (out / "hero.png").stat().st_mtime_ns == made


def test_a_description_that_somebody_edited_is_left_alone(library: Path) -> None:
    put(library / "hero.png")
    source = write(library / "hero.json", json.dumps(SHEET))
    run(library)
    edited = write(library.parent / "out/hero.json", "mine")
    receipt = run(library)[1]["hero.png"]
    assert receipt.outcome is Outcome.FAILED
    assert "was changed by somebody" in receipt.error and "hero.json" in receipt.error
    assert edited.read_text() == "mine"
    assert run(library, force=True)[1]["hero.png"].outcome is Outcome.DONE
    assert json.loads(edited.read_bytes())["meta"]["size"] == {"w": 256, "h": 128}
    assert json.loads(source.read_bytes()) == SHEET


def test_a_description_that_was_there_before_stops_the_work_before_it_begins(library: Path) -> None:
    put(library / "hero.png")
    write(library / "hero.json", json.dumps(SHEET))
    foreign = write(library.parent / "out/hero.json", "theirs")
    receipt = run(library)[1]["hero.png"]
    assert receipt.outcome is Outcome.FAILED
    assert "this tool did not write it" in receipt.error
    assert foreign.read_text() == "theirs"
    assert not (library.parent / "out/hero.png").exists()


def test_a_copied_texture_takes_its_description_along_as_it_is(library: Path) -> None:
    put(library / "hero.png")
    write(library / "hero.png.meta", META)
    run(library, scale=1)
    assert (library.parent / "out/hero.png.meta").read_text() == META


def test_a_skipped_texture_takes_nothing_along(library: Path) -> None:
    put(library / "hero.png")
    write(library / "hero.json", json.dumps(SHEET))
    plan, _ = run(library, "rules:\n  - match: hero.png\n    skip: not wanted\n")
    assert not (library.parent / "out/hero.json").exists()
    assert not any("hero.json is not" in note for note in plan.notes)


def test_results_with_other_names_are_found_by_their_descriptions(library: Path) -> None:
    put(library / "hero.png")
    write(library / "hero.json", json.dumps(SHEET))
    write(library / "hero.png.meta", META)
    run(library, suffix="_4x")
    out = library.parent / "out"
    assert json.loads((out / "hero.json").read_bytes())["meta"]["image"] == "hero_4x.png"
    assert (out / "hero_4x.png.meta").is_file()


def test_beside_its_source_a_description_gets_the_suffix_of_its_texture(library: Path) -> None:
    for number in (0, 1):
        put(library / f"hero-{number}.png", seed=number)
        sheet = (
            json.dumps(SHEET)
            .replace("hero.png", f"hero-{number}.png")
            .replace("hero-1.json", f"hero-{1 - number}.json")
        )
        write(library / f"hero-{number}.json", sheet)
    write(library / "hero-0.png.meta", META)
    before = (library / "hero-0.json").read_bytes()
    plan, receipts = run(library, beside=True, output=None, suffix="_4x")
    assert {receipt.outcome for receipt in receipts.values()} == {Outcome.DONE}, receipts
    meta = json.loads((library / "hero-0_4x.json").read_bytes())["meta"]
    assert (meta["image"], meta["related_multi_packs"]) == ("hero-0_4x.png", ["hero-1_4x.json"])
    assert (library / "hero-0.json").read_bytes() == before
    assert any("guid" in note and "hero-0.png.meta" in note for note in plan.notes)
    assert not (library / "hero-0_4x.png.meta").exists()
    plan, receipts = run(library, beside=True, output=None, suffix="_4x")
    assert {name: receipt.outcome for name, receipt in receipts.items()} == {
        "hero-0.png": Outcome.CURRENT,
        "hero-1.png": Outcome.CURRENT,
    }


def test_in_the_place_of_its_source_a_description_grows_once(library: Path) -> None:
    put(library / "hero.png")
    write(library / "hero.json", json.dumps(SHEET))
    write(library / "hero.png.meta", META)
    for _ in range(2):
        run(library, overwrite=True, output=None)
        assert json.loads((library / "hero.json").read_bytes())["meta"]["size"] == {"w": 256, "h": 128}
        assert yaml.safe_load((library / "hero.png.meta").read_text())["TextureImporter"]["spritePixelsToUnits"] == 400
    assert cv2.imread(str(library / "hero.png")).shape == (128, 256, 3)
    put(library / "hero.png", seed=5)
    write(library / "hero.json", json.dumps(SHEET))
    run(library, overwrite=True, output=None)
    assert json.loads((library / "hero.json").read_bytes())["meta"]["size"] == {"w": 256, "h": 128}


def test_a_run_that_breaks_off_between_the_two_leaves_a_description_that_fits_after_the_next(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(library / "hero.png")
    write(library / "hero.json", json.dumps(SHEET))

    def die(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Receipts, "intend", die)
        with pytest.raises(KeyboardInterrupt):
            run(library, overwrite=True, output=None)
    assert cv2.imread(str(library / "hero.png")).shape == (32, 64, 3)
    run(library, overwrite=True, output=None)
    assert cv2.imread(str(library / "hero.png")).shape == (128, 256, 3)
    assert json.loads((library / "hero.json").read_bytes())["meta"]["size"] == {"w": 256, "h": 128}


def test_a_description_of_several_textures_goes_with_the_first_where_they_grow_alike(library: Path) -> None:
    put(library / "hero.png")
    put(library / "second.png", seed=2)
    write(library / "hero.atlas", ATLAS_NEW)
    plan, _ = run(library)
    assert [len(job.companions) for job in plan.jobs] == [1, 0]
    assert "bounds: 8, 12, 40, 48" in (library.parent / "out/hero.atlas").read_text()


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("scale: 2", "do not grow alike (hero.png 4×4, second.png 2×2)"),
        ("skip: unwanted", "describes second.png as well"),
    ],
)
def test_a_description_of_textures_that_grow_unlike_is_named(library: Path, rule: str, said: str) -> None:
    put(library / "hero.png")
    put(library / "second.png", seed=2)
    write(library / "hero.atlas", ATLAS_NEW)
    plan, _ = run(library, f"rules:\n  - match: second.png\n    {rule}\n")
    assert any(note.startswith("hero.atlas is not carried over") and said in note for note in plan.notes), plan.notes
    assert not (library.parent / "out/hero.atlas").exists()


def test_two_descriptions_that_would_be_one_file_are_both_refused(library: Path) -> None:
    job = plan_job(library)
    other = plan_job(library, "other.png")
    companion = replace(other.companions[0], output=job.companions[0].output)
    jobs, problems = without_clashes([job, replace(other, companions=(companion,))], library.parent / "out")
    assert jobs == []
    assert all("its description hero.json and that of" in problem.message for problem in problems)


def plan_job(library: Path, name: str = "hero.png") -> Job:
    put(library / name)
    write((library / name).with_suffix(".json"), json.dumps(SHEET).replace("hero.png", name))
    config = load(None, source=library, output=library.parent / "out", model=BICUBIC)
    return next(job for job in make_plan(config, device=DEVICE).jobs if job.name == name)


def test_a_size_between_factors_is_told(library: Path) -> None:
    put(library / "hero.png")
    write(library / "hero.json", json.dumps(SHEET))
    plan, receipts = run(library, "size: 96\n")
    assert any("hero.json grows by" in note and "rounded" in note for note in plan.jobs[0].notes)
    assert receipts["hero.png"].outcome is Outcome.DONE


def test_a_description_that_changes_after_planning_fails_its_texture(library: Path) -> None:
    put(library / "hero.png")
    source = write(library / "hero.json", json.dumps(SHEET))
    config = load(None, source=library, output=library.parent / "out", model=BICUBIC)
    with Receipts(config.output) as receipts:
        plan = make_plan(config, device=DEVICE, receipts=receipts)
        source.write_text("{}")
        (receipt,) = Engine(FakeGenerators()).run(plan, receipts)
    assert receipt.outcome is Outcome.FAILED
    assert "was changed after the run was planned" in receipt.error


def test_a_hostile_sheet_ends_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(located, "_MOST", 10_000)
    many = '{"frames": {"a": {"frame": {"x": 1, "y": 1, "w": 1, "h": 1}, "more": [' + "1," * 10_000 + "1]}}}"
    with pytest.raises(ValueError, match="more than 10,000 values"):
        scaled("sprites-json", many.encode(), BY_4)
    with pytest.raises(ValueError, match="no number"):
        grown("unity", "TextureImporter:\n  spriteSheet:\n    spriteBorder: {x: 1e99}\n")
    with pytest.raises(ValueError, match="twice"):
        grown("unity", "TextureImporter:\n  spriteSheet:\n    spriteBorder: {x: 1}\n")
    with pytest.raises(ValueError, match="no number"):
        grown("sprites-json", json.dumps(SHEET).replace('"x": 2,', '"x": 1e99999999,'))
    for seed in range(50):
        data = bytearray(json.dumps(SHEET).encode())
        for at in np.random.default_rng(seed).integers(0, len(data), 3):
            data[at] ^= 1 + seed
        try:
            scaled("sprites-json", bytes(data), BY_4)
        except ValueError:
            continue


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("sparrow-xml", "<!--" * 500_000),
        ("sparrow-xml", "<?<![CDATA[" * 200_000),
        ("sparrow-xml", "<sprite" + " a" * 1_000_000),
        ("bmfont-xml", "<char " + "a" * 2_000_000),
        ("bmfont-text", "char " + "a" * 2_000_000),
        ("bmfont-text", "char x=" + "1" * 2_000_000 + " width=1"),
        ("bmfont-text", "common base=" + "1" * 2_000_000),
        ("gdx-atlas", "a.png\nsize: " + "1" * 2_000_000 + "x"),
        ("gdx-atlas", "a.png\n" + " " * 2_000_000 + "x"),
        ("unity", "TextureImporter:\n  spriteSheet:\n    a: {" + "a" * 2_000_000),
        ("unity", "TextureImporter:\n  spriteSheet:\n    a: {x: " + "1" * 2_000_000),
        ("unity", "TextureImporter:\n  spriteSheet:\n" + "    - a:\n" * 200_000),
        ("unity", "TextureImporter:\n  maxTextureSize: " + "1" * 2_000_000),
        ("sprites-json", '{"frames": "' + "\\\\" * 1_000_000),
        ("sprites-json", "[" * 1_000_000),
    ],
)
def test_no_text_takes_longer_than_its_length(form: str, data: str) -> None:
    start = time.monotonic()
    with suppress(ValueError, RecursionError):
        scaled(form, data.encode(), BY_4)
    with suppress(ValueError, RecursionError):
        recognised(FORMS[form].suffix, data.encode())
    assert time.monotonic() - start < 10
