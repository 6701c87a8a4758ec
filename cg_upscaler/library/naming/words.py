"""The words and endings by which the field names its maps, as tables."""

from __future__ import annotations

from cg_upscaler.maps import MapKind, Meaning, NormalConvention


def _table(*rows: tuple[MapKind, str]) -> dict[str, MapKind]:
    return {word: kind for kind, words in rows for word in words.split()}


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DATA_ENDINGS = {
    Meaning.LOOKUP: "lut luts clut lookup grading brdf",
    Meaning.RAMP: "ramp ramps",
    Meaning.PALETTE: "palette",
    Meaning.WEIGHTS: "splat splats blendmask weights",
    Meaning.FLOW: "flow anisotropyangle anisotropyrotation",
    Meaning.POSITIONS: "vat position",
    Meaning.MOTION: "motion velocity",
    Meaning.IDS: "id ids idmask matid colorid objid clown",
    Meaning.COORDINATES: "stmap uv uvs",
    Meaning.DITHER: "dither noiselut",
    Meaning.ENCODED: "rgbm rgbe rgbd ycocg",
    Meaning.OBJECT_NORMALS: "osn wsn",
}

_DATA_WORDS = {
    Meaning.LOOKUP: "colorlut lutstrip colorgrading",
    Meaning.RAMP: "colorramp toonramp gradientramp",
    Meaning.WEIGHTS: "splatmap blendmap weightmap",
    Meaning.FLOW: "flowmap tangentmap",
    Meaning.DISTANCE: "sdf msdf mtsdf distancefield signeddistance",
    Meaning.POSITIONS: "vertexanimation positionmap",
    Meaning.MOTION: "motionvector motionvectors",
    Meaning.IDS: "idmap materialid",
    Meaning.COORDINATES: "uvmap",
    Meaning.DITHER: "bluenoise",
    Meaning.OBJECT_NORMALS: (
        "objectspacenormal objectspacenormals worldspacenormal worldspacenormals objectnormal objectnormals worldnormal"
        " worldnormals normalobject normalos normalws"
    ),
}

LETTERS = _set("c d n s g r m h e i")
"""Endings of one letter. They count after a separator, where at most a resolution follows."""

ENDINGS = _table(
    (MapKind.BASE_COLOR, "cc col coll bc dif diff alb basecol color colour tint alphamasked"),
    (MapKind.NORMAL, "nm nrm nrml nor norm nmap ddn ddna bumpnormal local"),
    (MapKind.ROUGHNESS, "rgh rough"),
    (MapKind.GLOSS, "gls glossy smooth"),
    (MapKind.METALLIC, "mt met mtl metal"),
    (
        MapKind.OCCLUSION,
        "ao mixedao occ cavity curvature thickness sss translucency translucent transmission transmissive scattering"
        " fuzz sheen coat clearcoat ior anisotropy anisotropylevel anisotropystrength",
    ),
    (MapKind.HEIGHT, "hm hgt disp bump depth parallax"),
    (MapKind.EMISSIVE, "si em emi emis emit glow illum selfillum incandescence fullbright luma"),
    (MapKind.OPACITY, "alpha opac transparency transparent cutout"),
    (MapKind.SPECULAR, "sc sm spc spec refl f0"),
    (MapKind.PACKED, "orm orma arm aorm rma mra mro rmo ord ordp ort dpra mads mask masks mix packed mrao rmao smra"),
    (MapKind.ENVIRONMENT, "env hdr ibl pano sky cube reflection probe"),
    *((MapKind.DATA, words) for words in _DATA_ENDINGS.values()),
)
"""Endings of several letters. Numbers, resolutions and the like may follow."""

WORDS = _table(
    (
        MapKind.BASE_COLOR,
        "basecolor basecolour basemap albedo diffuse diffusecolor albedotransparency diffusealpha coloralpha"
        " basecoloralpha",
    ),
    (MapKind.NORMAL, "normal normals normalbase bentnormal normalheight normalgloss normalbump"),
    (MapKind.ROUGHNESS, "roughness"),
    (MapKind.GLOSS, "gloss glossiness smoothness"),
    (MapKind.METALLIC, "metallic metalness metallness"),
    (MapKind.OCCLUSION, "occlusion ambientocclusion"),
    (MapKind.HEIGHT, "height displacement heightfield"),
    (MapKind.EMISSIVE, "emissive emission selfillumination"),
    (MapKind.OPACITY, "opacity"),
    (MapKind.SPECULAR, "specular specularsmoothness specularglossiness reflectivity"),
    (
        MapKind.PACKED,
        "maskmap pbrdata metallicsmoothness metallicgloss metallicroughness metalroughness roughnessmetallic"
        " occlusionroughnessmetallic aoroughnessmetallic metallicroughnessao",
    ),
    (
        MapKind.ENVIRONMENT,
        "hdri skybox skydome cubemap envmap environmentmap matcap lightmap panorama equirect equirectangular irradiance"
        " radiance",
    ),
    *((MapKind.DATA, words) for words in _DATA_WORDS.values()),
)
"""Words with no second meaning. They count wherever they stand, though less where another word follows."""

AMBIGUOUS = _set(
    "color colour tint local rough smooth glossy metal cavity transmission bump depth glow height alpha transparent"
    " cutout coat fuzz sheen scattering translucent mask masks mix packed env sky cube reflection probe lookup ramp"
    " ramps palette splat splats weights flow vat position motion velocity id ids clown dither uv luma si sm met ord"
    " arm"
)
"""Endings that may as well name the thing pictured, or a person's own abbreviation."""

DATA_MEANING: dict[str, Meaning] = {
    word: meaning
    for table in (_DATA_ENDINGS, _DATA_WORDS)
    for meaning, words in table.items()
    for word in words.split()
}
"""What the words for data stand for."""

_R, _M, _O, _H, _G = MapKind.ROUGHNESS, MapKind.METALLIC, MapKind.OCCLUSION, MapKind.HEIGHT, MapKind.GLOSS
_ANY = MapKind.PACKED

CHANNELS: dict[str, tuple[MapKind, ...]] = {
    **dict.fromkeys(("orm", "arm", "aorm", "occlusionroughnessmetallic", "aoroughnessmetallic"), (_O, _R, _M)),
    "orma": (_O, _R, _M, _ANY),
    **dict.fromkeys(("rma", "rmo", "rmao"), (_R, _M, _O)),
    **dict.fromkeys(("mra", "mro", "mrao", "metallicroughnessao"), (_M, _R, _O)),
    **dict.fromkeys(("ord", "ordp"), (_O, _R, _H)),
    "ort": (_O, _R, _ANY),
    "dpra": (_H, _R, _O),
    **dict.fromkeys(("mads", "maskmap"), (_M, _O, _ANY, _G)),
    **dict.fromkeys(("metallicsmoothness", "metallicgloss"), (_M, _ANY, _ANY, _G)),
    "metallicroughness": (_ANY, _R, _M),
}
"""What the channels of packed maps hold, where the word settles it; `PACKED` for a channel of no known meaning."""

IN_A_SET: dict[str, tuple[MapKind, ...]] = {
    "a": (MapKind.BASE_COLOR, MapKind.OPACITY),
    "b": (MapKind.BASE_COLOR, MapKind.HEIGHT),
    "c": (MapKind.BASE_COLOR, MapKind.OCCLUSION),
    "d": (MapKind.BASE_COLOR, MapKind.HEIGHT),
    "e": (MapKind.EMISSIVE,),
    "g": (MapKind.GLOSS,),
    "h": (MapKind.HEIGHT,),
    "i": (MapKind.EMISSIVE,),
    "m": (MapKind.METALLIC, MapKind.PACKED),
    "n": (MapKind.NORMAL,),
    "o": (MapKind.OCCLUSION, MapKind.OPACITY),
    "r": (MapKind.ROUGHNESS, MapKind.SPECULAR),
    "s": (MapKind.SPECULAR, MapKind.GLOSS),
    "sm": (MapKind.SPECULAR, MapKind.GLOSS),
    "reflection": (MapKind.SPECULAR,),
}
"""What endings mean beside other maps of a set: the first of these that the set does not have already."""

CONVENTIONS = {
    **dict.fromkeys(("gl", "ogl", "opengl"), NormalConvention.OPENGL),
    **dict.fromkeys(("dx", "d3d", "directx"), NormalConvention.DIRECTX),
}

IGNORED = _set(
    "png tga dds jpg jpeg bmp tif tiff exr psd webp cached converted map tex texture txt img image lossless rgb rgba"
    " srgb linear lin raw 8bit 16bit 24bit 32bit udim low lo mid hi high lod hd uhd sd var old new copy final bc1 bc3"
    " bc5 bc7 dxt1 dxt5"
)
"""Words that say nothing about the map, and may stand at the end."""

TECHNICAL = _set("png tga dds jpg jpeg bmp tif tiff exr psd webp cached converted srgb linear raw 8bit 16bit udim")
"""Those of them that can change within a set."""

WORKFLOWS = _set("metalness specular")
"""What Poliigon puts after the resolution of every map of a set."""

PICTURED = _table(
    (
        MapKind.SPRITE,
        "ui gui hud icon icons sprite sprites spritesheet particle particles decal decals cursor button buttons"
        " crosshair logo font fonts flipbook billboard emblem badge minimap loadingscreen thumbnail thumbnails avatar",
    ),
    (MapKind.ENVIRONMENT, "matcap hdri skybox skydome cubemap panorama lightmap lightmaps"),
    (MapKind.PIXEL_ART, "pixelart"),
)
"""Words that say what a texture shows, wherever they stand in its own name."""

FOLDERS = {
    **PICTURED,
    **_table(
        (MapKind.ENVIRONMENT, "matcaps hdris skyboxes sky skies cubemaps panoramas"),
        (MapKind.NORMAL, "normals normalmaps"),
        (MapKind.HEIGHT, "heightmaps heightmap"),
        (MapKind.DATA, "luts lut ramps splatmaps flowmaps idmaps"),
        (MapKind.PIXEL_ART, "8bit 16bit"),
    ),
}

SEE_THROUGH = _set(
    "leaf leaves foliage grass fern ivy vine hedge bush shrub plant plants flower flowers branch branches twig weed"
    " reed vegetation fence chainlink grate grating railing net netting web cobweb hair eyelash eyelashes feather fur"
    " decal decals glass window particle particles smoke fire flame spark sparks sprite sprites billboard imposter"
    " impostor cutout transparent transparency alphatest alphamasked albedotransparency icon icons ui gui hud cursor"
    " font fonts"
)

PREMULTIPLIED = _set("pma premult premul premultiplied premultipliedalpha spine")
"""Words that let colour be expected to be multiplied by alpha."""
