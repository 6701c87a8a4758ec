"""`cg-upscale models`: the generators that are at hand, and what can be done with their files."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from cg_upscaler.cli.lazily import LazyGroup
from cg_upscaler.cli.tables import as_json, table
from cg_upscaler.errors import ModelError
from cg_upscaler.maps import POLICIES, Treatment
from cg_upscaler.model_names import short
from cg_upscaler.models import catalog, places
from cg_upscaler.models.licences import UNKNOWN
from cg_upscaler.spec import Depth, ModelInfo, Precision

_COMMANDS = {
    "list": "cg_upscaler.cli.models",
    "info": "cg_upscaler.cli.models",
    "convert": "cg_upscaler.cli.models_files",
    "blend": "cg_upscaler.cli.models_files",
    "test": "cg_upscaler.cli.models_test",
}

FOLDER = click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="A models folder to look at first, as 'models_folder' of a configuration is.",
)  # fmt: skip


class _Models(LazyGroup):
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return list_ if cmd_name == "list" else super().get_command(ctx, cmd_name)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A file of a models folder: what is known of it, or why it cannot be used."""

    name: str
    folder: str
    info: ModelInfo | None
    error: str = ""


@click.group(cls=_Models, modules=_COMMANDS, invoke_without_command=True)
@FOLDER
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@click.pass_context
def models(context: click.Context, folder: Path | None, json_: bool) -> None:
    """List the models that can be named, or look at, convert, blend and compare their files.

    Wherever a model is asked for, its name may be one of the list, the path of a weights file, a blend of models of one
    shape ('a@0.7+b@0.3'), or a chain ('1x-deblock > 4x-main', in quotes).
    """
    if context.invoked_subcommand is None:
        context.invoke(list_, folder=folder, json_=json_)


@click.command("list")
@FOLDER
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def list_(folder: Path | None, json_: bool) -> None:
    """List the models of the catalog, and the files in models folders."""
    found = catalog.names()
    own = [_listed(file) for place in places.folders(folder) for file in places.listed(place)]
    if json_:
        click.echo(as_json([*map(_plain, found), *(_plain_of_file(each) for each in own)]))
        return
    rows = [(*_row(info.name, info), _usual_for(info.name)) for info in found]
    rows += [(*_row(each.name, each.info), "") if each.info else (each.name, each.error, *[""] * 5) for each in own]
    click.echo(table(("model", "network", "scale", "parameters", "licence", "sha256", "usual for"), rows))
    looked = (f"{place}{'' if place.is_dir() else ' (not there yet)'}" for place in places.folders(folder))
    click.echo(f"weights files are also looked for in: {', '.join(looked)}", err=True)


@click.command()
@click.argument("name")
@FOLDER
@click.option("--device", default="auto", show_default=True, help="Whose safe precision to name.")
@click.option("--measure", is_flag=True, help="Run the model, where how far it looks is not known otherwise.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def info(name: str, folder: Path | None, device: str, measure: bool, json_: bool) -> None:
    """Say what is known of the model NAME: what it takes and gives, how far it looks, under which licence it is."""
    from cg_upscaler.backends.devices import describe  # which loads torch

    found, where = catalog.find(name, folder=folder), describe(device)
    if measure:
        from cg_upscaler.generate.known_reach import reach_on
        from cg_upscaler.library.groups import measured

        found = measured(found, reach_on(where), None)
    reach = found.reach
    fast = where.precision_for(Precision.AUTO, Depth.UINT8)
    if json_:
        click.echo(as_json({**_plain(found), "reach": reach, "fast_precision": fast}))
        return
    far = "not known (measured once, when it is first used)" if reach is None else f"{reach} texels of the source"
    rows = [
        ("name", short(found.name)),
        ("network", found.architecture),
        ("scale", f"{found.scale}×"),
        ("channels", str(found.channels or "any")),
        ("precision", f"{fast.value} for 8 bits on {where.name}, {Precision.FLOAT32.value} for deeper textures"),
        ("input sides", "any" if found.multiple == 1 else f"multiples of {found.multiple}; others are filled up"),
        ("looks", far + ("" if found.horizon is None else f"; beyond {found.horizon} nothing has any influence")),
        ("seams", "none: run in bands, exactly" if _is_exact(found) else "run in tiles that overlap"),
        ("parameters", f"{found.parameters / 1e6:.2f} M" if found.parameters else "not counted"),
        ("licence", f"{UNKNOWN}: nothing beside the file or within says it" if found.licence == UNKNOWN
            else found.licence or "none needed"),
        ("sha256", found.weights or "no weights"),
        ("from", found.source),
        *(("part", f"{part.share:.9g} × {short(part.model.name)} ({part.model.licence})") for part in found.parts),
        *(("step", f"{short(step.name)}, {step.scale}× ({step.licence})") for step in found.steps),
    ]  # fmt: skip
    click.echo("\n".join(f"{label:<12} {said}" for label, said in rows))


def _is_exact(found: ModelInfo) -> bool:
    return all(step.held for step in found.steps or (found,)) or found.architecture == "resize"


def _row(name: str, info: ModelInfo) -> tuple[str, ...]:
    size = f"{info.parameters / 1e6:.2f} M" if info.parameters else "-"
    return name, info.architecture, f"{info.scale}×", size, info.licence, info.weights[:12]


def _usual_for(name: str) -> str:
    """Return the kinds of maps that take a model where none is named."""
    kinds = [kind for kind, policy in POLICIES.items() if name == (policy.model or policy.usual[0])]
    return ", ".join(kind.value for kind in kinds if POLICIES[kind].treatment is not Treatment.COPY)


def _listed(file: Path) -> _Listed:
    try:
        return _Listed(file.name, str(file.parent), catalog.find(str(file)))
    except ModelError as error:
        return _Listed(file.name, str(file.parent), None, f"{type(error).__name__}: {error.what}")


def _plain(info: ModelInfo) -> dict[str, Any]:
    return asdict(info)


def _plain_of_file(each: _Listed) -> dict[str, Any]:
    return {"file": each.name, "folder": each.folder, "error": each.error, **(_plain(each.info) if each.info else {})}
