"""`cg-upscale doctor`: what runs here, and what is amiss."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import click

from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.tables import as_json
from cg_upscaler.errors import UpscaleError
from cg_upscaler.models import catalog
from cg_upscaler.spec import Precision

_PACKAGES = ("cg-upscaler", "torch", "numpy", "OpenImageIO", "opencv-python-headless", "Pillow", "imageio")


@click.command()
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def doctor(json_: bool) -> int:
    """Say which build of torch runs, on what, in which precision and why; and warn of what is amiss."""
    facts = dict(_facts())
    warnings = list(_warnings())
    if json_:
        click.echo(as_json({"facts": facts, "warnings": warnings}))
    else:
        width = max(map(len, facts))
        for name, text in facts.items():
            click.echo(f"{name:{width}}  {text}")
        for warning in warnings:
            click.echo(f"warning: {warning}")
        if not warnings:
            click.echo("nothing amiss")
    return ExitCode.FAILED if warnings else ExitCode.OK


def _facts() -> Iterator[tuple[str, str]]:
    from cg_upscaler.backends import devices  # loads torch

    yield "python", f"{platform.python_version()} ({platform.system()} {platform.machine()}, {sys.executable})"
    for package in _PACKAGES:
        yield package, installed(package) or "not installed"
    yield "torch build", devices.build()
    yield "devices", ", ".join(devices.available())
    device = devices.describe("auto")
    yield "device", f"{device.name}: {device.label}"
    fast = device.fast.value
    which = "all textures" if device.fast is Precision.FLOAT32 else "8-bit textures, float32 for deeper ones"
    yield "precision", f"{fast} for {which}: {device.why}"
    yield "models", ", ".join(info.name for info in catalog.names())


def installed(package: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _warnings() -> Iterator[str]:
    from cg_upscaler.backends import devices
    from cg_upscaler.models.load import verified

    twins = [name for name in ("opencv-python", "opencv-contrib-python") if installed(name)]
    if twins and installed("opencv-python-headless"):
        yield (
            f"{twins[0]} and opencv-python-headless are installed over each other and share one folder; "
            f"keep one: pip uninstall {twins[0]} opencv-python-headless, then pip install opencv-python-headless"
        )
    if hint := devices.unused_gpu():
        yield hint
    for published in catalog.PUBLISHED.values():
        try:
            verified(published)
        except UpscaleError as error:
            yield str(error)
