"""Says what becomes of a texture that its result's file does not hold as its source's did."""

from __future__ import annotations

from collections.abc import Iterator

from cg_upscaler import codecs
from cg_upscaler.library.config.format import KEEP, Chain, Format
from cg_upscaler.library.survey.evidence import AlphaClass, Evidence
from cg_upscaler.spec import ImageSpec

_NAMES = ("red", "green", "blue", "alpha")


def losses(
    source: ImageSpec, result: ImageSpec, evidence: Evidence, asked: Format, swizzle: str, *, normals: bool
) -> Iterator[str]:
    """Yield notes on what a result cannot keep, and on what is asked for and has no effect.

    `swizzle` is that of `Storing`; of `normals` a third component is rebuilt.
    """
    label, own = codecs.label(result.container), source.storage
    if asked.encoding not in (None, KEEP, *codecs.encodings(result.container)):
        yield f"{label} has no encoding {asked.encoding!r}: stored as its source is"
    if result.container != "tx":
        yield from _levels(source, result, asked, label)
    if result.container == source.container and result.storage.encoding != own.encoding and not asked.encoding:
        yield f"{own.encoding.upper()} is not written: {(result.storage.encoding or 'none').upper()} instead"
    if asked.header == "legacy" and result.container == "dds" and result.storage.encoding in ("bc7", "bc6h"):
        yield f"{result.storage.encoding.upper()} has no header of DirectX 9, and gets that of DirectX 10"
    if result.storage.slices > 1 and not codecs.holds_many(result.container):
        yield f"its {own.slices} slices become layers"
    if result.container == "vtf" and any(side & (side - 1) for side in (result.size.width, result.size.height)):
        yield "most versions of the Source engine load no VTF whose sides are not powers of two"
    yield from _samples(source, result, evidence)
    yield from _channels(source, result, evidence, swizzle, normals=normals)
    unkept = codecs.unkept(source, result.container)
    if unkept:
        yield f"not kept: its {', '.join(unkept)}"


def _levels(source: ImageSpec, result: ImageSpec, asked: Format, label: str) -> Iterator[str]:
    wanted = asked.mips is not None and asked.mips.chain not in (Chain.KEEP, Chain.NONE)
    if codecs.holds_many(result.container):
        return
    if source.storage.levels > 1 and asked.mips is None:
        yield f"{label} has no mip levels: only the first is written"
    elif wanted or (asked.mips is not None and asked.mips.share is not None):
        yield f"{label} has no mip levels: none are made"


def _samples(source: ImageSpec, result: ImageSpec, evidence: Evidence) -> Iterator[str]:
    if result.depth is source.depth:
        return
    yield f"{source.depth.value} samples become {result.depth.value}"
    if source.depth.is_float and not result.depth.is_float:
        if max(evidence.high) > 1:
            yield "what is above 1 is cut off"
        if min(evidence.low) < 0:
            yield "what is below 0 is cut off"


def _channels(
    source: ImageSpec, result: ImageSpec, evidence: Evidence, swizzle: str, *, normals: bool
) -> Iterator[str]:
    """Tell of channels that vary and that nothing in the file comes from; gray needs but one of three."""
    fewer = result.storage.encoding == "bc1" != source.storage.encoding
    if fewer and result.channels == 4 and evidence.alpha.values is AlphaClass.GRADIENT:
        yield "its alpha becomes all or nothing, and has no colour where it is nothing"
    if not swizzle:
        return
    used = set(swizzle) | (set("rgb") if "y" in swizzle or evidence.gray else set())
    used |= {"b"} if "z" in swizzle or (swizzle == "rg" and normals) else set()
    names = {letter: _NAMES[at] for at, letter in enumerate("rgba"[: source.channels])}
    if source.alpha is not None:
        names["rgba"[source.alpha]] = "alpha"
    lost = [
        name
        for at, (letter, name) in enumerate(names.items())
        if letter not in used and not (evidence.constant[at] and evidence.high[at] == 1)
    ]
    if lost:
        yield f"not kept: its {' and '.join(lost)}"
    if "y" in swizzle and not evidence.gray:
        yield "its colours become gray"
