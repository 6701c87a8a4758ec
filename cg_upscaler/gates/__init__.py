"""Floor 4: quality gates: what is measured of a result while it is written, and whether that will do."""

from __future__ import annotations

from cg_upscaler.gates.encoding import lost_in_encoding
from cg_upscaler.gates.judge import Judge
from cg_upscaler.gates.verdict import in_words, judged

__all__ = ["Judge", "in_words", "judged", "lost_in_encoding"]
