"""A second fit looks at the network as it is now; one that fails leaves nothing that could be mistaken for it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from dvlwidgets.errors import InputError, NotFittedError
from dvlwidgets.influence.arnoldi import ArnoldiInfluence
from dvlwidgets.influence.cg import CgInfluence
from dvlwidgets.influence.direct import DirectInfluence
from dvlwidgets.influence.ekfac import EkfacInfluence
from dvlwidgets.influence.logra import LograInfluence

METHODS = [DirectInfluence, CgInfluence, ArnoldiInfluence, EkfacInfluence, LograInfluence]
N = 30


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)).double()


def data():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(N, 5, generator=generator).double(), torch.randint(3, (N,), generator=generator)


def model_of(method, net):
    return method(net, loss=nn.CrossEntropyLoss(), regularization=2.0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("frozen_first", [True, False], ids=["thawed", "frozen"])
def test_parameters_that_were_frozen_or_thawed_since_count_as_they_are_now(method, frozen_first):
    net, (x, y) = network(), data()
    net[0].requires_grad_(not frozen_first)
    model = model_of(method, net).fit((x, y))
    net[0].requires_grad_(frozen_first)
    found = model.fit((x, y)).influences(x, y)
    torch.testing.assert_close(found, model_of(method, net).fit((x, y)).influences(x, y))


@pytest.mark.parametrize("method", METHODS)
def test_a_fit_that_fails_half_way_leaves_no_model_of_two_networks(method):
    net, (x, y) = network(), data()
    model = model_of(method, net).fit((x, y))
    with torch.no_grad():
        net[2].weight.mul_(2.0)
    wrong = y.clone()
    wrong[-1] = 9
    with pytest.raises(InputError, match=r"the loss cannot be computed .* 9 is out of bounds"):
        model.fit((x, wrong))
    with pytest.raises(NotFittedError):
        model.influences(x, y)
    found = model.fit((x, y)).influences(x, y)
    torch.testing.assert_close(found, model_of(method, net).fit((x, y)).influences(x, y))


def test_data_refused_at_first_sight_leave_the_fit_before_as_it_was():
    net, (x, y) = network(), data()
    model = model_of(DirectInfluence, net).fit((x, y))
    before = model.influences(x, y)
    with torch.no_grad():
        net[2].weight.mul_(2.0)
    with pytest.raises(InputError, match="cannot be called"):
        model.fit((x[:, :3], y))
    assert torch.equal(model.influences(x, y), before)


def test_dampings_by_block_of_other_blocks_are_refused_in_words():
    net, xy = network(), data()
    model = EkfacInfluence(net, regularization={"0": 0.1, "2": 0.2}).fit(xy)
    net[0].requires_grad_(False)
    with pytest.raises(InputError, match="names the blocks"):
        model.fit(xy)


def test_factors_of_another_shape_are_refused_in_words_and_arrays_taken():
    net, (x, y) = network(), data()
    model = model_of(DirectInfluence, net).fit((x, y))
    with pytest.raises(InputError, match="for the block ''; expected"):
        model.influences_from_factors_by_block({"": torch.zeros(3, 4).double()}, x, y)
    z = model.influence_factors(x, y)
    torch.testing.assert_close(
        model.influences_from_factors(z.numpy(), x, y), model.influences_from_factors(z, x, y)
    )


def test_a_norm_over_the_batch_is_refused_in_words_by_fit():
    net = nn.Sequential(
        nn.Linear(5, 4), nn.BatchNorm1d(4, track_running_stats=False), nn.Linear(4, 3)
    ).double()
    with pytest.raises(InputError, match="depends on the other samples of its batch"):
        model_of(DirectInfluence, net).fit(data())
