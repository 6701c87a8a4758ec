"""Each texture that is to be done says why, in words: what changed, and which rule is behind it."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from cg_upscaler.cli.planned import with_standings
from cg_upscaler.geometry import Size
from cg_upscaler.job import ALGORITHM, Action, Group, Job
from cg_upscaler.library import standing
from cg_upscaler.library.reasons import changes
from cg_upscaler.library.standing import Terms
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind, Role
from cg_upscaler.spec import Depth, ImageSpec, Precision
from cg_upscaler.standing import Stand
from tests import fakes
from tests.libraries import Library

SIZE = Size(8, 8)


def job(**changes: object) -> Job:
    pixels = fakes.noise(8, 8, 3)
    colour = replace(fakes.group(Role.COLOR, (0, 1, 2), SIZE), weights="1")
    return replace(fakes.job_of(pixels, colour), **changes)  # type: ignore[arg-type]


def group(**changes: object) -> tuple[Group, ...]:
    return tuple(replace(each, **changes) for each in job().groups)  # type: ignore[arg-type]


# Two jobs


def test_equal_jobs_differ_in_nothing() -> None:
    assert changes(job(), job()) == ""
    assert changes(None, job()) == ""


def test_what_reaches_no_pixel_is_no_change() -> None:
    other = job(why="another", confidence=0.2, output="elsewhere/t.png", notes=("a note",), source="there/t.png")
    assert changes(job(), other) == ""


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ({"groups": group(model="models/b.pth", weights="2")}, "model changed: fake → b.pth"),
        ({"groups": group(weights="2")}, "weights of the model changed"),
        ({"groups": group(fidelity=0.5)}, "fidelity changed: 1 → 0.5"),
        ({"groups": group(grain=0.25)}, "grain changed: 0 → 0.25"),
        ({"groups": group(precision=Precision.MIXED)}, "precision changed: float32 → mixed"),
        ({"groups": group(color_space=ColorSpace.LINEAR)}, "colour space changed: srgb → linear"),
        ({"groups": group(flip=True)}, "normal convention changed: no → yes"),
        ({"kind": MapKind.NORMAL}, "kind changed: base_color → normal"),
        ({"alpha": AlphaMode.CUTOUT}, "alpha changed: none → cutout"),
        ({"alpha_threshold": 0.3}, "alpha threshold changed: 0.5 → 0.3"),
        ({"action": Action.COPY}, "action changed: upscale → copy"),
        ({"vertices": True}, "height on vertices changed: no → yes"),
    ],
)
def test_a_change_that_no_rule_decides_is_told_by_what_it_was_and_is(after: dict[str, object], told: str) -> None:
    assert changes(job(), job(**after)) == told


def test_another_scale_is_one_change_and_not_three() -> None:
    before = job()
    spec = replace(before.output_spec, size=SIZE * 2)  # type: ignore[type-var]
    assert changes(before, job(scale=2, output_spec=spec, groups=group(passes=()))) == "scale changed: 4 → 2"


def test_another_file_is_told_by_its_form_and_depth() -> None:
    before = job()
    assert before.output_spec is not None
    after = replace(before.output_spec, container="tga")
    assert changes(before, job(output_spec=after)) == "file changed: png 8 bits → tga 8 bits"
    deeper = replace(before.output_spec, depth=Depth.UINT16)
    assert changes(before, job(output_spec=deeper)) == "file changed: png 8 bits → png 16 bits"


def test_another_reading_of_the_source_is_told_without_numbers() -> None:
    before = job()
    assert isinstance(before.source_spec, ImageSpec)
    spec = replace(before.source_spec, color_space=ColorSpace.LINEAR)
    assert changes(before, job(source_spec=spec)) == "reading of its source changed"


def test_a_rule_is_named_with_all_that_it_changed() -> None:
    rule = "rule 'foliage/**'"
    after = job(alpha=AlphaMode.CUTOUT, settled=(("alpha", rule),))
    assert changes(job(alpha=AlphaMode.BLEND), after) == f"{rule} changed: alpha blend → cutout"
    both = (("alpha", rule), ("fidelity", rule), ("model", "what is set for normal"))
    after = job(alpha=AlphaMode.CUTOUT, groups=group(fidelity=0.5, model="b"), settled=both)
    assert changes(job(), after) == f"what is set for normal changed: model fake → b; {rule} changed: " + (
        "fidelity 1 → 0.5, alpha none → cutout"
    )


def test_a_rule_that_is_there_no_more_is_named_too() -> None:
    before = job(alpha=AlphaMode.CUTOUT, settled=(("alpha", "rule 'foliage/**'"),))
    assert changes(before, job()) == "rule 'foliage/**' changed: alpha cutout → none"


def test_what_follows_from_another_kind_or_alpha_is_not_told() -> None:
    rule = (("alpha", "rule 'foliage/**'"),)
    after = job(alpha=AlphaMode.CUTOUT, groups=group(fidelity=0.0), settled=rule)
    assert changes(job(alpha=AlphaMode.BLEND), after) == "rule 'foliage/**' changed: alpha blend → cutout"
    after = job(kind=MapKind.NORMAL, groups=group(color_space=ColorSpace.DATA, model="b", weights="2"))
    assert changes(job(), after) == "changed: model fake → b, kind base_color → normal"


def test_many_changes_are_counted() -> None:
    after = job(groups=group(fidelity=0.5, grain=0.5, precision=Precision.MIXED), vertices=True, alpha_threshold=0.3)
    assert changes(job(), after) == "changed: fidelity 1 → 0.5, grain 0 → 0.5, precision float32 → mixed and 2 more"


def test_changes_of_two_equal_groups_are_told_once() -> None:
    def two(fidelity: float) -> Job:
        return job(groups=group(fidelity=fidelity) * 2)

    assert changes(two(1.0), two(0.5)) == "fidelity changed: 1 → 0.5"


# A library


@pytest.fixture
def library(tmp_path: Path) -> Library:
    found = Library(tmp_path)
    found.add("foliage/leaf.png", channels=4)
    found.add("walls/brick.png", seed=1)
    found.add("walls/brick_n.png", seed=2)
    found.run()
    return found


def why(library: Library, *, force: bool = False) -> dict[str, str]:
    """Return what a run would do and why, of all that is not settled; what is up to date has no reason."""
    config, plan = library.config(), library.plan()
    with library.receipts(read_only=True) as receipts:
        terms = Terms(force, config.pin_revision or standing.ALGORITHM, config.before_write is not None)
        plan = with_standings(plan, receipts, terms)
    pairs = zip(plan.jobs, plan.standings, strict=True)
    return {
        job.name: each.why if each.stand is Stand.DUE else f"{each.stand.value}: {each.why}".rstrip(": ")
        for job, each in pairs
        if each.stand is not Stand.CURRENT
    }


def test_a_new_texture_and_a_changed_one(library: Library) -> None:
    library.add("walls/stone.png", seed=8)
    library.add("walls/brick.png", seed=9)
    assert why(library) == {"walls/stone.png": "new", "walls/brick.png": "its source changed"}


def test_a_missing_output(library: Library) -> None:
    (library.out / "walls" / "brick.png").unlink()
    assert why(library) == {"walls/brick.png": "output missing"}


def test_an_edited_a_foreign_and_a_read_only_output_are_in_the_way(library: Library) -> None:
    (library.out / "walls" / "brick.png").write_bytes(b"retouched")
    library.add("walls/brick.png", seed=7)
    library.add("walls/brick_n.png", seed=9)
    (library.out / "walls" / "brick_n.png").chmod(stat.S_IREAD)
    library.add("walls/stone.png", seed=8)
    (library.out / "walls" / "stone.png").write_bytes(b"somebody's own")
    assert why(library) == {
        "walls/brick.png": "blocked: its output was changed by somebody since this tool wrote it",
        "walls/brick_n.png": "blocked: its output is read-only, as version control makes it",
        "walls/stone.png": "blocked: its output is there already, and this tool did not write it",
    }
    library.configure("before_write: chmod u+w {path}\n")
    assert why(library)["walls/brick_n.png"] == "its source changed"
    assert set(why(library, force=True).values()) == {"forced"}


def test_an_edited_output_is_kept_while_nothing_else_changes(library: Library) -> None:
    (library.out / "walls" / "brick.png").write_bytes(b"retouched")
    assert why(library) == {"walls/brick.png": "kept: its output was changed by somebody since this tool wrote it"}
    assert why(library, force=True)["walls/brick.png"] == "forced"


def test_a_read_only_output_that_is_up_to_date_is_just_that(library: Library) -> None:
    (library.out / "walls" / "brick.png").chmod(stat.S_IREAD)
    assert why(library) == {}


def test_a_changed_rule_is_named(library: Library) -> None:
    library.configure("rules: [{match: 'foliage/**', alpha: blend}]\n")
    library.run()
    library.configure("rules: [{match: 'foliage/**', alpha: cutout}]\n")
    assert why(library) == {"foliage/leaf.png": "rule 'foliage/**' changed: alpha blend → cutout"}
    library.configure("rules: [{match: 'walls/**', fidelity: 0.5}, {match: 'foliage/**', alpha: blend}]\n")
    assert why(library)["walls/brick.png"] == "rule 'walls/**' changed: fidelity 1 → 0.5"
    assert "foliage/leaf.png" not in why(library)


def test_what_is_set_for_a_kind_is_named(library: Library) -> None:
    library.configure("kinds: {base_color: {fidelity: 0.25}}\n")
    assert why(library)["walls/brick.png"] == "what is set for base_color changed: fidelity 1 → 0.25"


def test_a_changed_model_is_named(library: Library) -> None:
    (library.place / "game.yaml").write_text("model: linear\nscale: 2\n")
    assert set(why(library).values()) == {"model changed: bicubic → linear"}


def test_a_failure_is_tried_again(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    library.add("walls/brick.png", seed=9)
    with monkeypatch.context() as patch:
        patch.setattr("cg_upscaler.flight.making.upscale", broken, raising=True)
        library.run(code=1)
    assert why(library) == {"walls/brick.png": "failed the last time"}
    library.run()
    assert why(library) == {}


def broken(*_: object, **__: object) -> None:
    raise OSError(5, "Input/output error")


def test_a_rejected_texture_says_so_until_its_gates_change(library: Library) -> None:
    library.configure("rules: [{match: 'walls/brick.png', quality: {min_consistency: 500}}]\n")
    library.run(code=4)
    ((name, said),) = why(library).items()
    assert name == "walls/brick.png"
    assert said.startswith("rejected: ")
    assert "500" in said
    library.configure("rules: [{match: 'walls/brick.png', quality: {min_consistency: 1}}]\n")
    assert why(library) == {"walls/brick.png": "was rejected, and the gates or its result there changed"}
    library.run()
    assert why(library) == {}


def test_a_new_revision_redoes_all_unless_it_is_pinned(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cg_upscaler.job.ALGORITHM", ALGORITHM + 1)
    monkeypatch.setattr(Job.key, "__defaults__", (ALGORITHM + 1,))
    monkeypatch.setattr(standing, "ALGORITHM", ALGORITHM + 1)
    monkeypatch.setattr("cg_upscaler.library.unchanged.ALGORITHM", ALGORITHM + 1)
    assert set(why(library).values()) == {"cg-upscale itself changed what it makes of this"}
    library.configure(f"pin_revision: {ALGORITHM}\n")
    assert why(library) == {}
    library.add("walls/brick.png", seed=9)
    assert why(library) == {"walls/brick.png": "its source changed"}


def test_a_receipt_that_is_missing(library: Library) -> None:
    with library.receipts() as receipts:
        receipts.keep_only(["foliage/leaf.png"])
    library.configure("edges: clamp\n")
    assert why(library)["walls/brick.png"] == "its receipt is missing"


def test_what_is_skipped_says_by_what(library: Library) -> None:
    library.configure("rules: [{match: 'walls/brick.png', skip: not ours}]\n")
    assert why(library) == {"walls/brick.png": "skipped: not ours (rule 'walls/brick.png' (game.yaml:3))"}


def test_the_reason_is_kept_in_the_receipt(library: Library) -> None:
    library.configure("rules: [{match: 'foliage/**', fidelity: 0.5}]\n")
    library.run()
    with library.receipts(read_only=True) as receipts:
        found = receipts.find("foliage/leaf.png")
    assert found is not None
    assert found.why == "rule 'foliage/**' changed: fidelity 1 → 0.5"
