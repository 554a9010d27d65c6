"""A frozen prefix is found, computed once a data set, and changes no number of what comes after."""

from __future__ import annotations

import gc
from typing import NamedTuple

import pytest
import torch
from torch import nn
from torch.nn.functional import linear

from dvlwidgets.errors import InputError
from dvlwidgets.influence import prefix
from dvlwidgets.influence.batches import Batch, Batches
from dvlwidgets.influence.cg import CgInfluence
from dvlwidgets.influence.direct import DirectInfluence
from dvlwidgets.influence.ekfac import EkfacInfluence
from dvlwidgets.influence.grad_dot import GradDotInfluence
from dvlwidgets.influence.gradients import Gradients
from dvlwidgets.influence.prefix import condensed, find_seam
from dvlwidgets.influence.problem import Problem
from dvlwidgets.influence.seam import FEATURES
from dvlwidgets.influence.store import GradientStore

N = 33
LOOKED = 8 + 8 + 4 + 1  # samples that finding the cut takes


class Counted(nn.Module):
    """Counts the samples that go through."""

    seen = 0

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        Counted.seen += len(x)
        return self.inner(x)


class Trunk(nn.Module):
    """A network with a head, as torchvision's."""

    def __init__(self):
        super().__init__()
        self.conv = Counted(nn.Conv2d(1, 4, 3))
        self.norm = nn.BatchNorm2d(4)
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        return self.fc(torch.flatten(self.pool(torch.relu(self.norm(self.conv(x)))), 1))


def frozen_but(model, *names):
    for name, t in model.named_parameters():
        t.requires_grad_(any(name.startswith(n) for n in names))
    return model.double()


def sequential():
    trunk = nn.Sequential(Counted(nn.Conv2d(1, 4, 3)), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
    return frozen_but(
        nn.Sequential(*trunk, nn.Flatten(), nn.Linear(64, 6), nn.Tanh(), nn.Linear(6, 3)), "4", "6"
    )


def nested():
    body = nn.Sequential(
        Counted(nn.Conv2d(1, 4, 3)), nn.Dropout(0.5), nn.Sequential(nn.ReLU(), nn.Conv2d(4, 2, 2))
    )
    return frozen_but(
        nn.Sequential(body, nn.Sequential(nn.Tanh(), nn.Flatten(), nn.Linear(18, 3))), "0.2.1", "1.2"
    )


def trunk():
    return frozen_but(Trunk(), "fc")


def wrapped():
    class Logits(NamedTuple):
        logits: torch.Tensor

    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = Trunk()

        def forward(self, image, scale):
            return Logits(self.net(image * scale.reshape(-1, 1, 1, 1)))

    return frozen_but(Wrapped(), "net.fc")


MODELS = {"sequential": sequential, "nested": nested, "trunk": trunk, "wrapped": wrapped}


@pytest.fixture(autouse=True)
def _fresh():
    torch.manual_seed(0)
    prefix._OPEN.clear()
    Counted.seen = 0


def data_of(name, n=N):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(n, 1, 6, 6, generator=generator, dtype=torch.float64)
    y = torch.randint(3, (n,), generator=generator)
    return {"image": x, "scale": 1 + y.double(), "labels": y} if name == "wrapped" else (x, y)


def made(name):
    net = MODELS[name]()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-1, 1)
    return net, Problem(net, nn.CrossEntropyLoss()), data_of(name)


@pytest.mark.parametrize("name", MODELS)
def test_gradients_and_losses_of_features_are_those_of_the_inputs(name):
    _, problem, data = made(name)
    whole = Batches.of(data, 8)
    short = condensed(problem, whole)
    assert short is not whole
    assert len(short) == N
    assert short.sizes == whole.sizes
    gradients = Gradients(problem)
    for small, batch in zip(short, whole, strict=True):
        assert list(small.keywords) == [FEATURES]
        assert torch.equal(small.target, batch.target)
        assert torch.equal(gradients(small).flat(), gradients(batch).flat())
        assert torch.equal(gradients.losses(small), gradients.losses(batch))
        torch.testing.assert_close(
            problem.losses(problem.params, small), problem.losses(problem.params, batch)
        )


@pytest.mark.parametrize("name", MODELS)
def test_the_cut_is_as_late_as_can_be(name):
    _, problem, data = made(name)
    first = {"sequential": nn.Linear, "nested": nn.Conv2d, "trunk": nn.Linear, "wrapped": nn.Linear}[name]
    assert type(find_seam(problem, Batch.of(data)).suffix[0]) is first


def direct(net):
    return DirectInfluence(net, nn.CrossEntropyLoss(), regularization=0.1, second_order_mode="gauss_newton")


def cg(net):
    return CgInfluence(
        net, nn.CrossEntropyLoss(), regularization=0.1, rtol=1e-10, second_order_mode="gauss_newton"
    )


def ekfac(net):
    return EkfacInfluence(net, update_diagonal=True, regularization=0.1)


@pytest.mark.parametrize("make", [direct, cg, ekfac])
@pytest.mark.parametrize("name", MODELS)
def test_methods_give_the_same_influences_with_and_without(monkeypatch, name, make):
    net, _, data = made(name)

    def scores():
        model = make(net).fit(Batches.of(data, 8))
        store = GradientStore.of(model, Batches.of(data, 8))
        return model.scores(model.precondition(model.gradients(Batch.of(data)[:4])), store.rows(0, N))

    found = scores()
    monkeypatch.setattr(prefix, "find_seam", lambda *_: None)
    torch.testing.assert_close(found, scores(), rtol=1e-6, atol=1e-9)


def test_the_prefix_sees_each_sample_once_for_fit_and_store_and_not_again_for_a_head_that_is_trained_again():
    net, _, data = made("trunk")
    model = DirectInfluence(net, nn.CrossEntropyLoss(), regularization=0.1)
    Counted.seen = 0
    model.fit(Batches.of(data, 8))
    after_fit = Counted.seen
    assert (
        after_fit <= N + 5 * 8 + 8
    )  # the data once, and a few of the first batch to find the cut and to check
    GradientStore.of(model, data).rows(0, N)
    few = Counted.seen - after_fit
    assert few == 0
    with torch.no_grad():
        net.fc.weight.add_(1.0)
    Counted.seen = 0
    model.fit(Batches.of(data, 5))
    assert Counted.seen == 5 + 5 + 5 + 3  # its first batch is of five: nothing but the check and the cut


def test_relabelling_does_not_run_the_prefix_again():
    net, _, (x, y) = made("trunk")
    model = GradDotInfluence(net, nn.CrossEntropyLoss())
    store = GradientStore.of(model, (x, y))
    store.rows(0, N)
    changed = y.clone()
    changed[3] = (y[3] + 1) % 3
    Counted.seen = 0
    again = GradientStore.of(model, (x, changed))
    rows = again.rows(0, N)
    assert Counted.seen == 0
    wanted = Gradients(Problem(net, nn.CrossEntropyLoss()))(Batch.of((x, changed)))
    torch.testing.assert_close(rows.flat(), wanted.flat())


def test_features_lie_beside_the_store_on_disk_and_are_found_by_the_next_process(tmp_path):
    net, _, data = made("trunk")
    GradientStore.of(GradDotInfluence(net, nn.CrossEntropyLoss()), data, path=tmp_path).rows(0, N)
    assert len(list(tmp_path.glob("features-*"))) == 1
    prefix._OPEN.clear()
    prefix._HELD.clear()
    with torch.no_grad():
        net.fc.weight.add_(1.0)
    Counted.seen = 0
    store = GradientStore.of(GradDotInfluence(net, nn.CrossEntropyLoss()), data, path=tmp_path)
    rows = store.rows(0, N)
    assert Counted.seen == LOOKED < N
    torch.testing.assert_close(
        rows.flat(), Gradients(Problem(net, nn.CrossEntropyLoss()))(Batch.of(data)).flat()
    )


def test_the_stores_key_does_not_depend_on_the_cut(monkeypatch):
    net, _, data = made("trunk")
    model = GradDotInfluence(net, nn.CrossEntropyLoss())
    key = GradientStore.of(model, data).key
    monkeypatch.setattr(prefix, "find_seam", lambda *_: None)
    assert GradientStore.of(GradDotInfluence(net, nn.CrossEntropyLoss()), data).key == key


def test_features_are_gone_with_the_network():
    net, problem, data = made("trunk")
    short = condensed(problem, Batches.of(data), owner=net)
    list(short)
    del short
    gc.collect()
    assert len(prefix._OPEN) == 1
    del net
    gc.collect()
    assert len(prefix._OPEN) == 0


def test_data_that_change_at_random_are_noticed_under_a_prefix_too():
    class Augmented(torch.utils.data.Dataset):
        def __len__(self):
            return 9

        def __getitem__(self, i):
            return torch.randn(1, 6, 6, dtype=torch.float64), i % 3

    net, _, _ = made("trunk")
    with pytest.raises(InputError, match="random augmentation"):
        GradientStore.of(GradDotInfluence(net, nn.CrossEntropyLoss()), Augmented()).rows(0, 9)


# --- where there is no cut ---------------------------------------------------------------------------------------


class Skips(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.fc = nn.Linear(4, 4), nn.Linear(4, 3)


class Scaled(Skips):
    def forward(self, x):
        return self.fc(self.first(x)) * 2


class Twice(Skips):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return self.fc(self.fc(self.first(x)))


class Beneath(Skips):
    def forward(self, x):
        return self.fc(self.first(x) + linear(x, self.fc.weight.T @ self.fc.weight))


class Positions(Skips):
    def forward(self, x):
        return self.fc(self.first(x.T.contiguous().T).unsqueeze(0).expand(2, -1, -1))[0]


class Stateful(Skips):
    def forward(self, x):
        h = self.first(x)
        self.fc.extra = h.mean()
        return self.fc(h)


class Biased(nn.Linear):
    extra = torch.tensor(0.0)

    def forward(self, x):
        return super().forward(x) + self.extra


def stateful():
    net = Stateful()
    net.fc = Biased(4, 3)
    return net


@pytest.mark.parametrize("build", [Scaled, Twice, Beneath, Positions, stateful])
def test_where_the_tail_is_not_the_whole_story_the_model_is_not_cut(build):
    net = frozen_but(build(), "fc")
    problem = Problem(net, nn.MSELoss())
    width = 4 if build is Twice else 3
    batches = Batches.of((torch.randn(9, 4, dtype=torch.float64), torch.randn(9, width, dtype=torch.float64)))
    assert condensed(problem, batches) is batches


def test_models_without_a_frozen_prefix_are_not_cut_and_their_data_not_read():
    def never():
        raise AssertionError

    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).double()
    batches = Batches.of((torch.randn(9, 4, dtype=torch.float64), torch.zeros(9, dtype=torch.int64)))
    batches._read_once = never
    assert condensed(Problem(net, nn.CrossEntropyLoss()), batches) is batches
    net[1].bias.requires_grad_(False)
    assert condensed(Problem(net, nn.CrossEntropyLoss()), batches) is batches


def test_features_that_do_not_fit_in_memory_are_not_kept(monkeypatch):
    _, problem, data = made("trunk")
    monkeypatch.setattr(prefix, "free_bytes", lambda _: 100)
    batches = Batches.of(data)
    assert condensed(problem, batches) is batches


def test_features_are_refused_by_a_model_that_is_not_cut():
    _, problem, data = made("trunk")
    (batch,) = condensed(problem, Batches.of(data))
    with pytest.raises(InputError, match="not cut"):
        Problem(nn.Linear(16, 3), nn.CrossEntropyLoss()).losses(None, batch)


class Heated(nn.Module):
    """A frozen body whose input is multiplied by a plain attribute."""

    def __init__(self, heat):
        super().__init__()
        self.heat = heat
        self.body = nn.Sequential(nn.Linear(5, 4), nn.Tanh())
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.body(x * self.heat))


def test_features_of_the_same_weights_behind_another_attribute_are_not_taken():
    one = frozen_but(Heated(1.0), "head")
    other = frozen_but(Heated(3.0), "head")
    other.load_state_dict(one.state_dict())
    data = torch.randn(N, 5, dtype=torch.float64), torch.randint(0, 3, (N,))
    kept = DirectInfluence(one, nn.CrossEntropyLoss(), 0.1).fit(data)
    found = DirectInfluence(other, nn.CrossEntropyLoss(), 0.1).fit(data).influence_factors(*data)
    scaled = frozen_but(Heated(1.0), "head")
    scaled.load_state_dict(one.state_dict())
    hot = data[0] * 3.0, data[1]
    wanted = DirectInfluence(scaled, nn.CrossEntropyLoss(), 0.1).fit(hot).influence_factors(*hot)
    torch.testing.assert_close(found, wanted)
    assert kept.is_fitted
