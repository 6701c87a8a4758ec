"""What nodes say of the pictures in them."""

from __future__ import annotations

from typing import Any

import bpy
import pytest
from scenes import Shading


@pytest.fixture
def shading(addon: Any) -> Shading:
    return Shading()


@pytest.fixture
def given(addon: Any, shading: Shading) -> Any:
    return lambda: {found.image.name: found.given for found in addon("nodes").images_of(shading.tree)}


def test_inputs_of_the_shader_say_what_a_picture_is(shading: Shading, given: Any) -> None:
    kinds = {"Base Color": "base_color", "Roughness": "roughness", "Metallic": "metallic", "Emission Color": "emissive"}
    for socket, kind in kinds.items():
        shading.into(socket, shading.picture(kind).outputs["Color"])
    shading.into("Alpha", shading.picture("mask").outputs["Color"])
    assert given() == {**{kind: {"kind": kind} for kind in kinds.values()}, "mask": {"kind": "opacity"}}


def test_alpha_of_the_colour_is_its_transparency(shading: Shading, given: Any) -> None:
    leaf = shading.picture("leaf")
    shading.into("Base Color", leaf.outputs["Color"])
    shading.into("Alpha", leaf.outputs["Alpha"])
    assert given() == {"leaf": {"kind": "base_color"}}


def test_alpha_that_is_another_map_is_no_transparency(shading: Shading, given: Any) -> None:
    both = shading.picture("both")
    shading.into("Base Color", both.outputs["Color"])
    shading.into("Roughness", both.outputs["Alpha"])
    assert given() == {"both": {"kind": "base_color", "alpha": "mask"}}


def test_a_normal_map_goes_through_its_node(shading: Shading, given: Any) -> None:
    normal = shading.node("NormalMap")
    shading.link(shading.picture("n").outputs["Color"], normal.inputs["Color"])
    shading.into("Normal", normal.outputs["Normal"])
    assert given() == {"n": {"kind": "normal", "normal_convention": "opengl"}}
    normal.space = "OBJECT"
    assert given() == {"n": {"kind": "data"}}


def test_green_turned_round_makes_a_normal_map_one_of_directx(shading: Shading, given: Any) -> None:
    apart, together, normal = shading.node("SeparateColor"), shading.node("CombineColor"), shading.node("NormalMap")
    turned = shading.node("Invert")
    shading.link(shading.picture("n").outputs["Color"], apart.inputs[0])
    shading.link(apart.outputs[0], together.inputs[0])
    shading.link(apart.outputs[1], turned.inputs["Color"])
    shading.link(turned.outputs[0], together.inputs[1])
    shading.link(apart.outputs[2], together.inputs[2])
    shading.link(together.outputs[0], normal.inputs["Color"])
    shading.into("Normal", normal.outputs["Normal"])
    assert given() == {"n": {"kind": "normal", "normal_convention": "directx"}}


def test_packed_channels_are_told_apart(shading: Shading, given: Any) -> None:
    apart = shading.node("SeparateColor")
    shading.link(shading.picture("orm").outputs["Color"], apart.inputs[0])
    shading.into("Roughness", apart.outputs["Green"])
    shading.into("Metallic", apart.outputs["Blue"])
    assert given() == {"orm": {"channels": {"g": "roughness", "b": "metallic"}}}


def test_hue_and_saturation_are_no_channels(shading: Shading, given: Any) -> None:
    apart = shading.node("SeparateColor")
    apart.mode = "HSV"
    shading.link(shading.picture("c").outputs["Color"], apart.inputs[0])
    shading.into("Roughness", apart.outputs[2])
    assert given() == {"c": {}}


@pytest.mark.parametrize("way", ["Invert", "Math"])
def test_inverted_roughness_is_gloss(shading: Shading, given: Any, way: str) -> None:
    turned = shading.node(way)
    if way == "Math":
        turned.operation, turned.inputs[0].default_value = "SUBTRACT", 1.0
    shading.link(shading.picture("g").outputs["Color"], turned.inputs[1])
    shading.into("Roughness", turned.outputs[0])
    assert given() == {"g": {"kind": "gloss"}}


def test_bump_and_displacement_hold_heights(shading: Shading, given: Any) -> None:
    bump, displacement = shading.node("Bump"), shading.node("Displacement")
    shading.link(shading.picture("bump").outputs["Color"], bump.inputs["Height"])
    shading.into("Normal", bump.outputs["Normal"])
    shading.link(shading.picture("depth").outputs["Color"], displacement.inputs["Height"])
    output = next(node for node in shading.tree.nodes if node.type == "OUTPUT_MATERIAL")
    shading.link(displacement.outputs[0], output.inputs["Displacement"])
    assert given() == {"bump": {"kind": "height"}, "depth": {"kind": "height"}}


def test_pictures_mixed_with_each_other_are_left_to_the_engine(shading: Shading, given: Any) -> None:
    mix = shading.node("Mix")
    mix.data_type = "RGBA"
    shading.link(shading.picture("a").outputs[0], mix.inputs[6])
    shading.link(shading.picture("dirt").outputs[0], mix.inputs[7])
    shading.into("Base Color", mix.outputs[2])
    assert given() == {"a": {}, "dirt": {}}


def test_a_tinted_picture_is_what_it_was(shading: Shading, given: Any) -> None:
    mix, math = shading.node("Mix"), shading.node("Math")
    mix.data_type, math.operation = "RGBA", "MULTIPLY"
    shading.link(shading.picture("c").outputs[0], mix.inputs[6])
    shading.into("Base Color", mix.outputs[2])
    shading.link(shading.picture("r").outputs[0], math.inputs[0])
    shading.into("Roughness", math.outputs[0])
    assert given() == {"c": {"kind": "base_color"}, "r": {"kind": "roughness"}}


def test_ways_lead_into_groups_and_out_of_them(shading: Shading, given: Any) -> None:
    group = bpy.data.node_groups.new("G", "ShaderNodeTree")
    for name, way in (("In", "INPUT"), ("Rough", "OUTPUT"), ("Colour", "OUTPUT")):
        group.interface.new_socket(name, in_out=way, socket_type="NodeSocketColor")
    start, end, bend = (group.nodes.new(name) for name in ("NodeGroupInput", "NodeGroupOutput", "NodeReroute"))
    inside = shading.picture("inside", group)
    group.links.new(bend.inputs[0], start.outputs["In"])
    group.links.new(end.inputs["Rough"], bend.outputs[0])
    group.links.new(end.inputs["Colour"], inside.outputs[0])
    node = shading.node("Group")
    node.node_tree = group
    shading.link(shading.picture("outside").outputs[0], node.inputs["In"])
    shading.into("Roughness", node.outputs["Rough"])
    shading.into("Base Color", node.outputs["Colour"])
    assert given() == {"inside": {"kind": "base_color"}, "outside": {"kind": "roughness"}}


def test_ways_lead_through_muted_nodes_and_not_through_muted_links(shading: Shading, given: Any) -> None:
    hue = shading.node("HueSaturation")
    hue.mute = True
    shading.link(shading.picture("c").outputs[0], hue.inputs["Color"])
    shading.into("Base Color", hue.outputs[0])
    shading.into("Roughness", shading.picture("off").outputs[0])
    shading.shader.inputs["Roughness"].links[0].is_muted = True
    assert given() == {"c": {"kind": "base_color"}, "off": {}}


def test_a_circle_of_links_has_an_end(shading: Shading, given: Any) -> None:
    one, two = shading.tree.nodes.new("NodeReroute"), shading.tree.nodes.new("NodeReroute")
    shading.link(one.outputs[0], two.inputs[0])
    shading.link(two.outputs[0], one.inputs[0])
    shading.into("Metallic", one.outputs[0])
    assert given() == {}


@pytest.mark.parametrize(
    ("extension", "edges"), [("REPEAT", {}), ("EXTEND", {"edges": "clamp"}), ("MIRROR", {"edges": "mirror"})]
)
def test_what_lies_beyond_the_borders_is_told(shading: Shading, given: Any, extension: str, edges: Any) -> None:
    node = shading.picture("c")
    node.extension = extension
    shading.into("Base Color", node.outputs[0])
    assert given() == {"c": {"kind": "base_color", **edges}}


def test_a_picture_that_leads_nowhere_is_found_without_a_kind(shading: Shading, given: Any) -> None:
    shading.picture("spare")
    assert given() == {"spare": {}}
