"""Models whose per-sample gradients need no trial are told by their types, and nothing that was changed passes."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from dvlwidgets.influence import plain_chain
from dvlwidgets.influence.agreement import paths_of
from dvlwidgets.influence.batches import Batch
from dvlwidgets.influence.gradients import Gradients
from dvlwidgets.influence.problem import Problem

BATCH = Batch((torch.randn(9, 4, generator=torch.Generator().manual_seed(0)),), torch.arange(9) % 3)


class Own(nn.Linear):
    """A layer that may do anything."""


def chain(*, middle=None):
    return nn.Sequential(nn.Linear(4, 4), middle or nn.Tanh(), nn.Dropout(), nn.Linear(4, 3))


def forward_overridden():
    model = chain()
    model[0].forward = lambda x: x @ model[0].weight.T
    return model


def hooked():
    model = chain()
    model[0].register_forward_hook(lambda _, __, output: output.mean(0, keepdim=True).expand_as(output))
    return model


def tied():
    model = chain(middle=nn.Linear(4, 4))
    model[1].weight = model[0].weight
    return model


def twice():
    layer = nn.Linear(4, 4)
    return nn.Sequential(layer, nn.Tanh(), layer)


CHANGED = {
    "a subclass": lambda: chain(middle=Own(4, 4)),
    "a layer that mixes samples": lambda: chain(middle=nn.BatchNorm1d(4, track_running_stats=False)),
    "a forward of the instance": forward_overridden,
    "a hook": hooked,
    "tied weights": tied,
    "a layer called twice": twice,
    "a parametrised weight": lambda: chain(middle=parametrizations.weight_norm(nn.Linear(4, 4))),
}


def test_a_chain_is_known_without_a_trial_and_the_trial_says_the_same(monkeypatch):
    problem = Problem(nn.Sequential(chain(), nn.Sequential(nn.ReLU())), nn.CrossEntropyLoss())
    found = Gradients(problem)
    tried = paths_of(problem, BATCH)
    monkeypatch.setattr("dvlwidgets.influence.gradients.paths_of", None)  # a call would fail
    found(BATCH)
    assert found.path == tried == dict.fromkeys(problem.layout.names, "factors")


@pytest.mark.parametrize("changed", CHANGED)
def test_nothing_else_passes_for_one(changed):
    assert not plain_chain.is_plain_chain(Problem(CHANGED[changed](), nn.CrossEntropyLoss()), BATCH)


def test_losses_of_the_users_own_and_samples_of_several_positions_are_tried():
    own = Problem(chain(), lambda output, target: 2 * nn.functional.cross_entropy(output, target))
    assert not plain_chain.is_plain_chain(own, BATCH)
    several = Batch((BATCH.x.unsqueeze(1),), BATCH.target.unsqueeze(1))
    assert not plain_chain.is_plain_chain(Problem(chain(), nn.CrossEntropyLoss()), several)


def test_a_hook_on_every_module_of_the_process_is_heeded():
    problem = Problem(chain(), nn.CrossEntropyLoss())
    assert plain_chain.is_plain_chain(problem, BATCH)
    handle = nn.modules.module.register_module_forward_hook(lambda *_: None)
    try:
        assert not plain_chain.is_plain_chain(problem, BATCH)
    finally:
        handle.remove()
