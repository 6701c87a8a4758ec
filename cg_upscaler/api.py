"""The engine for programs: upscales an array or a single file, with no library around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cg_upscaler import codecs
from cg_upscaler.backends import devices
from cg_upscaler.delivery import create, deliver
from cg_upscaler.errors import ForeignOutput, OutputError, UsageError
from cg_upscaler.generate.adapt import adapting
from cg_upscaler.generate.known_reach import reach_on
from cg_upscaler.generate.pool import Pool
from cg_upscaler.geometry import Edges, Size
from cg_upscaler.job import Action, Job
from cg_upscaler.library.classify import classify
from cg_upscaler.library.config import load
from cg_upscaler.library.config.complaints import choose, nearest
from cg_upscaler.library.config.format import Format
from cg_upscaler.library.config.notation import AUTO
from cg_upscaler.library.config.settings import settle
from cg_upscaler.library.planner import finder
from cg_upscaler.library.survey import survey
from cg_upscaler.library.texture import Texture, plan_texture
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind
from cg_upscaler.pixels.rows import Source, from_float
from cg_upscaler.pixels.views import Array
from cg_upscaler.smooth import without_models_where_smooth
from cg_upscaler.spec import Depth, ImageSpec
from cg_upscaler.upscale import upscale

_AS_IT_IS = Format()

E = TypeVar("E", MapKind, AlphaMode)

_DEPTHS = {"uint8": Depth.UINT8, "uint16": Depth.UINT16, "float16": Depth.HALF, "float32": Depth.FLOAT}


class Upscaler:
    """Upscales single textures with one set of settings. The model is loaded at first use and kept."""

    def __init__(
        self,
        model: str = AUTO,
        *,
        scale: float = 4,
        device: str = "auto",
        precision: str = "auto",
        models_folder: str | Path | None = None,
        kinds: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """`model` is `auto` (what is best for each kind of map), a name of the catalog, a weights file, the name of one
        in `models_folder` or in the user's own folder, a blend or a chain of such; the rest as on the command line.
        `kinds` has settings by kinds of maps, as a configuration file does: ``{"normal": {"model": "cg-normal-x4"}}``.

        Raises `UsageError` and `ModelError`.
        """
        # A configuration is of a library; here there is none, and the folder is never looked at.
        self._config = load(
            source=Path(),
            model=model,
            scale=scale,
            device=device,
            precision=precision,
            models_folder=models_folder,
            kinds=kinds or {},
        )
        self._device = devices.describe(device)
        self._pool = Pool(self._device)
        self._find = finder(self._config)
        if model != AUTO:
            self._find(self._config.model, 4)

    def array(
        self,
        pixels: NDArray[Any],
        kind: str | MapKind | None = None,
        *,
        alpha: str | AlphaMode | None = None,
        edges: Edges | None = None,
    ) -> NDArray[Any]:
        """Return a picture upscaled, in its own type.

        `pixels` is (h, w) or (h, w, c) of uint8, uint16, float16 or float32, with alpha last where c is 2 or 4, and not
        multiplied by it. Integers are sRGB where the kind is a colour, floats linear light. Without a `kind` or a
        meaning of `alpha` they are worked out from the pixels. Raises `UsageError` for other shapes and types.
        """
        picture, spec = _as_picture(pixels)
        job = self._plan(picture, spec, "array", Path(), kind, alpha, edges)
        if job.action is Action.COPY:
            return pixels.copy()  # at scale 1, or of a size that must not grow
        result, _ = adapting(job, lambda now: self._whole(picture, now, pixels.dtype))
        return result[:, :, 0] if pixels.ndim == 2 else result

    def file(
        self,
        source: str | Path,
        output: str | Path,
        kind: str | MapKind | None = None,
        *,
        alpha: str | AlphaMode | None = None,
        edges: Edges | None = None,
        overwrite: bool = False,
    ) -> Job:
        """Upscale one file into another, and return the job that did it, which says what it was taken for and why.

        The output's suffix decides its format; within that the file is like its source. Raises `SourceError`,
        `OutputError` (a format that cannot hold the result among it) and what generators raise.
        """
        source, output = Path(source), Path(output)
        if output.exists() and not overwrite:
            raise ForeignOutput("is there already", where=output, fix="pass overwrite=True to replace it")
        image = codecs.read(source)
        container = codecs.container_of(output)
        if container not in codecs.WRITTEN:
            fix = f"use one of {', '.join(codecs.WRITTEN)}"
            raise OutputError(f"no file can be written as '{output.suffix}'", where=output, fix=fix)
        job = self._plan(image, image.spec, source.name, source, kind, alpha, edges, Format(container=container))
        if job.output_spec is None:  # at scale 1, or of a size that must not grow
            return self._copied(source, output, job)
        job = replace(job, output=str(output))
        adapting(job, lambda now: self._into(output, image, now))
        return job

    def _copied(self, source: Path, output: Path, job: Job) -> Job:
        if codecs.container_of(output) != codecs.container_of(source):
            raise UsageError("is copied, and a copy keeps its format", where=source, fix="choose another scale")
        codecs.copy_file(source, output)
        return replace(job, output=str(output))

    def _whole(self, picture: Source, job: Job, dtype: np.dtype[Any]) -> NDArray[Any]:
        result, _ = self._result(picture, job, None)
        return from_float(result.rows(0, result.size.height), dtype)

    def _into(self, output: Path, picture: codecs.Image, job: Job) -> None:
        assert job.output_spec is not None
        result, job = self._result(picture, job, output.parent)
        sink = create(job, picture)
        try:
            deliver(result, job, picture, sink, lambda into: into, scratch=output.parent)
            sink.commit()
        finally:
            sink.discard()

    def _result(self, picture: Source, job: Job, scratch: Path | None) -> tuple[Source, Job]:
        """Return what a job asks for, and the job as it was done: without models on what is smooth."""
        job, _ = without_models_where_smooth(picture, job)
        return upscale(picture, job, self._pool, scratch=scratch, tick=lambda share: None), job

    def _plan(
        self,
        picture: Source,
        spec: ImageSpec,
        name: str,
        path: Path,
        kind: str | MapKind | None,
        alpha: str | AlphaMode | None,
        edges: Edges | None,
        format: Format = _AS_IT_IS,
    ) -> Job:
        evidence = survey(picture, spec)
        decision = classify(
            name,
            spec,
            evidence,
            kind=None if kind is None else _one_of(MapKind, kind),
            alpha=None if alpha is None else _one_of(AlphaMode, alpha),
            why="the caller says so",
        )
        if decision.kind is MapKind.DATA:
            raise UsageError(
                f"is data, which no generator may touch: {decision.why}", where=name, fix="pass a kind to upscale it"
            )
        settings = settle(self._config, (), decision)
        settings = replace(settings, format=format, edges=settings.edges if edges is None else edges)
        texture = Texture(name, path, spec, evidence, decision)
        return plan_texture(
            texture,
            settings,
            Path(),
            self._device,
            self._find,
            measure=reach_on(self._device),
        )


def _as_picture(pixels: NDArray[Any]) -> tuple[Source, ImageSpec]:
    if not isinstance(pixels, np.ndarray):
        raise UsageError(f"a {type(pixels).__name__} is no array", fix="pass a NumPy array; `file` takes paths")
    depth = _DEPTHS.get(pixels.dtype.name)
    if depth is None:
        raise UsageError(f"arrays of {pixels.dtype.name} are not taken", fix=f"use one of {', '.join(_DEPTHS)}")
    if pixels.ndim not in (2, 3) or 0 in pixels.shape or (pixels.ndim == 3 and pixels.shape[2] > 4):
        raise UsageError(f"an array of shape {pixels.shape} is no picture", fix="pass (h, w) or (h, w, 1 to 4)")
    whole = pixels if pixels.ndim == 3 else pixels[:, :, None]
    height, width, channels = whole.shape
    space = ColorSpace.LINEAR if depth.is_float else ColorSpace.SRGB
    alpha = channels - 1 if channels in (2, 4) else None
    return Array(whole), ImageSpec(Size(width, height), channels, depth, "png", space, alpha)


def _one_of(kind: type[E], value: str | E) -> E:
    try:
        return kind(value)
    except ValueError:
        known = [member.value for member in kind]
        raise UsageError(f"unknown {value!r}{nearest(str(value), known)}", fix=choose(known)) from None
