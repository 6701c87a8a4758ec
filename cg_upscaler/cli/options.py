"""The options that commands share which work through a library, and the configuration that they come to."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cg_upscaler.geometry import Edge
from cg_upscaler.job import MipFilter
from cg_upscaler.library.config import Config, load
from cg_upscaler.library.config.notation import AUTO
from cg_upscaler.library.sizes import SCALES
from cg_upscaler.spec import Effort, Precision

FORMAT = ("container", "encoding", "effort", "channels", "mip_filter", "header", "jpeg_quality", "png_level")
"""Options that are settings of `format`, besides those that are read here."""

_NUMBER = re.compile(r"[0-9]*\.?[0-9]+")
_SCALES = [f"{scale:g}" for scale in SCALES]
_EDGES = [AUTO, *(edge.value for edge in Edge)]


def library(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what all commands take that work through a library."""
    return _with(
        command,
        click.argument("source", required=False, type=click.Path(path_type=Path)),
        click.option("--config", "-c", type=click.Path(path_type=Path), help="A YAML file of settings and rules."),
        click.option("--profile", metavar="NAME", help="A variant of the configuration, as it names them."),
        click.option("--out", "-o", "output", type=click.Path(path_type=Path), help="Folder for the results."),
        click.option("--beside", is_flag=True, default=None, help="Write each result beside its source."),
        click.option("--overwrite", is_flag=True, default=None, help="Put results in the place of their sources."),
        click.option("--prefix", help="Put before the names of results."),
        click.option("--suffix", help="Put behind the names of results: _4x."),
        click.option("--format", "container", metavar="NAME", help="png, tga, dds … Default: the source's."),
        click.option("--encoding", metavar="NAME", help="bc7, zip, rle, none … Default: the source's."),
        click.option("--effort", type=click.Choice([e.value for e in Effort]), help="For block compression."),
        click.option("--depth", type=click.Choice(["8", "16", "half", "32"]), help="Bits of a sample."),
        click.option("--channels", metavar="WHICH", help="rgb, rgba, gray, indexed, or letters such as bgra."),
        click.option("--mips", metavar="WHICH", help="none, full, 4x4, or a share of a full chain such as 0.5."),
        click.option("--mip-filter", type=click.Choice([f.value for f in MipFilter]), help="Default: kaiser."),
        click.option("--header", type=click.Choice(["legacy", "dx10"]), help="Of DDS files. Default: the source's."),
        click.option("--jpeg-quality", type=click.IntRange(1, 100), help="Default: 95."),
        click.option("--png-level", type=click.IntRange(0, 9), help="How long zlib looks. Default: 4."),
        click.option("--only", multiple=True, metavar="GLOB", help="Only textures that match; may be repeated."),
        click.option("--json", "json_", is_flag=True, help="Print the result as JSON on stdout."),
    )


def comparing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what decides which textures are up to date."""
    return _with(
        command,
        click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="Folder of the record."),
        click.option("--verify", is_flag=True, help="Read every source and result again, whatever their times say."),
        click.option("--pin-revision", type=int, metavar="N", help="Results of this revision and later ones stand."),
        click.option("--shard", metavar="I/N", help="Only one part of N of the library: 3/16."),
    )


def working(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what the commands take that write results."""
    path = click.Path(path_type=Path, dir_okay=False)
    return _with(
        command,
        click.option("--dry-run", "-n", is_flag=True, help="Say what would be done and why, and do nothing."),
        click.option("--force", is_flag=True, help="Do everything again, replacing what this tool did not write."),
        click.option("--quiet", "-q", is_flag=True, help="Tell of failures only."),
        click.option(
            "--jobs", "-j", type=click.IntRange(min=1), metavar="N", help="Textures at once. Default: by processors."
        ),
        click.option("--lock", type=path, metavar="FILE", help="A text record, for version control."),
        click.option("--prune", is_flag=True, help="Remove results whose source is gone."),
        click.option("--max-changes", type=int, metavar="N", help="Stop before writing more textures than these."),
        click.option("--max-failures", type=int, metavar="N", help="Begin nothing more after so many failures."),
        click.option("--fail-fast", is_flag=True, help="The same as --max-failures 1."),
        click.option("--time-limit", type=float, metavar="SECONDS", help="For each texture."),
        click.option("--wait", type=float, metavar="SECONDS", help="For another run into the same folder to end."),
        click.option("--ray", is_flag=False, flag_value="auto", metavar="[ADDRESS]", help="Work on a Ray cluster."),
        click.option("--log", type=path, metavar="FILE", help="Append what happens, as JSON lines."),
        click.option("--summary", type=path, metavar="FILE", help="Write what the run came to, as JSON."),
        click.option("--junit", type=path, metavar="FILE", help="Write the same for build servers."),
        click.option("--prometheus", type=path, metavar="FILE", help="Write the same for Prometheus."),
        click.option("--report/--no-report", default=False, help="Write a page with pictures to OUT/_report."),
    )


def generating(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what has to do with generators."""
    return _with(
        command,
        click.option("--model", "-m", help="A name of `cg-upscale models`, a weights file, a blend, a chain."),
        click.option("--scale", "-s", type=click.Choice(_SCALES), help="How many times as large."),
        click.option("--edges", type=click.Choice(_EDGES), help="What lies beyond borders. Default: as pixels show."),
        click.option("--fidelity", type=float, help="0 to 1: how far the source is held. Default: as it calls for."),
        click.option("--grain", type=float, help="0 to 1: how much fine grain is continued."),
        click.option("--device", "-d", help="auto, cpu, cuda, cuda:1, mps …"),
        click.option("--precision", "-p", type=click.Choice([p.value for p in Precision]), help="Default: auto."),
        click.option("--overlap", type=int, help="Texels that tiles read of each other. Default: as models look."),
        click.option("--exact", is_flag=True, default=None, help="Leave no error where tall textures tile."),
    )


def _with(command: Callable[..., Any], *options: Callable[..., Any]) -> Callable[..., Any]:
    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), command)


def configured(
    config: Path | None, *, scale: str | None = None, depth: str | None = None, mips: str | None = None, **settings: Any
) -> Config:
    """Return the settings that a file and the command line give together."""
    if settings.pop("fail_fast", False):
        settings["max_failures"] = 1
    asked = {name: settings.pop(name, None) for name in FORMAT}
    asked["depth"] = int(depth) if depth and depth.isdigit() else depth
    asked["mips"] = float(mips) if mips and _NUMBER.fullmatch(mips) else mips
    said = {name: value for name, value in asked.items() if value is not None}
    return load(config, scale=None if scale is None else float(scale), format=said or None, **settings)
