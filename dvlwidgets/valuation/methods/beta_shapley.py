"""Beta Shapley: semivalues that look more at small, or at large, subsets than Shapley does."""

from __future__ import annotations

from functools import partial
from typing import Any

from ...arguments import number
from ...engine.stopping import StoppingRule
from ...errors import InputError
from ..samplers.plans import Sampler
from ..semivalue import beta_law
from .semivalues import SemivalueValuation


class BetaShapleyValuation(SemivalueValuation):
    """Beta(alpha, beta) Shapley values: the size of the rest is beta-binomial(beta, alpha).

    Beta(1, 1) is Shapley. A large alpha looks at small subsets, where a point changes the score most: Kwon & Zou find
    Beta(16, 1) and Beta(4, 1) best at telling wrong labels. A large beta looks at large subsets, as leave-one-out does.

    Args:
        utility: a `Utility`, or one of `Utility.from_function`.
        sampler: which subsets are evaluated; None takes `MSRSampler()` with the sizes that the method needs.
        is_done: a stopping rule; None takes `RankCorrelation()`.
        alpha: above 0.
        beta: above 0.
        skip_converged: as in `SemivalueValuation`.
        show_warnings: as in `SemivalueValuation`.
        progress: draw a progress bar.

    Raises:
        InputTypeError: if an argument is no utility, sampler, rule or number.
        InputError: unless alpha and beta are positive; later, from `fit`, for a pair of law and sampler that can never
            be right.

    References:
        Kwon & Zou, Beta Shapley: a unified and noise-reduced data valuation framework (AISTATS 2022).
    """

    references = ("Kwon & Zou, Beta Shapley, AISTATS 2022",)

    def __init__(
        self,
        utility: Any,
        sampler: Sampler | None = None,
        is_done: StoppingRule | None = None,
        alpha: float = 1.0,
        beta: float = 1.0,
        skip_converged: bool = False,
        show_warnings: bool = True,
        progress: bool = False,
    ) -> None:
        hint = "Beta(1, 1) is Shapley; Beta(4, 1) looks at small subsets."
        for name, value in (("alpha", alpha), ("beta", beta)):
            if not number(name, value, hint) > 0:
                raise InputError(
                    f"{name} must be above 0, not {value}. Pass alpha=4, beta=1, for example: {hint}"
                )
        self.alpha, self.beta = float(alpha), float(beta)
        self.algorithm_name = f"Beta({self.alpha:g}, {self.beta:g}) Shapley"
        law = partial(beta_law, alpha=self.alpha, beta=self.beta)
        super().__init__(utility, sampler, is_done, skip_converged, show_warnings, progress, law=law)

    def __repr__(self) -> str:
        parts = f"{self.utility!r}, {self.sampler!r}, {self.is_done!r}"
        return f"{type(self).__name__}({parts}, alpha={self.alpha:g}, beta={self.beta:g})"
