"""The command line: exit codes, tables, messages."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from cg_upscaler import cli
from cg_upscaler.flight import crew
from cg_upscaler.job import Plan
from cg_upscaler.wire import from_plain
from tests.fakes import noise


def save(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path


@pytest.fixture
def library(tmp_path):
    save(tmp_path / "textures" / "rock.png", noise(12, 10, 3))
    save(tmp_path / "textures" / "rock_rough.png", noise(12, 10, 1))
    ids = np.zeros((64, 64, 3), np.uint8)
    ids[:32], ids[32:, :20], ids[40:, 30:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    save(tmp_path / "textures" / "ids.png", ids)
    return tmp_path / "textures"


def call(capfd, *arguments):
    code = cli.run_cli([str(argument) for argument in arguments])
    out, err = capfd.readouterr()
    return int(code), out, err


def test_a_run_ends_in_a_line_that_says_what_was_done(library, tmp_path, capfd):
    code, out, err = call(capfd, "run", library, "--out", tmp_path / "out", "--model", "bicubic")
    assert (code, out) == (0, "")
    assert "2 upscaled, 1 copied" in err.splitlines()[-1]
    code, out, err = call(capfd, "run", library, "--out", tmp_path / "out", "--model", "bicubic")
    assert code == 0
    assert "3 up to date" in err.splitlines()[-1]


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_jobs_says_how_many_textures_run_at_once(library, tmp_path, capfd, monkeypatch, jobs):
    pools = []
    real = crew.ThreadPoolExecutor
    monkeypatch.setattr(crew, "ThreadPoolExecutor", lambda count, name: pools.append(count) or real(count, name))
    code, _, err = call(capfd, "run", library, "--out", tmp_path / "out", "--model", "bicubic", "--jobs", jobs)
    assert (code, pools) == (0, [int(jobs)])
    assert "2 upscaled, 1 copied" in err


def test_a_dry_run_says_what_and_why_and_touches_nothing(library, tmp_path, capfd):
    for command in (["plan", library], ["run", library, "--dry-run"]):
        code, out, _ = call(capfd, *command, "--out", tmp_path / "out")
        assert code == 0
        assert "rock_rough.png" in out
        assert "roughness" in out
        assert "10×12 → 40×48" in out
        assert "realesrgan-x4plus (" in out and "cg-color-x4 (" in out
        assert "copy" in out
        assert "2 to upscale" in out
        assert not (tmp_path / "out").exists()


def test_a_plan_as_json_is_the_plan(library, tmp_path, capfd):
    code, out, _ = call(capfd, "plan", library, "--out", tmp_path / "out", "--json")
    plain = json.loads(out)
    needed, takes = plain.pop("memory"), plain.pop("estimate")
    plan = from_plain(Plan, plain)
    assert code == 0
    assert needed["jobs"].keys() == {"rock.png", "rock_rough.png"}
    assert min(needed["jobs"].values()) > 1e6 and needed["weights"] > 1e6 and needed["at_once"] > 0
    assert [job.name for job in plan.jobs] == ["ids.png", "rock.png", "rock_rough.png"]
    assert [standing.why for standing in plan.standings] == ["new"] * 3
    assert takes["disk"] > 0


def test_a_plan_tells_what_memory_it_needs_and_what_does_not_fit(library, tmp_path, capfd, monkeypatch):
    command = (
        "plan",
        library,
        "--out",
        tmp_path / "out",
        "--device",
        "cpu",
        "--precision",
        "float32",
        "-m",
        "realesrgan-x4plus",
    )
    free = 16 * 10**9
    for module in ("needs", "footprint"):
        monkeypatch.setattr(f"cg_upscaler.flight.{module}.free_bytes", lambda device: free)
    out = call(capfd, *command)[1]
    assert "warning" not in out
    assert "GB for rock.png, the largest, and 0.33 GB for weights, of 16 GB free on cpu; 2 at once" in out
    free = 340 * 10**6
    out = call(capfd, *command)[1]
    assert "warning: rock.png needs 0.0" in out and "in the smallest bands, and 0.34 GB are free" in out
    free = 10**8
    out = call(capfd, *command)[1]
    assert "warning: rock.png" in out and "0.1 GB are free: no picture fits" in out


def test_exact_reaches_the_cut_of_what_wraps(library, tmp_path, capfd):
    primes = []
    for more in ((), ("--exact",)):
        command = ("plan", library, "--out", tmp_path / "out", "--only", "rock.png", "--edges", "wrap", "--json", *more)
        command += ("--model", "realesrgan-x4plus")
        (job,) = json.loads(call(capfd, *command)[1])["jobs"]
        primes.append(job["groups"][0]["passes"][0]["cut"]["prime"])
    assert primes == [80, 349]


def test_only_keeps_what_matches(library, tmp_path, capfd):
    _, out, _ = call(capfd, "plan", library, "--out", tmp_path / "out", "--only", "*_rough.png", "--json")
    assert [job["name"] for job in json.loads(out)["jobs"]] == ["rock_rough.png"]


def test_a_glob_that_leaves_no_texture_is_a_mistake_in_a_plan_too(library, tmp_path, capfd):
    for command in ("plan", "run"):
        code, out, err = call(capfd, command, library, "--out", tmp_path / "out", "--only", "rokc*")
        assert (code, out) == (2, "")
        assert "no textures here; check the path, --only" in err


def test_results_whose_source_is_gone_are_told(library, tmp_path, capfd):
    run = ("run", library, "--out", tmp_path / "out", "--model", "bicubic")
    assert "to no texture" not in call(capfd, *run)[2]
    (library / "rock.png").unlink()
    line = f"note: 1 result belongs to no texture in {library} any more: rock.png"
    assert call(capfd, *run)[2].splitlines()[-2] == line
    assert line in call(capfd, "plan", *run[1:])[1]
    assert json.loads(call(capfd, "plan", *run[1:], "--json")[1])["orphans"] == ["rock.png"]
    assert (tmp_path / "out" / "rock.png").is_file()
    assert "to no texture" not in call(capfd, *run, "--quiet")[2]
    assert "to no texture" not in call(capfd, *run, "--only", "ids.png")[2]
    assert "to no texture" not in call(capfd, "run", library / "ids.png", *run[2:])[2]
    (tmp_path / "out" / "rock.png").unlink()
    assert "to no texture" not in call(capfd, *run)[2]
    library.rename(tmp_path / "elsewhere")
    code, _, err = call(capfd, *run)
    assert (code, "to no texture" in err) == (2, False)


def test_results_that_somebody_edited_are_kept_and_told(library, tmp_path, capfd):
    run = ("run", library, "--out", tmp_path / "out", "--model", "bicubic")
    assert "by hand" not in call(capfd, *run)[2]
    (tmp_path / "out" / "rock.png").write_bytes(b"retouched")
    line = "note: 1 result was changed by hand and kept (--force replaces): rock.png"
    code, _, err = call(capfd, *run)
    assert (code, err.splitlines()[-2]) == (0, line)
    assert line in call(capfd, "plan", *run[1:])[1]
    assert "by hand" not in call(capfd, *run, "--quiet")[2]
    assert call(capfd, *run, "--force")[0] == 0
    assert "by hand" not in call(capfd, *run)[2]


def test_one_bad_texture_gives_exit_code_1_and_the_rest_is_done(library, tmp_path, capfd):
    (library / "broken.png").write_bytes((library / "rock.png").read_bytes()[:200])
    code, out, err = call(capfd, "run", library, "--out", tmp_path / "out", "--model", "bicubic", "--json")
    assert code == 1
    assert "broken.png" in err
    assert "1 FAILED" in err.splitlines()[-1]
    data = json.loads(out)
    assert [problem["name"] for problem in data["problems"]] == ["broken.png"]
    assert len(data["receipts"]) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nowhere"], "no such"),
        (["run", "LIBRARY", "--model", "realesrgan-x4pls"], "did you mean 'realesrgan-x4plus'"),
        (["run", "LIBRARY", "--model", "missing.pth"], "missing.pth"),
        (["run", "LIBRARY", "--scale", "5"], "5"),
        (["run", "LIBRARY", "--overlap", "-1"], "overlap takes a number of at least 0, and was given -1"),
        (["run", "LIBRARY", "--grain", "2"], "grain takes a number of at most 1, and was given 2"),
        (["run", "LIBRARY", "--profile", "pc"], "unknown profile 'pc'"),
        (["run", "LIBRARY", "--device", "cuda:7"], "cuda:7"),
        (["run", "LIBRARY", "--device", "cpu", "--precision", "float16"], "float16"),
        (["run", "LIBRARY", "--out", "LIBRARY"], "output folder is the library"),
        (["run", "LIBRARY", "--config", "nowhere.yaml"], "nowhere.yaml"),
        (["run"], "library"),
        (["rnu", "LIBRARY"], "rnu"),
        (["inspect"], "FILES"),
        (["init", "nowhere"], "no such"),
    ],
)
def test_wrong_usage_gives_exit_code_2_and_a_message(library, tmp_path, capfd, arguments, message, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capfd, *(str(library) if argument == "LIBRARY" else argument for argument in arguments))
    assert code == 2
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["run", "plan"])
@pytest.mark.parametrize("place", ["taken", "taken/deeper/out"])
def test_an_output_folder_with_a_file_in_its_way_is_wrong_usage(library, tmp_path, capfd, command, place):
    (tmp_path / "taken").write_text("a file")
    code, out, err = call(capfd, command, library, "--out", tmp_path / place, "--model", "bicubic")
    assert (code, out) == (2, "")
    assert "choose another --out" in err
    assert (tmp_path / "taken").read_text() == "a file"


def test_an_output_folder_that_may_not_be_made_is_wrong_usage(library, tmp_path, capfd, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    code, _, err = call(capfd, "run", library, "--out", tmp_path / "out", "--model", "bicubic")
    assert code == 2
    assert "out/.cg-upscale: cannot be made or locked: Permission denied; choose another --out" in err


def test_a_config_with_a_typo_names_the_line_and_the_nearest_word(library, tmp_path, capfd):
    config = tmp_path / "game.yaml"
    config.write_text(f"source: '{library.as_posix()}'\n\nscael: 2\n")
    code, _, err = call(capfd, "plan", "--config", config)
    assert code == 2
    assert "game.yaml:3" in err
    assert "scale" in err


def test_an_empty_folder_is_said_to_be_empty(tmp_path, capfd):
    (tmp_path / "empty").mkdir()
    code, _, err = call(capfd, "run", tmp_path / "empty", "--out", tmp_path / "out")
    assert code == 2
    assert "no textures" in err


def test_an_interrupt_gives_exit_code_130(library, tmp_path, capfd, monkeypatch):
    def interrupt(*arguments, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr("cg_upscaler.flight.making.upscale", interrupt)
    code, _, err = call(capfd, "run", library, "--out", tmp_path / "out", "--model", "bicubic")
    assert code == 130
    assert "interrupted" in err


def test_a_bug_gives_exit_code_3_and_names_a_log(library, tmp_path, capfd, monkeypatch):
    def bug(*arguments, **named):
        raise ZeroDivisionError("a test says so")

    monkeypatch.setattr("cg_upscaler.flight.making.upscale", bug)
    code, _, err = call(capfd, "run", library, "--out", tmp_path / "out", "--model", "bicubic")
    assert code == 3
    log = Path(err.strip().splitlines()[-1].split("with ")[-1])
    assert "a test says so" in log.read_text()
    log.unlink()


def test_inspect_says_what_a_file_is_and_goes_on_past_a_bad_one(library, capfd):
    (library / "broken.png").write_bytes(b"")
    code, out, err = call(capfd, "inspect", library / "rock_rough.png", library / "broken.png", library / "ids.png")
    assert code == 1
    assert "roughness" in out
    assert "data" in out
    assert "broken.png" in err
    code, out, _ = call(capfd, "inspect", library / "rock.png", "--json")
    assert code == 0
    assert json.loads(out)[0]["decision"]["kind"] == "base_color"


def test_init_writes_a_configuration_that_loads_and_never_overwrites(library, tmp_path, capfd):
    file = tmp_path / "game.yaml"
    assert call(capfd, "init", library, "--file", file)[0] == 0
    assert call(capfd, "plan", "--config", file)[0] == 0
    before = file.read_bytes()
    code, _, err = call(capfd, "init", library, "--file", file)
    assert code == 2
    assert "already" in err
    assert file.read_bytes() == before


def test_models_lists_the_default_first(capfd):
    code, out, _ = call(capfd, "models", "--json")
    assert code == 0
    assert json.loads(out)[0]["name"] == "realesrgan-x4plus"
    assert "BSD-3-Clause" in call(capfd, "models")[1]


def test_doctor_names_the_build_the_device_and_the_precision(capfd):
    code, out, _ = call(capfd, "doctor")
    assert code in (0, 1)
    for word in ("torch build", "cpu", "float32"):
        assert word in out


def test_doctor_warns_of_two_opencvs_in_one_folder(capfd, monkeypatch):
    module = sys.modules["cg_upscaler.cli.doctor"]  # the package has a command of that name
    monkeypatch.setattr(module, "version", lambda package: "5.0")
    code, out, _ = call(capfd, "doctor")
    assert code == 1
    assert "pip uninstall opencv-python opencv-python-headless" in out


def test_every_command_has_help():
    for name, command in cli.cli.commands.items():
        result = CliRunner().invoke(cli.cli, [name, "--help"])
        assert result.exit_code == 0, name
        assert command.help, name


def test_help_does_not_wait_for_torch():
    code = "import sys; from cg_upscaler import cli; cli.run_cli(['run', '--help']); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_a_result_that_breaks_a_gate_gives_exit_code_4_and_is_named(library, tmp_path, capfd):
    config = tmp_path / "game.yaml"
    config.write_text("source: textures\nmodel: bicubic\nfidelity: 0\nquality: {min_consistency: 99}\n", "utf-8")
    out_folder = tmp_path / "out"
    code, out, err = call(capfd, "run", "--config", config, "--out", out_folder, "--json", "--quiet")
    assert code == 4
    assert "rejected: rock.png: consistency" in err
    assert "is below 99" in err
    assert f"2 REJECTED by quality gates, see {out_folder / '_rejected'}" in err.splitlines()[-1]
    receipts = {receipt["name"]: receipt for receipt in json.loads(out)["receipts"]}
    assert receipts["rock.png"]["outcome"] == "rejected"
    broken = [figure for figure in receipts["rock.png"]["figures"] if figure["broken"]]
    assert [(figure["name"], figure["bound"]) for figure in broken] == [("consistency", 99.0)]
    again, _, err = call(capfd, "run", "--config", config, "--out", out_folder)
    assert again == 4
    assert "rejected: rock.png: consistency" in err


def test_failures_come_before_gates_in_the_exit_code(library, tmp_path, capfd):
    (library / "broken.png").write_bytes((library / "rock.png").read_bytes()[:200])
    config = tmp_path / "game.yaml"
    config.write_text("source: textures\nmodel: bicubic\nfidelity: 0\nquality: {min_consistency: 99}\n", "utf-8")
    code, _, err = call(capfd, "run", "--config", config, "--out", tmp_path / "out")
    assert code == 1
    assert "1 FAILED, 2 REJECTED" in err.splitlines()[-1]
