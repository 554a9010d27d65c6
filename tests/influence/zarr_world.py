"""A small matrix of influences; as a program, one that is killed while it writes it.

`python zarr_world.py PATH BATCH` dies when it comes to that batch of training points.
"""

from __future__ import annotations

import os
import signal
import sys

import torch
from torch import nn

from dvlwidgets.influence import GradDotInfluence, SequentialInfluenceCalculator, score_matrix

CE = nn.CrossEntropyLoss()


def world():
    """A model, 9 test points, 41 training points in batches of 8."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 3))
    x, y = torch.randn(50, 4), torch.randint(3, (50,))
    return model, (x[:9], y[:9]), [(x[lo : lo + 8], y[lo : lo + 8]) for lo in range(9, 50, 8)]


class Counting(GradDotInfluence):
    """Counts the samples whose gradients are computed, and dies at a batch of training points.

    The first call is of the test points, the second a look at the first batch for the bytes of a row.
    """

    computed = calls = 0
    deadly = -10

    def gradients(self, batch):
        self.calls += 1
        self.computed += len(batch)
        if self.calls == 2 + self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().gradients(batch)


def matrix():
    """The influence model and its matrix."""
    model, test, train = world()
    influence = Counting(model, CE).fit(train)
    return influence, SequentialInfluenceCalculator(influence).influences([test], train)


if __name__ == "__main__":
    score_matrix.STORE_BYTES = 0  # batch by batch, nothing is kept
    influence, lazy = matrix()
    influence.deadly = int(sys.argv[2])
    lazy.to_zarr(sys.argv[1])
    print("not killed")
