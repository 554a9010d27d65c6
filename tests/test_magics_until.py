"""`--until`: rules in words."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

import dvlwidgets as dvl
from dvlwidgets.magics.until import until

R, E, T = dvl.RankCorrelation, dvl.AbsoluteStandardError, dvl.MaxTime


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("rank(0.95)", R(0.05)),
        ("rank(.9)", R(0.1)),
        ("stderr(0.01)", E(0.01)),
        ("seconds(30)", T(30)),
        ("minutes(10)", T(600)),
        ("minutes(0.5)", T(30)),
        ("hours(1)", T(3600)),
        ("updates(100)", dvl.MaxUpdates(100)),
        ("evaluations(5_000)", dvl.MaxSamples(None, 5000)),
        ("rank(0.95) | minutes(10)", R(0.05) | T(600)),
        ("rank(0.95) & ~seconds(1)", R(0.05) & ~T(1)),
        ("seconds(1) | seconds(2) & seconds(3)", T(1) | T(2) & T(3)),
        ("(seconds(1) | seconds(2)) & seconds(3)", (T(1) | T(2)) & T(3)),
        ("seconds(1) | (seconds(2) | seconds(3))", T(1) | (T(2) | T(3))),
        ("~(seconds(1) & ~rank(0.5))", ~(T(1) & ~R(0.5))),
        ("~~seconds(1)", ~~T(1)),
    ],
)
def test_rules_in_words_are_the_rules_of_the_package(text, rule):
    assert eval(until(text), {name: getattr(dvl, name) for name in dvl.__all__}) == rule


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rnk(0.95)", ["'rnk(0.95)'", "Did you mean 'rank'?", "minutes(10)"]),
        ("rank(0.95) | minuts(3)", ["'minuts(3)'", "Did you mean 'minutes'?"]),
        ("rank", ["needs its number in parentheses", "rank(0.95)"]),
        ("rank()", ["'rank()'", "between 0 and 1"]),
        ("rank(1.5)", ["'rank(1.5)'", "between 0 and 1"]),
        ("rank(rtol=0.1)", ["'rank(rtol=0.1)'", "between 0 and 1"]),
        ("minutes(0)", ["'minutes(0)'", "above 0"]),
        ("minutes(-3)", ["'minutes(-3)'", "above 0"]),
        ("minutes(True)", ["'minutes(True)'", "above 0"]),
        ("minutes('3')", ["above 0"]),
        ("minutes(1e400)", ["above 0"]),
        ("updates(1.5)", ["'updates(1.5)'", "whole number", "updates(100)"]),
        ("rank(0.9) or minutes(1)", ["'rank(0.9) or minutes(1)'", "| (either)"]),
        ("not rank(0.9)", ["'not rank(0.9)'", "~ (not)"]),
        ("rank(0.9) |", ["cannot be read", "rank(0.95) | minutes(10)"]),
        ("", ["cannot be read"]),
        ("rank(0.9); minutes(1)", ["cannot be read"]),
        ("0.95", ["there is no rule '0.95'"]),
        ("rank(0.9) ^ minutes(1)", ["there is no rule 'rank(0.9) ^ minutes(1)'"]),
        ("__import__('os').system('touch x')", ["there is no rule"]),
        ("rank((lambda: 0.5)())", ["between 0 and 1"]),
        ("~" * 5000 + "rank(0.9)", ["cannot be read"]),
    ],
)
def test_what_is_no_rule_is_named_with_the_ones_that_there_are(text, words):
    with pytest.raises(UsageError) as caught:
        until(text)
    message = str(caught.value)
    assert message.startswith("--until: ")
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_nothing_in_the_rules_is_evaluated(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text in (
        "rank(open('made', 'w').write('x'))",
        "open('made', 'w').write('x')",
        "rank(0.9) | made.now",
    ):
        with pytest.raises(UsageError):
            until(text)
    assert list(tmp_path.iterdir()) == []
