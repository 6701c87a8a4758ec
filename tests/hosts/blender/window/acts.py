"""What is done in Blender's window, one act for each test.

blender scene.blend --enable-event-simulate --python acts.py -- ACT FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import addon_utils
import bpy

sys.path.insert(0, str(Path(__file__).parent))

from robot import Act, Robot, region

ADDON = "bl_ext.user_default.cg_upscaler"
NODES = ("Colour", "Roughness", "Normals")


def material(robot: Robot) -> Act:
    """Upscale a material by its button, with a look at it before, meanwhile and after; then undo, and redo."""
    yield from _laid_out(robot)
    nodes, image = robot.area("NODE_EDITOR"), robot.area("IMAGE_EDITOR")
    image.spaces.active.image = _node("Colour").image
    yield from _zoomed(robot)
    robot.tell(before=_shown())
    yield from robot.aside()
    robot.picture("blender-panel-idle.png", nodes)

    yield from robot.press(nodes, "cg_upscaler.material")
    yield from robot.until("the job begins", _running)
    robot.said.update(beats=0, longest=0.0)
    drawn = _count_drawings()
    yield from robot.until("the first map is under way", lambda: not _running() or _running().share > 0.05)
    zoom = image.spaces.active.zoom[0]
    yield from robot.key("NUMPAD_MINUS", image)
    robot.tell(zoomed=image.spaces.active.zoom[0] != zoom)
    yield from robot.key("NUMPAD_PLUS", image)
    yield from robot.until("half of it is done", lambda: not _running() or _running().share > 0.4)
    robot.tell(share=_running().share if _running() else 1.0)
    yield from robot.aside()
    robot.picture("blender-panel-progress.png", nodes)
    yield from robot.until("the job ends", lambda: not _running())
    robot.tell(drawn=len(drawn), while_busy=dict(robot.said), after=_shown())

    image.spaces.active.image = _node("Colour").image
    yield from _zoomed(robot)
    yield from robot.aside()
    robot.picture("blender-panel-done.png", nodes)

    yield from robot.key("Z", nodes, ctrl=True)
    robot.tell(undone=_shown())
    yield from robot.key("Z", nodes, ctrl=True, shift=True)
    robot.tell(redone=_shown())
    yield from robot.find(nodes, "cg_upscaler.toggle")
    yield from robot.press(nodes, "cg_upscaler.toggle")
    yield from robot.rest(5)
    robot.tell(toggled=_shown())
    yield from _reported(robot)


def escape(robot: Robot) -> Act:
    """Give up a job with ESC, begin another, and give that up by the button."""
    yield from _busy(robot)
    yield from robot.key("ESC", robot.area("NODE_EDITOR"))
    yield from robot.until("the job ends", lambda: not _running())
    robot.tell(after=_shown())
    yield from robot.press(robot.area("NODE_EDITOR"), "cg_upscaler.material")
    yield from robot.until("another begins", lambda: _running() and _running().share > 0.0)
    yield from robot.press(robot.area("NODE_EDITOR"), "cg_upscaler.cancel")
    yield from robot.until("that ends too", lambda: not _running())
    robot.tell(again=_shown())
    yield from _reported(robot)


def undo_meanwhile(robot: Robot) -> Act:
    """Take back something else in the midst of a job, which goes on."""
    yield from _laid_out(robot)
    area = robot.area("NODE_EDITOR")
    with bpy.context.temp_override(window=robot.window, area=area, region=region(area, "WINDOW")):
        bpy.ops.node.add_node(type="ShaderNodeGamma")
        bpy.ops.ed.undo_push(message="Add Gamma")
    yield from robot.rest()
    robot.tell(before=_shown(), nodes=_count())
    yield from robot.press(area, "cg_upscaler.material")
    yield from robot.until("the engine is at it", lambda: not _running() or _running().share > 0.0)
    robot.tell(busy=bool(_running()))
    yield from robot.key("Z", area, ctrl=True)
    robot.tell(meanwhile=_count())
    yield from robot.until("the job ends", lambda: not _running())
    robot.tell(after=_shown())
    yield from _reported(robot)


def undo_halfway(robot: Robot) -> Act:
    """Take back something else in a job of which a part is done: one map is packed, so it goes by itself."""
    yield from _laid_out(robot)
    area = robot.area("NODE_EDITOR")
    _node("Roughness").image.pack()
    with bpy.context.temp_override(window=robot.window, area=area, region=region(area, "WINDOW")):
        bpy.ops.ed.undo_push(message="Pack")
        bpy.ops.node.add_node(type="ShaderNodeGamma")
        bpy.ops.ed.undo_push(message="Add Gamma")
    yield from robot.rest()
    robot.tell(before=_shown())
    yield from robot.press(area, "cg_upscaler.material")
    yield from robot.until("a part is done", lambda: not _running() or _running().share > 0.67)
    robot.tell(busy=bool(_running()))
    yield from robot.key("Z", area, ctrl=True)
    yield from robot.until("the job ends", lambda: not _running())
    robot.tell(after=_shown())
    yield from _reported(robot)


def close_window(robot: Robot) -> Act:
    """Begin a job in a second window, and close that."""
    yield from _laid_out(robot)
    with bpy.context.temp_override(window=robot.window):
        bpy.ops.wm.window_new()
    yield from robot.rest(10)
    second = bpy.context.window_manager.windows[1]
    area = second.screen.areas[0]
    with bpy.context.temp_override(window=second, area=area, region=region(area, "WINDOW")):
        bpy.ops.cg_upscaler.material("INVOKE_DEFAULT", name="Ground")
    yield from robot.until("the engine is at it", lambda: _running() and _running().share > 0.0)
    with bpy.context.temp_override(window=second):
        bpy.ops.wm.window_close()
    yield from robot.rest(60)
    robot.tell(windows=len(bpy.context.window_manager.windows), idle=not _running(), before=_shown())
    bpy.context.scene.cg_upscaler.model = "bicubic"
    yield from robot.press(robot.area("NODE_EDITOR"), "cg_upscaler.material")
    yield from robot.until("the maps are done", lambda: not _running() and _shown() != robot.said["before"])
    robot.tell(after=_shown())


def draft(robot: Robot) -> Act:
    """Have a draft of the image that is shown, and look at the one before it."""
    yield from _laid_out(robot)
    image = robot.area("IMAGE_EDITOR")
    image.spaces.active.image = _node("Colour").image
    yield from robot.rest(5)
    robot.tell(before=_shown())
    yield from robot.press(image, "cg_upscaler.preview")
    robot.said.update(beats=0, longest=0.0)
    yield from robot.until("another picture", lambda: image.spaces.active.image != _node("Colour").image)
    shown = image.spaces.active.image
    robot.tell(shown=[shown.name, list(shown.size)], while_busy=dict(robot.said), after=_shown())
    yield from robot.rest(5)
    yield from robot.press(image, "cg_upscaler.toggle")
    yield from robot.until("the one before", lambda: image.spaces.active.image == _node("Colour").image)
    for _ in range(2):
        yield from robot.key("Z", image, ctrl=True)
    yield from robot.rest(5)
    robot.tell(undone=_shown())


def leave(robot: Robot) -> Act:
    """Quit Blender in the midst of a job, by the end of this act."""
    yield from _busy(robot)


def be_killed(robot: Robot) -> Act:
    """Wait in the midst of a job, for what the test does."""
    yield from _busy(robot)
    yield from robot.until("the end", lambda: False)


def load(robot: Robot) -> Act:
    """Load another scene in the midst of a job, and upscale that one's material."""
    yield from _busy(robot)
    other = Path(bpy.data.filepath).with_name("other.blend")
    with bpy.context.temp_override(window=robot.window):
        bpy.ops.wm.open_mainfile(filepath=str(other), load_ui=False)
    yield from robot.rest(20)
    robot.tell(loaded=bpy.data.filepath, idle=not _running(), before=_shown())
    bpy.context.scene.cg_upscaler.model = "bicubic"
    yield from robot.rest()
    yield from robot.press(robot.area("NODE_EDITOR"), "cg_upscaler.material")
    yield from robot.until("the other's maps are done", lambda: not _running() and _shown() != robot.said["before"])
    robot.tell(after=_shown())


def disable(robot: Robot) -> Act:
    """Switch the add-on off in the midst of a job, and on again."""
    yield from _busy(robot)
    bpy.ops.preferences.addon_disable(module=ADDON)
    yield from robot.rest(20)
    robot.tell(off=not hasattr(bpy.types.Scene, "cg_upscaler"))
    bpy.ops.preferences.addon_enable(module=ADDON)
    yield from robot.rest(20)
    robot.tell(on=hasattr(bpy.types.Scene, "cg_upscaler"))


def preferences(robot: Robot) -> Act:
    """Press the button that tests the engine."""
    yield from _one_area(robot)
    area = robot.window.screen.areas[0]
    version = ".".join(map(str, bpy.app.version[:2]))
    area.type = "PREFERENCES"
    # The panel names the add-on's file: in a picture, as it is for a user and not for a test.
    module = next(module for module in addon_utils.modules() if module.__name__ == ADDON)
    module.__file__ = f"~/.config/blender/{version}/extensions/user_default/cg_upscaler/__init__.py"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "CG Upscaler"
    yield from robot.rest()
    bpy.ops.preferences.addon_expand(module=ADDON)
    yield from robot.aside()
    yield from robot.press(area, "cg_upscaler.test", within="WINDOW")
    own = bpy.context.preferences.addons[ADDON].preferences
    yield from robot.until("an answer", lambda: own.found and not _running())
    robot.tell(found=own.found)
    yield from robot.aside()
    robot.picture("blender-panel-preferences.png", area, low=robot.at[1] - 60)


def _busy(robot: Robot) -> Act:
    """Begin a job, and wait until the engine is at it."""
    yield from _laid_out(robot)
    robot.tell(before=_shown())
    yield from robot.press(robot.area("NODE_EDITOR"), "cg_upscaler.material")
    yield from robot.until("the engine is at it", lambda: _running() and _running().share > 0.0)
    robot.tell(busy=True)


def _one_area(robot: Robot) -> Act:
    """Leave but one area in the window."""
    for _ in range(8):
        screen = robot.window.screen
        small = min(screen.areas, key=lambda area: area.width * area.height)
        if len(screen.areas) == 1:
            return
        with bpy.context.temp_override(window=robot.window, area=small):
            bpy.ops.screen.area_close()
        yield from robot.rest()


def _laid_out(robot: Robot) -> Act:
    """Show an image editor and a shader editor side by side, each with its sidebar open at the add-on's tab."""
    yield from _one_area(robot)
    area = robot.window.screen.areas[0]
    area.ui_type = "ShaderNodeTree"
    yield from robot.rest()
    with bpy.context.temp_override(window=robot.window, area=area, region=region(area, "WINDOW")):
        bpy.ops.screen.area_split(direction="VERTICAL", factor=0.42)
    yield from robot.rest()
    left = min(robot.window.screen.areas, key=lambda area: area.x)
    left.ui_type = "IMAGE_EDITOR"
    yield from robot.rest()
    for area in robot.window.screen.areas:
        area.spaces.active.show_region_ui = True
        area.spaces.active.show_region_toolbar = False
    yield from robot.rest(10)
    for area in robot.window.screen.areas:
        region(area, "UI").active_panel_category = "CG Upscaler"
        area.tag_redraw()
    yield from robot.rest(5)


def _zoomed(robot: Robot) -> Act:
    image, nodes = robot.area("IMAGE_EDITOR"), robot.area("NODE_EDITOR")
    with bpy.context.temp_override(window=robot.window, area=image, region=region(image, "WINDOW")):
        bpy.ops.image.view_all(fit_view=True)
    with bpy.context.temp_override(window=robot.window, area=nodes, region=region(nodes, "WINDOW")):
        bpy.ops.node.view_all()
    yield from robot.rest(5)
    for _ in range(3):
        yield from robot.key("NUMPAD_PLUS", nodes)
    yield from robot.rest(5)


def _running() -> Any:
    """Return what is being upscaled, as the add-on has it."""
    return sys.modules[f"{ADDON}.work"].running


def _node(name: str) -> Any:
    return bpy.data.materials["Ground"].node_tree.nodes[name]


def _count() -> int:
    return len(bpy.data.materials["Ground"].node_tree.nodes)


def _shown() -> dict[str, list[Any]]:
    """Return what each node shows: the image's name, size, colour space and file."""
    images = {name: _node(name).image for name in NODES}
    return {
        name: [image.name, list(image.size), image.colorspace_settings.name, bpy.path.basename(image.filepath)]
        for name, image in images.items()
    }


def _count_drawings() -> list[None]:
    """Return a list that grows with each drawing of the shader editor."""
    drawn: list[None] = []
    bpy.types.SpaceNodeEditor.draw_handler_add(lambda: drawn.append(None), (), "WINDOW", "POST_PIXEL")
    return drawn


def _reported(robot: Robot) -> Act:
    """Tell what Blender reported, as its Info editor lists it."""
    area = robot.window.screen.areas[0]
    area.ui_type = "INFO"
    yield from robot.rest(5)
    with bpy.context.temp_override(window=robot.window, area=area, region=region(area, "WINDOW")):
        bpy.ops.info.select_all(action="SELECT")
        bpy.ops.info.report_copy()
    robot.tell(reports=str(bpy.context.window_manager.clipboard).splitlines())


if __name__ == "__main__":
    act, folder = sys.argv[sys.argv.index("--") + 1 :]
    robot = Robot(Path(folder))
    robot.perform(globals()[act](robot))
