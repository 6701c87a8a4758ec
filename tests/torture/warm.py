"""Starts runs from a process that has imported everything already, which saves each the seconds that PyTorch takes.

    python -m tests.torture.warm     lines of JSON on stdin, each answered by one on stdout

A run is forked, gets a session, an environment and files of its own, and is from there on the command line's own. The
process that it starts to do the work is forked as well.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

_LESSONS = "TORTURE_LESSONS"
"""The environment variable that names a folder, in which a run is to say what it imported."""


class Warm:
    """Such a process, as its user sees it."""

    def __init__(self, env: Mapping[str, str]) -> None:
        """`env` is what cannot be given to a process later: what is loaded before its libraries."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.warm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **env},
            cwd=Path(__file__).parents[2],
            text=True,
        )

    def start(self, arguments: Sequence[str], env: Mapping[str, str], folder: Path, said: Sequence[BinaryIO]) -> int:
        """Start `cg-upscale` with arguments, and return its process, which leads a session."""
        files = [file.name for file in said]
        return int(self._ask({"arguments": list(arguments), "env": dict(env), "folder": str(folder), "said": files}))

    def wait(self, process: int) -> int:
        """Wait for a process's end and return its exit code; negative: the signal that killed it."""
        return int(self._ask({"wait": process}))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _ask(self, question: dict[str, Any]) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def serve() -> None:
    """Answer until stdin ends."""
    from cg_upscaler.cli import supervision

    supervision.subprocess = SimpleNamespace(Popen=_Forked, PIPE=subprocess.PIPE)  # type: ignore[attr-defined]

    lessons = Path(tempfile.mkdtemp(prefix="torture-warm-"))
    os.environ[_LESSONS] = str(lessons)
    for line in sys.stdin:
        question = json.loads(line)
        if "wait" in question:
            status = os.waitpid(question["wait"], 0)[1]
            answer = os.waitstatus_to_exitcode(status)
            if _LESSONS in os.environ and any(lessons.iterdir()):
                _learn(lessons)
        else:
            ready, tell = os.pipe()
            answer = os.fork()
            if not answer:
                os.setsid()
                os.close(ready)
                os.close(tell)
                _become(question)
            os.close(tell)
            os.read(ready, 1)  # until the session is there
            os.close(ready)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    shutil.rmtree(lessons, ignore_errors=True)


def _learn(lessons: Path) -> None:
    """Import what the first run has imported, so that no other has to."""
    del os.environ[_LESSONS]
    for name in sorted({name for lesson in lessons.iterdir() for name in lesson.read_text().split()}):
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    shutil.rmtree(lessons)


def _become(question: dict[str, Any]) -> None:
    """Be the run that was asked for."""
    os.environ.update(question["env"])
    os.chdir(question["folder"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    files = [nothing, *(os.open(path, os.O_WRONLY) for path in question["said"])]
    for at, file in enumerate(files):
        os.dup2(file, at)
        os.close(file)
    if "LD_PRELOAD" in os.environ:
        ctypes.CDLL(None).torture_begin()
    _command(question["arguments"])


class _Forked:
    """What `subprocess.Popen` is to a run that has its work done by a child, without a new Python for that child."""

    def __init__(self, command: Sequence[str], *, stdin: int, env: Mapping[str, str]) -> None:
        ours, theirs = os.pipe()
        self.pid, self._code = os.fork(), None
        if not self.pid:
            os.dup2(ours, 0)
            os.closerange(3, 1 << 10)  # as a new program would not have them
            os.environ.clear()
            os.environ.update(env)
            _command(command[3:])
        os.close(ours)
        self.stdin = os.fdopen(theirs, "wb", buffering=0)

    def poll(self) -> int | None:
        return self.wait(os.WNOHANG)

    def wait(self, how: int = 0) -> int | None:
        if self._code is None:
            process, status = os.waitpid(self.pid, how)
            self._code = os.waitstatus_to_exitcode(status) if process else None
        return self._code

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)


def _command(arguments: Sequence[str]) -> None:
    """Be `cg-upscale` with arguments, to the end of the process."""
    from cg_upscaler.cli import main

    sys.argv = ["cg-upscale", *arguments]
    code = 3
    try:
        main(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        if _LESSONS in os.environ:
            Path(os.environ[_LESSONS], str(os.getpid())).write_text("\n".join(sys.modules))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
