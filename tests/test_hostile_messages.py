"""Messages from a page with arguments made wrong on purpose: a sentence comes back, and nothing is done."""

from __future__ import annotations

import json
import math

import pytest
from panel_fakes import FakeValuation, Page, dataset

from dvlwidgets.engine import runs
from dvlwidgets.errors import WireError
from dvlwidgets.widgets import bundle, commands, influence_commands, preferences
from dvlwidgets.widgets.control_answers import answer
from dvlwidgets.widgets.panel import ValuationPanel

N = 20


def deep(levels: int) -> list:
    item: list = []
    for _ in range(levels):
        item = [item]
    return item


WRONG = (
    None, True, False, "", "x", "9", "__class__", "../../etc/passwd", "\u202e\x00\x1b[2J", "x" * 10_000, 0.5, -1, N,
    2**31, 2**63, 10**5000, -(10**5000), 1e308, math.nan, math.inf, [], {}, [None], [[0]], [-1], [N], [True], [0.0],
    ["0"], list(range(100_000)), {"__class__": "x"}, {"t": "drop"}, deep(900), deep(50_000), b"bytes", object,
)  # fmt: skip
PANEL = (
    {"t": "hello", "have": -1},
    {"t": "ack", "seq": 3},
    {"t": "relabel", "request": "a", "rows": [0], "label": 1},
    {"t": "relabel", "request": "a", "rows": [0], "new": "c"},
    {"t": "drop", "request": "a", "rows": [0], "dropped": True},
    {"t": "previews", "request": "a", "rows": [0, 1]},
)
INFLUENCE = (
    *PANEL,
    {"t": "of_test", "request": "a", "test": 1, "k": 3},
    {"t": "of_train", "request": "a", "train": 1},
    {"t": "previews", "request": "a", "rows": [0], "of": "test"},
)
CONTROL = (
    {"v": 1, "t": "pause", "request": "7", "run": "fake"},
    {"v": 1, "t": "stop", "request": "7", "run": "fake"},
    {"v": 1, "t": "prefer", "request": "7", "share": "full", "rate": 3},
)


def mutated(given: tuple[dict, ...]) -> list:
    """Every command with every argument made wrong in every way, or left out; and what is no command at all."""
    found: list = list(WRONG)
    for command in given:
        for key in command:
            found += [command | {key: wrong} for wrong in WRONG]
            found.append({name: item for name, item in command.items() if name != key})
        found += [command | {"__class__": wrong, "self": wrong} for wrong in WRONG]
    return found


def refusal(parse, content) -> str | None:
    try:
        assert isinstance(parse(content), commands.Command)
    except WireError as refused:
        return str(refused)
    return None


@pytest.mark.parametrize(
    ("given", "parse"),
    [
        (PANEL, lambda content: commands.parse(content, N)),
        (INFLUENCE, lambda content: influence_commands.parse(content, N, 7)),
    ],
)
def test_every_argument_of_every_command_is_checked(given, parse):
    said = [refusal(parse, content) for content in mutated(given)]
    sentences = [sentence for sentence in said if sentence is not None]
    assert len(sentences) > len(said) / 2
    for sentence in sentences:
        assert sentence.isprintable()
        assert 20 < len(sentence) < 400
        assert sentence.endswith(".")
    for content in mutated(given):
        request = commands.request_of(content)
        assert request is None or len(request) <= 100


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A page on a panel that has not started, its list of runs its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bundle, "read", lambda name: "export default {}")
    monkeypatch.setattr(runs, "_LIST", runs._List())
    panel = ValuationPanel(FakeValuation(), dataset(N), name="fake")
    page = Page(lambda content: panel._received(panel, content, []))
    panel.send = page
    page.panel = panel
    yield page
    panel.close()
    preferences.prefer(share="values", rate=10)


def test_what_is_refused_has_no_effect(page):
    panel = page.panel
    before = panel.dataset().fingerprint
    bad = [content for content in mutated(PANEL) if refusal(lambda c: commands.parse(c, N), content)]
    meant = [
        {"label": 10**30}, {"label": -1}, {"label": 99}, {"number": 3}, {"number": 10**400}, {"new": "\ud800"},
    ]  # fmt: skip
    bad += [{"t": "relabel", "request": "b", "rows": [0], **choice} for choice in meant]
    page.receive({"t": "hello", "have": -1})
    page.wait_for(lambda m: m["t"] == "full")
    for content in bad:
        page.receive(content)
    page.wait_for(lambda _: len(page.of("error")) >= len(bad))
    json.dumps(page.of("error"), allow_nan=False).encode()
    assert all(0 < len(error["message"]) < 500 for error in page.of("error"))
    assert (panel.state, panel.dataset().fingerprint, panel.edits.path.exists()) == ("pending", before, False)


def test_the_control_channel_answers_anything_and_does_what_it_was_asked_only(page):
    panel = page.panel
    stopped = []
    panel.stop = panel.pause = lambda: stopped.append(1)
    for content in mutated(CONTROL):
        before = preferences.current()
        reply = answer(content)
        json.dumps(reply, allow_nan=False).encode()
        if reply["t"] == "error":
            assert 10 < len(reply["message"]) <= 500
            assert preferences.current() == before
            assert stopped == []
        stopped.clear()


def test_the_mutations_can_do_something(page):
    """Were one of them let through unchecked, the tests above would see it."""
    page.receive({"t": "drop", "request": "a", "rows": [0], "dropped": True})
    page.wait_for(lambda m: m["t"] == "edits")
    assert page.panel.edits.path.exists()
    assert answer(CONTROL[2])["t"] == "runs"
    assert preferences.current().share == "full"
