"""An explorer with real numbers from a small logistic model in numpy, driven by hand or by a run of its own."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import numpy as np
from panel_fakes import Page

from dvlwidgets.data import Dataset
from dvlwidgets.engine.live import Run
from dvlwidgets.engine.records import Progress, Verdict
from dvlwidgets.errors import InputError
from dvlwidgets.widgets import influence_unwire


@dataclass(frozen=True)
class Ranked:
    """What `Explorer.of_test` returns."""

    helpful: np.ndarray
    helpful_scores: np.ndarray
    harmful: np.ndarray
    harmful_scores: np.ndarray
    scores: np.ndarray


class Logistic:
    """Multinomial logistic regression with an L2 term: gradients and Hessian in closed form."""

    def __init__(self, damping=1e-2):
        self.damping, self.weights = damping, None

    def fit(self, x, codes, classes):
        x, y = _ones(x), np.eye(classes)[codes]
        self.weights = np.zeros((x.shape[1], classes))
        for _ in range(30):
            p = self._softmax(x)
            gradient = x.T @ (p - y) / len(x) + self.damping * self.weights
            step = np.linalg.solve(self.hessian(x, p), gradient.ravel())
            self.weights -= step.reshape(self.weights.shape)
        self.inverse = np.linalg.inv(self.hessian(x, self._softmax(x)))

    def hessian(self, x, p):
        k = p.shape[1]
        curvature = np.einsum("na,ab->nab", p, np.eye(k)) - np.einsum("na,nb->nab", p, p)
        full = np.einsum("ni,nj,nab->iajb", x, x, curvature) / len(x)
        size = x.shape[1] * k
        return full.reshape(size, size) + self.damping * np.eye(size)

    def probabilities(self, x):
        return self._softmax(_ones(x))

    def gradients(self, x, codes):
        x = _ones(x)
        p = self._softmax(x)
        return np.einsum("ni,na->nia", x, p - np.eye(p.shape[1])[codes]).reshape(len(x), -1)

    def _softmax(self, x):
        z = x @ self.weights
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)


def _ones(x):
    return np.hstack([np.asarray(x, dtype=float), np.ones((len(x), 1))])


class FakeExplorer:
    """The contract's explorer. `seconds` a tile; or, with `by_hand`, each tile waits for `go()`.

    Attributes:
        relabels: what was relabelled, in order.
        test_relabels: the same of test points.
        asked: positions of the test points asked for.
    """

    def __init__(self, train, test, *, quantile=0.25, tile=8, seconds=0.0, by_hand=False, fails=None):
        self.train, self.test, self.quantile, self.tile = train, test, quantile, tile
        self.seconds, self.by_hand, self.fails = seconds, by_hand, fails
        self.n_train, self.n_test = len(train), len(test)
        self._labels = sorted(set(train.labels.tolist()))
        self.classes = [str(label) for label in self._labels]
        self._codes = np.array([self._labels.index(label) for label in train.labels.tolist()])
        self._trained_on = self._codes.copy()
        self.relabels, self.test_relabels, self.asked = [], [], []
        self._lock, self._steps = threading.RLock(), threading.Semaphore(0)
        self._fitted = False
        self._known_tiles = 0
        nan = np.full(self.n_train, np.nan)
        self._columns = {
            n: nan.copy() for n in ("loss", "self_influence", "quantile", "quantile_all", "mean", "negatives")
        }
        self._tests = {n: np.full(self.n_test, np.nan) for n in ("loss", "predicted", "p_label")}

    @property
    def known(self):
        return self._fitted

    def go(self, tiles=1):
        for _ in range(tiles):
            self._steps.release()

    def prepare_run(self, name=None, checkpoint=None):
        with self._lock:
            self._fitted = False
            for column in (*self._columns.values(), *self._tests.values()):
                column[:] = np.nan
        return Run(self._frames, self.summary, name=name or "influence", valuation=self)

    def summary(self):
        return {name: column.copy() for name, column in self._columns.items()}

    def columns(self):
        with self._lock:
            return {name: column.copy() for name, column in self._columns.items()}

    def test_columns(self):
        with self._lock:
            return {name: column.copy() for name, column in self._tests.items()}

    def disagreement(self):
        with self._lock:
            if not self._fitted:
                return np.full(self.n_test, np.nan)
            known = np.isfinite(self._columns["quantile_all"])
            own = np.where(known, self._scores, 0.0)
            moved = np.abs(own).sum(axis=1)
            against = -np.minimum(own, 0.0).sum(axis=1)
        return np.divide(against, moved, out=np.full(self.n_test, np.nan), where=moved > 0)

    def relabelled_test(self, position, label):
        if label not in self._labels:
            raise InputError(f"The model has no class {label!r}; its classes are {self._labels}.")
        with self._lock:
            self.test_relabels.append((position, label))
            code = self._test_codes[position] = self._labels.index(label)
            x = np.asarray(self.test.x, dtype=float)[position : position + 1]
            p = self._model.probabilities(x)[0, code]
            self._tests["loss"][position], self._tests["p_label"][position] = -np.log(p), p
            self._factors[position] = self._model.gradients(x, [code]) @ self._model.inverse
            self._scores[position] = self._factors[position] @ self._model.gradients(self._x, self._codes).T

    def of_test(self, i, k=12):
        with self._lock:
            self.asked.append(i)
            scores = self._scores[i].astype("f4")
        order = np.argsort(scores, kind="stable")
        harmful = np.array([j for j in order[:k] if scores[j] < 0], dtype=int)
        helpful = np.array([j for j in order[::-1][:k] if scores[j] > 0], dtype=int)
        return Ranked(helpful, scores[helpful], harmful, scores[harmful], scores)

    def of_train(self, j):
        with self._lock:
            return self._scores[:, j].astype("f4")

    def relabelled(self, position, label):
        if label not in self._labels:
            raise InputError(f"The model has no class {label!r}; its classes are {self._labels}.")
        with self._lock:
            self.relabels.append((position, label))
            self._codes[position] = self._labels.index(label)
            self._score(slice(position, position + 1))
            self._fill(slice(position, position + 1))

    def _frames(self, gate, on_pause):
        began = time.monotonic()
        self._fit()
        total, seq = self.n_train, 0
        starts = range(0, total, self.tile)
        yield self._progress(0, 0, began)
        for start in starts:
            time.sleep(self.seconds)
            if not self._may_go_on(gate, on_pause):
                break
            if self.fails is not None and start >= self.fails:
                raise ValueError("the gradients of tile 3 are not finite")
            rows = slice(start, min(start + self.tile, total))
            with self._lock:
                self._fill(rows)
            seq += 1
            yield self._progress(seq, rows.stop, began)
        yield self._progress(seq + 1, int(np.isfinite(self._columns["quantile"]).sum()), began, final=True)

    def _may_go_on(self, gate, on_pause):
        """Waits while paused, and for `go()` if driven by hand; False when stopped."""
        while True:
            if gate.paused:
                on_pause(True)
                gate.wait()
                on_pause(False)
            if gate.stopped:
                return False
            if not self.by_hand or self._steps.acquire(timeout=0.02):
                return True

    def _fit(self):
        x = np.asarray(self.train.x, dtype=float)
        self._test_codes = np.array([self._labels.index(label) for label in self.test.labels.tolist()])
        self._x, self._model = x, Logistic()
        self._model.fit(x, self._trained_on, len(self._labels))
        test_x = np.asarray(self.test.x, dtype=float)
        p = self._model.probabilities(test_x)
        at = p[np.arange(len(p)), self._test_codes]
        with self._lock:
            self._tests = {"loss": -np.log(at), "predicted": p.argmax(axis=1).astype(float), "p_label": at}
            self._factors = self._model.gradients(test_x, self._test_codes) @ self._model.inverse
            self._scores = np.full((self.n_test, self.n_train), np.nan)
            self._score(slice(0, self.n_train))
            self._fitted = True

    def _score(self, rows):
        gradients = self._model.gradients(self._x[rows], self._codes[rows])
        self._scores[:, rows] = self._factors @ gradients.T

    def _fill(self, rows):
        gradients = self._model.gradients(self._x[rows], self._codes[rows])
        p = self._model.probabilities(self._x[rows])
        columns, scores = self._columns, self._scores[:, rows]
        columns["loss"][rows] = -np.log(p[np.arange(len(p)), self._codes[rows]])
        columns["self_influence"][rows] = np.einsum("np,pq,nq->n", gradients, self._model.inverse, gradients)
        columns["quantile_all"][rows] = np.quantile(scores, self.quantile, axis=0)
        columns["mean"][rows] = scores.mean(axis=0)
        columns["negatives"][rows] = (scores < 0).sum(axis=0)
        for i, code in enumerate(self._codes[rows]):
            own = scores[self._test_codes == code, i]
            columns["quantile"][rows.start + i] = np.quantile(own, self.quantile) if own.size else np.nan

    def _progress(self, seq, done, began, *, final=False):
        total, share = self.n_train, done / self.n_train
        seconds = time.monotonic() - began
        words = "complete: every training point is known" if done == total else f"{done} of {total} known"
        return Progress(
            seq=seq,
            values=self._columns["quantile"].copy(),
            stderr=np.full(total, np.nan),
            counts=np.full(total, self.n_test),
            verdict=Verdict(done == total, share, np.isfinite(self._columns["quantile"]), words),
            certainty=np.nan,
            done=done,
            total=total,
            unit="training points",
            seconds=seconds,
            seconds_left=None if not done else seconds / done * (total - done),
            final=final,
        )


def two_sets(n_train=40, n_test=20, *, classes=3, flipped=4, seed=0, **more):
    """Gaussian blobs, a few training labels flipped: (train, test, positions of the flipped)."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_train + n_test) % classes
    centres = rng.normal(size=(classes, 2)) * 2.5
    x = centres[y] + rng.normal(size=(len(y), 2)) * 0.8
    given = y.copy()
    wrong = rng.choice(n_train, flipped, replace=False)
    given[wrong] = (given[wrong] + 1) % classes
    train = Dataset(x[:n_train], given[:n_train], **more)
    return train, Dataset(x[n_train:], y[n_train:]), wrong


class InfluencePage(Page):
    """A page that reads an influence panel's messages."""

    decode = staticmethod(influence_unwire.decode)
