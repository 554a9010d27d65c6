"""Files that somebody else wrote are read without unpickling: each reader gets a file that would run code."""

from __future__ import annotations

import builtins
import pickle
import sys
import zipfile

import numpy as np
import pytest
from panel_fakes import dataset

from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.notebook_file import payloads
from dvlwidgets.data.shared_edits import Edits
from dvlwidgets.engine.checkpoint import StateReceipts
from dvlwidgets.engine.journal_records import read_header
from dvlwidgets.errors import DvlError, EditError
from dvlwidgets.influence.summary import InfluenceSummary
from dvlwidgets.valuation.result import ValuationResult, load_result, save_result

RAN = "dvl_pickle_ran"


class Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return exec, (f"import builtins; builtins.{RAN} = True",)


@pytest.fixture(autouse=True)
def unpickled(monkeypatch):
    """Fails a test in which anything was unpickled, by whatever door."""
    found: list[str] = []
    builtins.__dict__.pop(RAN, None)

    def refused(name, call):
        def door(*arguments, **more):
            found.append(name)
            return call(*arguments, **more)

        return door

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refused(f"pickle.{name}", getattr(pickle, name)))
    cloudpickle = sys.modules.get("cloudpickle")
    for name in ("load", "loads"):
        if cloudpickle is not None:
            monkeypatch.setattr(cloudpickle, name, refused(f"cloudpickle.{name}", getattr(cloudpickle, name)))
    real = np.load
    monkeypatch.setattr(
        np, "load",
        lambda *a, allow_pickle=False, **k: refused("np.load", real)(*a, allow_pickle=allow_pickle, **k)
        if allow_pickle else real(*a, **k),
    )  # fmt: skip
    yield found
    assert found == []
    assert not hasattr(builtins, RAN)


def bombs(folder):
    """A bare pickle, .npy and .npz with objects, a zip with a pickle inside."""
    body = pickle.dumps(Bomb())
    objects = np.array([Bomb()], dtype=object)
    (folder / "bare").write_bytes(body)
    np.save(folder / "one.npy", objects, allow_pickle=True)
    names = ("meta", "about", "values", "array_x", "format", "ids", "header")
    np.savez(folder / "all.npz", **dict.fromkeys(names, objects))
    for entry in ("data.pkl", "meta.npy", "archive/data.pkl"):
        with zipfile.ZipFile(folder / f"{entry.replace('/', '-')}.zip", "w") as archive:
            archive.writestr(entry, body)
    return sorted(folder.iterdir())


READERS = {
    "load_result": load_result,
    "InfluenceSummary.load": InfluenceSummary.load,
    "EditLog": lambda path: EditLog(path).apply(dataset()),
    "Edits.from_notebook": Edits.from_notebook,
    "payloads": payloads,
    "checkpoint": lambda path: StateReceipts(path, {}),
}


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_holds_a_pickle_is_refused_unread(tmp_path, name, unpickled):
    (tmp_path / "bombs").mkdir()
    for path in bombs(tmp_path / "bombs"):
        named = (
            path.rename(path.with_name(f"{path.name}.ipynb"))
            if name in {"payloads", "Edits.from_notebook"}
            else path
        )
        before = named.read_bytes()
        with pytest.raises((DvlError, ValueError)) as refused:
            READERS[name](named)
        assert len(str(refused.value)) > 20
        assert named.read_bytes() == before


def test_a_file_that_is_no_journal_has_no_header(tmp_path):
    assert [read_header(path) for path in bombs(tmp_path)] == [{}] * 6


def test_a_file_of_something_else_without_a_line_end_is_no_log_and_is_left_alone(tmp_path):
    path, data = tmp_path / "mine", dataset()
    path.write_bytes(b"one line of mine")
    with pytest.raises(EditError, match="cannot be read as a log of edits"):
        EditLog(path).drop(data, [0])
    assert path.read_bytes() == b"one line of mine"


def test_a_result_with_one_array_replaced_by_objects_is_refused(tmp_path):
    result = ValuationResult(
        values=np.arange(4.0), variances=np.ones(4), counts=np.ones(4, int), algorithm="x"
    )
    path = tmp_path / "result.npz"
    save_result(result, path)
    with np.load(path) as archive:
        arrays = {key: archive[key] for key in archive.files}
    assert not any(array.dtype.hasobject for array in arrays.values())
    for key in arrays:
        np.savez(tmp_path / "bad.npz", **(arrays | {key: np.array([Bomb()] * 4, dtype=object)}))
        with pytest.raises((DvlError, ValueError)):
            load_result(tmp_path / "bad.npz")
    np.testing.assert_array_equal(load_result(path).values, result.values)


def test_the_fixture_sees_an_unpickling(unpickled):
    pickle.loads(pickle.dumps(Bomb()))
    assert unpickled == ["pickle.loads"]
    assert getattr(builtins, RAN)
    delattr(builtins, RAN)
    unpickled.clear()
