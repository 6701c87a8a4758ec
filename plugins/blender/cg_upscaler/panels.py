# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the buttons are: in the sidebars of the image editor and of the shader editor; and the preferences."""

from __future__ import annotations

from typing import Any

import bpy

from . import pictures, work


class CGUPSCALER_Preferences(bpy.types.AddonPreferences):
    bl_idname = __package__

    engine: bpy.props.StringProperty(
        name="Engine",
        subtype="FILE_PATH",
        description="The file 'cg-upscale', or the Python that cg-upscaler was installed for. Empty: found by itself",
    )
    config: bpy.props.StringProperty(
        name="Configuration",
        subtype="FILE_PATH",
        description="The YAML file that the nightly job goes by; its rules hold here too. Optional",
    )
    found: bpy.props.StringProperty(options={"SKIP_SAVE"})

    def draw(self, context: Any) -> None:
        column = self.layout.column()
        column.prop(self, "engine")
        column.prop(self, "config")
        row = column.row()
        row.operator("cg_upscaler.test", icon="CHECKMARK")
        for line in _lines(self.found, 90):
            column.label(text=line)


class _Panel:
    bl_region_type = "UI"
    bl_category = "CG Upscaler"
    bl_label = "CG Upscaler"

    def draw(self, context: Any) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        running = work.running
        if running is not None and not running.over:
            layout.progress(factor=running.share, text=running.text)
            layout.label(text="ESC gives it up", icon="EVENT_ESC")
        column = layout.column(align=True)
        column.enabled = running is None or running.over
        self.buttons(column, context)
        _settings(layout, context.scene.cg_upscaler)

    def buttons(self, column: Any, context: Any) -> None:
        raise NotImplementedError


class CGUPSCALER_PT_image(_Panel, bpy.types.Panel):
    bl_idname = "CGUPSCALER_PT_image"
    bl_space_type = "IMAGE_EDITOR"

    def buttons(self, column: Any, context: Any) -> None:
        image = context.space_data.image
        column.operator("cg_upscaler.image", icon="FULLSCREEN_ENTER")
        column.operator("cg_upscaler.preview", icon="HIDE_OFF")
        row = column.row()
        row.enabled = image is not None and pictures.other_of(image) is not None
        row.operator("cg_upscaler.toggle", icon="ARROW_LEFTRIGHT")
        if image is not None and all(image.size):
            column.label(text=f"{image.size[0]} × {image.size[1]}, {image.colorspace_settings.name}")


class CGUPSCALER_PT_shader(_Panel, bpy.types.Panel):
    bl_idname = "CGUPSCALER_PT_shader"
    bl_space_type = "NODE_EDITOR"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return context.space_data.tree_type == "ShaderNodeTree"

    def buttons(self, column: Any, context: Any) -> None:
        column.operator("cg_upscaler.material", icon="MATERIAL")
        column.operator("cg_upscaler.objects", icon="OBJECT_DATA")
        column.operator("cg_upscaler.image", text="Upscale Image of Node", icon="FULLSCREEN_ENTER")
        column.operator("cg_upscaler.toggle", icon="ARROW_LEFTRIGHT")


def _settings(layout: Any, settings: Any) -> None:
    column = layout.column()
    column.prop(settings, "model")
    if settings.model == "FILE":
        column.prop(settings, "weights")
    column.prop(settings, "scale", expand=True)
    column.prop(settings, "edges")
    column.prop(settings, "alpha")
    column.prop(settings, "fidelity")
    column.prop(settings, "where")
    if settings.where == "BESIDE":
        column.prop(settings, "suffix")
    elif settings.where == "FOLDER":
        column.prop(settings, "folder")


def _lines(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width)


CLASSES = (CGUPSCALER_Preferences, CGUPSCALER_PT_image, CGUPSCALER_PT_shader)


def register() -> None:
    for each in CLASSES:
        bpy.utils.register_class(each)


def unregister() -> None:
    for each in reversed(CLASSES):
        bpy.utils.unregister_class(each)
