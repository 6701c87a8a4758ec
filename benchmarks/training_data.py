"""Gathers textures to train on from Debian packages: `python benchmarks/training_data.py OUT PACKAGE.deb …`.

Each package is unpacked, and of its textures those are copied to OUT/<package>/ that its copyright file puts under CC0
or CC-BY, and nothing else: no share-alike, no GPL, and no words that have to be made out. `OUT/manifest.csv` says for
each file its package and version, licence, authors and SHA-256; `OUT/ATTRIBUTION.md` lists authors and licences, as
CC-BY asks for. `apt-get download NAME` fetches a package.

A package's copyright file is in Debian's machine-readable form (DEP-5): paragraphs of globs, of which the last that
matches a file is the one that holds.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cg_upscaler import codecs

FREE = re.compile(r"CC0(-1\.0)?|CC-BY-[234]\.\d", re.IGNORECASE)
"""What is taken: a licence by its short name, whole."""

GAMES = "usr/share/games"
"""Where packages of games install what their copyright files call by its place in the source."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A paragraph of a copyright file."""

    globs: tuple[str, ...]
    licence: str
    authors: tuple[str, ...]

    def cover(self, name: str) -> bool:
        return any(re.fullmatch(_pattern(glob), name) for glob in self.globs)

    @property
    def free(self) -> bool:
        """Whether one may take it under CC0 or CC-BY: one of several that may be chosen from, or all that hold."""
        return any(
            all(FREE.fullmatch(part.strip()) for part in re.split(r"\band\b|,", choice, flags=re.IGNORECASE))
            for choice in re.split(r"\bor\b", self.licence, flags=re.IGNORECASE)
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """A texture that was taken."""

    file: str
    package: str
    version: str
    licence: str
    authors: str
    sha256: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("packages", type=Path, nargs="+", metavar="PACKAGE.deb")
    options = parser.parse_args()
    taken: list[Taken] = []
    for package in options.packages:
        found, left = gather(package, options.out)
        print(f"{package.name}: {len(found)} textures taken, {sum(left.values())} left", file=sys.stderr)
        for licence, count in sorted(left.items(), key=lambda item: -item[1])[:8]:
            print(f"  left: {count} under {licence}", file=sys.stderr)
        taken += found
    write(options.out, taken)
    return 0 if taken else 1


def gather(package: Path, out: Path) -> tuple[list[Taken], dict[str, int]]:
    """Copy what may be taken out of a package; return it, and how many textures were left under each licence."""
    name, version = (_field(package, field) for field in ("Package", "Version"))
    taken: list[Taken] = []
    left: dict[str, int] = defaultdict(int)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        subprocess.run(["dpkg-deb", "-x", str(package), folder], check=True)
        paragraphs = terms(root.joinpath("usr/share/doc", name, "copyright").read_text(encoding="utf-8"))
        for path in sorted(root.joinpath(GAMES).rglob("*")):
            if path.is_symlink() or not path.is_file() or not codecs.is_texture(path):
                continue
            within = path.relative_to(root / GAMES).as_posix().partition("/")[2]
            held = next((each for each in reversed(paragraphs) if each.cover(within)), None)
            if held is None or not held.free:
                left[held.licence if held else "nothing that is said"] += 1
                continue
            target = out / name / within
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            authors = "; ".join(held.authors)
            taken.append(Taken(f"{name}/{within}", name, version, held.licence, authors, digest))
    return taken, left


def terms(text: str) -> list[Terms]:
    """Return the paragraphs of a copyright file that say under which terms files are."""
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        fields = dict(_fields(paragraph))
        if "files" in fields and "license" in fields:
            globs = tuple(fields["files"].split())
            licence = fields["license"].splitlines()[0].strip() if fields["license"].strip() else ""
            authors = tuple(line.strip() for line in fields.get("copyright", "").splitlines() if line.strip())
            found.append(Terms(globs, licence, authors))
    return found


def _fields(paragraph: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(r"^(\S[^:\n]*):[ \t]*(.*(?:\n[ \t]+.*)*)", paragraph, re.MULTILINE):
        yield match[1].lower(), match[2].strip()


def _pattern(glob: str) -> str:
    """Return a DEP-5 glob as a regular expression: `*` and `?` match slashes too."""
    return "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in glob)


def _field(package: Path, field: str) -> str:
    run = subprocess.run(["dpkg-deb", "-f", str(package), field], check=True, capture_output=True, text=True)
    return run.stdout.strip()


def write(out: Path, taken: Sequence[Taken]) -> None:
    """Write who made what, for machines and for people."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(Taken.__dataclass_fields__)
        rows.writerows([getattr(each, name) for name in Taken.__dataclass_fields__] for each in taken)
    groups: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for each in taken:
        groups[each.package, each.version, each.licence, each.authors] += 1
    lines = ["# Attribution", ""]
    lines += [
        f"- {count} textures of {package} {version}, by {authors}: {licence}"
        for (package, version, licence, authors), count in sorted(groups.items())
    ]
    (out / "ATTRIBUTION.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
