"""Takes a file through our reader and writer, larger by whole texels: what a run does, without a generator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from cg_upscaler import codecs
from cg_upscaler.geometry import Size
from cg_upscaler.pixels.rows import to_float

ROWS = 7


def retold(source: Path, target: Path, factor: int = 1, **changes: object) -> Path:
    """Write the picture of `source`, each texel repeated, as a file of the container that `target` names."""
    image = codecs.read(source)
    spec = image.spec
    size = Size(spec.size.width * factor, spec.size.height * factor)
    container = codecs.container_of(target)
    storage = spec.storage
    if container != spec.container:
        storage = replace(storage, encoding="", from_bottom=False)
    else:
        storage = replace(storage, encoding=codecs.kept_encoding(container, storage.encoding))
    fields = {"size": size, "container": container, "storage": storage, "indexed": False, **changes}
    pixels = np.repeat(np.repeat(image.pixels, factor, axis=0), factor, axis=1)
    with codecs.create(target, replace(spec, **fields), image.metadata) as sink:
        for top in range(0, len(pixels), size.height):
            for start in range(top, top + size.height, ROWS):
                sink.put(to_float(pixels[start : min(start + ROWS, top + size.height)]))
        sink.commit()
    return target
