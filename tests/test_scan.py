"""Walking a library finds each texture once, in a stable order, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cg_upscaler.errors import UsageError
from cg_upscaler.library.globs import matches
from cg_upscaler.library.scan import Scan, scan


def grow(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return root


def names(result: Scan) -> list[str]:
    return [item.name for item in result.found]


def link(at: Path, to: Path) -> None:
    try:
        at.symlink_to(to, target_is_directory=to.is_dir())
    except OSError:
        pytest.skip("no links on this system")


def test_order_ignores_case_and_the_file_system(tmp_path: Path) -> None:
    grow(tmp_path, "b.png", "A.png", "a/z.TGA", "C/d.dds")
    assert names(scan(tmp_path)) == ["A.png", "a/z.TGA", "b.png", "C/d.dds"]


def test_hidden_folders_and_files_are_passed_over(tmp_path: Path) -> None:
    grow(tmp_path, "a.png", "._a.png", ".git/b.png", ".cg-upscale/c.png", "d/.hidden/e.png")
    assert names(scan(tmp_path)) == ["a.png"]


def test_what_this_tool_wrote_is_no_source(tmp_path: Path) -> None:
    grow(tmp_path, "a.png", "out/a.png")
    assert names(scan(tmp_path, ours=lambda path: Path(path).parent.name == "out")) == ["a.png"]


def test_other_files_are_counted_and_some_named(tmp_path: Path) -> None:
    grow(tmp_path, "a.png", "README.md", *(f"m{i}.obj" for i in range(9)))
    result = scan(tmp_path)
    assert (names(result), result.other, len(result.examples)) == (["a.png"], 10, 5)
    assert "README.md" in {*result.examples, *scan(tmp_path, only=["*.md"]).examples}


def test_sidecars_are_listed_and_are_no_others(tmp_path: Path) -> None:
    grow(tmp_path, "a.png", "a.png.meta", "b/m.VMT", "c.gltf", "d.mtlx", "readme.txt")
    result = scan(tmp_path, ours=lambda path: Path(path).name == "d.mtlx")
    assert (result.sidecars, result.other) == (("a.png.meta", "b/m.VMT", "c.gltf"), 1)


def test_what_was_not_asked_for_is_still_known_by_name(tmp_path: Path) -> None:
    grow(tmp_path, "a.png", "a_n.png", "a.png.meta", "b/c.png")
    result = scan(tmp_path, only=["a.png"])
    assert (names(result), result.names) == (["a.png"], ("a.png", "a_n.png", "b/c.png"))
    result = scan(tmp_path / "a.png")
    assert (names(result), result.names, result.sidecars) == (["a.png"], ("a.png", "a_n.png"), ("a.png.meta",))


def test_a_single_file_is_a_library(tmp_path: Path) -> None:
    grow(tmp_path, "a.png", "b.png")
    result = scan(tmp_path / "b.png")
    assert [(item.name, item.path) for item in result.found] == [("b.png", tmp_path / "b.png")]


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert scan(tmp_path) == Scan((), ())


def test_a_missing_library_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere: no such file or folder"):
        scan(tmp_path / "nowhere")


def test_only_keeps_what_its_globs_match(tmp_path: Path) -> None:
    grow(tmp_path, "a_n.png", "a.png", "walls/b_N.png", "ui/b.png")
    assert names(scan(tmp_path, only=["*_n.*", "ui/**"])) == ["a_n.png", "ui/b.png", "walls/b_N.png"]


def test_names_that_differ_in_case_only_are_problems(tmp_path: Path) -> None:
    grow(tmp_path, "Rock.png", "rock.PNG", "moss.png")
    if len(os.listdir(tmp_path)) < 3:
        pytest.skip("this file system takes them for one")
    result = scan(tmp_path)
    assert names(result) == ["moss.png"]
    assert {problem.name for problem in result.problems} == {"Rock.png", "rock.PNG"}
    assert "Rock.png" in next(problem.message for problem in result.problems if problem.name == "rock.PNG")


def test_links_that_lead_in_circles_end(tmp_path: Path) -> None:
    grow(tmp_path, "library/a/x.png", "library/b/y.png", "beside/z.png")
    library = tmp_path / "library"
    for at, to in [("a/up", "."), ("a/b", "b"), ("b/a", "a"), ("out", "../beside"), ("out2", "..")]:
        link(library / at, library / to)
    link(tmp_path / "beside" / "back", library)
    assert names(scan(library)) == ["a/x.png", "b/y.png", "out/z.png"]


def test_links_to_nothing_are_problems(tmp_path: Path) -> None:
    grow(tmp_path, "a.png")
    link(tmp_path / "gone.png", tmp_path / "nowhere.png")
    link(tmp_path / "self.png", tmp_path / "self.png")
    result = scan(tmp_path)
    assert names(result) == ["a.png"]
    assert [problem.name for problem in result.problems] == ["gone.png", "self.png"]


def test_a_folder_that_cannot_be_read_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(tmp_path, "a.png", "locked/b.png")
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    result = scan(tmp_path)
    assert names(result) == ["a.png"]
    assert [(problem.name, problem.message) for problem in result.problems] == [
        ("locked", "the folder cannot be read: Permission denied")
    ]


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*.png", "a/b/c.PNG"),
        ("rock_*", "walls/Rock_01.tga"),
        ("ui/**", "ui/a/b.png"),
        ("UI/", "ui/a/b.png"),
        ("**/ui/**", "ui/b.png"),
        ("**/ui/**", "game/ui/a/b.png"),
        ("**/*_n.dds", "a_n.dds"),
        ("walls/*.png", "walls/a.png"),
        ("/walls/*", "walls/a.png"),
        ("walls\\*", "walls/a.png"),
        ("./walls/*", "walls/a.png"),
        ("walls/**/a.png", "walls/a.png"),
        ("walls/**/a.png", "walls/x/y/a.png"),
        ("a_[0-9].png", "a_7.png"),
        ("a_[!0-9].png", "a_x.png"),
        ("a?.png", "ab.png"),
        ("[x.png", "[x.png"),
        ("a+(b).png", "a+(b).png"),
        ("**", "a/b.png"),
    ],
)
def test_globs_that_match(pattern: str, name: str) -> None:
    assert matches(name, [pattern])


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*.png", "a.png.bak"),
        ("ui/**", "game/ui/b.png"),
        ("ui/**", "ui.png"),
        ("walls/*.png", "walls/x/a.png"),
        ("**/ui/**", "gui/b.png"),
        ("rock", "rock/a.png"),
        ("a.png", "axpng"),
        ("a_[!0-9].png", "a_7.png"),
        ("a?b.png", "a/b.png"),
        ("", "a.png"),
    ],
)
def test_globs_that_do_not_match(pattern: str, name: str) -> None:
    assert not matches(name, [pattern])


def test_no_globs_match_nothing() -> None:
    assert not matches("a.png", [])


def test_a_name_that_is_no_text_is_a_problem_that_can_be_printed(tmp_path: Path) -> None:
    try:
        (tmp_path / "rock\udcff.png").write_bytes(b"x")
    except (OSError, UnicodeError):
        pytest.skip("this system allows no such names")
    (problem,) = scan(tmp_path).problems
    assert problem.name == "rock\\udcff.png"
    assert "Unicode" in problem.message
    assert not scan(tmp_path).found
