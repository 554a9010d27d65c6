"""Per-sample gradients are those of single samples whatever the model is made of, cheaply where that is right."""

from __future__ import annotations

import copy
import warnings
from typing import NamedTuple

import pytest
import torch
from influence.problems import CASES, case, dense_gradients
from torch import nn
from torch.nn.functional import dropout, linear

from dvlwidgets.errors import InputError
from dvlwidgets.influence import agreement, general, memory
from dvlwidgets.influence.batches import Batch
from dvlwidgets.influence.gradients import Gradients
from dvlwidgets.influence.problem import Problem

B = 7


def one_by_one(problem, batch):
    """The definition: the gradient of each sample's loss as a batch of one."""
    batch = problem.place(batch)
    params = [t for t in problem.model.parameters() if t.requires_grad]
    rows = []
    for i in range(len(batch)):
        loss = problem.losses(None, batch[i : i + 1])[0]
        grads = torch.autograd.grad(loss, params, allow_unused=True)
        rows.append(
            torch.cat(
                [
                    (torch.zeros_like(t) if g is None else g.to_dense()).flatten()
                    for t, g in zip(params, grads, strict=True)
                ]
            )
        )
    return torch.stack(rows)


def check(model, batch, loss=None, *, path=None, dtype=torch.float64, tolerance=1e-9, problem=None):
    """Against the definition; returns the ways that were taken."""
    problem = problem or Problem(model.to(dtype), loss or nn.CrossEntropyLoss())
    batch = Batch.of(batch)
    gradients = Gradients(problem)
    rows, losses = gradients.with_losses(batch)
    wanted = one_by_one(problem, batch)
    assert float((rows.flat() - wanted).abs().max()) <= tolerance * max(1.0, float(wanted.abs().max()))
    assert float(wanted.abs().max()) > 0
    torch.testing.assert_close(rows.dot(rows), rows.flat() @ rows.flat().T, rtol=1e-7, atol=tolerance)
    torch.testing.assert_close(rows.squares(), rows.flat().square().sum(1), rtol=1e-7, atol=tolerance)
    torch.testing.assert_close(losses, gradients.losses(batch))
    if path is not None:
        assert set(gradients.path.values()) == {path} if isinstance(path, str) else gradients.path == path
    return gradients.path


def floats(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def labels(*shape, classes=3):
    return torch.randint(classes, shape, generator=torch.Generator().manual_seed(5))


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(3)


@pytest.mark.parametrize("name", CASES)
def test_all_small_problems_agree_with_single_samples(name):
    made = case(name)
    rows = Gradients(Problem(made.model, made.loss))(Batch.of(made.train))
    torch.testing.assert_close(rows.flat(), dense_gradients(made), rtol=1e-8, atol=1e-11)


# --- layers -----------------------------------------------------------------------------------------------------

CONVOLUTIONS = {
    "plain": {},
    "stride": {"stride": 2},
    "padding": {"padding": 2},
    "uneven": {"kernel_size": (3, 2), "stride": (1, 2), "padding": (1, 0)},
    "dilation": {"dilation": 2},
    "same": {"padding": "same", "dilation": 2},
    "same_even": {"kernel_size": 2, "padding": "same"},
    "valid": {"padding": "valid"},
    "reflect": {"padding": 1, "padding_mode": "reflect"},
    "circular": {"padding": (1, 2), "padding_mode": "circular"},
    "replicate_same": {"padding": "same", "padding_mode": "replicate"},
    "groups": {"groups": 2},
    "depthwise": {"groups": 4, "padding": 1},
    "no_bias": {"bias": False, "groups": 2, "stride": 2},
}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions_of_two_dimensions(name):
    options = {"kernel_size": 3} | CONVOLUTIONS[name]
    net = nn.Sequential(
        nn.Conv2d(4, 4, **options), nn.Tanh(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 3)
    )
    check(net, (floats(B, 4, 7, 6), labels(B)), path="factors")


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("name", [n for n in CONVOLUTIONS if n not in ("uneven", "circular")])
def test_convolutions_of_one_dimension(name):
    options = {"kernel_size": 3} | CONVOLUTIONS[name]
    net = nn.Sequential(
        nn.Conv1d(4, 4, **options), nn.Tanh(), nn.AdaptiveAvgPool1d(2), nn.Flatten(), nn.Linear(8, 3)
    )
    check(net, (floats(B, 4, 9), labels(B)), path="factors")


def test_a_convolution_whose_patches_do_not_fit_in_memory_is_done_in_pieces(monkeypatch):
    monkeypatch.setattr(memory, "BUDGET", 1)
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(27, 3))
    check(net, (floats(B, 2, 5, 5), labels(B)), path="factors")


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.LayerNorm(6), (6,)),
        (nn.LayerNorm(6, bias=False), (6,)),
        (nn.LayerNorm(6), (3, 6)),
        (nn.LayerNorm((3, 6)), (3, 6)),
        (nn.LayerNorm((3, 6)), (2, 3, 6)),
        (nn.BatchNorm1d(6), (6,)),
        (nn.BatchNorm1d(3), (3, 5)),
        (nn.BatchNorm2d(2), (2, 3, 4)),
        (nn.BatchNorm3d(2), (2, 2, 3, 2)),
        (nn.GroupNorm(2, 4), (4, 5)),
        (nn.Linear(6, 4), (6,)),
        (nn.Linear(6, 4), (2, 3, 6)),
        (nn.Linear(6, 4, bias=False), (5, 6)),
    ],
    ids=repr,
)
def test_norms_and_linear_layers(layer, shape):
    for buffer in layer.buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 2.0)
    width = layer(floats(2, *shape).float())[0].numel()
    net = nn.Sequential(layer, nn.Tanh(), nn.Flatten(), nn.Linear(width, 3))
    check(net, (floats(B, *shape), labels(B)), path="factors")


@pytest.mark.parametrize("options", [{}, {"padding_idx": 2}, {"sparse": True}])
@pytest.mark.parametrize("vocabulary", [5, 400])
def test_embeddings_of_small_and_large_tables(vocabulary, options):
    net = nn.Sequential(nn.Embedding(vocabulary, 3, **options), nn.Flatten(), nn.Tanh(), nn.Linear(12, 3))
    tokens = labels(B, 4, classes=5)
    rows = Gradients(Problem(net.double(), nn.CrossEntropyLoss()))(Batch.of((tokens, labels(B))))
    assert rows.spec[0]["kind"] == ("flat" if vocabulary == 5 else "tokens")
    check(net, (tokens, labels(B)), path="factors")


def test_embeddings_scaled_by_the_batch_are_those_of_single_samples():
    net = nn.Sequential(nn.Embedding(5, 3, scale_grad_by_freq=True), nn.Flatten(), nn.Linear(12, 3))
    path = check(net, (labels(B, 4, classes=5), labels(B)))
    assert path["0.weight"] == "vmap"


def test_embeddings_that_renormalise_are_done_one_by_one_and_said():
    net = nn.Sequential(nn.Embedding(5, 3, max_norm=1.0), nn.Flatten(), nn.Linear(12, 3))
    net[0].weight.data.mul_(0.1)  # nothing to renormalise: it would change the parameters
    with pytest.warns(UserWarning, match="one sample after the other"):
        path = check(net, (labels(B, 4, classes=5), labels(B)))
    assert path["0.weight"] == "loop"


class Attending(nn.Module):
    def __init__(self, batch_first):
        super().__init__()
        self.batch_first = batch_first
        self.embed = nn.Linear(3, 4)
        self.attention = nn.MultiheadAttention(4, 2, dropout=0.3, batch_first=batch_first)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        h = self.embed(x if self.batch_first else x.transpose(0, 1))
        h, _ = self.attention(h, h, h, need_weights=False)
        return self.head(h.mean(1 if self.batch_first else 0))


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("length", [5, B, agreement.LEAST, agreement.FEW])
def test_attention_with_samples_on_either_axis_and_as_many_places_as_samples(batch_first, length):
    path = check(Attending(batch_first), (floats(B, length, 3), labels(B)))
    assert path["attention.in_proj_weight"] == "vmap"
    assert path["head.weight"] == "factors"
    assert path["embed.weight"] == ("factors" if batch_first else "vmap")


@pytest.mark.parametrize("norm_first", [True, False])
def test_transformer_encoders_with_padding_masks(norm_first):
    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.2, batch_first=True, norm_first=norm_first)
            self.embed = nn.Embedding(9, 4, padding_idx=0)
            self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=not norm_first)
            self.head = nn.Linear(4, 9)

        def forward(self, tokens):
            return self.head(self.encoder(self.embed(tokens), src_key_padding_mask=tokens == 0))

    tokens = 1 + labels(B, 6, classes=8)
    tokens[1, 4:], tokens[3, 2:] = 0, 0
    target = tokens.masked_fill(tokens == 0, -100)
    path = check(Encoder(), (tokens, target))
    assert path["encoder.layers.1.linear1.weight"] == "factors"
    assert path["encoder.layers.0.norm1.weight"] == "factors"


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM, nn.RNN])
def test_recurrent_layers_are_right_if_slow(kind):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = kind(3, 4, batch_first=True, num_layers=2, dropout=0.5)
            self.head = nn.Linear(4, 3)

        def forward(self, x):
            return self.head(self.cell(x)[0][:, -1])

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        path = check(Net(), (floats(B, 5, 3), labels(B)))
    assert path["head.weight"] == "factors"
    assert path["cell.weight_ih_l0"] in ("vmap", "loop")
    told = [str(w.message) for w in said if w.category is UserWarning]
    assert told == [] if path["cell.weight_ih_l0"] == "vmap" else "one sample after the other" in told[0]


def test_what_depends_on_numbers_is_done_one_by_one_and_said():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(3))
            self.head = nn.Linear(3, 3)

        def forward(self, x):
            return self.head(torch.stack([row * self.scale * (2 if row.sum() > 0 else 1) for row in x]))

    with pytest.warns(UserWarning, match=r"scale are taken one sample after the other"):
        path = check(Net(), (floats(B, 3), labels(B)))
    assert path == {"scale": "loop", "head.weight": "factors", "head.bias": "factors"}


# --- how they are put together ----------------------------------------------------------------------------------


def test_a_layer_that_is_called_twice_adds_up():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = nn.Linear(4, 4), nn.Conv1d(1, 1, 3, padding=1), nn.LayerNorm(4)
            self.head = nn.Linear(4, 3)

        def forward(self, x):
            h = self.c(torch.tanh(self.a(torch.tanh(self.a(x)))))
            h = self.b(self.b(h.unsqueeze(1))).squeeze(1)
            return self.head(self.c(h))

    check(Twice(), (floats(B, 4), labels(B)), path="factors")


def test_tied_weights_count_once_and_take_the_general_path():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.out = nn.Embedding(6, 4), nn.Linear(4, 6, bias=False)
            self.out.weight = self.embed.weight
            self.mid = nn.Linear(4, 4)

        def forward(self, tokens):
            return self.out(torch.tanh(self.mid(self.embed(tokens).mean(1))))

    path = check(Tied(), (labels(B, 3, classes=6), labels(B, classes=6)))
    assert path == {"embed.weight": "vmap", "mid.weight": "factors", "mid.bias": "factors"}


def test_one_module_under_two_names_is_one_layer():
    layer = nn.Linear(4, 4)
    net = nn.Sequential(layer, nn.Tanh(), layer, nn.Linear(4, 3))
    check(net, (floats(B, 4), labels(B)), path="factors")


def test_a_weight_that_is_used_elsewhere_takes_the_general_path():
    class Penalised(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 3)

        def forward(self, x):
            return self.fc(x) + linear(x.tanh(), self.fc.weight)

    path = check(Penalised(), (floats(B, 4), labels(B)))
    assert set(path.values()) == {"vmap"}


def test_activations_in_place_change_nothing():
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(27, 5),
        nn.ELU(inplace=True), nn.Linear(5, 3), nn.Hardtanh(inplace=True),
    )  # fmt: skip
    check(net, (floats(B, 1, 5, 5), labels(B)), path="factors")


def test_dropout_and_batch_norm_are_silent_and_the_users_model_stays_in_training_mode():
    net = nn.Sequential(
        nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 3)
    ).double()
    before = copy.deepcopy(net.state_dict())
    check(net, (floats(B, 4), labels(B)), path="factors")
    assert net.training
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    assert all(t.grad is None for t in net.parameters())


def test_subclasses_with_a_will_of_their_own_are_seen_through():
    class Doubled(nn.Linear):
        def forward(self, x):
            return super().forward(x) * 2

    class Odd(nn.Linear):
        def forward(self, x):
            return linear(x, self.weight * 3, self.bias)

    class Named(nn.Linear):
        pass

    net = nn.Sequential(Doubled(4, 4), nn.Tanh(), Odd(4, 4), nn.Tanh(), Named(4, 3))
    path = check(net, (floats(B, 4), labels(B)))
    assert [path[f"{i}.weight"] for i in (0, 2, 4)] == ["vmap", "vmap", "factors"]


def test_parametrised_weights_take_the_general_path():
    net = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)), nn.Tanh(), nn.Linear(4, 3))
    path = check(net, (floats(B, 4), labels(B)))
    assert path["2.weight"] == "factors"
    assert path["0.parametrizations.weight.original0"] == "vmap"


def test_tokens_folded_into_the_first_axis_are_unfolded():
    class Folded(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.norm, self.head = nn.Embedding(6, 4), nn.LayerNorm(4), nn.Linear(4, 3)

        def forward(self, tokens):
            h = self.norm(self.embed(tokens.flatten()))
            return self.head(h.tanh()).unflatten(0, tokens.shape).mean(1)

    check(Folded(), (labels(B, 5, classes=6), labels(B)), path="factors")


def test_layers_called_by_name_and_loose_parameters():
    class Loose(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.gain = nn.Linear(4, 3), nn.Parameter(torch.ones(3))

        def forward(self, x):
            return self.fc(input=x) * self.gain

    path = check(Loose(), (floats(B, 4), labels(B)))
    assert path == {"gain": "vmap", "fc.weight": "factors", "fc.bias": "factors"}


def test_parameters_that_are_single_numbers():
    class Tempered(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.temperature = nn.Linear(4, 3), nn.Parameter(torch.tensor(0.7))

        def forward(self, x):
            return self.fc(x) / self.temperature

    check(Tempered(), (floats(B, 4), labels(B)))


def test_parameters_that_are_never_used_have_no_gradient():
    class Unused(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.spare, self.never = nn.Linear(4, 3), nn.Linear(4, 3), nn.Parameter(torch.ones(2))

        def forward(self, x):
            self.spare(x)
            return self.fc(x)

    check(Unused(), (floats(B, 4), labels(B)))


def test_frozen_parameters_are_left_out_and_layers_may_be_frozen_in_part():
    net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Conv1d(1, 2, 1), nn.Flatten(), nn.Linear(8, 3))
    net = nn.Sequential(net[0], net[1], nn.Unflatten(1, (1, 4)), *net[2:])
    net[0].bias.requires_grad_(False)
    net[3].weight.requires_grad_(False)
    net[5].requires_grad_(False)
    assert list(check(net, (floats(B, 4), labels(B)), path="factors")) == ["0.weight", "3.bias"]


# --- the check of the first batch is not fooled -------------------------------------------------------------------


class Shared(nn.Module):
    """Its factors are wrong wherever its gradient is not zero."""

    def __init__(self, bias=0.0, last=1.0):
        super().__init__()
        self.fc, self.head = nn.Linear(4, 5), nn.Linear(5, 3)
        self.fc.bias.data.fill_(bias)
        self.head.weight.data.mul_(last)

    def forward(self, x):
        return self.head(torch.relu(self.fc(x) + linear(x, self.fc.weight)))


@pytest.mark.parametrize("dead", [{"bias": -1e3}, {"last": 0.0}], ids=["dead units", "zero head"])
def test_layers_whose_gradient_vanishes_on_the_first_batch_are_not_believed(dead):
    problem = Problem(Shared(**dead).double(), nn.CrossEntropyLoss())
    gradients = Gradients(problem)
    gradients(Batch.of((floats(B, 4), labels(B))))
    assert gradients.path["fc.weight"] == "vmap"
    assert gradients.path["head.weight"] == "factors"
    with torch.no_grad():  # units that wake up later
        problem.model.fc.bias.fill_(1.0)
        problem.model.head.weight.fill_(0.3).add_(floats(3, 5))
    rows = gradients(Batch.of((floats(B, 4, seed=1), labels(B))))
    torch.testing.assert_close(rows.flat(), one_by_one(problem, Batch.of((floats(B, 4, seed=1), labels(B)))))


def test_a_layer_that_is_never_heard_of_takes_the_way_that_cannot_be_wrong():
    class Gated(Shared):
        def __init__(self):
            super().__init__()
            self.register_buffer("gate", torch.zeros(()))

        def forward(self, x):
            return self.head(x.new_ones(len(x), 5)) + self.gate * super().forward(x)

    gradients = Gradients(Problem(Gated().double(), nn.CrossEntropyLoss()))
    gradients(Batch.of((floats(B, 4), labels(B))))
    assert gradients.path["fc.weight"] == "vmap"


def test_first_samples_that_are_all_zero_say_nothing():
    class Wrong(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 3)

        def forward(self, x):
            return self.fc(x) + linear(x, self.fc.weight)

    x = torch.zeros(20, 4, dtype=torch.float64)
    x[8:] = floats(12, 4)
    for net, way in ((Wrong(), "vmap"), (nn.Linear(4, 3), "factors")):
        problem = Problem(net.double(), nn.CrossEntropyLoss())
        gradients = Gradients(problem)
        torch.testing.assert_close(
            gradients(Batch.of((x, labels(20)))).flat(), one_by_one(problem, Batch.of((x, labels(20))))
        )
        assert set(gradients.path.values()) == {way}


def test_dead_units_of_an_honest_layer_do_not_slow_it_down():
    net = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    net[0].bias.data.fill_(-1e3)
    check(net, (floats(B, 4), labels(B)), path="factors")


def test_a_first_batch_of_one_sample_decides_as_well_as_a_large_one():
    problem = Problem(Attending(batch_first=False).double(), nn.CrossEntropyLoss())
    gradients = Gradients(problem)
    for n, length in ((1, 1), (4, 1), (B, 3)):
        batch = Batch.of((floats(n, length, 3), labels(n)))
        torch.testing.assert_close(gradients(batch).flat(), one_by_one(problem, batch))


def test_a_bias_whose_gradient_is_nothing_but_rounding_keeps_its_layer_on_the_cheap_way():
    class Keys(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.k, self.head = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3)

        def forward(self, x):
            weights = (self.q(x) @ self.k(x).mT).softmax(-1)  # a bias of the keys moves no weight
            return self.head((weights @ x).mean(1))

    check(Keys(), (floats(B, 5, 4).float(), labels(B)), dtype=torch.float32, tolerance=1e-5, path="factors")


# --- inputs and losses ----------------------------------------------------------------------------------------


class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(3, 3), nn.Embedding(5, 3)
        self.gain = nn.Parameter(torch.ones(3))

    def forward(self, x, tokens, mask=None):
        h = self.right(tokens)
        h = h.mean(1) if mask is None else (h * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        return torch.tanh(self.left(x) * self.gain) + h


class Output(NamedTuple):
    logits: torch.Tensor
    hidden: torch.Tensor


def test_models_of_two_inputs_in_tuples_nested_or_by_name():
    x, tokens, y = floats(B, 3), labels(B, 4, classes=5), labels(B)
    mask = (labels(B, 4, classes=2) + torch.tensor([1, 0, 0, 0])).clamp(max=1).double()
    for batch in ((x, tokens, y), ((x, tokens), y), ({"x": x, "tokens": tokens, "mask": mask}, y)):
        check(TwoInputs(), batch)
    check(TwoInputs(), {"x": x, "tokens": tokens, "mask": mask, "labels": y})


def test_outputs_with_logits_and_targets_for_each_token():
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.head = nn.Embedding(8, 4), nn.Linear(4, 3)

        def forward(self, input_ids, attention_mask):
            h = torch.tanh(self.embed(input_ids)) * attention_mask.unsqueeze(-1)
            return Output(self.head(h + h.mean(1, keepdim=True)), h)

    mask = torch.ones(B, 5, dtype=torch.int64)
    mask[2, 3:], mask[4, 1:] = 0, 0
    y = labels(B, 5).masked_fill(mask == 0, -100)
    check(
        Tagger(), {"input_ids": labels(B, 5, classes=8), "attention_mask": mask, "labels": y}, path="factors"
    )


def test_inputs_that_are_integers_or_of_another_precision():
    check(
        nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(6, 3)),
        (labels(B, 2, classes=5).int(), labels(B)),
    )
    check(nn.Linear(3, 3), (floats(B, 3).float(), labels(B)))


@pytest.mark.parametrize(
    "loss", [lambda o, t: (o - t).abs().pow(1.5).mean(), nn.HuberLoss(), nn.L1Loss(reduction="sum")]
)
def test_losses_of_any_kind(loss):
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    check(net, (floats(B, 3), floats(B, 2, seed=1)), loss, path="factors")


@pytest.mark.parametrize("n", [1, 2, 7, 300])
def test_batches_of_any_size(n):
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3))
    check(net, (floats(n, 3), labels(n)), path="factors")


# --- precision and memory -----------------------------------------------------------------------------------------


def test_models_in_bfloat16_and_float32_take_the_cheap_way_too():
    net = nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 3))
    check(net, (floats(B, 6), labels(B)), dtype=torch.float32, tolerance=1e-5, path="factors")
    rows = Gradients(problem := Problem(net.bfloat16(), nn.CrossEntropyLoss()))(
        Batch.of((floats(B, 6), labels(B)))
    )
    wanted = one_by_one(Problem(net.double(), nn.CrossEntropyLoss()), Batch.of((floats(B, 6), labels(B))))
    assert rows.flat().dtype is torch.bfloat16
    assert float((rows.flat().double() - wanted).norm() / wanted.norm()) < 0.05
    gradients = Gradients(problem)
    gradients(Batch.of((floats(B, 6), labels(B))))
    assert set(gradients.path.values()) == {"factors"}


def test_autocast_inside_the_model_gives_rows_in_the_parameters_precision():
    class Cast(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
            self.gain = nn.Parameter(torch.ones(3))

        def forward(self, x):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                return self.net(x).float() * self.gain

    net = Cast()
    batch = Batch.of((floats(B, 6).float(), labels(B)))
    gradients = Gradients(Problem(net, nn.CrossEntropyLoss()))
    rows = gradients(batch)
    wanted = one_by_one(Problem(net, nn.CrossEntropyLoss()), batch)
    assert rows.flat().dtype is torch.float32
    assert float((rows.flat() - wanted).norm() / wanted.norm()) < 0.02
    assert gradients.path["net.0.weight"] == "factors"


def test_the_general_path_takes_as_many_samples_at_once_as_memory_allows(monkeypatch):
    problem = Problem(Shared().double(), nn.CrossEntropyLoss())
    batch = Batch.of((floats(B, 4), labels(B)))
    seen, losses = [], problem.losses
    monkeypatch.setattr(problem, "losses", lambda p, b: seen.append(len(b)) or losses(p, b))
    wanted = general.mapped(problem, batch, ["fc.weight"]).values
    whole = len(seen)
    each = general.saved_bytes(problem, batch[:1]) + 4 * 8 * 20
    monkeypatch.setattr(memory, "BUDGET", 3 * each + 1)
    torch.testing.assert_close(general.mapped(problem, batch, ["fc.weight"]).values, wanted)
    assert len(seen) - whole == 1 + whole + 2  # the measuring call twice, and three pieces in place of one


def test_flat_rows_on_request():
    problem = Problem(nn.Linear(20, 10).double(), nn.CrossEntropyLoss())
    batch = Batch.of((floats(B, 20), labels(B)))
    rows = Gradients(problem, factored=False)(batch)
    assert rows.is_flat
    torch.testing.assert_close(rows.flat(), Gradients(problem)(batch).flat())


# --- what has no gradient of single samples -------------------------------------------------------------------------


def test_losses_that_depend_on_the_other_samples_are_refused_in_words():
    net = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4, track_running_stats=False), nn.Linear(4, 3))
    with pytest.raises(InputError, match="depends on the other samples"):
        check(net, (floats(B, 4), labels(B)))


def test_models_that_are_random_in_eval_mode_are_refused_in_words():
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 3)

        def forward(self, x):
            return self.fc(dropout(x, 0.5, training=True))

    with pytest.raises(InputError, match="other losses for the same samples"):
        check(Noisy(), (floats(B, 4), labels(B)))


def test_layers_that_lose_the_samples_in_a_later_batch_are_refused_in_words():
    class Changing(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 3)

        def forward(self, x):
            return self.fc(x) if len(x) != 9 else self.fc(torch.cat([x, x[:1]]))[:9]

    gradients = Gradients(Problem(Changing().double(), nn.CrossEntropyLoss()))
    gradients(Batch.of((floats(B, 4), labels(B))))
    with pytest.raises(InputError, match="other shapes than in the first batch"):
        gradients(Batch.of((floats(9, 4), labels(9))))


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ((torch.randn(B, 4), torch.zeros(B).long()), "cannot be called with inputs of shape"),
        ((torch.randn(B, 5), torch.full((B,), 9)), "the loss cannot be computed"),
        ((torch.randn(B, 5), torch.zeros(B)), "the loss cannot be computed"),
    ],
    ids=["width", "label", "type_of_label"],
)
@pytest.mark.parametrize("seen", [False, True], ids=["first_batch", "later_batch"])
def test_data_that_model_or_loss_cannot_take_are_refused_in_words(batch, words, seen):
    gradients = Gradients(Problem(nn.Sequential(nn.Linear(5, 3)), nn.CrossEntropyLoss()))
    if seen:
        gradients(Batch.of((torch.randn(B, 5), torch.zeros(B).long())))
    with pytest.raises(InputError, match=words):
        gradients(Batch.of(batch))


def test_numbers_that_are_not_finite_do_not_keep_ways_from_being_compared():
    x = torch.randn(B, 5)
    x[2] = torch.nan
    rows = Gradients(Problem(nn.Linear(5, 3), nn.CrossEntropyLoss()))(Batch.of((x, torch.zeros(B).long())))
    assert rows.flat()[2].isnan().any()
    assert rows.flat()[[0, 1, 3, 4, 5, 6]].isfinite().all()


def test_a_model_that_cannot_be_copied_is_refused_in_words():
    model = nn.Linear(5, 3)
    model.last_output = model(torch.randn(2, 5))
    with pytest.raises(InputError, match=r"Linear cannot be copied: .* earlier calls left"):
        Problem(model, nn.CrossEntropyLoss())
