"""Runs whose record is damaged, lost, elsewhere, or brought as text do nothing again, and take nothing for theirs."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from cg_upscaler.errors import UsageError
from cg_upscaler.library.outputs import hash_file
from cg_upscaler.library.receipts import FILE, FOLDER, OutputState
from cg_upscaler.library.record import place
from cg_upscaler.library.record.base import Base
from cg_upscaler.library.record.known import known_outputs_under
from cg_upscaler.library.record.mending import COPY
from cg_upscaler.library.record.seen import Seen
from cg_upscaler.library.record.textfile import read_lock, write_lock
from tests.libraries import FONT, HOUR, Library, age, tree

NAMES = ["a/moss.png", "a/rock.png", "b/wall.png"]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Three textures and a description, all done."""
    found = Library(tmp_path)
    for seed, name in enumerate(NAMES):
        found.add(name, seed=seed)
    found.write("b/wall.fnt", FONT)
    found.run()
    return found


def at(library: Library) -> Path:
    return library.out / FOLDER / FILE


def stamps(library: Library) -> dict[str, int]:
    return {path: (library.out / path).stat().st_mtime_ns for path in tree(library.out)}


# Damage


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_to_its_head(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def zero_a_page(path: Path, page: int) -> None:
    data = bytearray(path.read_bytes())
    data[page * 4096 : (page + 1) * 4096] = bytes(4096)
    path.write_bytes(data)


def zero_some_pages(path: Path) -> None:
    for page in range(2, path.stat().st_size // 4096, 3):
        zero_a_page(path, page)


def zero_the_first_page(path: Path) -> None:
    zero_a_page(path, 0)


def zero_all(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def put_another_file_there(path: Path) -> None:
    path.write_text("<<<<<<< HEAD\nthis is no database\n" * 100)


def put_a_database_of_others_there(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE receipts (nonsense INTEGER)")
        base.execute("PRAGMA user_version = 3")
    base.close()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def lose(path: Path) -> None:
    path.unlink()


def put_a_folder_there(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "file").write_text("something")


def leave_a_journal(path: Path) -> None:
    path.with_name(f"{FILE}-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(600))
    cut_short(path)


DAMAGE = [
    cut_short, cut_to_its_head, zero_some_pages, zero_the_first_page, zero_all, put_another_file_there,
    put_a_database_of_others_there, empty, lose, put_a_folder_there, leave_a_journal,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_record_is_mended_and_nothing_is_done_again(
    library: Library, damage: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    before = stamps(library)
    damage(at(library))
    capsys.readouterr()
    library.run()
    assert "3 receipts were restored" in capsys.readouterr().err
    assert (library.last().done, library.last().current) == (0, 3)
    assert stamps(library) == before
    assert library.planned() == []
    library.run()
    assert "note" not in capsys.readouterr().err


@pytest.mark.parametrize("damage", [cut_short, zero_some_pages, zero_all, empty, lose, put_a_folder_there])
def test_an_edited_result_is_not_taken_for_ours_by_mending(library: Library, damage: Callable[[Path], None]) -> None:
    edited = library.out / "a" / "rock.png"
    edited.write_bytes(b"retouched by hand")
    damage(at(library))
    library.run(code=1)
    assert edited.read_bytes() == b"retouched by hand"
    assert (library.last().current, library.last().failed) == (2, 1)
    with library.receipts(read_only=True) as receipts:
        assert receipts.state_at(edited) is OutputState.FOREIGN


def test_a_removed_result_is_made_again_after_mending(library: Library) -> None:
    before = tree(library.out)
    (library.out / "a" / "rock.png").unlink()
    cut_short(at(library))
    library.run()
    assert (library.last().done, library.last().current) == (1, 2)
    assert tree(library.out) == before


def test_a_changed_source_is_done_again_after_mending(library: Library) -> None:
    library.add("a/rock.png", seed=9)
    zero_all(at(library))
    library.run()
    assert (library.last().done, library.last().current) == (1, 2)


@pytest.mark.parametrize("table", ["runs", "headers", "folders", "evidence"])
def test_without_its_copy_a_record_is_mended_from_what_can_be_read(library: Library, table: str) -> None:
    """Also where the damage shows only once it is seen that there is nothing to do."""
    (at(library).parent / COPY).unlink()
    with sqlite3.connect(at(library)) as base:
        page = base.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    base.close()
    zero_a_page(at(library), page - 1)
    library.run("--verify")
    assert (library.last().done, library.last().current, library.last().failed) == (0, 3, 0)
    library.run()
    assert (library.last().done, library.last().current, library.last().failed) == (0, 3, 0)


def test_damage_where_a_run_is_recorded_is_mended_in_a_night_without_work(library: Library) -> None:
    with sqlite3.connect(at(library)) as base:
        page = base.execute("SELECT rootpage FROM sqlite_master WHERE name = 'runs'").fetchone()[0]
    base.close()
    zero_a_page(at(library), page - 1)
    for _ in range(2):
        library.run()
        assert library.last().current == 3


def test_without_its_copy_nothing_is_made_up(library: Library) -> None:
    before = tree(library.out)
    (at(library).parent / COPY).unlink()
    zero_all(at(library))
    library.run(code=1)
    assert (library.last().failed, library.last().done) == (3, 0)
    assert tree(library.out) == before
    library.run("--force")
    assert library.last().done == 3


def test_a_copy_that_is_damaged_too_stops_nothing(library: Library) -> None:
    (at(library).parent / COPY).write_bytes(b"\xff\xfe broken")
    zero_all(at(library))
    library.run(code=1)
    assert library.last().failed == 3


def test_what_was_damaged_is_kept_aside(library: Library) -> None:
    put_another_file_there(at(library))
    text = at(library).read_text()
    library.run()
    (kept,) = at(library).parent.glob("damaged-*.sqlite")
    assert kept.read_text() == text


def test_a_record_of_a_newer_version_is_left_alone(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(at(library)) as base:
        base.execute("PRAGMA user_version = 99")
    base.close()
    before, results = at(library).read_bytes(), stamps(library)
    library.run(code=1)
    assert "newer version" in capsys.readouterr().err
    assert (at(library).read_bytes(), stamps(library)) == (before, results)
    assert not list(at(library).parent.glob("damaged-*"))


def test_nothing_outside_of_the_output_folder_is_restored_from_a_damaged_record(library: Library) -> None:
    outside = library.place / "precious.png"
    outside.write_bytes(b"somebody's own")
    row = ("../precious.png", "gone.png", "", "", hash_file(outside), 14, 0)
    with sqlite3.connect(at(library)) as base:
        base.execute("INSERT INTO outputs VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        page = base.execute("SELECT rootpage FROM sqlite_master WHERE name = 'headers'").fetchone()[0]
    base.close()
    zero_a_page(at(library), page - 1)
    library.run("--verify")
    library.run("--prune", "--force")
    assert outside.read_bytes() == b"somebody's own"
    with library.receipts(read_only=True) as receipts:
        assert {each.path for each in receipts.outputs()} == {*NAMES, "b/wall.fnt"}


# As text


def locked(library: Library) -> Path:
    path = library.place / "game.lock"
    library.run("--lock", path)
    return path


def test_a_lock_file_says_what_the_record_says(library: Library) -> None:
    lock = read_lock(locked(library), library.out)
    with library.receipts(read_only=True) as receipts:
        outputs = {(each.path, each.hash, each.source_hash, each.name) for each in receipts.outputs()}
        made = {entry.receipt.name: (entry.receipt.key, entry.receipt.output) for entry in receipts.entries()}
    assert {(each.path, each.hash, each.source_hash, each.name) for each in lock.outputs} == outputs
    assert {receipt.name: (receipt.key, receipt.output) for receipt in lock.receipts} == made


def test_a_lock_file_does_not_change_for_nothing(library: Library) -> None:
    path = locked(library)
    text, stamp = path.read_text(), age(path).stat().st_mtime_ns
    lines = text.splitlines()
    assert [json.loads(line)["path"] for line in lines[1:]] == ["a/moss.png", "a/rock.png", "b/wall.fnt", "b/wall.png"]
    library.run("--lock", path, "--verify")
    library.run("--lock", path, "--force")
    assert path.read_text() == text
    assert path.stat().st_mtime_ns == stamp
    library.add("a/rock.png", seed=9)
    library.run("--lock", path)
    changed = path.read_text().splitlines()
    assert [number for number in range(5) if changed[number] != lines[number]] == [2]


def workspace(library: Library) -> Path:
    """Take the results, and nothing that is remembered of them, to another output folder."""
    there = library.place / "clean"
    shutil.copytree(library.out, there, ignore=shutil.ignore_patterns(FOLDER))
    return there


def test_a_clean_workspace_with_a_lock_file_does_nothing_again(library: Library) -> None:
    path = locked(library)
    library.out = workspace(library)
    before = stamps(library)
    library.run("--lock", path)
    assert (library.last().done, library.last().current, library.last().failed) == (0, 3, 0)
    assert stamps(library) == before


def test_results_that_a_lock_file_does_not_know_are_not_taken_for_ours(library: Library) -> None:
    path = locked(library)
    library.out = workspace(library)
    (library.out / "a" / "rock.png").write_bytes(b"another one")
    (library.out / "a" / "moss.png").unlink()
    library.run("--lock", path, code=1)
    assert (library.last().done, library.last().current, library.last().failed) == (1, 1, 1)
    assert (library.out / "a" / "rock.png").read_bytes() == b"another one"


def test_line_endings_of_windows_are_read(library: Library) -> None:
    path = locked(library)
    before = read_lock(path, library.out)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_lock(path, library.out) == before


def test_a_merge_conflict_is_told_with_its_line(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    path = locked(library)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:2], "<<<<<<< HEAD\n", *lines[2:]]))
    before = path.read_text()
    library.add("a/rock.png", seed=9)
    library.run("--lock", path, code=2)
    said = capsys.readouterr().err
    assert "game.lock:3: is no line of a lock file" in said
    assert "resolve the merge there" in said
    assert path.read_text() == before


GOOD = {"name": "a.png", "path": "a.png", "source": "1", "hash": "2"}
BAD = [
    *({**GOOD, "path": path} for path in ("../x.png", "a/../../x.png", "/etc/x.png", "", 5, None, ["a"])),
    *({**GOOD, field: value} for field in ("name", "source", "hash") for value in (5, None, {})),
    {**GOOD, "path": "../x.png", "receipt": {}},
    *([], 5, None, {}, "a", {"receipt": {}}),
]


@pytest.mark.parametrize("plain", BAD)
def test_a_line_that_is_no_output_of_this_folder_is_refused(tmp_path: Path, plain: object) -> None:
    path = tmp_path / "x.lock"
    write_lock(path, tmp_path, (), ())
    head = path.read_text()
    path.write_text(head + json.dumps(GOOD))
    assert [each.path for each in read_lock(path, tmp_path).outputs] == ["a.png"]
    path.write_text(head + json.dumps(plain))
    with pytest.raises(UsageError, match=r"x\.lock:2"):
        read_lock(path, tmp_path)


# Where it lies


def test_the_deepest_mount_decides_and_its_name_may_hold_a_space(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda1 / ext4 rw 0 0\n"
        "server:/share /srv/share nfs4 rw 0 0\n"
        "/dev/sdb1 /srv/share/local xfs rw 0 0\n"
        "//server/mine /srv/my\\040share\\134x cifs rw 0 0\n"
        "broken\n"
    )
    found = {folder: place.on_network(Path(folder), mounts) for folder in (
        "/", "/srv/share", "/srv/share/out", "/srv/shared/out", "/srv/share/local/out", "/srv/my share\\x/out"
    )}  # fmt: skip
    assert [folder for folder, remote in found.items() if remote] == [
        "/srv/share", "/srv/share/out", "/srv/my share\\x/out"
    ]  # fmt: skip
    assert place.on_network(Path("/srv/share"), tmp_path / "missing") is False


def test_the_record_of_a_network_drive_lies_on_this_machine(
    library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    monkeypatch.setattr(place, "user_state_path", lambda *_, **__: mine)
    monkeypatch.setattr(place, "on_network", lambda folder: True)
    library.run()  # there was a record before: it stays where it is
    assert at(library).is_file() and not mine.exists()
    library.out = tmp_path / "share"
    library.run()
    assert not at(library).exists()
    assert len(list(mine.rglob(FILE))) == 1
    monkeypatch.setattr(place, "on_network", lambda folder: False)  # found again however it is mounted
    library.run()
    assert (library.last().done, library.last().current) == (0, 3)


def test_a_record_elsewhere_is_found_again_by_a_run_that_is_not_told(tmp_path: Path) -> None:
    library = Library(tmp_path)
    library.add("rock.png")
    library.run("--state", tmp_path / "state")
    assert (tmp_path / "state" / FILE).is_file()
    library.run()
    assert (library.last().done, library.last().current) == (0, 1)
    assert not at(library).exists()


def test_results_of_a_record_elsewhere_are_known_within_a_library(tmp_path: Path) -> None:
    library = Library(tmp_path)
    library.add("rock.png")
    library.out = library.textures / "out"
    library.run("--state", tmp_path / "state")
    library.out = tmp_path / "other"
    assert library.planned() == ["rock.png"]
    assert known_outputs_under(library.textures)(library.textures / "out" / "rock.png")


def test_the_note_of_a_part_leads_to_the_record_of_the_whole(tmp_path: Path) -> None:
    library = Library(tmp_path)
    library.add("rock.png")
    library.run("--shard", "1/1", "--state", tmp_path / "state")
    assert place.state_folder(library.out) == tmp_path / "state"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": 5}', '{"place": "x"}'])
def test_a_broken_note_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / place.ELSEWHERE).write_text(text)
    assert place.state_folder(tmp_path) == tmp_path / FOLDER


# What was seen in sources


@pytest.fixture
def seen(tmp_path: Path) -> Seen:
    return Seen(Base(tmp_path / "state" / FILE), clock=lambda: 100 * HOUR)


def stamped(path: Path, content: bytes, time: int) -> Path:
    path.write_bytes(content)
    os.utime(path, ns=(time, time))
    return path


def test_a_source_left_alone_is_read_once(seen: Seen, tmp_path: Path) -> None:
    path = stamped(tmp_path / "rock.png", b"one", 50 * HOUR)
    first = seen.hash_of(path)
    stamped(path, b"two", 50 * HOUR)  # which no editor does
    assert seen.hash_of(path) == first
    seen.save()
    assert seen.hash_of(path) == first
    stamped(path, b"two", 51 * HOUR)
    assert seen.hash_of(path) != first


@pytest.mark.parametrize("time", [100 * HOUR, 100 * HOUR - 10**9, 100 * HOUR + 1, 200 * HOUR])
def test_a_source_written_just_now_or_ahead_of_the_clock_is_read_each_time(
    seen: Seen, tmp_path: Path, time: int
) -> None:
    path = stamped(tmp_path / "rock.png", b"one", time)
    first = seen.hash_of(path)
    stamped(path, b"two", time)
    assert seen.hash_of(path) != first


@pytest.mark.parametrize("time", [0, 49 * HOUR, 51 * HOUR])
def test_a_source_whose_time_jumps_is_read_again(seen: Seen, tmp_path: Path, time: int) -> None:
    path = stamped(tmp_path / "rock.png", b"one", 50 * HOUR)
    first = seen.hash_of(path)
    stamped(path, b"two", time)
    assert seen.hash_of(path) != first


def test_a_source_that_is_written_while_it_is_read_is_not_remembered(
    seen: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stamped(tmp_path / "rock.png", b"one", 50 * HOUR)

    def hash_while_it_changes(path: Path) -> str:
        found = hash_file(path)
        stamped(path, b"two!", 51 * HOUR)
        return found

    with monkeypatch.context() as patch:
        patch.setattr("cg_upscaler.library.record.seen.hash_file", hash_while_it_changes)
        first = seen.hash_of(path)
    assert seen.hash_of(path) == hash_file(path) != first


def test_verify_reads_each_source_once_more(tmp_path: Path) -> None:
    base = Base(tmp_path / "state" / FILE)
    path = stamped(tmp_path / "rock.png", b"one", 50 * HOUR)
    before = Seen(base, clock=lambda: 100 * HOUR)
    first = before.hash_of(path)
    before.save()
    stamped(path, b"two", 50 * HOUR)
    seen = Seen(base, clock=lambda: 100 * HOUR)
    seen.verify = True
    assert seen.known_hash(str(path), (3, 50 * HOUR)) is None
    second = seen.hash_of(path)
    assert second == hash_file(path) != first
    stamped(path, b"six", 50 * HOUR)
    assert seen.hash_of(path) == second
