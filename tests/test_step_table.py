"""What a journal remembers of itself: columns that answer like a dictionary of lists would."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dvlwidgets.engine.step_table import Rounds, StepTable

ROWS = st.lists(st.tuples(st.integers(-1, 6), st.integers(0, 2**40), st.integers(0, 9)), max_size=30)


@given(ROWS, st.data())
def test_rows_come_back_by_step_in_the_order_they_were_added(rows: list[Any], data: st.DataObject) -> None:
    table, plain = StepTable(2), dict[int, list[Any]]()
    for step, a, b in rows:
        table.add(step, a, b)
        plain.setdefault(step, []).append((a, b))
        asked = data.draw(st.integers(-1, 7))
        assert table.rows(asked) == plain.get(asked, [])
    assert table.steps() == sorted(plain)


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["a", "b"])), max_size=20))
def test_rounds_are_a_mapping_of_entries(added: list[Any]) -> None:
    rounds, plain = Rounds(), dict[int, dict[str, Any]]()
    for step, plan in added:
        entry = {"step": step, "steps": 8, "checksum": step * 2**31, "plan": {"plan": plan}}
        rounds.add(entry)
        plain[step] = entry
        assert len(rounds) == len(plain)
    assert rounds == plain
    assert list(rounds) == sorted(plain)
    assert rounds.get(7) is None


def test_a_plan_that_stays_the_same_is_kept_once() -> None:
    rounds = Rounds()
    for step in range(100):
        rounds.add({"step": step, "steps": 1, "checksum": step, "plan": {"full": 1.0}})
    assert len({id(entry["plan"]) for entry in rounds.values()}) == 1
