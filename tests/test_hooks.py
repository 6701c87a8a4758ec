"""Commands before a read-only output is replaced, and after a run."""

import json
import os
import sys
from pathlib import Path

import cv2
import pytest

from cg_upscaler import cli
from cg_upscaler.errors import OutputError, UsageError
from cg_upscaler.flight.hooks import run_after, unlocking
from tests.fakes import noise

PYTHON = Path(sys.executable).as_posix()
UNLOCK = f"""{PYTHON} -c "import os, sys; os.chmod(sys.argv[1], 0o644)" {{path}}"""
NOTHING = f"{PYTHON} -c pass"
KEEP = f"""{PYTHON} -c "import shutil, sys; [shutil.copy(*each.split('=')) for each in sys.argv[1:]]" """


def save(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", noise(12, 10, 3, seed))[1].tobytes())


@pytest.fixture
def library(tmp_path):
    for seed, name in enumerate(("rock.png", "wall.png")):
        save(tmp_path / "textures" / name, seed)
    return tmp_path / "textures"


@pytest.fixture
def run(library, tmp_path, capfd):
    def run(*options, **settings):
        config = tmp_path / "game.yaml"
        config.write_text(json.dumps({"model": "bicubic", **settings}), encoding="utf-8")
        where = ("--config", config, "--out", tmp_path / "out")
        code = cli.run_cli([str(word) for word in ("run", library, *where, *options)])
        return int(code), capfd.readouterr().err

    return run


@pytest.fixture
def locked(library, run, tmp_path):
    """A read-only output whose source has changed."""
    assert run()[0] == 0
    output = tmp_path / "out" / "rock.png"
    output.chmod(0o444)
    save(library / "rock.png", seed=7)
    return output


def test_a_command_makes_an_output_writable_and_it_is_replaced(run, locked):
    before = locked.read_bytes()
    code, err = run(before_write=UNLOCK)
    assert code == 0 and "1 upscaled" in err
    assert locked.read_bytes() != before
    assert os.access(locked, os.W_OK)


def test_without_a_command_a_read_only_output_stays(run, locked):
    before = locked.read_bytes()
    code, err = run()
    assert code == 1 and "is read-only, as version control makes it" in err
    assert locked.read_bytes() == before


def test_force_does_not_reach_a_read_only_output_without_a_command(run, locked):
    before = locked.read_bytes()
    code, err = run("--force")
    assert code == 1 and "is read-only" in err and "before_write" in err
    assert locked.read_bytes() == before
    assert run("--force", before_write=UNLOCK)[0] == 0
    assert locked.read_bytes() != before


def test_a_command_makes_a_source_writable_that_is_to_be_replaced(library, tmp_path, capfd):
    source = library / "rock.png"
    source.chmod(0o444)
    before = source.read_bytes()
    config = tmp_path / "game.yaml"

    def run(**settings):
        config.write_text(json.dumps({"model": "bicubic", **settings}), encoding="utf-8")
        code = cli.run_cli(["run", str(library), "--config", str(config), "--overwrite"])
        return int(code), capfd.readouterr().err

    code, err = run()
    assert code == 1 and "is read-only" in err and source.read_bytes() == before
    assert run(before_write=UNLOCK)[0] == 0
    assert source.read_bytes() != before


def test_a_command_makes_what_goes_with_a_texture_writable(run, library, tmp_path):
    atlas = library / "rock.xml"
    atlas.write_text('<TextureAtlas imagePath="rock.png"><SubTexture name="a" x="0" y="0" width="4" height="4"/>')
    atlas.write_text(atlas.read_text() + "</TextureAtlas>")
    assert run()[0] == 0
    out = tmp_path / "out" / "rock.xml"
    out.chmod(0o444)
    before = out.read_bytes()
    atlas.write_text(atlas.read_text().replace('x="0"', 'x="2"'))
    code, err = run()
    assert code == 1 and "is read-only" in err and out.read_bytes() == before
    code, err = run(before_write=UNLOCK)
    assert code == 0, err
    assert b'x="8"' in out.read_bytes()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (f"""{PYTHON} -c "import sys; sys.exit('no such client')" {{path}}""", "failed: exit code 1: no such client"),
        (NOTHING + " {path}", "is still read-only after"),
        ("no-such-program-here edit {path}", "failed: no-such-program-here: No such file or directory"),
    ],
)
def test_a_command_that_does_not_help_leaves_the_output_and_says_why(run, locked, command, words):
    before = locked.read_bytes()
    code, err = run(before_write=command)
    assert code == 1
    assert f"failed: {locked}: is" in err and words in err and "check the command" in err
    assert locked.read_bytes() == before
    assert "1 up to date" in err  # the others are none the worse for it
    assert not [path for path in locked.parent.iterdir() if ".cgtmp" in path.name]


@pytest.mark.parametrize(("command", "words"), [("p4 edit", "does not say {path}"), ("p4 'edit {path}", "no command")])
def test_what_is_no_command_is_refused_before_anything_is_written(run, tmp_path, command, words):
    code, err = run(before_write=command)
    assert code == 2 and words in err
    assert not list((tmp_path / "out").glob("*.png"))


@pytest.mark.parametrize("name", ["a b.png", "$(touch gone).png", "; touch gone #.png", "'\".png", "{path}.png"])
def test_nothing_of_a_name_means_anything_to_a_shell(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / name
    file.write_text("")
    file.chmod(0o444)
    unlocking(UNLOCK)(file)
    assert os.access(file, os.W_OK)
    assert os.listdir(tmp_path) == [name]


def test_a_value_is_not_looked_at_for_further_placeholders(tmp_path):
    said = tmp_path / "said"
    write = f"""{PYTHON} -c "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(' '.join(sys.argv[2:]))" """
    failure = run_after(f"{write} {said.as_posix()} {{changes}}", {"changes": "{summary}", "summary": "no"})
    assert failure == "" and said.read_text() == "{summary}"


def test_a_file_that_stays_read_only_raises(tmp_path):
    file = tmp_path / "rock.png"
    file.write_text("")
    file.chmod(0o444)
    with pytest.raises(OutputError, match="is still read-only"):
        unlocking(NOTHING + " {path}")(file)


def test_an_empty_command_is_none():
    with pytest.raises(UsageError, match="empty command"):
        unlocking("  ")


def test_commands_after_a_run_get_what_changed_and_the_summary(run, library, tmp_path):
    changes, summary = tmp_path / "changes", tmp_path / "summary"
    command = KEEP + f"{{changes}}={changes.as_posix()} {{summary}}={summary.as_posix()}"
    assert run(after_run=command)[0] == 0
    out = tmp_path / "out"
    assert changes.read_text().splitlines() == [str(out / "rock.png"), str(out / "wall.png")]
    assert json.loads(summary.read_text())["changed"] == ["rock.png", "wall.png"]
    save(library / "wall.png", seed=9)
    assert run(after_run=command)[0] == 0
    assert changes.read_text().splitlines() == [str(out / "wall.png")]


def test_commands_after_a_run_that_changed_nothing_are_not_run(run, tmp_path):
    assert run()[0] == 0
    there = tmp_path / "there"
    assert run(after_run=KEEP + f"{{changes}}={there.as_posix()}")[0] == 0
    assert not there.exists()


def test_what_was_pruned_is_a_change(run, library, tmp_path):
    assert run()[0] == 0
    (library / "rock.png").unlink()
    there = tmp_path / "there"
    assert run("--prune", "--force", after_run=KEEP + f"{{changes}}={there.as_posix()}")[0] == 0
    assert str(tmp_path / "out" / "rock.png") in there.read_text().splitlines()


def test_a_failing_command_after_a_run_is_told_and_the_next_is_run(run, tmp_path):
    there = tmp_path / "there"
    failing = f"""{PYTHON} -c "import sys; sys.exit('the server is down')" """
    code, err = run(after_run=[failing, KEEP + f"{{changes}}={there.as_posix()}"])
    assert code == 1
    assert "failed: 'after_run' command" in err and "exit code 1: the server is down" in err
    assert there.exists()


def test_a_missing_program_after_a_run_is_told(run):
    code, err = run(after_run="no-such-program-here {changes}")
    assert code == 1 and "no-such-program-here: No such file or directory" in err


@pytest.mark.skipif(os.name == "nt", reason="kills with a signal")
def test_commands_of_a_child_process_are_not_children_themselves(monkeypatch, tmp_path):
    from cg_upscaler.cli import supervision

    monkeypatch.setattr(supervision, "_given", None)
    monkeypatch.setenv("CG_UPSCALE_CHILD", str(tmp_path / "child.json"))
    assert supervision.is_child()
    assert "CG_UPSCALE_CHILD" not in os.environ
    assert supervision.is_child()
