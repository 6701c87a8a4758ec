"""How exports end."""

from __future__ import annotations

import enum


class ExportStatus(enum.Enum):
    Success = 0
    Cancelled = 1
    Warning = 2
    Error = 3
