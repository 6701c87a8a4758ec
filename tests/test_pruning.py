"""Results that belong to no texture any more are removed on request: nobody's edits, and not many by mistake."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from cg_upscaler import cli
from tests.libraries import FONT, Library, tree


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Two folders of two textures each, all done."""
    found = Library(tmp_path)
    for seed, name in enumerate(["a/moss.png", "a/rock.png", "b/door.png", "b/wall.png"]):
        found.add(name, seed=seed)
    found.run()
    return found


def drop(library: Library, *names: str) -> None:
    for name in names:
        (library.textures / name).unlink()


def test_nothing_is_removed_without_being_asked(library: Library) -> None:
    drop(library, "a/rock.png")
    library.run()
    assert "a/rock.png" in tree(library.out)
    assert library.plan().orphans == ("a/rock.png",)


@pytest.mark.parametrize("settled", [False, True])
def test_a_result_without_a_source_is_removed(library: Library, settled: bool) -> None:
    drop(library, "a/rock.png")
    if settled:
        library.run()
    library.run("--prune")
    assert tree(library.out).keys() == {"a/moss.png", "b/door.png", "b/wall.png"}
    assert library.plan().orphans == ()
    assert library.planned() == []


def test_folders_that_hold_nothing_any_more_go_too(library: Library) -> None:
    drop(library, "a/moss.png", "a/rock.png")
    (library.textures / "a").rmdir()
    library.run("--prune", "--force")
    assert not (library.out / "a").exists()
    assert tree(library.out).keys() == {"b/door.png", "b/wall.png"}


def test_a_folder_with_somebody_s_file_stays(library: Library) -> None:
    drop(library, "a/moss.png", "a/rock.png")
    (library.out / "a" / "notes.txt").write_text("keep")
    library.run("--prune", "--force")
    assert tree(library.out).keys() == {"a/notes.txt", "b/door.png", "b/wall.png"}


@pytest.mark.parametrize("force", [False, True])
def test_an_edited_result_is_kept_and_told(library: Library, force: bool, capsys: pytest.CaptureFixture[str]) -> None:
    drop(library, "a/rock.png")
    (library.out / "a" / "rock.png").write_bytes(b"retouched")
    library.run("--prune", *(["--force"] if force else []))
    assert "note: a/rock.png: was changed by somebody since this tool wrote it" in capsys.readouterr().err
    assert (library.out / "a" / "rock.png").read_bytes() == b"retouched"


def test_an_edited_result_without_a_source_keeps_no_folder_open(library: Library) -> None:
    drop(library, "a/rock.png")
    (library.out / "a" / "rock.png").write_bytes(b"retouched")
    library.run()
    assert library.planned() == []


def test_a_read_only_result_is_kept_and_told_unless_forced(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    drop(library, "a/rock.png")
    (library.out / "a" / "rock.png").chmod(stat.S_IREAD)
    library.run("--prune")
    assert "note: a/rock.png: is read-only" in capsys.readouterr().err
    assert "a/rock.png" in tree(library.out)
    library.run("--prune", "--force")
    assert "a/rock.png" not in tree(library.out)


def test_many_are_not_removed_unless_forced(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    drop(library, "a/moss.png", "b/door.png")
    library.run("--prune", code=1)
    assert "nothing is pruned: 2 of 4 results" in capsys.readouterr().err
    assert len(tree(library.out)) == 4
    library.run("--prune", "--force")
    assert tree(library.out).keys() == {"a/rock.png", "b/wall.png"}


@pytest.mark.parametrize("only", [("--only", "b/*"), ("--shard", "1/1")])
def test_nothing_is_removed_by_a_run_over_a_part(library: Library, only: tuple[str, str]) -> None:
    drop(library, "a/rock.png")
    library.run("--prune", *only, code=1)
    assert "a/rock.png" in tree(library.out)


def test_nothing_is_removed_where_a_folder_could_not_be_read(
    library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A network drive that goes away looks like a folder with nothing in it, or like one that cannot be read."""
    drop(library, "a/rock.png")
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("textures/b"):
            raise OSError(5, "Input/output error")
        return real(path)

    monkeypatch.setattr("cg_upscaler.library.scan.os.scandir", scandir)
    library.run("--prune", code=1)
    assert "nothing is pruned: not all of the library was seen" in capsys.readouterr().err
    assert len(tree(library.out)) == 4


def test_a_library_that_is_not_there_removes_nothing(library: Library) -> None:
    library.textures.rename(library.place / "away")
    library.run("--prune", "--force", code=2)
    library.textures.mkdir()
    library.run("--prune", code=2)
    assert len(tree(library.out)) == 4


def test_removed_results_are_told_to_what_runs_after(library: Library) -> None:
    drop(library, "a/rock.png")
    library.configure(f"after_run: cp {{changes}} {library.place}/told\n")
    library.run("--prune")
    assert (library.place / "told").read_text() == f"{library.out}/a/rock.png\n"


# Results that others replace


@pytest.mark.parametrize("settled", [False, True])
def test_what_another_format_replaces_is_removed(library: Library, settled: bool) -> None:
    library.configure("rules: [{match: a/rock.png, format: tga}]\n")
    assert library.plan().orphans == ("a/rock.png",)
    if settled:
        library.run()
        assert library.planned() == []
        assert library.plan().orphans == ("a/rock.png",)
    library.run("--prune")
    assert tree(library.out).keys() == {"a/moss.png", "a/rock.tga", "b/door.png", "b/wall.png"}
    assert library.planned() == []


def test_what_was_replaced_and_edited_or_removed_by_hand_keeps_no_folder_open(library: Library) -> None:
    library.configure("rules: [{match: a/*, format: tga}]\n")
    library.run()
    (library.out / "a" / "rock.png").unlink()
    (library.out / "a" / "moss.png").write_bytes(b"retouched")
    library.run()
    assert library.planned() == []


def test_what_could_not_be_replaced_is_kept(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    library.configure("rules: [{match: a/rock.png, format: tga}]\n")
    (library.out / "a" / "rock.tga").write_bytes(b"somebody's own")
    library.run("--prune", code=1)
    assert "note: a/rock.png: what takes its place is not there yet" in capsys.readouterr().err
    assert "a/rock.png" in tree(library.out)


def test_a_rejected_result_and_a_skipped_texture_s_are_none_of_these(library: Library) -> None:
    library.configure(
        "rules: [{match: a/rock.png, quality: {min_consistency: 500}}, {match: b/door.png, skip: ours}]\n"
    )
    for _ in range(2):
        library.run("--prune", code=4)
    assert library.plan().orphans == ()
    assert tree(library.out).keys() >= {"a/rock.png", "_rejected/a/rock.png", "b/door.png"}
    library.configure()
    library.run("--prune")
    assert "_rejected/a/rock.png" not in library.plan().orphans
    assert "a/rock.png" in tree(library.out)


def test_descriptions_are_none_of_these_unless_they_are_gone(library: Library) -> None:
    library.write("b/wall.fnt", FONT)
    library.run()
    library.run("--prune")
    assert "b/wall.fnt" in tree(library.out)
    drop(library, "b/wall.fnt")
    library.run("--prune")
    assert "b/wall.fnt" not in tree(library.out)
    assert "b/wall.png" in tree(library.out)


def test_results_beside_their_sources_are_told_apart_from_these(tmp_path: Path) -> None:
    library = Library(tmp_path)
    library.add("rock.png")
    run = ["run", str(library.textures), "-c", str(tmp_path / "game.yaml"), "--beside", "--suffix", "_2x"]
    assert cli.run_cli(run) == 0
    assert tree(library.textures).keys() == {"rock.png", "rock_2x.png"}
    library.add("wall.png", seed=1)
    drop(library, "rock.png")
    assert cli.run_cli([*run, "--prune"]) == 0
    assert tree(library.textures).keys() == {"wall.png", "wall_2x.png"}
