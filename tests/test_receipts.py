"""What is remembered of a run: outputs are known again, edits are seen, kills are survived."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from cg_upscaler.errors import OutputError, UsageError
from cg_upscaler.job import Action, Figure, Job, Outcome, Receipt
from cg_upscaler.library.outputs import hash_bytes
from cg_upscaler.library.receipts import FOLDER, OutputState, Receipts, hash_file
from cg_upscaler.library.record.known import known_outputs_under
from cg_upscaler.maps import MapKind
from cg_upscaler.wire import to_plain


def job_for(output: Path, name: str = "rock.png") -> Job:
    return Job(
        name=name,
        source="/lib/" + name,
        output=str(output),
        action=Action.UPSCALE,
        kind=MapKind.BASE_COLOR,
        why="",
        confidence=1.0,
        scale=4,
    )


def written(receipts: Receipts, output: Path, content: bytes = b"pixels", name: str = "rock.png") -> Job:
    """Go through the steps of a job that ends well."""
    job = job_for(output, name)
    output.parent.mkdir(parents=True, exist_ok=True)
    receipt = ended(job, content)
    receipts.intend(receipt, job)
    output.write_bytes(content)
    receipts.record(receipt, job)
    return job


def ended(job: Job, content: bytes, key: str = "key") -> Receipt:
    """Return the receipt of a job that ends well."""
    return Receipt(job.name, Outcome.DONE, job.output, key, "source", hash_bytes(content), 1.5, ("a note",))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_a_receipt_is_found_again_by_the_next_run(out: Path) -> None:
    with Receipts(out) as receipts:
        written(receipts, out / "rock.png")
        first = receipts.find("rock.png")
    with Receipts(out) as receipts:
        found = receipts.find("rock.png")
        assert found == first
        assert found is not None
        assert found.notes == ("a note",)
        assert receipts.find("other.png") is None


def test_states_of_an_output(out: Path) -> None:
    with Receipts(out) as receipts:
        job = written(receipts, out / "a" / "rock.png")
        assert receipts.output_state(job) is OutputState.OURS
        Path(job.output).write_bytes(b"retouched")
        assert receipts.output_state(job) is OutputState.EDITED
        Path(job.output).unlink()
        assert receipts.output_state(job) is OutputState.MISSING
        foreign = job_for(out / "b.png", "b.png")
        Path(foreign.output).write_bytes(b"someone's")
        assert receipts.output_state(foreign) is OutputState.FOREIGN


def test_a_touched_but_equal_output_is_still_ours(out: Path) -> None:
    with Receipts(out) as receipts:
        job = written(receipts, out / "rock.png")
        os.utime(job.output, ns=(1, 1))
        assert receipts.output_state(job) is OutputState.OURS


def test_a_read_only_output_is_locked(out: Path) -> None:
    with Receipts(out) as receipts:
        job = written(receipts, out / "rock.png")
        os.chmod(job.output, stat.S_IREAD)
        assert receipts.output_state(job) is OutputState.LOCKED
        os.chmod(job.output, stat.S_IREAD | stat.S_IWRITE)


def test_a_folder_or_a_link_in_the_way_is_foreign(out: Path) -> None:
    with Receipts(out) as receipts:
        job = written(receipts, out / "rock.png")
        Path(job.output).unlink()
        Path(job.output).mkdir()
        assert receipts.output_state(job) is not OutputState.OURS
        Path(job.output).rmdir()
        try:
            Path(job.output).symlink_to(out / "nowhere.png")
        except OSError:
            pytest.skip("no links here")
        assert receipts.output_state(job) is not OutputState.MISSING
        assert receipts.output_state(job) is not OutputState.OURS


def test_what_a_killed_run_put_in_place_is_on_record_when_the_next_begins(out: Path) -> None:
    with Receipts(out) as receipts:
        job = written(receipts, out / "rock.png")
        new = ended(job, b"a whole new result", "another key")
        receipts.intend(new, job)
        Path(job.output).write_bytes(b"a whole new result")
    with Receipts(out, read_only=True) as receipts:
        assert receipts.output_state(job) is OutputState.OURS
        assert receipts.find("rock.png") == new
    for mended in (("rock.png",), ()):
        with Receipts(out) as receipts:
            assert receipts.mended == mended
            assert receipts.output_state(job) is OutputState.OURS
            assert receipts.find("rock.png") == new
            assert receipts.job_of("rock.png") == job


@pytest.mark.parametrize("told", [True, False])
def test_what_is_saved_over_a_result_before_it_is_recorded_is_no_result(out: Path, told: bool) -> None:
    with Receipts(out) as receipts:
        job = job_for(out / "rock.png")
        finished = out / "rock.tmp.png"
        finished.write_bytes(b"pixels")
        receipts.intend(ended(job, b"pixels"), job, finished if told else None)
        finished.replace(job.output)
        Path(job.output).write_bytes(b"saved by somebody just then")
        receipts.record(ended(job, b"pixels"), job)
        assert receipts.output_state(job) is OutputState.EDITED


@pytest.mark.parametrize("hours", [12, -12, 0])
def test_an_edit_after_a_kill_is_not_taken_for_the_killed_run_s_file(out: Path, hours: int) -> None:
    with Receipts(out) as receipts:
        job = written(receipts, out / "rock.png")
        receipts.intend(ended(job, b"a whole new result"), job)
        Path(job.output).write_bytes(b"edited the next morning")
        at = Path(job.output).stat().st_mtime_ns + hours * 3600 * 10**9  # whatever clocks say
        os.utime(job.output, ns=(at, at))
    with Receipts(out) as receipts:
        assert receipts.output_state(job) is OutputState.EDITED


def test_a_kill_before_the_file_was_put_in_place_leaves_the_old_one_ours(out: Path) -> None:
    with Receipts(out) as receipts:
        job = written(receipts, out / "rock.png")
        old = receipts.find("rock.png")
        receipts.intend(ended(job, b"a whole new result", "another key"), job)
        later = Path(job.output).stat().st_mtime_ns + 12 * 3600 * 10**9
        os.utime(job.output, ns=(later, later))
    with Receipts(out) as receipts:
        assert receipts.output_state(job) is OutputState.OURS
        assert receipts.find("rock.png") == old


def test_a_failed_job_forgets_its_intent(out: Path) -> None:
    with Receipts(out) as receipts:
        job = job_for(out / "rock.png")
        receipts.intend(ended(job, b"pixels"), job)
        receipts.record(Receipt("rock.png", Outcome.FAILED, error="no space"))
        Path(job.output).write_bytes(b"pixels")
        assert receipts.output_state(job) is OutputState.FOREIGN
        assert receipts.find("rock.png") is None
        found = receipts.failure("rock.png")
        assert found is not None
        assert found.error == "no space"


def test_a_job_that_fails_when_its_file_is_in_place_still_owns_it(out: Path) -> None:
    with Receipts(out) as receipts:
        job = job_for(out / "rock.png")
        receipts.intend(ended(job, b"pixels"), job)
        Path(job.output).write_bytes(b"pixels")
        receipts.record(Receipt("rock.png", Outcome.FAILED, error="the disk broke as its folder was brought to it"))
        assert receipts.output_state(job) is OutputState.OURS


def test_a_failure_does_not_disown_an_earlier_output(out: Path) -> None:
    with Receipts(out) as receipts:
        job = written(receipts, out / "rock.png")
        good = receipts.find("rock.png")
        receipts.record(Receipt("rock.png", Outcome.FAILED, error="truncated"))
        assert receipts.output_state(job) is OutputState.OURS
        assert receipts.find("rock.png") == good
        assert [entry.receipt.error for entry in receipts.entries()] == ["truncated"]
        receipts.mend_failures(["rock.png"])
        assert [entry.receipt for entry in receipts.entries()] == [good]


def test_outputs_are_known_wherever_their_record_lies(tmp_path: Path) -> None:
    library = tmp_path / "library"
    inside, above = library / "sub" / "out", tmp_path
    for folder, output in ((inside, inside / "a" / "rock.png"), (above, library / "moss.png")):
        with Receipts(folder) as receipts:
            written(receipts, output)
    mine = library / "sub" / "out" / "mine.png"
    mine.write_bytes(b"a source in the output folder")
    ours = known_outputs_under(library)
    assert ours(inside / "a" / "rock.png")
    assert ours(library / "moss.png")
    assert not ours(mine)
    (library / "moss.png").write_bytes(b"an output that somebody edited is an output still")
    assert known_outputs_under(library)(library / "moss.png")


def test_reading_only_creates_nothing_and_answers(out: Path) -> None:
    with Receipts(out, read_only=True) as receipts:
        assert receipts.find("rock.png") is None
        assert receipts.output_state(job_for(out / "rock.png")) is OutputState.MISSING
        receipts.seen.remember("hash", "{}")
        assert receipts.seen.evidence("hash") == "{}"
    assert not out.exists()


def test_reading_only_leaves_an_existing_record_as_it_is(out: Path) -> None:
    with Receipts(out) as receipts:
        job = written(receipts, out / "rock.png")
        receipts.seen.remember("hash", "seen")
    record = out / FOLDER / "receipts.sqlite"
    before = record.read_bytes()
    with Receipts(out, read_only=True) as receipts:
        os.utime(job.output, ns=(1, 1))
        assert receipts.output_state(job) is OutputState.OURS
        assert receipts.seen.evidence("hash") == "seen"
        receipts.seen.remember("other", "seen")
    assert record.read_bytes() == before
    assert [path.name for path in (out / FOLDER).iterdir()] == ["receipts.sqlite"]


def test_evidence_is_kept_by_source_hash(out: Path) -> None:
    with Receipts(out) as receipts:
        receipts.seen.remember("hash", "first")
        receipts.seen.remember("hash", "second")
        assert receipts.seen.evidence("hash") == "second"
        for i in range(1000):
            receipts.seen.remember(f"hash {i}", str(i))
    with Receipts(out) as receipts:
        assert receipts.seen.evidence("hash") == "second"
        assert [receipts.seen.evidence(f"hash {i}") for i in range(1000)] == [str(i) for i in range(1000)]
        assert receipts.seen.evidence("other") is None


@pytest.mark.parametrize("read_only", [False, True])
def test_a_damaged_record_says_what_to_do(out: Path, read_only: bool) -> None:
    record = out / FOLDER / "receipts.sqlite"
    record.parent.mkdir(parents=True)
    record.write_bytes(b"not a database at all" * 100)
    with pytest.raises(OutputError, match=r"damaged.*mends it"):
        Receipts(out, read_only=read_only)


def test_a_record_cut_short_says_so_when_it_is_used(out: Path) -> None:
    with Receipts(out) as receipts:
        for i in range(200):
            receipts.seen.remember(f"hash {i}", "x" * 1000)
    record = out / FOLDER / "receipts.sqlite"
    data = bytearray(record.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    record.write_bytes(data)
    with pytest.raises(OutputError, match="damaged"), Receipts(out) as receipts:
        receipts.seen.evidence("hash 7")


def test_a_record_of_a_newer_version_is_left_alone(out: Path) -> None:
    Receipts(out).close()
    with sqlite3.connect(out / FOLDER / "receipts.sqlite") as base:
        base.execute("PRAGMA user_version = 99")
    base.close()
    with pytest.raises(OutputError, match="newer version"):
        Receipts(out)


def test_an_empty_record_counts_as_none(out: Path) -> None:
    (out / FOLDER).mkdir(parents=True)
    (out / FOLDER / "receipts.sqlite").touch()
    with Receipts(out, read_only=True) as receipts:
        assert receipts.find("rock.png") is None
    with Receipts(out) as receipts:
        assert receipts.find("rock.png") is None


def test_an_output_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be made: a file is in the way"):
        Receipts(tmp_path / "file" / "out")


def test_a_file_is_hashed_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert hash_file(tmp_path / "empty").startswith("e3b0c44298fc1c14")


def test_what_was_rejected_lies_apart_and_leaves_the_good_output_known(out: Path) -> None:
    with Receipts(out) as receipts:
        job = written(receipts, out / "a" / "rock.png")
        place = receipts.rejected(job)
        assert place == out.resolve() / "_rejected" / "a" / "rock.png"
        place.parent.mkdir(parents=True)
        place.write_bytes(b"off")
        figures = (Figure("color_drift", 1.3, 1.0, broken=True),)
        rejected = Receipt(
            "rock.png", Outcome.REJECTED, str(place), "new key", "source", hash_file(place), figures=figures
        )
        receipts.intend(rejected, job)
        receipts.record(rejected, job)
        assert receipts.find("rock.png") == rejected
        assert receipts.state_at(place) is OutputState.OURS
        assert receipts.output_state(job) is OutputState.OURS
        receipts.forget(place)
        assert receipts.state_at(place) is OutputState.FOREIGN


OLDER = """
CREATE TABLE receipts (name TEXT PRIMARY KEY, receipt TEXT NOT NULL);
CREATE TABLE outputs (path TEXT PRIMARY KEY, name TEXT NOT NULL, key TEXT NOT NULL, source_hash TEXT NOT NULL,
    intended INTEGER NOT NULL, hash TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL);
CREATE TABLE evidence (hash TEXT PRIMARY KEY, json TEXT NOT NULL);
INSERT INTO evidence VALUES ('7:abc', '{}');
"""
"""The tables of versions 1 and 2."""


@pytest.mark.parametrize("version", [1, 2])
def test_a_record_of_an_older_version_is_read_and_grows(out: Path, version: int) -> None:
    place = out / "rock.png"
    record = out / FOLDER / "receipts.sqlite"
    record.parent.mkdir(parents=True)
    place.write_bytes(b"pixels")
    job = job_for(place)
    older = {name: value for name, value in to_plain(ended(job, b"pixels")).items() if name not in ("why", "at")}
    with sqlite3.connect(record) as base:
        base.executescript(OLDER)
        base.execute(f"PRAGMA user_version = {version}")
        base.execute("INSERT INTO receipts VALUES (?, ?)", (job.name, json.dumps(older)))
        row = "rock.png", job.name, "key", "source", 0, hash_bytes(b"pixels"), 6, place.stat().st_mtime_ns
        base.execute("INSERT INTO outputs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        base.execute("INSERT INTO outputs VALUES ('new.png', 'new.png', '', '', 17, '', -1, -1)")
    base.close()
    before = record.read_bytes()
    with Receipts(out, read_only=True) as receipts:
        found = receipts.find("rock.png")
        assert found == ended(job, b"pixels")
        assert receipts.output_state(job) is OutputState.OURS
    assert record.read_bytes() == before
    with Receipts(out) as receipts:
        assert receipts.find("rock.png") == found
        assert receipts.seen.evidence("7:abc") == "{}"
        assert [output.path for output in receipts.outputs()] == ["rock.png"]
    with sqlite3.connect(record) as base:
        assert base.execute("PRAGMA user_version").fetchone() == (3,)
    base.close()
