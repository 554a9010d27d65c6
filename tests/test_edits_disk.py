from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from dvlwidgets.data import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.errors import EditError

HEADER = b'{"format": "dvlwidgets-edits", "v": 1}\n'


def dataset(n=8):
    return Dataset(np.arange(3.0 * n).reshape(n, 3), np.arange(n) % 3)


def test_the_file_appears_with_the_first_edit_and_not_before(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    d = dataset()
    log = EditLog.of(d)
    assert log.path == tmp_path / "dvlwidgets-edits" / f"{d.fingerprint[:16]}.jsonl"
    assert not log.path.parent.exists()
    log.drop(d, [1])
    assert log.path.exists()


def test_all_panels_on_one_data_set_share_one_log(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = EditLog.of(dataset())
    assert EditLog.of(dataset()) is log
    assert EditLog.of(dataset(), tmp_path / "x.jsonl") is not log
    assert EditLog.of(dataset(), "x.jsonl") is EditLog.of(dataset(7), tmp_path / "x.jsonl")


@pytest.mark.parametrize("cut", range(1, 90, 3))
def test_a_torn_last_line_is_dropped_and_written_over(tmp_path, cut):
    d, path = dataset(), tmp_path / "e.jsonl"
    log = EditLog(path)
    log.relabel(d, [1], 2)
    whole = path.read_bytes()
    log.relabel(d, [2], 0)
    last = path.read_bytes()[len(whole) :]
    path.write_bytes(whole + last[: min(cut, len(last) - 1)])
    again = EditLog(path)
    assert again.apply(d).labels.tolist()[:3] == [0, 2, 2]
    again.drop(d, [7])
    assert len(EditLog(path)) == 2
    assert path.read_bytes().count(b"\n") == 3


def test_a_log_torn_in_its_first_line_begins_again(tmp_path):
    path = tmp_path / "e.jsonl"
    path.write_bytes(b'{"format": "dvl')
    log = EditLog(path)
    log.drop(dataset(), [1])
    assert len(EditLog(path)) == 1


@pytest.mark.parametrize(
    "lines",
    [
        b"id,label\n1,2\n",
        b'{"format": "dvlwidgets-edits", "v": 2}\n',
        HEADER + b"nonsense\n",
        HEADER + b"[]\n",
        HEADER + b'{"op": "undo", "rows": [], "at": ""}\n',
        HEADER + b'{"op":"tag","at":"","rows":[{"id":1,"hash":"","field":"tag","old":1,"new":2}]}\n',
        HEADER + b'{"op":"flag","at":"","rows":[{"id":1,"hash":"","field":"flag","old":1,"new":2}]}\n',
        HEADER + b'{"op":"note","at":"","rows":[{"id":1,"hash":"","field":"note","old":"","new":2}]}\n',
        HEADER
        + b'{"op":"drop","at":"","rows":[{"id":1,"hash":"","field":"dropped","old":false,"new":true,"value":NaN}]}\n',
        HEADER
        + b'{"op":"drop","at":"","rows":[{"id":1,"hash":"","field":"dropped","old":false,"new":true,"by":1}]}\n',
    ],
)
def test_a_file_that_is_no_log_is_refused_and_left_alone(tmp_path, lines):
    path = tmp_path / "e.jsonl"
    path.write_bytes(lines)
    with pytest.raises(EditError, match="cannot be read as a log"):
        EditLog(path)
    assert path.read_bytes() == lines


def test_an_edit_that_cannot_be_written_is_not_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    d, log = dataset(), EditLog(tmp_path / "file" / "e.jsonl")
    with pytest.raises(EditError, match="could not be written"):
        log.relabel(d, [1], 2)
    assert log.net == {}
    assert log.summary()["undo"] is False


def test_a_full_disk_leaves_the_log_as_it_was(tmp_path, monkeypatch):
    d, log = dataset(), EditLog(tmp_path / "e.jsonl")
    log.drop(d, [1])
    before = log.path.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EditError, match="No space left"):
        log.drop(d, [2])
    monkeypatch.undo()
    assert log.path.read_bytes() == before
    assert len(log) == 1
    log.drop(d, [3])
    assert len(EditLog(log.path)) == 2


def test_a_deleted_file_is_noticed(tmp_path):
    d, log = dataset(), EditLog(tmp_path / "e.jsonl")
    log.drop(d, [1])
    log.path.unlink()
    with pytest.raises(EditError, match="deleted or shortened"):
        log.drop(d, [2])
    assert not log.path.exists()


def test_two_writers_of_one_file_read_each_other(tmp_path):
    d = dataset()
    one, two = EditLog(tmp_path / "e.jsonl"), EditLog(tmp_path / "e.jsonl")
    one.relabel(d, [1], 2)
    two.relabel(d, [1], 0)
    one.undo()
    assert one.apply(d).labels[1] == 2
    assert EditLog(one.path).apply(d).labels[1] == 2


def test_threads_do_not_lose_edits(tmp_path):
    d, log = dataset(40), EditLog(tmp_path / "e.jsonl")
    threads = [threading.Thread(target=lambda k=k: log.drop(d, [k])) for k in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(EditLog(log.path)) == len(log) == 20
    assert EditLog(log.path).apply(d).ids.tolist() == list(range(20, 40))


WRITER = """
import sys
import numpy as np
from dvlwidgets.data import Dataset
from dvlwidgets.data.edit_log import EditLog
n = 8
d = Dataset(np.arange(3.0 * n).reshape(n, 3), np.arange(n) % 3)
log = EditLog(sys.argv[1])
for k in range(10_000):
    log.relabel(d, [k % n], (k + 1) % 3, why="by hand", values=np.arange(n) / 7)
    print(len(log), flush=True)
    log.flag(d, [k % n], flagged=k // n % 2 == 0)
    print(len(log), flush=True)
    log.note(d, [k % n], f"seen {k} times")
    print(len(log), flush=True)
"""


def test_kill_minus_nine_right_after_an_acknowledgement_loses_nothing(tmp_path):
    path = tmp_path / "e.jsonl"
    acknowledged = 0
    for stop_after in (1, 3, 7):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            for _ in range(stop_after):
                acknowledged = int(writer.stdout.readline())
            os.kill(writer.pid, signal.SIGKILL)
            rest = writer.stdout.read().split()
        acknowledged = int(rest[-1]) if rest else acknowledged
        assert len(EditLog(path)) >= acknowledged
    lines = path.read_bytes().splitlines()[1:]
    assert [json.loads(line)["op"] for line in lines[:3]] == ["relabel", "flag", "note"]
    assert EditLog(path).history()[0].edit.rows[0].value == 0.0


OLD = b"""{"op": "relabel", "rows": [{"id": 1, "hash": "%s", "field": "label", "old": 1, "new": 2}], "at": "2026-01-01"}
{"op": "drop", "rows": [{"id": 7, "hash": "%s", "field": "dropped", "old": false, "new": true}], "at": "2026-01-02"}
{"op": "undo", "rows": [], "at": "2026-01-03"}
"""


def test_a_log_of_before_flags_and_authors_is_read_and_gone_on_with(tmp_path):
    d, path = dataset(), tmp_path / "e.jsonl"
    path.write_bytes(HEADER + OLD % (d.row_hash(1).encode(), d.row_hash(7).encode()))
    log = EditLog(path, author="ana")
    assert log.apply(d).labels.tolist() == [0, 2, 2, 0, 1, 2, 0, 1]
    log.note(d, [1], "looks like a 2", why="magnified")
    first, dropped, noted = EditLog(path).history()
    assert (first.edit.who, first.edit.rows[0].value, first.in_force) == ("", None, True)
    assert not dropped.in_force
    assert (noted.number, noted.edit.who, noted.edit.why) == (3, "ana", "magnified")
    assert path.read_bytes().startswith(HEADER + OLD[:20])
