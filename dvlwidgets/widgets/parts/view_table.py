"""What a panel shows as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data.arrays import is_frame
from dvlwidgets.data.edits import FLAG, NOTE
from dvlwidgets.data.table_export import Table
from dvlwidgets.widgets.snapshot import from_the_lowest
from dvlwidgets.widgets.subject import feature_name

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset
    from dvlwidgets.widgets.session import Session


def table_of(session: Session, rows: NDArray[np.intp] | None = None) -> Table:
    """The columns of a panel by name, in the order of `rows`.

    Args:
        session: what is shown.
        rows: positions of points; None for all, in the order of the data.

    Returns:
        position, id, rank, what was computed (value, stderr, updates, converged; of an influence panel its quantile,
        loss and the like), value_before, values as another semivalue, label, label_before, suggested with its
        probability and predicted once they are known, dropped, flagged, note, the features that the panel shows as
        columns, and a data frame's columns that are no numbers: texts, categories, dates.
    """
    session.shown.freshen()
    now, train = session.snapshot(), session.train
    labels = now.labels
    table: Table = {"position": np.arange(len(train)), "id": np.asarray(train.ids)}
    numbers = session.numbers(now)
    table |= {"rank": from_the_lowest(next(iter(numbers.values())))} | numbers
    before = session.valued.before_as(session.shown.method)
    if before is not None:
        table["value_before"] = before
    besides = {
        name: column for name, (of, column) in session.besides.items() if of is None or of is session.valued
    }
    table |= {name: column for name, column in besides.items() if name.startswith("as ")}
    if labels is not None:
        for name, content in (("label", labels.current), ("label_before", labels.original)):
            words = None if labels.classes is None else np.array(labels.classes, dtype=object)
            table[name] = content if words is None else words[content]
    table |= {
        name: besides[name] for name in ("suggested", "suggested_probability", "predicted") if name in besides
    }
    table["dropped"] = now.dropped.astype(bool)
    table |= _marks(session)
    for name, column in (*session.subject.features, *_no_numbers(train)):
        table[feature_name(name, table)] = np.asarray(column)
    return table if rows is None else {name: column[rows] for name, column in table.items()}


def _no_numbers(train: Dataset) -> list[tuple[str, NDArray[Any]]]:
    """The columns of a data frame that a page shows of one point at a time only."""
    if not is_frame(train.x) or train.n_rows != len(train):
        return []
    columns = ((str(name), np.asarray(train.column(name))) for name in train.feature_names)
    return [(name, column) for name, column in columns if column.dtype.kind not in "biuf"]


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
