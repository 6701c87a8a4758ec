"""Floor 5: the command line. One small module a command; this one gathers them and turns errors into exit codes."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

import click

from cg_upscaler.cli.bench import bench
from cg_upscaler.cli.compare import compare
from cg_upscaler.cli.convert import convert
from cg_upscaler.cli.doctor import doctor
from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.farm_template import farm_template
from cg_upscaler.cli.init import init
from cg_upscaler.cli.inspect import inspect
from cg_upscaler.cli.models import models
from cg_upscaler.cli.run import plan, run
from cg_upscaler.errors import Cancelled, ModelError, UpscaleError, UsageError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="cg-upscaler", prog_name="cg-upscale")
def cli() -> None:
    """Upscale the textures of games and films, each map as what it is.

    \b
    Exit codes: 0 all done or up to date · 1 some textures failed · 2 usage or configuration
                3 a bug here, with a log file named · 4 a quality gate failed · 130 interrupted
    """


for command in (run, plan, convert, inspect, compare, init, models, bench, doctor, farm_template):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with one of `ExitCode`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a redirected Windows console knows neither × nor →
    sys.exit(run_cli(arguments))


def run_cli(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; messages go to stderr."""
    try:
        code = cli.main(args=None if arguments is None else list(arguments), standalone_mode=False)
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
        with tempfile.NamedTemporaryFile(
            "w", prefix="cg-upscale-", suffix=".log", delete=False, encoding="utf-8"
        ) as log:
            log.write(f"{sys.argv}\n{traceback.format_exc()}")
        return _say(f"this is a bug in cg-upscale; please report it with {Path(log.name)}", ExitCode.BUG)


def _say(message: object, code: ExitCode) -> ExitCode:
    click.echo(f"cg-upscale: {message}", err=True)
    return code
