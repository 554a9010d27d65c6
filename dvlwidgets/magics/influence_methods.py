"""The influence methods, losses and curvatures by their short names. Knows no torch until a method is used."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass

from dvlwidgets.magics.methods import public_class
from dvlwidgets.magics.usage import UsageError

METHODS: dict[str, tuple[str, str]] = {
    "ekfac": ("EkfacInfluence", "Kronecker factors with corrected eigenvalues: for larger nets"),
    "kfac": ("EkfacInfluence", "the same without the correction"),
    "direct": ("DirectInfluence", "exact: some thousand parameters"),
    "cg": ("CgInfluence", "exact by conjugate gradients"),
    "lissa": ("LissaInfluence", "a Neumann series"),
    "arnoldi": ("ArnoldiInfluence", "the largest eigenvalues"),
    "nystroem": ("NystroemSketchInfluence", "a low-rank sketch"),
    "logra": ("LograInfluence", "projected gradients: for large nets"),
    "harmonic": ("InverseHarmonicMeanInfluence", "a closed form, layer by layer"),
    "grad-dot": ("GradDotInfluence", "inner products of gradients"),
    "grad-cos": ("GradCosInfluence", "their cosines"),
}
"""Short name: (public name, its line in the help)."""

LOSSES: dict[str, tuple[str, str]] = {
    "cross-entropy": ("CrossEntropyLoss", "classes from logits"),
    "mse": ("MSELoss", "squared error"),
    "bce": ("BCEWithLogitsLoss", "two classes from one logit"),
    "nll": ("NLLLoss", "classes from log-probabilities"),
}
"""Short name: (name in torch.nn, its line in the help)."""

CURVATURES = {
    "hessian": "the Hessian itself",
    "gauss_newton": "the generalised Gauss-Newton matrix, never indefinite",
    "empirical_fisher": "the mean of squared gradients",
}

FITS_FIRST = {"logra"}
"""What must know the data before a panel can be made; the others are fitted when the run starts."""

NEEDS = {"nystroem": "rank"}
"""The option that a method cannot do without."""

PARAMETERS = {
    "loss": "loss",
    "regularization": "regularization",
    "curvature": "second_order_mode",
    "rank": "rank",
    "seed": "seed",
}
"""Options that go to the method's constructor, and its names for them."""


@dataclass(frozen=True)
class InfluenceMethod:
    """A method by its short name.

    Attributes:
        name: the short one.
        public: the class in `dvlwidgets`.
        parameters: of its constructor.
    """

    name: str
    public: str
    parameters: Mapping[str, object]

    def takes(self, option: str) -> bool:
        """Whether an option is for it."""
        return PARAMETERS.get(option) is None or PARAMETERS[option] in self.parameters

    def refuse(self, option: str) -> UsageError:
        """The error for an option that is not for it."""
        others = ", ".join(f"--{name}" for name in PARAMETERS if self.takes(name))
        return UsageError(f"--{option} is not for --method {self.name}. Leave it out. It takes {others}.")


def influence_method(name: str) -> InfluenceMethod:
    """A method by a short name that is known.

    Raises:
        UsageError: torch is not installed.
    """
    public = METHODS[name][0]
    try:
        found = public_class(public)
    except ImportError as error:  # it says how to install what is missing
        raise UsageError(str(error)) from error
    return InfluenceMethod(name, public, dict(inspect.signature(found).parameters))
