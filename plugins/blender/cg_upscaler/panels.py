# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the buttons are: in the sidebars of the image editor and of the shader editor; and the preferences."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from . import pictures, settings, work

_MOST = 12
"""Lines of how the last one went; more would push all else out of sight."""

if TYPE_CHECKING:
    from bpy.types import Panel as _Base
else:
    _Base = object


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
        for line in textwrap.wrap(self.found, 90):
            column.label(text=line)


class _Panel(_Base):
    bl_region_type: Any = "UI"
    bl_category = "CG Upscaler"
    bl_label = "CG Upscaler"

    def draw(self, context: Any) -> None:
        layout: Any = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        running = work.running
        if running is not None:
            layout.progress(factor=running.share, text=running.text)
            layout.operator("cg_upscaler.cancel", text="Cancel (ESC)", icon="CANCEL")
        column = layout.column(align=True)
        column.enabled = running is None
        self.buttons(column, context)
        _settings(layout.column(), context.scene.cg_upscaler)
        if running is None and work.last:
            letters = int(context.region.width / 7 / context.preferences.system.ui_scale) - 5
            _last(layout.column(align=True), max(20, letters))

    def buttons(self, column: Any, context: Any) -> None:
        raise NotImplementedError


class CGUPSCALER_PT_image(_Panel, bpy.types.Panel):
    bl_idname = "CGUPSCALER_PT_image"
    bl_space_type = "IMAGE_EDITOR"

    def buttons(self, column: Any, context: Any) -> None:
        image = context.space_data.image
        about = column.column(align=True)
        about.enabled = image is not None
        about.operator("cg_upscaler.image", icon="FULLSCREEN_ENTER")
        about.operator("cg_upscaler.preview", icon="HIDE_OFF")
        row = column.row(align=True)
        row.enabled = image is not None and pictures.other_of(image) is not None
        row.operator("cg_upscaler.toggle", icon="ARROW_LEFTRIGHT")
        if image is not None and all(image.size):
            column.label(text=f"{image.size[0]} × {image.size[1]}, {image.colorspace_settings.name}")
            if pictures.DRAFT_OF in image:
                column.label(text="A draft of a part; Before / After leads back", icon="INFO")


class CGUPSCALER_PT_shader(_Panel, bpy.types.Panel):
    bl_idname = "CGUPSCALER_PT_shader"
    bl_space_type = "NODE_EDITOR"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return bool(context.space_data.tree_type == "ShaderNodeTree")

    def buttons(self, column: Any, context: Any) -> None:
        column.operator("cg_upscaler.material", icon="MATERIAL")
        column.operator("cg_upscaler.objects", icon="OBJECT_DATA")
        column.operator("cg_upscaler.image", text="Upscale Image of Node", icon="FULLSCREEN_ENTER")
        column.operator("cg_upscaler.toggle", icon="ARROW_LEFTRIGHT")


def _settings(column: Any, own: Any) -> None:
    config = settings.configuration()
    if config:
        column.prop(own, "use_config")
    if config and own.use_config:
        column.label(text=f"As {Path(config).name} says", icon="TEXT")
    else:
        column.prop(own, "model")
        if own.model == "FILE":
            column.prop(own, "weights")
        column.row().prop(own, "scale", expand=True)
        column.prop(own, "edges")
        column.prop(own, "alpha")
        column.prop(own, "fidelity")
    column.prop(own, "where")
    if own.where == "BESIDE" and not (config and own.use_config):
        column.prop(own, "suffix")
    elif own.where == "FOLDER":
        column.prop(own, "folder")


def _last(column: Any, letters: int) -> None:
    """Show how the last upscaling went, in lines that fit."""
    column.separator()
    column.label(text="Last time:")
    lines = [(line, part) for line in work.last for part in enumerate(textwrap.wrap(line.text, letters))]
    for line, (number, text) in lines[:_MOST]:
        icon = "BLANK1" if number else "CHECKMARK" if line.good else "ERROR"
        column.label(text=text, icon=icon)
    if len(lines) > _MOST:
        column.label(text=f"… and {len(lines) - _MOST} lines more")


CLASSES = (CGUPSCALER_Preferences, CGUPSCALER_PT_image, CGUPSCALER_PT_shader)


def register() -> None:
    for each in CLASSES:
        bpy.utils.register_class(each)


def unregister() -> None:
    for each in reversed(CLASSES):
        bpy.utils.unregister_class(each)
