"""Sets up a working copy and runs its main jobs, on Linux, macOS and Windows, with nothing but Python.

    python dev.py demo     upscale examples/textures into out/demo (further options go to `cg-upscale run`)
    python dev.py quality  measure what upscaling does to examples/textures, into out/quality; or to those of another
                           folder: quality LIBRARY --out DIR --crop N --only GLOB (`quality --help` tells all)
    python dev.py test     run the tests (further options go to pytest)
    python dev.py torture  kill runs at random moments, fail their calls to the system, and compare what they leave:
                           the long form of tests/torture (`torture --kills 50`; `--help` tells all)
    python dev.py plugins  pack the plugins for Blender and Substance 3D Painter into dist (`plugins blender --to DIR`)
    python dev.py hosts    run the tests of the plugins in their hosts, each in an environment of its own in out/hosts
                           (`hosts --all`, `hosts painter`; `--help` tells all)
    python dev.py lint     check style with ruff
    python dev.py types    check types with mypy
    python dev.py setup    only create .venv and install into it
    python dev.py clean    remove .venv, out and every cache

Each sets up first what is missing: a virtual environment in .venv with the package, editable, and the exact versions of
constraints.txt. `--no-constraints` takes the newest versions instead, on Linux a GPU build of torch among them; a .venv
made so stays so until `clean`. All other options after a command go to it, `--help` among them.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
UPSCALE = SCRIPTS / ("cg-upscale.exe" if os.name == "nt" else "cg-upscale")
STAMP = VENV / "installed-from.txt"
"""What the last installation was made from: `exact` or `newest`, and the rest once it is complete."""

OLDEST = (3, 10)
NO_TESTS = 5
"""How pytest says that it found none."""


class Stop(Exception):
    """Ends the script with a message that says what to do."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="dev.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("command", choices=[*COMMANDS, "clean"])
    parser.add_argument("--no-constraints", action="store_true", help="install the newest versions of everything")
    parser.add_argument("options", nargs=argparse.REMAINDER, help="for the command")
    arguments = parser.parse_args()
    rest = [option for option in arguments.options if option != "--no-constraints"]
    newest = arguments.no_constraints or rest != arguments.options
    try:
        if arguments.command in ("clean", "setup") and rest:
            raise Stop(f"{arguments.command} takes no {rest[0]}")
        if arguments.command == "clean":
            return clean()
        set_up(constrained=not newest)
        return COMMANDS[arguments.command](rest)
    except Stop as stop:
        print(f"dev.py: {stop}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def set_up(*, constrained: bool) -> None:
    """Create .venv and install into it, where that has not been done with the same files before."""
    if sys.version_info < OLDEST:
        raise Stop(f"Python {dotted(OLDEST)} or later is needed, and this is {dotted(sys.version_info[:3])}")
    before = STAMP.read_text(encoding="utf-8") if STAMP.exists() else ""
    constrained = constrained and not before.startswith("newest")
    other_torch = not constrained and before.startswith("exact")  # pip would keep the one that is there
    if other_torch or not runs(PYTHON):
        print(f"Creating {VENV}")
        if call(sys.executable, "-m", "venv", "--clear", VENV) != 0:
            raise Stop("no virtual environment could be made; on Debian and Ubuntu: apt install python3-venv")
        before = ""
    now = fingerprint(constrained)
    if now == before:
        return
    print("Installing the package and what it needs. The first time this takes a few minutes.")
    STAMP.write_text(now.split()[0], encoding="utf-8")
    constraints: list[str | Path] = ["--constraint", ROOT / "constraints.txt"] if constrained else []
    if call(PYTHON, "-m", "pip", "install", *constraints, "--editable", f"{ROOT}[dev]") != 0:
        raise Stop(
            "pip failed, and says why above. It needs a network and a few GB of disk; "
            "`python dev.py clean` starts afresh, --no-constraints takes other versions"
        )
    STAMP.write_text(now, encoding="utf-8")


def fingerprint(constrained: bool) -> str:
    """Return what an installation depends on, as text."""
    files = ["pyproject.toml", "constraints.txt"] if constrained else ["pyproject.toml"]
    digest = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in files)).hexdigest()
    return f"{'exact' if constrained else 'newest'} {digest} {ROOT}\n"


def demo(options: list[str]) -> int:
    """Upscale the example textures with the real generator."""
    source, output = Path("examples", "textures"), Path("out", "demo")
    config = Path("configs", "game.yaml")
    code = call(UPSCALE, "run", source, "--config", config, "--out", output, *options)
    if code == 0:
        print(f"The textures of {source} are now in {ROOT / output}, under the same names.")
    return code


def quality(options: list[str]) -> int:
    """Hold results against the truth, and beside those of others; of examples/textures unless a folder is named."""
    return call(PYTHON, Path("benchmarks", "quality.py"), *options)


def test(options: list[str]) -> int:
    """Run the fast tests on all cores, and then those that run real weights, which use all cores by themselves."""
    codes = [pytest("not weights", "-n", "auto", *options)]
    if codes[0] in (0, NO_TESTS):
        codes.append(pytest("weights", *options))
    ran = [code for code in codes if code != NO_TESTS]
    return max(ran, default=NO_TESTS)


def torture(options: list[str]) -> int:
    """Disturb runs in every way, for an hour or more; the short form is among the tests."""
    return call(PYTHON, "-m", "tests.torture", *options)


def plugins(options: list[str]) -> int:
    """Pack the plugins as zip files."""
    return call(UPSCALE, "plugins", "build", *options)


def hosts(options: list[str]) -> int:
    """Run the tests of plugins where plugins run."""
    return call(PYTHON, "-m", "tests.hosts", *options)


def pytest(marker: str, *options: str) -> int:
    return call(PYTHON, "-m", "pytest", "-m", marker, *options)


def lint(options: list[str]) -> int:
    return call(PYTHON, "-m", "ruff", "check", *options) or call(PYTHON, "-m", "ruff", "format", "--check")


def types(options: list[str]) -> int:
    return call(PYTHON, "-m", "mypy", *options)


def setup(options: list[str]) -> int:
    print(f"Ready. The command is {UPSCALE}")
    return 0


def clean() -> int:
    """Remove what the other commands made."""
    if Path(sys.prefix).resolve() == VENV:
        raise Stop("this Python lives in the .venv that is to go; leave it with `deactivate` first")
    caches = [".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "build", "dist", "out"]
    for folder in [VENV, *(ROOT / name for name in caches), *ROOT.glob("*.egg-info")]:
        if folder.exists():
            print(f"Removing {folder}")
            shutil.rmtree(folder)
    return 0


COMMANDS = {
    "demo": demo,
    "quality": quality,
    "test": test,
    "torture": torture,
    "plugins": plugins,
    "hosts": hosts,
    "lint": lint,
    "types": types,
    "setup": setup,
}


def call(*command: str | Path) -> int:
    """Run a command in the working copy and return its exit code."""
    print("$", subprocess.list2cmdline([short(part) for part in command]), flush=True)
    try:
        process = subprocess.Popen([str(part) for part in command], cwd=ROOT)
    except FileNotFoundError:
        raise Stop(f"{command[0]} is missing; `python dev.py clean`, then try again") from None
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # the command was interrupted with us, and ends in its own way


def runs(python: Path) -> bool:
    """Tell whether a Python is there and has pip: a .venv dies with the Python that it was made from."""
    probe = [str(python), "-c", "import pip"]
    try:
        return subprocess.run(probe, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def short(part: str | Path) -> str:
    text = str(part)
    return os.path.relpath(text, ROOT) if os.path.isabs(text) and text.startswith(str(ROOT)) else text


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in version)


if __name__ == "__main__":
    sys.exit(main())
