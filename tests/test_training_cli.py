"""`cg-upscale train` as somebody uses it: a few minutes on drawn surfaces beat bicubic on those that were held out."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from cg_upscaler import cli
from cg_upscaler.cli.train import duration
from cg_upscaler.errors import ConfigError, UsageError
from cg_upscaler.library.config.training import Critic, Family, Lesson, load_training
from cg_upscaler.training.page import plot
from tests.surfaces import heights, library, normals_of, write

SMALL = """teach: normal
crop: 32
batch: 2
steps: 4
validate_every: 2
most: 2
measured: 32
device: cpu
network: {width: 24, hidden: 1}
"""


def train(folder: Path, text: str = SMALL, *arguments: object) -> int:
    folder.mkdir(exist_ok=True)
    (folder / "train.yaml").write_text(text)
    given = ["train", folder / "library", "--config", folder / "train.yaml", "--out", folder / "out", *arguments]
    return cli.run_cli([str(each) for each in given])


def test_a_training_of_a_minute_beats_bicubic_on_materials_that_it_never_saw(tmp_path: Path) -> None:
    """One core: 14 drawn materials, a network of 28 thousand parameters, 250 steps."""
    library(tmp_path / "library", 16, side=160)
    text = """teach: normal
crop: 48
steps: 250
validate_every: 125
learning_rate: 0.002
ema: 0.99
held_out: 0.35
device: cpu
network: {width: 24, hidden: 4}
"""
    assert train(tmp_path, text, "--quiet") == 0
    report = json.loads((tmp_path / "out" / "training.json").read_text())
    assert report["parameters"] < 40_000
    assert len(report["held_out"]) >= 3
    for each in report["held_out"]:
        assert each["ways"]["trained"]["degrees"] < 0.9 * each["ways"]["bicubic"]["degrees"], each["name"]
    assert report["mean"]["trained"]["degrees"] < 0.82 * report["mean"]["bicubic"]["degrees"]
    # And so does a run of textures with these weights.
    weights = report["weights"]
    truth = normals_of(heights(160, 100))
    vectors = truth.reshape(40, 4, 40, 4, 3).mean((1, 3)) * 2 - 1
    small = vectors / np.linalg.norm(vectors, axis=2, keepdims=True) * 0.5 + 0.5
    write(tmp_path / "textures" / "new_normal.png", small.astype(np.float32))
    wrong = {}
    for name, model in (("trained", weights), ("bicubic", "bicubic")):
        (tmp_path / "run.yaml").write_text(f"kinds: {{normal: {{model: '{model}'}}}}\n")
        out = tmp_path / name
        given = ["run", tmp_path / "textures", "--config", tmp_path / "run.yaml", "--out", out, "--quiet"]
        assert cli.run_cli([str(each) for each in given]) == 0
        result = cv2.imread(str(out / "new_normal.png"))[:, :, ::-1] / 255
        a, b = (each / np.linalg.norm(each, axis=2, keepdims=True) for each in (result * 2 - 1, truth * 2 - 1))
        wrong[name] = float(np.degrees(np.arccos(np.clip((a * b).sum(2), -1, 1))).mean())
    assert wrong["trained"] < 0.9 * wrong["bicubic"]


def test_a_dry_run_says_who_goes_where_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library(tmp_path / "library", 4)
    write(tmp_path / "library" / "tiny_normal.png", normals_of(heights(24, 9)))
    assert train(tmp_path, SMALL, "--dry-run") == 0
    told = capsys.readouterr()
    assert len(re.findall(r"panel\d+_normal.png +normal +panel\d+ +(learn|validate|hold out)", told.out)) == 4
    assert "passed over: tiny_normal.png: 24×24 is smaller" in told.err
    assert not (tmp_path / "out").exists()


def test_it_tells_what_it_learns_from_how_it_goes_and_what_came_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library(tmp_path / "library", 5)
    (tmp_path / "library" / "broken_normal.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    assert train(tmp_path) == 0
    told = capsys.readouterr()
    assert "learning from 3 textures of 3 materials; 1 choose the weights, 1 are held out" in told.err
    assert "cannot be read: broken_normal.png" in told.err
    assert re.search(r"step 2: loss [\d.]+; bicubic [\d.]+, trained [\d.]+ degrees; \d+ s left", told.err)
    assert "mean over materials" in told.out and "kinds: {normal: {model: " in told.out


def test_json_is_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library(tmp_path / "library", 4)
    assert train(tmp_path, SMALL, "--json", "--quiet") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["steps"] == 4 and len(report["history"]["losses"]) == 4
    assert Path(report["weights"]).is_file() and Path(report["page"]).is_file()


def test_the_page_is_whole_and_asks_for_nothing(tmp_path: Path) -> None:
    library(tmp_path / "library", 4)
    assert train(tmp_path, SMALL + "name: '<b>mine</b>'\n".replace("/", ""), "--quiet") == 0
    page = (tmp_path / "out" / "training.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;" in page and "<b>" not in page
    assert page.count("<svg") == 2 and "http" not in page.replace("http-equiv", "")
    assert len(re.findall("<tr>", page)) == 3
    for picture in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(picture)


def test_started_again_it_goes_on_and_fresh_it_does_not(tmp_path: Path) -> None:
    library(tmp_path / "library", 4)
    assert train(tmp_path, SMALL, "--steps", 2, "--quiet") == 0
    assert train(tmp_path, SMALL, "--quiet") == 0
    report = tmp_path / "out" / "training.json"
    assert len(json.loads(report.read_text())["history"]["losses"]) == 4
    assert train(tmp_path, SMALL.replace("width: 24", "width: 25"), "--quiet") == 2
    assert train(tmp_path, SMALL.replace("width: 24", "width: 25"), "--quiet", "--fresh") == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there Ctrl-C goes to all processes of a console")
def test_ctrl_c_saves_and_the_next_start_goes_on(tmp_path: Path) -> None:
    library(tmp_path / "library", 4)
    (tmp_path / "train.yaml").write_text(SMALL.replace("steps: 4", "steps: 100000") + "save_every: 100000\n")
    command = [sys.executable, "-m", "cg_upscaler.cli", "train", str(tmp_path / "library")]
    command += ["--config", str(tmp_path / "train.yaml"), "--out", str(tmp_path / "out")]
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("step 2:"):
                process.send_signal(signal.SIGINT)
                break
        rest = process.stderr.read()
    assert process.returncode == 130, rest
    stopped = re.search(r"stopped after step ([\d,]+) of 100,000; start it again to go on", rest)
    assert stopped, rest
    done = int(stopped[1].replace(",", ""))
    assert train(tmp_path, SMALL.replace("steps: 4", f"steps: {done + 1}"), "--quiet") == 0
    assert len(json.loads((tmp_path / "out" / "training.json").read_text())["history"]["losses"]) == done + 1


def test_a_library_that_will_not_do_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library(tmp_path / "library", 2)
    assert train(tmp_path) == 2
    assert "only 2 of the materials here can be learnt from" in capsys.readouterr().err
    assert train(tmp_path, SMALL.replace("teach: normal", "teach: color")) == 2
    assert "color is learnt from base_color, emissive, specular, and here is 2 normal" in capsys.readouterr().err


# The configuration


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("teach: normal\ncrop: 161\n", 2, "crop 161 is no multiple of the scale 4"),
        ("teach: norml\n", 1, r"teach: 'norml' is not among its values \(did you mean 'normal'\?\)"),
        ("crop: 160\n", 1, "it is not said what is to be taught; give 'teach: color|normal|mask|height'"),
        ("teach: normal\nnetwork:\n  famly: rrdb\n", 3, r"unknown setting 'famly' \(did you mean 'family'\?\)"),
        ("teach: normal\ngan:\n  after: 5\n", 2, "a critic is for colour"),
        ("teach: mask\nbatch: 0\n", 2, "batch takes a number of at least 1, and was given 0"),
        ("teach: mask\nlearning_rate: 0\n", 2, "learning_rate takes a number above 0, and was given 0"),
        ("teach: mask\nlosses:\n  perceptual: 1\n", 3, "looks through VGG-19"),
        ("teach: mask\nnetwork:\n  blocks: 3\n", 3, "blocks is nothing that a network of family compact has"),
        ("teach: mask\ndegradations: {box: 0, mips: 0, lanczos: 0}\n", 2, "no way is left to make a texture small"),
        ("teach: mask\nvalidation: 0.6\nheld_out: 0.4\n", 2, "leave nothing to learn from"),
        ("teach: mask\nteach: mask\n", 2, "stands here a second time"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_at_its_line(tmp_path: Path, text: str, line: int, complaint: str) -> None:
    path = tmp_path / "train.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint) as caught:
        load_training(path, library=tmp_path)
    assert caught.value.where == f"{path}:{line}"


def test_a_library_has_to_be_named(tmp_path: Path) -> None:
    (tmp_path / "train.yaml").write_text("teach: normal\n")
    with pytest.raises(UsageError, match="no library is named"):
        load_training(tmp_path / "train.yaml")


def test_paths_of_the_file_are_relative_to_it_and_the_command_line_beats_it(tmp_path: Path) -> None:
    (tmp_path / "train.yaml").write_text("teach: normal\nlibrary: mine\nstart: weights/a.pth\nsteps: 5\n")
    training = load_training(tmp_path / "train.yaml", steps=7)
    assert training.library == tmp_path / "mine" and training.start == str(tmp_path / "weights" / "a.pth")
    assert training.steps == 7
    assert load_training(tmp_path / "train.yaml", start="realesrgan-x4plus").start == "realesrgan-x4plus"


def test_the_commented_example_says_what_holds_by_itself() -> None:
    path = Path(__file__).parent.parent / "configs" / "train.yaml"
    shown, plain = load_training(path), load_training(None, library="x", teach="normal")
    for name in type(plain).model_fields:
        if name not in ("library", "output", "teach", "licence", "data"):
            assert getattr(shown, name) == getattr(plain, name), name
    text = path.read_text(encoding="utf-8")
    for model in (type(plain), *(type(getattr(plain, name)) for name in ("network", "degradations", "losses", "gan"))):
        for name in model.model_fields:
            assert re.search(rf"\b{name}:", text), f"{name} is not told of"
    assert {each.value for each in (*Lesson, *Family, *Critic)} <= set(re.findall(r"\w+", text))


# What is shown


def test_a_plot_goes_through_its_points_and_bears_none() -> None:
    picture = ElementTree.fromstring(plot([("a", "#000000", [(0.0, 1.0), (10.0, 3.0)])]))
    line = next(each for each in picture.iter() if each.tag == "polyline").get("points", "").split()
    (x0, y0), (x1, y1) = (tuple(map(float, point.split(","))) for point in line)
    assert x0 < x1 and y0 > y1
    assert "nothing yet" in plot([])
    ElementTree.fromstring(plot([("<one>", "#000000", [(5.0, 2.0)])]))


@pytest.mark.parametrize(("seconds", "said"), [(4, "4 s"), (61, "1 min"), (3700, "1 h 2 min")])
def test_durations_are_said_shortly(seconds: float, said: str) -> None:
    assert duration(seconds) == said


OWN = sorted((Path(__file__).parent.parent / "configs" / "weights").glob("*.yaml"))


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_the_trainings_of_our_own_weights_can_be_read(path: Path) -> None:
    training = load_training(path)
    assert training.exclude and training.library.is_absolute()
    assert training.start is None or training.start == "realesr-animevideov3" or Path(training.start).is_absolute()
