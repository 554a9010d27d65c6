"""Class labels as numbers of a model's outputs, whatever the data call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data import arrays
from ..data.dataset import Dataset
from ..data.grouped import GroupedDataset
from ..errors import InputError, InputTypeError
from .batches import Batches
from .losses import Likelihood


@dataclass(frozen=True)
class Classes:
    """How the labels of data sets become class numbers.

    Numbers are taken as they are: class k is the model's output k. Labels that are no numbers (strings, categories)
    get their place in the sorted list of all labels of the data sets, which must be the order of the model's outputs.

    Attributes:
        labels: sorted labels that are no numbers, or None.
        words: names of the numbered classes, where a data set gives them.
    """

    labels: NDArray[Any] | None = None
    words: tuple[str, ...] | None = None

    @staticmethod
    def of(*several: Any) -> Classes:
        """Of one or more data; what is no dvlwidgets Dataset has numbers already.

        Raises:
            InputTypeError: where one data set's labels are numbers and another's are not.
        """
        data = [d for d in several if isinstance(d, Dataset)]
        named = next((d.class_names for d in data if d.class_names is not None), None)
        found = [arrays.as_numpy(d.y) for d in data]
        if all(y.dtype.kind in "fiub" or y.ndim > 1 for y in found):
            return Classes(None, None if named is None else tuple(named))
        if any(y.dtype.kind in "fiub" for y in found):
            raise InputTypeError(
                "one data set's labels are numbers, the other's are not; expected the same classes in both."
            )
        return Classes(np.unique(np.concatenate([y.astype(str) for y in found])))

    def codes(self, labels: Any) -> NDArray[Any]:
        """Class numbers of labels, int64; numbers stay what they are.

        Raises:
            InputError: for labels that no data set has.
        """
        given = np.asarray(labels)
        if self.labels is None:
            return given
        words = given.astype(str)
        at = np.searchsorted(self.labels, words)
        known = self.labels[np.minimum(at, len(self.labels) - 1)] == words
        if not known.all():
            odd, there = str(words[~known].flat[0]), self.labels.tolist()[:20]
            raise InputError(
                f"the label {odd!r} is none of the classes {there}; the model has no output for it."
            )
        return at.astype(np.int64)

    def batches(self, data: Any) -> Batches:
        """Data as batches, the labels of a Dataset as class numbers.

        Raises:
            InputTypeError: for groups, whose points are several rows.
        """
        if isinstance(data, GroupedDataset):
            raise InputTypeError(
                "a GroupedDataset was given; influences are of single rows. Pass the rows as a Dataset and add up the "
                "values of a group."
            )
        if isinstance(data, Dataset) and self.labels is not None:
            return Batches.of(Dataset(data.x, self.codes(arrays.as_numpy(data.y))))
        return Batches.of(data)

    def names(self, outputs: int) -> list[str]:
        """A word for each of the model's outputs."""
        words = [*(self.labels if self.labels is not None else self.words or ())]
        return [str(w) for w in words] + [str(k) for k in range(len(words), outputs)]


def class_numbers(targets: Tensor, likelihood: Likelihood | None) -> NDArray[np.int64] | None:
    """Class numbers of targets, shape (n,); None where they are no classes (numbers, several a sample)."""
    flat = targets.squeeze(1) if targets.ndim == 2 and targets.shape[1] == 1 else targets
    if flat.ndim != 1 or likelihood == "gaussian":
        return None
    if flat.is_floating_point():
        if likelihood != "bernoulli":
            return None
        flat = flat > 0.5
    return flat.detach().cpu().to(torch.int64).numpy()
