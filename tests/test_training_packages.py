"""The script that gathers textures from Debian packages takes what CC0 and CC-BY allow, and says whose it is."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

PATH = Path(__file__).parent.parent / "benchmarks" / "training_data.py"

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2006 A Team
           2007 An Other
License: GPL-3+

Files: walls/*
       roofs/?.png
Copyright: Wall Maker
License: CC-BY-3.0
 The text of the licence,
 .
 with a line of its own.

Files: walls/hidden/*
Copyright: Nobody
License: CC-BY-SA-3.0

License: CC-BY-3.0
 Its text.
"""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("training_data", PATH)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_last_paragraph_that_matches_holds(script: ModuleType) -> None:
    paragraphs = script.terms(COPYRIGHT)

    def of(name: str) -> str:
        return next(each.licence for each in reversed(paragraphs) if each.cover(name))

    assert len(paragraphs) == 3
    assert of("walls/deep/brick.png") == "CC-BY-3.0" == of("roofs/a.png")
    assert of("walls/hidden/brick.png") == "CC-BY-SA-3.0"
    assert of("roofs/ab.png") == of("else.png") == "GPL-3+"
    assert paragraphs[0].authors == ("2006 A Team", "2007 An Other")


@pytest.mark.parametrize(
    ("licence", "free"),
    [
        ("CC0", True),
        ("CC0-1.0", True),
        ("CC-BY-3.0", True),
        ("CC-BY-4.0 or GPL-3", True),
        ("CC-BY-SA-3.0", False),
        ("CC-BY-NC-4.0", False),
        ("CC-BY-4.0 and CC-BY-SA-3.0", False),
        ("CC-BY-4.0 and CC0", True),
        ("public-domain", False),
        ("GPL-2+", False),
        ("", False),
    ],
)
def test_share_alike_and_all_else_is_left(script: ModuleType, licence: str, free: bool) -> None:
    assert script.Terms(("*",), licence, ()).free is free
