"""ONNX Runtime, and the network as an ONNX file, which others read too."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np

from cg_upscaler.bench.peer import Loaded, Setting
from cg_upscaler.errors import UsageError
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import Precision


def exported(setting: Setting) -> Path:
    """Return the network as an ONNX file of float32 that takes pictures of any size, written where it is not there."""
    path = Path(setting.folder) / "network.onnx"
    if path.is_file():
        return path
    import torch

    from cg_upscaler.bench.torch_ import Plain
    from cg_upscaler.models.load import load

    side = 4 * setting.model.multiple
    sides = {2: "height", 3: "width"}
    temporary = path.with_suffix(".part")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is a newer exporter, whose sides are not free
        torch.onnx.export(
            Plain(load(setting.model)).eval(),
            (torch.zeros(1, setting.model.channels, side, side),),
            str(temporary),
            dynamo=False,
            input_names=["input"],
            output_names=["output"],
            dynamic_axes={"input": sides, "output": {axis: f"{name} of result" for axis, name in sides.items()}},
        )
    os.replace(temporary, path)
    return path


def load(setting: Setting) -> Loaded:
    """Load the network into ONNX Runtime, on the CPU or, where its build has it, on the card, in float32."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = setting.threads, 1
    # Its threads otherwise go on spinning after a run, and take the cores of whoever is measured next.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(str(exported(setting)), options, providers=_providers(setting))

    def run(window: Pixels) -> Pixels:
        (result,) = session.run(None, {"input": np.ascontiguousarray(window.transpose(2, 0, 1))[None]})
        return np.ascontiguousarray(result[0].transpose(1, 2, 0))

    return Loaded(run, Precision.FLOAT32.value)


def _providers(setting: Setting) -> list[str | tuple[str, dict[str, str]]]:
    import onnxruntime

    device, _, index = setting.device.name.partition(":")
    if device == "cpu":
        return ["CPUExecutionProvider"]
    if device == "cuda" and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        return [("CUDAExecutionProvider", {"device_id": index or "0", "use_tf32": "0"})]
    raise UsageError(f"this ONNX Runtime does not run on {setting.device.name}", fix="pip install onnxruntime-gpu")
