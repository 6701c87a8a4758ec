"""Under which licence a model is, is read, kept with every result, and held against those that are allowed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from safetensors.torch import save_file

from cg_upscaler import cli, codecs
from cg_upscaler.backends import devices
from cg_upscaler.engine import Engine
from cg_upscaler.errors import ConfigError, ModelError
from cg_upscaler.generate.pool import Pool
from cg_upscaler.job import Job, Used
from cg_upscaler.library.config import load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.planner import finder
from cg_upscaler.library.reasons import changes
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.maps import BICUBIC, COLORS
from cg_upscaler.models import catalog
from cg_upscaler.models.licences import is_allowed, spdx, together
from tests.fakes import noise
from tests.surfaces import colours_of, heights
from tests.test_engine import CPU, save
from tests.tiny import RRDB, gray_state, random_state


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    path = tmp_path / "models" / "4x-sharp.pth"
    torch.save(gray_state(RRDB), path)
    return path


@pytest.mark.parametrize(
    ("card", "text", "licence"),
    [
        ("4x-sharp.json", '{"name": "4x Sharp", "license": "CC-BY-NC-SA-4.0", "scale": 4}', "CC-BY-NC-SA-4.0"),
        ("4x-sharp.json", '{"license": "cc0-1.0"}', "CC0-1.0"),
        ("4x-sharp.json", '{"license": null}', "unknown"),
        ("4x-sharp.json", '{"license": ["MIT"]}', "unknown"),
        ("4x-sharp.json", '[{"license": "MIT"}]', "unknown"),
        ("4x-sharp.json", '{"license": "MIT"', "unknown"),
        ("4x-sharp.pth.json", '{"license": "MIT"}', "MIT"),
        ("4x-sharp.md", "---\nlanguage: en\nlicense: apache-2.0\ntags: [x]\n---\n# Sharp\n", "Apache-2.0"),
        ("4x-sharp.md", "---\nlicense: other\nlicense_name: my terms\n---\n", "LicenseRef-my-terms"),
        ("4x-sharp.md", "license: MIT\n", "unknown"),
        ("other.json", '{"license": "MIT"}', "unknown"),
    ],
)
def test_a_card_beside_weights_says_their_licence(weights: Path, card: str, text: str, licence: str) -> None:
    weights.with_name(card).write_text(text)
    assert catalog.find(str(weights)).licence == licence


def test_a_card_that_is_put_there_later_is_seen(weights: Path) -> None:
    assert catalog.find(str(weights)).licence == "unknown"
    weights.with_name("4x-sharp.json").write_text('{"license": "MIT"}')
    assert catalog.find(str(weights)).licence == "MIT"


def test_a_safetensors_file_says_its_licence_itself(tmp_path: Path) -> None:
    for name, key in (("a", "license"), ("b", "modelspec.license")):
        save_file(random_state(RRDB), tmp_path / f"{name}.safetensors", {key: "cc-by-4.0"})
        assert catalog.find(f"{name}.safetensors", base=tmp_path).licence == "CC-BY-4.0"
    (tmp_path / "a.json").write_text('{"license": "MIT"}')
    assert catalog.find("a.safetensors", base=tmp_path).licence == "MIT"


def test_a_kind_s_own_network_under_another_licence_gives_way_and_the_plan_says_so(tmp_path: Path) -> None:
    save(
        tmp_path / "textures" / "rock_height.png",
        np.round(colours_of(heights(64, 4), 4)[..., :1] * 255).astype(np.uint8),
    )
    for allowed, model, notes in (("CC-BY-4.0", COLORS, 0), ("BSD-3-Clause", BICUBIC, 1)):
        config = load(
            None,
            source=tmp_path / "textures",
            output=tmp_path / "out",
            licenses={"allow": ["BSD-3-Clause", allowed]},
            edges="clamp",
        )
        plan = make_plan(config, device=CPU)
        assert [group.model for group in plan.jobs[0].groups] == [model]
        told = [note for note in plan.notes if note.startswith(COLORS)]
        assert bool(told) is bool(notes) and any("bicubic is used for height" in note for note in told) is bool(notes)


def test_models_of_the_catalog_say_theirs_as_spdx_does() -> None:
    said = {info.licence for info in catalog.names()}
    assert said == {spdx(licence) for licence in said if licence} | {""}
    assert "unknown" not in said


@pytest.mark.parametrize(
    ("licence", "allowed", "held"),
    [
        ("MIT", ["MIT"], True),
        ("MIT", ["mit"], True),
        ("MIT", [], False),
        ("", [], True),
        ("unknown", ["MIT"], False),
        ("unknown", ["unknown"], True),
        ("MIT AND CC0-1.0", ["MIT"], False),
        ("MIT AND CC0-1.0", ["CC0-1.0", "MIT"], True),
        ("MIT OR GPL-3.0-only", ["MIT"], True),
        ("(MIT OR GPL-3.0-only) AND CC0-1.0", ["MIT"], False),
        ("CC0-1.0 AND (MIT OR GPL-3.0-only)", ["MIT", "CC0-1.0"], True),
        ("MIT AND unknown", ["MIT"], False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ["GPL-2.0-only"], False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ["GPL-2.0-only WITH Classpath-exception-2.0"], True),
        ("MIT AND", ["MIT"], False),
        ("(MIT", ["MIT"], False),
        ("MIT) OR (", ["MIT"], False),
    ],
)
def test_all_that_a_licence_asks_for_must_be_allowed(licence: str, allowed: list[str], held: bool) -> None:
    assert is_allowed(licence, allowed) is held


def test_what_is_made_of_several_is_under_all_their_licences() -> None:
    assert together(["MIT", "CC0-1.0", "MIT", ""]) == "MIT AND CC0-1.0"
    assert together(["MIT OR ISC", "CC0-1.0"]) == "(MIT OR ISC) AND CC0-1.0"
    assert spdx("for personal use, no reselling!") == "LicenseRef-for-personal-use-no-reselling"


def test_a_licence_that_is_not_allowed_is_refused_where_the_model_is_named(tmp_path: Path, weights: Path) -> None:
    weights.with_name("4x-sharp.json").write_text('{"license": "CC-BY-NC-4.0"}')
    file = tmp_path / "game.yaml"
    file.write_text("models_folder: models\nlicenses: {allow: [MIT]}\nmodel: 4x-sharp\n")
    config = load(file, source=tmp_path)
    with pytest.raises(ModelError, match=r"game\.yaml:3: 4x-sharp\.pth is under CC-BY-NC-4\.0, and 'lic"):
        finder(config)("4x-sharp", 4)
    assert finder(config)("bicubic", 4).licence == ""
    with pytest.raises(ModelError, match="realesrgan-x4plus is under BSD-3-Clause"):
        finder(config)("realesrgan-x4plus", 4)


def test_an_unknown_licence_is_said_to_be_unknown_and_how_to_state_it(tmp_path: Path, weights: Path) -> None:
    config = load(source=tmp_path, models_folder=weights.parent, licenses={"allow": "MIT"})
    with pytest.raises(ModelError, match=r"4x-sharp.pth is, is unknown.*state it in a file 4x-sharp\.json"):
        finder(config)("4x-sharp", 4)
    config = load(source=tmp_path, models_folder=weights.parent, licenses={"allow": ["MIT", "unknown"]})
    assert finder(config)("4x-sharp", 4).scale == 4


@pytest.mark.parametrize("said", ["licenses: [MIT]", "licenses: {allow: []}\nlicenses: 3", "licenses: {alow: MIT}"])
def test_a_list_of_licences_in_another_form_is_refused(tmp_path: Path, said: str) -> None:
    (tmp_path / "game.yaml").write_text(said)
    with pytest.raises(ConfigError):
        load(tmp_path / "game.yaml", source=tmp_path)


# What is kept of it


def library(tmp_path: Path, suffix: str = "png") -> Path:
    folder = tmp_path / "textures"
    folder.mkdir(exist_ok=True)
    Pillow.fromarray(noise(12, 12, 3)).save(folder / f"rock_color.{suffix}")
    return folder


def planned(tmp_path: Path, weights: Path, suffix: str = "png", **said: object) -> Job:
    config = load(source=library(tmp_path, suffix), output=tmp_path / "out", model=str(weights), **said)
    plan = make_plan(config, device=devices.describe("cpu"))
    assert not plan.problems
    return plan.jobs[0]


def test_a_receipt_tells_model_hash_and_licence(tmp_path: Path, weights: Path) -> None:
    weights.with_name("4x-sharp.json").write_text('{"license": "MIT"}')
    config = load(source=library(tmp_path), output=tmp_path / "out", model=str(weights))
    device = devices.describe("cpu")
    plan = make_plan(config, device=device)
    with Receipts(tmp_path / "out") as receipts:
        (receipt,) = Engine(Pool(device)).run(plan, receipts)
        kept = receipts.find("rock_color.png")
    assert receipt.error == ""
    assert receipt.models == (Used("4x-sharp.pth", catalog.find(str(weights)).weights, "MIT"),)
    assert kept is not None and kept.models == receipt.models


def test_a_licence_reaches_no_key(tmp_path: Path, weights: Path) -> None:
    before = planned(tmp_path, weights)
    weights.with_name("4x-sharp.json").write_text('{"license": "MIT"}')
    after = planned(tmp_path, weights)
    assert before.groups[0].licence == "unknown" and after.groups[0].licence == "MIT"
    assert before.key("x") == after.key("x")


def test_a_key_is_as_it_was_before_files_could_name_their_model(tmp_path: Path, weights: Path) -> None:
    identity = planned(tmp_path, weights).identity()
    assert "credited" not in identity and "licence" not in json.dumps(identity)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_a_file_says_on_request_which_model_made_it(tmp_path: Path, weights: Path, suffix: str) -> None:
    weights.with_name("4x-sharp.json").write_text('{"license": "MIT"}')
    plain = planned(tmp_path, weights, suffix)
    job = planned(tmp_path, weights, suffix, metadata={"model": True})
    assert job.credited and job.key("x") != plain.key("x")
    assert "model named in the file" in changes(plain, job) and "model named in the file" in changes(job, plain)
    with Receipts(tmp_path / "out") as receipts:
        receipt = Engine(Pool(devices.describe("cpu"))).run_job(job, receipts)
    assert receipt.error == ""
    said = "\n".join(f"{key}: {value}" for key, value in codecs.read(Path(job.output)).metadata.text)
    assert "by cg-upscaler with 4x-sharp.pth" in said and job.groups[0].weights in said and "licence MIT" in said


def test_what_a_source_says_stays_beside_what_is_said_of_the_model(tmp_path: Path) -> None:
    pixels = noise(8, 8, 3)
    Pillow.fromarray(pixels).save(tmp_path / "a.tif", description="a rock")
    exif = Pillow.Exif()
    Pillow.fromarray(pixels).save(tmp_path / "a.jpg", comment=b"a rock", exif=exif)
    for name in ("a.tif", "a.jpg"):
        image = codecs.read(tmp_path / name)
        into = tmp_path / f"b{Path(name).suffix}"
        with codecs.create(into, image.spec, codecs.saying(image.metadata, "Upscaled", "with x")) as sink:
            sink.put(pixels.astype(np.float32) / 255)
            sink.commit()
        said = "\n".join(value for _, value in codecs.read(into).metadata.text)
        assert "a rock" in said and "Upscaled: with x" in said


def test_an_exr_says_it_as_an_attribute(tmp_path: Path) -> None:
    spec = replace(codecs.probe(_png(tmp_path)), container="exr")
    spec = replace(spec, depth=codecs.depths("exr")[-1])
    with codecs.create(tmp_path / "a.exr", spec, codecs.Metadata(text=(("Title", "a rock"),))) as sink:
        sink.put(np.zeros((8, 8, 3), np.float32))
        sink.commit()
    image = codecs.read(tmp_path / "a.exr")
    with codecs.create(tmp_path / "b.exr", image.spec, codecs.saying(image.metadata, "Upscaled", "with x")) as sink:
        sink.put(np.zeros((8, 8, 3), np.float32))
        sink.commit()
    data = (tmp_path / "b.exr").read_bytes()
    assert b"with x" in data and b"a rock" in data


def _png(tmp_path: Path) -> Path:
    Pillow.fromarray(noise(8, 8, 3)).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_where_a_file_has_no_place_for_text_the_plan_says_so(tmp_path: Path, weights: Path) -> None:
    job = planned(tmp_path, weights, "bmp", metadata={"model": True})
    assert not job.credited
    assert any("no place for text" in note for note in job.notes)
    assert job.key("x") == planned(tmp_path, weights, "bmp").key("x")


def test_the_part_of_a_chain_that_is_not_allowed_is_named(tmp_path: Path, weights: Path) -> None:
    weights.with_name("4x-sharp.json").write_text('{"license": "MIT"}')
    torch.save(gray_state(RRDB, 1), weights.with_name("other.pth"))
    config = load(source=tmp_path, models_folder=weights.parent, licenses={"allow": ["MIT"]})
    for name in ("4x-sharp > other", "4x-sharp@0.5+other@0.5"):
        with pytest.raises(ModelError, match=r"licence other\.pth is, is unknown.*other\.json"):
            finder(config)(name, 4)


def test_the_command_line_refuses_before_anything_is_run(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = library(tmp_path)
    file = tmp_path / "game.yaml"
    file.write_text("models_folder: models\nlicenses: {allow: [MIT]}\nmodel: 4x-sharp\n")
    code = cli.run_cli(["run", str(folder), "--config", str(file), "--out", str(tmp_path / "out")])
    assert code == 2 and "is unknown" in capfd.readouterr().err
    assert not list((tmp_path / "out").glob("*.png"))
