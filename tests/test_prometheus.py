"""A run's figures, as the node exporter's textfile collector reads them."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from cg_upscaler.errors import OutputError
from cg_upscaler.job import Outcome
from cg_upscaler.report import prometheus
from cg_upscaler.report.prometheus import SUCCESS, exposition, last_success, write_exposition
from tests.ended import ODD, SUMMARY

parser = pytest.importorskip("prometheus_client.parser")

WELL = replace(SUMMARY, failed=0, rejected=0, exit_code=0)
ENDED = 1795744807 + 61.5
"""When that run ended, in seconds since 1970."""


def samples(text: str) -> dict[tuple[str, str], float]:
    """Return the value of each figure by its name and outcome; each must be a gauge with help, once."""
    found: dict[tuple[str, str], float] = {}
    for family in parser.text_string_to_metric_families(text):
        assert family.type == "gauge" and family.documentation
        for sample in family.samples:
            assert sample.name == family.name and sample.timestamp is None
            key = sample.name, sample.labels.get("outcome", "")
            assert key not in found
            found[key] = sample.value
    return found


def test_every_figure_of_a_run_is_there() -> None:
    found = samples(exposition(WELL, "/lib"))
    for outcome in Outcome:
        assert found["cg_upscale_textures", outcome.value] == getattr(WELL, outcome.value)
    assert found["cg_upscale_megapixels", ""] == 1.0
    assert found["cg_upscale_run_seconds", ""] == 61.5
    assert found["cg_upscale_exit_code", ""] == 0
    assert found["cg_upscale_last_run_timestamp_seconds", ""] == ENDED
    assert found[SUCCESS, ""] == ENDED


def test_a_failed_run_keeps_the_time_of_the_last_success(tmp_path: Path) -> None:
    path = tmp_path / "cg.prom"
    write_exposition(path, WELL, "/lib")
    failed = replace(SUMMARY, started="2026-11-28T02:00:07Z")
    for _ in range(2):  # also over more than one night
        write_exposition(path, failed, 'a} 1 "b')
        found = samples(path.read_text("utf-8"))
        assert found[SUCCESS, ""] == ENDED
        assert found["cg_upscale_last_run_timestamp_seconds", ""] == ENDED + 86400
    write_exposition(path, replace(failed, exit_code=0), "/lib")
    assert last_success(path) == ENDED + 86400


@pytest.mark.parametrize("before", [b"", b"\xff\xfe", b"cg_upscale_last_success_timestamp_seconds{} 1.2.3\n", None])
def test_where_no_run_ever_ended_well_no_time_is_made_up(tmp_path: Path, before: bytes | None) -> None:
    path = tmp_path / "cg.prom"
    if before is not None:
        path.write_bytes(before)
    write_exposition(path, SUMMARY, "/lib")
    assert (SUCCESS, "") not in samples(path.read_text("utf-8"))


@pytest.mark.parametrize("name", ODD)
def test_labels_hold_every_name(name: str) -> None:
    text = exposition(replace(WELL, device=name), name)
    for family in parser.text_string_to_metric_families(text):
        for sample in family.samples:
            assert prometheus.readable(name) == sample.labels["library"]
    text.encode("utf-8")


def test_the_documentation_has_every_figure() -> None:
    text = (Path(__file__).parent.parent / "docs" / "nightly.md").read_text("utf-8")
    for name, _ in samples(exposition(WELL, "/lib")):
        assert re.search(rf"^\| `{name}[`{{]", text, re.MULTILINE), name


def test_shards_of_one_library_are_told_apart() -> None:
    first, second = (exposition(replace(WELL, shard=shard), "/lib") for shard in ("1/2", "2/2"))
    lines = [line for line in (first + second).splitlines() if not line.startswith("#")]
    assert len({line.rpartition(" ")[0] for line in lines}) == len(lines)
    assert "shard" not in exposition(WELL, "/lib")


def test_the_collector_never_sees_a_figure_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads every file whose name ends in .prom, hidden ones too."""
    seen = []
    real = os.replace

    def replacing(source: Path, target: Path) -> None:
        seen.append([path.name for path in tmp_path.iterdir() if path.name.endswith(".prom")])
        real(source, target)

    monkeypatch.setattr(os, "replace", replacing)
    write_exposition(tmp_path / "cg.prom", WELL, "/lib")
    write_exposition(tmp_path / "cg.prom", WELL, "/lib")
    assert seen == [[], [], ["cg.prom"], ["cg.prom"]]
    assert [path.name for path in tmp_path.iterdir()] == ["cg.prom"]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "cg.prom").mkdir()
    with pytest.raises(OutputError, match=r"cg\.prom"):
        write_exposition(tmp_path / "cg.prom", WELL, "/lib")
