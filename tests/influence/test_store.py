"""Gradients are computed once, kept as they are, and found again by what they are of."""

from __future__ import annotations

import gc
import threading

import pytest
import torch
from influence.problems import case, dense_gradients
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.influence.batches import Batch
from dvlwidgets.influence.grad_dot import GradDotInfluence
from dvlwidgets.influence.rows import Rows
from dvlwidgets.influence.store import GradientStore
from dvlwidgets.influence.trak import TrakInfluence


class Counting(GradDotInfluence):
    """Counts the samples whose gradients are computed."""

    computed = 0

    def gradients_with_losses(self, batch):
        self.computed += len(batch)
        return super().gradients_with_losses(batch)


def model_of(made):
    return Counting(made.model, made.loss)


@pytest.mark.parametrize("name", ["mlp_tanh", "cnn", "tokens", "layer_norm", "frozen", "mlp_regression"])
@pytest.mark.parametrize("sizes", [(60,), (30, 20, 10), (1, 58, 1)])
def test_rows_are_the_gradients_of_single_samples_in_the_order_of_the_data(name, sizes):
    made = case(name)
    store = GradientStore.of(model_of(made), made.batches(*sizes))
    wanted = dense_gradients(made)
    assert store.n == len(store) == 60
    torch.testing.assert_close(store.rows(0, 60).flat(), wanted, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(store.rows(17, 43).flat(), wanted[17:43], rtol=1e-9, atol=1e-12)


def test_nothing_is_computed_before_it_is_asked_for_and_nothing_twice():
    made = case("mlp_tanh")
    model = model_of(made)
    store = GradientStore.of(model, made.batches(10, 10, 10, 10, 10))
    assert model.computed == 0
    assert not store.complete
    store.rows(12, 13)
    assert model.computed == 10
    assert store.losses.isnan().sum() == 50
    assert [(s.start, s.stop) for s, _ in store.tiles(25)] == [(0, 25), (25, 50), (50, 60)]
    store.rows(0, 60)
    assert model.computed == 60
    assert store.complete


def test_losses_are_kept_beside_the_gradients():
    made = case("mlp_tanh")
    store = GradientStore.of(model_of(made), made.train)
    store.rows(0, 60)
    with torch.no_grad():
        wanted = nn.functional.cross_entropy(made.model(made.train[0]), made.train[1], reduction="none")
    torch.testing.assert_close(store.losses, wanted)
    assert torch.equal(store.targets, made.train[1])


def test_the_same_model_state_loss_and_data_find_the_same_store_and_others_do_not():
    made = case("mlp_tanh")
    store = GradientStore.of(model_of(made), made.train)
    assert GradientStore.of(model_of(made), made.batches(7, 20)) is store
    loader = DataLoader(TensorDataset(*made.train), batch_size=9)
    assert GradientStore.of(GradDotInfluence(made.model, made.loss), loader) is store
    assert GradientStore.of(model_of(made), made.test) is not store
    assert GradientStore.of(model_of(made), made.train, dtype="float32") is not store
    with torch.no_grad():
        made.model[0].weight[0, 0] += 1e-9
    assert GradientStore.of(model_of(made), made.train) is not store


def test_a_store_that_nobody_holds_is_gone():
    made = case("mlp_tanh")
    model = model_of(made)
    GradientStore.of(model, made.train).rows(0, 60)
    gc.collect()
    GradientStore.of(model, made.train).rows(0, 60)
    assert model.computed == 120


def test_factors_are_kept_as_factors_and_projections_as_projections():
    made = case("mlp_tanh")
    wide = nn.Sequential(nn.Linear(40, 30), nn.Tanh(), nn.Linear(30, 3)).double()
    data = torch.randn(20, 40, dtype=torch.float64), torch.arange(20) % 3
    store = GradientStore.of(GradDotInfluence(wide, nn.CrossEntropyLoss()), data)
    assert [part["kind"] for part in store.spec] == ["outer", "outer"]
    assert store.nbytes == 20 * (8 * (40 + 30 + 30 + 3) + 9)
    trak = TrakInfluence(made.model, made.loss, projection=8)
    rows = GradientStore.of(trak, made.train).rows(5, 9)
    torch.testing.assert_close(
        rows.flat(), trak.gradients(Batch.of((made.train[0][5:9], made.train[1][5:9]))).flat()
    )


@pytest.mark.parametrize(("dtype", "error"), [("float32", 1e-7), ("bfloat16", 4e-3), ("float64", 0.0)])
def test_a_store_keeps_the_precision_asked_for_and_gives_the_models_own(dtype, error):
    made = case("mlp_tanh")
    rows = GradientStore.of(model_of(made), made.train, dtype=dtype).rows(0, 60).flat()
    wanted = dense_gradients(made)
    assert rows.dtype is torch.float64
    assert float((rows - wanted).abs().max() / wanted.abs().max()) <= max(error, 1e-14)


def test_relabelled_samples_are_computed_again_and_only_those():
    made = case("mlp_tanh")
    model = model_of(made)
    store = GradientStore.of(model, made.batches(25, 35))
    store.rows(0, 60)
    old = store.key
    x, y = made.train[0], made.train[1].clone()
    where = torch.tensor([3, 31, 30])
    y[where] = (y[where] + 1) % 3
    store.replace(where, (x[where], y[where]))
    assert model.computed == 63
    torch.testing.assert_close(store.rows(0, 60).flat(), dense_gradients(made, (x, y)), rtol=1e-9, atol=1e-12)
    assert torch.equal(store.targets, y)
    with torch.no_grad():
        wanted = nn.functional.cross_entropy(made.model(x), y, reduction="none")
    torch.testing.assert_close(store.losses, wanted)
    assert store.key != old
    assert GradientStore.of(model, (x, y)) is store
    assert GradientStore.of(model, made.train) is not store


def test_relabelled_samples_that_were_never_computed_stay_relabelled_when_the_rest_is():
    made = case("mlp_tanh")
    store = GradientStore.of(model_of(made), made.batches(25, 35))
    x, y = made.train[0], made.train[1].clone()
    y[40] = (y[40] + 1) % 3
    store.replace([40], (x[40:41], y[40:41]))
    torch.testing.assert_close(store.rows(0, 60).flat(), dense_gradients(made, (x, y)), rtol=1e-9, atol=1e-12)


def test_sentences_padded_batch_by_batch_are_stored_flat():
    made = case("tokens")
    long = made.train[0][:10], made.train[1][:10]
    short = made.train[0][10:20, :4], made.train[1][10:20, :4]
    store = GradientStore.of(model_of(made), [long, short])
    rows = store.rows(0, 20)
    assert [part["kind"] for part in store.spec] == ["flat"]
    wanted = torch.cat([dense_gradients(made, long), dense_gradients(made, short)])
    torch.testing.assert_close(rows.flat(), wanted, rtol=1e-9, atol=1e-12)


def test_data_that_change_from_one_reading_to_the_next_are_refused():
    class Augmented(torch.utils.data.Dataset):
        def __len__(self):
            return 6

        def __getitem__(self, i):
            return torch.randn(4, dtype=torch.float64), i % 3

    store = GradientStore.of(model_of(case("mlp_tanh")), Augmented())
    with pytest.raises(InputError, match="random augmentation"):
        store.rows(0, 6)


def test_a_model_that_was_fitted_again_does_not_fill_an_old_store():
    made = case("mlp_tanh")
    model = model_of(made)
    store = GradientStore.of(model, made.train)
    with torch.no_grad():
        made.model[0].weight.mul_(2.0)
    model.fit(made.train)
    with pytest.raises(InputError, match="fitted again"):
        store.rows(0, 60)


def test_what_cannot_be_is_refused_in_words():
    made = case("mlp_tanh")
    store = GradientStore.of(model_of(made), made.train)
    with pytest.raises(InputError, match="samples 0 to 60"):
        store.rows(50, 61)
    with pytest.raises(InputError, match="positive integer"):
        list(store.tiles(0))
    with pytest.raises(InputError, match="float32"):
        GradientStore.of(model_of(made), made.train, dtype="int8")
    with pytest.raises(InputTypeError, match="influence model"):
        GradientStore.of(made.model, made.train)
    with pytest.raises(InputError, match="twice"):
        store.replace([1, 1], (made.train[0][:2], made.train[1][:2]))
    with pytest.raises(InputError, match="60 samples"):
        store.replace([60], (made.train[0][:1], made.train[1][:1]))
    with pytest.raises(InputError, match="as many"):
        store.replace([1, 2], (made.train[0][:1], made.train[1][:1]))


def test_rows_of_a_store_can_be_joined_and_scored():
    made = case("mlp_tanh")
    model = model_of(made)
    store = GradientStore.of(model, made.train)
    tests = model.gradients(Batch.of(made.test))
    scores = torch.cat([model.scores(model.precondition(tests), rows) for _, rows in store.tiles(13)], dim=1)
    wanted = dense_gradients(made, made.test) @ dense_gradients(made).T
    torch.testing.assert_close(scores, wanted)
    whole = Rows.cat([rows for _, rows in store.tiles(13)])
    torch.testing.assert_close(whole.flat(), store.rows(0, 60).flat())


class Scaled(nn.Module):
    """The same weights do other things with other plain attributes, hooks and unsaved buffers."""

    def __init__(self, *, scale=1.0, function=torch.tanh, mask=1.0):
        super().__init__()
        self.inner = nn.Linear(5, 3)
        self.scale, self.function = scale, function
        self.register_buffer("mask", torch.full((5,), mask), persistent=False)

    def forward(self, x):
        return self.function(self.inner(x * self.scale * self.mask))


class Tempered(nn.Module):
    """A loss with settings of its own."""

    def __init__(self, inner, weights):
        super().__init__()
        self.inner, self._weights = inner, weights

    def forward(self, output, target):
        return self.inner(output * self._weights.sum(), target)


def closed_over(temperature):
    lock = threading.Lock()  # has no identity, the temperature has

    def loss(output, target):
        with lock:
            return nn.functional.cross_entropy(output * temperature, target)

    return loss


def behind(scale):
    after = nn.Linear(3, 3)
    after.load_state_dict({"weight": scale, "bias": torch.zeros(3)})
    return lambda output, target: nn.functional.cross_entropy(after(output), target)


def hooked():
    model = Scaled()
    model.inner.register_forward_hook(lambda module, inputs, output: output * 2.0)
    return model


def long_weights(last):
    weights = torch.zeros(2000)  # printed, its middle is dots
    weights[1000] = last
    return weights


PLAIN = nn.CrossEntropyLoss()


@pytest.mark.parametrize(
    ("other_model", "loss", "other_loss"),
    [
        (lambda: Scaled(scale=3.0), PLAIN, PLAIN),
        (lambda: Scaled(function=torch.sin), PLAIN, PLAIN),
        (lambda: Scaled(mask=3.0), PLAIN, PLAIN),
        (hooked, PLAIN, PLAIN),
        (Scaled, closed_over(1.0), closed_over(3.0)),
        (Scaled, behind(torch.eye(3)), behind(torch.eye(3) * 3.0)),
        (Scaled, Tempered(PLAIN, long_weights(1.0)), Tempered(PLAIN, long_weights(3.0))),
        (
            Scaled,
            Tempered(PLAIN, torch.ones(1)),
            Tempered(nn.CrossEntropyLoss(label_smoothing=0.4), torch.ones(1)),
        ),
    ],
    ids=[
        "number",
        "function",
        "unsaved_buffer",
        "hook",
        "closure_with_a_lock",
        "closure_with_a_module",
        "private_tensor",
        "loss_in_a_loss",
    ],
)
def test_the_same_weights_in_a_model_or_loss_that_computes_something_else_have_another_store(
    other_model, loss, other_loss
):
    torch.manual_seed(0)
    one, other = Scaled(), other_model()
    other.load_state_dict(one.state_dict())
    data = torch.randn(9, 5), torch.randint(0, 3, (9,))
    first, second = GradDotInfluence(one, loss), GradDotInfluence(other, other_loss)
    kept = GradientStore.of(first, data)
    kept.rows(0, 9)
    assert GradientStore.of(GradDotInfluence(one, loss), data) is kept
    found = GradientStore.of(second, data).rows(0, 9).flat()
    torch.testing.assert_close(found, second.gradients(Batch.of(data)).flat())


@pytest.mark.parametrize(("hidden", "passes"), [(5, [10, 20]), (400_000, [10, 10, 10])])
def test_small_batches_share_a_pass_where_all_that_their_layers_give_is_small(hidden, passes):
    class Wide(nn.Module):
        """Few parameters and gradients, whatever a layer without parameters gives."""

        def __init__(self):
            super().__init__()
            self.head, self.middle = nn.Linear(4, 3), nn.Upsample(hidden)

        def forward(self, x):
            return self.head(x) + 0.0 * self.middle(x.unsqueeze(1)).sum(2)

    seen = []

    class Sizes(GradDotInfluence):
        def gradients_with_losses(self, batch):
            seen.append(len(batch))
            return super().gradients_with_losses(batch)

    made = case("mlp_tanh")
    model = Sizes(Wide().double(), made.loss)
    store = GradientStore.of(model, made.batches(10, 10, 10))
    store.rows(0, 1)
    store.rows(0, 30)
    assert seen == passes
