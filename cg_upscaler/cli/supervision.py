"""Has a run done by a child process, and goes on with a fresh one where that dies: no texture can end a night.

The parent holds the turn and takes signals; the child does everything else. It ends with its parent, however that ends.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType, MappingProxyType

import click

from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.library.precautions import Flying, Precautions, left_flying
from cg_upscaler.moments import now

_CHILD = "CG_UPSCALE_CHILD"
"""The environment variable that names the file of a child's orders."""
_ORDERS = "child.json"
_FLYING = "flying.txt"
_TRIES = 2
"""How often a process may end on a texture before that is set aside."""
_STUCK = 99
"""The exit code of a child that ends itself, as a texture does not end."""
_PATIENCE = 30.0
"""Seconds beyond a texture's limit after which a process that does not react is ended."""
_CRASHED = 256
"""From here on Windows has its codes for crashes."""


def is_child() -> bool:
    """Whether this process does the work of another that looks after it."""
    return _place() is not None


_given: Path | None = None


def _place() -> Path | None:
    """Return the file of this process's orders. Commands that it runs are not to take them for theirs."""
    global _given
    said = os.environ.pop(_CHILD, None)
    if said is not None:
        _given = Path(said)
    return _given


# The parent


def supervise(arguments: Sequence[str], state: Path) -> int:
    """Run the command line in child processes, until one ends by itself, and return its exit code."""
    crashes: Counter[str] = Counter()
    set_aside: dict[str, str] = {}
    blank = 0
    since = now()
    while True:
        alone = sorted(name for name in crashes if name not in set_aside)
        orders = {"alone": alone, "set_aside": set_aside, "since": since if crashes or blank else ""}
        code, asked = _run_child(arguments, state, orders)
        if not _is_crash(code):
            return code
        if asked:  # before it could react, or for the second time
            click.echo("cg-upscale: interrupted", err=True)
            return ExitCode.INTERRUPTED
        left = left_flying(state / _FLYING)
        how = _in_words(code)
        click.echo(f"the process that did the work ended ({how}); going on with a fresh one", err=True)
        if not left.names:
            blank += 1
            if blank >= _TRIES:
                what = f"the process that did the work ended twice ({how}) with no texture on its way"
                click.echo(f"cg-upscale: {what}; 'cg-upscale doctor' may tell why", err=True)
                return ExitCode.BUG
        for name in left.names:
            crashes[name] += 1
            if name == left.stuck:
                set_aside[name] = "it did not end within its time limit, and did not react; skip it by a rule"
            elif crashes[name] >= _TRIES:
                set_aside[name] = f"the process ended on it twice ({how}); skip it by a rule, or export it again"


def _run_child(arguments: Sequence[str], state: Path, orders: object) -> tuple[int, bool]:
    """Return the exit code of a child, negative where a signal ended it, and whether this process was told to end."""
    place = state / _ORDERS
    place.write_text(json.dumps(orders), encoding="ascii")
    (state / _FLYING).unlink(missing_ok=True)
    asked: list[int] = []
    children: list[subprocess.Popen[bytes]] = []

    def forward(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        for child in children:
            if child.poll() is None:
                child.send_signal(number)

    # What is ignored stays so: `nohup`, and the background of scripts.
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, forward) for number in heard}
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", "cg_upscaler.cli", *arguments],
            stdin=subprocess.PIPE,  # closes when this process ends, and the child ends with it
            env={**os.environ, _CHILD: str(place)},
        )
        children.append(child)
        if asked:
            child.send_signal(asked[0])
        return child.wait(), bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for child in children:
            if child.stdin is not None:
                child.stdin.close()


_TERM = (signal.SIGTERM,) if sys.platform == "win32" else (signal.SIGTERM, signal.SIGHUP)
_SIGNALS = _TERM if sys.platform == "win32" else (signal.SIGINT, *_TERM)


def _is_crash(code: int) -> bool:
    return code < 0 or code >= _CRASHED or code == _STUCK


def _in_words(code: int) -> str:
    if code == _STUCK:
        return "a texture did not end"
    if code >= _CRASHED:
        return f"code {code:#x}"
    try:
        name = signal.strsignal(-code) or ""
    except ValueError:
        name = ""
    hint = ", as for want of memory" if -code == getattr(signal, "SIGKILL", None) else ""
    return f"signal {-code}: {name}{hint}" if name else f"signal {-code}"


# The child


def orders() -> tuple[Precautions, str]:
    """Return what this process is to be careful with, and when the run began if it goes on with another's."""
    place = _place()
    if place is None:
        return Precautions(), ""
    said = json.loads(place.read_text(encoding="ascii"))
    careful = Precautions(
        frozenset(said["alone"]), MappingProxyType(dict(said["set_aside"])), Flying(place.with_name(_FLYING))
    )
    return careful, str(said["since"])


def behave() -> None:
    """End in order upon SIGTERM; and as a child when the parent ends, and take one Ctrl-C for one however it comes."""
    for number in _TERM:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    if not is_child():
        return
    faulthandler.enable()
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _once)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()


def drain_by(drain: Callable[[], None]) -> None:
    """Have SIGTERM drain a run from now on."""
    for number in _TERM:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _draining(drain))


def watch(flying: Flying | None, limit: float | None) -> None:
    """End this process where a texture takes far longer than its limit and does not react."""
    if flying is None or limit is None:
        return

    def look() -> None:
        while True:
            time.sleep(min(1.0, limit))
            name, seconds = flying.longest()
            if name and seconds > limit + _PATIENCE:
                flying.stuck(name)
                os._exit(_STUCK)

    threading.Thread(target=look, name="time limit", daemon=True).start()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _draining(drain: Callable[[], None]) -> Callable[[int, FrameType | None], None]:
    asked = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise KeyboardInterrupt
        click.echo("ending: what is on its way is finished, and nothing more begun", err=True)
        drain()

    return handle


_interrupted = 0.0


def _once(number: int, frame: FrameType | None) -> None:
    """A terminal sends Ctrl-C to both processes, and the parent passes on its own."""
    global _interrupted
    now = time.monotonic()
    if now - _interrupted > 2.0:
        _interrupted = now
        raise KeyboardInterrupt


def _end_with_parent() -> None:
    try:
        while os.read(0, 1 << 10):
            pass
    except OSError:
        pass
    os._exit(ExitCode.INTERRUPTED)
