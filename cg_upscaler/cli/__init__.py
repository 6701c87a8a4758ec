"""Floor 6: the command line. One small module a command; this one gathers them and turns errors into exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

import click

from cg_upscaler.cli import bug
from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.lazily import LazyGroup
from cg_upscaler.errors import Cancelled, ModelError, UpscaleError, UsageError

COMMANDS = {
    "run": "cg_upscaler.cli.run",
    "plan": "cg_upscaler.cli.run",
    "watch": "cg_upscaler.cli.watch",
    "worker": "cg_upscaler.cli.worker",
    "convert": "cg_upscaler.cli.convert",
    "report": "cg_upscaler.cli.report",
    "merge": "cg_upscaler.cli.merge",
    "farm-template": "cg_upscaler.cli.farm_template",
    "inspect": "cg_upscaler.cli.inspect",
    "compare": "cg_upscaler.cli.compare",
    "plugins": "cg_upscaler.cli.plugins",
    "init": "cg_upscaler.cli.init",
    "models": "cg_upscaler.cli.models",
    "train": "cg_upscaler.cli.train",
    "bench": "cg_upscaler.cli.bench",
    "doctor": "cg_upscaler.cli.doctor",
}


@click.group(
    cls=LazyGroup,
    modules=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="cg-upscaler", prog_name="cg-upscale")
def cli() -> None:
    """Upscale the textures of games and films, each map as what it is.

    \b
    Exit codes: 0 all done or up to date · 1 some textures failed · 2 usage or configuration
                3 a bug here, with a log file named · 4 a quality gate failed · 130 interrupted
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with one of `ExitCode`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a redirected Windows console knows neither × nor →
    given = sys.argv[1:] if arguments is None else list(arguments)
    sys.exit(run_cli(given, supervised=True))


def run_cli(arguments: Sequence[str], *, supervised: bool = False) -> int:
    """Run the command line and return its exit code; messages go to stderr.

    `supervised` runs are done in a process of their own, and go on in a fresh one should that die.
    """
    try:
        code = cli.main(args=list(arguments), standalone_mode=False, obj=list(arguments) if supervised else None)
        return int(code or ExitCode.OK)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (UsageError, ModelError) as error:
        return _say(error, ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt, Cancelled):
        return _say("interrupted", ExitCode.INTERRUPTED)
    except UpscaleError as error:
        return _say(error, ExitCode.FAILED)
    except BrokenPipeError:
        return ExitCode.FAILED  # the reader of stdout went away: `| head`
    except OSError as error:  # a system that refuses is no bug here
        where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        reason = error.strerror or error
        return _say(f"{where}{reason}; check the disk or the network drive, and run again", ExitCode.FAILED)
    except Exception:
        return _say(bug.noted(), ExitCode.BUG)


def _say(message: object, code: ExitCode) -> ExitCode:
    click.echo(f"cg-upscale: {message}", err=True)
    return code
