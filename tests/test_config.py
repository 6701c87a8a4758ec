"""What a run is told: settings in their order, and errors that name file, line and the nearest right word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cg_upscaler.errors import ConfigError, UsageError
from cg_upscaler.geometry import Cells, Edge, Edges, Size
from cg_upscaler.job import Gates
from cg_upscaler.library.classify import Decision
from cg_upscaler.library.config import Config, Handling, Quality, Rule, TwoX, When, load, schema
from cg_upscaler.library.config.format import Format
from cg_upscaler.library.config.notation import AskedEdges
from cg_upscaler.library.config.settings import Settled, deciding, holding, rules_for, settle
from cg_upscaler.library.scan import scan
from cg_upscaler.library.starter import starter
from cg_upscaler.maps import (
    BICUBIC,
    COLORS,
    NEAREST,
    POLICIES,
    X4PLUS,
    AlphaMode,
    ColorSpace,
    MapKind,
    NormalConvention,
)
from cg_upscaler.spec import Depth, ImageSpec, Precision

Write = Callable[..., Config]

BASE_COLOR = Decision(MapKind.BASE_COLOR, "said so", 1.0, AlphaMode.NONE)


def of(kind: MapKind) -> Decision:
    return replace(BASE_COLOR, kind=kind)


CONFIGS = Path(__file__).parent.parent / "configs"


@pytest.fixture
def written(tmp_path: Path) -> Write:
    def write(text: str, **overrides: object) -> Config:
        (tmp_path / "game.yaml").write_text(text, encoding="utf-8")
        return load(tmp_path / "game.yaml", **{"source": tmp_path, **overrides})

    return write


def test_an_empty_file_and_no_file_are_the_defaults(written: Write, tmp_path: Path) -> None:
    for text in ("", "# nothing but a comment\n", "---\n"):
        config = written(text)
        assert (config.model, config.scale, config.two_x) == ("auto", 4, TwoX.QUALITY)
        assert config.edges == AskedEdges(None, None)
        assert config.precision is Precision.AUTO
        assert config.rules == ()
    assert load(None, source=tmp_path).scale == 4


def test_the_documented_defaults_are_the_defaults(tmp_path: Path) -> None:
    documented, bare = load(CONFIGS / "default.yaml", source=tmp_path), load(None, source=tmp_path)
    for name in Config.model_fields:
        assert getattr(documented, name) == getattr(bare, name), name


def test_every_setting_is_documented() -> None:
    text = (CONFIGS / "default.yaml").read_text(encoding="utf-8")
    names = {
        *Config.model_fields,
        *Rule.model_fields,
        *When.model_fields,
        *Quality.__dataclass_fields__,
        *Format.model_fields,
        *(kind.value for kind in MapKind),
    }
    assert [name for name in sorted(names) if name not in text] == []


def test_the_game_configuration_is_valid(tmp_path: Path) -> None:
    config = load(CONFIGS / "game.yaml", source=tmp_path)
    assert deciding(rules_for("fx/fire_lut.png", config), "kind") is not None
    assert all(rule.when is not None for rule in rules_for("props/crate_color.png", config))


def test_paths_of_the_file_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf").mkdir()
    file = tmp_path / "conf" / "game.yaml"
    file.write_text("source: ../textures\noutput: out\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    config = load(Path("conf/game.yaml"))
    assert config.source == tmp_path / "textures"
    assert config.output == tmp_path / "conf" / "out"
    assert config.base == tmp_path / "conf"


def test_paths_of_the_command_line_are_relative_to_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf").mkdir()
    file = tmp_path / "conf" / "game.yaml"
    file.write_text("source: ../textures\nmodel: own.pth\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    config = load(file, source=Path("other"), output=Path("out"), model="models/mine.pth")
    assert config.source == tmp_path / "other"
    assert config.output == tmp_path / "out"
    assert Path(config.model) == tmp_path / "models" / "mine.pth"
    assert load(file, model="realesr-animevideov3").model == "realesr-animevideov3"
    assert load(file).model == "own.pth"


def test_results_lie_beside_the_library_unless_told(tmp_path: Path) -> None:
    assert load(None, source=tmp_path / "textures").output == tmp_path / "textures-upscaled"
    (tmp_path / "rock.png").touch()
    assert load(None, source=tmp_path / "rock.png").output == tmp_path / "rock-upscaled"


def test_no_library_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no library is named; give SOURCE"):
        load(None)


def test_edges_are_one_word_or_one_for_each_axis(written: Write) -> None:
    found = Edges(Edge.CLAMP, Edge.WRAP)
    assert written("edges: wrap").edges.given(found) == Edges.both(Edge.WRAP)
    assert written("edges: {x: mirror, y: zero}").edges.given(found) == Edges(Edge.MIRROR, Edge.ZERO)
    assert written("edges: {x: mirror}").edges.given(found) == Edges(Edge.MIRROR, Edge.WRAP)
    assert written("edges: auto").edges.given(found) == found


def test_edges_of_a_rule_can_be_left_to_the_pixels_again(written: Write) -> None:
    config = written("edges: clamp\nrules: [{match: a.png, edges: auto}]")
    tiles = replace(BASE_COLOR, edges=Edges.both(Edge.WRAP))
    assert settle(config, rules_for("a.png", config), tiles).edges == Edges.both(Edge.WRAP)
    assert settle(config, rules_for("b.png", config), tiles).edges == Edges.both(Edge.CLAMP)


# Precedence


RULES = """
model: realesr-animevideov3
scale: 2
fidelity: 0.25
rules:
  - match: "*_n.png"
    kind: normal
  - match: ["special/**", "other/**"]
    scale: 4
    model: realesrgan-x4plus
  - match: "special/**"
    scale: 2
    edges: wrap
    alpha: mask
kinds:
  normal:
    fidelity: 0.5
  sprite:
    model: realesrgan-x4plus-anime
"""


def test_for_each_setting_the_first_rule_that_sets_it_decides(written: Write) -> None:
    config = written(RULES)
    rules = rules_for("special/rock.png", config)
    settled = settle(config, rules, of(MapKind.BASE_COLOR))
    assert (settled.scale, settled.means.model) == (4, "realesrgan-x4plus")
    assert settled.edges == Edges.both(Edge.WRAP)
    deciding_alpha = deciding(rules, "alpha")
    assert deciding_alpha is not None
    assert deciding_alpha.alpha is AlphaMode.MASK


def test_a_rule_beats_the_kind_the_kind_the_policy_and_the_policy_s_model_the_run_s(written: Write) -> None:
    config = written(RULES)
    assert settle(config, (), of(MapKind.BASE_COLOR)).means.model == "realesr-animevideov3"
    assert settle(config, (), of(MapKind.NORMAL)).means.model == BICUBIC
    assert settle(config, (), of(MapKind.HEIGHT)).means.model == COLORS
    assert settle(config, (), of(MapKind.PIXEL_ART)).means.model == NEAREST
    assert settle(config, (), of(MapKind.SPRITE)).means.model == "realesrgan-x4plus-anime"
    assert settle(config, rules_for("other/a.png", config), of(MapKind.SPRITE)).means.model == "realesrgan-x4plus"
    assert settle(config, rules_for("other/a.png", config), of(MapKind.NORMAL)).means.model == "realesrgan-x4plus"


def test_where_the_run_is_to_be_resampled_heights_are_too(written: Write) -> None:
    assert settle(written("model: bicubic\n"), (), of(MapKind.HEIGHT)).means.model == BICUBIC
    assert settle(written("model: nearest\n"), (), of(MapKind.HEIGHT)).means.model == BICUBIC  # they are no squares
    assert settle(written("model: nearest\n"), (), of(MapKind.ROUGHNESS)).means.model == "nearest"


def test_smooth_textures_are_looked_for_where_the_model_is_our_own(written: Write) -> None:
    def falls_back(text: str, kind: MapKind = MapKind.HEIGHT) -> bool:
        return settle(written(text), (), of(kind)).means.fallback

    assert falls_back("scale: 4\n") and falls_back("model: realesrgan-x4plus-anime\n")
    assert not falls_back("model: realesrgan-x4plus-anime\n", MapKind.BASE_COLOR)
    assert not falls_back("scale: 4\n", MapKind.NORMAL) and not falls_back("scale: 4\n", MapKind.PIXEL_ART)
    assert falls_back("kinds: {normal: {model: cg-normal-x4}}\n", MapKind.NORMAL)
    assert not falls_back("kinds: {height: {model: realesrgan-x4plus}}\n")
    assert falls_back("kinds: {normal: {model: realesrgan-x4plus, fallback: true}}\n")
    assert not falls_back("fallback: false\n")
    assert falls_back("fallback: true\nmodel: realesrgan-x4plus\n", MapKind.BASE_COLOR)


def test_left_open_each_kind_takes_what_is_usual_for_it(written: Write) -> None:
    for text in ("", "model: auto\n", "model: bicubic\nkinds: {base_color: {model: auto}}\n"):
        assert settle(written(text), (), of(MapKind.BASE_COLOR)).means.model == POLICIES[MapKind.BASE_COLOR].usual[0]
    text = "model: bicubic\nrules: [{match: '*', model: auto}]\n"
    config = written(text)
    assert settle(config, rules_for("a.png", config), of(MapKind.ROUGHNESS)).means.model == COLORS


def test_fidelity_of_the_kind_beats_the_run_s_which_beats_the_policy_s(written: Write) -> None:
    config = written(RULES)
    assert settle(config, (), of(MapKind.NORMAL)).means.fidelity == 0.5
    assert settle(config, (), of(MapKind.HEIGHT)).means.fidelity == 0.25
    assert settle(written("kinds: {height: {fidelity: 0}}"), (), of(MapKind.HEIGHT)).means.fidelity == 0
    assert settle(written(""), (), of(MapKind.HEIGHT)).means.fidelity == 1


def test_the_command_line_replaces_run_wide_settings_and_rules_and_kinds_decide_over_it(written: Write) -> None:
    config = written(RULES, model="realesrgan-x4plus-anime", scale=4)
    assert settle(config, (), of(MapKind.BASE_COLOR)).means.model == "realesrgan-x4plus-anime"
    assert settle(config, (), of(MapKind.BASE_COLOR)).scale == 4
    assert settle(config, rules_for("other/a.png", config), of(MapKind.BASE_COLOR)).means.model == "realesrgan-x4plus"
    assert written(RULES, scale=None).scale == 2


def test_a_rule_can_exempt_from_the_skips_of_later_rules(written: Write) -> None:
    config = written("rules:\n- {match: keep.psd, skip: false}\n- {match: '*.psd', skip: sources of others}\n")
    kept, skipped = (deciding(rules_for(name, config), "skip") for name in ("keep.psd", "a.psd"))
    assert kept is not None
    assert kept.skip is False
    assert skipped is not None
    assert skipped.skip == "sources of others"


def test_a_rule_says_where_it_stands(written: Write) -> None:
    assert str(written(RULES).rules[1]) == "rule 'special/**', … (game.yaml:8)"


# Each setting


def settled(config: Config, decision: Decision = BASE_COLOR, name: str = "a.png") -> Settled:
    return settle(config, rules_for(name, config), decision)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("size: 2048", "size", 2048),
        ("size: [2048, 1024]", "size", Size(2048, 1024)),
        ("scale: 0.5", "scale", 0.5),
        ("scale: 8", "scale", 8),
        ("max_size: 4096", "max_size", 4096),
        ("power_of_two: true", "power_of_two", True),
        ("alpha_threshold: 0.25", "alpha_threshold", 0.25),
        ("normal_convention: opengl", "convention", NormalConvention.OPENGL),
        ("convert_normals: directx", "convert", NormalConvention.DIRECTX),
        ("cells: 4x2", "cells", Cells(4, 2)),
        ("cells: {columns: 4, rows: 2, gutter: 3}", "cells", Cells(4, 2, 3)),
        ("data: fit", "data", Handling.FIT),
        ("quality: {max_seam: 2}", "gates", Gates(max_seam=2)),
    ],
)
@pytest.mark.parametrize("where", ["{}", "kinds: {{base_color: {{{}}}}}", "rules: [{{match: a.png, {}}}]"])
def test_a_setting_is_of_the_run_of_a_kind_or_of_a_rule(
    written: Write, where: str, text: str, field: str, value: object
) -> None:
    assert getattr(settled(written(where.format(text))), field) == value


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("model: bicubic", "model", "bicubic"),
        ("fidelity: 0.5", "fidelity", 0.5),
        ("grain: 0.5", "grain", 0.5),
        ("gamma: 0.9", "gamma", 0.9),
        ("color_space: linear", "color_space", ColorSpace.LINEAR),
        ("two_x: fast", "two_x", TwoX.FAST),
        ("overlap: 24", "overlap", 24),
        ("exact: true", "exact", True),
    ],
)
@pytest.mark.parametrize("where", ["{}", "kinds: {{base_color: {{{}}}}}", "rules: [{{match: a.png, {}}}]"])
def test_so_is_how_it_goes_through_a_generator(
    written: Write, where: str, text: str, field: str, value: object
) -> None:
    assert getattr(settled(written(where.format(text))).means, field) == value


def test_a_size_and_a_scale_speak_of_one_thing(written: Write) -> None:
    text = "size: 2048\nrules: [{match: a.png, scale: 2}]\nkinds: {normal: {scale: 8}, height: {size: 64}}"
    assert (settled(written(text)).size, settled(written(text)).scale) == (None, 2)
    assert settled(written(text), name="b.png").size == 2048
    assert settled(written(text), of(MapKind.NORMAL), "b.png").scale == 8
    assert settled(written(text), of(MapKind.HEIGHT), "b.png").size == 64
    assert settled(written("size: 2048", scale=2), name="b.png").size is None
    assert settled(written("scale: 2", size=512)).size == 512


def test_grain_of_the_run_reaches_pictures_only(written: Write) -> None:
    config = written("grain: 0.5\nkinds: {height: {grain: 0.1}}")
    grains = {kind: settled(config, of(kind)).means.grain for kind in MapKind}
    assert grains[MapKind.BASE_COLOR] == grains[MapKind.EMISSIVE] == 0.5
    assert grains[MapKind.NORMAL] == POLICIES[MapKind.NORMAL].grain
    assert grains[MapKind.HEIGHT] == 0.1


def test_who_says_fidelity_of_a_kind_or_texture_insists_on_it(written: Write) -> None:
    assert not settled(written("fidelity: 1")).means.insisted
    assert settled(written("kinds: {base_color: {fidelity: 1}}")).means.insisted
    assert settled(written("rules: [{match: a.png, fidelity: 1}]")).means.insisted


def test_gates_are_merged_one_by_one(written: Write) -> None:
    config = written("""
quality: {max_seam: 3, max_color_drift: 1}
rules:
- {match: a.png, quality: {max_seam: 2}}
kinds:
  base_color: {quality: {max_seam: 1, min_consistency: 40}}
""")
    assert settled(config).gates == Gates(max_seam=2, max_color_drift=1, min_consistency=40)
    assert settled(config, of(MapKind.HEIGHT), "b.png").gates == Gates(max_seam=3, max_color_drift=1)


def test_channels_are_settled_each_as_what_it_is(written: Write) -> None:
    config = written("""
rules:
- {match: a.png, channels: {r: occlusion, g: alpha, b: unused, a: height}}
kinds:
  occlusion: {model: nearest}
  packed: {fidelity: 0.5}
""")
    assert config.rules[0].says is MapKind.PACKED
    result = settled(config, of(MapKind.PACKED))
    assert list(result.channels.values()) == [MapKind.OCCLUSION, MapKind.OPACITY, MapKind.DATA, MapKind.HEIGHT]
    assert result.means_for(MapKind.OCCLUSION).model == "nearest"
    assert result.means_for(MapKind.HEIGHT).model == COLORS
    assert result.means_for(MapKind.HEIGHT).fidelity == 0.5
    assert result.means_for(MapKind.OPACITY).model == X4PLUS
    assert result.means_for(MapKind.OCCLUSION).fallback is False


def test_recognised_channels_give_way_to_declared_ones(written: Write) -> None:
    orm = replace(of(MapKind.PACKED), channels=(MapKind.OCCLUSION, MapKind.ROUGHNESS))
    assert settled(written(""), orm).channels == {0: MapKind.OCCLUSION, 1: MapKind.ROUGHNESS}
    assert settled(written("kinds: {packed: {channels: {g: gloss}}}"), orm).channels == {1: MapKind.GLOSS}


def test_only_alpha_of_other_maps_can_be_declared(written: Write) -> None:
    config = written("rules: [{match: a.png, channels: {a: gloss}}]\nchannels: {r: gloss, a: height}")
    assert config.rules[0].says is None
    assert settled(config).channels == {3: MapKind.GLOSS}
    assert settled(config, name="b.png").channels == {3: MapKind.HEIGHT}


# Conditions


SPEC = ImageSpec(Size(1024, 512), 3, Depth.UINT16, "png")


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("{side: 1024}", True),
        ("{side: '<1024'}", False),
        ("{side: '<= 1024'}", True),
        ("{side: ['>512', '<2048']}", True),
        ("{side: ['>512', '<1024']}", False),
        ("{channels: '>=3', depth: 16}", True),
        ("{channels: 3, depth: 8}", False),
        ("{kind: normal}", False),
        ("{kind: [normal, base_color]}", True),
        ("{alpha: none}", True),
        ("{alpha: [cutout, blend]}", False),
        ("{material: 'walls/*'}", True),
        ("{material: [floors/*, roofs/*]}", False),
    ],
)
def test_a_rule_holds_where_all_its_conditions_do(written: Write, when: str, holds: bool) -> None:
    rules = written(f"rules: [{{when: {when}, scale: 2}}]").rules
    found = holding(rules, SPEC, "walls/brick", MapKind.BASE_COLOR, AlphaMode.NONE)
    assert bool(found) is holds


# Profiles

PROFILES = """
scale: 4
size: null
fidelity: 0.5
kinds:
  sprite: {scale: 2, fidelity: 0.25}
rules:
- {match: a.png, scale: 8}
profiles:
  pc: {}
  console:
    output: small
    size: 512
    max_size: 4096
    kinds:
      sprite: {scale: 1}
      height: {scale: 2}
    rules:
    - {match: "*.png", power_of_two: true}
    - {match: a.png, scale: 2}
"""


def test_a_profile_beats_the_run_and_its_rules_and_kinds_come_first(written: Write, tmp_path: Path) -> None:
    config = written(PROFILES, profile="console")
    assert config.output == tmp_path / "small"
    assert (config.size, config.max_size, config.fidelity) == (512, 4096, 0.5)
    assert settled(config).scale == 2
    assert settled(config).power_of_two
    assert settled(config, name="b.tga").size == 512
    sprite = settled(config, of(MapKind.SPRITE), "b.tga")
    assert (sprite.scale, sprite.means.fidelity) == (1, 0.25)
    assert settled(config, of(MapKind.HEIGHT), "b.tga").scale == 2
    assert str(config.rules[1]) == "rule 'a.png' (game.yaml:20)"


def test_a_profile_that_says_nothing_changes_nothing_but_the_folder(written: Write, tmp_path: Path) -> None:
    plain, pc = written(PROFILES), written(PROFILES, profile="pc")
    assert settled(pc) == settled(plain)
    assert pc.output == tmp_path.with_name(f"{tmp_path.name}-pc")


def test_the_command_line_beats_a_profile(written: Write, tmp_path: Path) -> None:
    config = written(PROFILES, profile="console", scale=3, max_size=100, output=tmp_path / "mine")
    assert (config.size, config.scale, config.max_size) == (None, 3, 100)
    assert config.output == tmp_path / "mine"


def test_an_unknown_profile_names_those_near_it(written: Write) -> None:
    with pytest.raises(
        UsageError, match=r"unknown profile 'consle' \(did you mean 'console'\?\); choose console or pc"
    ):
        written(PROFILES, profile="consle")
    with pytest.raises(UsageError, match="unknown profile 'pc'; the configuration has none"):
        written("", profile="pc")


# What is wrong, and where

ERRORS = {
    "wobble: 3": ("1", "unknown setting 'wobble'; choose after_run, alpha, alpha_threshold"),
    "\nsclae: 2": ("2", "unknown setting 'sclae' (did you mean 'scale'?)"),
    "scale: 5": ("1", "scale: 5 is not among its values; choose 0.5, 1, 2, 3, 4 or 8"),
    'scale: "4"': ("1", "scale: '4' is not among its values; choose 0.5, 1, 2, 3, 4 or 8"),
    "precision: bf16": ("1", "precision: 'bf16' is not among its values (did you mean 'bfloat16'?); choose auto"),
    "fidelity: 2": ("1", "fidelity takes a number of at most 1, and was given 2"),
    "fidelity: -1": ("1", "fidelity takes a number of at least 0, and was given -1"),
    "fidelity: yes": ("1", "fidelity takes a number, and was given true"),
    "fidelity: .nan": ("1", "fidelity takes"),
    "pixel_limit: 1e8": ("1", "pixel_limit takes a whole number, and was given '1e8'"),
    "device: 3": ("1", "device takes text, and was given 3"),
    "scale: 4\nmodel:": ("2", "model takes text, and was given nothing"),
    "edges: wrp": ("1", "edges: 'wrp' is not among its values (did you mean 'wrap'?); choose auto, wrap"),
    "edges: {x: wrap, z: wrap}": ("1", "edges takes one word for both axes, or {x: word, y: word}, and was given {"),
    "edges: [wrap]": ("1", "edges: ['wrap'] is not among its values"),
    "rules: 3": ("1", "rules takes a list, and was given 3"),
    "rules:\n- 3": ("2", "rules takes settings, 'name: value' on each line, and was given 3"),
    "rules:\n- match: a.png": ("2", "one here sets nothing; give it a kind"),
    "rules:\n- kind: normal": ("2", "one here says not for what; give it 'match', 'when', or both"),
    "rules:\n- match: []\n  scale: 2": ("2", "match takes at least one"),
    "rules:\n- scale: 2\n  match: 3": ("3", "match takes a list, and was given 3"),
    "rules:\n- match: a.png\n  skip: yes": ("3", "skip takes the reason in words, or false, and was given true"),
    "rules:\n- match: a.png\n  skip: ''": ("3", "skip takes the reason in words, or false, and was given ''"),
    "rules:\n- match: a.png\n  kind: norml": ("3", "kind: 'norml' is not among its values (did you mean 'normal'?)"),
    "rules:\n- match: a.png\n  alpha: none": ("3", "choose opaque, cutout, blend, premultiplied or mask"),
    "rules:\n- match: a\n  scale: 2\n- match: b\n  scael: 2": ("5", "unknown setting 'scael' (did you mean 'scale'?)"),
    "kinds:\n  base_colour: {scale: 2}": ("2", "unknown kind 'base_colour' (did you mean 'base_color'?)"),
    "kinds:\n  normal:\n    match: x": ("3", "unknown setting 'match'; choose alpha, alpha_threshold"),
    "kinds: {normal: 3}": ("1", "normal takes settings"),
    "kinds:\n  normal:\n    scale: 7": ("3", "scale: 7 is not among its values"),
    "scale: 2\nscale: 4": ("2", "setting 'scale' stands here a second time, after line 1; keep one"),
    "kinds:\n  normal: {}\n  normal: {}": ("3", "setting 'normal' stands here a second time"),
    "2: 3": ("1", "a setting's name is a word, not 2"),
    "- scale": ("1", "is not a list of settings; write 'setting: value'"),
    "just words": ("1", "is not a list of settings"),
    "rules:\n- match: *_n.png": ("2", "put the pattern in quotes"),
    "rules:\n- match: *normal": ("2", "put the pattern in quotes"),
    "model: &a x\nrules: *a": ("2", "put the pattern in quotes"),
    "scale: 4\n\tmodel: x": ("2", "indent with spaces, not tabs"),
    "model: a: b": ("1", "put text that holds a colon in quotes"),
    "model: !own x": ("1", "put what begins with ! in quotes"),
    "model: [": ("1", "expected the node content"),
    "scale: 2\n---\nscale: 4": ("2", "expected a single document"),
    "scale: 2\nmodel: \x01": ("2", "holds a character that YAML does not"),
    "size: 0": ("1", "size takes the texels of the longest side, or [width, height], and was given 0"),
    "size: [4, 5, 6]": ("1", "size takes the texels of the longest side, or [width, height]"),
    "size: yes": ("1", "size takes the texels of the longest side"),
    "max_size: 0": ("1", "max_size takes a number of at least 1, and was given 0"),
    "max_size: 2.5": ("1", "max_size takes a whole number, and was given 2.5"),
    "power_of_two: 2": ("1", "power_of_two takes true or false, and was given 2"),
    "scale: true": ("1", "scale: true is not among its values"),
    "model: x\nscale: 2\nsize: 512": ("3", "size: a scale is given as well, and only one of them can hold; keep one"),
    "rules:\n- match: a\n  scale: 2\n  size: 512": ("4", "size: a scale is given as well"),
    "kinds:\n  normal:\n    scale: 2\n    size: 512": ("4", "size: a scale is given as well"),
    "grain: 1.5": ("1", "grain takes a number of at most 1, and was given 1.5"),
    "overlap: -1": ("1", "overlap takes a number of at least 0, and was given -1"),
    "exact: 1": ("1", "exact takes true or false, and was given 1"),
    "overlap: 2.5": ("1", "overlap takes a whole number, and was given 2.5"),
    "overlpa: 64": ("1", "unknown setting 'overlpa' (did you mean 'overlap'?)"),
    "gamma: 0": ("1", "gamma takes a number of at least 0.1, and was given 0"),
    "alpha_threshold: '0.5'": ("1", "alpha_threshold takes a number, and was given '0.5'"),
    "color_space: lineal": ("1", "'lineal' is not among its values (did you mean 'linear'?)"),
    "convert_normals: dx": ("1", "'dx' is not among its values (did you mean 'directx'?); choose opengl or directx"),
    "channels: {r: ao}": ("1", "channels: 'ao' is not among its values (did you mean 'occlusion'?)"),
    "rules:\n- match: a.png\n  kind: albedo": ("3", "'albedo' is not among its values (did you mean 'base_color'?)"),
    "data: skip": ("1", "data: 'skip' is not among its values; choose copy or fit"),
    "cells: 4x": ("1", "cells takes a grid as '4x2', or {columns: 4, rows: 2, gutter: 0}, and was given '4x'"),
    "cells: 0x2": ("1", "cells takes a grid"),
    "cells: {columns: 2}": ("1", "cells takes a grid"),
    "cells: {columns: 2, rows: 2, gutter: -1}": ("1", "cells takes a grid"),
    "cells: [4, 2]": ("1", "cells takes a grid"),
    "channels: {r: roughnes}": ("1", "channels: 'roughnes' is not among its values (did you mean 'roughness'?)"),
    "channels: {r: packed}": ("1", "channels: 'packed' is not among its values"),
    "channels:\n  g: occlusion\n  x: occlusion": ("3", "unknown channel 'x'; choose r, g, b or a"),
    "channels: {}": ("1", "channels takes at least one"),
    "channels: orm": ("1", "channels takes settings"),
    "quality:\n  max_color_drft: 1": ("2", "unknown setting 'max_color_drft' (did you mean 'max_color_drift'?)"),
    "quality:\n  max_seam: -1": ("2", "max_seam takes a number of at least 0, and was given -1"),
    "quality:\n  max_seam: high": ("2", "max_seam takes a number of at least 0, and was given 'high'"),
    "quality:\n  max_seam: yes": ("2", "max_seam takes a number of at least 0, and was given true"),
    "quality: 3": ("1", "quality takes settings"),
    "rules:\n- match: a\n  kind: base_color\n  channels: {g: gloss}": ("2", "its kind is 'packed'"),
    "rules:\n- when: {kind: normal}\n  kind: data": ("2", "one here sets the kind when kind or alpha are known"),
    "rules:\n- when: {alpha: mask}\n  channels: {r: gloss}": ("2", "one here sets the kind when kind or alpha are"),
    "rules:\n- when: {side: 3}": ("2", "one here sets nothing"),
    "rules:\n- when:\n    sied: 3\n  scale: 2": ("3", "unknown setting 'sied' (did you mean 'side'?)"),
    "rules:\n- when: {side: '~3'}\n  scale: 2": ("2", "side takes a number, or a comparison such as '<=1024'"),
    "rules:\n- when: {side: []}\n  scale: 2": ("2", "side takes a number, or a comparison"),
    "rules:\n- when: {depth: yes}\n  scale: 2": ("2", "depth takes a number, or a comparison"),
    "rules:\n- when: {kind: [normal, norml]}\n  scale: 2": ("2", "'norml' is not among its values (did you mean"),
    "rules:\n- when: 3\n  scale: 2": ("2", "when takes settings"),
    "profiles: 3": ("1", "profiles takes settings"),
    "profiles:\n  pc:\n    scael: 2": ("3", "unknown setting 'scael' (did you mean 'scale'?)"),
    "profiles:\n  pc:\n    rules:\n    - match: a\n      scale: 5": ("5", "scale: 5 is not among its values"),
    "profiles:\n  pc:\n    kinds:\n      norml: {scale: 2}": ("4", "unknown kind 'norml' (did you mean 'normal'?)"),
    "profiles:\n  pc:": ("2", "pc takes settings"),
    # All that is wrong is told one by one, from the top.
    "kinds: {normal: {scale: 9}}\nmodle: x\nscale: 7": ("1", "scale: 9"),
}


@pytest.mark.parametrize(("text", "line", "says"), [(text, *expected) for text, expected in ERRORS.items()])
def test_an_error_names_the_line_and_what_is_right(tmp_path: Path, text: str, line: str, says: str) -> None:
    file = tmp_path / "game.yaml"
    file.write_bytes(text.encode())
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert caught.value.where == f"{file}:{line}"
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"game\.yaml: no such file; check the path, or write one with 'cg-upscale init'"
    ):
        load(tmp_path / "game.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "game.yaml"
    file.write_bytes(b"scale: 2\n# gr\xfcn\n")
    with pytest.raises(ConfigError, match=r"game\.yaml:2: is not UTF-8; save it as UTF-8"):
        load(file)


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "game.yaml"
    file.write_bytes(b"\xef\xbb\xbfsource: x\r\nscale: 2\r\n")
    assert load(file).scale == 2


def test_an_error_in_an_option_is_not_the_file_s(written: Write) -> None:
    with pytest.raises(UsageError) as caught:
        written("scale: 2", scale=5)
    assert not isinstance(caught.value, ConfigError)
    assert str(caught.value) == "scale: 5 is not among its values; choose 0.5, 1, 2, 3, 4 or 8"
    with pytest.raises(UsageError, match=r"unknown setting 'scael' \(did you mean 'scale'\?\)"):
        written("", scael=3)


def test_a_configuration_cannot_be_changed(written: Write) -> None:
    with pytest.raises(ValueError, match="frozen"):
        written("").scale = 2


def test_editors_get_a_schema() -> None:
    plain = schema()
    assert set(plain["properties"]) == set(Config.model_fields)
    assert plain["additionalProperties"] is False
    assert "required" not in plain
    assert all("description" in setting or "$ref" in setting for setting in plain["properties"].values())


def test_a_starter_configuration_is_valid_as_it_is_and_with_its_rules_switched_on(tmp_path: Path) -> None:
    library = tmp_path / "my textures"
    library.mkdir()
    for name in ("rock_n.png", "gravel[1].png", "ümläut 'x'.tga", "notes.txt"):
        (library / name).touch()
    file = tmp_path / "conf.yaml"
    text = starter(library, scan(library), file)
    assert "gravel" in text
    assert "rock_n" not in text  # its name says what it is
    file.write_text(text, encoding="utf-8")
    assert load(file).source == library

    switched = [line for line in text.splitlines() if line != "rules: []"]
    begin = switched.index("# rules:")
    end = switched.index("# Settings for all textures of a kind.")
    switched[begin:end] = [line.removeprefix("# ") for line in switched[begin:end]]
    file.write_text("\n".join(switched), encoding="utf-8")
    config = load(file)
    assert len(config.rules) == 5
    assert rules_for("gravel[1].png", config) != ()


def test_profiles_do_not_write_over_each_other(written: Write) -> None:
    text = "source: s\noutput: out\nprofiles:\n  pc: {scale: 4}\n  console: {scale: 2, output: small}"
    names = [written(text, profile=profile).output.name for profile in (None, "pc", "console")]
    assert names == ["out", "out-pc", "small"]


def test_a_starter_configuration_believes_what_lies_beside_a_texture(tmp_path: Path) -> None:
    for name in ("wall1.png", "wall2.png"):
        (tmp_path / name).touch()
    (tmp_path / "wall1.png.meta").write_text("TextureImporter:\n  textureType: 1\n")
    text = starter(tmp_path, scan(tmp_path), tmp_path / "conf.yaml")
    assert "wall2.png" in text
    assert "wall1.png" not in text
    assert "beside them: normal 1, not said 1" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("format: {container: dds, encoding: bc9}", r"game\.yaml:1: encoding: 'bc9' is not among its values"),
        ("format:\n  container: png\n  encoding: bc7", r"game\.yaml:3: .*'bc7' is none of the encodings of png"),
        ("format: dss", r"game\.yaml:1: .*'dss' is not among its values \(did you mean 'dds'"),
        ("format: {mips: 2x2}", r"game\.yaml:1: mips takes keep, none, full, 4x4, or a share"),
        ("format: {jpeg_quality: 0}", r"game\.yaml:1: jpeg_quality takes a number of at least 1"),
        ("format: {dept: 16}", r"game\.yaml:1: unknown setting 'dept' \(did you mean 'depth'"),
        ("suffix: a/b", r"game\.yaml:1: suffix takes part of a file's name"),
        ("ocio: {result: ACEScg}", r"game\.yaml:1: file is missing in ocio"),
    ],
)
def test_a_wrong_format_is_told_with_its_line(written: Write, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        written(text)


def test_the_names_of_directx_stand_for_ours(written: Write) -> None:
    config = written("format: {container: dds, encoding: DXT5}")
    assert config.format is not None and config.format.encoding == "bc3"
