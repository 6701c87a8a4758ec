"""Prepares textures of every sort, and what the command line and the worker make of them, for hosts to do the same.

    python -m tests.hosts.same FOLDER

leaves in it ``textures`` (the middle of each texture of the devset beside the repository, or of the examples, all in
one folder), ``cli`` and ``worker`` (the results), and ``settings.json`` (how). Each host's tests hold what it makes
against ``cli``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cg_upscaler import codecs
from cg_upscaler.client import Client, Done, Task, Texture, find_engine
from cg_upscaler.geometry import Size
from cg_upscaler.pixels.rows import to_float

ROOT = Path(__file__).resolve().parents[2]
DEVSET = ROOT.parent / "shared" / "devset"
SIDE = 48
"""Texels of a crop's sides: enough to go through everything, and few enough for the real generator."""

SETTINGS = {"model": "realesrgan-x4plus", "scale": 2}


def main() -> None:
    place = Path(sys.argv[1])
    shutil.rmtree(place, ignore_errors=True)
    textures = place / "textures"
    count = sum(1 for _ in crops(DEVSET if DEVSET.is_dir() else ROOT / "examples" / "textures", textures))
    (place / "settings.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    by_command_line(textures, place / "cli")
    by_worker(textures, place / "worker")
    made = [path.name for path in sorted((place / "cli").iterdir()) if path.is_file()]
    different = [name for name in made if not equal(place, name, "worker")]
    print(f"{len(made)} results of {count} textures; other bytes by the worker than by the command line: {different}")
    sys.exit(bool(different))


def crops(library: Path, into: Path) -> Iterator[Path]:
    """Write the middle of each texture, as the same kind of file; one that is read but not written goes whole."""
    into.mkdir(parents=True)
    for path in sorted(path for path in library.rglob("*") if path.is_file() and codecs.is_texture(path)):
        target = into / path.name
        if target.exists():
            raise ValueError(f"{path}: another texture has this name")
        image = codecs.read(path)
        whole = image.spec.size
        size = Size(min(SIDE, whole.width), min(SIDE, whole.height))
        if image.spec.container not in codecs.WRITTEN or image.spec.storage.slices > 1 or size == whole:
            shutil.copyfile(path, target)
        else:
            left, top = (whole.width - size.width) // 2, (whole.height - size.height) // 2
            storage = replace(image.spec.storage, levels=1)
            sink = codecs.create(target, replace(image.spec, size=size, storage=storage, carries=()))
            try:
                sink.put(to_float(image.rows(top, top + size.height)[:, left : left + size.width]))
                sink.commit()
            finally:
                sink.discard()
        yield target


def by_command_line(textures: Path, into: Path) -> None:
    options = [f"--{name}={value}" for name, value in SETTINGS.items()]
    command = [sys.executable, "-m", "cg_upscaler.cli", "run", textures, "--out", into, *options, "-q"]
    subprocess.run([str(part) for part in command], check=True)


def by_worker(textures: Path, into: Path) -> None:
    with Client(find_engine(sys.executable)) as client:
        task = Task(tuple(Texture(str(path)) for path in sorted(textures.iterdir())), dict(SETTINGS), str(into))
        *_, last = client.answers(client.upscale(task))
        assert isinstance(last, Done), last


def equal(place: Path, name: str, way: str) -> bool:
    """Whether a way of upscaling made the very file that the command line made."""
    made = place / way / name
    return made.is_file() and made.read_bytes() == (place / "cli" / name).read_bytes()


if __name__ == "__main__":
    main()
