"""The words and endings by which the field names its maps, as tables."""

from __future__ import annotations

from cg_upscaler.maps import MapKind, NormalConvention


def _table(*rows: tuple[MapKind, str]) -> dict[str, MapKind]:
    return {word: kind for kind, words in rows for word in words.split()}


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DATA_ENDINGS = {
    "look-up table": "lut luts clut lookup grading brdf",
    "ramp": "ramp ramps",
    "palette": "palette",
    "splat weights": "splat splats blendmask weights",
    "flow map": "flow",
    "positions": "vat position",
    "motion vectors": "motion velocity",
    "ID mask": "id ids idmask matid colorid objid clown",
    "texture coordinates": "stmap uv uvs",
    "dither pattern": "dither noiselut",
    "encoded colour": "rgbm rgbe rgbd ycocg",
    "object-space normals": "osn wsn",
}

_DATA_WORDS = {
    "look-up table": "colorlut lutstrip colorgrading",
    "ramp": "colorramp toonramp gradientramp",
    "splat weights": "splatmap blendmap weightmap",
    "flow map": "flowmap tangentmap",
    "distance field": "sdf msdf mtsdf distancefield signeddistance",
    "positions": "vertexanimation positionmap",
    "motion vectors": "motionvector motionvectors",
    "ID mask": "idmap materialid",
    "texture coordinates": "uvmap",
    "dither pattern": "bluenoise",
    "object-space normals": (
        "objectspacenormal worldspacenormal objectnormal worldnormal normalobject normalos normalws"
    ),
}

LETTERS = _table(
    (MapKind.BASE_COLOR, "c d"),
    (MapKind.NORMAL, "n"),
    (MapKind.SPECULAR, "s"),
    (MapKind.GLOSS, "g"),
    (MapKind.ROUGHNESS, "r"),
    (MapKind.METALLIC, "m"),
    (MapKind.HEIGHT, "h"),
    (MapKind.EMISSIVE, "e i"),
)
"""Endings of one letter. They count after a separator, where at most a resolution follows."""

ENDINGS = _table(
    (MapKind.BASE_COLOR, "cc col bc dif diff alb basecol color colour tint alphamasked"),
    (MapKind.NORMAL, "nm nrm nrml nor norm nmap ddn ddna bumpnormal"),
    (MapKind.ROUGHNESS, "rgh rough"),
    (MapKind.GLOSS, "gls glossy smooth"),
    (MapKind.METALLIC, "mt met mtl metal"),
    (MapKind.OCCLUSION, "ao occ cavity curvature thickness sss translucency transmission"),
    (MapKind.HEIGHT, "hm hgt disp bump depth parallax"),
    (MapKind.EMISSIVE, "si em emi emis emit glow illum selfillum incandescence fullbright luma"),
    (MapKind.OPACITY, "alpha opac transparency transparent cutout"),
    (MapKind.SPECULAR, "sc sm spc spec refl"),
    (MapKind.PACKED, "orm orma arm aorm rma mra mro rmo ord ordp ort mads mask masks mix packed mrao rmao smra"),
    (MapKind.ENVIRONMENT, "env hdr ibl pano sky cube reflection probe"),
    *((MapKind.DATA, words) for words in _DATA_ENDINGS.values()),
)
"""Endings of several letters. Numbers, resolutions and the like may follow."""

WORDS = _table(
    (
        MapKind.BASE_COLOR,
        "basecolor basecolour albedo diffuse albedotransparency diffusealpha coloralpha basecoloralpha",
    ),
    (MapKind.NORMAL, "normal normals bentnormal normalheight normalgloss"),
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
    "color colour tint rough smooth glossy metal cavity transmission bump depth glow height alpha transparent cutout"
    " mask masks mix packed env sky cube reflection probe lookup ramp ramps palette splat splats weights flow vat"
    " position motion velocity id ids clown dither uv luma si sm met ord arm"
)
"""Endings that may as well name the thing pictured, or a person's own abbreviation."""

DATA_MEANING = {
    word: meaning
    for table in (_DATA_ENDINGS, _DATA_WORDS)
    for meaning, words in table.items()
    for word in words.split()
}
"""What the words for data stand for."""

CONVENTIONS = {
    **dict.fromkeys(("gl", "ogl", "opengl"), NormalConvention.OPENGL),
    **dict.fromkeys(("dx", "d3d", "directx"), NormalConvention.DIRECTX),
}

IGNORED = _set(
    "png tga dds jpg jpeg bmp tif tiff exr psd webp cached converted map tex texture txt img image lossless rgb rgba"
    " srgb linear lin raw low lo mid hi high lod hd uhd sd var old new copy final bc1 bc3 bc5 bc7 dxt1 dxt5"
)
"""Words that say nothing about the map, and may stand at the end."""

WORKFLOWS = _set("metalness specular")
"""What Poliigon puts after the resolution of every map of a set."""

PICTURED = _table(
    (
        MapKind.SPRITE,
        "ui gui hud icon icons sprite sprites spritesheet particle particles decal decals cursor button buttons"
        " crosshair logo font fonts flipbook billboard emblem badge minimap loadingscreen thumbnail thumbnails avatar",
    ),
    (MapKind.ENVIRONMENT, "matcap hdri skybox skydome cubemap panorama lightmap lightmaps"),
)
"""Words that say what a texture shows, wherever they stand in its own name."""

FOLDERS = {
    **PICTURED,
    **_table(
        (MapKind.ENVIRONMENT, "matcaps hdris skyboxes sky skies cubemaps panoramas"),
        (MapKind.NORMAL, "normals normalmaps"),
        (MapKind.HEIGHT, "heightmaps heightmap"),
        (MapKind.DATA, "luts lut ramps splatmaps flowmaps idmaps"),
    ),
}

SEE_THROUGH = _set(
    "leaf leaves foliage grass fern ivy vine hedge bush shrub plant plants flower flowers branch branches twig weed"
    " reed vegetation fence chainlink grate grating railing net netting web cobweb hair eyelash eyelashes feather fur"
    " decal decals glass window particle particles smoke fire flame spark sparks sprite sprites billboard imposter"
    " impostor cutout transparent transparency alphatest alphamasked albedotransparency icon icons ui gui hud cursor"
    " font fonts"
)
