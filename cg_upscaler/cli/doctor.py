"""`cg-upscale doctor`: what runs here, and what is amiss."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import click

from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.tables import as_json
from cg_upscaler.errors import UpscaleError
from cg_upscaler.job import ALGORITHM
from cg_upscaler.models import catalog
from cg_upscaler.models.own import OWN
from cg_upscaler.spec import Precision

if TYPE_CHECKING:
    from cg_upscaler.bench.allowance import Room, Speed

_PACKAGES = ("cg-upscaler", "torch", "numpy", "OpenImageIO", "opencv-python-headless", "Pillow", "imageio")


@click.command()
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def doctor(json_: bool) -> int:
    """Say which build of torch runs, on what, in which precision and why; and warn of what is amiss.

    How fast the device can be at most is measured, in a second or two; what the free memory allows is reckoned.
    """
    facts = dict(_facts())
    warnings = list(_warnings())
    able = _ability()
    facts |= dict(_in_words(able))
    if json_:
        click.echo(as_json({"facts": facts, "warnings": warnings, "ability": able}))
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
    from cg_upscaler.backends import devices, winograd  # loads torch

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
    lacking = winograd.missing()
    yield "convolutions", "torch's alone: " + lacking if lacking else "in float32 on the CPU by Winograd's tiles"
    yield "algorithm", f"revision {ALGORITHM}, which results are recorded with"
    yield "models", ", ".join(info.name for info in catalog.names())


@dataclass(frozen=True, slots=True)
class Ability:
    """How fast the device can be with the default model at most, and what the free memory allows."""

    precision: Precision
    speed: Speed
    rooms: tuple[Room, ...]


def _ability() -> Ability:
    from cg_upscaler.backends import devices
    from cg_upscaler.bench import allowance

    device = devices.describe("auto")
    return Ability(device.fast, allowance.speed(device), allowance.rooms(device))


def _in_words(able: Ability) -> Iterator[tuple[str, str]]:
    from cg_upscaler.bench.allowance import SIDE

    speed = able.speed
    yield (
        "ceiling",
        f"{1000 * speed.teraflops:,.0f} GFLOP/s in convolutions ({able.precision.value}): at most "
        f"{speed.texels_per_s:,.0f} texels a second with {catalog.REFERENCE}, "
        f"{SIDE**2 / speed.texels_per_s:.3g} s for {SIDE}×{SIDE}; `cg-upscale bench` tells what of it is reached",
    )
    for room in able.rooms:
        yield (
            "free memory" if room.device == "cpu" else f"free on {room.device}",
            f"{room.free_bytes / 1e9:.1f} GB: half of it holds a texture about {room.widest:,} texels wide, "
            f"or {room.at_once} of {SIDE} at once, in float32",
        )


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
    checks: list[Callable[[], object]] = [partial(verified, published) for published in catalog.PUBLISHED.values()]
    for check in (*checks, *(own.verified for own in OWN.values())):
        try:
            check()
        except UpscaleError as error:
            yield str(error)
