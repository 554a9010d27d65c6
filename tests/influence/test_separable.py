"""The separable scan: exact at full rank, near at small ones, and exact scores for the pairs that matter."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from influence.problems import case
from torch import Tensor, nn

from dvlwidgets.errors import InputError, InputTypeError, NotFittedError
from dvlwidgets.influence.batches import Batch
from dvlwidgets.influence.direct import DirectInfluence
from dvlwidgets.influence.ekfac import EkfacInfluence
from dvlwidgets.influence.rows import Rows
from dvlwidgets.influence.separable import SeparableScan


def fitted(name: str, damping: float = 1e-2) -> tuple[EkfacInfluence, Rows, Rows, Tensor]:
    """A model, rows of tests and of training points, and its exact scores."""
    made = case(name)
    model = EkfacInfluence(made.model, True, loss=made.loss, regularization=damping).fit(made.train)
    tests, trains = (model.gradients(Batch.of(pair)) for pair in (made.test, made.train))
    return model, tests, trains, model.scores(model.precondition(tests), trains)


def wide() -> tuple[EkfacInfluence, Rows, Rows, Tensor]:
    """A wider net on inputs whose sizes differ as pixels' do: the curvature's eigenvalues fall off."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(400, 60, generator=generator) * torch.logspace(0, -2, 60)
    y = (x @ torch.randn(60, 4, generator=generator)).argmax(1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(60, 40), nn.ReLU(), nn.Linear(40, 4))
    model = EkfacInfluence(net, True).fit((x[:300], y[:300]))
    model.with_regularization({k: 0.1 * v for k, v in model.mean_eigenvalues().items()})
    tests, trains = (
        model.gradients(Batch.of((x[300:], y[300:]))),
        model.gradients(Batch.of((x[:300], y[:300]))),
    )
    return model, tests, trains, model.scores(model.precondition(tests), trains)


def tiles(rows: Rows, width: int) -> list[tuple[slice, Rows]]:
    return [
        (slice(at, min(at + width, len(rows))), rows[at : at + width]) for at in range(0, len(rows), width)
    ]


@pytest.mark.parametrize("name", ["mlp_relu", "mlp_no_bias", "layer_norm", "logistic", "frozen"])
def test_at_full_rank_it_is_exact(name: str) -> None:
    model, tests, trains, exact = fitted(name)
    scan = SeparableScan(model, tests, trains, rank=100)
    assert scan.separated
    torch.testing.assert_close(scan.scores(trains), exact, rtol=1e-6, atol=1e-8 * float(exact.abs().max()))


@pytest.mark.parametrize("name", ["cnn", "tokens"])
def test_layers_applied_often_to_a_sample_are_exact_at_any_rank(name: str) -> None:
    model, tests, trains, exact = fitted(name)
    scan = SeparableScan(model, tests, trains, rank=1)
    assert len(scan.separated) < len(model.block_names)
    full = SeparableScan(model, tests, trains, rank=100)
    torch.testing.assert_close(full.scores(trains), exact)
    every = torch.arange(len(trains))
    torch.testing.assert_close(scan.exact_pairs(torch.zeros_like(every), trains), exact[0])


def test_the_error_falls_with_the_rank_and_is_small_at_four() -> None:
    model, tests, trains, exact = wide()
    errors = []
    for rank in (1, 2, 4, 8, 40):
        scan = SeparableScan(model, tests, trains[:100], rank=rank)
        errors.append(scan.relative_error(trains))
        wanted = float((scan.scores(trains) - exact).norm() / exact.norm())
        assert errors[-1] == pytest.approx(wanted, rel=1e-3, abs=1e-6)
    assert errors == sorted(errors, reverse=True)
    assert errors[2] < 0.1
    assert errors[-1] < 1e-3


def test_weighing_by_energy_is_what_makes_few_products_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    model, tests, trains, _ = wide()
    weighed = SeparableScan(model, tests, trains, rank=4).relative_error(trains)
    monkeypatch.setattr(
        "dvlwidgets.influence.separable._rms", lambda rows: torch.ones(rows.shape[1], dtype=torch.float64)
    )
    assert SeparableScan(model, tests, trains, rank=4).relative_error(trains) > 3 * weighed


@pytest.mark.parametrize("largest", [True, False])
def test_the_top_of_each_test_point_is_scored_exactly(largest: bool) -> None:
    model, tests, trains, exact = wide()
    scan = SeparableScan(model, tests, trains[:50], rank=4)
    where, scores = scan.top_of_tests(tiles(trains, 70), 5, largest=largest)
    assert where.shape == scores.shape == (100, 5)
    torch.testing.assert_close(scores, exact.gather(1, where), rtol=1e-3, atol=1e-3 * float(exact.std()))
    wanted = exact.topk(5, dim=1, largest=largest)
    same = sum(len(set(a.tolist()) & set(b.tolist())) for a, b in zip(where, wanted.indices, strict=True))
    assert same >= 0.98 * 500


def test_the_top_of_each_training_point_is_scored_exactly() -> None:
    model, tests, trains, exact = wide()
    scan = SeparableScan(model, tests, trains[:50])
    where, scores = scan.top_of_trains(trains[:30], 4)
    torch.testing.assert_close(
        scores, exact[:, :30].T.gather(1, where), rtol=1e-3, atol=1e-3 * float(exact.std())
    )
    wanted = exact[:, :30].T.topk(4, dim=1).indices
    same = sum(len(set(a.tolist()) & set(b.tolist())) for a, b in zip(where, wanted, strict=True))
    assert same >= 0.95 * 120


def test_a_store_is_read_as_a_list_of_tiles_is() -> None:
    model, tests, trains, _ = fitted("mlp_relu")

    class Store:
        def tiles(self, width: int) -> Any:
            return iter(tiles(trains, min(width, 9)))

    scan = SeparableScan(model, tests, trains)
    for got, wanted in zip(
        scan.top_of_tests(Store(), 3), scan.top_of_tests(tiles(trains, 60), 3), strict=True
    ):
        torch.testing.assert_close(got, wanted)
    few = scan.top_of_tests(tiles(trains[:2], 60), 3)
    assert few[0].shape == (12, 2)
    with pytest.raises(InputTypeError, match="read once"):
        scan.top_of_tests(Store().tiles(9), 3)


def test_what_cannot_be_scanned_is_refused_in_words() -> None:
    model, tests, trains, _ = fitted("mlp_relu")
    made = case("mlp_relu")
    with pytest.raises(InputTypeError, match="DirectInfluence"):
        SeparableScan(DirectInfluence(made.model, made.loss, 1.0), tests, trains)
    with pytest.raises(InputError, match="rank"):
        SeparableScan(model, tests, trains, rank=0)
    with pytest.raises(NotFittedError):
        SeparableScan(EkfacInfluence(made.model), tests, trains)
    with pytest.raises(InputError, match="layer '0'"):
        SeparableScan(model, tests, trains).scores(Rows.of_flat(trains.layout, trains.flat()))
