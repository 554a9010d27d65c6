"""A store in a folder outlives its process, whole or cut off, and says what is wrong with a folder."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import torch
from influence.problems import case, dense_gradients

from dvlwidgets.errors import StoreError
from dvlwidgets.influence import store_files
from dvlwidgets.influence.grad_dot import GradDotInfluence
from dvlwidgets.influence.store import _OPEN, GradientStore


class Counting(GradDotInfluence):
    """Counts the samples whose gradients are computed."""

    computed = 0

    def gradients_with_losses(self, batch):
        self.computed += len(batch)
        return super().gradients_with_losses(batch)


def store_at(path, made=None, *, sizes=(10, 20, 30), **options):
    """As another process would open it."""
    made = made or case("mlp_tanh")
    _OPEN.clear()
    return GradientStore.of(Counting(made.model, made.loss), made.batches(*sizes), path=path, **options)


def folder_of(path):
    (folder,) = path.iterdir()
    return folder


@pytest.mark.parametrize(("dtype", "error"), [(None, 0.0), ("float32", 1e-7), ("bfloat16", 4e-3)])
@pytest.mark.parametrize("name", ["mlp_tanh", "cnn", "tokens"])
def test_what_was_stored_is_read_again_without_computing(tmp_path, name, dtype, error):
    made = case(name)
    first = store_at(tmp_path, made, dtype=dtype)
    first.rows(0, 60)
    again = store_at(tmp_path, made, sizes=(60,), dtype=dtype)
    assert again is not first
    assert again.complete
    rows, wanted = again.rows(11, 50), dense_gradients(made)[11:50]
    assert again.model.computed == 0
    assert rows.flat().dtype is torch.float64
    assert float((rows.flat() - wanted).abs().max() / wanted.abs().max()) <= max(error, 1e-13)
    assert torch.equal(again.losses, first.losses)
    assert again.spec == first.spec
    assert again.nbytes == first.nbytes


def test_the_files_take_as_many_bytes_as_the_store_says(tmp_path):
    store = store_at(tmp_path, dtype="bfloat16")
    store.rows(0, 60)
    files = sum(f.stat().st_size for f in folder_of(tmp_path).glob("*.bin"))
    assert files == store.nbytes == 60 * (2 * (4 + 5 + 5 + 3) + 9)


def test_only_what_is_missing_is_computed_after_a_stop(tmp_path):
    store_at(tmp_path).rows(0, 25)
    again = store_at(tmp_path)
    assert again.computed == 30
    assert not again.complete
    again.rows(0, 60)
    assert again.model.computed == 30
    torch.testing.assert_close(again.rows(0, 60).flat(), dense_gradients(case("mlp_tanh")))


def test_a_process_that_is_killed_loses_what_it_had_not_marked_and_nothing_else(tmp_path):
    program = f"""
import os, signal, sys
sys.path.insert(0, {os.fspath(Path(__file__).parent.parent)!r})
from influence.problems import case
from dvlwidgets.influence.grad_dot import GradDotInfluence
from dvlwidgets.influence.store import GradientStore
from dvlwidgets.influence import store_files
from dvlwidgets.influence.store_files import FileShelf
store_files.SYNC_SECONDS = 0.0
made, put = case("mlp_tanh"), FileShelf._put
def die_before_the_marks_of_the_last_batch(self, name, where, rows):
    if name == "done.bin" and rows.all() and 30 in where:
        os.kill(os.getpid(), signal.SIGKILL)
    put(self, name, where, rows)
FileShelf._put = die_before_the_marks_of_the_last_batch
model = GradDotInfluence(made.model, made.loss)
GradientStore.of(model, made.batches(10, 20, 30), path={os.fspath(tmp_path)!r}).rows(0, 60)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)
    assert done.returncode == -9, done.stderr.decode()
    again = store_at(tmp_path)
    assert again.computed == 30
    torch.testing.assert_close(again.rows(0, 60).flat(), dense_gradients(case("mlp_tanh")))
    assert again.model.computed == 30


@pytest.mark.parametrize(("name", "left"), [("1.g.bin", 1001), ("losses.bin", 24), ("done.bin", 7)])
def test_files_that_were_cut_off_lose_the_samples_in_what_is_missing(tmp_path, name, left):
    made = case("mlp_tanh")
    store = store_at(tmp_path, made)
    store.rows(0, 60)
    width = (folder_of(tmp_path) / name).stat().st_size // 60
    os.truncate(folder_of(tmp_path) / name, left)
    again = store_at(tmp_path, made)
    assert again.computed == left // width
    torch.testing.assert_close(again.rows(0, 60).flat(), dense_gradients(made))
    torch.testing.assert_close(again.losses, store.losses)


def test_what_was_computed_before_an_error_is_kept(tmp_path):
    made = case("mlp_tanh")

    class Failing:
        whole = True

        def __iter__(self):
            yield from made.batches(10, 20, 30)[: 3 if self.whole else 2]
            if not self.whole:
                raise RuntimeError("the cable came loose")

    data = Failing()
    store = GradientStore.of(Counting(made.model, made.loss), data, path=tmp_path)
    data.whole = False
    with pytest.raises(RuntimeError, match="cable"):
        store.rows(0, 60)
    assert store_at(tmp_path, made).computed == 30


def test_other_data_models_and_precisions_lie_side_by_side(tmp_path):
    made = case("mlp_tanh")
    store_at(tmp_path, made).rows(0, 60)
    store_at(tmp_path, made, dtype="float32").rows(0, 60)
    store_at(tmp_path, case("mlp_relu")).rows(0, 60)
    assert len(list(tmp_path.iterdir())) == 3
    assert store_at(tmp_path, made).complete


def test_a_folder_with_another_key_is_refused_in_words(tmp_path):
    store_at(tmp_path).rows(0, 60)
    manifest = folder_of(tmp_path) / "store.json"
    stored = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**stored, "key": "0" * 40}))
    with pytest.raises(StoreError, match="gradients of something else"):
        store_at(tmp_path)
    manifest.write_text(json.dumps({**stored, "format": 99}))
    with pytest.raises(StoreError, match="format 99"):
        store_at(tmp_path)
    manifest.write_text("{")
    with pytest.raises(StoreError, match="Choose another folder"):
        store_at(tmp_path)


def test_nothing_in_a_folder_is_a_pickle(tmp_path):
    store_at(tmp_path).rows(0, 60)
    assert {f.suffix for f in folder_of(tmp_path).iterdir()} == {".bin", ".json"}
    numbers = np.fromfile(folder_of(tmp_path) / "losses.bin")
    assert numbers.tolist() == store_at(tmp_path).losses.tolist()


def test_two_processes_fill_one_folder(tmp_path):
    one = store_at(tmp_path)
    two = store_at(tmp_path)
    one.rows(0, 10)
    two.rows(30, 60)
    one.rows(0, 60)
    assert one.model.computed == 30
    assert two.complete
    torch.testing.assert_close(two.rows(0, 60).flat(), dense_gradients(case("mlp_tanh")))


def test_rows_of_a_file_are_not_copied_and_changing_them_does_not_reach_it(tmp_path):
    store = store_at(tmp_path)
    store.rows(0, 60)
    rows = store.rows(20, 40).parts[0].tensors()["a"]
    assert rows.data_ptr() == store.rows(0, 60).parts[0].tensors()["a"][20:].data_ptr()
    rows.zero_()
    torch.testing.assert_close(store_at(tmp_path).rows(0, 60).flat(), dense_gradients(case("mlp_tanh")))


def test_relabelled_samples_move_the_folder_to_their_key_and_back(tmp_path):
    made = case("mlp_tanh")
    store = store_at(tmp_path, made)
    store.rows(0, 60)
    before = folder_of(tmp_path)
    x, y = made.train[0], made.train[1].clone()
    y[7] = (y[7] + 1) % 3
    store.replace([7], (x[7:8], y[7:8]))
    assert folder_of(tmp_path) != before
    _OPEN.clear()
    again = GradientStore.of(Counting(made.model, made.loss), (x, y), path=tmp_path)
    assert again.complete
    torch.testing.assert_close(again.rows(0, 60).flat(), dense_gradients(made, (x, y)))
    again.replace([7], (x[7:8], made.train[1][7:8]))
    assert folder_of(tmp_path) == before
    torch.testing.assert_close(store_at(tmp_path, made).rows(0, 60).flat(), dense_gradients(made))


def test_a_stop_amid_a_relabel_leaves_no_old_gradient_under_the_new_key(tmp_path, monkeypatch):
    made = case("mlp_tanh")
    store = store_at(tmp_path, made)
    store.rows(0, 60)
    x, y = made.train[0], made.train[1].clone()
    y[7] = (y[7] + 1) % 3
    monkeypatch.setattr(GradientStore, "_keep", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        store.replace([7], (x[7:8], y[7:8]))
    monkeypatch.undo()
    _OPEN.clear()
    again = GradientStore.of(Counting(made.model, made.loss), (x, y), path=tmp_path)
    torch.testing.assert_close(again.rows(0, 60).flat(), dense_gradients(made, (x, y)))


def test_a_full_disk_is_said_before_the_work_and_amid_it(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1000, 900, 100))
    with pytest.raises(StoreError, match="GB left"):
        store_at(tmp_path / "a").rows(0, 60)
    monkeypatch.undo()
    store = store_at(tmp_path / "b")
    store.rows(0, 30)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store_files.os, "pwrite", full)
    with pytest.raises(StoreError, match="disk is full"):
        store.rows(0, 60)
    monkeypatch.undo()
    assert store.computed == 30
    assert store.rows(0, 60).flat().shape == (60, 43)


def test_folders_that_cannot_be_written_are_said_at_once(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="a file where a folder is wanted"):
        store_at(tmp_path / "file")
    monkeypatch.setattr(store_files.os, "access", lambda *_: False)  # root may write anywhere
    with pytest.raises(StoreError, match="not writable"):
        store_at(tmp_path / "folder")
