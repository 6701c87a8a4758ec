# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries work on while Blender goes on, or waits for it where nobody looks: in the background, and for scripts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import bpy

from . import work
from .client import NoEngine
from .pictures import Refused

_TICK = 0.1
"""Seconds between two looks at what the engine says."""

_SHOWING = ("IMAGE_EDITOR", "NODE_EDITOR", "VIEW_3D", "PREFERENCES")
"""Editors that are drawn anew as it goes on."""

if TYPE_CHECKING:
    from bpy.types import Operator as _Base
else:
    _Base = object  # a mixin: only what is registered is an operator for Blender


class Following(_Base):
    """What the operators share that ask something of the engine. They differ in what, and in what comes of it."""

    _timer: Any = None
    _work: Any = None

    @classmethod
    def poll(cls, context: Any) -> bool:
        if work.running is not None:
            cls.poll_message_set("Something is being done already; ESC gives it up")
            return False
        return True

    def begin(self, context: Any) -> work.Work | None:
        """Return what to do; None where there is nothing, which was reported. Raises `NoEngine` and `Refused`."""
        raise NotImplementedError

    def finish(self, context: Any) -> bool:
        """Use what came of it, report, and tell whether anything did."""
        raise NotImplementedError

    def execute(self, context: Any) -> set[Any]:
        """Do it, and wait."""
        if not self._begun(context):
            return {"CANCELLED"}
        try:
            while not self._work.over:
                self._work.step()
                time.sleep(_TICK / 5)
            return self._finished(context)
        finally:
            self._put_down(context)

    def invoke(self, context: Any, event: Any) -> set[Any]:
        """Do it while Blender goes on; ESC gives it up."""
        if bpy.app.background:
            return self.execute(context)
        if not self._begun(context):
            return {"CANCELLED"}
        manager = context.window_manager
        self._timer = manager.event_timer_add(_TICK, window=context.window)
        manager.progress_begin(0, 100)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: Any, event: Any) -> set[Any]:
        if work.running is None or self._work is not work.running:  # another scene was loaded, or the like
            self._put_down(context)
            return {"CANCELLED"}
        if event.type == "ESC" and event.value == "PRESS":
            self._work.cancel()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        try:
            self._work.step()
            context.window_manager.progress_update(round(self._work.share * 100))
            redraw(context)
            if not self._work.over:
                return {"PASS_THROUGH"}  # the timer may be another's
            done = self._finished(context)
        except BaseException:
            self._put_down(context)
            raise
        self._put_down(context)
        return done

    def cancel(self, context: Any) -> None:
        """Called by Blender where it ends, or loads another scene, in the middle of it."""
        self._put_down(context)

    def _begun(self, context: Any) -> bool:
        try:
            self._work = work.running = self.begin(context)
        except (NoEngine, Refused) as error:
            self.report({"ERROR"}, str(error))
        return self._work is not None

    def _finished(self, context: Any) -> set[Any]:
        return {"FINISHED"} if self.finish(context) else {"CANCELLED"}

    def _put_down(self, context: Any) -> None:
        """Leave nothing running, whichever way it ended."""
        self._work.abandon()
        if work.running is self._work:
            work.running = None
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
            context.window_manager.progress_end()
        redraw(context)


def redraw(context: Any) -> None:
    """Have all editors drawn anew that show what the add-on does."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in _SHOWING:
                area.tag_redraw()


@bpy.app.handlers.persistent  # type: ignore[untyped-decorator]
def _before_loading(*_: Any) -> None:
    """Leave what is being done: its images are about to go."""
    work.drop()
    work.last.clear()


def register() -> None:
    bpy.app.handlers.load_pre.append(_before_loading)


def unregister() -> None:
    work.drop()
    work.last.clear()
    bpy.app.handlers.load_pre.remove(_before_loading)
