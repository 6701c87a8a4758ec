"""`cg-upscale plugins`: the plugins for Blender and Substance 3D Painter, put in place or packed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import click

from cg_upscaler import hosts
from cg_upscaler.errors import OutputError, UsageError

_HOSTS = tuple(each.host for each in hosts.plugins())
_SWITCH_ON = {
    "blender": "tick CG Upscaler in Edit > Preferences > Add-ons; press N in the Image or Shader Editor for its panel",
    "painter": "tick cg_upscaler_painter in the menu Python",
}
_NEEDED = "name the program of Blender 4.2 or later"
_PATIENCE = 120
"""Seconds that Blender may take to install an extension."""


@click.group()
def plugins() -> None:
    """Install the plugins for Blender and Substance 3D Painter, or pack them."""


@plugins.command()
@click.argument("host", type=click.Choice(_HOSTS))
@click.option(
    "--to", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="The folder of plugins to put it in. Default: where the host looks for this user.",
)  # fmt: skip
@click.option(
    "--with", "program", type=click.Path(path_type=Path, dir_okay=False, exists=True), metavar="BLENDER",
    help="Have this Blender install the extension, which also switches it on.",
)  # fmt: skip
def install(host: str, to: Path | None, program: Path | None) -> None:
    """Put the plugin for HOST in place, with word of where this engine is. An older one there is replaced."""
    plugin = hosts.plugin(host)
    if program is not None:
        if host != "blender" or to is not None:
            raise UsageError("--with is for Blender, and does without --to")
        _have_installed(plugin, program)
        click.echo(f"installed by {program}, and switched on")
        return
    places = [hosts.Place(plugin.label, to)] if to is not None else hosts.places(host)
    if not places:
        raise UsageError(
            f"no {plugin.label} of version 4.2 or later was found for this user",
            fix="start it once, or name its folder of extensions with --to, or the program with --with",
        )
    for place in places:
        folder = hosts.write_folder(plugin, place.folder, engine=sys.executable)
        click.echo(f"{place.label}: {folder}")
    click.echo(f"next: start {plugin.label} anew, and {_SWITCH_ON[host]}", err=True)


@plugins.command()
@click.argument("host", type=click.Choice((*_HOSTS, "all")), default="all")
@click.option(
    "--to", type=click.Path(path_type=Path, file_okay=False), default=Path("dist"), show_default=True, metavar="DIR",
    help="Where the zip files go.",
)  # fmt: skip
def build(host: str, to: Path) -> None:
    """Pack the plugin for HOST, or all, as zip files for other computers."""
    for plugin in hosts.plugins() if host == "all" else (hosts.plugin(host),):
        file = to / f"cg-upscaler-{plugin.host}-{metadata.version('cg-upscaler')}.zip"
        hosts.write_zip(plugin, file)
        click.echo(file)


def _have_installed(plugin: hosts.Plugin, program: Path) -> None:
    """Have a Blender install the extension by its own command. Raises `OutputError` with what it said."""
    with tempfile.TemporaryDirectory(prefix="cg-upscale-") as place:
        file = Path(place, f"{plugin.folder}.zip")
        hosts.write_zip(plugin, file, engine=sys.executable)
        command = [str(program), "--command", "extension", "install-file", "-r", "user_default", "-e", str(file)]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_PATIENCE
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OutputError(f"could not be run: {error}", where=program, fix=_NEEDED) from error
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise OutputError(
                f"did not install the extension: {said[-1] if said else f'exit code {done.returncode}'}",
                where=program,
                fix=_NEEDED,
            )
