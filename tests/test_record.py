"""Records that are damaged are mended, kept as text, and put together; and nothing of it is trusted blindly."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from cg_upscaler.errors import OutputError, UsageError
from cg_upscaler.job import Action, Job, Outcome, Receipt
from cg_upscaler.library.outputs import OutputState, hash_bytes
from cg_upscaler.library.receipts import FILE, FOLDER, Receipts
from cg_upscaler.library.record.mending import COPY, open_record
from cg_upscaler.library.record.merging import absorb
from cg_upscaler.library.record.place import on_network, records_of, state_folder
from cg_upscaler.library.record.textfile import read_lock, write_lock
from cg_upscaler.maps import MapKind

NAMES = [f"walls/stone{number:03}.png" for number in range(40)]


def job_of(out: Path, name: str) -> Job:
    return Job(name, f"/lib/{name}", str(out / name), Action.UPSCALE, MapKind.BASE_COLOR, "", 1.0, 4)


def done(receipts: Receipts, name: str, content: bytes = b"pixels", at: str = "2026-11-27T02:00:00Z") -> Job:
    """Go through the steps of a job that ends well."""
    job = job_of(receipts.folder, name)
    place = Path(job.output)
    place.parent.mkdir(parents=True, exist_ok=True)
    receipt = Receipt(name, Outcome.DONE, job.output, "key", "source", hash_bytes(content), 1.0, at=at)
    receipts.intend(receipt, job)
    place.write_bytes(content)
    receipts.record(receipt, job)
    return job


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    with Receipts(folder) as receipts:
        for name in NAMES:
            done(receipts, name, name.encode())
        write_lock(
            receipts.state / COPY,
            receipts.folder,
            [entry.receipt for entry in receipts.entries()],
            receipts.outputs(),
        )
    return folder


def zeroed(data: bytes) -> bytes:
    return data[:4096] + bytes(len(data) - 4096)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "no database": lambda data: b"no database at all" * 100,
    "cut short": lambda data: data[: len(data) // 2],
    "zeros": zeroed,
    "one page": lambda data: data[:8192] + b"\xff" * 4096 + data[12288:],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_record_is_mended_by_what_stands(out: Path, damage: Callable[[bytes], bytes]) -> None:
    record = out / FOLDER / FILE
    record.write_bytes(damage(record.read_bytes()))
    edited, gone = out / NAMES[3], out / NAMES[4]
    edited.write_bytes(b"retouched")
    gone.unlink()
    receipts, notes = open_record(out, None)
    with receipts:
        assert "was damaged" in notes[0]
        for name in NAMES:
            job, found = job_of(receipts.folder, name), receipts.find(name)
            if name in NAMES[3:5]:
                assert found is None
                continue
            assert found is not None
            assert (found.key, found.output_hash) == ("key", hash_bytes(name.encode()))
            assert receipts.output_state(job) is OutputState.OURS
        assert receipts.output_state(job_of(receipts.folder, NAMES[3])) is OutputState.FOREIGN  # nobody's to replace
    assert list((out / FOLDER).glob("damaged-*.sqlite"))


def test_without_its_copy_a_record_is_mended_by_what_can_be_read_of_it(out: Path) -> None:
    (out / FOLDER / COPY).unlink()
    record = out / FOLDER / FILE
    data = record.read_bytes()
    record.write_bytes(data[:-4096] + b"\xff" * 4096)
    receipts, _ = open_record(out, None)
    with receipts:
        for entry in receipts.entries():
            assert receipts.output_state(job_of(receipts.folder, entry.receipt.name)) is OutputState.OURS


def test_a_sound_record_is_left_as_it_is_and_a_newer_one_is_not_mended(out: Path) -> None:
    receipts, notes = open_record(out, None)
    with receipts:
        assert notes == ()
    with sqlite3.connect(out / FOLDER / FILE) as base:
        base.execute("PRAGMA user_version = 99")
    base.close()
    with pytest.raises(OutputError, match="newer version"):
        open_record(out, None)
    assert not list((out / FOLDER).glob("damaged-*"))


# As text


def test_a_lock_file_is_sorted_and_stays_the_same(out: Path, tmp_path: Path) -> None:
    lock = tmp_path / "textures.lock"
    with Receipts(out, read_only=True) as receipts:
        made, outputs = [entry.receipt for entry in receipts.entries()], receipts.outputs()
    write_lock(lock, out, made, outputs)
    text, before = lock.read_text(), lock.stat().st_mtime_ns
    write_lock(lock, out, reversed(made), reversed(outputs))
    assert lock.stat().st_mtime_ns == before
    lines = text.splitlines()[1:]
    assert lines == sorted(lines)
    assert [json.loads(line)["name"] for line in lines] == NAMES
    assert str(tmp_path) not in text


def test_a_clean_workspace_is_restored_by_its_lock_file(out: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    out.rename(elsewhere)
    lock = read_lock(elsewhere / FOLDER / COPY, elsewhere)
    (elsewhere / FOLDER / FILE).unlink()
    (elsewhere / NAMES[0]).write_bytes(b"another")
    with Receipts(elsewhere) as receipts:
        receipts.restore(((receipt, None) for receipt in lock.receipts), lock.outputs)
        assert receipts.find(NAMES[0]) is None
        for name in NAMES[1:]:
            found = receipts.find(name)
            assert found is not None
            assert Path(found.output) == elsewhere / name
            assert receipts.output_state(job_of(elsewhere, name)) is OutputState.OURS


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: "<<<<<<< HEAD\n" + text, "no lock file"),
        (lambda text: text.replace("\n", "\n<<<<<<< HEAD\n", 1), ":2: is no line of a lock file"),
        (lambda text: text.replace('"path": "walls/stone000.png"', '"path": "../stone000.png"'), "outside"),
        (lambda text: text.replace('"path": "walls/stone000.png"', '"path": "/etc/stone000.png"'), "outside"),
        (lambda text: text.replace('"cg-upscale lock": 1', '"cg-upscale lock": 9'), "no lock file that this version"),
    ],
)
def test_a_lock_file_that_is_none_is_refused(out: Path, spoil: Callable[[str], str], said: str) -> None:
    lock = out / FOLDER / COPY
    lock.write_text(spoil(lock.read_text()))
    with pytest.raises(UsageError, match=said):
        read_lock(lock, out)


# Put together, and where it lies


def test_of_two_records_the_latest_holds(out: Path) -> None:
    part = out / FOLDER / "shard-1-of-2"
    with Receipts(out, state=part) as shard:
        done(shard, NAMES[0], b"later", "2026-11-28T02:00:00Z")
        done(shard, "walls/new.png", b"new", "2026-11-28T02:00:00Z")
        earlier = Receipt(NAMES[1], Outcome.FAILED, error="long ago", at="2026-11-01T02:00:00Z")
        shard.record(earlier)
    with Receipts(out) as receipts, Receipts(out, state=part, read_only=True) as shard:
        assert absorb(receipts, [shard]) == 2
        assert receipts.failure(NAMES[1]) is None
        for name, content in ((NAMES[0], b"later"), ("walls/new.png", b"new")):
            found = receipts.find(name)
            assert found is not None
            assert found.output_hash == hash_bytes(content)
            assert receipts.output_state(job_of(receipts.folder, name)) is OutputState.OURS
            assert receipts.job_of(name) == job_of(receipts.folder, name)
    assert set(records_of(out)) == {out / FOLDER / FILE, part / FILE}


def test_a_record_that_lies_elsewhere_is_found_again(tmp_path: Path) -> None:
    folder, state = tmp_path / "out", tmp_path / "state"
    with Receipts(folder, state=state) as receipts:
        done(receipts, NAMES[0])
    assert state_folder(folder) == state
    with Receipts(folder) as receipts:
        assert receipts.find(NAMES[0]) is not None


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ("/dev/sda1 / ext4 rw 0 0\n", False),
        ("/dev/sda1 / ext4 rw 0 0\nnas:/tex {} nfs4 rw 0 0\n", True),
        ("nas:/tex / nfs rw 0 0\n/dev/sdb {} xfs rw 0 0\n", False),
        ("//nas/tex {} cifs rw 0 0\n", True),
        ("me@host: {} fuse.sshfs rw 0 0\n", True),
        ("nonsense\n", False),
    ],
)
def test_network_drives_are_known_by_their_mount(tmp_path: Path, mounts: str, expected: bool) -> None:
    file, folder = tmp_path / "mounts", tmp_path / "share"
    (folder / "out").mkdir(parents=True)
    file.write_text(mounts.format(folder.resolve()))
    assert on_network(folder / "out", file) is expected


def test_a_folder_too_deep_for_a_record_is_told(tmp_path: Path) -> None:
    deep = tmp_path
    while len(str(deep)) < 520:
        deep /= "d" * 60
    with pytest.raises(OutputError, match="its path is too long: choose a higher folder"), Receipts(deep):
        pass
