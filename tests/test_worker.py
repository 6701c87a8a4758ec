"""The worker: a real one, asked as plugins ask, and killed, cut off and lied to."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from cg_upscaler import cli, codecs
from cg_upscaler.client import (
    Abilities,
    Cancelled,
    Client,
    Done,
    Engine,
    Failed,
    Hello,
    Looked,
    Message,
    Previewed,
    Progress,
    Result,
    Task,
    Texture,
    lines,
)
from cg_upscaler.client.lines import line_of, message_of
from cg_upscaler.client.messages import PROTOCOL, Bye, Cancel, Shutdown, Upscale
from tests.fakes import noise
from tests.pictures import as_bytes, height_field, normals

ENGINE = Engine((sys.executable, "-u", "-m", "cg_upscaler.cli", "worker"), "the test")
PLAIN = {"model": "bicubic", "scale": 2}


@pytest.fixture(scope="module")
def talk() -> Iterator[Client]:
    with Client(ENGINE) as client:
        yield client


@pytest.fixture
def library(tmp_path: Path) -> Path:
    put(tmp_path / "textures" / "rock_color.png")
    put(tmp_path / "textures" / "rock_normal.png", as_bytes(normals(height_field(24))))
    put(tmp_path / "textures" / "deep" / "moss.png", noise(24, 24, 4, 3))
    return tmp_path / "textures"


def put(path: Path, pixels: Any = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", noise(24, 24, 3) if pixels is None else pixels)[1].tobytes())
    return path


def task(*paths: Path, into: Path | str = "", config: Path | str = "", given: Any = None, **settings: Any) -> Task:
    textures = tuple(Texture(str(path), given or {}) for path in paths)
    return Task(textures, {**PLAIN, **settings}, str(into), str(config))


def last(talk: Client, number: int) -> Message:
    return list(talk.answers(number))[-1]


def upscaled(talk: Client, task: Task) -> dict[str, Result]:
    done = last(talk, talk.upscale(task))
    assert isinstance(done, Done), done
    return {Path(result.path).name: result for result in done.results}


# What it does


def test_it_says_what_it_runs_on_and_which_generators_there_are(talk: Client) -> None:
    found = last(talk, talk.about())
    assert isinstance(found, Abilities)
    assert found.device in ("cpu", "cuda:0", "mps") and found.label
    assert found.models[0].name == "realesrgan-x4plus"
    assert [model.name for model in found.models if model.draft] == ["realesr-animevideov3", "cg-color-x4"]


def test_results_are_the_files_that_the_command_line_writes(talk: Client, library: Path, tmp_path: Path) -> None:
    sources = (library / "rock_color.png", library / "rock_normal.png", library / "deep" / "moss.png")
    results = upscaled(talk, task(*sources[:2], into=tmp_path / "ours"))
    command = ["run", str(library), "--out", str(tmp_path / "theirs"), "--model", "bicubic", "--scale", "2", "--quiet"]
    assert cli.run_cli(command) == 0
    for name, result in results.items():
        assert (result.outcome, result.width, result.height) == ("done", 48, 48)
        assert Path(result.output).read_bytes() == (tmp_path / "theirs" / name).read_bytes()
    assert results["rock_normal.png"].kind == "normal"


def test_beside_its_source_a_result_has_a_name_of_its_own(talk: Client, library: Path) -> None:
    (result,) = upscaled(talk, task(library / "deep" / "moss.png", suffix="_2x")).values()
    assert result.output == str(library / "deep" / "moss_2x.png")
    (usual,) = upscaled(talk, task(library / "deep" / "moss.png")).values()
    assert usual.output == str(library / "deep" / "moss_upscaled.png")
    (other,) = upscaled(talk, task(library / "deep" / "moss.png", format="tga")).values()
    assert other.output == str(library / "deep" / "moss.tga")


def test_what_the_host_knows_beats_what_names_and_pixels_say(talk: Client, library: Path, tmp_path: Path) -> None:
    odd = put(library / "weird [1] name_n.png")
    found = last(talk, talk.look(task(odd, into=tmp_path / "out", given={"kind": "height"})))
    assert isinstance(found, Looked)
    assert [(each.kind, each.action) for each in found.textures] == [("height", "upscale")]
    assert not (tmp_path / "out").exists()


def test_a_configuration_of_the_library_holds_for_the_host_too(talk: Client, library: Path, tmp_path: Path) -> None:
    config = tmp_path / "game.yaml"
    config.write_text(
        "source: textures\noutput: built\nmodel: bicubic\nscale: 2\nrules: [{match: 'deep/**', scale: 3}]\n"
    )
    moss = library / "deep" / "moss.png"
    done = last(talk, talk.upscale(Task((Texture(str(moss)),), config=str(config))))
    assert isinstance(done, Done)
    assert done.results[0].output == str(tmp_path / "built" / "deep" / "moss.png")
    assert done.results[0].width == 72
    assert cli.run_cli(["run", "--config", str(config), "--quiet"]) == 0  # by night
    again = last(talk, talk.upscale(Task((Texture(str(moss)),), config=str(config))))
    assert isinstance(again, Done)
    assert again.results[0].outcome == "current"


def test_a_file_outside_of_the_configurations_library_has_its_result_beside_it(
    talk: Client, library: Path, tmp_path: Path
) -> None:
    config = tmp_path / "game.yaml"
    config.write_text("source: another\noutput: built\nmodel: bicubic\nscale: 2\nrules: [{match: 'moss*', scale: 3}]\n")
    (tmp_path / "another").mkdir()
    moss = library / "deep" / "moss.png"
    done = last(talk, talk.upscale(Task((Texture(str(moss)),), {"suffix": "_big"}, config=str(config))))
    assert isinstance(done, Done)
    assert (done.results[0].output, done.results[0].width) == (str(moss.with_name("moss_big.png")), 72)


def test_a_preview_is_the_middle_of_the_result(talk: Client, tmp_path: Path) -> None:
    source = put(tmp_path / "rock_color.png", noise(64, 64, 3, 5))
    asked = task(source)
    preview = last(talk, talk.preview(asked, (16, 16, 32, 32), str(tmp_path)))
    assert isinstance(preview, Previewed), preview
    assert (preview.kind, preview.width, preview.height) == ("base_color", 64, 64)
    (whole,) = upscaled(talk, task(source, into=tmp_path / "out")).values()
    small, large = (codecs.read(Path(path)).pixels.astype(int) for path in (preview.output, whole.output))
    assert abs(small[16:-16, 16:-16] - large[48:80, 48:80]).max() <= 1
    assert {path.name for path in tmp_path.iterdir()} == {f"preview-{preview.id}.png", "out", "rock_color.png"}


@pytest.mark.parametrize("crop", [(-1, 0, 8, 8), (0, 0, 25, 8), (0, 0, 0, 8), (20, 20, 8, 8)])
def test_a_preview_of_what_is_not_there_is_refused(talk: Client, library: Path, tmp_path: Path, crop: Any) -> None:
    failed = last(talk, talk.preview(task(library / "rock_color.png"), crop, str(tmp_path)))
    assert isinstance(failed, Failed)
    assert failed.kind == "usage" and "is not within its 24×24 texels" in failed.what


def test_progress_goes_up_to_the_end(talk: Client, library: Path, tmp_path: Path) -> None:
    number = talk.upscale(task(library / "rock_color.png", library / "deep" / "moss.png", into=tmp_path / "out"))
    shares = [message.share for message in talk.answers(number) if isinstance(message, Progress)]
    assert shares == sorted(shares) and shares[-1] == 1.0


# What it is told


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("gone.png", "is not there"),
        ("notes.txt", "is no texture by its suffix"),
        (".hidden.png", "is hidden"),
        ("cut.png", "truncated"),
        ("empty.png", "is empty"),
    ],
)
def test_a_file_that_cannot_be_upscaled_fails_alone(
    talk: Client, library: Path, tmp_path: Path, path: str, why: str
) -> None:
    whole = (library / "rock_color.png").read_bytes()
    for name, data in {"notes.txt": b"x", ".hidden.png": whole, "cut.png": whole[:300], "empty.png": b""}.items():
        (library / name).write_bytes(data)
    results = upscaled(talk, task(library / path, library / "rock_color.png", into=tmp_path / "out"))
    assert results["rock_color.png"].outcome == "done"
    assert results[path].outcome == "failed" and why in results[path].error


@pytest.mark.parametrize(
    ("asked", "kind", "what"),
    [
        ({"settings": {"scael": 2}}, "usage", "unknown setting 'scael' (did you mean 'scale'?)"),
        ({"settings": {"scale": 5}}, "usage", "scale"),
        ({"settings": {"model": "best"}}, "model", "unknown model 'best'"),
        ({"settings": {"source": "/"}}, "usage", "'source' is no setting of a task"),
        ({"settings": {"device": "cuda:7"}}, "usage", "cuda:7"),
        ({"given": {"kind": "nromal"}}, "usage", "normal"),
        ({"config": "/nowhere/game.yaml"}, "usage", "no such file"),
        ({"path": "rock.png"}, "usage", "is no absolute path"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    talk: Client, library: Path, tmp_path: Path, asked: Any, kind: str, what: str
) -> None:
    textures = (Texture(asked.get("path", str(library / "rock_color.png")), asked.get("given", {})),)
    settings = {**PLAIN, **asked.get("settings", {})}
    failed = last(talk, talk.upscale(Task(textures, settings, str(tmp_path / "out"), asked.get("config", ""))))
    assert isinstance(failed, Failed)
    assert failed.kind == kind and what in f"{failed.what}; {failed.fix}"
    assert not (tmp_path / "out" / "rock_color.png").exists()


def test_a_file_of_the_same_name_does_not_take_the_place_of_another(
    talk: Client, library: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other" / "rock_color.png"
    other.parent.mkdir()
    shutil.copy(library / "rock_normal.png", other)
    both = task(library / "rock_color.png", other, into=tmp_path / "out")
    done = last(talk, talk.upscale(both))
    assert isinstance(done, Done)
    first, second = sorted(done.results, key=lambda result: result.path == str(other))
    assert (first.outcome, second.outcome) == ("done", "failed")
    assert f"is what {library / 'rock_color.png'} became; choose another folder" in second.error
    before = (tmp_path / "out" / "rock_color.png").read_bytes()
    (refused,) = upscaled(talk, task(other, into=tmp_path / "out")).values()
    assert refused.outcome == "failed"
    assert (tmp_path / "out" / "rock_color.png").read_bytes() == before
    (library / "rock_color.png").unlink()  # it was moved: the result is the new one's
    (taken,) = upscaled(talk, task(other, into=tmp_path / "out")).values()
    assert taken.outcome == "done"


def test_what_somebody_edited_is_replaced_only_by_force(talk: Client, library: Path, tmp_path: Path) -> None:
    asked = task(library / "rock_color.png", into=tmp_path / "out")
    upscaled(talk, asked)
    (tmp_path / "out" / "rock_color.png").write_bytes(b"retouched")
    (kept,) = upscaled(talk, asked).values()
    assert kept.outcome == "current" and "changed by somebody" in kept.notes[0]
    (forced,) = upscaled(talk, Task(asked.textures, asked.settings, asked.into, force=True)).values()
    assert forced.outcome == "done"
    (tmp_path / "out" / "rock_normal.png").write_bytes(b"of somebody")
    (refused,) = upscaled(talk, task(library / "rock_normal.png", into=tmp_path / "out")).values()
    assert refused.outcome == "failed" and "did not write it" in refused.error


# How it ends


class Raw:
    """A worker with bare pipes."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [*ENGINE.command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def send(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def hear(self) -> Message | None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return message_of(line) if line else None

    def until(self, kind: type[Any]) -> Any:
        while not isinstance(message := self.hear(), kind):
            assert message is not None
        return message


@pytest.fixture
def raw() -> Iterator[Raw]:
    worker = Raw()
    yield worker
    worker.process.kill()
    worker.process.wait()
    for pipe in (worker.process.stdin, worker.process.stdout):
        assert pipe is not None
        pipe.close()


def long(tmp_path: Path) -> Task:
    """A task that takes minutes."""
    source = put(tmp_path / "large_color.png", noise(512, 512, 3))
    return Task((Texture(str(source)),), {"scale": 4, "device": "cpu"}, str(tmp_path / "out"))


def test_it_greets_first_and_says_goodbye(raw: Raw) -> None:
    hello = raw.hear()
    assert isinstance(hello, Hello) and hello.protocol == PROTOCOL and hello.process == raw.process.pid
    raw.send(line_of(Shutdown()))
    assert raw.until(Bye) == Bye("asked")
    assert raw.process.wait(20) == 0


def test_an_idle_one_ends_with_its_host(raw: Raw) -> None:
    raw.hear()
    assert raw.process.stdin is not None
    raw.process.stdin.close()
    assert raw.until(Bye) == Bye("alone")
    assert raw.process.wait(20) == 0


def test_one_that_nobody_asks_anything_ends() -> None:
    worker = Raw("--idle", "0.1")
    try:
        assert worker.until(Bye) == Bye("idle")
        assert worker.process.wait(20) == 0
    finally:
        worker.process.kill()
        worker.process.communicate()


def test_a_busy_one_ends_with_its_host_and_leaves_nothing_half_written(raw: Raw, tmp_path: Path) -> None:
    raw.send(line_of(Upscale(1, long(tmp_path))))
    raw.until(Progress)
    assert raw.process.stdin is not None and raw.process.stdout is not None
    raw.process.stdin.close()
    raw.process.stdout.close()
    assert raw.process.wait(60) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".cg-upscale"]


def test_a_request_is_given_up_in_the_middle_and_the_next_one_done(raw: Raw, tmp_path: Path, library: Path) -> None:
    raw.send(line_of(Upscale(1, long(tmp_path))))
    raw.send(line_of(Upscale(2, task(library / "rock_color.png", into=tmp_path / "other"))))
    raw.send(line_of(Upscale(3, task(library / "rock_normal.png", into=tmp_path / "other"))))
    raw.send(line_of(Cancel(3)))
    raw.until(Progress)
    raw.send(line_of(Cancel(1)))
    assert raw.until((Cancelled, Done)) == Cancelled(1)
    done = raw.until((Cancelled, Done))
    assert isinstance(done, Done) and done.results[0].outcome == "done"
    assert raw.until((Cancelled, Done)) == Cancelled(3)


def test_lines_that_are_no_requests_are_answered_and_passed_over(raw: Raw) -> None:
    raw.send(b"hello?\n\n" + b"x" * 3_000_000 + b"\n" + b'{"do": "sing", "id": 4}\n' + line_of(Shutdown()))
    said = [raw.until(Failed).what for _ in range(3)]
    assert "no JSON" in said[0] and "more than 1,048,576 bytes" in said[1] and "unknown do 'sing'" in said[2]
    assert raw.until(Bye) == Bye("asked")


def test_stray_prints_do_not_break_the_protocol(tmp_path: Path, library: Path) -> None:
    script = tmp_path / "noisy.py"
    script.write_text(
        "import os\n"
        "from cg_upscaler.worker import serve, work\n"
        "do = work.Work.do\n"
        "def loud(self, request):\n"
        "    print('loading weights ...')\n"
        "    os.write(1, b'from C\\n')\n"
        "    os.system('echo from a child; read line')\n"
        "    do(self, request)\n"
        "work.Work.do = loud\n"
        "serve('1.2.3', 60.0)\n"
    )
    with Client(Engine((sys.executable, str(script)), "the test")) as client:
        results = upscaled(client, task(library / "rock_color.png", into=tmp_path / "out"))
    assert results["rock_color.png"].outcome == "done"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind")
def test_a_killed_one_is_told_and_the_next_finishes(library: Path, tmp_path: Path) -> None:
    with Client(ENGINE) as client:
        number = client.upscale(long(tmp_path))
        process = 0
        for message in client.answers(number):
            if isinstance(message, Hello):
                process = message.process
            if isinstance(message, Progress):
                os.kill(process, signal.SIGKILL)
                break
        failed = last(client, number)
        assert isinstance(failed, Failed)
        assert failed.kind == "engine" and "stopped by the system" in failed.what
        results = upscaled(client, task(library / "rock_color.png", into=tmp_path / "out"))
    assert results["rock_color.png"].outcome == "done"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".cg-upscale", "rock_color.png"]


def test_a_run_by_night_into_the_same_folder_is_waited_for(talk: Client, library: Path, tmp_path: Path) -> None:
    from cg_upscaler.flight.turn import turn

    out = tmp_path / "out"
    with turn(out / ".cg-upscale", out, None):
        number = talk.upscale(task(library / "rock_color.png", into=out))
        time.sleep(1.0)
        assert not any(isinstance(message, (Done, Failed)) for message in talk.messages())
    assert isinstance(last(talk, number), Done)


# What the documentation shows


def test_the_example_of_the_documentation_works(library: Path, tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "worker.md").read_text(encoding="utf-8")
    example = page.split("```python\n")[1].split("```")[0]
    example = example.replace("/game/textures/rock_n.png", str(library / "rock_normal.png"))
    example = example.replace("/game/larger", str(tmp_path / "larger")).replace('"scale": 2', '"model": "bicubic"')
    environ = {**os.environ, "CG_UPSCALE": sys.executable}
    said = subprocess.run([sys.executable, "-c", example], env=environ, capture_output=True, text=True, check=True)
    assert "100%" in said.stdout and "outcome='done'" in said.stdout
    assert (tmp_path / "larger" / "rock_normal.png").is_file()


def test_the_page_names_every_word_of_the_protocol() -> None:
    page = (Path(__file__).parents[1] / "docs" / "worker.md").read_text(encoding="utf-8")
    words = [*lines._REQUESTS, *lines._MESSAGES]
    assert [word for word in words if f"`{word}`" not in page and f'"{word}"' not in page] == []
