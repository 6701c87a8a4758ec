"""A group of commands each of which is imported when it is asked for: most of them load what others do not need."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """Commands by their names: each is the function of that name, with `-` for `_`, in the module that is given."""

    def __init__(self, *arguments: Any, modules: Mapping[str, str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._modules:
            return None
        command = getattr(import_module(self._modules[cmd_name]), cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command
