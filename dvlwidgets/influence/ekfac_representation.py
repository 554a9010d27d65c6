"""What EKFAC keeps of a model's layers, as users of pyDVL look at it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from ..devices import device_there


@dataclass(frozen=True)
class EkfacRepresentation:
    """What EKFAC keeps of the layers that are Kronecker products.

    Attributes:
        layer_names: of the layers.
        layers_module: their modules.
        evecs_a: eigenvectors on the side of the inputs, (d, d), and (groups, d, d) where a convolution has groups; d
            counts one more for the bias.
        evecs_g: on the side of the outputs, (o, o).
        diags: eigenvalues of the curvature, (o d,), the inputs' directions running fastest.
    """

    layer_names: Sequence[str]
    layers_module: Sequence[nn.Module]
    evecs_a: Sequence[Tensor]
    evecs_g: Sequence[Tensor]
    diags: Sequence[Tensor]

    def __iter__(self) -> Iterator[tuple[str, tuple[nn.Module, Tensor, Tensor, Tensor]]]:
        rest = zip(self.layers_module, self.evecs_a, self.evecs_g, self.diags, strict=True)
        return iter(zip(self.layer_names, rest, strict=True))

    def get_layer_evecs(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Eigenvectors by layer: of the inputs, and of the outputs."""
        names = self.layer_names
        return dict(zip(names, self.evecs_a, strict=True)), dict(zip(names, self.evecs_g, strict=True))

    def to(self, device: Any) -> EkfacRepresentation:
        """On another device.

        Raises:
            InputError, InputTypeError: there is no such device here; nothing was moved.
        """
        device = device_there(device)
        moved = {k: [t.to(device) for t in getattr(self, k)] for k in ("evecs_a", "evecs_g", "diags")}
        return replace(self, layers_module=[m.to(device) for m in self.layers_module], **moved)
