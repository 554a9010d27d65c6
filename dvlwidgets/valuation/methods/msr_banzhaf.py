"""Banzhaf values by maximum sample reuse, in one name."""

from __future__ import annotations

from typing import Any

from ...engine.stopping import StoppingRule
from ..samplers.msr import MSRSampler
from .semivalues import BanzhafValuation


class MSRBanzhafValuation(BanzhafValuation):
    """Banzhaf values from random subsets that inform on every point: `BanzhafValuation` with `MSRSampler`.

    Args:
        utility: a `Utility`, or one of `Utility.from_function`.
        is_done: a stopping rule; None takes `RankCorrelation()`.
        batch_size: subsets a step; 1 means 'ours decides' (64).
        seed: integer, or None to draw one (it is recorded).
        skip_converged: as in `SemivalueValuation`.
        show_warnings: as in `SemivalueValuation`.
        progress: draw a progress bar.

    Raises:
        InputTypeError, InputError: as in `BanzhafValuation` and `MSRSampler`.

    References:
        Wang & Jia, Data Banzhaf: a robust data valuation framework for machine learning (AISTATS 2023).
    """

    def __init__(
        self,
        utility: Any,
        is_done: StoppingRule | None = None,
        batch_size: int = 1,
        seed: int | None = None,
        skip_converged: bool = False,
        show_warnings: bool = True,
        progress: bool = False,
    ) -> None:
        sampler = MSRSampler(seed, batch_size)
        super().__init__(utility, sampler, is_done, skip_converged, show_warnings, progress)
