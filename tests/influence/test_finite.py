"""A training point whose loss is not a number is refused in words, by every method that keeps a curvature."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn

from dvlwidgets.errors import InputError
from dvlwidgets.influence.arnoldi import ArnoldiInfluence
from dvlwidgets.influence.cg import CgInfluence
from dvlwidgets.influence.direct import DirectInfluence
from dvlwidgets.influence.ekfac import EkfacInfluence
from dvlwidgets.influence.harmonic import InverseHarmonicMeanInfluence
from dvlwidgets.influence.lissa import LissaInfluence
from dvlwidgets.influence.nystroem import NystroemSketchInfluence
from dvlwidgets.influence.trak import TrakInfluence

NAMES_IT = [
    DirectInfluence,
    LissaInfluence,
    partial(ArnoldiInfluence, rank=3),
    partial(NystroemSketchInfluence, rank=4),
    EkfacInfluence,
]
"""Their `fit` meets the numbers; the others' meets them later, or without the losses."""


@pytest.mark.parametrize("method", [*NAMES_IT, CgInfluence, InverseHarmonicMeanInfluence, TrakInfluence])
def test_nan_in_the_training_data_is_refused_and_never_becomes_an_influence(method):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 3))
    x, y = torch.randn(16, 4), torch.randint(3, (16,))
    x[11, 1] = torch.nan
    words = "loss of sample 11 is nan" if method in NAMES_IT else "not finite"
    with pytest.raises(InputError, match=words):
        method(net, loss=nn.CrossEntropyLoss(), regularization=0.5).fit((x, y)).influences(x[:2], y[:2], x, y)


def test_a_test_point_that_is_no_number_spoils_no_other():
    torch.manual_seed(0)
    net = nn.Linear(4, 3)
    x, y = torch.randn(16, 4), torch.randint(3, (16,))
    model = CgInfluence(net, nn.CrossEntropyLoss(), 0.5, rtol=1e-7).fit((x, y))
    wanted = model.influences(x[:3], y[:3], x, y)
    spoilt = x[:3].clone()
    spoilt[0, 0] = torch.nan
    got = model.influences(spoilt, y[:3], x, y)
    assert got[0].isnan().all()
    torch.testing.assert_close(got[1:], wanted[1:], rtol=1e-3, atol=1e-4)
    assert model.influences(spoilt[:1], y[:1], x, y).isnan().all()
