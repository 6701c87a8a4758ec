"""Runs the tests of the plugins within their hosts, each host in a virtual environment of its own.

    python -m tests.hosts                                    one Blender, Painter's Qt, and types
    python -m tests.hosts blender-4.2 blender-5.0 painter    those
    python -m tests.hosts --all                              every one
    python -m tests.hosts blender-4.5 -- -k material         what follows goes to pytest
    python -m tests.hosts --quick                            without holding results against the command line's

Environments are kept in out/hosts. A Blender from PyPI needs the very Python that it was built for.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLACE = ROOT / "out" / "hosts"
SAME = PLACE / "same"
"""What all ways into the engine are to make the same files of."""


@dataclass(frozen=True)
class Host:
    """A program that has plugins, as far as it comes from PyPI."""

    folder: str
    """Of its tests."""
    packages: tuple[str, ...] = ()
    """Beside those of its list of requirements."""
    python: tuple[int, int] | None = None
    """The only one that it runs with."""


HOSTS = {
    "blender-4.2": Host("blender", ("bpy==4.2.23",), (3, 11)),
    "blender-4.5": Host("blender", ("bpy==4.5.15",), (3, 11)),
    "blender-5.0": Host("blender", ("bpy==5.0.1",), (3, 11)),
    "painter": Host("painter"),
    "types": Host("types"),
}
USUAL = ("blender-4.5", "painter", "types")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.hosts", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("hosts", nargs="*", choices=[[], *HOSTS], help="which; the usual ones unless named")
    parser.add_argument("--all", action="store_true", help="every one")
    parser.add_argument("--quick", action="store_true", help="do not hold results against the command line's")
    own, options = _parted(sys.argv[1:])
    arguments = parser.parse_args(own)
    names = list(HOSTS) if arguments.all else arguments.hosts or list(USUAL)
    if not arguments.quick:
        print("-- the same textures by the command line and by the worker", flush=True)
        subprocess.run([sys.executable, "-m", "tests.hosts.same", str(SAME)], check=True, cwd=ROOT)
    failed = [name for name in names if not run(name, HOSTS[name], options, same=not arguments.quick)]
    if failed:
        print(f"failed in {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def run(name: str, host: Host, options: list[str], *, same: bool) -> bool:
    """Run a host's tests, and tell whether they passed."""
    print(f"\n-- {name}", flush=True)
    if host.python not in (None, sys.version_info[:2]):
        print(f"{name} needs Python {'.'.join(map(str, host.python or ()))}: not run")
        return True
    python = environment(name, host)
    settings = {
        "BLENDER_USER_RESOURCES": str(PLACE / f"{name}-user"),
        "CG_UPSCALE": str(Path(sys.executable).with_name("cg-upscale")),
        "OMP_NUM_THREADS": "1",
        "QT_QPA_PLATFORM": "offscreen",
        **({"CG_UPSCALE_SAME": str(SAME)} if same else {}),
    }
    command = [python, "-m", "pytest", "-c", HERE / "pytest.ini", "--rootdir", HERE, HERE / host.folder, *options]
    return subprocess.run([str(part) for part in command], env={**os.environ, **settings}, cwd=ROOT).returncode == 0


def environment(name: str, host: Host) -> Path:
    """Return the Python of a host's environment, which is made where it is not there as it should be."""
    folder = PLACE / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    listed = HERE / f"requirements-{host.folder}.txt"
    wanted = hashlib.sha256(listed.read_bytes() + " ".join(host.packages).encode()).hexdigest()
    stamp = folder / "installed.txt"
    if not stamp.is_file() or stamp.read_text() != wanted:
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", listed, *host.packages], check=True)
        stamp.write_text(wanted)
    return python


def _parted(arguments: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in arguments:
        return arguments, []
    place = arguments.index("--")
    return arguments[:place], arguments[place + 1 :]


if __name__ == "__main__":
    sys.exit(main())
