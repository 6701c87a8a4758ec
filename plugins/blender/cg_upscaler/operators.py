# SPDX-License-Identifier: GPL-3.0-or-later
"""The buttons. Each works in the background too, where it waits for the result."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, Iterable

import bpy

from . import engine, nodes, pictures, work
from .client import Abilities, Failed, NoEngine, Previewed, Task, Texture

_TICK = 0.1
_CROP = 128
"""Texels of a side of a preview, of the source."""


class _Upscaling:
    """What the upscaling operators share. They differ in which images they are about."""

    bl_options = {"REGISTER", "UNDO"}

    def targets(self, context: Any) -> list[work.Target]:
        raise NotImplementedError

    def execute(self, context: Any) -> set[str]:
        """Upscale, and wait for it: in the background, and for scripts."""
        if not self._begin(context):
            return {"CANCELLED"}
        try:
            while not self._work.over:
                self._work.step()
                time.sleep(_TICK / 5)
        except KeyboardInterrupt:
            self._work.abandon()
            raise
        return self._finish(context)

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Upscale while Blender goes on; ESC gives it up."""
        if bpy.app.background:
            return self.execute(context)
        if not self._begin(context):
            return {"CANCELLED"}
        self._timer = context.window_manager.event_timer_add(_TICK, window=context.window)
        context.window_manager.progress_begin(0, 100)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: Any, event: Any) -> set[str]:
        if event.type == "ESC" and event.value == "PRESS":
            self._work.cancel()
        elif event.type != "TIMER":
            return {"PASS_THROUGH"}
        self._work.step()
        context.window_manager.progress_update(round(self._work.share * 100))
        _redraw(context)
        if not self._work.over:
            return {"RUNNING_MODAL"}
        self._put_down(context)
        return self._finish(context)

    def cancel(self, context: Any) -> None:
        """Called by Blender where it ends, or loads another scene, in the middle of it."""
        self._work.abandon()
        self._put_down(context)
        work.running = None

    def _begin(self, context: Any) -> bool:
        if work.running is not None and not work.running.over:
            self.report({"WARNING"}, "Something is being upscaled already; ESC gives it up")
            return False
        targets = self.targets(context)
        if not targets:
            self.report({"WARNING"}, "There is no image to upscale")
            return False
        try:
            self._work = work.running = work.Work(targets, context.scene)
        except NoEngine as error:
            self.report({"ERROR"}, f"{error}")
            return False
        return True

    def _put_down(self, context: Any) -> None:
        if getattr(self, "_timer", None) is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
            context.window_manager.progress_end()

    def _finish(self, context: Any) -> set[str]:
        kind, text = self._work.report()
        self.report({kind}, text)
        work.running = None
        for _, new in self._work.made[-1:]:
            _show(context, new)
        _redraw(context)
        return {"FINISHED"} if self._work.made else {"CANCELLED"}


class CGUPSCALER_OT_image(_Upscaling, bpy.types.Operator):
    """Upscale the image that is shown here, and use the result wherever the image is used"""

    bl_idname = "cg_upscaler.image"
    bl_label = "Upscale Image"

    name: bpy.props.StringProperty(name="Image", description="The image; the one that is shown unless given")

    def targets(self, context: Any) -> list[work.Target]:
        image = bpy.data.images.get(self.name) if self.name else _shown(context)
        if image is None:
            return []
        for tree in pictures.trees():
            for found in nodes.images_of(tree):
                if found.image == image and found.given:
                    return [work.Target(image, found.given)]
        return [work.Target(image)]


class CGUPSCALER_OT_material(_Upscaling, bpy.types.Operator):
    """Upscale every map of the active material, each as what the nodes use it for"""

    bl_idname = "cg_upscaler.material"
    bl_label = "Upscale Material"

    name: bpy.props.StringProperty(name="Material", description="The material; the active one unless given")

    def targets(self, context: Any) -> list[work.Target]:
        active = context.object.active_material if context.object is not None else None
        material = bpy.data.materials.get(self.name) if self.name else active
        return _of_materials([] if material is None else [material])


class CGUPSCALER_OT_objects(_Upscaling, bpy.types.Operator):
    """Upscale every map of all materials of the selected objects"""

    bl_idname = "cg_upscaler.objects"
    bl_label = "Upscale Selected Objects"

    def targets(self, context: Any) -> list[work.Target]:
        slots = (slot for each in context.selected_objects for slot in each.material_slots)
        return _of_materials(dict.fromkeys(slot.material for slot in slots if slot.material is not None))


class CGUPSCALER_OT_preview(bpy.types.Operator):
    """Upscale the middle of the image that is shown here with the compact model, for a look at what to expect"""

    bl_idname = "cg_upscaler.preview"
    bl_label = "Preview"

    name: bpy.props.StringProperty(name="Image", description="The image; the one that is shown unless given")

    def execute(self, context: Any) -> set[str]:
        image = bpy.data.images.get(self.name) if self.name else _shown(context)
        if image is None:
            self.report({"WARNING"}, "There is no image to look at")
            return {"CANCELLED"}
        place = Path(tempfile.mkdtemp(prefix="cg-upscaler-"))
        try:
            path = pictures.file_of(image, place)
            given = next((each.given for tree in pictures.trees() for each in nodes.images_of(tree) if each.image == image), {})
            task = Task((Texture(str(path), given),), context.scene.cg_upscaler.told(draft=True))
            client = engine.client()
            *_, last = client.answers(client.preview(task, _middle(image), str(place)))
            if isinstance(last, Previewed):
                shown = _previewed(Path(last.output), image)
                _show(context, shown)
                self.report({"INFO"}, f"A draft of the middle of {image.name}, as a {last.kind.replace('_', ' ')}")
                return {"FINISHED"}
            self.report({"ERROR"}, f"{last.what}; {last.fix}" if isinstance(last, Failed) else "Cancelled")
        except (pictures.Refused, NoEngine) as error:
            self.report({"ERROR"}, str(error))
        finally:
            shutil.rmtree(place, ignore_errors=True)
        return {"CANCELLED"}


class CGUPSCALER_OT_toggle(bpy.types.Operator):
    """Show the other one of an image before and after, wherever it is used"""

    bl_idname = "cg_upscaler.toggle"
    bl_label = "Before / After"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(name="Image", description="The image; the one that is shown unless given")

    def execute(self, context: Any) -> set[str]:
        image = bpy.data.images.get(self.name) if self.name else _shown(context)
        other = None if image is None else pictures.other_of(image)
        if other is None:
            self.report({"WARNING"}, "Nothing was upscaled here yet")
            return {"CANCELLED"}
        pictures.swap(image, other, pictures.trees())
        _show(context, other)
        _redraw(context)
        return {"FINISHED"}


class CGUPSCALER_OT_test(bpy.types.Operator):
    """Start the engine, and say what was found"""

    bl_idname = "cg_upscaler.test"
    bl_label = "Test"

    def execute(self, context: Any) -> set[str]:
        own = engine.preferences()
        try:
            client = engine.client()
            *_, last = client.answers(client.about())
        except NoEngine as error:
            last = Failed(0, str(error), "engine")
        if isinstance(last, Abilities):
            said, kind = f"Found: upscales on {last.label} ({last.device}), with {len(last.models)} models", "INFO"
        else:
            said, kind = f"{last.what}; {last.fix}".rstrip("; ") if isinstance(last, Failed) else "Cancelled", "ERROR"
        if own is not None:
            own.found = said
        self.report({kind}, said)
        return {"FINISHED"} if kind == "INFO" else {"CANCELLED"}


def _of_materials(materials: Iterable[Any]) -> list[work.Target]:
    found: dict[str, work.Target] = {}
    for material in materials:
        for each in nodes.images_of(material.node_tree) if material.node_tree is not None else ():
            if pictures.BEFORE not in each.image:  # a result is one already
                known = found.setdefault(each.image.name_full, work.Target(each.image, each.given))
                known.given.update({name: value for name, value in each.given.items() if name not in known.given})
    return list(found.values())


def _shown(context: Any) -> Any:
    space = context.space_data
    if space is not None and space.type == "IMAGE_EDITOR":
        return space.image
    material = context.object.active_material if context.object is not None else None
    active = material.node_tree.nodes.active if material is not None and material.node_tree is not None else None
    return getattr(active, "image", None)


def _show(context: Any, image: Any) -> None:
    space = context.space_data
    if space is not None and space.type == "IMAGE_EDITOR":
        space.image = image


def _previewed(path: Path, of: Any) -> Any:
    name = f"{of.name} (draft)"
    known = bpy.data.images.get(name)
    if known is not None:
        bpy.data.images.remove(known)
    image = bpy.data.images.load(str(path), check_existing=False)
    image.name = name
    image.colorspace_settings.name = of.colorspace_settings.name
    image.pack()
    image[pictures.BEFORE] = of.name
    return image


def _middle(image: Any) -> tuple[int, int, int, int]:
    width, height = (min(_CROP, side) for side in image.size)
    return (image.size[0] - width) // 2, (image.size[1] - height) // 2, width, height


def _redraw(context: Any) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in ("IMAGE_EDITOR", "NODE_EDITOR", "VIEW_3D"):
                area.tag_redraw()


CLASSES = (
    CGUPSCALER_OT_image,
    CGUPSCALER_OT_material,
    CGUPSCALER_OT_objects,
    CGUPSCALER_OT_preview,
    CGUPSCALER_OT_toggle,
    CGUPSCALER_OT_test,
)


def register() -> None:
    for each in CLASSES:
        bpy.utils.register_class(each)


def unregister() -> None:
    if work.running is not None:
        work.running.abandon()
        work.running = None
    for each in reversed(CLASSES):
        bpy.utils.unregister_class(each)
