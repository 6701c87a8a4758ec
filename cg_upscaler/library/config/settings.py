"""Decides which settings reach a texture: command line and file, rules, kinds and policies, in one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from cg_upscaler.geometry import Cells, Edges, Size
from cg_upscaler.job import Gates, Named
from cg_upscaler.library.classify import Decision
from cg_upscaler.library.config import Config, Handling, Rule, Settings, TwoX
from cg_upscaler.library.config.choosing import model_for
from cg_upscaler.library.config.format import Format
from cg_upscaler.library.config.notation import AUTO
from cg_upscaler.library.config.schema import Ocio
from cg_upscaler.library.globs import matches
from cg_upscaler.library.sizes import LOADABLE
from cg_upscaler.maps import POLICIES, AlphaMode, ColorSpace, MapKind, NormalConvention
from cg_upscaler.models.own import OWN
from cg_upscaler.spec import ImageSpec, Precision

_LETTERS = "rgba"


@dataclass(frozen=True, slots=True)
class Means:
    """How channels of one kind go through a generator."""

    model: str
    fidelity: float = 1.0
    insisted: bool = False
    """The fidelity was said of this kind or texture: it holds for what is usually exempt, too."""
    grain: float = 0.0
    gamma: float = 1.0
    color_space: ColorSpace | None = None
    """Whatever the kind's policy and the file say; None leaves it to them."""
    two_x: TwoX = TwoX.QUALITY
    overlap: int | None = None
    """Texels that tiles read of their neighbours; None leaves it to how far the model looks."""
    fallback: bool = False
    """Whether a smooth texture is resampled, which is all but exact then."""
    exact: bool = False
    """Whether wrapped borders that are primed are primed until nothing is left of their error."""
    precision: Precision = Precision.AUTO


@dataclass(frozen=True, slots=True)
class Settled:
    """The settings of one texture, none left open but the precision."""

    means: Means
    parts: dict[MapKind, Means] = field(default_factory=dict)
    """The same for each kind that one of its channels holds by itself."""
    scale: float = 4
    size: int | Size | None = None
    max_size: int = LOADABLE
    power_of_two: bool = False
    edges: Edges = Edges()
    alpha_threshold: float = 0.5
    channels: dict[int, MapKind] = field(default_factory=dict)
    """What channels hold by themselves, where that is declared or recognised; by their index."""
    declared: bool = False
    """Whether a rule declares them for this very texture."""
    convention: NormalConvention | None = None
    """Of a normal map, where a person says so."""
    convert: NormalConvention | None = None
    cells: Cells | None = None
    data: Handling = Handling.COPY
    gates: Gates = field(default_factory=Gates)
    format: Format = field(default_factory=Format)
    named: Named | None = None
    credited: bool = False
    """Whether the file is to say which models made it."""
    prefix: str = ""
    suffix: str = ""

    def means_for(self, kind: MapKind | None) -> Means:
        return self.means if kind is None else self.parts[kind]


def rules_for(name: str, config: Config) -> tuple[Rule, ...]:
    """Return the rules that match a texture by its name, in their order; their conditions are not looked at."""
    return tuple(rule for rule in config.rules if matches(name, rule.match))


def holding(
    rules: Sequence[Rule],
    spec: ImageSpec,
    material: str = "",
    kind: MapKind | None = None,
    alpha: AlphaMode | None = None,
) -> tuple[Rule, ...]:
    """Return those of the rules whose conditions hold for a texture."""
    return tuple(rule for rule in rules if rule.when is None or rule.when.holds(spec, material, kind, alpha))


def deciding(rules: Sequence[Rule], setting: str) -> Rule | None:
    """Return the first of the rules that sets a thing. ``says`` is the kind, however it is said."""
    return next((rule for rule in rules if getattr(rule, setting) is not None), None)


def said_alpha(config: Config, rules: Sequence[Rule], decision: Decision) -> AlphaMode | None:
    """Return what the settings say of a texture's alpha; None where they leave it to what was found.

    What is said of the run or of a kind is not said of the textures that have none, or show one value throughout.
    """
    there = decision.alpha not in (AlphaMode.NONE, AlphaMode.OPAQUE)
    layers: list[Settings] = [*rules, *([*_own(config, decision.kind), config] if there else ())]
    said = next((layer.alpha for layer in layers if layer.alpha is not None), None)
    return None if said is None else AlphaMode(said)


def settle(config: Config, rules: Sequence[Rule], decision: Decision) -> Settled:
    """Return what holds for a texture under the rules that apply to it.

    For each setting: the first rule that sets it, else the kind's own, else the run's, else what was found. The kind's
    policy comes before the run's model, and before its grain unless the kind is a picture.
    """
    own = [*rules, *_own(config, decision.kind)]
    layers: list[Settings] = [*own, config]

    def first(setting: str, *otherwise: Any) -> Any:
        values = (*(getattr(layer, setting) for layer in layers), *otherwise, None)
        return next((value for value in values if value is not None), None)

    declared: dict[str, MapKind] = first("channels") or {}
    if decision.kind is not MapKind.PACKED:
        declared = {letter: kind for letter, kind in declared.items() if letter == "a"}
    held = {_LETTERS.index(letter): kind for letter, kind in declared.items()} or dict(enumerate(decision.channels))
    sizing = next(layer for layer in layers if layer.size is not None or layer.scale is not None)
    return Settled(
        means=_means(config, own, decision.kind),
        parts={kind: _means(config, [*own, *_own(config, kind)], kind) for kind in held.values()},
        scale=sizing.scale if sizing.scale is not None else config.scale,
        size=sizing.size,
        max_size=first("max_size"),
        power_of_two=first("power_of_two"),
        edges=first("edges").given(decision.edges),
        alpha_threshold=first("alpha_threshold", decision.alpha_threshold, 0.5),
        channels=held,
        declared=deciding(rules, "channels") is not None,
        convention=first("normal_convention"),
        convert=first("convert_normals"),
        cells=first("cells"),
        data=first("data"),
        gates=_gates(layers),
        format=_format(layers),
        named=_named(first("ocio")),
        credited=config.metadata.model,
        prefix=first("prefix", ""),
        suffix=first("suffix", ""),
    )


def _own(config: Config, kind: MapKind) -> list[Settings]:
    return [config.kinds[kind]] if kind in config.kinds else []


def _means(config: Config, own: Sequence[Settings], kind: MapKind) -> Means:
    policy = POLICIES[kind]

    def first(setting: str, *otherwise: Any) -> Any:
        values = (*(getattr(layer, setting) for layer in own), *otherwise)
        return next((value for value in values if value is not None), None)

    picture = policy.color_space is ColorSpace.SRGB
    fidelity, named = first("fidelity"), first("model")
    model = model_for(kind, config.model, config) if named is None else named
    if model == AUTO:
        model = model_for(kind, AUTO, config)
    return Means(
        model=model,
        fidelity=first("fidelity", config.fidelity, policy.fidelity),
        insisted=fidelity is not None,
        grain=first("grain", config.grain if picture else None, policy.grain),
        gamma=first("gamma", config.gamma, 1.0),
        color_space=first("color_space", config.color_space),
        two_x=first("two_x", config.two_x),
        overlap=first("overlap", config.overlap),
        fallback=first("fallback", config.fallback, model in OWN),
        exact=first("exact", config.exact, False),
        precision=config.precision,
    )


def _named(said: Ocio | None) -> Named | None:
    return None if said is None else Named(said.file, said.result or said.file)


def _format(layers: Sequence[Settings]) -> Format:
    """Return what is asked of the file, each thing by the first layer that says it."""
    said: dict[str, Any] = {}
    for layer in reversed(layers):
        if layer.format is not None:
            said |= {name: value for name, value in layer.format if value is not None}
    return Format().model_copy(update=said)


def _gates(layers: Sequence[Settings]) -> Gates:
    gates = Gates()
    for layer in reversed(layers):
        if layer.quality is not None:
            said = {gate.name: getattr(layer.quality, gate.name) for gate in fields(Gates)}
            gates = replace(gates, **{name: bound for name, bound in said.items() if bound is not None})
    return gates
