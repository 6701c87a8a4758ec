"""Which generators there are and what is known of each, without loading any."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from cg_upscaler import model_names
from cg_upscaler.errors import UnknownArchitecture
from cg_upscaler.maps import PLAIN, X4PLUS
from cg_upscaler.models import licences, ncnn, places
from cg_upscaler.models.blending import blend, chain
from cg_upscaler.models.integrity import opening, sha256
from cg_upscaler.models.own import OWN, Own
from cg_upscaler.models.shape import CompactShape, RRDBShape, Shape, parameters
from cg_upscaler.pixels.reach import CUBIC_REACH
from cg_upscaler.spec import ModelInfo, Share

REFERENCE = X4PLUS
"""The network that speed and seams are measured with."""

_LICENCE = "BSD-3-Clause"
"""Of Real-ESRGAN's weights."""


@dataclass(frozen=True, slots=True)
class Published:
    """Weights that come with a Python package, and how to know them."""

    name: str
    file: str
    size: int
    sha256: str
    shape: Shape

    @property
    def info(self) -> ModelInfo:
        return _info(self.shape, self.name, self.sha256, _LICENCE, f"{ncnn.REQUIREMENT} models/{self.file}")


PUBLISHED = {
    model.name: model
    for model in (
        Published(
            X4PLUS,
            "REALESRGAN_X4PLUS_UP4X.bin",
            33_424_520,
            "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf",
            RRDBShape(),
        ),
        Published(
            "realesrgan-x4plus-anime",
            "REALESRGAN_X4PLUSANIME_UP4X.bin",
            8_943_500,
            "fe01c269cfd10cdef8e018ab66ebe750cf79c7af4d1f9c16c737e1295229bacc",
            RRDBShape(blocks=6),
        ),
        Published(
            "realesr-animevideov3",
            "REALESRGAN_ANIMAVIDEOV3_UP4X.bin",
            1_247_368,
            "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d",
            CompactShape(),
        ),
    )
}


def names() -> tuple[ModelInfo, ...]:
    """Return the models that can be asked for by name, whether or not their package is installed."""
    published, own = (model.info for model in PUBLISHED.values()), map(_of_own, OWN.values())
    return (*published, *own, *(_plain(name, 4) for name in PLAIN))


def known(name: str) -> ModelInfo | None:
    """Return what is known of weights that come along, whether or not they are there; None for all others."""
    if published := PUBLISHED.get(name):
        return published.info
    own = OWN.get(name)
    return None if own is None else _of_own(own)


def find(name: str, *, base: Path | None = None, scale: int | None = None, folder: Path | None = None) -> ModelInfo:
    """Return what is known of a model: a name of the catalog, a path (relative to `base`) to a weights file, the name
    of a file in `folder` or in this user's folder of models; or a blend or a chain of such.

    A file's model is named by its absolute path, so that the name alone finds it again. `scale` is for plain
    resampling, which has none of its own, and is 4 unless given. Raises ModelNotFound, and for files whatever
    reading weights raises.
    """
    if name in PLAIN:
        return _plain(name, scale or 4)
    if published := PUBLISHED.get(name):
        ncnn.package_file(published.file)
        return published.info
    if own := OWN.get(name):
        own.present()
        return _of_own(own)
    path = places.located(name, base, folder)
    if path is not None:
        return _of_file(path)
    if steps := model_names.steps(name):
        return chain([find(step, base=base, folder=folder) for step in steps])
    if shares := model_names.shares(name):
        return blend([Share(find(part, base=base, folder=folder), share) for part, share in shares])
    raise places.missing(name, [*PUBLISHED, *OWN, *PLAIN], base, folder)


def _of_own(own: Own) -> ModelInfo:
    return _info(own.shape, own.name, own.sha256, own.licence, str(own.path))


def _of_file(path: Path) -> ModelInfo:
    status = path.stat()
    info = _from_file(path, status.st_mtime_ns, status.st_size)
    licence = licences.beside(path)
    return info if licence == licences.UNKNOWN else replace(info, licence=licence)


def _plain(name: str, scale: int) -> ModelInfo:
    return ModelInfo(name, "resize", scale, channels=0, reach=CUBIC_REACH, licence="", source="no weights")


@lru_cache(maxsize=32)
def _from_file(path: Path, modified: int, size: int) -> ModelInfo:
    """`modified` and `size` are there for the cache alone: a file that changes is read again."""
    opening(path)
    if path.suffix.lower() == ".onnx":
        from cg_upscaler.models import onnx_

        return onnx_.describe(path)
    from cg_upscaler.models.files import read_file  # only here is torch needed
    from cg_upscaler.models.weights import said_within

    try:
        shape, _ = read_file(path)
    except UnknownArchitecture as error:
        from cg_upscaler.models import others
        from cg_upscaler.models.ncnn_pair import is_pair

        if is_pair(path):  # which others do not read
            raise
        return replace(others.describe(path, error), licence=licences.of_metadata(said_within(path)))
    return _info(shape, path.as_posix(), sha256(path), licences.of_metadata(said_within(path)), str(path))


def _info(shape: Shape, name: str, weights: str, licence: str, source: str) -> ModelInfo:
    return ModelInfo(
        name=name,
        architecture=shape.architecture,
        scale=shape.scale,
        channels=shape.channels,
        reach=shape.reach,
        horizon=shape.horizon,
        multiple=shape.multiple,
        weights=weights,
        parameters=parameters(shape),
        held=shape.held,
        live=shape.live,
        licence=licence,
        source=source,
    )
