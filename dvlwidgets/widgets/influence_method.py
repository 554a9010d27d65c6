"""An influence model as the session behind a panel sees a valuation: something with a name that makes runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.arguments import number
from dvlwidgets.data.dataset import Dataset
from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.widgets.influence_tests import check_labels

if TYPE_CHECKING:
    from dvlwidgets.engine.live import Run


class ExplorerLike(Protocol):
    """What a panel asks of `influence.explorer.Explorer`; all of it may be called from any thread."""

    @property
    def n_train(self) -> int:
        """Training points."""

    @property
    def n_test(self) -> int:
        """Test points."""

    @property
    def classes(self) -> list[str] | None:
        """The model's classes in words, in the order of its outputs; None for numbers."""

    @property
    def known(self) -> bool:
        """Whether single influences can be asked for already."""

    def prepare_run(self, name: str | None = None, checkpoint: Any = None) -> Run:
        """A run that fits what is not fitted and fills the columns."""

    def columns(self) -> dict[str, NDArray[Any]]:
        """Columns of the training points, each (n_train,), NaN where not known yet."""

    def test_columns(self) -> dict[str, NDArray[Any]]:
        """Columns of the test points, each (n_test,), NaN where not known yet."""

    def disagreement(self) -> NDArray[Any]:
        """Of each test point the share of its influences that hurts it, (n_test,), NaN where unknown."""

    def of_test(self, i: int, k: int = 12) -> Any:
        """The most helpful and most harmful training points of a test point."""

    def of_train(self, j: int) -> NDArray[np.float32]:
        """The influence of a training point on each test point, (n_test,)."""

    def relabelled(self, position: int, label: Any) -> None:
        """Computes a training point's numbers anew, for another label."""

    def relabelled_test(self, position: int, label: Any) -> None:
        """Computes a test point's numbers anew, for another label; those of the training points stay."""


class _NoRule:
    """A scan ends when all points are known: there is no certainty to reach."""

    def target(self) -> None:
        return None


class ExplorerMethod:
    """The face of an explorer that a `Session` knows.

    Args:
        explorer: makes the runs and knows the numbers.
        name: what the method is called.
    """

    threshold = 0.0
    is_fitted = False
    is_done = _NoRule()

    def __init__(self, explorer: ExplorerLike, name: str) -> None:
        self.explorer, self.algorithm_name = explorer, name

    def prepare_run(self, _data: Dataset, *, checkpoint: Any = None) -> Run:
        """A run over the training points."""
        return self.explorer.prepare_run(checkpoint=checkpoint)


def method_of(influence: Any, train: Any, test: Any, quantile: Any) -> ExplorerMethod:
    """The method behind a panel, from an influence model or an explorer.

    Raises:
        InputError, InputTypeError: an argument that cannot work, said before any work.
    """
    _check(influence, train, test)
    share = number("quantile", quantile, "It is a share: pass quantile=0.25.")
    if not 0 < share < 1:
        raise InputError(f"quantile must lie between 0 and 1, not {share:g}. Pass quantile=0.25.")
    if _explores(influence):
        model = getattr(influence, "model", influence)
        return ExplorerMethod(influence, _name(model))
    from dvlwidgets.influence.explorer import Explorer

    return ExplorerMethod(Explorer(influence, train, test, quantile=share), _name(influence))


def _check(influence: Any, train: Any, test: Any) -> None:
    models = "an influence model, e.g. EkfacInfluence(model)"
    if isinstance(influence, type):
        raise InputTypeError(
            f"The first argument is the class {influence.__name__}; expected {models}. Make an instance of it."
        )
    if not _explores(influence) and not (hasattr(influence, "fit") and hasattr(influence, "influences")):
        raise InputTypeError(f"The first argument is {_article(influence)}; expected {models}.")
    for name, place, data in (("train", "second", train), ("test", "third", test)):
        if not isinstance(data, Dataset):
            raise InputTypeError(
                f"The {place} argument is {_article(data)}; expected the {name} points as a Dataset(x, y)."
            )
    check_labels(train, test)
    if _explores(influence) and (influence.n_train, influence.n_test) != (len(train), len(test)):
        raise InputError(
            f"The explorer has {influence.n_train} training and {influence.n_test} test points, the data "
            f"{len(train)} and {len(test)}. Pass the data sets that the explorer was made with."
        )


_SPELT = {
    "Cg": "CG",
    "Ekfac": "EKFAC",
    "GradCos": "Grad-Cos",
    "GradDot": "Grad-Dot",
    "InverseHarmonicMean": "Harmonic-mean",
    "Lissa": "LiSSA",
    "Logra": "LoGra",
    "NystroemSketch": "Nystroem",
    "TracIn": "TracIn",
    "Trak": "TRAK",
}
"""How methods are spelt."""


def _explores(item: Any) -> bool:
    return all(hasattr(item, name) for name in ("of_test", "of_train", "columns", "prepare_run"))


def _article(item: Any) -> str:
    name = type(item).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _name(model: Any) -> str:
    named = getattr(model, "algorithm_name", None)
    if isinstance(named, str):
        return named
    words = type(model).__name__.removesuffix("Influence")
    return f"{_SPELT.get(words, words)} influence"
