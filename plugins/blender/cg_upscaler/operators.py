# SPDX-License-Identifier: GPL-3.0-or-later
"""The buttons. Each works in the background too, where it waits for the result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy

from . import engine, nodes, pictures, settings, work
from .client import NoEngine
from .draft import Draft
from .enquiry import Enquiry
from .following import Following, redraw
from .upscaling import Target, Upscaling

_NAME = "Its name; without one, the image that is shown here"
_PASSING: set[Any] = {"SKIP_SAVE"}
"""What a script names is not what the next press of the button is about."""


class _Upscale(Following):
    """What the upscaling operators share. They differ in which images they are about."""

    # No REGISTER: the panel "Adjust Last Operation" would do minutes of work again at each click.
    bl_options: Any = {"UNDO"}  # noqa: RUF012 (as Blender reads it)

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not any(image.source != "VIEWER" for image in bpy.data.images):
            cls.poll_message_set("There is no image in this scene yet")
            return False
        return super().poll(context)

    def targets(self, context: Any) -> list[Target]:
        raise NotImplementedError

    def missing(self) -> str:
        """Return the name that a script gave and that nothing has."""
        return ""

    def begin(self, context: Any) -> work.Work | None:
        if missing := self.missing():
            self.report({"ERROR"}, f"There is no {missing!r}")  # to a script, which would go on as if all were well
            return None
        targets = self.targets(context)
        if not targets:
            self.report({"WARNING"}, "There is no image to upscale")
            return None
        return Upscaling(targets, settings.told(context))

    def finish(self, context: Any) -> bool:
        kind, text = self._work.report()
        self.report({kind}, text)
        work.last[:] = self._work.summary()
        return bool(self._work.made)


class CGUPSCALER_OT_image(_Upscale, bpy.types.Operator):
    """Upscale the image that is shown here, and use the result wherever the image is used"""

    bl_idname = "cg_upscaler.image"
    bl_label = "Upscale Image"

    name: bpy.props.StringProperty(name="Image", description=_NAME, options=_PASSING)

    def missing(self) -> str:
        return "" if self.name in bpy.data.images else self.name

    def targets(self, context: Any) -> list[Target]:
        image = _named(self.name, context)
        return [] if image is None else [Target(image, pictures.given_of(image))]


class CGUPSCALER_OT_material(_Upscale, bpy.types.Operator):
    """Upscale every map of the active material, each as what the nodes use it for"""

    bl_idname = "cg_upscaler.material"
    bl_label = "Upscale Material"

    name: bpy.props.StringProperty(
        name="Material", description="Its name; without one, the active material", options=_PASSING
    )

    def missing(self) -> str:
        return "" if self.name in bpy.data.materials else self.name

    def targets(self, context: Any) -> list[Target]:
        material = bpy.data.materials.get(self.name) if self.name else _material(context)
        return _of_materials([] if material is None else [material])


class CGUPSCALER_OT_objects(_Upscale, bpy.types.Operator):
    """Upscale every map of all materials of the selected objects"""

    bl_idname = "cg_upscaler.objects"
    bl_label = "Upscale Selected Objects"

    def targets(self, context: Any) -> list[Target]:
        slots = (slot for each in context.selected_objects for slot in each.material_slots)
        return _of_materials(dict.fromkeys(slot.material for slot in slots if slot.material is not None))


class CGUPSCALER_OT_preview(Following, bpy.types.Operator):
    """Upscale the part in the middle of the view with the compact model, for a quick look at what to expect"""

    bl_idname = "cg_upscaler.preview"
    bl_label = "Draft"

    name: bpy.props.StringProperty(name="Image", description=_NAME, options=_PASSING)
    centre: bpy.props.FloatVectorProperty(
        name="Centre",
        description="The middle of the part, from the lower left corner of the image",
        size=2,
        default=(0.5, 0.5),
        min=0.0,
        max=1.0,
        options=_PASSING,
    )

    def invoke(self, context: Any, event: Any) -> set[Any]:
        if not self.properties.is_property_set("centre"):
            self.centre = _looked_at(context)
        return super().invoke(context, event)

    def begin(self, context: Any) -> work.Work | None:
        image = _named(self.name, context)
        if image is None:
            self.report({"WARNING"}, "There is no image to look at")
            return None
        return Draft(pictures.source_of(image), tuple(self.centre), settings.told(context))

    def finish(self, context: Any) -> bool:
        made = self._work.made
        if made is None:
            self.report({"ERROR" if self._work.problems else "WARNING"}, ". ".join(self._work.problems) or "Cancelled")
            return False
        _show(context, made)
        self.report({"INFO"}, f"{made.name}: {made.size[0]}×{made.size[1]}, as a map of kind {self._work.kind}")
        return True


class CGUPSCALER_OT_toggle(bpy.types.Operator):
    """Show before or after, in turn: of the image that is shown here, or of all maps of the material"""

    bl_idname = "cg_upscaler.toggle"
    bl_label = "Before / After"
    bl_options: Any = {"REGISTER", "UNDO"}  # noqa: RUF012 (as Blender reads it)

    name: bpy.props.StringProperty(name="Image", description=_NAME, options=_PASSING)

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not any(pictures.other_of(image) for image in bpy.data.images):
            cls.poll_message_set("Nothing was upscaled in this scene yet")
            return False
        return True

    def execute(self, context: Any) -> set[Any]:
        if not self.name and context.area is not None and context.area.type == "NODE_EDITOR":
            images = _images([_material(context)])
        else:
            images = list(filter(None, [_named(self.name, context)]))
        after = any(pictures.BEFORE in image for image in images)
        pairs = [(image, pictures.other_of(image)) for image in images if not after or pictures.AFTER not in image]
        pairs = [(image, other) for image, other in pairs if other is not None]
        if not pairs:
            self.report({"WARNING"}, "Nothing was upscaled here yet")
            return {"CANCELLED"}
        trees = pictures.trees()
        for image, other in pairs:
            pictures.swap(image, other, trees)
        redraw(context)
        return {"FINISHED"}


class CGUPSCALER_OT_test(Following, bpy.types.Operator):
    """Start the engine, and say what was found"""

    bl_idname = "cg_upscaler.test"
    bl_label = "Test"

    def begin(self, context: Any) -> work.Work | None:
        _note("Starting the engine …")
        try:
            return Enquiry()
        except NoEngine as error:
            _note(str(error))
            raise

    def finish(self, context: Any) -> bool:
        found = self._work.found
        said = found or ". ".join(self._work.problems) or "Cancelled"
        _note(said)
        self.report({"INFO" if found else "ERROR"}, said)
        return bool(found)


class CGUPSCALER_OT_cancel(bpy.types.Operator):
    """Give up what is being done. Scene and images stay as they are"""

    bl_idname = "cg_upscaler.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return work.running is not None

    def execute(self, context: Any) -> set[Any]:
        if work.running is not None:
            work.running.cancel()
        return {"FINISHED"}


def _note(said: str) -> None:
    own = engine.preferences()
    if own is not None:
        own.found = said


def _of_materials(materials: Iterable[Any]) -> list[Target]:
    found: dict[str, Target] = {}
    for material in materials:
        for each in nodes.images_of(material.node_tree) if material.node_tree is not None else ():
            target = found.setdefault(each.image.name_full, Target(each.image))
            target.given = {**each.given, **target.given}
    return list(found.values())


def _images(materials: Iterable[Any]) -> list[Any]:
    trees = [each.node_tree for each in materials if each is not None and each.node_tree is not None]
    return list(dict.fromkeys(found.image for tree in trees for found in nodes.images_of(tree)))


def _material(context: Any) -> Any:
    return context.object.active_material if context.object is not None else None


def _named(name: str, context: Any) -> Any:
    """Return the image of a name, or the one that is shown: in the image editor, or by the active node."""
    if name:
        return bpy.data.images.get(name)
    space: Any = context.space_data
    if space is not None and space.type == "IMAGE_EDITOR":
        return space.image
    material = _material(context)
    active = material.node_tree.nodes.active if material is not None and material.node_tree is not None else None
    return getattr(active, "image", None)


def _show(context: Any, image: Any) -> None:
    space: Any = context.space_data
    if space is not None and space.type == "IMAGE_EDITOR":
        space.image = image


def _looked_at(context: Any) -> tuple[float, float]:
    """Return what is in the middle of the image editor's view, from the lower left of the image, 0 … 1 each."""
    area = context.area
    for region in area.regions if area is not None and area.type == "IMAGE_EDITOR" else ():
        if region.type == "WINDOW":
            x, y = region.view2d.region_to_view(region.width / 2, region.height / 2)
            return min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)
    return 0.5, 0.5


CLASSES = (
    CGUPSCALER_OT_image,
    CGUPSCALER_OT_material,
    CGUPSCALER_OT_objects,
    CGUPSCALER_OT_preview,
    CGUPSCALER_OT_toggle,
    CGUPSCALER_OT_test,
    CGUPSCALER_OT_cancel,
)


def register() -> None:
    for each in CLASSES:
        bpy.utils.register_class(each)


def unregister() -> None:
    for each in reversed(CLASSES):
        bpy.utils.unregister_class(each)
