"""Writes a run as a job for render farms: an Open Job Description template, one task a shard, merged at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MOST_SHARDS = 1024
"""Tasks of a job: in more, each would plan for longer than it works."""

_NOTICE = 120
"""Seconds between a farm's request to stop and its kill: a run ends the textures it has begun."""

_TASK = """\
import signal, subprocess, sys
# Textures that fail, or break a gate, are told of by the job's last step: the others are not to wait for them.
work = subprocess.Popen(sys.argv[1:])
signal.signal(signal.SIGTERM, lambda *_: work.terminate())
code = work.wait()
sys.exit(0 if code in (1, 4) else code)
"""
"""What a task runs, in Python: a step that depends on others begins only where all of their tasks went well."""


@dataclass(frozen=True, slots=True)
class Farming:
    """What a template is made for. Paths are relative to the template; others are asked for when it is submitted."""

    shards: int
    source: Path | None = None
    output: Path | None = None
    config: Path | None = None
    """Without one, the job takes no configuration."""


def template(farming: Farming) -> str:
    """Return a job template as the specification of September 2023 has it, in YAML."""
    return "\n".join(_lines(farming)) + "\n"


def _lines(farming: Farming) -> Iterator[str]:
    yield "# Submit this to a farm that speaks Open Job Description, or try it here: openjd run FILE"
    yield "specificationVersion: jobtemplate-2023-09"
    yield "name: Upscale textures"
    yield "parameterDefinitions:"
    yield from _path("Source", "DIRECTORY", "IN", "The texture library, as every node sees it.", farming.source)
    yield from _path("Output", "DIRECTORY", "OUT", "Where results go. Every node writes to it.", farming.output)
    if farming.config is not None:
        yield from _path("Config", "FILE", "IN", "Settings and rules.", farming.config)
    yield "  - name: Shards"
    yield "    type: INT"
    yield "    description: Parts of the library, about equal in cost, each a task."
    yield "    minValue: 1"
    yield f"    maxValue: {MOST_SHARDS}"
    yield f"    default: {farming.shards}"
    yield "steps:"
    yield "  - name: Upscale"
    yield "    parameterSpace:"
    yield "      taskParameterDefinitions:"
    yield "        - name: Shard"
    yield "          type: INT"
    yield '          range: "1-{{Param.Shards}}"'
    run = ["cg-upscale", "run", "{{Param.Source}}", "--out", "{{Param.Output}}"]
    run += ["--shard", "{{Task.Param.Shard}}/{{Param.Shards}}"]
    run += ["--config", "{{Param.Config}}"] if farming.config is not None else []
    yield from _script("python", ["{{Task.File.Run}}", *run])
    yield "      embeddedFiles:"
    yield "        - name: Run"
    yield "          type: TEXT"
    yield "          data: |"
    yield from (f"            {line}" for line in _TASK.splitlines())
    yield "  - name: Merge"
    yield "    dependencies:"
    yield "      - dependsOn: Upscale"
    yield from _script("cg-upscale", ["merge", "{{Param.Output}}"])


def _path(name: str, kind: str, flow: str, description: str, default: Path | None) -> Iterator[str]:
    yield f"  - name: {name}"
    yield "    type: PATH"
    yield f"    objectType: {kind}"
    yield f"    dataFlow: {flow}"
    yield f"    description: {description}"
    if default is not None and not default.is_absolute():  # which the specification forbids
        yield f"    default: {json.dumps(default.as_posix(), ensure_ascii=False)}"  # a YAML string too


def _script(command: str, arguments: list[str]) -> Iterator[str]:
    yield "    script:"
    yield "      actions:"
    yield "        onRun:"
    yield f"          command: {command}"
    yield "          args:"
    yield from (f"            - {json.dumps(argument)}" for argument in arguments)
    yield "          cancelation:"
    yield "            mode: NOTIFY_THEN_TERMINATE"
    yield f"            notifyPeriodInSeconds: {_NOTICE}"
