# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist sets for a scene, and how the engine is told."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import bpy

from . import engine

DRAFT_MODEL = "realesr-animevideov3"

MODELS = (
    ("auto", "Automatic", "Each map takes the network that is best for it"),
    ("cg-color-x4", "cg-color", "Learnt from textures of games: true to the source, and fast"),
    ("realesrgan-x4plus", "Real-ESRGAN x4plus", "Learnt from photographs: invents more detail, and is slow"),
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
    ("auto", "As it is used", "Worked out from the material and the pixels"),
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


class CGUPSCALER_Settings(bpy.types.PropertyGroup):
    model: bpy.props.EnumProperty(name="Model", items=MODELS, default="auto")
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
        name="By the configuration",
        description="Go by the configuration that the preferences name, so that results are those of the nightly job",
        default=True,
    )


@dataclass(frozen=True)
class Told:
    """The settings at the press of a button, in plain values: what is changed later is for the next."""

    own: dict[str, Any]
    """Those of the panel, as a configuration has them at its top; none where there is one to go by."""
    where: str
    folder: str
    """Absolute; empty where it is relative to a scene that was never saved."""
    suffix: str
    config: str
    """The path of the configuration to go by instead of the panel's settings; empty for none."""

    def settings(self, *, into: str = "", draft: bool = False) -> dict[str, Any]:
        """Return these as settings of a task whose results go to a folder, or beside their sources."""
        if draft:
            return {**self.own, "model": DRAFT_MODEL}
        return self.own if into or self.config else {**self.own, "suffix": self.suffix}

    def given(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return what nodes say of an image, as far as the artist does not say otherwise."""
        return {name: value for name, value in given.items() if name not in self.own}


def told(context: Any) -> Told:
    """Return the settings of the scene."""
    settings: Any = context.scene.cg_upscaler
    folder = settings.folder
    reachable = folder and (bpy.data.filepath or not folder.startswith("//"))
    config = configuration() if settings.use_config else ""
    return Told(
        {} if config else _own(settings),
        settings.where,
        os.path.abspath(bpy.path.abspath(folder)) if reachable else "",
        settings.suffix.strip() or "_upscaled",
        config,
    )


def configuration() -> str:
    """Return the path of the configuration that the preferences name, or nothing."""
    own = engine.preferences()
    return os.path.abspath(bpy.path.abspath(own.config)) if own is not None and own.config else ""


def _own(settings: Any) -> dict[str, Any]:
    model = bpy.path.abspath(settings.weights) if settings.model == "FILE" else settings.model
    own: dict[str, Any] = {"model": model, "scale": int(settings.scale)}
    if settings.edges != "auto":
        own["edges"] = settings.edges
    if settings.alpha != "auto":
        own["alpha"] = settings.alpha
    if settings.fidelity < 1.0:
        own["fidelity"] = round(settings.fidelity, 3)
    return own


def register() -> None:
    bpy.utils.register_class(CGUPSCALER_Settings)
    scene: Any = bpy.types.Scene
    scene.cg_upscaler = bpy.props.PointerProperty(type=CGUPSCALER_Settings)  # type: ignore[func-returns-value]


def unregister() -> None:
    scene: Any = bpy.types.Scene
    del scene.cg_upscaler
    bpy.utils.unregister_class(CGUPSCALER_Settings)
