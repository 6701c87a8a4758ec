"""Jobs run one after another, and nothing that goes wrong with one harms another."""

import errno
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from cg_upscaler import codecs
from cg_upscaler.engine import Engine
from cg_upscaler.errors import OutOfMemory
from cg_upscaler.job import Frame, Neighbour, Outcome
from cg_upscaler.library.config import load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts, hash_file
from cg_upscaler.library.record.known import known_outputs_under
from cg_upscaler.spec import DeviceInfo, Precision
from tests.fakes import BlurNetwork, FakeGenerators, noise

CPU = DeviceInfo("cpu", "a CPU", Precision.FLOAT32, (Precision.FLOAT32, Precision.MIXED))
FAST = replace(CPU, fast=Precision.MIXED)


def save(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[pixels.shape[2]]
    path.write_bytes(cv2.imencode(path.suffix, pixels[:, :, order])[1].tobytes())
    return path


@pytest.fixture
def library(tmp_path):
    root = tmp_path / "textures"
    save(root / "wall" / "stone.png", noise(20, 24, 3))
    save(root / "wall" / "stone_rough.png", noise(16, 16, 1, seed=2))
    save(root / "grass_color.bmp", noise(12, 18, 3, seed=3))
    return root


def run(library, out=None, *, network=None, device=CPU, force=False, listen=lambda event: None, **settings):
    """Run a library. Its edges are mirrored, for in pictures this small chance makes some of them tile."""
    config = load(None, **{"source": library, "output": out or library.parent / "out", "edges": "mirror", **settings})
    with Receipts(config.output) as receipts:
        plan = make_plan(config, device=device, receipts=receipts)
        engine = Engine(FakeGenerators(network or BlurNetwork()), force=force)
        return {receipt.name: receipt for receipt in engine.run(plan, receipts, listen)}


def outcomes(receipts):
    return {receipt.outcome for receipt in receipts.values()}


def tree(folder):
    found = folder.rglob("*")
    return {path.relative_to(folder).as_posix() for path in found if path.is_file() and ".cg-upscale" not in path.parts}


def test_the_same_tree_comes_out_four_times_as_large(library, tmp_path):
    receipts = run(library)
    assert outcomes(receipts) == {Outcome.DONE}
    assert tree(tmp_path / "out") == tree(library)
    for name in tree(library):
        before, after = codecs.probe(library / name), codecs.probe(tmp_path / "out" / name)
        assert after.size == before.size * 4
        assert (after.channels, after.depth, after.container) == (before.channels, before.depth, before.container)


def test_a_second_run_does_nothing_and_a_changed_source_is_done_again(library):
    run(library)
    network = BlurNetwork()
    assert outcomes(run(library, network=network)) == {Outcome.CURRENT}
    assert network.calls == 0
    save(library / "grass_color.bmp", noise(12, 18, 3, seed=4))
    receipts = run(library, network=network)
    assert receipts["grass_color.bmp"].outcome is Outcome.DONE
    assert receipts["wall/stone.png"].outcome is Outcome.CURRENT


def test_a_changed_setting_is_done_again(library):
    run(library)
    assert outcomes(run(library, fidelity=0.5)) == {Outcome.DONE}


def test_a_missing_output_is_made_again(library, tmp_path):
    run(library)
    (tmp_path / "out" / "grass_color.bmp").unlink()
    assert run(library)["grass_color.bmp"].outcome is Outcome.DONE


def test_one_texture_that_breaks_in_the_run_does_not_stop_the_rest(library, tmp_path):
    class Broken(BlurNetwork):
        def run(self, window, precision):
            if window.shape[0] == 12 + 16:
                raise OSError(errno.EIO, "Input/output error")
            return super().run(window, precision)

    receipts = run(library, network=Broken())
    assert receipts["grass_color.bmp"].outcome is Outcome.FAILED
    assert "grass_color.bmp" in receipts["grass_color.bmp"].error
    assert receipts["wall/stone.png"].outcome is Outcome.DONE
    assert tree(tmp_path / "out") == tree(library) - {"grass_color.bmp"}


def test_an_output_that_this_tool_did_not_write_is_left_alone(library, tmp_path):
    mine = save(tmp_path / "out" / "grass_color.bmp", noise(4, 4, 3))
    before = mine.read_bytes()
    receipts = run(library)
    assert receipts["grass_color.bmp"].outcome is Outcome.FAILED
    assert "did not write" in receipts["grass_color.bmp"].error
    assert "--force" in receipts["grass_color.bmp"].error
    assert mine.read_bytes() == before
    assert run(library, force=True)["grass_color.bmp"].outcome is Outcome.DONE


def test_an_output_that_somebody_edited_is_left_alone(library, tmp_path):
    run(library)
    edited = save(tmp_path / "out" / "grass_color.bmp", noise(48, 72, 3, seed=9))
    before = edited.read_bytes()
    save(library / "grass_color.bmp", noise(12, 18, 3, seed=4))
    assert "changed by somebody" in run(library)["grass_color.bmp"].error
    assert edited.read_bytes() == before


def test_what_somebody_saves_over_a_result_at_once_is_left_alone(library, tmp_path, monkeypatch):
    place = codecs.place

    def placed(finished, output):
        place(finished, output)
        if output.name == "grass_color.bmp":
            output.write_bytes(b"saved by somebody just then")

    with monkeypatch.context() as patched:
        patched.setattr("cg_upscaler.codecs.place", placed)
        run(library)
    save(library / "grass_color.bmp", noise(12, 18, 3, seed=4))
    assert "changed by somebody" in run(library)["grass_color.bmp"].error
    assert (tmp_path / "out" / "grass_color.bmp").read_bytes() == b"saved by somebody just then"


@pytest.mark.parametrize("index", range(6))
def test_out_of_memory_at_every_tile_gives_the_same_file_as_the_smaller_cut_from_the_start(
    tmp_path, monkeypatch, index
):
    for name, value in (("WHOLE", 0), ("BAND", 32 * 40), ("BAND_ROWS", (32, 16))):
        monkeypatch.setattr(f"cg_upscaler.cut.{name}", value)
    monkeypatch.setattr("cg_upscaler.cut.memory", lambda size, cut, *others: 1 if cut.rows else 2)
    library = tmp_path / "textures"
    save(library / "stone.png", noise(70, 40, 3))

    class Fails(BlurNetwork):
        def run(self, window, precision):
            if self.calls == index:
                self.calls += 1
                raise OutOfMemory("a test says so")
            return super().run(window, precision)

    receipts = run(library, tmp_path / "a", network=Fails())
    assert receipts["stone.png"].notes[-1] == "out of memory: done again with bands of 16"
    monkeypatch.setattr("cg_upscaler.cut.BAND_ROWS", (16,))
    run(library, tmp_path / "b")
    assert (tmp_path / "a" / "stone.png").read_bytes() == (tmp_path / "b" / "stone.png").read_bytes()


def test_out_of_memory_with_the_smallest_cut_fails_that_texture_alone(library, tmp_path, monkeypatch):
    monkeypatch.setattr("cg_upscaler.cut.BAND_ROWS", (32,))

    class Full(BlurNetwork):
        def run(self, window, precision):
            if window.shape[1] == 18 + 16:
                raise OutOfMemory("does not fit", fix="use a device with more memory")
            return super().run(window, precision)

    receipts = run(library, network=Full())
    assert "does not fit" in receipts["grass_color.bmp"].error
    assert receipts["wall/stone.png"].outcome is Outcome.DONE
    assert "grass_color.bmp" not in tree(tmp_path / "out")


def test_nan_in_a_fast_precision_is_done_again_in_float32(library):
    class Overflows(BlurNetwork):
        def run(self, window, precision):
            result = super().run(window, precision)
            return result if precision is Precision.FLOAT32 else result * np.float32(np.nan)

    receipts = run(library, network=Overflows(), device=FAST)
    assert outcomes(receipts) == {Outcome.DONE}
    assert "float32" in receipts["wall/stone.png"].notes[-1]


def test_nan_in_float32_is_a_failure_and_writes_nothing(library, tmp_path):
    receipts = run(library, network=BlurNetwork(lambda tile: tile * np.float32(np.nan)))
    assert outcomes(receipts) == {Outcome.FAILED}
    assert not tree(tmp_path / "out")


def test_a_full_disk_leaves_nothing_partial(library, tmp_path, monkeypatch):
    real = codecs.create

    def create(path, spec, metadata, **more):
        sink = real(path, spec, metadata, **more)
        if path.name == "stone.png":

            def put(rows):
                raise OSError(errno.ENOSPC, "No space left on device")

            monkeypatch.setattr(type(sink), "put", lambda self, rows: put(rows))
        return sink

    with monkeypatch.context() as patched:
        patched.setattr(codecs, "create", create)
        receipts = run(library)
    assert "space" in receipts["wall/stone.png"].error
    assert "wall/stone.png" not in tree(tmp_path / "out")
    assert not [
        path for path in (tmp_path / "out").rglob("*") if "tmp" in path.suffix or path.name.startswith(".stone")
    ]


def test_interrupting_at_any_event_leaves_only_whole_files_and_the_next_run_finishes(library, tmp_path):
    total = 0

    def count(event):
        nonlocal total
        total += 1

    run(library, tmp_path / "whole", listen=count)
    expected = {name: (tmp_path / "whole" / name).read_bytes() for name in tree(tmp_path / "whole")}
    for stop in range(total):
        left = stop

        def interrupt(event):
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt

        out = tmp_path / f"out{stop}"
        with pytest.raises(KeyboardInterrupt):
            run(library, out, listen=interrupt)
        for name in tree(out):
            assert (out / name).read_bytes() == expected[name]
        assert Outcome.FAILED not in outcomes(run(library, out))
        assert {name: (out / name).read_bytes() for name in tree(out)} == expected


def test_a_run_never_takes_its_own_outputs_for_sources(library):
    out = library / "big"
    assert len(run(library, out)) == 3
    assert len(run(library, out)) == 3
    assert tree(out) == {"wall/stone.png", "wall/stone_rough.png", "grass_color.bmp"}
    other = run(library, library.parent / "elsewhere")
    assert len(other) == 3  # not from another run's output folder either
    assert known_outputs_under(library)(out / "grass_color.bmp")


def test_an_edited_output_inside_the_library_is_still_no_source(library):
    run(library, library / "big")
    save(library / "big" / "grass_color.bmp", noise(48, 72, 3, seed=9))
    assert set(run(library, library / "big")) == {"wall/stone.png", "wall/stone_rough.png", "grass_color.bmp"}


def test_a_source_that_changes_after_planning_is_not_upscaled_as_what_it_was(library, tmp_path):
    config = load(None, source=library, output=tmp_path / "out")
    with Receipts(config.output) as receipts:
        plan = make_plan(config, device=CPU, receipts=receipts)
        save(library / "grass_color.bmp", noise(30, 30, 3))
        done = Engine(FakeGenerators()).run(plan, receipts)
    failed = [receipt for receipt in done if receipt.outcome is Outcome.FAILED]
    assert [receipt.name for receipt in failed] == ["grass_color.bmp"]
    assert "changed since" in failed[0].error


def test_data_is_copied_byte_for_byte(library, tmp_path):
    ids = np.zeros((64, 64, 3), np.uint8)
    ids[:32], ids[32:, :20], ids[40:, 30:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    source = save(library / "terrain_id.png", ids)
    receipts = run(library)
    assert receipts["terrain_id.png"].outcome is Outcome.COPIED
    assert (tmp_path / "out" / "terrain_id.png").read_bytes() == source.read_bytes()


def test_equal_jobs_give_equal_bytes(library, tmp_path):
    run(library, tmp_path / "a")
    run(library, tmp_path / "b")
    for name in tree(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def framed_job(library, tmp_path, plan, **sides):
    """The job of one tile with its neighbours about it, as a planner may make it."""
    job = next(job for job in plan.jobs if job.name == "tile_color.png")
    frame = Frame(8, **{side: Neighbour(str(library / name)) for side, name in sides.items()})
    return replace(job, frame=frame)


@pytest.fixture
def tiles(tmp_path):
    whole = noise(24, 48, 3)
    save(tmp_path / "textures" / "tile_color.png", whole[:, :24])
    save(tmp_path / "textures" / "next_color.png", whole[:, 24:])
    return tmp_path / "textures"


def run_framed(library, tmp_path, **sides):
    config = load(None, source=library, output=tmp_path / "out", edges="mirror")
    with Receipts(config.output) as receipts:
        job = framed_job(library, tmp_path, make_plan(config, device=CPU), **sides)
        return Engine(FakeGenerators()).run_job(job, receipts)


def test_a_neighbour_reaches_the_result_and_its_change_is_done_again(tiles, tmp_path):
    assert run_framed(tiles, tmp_path, right="next_color.png").outcome is Outcome.DONE
    first = codecs.read(tmp_path / "out" / "tile_color.png").pixels
    assert first.shape == (96, 96, 3)
    assert run_framed(tiles, tmp_path, right="next_color.png").outcome is Outcome.CURRENT
    save(tiles / "next_color.png", noise(24, 24, 3, seed=5))
    assert run_framed(tiles, tmp_path, right="next_color.png").outcome is Outcome.DONE
    second = codecs.read(tmp_path / "out" / "tile_color.png").pixels
    changed = np.abs(first.astype(int) - second).max((0, 2))
    assert changed[-4:].min() > 0
    assert changed[:48].max() == 0


def test_a_texture_without_neighbours_has_the_hash_of_its_file(library):
    receipts = run(library)
    assert receipts["grass_color.bmp"].source_hash == hash_file(library / "grass_color.bmp")


def test_a_neighbour_that_is_gone_or_of_another_size_fails_that_texture_in_words(tiles, tmp_path):
    gone = run_framed(tiles, tmp_path, right="nowhere.png")
    assert gone.outcome is Outcome.FAILED
    assert gone.error.startswith("tile_color.png: its neighbour")
    assert "nowhere.png is not there" in gone.error
    save(tiles / "small_color.png", noise(12, 12, 3))
    small = run_framed(tiles, tmp_path, right="small_color.png")
    assert "12×12, 3 × uint8, and the texture beside it 24×24" in small.error
    assert not tree(tmp_path / "out")
