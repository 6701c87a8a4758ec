"""The log of a run: a line an event, whole and valid whatever happens."""

from __future__ import annotations

import errno
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from cg_upscaler.job import Event, Outcome, Receipt
from cg_upscaler.report import log
from cg_upscaler.report.log import EventLog
from cg_upscaler.standing import Settled, Stand, Standing
from cg_upscaler.wire import from_plain
from tests.ended import ODD, PLAN, RECEIPTS, SUMMARY, job, receipt

DOCS = Path(__file__).parent.parent / "docs"
NOW = datetime(2026, 11, 27, 2, 0, 7, 123456, tzinfo=timezone.utc)
ROCK = job("rock.png")


def lines(path: Path) -> list[dict]:
    text = path.read_bytes()
    assert text.endswith(b"\n")
    return [json.loads(line, parse_constant=pytest.fail) for line in text.decode("ascii").splitlines()]


def ran(path: Path, **options: object) -> EventLog:
    with EventLog(path, now=lambda: NOW, **options) as told:
        told.begin(PLAN, "1.2.3", shard="3/16")
        for progress in (0.0, 0.04, 0.11, 0.19, 0.95, 0.02):
            told(Event(ROCK, progress))
        told(Event(ROCK, 1.0, RECEIPTS[0]))
        told.end(SUMMARY)
    return told


def test_a_run_is_told_from_its_start_to_its_end(tmp_path: Path) -> None:
    told = ran(tmp_path / "made" / "log.jsonl")
    found = lines(tmp_path / "made" / "log.jsonl")
    assert [line["event"] for line in found] == [
        "run_started", "note", "problem", "texture_started", "texture_ended", "run_ended"
    ]  # fmt: skip
    assert [line["seq"] for line in found] == list(range(6))
    assert {line["at"] for line in found} == {"2026-11-27T02:00:07.123Z"}
    assert len({line["run"] for line in found}) == 1
    start = found[0]
    assert (start["source"], start["output"], start["shard"], start["version"]) == ("/lib", "/out", "3/16", "1.2.3")
    assert (start["device"], start["device_label"]) == ("cpu", "a processor")
    assert start["planned"] == {"upscale": 5, "copy": 1, "skip": 1, "problems": 1}
    assert start["megapixels"] == pytest.approx(5.0)
    assert found[2]["name"] == "ui/broken.png"
    assert from_plain(Receipt, found[4]["receipt"]) == RECEIPTS[0]
    assert found[5]["summary"]["megapixels"] == 1.0
    assert (told.error, told.lost) == (None, 0)


def test_the_start_says_how_textures_stand(tmp_path: Path) -> None:
    stands = (Stand.DUE, Stand.CURRENT, Stand.DUE, Stand.BLOCKED)
    with EventLog(tmp_path / "log") as told:
        told.begin(replace(PLAN, standings=tuple(map(Standing, stands)), settled=(Settled("ui", 10, 3),)), "1.2.3")
    told = lines(tmp_path / "log")[0]["standing"]
    assert told == {"current": 8, "kept": 0, "due": 2, "blocked": 1, "rejected": 0, "skipped": 3}


def test_progress_is_told_on_request_at_every_tenth(tmp_path: Path) -> None:
    ran(tmp_path / "log", progress=True)
    told = [line["percent"] for line in lines(tmp_path / "log") if line["event"] == "texture_progress"]
    assert told == [10, 90]


def test_what_is_only_copied_or_skipped_is_told_once(tmp_path: Path) -> None:
    with EventLog(tmp_path / "log") as told:
        for entry, ended in zip(PLAN.jobs, RECEIPTS, strict=True):
            told(Event(entry, 0.0))
            told(Event(entry, 1.0, ended))
    names = [line["name"] for line in lines(tmp_path / "log")]
    assert [name for name in names if names.count(name) == 1] == ["ui/lut.png", "ui/old.png"]


def test_a_later_run_is_appended_under_another_name(tmp_path: Path) -> None:
    ran(tmp_path / "log")
    before = (tmp_path / "log").read_bytes()
    ran(tmp_path / "log")
    assert (tmp_path / "log").read_bytes().startswith(before)
    found = lines(tmp_path / "log")
    assert len({line["run"] for line in found}) == 2
    assert [line["seq"] for line in found] == 2 * list(range(6))


def test_a_line_that_a_killed_run_left_unfinished_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b'{"at": "2026')
    ran(tmp_path / "log")
    torn, *rest = (tmp_path / "log").read_text("ascii").splitlines()
    assert torn == '{"at": "2026'
    assert [json.loads(line)["seq"] for line in rest] == list(range(6))


@pytest.mark.parametrize("name", ODD)
def test_every_name_gives_valid_json(tmp_path: Path, name: str) -> None:
    with EventLog(tmp_path / "log") as told:
        told(Event(job(name), 0.0))
        told(Event(job(name), 1.0, receipt(name, Outcome.FAILED, float("nan"), error=name)))
        told.note(name)
    found = lines(tmp_path / "log")
    assert len(found) == 3
    json.dumps(found, ensure_ascii=False).encode("utf-8")  # no half characters, which many parsers refuse
    assert found[1]["receipt"]["seconds"] is None
    if name.isprintable() or "\udfff" < max(name) or max(name) < "\ud800":
        assert found[0]["name"] == name


def test_each_line_is_on_its_way_before_the_next_event(tmp_path: Path) -> None:
    with EventLog(tmp_path / "log") as told:
        for count in range(1, 4):
            told.note("so far")
            assert len(lines(tmp_path / "log")) == count


def test_a_run_that_breaks_off_says_why(tmp_path: Path) -> None:
    def interrupted() -> None:
        with EventLog(tmp_path / "log") as told:
            told.begin(PLAN, "1.2.3")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    last = lines(tmp_path / "log")[-1]
    assert (last["event"], last["kind"], last["why"]) == ("run_stopped", "KeyboardInterrupt", "KeyboardInterrupt")


class Disk:
    """A file on a disk that is full for a while."""

    def __init__(self, room: int) -> None:
        self.room, self.content = room, b""

    def write(self, data: bytes) -> int:
        taken = data[: self.room]
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.content += taken
        self.room -= len(taken)
        return len(taken)

    def close(self) -> None:
        pass


@pytest.mark.parametrize("room", range(0, 400, 7))
def test_a_full_disk_ends_no_run_and_tears_no_later_line(tmp_path: Path, room: int) -> None:
    with EventLog(tmp_path / "log", now=lambda: NOW) as told:
        assert told._file is not None
        told._file.close()
        disk = told._file = Disk(room)  # type: ignore[assignment]
        for _ in range(6):
            told.note("something")
        assert told.error is not None
        assert "No space left" in str(told.error) and str(tmp_path / "log") in str(told.error)
        first, lost = told.error, told.lost
        assert 0 < lost <= 6
        disk.room = 10**6  # type: ignore[attr-defined]
        told.end(SUMMARY)
        assert (told.error, told.lost) == (first, lost)
    whole, torn = [], 0
    for line in disk.content.splitlines():  # type: ignore[attr-defined]
        try:
            whole.append(json.loads(line))
        except ValueError:
            torn += 1
    assert [line["seq"] for line in whole] == [*range(6 - lost), 6]
    assert whole[-1]["lost"] == lost
    assert torn <= lost and (torn <= 1 or room == 0)
    assert b"\n\n" not in disk.content  # type: ignore[attr-defined]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_disk_that_is_full_from_the_start_is_told_once() -> None:
    told = ran(Path("/dev/full"))
    assert told.error is not None and "No space left" in str(told.error)
    assert told.lost == 6


def test_runs_that_write_to_one_file_at_once_tear_no_line(tmp_path: Path) -> None:
    def run(number: int) -> None:
        with EventLog(tmp_path / "log") as told:
            for _ in range(200):
                told.note(str(number) * 500)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
    found = lines(tmp_path / "log")
    assert len(found) == 800
    for name in {line["run"] for line in found}:
        assert [line["seq"] for line in found if line["run"] == name] == list(range(200))


def test_a_line_that_another_run_is_just_writing_is_not_taken_for_torn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    path.write_text('{"event": "no')

    def meanwhile(seconds: float) -> None:
        with path.open("a") as other:
            other.write('te"}\n')

    monkeypatch.setattr("cg_upscaler.report.log.time.sleep", meanwhile)
    with EventLog(path) as told:
        told.note("mine")
    assert [line["event"] for line in lines(path)] == ["note", "note"]


def test_the_documentation_has_every_event_with_its_fields(tmp_path: Path) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", (DOCS / "nightly.md").read_text("utf-8"), re.MULTILINE))
    ran(tmp_path / "log", progress=True)
    with suppress(ValueError), EventLog(tmp_path / "log"):
        raise ValueError
    found = lines(tmp_path / "log")
    assert {line["event"] for line in found} == rows.keys() & {
        "run_started", "note", "problem", "texture_started", "texture_progress", "texture_ended", "run_ended",
        "run_stopped",
    }  # fmt: skip
    for line in found:
        told = set(re.findall(r"`(\w+)`", rows[line["event"]]))
        named = {*line, *line.get("planned", ()), *line.get("standing", ())} - {"at", "run", "seq", "event"}
        assert named <= told | {"planned", "standing"}, line["event"]


def test_a_log_that_cannot_be_opened_ends_no_run(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    told = ran(tmp_path / "log")
    assert told.error is not None and "the run goes on without it" in str(told.error)
    assert told.lost == 6
    assert log.FORMAT == 1
