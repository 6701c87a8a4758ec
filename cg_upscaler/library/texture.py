"""Decides the job for one texture, from what is known of it and the settings that reach it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path, PurePosixPath

from cg_upscaler import codecs
from cg_upscaler.errors import UnsupportedImage
from cg_upscaler.geometry import Cells, Edge, Edges, Size
from cg_upscaler.job import Action, Frame, Group, Job, Named
from cg_upscaler.library.classify import DOUBTFUL, Decision
from cg_upscaler.library.config import Handling
from cg_upscaler.library.config.format import Mode
from cg_upscaler.library.config.settings import Settled
from cg_upscaler.library.groups import Find, Measure, color_space, fitting, plan_groups, unmeasured
from cg_upscaler.library.naming.names import grid
from cg_upscaler.library.sizes import Asked, Sizes, sized
from cg_upscaler.library.storing import Content, changes, plan_storing
from cg_upscaler.library.survey.evidence import Evidence
from cg_upscaler.maps import NEAREST, PLAIN, POLICIES, AlphaMode, ColorSpace, MapKind, Treatment
from cg_upscaler.spec import DeviceInfo, ImageSpec

CUBE_MARGIN = 64
"""Texels of its neighbours that each face of a cube is shown."""

_LETTERS = "RGBA"

_PICTURES = (MapKind.BASE_COLOR, MapKind.EMISSIVE)
_SMALLEST_FRAME = 8
"""Texels a side: icon_32x32 of 32 texels has no frames of one."""


@dataclass(frozen=True, slots=True)
class Texture:
    """What is known of a texture before its job is planned."""

    name: str
    source: Path
    spec: ImageSpec
    evidence: Evidence
    decision: Decision


def plan_texture(
    texture: Texture,
    settings: Settled,
    output: Path,
    device: DeviceInfo,
    find: Find,
    *,
    most: Fraction | None = None,
    frame: Frame | None = None,
    normals: str = "",
    measure: Measure = unmeasured,
) -> Job:
    """Return the job for a texture whose result goes into the folder `output`. Pure: equal input, equal job.

    `most` is by how much its material allows it to grow, `frame` what lies next to it, `normals` the path of its
    material's normal map; `measure` is asked how far a model looks of which that is not known. Raises
    `UnsupportedImage` for what cannot be done to it, `UsageError` for a model that cannot do it.
    """
    spec, decision = texture.spec, texture.decision
    settings = _within_bounds(settings)
    if POLICIES[decision.kind].treatment is Treatment.COPY and not (
        settings.scale == 1 and changes(spec, settings.format)
    ):
        if settings.data is Handling.COPY:
            return _copied(texture, settings, output)
        if fitting(decision.meaning) is None:
            what = (decision.meaning or MapKind.DATA).value
            return _copied(texture, settings, output, f"no resampling keeps it what it is ({what}): copied")
    if settings.cells is not None and settings.cells.content(spec.size) is None:
        cells = settings.cells
        raise UnsupportedImage(
            f"{cells.columns}×{cells.rows} cells with gutters of {cells.gutter} do not divide its {spec.size} texels",
            fix="correct 'cells' under 'rules'",
        )
    sizes = sized(spec.size, asked(texture, settings), most)
    flip, turned = _turned(texture, settings)
    if sizes.size == spec.size and not flip and not changes(spec, settings.format):
        return _copied(texture, settings, output, *sizes.notes, "scale 1: copied")
    widening = normals if _is_widened(texture, settings) else ""
    content = _content(texture, settings)
    stored = plan_storing(spec, texture.evidence, content, settings.format, sizes.size, normals=widening)
    frame = _framed(spec, frame)
    frame = frame if settings.cells is None and sizes.size == spec.size * sizes.passes else None
    groups = plan_groups(
        spec, texture.evidence, decision, settings,
        size=_shown(spec.size, settings, frame), passes=sizes.passes, flip=flip, edges=settings.edges,
        device=device, find=find, measure=measure,
    )  # fmt: skip
    target = output / _named(texture, settings, stored.spec.container)
    named = settings.named if content.pictured else None
    notes = (*stored.notes, *_colours(spec, named), *sizes.notes, turned, *_notes(texture, settings, sizes))
    job = _job(texture, settings, Action.UPSCALE, target, notes, groups)
    job = _credited(job, settings, stored.spec.container)
    return replace(
        job, scale=sizes.passes, output_spec=stored.spec, cells=settings.cells, frame=frame, vertices=sizes.vertices,
        gates=settings.gates, mips=stored.mips, storing=stored.storing,
        named=named,
    )  # fmt: skip


def _credited(job: Job, settings: Settled, container: str) -> Job:
    """Return a job whose file says which models made it, where that is wanted and there is a place for it."""
    if not settings.credited or not job.used:
        return job
    if codecs.takes_text(container):
        return replace(job, credited=True)
    note = f"{codecs.label(container)} has no place for text: which model made it is on record alone"
    return replace(job, notes=(*job.notes, note))


def asked(texture: Texture, settings: Settled) -> Asked:
    """Return what is asked of the size of a texture's result."""
    kind = texture.decision.kind
    squares = settings.means.model == NEAREST or (kind is MapKind.DATA and settings.data is Handling.FIT)
    return Asked(
        scale=settings.scale,
        target=settings.size,
        max_size=settings.max_size,
        power_of_two=settings.power_of_two,
        whole=squares or settings.cells is not None,
        heights=kind is MapKind.HEIGHT,
    )


def _content(texture: Texture, settings: Settled) -> Content:
    decision, policy = texture.decision, POLICIES[texture.decision.kind]
    return Content(
        kind=decision.kind,
        alpha=decision.alpha,
        color_space=color_space(texture.spec, decision, settings.means),
        pictured=policy.color_space is ColorSpace.SRGB and settings.means.color_space is not ColorSpace.DATA,
        wraps=(settings.edges.x is Edge.WRAP, settings.edges.y is Edge.WRAP),
        named=settings.named is not None,
    )


def _colours(spec: ImageSpec, named: Named | None) -> Iterator[str]:
    """Say what becomes of colours whose space is given by name."""
    if named is None:
        return
    if named.file != named.result:
        yield f"colours go from {named.file} to {named.result}, and tags that say otherwise are left out"
    if "ICC profile" in spec.carries:
        yield f"its ICC profile is passed over: 'ocio' says that it is in {named.file}"


def _is_widened(texture: Texture, settings: Settled) -> bool:
    """Whether a texture holds roughness that its material's normal map is to widen."""
    kinds = {texture.decision.kind, *settings.channels.values()}
    return settings.format.roughness_from_normals is True and not kinds.isdisjoint((MapKind.ROUGHNESS, MapKind.GLOSS))


def _named(texture: Texture, settings: Settled, container: str) -> PurePosixPath:
    """Return a result's path within the output folder.

    A suffix that nobody asked for is added and does not replace its own, so that lava.psd and lava.png never meet.
    """
    path = PurePosixPath(texture.name)
    suffix = path.suffix
    if container != texture.spec.container:
        suffix = f".{container}" if settings.format.container == container else f"{suffix}.{container}"
    return path.with_name(f"{settings.prefix}{path.stem}{settings.suffix}{suffix}")


def _framed(spec: ImageSpec, frame: Frame | None) -> Frame | None:
    """Return what lies around a texture; around the faces of a cube, which have each other, only how much of it."""
    return Frame(min(CUBE_MARGIN, spec.size.width)) if spec.storage.cube else frame


def skip(name: str, source: Path, why: str, output: Path) -> Job:
    """Return the job for a texture that a rule excludes."""
    return Job(name, str(source), str(output / name), Action.SKIP, MapKind.DATA, why, confidence=1.0, scale=1)


def _within_bounds(settings: Settled) -> Settled:
    """Return the settings of a sheet without wrapping: what lies beyond a cell is not its other side."""
    if settings.cells is None:
        return settings
    bounded = (Edge.MIRROR if edge is Edge.WRAP else edge for edge in (settings.edges.x, settings.edges.y))
    return replace(settings, edges=Edges(*bounded))


def _shown(size: Size, settings: Settled, frame: Frame | None) -> Size:
    """Return the size of the picture that a generator is shown."""
    if settings.cells is not None:
        return settings.cells.content(size) or size
    margin = 0 if frame is None else frame.margin
    return Size(size.width + 2 * margin, size.height + 2 * margin)


def _turned(texture: Texture, settings: Settled) -> tuple[bool, str]:
    """Return whether vectors are to be turned into the other convention, and a note. Raises `UnsupportedImage`."""
    decision, wanted = texture.decision, settings.convert
    if decision.kind is not MapKind.NORMAL or wanted is None:
        return False, ""
    y = decision.vectors[1] if len(decision.vectors) > 1 else 1
    if y < len(texture.evidence.high) and texture.evidence.constant[y] and abs(texture.evidence.low[y] - 0.5) < 0.01:
        return False, ""  # flat: it is both
    found = settings.convention or decision.convention
    sure = 1.0 if settings.convention else decision.convention_confidence
    if found is None or sure < 0.5:
        doubt = "neither name nor pixels say" if found is None else "its name and its pixels differ on"
        raise UnsupportedImage(
            f"is to be converted to {wanted.value} normals, and {doubt} which it holds",
            fix="say 'normal_convention' in a rule",
        )
    if found is wanted:
        return False, ""
    return True, f"turned from {found.value} to {wanted.value}" + ("" if sure >= DOUBTFUL else f" ({sure:.0%} sure)")


def _copied(texture: Texture, settings: Settled, output: Path, *notes: str) -> Job:
    return _job(texture, settings, Action.COPY, output / texture.name, notes)


def _frames(texture: Texture) -> Cells | None:
    """Return the grid that the name of a sprite or of another picture with transparency names, if it can be one."""
    decision, cells = texture.decision, grid(texture.name)
    seen_through = decision.alpha in (AlphaMode.CUTOUT, AlphaMode.BLEND, AlphaMode.PREMULTIPLIED)
    picture = decision.kind is MapKind.SPRITE or (decision.kind in _PICTURES and seen_through)
    if not picture or cells is None or cells == Cells(1, 1):
        return None
    content = cells.content(texture.spec.size)
    return cells if content is not None and min(content.width, content.height) >= _SMALLEST_FRAME else None


def _job(
    texture: Texture,
    settings: Settled,
    action: Action,
    target: Path,
    notes: tuple[str, ...],
    groups: tuple[Group, ...] = (),
) -> Job:
    decision = texture.decision
    return Job(
        name=texture.name,
        source=str(texture.source),
        output=str(target),
        action=action,
        kind=decision.kind,
        why=decision.why,
        confidence=decision.confidence,
        scale=1,
        source_spec=texture.spec,
        edges=settings.edges,
        alpha=decision.alpha,
        alpha_threshold=settings.alpha_threshold,
        groups=groups,
        notes=(*decision.notes, *(note for note in notes if note)),
    )


def _notes(texture: Texture, settings: Settled, sizes: Sizes) -> Iterator[str]:
    spec, model = texture.spec, settings.means.model
    if spec.note:
        yield spec.note
    indexed = settings.format.channels is not None and settings.format.channels.mode is Mode.INDEXED
    if spec.indexed and not indexed:
        yield "a palette is written as plain colour"
    if sizes.vertices and model not in PLAIN:
        yield f"its texels stand on the vertices of a grid: resampled, and not put through {model}"
    frames = _frames(texture) if settings.cells is None else None
    if frames is not None:
        said = f"{frames.columns}x{frames.rows}"
        yield f"its name says {said}: if it is a sheet of frames, say 'cells: {said}' in a rule"
    missing = [_LETTERS[channel] for channel in settings.channels if channel >= spec.channels]
    if settings.declared and missing:
        yield f"'channels' declares {', '.join(missing)}, and it has {spec.channels} channel(s): left out"
    vectors = sum(kind is MapKind.NORMAL for kind in settings.channels.values())
    if texture.decision.kind is MapKind.PACKED and vectors not in (0, 2, 3):
        yield f"a normal takes two or three channels, and {vectors} is declared: resampled by itself"
