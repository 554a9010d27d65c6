"""What a panel shows as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data.edits import FLAG, NOTE
from dvlwidgets.data.table_export import Table

if TYPE_CHECKING:
    from dvlwidgets.widgets.session import Session


def table_of(session: Session, rows: NDArray[np.intp] | None = None) -> Table:
    """The columns of a panel by name, in the order of `rows`.

    Args:
        session: what is shown.
        rows: positions of points; None for all, in the order of the data.

    Returns:
        position, id, what was computed (value, stderr, updates, converged; of an influence panel its quantile, loss and
        the like), label, label_before, dropped, flagged, note, and the features that the panel shows.
    """
    now, train = session.snapshot(), session.train
    labels = now.labels
    table: Table = {"position": np.arange(len(train)), "id": np.asarray(train.ids)}
    table |= session.numbers(now)
    if labels is not None:
        for name, content in (("label", labels.current), ("label_before", labels.original)):
            words = None if labels.classes is None else np.array(labels.classes, dtype=object)
            table[name] = content if words is None else words[content]
    table["dropped"] = now.dropped.astype(bool)
    table |= _marks(session)
    for name, column in session.subject.features:
        table[name if name not in table else f"feature {name}"] = np.asarray(column)
    return table if rows is None else {name: column[rows] for name, column in table.items()}


def _marks(session: Session) -> Table:
    net = session.edits.net
    where = session.places(net)
    flagged, note = np.zeros(session.subject.n, bool), np.full(session.subject.n, "", dtype=object)
    for key, fields in net.items():
        if key in where and FLAG in fields:
            flagged[where[key]] = bool(fields[FLAG][1])
        if key in where and NOTE in fields:
            note[where[key]] = str(fields[NOTE][1])
    return {"flagged": flagged, "note": note}
