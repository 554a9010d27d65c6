"""A run that was killed, cut or interrupted equals an uninterrupted one, bit for bit."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from engine_worlds import blobs, make

from dvlwidgets import KNNShapleyValuation, MaxUpdates, MSRSampler, ShapleyValuation, Utility
from dvlwidgets.engine.journal import Journal
from dvlwidgets.errors import IdentityError, InputError, JournalError

WORLD = Path(__file__).with_name("engine_worlds.py")


def _bits(valuation: object) -> tuple[bytes, bytes, bytes]:
    r = valuation.values()  # type: ignore[attr-defined]
    return r.values.tobytes(), r.stderr.tobytes(), r.counts.tobytes()


def _uninterrupted(kind: str) -> tuple[bytes, bytes, bytes]:
    valuation, data = make(kind)
    valuation.fit(data)
    return _bits(valuation)


@pytest.mark.parametrize("kind", ["msr", "walks"])
def test_killed_at_three_random_moments_equals_uninterrupted(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, folder = tmp_path / "out.npz", tmp_path / "checkpoint"
    command = [sys.executable, str(WORLD), kind, str(folder), str(out)]
    rng, kills, journal = random.Random(11), 0, folder / "journal.dvl"
    hold = {**os.environ, "STAND_STILL_AFTER": "0.5"}  # of 2 s and more: it cannot end before it is killed
    while kills < 3:
        size = journal.stat().st_size if journal.exists() else 0
        process = subprocess.Popen(command, env=hold)
        while process.poll() is None and (not journal.exists() or journal.stat().st_size <= size):
            time.sleep(0.005)  # until it has done something new
        time.sleep(rng.uniform(0.0, 0.3))
        os.kill(process.pid, signal.SIGKILL)
        kills += 1
        assert process.wait() == -signal.SIGKILL
        assert not out.exists(), f"the run ended after {kills} kills: it is too short for this test"
    subprocess.run(command, check=True, timeout=120)
    monkeypatch.setattr("engine_worlds.time", SimpleNamespace(sleep=lambda seconds: None))
    with np.load(out) as r:
        assert (r["values"].tobytes(), r["stderr"].tobytes(), r["counts"].tobytes()) == _uninterrupted(kind)


def _quick(kind: str) -> tuple[ShapleyValuation, object]:
    valuation, data = make(kind)
    valuation.utility.function = _instant
    valuation.is_done = MaxUpdates(200)
    return valuation, data


def _instant(masks: np.ndarray) -> np.ndarray:
    return np.tanh(masks @ np.cos(np.arange(masks.shape[1])))


def test_cut_at_every_byte_of_its_last_two_records_equals_uninterrupted(tmp_path: Path) -> None:
    def small() -> tuple[ShapleyValuation, object]:
        valuation, data = _quick("msr")
        valuation.sampler, valuation.is_done = MSRSampler(seed=3, batch_size=2), MaxUpdates(12)
        return valuation, data[:6]

    valuation, data = small()
    valuation.fit(data, checkpoint=tmp_path / "whole")
    expected = _bits(valuation)
    journal = tmp_path / "whole" / "journal.dvl"
    whole = journal.read_bytes()
    starts = _record_starts(whole)
    last_two = starts[-2]
    assert len(whole) - last_two > 100
    for cut in range(last_two, len(whole) + 1):
        folder = tmp_path / f"cut{cut}"
        folder.mkdir()
        (folder / "journal.dvl").write_bytes(whole[:cut])
        again, data = small()
        again.fit(data, checkpoint=folder)
        assert _bits(again) == expected, cut


def _record_starts(body: bytes) -> list[int]:
    at, starts = 8, []
    while at < len(body):
        starts.append(at)
        at += 8 + int.from_bytes(body[at : at + 4], "little")
    return starts


def test_a_flipped_byte_in_the_tail_is_dropped_with_its_record(tmp_path: Path) -> None:
    valuation, data = _quick("msr")
    valuation.fit(data, checkpoint=tmp_path)
    expected, journal = _bits(valuation), tmp_path / "journal.dvl"
    body = bytearray(journal.read_bytes())
    body[-3] ^= 0x40
    journal.write_bytes(bytes(body))
    again, _ = _quick("msr")
    again.fit(data, checkpoint=tmp_path)
    assert _bits(again) == expected


def test_a_finished_checkpoint_costs_no_evaluation(tmp_path: Path) -> None:
    valuation, data = _quick("walks")
    valuation.fit(data, checkpoint=tmp_path)
    again, _ = _quick("walks")
    calls: list[int] = []
    again.utility.key = valuation.utility.key = None

    def counted(masks: np.ndarray) -> np.ndarray:
        calls.append(len(masks))
        return _instant(masks)

    again.utility.function = _instant
    bound_scores = again.utility.scores
    again.utility.scores = lambda masks: (calls.append(len(masks)), bound_scores(masks))[1]  # type: ignore[method-assign]
    again.fit(data, checkpoint=tmp_path)
    assert calls == []  # not even the two ends
    assert _bits(again) == _bits(valuation)


def test_seed_none_is_recorded_and_taken_up_again(tmp_path: Path) -> None:
    train, _ = blobs()
    utility = Utility.from_function(_instant)
    first = ShapleyValuation(utility, MSRSampler(), MaxUpdates(100)).fit(train, checkpoint=tmp_path)
    second = ShapleyValuation(utility, MSRSampler(), MaxUpdates(100)).fit(train, checkpoint=tmp_path)
    assert _bits(first) == _bits(second)
    assert first.values().provenance.seed == second.values().provenance.seed


def test_continue_from_a_result_equals_one_long_run() -> None:
    train, _ = blobs()
    utility = Utility.from_function(_instant)
    short = ShapleyValuation(utility, MSRSampler(seed=1), MaxUpdates(100)).fit(train)
    longer = ShapleyValuation(utility, MSRSampler(seed=1), MaxUpdates(900))
    longer.fit(train, continue_from=short.result)
    once = ShapleyValuation(utility, MSRSampler(seed=1), MaxUpdates(900)).fit(train)
    assert _bits(longer) == _bits(once)
    with pytest.raises(InputError, match="continue_from needs a result"):
        longer.fit(train, continue_from=short.result.copy().scale(2.0))


@pytest.mark.parametrize("what", ["labels", "seed", "sampler", "method", "function"])
def test_resuming_onto_something_else_is_refused(what: str, tmp_path: Path) -> None:
    valuation, data = _quick("msr")
    valuation.fit(data, checkpoint=tmp_path)
    other, other_data = _quick("msr")
    if what == "labels":
        other_data = other_data.relabel({0: 1 - int(other_data.y[0])})
    elif what == "seed":
        other.sampler = MSRSampler(seed=4)
    elif what == "sampler":
        other.sampler = MSRSampler(seed=3, batch_size=7)
    elif what == "method":
        from dvlwidgets import SemivalueValuation

        other = SemivalueValuation(other.utility, other.sampler, other.is_done)
    else:
        other.utility.function = lambda masks: masks.sum(axis=1) / 7.0
    names = {"labels": "training data", "function": "utility"}
    with pytest.raises(IdentityError, match=names.get(what, what)):
        other.fit(other_data, checkpoint=tmp_path)


def test_files_that_are_no_journal_are_refused(tmp_path: Path) -> None:
    (tmp_path / "journal.dvl").write_bytes(b"something else entirely")
    valuation, data = _quick("msr")
    with pytest.raises(JournalError, match="not a journal"):
        valuation.fit(data, checkpoint=tmp_path)
    with pytest.raises(InputError, match="must be a folder"):
        valuation.fit(data, checkpoint=tmp_path / "journal.dvl")


def test_damage_in_the_middle_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    def small_steps() -> tuple[ShapleyValuation, object]:
        valuation, data = _quick("msr")
        valuation.sampler = MSRSampler(seed=3, batch_size=5)
        return valuation, data

    valuation, data = small_steps()
    valuation.fit(data, checkpoint=tmp_path)
    journal = tmp_path / "journal.dvl"
    body = bytearray(journal.read_bytes())
    body[len(body) // 3] ^= 0x10
    journal.write_bytes(bytes(body))
    with pytest.raises(JournalError, match="damaged at byte"):
        small_steps()[0].fit(data, checkpoint=tmp_path)
    assert journal.read_bytes() == bytes(body)


def test_opening_a_journal_that_another_run_writes_changes_nothing(tmp_path: Path) -> None:
    valuation, data = _quick("msr")
    valuation.fit(data, checkpoint=tmp_path)
    path = tmp_path / "journal.dvl"
    writer = Journal(path)
    writer.lock()
    with path.open("ab") as half:  # a record that is being written
        half.write(b"\x10\x00")
    size = path.stat().st_size
    with pytest.raises(JournalError, match="another run is writing"):
        _quick("msr")[0].fit(data, checkpoint=tmp_path)
    assert path.stat().st_size == size
    writer.close()


def test_a_run_without_reproducible_fits_can_be_resumed(tmp_path: Path) -> None:
    # v(N) is recorded, so a model that draws at random does not contradict itself
    train, _ = blobs()
    utility = Utility.from_function(_noisy)
    short = ShapleyValuation(utility, MSRSampler(seed=1), MaxUpdates(50)).fit(train, checkpoint=tmp_path)
    longer = ShapleyValuation(utility, MSRSampler(seed=1), MaxUpdates(900)).fit(train, checkpoint=tmp_path)
    assert longer.values().provenance.evaluations > short.values().provenance.evaluations


def _noisy(masks: np.ndarray) -> np.ndarray:
    return masks.sum(axis=1) + np.random.normal(size=len(masks))  # noqa: NPY002


def test_two_runs_cannot_write_to_one_journal(tmp_path: Path) -> None:
    first, second = Journal(tmp_path / "j", {}), None
    first.lock()
    second = Journal(tmp_path / "j")
    with pytest.raises(JournalError, match="another run is writing"):
        second.lock()
    first.unlock()
    second.lock()
    second.close()


def test_nine_bytes_an_evaluation(tmp_path: Path) -> None:
    valuation, data = _quick("msr")
    valuation.is_done = MaxUpdates(5000)
    valuation.fit(data, checkpoint=tmp_path)
    evaluations = valuation.values().provenance.evaluations
    assert (tmp_path / "journal.dvl").stat().st_size < 10 * evaluations + 3000


def test_knn_checkpoint_goes_on_where_it_stopped(tmp_path: Path) -> None:
    from sklearn.neighbors import KNeighborsClassifier

    train, test = blobs(30)
    whole = KNNShapleyValuation(KNeighborsClassifier(3), test, progress=False).fit(train)
    part = KNNShapleyValuation(KNeighborsClassifier(3), test, progress=False)
    frames = part.stream(train, checkpoint=tmp_path)
    for frame in frames:
        if 0 < frame.done < len(test):
            break
    frames.close()
    rest = KNNShapleyValuation(KNeighborsClassifier(3), test, progress=False)
    seen = [f.done for f in rest.stream(train, checkpoint=tmp_path)]
    assert seen[0] > 0
    assert _bits(rest) == _bits(whole)
