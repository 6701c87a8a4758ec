"""The client: what hosts talk to the engine with, and what they hear of one that is gone, hangs or talks rubbish."""

from __future__ import annotations

import ast
import json
import os
import sys
import time
from pathlib import Path

import pytest

from cg_upscaler import client
from cg_upscaler.client import (
    Abilities,
    Cancelled,
    Client,
    Done,
    Engine,
    Failed,
    Hello,
    Message,
    NoEngine,
    Progress,
    Result,
    Task,
    Texture,
    find_engine,
)
from cg_upscaler.client import process as process_module
from cg_upscaler.client.launch import environment, note_engine
from cg_upscaler.client.lines import LINE, Rubbish, line_of, message_of, request_of
from cg_upscaler.client.messages import PROTOCOL, Alive, Cancel, Upscale
from cg_upscaler.client.session import SILENT, STARTING, Session

HELLO = line_of(Hello(PROTOCOL, "1.2.3", 7))
TASK = Task((Texture("/textures/rock_n.png", {"kind": "normal"}),), {"scale": 2}, "/out")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(clock: Clock) -> Session:
    return Session(clock)


def written(folder: Path, code: str) -> Engine:
    """Return an engine that is a script: `say` prints a line of the protocol, and `heard` reads one."""
    script = folder / "engine.py"
    head = """
import json, os, signal, sys, time
def say(**words): print(json.dumps(words), flush=True)
def heard(): return json.loads(sys.stdin.readline() or "{}")
"""
    script.write_text(head + code)
    return Engine((sys.executable, str(script)), "the test")


def answered(engine: Engine, limit: float = 20.0) -> list[Message]:
    """Return all messages of one request to an engine."""
    end = time.monotonic() + limit
    found: list[Message] = []
    with Client(engine) as talk:
        for message in talk.answers(talk.upscale(TASK)):
            found.append(message)
            assert time.monotonic() < end
    return found


# Lines


def test_requests_and_messages_survive_the_way_through_a_line() -> None:
    request = Upscale(3, TASK)
    assert request_of(line_of(request)) == request
    done = Done(3, (Result("/a\udcff.png", "failed", error="ü", notes=("x", "y")),))
    line = line_of(done)
    assert message_of(line) == done
    assert line.isascii() and line.count(b"\n") == 1


def test_fields_and_messages_of_later_versions_are_passed_over() -> None:
    assert message_of(b'{"event": "hello", "protocol": 1, "version": "9", "moon": "full"}') == Hello(1, "9")
    assert message_of(b'{"event": "sung", "id": 1}') is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"hello?", "no JSON: 'hello?'"),
        (b"[1]", "no object with 'do'"),
        (b'{"do": 1}', "no object with 'do'"),
        (b'{"do": "sing"}', "unknown do 'sing'"),
        (b'{"do": "cancel"}', "cancel lacks id"),
        (b'{"do": "cancel", "id": true}', "cancel.id is to be of type int"),
        (b'{"do": "upscale", "id": 1, "task": []}', "upscale.task is to be an object"),
        (b'{"do": "upscale", "id": 1, "task": {"textures": {}}}', "upscale.task.textures is to be a list"),
        (b'{"do": "upscale", "id": 1, "task": {"textures": [{}]}}', "upscale.task.textures[0] lacks path"),
        (b'{"do": "preview", "id": 1, "task": {"textures": []}, "crop": [1, 2, 3], "into": ""}', "four whole numbers"),
        (b"[" * 100_000, "no JSON"),
    ],
)
def test_a_line_that_is_no_request_says_why(line: bytes, why: str) -> None:
    with pytest.raises(Rubbish) as caught:
        request_of(line)
    assert why in str(caught.value)
    assert len(str(caught.value)) < 300


# Conversations


def test_bytes_may_come_in_any_pieces(session: Session) -> None:
    number, _ = session.upscale(TASK)
    line = HELLO + line_of(Done(number))
    found = [message for byte in line for message in session.feed(bytes([byte]))]
    assert found == [Hello(PROTOCOL, "1.2.3", 7), Done(number)]
    assert not session.busy


def test_rubbish_between_messages_is_passed_over_and_told_when_all_ends_badly(session: Session) -> None:
    session.upscale(TASK)
    assert session.feed(b"Loading weights ...\n\n\r\n" + b"\xff\xfe\n") == []
    (failed,) = session.ended(1)
    assert isinstance(failed, Failed)
    assert failed.kind == "engine" and "could not start (exit code 1)" in failed.what


def test_a_line_without_an_end_takes_no_memory_for_ever(session: Session) -> None:
    session.feed(HELLO)
    for _ in range(5):
        assert session.feed(b"x" * LINE) == []
    number, _ = session.upscale(TASK)
    assert session.feed(b"y\n" + line_of(Done(number))) == [Done(number)]


def test_another_version_ends_all_and_says_which_to_update(session: Session) -> None:
    number, _ = session.upscale(TASK)
    (_, failed) = session.feed(line_of(Hello(PROTOCOL + 1, "9.0")))
    assert isinstance(failed, Failed)
    assert failed.id == number and "9.0" in failed.what and "update the plugin" in failed.fix
    assert session.feed(line_of(Done(number))) == []
    older = Session()
    older.upscale(TASK)
    (_, failed) = older.feed(line_of(Hello(PROTOCOL - 1, "0.0")))
    assert isinstance(failed, Failed)
    assert "pip install --upgrade" in failed.fix


def test_an_engine_that_does_not_greet_is_given_up(session: Session, clock: Clock) -> None:
    session.upscale(TASK)
    session.feed(b"Python 2.7\n")
    clock.now = STARTING - 1
    assert session.overdue() == []
    clock.now = STARTING + 2
    (failed,) = session.overdue()
    assert isinstance(failed, Failed)
    assert "did not start within" in failed.what and "Python 2.7" in failed.what
    assert session.over


def test_an_engine_that_is_silent_is_given_up_and_one_that_breathes_is_not(session: Session, clock: Clock) -> None:
    session.feed(HELLO)
    clock.now = 1000.0
    assert session.overdue() == []  # it has nothing to do
    number, _ = session.upscale(TASK)
    for _ in range(50):
        clock.now += SILENT / 2
        session.feed(line_of(Alive()))
        assert session.overdue() == []
    clock.now += SILENT + 1
    assert [getattr(each, "id", None) for each in session.overdue()] == [number]


# Processes


def test_an_engine_that_does_not_give_up_is_stopped(session: Session, clock: Clock) -> None:
    session.feed(HELLO)
    given_up, _ = session.upscale(TASK)
    other, _ = session.about()
    session.cancel(given_up)
    clock.now += 19.0
    session.feed(line_of(Alive()))
    assert session.overdue() == []
    clock.now += 2.0
    session.feed(line_of(Alive()))
    first, second = session.overdue()
    assert first == Cancelled(given_up)
    assert isinstance(second, Failed) and second.id == other and "did not give up in time" in second.what
    assert session.over and session.overdue() == []


def test_what_waits_for_its_turn_may_wait_to_be_given_up(session: Session, clock: Clock) -> None:
    session.feed(HELLO)
    long, _ = session.upscale(TASK)
    waiting, _ = session.upscale(TASK)
    session.cancel(waiting)
    clock.now += 30.0
    session.feed(line_of(Alive()))
    assert session.overdue() == []
    session.feed(line_of(Done(long)))
    clock.now += 19.0
    assert session.overdue() == []
    clock.now += 2.0
    assert session.overdue() == [Cancelled(waiting)]


def test_an_engine_that_gave_up_may_go_on_with_the_next(session: Session, clock: Clock) -> None:
    session.feed(HELLO)
    number, _ = session.upscale(TASK)
    session.cancel(number)
    session.feed(line_of(Cancelled(number)))
    session.cancel(number)  # too late, and no harm
    clock.now += 30.0
    assert session.overdue() == [] and not session.over


def test_the_texture_at_which_the_engine_died_is_named(session: Session) -> None:
    session.feed(HELLO)
    number, _ = session.upscale(TASK)
    session.feed(line_of(Progress(number, 0.1, "/t/a.png", 0, 2)) + line_of(Progress(number, 0.6, "/t/b.png", 1, 2)))
    (failed,) = session.ended(-11)
    assert isinstance(failed, Failed)
    assert failed.where == "/t/b.png" and "signal 11" in failed.what


def test_a_request_is_answered(tmp_path: Path) -> None:
    engine = written(
        tmp_path,
        """
say(event="hello", protocol=1, version="1.2.3")
asked = heard()
print("a stray print")
say(event="progress", id=asked["id"], share=0.5)
say(event="done", id=asked["id"], results=[{"path": asked["task"]["textures"][0]["path"], "outcome": "done"}])
heard()
""",
    )
    *before, done = answered(engine)
    assert done == Done(1, (Result("/textures/rock_n.png", "done"),))
    assert [type(each).__name__ for each in before] == ["Hello", "Progress"]


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("sys.exit('no module named torch')", "could not start (exit code 1): no module named torch"),
        ("say(event='hello', protocol=1, version='1'); heard(); sys.exit(7)", "ended unexpectedly (exit code 7)"),
        (
            "say(event='hello', protocol=1, version='1'); heard(); os.kill(os.getpid(), signal.SIGKILL)",
            "stopped by the system",
        ),
        ("say(event='hello', protocol=1, version='1'); os.close(1); heard(); os._exit(0)", "ended unexpectedly"),
        ("say(event='hello', protocol=9, version='9'); time.sleep(60)", "do not fit together"),
        ("os.write(1, os.urandom(1 << 20)); os._exit(0)", "could not start"),
        ("sys.stderr.write('x' * (1 << 22)); sys.stderr.flush(); os._exit(3)", "could not start (exit code 3)"),
    ],
)
def test_whatever_the_engine_does_the_request_ends_in_words(tmp_path: Path, code: str, what: str) -> None:
    failed = answered(written(tmp_path, code))[-1]
    assert isinstance(failed, Failed)
    assert what in failed.what and failed.fix


def test_one_that_hangs_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cg_upscaler.client.session.SILENT", 0.5)
    pid = tmp_path / "pid"
    code = (
        f"open({str(pid)!r}, 'w').write(str(os.getpid())); say(event='hello', protocol=1, version='1'); time.sleep(99)"
    )
    failed = answered(written(tmp_path, code))[-1]
    assert isinstance(failed, Failed)
    assert "has not answered" in failed.what
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_one_that_reads_nothing_does_not_hold_up_its_host(tmp_path: Path) -> None:
    engine = written(tmp_path, "say(event='hello', protocol=1, version='1'); time.sleep(99)")
    large = Task(tuple(Texture(f"/{number:0200}") for number in range(3000)))
    start = time.monotonic()
    with Client(engine) as talk:
        talk.upscale(large)
        talk.messages()
        asked = time.monotonic() - start
        talk.close(grace=0.1)
    assert asked < 5 and time.monotonic() - start < 15


def test_after_one_that_died_the_next_request_has_a_fresh_one(tmp_path: Path) -> None:
    flag = tmp_path / "once"
    engine = written(
        tmp_path,
        f"""
say(event="hello", protocol=1, version="1")
asked = heard()
if not os.path.exists({str(flag)!r}):
    open({str(flag)!r}, "w").close()
    os._exit(1)
say(event="abilities", id=asked["id"], device="cpu", label="a processor")
heard()
""",
    )
    with Client(engine) as talk:
        assert isinstance(list(talk.answers(talk.about()))[-1], Failed)
        last = list(talk.answers(talk.about()))[-1]
    assert isinstance(last, Abilities) and last.label == "a processor"


def test_cancelling_is_sent_while_it_works(tmp_path: Path) -> None:
    engine = written(
        tmp_path,
        """
say(event="hello", protocol=1, version="1")
asked, then = heard(), heard()
say(event="cancelled" if then == {"do": "cancel", "id": asked["id"]} else "failed", id=asked["id"], what="no")
heard()
""",
    )
    with Client(engine) as talk:
        number = talk.upscale(TASK)
        talk.cancel(number)
        assert list(talk.answers(number))[-1] == Cancelled(number)


# Finding the engine


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    return {"PATH": str(tmp_path / "nothing")}


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_settings_come_before_the_environment_and_that_before_the_note_and_path(
    tmp_path: Path, bare: dict[str, str]
) -> None:
    named, said, noted, found = (program(tmp_path / name / "cg-upscale") for name in ("a", "b", "c", "d"))
    note_engine(str(tmp_path), str(noted))
    everywhere = {"PATH": str(found.parent), "CG_UPSCALE": str(said)}
    beside = str(tmp_path)
    assert find_engine(str(named), beside=beside, environ=everywhere) == Engine((str(named), "worker"), "the settings")
    assert find_engine("", beside=beside, environ=everywhere).command[0] == str(said)
    del everywhere["CG_UPSCALE"]
    assert find_engine("", beside=beside, environ=everywhere).command[0] == str(noted)
    assert find_engine("", environ=everywhere) == Engine((str(found), "worker"), "PATH")
    with pytest.raises(NoEngine, match="pip install cg-upscaler"):
        find_engine("", environ=bare)


def test_a_python_and_a_virtual_environment_are_engines_too(tmp_path: Path, bare: dict[str, str]) -> None:
    python = program(tmp_path / "venv" / "bin" / "python3")
    wanted = (str(python), "-I", "-u", "-m", "cg_upscaler.cli", "worker")
    assert find_engine(str(python), environ=bare).command == wanted
    assert find_engine(str(tmp_path / "venv"), environ=bare).command == wanted
    assert find_engine(f'"{python}" ', environ=bare).command == wanted  # as a file manager copies it


def test_what_is_named_and_not_there_is_no_reason_to_take_another(tmp_path: Path) -> None:
    found = program(tmp_path / "d" / "cg-upscale")
    for named in (tmp_path / "gone", tmp_path, program(tmp_path / "photoshop")):
        with pytest.raises(NoEngine, match="named by the settings"):
            find_engine(str(named), environ={"PATH": str(found.parent)})


def test_a_program_that_cannot_be_started_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoEngine, match="cannot be started"):
        Client(Engine((str(tmp_path / "gone"),), "the settings")).about()


def test_nothing_of_the_host_leaks_into_the_engine() -> None:
    host = {"PYTHONHOME": "/blender", "PYTHONPATH": "/x", "QT_PLUGIN_PATH": "/p", "LD_LIBRARY_PATH": "/p", "HOME": "/h"}
    assert environment(host) == {"HOME": "/h", "PYTHONUTF8": "1"}


# The folder that hosts carry


def test_the_client_stands_by_itself() -> None:
    for file in Path(client.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                assert all(name.name.split(".")[0] in sys.stdlib_module_names for name in node.names), file
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                assert node.module is not None and node.module.split(".")[0] in sys.stdlib_module_names, file
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 1, file


def test_a_copy_of_the_folder_works_under_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib
    import shutil

    shutil.copytree(Path(client.__file__).parent, tmp_path / "addon" / "client")
    (tmp_path / "addon" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    copied = importlib.import_module("addon.client")
    assert copied.Session is not Session
    assert json.loads(copied.Session().about()[1]) == {"do": "about", "id": 1}


def test_names_that_the_package_gives_are_there() -> None:
    assert all(hasattr(client, name) for name in client.__all__)
    assert process_module.GRACE > 0
    assert line_of(Cancel(1)) == b'{"do": "cancel", "id": 1}\n'
