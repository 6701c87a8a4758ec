"""Writes a first configuration for a library: what was found, what is said of it, and rules for where nothing is."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cg_upscaler.library.naming.names import LIKELY, by_name
from cg_upscaler.library.scan import Scan
from cg_upscaler.library.sidecars import SidecarVerdict, read_sidecars
from cg_upscaler.maps import MapKind

_SHOWN = 12
"""Textures of doubtful names that are listed; more make nobody read them."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a texture is said to be, by the files beside it or else by its name."""

    name: str
    kind: MapKind | None
    confidence: float


def starter(root: Path, scan: Scan, file: Path) -> str:
    """Return the text of a configuration that is to lie at `file`, for the library at `root` with what `scan` found."""
    sidecars = read_sidecars(root, scan.names, scan.sidecars).verdicts
    said = [_said(item.name, sidecars.get(item.name)) for item in scan.found]
    return "\n".join([*_head(root, scan, said, file), "", *_rules(said), "", *_KINDS]) + "\n"


def _said(name: str, sidecar: SidecarVerdict | None) -> _Said:
    if sidecar is not None and sidecar.kind is not None:
        return _Said(name, sidecar.kind, sidecar.confidence)
    verdict = by_name(name)
    return _Said(name, verdict.kind, verdict.confidence) if verdict else _Said(name, None, 0.0)


def _head(root: Path, scan: Scan, said: Sequence[_Said], file: Path) -> Iterator[str]:
    yield "# Settings for cg-upscale. 'cg-upscale plan --config THIS-FILE' shows what they do to each texture, and why."
    yield "# configs/default.yaml explains every setting. Paths are relative to this file."
    yield ""
    yield from (f"# {line}" for line in _found(scan, said))
    yield ""
    yield f"source: {_quoted(_relative(root, file))}"
    yield f"output: {_quoted(_relative(root, file) + '-upscaled')}"
    yield "scale: 4  # or 0.5, 1, 2, 3, 8"
    yield "# model: realesrgan-x4plus  # 'cg-upscale models' lists them"
    yield "# max_size: 4096  # texels that no side may exceed"


def _found(scan: Scan, said: Sequence[_Said]) -> Iterator[str]:
    suffixes: dict[str, int] = defaultdict(int)
    kinds: dict[str, int] = defaultdict(int)
    for item in said:
        suffixes[PurePosixPath(item.name).suffix.lower()] += 1
        kinds[item.kind.value if item.kind else "not said"] += 1
    yield f"{len(scan.found)} textures: {_counts(suffixes) or 'none'}"
    if scan.found:
        yield f"by their names and the files beside them: {_counts(kinds)}"
    if scan.other:
        yield f"{scan.other} other {'file is' if scan.other == 1 else 'files are'} left alone"
    yield from (f"{problem.name}: {problem.message}" for problem in scan.problems[:_SHOWN])


def _rules(said: Sequence[_Said]) -> Iterator[str]:
    yield "# In order: for each setting, the first rule that matches a texture and sets it decides."
    yield "rules: []"
    yield "# rules:"
    yield "#   - match: '*_orm.png'"
    yield "#     channels: {r: occlusion, g: roughness, b: metallic}"
    yield "#   - when: {kind: base_color, side: '<=128'}"
    yield "#     scale: 8"
    yield "#   - match: 'fonts/'"
    yield "#     skip: fonts are drawn anew"
    doubtful = [item for item in said if item.confidence < LIKELY]
    if doubtful:
        yield "#   # These names say little. The pixels are looked at too; where the plan is wrong, say it here."
    for item in doubtful[:_SHOWN]:
        yield f"#   - match: {_quoted(item.name.replace('[', '[[]'))}"
        yield f"#     kind: {(item.kind or MapKind.BASE_COLOR).value}"
    if len(doubtful) > _SHOWN:
        yield f"#   # … and {len(doubtful) - _SHOWN} more"


_KINDS = (
    "# Settings for all textures of a kind.",
    "# kinds:",
    "#   sprite:",
    "#     model: realesrgan-x4plus-anime",
    f"# The kinds: {', '.join(kind.value for kind in MapKind)}",
)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _relative(path: Path, file: Path) -> str:
    try:
        return Path(os.path.relpath(path, os.path.dirname(os.path.abspath(file)))).as_posix()
    except ValueError:  # on another drive
        return Path(os.path.abspath(path)).as_posix()


def _quoted(text: str) -> str:
    # JSON's strings are YAML's.
    return json.dumps(text, ensure_ascii=False)
