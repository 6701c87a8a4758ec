"""`dev.py`: whose options are whose. Nothing is installed, run or removed here."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def dev(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev", Path(__file__).parent.parent / "dev.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.called = []
    monkeypatch.setattr(module, "call", lambda *command: module.called.append(list(map(str, command))) or 0)
    monkeypatch.setattr(module, "set_up", lambda *, constrained: module.called.append(constrained))
    monkeypatch.setattr(module, "clean", lambda: pytest.fail("removed everything"))
    return module


def run(dev: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["dev.py", *arguments])
    return int(dev.main())


@pytest.mark.parametrize(
    ("arguments", "constrained", "passed"),
    [
        (["quality", "--help"], True, ["--help"]),
        (["quality", "textures", "--crop", "64"], True, ["textures", "--crop", "64"]),
        (["--no-constraints", "quality", "-h"], False, ["-h"]),
        (["quality", "--no-constraints", "--only", "*"], False, ["--only", "*"]),
    ],
)
def test_options_after_a_command_are_its_own(dev, monkeypatch, arguments, constrained, passed) -> None:
    assert run(dev, monkeypatch, *arguments) == 0
    first, command = dev.called
    assert first is constrained
    assert command[1:] == [str(Path("benchmarks", "quality.py")), *passed]


@pytest.mark.parametrize("command", ["setup", "clean"])
def test_a_command_that_takes_no_options_does_nothing_when_given_one(dev, monkeypatch, capsys, command) -> None:
    assert run(dev, monkeypatch, command, "--help") == 2
    assert dev.called == []
    assert f"{command} takes no --help" in capsys.readouterr().err


def test_help_before_a_command_is_of_all_of_them(dev, monkeypatch, capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(dev, monkeypatch, "--help")
    assert stopped.value.code == 0
    assert "python dev.py quality" in capsys.readouterr().out
