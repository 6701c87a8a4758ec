"""OpenVINO, which reads the ONNX file."""

from __future__ import annotations

import numpy as np

from cg_upscaler.bench.onnx_ import exported
from cg_upscaler.bench.peer import Loaded, Setting
from cg_upscaler.errors import UsageError
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import Precision

_TYPES = {Precision.BFLOAT16: "bf16", Precision.MIXED: "bf16"}
_SPOKEN = {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}


def load(setting: Setting) -> Loaded:
    """Load the network on the CPU, in bfloat16 where a form of it was asked for and the CPU has it, else in float32."""
    import openvino

    if setting.device.name != "cpu":
        raise UsageError(f"OpenVINO is measured on the CPU and not on {setting.device.name}")
    # Not by `convert_model`, which sends a record of its use over the network.
    core = openvino.Core()
    model = core.compile_model(
        core.read_model(str(exported(setting))),
        "CPU",
        {
            "INFERENCE_NUM_THREADS": setting.threads,
            "INFERENCE_PRECISION_HINT": _TYPES.get(setting.precision, "f32"),
            "PERFORMANCE_HINT": "LATENCY",
        },
    )

    def run(window: Pixels) -> Pixels:
        result = model([np.ascontiguousarray(window.transpose(2, 0, 1))[None]])[0]
        return np.ascontiguousarray(result[0].transpose(1, 2, 0))

    used = model.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    return Loaded(run, _SPOKEN.get(used, used))
