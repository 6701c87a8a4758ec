"""Estimates before a run: what is asked of a machine is counted right, grows with the work, and is said in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from cg_upscaler.cut import canonical_cut
from cg_upscaler.demand import plane
from cg_upscaler.engine import Engine
from cg_upscaler.errors import OutOfMemory
from cg_upscaler.flight.estimate import Estimate, Measuring, calibrate, estimate, speeds
from cg_upscaler.flight.estimate.calibrate import networks
from cg_upscaler.flight.estimate.disk import disk_bytes, growths, reckoned
from cg_upscaler.flight.estimate.words import duration, free_on_disk, in_words
from cg_upscaler.geometry import Cells, Edge, Edges, Size, Tiled
from cg_upscaler.job import Action, Job, Outcome, Pass, Plan, Receipt, Via
from cg_upscaler.library.config import load
from cg_upscaler.library.cost import cost, cost_of_header
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.texture_memory import Change, TextureMemory
from cg_upscaler.library.workload import Workload, pictures, texels_shown, workload
from cg_upscaler.maps import Role
from cg_upscaler.models import catalog
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import DeviceInfo, Precision, Storage
from cg_upscaler.wire import to_plain
from tests.fakes import BlurNetwork, FakeGenerators, group, job_of, noise

DEVICE = DeviceInfo("cpu", "a processor", Precision.FLOAT32, (Precision.FLOAT32,))
MODEL = "realesr-animevideov3"
COMPACT = catalog.find(MODEL)


def job(side: int = 32, model: str = MODEL, channels: int = 3, **more: object) -> Job:
    pixels = noise(side, side, channels)
    colour = group(Role.COLOR, (0, 1, 2), Size(side, side), model=model)
    alpha = [group(Role.ALPHA, (3,), Size(side, side), model=model)] if channels == 4 else []
    return replace(job_of(pixels, colour, *alpha), **more)  # type: ignore[arg-type]


def ticking() -> Callable[[], float]:
    """Return a clock on which all takes a second."""
    moments = count()
    return lambda: float(next(moments))


def shown(what: Job) -> float:
    return sum(workload(what).shown.values())


# What is asked of a machine


def test_a_network_is_shown_what_the_exact_engine_computes() -> None:
    for edges in (Edges(), Edges(Edge.WRAP, Edge.WRAP), Edges(Edge.WRAP, Edge.MIRROR)):
        what = job(40, edges=edges)
        width, height = plane(Size(40, 40), what.groups[0].passes[0].cut, COMPACT, edges)  # type: ignore[arg-type]
        assert shown(what) == width * height


@pytest.mark.parametrize("size", [Size(20, 20), Size(70, 33), Size(129, 64)])
@pytest.mark.parametrize("edge", list(Edge))
def test_a_network_is_shown_what_its_tiles_read(size: Size, edge: Edge) -> None:
    read = []

    class Counting(BlurNetwork):
        def run(self, window: Pixels, precision: Precision) -> Pixels:
            read.append(window.shape[0] * window.shape[1])
            return super().run(window, precision)

    cut, edges = Tiled(32, padding=6, overlap=2, border=3), Edges(edge, edge)
    source = Array(noise(size.height, size.width, 3))
    generator = FakeGenerators(Counting()).get("fake", 4)
    assert list(generator.run(source, cut, edges, Precision.FLOAT32, lambda share: None))
    assert texels_shown(size, cut, generator.info, edges) == sum(read)


def test_groups_passes_slices_and_cells_all_count() -> None:
    one = job(32)
    assert shown(job(32, channels=4)) == 2 * shown(one)
    spec = one.source_spec
    assert spec is not None
    layers = replace(one, source_spec=replace(spec, storage=Storage(slices=3)))
    assert pictures(layers) == 3
    assert shown(layers) == 3 * shown(one)
    sheet = job(64, cells=Cells(2, 2))
    assert pictures(sheet) == 4
    assert shown(sheet) == 4 * shown(one)
    direct = one.groups[0].passes[0]
    twice = replace(one, groups=(replace(one.groups[0], passes=(direct, direct)),))
    assert shown(twice) > 12 * shown(one)  # what lies beyond borders counts for less in a larger picture
    half = Pass(2, Via.SHRINK, canonical_cut(Size(16, 16), COMPACT))
    assert shown(replace(one, groups=(replace(one.groups[0], passes=(half,)),))) == shown(job(16))
    assert shown(replace(one, groups=(replace(one.groups[0], constant=True),))) == 0


def test_loads_add_up() -> None:
    one, other = workload(job(32)), workload(job(64, channels=4))
    total = one + other
    assert total.beside["color"] == one.beside["color"] + other.beside["color"]
    assert total.beside["alpha"] == other.beside["alpha"]
    assert total.beside["textures"] == 2
    assert sum(total.shown.values()) == sum(one.shown.values()) + sum(other.shown.values())
    assert one + Workload() == one


def test_what_is_copied_or_left_alone_asks_for_nothing_more() -> None:
    assert workload(job(action=Action.COPY)) == Workload(beside={"textures": 1.0})
    assert workload(job(action=Action.SKIP)) == Workload(beside={"textures": 0.0})


def test_a_job_costs_by_its_size_and_its_network() -> None:
    sizes = [cost(job(side)) for side in (8, 32, 64, 128, 256)]
    assert sizes == sorted(set(sizes))
    models = [cost(job(64, model)) for model in ("bicubic", MODEL, "realesrgan-x4plus-anime", "realesrgan-x4plus")]
    assert models == sorted(set(models))
    assert cost(job(512, channels=4)) == pytest.approx(2 * cost(job(512)), rel=0.2)
    assert 0 < cost(job(action=Action.SKIP)) <= cost(job(8, "bicubic"))


def test_the_header_alone_gives_about_the_cost_of_the_default_model() -> None:
    for side in (64, 256, 512):
        what = job(side, catalog.REFERENCE)
        assert what.source_spec is not None
        assert cost_of_header(what.source_spec) == pytest.approx(cost(what), rel=0.4)


# The disk


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "textures"
    folder.mkdir()
    for number, side in enumerate((24, 40, 56)):
        cv2.imwrite(str(folder / f"rock{number}.png"), noise(side, side, 3, number))
    return folder


def plan_of(library: Path, **settings: object) -> Plan:
    config = load(None, source=library, output=library.parent / "out", model="bicubic", **settings)  # type: ignore[arg-type]
    return make_plan(config, device=DEVICE)


@pytest.mark.parametrize(
    "format",
    [
        {"container": "dds", "encoding": "bc7", "mips": "full"},
        {"container": "dds", "encoding": "bc1", "mips": "none"},
        {"container": "dds", "encoding": "none"},
        {"container": "tga", "encoding": "none"},
        {"container": "bmp"},
    ],
)
def test_bytes_of_files_that_are_not_compressed_are_known_to_the_header(library: Path, format: dict[str, str]) -> None:
    plan = plan_of(library, format=format)
    with Receipts(Path(plan.output)) as receipts:
        done = Engine(FakeGenerators()).run(plan, receipts)
    assert {receipt.outcome for receipt in done} == {Outcome.DONE}
    for one in plan.jobs:
        assert reckoned(one).by == ""
        assert reckoned(one).bytes == pytest.approx(Path(one.output).stat().st_size, abs=64)


def test_compressed_results_are_reckoned_from_what_their_sources_take(library: Path) -> None:
    what = plan_of(library).jobs[0]
    before = reckoned(what).bytes
    plain = Path(what.source)
    cv2.imwrite(str(plain), np.full((24, 24, 3), 90, np.uint8))
    assert 0 < reckoned(what).bytes < before / 5


def test_copies_take_what_their_sources_take_and_all_adds_up(library: Path) -> None:
    first, second, third = plan_of(library).jobs
    copy, skip = replace(first, action=Action.COPY), replace(second, action=Action.SKIP)
    assert reckoned(copy).bytes == Path(first.source).stat().st_size
    assert reckoned(skip).bytes == 0
    assert disk_bytes([copy, skip, third]) == reckoned(copy).bytes + reckoned(third).bytes
    Path(first.source).unlink()
    assert reckoned(copy).bytes == 0
    assert reckoned(first).bytes > 0


def test_what_runs_wrote_corrects_the_tables_the_more_the_larger_they_were() -> None:
    what = replace(job(64), source="gone.png")
    (by, bytes_) = (reckoned(what).by, reckoned(what).bytes)
    assert by == "bare png"
    small, large = (
        replace(speeds.record_of([workload(what)], 9.0, DEVICE), said={by: said}, wrote={by: said / 2})
        for said in (1e4, 1e9)
    )
    assert growths([]) == {}
    assert disk_bytes([what], [small]) == pytest.approx(bytes_, rel=0.01)
    assert disk_bytes([what], [large]) == pytest.approx(bytes_ / 2, rel=0.01)
    assert disk_bytes([what], [replace(large, said={"png jpg": 1e9}, wrote={})]) == bytes_


# Time


@pytest.fixture
def remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(speeds.FOLDER, str(tmp_path / "speeds"))
    return tmp_path / "speeds"


def test_seconds_are_not_known_before_a_network_was_measured(remembered: Path) -> None:
    said = estimate([job(), job(model="bicubic")], speeds.load(), DEVICE)
    assert said.seconds is None
    assert said.unknown == (f"{MODEL} (float32)",)
    plain = estimate([job(model="bicubic")], speeds.load(), DEVICE)
    assert plain.seconds is not None
    assert plain.unknown == ()


def test_calibrating_makes_a_network_known_and_is_remembered(remembered: Path) -> None:
    generators = FakeGenerators(BlurNetwork(info=COMPACT))
    jobs = [job(), job(64), job(model="bicubic")]
    assert [network.name for network in networks(jobs)] == [MODEL]
    known = calibrate(jobs, generators, speeds.load(), DEVICE, remember=False, clock=ticking())
    assert estimate(jobs, known, DEVICE).seconds is not None
    assert speeds.load() == speeds.Speeds()
    known = calibrate(jobs, generators, speeds.load(), DEVICE, clock=ticking())
    as_text = [[record.as_text() for record in some.records] for some in (speeds.load(), known)]
    assert sorted(as_text[0]) == sorted(as_text[1])
    assert len(as_text[0]) == 2  # the network, and the processors
    assert calibrate(jobs, generators, known, DEVICE, clock=ticking()) == known


def test_a_network_that_does_not_run_here_stays_unknown(remembered: Path) -> None:
    def fails(pixels: Pixels) -> Pixels:
        raise OutOfMemory("too large")

    known = calibrate([job()], FakeGenerators(BlurNetwork(fails, COMPACT)), speeds.load(), DEVICE)
    assert estimate([job()], known, DEVICE).unknown == (f"{MODEL} (float32)",)


def test_more_textures_take_longer(remembered: Path) -> None:
    known = calibrate([job()], FakeGenerators(BlurNetwork(info=COMPACT)), speeds.load(), DEVICE, clock=ticking())
    taken = [estimate([job(side)] * times, known, DEVICE).seconds for side, times in ((32, 1), (32, 3), (64, 3))]
    assert None not in taken
    assert taken == sorted(set(taken))  # type: ignore[type-var]


def test_a_run_teaches_what_the_next_one_takes(library: Path, remembered: Path) -> None:
    plan = plan_of(library)
    colour = replace(
        plan.jobs[0].groups[0],
        model=MODEL,
        weights=COMPACT.weights,
        passes=(Pass(4, Via.DIRECT, canonical_cut(Size(56, 56), COMPACT)),),
    )
    plan = replace(plan, jobs=tuple(replace(one, groups=(colour,)) for one in plan.jobs))
    measured = Measuring(FakeGenerators(BlurNetwork(info=COMPACT)))
    with Receipts(Path(plan.output)) as receipts:
        done = Engine(measured).run(plan, receipts)
    assert {receipt.outcome for receipt in done} == {Outcome.DONE}
    assert sum(measured.shown.values()) == sum(shown(one) for one in plan.jobs)
    assert speeds.learn(measured, plan.jobs, done, 30.0, DEVICE) is not None
    run = speeds.load().records[-1]
    assert run.wrote == {"png png": sum(Path(one.output).stat().st_size for one in plan.jobs)}
    assert run.said == {"png png": disk_bytes(plan.jobs)}
    said = estimate(plan.jobs, speeds.load(), DEVICE)
    assert said.seconds == pytest.approx(30.0, rel=0.1)
    assert said.measured


def test_nothing_is_learned_where_nothing_was_done(remembered: Path) -> None:
    jobs = [replace(job(), name=name) for name in "abc"]
    current = Receipt("a", Outcome.CURRENT)
    failed = Receipt("b", Outcome.FAILED, error="damaged")
    twin = Receipt("c", Outcome.DONE, notes=("the same as a",))
    measured = Measuring(FakeGenerators())
    assert speeds.learn(measured, jobs, [current, failed, twin], 30.0, DEVICE) is None
    assert speeds.learn(measured, jobs[:1], [Receipt("a", Outcome.DONE)], 0.01, DEVICE) is None
    assert speeds.load().records == ()


def test_of_a_run_that_was_stopped_counts_what_had_ended(remembered: Path) -> None:
    jobs = [replace(job(side), name=str(side)) for side in (32, 64, 128)]
    said = speeds.learn(None, jobs, [Receipt("64", Outcome.DONE)], 5.0, DEVICE)
    assert said is not None
    assert said.shown == {network.key: shown(jobs[1]) for network in networks(jobs)}
    assert estimate(jobs[1:2], speeds.load(), DEVICE).seconds == pytest.approx(5.0, rel=0.1)


def test_textures_that_are_up_to_date_take_little_and_are_learned_of(remembered: Path) -> None:
    one = replace(job(model="bicubic"), name="a")
    alone, among = (estimate([one], speeds.load(), DEVICE, library=[one] * count).seconds for count in (1, 1001))
    assert alone is not None
    assert among is not None
    assert alone < among < alone + 1000 * 0.01
    current = [Receipt(str(number), Outcome.CURRENT) for number in range(1000)]
    run = speeds.learn(None, [one], [*current, Receipt("a", Outcome.DONE)], 50.0, DEVICE)
    assert run is not None
    assert run.beside["unchanged"] == 1000
    assert run.beside["textures"] == 1


def test_texture_memory_is_of_the_library_and_disk_of_what_runs(library: Path, remembered: Path) -> None:
    jobs = plan_of(library).jobs
    part = estimate(jobs[:1], speeds.load(), DEVICE, library=jobs)
    whole = estimate(jobs, speeds.load(), DEVICE)
    assert part.memory == whole.memory
    assert 0 < part.disk < whole.disk


# In words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0.1 s"),
        (3.14, "3.1 s"),
        (42.4, "42 s"),
        (99.6, "2 min"),
        (750, "12 min"),
        (59.4 * 60, "59 min"),
        (59.8 * 60, "1 h"),
        (6600, "1 h 50 min"),
        (86_400, "1 day"),
        (24 * 3600 - 30, "1 day"),
        (23.99 * 3600, "24 h"),
        (76 * 3600, "3 days 4 h"),
    ],
)
def test_times_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def said_of(**changes: object) -> Estimate:
    memory = TextureMemory({"normal": Change(15_300_000, 245_000_000), "base_color": Change(12_000_000, 193_000_000)})
    plain = Estimate(6600.0, "AMD EPYC", "2026-11-25", (), 41_000_000_000, memory)
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_an_estimate_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cg_upscaler.flight.estimate.words.free_on_disk", lambda folder: 210_000_000_000)
    said = said_of(budget={"normal": 200_000_000, "total": 10**9})
    assert in_words(said, Path("out")) == [
        "time: about 1 h 50 min on AMD EPYC (measured 2026-11-25)",
        "disk: about 41 GB, of 210 GB free on the disk of out",
        "texture memory   before   after  budget",
        "  normal        15.3 MB  245 MB  200 MB",
        "  base_color      12 MB  193 MB",
        "  total         27.3 MB  438 MB    1 GB",
        "warning: normal textures will take 245 MB of texture memory, 45 MB over budget",
    ]


def test_what_is_not_known_and_what_does_not_fit_is_said(tmp_path: Path) -> None:
    said = said_of(seconds=None, unknown=("a (float32)", "b (mixed)"), disk=10**18, memory=TextureMemory({}))
    assert json.loads(json.dumps(to_plain(said)))["memory"] == {"kinds": {}}
    time, disk, warning = in_words(said, tmp_path / "not" / "there")
    assert time.startswith("time: not known: a (float32), b (mixed) were never measured on AMD EPYC; a run does it")
    assert disk.startswith("disk: about 1000000 TB, of ")
    assert warning.startswith(f"warning: the results will not fit on the disk of {tmp_path}")
    free = free_on_disk(tmp_path / "not" / "there")
    assert free is not None
    assert free > 0
