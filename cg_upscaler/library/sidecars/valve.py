"""Reads Valve's materials (``.vmt``): which texture is bound to which of a shader's parameters."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from cg_upscaler.library.sidecars.references import References
from cg_upscaler.library.sidecars.verdict import SidecarVerdict
from cg_upscaler.maps import AlphaMode, MapKind, Meaning, NormalConvention

_TOKEN = re.compile(r'//[^\n]*|"([^"\n]*)"|([{}])|([^\s{}"]+)')

_KINDS: dict[str, MapKind] = {
    "$basetexture": MapKind.BASE_COLOR,
    "$basetexture2": MapKind.BASE_COLOR,
    "$bumpmap": MapKind.NORMAL,
    "$bumpmap2": MapKind.NORMAL,
    "$normalmap": MapKind.NORMAL,
    "$mraotexture": MapKind.PACKED,
    "$phongexponenttexture": MapKind.PACKED,
    "$blendmodulatetexture": MapKind.PACKED,
    "$envmapmask": MapKind.SPECULAR,
    "$selfillummask": MapKind.EMISSIVE,
    "$selfillumtexture": MapKind.EMISSIVE,
    "$emissiontexture": MapKind.EMISSIVE,
    "$ambientoccltexture": MapKind.OCCLUSION,
    "$parallaxmap": MapKind.HEIGHT,
    "$heightmap": MapKind.HEIGHT,
    "$envmap": MapKind.ENVIRONMENT,
    "$lightwarptexture": MapKind.DATA,
    "$phongwarptexture": MapKind.DATA,
    "$flowmap": MapKind.DATA,
}
"""What a parameter binds, in the order in which they are believed of a texture that several bind."""

_MEANINGS = {
    "$lightwarptexture": Meaning.RAMP,
    "$phongwarptexture": Meaning.RAMP,
    "$flowmap": Meaning.FLOW,
}

_CHANNELS: dict[str, tuple[MapKind, ...]] = {
    "$mraotexture": (MapKind.METALLIC, MapKind.ROUGHNESS, MapKind.OCCLUSION),
    "$phongexponenttexture": (MapKind.GLOSS, MapKind.PACKED, MapKind.PACKED, MapKind.PACKED),
}

_ALPHA_IS_DATA = ("$basealphaenvmapmask", "$basemapalphaphongmask", "$selfillum", "$blendtintbybasealpha")
"""Flags that give the alpha of the base texture another meaning than transparency."""

_MIDDLE = 0.5
"""Where the alpha test cuts if a material does not say."""

_DEEPEST = 32


def read(data: bytes, name: str, library: References) -> Iterator[tuple[str, SidecarVerdict]]:
    """Yield what the material says of each texture that it binds. Raises `ValueError` for what is no material."""
    if b"\0" in data:
        raise ValueError("no Valve material: not text")
    said = _settings(data.decode("utf-8-sig", errors="replace"))
    for key, kind in _KINDS.items():
        for texture in library.find(said[key], _root(name)) if key in said else ():
            yield texture, _verdict(key, kind, said, name)


def _verdict(key: str, kind: MapKind, said: dict[str, str], name: str) -> SidecarVerdict:
    why = f"{key} in {name}"
    if kind is MapKind.NORMAL and _number(said, "$ssbump"):
        return SidecarVerdict(MapKind.PACKED, f"{why}, self-shadowed: light from three sides", material=name)
    if key != "$basetexture":
        convention = NormalConvention.DIRECTX if kind is MapKind.NORMAL else None
        channels, meaning = _CHANNELS.get(key, ()), _MEANINGS.get(key)
        return SidecarVerdict(kind, why, convention=convention, channels=channels, meaning=meaning, material=name)
    alpha, threshold = _alpha(said)
    return SidecarVerdict(kind, why, alpha=alpha, alpha_threshold=threshold, material=name)


def _alpha(said: dict[str, str]) -> tuple[AlphaMode | None, float | None]:
    if _number(said, "$alphatest"):
        threshold = _number(said, "$alphatestreference")
        return AlphaMode.CUTOUT, threshold if 0 < threshold < 1 else _MIDDLE
    if _number(said, "$translucent") or _number(said, "$additive"):
        return AlphaMode.BLEND, None
    data = any(_number(said, flag) for flag in _ALPHA_IS_DATA)
    return (AlphaMode.MASK, None) if data else (None, None)


def _number(said: dict[str, str], key: str) -> float:
    try:
        return float(said.get(key, "0"))
    except ValueError:
        return 0.0


def _root(name: str) -> str:
    """Return the folder that textures are named from: the innermost ``materials`` around the material, or the top."""
    parts = posixpath.dirname(name).split("/")
    folded = [part.casefold() for part in parts]
    if "materials" not in folded:
        return ""
    return "/".join(parts[: len(parts) - folded[::-1].index("materials")])


def _settings(text: str) -> dict[str, str]:
    """Return the parameters of a material, keys in lower case. What a patch inserts or replaces counts as its own."""
    said: dict[str, str] = {}
    depth, key, opened = 0, "", False
    for found in _TOKEN.finditer(text):
        brace = found[2]
        word = found[1] if found[1] is not None else found[3]
        if brace == "{":
            depth, key, opened = depth + 1, "", True
            if depth > _DEEPEST:
                raise ValueError(f"nested deeper than {_DEEPEST}")
        elif brace == "}":
            depth, key = depth - 1, ""
        elif word is None or (found[3] or "").startswith("["):
            continue  # a comment, or a condition on the platform
        elif key:
            said.setdefault(key, word)
            key = ""
        else:
            key = word.casefold()
    if not opened or depth != 0:
        raise ValueError("no Valve material: its braces do not match")
    return said
