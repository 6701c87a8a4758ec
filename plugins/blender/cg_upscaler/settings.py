# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist sets for a scene, and how the engine is told."""

from __future__ import annotations

from typing import Any

import bpy

MODELS = (
    ("realesrgan-x4plus", "Real-ESRGAN x4plus", "For photographs and photo-like textures; the default"),
    ("realesrgan-x4plus-anime", "Real-ESRGAN anime", "For drawn and cel-shaded textures, faster"),
    ("realesr-animevideov3", "Real-ESRGAN compact", "Small and much faster, for drafts"),
    ("bicubic", "Bicubic", "No generator: plain resampling, to compare with"),
    ("FILE", "Weights file …", "Weights of your own: .pth or .safetensors of the ESRGAN family"),
)
_SCALES = (("2", "2×", "Twice as large"), ("4", "4×", "Four times as large"), ("8", "8×", "Eight times as large"))
_EDGES = (
    ("auto", "As the pixels show", "Tileable textures are found, and go on tiling"),
    ("wrap", "Tiles", "The texture repeats, so its left border is continued by its right one"),
    ("mirror", "Does not tile", "Borders are continued by their mirror image"),
    ("clamp", "Clamped", "Borders are continued by their last texel"),
)
_ALPHAS = (
    ("auto", "As nodes and pixels show", "Worked out from the material and the pixels"),
    ("cutout", "Cut-out", "Hard edges, such as leaves: coverage is kept"),
    ("blend", "Transparency", "Soft edges, such as glass and smoke"),
    ("mask", "A map of its own", "It has nothing to do with colour"),
    ("opaque", "Not used", "Alpha is the same everywhere"),
)
_WHERE = (
    ("BESIDE", "Beside the source", "A file next to the source, with the suffix in its name"),
    ("FOLDER", "In a folder", "A file in the folder below"),
    ("PACKED", "In this scene", "Packed into the .blend file"),
)


class Settings(bpy.types.PropertyGroup):
    model: bpy.props.EnumProperty(name="Model", items=MODELS, default="realesrgan-x4plus")
    weights: bpy.props.StringProperty(name="Weights", subtype="FILE_PATH", description="A weights file")
    scale: bpy.props.EnumProperty(name="Scale", items=_SCALES, default="4")
    edges: bpy.props.EnumProperty(name="Borders", items=_EDGES, default="auto")
    alpha: bpy.props.EnumProperty(name="Alpha", items=_ALPHAS, default="auto")
    fidelity: bpy.props.FloatProperty(
        name="Fidelity",
        description="How far the result, seen from afar, is held to the source. 0 lets the model repaint freely",
        min=0.0,
        max=1.0,
        default=1.0,
        subtype="FACTOR",
    )
    where: bpy.props.EnumProperty(name="Result", items=_WHERE, default="BESIDE")
    suffix: bpy.props.StringProperty(name="Suffix", default="_upscaled", description="Put behind the result's name")
    folder: bpy.props.StringProperty(name="Folder", subtype="DIR_PATH", default="//upscaled")
    use_config: bpy.props.BoolProperty(
        name="Project's rules",
        description="Go by the configuration that the preferences name, as the nightly job does",
        default=True,
    )

    def told(self, *, draft: bool = False) -> dict[str, Any]:
        """Return these as settings of a task."""
        model = bpy.path.abspath(self.weights) if self.model == "FILE" else self.model
        told: dict[str, Any] = {"model": "realesr-animevideov3" if draft else model, "scale": int(self.scale)}
        if self.edges != "auto":
            told["edges"] = self.edges
        if self.alpha != "auto":
            told["alpha"] = self.alpha
        if self.fidelity < 1.0:
            told["fidelity"] = round(self.fidelity, 3)
        return told


def register() -> None:
    bpy.utils.register_class(Settings)
    bpy.types.Scene.cg_upscaler = bpy.props.PointerProperty(type=Settings)


def unregister() -> None:
    del bpy.types.Scene.cg_upscaler
    bpy.utils.unregister_class(Settings)
