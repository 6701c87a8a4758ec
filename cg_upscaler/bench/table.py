"""The table of peers: each runtime, and how it covers a picture."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from cg_upscaler.bench import ncnn_, onnx_, openvino_
from cg_upscaler.bench.peer import Loaded, Peer, Runtime, Setting
from cg_upscaler.errors import UsageError
from cg_upscaler.geometry import Edge

PADDINGS = (10, 64)
"""Real-ESRGAN's own padding, and what its receptive field asks for."""


# torch is imported only where it is run: a child process that measures memory holds one runtime and no other.
def _ours(setting: Setting) -> Loaded:
    from cg_upscaler.bench import ours

    return ours.load(setting, Edge.ZERO)


def _ours_mirrored(setting: Setting) -> Loaded:
    from cg_upscaler.bench import ours

    return ours.load(setting, Edge.MIRROR)


def _torch(setting: Setting) -> Loaded:
    from cg_upscaler.bench import torch_

    return torch_.load(setting, channels_last=True)


def _realesrgan(setting: Setting) -> Loaded:
    from cg_upscaler.bench import torch_

    return torch_.load(setting, channels_last=False)


TORCH = Runtime("torch", "torch, channels_last", _torch)
OURS = Runtime("ours", "cg-upscale", _ours, whole="torch")
_MIRRORED = Runtime("ours-mirrored", "cg-upscale, borders mirrored", _ours_mirrored, whole="torch", mirrors=True)
_REALESRGAN = Runtime("realesrgan", "torch as Real-ESRGAN runs it", _realesrgan, whole="torch")
_ONNX = Runtime("onnxruntime", "ONNX Runtime", onnx_.load, ("onnx", "onnxruntime"), onnx_.exported)
_OPENVINO = Runtime("openvino", "OpenVINO", openvino_.load, ("onnx", "openvino"), onnx_.exported)
_NCNN = Runtime("ncnn", "ncnn", ncnn_.load, ("ncnn",))


def _ways(runtime: Runtime, *, whole: bool = True) -> tuple[Peer, ...]:
    tiles = tuple(Peer(f"{runtime.name}-pad{padding}", runtime, padding) for padding in PADDINGS)
    return (Peer(f"{runtime.name}-whole", runtime), *tiles) if whole else tiles


PEERS = (
    Peer("ours", OURS),
    Peer("ours-mirrored", _MIRRORED),
    Peer("torch-whole", TORCH),
    *_ways(_REALESRGAN, whole=False),
    *_ways(_ONNX),
    *_ways(_OPENVINO),
    *_ways(_NCNN),
)
"""Our own engine first: all others are held against it."""

RUNTIMES = {peer.runtime.name: peer.runtime for peer in PEERS}


def chosen(names: Sequence[str]) -> tuple[Peer, ...]:
    """Return the peers of these names, or all of a runtime where one is named, our engine always among them.

    All where there are no names. Raises UsageError with the nearest name for one that is not known.
    """
    known = [*dict.fromkeys([*(peer.name for peer in PEERS), *RUNTIMES])]
    for name in names:
        if name not in known:
            near = "".join(f"did you mean {near!r}? " for near in difflib.get_close_matches(name, known, 1))
            raise UsageError(f"unknown peer {name!r}", fix=f"{near}there is {', '.join(known)}")
    wanted = {"ours", *names}
    return tuple(peer for peer in PEERS if not names or wanted & {peer.name, peer.runtime.name})
