"""The plugins are packed whole, put where their hosts look, and know where the engine is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from cg_upscaler import cli, client, hosts

ROOT = Path(__file__).parents[1]
CLIENT = {f"client/{path.name}" for path in Path(client.__file__).parent.glob("*.py")}


def ran(*arguments: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = cli.run_cli(["plugins", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who never started any host."""
    for name in ("BLENDER_USER_RESOURCES", "BLENDER_USER_EXTENSIONS", "SUBSTANCE_PAINTER_PLUGINS_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path


# Packing


def test_each_zip_holds_the_plugin_and_the_client(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran("build", "--to", tmp_path, capsys=capsys)
    blender, painter = map(Path, out.splitlines())
    assert code == 0
    own = {path.name for path in (ROOT / "plugins" / "blender" / "cg_upscaler").iterdir() if path.is_file()}
    assert set(zipfile.ZipFile(blender).namelist()) == own | CLIENT
    folder = "cg_upscaler_painter"
    own = {path.name for path in (ROOT / "plugins" / "substance_painter" / folder).iterdir() if path.is_file()}
    assert set(zipfile.ZipFile(painter).namelist()) == {f"{folder}/{name}" for name in own | CLIENT}


def test_the_same_files_make_the_same_zip(tmp_path: Path) -> None:
    for name in ("a", "b"):
        hosts.write_zip(hosts.plugin("blender"), tmp_path / name / "x.zip")
    assert (tmp_path / "a" / "x.zip").read_bytes() == (tmp_path / "b" / "x.zip").read_bytes()


def test_plugins_have_the_version_of_the_package() -> None:
    manifest = (ROOT / "plugins" / "blender" / "cg_upscaler" / "blender_manifest.toml").read_text("utf-8")
    assert f'\nversion = "{metadata.version("cg-upscaler")}"\n' in manifest


def test_a_wheel_holds_the_plugins(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for name in (
        "cg_upscaler/__init__.py",
        "pyproject.toml",
        "setup.py",
        "README.md",
        "LICENSE",
        "NOTICE",
        "MANIFEST.in",
    ):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((ROOT / name).read_bytes())
    os.symlink(ROOT / "plugins", copy / "plugins")
    code = "import setuptools.build_meta as b; print(b.build_wheel('dist'))"
    subprocess.run([sys.executable, "-c", code], cwd=copy, check=True, capture_output=True)
    (wheel,) = (copy / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "cg_upscaler/plugins/blender/cg_upscaler/blender_manifest.toml" in names
    assert "cg_upscaler/plugins/substance_painter/cg_upscaler_painter/__init__.py" in names


# Putting in place


def test_a_plugin_is_put_in_place_and_knows_the_engine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ran("install", "painter", "--to", tmp_path, capsys=capsys)
    folder = tmp_path / "cg_upscaler_painter"
    assert code == 0
    assert str(folder) in out
    assert "tick cg_upscaler_painter" in err
    engine = client.find_engine(beside=str(folder), environ={})
    assert engine == client.Engine((sys.executable, "-I", "-u", "-m", "cg_upscaler.cli", "worker"), "the installation")
    assert os.listdir(tmp_path) == ["cg_upscaler_painter"]


def test_an_older_one_is_replaced_whole(tmp_path: Path) -> None:
    folder = hosts.write_folder(hosts.plugin("blender"), tmp_path, engine="/old")
    (folder / "left_over.py").touch()
    (folder / "panels.py").write_text("old")
    hosts.write_folder(hosts.plugin("blender"), tmp_path, engine="/new")
    assert not (folder / "left_over.py").exists()
    assert (folder / "panels.py").read_text("utf-8") != "old"
    assert json.loads((folder / "engine.json").read_text("utf-8")) == {"engine": "/new"}


@pytest.mark.parametrize("there", ["file", "folder", "link"])
def test_what_is_not_ours_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str], there: str) -> None:
    place = tmp_path / "place" / "cg_upscaler"
    place.parent.mkdir()
    if there == "file":
        place.write_text("mine")
    elif there == "folder":
        place.mkdir()
        (place / "mine.txt").write_text("mine")
    else:
        os.symlink(ROOT / "plugins" / "blender" / "cg_upscaler", place)
    code, _, err = ran("install", "blender", "--to", place.parent, capsys=capsys)
    assert code == 1
    assert "is something else than this plugin, and is left alone; move it away" in err
    assert place.is_symlink() or place.is_file() or os.listdir(place) == ["mine.txt"]


def test_a_failure_in_the_middle_leaves_the_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = hosts.plugin("blender")
    folder = hosts.write_folder(plugin, tmp_path, engine="/old")
    real, calls = os.rename, []

    def rename(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(13, "Permission denied", str(source))
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(Exception, match="Permission denied; close the program that uses it"):
        hosts.write_folder(plugin, tmp_path, engine="/new")
    assert json.loads((folder / "engine.json").read_text("utf-8")) == {"engine": "/old"}
    assert os.listdir(tmp_path) == ["cg_upscaler"]


# Where hosts look


def test_each_blender_that_has_extensions_gets_one(nobody: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for version in ("3.6", "4.1", "4.2", "4.10", "5.0", "nonsense"):
        (nobody / "blender" / version).mkdir(parents=True)
    code, out, _ = ran("install", "blender", capsys=capsys)
    assert code == 0
    assert [line.partition(":")[0] for line in out.splitlines()] == ["Blender 4.2", "Blender 4.10", "Blender 5.0"]
    for version in ("4.2", "4.10", "5.0"):
        folder = nobody / "blender" / version / "extensions" / "user_default" / "cg_upscaler"
        assert (folder / "blender_manifest.toml").is_file()
        assert (folder / "client" / "session.py").is_file()
    assert not (nobody / "blender" / "4.1" / "extensions").exists()


def test_where_no_blender_is_found_it_says_how_to_name_one(nobody: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = ran("install", "blender", capsys=capsys)
    assert code == 2
    assert "no Blender of version 4.2 or later was found" in err
    assert "--to" in err


@pytest.mark.parametrize(
    ("system", "environ", "ending"),
    [
        ("win32", {"APPDATA": "{home}"}, "Blender Foundation/Blender/4.5/extensions/user_default"),
        ("linux", {"XDG_CONFIG_HOME": "{home}"}, "blender/4.5/extensions/user_default"),
        ("linux", {"BLENDER_USER_RESOURCES": "{home}/r"}, "r/extensions/user_default"),
        ("linux", {"BLENDER_USER_RESOURCES": "{home}/r", "BLENDER_USER_EXTENSIONS": "{home}/e"}, "e/user_default"),
    ],
)
def test_blender_is_asked_as_it_asks_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, environ: dict[str, str], ending: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    (tmp_path / "Blender Foundation" / "Blender" / "4.5").mkdir(parents=True)
    (tmp_path / "blender" / "4.5").mkdir(parents=True)
    found = hosts.places("blender", {name: text.format(home=tmp_path) for name, text in environ.items()})
    assert [place.folder for place in found] == [tmp_path / ending]


def test_painter_is_asked_as_it_asks_itself(nobody: Path) -> None:
    (usual,) = hosts.places("painter", {})
    assert usual.folder.parts[-4:] == ("Adobe", "Adobe Substance 3D Painter", "python", "plugins")
    several = os.pathsep.join([str(nobody / "shared"), "/other"])
    (named,) = hosts.places("painter", {"SUBSTANCE_PAINTER_PLUGINS_PATH": several})
    assert named.folder == nobody / "shared" / "plugins"


# By Blender itself


@pytest.fixture
def blender(tmp_path: Path) -> Path:
    """A program that notes how it was called, and ends as the first word of a file beside it says."""
    program = tmp_path / "blender"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, pathlib, shutil, sys\n"
        "here = pathlib.Path(__file__).parent\n"
        "shutil.copy(sys.argv[-1], here / 'taken.zip')\n"
        "(here / 'called.json').write_text(json.dumps(sys.argv[1:-1]))\n"
        "sys.exit((here / 'ends.txt').read_text() if (here / 'ends.txt').exists() else 0)\n"
    )
    program.chmod(0o755)
    return program


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
def test_a_blender_installs_a_zip_that_knows_the_engine(blender: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran("install", "blender", "--with", blender, capsys=capsys)
    assert code == 0
    assert "switched on" in out
    called = json.loads((blender.parent / "called.json").read_text("utf-8"))
    assert called == ["--command", "extension", "install-file", "-r", "user_default", "-e"]
    with zipfile.ZipFile(blender.parent / "taken.zip") as taken:
        assert json.loads(taken.read("engine.json")) == {"engine": sys.executable}


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
def test_a_blender_that_cannot_is_quoted(blender: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (blender.parent / "ends.txt").write_text("unknown command 'extension'")
    code, _, err = ran("install", "blender", "--with", blender, capsys=capsys)
    assert code == 1
    assert "did not install the extension: unknown command 'extension'; name the program of Blender 4.2" in err


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = ran("install", "painter", "--to", tmp_path / "file" / "below", capsys=capsys)
    assert code == 1
    assert "cannot be written" in err
