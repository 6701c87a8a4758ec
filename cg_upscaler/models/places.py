"""Finds weights files by name: as paths, in the models folder of a configuration, and in this user's own."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from platformdirs import user_data_path

from cg_upscaler.errors import ModelError, ModelNotFound

SUFFIXES = (".pth", ".pt", ".ckpt", ".safetensors", ".bin", ".onnx")
"""What a model's name ends in where it is a path."""


def user_folder() -> Path:
    """Return where this user keeps models: `CG_UPSCALE_MODELS`, or the platform's own place. It need not be there."""
    said = os.environ.get("CG_UPSCALE_MODELS")
    return Path(said).expanduser().absolute() if said else user_data_path("cg-upscaler", appauthor=False) / "models"


def folders(folder: Path | None) -> list[Path]:
    """Return where names are looked for, the first first: a configuration's own folder, and the user's."""
    return [*([] if folder is None else [Path(os.path.abspath(folder.expanduser()))]), user_folder()]


def listed(folder: Path) -> list[Path]:
    """Return the weights files of a folder, by name; none where there is no such folder."""
    try:
        return sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
    except OSError:
        return []


def located(name: str, base: Path | None = None, folder: Path | None = None) -> Path | None:
    """Return the weights file that a name means, or None: a path relative to `base`, else a file in a models folder.

    There its suffix may be left off. Raises `ModelError` where several files of one folder are meant.
    """
    path = as_path(name, base)
    if path.suffix.lower() == ".param" and is_there(path):  # of a pair for ncnn
        weights = path.with_suffix(".bin")
        if not is_there(weights):
            raise ModelNotFound("is one half of a pair for ncnn", where=path, fix=f"put {weights.name} beside it")
        return weights
    if is_there(path):
        return path
    for place in folders(folder):
        exact = Path(os.path.abspath(place / name))
        if is_there(exact):
            return exact
        meant = [file for file in listed(exact.parent) if file.stem == exact.name]
        if len(meant) > 1:
            both = " and ".join(file.name for file in meant)
            raise ModelError(f"{name!r} may be {both}", where=place, fix="name the one with its suffix")
        if meant:
            return meant[0]
    return None


def is_there(path: Path) -> bool:
    """Whether a path is a file's. One that no file can have, as long blends and chains are, is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def as_path(name: str, base: Path | None = None) -> Path:
    return Path(os.path.abspath((base or Path()) / Path(name).expanduser()))


def is_path(name: str) -> bool:
    """Whether a name can only be that of a file."""
    return name.lower().endswith(SUFFIXES) or "/" in name or os.sep in name


def missing(name: str, known: Sequence[str], base: Path | None = None, folder: Path | None = None) -> ModelNotFound:
    """Return what to raise for a name that nothing has: where was looked, and the nearest that there is."""
    there = list(dict.fromkeys(_beside(name, base, folder)))
    looked = f"looked in {' and '.join(map(str, folders(folder)))} too"
    if is_path(name):
        near = nearest(Path(name).name, there)
        fix = f"{near} {looked}" if near else f"check the path; {looked}"
        return ModelNotFound("no such weights file", where=as_path(name, base), fix=fix)
    stems = [Path(file).stem for file in there]
    own = [file if stems.count(stem) > 1 else stem for file, stem in zip(there, stems, strict=True)]
    near = nearest(name, [*known, *own, *there])
    fix = f"there are {', '.join([*known, *own])}, or give the path of a weights file; {looked}"
    return ModelNotFound(f"unknown model {name!r}", fix=f"{near} {fix}" if near else fix)


def nearest(name: str, known: Sequence[str]) -> str:
    return "".join(f"did you mean {near!r}?" for near in difflib.get_close_matches(name, known, 1))


def _beside(name: str, base: Path | None, folder: Path | None) -> Iterator[str]:
    if is_path(name):
        yield from (file.name for file in listed(as_path(name, base).parent))
    for place in folders(folder):
        yield from (file.name for file in listed(place))
