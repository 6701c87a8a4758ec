"""`cg-upscale inspect`: what a file is, and why."""

from __future__ import annotations

from pathlib import Path

import click

from cg_upscaler import codecs
from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.tables import as_json
from cg_upscaler.errors import UpscaleError
from cg_upscaler.library.classify import Decision, classify
from cg_upscaler.library.survey import Evidence, survey
from cg_upscaler.spec import ImageSpec
from cg_upscaler.wire import to_plain


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def inspect(files: tuple[Path, ...], json_: bool) -> int:
    """Say what each of FILES is, why it is taken for that, and what was seen in its pixels."""
    found, code = [], ExitCode.OK
    for file in files:
        try:
            image = codecs.read(file)
        except UpscaleError as error:
            click.echo(f"cg-upscale: {error}", err=True)
            code = ExitCode.FAILED
            continue
        evidence = survey(image, image.spec)
        # Folders far above say nothing of a texture; the one that it lies in may.
        decision = classify(f"{file.absolute().parent.name}/{file.name}", image.spec, evidence)
        if json_:
            found.append({"file": str(file), "spec": image.spec, "decision": decision, "evidence": evidence})
        else:
            click.echo(_in_words(file, image.spec, decision, evidence))
    if json_:
        click.echo(as_json(found))
    return code


def _in_words(file: Path, spec: ImageSpec, decision: Decision, evidence: Evidence) -> str:
    note = f", {spec.note}" if spec.note else ""
    lines = [
        f"{file}",
        f"  file   {spec.container}, {spec.size}, {spec.channels} × {spec.depth.value}{note}",
        f"  map    {decision.kind.value} ({decision.confidence:.0%}): {decision.why}",
        f"  alpha  {decision.alpha.value}",
    ]
    lines += [f"  note   {note}" for note in decision.notes]
    seen = to_plain(evidence)
    lines.append("  seen   " + ", ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in seen.items()))
    return "\n".join(lines)


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list):
        return "/".join(_short(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
