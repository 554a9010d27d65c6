"""The explorer: single influences against the dense matrix, while a run goes on, after relabels, from a checkpoint."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from influence.scan_cases import Case, paused_after, quantile_of_label
from torch import nn

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.errors import InputError, InputTypeError, NotFittedError
from dvlwidgets.influence.explorer import COLUMNS, Explorer
from dvlwidgets.influence.grad_dot import GradDotInfluence
from dvlwidgets.influence.predictions import TEST_COLUMNS
from dvlwidgets.influence.runs import influence_statistics
from dvlwidgets.influence.store import GradientStore
from dvlwidgets.influence.turns import Turns

CASE = Case()
MATRIX = CASE.matrix()
TIGHT = {"rtol": 1e-5, "atol": 1e-6}  # scores are handed out in float32


def explorer(case: Case = CASE, **options) -> Explorer:
    made = Explorer(case.model(), case.train, case.test, **options)
    made.fit()
    return made


def relabelled(case: Case, position: int, label: int) -> np.ndarray:
    """The dense matrix with another label of one training point, the curvature as it was."""
    y = case.y.copy()
    y[position] = label
    return case.matrix(y=y)


def check_columns(found: dict[str, np.ndarray], matrix: np.ndarray, train: np.ndarray) -> None:
    np.testing.assert_allclose(
        found["quantile"], quantile_of_label(matrix, CASE.test.y, train, 0.25), **TIGHT
    )
    np.testing.assert_allclose(found["quantile_all"], np.quantile(matrix, 0.25, axis=0), **TIGHT)
    np.testing.assert_allclose(found["mean"], matrix.mean(0), **TIGHT)
    np.testing.assert_array_equal(found["negatives"], (matrix < 0).sum(0))


def test_columns_are_unknown_before_the_run_and_those_of_the_dense_matrix_after():
    made = Explorer(CASE.model(), CASE.train, CASE.test)
    assert tuple(made.columns()) == COLUMNS
    assert all(np.isnan(values).all() for values in made.columns().values())
    assert not made.known
    summary = made.prepare_run().start().wait(60)
    assert made.known
    check_columns(made.columns(), MATRIX, CASE.train.y)
    np.testing.assert_allclose(made.columns()["self_influence"], CASE.self_influences(), **TIGHT)
    np.testing.assert_array_equal(summary.quantile, made.columns()["quantile"])


def test_progress_is_the_quantile_of_the_same_label():
    made = Explorer(CASE.model(), CASE.train, CASE.test, quantile=0.1)
    run = made.prepare_run("cells")
    run.start().wait(60)
    assert run.name == "cells"
    assert run.progress.unit == "training points"
    np.testing.assert_allclose(
        run.progress.values, quantile_of_label(MATRIX, CASE.test.y, CASE.train.y, 0.1), **TIGHT
    )


def test_a_test_point_ranks_its_training_points():
    made = explorer()
    for i in (0, 17, CASE.q - 1):
        found = made.of_test(i, 5)
        np.testing.assert_allclose(found.scores, MATRIX[i], **TIGHT)
        np.testing.assert_array_equal(found.helpful, np.argsort(-MATRIX[i])[:5])
        np.testing.assert_array_equal(found.harmful, np.argsort(MATRIX[i])[:5])
        np.testing.assert_array_equal(found.helpful_scores, found.scores[found.helpful])
    assert made.of_test(0).scores.dtype == np.float32
    assert len(made.of_test(0, 500).helpful) == CASE.n


def test_a_training_point_has_a_score_on_each_test_point():
    found = explorer().of_train(9)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, MATRIX[:, 9], **TIGHT)


def test_test_points_have_losses_predictions_and_probabilities_before_any_run():
    made = Explorer(CASE.model(), CASE.train, CASE.test)
    found = made.test_columns()
    assert tuple(found) == TEST_COLUMNS
    with torch.no_grad():
        p = CASE.net(torch.tensor(CASE.test.x)).softmax(1).numpy()
    own = p[np.arange(CASE.q), CASE.test.y]
    np.testing.assert_allclose(found["p_label"], own, rtol=1e-9)
    np.testing.assert_allclose(found["loss"], -np.log(own), rtol=1e-9)
    np.testing.assert_array_equal(found["predicted"], p.argmax(1))


def test_labels_in_words_are_the_models_outputs_in_sorted_order():
    train, test = CASE.in_words()
    made = Explorer(CASE.model(), train, test)
    made.fit()
    assert made.classes == ["ash", "beech", "cedar"]
    check_columns(made.columns(), MATRIX, CASE.train.y)
    made.relabelled(4, "beech")
    changed = relabelled(CASE, 4, 1)
    np.testing.assert_allclose(made.of_train(4), changed[:, 4], **TIGHT)
    with pytest.raises(InputError, match="'oak' is none of the classes"):
        made.relabelled(4, "oak")


def test_the_models_outputs_decide_how_many_classes_there_are():
    train = CASE.train.take(np.flatnonzero(CASE.train.y < 2))
    assert Explorer(CASE.model(), train, CASE.test).classes == ["0", "1", "2"]
    more = Dataset(CASE.test.x, CASE.test.y + 1)
    with pytest.raises(InputError, match="make 4 classes, and the model has outputs for 3"):
        Explorer(CASE.model(), CASE.train, more)
    named = Dataset(CASE.train.x, CASE.train.y, target_names=["a", "b", "c"])
    assert Explorer(CASE.model(), named, CASE.test).classes == ["a", "b", "c"]


def test_one_logit_makes_two_classes():
    x, y = CASE.x.astype(np.float32), (CASE.y > 0).astype(np.float32)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 1), nn.Flatten(0))
    model = GradDotInfluence(net, nn.BCEWithLogitsLoss())
    made = Explorer(model, Dataset(x[:50], y[:50]), Dataset(x[50:], y[50:]))
    made.fit()
    assert made.classes == ["0", "1"]
    with torch.no_grad():
        p = torch.sigmoid(net(torch.from_numpy(x[50:]))).numpy()
    found = made.test_columns()
    np.testing.assert_array_equal(found["predicted"], p > 0.5)
    np.testing.assert_allclose(found["p_label"], np.where(y[50:] == 1, p, 1 - p), rtol=1e-5)
    before = made.of_train(3)
    made.relabelled(3, 1 - y[3])
    assert np.sign(made.of_train(3)).tolist() == (-np.sign(before)).tolist()


def test_regression_has_quantiles_over_all_tests_and_takes_numbers_as_labels():
    draw = np.random.default_rng(0)
    x, y = draw.standard_normal((60, 3)), draw.standard_normal(60)
    net = nn.Sequential(nn.Linear(3, 1), nn.Flatten(0)).double()
    model = GradDotInfluence(net, nn.MSELoss())
    made = Explorer(model, Dataset(x[:40], y[:40]), Dataset(x[40:], y[40:]))
    made.fit()
    assert made.classes is None
    np.testing.assert_array_equal(made.columns()["quantile"], made.columns()["quantile_all"])
    tests = made.test_columns()
    np.testing.assert_allclose(tests["predicted"], net(torch.from_numpy(x[40:])).detach().numpy())
    assert np.isnan(tests["p_label"]).all()
    made.relabelled(5, 2.5)
    changed = y.copy()
    changed[5] = 2.5
    want = model.influences(*map(torch.from_numpy, (x[40:], y[40:], x[:40], changed[:40]))).numpy()
    np.testing.assert_allclose(made.of_train(5), want[:, 5], **TIGHT)


# --- relabels ---------------------------------------------------------------------------------------------------


def test_a_relabel_changes_one_point_and_an_undo_takes_it_back():
    made = explorer()
    before = made.columns()
    label = int((CASE.train.y[11] + 1) % 3)
    made.relabelled(11, label)
    changed, labels = relabelled(CASE, 11, label), CASE.train.y.copy()
    labels[11] = label
    check_columns(made.columns(), changed, labels)
    np.testing.assert_allclose(made.of_train(11), changed[:, 11], **TIGHT)
    np.testing.assert_allclose(made.of_test(3).scores, changed[3], **TIGHT)
    others = np.arange(CASE.n) != 11
    for name, values in made.columns().items():
        np.testing.assert_array_equal(values[others], before[name][others])
    made.relabelled(11, CASE.train.y[11])
    for name, values in made.columns().items():
        np.testing.assert_allclose(values, before[name], rtol=1e-9)


def test_a_new_run_keeps_the_relabels():
    made = explorer()
    made.relabelled(11, int((CASE.train.y[11] + 1) % 3))
    before = made.columns()
    made.fit()
    for name, values in made.columns().items():
        np.testing.assert_allclose(values, before[name], rtol=1e-9)


def test_relabels_stay_within_their_explorer():
    one, other = explorer(), explorer()
    shared = GradientStore.of(one.model, CASE.train)
    label = int((CASE.train.y[11] + 1) % 3)
    one.relabelled(11, label)
    np.testing.assert_allclose(other.of_train(11), MATRIX[:, 11], **TIGHT)
    np.testing.assert_allclose(other.of_test(2).scores, MATRIX[2], **TIGHT)
    fresh = influence_statistics(CASE.model(), CASE.test, CASE.train)
    np.testing.assert_allclose(fresh["mean"], MATRIX.mean(0), **TIGHT)
    assert shared is not None
    np.testing.assert_allclose(one.of_train(11), relabelled(CASE, 11, label)[:, 11], **TIGHT)


def test_what_cannot_be_relabelled_is_refused():
    made = explorer()
    for label in (3, -1):
        with pytest.raises(InputError, match="the model knows the classes"):
            made.relabelled(0, label)
    with pytest.raises(InputError, match="expected a number"):
        made.relabelled(0, "cat")
    with pytest.raises(InputError, match="53 training points"):
        made.relabelled(CASE.n, 0)


# --- test points that are wrong -----------------------------------------------------------------------------------


def disagreement(matrix: np.ndarray) -> np.ndarray:
    return np.where(matrix < 0, -matrix, 0).sum(1) / np.abs(matrix).sum(1)


def test_each_test_point_knows_how_far_the_training_points_disagree():
    made = Explorer(CASE.model(), CASE.train, CASE.test)
    assert np.isnan(made.disagreement()).all()
    made.fit()
    wanted = disagreement(MATRIX)
    np.testing.assert_allclose(made.disagreement(), wanted, **TIGHT)
    made.relabelled(11, int((CASE.train.y[11] + 1) % 3))  # the run met the label that it came with
    np.testing.assert_allclose(made.disagreement(), wanted, **TIGHT)


def test_a_relabel_is_counted_once_wherever_the_run_is():
    made = Explorer(CASE.model(), CASE.train, CASE.test)
    run = paused_after(20, made.prepare_run())
    met, labels = CASE.train.y.copy(), CASE.train.y.copy()
    ahead, behind = (int(np.flatnonzero(np.isnan(made.columns()["mean"]) == far)[0]) for far in (True, False))
    for position in (ahead, behind):
        labels[position] = (labels[position] + 1) % 3
        made.relabelled(position, labels[position])
    met[ahead] = labels[ahead]
    run.resume()
    run.wait(60)
    wanted = disagreement(CASE.matrix(y=np.concatenate([met, CASE.test.y])))
    np.testing.assert_allclose(made.disagreement(), wanted, **TIGHT)


def test_a_relabelled_test_point_has_numbers_of_its_own_and_the_others_stay():
    made = explorer()
    before, tests, share = made.columns(), made.test_columns(), made.disagreement()
    y = CASE.y.copy()
    label = y[CASE.n + 7] = (y[CASE.n + 7] + 1) % 3
    made.relabelled_test(7, int(label))
    changed = CASE.matrix(y=y)
    np.testing.assert_allclose(made.of_test(7).scores, changed[7], **TIGHT)
    np.testing.assert_allclose(made.of_train(9), changed[:, 9], **TIGHT)
    np.testing.assert_allclose(made.of_test(6).scores, MATRIX[6], **TIGHT)
    wanted = disagreement(changed)
    np.testing.assert_allclose(made.disagreement(), wanted, **TIGHT)
    params = {k: v.detach() for k, v in CASE.net.named_parameters()}
    losses = CASE.losses(params, y)[CASE.n :].numpy()
    now = made.test_columns()
    np.testing.assert_allclose(now["loss"], losses, rtol=1e-9)
    np.testing.assert_allclose(now["p_label"], np.exp(-losses), rtol=1e-9)
    for name, values in made.columns().items():
        np.testing.assert_array_equal(values, before[name])
    made.relabelled_test(7, int(CASE.test.y[7]))
    np.testing.assert_array_equal(made.test_columns()["loss"], tests["loss"])
    np.testing.assert_array_equal(made.disagreement(), share)
    made.relabelled_test(7, int(label))
    made.fit()  # the next run meets the labels as they came
    np.testing.assert_array_equal(made.test_columns()["loss"], tests["loss"])
    with pytest.raises(InputError, match="31 test points"):
        made.relabelled_test(CASE.q, 0)
    with pytest.raises(InputError, match="the model knows the classes"):
        made.relabelled_test(0, 3)


# --- while it goes on -------------------------------------------------------------------------------------------


def test_before_the_end_it_answers_about_what_is_done():
    made = Explorer(CASE.model(), CASE.train, CASE.test)
    run = paused_after(20, made.prepare_run())
    found = made.of_test(4, 3)
    known = np.isfinite(found.scores)
    assert 20 <= known.sum() < CASE.n
    np.testing.assert_array_equal(known, np.isfinite(made.columns()["mean"]))
    np.testing.assert_allclose(found.scores[known], MATRIX[4, known], **TIGHT)
    np.testing.assert_array_equal(found.helpful, np.flatnonzero(known)[np.argsort(-MATRIX[4, known])[:3]])
    run.resume()
    run.wait(60)
    assert np.isfinite(made.of_test(4).scores).all()


def test_a_relabel_ahead_of_the_run_is_met_by_it():
    made = Explorer(CASE.model(), CASE.train, CASE.test)
    run = paused_after(20, made.prepare_run())
    labels = CASE.train.y.copy()
    ahead, behind = (int(np.flatnonzero(np.isnan(made.columns()["mean"]) == far)[0]) for far in (True, False))
    for position in (ahead, behind):
        labels[position] = (labels[position] + 1) % 3
        made.relabelled(position, labels[position])
    run.resume()
    run.wait(60)
    check_columns(made.columns(), CASE.matrix(y=np.concatenate([labels, CASE.test.y])), labels)


def test_a_relabel_between_the_look_at_a_tile_and_its_entry_is_not_lost():
    made, label = Explorer(CASE.model(), CASE.train, CASE.test), int((CASE.train.y[0] + 1) % 3)
    job = made._job
    stats = job.initial(job.first())
    job.plan(stats)
    seen = job.task({}, 0, 0, job.rows(0))  # point 0 is in the first tile
    made.relabelled(0, label)
    job.fold(stats, 0, seen)
    assert made.columns()["mean"][0] == pytest.approx(relabelled(CASE, 0, label)[:, 0].mean(), rel=1e-6)


def test_nothing_is_answered_before_the_model_is_fitted():
    made = Explorer(CASE.model(), CASE.train, CASE.test)
    for ask in (lambda: made.of_test(0), lambda: made.of_train(0), lambda: made.relabelled(0, 1)):
        with pytest.raises(NotFittedError, match="start the run"):
            ask()


def test_many_threads_may_ask_while_the_run_goes_on():
    made = Explorer(CASE.model(), CASE.train, CASE.test)
    run, wrong = made.prepare_run(), []
    begun = threading.Event()
    run.subscribe(lambda _: begun.set() if made.known else None)

    def ask(i: int) -> None:
        begun.wait(60)
        try:
            while True:
                over = run.over
                scores = made.of_test(i).scores
                known = np.isfinite(scores)
                np.testing.assert_allclose(scores[known], MATRIX[i, known], **TIGHT)
                np.testing.assert_allclose(made.of_train(i), MATRIX[:, i], **TIGHT)
                made.test_columns()
                if over:
                    return
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    run.start().wait(60)
    for thread in threads:
        thread.join(60)
    assert not wrong
    check_columns(made.columns(), MATRIX, CASE.train.y)


def test_a_question_comes_before_the_next_tile():
    turns, order = Turns(), []
    inside, asked = threading.Event(), threading.Event()

    def work(name: str) -> None:
        for k in range(2):
            with turns.take():
                order.append(f"{name} {k}")
                inside.set()
                asked.wait(60)

    running, asking = (threading.Thread(target=work, args=(name,)) for name in ("tile", "question"))
    running.start()
    inside.wait(60)
    asking.start()
    while not turns.waiting:
        pass
    asked.set()
    running.join(60)
    asking.join(60)
    assert order[:2] == ["tile 0", "question 0"]
    assert len(order) == 4


def test_a_question_that_fails_gives_its_turn_back():
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.take():
        _ = 1 / 0
    with turns.take():
        pass


# --- checkpoints ------------------------------------------------------------------------------------------------


def test_a_whole_checkpoint_can_be_explored(tmp_path):
    explorer_of_yesterday = Explorer(CASE.model(), CASE.train, CASE.test)
    explorer_of_yesterday.fit(checkpoint=tmp_path)
    made = Explorer(CASE.model(), CASE.train, CASE.test)
    run = made.prepare_run(checkpoint=tmp_path)
    run.start().wait(60)
    check_columns(made.columns(), MATRIX, CASE.train.y)
    np.testing.assert_allclose(made.of_test(3).scores, MATRIX[3], **TIGHT)


def test_points_relabelled_while_the_checkpoint_was_written_are_computed_anew(tmp_path):
    yesterday = Explorer(CASE.model(), CASE.train, CASE.test)
    run = paused_after(20, yesterday.prepare_run(checkpoint=tmp_path))
    done = np.flatnonzero(np.isfinite(yesterday.columns()["mean"]))
    for position in done[[0, -1]].tolist():  # the first is among those that a resume compares
        yesterday.relabelled(position, int((CASE.train.y[position] + 1) % 3))
    run.resume()
    run.wait(60)
    made = Explorer(CASE.model(), CASE.train, CASE.test)
    made.fit(checkpoint=tmp_path)
    check_columns(made.columns(), MATRIX, CASE.train.y)


def test_a_run_after_a_relabel_goes_on_with_its_checkpoint(tmp_path):
    made = Explorer(CASE.model(), CASE.train, CASE.test)
    made.fit(checkpoint=tmp_path)
    label = int((CASE.train.y[0] + 1) % 3)
    made.relabelled(0, label)
    made.fit(checkpoint=tmp_path)
    labels = CASE.train.y.copy()
    labels[0] = label
    check_columns(made.columns(), relabelled(CASE, 0, label), labels)


def test_bad_arguments_are_refused():
    model = CASE.model()
    with pytest.raises(InputTypeError, match=r"test is a tuple; expected a Dataset"):
        Explorer(model, CASE.train, (CASE.x, CASE.y))
    with pytest.raises(InputError, match="from 0 to 1"):
        Explorer(model, CASE.train, CASE.test, quantile=25)
    with pytest.raises(InputTypeError, match="influence model"):
        Explorer(CASE.net, CASE.train, CASE.test)
    made = explorer()
    with pytest.raises(InputError, match="31 test points"):
        made.of_test(31)
    with pytest.raises(InputError, match="at least 0"):
        made.of_test(-1)
    with pytest.raises(InputError, match="at least 1"):
        made.of_test(0, 0)


def test_without_self_influence_that_column_stays_unknown():
    made = explorer(self_influence=False)
    assert np.isnan(made.columns()["self_influence"]).all()
    check_columns(made.columns(), MATRIX, CASE.train.y)


@pytest.mark.parametrize("label", [1.5, float("nan"), [1], None, -1, 7])
def test_labels_that_are_no_class_are_refused_and_change_nothing(label):
    made = explorer()
    before = made.columns()
    with pytest.raises(InputError, match="label="):
        made.relabelled(3, label)
    np.testing.assert_equal(made.columns(), before)


@pytest.mark.parametrize("change", ["damping", "weights"])
def test_a_relabel_after_the_model_changed_is_refused_and_mixes_nothing(change):
    case = Case()  # its network changes
    model = case.model()
    made = Explorer(model, case.train, case.test)
    made.fit()
    before = made.columns()
    if change == "damping":
        model.with_regularization(7.0)
    else:
        with torch.no_grad():
            for t in model.model.parameters():
                t.mul_(1.1)
        model.fit(case.train)
    with pytest.raises(InputError, match="another damping, or fitted again, since this run began"):
        made.relabelled(3, 1 - int(case.y[3]))
    np.testing.assert_equal(made.columns(), before)
    np.testing.assert_allclose(made.of_train(3), MATRIX[:, 3], **TIGHT)
