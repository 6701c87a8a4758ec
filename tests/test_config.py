"""What a run is told: settings in their order, and errors that name file, line and the nearest right word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cg_upscaler.errors import ConfigError, UsageError
from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.library.classify import Decision
from cg_upscaler.library.config import Config, Quality, Rule, TwoX, When, load, schema
from cg_upscaler.library.notation import AskedEdges
from cg_upscaler.library.scan import scan
from cg_upscaler.library.settings import deciding, rules_for, settle
from cg_upscaler.library.starter import starter
from cg_upscaler.maps import BICUBIC, AlphaMode, MapKind
from cg_upscaler.spec import Precision

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
        assert (config.model, config.scale, config.two_x) == ("realesrgan-x4plus", 4, TwoX.QUALITY)
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
    assert settle(config, (), of(MapKind.SPRITE)).means.model == "realesrgan-x4plus-anime"
    assert settle(config, rules_for("other/a.png", config), of(MapKind.SPRITE)).means.model == "realesrgan-x4plus"
    assert settle(config, rules_for("other/a.png", config), of(MapKind.NORMAL)).means.model == "realesrgan-x4plus"


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


# What is wrong, and where

ERRORS = {
    "overlpa: 3": ("1", "unknown setting 'overlpa'; choose alpha, alpha_threshold"),
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
    "rules:\n- match: a.png\n  skip: yes": ("3", "skip takes text, and was given true"),
    "rules:\n- match: a.png\n  skip: ''": ("3", "skip takes text, not an empty one"),
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
    assert len(config.rules) == 4
    assert rules_for("gravel[1].png", config) != ()
