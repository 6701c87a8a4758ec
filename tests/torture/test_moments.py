"""Disturbances at a chosen moment: edits, folders that go, a second run, a signal, a clock that jumps."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.bench import Bench, Way, set_up
from tests.torture.edits import Edit, How, Versions, edit_and_resume, prepare
from tests.torture.faults import count
from tests.torture.kill import DAYS
from tests.torture.pausing import disturbed
from tests.torture.runs import Ended, Running, names
from tests.torture.shim import WHY_NOT, Fault

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = set_up(tmp_path_factory.mktemp("bench"), warm=True)
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def versions(bench: Bench) -> dict[str, Versions]:
    return prepare(bench, ("raw.tga", "packed.png"))


@pytest.fixture
def out(bench: Bench, request: pytest.FixtureRequest) -> Path:
    return bench.folder / request.node.name.translate({ord(sign): "-" for sign in "[]/. "})


def _middle(bench: Bench, calls: str, *, in_library: bool = False) -> int:
    return count(bench, Way.AFRESH, in_library=in_library)[calls] // 2


@pytest.mark.parametrize("how", How)
@pytest.mark.parametrize("name", ["raw.tga", "packed.png"])
def test_a_source_that_is_edited_as_it_is_read_becomes_one_of_its_versions(
    bench: Bench, versions: dict[str, Versions], out: Path, name: str, how: How
) -> None:
    total = versions[name].calls
    for at, edit in enumerate([Edit(name, how, total * 9 // 10), Edit(name, how, total * 8 // 10, total * 9 // 10)]):
        edit_and_resume(bench, versions, edit, out.with_name(f"{out.name}-{at}"))


def test_an_output_folder_that_is_removed_ends_a_run_in_words(bench: Bench, out: Path) -> None:
    deed = {_middle(bench, "create"): lambda running: shutil.rmtree(out)}
    ended, done = disturbed(bench, Way.AFRESH, out, out, "create", deed)
    assert done == 1 and not ended.broken, ended.broken
    if out.is_dir():
        bench.check_whole(Way.AFRESH, out, when="its output folder was removed")
    bench.finish(Way.AFRESH, out, when="its output folder was removed", failed=ended.err)


def test_an_output_folder_that_may_not_be_written_is_told_before_anything_is_done(bench: Bench, out: Path) -> None:
    assert bench.shim is not None
    out.mkdir()
    with bench.shim.telling(out, Fault("create,mkdir", 1, errno.EROFS, on=True)) as armed:
        ended = bench.run(Way.AFRESH, out, env=armed.env)
    assert not ended.broken, ended.broken
    assert ended.code in (1, 2)
    assert str(out) in ended.err
    assert names(out) == []


def test_a_finished_output_folder_that_may_not_be_written_is_left_as_it_is(bench: Bench, out: Path) -> None:
    assert bench.shim is not None
    bench.run(Way.AFRESH, out)
    with bench.shim.telling(out, Fault("create,mkdir", 1, errno.EROFS, on=True)) as armed:
        ended = bench.run(Way.AFRESH, out, env=armed.env)
    assert not ended.broken, ended.broken
    bench.check_ended(Way.AFRESH, out, when="it may not be written")
    bench.finish(Way.AFRESH, out, when="it could not be written")


def test_a_library_that_goes_away_loses_nothing_that_is_finished(bench: Bench, out: Path) -> None:
    source = bench.sources[0]
    aside = source.with_name("away")

    def go(running: Running) -> None:
        source.rename(aside)

    try:
        at = count(bench, Way.AFRESH, in_library=True)["read"] * 9 // 10
        ended, done = disturbed(bench, Way.AFRESH, out, source, "read", {at: go})
        assert done == 1 and not ended.broken, ended.broken
        assert ended.code in (1, 2)
        there = names(out)
        gone = bench.run(Way.AFRESH, out)
        assert not gone.broken and gone.code in (1, 2), gone.broken
        assert names(out) == there
    finally:
        if aside.exists():
            aside.rename(source)
    bench.check_whole(Way.AFRESH, out, when="the library went away", but=("cliff.",))
    bench.finish(Way.AFRESH, out, when="the library went away", failed=ended.err)


def test_a_second_run_at_once_is_refused_in_words_and_harms_nothing(bench: Bench, out: Path) -> None:
    second: list[Ended] = []

    def try_too(running: Running) -> None:
        own = out.with_name("second")  # for its messages
        second.append(Running(bench.sources[0], own, "--out", str(out), warm=None).wait())

    first, done = disturbed(bench, Way.AFRESH, out, out, "rename", {_middle(bench, "rename"): try_too})
    assert done == 1
    assert second[0].code == 2
    assert "another run is writing to this folder" in second[0].err
    assert (first.broken, first.code) == ("", 1)
    bench.check_ended(Way.AFRESH, out, when="another run was tried")
    bench.finish(Way.AFRESH, out, when="another run was tried")


def test_a_second_run_waits_where_it_is_told_to(bench: Bench, out: Path) -> None:
    second: list[Running] = []

    def wait_too(running: Running) -> None:
        own = out.with_name("waiting")
        second.append(Running(bench.sources[0], own, "--out", str(out), "--wait", "100", "--json", warm=None))
        while second[0].lives and "waiting for another run" not in second[0].said():
            pass

    first, done = disturbed(bench, Way.AFRESH, out, out, "rename", {_middle(bench, "rename"): wait_too})
    waited = second[0].wait()
    assert (done, first.broken, first.code) == (1, "", 1)
    assert "waiting for another run" in waited.err
    assert "24 up to date" in waited.err
    bench.check_ended(Way.AFRESH, out, when="another run waited")


def test_two_runs_that_begin_together_bring_about_one_tree(bench: Bench, out: Path) -> None:
    others = [
        Running(bench.sources[0], out.with_name(f"{out.name}-{at}"), "--out", str(out), "--wait", "100", warm=None)
        for at in range(2)
    ]
    for ended in [each.wait() for each in others]:
        assert (ended.broken, ended.code) == ("", 1)
    bench.check_ended(Way.AFRESH, out, when="two runs began together")


def test_sigterm_finishes_what_is_on_its_way_and_records_it(bench: Bench, out: Path) -> None:
    at = _middle(bench, "rename")
    deed = {at: lambda running: running.signal(signal.SIGTERM)}
    ended, done = disturbed(bench, Way.AFRESH, out, out, "rename", deed)
    assert done == 1 and not ended.hung
    assert ended.code >= 0, ended.broken
    assert "Traceback" not in ended.err
    finished = len(names(out))
    assert at <= finished < len(bench.wanted[Way.AFRESH])
    assert not [name for name in names(out) if ".cgtmp" in name]
    bench.finish(Way.AFRESH, out, when="it was told to end")


def test_a_child_that_is_killed_is_followed_by_another(bench: Bench, out: Path) -> None:
    killed: list[bool] = []
    deed = {_middle(bench, "rename"): lambda running: killed.append(running.kill_child())}
    ended, done = disturbed(bench, Way.AFRESH, out, out, "rename", deed)
    assert (done, killed, ended.broken, ended.code) == (1, [True], "", 1)
    assert "going on with a fresh one" in ended.err
    bench.check_ended(Way.AFRESH, out, when="its child was killed")


@pytest.mark.parametrize("days", [2, -2])
def test_a_clock_that_jumps_redoes_nothing_and_hides_no_edit(bench: Bench, out: Path, days: int) -> None:
    assert bench.shim is not None
    with bench.shim.telling(out, Fault(clock=days * DAYS)) as armed:
        assert bench.run(Way.AFRESH, out, env=armed.env).code == 1
        bench.finish(Way.AFRESH, out, when="the clock had jumped before", env=armed.env)
    bench.finish(Way.AFRESH, out, when="the clock jumped back")
    with bench.shim.telling(out, Fault(clock=-days * DAYS)) as armed:
        bench.finish(Way.AFRESH, out, when="the clock jumped the other way", env=armed.env)
    bench.finish(Way.UPDATE, out, when="sources were edited")


@pytest.mark.parametrize("days", [2, -2])
def test_a_clock_that_jumps_in_the_middle_of_a_run_changes_nothing(bench: Bench, out: Path, days: int) -> None:
    assert bench.shim is not None
    jump = Fault(clock=days * DAYS, clock_at=count(bench, Way.AFRESH)["any"] // 2)
    with bench.shim.telling(out, jump) as armed:
        ended = bench.run(Way.AFRESH, out, env=armed.env)
    assert (ended.broken, ended.code) == ("", 1)
    bench.check_ended(Way.AFRESH, out, when="the clock jumped")
    bench.finish(Way.AFRESH, out, when="the clock jumped")


def test_a_source_that_is_edited_and_keeps_its_time_is_seen(bench: Bench, out: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    shutil.copytree(bench.sources[0], library)
    Running(library, out, warm=bench.warm).wait()
    before = (library / "crate.tga").stat()
    new = (bench.sources[1] / "crate.tga").read_bytes()
    assert len(new) == before.st_size
    (library / "crate.tga").write_bytes(new)
    os.utime(library / "crate.tga", ns=(before.st_atime_ns, before.st_mtime_ns - 1))
    ended = Running(library, out, warm=bench.warm).wait()
    assert "1 upscaled" in ended.err
