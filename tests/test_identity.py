"""Identity: equal content gives equal hashes in every process, and nothing else does."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
import re
import subprocess
import sys
import threading
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from dvlwidgets.data import Dataset, digest
from dvlwidgets.errors import UnhashableError

Point = namedtuple("Point", "x y")


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass(frozen=True)
class Config:
    rate: float = 0.1
    layers: tuple[int, ...] = (3, 2)


@dataclasses.dataclass(frozen=True, slots=True)
class Slim:
    rate: float = 0.1


class Duck:
    def __init__(self, k: int) -> None:
        self.k = k

    def fit(self, x: Any, y: Any) -> Duck:
        self.mean = np.mean(y)
        return self


class Own(ClassifierMixin, BaseEstimator):
    def __init__(self, power: float = 1.0) -> None:
        self.power = power

    def fit(self, x: Any, y: Any) -> Own:
        self.learned_ = np.asarray(x) ** self.power
        return self


def adder(k: object) -> Callable[[Any], Any]:
    def add(x: Any) -> Any:
        return x + k

    return add


def factorial(n: int) -> int:
    return 1 if n < 2 else n * factorial(n - 1)


# Makers, not values: each is called twice, and every call must give the same hash as the other, and a hash of its own.
MAKERS: list[Callable[[], Any]] = [
    lambda: None,
    lambda: ...,
    lambda: True,
    lambda: 1,
    lambda: 1.0,
    lambda: 1 + 0j,
    lambda: "1",
    lambda: b"1",
    lambda: np.float64(1.0),
    lambda: np.float32(1.0),
    lambda: np.int64(1),
    lambda: np.dtype("f8"),
    lambda: np.dtype("f4"),
    lambda: np.float64,
    lambda: float("nan"),
    lambda: float("inf"),
    lambda: 10**400,
    lambda: -(10**700),
    list,
    lambda: (),
    dict,
    set,
    lambda: [1, 2],
    lambda: (1, 2),
    lambda: [2, 1],
    lambda: [[1], 2],
    lambda: [1, [2]],
    lambda: ["ab", "c"],
    lambda: ["a", "bc"],
    lambda: {1, 2},
    lambda: frozenset({1, 2}),
    lambda: {"a": 1, "b": 2},
    lambda: {"a": 2, "b": 1},
    lambda: OrderedDict(a=1),
    lambda: defaultdict(list, a=1),
    lambda: deque([1], maxlen=3),
    lambda: Point(1, 2),
    lambda: Colour.RED,
    lambda: Colour.BLUE,
    Config,
    lambda: Config(0.2),
    Slim,
    lambda: Slim(0.2),
    lambda: range(3),
    lambda: slice(1, 2),
    lambda: Path("a/b"),
    lambda: Decimal("1.10"),
    lambda: Fraction(1, 3),
    lambda: dt.date(2026, 11, 23),
    lambda: re.compile("a+"),
    lambda: re.compile("a+", re.IGNORECASE),
    lambda: np.arange(3),
    lambda: np.arange(3).astype(float),
    lambda: np.arange(3).reshape(3, 1),
    lambda: np.array(3),
    lambda: np.zeros((0, 2)),
    lambda: np.array(["a", "b"]),
    lambda: np.array(["a", "b"], dtype=object),
    lambda: np.array([1, None], dtype=object),
    lambda: np.array(["2026-01-01"], dtype="M8[D]"),
    lambda: np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
    lambda: sp.csr_array(np.eye(3)),
    lambda: pd.DataFrame({"a": [1, 2]}),
    lambda: pd.DataFrame({"b": [1, 2]}),
    lambda: pd.DataFrame({"a": [1, 2]}, index=[1, 2]),
    lambda: pd.DataFrame({"a": [1.0, 2.0]}),
    lambda: pd.DataFrame({"a": pd.Categorical(["u", "v"])}),
    lambda: pd.DataFrame({"a": pd.Categorical(["u", "v"], ordered=True)}),
    lambda: pd.DataFrame({"a": ["u", None]}),
    lambda: pd.DataFrame({"a": pd.to_datetime(["2026-01-01", None], utc=True)}),
    lambda: pd.Series([1, 2], name="a"),
    lambda: pd.Series([1, None], dtype="Int64"),
    lambda: pd.Index([1, 2]),
    lambda: Dataset(np.eye(2), [0, 1]),
    lambda: np.random.default_rng(1),
    lambda: np.random.default_rng(2),
    lambda: np.random.Generator(np.random.Philox(key=3)),
    lambda: np.random.RandomState(1),
    lambda: np.random.SeedSequence(5),
    lambda: len,
    lambda: "a".upper,
    lambda: str.upper,
    lambda: np.mean,
    lambda: np.add,
    lambda: np,
    lambda: dict,
    lambda: dict[str, int],
    lambda: int | None,
    lambda: functools.partial(max, 1),
    lambda: functools.partial(max, 2),
    lambda: lambda x: x + 1,
    lambda: lambda x: x + 2,
    lambda: lambda x: x - 1,
    lambda: lambda x, k=3: x + k,
    lambda: lambda x, k=4: x + k,
    lambda: lambda x: np.mean(x) + 1,
    lambda: lambda x: np.median(x) + 1,
    lambda: lambda xs: [x + 1 for x in xs],
    lambda: lambda xs: [x + 5 for x in xs],
    lambda: adder(1),
    lambda: adder(2),
    lambda: adder(np.arange(3)),
    lambda: factorial,
    lambda: Duck,
    lambda: Duck(1),
    lambda: Duck(2),
    lambda: Duck(1).fit,
    lambda: Own,
    Own,
    lambda: Own(2.0),
    LogisticRegression,
    lambda: LogisticRegression(C=2.0),
    lambda: LogisticRegression,
    lambda: GradientBoostingRegressor(random_state=0),
    lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    lambda: make_pipeline(StandardScaler(), LogisticRegression(C=2.0)),
    lambda: ColumnTransformer([("s", StandardScaler(), ["a"])]),
    lambda: FunctionTransformer(lambda x: x + 1),
    lambda: FunctionTransformer(lambda x: x + 2),
    lambda: KFold(3),
    lambda: KFold(4),
    lambda: RBF(2.0),
    lambda: make_scorer(f1_score, average="macro"),
    lambda: make_scorer(f1_score, average="micro"),
]


def test_equal_content_gives_equal_hashes() -> None:
    for make in MAKERS:
        assert digest(make()) == digest(make())


def test_different_content_gives_different_hashes() -> None:
    hashes: dict[str, int] = {}
    for i, make in enumerate(MAKERS):
        other = hashes.setdefault(digest(make()), i)
        assert other == i, f"makers {other} and {i} have the same hash"


def test_hashes_are_the_same_in_other_processes() -> None:
    script = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_identity import MAKERS, digest\n"
        "print([digest(make()) for make in MAKERS])"
    )
    printed = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", script],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
            cwd=Path(__file__).resolve().parent.parent,
        ).stdout
        for seed in ("1", "77")
    ]
    assert printed[0] == printed[1]
    assert len(printed[0]) > 40 * len(MAKERS)


NOTEBOOK = """
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from dvlwidgets.data import digest
scale = {scale}
def helper(x):
    "words about it: {comment}"
    return x * scale
class Mine(RegressorMixin, BaseEstimator):
    '''A model.'''
    shrink = {shrink}
    def __init__(self, power=2): self.power = power
    def fit(self, x, y):
        self.mean_ = helper(np.mean(y)) ** self.power; return self
    @property
    def double(self): return 2 * self.mean_
    @staticmethod
    def still(a): return a
    def predict(self, x): return np.full(len(x), self.mean_ * self.shrink)
def score(model, x, y): return float(np.mean(model.predict(x) - helper(y)))
hashes = [digest([Mine(), Mine().fit([1], [2]).set_params(power=3)]), digest(score)]
"""


def notebook(**values: object) -> list[str]:
    source = NOTEBOOK.format(**{"scale": 2, "shrink": 0.5, "comment": "same"} | values)
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, f"<cell {len(values)}>", "exec"), space)
    return space["hashes"]  # type: ignore[no-any-return]


def test_code_written_in_a_notebook_is_known_by_its_content() -> None:
    model, score = notebook()
    assert notebook() == [model, score]
    other_model, other_score = notebook(shrink=0.6)
    assert (other_model != model, other_score) == (True, score)
    other_model, other_score = notebook(scale=3)  # a global that a helper of both uses
    assert (other_model != model, other_score != score) == (True, True)


def test_an_estimator_is_its_parameters_not_what_it_learned() -> None:
    x, y = [[0.0], [1.0]], [0, 1]
    for model in (LogisticRegression(), Own(), make_pipeline(StandardScaler(), LogisticRegression())):
        before = digest(model)
        assert digest(model.fit(x, y)) == before
    duck = Duck(1)
    assert digest(duck) != digest(duck.fit(x, y))  # its attributes are all that is known of it


def test_a_frozen_estimator_is_what_it_learned() -> None:
    def frozen(shift: float) -> Any:
        scaler = make_pipeline(StandardScaler()).fit([[0.0], [1.0 + shift]])
        return make_pipeline(FrozenEstimator(scaler), LogisticRegression())

    assert digest(frozen(0.0)) == digest(frozen(0.0))
    assert digest(frozen(0.0)) != digest(frozen(1.0))


def test_memory_layout_does_not_count() -> None:
    a = np.arange(12.0).reshape(3, 4)
    assert digest(np.asfortranarray(a)) == digest(a) == digest(np.repeat(a, 2, axis=0)[::2])
    assert digest(sp.csc_array(np.eye(3))) == digest(sp.coo_array(np.eye(3)))
    assert digest(np.array(["a"], dtype="U1")) == digest(np.array(["a"], dtype="U9"))


def test_large_arrays_are_hashed_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    a = np.arange(1000.0).reshape(100, 10)
    whole = digest(a)
    monkeypatch.setattr("dvlwidgets.data.tables.BLOCK", 256)
    assert digest(a) == digest(a.T.copy().T) == whole


def test_nan_has_one_identity() -> None:
    assert digest(float("nan")) == digest(-float("nan")) == digest(np.array([np.nan]).item())


def test_cycles_end() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    again: list[Any] = [1]
    again.append(again)
    assert digest(loop) == digest(again)
    duck = Duck(1)
    duck.self = duck  # type: ignore[attr-defined]
    assert digest(duck) != digest(Duck(1))


def test_names_of_local_variables_and_lines_do_not_count() -> None:
    namespaces: list[dict[str, Any]] = [{"__name__": "__main__"}, {"__name__": "__main__"}]
    exec("def f(x):\n    a = x + 1\n    return a", namespaces[0])
    exec("\n\n# moved\ndef f(x):\n    b = x + 1\n    return b", namespaces[1])
    assert digest(namespaces[0]["f"]) == digest(namespaces[1]["f"])


@pytest.mark.parametrize(
    "make",
    [
        threading.Lock,
        lambda: (i for i in range(3)),
        lambda: sys.__stdout__,
        sys._getframe,
        lambda: {"a": [threading.Lock()]},
        lambda: adder(threading.Lock()),
        lambda: FunctionTransformer(adder(threading.Lock())),
    ],
)
def test_what_has_no_identity_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(UnhashableError, match="Pass key=") as caught:
        digest(make())
    assert isinstance(caught.value, TypeError)


def test_the_refusal_names_the_way_to_it() -> None:
    with pytest.raises(UnhashableError, match=r"FunctionTransformer.*add.*lock"):
        digest(FunctionTransformer(adder(threading.Lock())))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=12,
)


@given(TREES, TREES)
def test_hashes_agree_exactly_when_contents_do(a: object, b: object) -> None:
    # repr tells types, order of lists, -0.0 and nan apart; dictionaries are put in order first
    assert (digest(a) == digest(b)) == (_canonical(a) == _canonical(b))


@given(TREES)
def test_a_rebuilt_tree_has_the_same_hash(tree: object) -> None:
    assert digest(tree) == digest(_rebuilt(tree))


def _canonical(tree: object) -> str:
    if isinstance(tree, dict):
        return "{" + ",".join(sorted(f"{k!r}:{_canonical(v)}" for k, v in tree.items())) + "}"
    if isinstance(tree, (list, tuple)):
        return type(tree).__name__ + "[" + ",".join(map(_canonical, tree)) + "]"
    return repr(tree)


def _rebuilt(tree: object) -> object:
    if isinstance(tree, dict):
        return {k: _rebuilt(tree[k]) for k in reversed(tree)}
    if isinstance(tree, (list, tuple)):
        return type(tree)(map(_rebuilt, tree))
    return tree


def test_a_users_module_is_known_by_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib
    import sys

    file = tmp_path / "helper_of_a_user.py"
    file.write_text("def g(masks):\n    return masks.sum(axis=1)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    helper = importlib.import_module("helper_of_a_user")
    before = digest(lambda masks: helper.g(masks) + 1)
    file.write_text("def g(masks):\n    return masks.sum(axis=1) * 2\n")
    assert digest(lambda masks: helper.g(masks) + 1) != before
    del sys.modules["helper_of_a_user"]
