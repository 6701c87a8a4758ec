"""The recipes of `examples/nightly` work: they are run here as they stand, as far as there is what runs them."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from configparser import RawConfigParser
from pathlib import Path
from xml.etree import ElementTree as ET

import click
import cv2
import pytest
import yaml

from cg_upscaler import cli
from tests.fakes import noise

RECIPES = Path(__file__).parent.parent / "examples" / "nightly"
SCREEN = 60
"""Lines that a recipe has at most."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the recipes are for other systems")

WORKFLOW = yaml.safe_load((RECIPES / "github-actions.yml").read_text("utf-8"))


def steps(job: str) -> list[str]:
    """Return what a job of the workflow runs, in bash."""
    return [step["run"] for step in WORKFLOW["jobs"][job]["steps"] if "run" in step]


def pipeline() -> str:
    """Return what the Jenkinsfile runs, in sh: between single quotes Groovy knows no escape but the backslash."""
    (script,) = re.findall(r"script: '''(.*?)'''", (RECIPES / "Jenkinsfile").read_text("utf-8"), re.DOTALL)
    return str(script).replace("\\\\", "\\")


def unit(name: str) -> RawConfigParser:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    text = (RECIPES / name).read_text("utf-8")
    parser.read_string(text.replace("\\\n", " "))
    return parser


def scripts() -> Iterator[tuple[str, str]]:
    yield "nightly.sh", (RECIPES / "nightly.sh").read_text("utf-8")
    for job in WORKFLOW["jobs"]:
        for step in steps(job):
            yield f"github-actions.yml: {job}", step
    yield "Jenkinsfile", pipeline()
    yield "cg-upscale.service", unit("cg-upscale.service")["Service"]["ExecStart"]


def calls() -> Iterator[tuple[str, list[str]]]:
    """Yield every call of `cg-upscale` in the recipes: where it is, and its arguments."""
    for where, script in scripts():
        for line in filled(script).replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0].rpartition("/")[2] == "cg-upscale":
                yield where, [word for word in words[1:] if not re.match(r"[0-9]?[<>&]", word)]


def filled(script: str, **values: str) -> str:
    """Put values where GitHub does: ``${{ matrix.shard }}``."""
    return re.sub(r"\$\{\{ *(?:\w+\.)*(\w+) *}}", lambda match: values.get(match[1], "1"), script)


CALLS = list(calls())


@pytest.mark.parametrize("recipe", sorted(path.name for path in RECIPES.iterdir()))
def test_each_recipe_fits_on_a_screen(recipe: str) -> None:
    assert len((RECIPES / recipe).read_text("utf-8").splitlines()) <= SCREEN


def test_all_recipes_call_what_is_tested_here() -> None:
    assert {where.partition(":")[0] for where, _ in CALLS} == {
        "nightly.sh", "github-actions.yml", "Jenkinsfile", "cg-upscale.service"
    }  # fmt: skip
    assert {arguments[0] for _, arguments in CALLS} == {"run", "merge"}


@pytest.mark.parametrize(("where", "arguments"), CALLS)
def test_every_option_of_a_recipe_is_one(where: str, arguments: list[str]) -> None:
    name, *rest = (argument.replace("$MAX_CHANGES", "5").replace("$@", "textures") for argument in arguments)
    command = cli.cli.get_command(click.Context(cli.cli), name)
    assert command is not None
    command.make_context(name, rest)  # raises for an option or a value that it does not take


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Put three textures into a folder, and beside it a configuration that needs no weights."""
    textures = tmp_path / "textures"
    for number, name in enumerate(("rock.png", "ui/icon.png", "ui/new\nline.png")):
        (textures / name).parent.mkdir(parents=True, exist_ok=True)
        (textures / name).write_bytes(cv2.imencode(".png", noise(12, 10 + number, 3))[1].tobytes())
    (tmp_path / "game.yaml").write_text("model: bicubic\nscale: 2\n", "utf-8")
    return textures


def shell(
    script: str | Path, *arguments: object, cwd: Path, interpreter: str = "bash", **environment: object
) -> subprocess.CompletedProcess[str]:
    """Run a script, or the text of one, with this environment's `cg-upscale` before all others."""
    command = [interpreter, *(["-e", "-c", script, "-"] if isinstance(script, str) else [script]), *map(str, arguments)]
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=surroundings(cwd, environment),
        capture_output=True,
        text=True,
        check=False,
    )


def surroundings(cwd: Path, more: Mapping[str, object]) -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {
        **os.environ,
        "PATH": path,
        "HOME": str(cwd / "home"),
        "OMP_NUM_THREADS": "1",
        **{k: str(v) for k, v in more.items()},
    }


def tree(folder: Path) -> dict[str, bytes]:
    """Return the files of an output folder, but for what is told of it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.relative_to(folder).parts[0].startswith((".", "_"))
    }


def upscaled(cwd: Path) -> dict[str, bytes]:
    """Return what a plain run makes of the library; here, where all is loaded already."""
    arguments = ["run", cwd / "textures", "--config", cwd / "game.yaml", "--out", cwd / "expected", "--quiet"]
    assert cli.run_cli(list(map(str, arguments))) == 0
    found = tree(cwd / "expected")
    assert len(found) == 3
    return found


# ---- nightly.sh


@pytest.fixture
def stub(tmp_path: Path) -> Path:
    """A `cg-upscale` that does what $DOES says, in a folder that comes first in PATH."""
    path = tmp_path / "bin" / "cg-upscale"
    path.parent.mkdir()
    path.write_text(
        '#!/usr/bin/env bash\nprintf "%s\\n" "$@" >called\necho "texture rock.png: said so" >&2\neval "$DOES"\n'
    )
    path.chmod(0o755)
    return path.parent


def stubbed(stub: Path, does: str, *arguments: str, **environment: object) -> subprocess.CompletedProcess[str]:
    path = f"{stub}{os.pathsep}{os.environ['PATH']}"
    return shell(RECIPES / "nightly.sh", *arguments, cwd=stub.parent, PATH=path, DOES=does, **environment)


def test_nightly_says_nothing_where_nothing_failed(stub: Path) -> None:
    done = stubbed(stub, "exit 0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("code", "words"), [(1, "some textures failed"), (2, "nothing was done"), (4, "quality gates")]
)
def test_nightly_passes_on_the_exit_code_and_what_was_said(stub: Path, code: int, words: str) -> None:
    done = stubbed(stub, f"exit {code}")
    assert done.returncode == code
    assert words in done.stdout and "texture rock.png: said so" in done.stdout
    assert done.stderr == ""


def test_nightly_hands_its_arguments_to_the_run(stub: Path) -> None:
    stubbed(stub, "exit 0", "my textures", "--out", "a b")
    called = (stub.parent / "called").read_text().splitlines()
    assert called[:4] == ["run", "my textures", "--out", "a b"]


def test_nightly_keeps_the_last_nights_and_nothing_else_is_removed(stub: Path) -> None:
    nights = stub.parent / "nights"
    for day in range(1, 21):
        (nights / f"2020-01-{day:02d}T02-00-00Z-7").mkdir(parents=True)
    (nights / "2020-notes").mkdir()
    stubbed(stub, "exit 1", NIGHTS=nights)
    left = sorted(path.name for path in nights.iterdir())
    assert len(left) == 15 and "2020-notes" in left
    assert left[0] == "2020-01-08T02-00-00Z-7"
    assert (nights / left[-1] / "output.txt").read_text() == "texture rock.png: said so\n"


def test_nightly_hands_a_signal_on_and_waits_for_the_run_to_end(stub: Path) -> None:
    does = "trap 'echo drained; exit 130' TERM; echo $$ >ready; while :; do sleep 0.05; done"
    path = f"{stub}{os.pathsep}{os.environ['PATH']}"
    environment = surroundings(stub.parent, {"PATH": path, "DOES": does})
    with subprocess.Popen(
        ["bash", str(RECIPES / "nightly.sh")], cwd=stub.parent, env=environment, stdout=subprocess.PIPE, text=True
    ) as run:
        while not (stub.parent / "ready").exists() or not (stub.parent / "ready").read_text():
            assert run.poll() is None
        run.send_signal(signal.SIGTERM)
        said, _ = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "it was stopped" in said and "drained" in said


def test_nightly_upscales_a_library_and_then_what_changed(library: Path, tmp_path: Path) -> None:
    expected = upscaled(tmp_path)

    def night(number: int) -> tuple[subprocess.CompletedProcess[str], dict]:
        nights = tmp_path / f"nights{number}"
        options = ("textures", "--config", "game.yaml", "--out", "out")
        done = shell(RECIPES / "nightly.sh", *options, cwd=tmp_path, NIGHTS=nights)
        (told,) = nights.iterdir()
        assert [json.loads(line) for line in (told / "events.jsonl").read_text("ascii").splitlines()]
        ET.parse(told / "junit.xml")
        return done, json.loads((told / "summary.json").read_text("utf-8"))

    done, summary = night(1)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert summary["run"]["done"] == 3
    assert tree(tmp_path / "out") == expected
    (library / "rock.png").write_bytes(b"no picture")
    done, summary = night(2)
    assert done.returncode == 1
    assert "rock.png" in done.stdout and "some textures failed" in done.stdout
    assert (summary["run"]["current"], summary["run"]["failed"]) == (2, 1)


def test_two_nights_at_once_do_the_work_once(library: Path, tmp_path: Path) -> None:
    command = ["bash", str(RECIPES / "nightly.sh"), "textures", "--config", "game.yaml", "--out", "out"]
    environment = surroundings(tmp_path, {"NIGHTS": tmp_path / "nights"})
    both = [subprocess.Popen(command, cwd=tmp_path, env=environment) for _ in range(2)]
    assert [run.wait(120) for run in both] == [0, 0]
    runs = [json.loads(path.read_text("utf-8"))["run"] for path in (tmp_path / "nights").glob("*/summary.json")]
    assert sorted((run["done"], run["current"]) for run in runs) == [(0, 3), (3, 0)]


def test_nightly_is_clean_shell() -> None:
    assert shell(f"bash -n {shlex.quote(str(RECIPES / 'nightly.sh'))}", cwd=RECIPES).returncode == 0
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", RECIPES / "nightly.sh"], check=True)


# ---- GitHub Actions


def test_shards_of_the_workflow_merge_to_what_one_run_makes(library: Path, tmp_path: Path) -> None:
    """Each shard runs in a checkout of its own, and hands on what its step of upload takes."""
    expected = upscaled(tmp_path)
    shards = WORKFLOW["jobs"]["upscale"]["strategy"]["matrix"]["shard"]
    merging = checkout(tmp_path, "merge")
    (merging / "shards").mkdir()

    def runner(shard: int) -> None:
        cwd = checkout(tmp_path, f"runner{shard}")
        for step in steps("upscale")[1:]:  # all but the installation
            done = shell(filled(step, shard=str(shard)), cwd=cwd)
            assert done.returncode == 0, done.stderr
        shutil.move(cwd / "shard", merging / "shards" / f"shard-{shard}")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(runner, shards))
    did = [json.loads(path.read_text("utf-8"))["run"]["done"] for path in (merging / "shards").glob("*/summary.json")]
    assert sum(did) == 3 and max(did) < 3
    (merging / "textures.lock").write_text('{"cg-upscale lock": 1}\n', "utf-8")  # as the cache has it of a night before
    for step in steps("merge")[1:]:
        done = shell(step, cwd=merging)
        assert done.returncode == 0, done.stderr
    assert "3 up to date" in done.stderr
    assert tree(merging / "out") == expected
    assert ET.parse(merging / "junit.xml").getroot().get("tests") == "3"
    assert (merging / "out" / "_report" / "report.html").is_file()
    for name in expected:
        assert json.dumps(name) in (merging / "textures.lock").read_text("utf-8")
    for name in ("out", "textures.lock"):  # the next night has these alone
        shutil.move(merging / name, checkout(tmp_path, "next", exist_ok=True) / name)
    shutil.rmtree(tmp_path / "next" / "out" / ".cg-upscale")
    done = shell(filled(steps("upscale")[1], shard=str(shards[0])), cwd=tmp_path / "next")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "next" / "shard" / "summary.json").read_text("utf-8"))["run"]["done"] == 0


def checkout(tmp_path: Path, name: str, *, exist_ok: bool = False) -> Path:
    folder = tmp_path / name
    shutil.copytree(tmp_path / "textures", folder / "textures", dirs_exist_ok=exist_ok)
    shutil.copy(tmp_path / "game.yaml", folder)
    return folder


def test_the_matrix_has_every_shard_once() -> None:
    shards = WORKFLOW["jobs"]["upscale"]["strategy"]["matrix"]["shard"]
    assert shards == list(range(1, len(shards) + 1))
    assert f"/{len(shards)}" in steps("upscale")[1]


def test_the_workflow_names_no_expression_that_github_does_not_know() -> None:
    text = (RECIPES / "github-actions.yml").read_text("utf-8")
    assert set(re.findall(r"\$\{\{ *(.*?) *}}", text)) == {"matrix.shard", "github.run_id", "!cancelled()"}
    for job in WORKFLOW["jobs"].values():
        for step in job["steps"]:
            assert step.keys() <= {"uses", "with", "run", "if", "name"} and len(step.keys() & {"uses", "run"}) == 1


# ---- Jenkins


def test_the_pipeline_upscales_a_library_and_leaves_what_it_archives(library: Path, tmp_path: Path) -> None:
    expected = upscaled(tmp_path)
    for done in (3, 0):
        ended = shell(pipeline(), cwd=tmp_path, interpreter="sh", MAX_CHANGES=5)
        assert ended.returncode == 0, ended.stderr
        summary = json.loads((tmp_path / "told" / "summary.json").read_text("utf-8"))
        assert summary["run"]["done"] == done
    assert tree(tmp_path / "out") == expected
    for told in ("told/junit.xml", "told/events.jsonl", "textures.lock", "out/_report/report.html"):
        assert (tmp_path / told).is_file()


def test_the_pipeline_stops_before_a_surprise(library: Path, tmp_path: Path) -> None:
    assert shell(pipeline(), cwd=tmp_path, interpreter="sh", MAX_CHANGES=2).returncode == 2
    assert not (tmp_path / "out" / "rock.png").exists()


def test_the_jenkinsfile_closes_what_it_opens() -> None:
    text = (RECIPES / "Jenkinsfile").read_text("utf-8")
    for part in (r"(?s:'''.*?''')", r"//.*", r"'[^'\n]*'", r"\"[^\"\n]*\""):
        text = re.sub(part, "", text)
    assert "'" not in text and '"' not in text
    for opening, closing in ("{}", "()"):
        assert text.count(opening) == text.count(closing) > 0


# ---- systemd


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd")
    program = shutil.which("true")
    for name in ("cg-upscale.service", "cg-upscale.timer"):
        text = (RECIPES / name).read_text("utf-8").replace("/opt/cg-upscaler/bin/cg-upscale", str(program))
        (tmp_path / name).write_text(text.replace("User=textures", "User=root"), "utf-8")
    units = [str(tmp_path / name) for name in ("cg-upscale.service", "cg-upscale.timer")]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_service_upscales_a_library(library: Path, tmp_path: Path) -> None:
    expected = upscaled(tmp_path)
    service = unit("cg-upscale.service")["Service"]
    (tmp_path / "etc").mkdir()
    shutil.move(tmp_path / "game.yaml", tmp_path / "etc")
    command = service["ExecStart"].replace("/opt/cg-upscaler/bin/", "")
    for before, after in (
        ("/srv/textures-4x", "out"), ("/srv/textures", "textures"), ("/etc/cg-upscale", "etc"), ("%S", "state"),
        ("%L", "logs"), ("/var/lib/node_exporter/textfile", "textfile"),
    ):  # fmt: skip
        command = command.replace(before, str(tmp_path / after))
    done = shell(command, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert tree(tmp_path / "out") == expected
    assert 'outcome="done"} 3' in (tmp_path / "textfile" / "cg-upscale.prom").read_text("utf-8")
    assert (tmp_path / "logs" / "cg-upscale" / "events.jsonl").is_file()


def test_the_service_may_write_wherever_it_is_told_to() -> None:
    service = unit("cg-upscale.service")["Service"]
    words = service["ExecStart"].split()
    written = [words[words.index(option) + 1] for option in ("--out", "--state", "--log", "--summary", "--prometheus")]
    allowed = [*service["ReadWritePaths"].split(), "%S/" + service["StateDirectory"], "%L/" + service["LogsDirectory"]]
    for path in written:
        assert any(path == folder or path.startswith(folder + "/") for folder in allowed), path
