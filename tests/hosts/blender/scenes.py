"""Materials to test with."""

from __future__ import annotations

from typing import Any

import bpy


class Shading:
    """A material with a Principled BSDF, and what is wanted in front of it."""

    def __init__(self, name: str = "M") -> None:
        self.material = bpy.data.materials.new(name)
        if self.material.node_tree is None:  # before 5.0
            self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.shader = next(node for node in self.tree.nodes if node.type == "BSDF_PRINCIPLED")

    def picture(self, image: Any, tree: Any = None) -> Any:
        """Return a node with an image: that of a name, a fresh one if need be."""
        node = (tree or self.tree).nodes.new("ShaderNodeTexImage")
        node.image = (bpy.data.images.get(image) or generated(image)) if isinstance(image, str) else image
        return node

    def node(self, name: str) -> Any:
        return self.tree.nodes.new(f"ShaderNode{name}")

    def link(self, source: Any, target: Any) -> None:
        self.tree.links.new(target, source)

    def into(self, socket: str, source: Any) -> None:
        """Lead an output into the shader."""
        self.link(source, self.shader.inputs[socket])

    def onto(self, obj: Any) -> None:
        obj.data.materials.append(self.material)


def generated(name: str, side: int = 8) -> Any:
    image = bpy.data.images.new(name, side, side, alpha=True)
    image.file_format = "PNG"
    return image


def plane(name: str = "Plane") -> Any:
    bpy.ops.mesh.primitive_plane_add(size=2)
    bpy.context.object.name = name
    return bpy.context.object
