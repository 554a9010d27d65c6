"""Parts of the valuation panel that need Python: each module is one, with a half of the same name in `js/src/parts`."""

from __future__ import annotations

from collections.abc import Mapping

from dvlwidgets.widgets.parts import columns, edits, module, previews
from dvlwidgets.widgets.parts.part import MakePart

PARTS: Mapping[str, MakePart] = {
    columns.NAME: columns.ColumnsPart,
    edits.NAME: edits.EditsPart,
    module.EXPRESSION: lambda _: module.ModulePart(module.EXPRESSION),
    previews.NAME: previews.PreviewsPart,
}
"""What makes each part, by the name that its messages carry."""
