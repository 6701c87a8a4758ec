"""Folders in which nothing changed are not planned again; whatever may reach a plan has them planned again."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cg_upscaler import codecs
from cg_upscaler.errors import SourceChanged
from cg_upscaler.library import unchanged
from tests.libraries import FONT, HOUR, Library, age
from tests.test_sidecars import gltf

A, B = ["a/moss.png", "a/rock.png"], ["b/wall.png"]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Three folders, all done."""
    found = Library(tmp_path)
    for seed, name in enumerate([*A, *B, "c/d/sky.png"]):
        found.add(name, seed=seed)
    found.run()
    return found


def test_a_second_run_plans_nothing_and_reads_no_picture(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    assert library.planned() == []

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a picture was read")

    monkeypatch.setattr(codecs, "read", never)
    monkeypatch.setattr(codecs, "probe", never)
    monkeypatch.setattr("cg_upscaler.library.outputs.hash_file", never)
    monkeypatch.setattr("cg_upscaler.library.record.seen.hash_file", never)
    library.run()
    assert (library.last().current, library.last().done) == (4, 0)


def test_a_second_run_never_loads_torch(library: Library) -> None:
    given = ["run", str(library.textures), "-c", str(library.place / "game.yaml"), "-o", str(library.out)]
    code = (
        "import sys; from cg_upscaler.cli import run_cli\n"
        f"code = run_cli({given!r})\n"
        "print(code, 'torch' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "0 False\n"
    assert "4 up to date" in ended.stderr


def test_one_changed_source_has_only_its_folder_planned(library: Library) -> None:
    library.add("a/rock.png", seed=9)
    assert library.planned() == A
    library.run()
    assert (library.last().done, library.last().current) == (1, 3)
    assert library.planned() == []


def test_a_new_and_a_removed_file_have_their_folders_planned(library: Library) -> None:
    library.add("b/door.png", seed=9)
    (library.textures / "a" / "moss.png").unlink()
    assert library.planned() == ["a/rock.png", "b/door.png", *B]
    library.run()
    assert library.planned() == []


def test_a_new_folder_leaves_the_others_settled(library: Library) -> None:
    library.add("e/new.png", seed=9)
    assert library.planned() == ["e/new.png"]


def test_a_folder_that_is_gone_leaves_nothing_to_plan(library: Library) -> None:
    (library.textures / "b" / "wall.png").unlink()
    (library.textures / "b").rmdir()
    assert library.planned() == []
    library.run()
    assert (library.last().current, library.last().done) == (3, 0)
    with library.receipts(read_only=True) as receipts:
        assert receipts.settled().keys() == {"a", "c/d"}


@pytest.mark.parametrize(
    "text",
    [
        "rules: [{match: 'a/rock.png', fidelity: 0.5}]\n",
        "kinds: {normal: {fidelity: 0.5}}\n",
        "edges: wrap\n",
        "quality: {min_consistency: 12}\n",
        "pin_revision: 3\n",
    ],
)
def test_settings_that_reach_a_plan_have_all_planned_again(library: Library, text: str) -> None:
    library.configure(text)
    assert library.planned() == [*A, *B, "c/d/sky.png"]


@pytest.mark.parametrize("text", ["max_failures: 3\n", "time_limit: 60\n", "budget: 4 GB\n", "after_run: 'true'\n"])
def test_settings_of_how_a_run_goes_leave_all_settled(library: Library, text: str) -> None:
    library.configure(text)
    assert library.planned() == []


def test_a_changed_rule_redoes_only_what_it_reaches(library: Library) -> None:
    library.configure("rules: [{match: 'a/rock.png', scale: 4}]\n")
    library.run()
    assert (library.last().done, library.last().current) == (1, 3)
    assert library.planned() == []


@pytest.mark.parametrize("said", ["model: ../net.pth", "rules: [{match: 'b/*', model: ../net.pth}]"])
def test_a_changed_model_file_changes_every_signature(library: Library, said: str) -> None:
    """The signatures alone: such a file is no network, and a plan with it would fail."""
    (library.place / "config").mkdir()
    (library.place / "config" / "game.yaml").write_text(f"{said}\n")
    net = library.place / "net.pth"
    net.write_bytes(b"weights")

    def signatures() -> dict[str, str]:
        from cg_upscaler.library.config import load
        from cg_upscaler.library.surveying import survey_library

        config = load(library.place / "config" / "game.yaml", source=library.textures, output=library.out)
        return survey_library(config, None).folders.signatures

    before = signatures()
    assert signatures() == before
    net.write_bytes(b"heavier weights")
    assert before.items().isdisjoint(signatures().items())


def test_another_version_of_this_package_or_of_a_device_plans_all_again(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(unchanged, "package_stamp", lambda: "another one")
        assert len(library.planned()) == 4
    with monkeypatch.context() as patch:
        patch.setattr(unchanged, "identity", lambda: "another machine")
        assert len(library.planned()) == 4
    with monkeypatch.context() as patch:
        patch.setattr(unchanged, "ALGORITHM", 99)
        assert len(library.planned()) == 4
    assert library.planned() == []


def test_a_sidecar_that_comes_changes_or_goes_has_all_planned(library: Library) -> None:
    sidecar = library.write("m.mtlx", "<materialx/>")
    for change in (lambda: None, lambda: sidecar.write_text("<materialx></materialx>"), sidecar.unlink):
        change()
        if sidecar.exists():
            age(sidecar, HOUR // 2 + sidecar.stat().st_size)
        assert len(library.planned()) == 4
        library.run()
        assert library.planned() == []


def test_a_description_goes_along_again_when_it_changes(library: Library) -> None:
    library.write("b/wall.fnt", FONT)
    library.run()
    assert "scaleW=16" in (library.out / "b" / "wall.fnt").read_text()
    assert library.planned() == []
    library.write("b/wall.fnt", FONT.replace("x=1 y=1", "x=3 y=1"))
    assert "b/wall.png" in library.planned()
    library.run()
    assert "x=6" in (library.out / "b" / "wall.fnt").read_text()
    assert library.planned() == []
    (library.out / "b" / "wall.fnt").unlink()
    assert library.planned() == B
    library.run()
    assert "x=6" in (library.out / "b" / "wall.fnt").read_text()


@pytest.mark.parametrize("where", ["sidecars._load", "sidecars.texels.find._read", "companions.content"])
def test_what_could_not_be_read_beside_textures_settles_nothing(
    library: Library, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    library.write("b/wall.fnt", FONT)
    library.write("m.mtlx", "<materialx/>")
    with monkeypatch.context() as patched:

        def fail(*_: object, **__: object) -> None:
            if where == "companions.content":
                raise SourceChanged("was changed after the run was planned")
            raise OSError(errno.EIO, "the share is gone")

        patched.setattr(f"cg_upscaler.library.{where}", fail)
        library.run()
    assert len(library.planned()) == 4  # though all of it looks as it did
    library.run()
    assert "scaleW=16" in (library.out / "b" / "wall.fnt").read_text()
    assert library.planned() == []


# Results


def remove(path: Path) -> None:
    path.unlink()


def edit(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"retouched")


def edit_in_the_same_size(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def link(path: Path) -> None:
    other = path.parents[2] / "elsewhere.png"
    path.rename(other)
    path.symlink_to(other)


@pytest.mark.parametrize("change", [remove, edit, edit_in_the_same_size, touch, link])
def test_a_result_that_is_not_as_it_was_has_its_folder_planned(
    library: Library, change: Callable[[Path], None]
) -> None:
    change(library.out / "a" / "rock.png")
    assert library.planned() == A


def test_a_touched_result_is_planned_once_and_settled_again(library: Library) -> None:
    touch(library.out / "a" / "rock.png")
    library.run()
    assert (library.last().done, library.last().current) == (0, 4)
    assert library.planned() == []


def test_a_removed_result_is_made_again(library: Library) -> None:
    before = (library.out / "a" / "rock.png").read_bytes()
    remove(library.out / "a" / "rock.png")
    library.run()
    assert (library.out / "a" / "rock.png").read_bytes() == before
    assert library.planned() == []


def test_an_edited_result_keeps_its_folder_open_and_itself(library: Library) -> None:
    edit(library.out / "a" / "rock.png")
    edited = (library.out / "a" / "rock.png").read_bytes()
    for _ in range(2):
        library.run()
        assert library.planned() == A
        assert (library.out / "a" / "rock.png").read_bytes() == edited
        assert (library.last().current, library.last().failed) == (4, 0)
    library.configure("rules: [{match: 'a/**', scale: 3}]\n")  # so that there is something to do, and no way to do it
    library.run("--summary", library.place / "summary.json", code=1)
    assert [each["name"] for each in json.loads((library.place / "summary.json").read_text())["blocked"]] == [
        "a/rock.png"
    ]
    assert (library.out / "a" / "rock.png").read_bytes() == edited
    library.run("--force")
    assert (library.out / "a" / "rock.png").read_bytes() != edited


def test_a_result_without_a_source_that_was_removed_by_hand_keeps_no_folder_open(library: Library) -> None:
    (library.textures / "a" / "moss.png").unlink()
    library.run()
    (library.out / "a" / "moss.png").unlink()
    library.run()
    assert library.planned() == []


# What keeps a folder open


def test_a_failure_keeps_its_folder_open_until_it_is_mended(library: Library) -> None:
    broken = library.textures / "a" / "broken.png"
    broken.write_bytes(b"no picture")
    age(broken)
    for _ in range(2):
        library.run(code=1)
        assert library.survey().settled.keys() == {"b", "c/d"}
    library.add("a/broken.png", seed=9)
    library.run()
    assert library.planned() == []


def test_a_rejection_keeps_its_folder_open(library: Library) -> None:
    library.configure("rules: [{match: 'b/*', quality: {min_consistency: 500}}]\n")
    for _ in range(2):
        library.run(code=4)
        assert library.survey().settled.keys() == {"a", "c/d"}


def test_what_a_rule_skips_is_settled_and_counted_as_skipped(library: Library) -> None:
    library.configure("rules: [{match: 'a/rock.png', skip: not ours}]\n")
    library.run()
    assert library.planned() == []
    library.run()
    assert (library.last().skipped, library.last().current, library.last().done) == (1, 3, 0)


@pytest.mark.parametrize(("nanoseconds", "settled"), [(3 * 10**9, True), (10**9, False), (-HOUR, False)])
def test_what_was_written_just_now_is_not_known_by_its_time(tmp_path: Path, nanoseconds: int, settled: bool) -> None:
    library = Library(tmp_path)
    stamp = age(library.add("a/rock.png"), nanoseconds).stat()
    library.add("b/wall.png")
    config, now = library.config(), stamp.st_mtime_ns + nanoseconds
    seen = unchanged.folders_of(library.survey().seen, config, now)
    assert ("a" not in seen.restless) is settled
    assert "b" not in seen.restless or nanoseconds < 0


def test_a_library_written_just_now_is_settled_by_the_second_run(tmp_path: Path) -> None:
    library = Library(tmp_path)
    ahead = age(library.add("a/rock.png"), -HOUR)
    library.run()
    assert library.planned() == ["a/rock.png"]
    age(ahead)
    library.run()
    assert library.planned() == []


def test_a_source_that_changes_while_it_is_upscaled_is_done_again(library: Library) -> None:
    """The signature is of what the scan saw, and not of what lies there at the end."""
    library.add("a/rock.png", seed=9)
    before = library.survey().folders
    library.add("a/rock.png", seed=10)
    with library.receipts() as receipts:
        names = [*A, *B, "c/d/sky.png"]
        unchanged.settle(before, receipts, (), dict.fromkeys(names, True), names)
    assert library.planned() == A


# Folders that are tied together


@pytest.fixture
def tied(tmp_path: Path) -> Library:
    """A material of two folders, said by a glTF in a third; and a folder that has nothing to do with it."""
    library = Library(tmp_path)
    for seed, name in enumerate(["base/skin.png", "bumps/skin.png", "far/sky.png"]):
        library.add(name, seed=seed, side=16)
    material = {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}, "normalTexture": {"index": 1}}
    library.write("models/hero.gltf", json.dumps(gltf(material, "../base/skin.png", "../bumps/skin.png")))
    library.run()
    assert library.planned() == []
    return library


@pytest.mark.parametrize("changed", ["base/skin.png", "bumps/skin.png"])
def test_a_change_reaches_the_folders_that_a_material_ties_to_it(tied: Library, changed: str) -> None:
    tied.add(changed, seed=9, side=16)
    assert tied.planned() == ["base/skin.png", "bumps/skin.png"]


def test_a_folder_that_goes_has_planned_what_may_have_been_tied_to_it(tied: Library) -> None:
    (tied.textures / "bumps" / "skin.png").unlink()
    (tied.textures / "bumps").rmdir()
    assert not tied.survey().is_settled
    assert tied.planned() == ["base/skin.png", "far/sky.png"]
    tied.run()
    assert tied.survey().is_settled


def test_ties_reach_as_far_as_they_go() -> None:
    ties = [{"a", "b"}, {"c", "d"}, {"b", "c"}, {"x", "y"}, {"d"}]
    assert unchanged.touched({"a"}, ties) == {"a", "b", "c", "d"}
    assert unchanged.touched({"x"}, ties) == {"x", "y"}
    assert unchanged.touched((), ties) == set()


def test_a_result_that_would_be_that_of_a_settled_texture_is_refused(library: Library) -> None:
    library.configure("rules: [{match: 'new/*', suffix: _d}]\n")
    library.run()
    library.configure("rules: [{match: 'new/*', suffix: _d}]\n")
    before = (library.out / "a" / "rock.png").read_bytes()
    with library.receipts() as receipts:  # as though a texture of another folder had come to lie in its way
        receipts._base.all("UPDATE outputs SET path = 'e/new.png' WHERE path = 'a/rock.png'")
    (library.out / "e").mkdir()
    (library.out / "a" / "rock.png").rename(library.out / "e" / "new.png")
    library.add("e/new.png", seed=9)
    plan = library.plan()
    assert [job.name for job in plan.jobs] == []
    assert [problem.message for problem in plan.problems] == [
        "its result and that of a/rock.png would be one file; rename one, or skip it by a rule"
    ]
    library.run(code=1)
    assert (library.out / "e" / "new.png").read_bytes() == before


# What passes it by


def test_only_plans_what_it_names_and_settles_nothing_new(library: Library) -> None:
    library.add("a/rock.png", seed=9)
    library.add("b/wall.png", seed=10)
    library.run("--only", "a/*")
    assert library.last().done == 1
    assert library.survey().settled.keys() == {"c/d"}
    library.run()
    assert (library.last().done, library.last().current) == (1, 3)


def test_a_failure_of_only_one_texture_opens_its_folder(library: Library) -> None:
    (library.out / "a" / "rock.png").chmod(0o444)
    library.run("--only", "a/rock.png", "--force", code=1)
    assert library.survey().settled.keys() == {"b", "c/d"}


def test_what_only_did_with_other_settings_is_done_again_with_those_of_before(library: Library) -> None:
    before = (library.out / "a" / "rock.png").read_bytes()
    library.run("--only", "a/rock.png", "--scale", "4")
    assert (library.out / "a" / "rock.png").read_bytes() != before
    assert library.planned() == A
    library.run()
    assert (library.out / "a" / "rock.png").read_bytes() == before


def test_what_a_killed_run_did_with_other_settings_is_done_again_with_those_of_before(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (library.out / "a" / "rock.png").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("cg_upscaler.cli.going.end", lambda *_, **__: 130)
        library.run("--scale", "4", code=130)
    assert (library.out / "a" / "rock.png").read_bytes() != before
    library.run()
    assert (library.last().done, (library.out / "a" / "rock.png").read_bytes()) == (4, before)


def test_verify_finds_what_size_and_time_do_not_tell(library: Library) -> None:
    path = library.textures / "a" / "rock.png"
    stamp = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    library.run()
    assert library.last().current == 4
    library.run("--verify", code=library_code(library))
    assert library.last().current == 3


def library_code(library: Library) -> int:
    """A PNG whose last byte is wrong may be read or not; either way it is looked at."""
    import cv2

    return 0 if cv2.imread(str(library.textures / "a" / "rock.png")) is not None else 1


def test_verify_finds_a_result_that_was_changed_behind_its_time(library: Library) -> None:
    path = library.out / "a" / "rock.png"
    stamp = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    library.run()
    assert library.planned() == []
    summary = library.place / "summary.json"
    library.run("--verify", "--summary", summary)
    assert [each["name"] for each in json.loads(summary.read_text())["kept"]] == ["a/rock.png"]


def test_force_does_all_again(library: Library) -> None:
    began = time.time_ns()
    library.run("--force")
    assert library.last().done == 4
    assert (library.out / "a" / "rock.png").stat().st_mtime_ns >= began - HOUR
    assert library.planned() == []
