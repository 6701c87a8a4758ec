"""Runs the tests in Blender's real window; see docs/blender.md for what they need.

python -m tests.hosts.blender.window --blender blender
python -m tests.hosts.blender.window --blender blender --pictures docs/images      keeps the pictures of the panels
python -m tests.hosts.blender.window --blender blender -- -k escape                what follows goes to pytest
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SETTINGS = HERE.parents[1] / "pytest.ini"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.hosts.blender.window",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--blender", default="blender", help="the program of Blender 4.2 or later")
    parser.add_argument("--pictures", type=Path, help="a folder to keep the pictures of the panels in")
    parser.add_argument("options", nargs="*", help="what goes to pytest, behind --")
    arguments = parser.parse_args()
    settings = {"CG_UPSCALE_BLENDER_WINDOW": arguments.blender}
    if arguments.pictures is not None:
        settings["CG_UPSCALE_PICTURES"] = str(arguments.pictures.resolve())
    command = [sys.executable, "-m", "pytest", "-c", SETTINGS, "--rootdir", HERE]
    command += ["--confcutdir", HERE, HERE, *arguments.options]  # the conftest beside it is for bpy without a window
    return subprocess.run([str(part) for part in command], env={**os.environ, **settings}).returncode


if __name__ == "__main__":
    sys.exit(main())
