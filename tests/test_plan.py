"""What is planned for a library: rules, materials, neighbours, where results go, and what is refused and why."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cg_upscaler import codecs
from cg_upscaler.errors import Cancelled, ModelNotFound, UsageError
from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.job import Action, Outcome, Plan, Receipt
from cg_upscaler.library.config import Config, load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts, hash_file
from cg_upscaler.maps import BICUBIC, AlphaMode, MapKind
from cg_upscaler.wire import from_plain, to_plain
from tests.image_files import psd
from tests.pictures import height_field, normals, stone
from tests.planning import DEVICE, noise

# A whole library


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library"


def put(path: Path, pixels: NDArray[np.generic] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    ok, data = cv2.imencode(".png", noise(3) if pixels is None else pixels)
    assert ok
    path.write_bytes(data.tobytes())
    return path


def config_for(library: Path, text: str = "", **overrides: object) -> Config:
    file = library.parent / "game.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, **{"source": library, "output": library.parent / "out", "model": BICUBIC, **overrides})


def plan_of(library: Path, text: str = "", *, only: tuple[str, ...] = (), **overrides: object) -> Plan:
    return make_plan(config_for(library, text, **overrides), device=DEVICE, only=only)


def test_a_library_is_planned_in_the_order_of_its_names(library: Path) -> None:
    for name in ("b/rock.png", "a.png", "B2.png", "c.png"):
        put(library / name)
    plan = plan_of(library)
    assert [job.name for job in plan.jobs] == ["a.png", "b/rock.png", "B2.png", "c.png"]
    assert [Path(job.output).relative_to(plan.output).as_posix() for job in plan.jobs] == [j.name for j in plan.jobs]
    assert plan.problems == ()
    assert not Path(plan.output).exists()
    assert [job.name for job in plan_of(library, only=("b/**",)).jobs] == ["b/rock.png"]


def test_equal_libraries_give_equal_plans_and_plans_survive_the_wire(library: Path) -> None:
    for i in range(6):
        put(library / f"{i}_n.png", noise(3, side=20 + i))
    plan = plan_of(library)
    assert plan_of(library) == plan
    assert from_plain(Plan, json.loads(json.dumps(to_plain(plan)))) == plan


def test_a_texture_that_cannot_be_read_stops_nothing(library: Path) -> None:
    put(library / "good.png")
    put(library / "truncated.png").write_bytes((library / "good.png").read_bytes()[:200])
    (library / "empty.png").touch()
    (library / "pointer.png").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n")
    plan = plan_of(library)
    assert [job.name for job in plan.jobs] == ["good.png"]
    assert [problem.name for problem in plan.problems] == ["empty.png", "pointer.png", "truncated.png"]
    assert all("\n" not in problem.message for problem in plan.problems)


def test_a_texture_beyond_the_pixel_limit_is_a_problem(library: Path) -> None:
    put(library / "rock.png")
    assert len(plan_of(library, "pixel_limit: 100").problems) == 1


def test_rules_name_kinds_skip_and_set(library: Path) -> None:
    for name in ("a.png", "old/b.png", "c.png"):
        put(library / name)
    text = """
rules:
  - match: a.png
    kind: normal
    edges: wrap
  - match: old/
    skip: made anew
  - match: nothing_here.png
    scale: 2
"""
    plan = plan_of(library, text)
    a, c, b = plan.jobs
    assert (a.kind, a.confidence, a.edges) == (MapKind.NORMAL, 1.0, Edges.both(Edge.WRAP))
    assert "rule 'a.png' (game.yaml:3)" in a.why
    assert (b.action, b.why) == (Action.SKIP, "made anew (rule 'old/' (game.yaml:6))")
    assert c.kind is MapKind.BASE_COLOR
    assert plan.notes == ("rule 'nothing_here.png' (game.yaml:8) matches no texture",)
    assert plan_of(library, text, only=("c.png",)).notes == ()


def test_a_skipped_texture_is_not_even_read(library: Path) -> None:
    library.mkdir()
    (library / "broken.png").touch()
    plan = plan_of(library, "rules: [{match: broken.png, skip: known to be broken}]")
    assert plan.problems == ()
    assert plan.jobs[0].action is Action.SKIP


def test_a_rule_can_have_data_upscaled_and_pictures_copied(library: Path) -> None:
    put(library / "fire_lut.png")
    put(library / "rock_color.png")
    assert plan_of(library).jobs[0].action is Action.COPY
    text = "rules: [{match: '*_lut.png', kind: base_color}, {match: rock*, kind: data}]"
    lut, rock = plan_of(library, text).jobs
    assert (lut.action, lut.kind) == (Action.UPSCALE, MapKind.BASE_COLOR)
    assert (rock.action, rock.kind) == (Action.COPY, MapKind.DATA)


def test_files_that_are_no_textures_are_counted(library: Path) -> None:
    put(library / "a.png")
    (library / "notes.txt").touch()
    assert "notes.txt" in plan_of(library).notes[0]
    with pytest.raises(UsageError, match=r"notes\.txt: is no texture by its name"):
        plan_of(library / "notes.txt", output=library.parent / "out")


def test_one_file_is_a_library_too(library: Path) -> None:
    put(library / "a.png")
    put(library / "b.png")
    (job,) = plan_of(library / "a.png").jobs
    assert job.name == "a.png"


def test_an_empty_library_is_an_empty_plan_and_a_missing_one_an_error(library: Path) -> None:
    library.mkdir()
    assert plan_of(library).jobs == ()
    with pytest.raises(UsageError, match="no such file or folder"):
        plan_of(library / "missing", output=library.parent / "out")


def test_sources_that_map_to_one_output_are_both_refused(library: Path) -> None:
    put(library / "lava.psd.png")
    (library / "lava.psd").write_bytes(psd(noise(3)))
    put(library / "lava.png")
    plan = plan_of(library)
    assert [job.name for job in plan.jobs] == ["lava.png"]
    messages = {problem.name: problem.message for problem in plan.problems}
    assert "lava.psd.png" in messages["lava.psd"]
    assert messages["lava.psd.png"].startswith("its result and that of lava.psd would be one file")


def test_names_that_differ_in_case_only_are_both_refused(library: Path) -> None:
    put(library / "a" / "rock.png")
    put(library / "A" / "Rock.png")
    if len(list(library.iterdir())) == 1:
        pytest.skip("this file system does not tell them apart")
    plan = plan_of(library)
    assert plan.jobs == ()
    assert len(plan.problems) == 2


def test_the_library_is_no_output_folder(library: Path) -> None:
    put(library / "a.png")
    with pytest.raises(UsageError, match="the output folder is the library itself"):
        plan_of(library, output=library / "sub" / "..")
    with pytest.raises(UsageError, match="the output folder is the library itself"):
        plan_of(library / "a.png", output=library)
    with pytest.raises(UsageError, match="is no folder"):
        plan_of(library, output=library / "a.png")


def test_a_result_never_takes_the_place_of_a_source(library: Path) -> None:
    put(library / "library" / "a.png")
    put(library / "a.png")
    plan = plan_of(library, output=library.parent)
    assert [job.name for job in plan.jobs] == ["a.png"]
    messages = {problem.name: problem.message for problem in plan.problems}
    assert messages == {
        "library/a.png": "its result would overwrite the source a.png; "
        "choose another output folder, or give it a 'suffix'"
    }


def test_a_link_does_not_lead_out_of_the_output_folder(library: Path) -> None:
    put(library / "sub" / "a.png")
    out, elsewhere = library.parent / "out", library.parent / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    try:
        (out / "sub").symlink_to(elsewhere, target_is_directory=True)
    except OSError:
        pytest.skip("no links here")
    (problem,) = plan_of(library).problems
    assert problem.message == "its result would lie outside of the output folder; remove the link that leads there"


@pytest.mark.parametrize("out", ["out", "library/out", "library"])
def test_outputs_of_a_run_are_never_its_sources(library: Path, out: str) -> None:
    source = put(library / "x" / "a.png")
    folder = library.parent / out
    result = put(folder / "result.png")
    with Receipts(folder) as receipts:
        receipts.record(Receipt("a.png", Outcome.DONE, str(result), "key", "", hash_file(result)))
    plan = plan_of(library, output=library.parent / "another")
    assert [Path(job.source) for job in plan.jobs] == [source]


def test_a_texture_that_was_seen_is_not_read_again(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(library / "a.png")
    config = config_for(library)
    with Receipts(config.output) as receipts:
        first = make_plan(config, device=DEVICE, receipts=receipts)

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("cg_upscaler.library.look.codecs.read", refuse)
    with Receipts(config.output, read_only=True) as receipts:
        assert make_plan(config, device=DEVICE, receipts=receipts) == first


def test_progress_is_told_and_can_stop_the_plan(library: Path) -> None:
    for i in range(5):
        put(library / f"{i}.png")
    told: list[tuple[int, int]] = []
    make_plan(config_for(library), device=DEVICE, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(i, 5) for i in range(1, 6)]

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        make_plan(config_for(library), device=DEVICE, on_progress=stop)


def test_a_model_that_is_not_there_stops_the_plan(library: Path) -> None:
    put(library / "a.png")
    with pytest.raises(ModelNotFound, match=r"no such weights file"):
        plan_of(library, model="missing.pth")


def test_tiles_that_will_no_longer_fit_are_told(library: Path) -> None:
    for tile in ("1001", "1002", "1011"):
        put(library / f"skin_color.{tile}.png")
    plan = plan_of(library, "rules: [{match: '*.1002.*', scale: 2}]", model="bicubic")
    small = plan.jobs[1].output_spec
    assert small is not None
    said = [[note for note in job.notes if "border may show" in note] for job in plan.jobs]
    assert said[0] == [f"skin_color.1002.png beside it is made {small.size}: their border may show"]
    assert "skin_color.1001.png" in said[1][0]
    assert said[2] == []
    assert not any("border" in note for job in plan_of(library, model="bicubic").jobs for note in job.notes)


def test_an_unknown_model_is_told_with_its_line(library: Path) -> None:
    put(library / "a.png")
    with pytest.raises(ModelNotFound, match="did you mean 'realesrgan-x4plus'") as caught:
        plan_of(library, "rules:\n- match: a.png\n  model: realesrgan-x4pls")
    assert str(caught.value.where).endswith(".yaml:3")


def test_models_are_found_beside_the_configuration(library: Path) -> None:
    put(library / "a.png")
    with pytest.raises(ModelNotFound) as caught:
        plan_of(library, "rules: [{match: a.png, model: models/own.pth}]")
    assert caught.value.where == os.path.join(library.parent, "models", "own.pth")


def test_a_dry_run_creates_nothing(library: Path) -> None:
    put(library / "a.png")
    config = config_for(library)
    before = sorted(library.parent.rglob("*"))
    with Receipts(config.output, read_only=True) as receipts:
        make_plan(config, device=DEVICE, receipts=receipts)
    assert sorted(library.parent.rglob("*")) == before


# Rules with conditions, profiles, materials, neighbours


def sizes(plan: Plan) -> dict[str, int]:
    return {job.name: job.output_spec.size.width if job.output_spec else 0 for job in plan.jobs}


def test_a_rule_can_ask_what_a_texture_is(library: Path) -> None:
    put(library / "a_color.png", noise(3, side=60))
    put(library / "b_color.png", noise(3, side=20))
    put(library / "b_rough.png", noise(1, side=20))
    text = """
rules:
  - when: {kind: base_color, side: "<=32"}
    scale: 8
  - when: {kind: [roughness, gloss], channels: 1, depth: 8}
    scale: 2
  - when: {side: ">4096"}
    skip: too large
"""
    plan = plan_of(library, text)
    assert sizes(plan) == {"a_color.png": 256, "b_color.png": 192, "b_rough.png": 48}
    assert plan.notes == ("rule '**' (game.yaml:7) matches no texture",)


def test_a_rule_can_set_the_kind_by_size_and_skip_by_kind(library: Path) -> None:
    put(library / "a.png", noise(3, side=10))
    put(library / "b_rough.png", noise(1))
    text = """
rules:
  - when: {side: "<20"}
    kind: pixel_art
  - when: {kind: roughness}
    skip: made anew
"""
    a, b = plan_of(library, text).jobs
    assert (a.kind, a.confidence) == (MapKind.PIXEL_ART, 1.0)
    assert (b.action, b.why) == (Action.SKIP, "made anew (rule '**' (game.yaml:5))")


def test_a_rule_can_ask_for_the_material(library: Path) -> None:
    for name in ("brick_color.png", "brick_rough.png", "wood_color.png"):
        put(library / "walls" / name)
    plan = plan_of(library, "rules: [{when: {material: 'walls/brick*'}, scale: 2}]")
    assert sizes(plan) == {"walls/brick_color.png": 48, "walls/brick_rough.png": 48, "walls/wood_color.png": 96}


def test_declared_channels_make_a_packed_map(library: Path) -> None:
    put(library / "a_mix.png", noise(4))
    (job,) = plan_of(library, "rules: [{match: '*_mix.*', channels: {r: occlusion, g: gloss, b: metallic}}]").jobs
    assert job.kind is MapKind.PACKED
    assert "rule '*_mix.*'" in job.why
    assert [group.holds for group in job.groups] == [MapKind.OCCLUSION, MapKind.GLOSS, MapKind.METALLIC, None]


def test_alpha_said_of_a_kind_reaches_those_that_have_it(library: Path) -> None:
    leaf = np.repeat(noise(1), 4, axis=2)
    leaf[:, :, 3] = np.where(np.arange(24) < 9, 0, 255)
    put(library / "a_color.png", leaf)
    put(library / "b_color.png", noise(3))
    a, b = plan_of(library, "kinds: {base_color: {alpha: cutout, alpha_threshold: 0.25}}").jobs
    assert (a.alpha, a.alpha_threshold) == (AlphaMode.CUTOUT, 0.25)
    assert b.alpha is AlphaMode.NONE
    assert b.notes == ()


def test_a_material_is_lowered_together(library: Path) -> None:
    put(library / "rock_color.png", noise(3, side=40))
    put(library / "rock_rough.png", noise(1, side=16))
    put(library / "wood_rough.png", noise(1, side=16))
    plan = plan_of(library, "max_size: 100")
    assert sizes(plan) == {"rock_color.png": 88, "rock_rough.png": 40, "wood_rough.png": 80}
    notes = {job.name: job.notes for job in plan.jobs}
    assert notes["rock_color.png"] == ("made 2x instead of 4x: no side may be longer than 100 texels",)
    assert notes["rock_rough.png"] == ("made 2x instead of 4x: its material allows no more than 2x",)


def bump(size: int = 128) -> NDArray[np.uint8]:
    """Normals, blue first, of a dome in the middle of a plain: nothing that shows whether it tiles."""
    heights = np.clip(0.2 - np.hypot(*(np.mgrid[:size, :size] / size - 0.5)), 0, 1)
    return np.ascontiguousarray(normals(heights, 300 / size)[:, :, ::-1])


def test_maps_that_show_no_border_wrap_like_the_others_of_their_material(library: Path) -> None:
    put(library / "rock_color.png", stone())
    for name in ("rock_normal.png", "dome_normal.png"):
        put(library / name, bump())
    put(library / "wood_color.png", stone(256)[40:168, 60:188])
    put(library / "wood_normal.png", bump())
    put(library / "ruled_color.png", stone())
    put(library / "ruled_normal.png", bump())
    plan = plan_of(library, "rules: [{match: ruled_normal.png, edges: mirror}]")
    wraps = {job.name for job in plan.jobs if job.edges == Edges.both(Edge.WRAP)}
    assert wraps == {"rock_color.png", "rock_normal.png", "ruled_color.png"}


def test_a_texture_clamped_by_its_importer_does_not_follow(library: Path) -> None:
    put(library / "rock_color.png", stone())
    put(library / "rock_normal.png", bump())
    text = "fileFormatVersion: 2\nguid: 0\nTextureImporter:\n  textureSettings:\n    wrapU: 1\n    wrapV: 1\n"
    (library / "rock_normal.png.meta").write_text(text, encoding="utf-8")
    assert {job.name: job.edges.x for job in plan_of(library).jobs} == {
        "rock_color.png": Edge.WRAP,
        "rock_normal.png": Edge.MIRROR,
    }


def tiles_of(picture: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    """Four UDIM tiles of one picture: 1011 1012 over 1001 1002."""
    half = picture.shape[0] // 2
    return {
        "1011": picture[:half, :half],
        "1012": picture[:half, half:],
        "1001": picture[half:, :half],
        "1002": picture[half:, half:],
    }


def test_tiles_that_go_on_in_each_other_are_seen_together(library: Path) -> None:
    ramp = np.add.outer(np.arange(96), np.arange(96)).astype(np.uint8)
    for number, tile in tiles_of(np.dstack([ramp, ramp // 2, 255 - ramp])).items():
        put(library / f"skin_color.{number}.png", tile)
    frames = {job.name: job.frame for job in plan_of(library).jobs}
    corner = frames["skin_color.1001.png"]
    assert corner is not None
    assert [Path(side.source).name if side else None for side in (corner.left, corner.right, corner.top)] == [
        None,
        "skin_color.1002.png",
        "skin_color.1011.png",
    ]
    assert corner.bottom is None
    assert all(frame is not None and len(frame.neighbours) == 2 for frame in frames.values())


def test_a_tile_that_cannot_be_read_again_holds_up_itself_and_those_beside_it(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ramp = np.add.outer(np.arange(96), np.arange(96)).astype(np.uint8)
    for number, tile in tiles_of(np.dstack([ramp, ramp // 2, 255 - ramp])).items():
        put(library / f"skin_color.{number}.png", tile)
    whole = codecs.read

    def read(path: Path, **options: Any) -> codecs.Image:
        if path.name == "skin_color.1002.png":
            raise OSError(errno.EIO, "Input/output error")
        return whole(path, **options)

    with monkeypatch.context() as patched:
        patched.setattr("cg_upscaler.library.frames.codecs", SimpleNamespace(read=read))
        plan = plan_of(library)
    why = "skin_color.1002.png could not be read again: Input/output error; run again"
    assert {each.name: each.message for each in plan.problems} == {
        f"skin_color.{tile}.png": why for tile in ("1001", "1002", "1012")
    }
    assert [job.name for job in plan.jobs] == ["skin_color.1011.png"]
    assert len(plan_of(library).jobs) == 4


def faces(side: int = 32) -> dict[str, NDArray[np.generic]]:
    """A sky of a smooth colour in each direction, as the six faces of a cube map of OpenGL."""
    x, y, z = np.eye(3)
    axes = {
        "px": (-z, -y, x),
        "nx": (z, -y, -x),
        "py": (x, z, y),
        "ny": (x, -z, -y),
        "pz": (x, -y, z),
        "nz": (-x, -y, -z),
    }
    at = (np.arange(side) + 0.5) / side * 2 - 1
    sky = {}
    for name, (right, down, outward) in axes.items():
        towards = outward + at[None, :, None] * right + at[:, None, None] * down
        towards /= np.linalg.norm(towards, axis=2, keepdims=True)
        sky[name] = (towards @ [[1, 0.2, 0], [0, 1, 0.3], [0.4, 0, 1]] * 80 + 127).astype(np.uint8)
    return sky


def test_faces_of_a_sky_box_are_seen_with_those_around_them_turned_into_place(library: Path) -> None:
    for name, face in faces().items():
        put(library / f"sky_{name}.png", face)
    frames = {job.name: job.frame for job in plan_of(library).jobs}
    assert all(frame is not None and len(frame.neighbours) == 4 for frame in frames.values())
    up = frames["sky_py.png"]
    assert up is not None
    assert up.right is not None
    assert (Path(up.right.source).name, up.right.turns % 2) == ("sky_px.png", 1)


def test_a_face_that_does_not_fit_its_neighbours_is_by_itself(library: Path) -> None:
    sky = faces()
    sky["py"] = np.rot90(sky["py"])  # as another engine has it
    for name, face in sky.items():
        put(library / f"sky_{name}.png", face)
    frames = {job.name: job.frame for job in plan_of(library).jobs}
    assert frames["sky_py.png"] is None
    side = frames["sky_px.png"]
    assert side is not None
    assert side.top is None
    assert len(side.neighbours) == 3


def test_tiles_that_break_off_and_tiles_of_other_sizes_are_by_themselves(library: Path) -> None:
    put(library / "skin_color.1001.png", np.full((48, 48, 3), 40, np.uint8))
    put(library / "skin_color.1002.png", np.full((48, 48, 3), 200, np.uint8))
    put(library / "skin_color.1003.png", np.full((32, 32, 3), 200, np.uint8))
    jobs = plan_of(library).jobs
    assert [job.frame for job in jobs] == [None, None, None]
    assert jobs[1].notes == ("skin_color.1003.png beside it has another size or type: their border may show",)


def test_what_a_material_lacks_is_noted(library: Path) -> None:
    for name in ("a", "b", "c"):
        put(library / f"{name}_color.png")
        put(library / f"{name}_rough.png")
        put(library / f"{name}_n.png", normals(height_field(32)))
    (library / "b_n.png").unlink()
    assert any("b: no normal" in note for note in plan_of(library).notes)
    assert plan_of(library, only=("a*",)).notes == ()


def test_neighbours_of_a_library_that_was_seen_before_give_the_same_plan(library: Path) -> None:
    for number, tile in tiles_of(noise(3, side=64)[:64, :64]).items():
        put(library / f"skin_color.{number}.png", tile)
    config = config_for(library)
    with Receipts(config.output) as receipts:
        plan = make_plan(config, device=DEVICE, receipts=receipts)
    assert all(job.seen == hash_file(Path(job.source)) for job in plan.jobs)
    unknown = tuple(replace(job, seen="") for job in plan.jobs)  # without a record nobody hashes
    assert replace(plan, jobs=unknown) == make_plan(config, device=DEVICE)


def test_what_an_importer_was_told_reaches_the_plan(library: Path) -> None:
    put(library / "thing.png", normals(height_field(32))[..., ::-1])
    (library / "thing.png.meta").write_text("TextureImporter:\n  textureType: 1\n  flipGreenChannel: 0\n")
    (job,) = plan_of(library, "convert_normals: directx").jobs
    assert job.kind is MapKind.NORMAL
    assert "thing.png.meta" in job.why
    assert job.groups[0].flip
