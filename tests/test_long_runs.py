"""A long run keeps its memory: only the journal on disk grows with the number of evaluations."""

from __future__ import annotations

import tracemalloc
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.five_million import SAMPLERS, Growth, measure

from dvlwidgets import PermutationSampler
from dvlwidgets.engine import journal

EVALUATIONS = 120_000
"""The first 66,000 fill what remembers masks."""


@pytest.fixture(autouse=True)
def traced() -> Iterator[None]:
    """Python's own count of allocated bytes: the process's would show the other tests' too."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


def run(sampler: object, folder: Path, n: int = 50) -> Growth:
    return measure(
        sampler, n, EVALUATIONS, folder, warm_up=0.6, memory=lambda: tracemalloc.get_traced_memory()[0]
    )


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_memory_stays_while_the_journal_grows(name: str, tmp_path: Path) -> None:
    # few points for subsets, whose regression takes its time and keeps at most 20,000 rows
    grown = run(SAMPLERS[name](), tmp_path, 12 if name == "MSRSampler" else 50)
    assert grown.evaluations >= EVALUATIONS
    # five million evaluations: 15 MB in memory, 55 MB on disk
    assert grown.most < 3 * 0.4 * EVALUATIONS
    assert 9 * EVALUATIONS < grown.journal < 11 * grown.evaluations


class Objects(defaultdict):  # type: ignore[type-arg]
    """A list of tuples for each step."""

    def __init__(self, width: int) -> None:
        super().__init__(list)

    def add(self, step: int, *row: int) -> None:
        self[step].append(row)

    def rows(self, step: int) -> list[tuple[int, ...]]:
        return self.get(step, [])


def test_an_index_of_objects_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "StepTable", Objects)
    assert run(PermutationSampler(seed=0), tmp_path).most > 3 * 0.4 * EVALUATIONS
