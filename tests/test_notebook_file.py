"""Files that somebody sends are read as data: what is in them is found, what is wrong with them is said."""

from __future__ import annotations

import ast
import json
import random
import resource
import time
import tracemalloc
from pathlib import Path

import pytest
import shared_notebooks as made
from nbconvert import HTMLExporter
from nbformat.v4 import new_output

from dvlwidgets.cli.copies import read
from dvlwidgets.data import bounded_json, notebook_file, notebook_strip, shared_checks, snapshot_html
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.notebook_file import payloads
from dvlwidgets.data.shared_edits import Edits
from dvlwidgets.errors import DvlError, NotebookError
from dvlwidgets.widgets.copies import MIME


@pytest.fixture(autouse=True)
def _no_build(monkeypatch):
    made.no_build(monkeypatch)


@pytest.fixture
def log(tmp_path):
    return made.edited_log(tmp_path)


def test_every_copy_in_a_notebook_is_found_with_its_run(tmp_path):
    path = made.saved(tmp_path, made.copy(run="first").bundle(), made.copy("summary", run="second").bundle())
    found = payloads(path)
    assert [(copy.run, copy.title, copy.payload["share"]) for copy in found] == [
        ("first", "the points", "values"),
        ("second", "the points", "summary"),
    ]
    assert found[0].place == f"cell 3 of {path}"


def test_outputs_of_every_kind_are_looked_at(tmp_path):
    html = made.copy().html
    outputs = [
        new_output("execute_result", data={"text/html": html.splitlines(keepends=True)}, execution_count=1),
        new_output("display_data", data={"text/html": html}),
        {"output_type": "update_display_data", "data": {"text/html": html}, "metadata": {}},
    ]
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "outputs": outputs}]}))
    assert len(payloads(path)) == 3


def test_pages_that_nbconvert_makes_and_pages_of_panels_hold_the_same_copies(tmp_path):
    notebook = made.saved(tmp_path, made.copy(title="one").bundle(), made.copy(title="two").bundle())
    page, own = tmp_path / "page.html", tmp_path / "own.html"
    page.write_text(HTMLExporter().from_filename(notebook)[0])
    own.write_text(made.copy(title="one").page())
    assert [copy.title for copy in payloads(page)] == ["one", "two"]
    assert [copy.title for copy in payloads(own)] == ["one"]
    assert payloads(page)[0].payload == payloads(notebook)[0].payload


def test_a_payload_alone_is_read_too(tmp_path):
    path = tmp_path / "copy.json"
    path.write_text(json.dumps(payloads(made.saved(tmp_path, made.copy().bundle()))[0].payload))
    assert payloads(path)[0].run == "the points"


# --- edits --------------------------------------------------------------------------------------------------------


def test_edits_come_out_of_a_notebook_and_a_page_as_they_went_in(tmp_path, log):
    notebook = made.saved(tmp_path, made.copy(log=log).bundle())
    page = tmp_path / "page.html"
    page.write_text(made.copy(log=log).page())
    for path in (notebook, page):
        assert (
            Edits.from_notebook(path).apply(made.points()).fingerprint == log.apply(made.points()).fingerprint
        )


def test_edits_of_several_data_sets_need_the_name_of_a_run(tmp_path, log):
    other = EditLog(tmp_path / "other.jsonl")
    other.drop(made.points(), [7])
    path = made.saved(
        tmp_path,
        made.copy(run="a", log=log).bundle(),
        made.copy(run="b", log=other).bundle(),
        made.copy(run="c", log=log).bundle(),  # another panel on the data of the first
        made.copy(run="d").bundle(),
    )
    with pytest.raises(NotebookError, match="edits of 2 data sets; say which run's are meant: 'a', 'b', 'c'"):
        Edits.from_notebook(path)
    assert len(Edits.from_notebook(path, "b")) == 1
    assert len(Edits.from_notebook(path, run="c")) == 3
    with pytest.raises(NotebookError, match="no run 'x'; it has 'a', 'b', 'c', 'd'"):
        Edits.from_notebook(path, "x")
    with pytest.raises(NotebookError, match="nothing was edited in 'd'"):
        Edits.from_notebook(path, "d")


def test_the_newest_edits_of_a_log_count_where_it_was_shown_twice(tmp_path, log):
    early = made.copy(log=log).bundle()
    log.undo()
    path = made.saved(tmp_path, early, made.copy(log=log).bundle())
    assert len(Edits.from_notebook(path)) == 2


def test_a_notebook_without_copies_says_why_that_may_be(tmp_path):
    with pytest.raises(NotebookError, match=r"holds no copy of a panel.*strip"):
        Edits.from_notebook(made.saved(tmp_path))


def test_edits_of_a_copy_at_level_summary_are_said_to_be_missing(tmp_path, log):
    path = made.saved(tmp_path, made.copy("summary", log=log).bundle())
    with pytest.raises(DvlError, match="shared at level 'summary'"):
        Edits.from_notebook(path)


# --- hostile files ------------------------------------------------------------------------------------------------


def attempt(path) -> tuple[list[notebook_file.Found], str]:
    """The copies in a file, or why it was refused."""
    try:
        return payloads(path), ""
    except NotebookError as refusal:
        return [], str(refusal)


def notebook_with(html: object, **more: object) -> str:
    output = {"output_type": "display_data", "data": {"text/html": html} | more, "metadata": {}}
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "outputs": [output]}]})


def script(payload: str) -> str:
    return f'<script type="application/json" class="dvl-snapshot-data" data-for="x">{payload}</script>'


HEAD = '{"format":"dvlwidgets-snapshot","v":1,"share":"values"'
DEEP = 100_000
HOSTILE = {
    "nothing": "",
    "no text": "\x00\x01\x02",
    "a word": "hello",
    "a number": "3",
    "a list": "[]",
    "an empty object": "{}",
    "another object": '{"a": 1}',
    "half an object": '{"nbformat": 4, "cells": [',
    "nested lists": "[" * DEEP + "]" * DEEP,
    "nested objects": '{"a":' * DEEP + "1" + "}" * DEEP,
    "a nested notebook": '{"nbformat":4,"cells":' + "[" * DEEP + "]" * DEEP + "}",
    "a nested payload": notebook_with(script(HEAD + ',"frame":' + "[" * DEEP + "]" * DEEP + "}")),
    "a payload nested a little": notebook_with(script(HEAD + ',"frame":' + "[" * 300 + "]" * 300 + "}")),
    "NaN": notebook_with(script(HEAD + ',"frame":NaN}')),
    "infinity": notebook_with(script(HEAD + ',"frame":-Infinity}')),
    "a huge number": notebook_with(script(HEAD + ',"frame":' + "9" * 10_000 + "}")),
    "too large a float": notebook_with(script(HEAD + ',"frame":1e999}')),
    "an open script": notebook_with(script(HEAD).removesuffix("</script>")),
    "half a payload": notebook_with(script(HEAD)),
    "a script inside": notebook_with(script(HEAD + ',"x":"</script><script>alert(1)</script>"}')),
    "another version": notebook_with(script('{"format":"dvlwidgets-snapshot","v":2}')),
    "another format": notebook_with(script('{"format":"pickle","v":1}')),
    "no object": notebook_with(script('"dvlwidgets-snapshot"')),
    "nbformat 3": '{"nbformat": 3, "worksheets": []}',
    "nbformat text": '{"nbformat": "four", "cells": []}',
    "many containers": '{"nbformat": 4, "cells": [' + "[],[{}]," * 1_000_000 + "1]}",
    "a billion laughs": '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
    "edits alone, damaged": '{"format":"dvlwidgets-edits","v":1,"edits":[{}],"n":3}',
    "edits nested": '{"format":"dvlwidgets-edits","v":1,"edits":' + "[" * 900 + "]" * 900 + "}",
    "an open tag": '<div class="dvl-snapshot' + " " * 100_000,
    "many open tags": "<script " * 20_000 + "<div class=" * 20_000,
    "many scripts": '<script class="dvl-snapshot-data">' * 20_000,
    "comments": "<!--" * 50_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_in_a_sentence_or_holds_nothing(tmp_path, kind):
    path = tmp_path / "hostile"
    path.write_bytes(HOSTILE[kind].encode())
    started = time.process_time()
    found, refusal = attempt(path)
    assert refusal == "" or refusal.endswith((".", ")"))
    assert len(refusal) < 500 + 2 * len(str(path))
    for copy in found:
        with pytest.raises(NotebookError, match="is damaged"):
            read(copy)
    with pytest.raises(DvlError):
        Edits.from_notebook(path)
    assert time.process_time() - started < 10


def test_wrong_types_anywhere_in_a_notebook_are_no_copies(tmp_path):
    path = tmp_path / "n.ipynb"
    wrong = [None, 3, "x", [], {}, [None], [[]], {"a": 1}]
    for value in wrong:
        for text in (
            json.dumps({"nbformat": 4, "cells": value}),
            json.dumps({"nbformat": 4, "cells": [value]}),
            json.dumps({"nbformat": 4, "cells": [{"outputs": value}]}),
            json.dumps({"nbformat": 4, "cells": [{"outputs": [value]}]}),
            json.dumps({"nbformat": 4, "cells": [{"outputs": [{"data": value}]}]}),
            notebook_with(value),
            notebook_with([value, value]),
            notebook_with("", **{MIME: value}),
        ):
            path.write_text(text)
            assert payloads(path) == []


def test_a_copy_cut_off_anywhere_is_refused_in_words(tmp_path):
    page = made.copy().page()
    path = tmp_path / "page.html"
    start = page.index("dvl-snapshot-data")
    end = page.index("</script>", start)
    for cut in [start + 5, start + 30, *range(start + 60, end + 8, (end - start) // 40)]:
        path.write_text(page[:cut])
        found, refusal = attempt(path)
        assert found == []
        assert refusal == "" or "cut off" in refusal


def test_a_payload_with_any_part_replaced_is_read_or_refused_in_words(tmp_path):
    """Mutations of a whole payload: what `show` would print never ends in another exception."""
    from dvlwidgets.cli.printing import described

    payload = payloads(made.saved(tmp_path, made.copy("full").bundle()))[0].payload
    path = tmp_path / "copy.json"
    draw = random.Random(0)
    strange = [
        None,
        -1,
        2**70,
        1.5,
        True,
        "",
        "x",
        "\u202e</script>\x1b[31m",
        [],
        {},
        [None],
        {"b": 0, "d": "f8", "n": 1},
    ]
    refused = 0
    for _ in range(1500):
        mutant = json.loads(json.dumps(payload))
        holder = mutant
        while True:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            key = draw.choice(keys)
            if not isinstance(holder[key], dict | list) or not holder[key] or draw.random() < 0.3:
                break
            holder = holder[key]
        if isinstance(holder, dict) and draw.random() < 0.2:
            del holder[key]
        else:
            holder[key] = draw.choice(strange)
        path.write_text(json.dumps(mutant))
        try:
            for copy in payloads(path):
                described(read(copy), 10)
        except NotebookError:
            refused += 1
    assert 300 < refused < 1500


@pytest.mark.parametrize(
    "text",
    [
        '{"nbformat": 4, "cells": [' + '"' + "x" * 5_000_000 + '"]}',
        '{"nbformat": 4, "cells": [' + "{}," * 900_000 + "1]}",
        '{"nbformat": 4, "cells": [' + "[]," * 3_000_000 + "1]}",
        notebook_with(script(HEAD + ',"frame":{"content":{"n":100000000000},"buffers":[]}}')),
        "<script class=dvl-snapshot-data>" + "[" * 5_000_000,
    ],
    ids=["one text", "many objects", "too many lists", "a claim", "brackets"],
)
def test_memory_stays_within_a_small_factor_of_the_file(tmp_path, text):
    path = tmp_path / "large"
    path.write_text(text)
    tracemalloc.start()
    try:
        for copy in payloads(path):
            read(copy)
    except NotebookError:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * len(text) + 2_000_000


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "large.ipynb"
    with path.open("wb") as file:
        file.truncate(bounded_json.MOST_BYTES + 1)  # a hole: it takes no room on the disk
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(NotebookError, match="more than 256 MB"):
        payloads(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10_000  # kB


@pytest.mark.parametrize(
    ("name", "words"),
    [("nowhere.ipynb", "is not there"), ("", "is a folder"), ("x\x00y", "cannot be read|is not there")],
)
def test_what_is_no_file_is_refused_in_words(tmp_path, name, words):
    with pytest.raises(NotebookError, match=words):
        payloads(tmp_path / name)


def test_text_that_is_no_utf8_is_refused_and_a_mark_before_it_is_not(tmp_path):
    path = tmp_path / "n.ipynb"
    path.write_bytes("ä".encode("latin-1"))
    with pytest.raises(NotebookError, match="no text in UTF-8"):
        payloads(path)
    notebook = made.saved(tmp_path, made.copy().bundle())
    notebook.write_bytes(b"\xef\xbb\xbf" + notebook.read_bytes())
    assert len(payloads(notebook)) == 1


def test_nothing_that_could_execute_a_file_is_known_to_its_readers():
    for module in (notebook_file, bounded_json, snapshot_html, notebook_strip, shared_checks):
        tree = ast.parse(Path(module.__file__).read_text())
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        imported = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        } | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not names & {"eval", "exec", "compile", "__import__", "getattr"}
        ours = {name for name in imported if name.startswith("dvlwidgets")}
        assert imported - ours <= {
            "__future__", "collections.abc", "dataclasses", "json", "math", "os", "pathlib", "re", "typing",
        }  # fmt: skip
