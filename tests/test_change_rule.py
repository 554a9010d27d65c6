"""The stopping rule of a run that is changed on the way, and checkpoints that are saved on the way."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from engine_worlds import blobs

from dvlwidgets import KNNShapleyValuation, MaxTime, MaxUpdates, PermutationSampler, ShapleyValuation, Utility
from dvlwidgets.engine.stopping import MaxSamples, NoStopping
from dvlwidgets.errors import InputError, InputTypeError, RunError

DATA, TEST = blobs(12)


def curved(masks):
    return np.tanh(masks @ np.cos(np.arange(masks.shape[1])))


def valuation(rule):
    return ShapleyValuation(Utility.from_function(curved), PermutationSampler(seed=3), rule)


def bits(result):
    return result.values.tobytes(), result.stderr.tobytes(), result.counts.tobytes()


def held(made, done, deed):
    """Runs; does a deed once so many evaluations are done, while the run waits for it."""
    run, did = made.prepare_run(DATA), threading.Event()

    def look(run):
        if run.progress is not None and run.progress.done >= done and not did.is_set():
            did.set()
            deed(run)

    run.subscribe(look)
    run.start()
    return run.wait(60)


@pytest.mark.parametrize(
    "rule", [MaxSamples(None, 3_000), MaxUpdates(250), MaxSamples(None, 3_000) | MaxTime(900)]
)
def test_a_rule_that_is_changed_on_the_way_gives_the_bits_of_a_run_that_had_it_from_the_start(rule):
    fresh = valuation(rule).fit(DATA).result
    made = valuation(NoStopping())
    result = held(made, 500, lambda run: run.change_rule(rule))
    assert bits(result) == bits(fresh)
    assert result.provenance.evaluations == fresh.provenance.evaluations
    assert result.provenance.configuration["rule"] == repr(rule)
    assert made.is_done is rule


def test_a_rule_that_has_passed_ends_the_run_at_the_end_of_the_round():
    made = valuation(NoStopping())
    result = held(made, 2_000, lambda run: run.change_rule(MaxSamples(None, 100)))
    fresh = valuation(MaxSamples(None, result.provenance.evaluations)).fit(DATA).result
    assert bits(result) == bits(fresh)
    assert result.status.name == "Converged"


def test_a_limit_that_is_taken_away_no_longer_ends_the_run():
    made = valuation(MaxSamples(None, 1_500))
    result = held(made, 500, lambda run: run.change_rule(MaxSamples(None, 4_000)))
    assert bits(result) == bits(valuation(MaxSamples(None, 4_000)).fit(DATA).result)


def test_what_it_may_cost_is_told_anew_by_the_rule_that_is_asked():
    told = []

    def change(run):
        told.append(run.progress.announcement)
        run.subscribe(lambda run: told.append(run.progress.announcement))
        run.change_rule(MaxSamples(None, 4_000))

    held(valuation(MaxSamples(None, 1_500)), 500, change)
    assert told[0].startswith("at most 1,5")
    assert told[-1].startswith("at most 4,0")


def test_what_is_no_rule_or_comes_too_late_is_refused():
    made = valuation(MaxSamples(None, 200))
    run = made.prepare_run(DATA)
    with pytest.raises(InputTypeError, match="stopping rule was expected, not float"):
        run.change_rule(0.95)
    run.start().wait(60)
    with pytest.raises(RunError, match="nothing to stop by another rule"):
        run.change_rule(MaxSamples(None, 400))


def test_a_checkpoint_saved_on_the_way_is_gone_on_from_with_the_same_bits(tmp_path):
    made = valuation(MaxSamples(None, 3_000))
    whole = held(made, 1_000, lambda run: made.save_checkpoint(tmp_path / "half"))
    fresh = valuation(MaxSamples(None, 3_000))
    assert bits(fresh.fit(DATA, checkpoint=tmp_path / "half").result) == bits(whole)
    made.save_checkpoint(tmp_path / "half")  # the same run: it grows
    with pytest.raises(InputError, match="another run"):
        ShapleyValuation(made.utility, PermutationSampler(seed=4), MaxSamples(None, 99)).fit(
            DATA
        ).save_checkpoint(tmp_path / "half")


def test_a_closed_form_has_no_checkpoint_of_utilities(tmp_path):
    from sklearn.neighbors import KNeighborsClassifier

    made = KNNShapleyValuation(KNeighborsClassifier(3), TEST).fit(DATA)
    with pytest.raises(InputError, match="keeps no utilities"):
        made.save_checkpoint(tmp_path)


def test_a_checkpoint_that_cannot_be_written_leaves_nothing_behind(tmp_path, monkeypatch):
    made = valuation(MaxSamples(None, 200)).fit(DATA)

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match="No space left"):
        made.save_checkpoint(tmp_path)
    assert list(tmp_path.iterdir()) == []
