"""Upscales a rectangle of a texture as the whole would be, for a look before the work: planned as a small file."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from cg_upscaler import codecs
from cg_upscaler.client.messages import Preview, Previewed
from cg_upscaler.codecs import create
from cg_upscaler.engine import Engine
from cg_upscaler.errors import OutputError, UsageError
from cg_upscaler.generate.known_reach import reach_on
from cg_upscaler.generate.pool import Pool
from cg_upscaler.geometry import Size
from cg_upscaler.job import Action, Event, Job, Outcome
from cg_upscaler.library.config import Config, Rule, rule_of
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.maps import AlphaMode, MapKind
from cg_upscaler.pixels.rows import to_float
from cg_upscaler.spec import DeviceInfo, ImageSpec

LARGEST = 1 << 20
"""Texels of a rectangle."""


def upscaled(
    request: Preview, job: Job, config: Config, device: DeviceInfo, pool: Pool, tell: Callable[[Event], None]
) -> Previewed:
    """Return where the upscaled rectangle lies. `job` is the whole texture's. Its borders are mirrored, not wrapped.

    Raises `UsageError` for a rectangle that is not in the picture, or is too large, and what reading, generating and
    writing raise.
    """
    if job.action is not Action.UPSCALE:
        raise UsageError(f"is not upscaled: {job.why}", where=job.source, fix="choose another scale, or give it a kind")
    into = Path(request.into)
    if not into.is_absolute() or not into.is_dir():
        raise UsageError("is no folder", where=request.into, fix="give the absolute path of a folder for the preview")
    with tempfile.TemporaryDirectory(prefix="cg-upscale-preview-", dir=into) as place:
        crop = _written(Path(place, "source"), request.crop, job)
        settled = config.model_copy(
            update={"source": crop, "output": Path(place, "result"), "beside": False, "overwrite": False, "size": None}
        )
        settled = settled.model_copy(update={"rules": (_rule(job), *config.rules), "kinds": config.kinds})
        with Receipts(settled.output, state=Path(place, "state")) as receipts:
            plan = make_plan(settled, device=device, receipts=receipts, measure=reach_on(device))
            done = Engine(pool).run(plan, receipts, tell)
        for problem in plan.problems:
            raise UsageError(problem.message, where=job.source)
        ((made, receipt),) = zip(plan.jobs, done, strict=True)
        if receipt.outcome not in (Outcome.DONE, Outcome.COPIED):
            raise OutputError(receipt.error or "gave no result", where=job.source)
        result = into / f"preview-{request.id}{Path(receipt.output).suffix}"
        shutil.copyfile(receipt.output, result)
    size = made.output_spec.size if made.output_spec is not None else Size(*request.crop[2:])
    return Previewed(request.id, os.fspath(result), made.kind.value, size.width, size.height)


def _written(folder: Path, crop: tuple[int, int, int, int], job: Job) -> Path:
    """Write a rectangle of a texture as a file that loses nothing of it, under the texture's name."""
    left, top, width, height = crop
    image = codecs.read(Path(job.source))
    size = image.spec.size
    if min(left, top) < 0 or min(width, height) < 1 or left + width > size.width or top + height > size.height:
        raise UsageError(f"the rectangle {crop} is not within its {size} texels", where=job.source)
    if width * height > LARGEST:
        raise UsageError(
            f"the rectangle has more than {LARGEST:,} texels", where=job.source, fix="choose a smaller one"
        )
    spec = _plain(image.spec, Size(width, height))
    folder.mkdir()
    path = folder / f"{Path(job.name).stem}.{spec.container}"
    sink = create(path, spec)
    try:
        sink.put(to_float(image.rows(top, top + height)[:, left : left + width]))
        sink.commit()
    finally:
        sink.discard()
    return path


def _plain(spec: ImageSpec, size: Size) -> ImageSpec:
    """Return the specification of a plain file for part of a picture."""
    gray_or_colour = spec.channels in (1, 3) or (spec.channels in (2, 4) and spec.alpha is not None)
    container = "exr" if spec.depth.is_float else "png" if gray_or_colour else "tif"
    return ImageSpec(size, spec.channels, spec.depth, container, spec.color_space, spec.alpha)


def _rule(job: Job) -> Rule:
    """Return the rule by which a rectangle is taken for what the whole was."""
    says: dict[str, object] = {"match": "**", "edges": "mirror"}
    if job.kind is not MapKind.PACKED:
        says["kind"] = job.kind.value
    if job.alpha is not AlphaMode.NONE:
        says["alpha"] = job.alpha.value
    return rule_of(says, job.source)
