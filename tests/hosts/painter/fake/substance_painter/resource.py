"""Resources of projects."""

from __future__ import annotations

import dataclasses
import enum

from . import project


class Usage(enum.Enum):
    ALPHA = 0
    BASE_MATERIAL = 1
    BRUSH = 2
    COLOR_LUT = 3
    EMITTER = 4
    ENVIRONMENT = 5
    EXPORT = 6
    FILTER = 7
    FONT = 8
    GENERATOR = 9
    PARTICLE = 10
    PROCEDURAL = 11
    RECEIVER = 12
    SHADER = 13
    SMART_MASK = 14
    SMART_MATERIAL = 15
    TEXTURE = 16
    TOOL = 17


@dataclasses.dataclass(frozen=True)
class Resource:
    handle: object


_imported: list[tuple[str, Usage]] = []
_shown: list[Resource] = []
_refuses = ""


def import_project_resource(
    file_path: str, resource_usage: Usage, name: str | None = None, group: str | None = None
) -> Resource:
    if not project.is_open():
        raise RuntimeError("no project is open")
    if _refuses:
        raise ValueError(_refuses)
    _imported.append((file_path, resource_usage))
    return Resource(file_path)


def show_resources_in_ui(resources: list[Resource]) -> None:
    _shown.extend(resources)
