"""Reads and writes the pairs of files that ncnn runs: ``NAME.param``, the network as text, and ``NAME.bin``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.errors import ModelError, ModelNotFound, UnknownArchitecture
from cg_upscaler.models import ncnn
from cg_upscaler.models.detect import ACCEPTED, detect
from cg_upscaler.models.shape import CompactShape, RRDBShape, Shape

_MAGIC = "7767517"
_WEIGHTLESS = frozenset(
    {
        "Input", "Split", "Concat", "Eltwise", "BinaryOp", "Interp", "PixelShuffle", "Reorg", "ReLU", "Noop", "Crop",
        "Padding",
    }
)  # fmt: skip
_LEAKY = " 9=2 -23310=1,2.000000e-01"


def is_pair(path: Path) -> bool:
    """Whether a weights file is, by its name and its beginning, one half of such a pair."""
    if path.suffix.lower() != ".bin":
        return False
    with path.open("rb") as file:
        tagged = file.read(4) in (ncnn.HALF.to_bytes(4, "little"), bytes(4))
    return tagged or path.with_suffix(".param").is_file()


def read_pair(path: Path) -> tuple[Shape, dict[str, NDArray[np.float32]]]:
    """Return the network of a ``.bin`` with its ``.param``, and its tensors under our names. Raises `ModelError`."""
    text = path.with_suffix(".param")
    if not text.is_file():
        raise ModelNotFound("is one half of a pair for ncnn", where=path, fix=f"put {text.name} beside it")
    found = _shapes(text)
    shape = detect(found, where=str(text))
    return shape, ncnn.read(path, shape.tensors())


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a network's tensors under our names, as a ``.param`` has its layers one after another."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        rows = [line.split() for line in lines[2:] if line.strip()]
        layers = [(row[0], dict(pair.split("=", 1) for pair in row[4:] if "=" in pair)) for row in rows]
        if lines[0].strip() != _MAGIC or len(layers) != int(lines[1].split()[0]):
            raise ValueError
        weighted = [(kind, said) for kind, said in layers if kind not in _WEIGHTLESS]
        shapes = [_tensor(kind, said, path) for kind, said in weighted]
    except (ValueError, IndexError, KeyError, UnicodeDecodeError, ZeroDivisionError):
        raise ModelError("is no network as ncnn writes it, or damaged", where=path, fix="export it again") from None
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror}", where=path, fix="check its permissions") from error
    found: dict[str, tuple[int, ...]] = {}
    for name, shape in zip(_names([kind for kind, _ in weighted]), shapes, strict=True):
        found[f"{name}.weight"] = shape
        if len(shape) == 4:
            found[f"{name}.bias"] = shape[:1]
    return found


def _tensor(kind: str, said: Mapping[str, str], path: Path) -> tuple[int, ...]:
    if kind == "PReLU":
        return (int(said["0"]),)
    if kind != "Convolution" or said.get("1", "3") != "3" or said.get("5") != "1":
        raise UnknownArchitecture(f"has a layer that no network known here has: {kind}", where=path, fix=ACCEPTED)
    outputs = int(said["0"])
    inputs, odd = divmod(int(said["6"]), outputs * 9)
    if odd:
        raise ValueError
    return outputs, inputs, 3, 3


def _names(kinds: list[str]) -> list[str]:
    """Return our names of layers with weights. Those of an RRDBNet are told apart by how many there are."""
    if "PReLU" in kinds:
        return [f"body.{i}" for i in range(len(kinds))]
    blocks, ups = divmod(max(0, len(kinds) - 4), 15)
    dense = [f"body.{i}.rdb{j}.conv{k}" for i in range(blocks) for j in (1, 2, 3) for k in (1, 2, 3, 4, 5)]
    names = ["conv_first", *dense, "conv_body", *(f"conv_up{i + 1}" for i in range(ups)), "conv_hr", "conv_last"]
    return names[: len(kinds)]


# Writing


def param_of(shape: Shape) -> str:
    """Return the text of a network, from ``data`` to ``output``, as programs for Real-ESRGAN's networks expect."""
    graph = _Graph()
    (_compact if isinstance(shape, CompactShape) else _rrdb)(graph, shape)  # type: ignore[arg-type]
    return graph.text()


def bytes_of(shape: Shape, state: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return what lies in the ``.bin``: convolutions as float16, all else as float32."""
    parts = []
    for name, dimensions in shape.tensors().items():
        values = state[name]
        if len(dimensions) == 4:
            data = values.astype("<f2").tobytes()
            parts += [ncnn.HALF.to_bytes(4, "little"), data, bytes(-len(data) % 4)]
        else:
            parts.append(values.astype("<f4").tobytes())
    return b"".join(parts)


@dataclass
class _Layer:
    kind: str
    inputs: list[str]
    output: str
    said: str


@dataclass
class _Graph:
    """Layers in the order in which they run, each with one output."""

    layers: list[_Layer] = field(default_factory=list)

    def add(self, kind: str, inputs: list[str], said: str = "", output: str = "") -> str:
        name = output or f"{kind.lower()}_{len(self.layers)}"
        self.layers.append(_Layer(kind, inputs, name, said))
        return name

    def convolution(self, source: str, tensor: tuple[int, ...], *, leaky: bool = False, output: str = "") -> str:
        outputs, inputs = tensor[:2]
        said = f"0={outputs} 1=3 4=1 5=1 6={outputs * inputs * 9}{_LEAKY if leaky else ''}"
        return self.add("Convolution", [source], said, output)

    def text(self) -> str:
        """Return it as ncnn reads it, where each blob has one reader: what several read is split."""
        readers: dict[str, int] = {}
        for layer in self.layers:
            for source in layer.inputs:
                readers[source] = readers.get(source, 0) + 1
        taken: dict[str, int] = {}
        rows, blobs = [], 0

        def own(source: str) -> str:
            if readers[source] == 1:
                return source
            taken[source] = taken.get(source, -1) + 1
            return f"{source}_splitncnn_{taken[source]}"

        for layer in self.layers:
            inputs = [own(source) for source in layer.inputs]
            parts = [f"{layer.kind:<24} {layer.output:<24} {len(inputs)} 1", *inputs, layer.output, layer.said]
            rows.append(" ".join(part for part in parts if part))
            blobs += 1
            count = readers.get(layer.output, 0)
            if count > 1:
                copies = " ".join(f"{layer.output}_splitncnn_{i}" for i in range(count))
                name = f"splitncnn_{layer.output}"
                rows.append(f"{'Split':<24} {name:<24} 1 {count} {layer.output} {copies}")
                blobs += count
        return "\n".join([_MAGIC, f"{len(rows)} {blobs}", *rows]) + "\n"


def _compact(graph: _Graph, shape: CompactShape) -> None:
    tensors = shape.tensors()
    data = x = graph.add("Input", [], output="data")
    for i in range(shape.hidden + 1):
        x = graph.convolution(x, tensors[f"body.{2 * i}.weight"])
        x = graph.add("PReLU", [x], f"0={shape.width}")
    x = graph.convolution(x, tensors[f"body.{2 * shape.hidden + 2}.weight"])
    if shape.scale > 1:
        x = graph.add("PixelShuffle", [x], f"0={shape.scale}")
        data = graph.add("Interp", [data], f"0=1 1={shape.scale:e} 2={shape.scale:e}")
    graph.add("BinaryOp", [x, data], "0=0", output="output")


def _rrdb(graph: _Graph, shape: RRDBShape) -> None:
    tensors = shape.tensors()
    x = graph.add("Input", [], output="data")
    if shape.unshuffle > 1:
        x = graph.add("Reorg", [x], f"0={shape.unshuffle}")
    first = x = graph.convolution(x, tensors["conv_first.weight"])
    for block in range(shape.blocks):
        into = x
        for dense in (1, 2, 3):
            features = [x]
            for k in range(1, 6):
                joined = features[0] if k == 1 else graph.add("Concat", list(features), "0=0")
                name = f"body.{block}.rdb{dense}.conv{k}.weight"
                features.append(graph.convolution(joined, tensors[name], leaky=k < 5))
            x = _scaled(graph, features[-1], x)
        x = _scaled(graph, x, into)
    x = graph.convolution(x, tensors["conv_body.weight"])
    x = graph.add("BinaryOp", [first, x], "0=0")
    for i in range(shape.upsamplings):
        x = graph.add("Interp", [x], "0=1 1=2.000000e+00 2=2.000000e+00")
        x = graph.convolution(x, tensors[f"conv_up{i + 1}.weight"], leaky=True)
    x = graph.convolution(x, tensors["conv_hr.weight"], leaky=True)
    graph.convolution(x, tensors["conv_last.weight"], output="output")


def _scaled(graph: _Graph, change: str, onto: str) -> str:
    return graph.add("Eltwise", [change, onto], "0=1 -23301=2,2.000000e-01,1.000000e+00")
