"""Labels aligned with the samples of a Panel by their index."""

from typing import Any

import numpy as np
import pandas as pd

from ._panel import Panel
from ._spans import Spans, TokenRows


def align_to_samples(data: Any, samples: Any, where: str) -> Any:
    """Align a Series or DataFrame that is indexed by sample ids with the samples.

    Labels are often in the order of the original frame, whereas a Panel has its samples in the
    order of their ids. Data without an index of ids is returned unchanged, and so is all data if
    the samples have no ids.

    Parameters
    ----------
    data : object
        Targets, weights or groups, as passed by the user.
    samples : Panel, Spans, TokenRows or another container of sequences
        The sequences that they belong to; only the first three have sample ids.
    where : str
        Names of the caller and of the argument in error messages.

    Raises
    ------
    ValueError
        If the ids in the index differ from those of the samples.

    Examples
    --------
    >>> import pandas as pd
    >>> from sk_rnn.sequences import Panel, align_to_samples
    >>> df = pd.DataFrame({"machine": ["a", "b"], "heat": [0.5, 0.7]})
    >>> panel = Panel.from_frame(df, by="machine")
    >>> align_to_samples(pd.Series({"b": "worn", "a": "new"}), panel, "fit: y").tolist()
    ['new', 'worn']
    """
    samples = Spans.of(samples) if isinstance(samples, Panel) else samples
    if not isinstance(samples, Spans | TokenRows):
        return data
    if not isinstance(data, pd.Series | pd.DataFrame | Panel):
        return data
    ids = samples.index
    if ids is None:
        return data
    index = data.index
    if index is None or len(index) != len(ids) or index.equals(ids):
        return data  # a different length is reported where lengths are checked
    if _are_positions(index, samples):
        return data
    order = _order_of(ids, index)
    if order is None:
        name = where.rpartition(" ")[2]
        listed = isinstance(data, Panel)
        plain = f"{name}.to_list()" if listed else f"{name}.to_numpy()"
        by_id = f"{name}[{name}.index.get_indexer(X.index)]" if listed else f"{name}.loc[X.index]"
        raise ValueError(
            f"{where} is indexed by {_preview(index)}, but the ids of X are {_preview(ids)}. "
            f"If the index holds ids of samples, pass {by_id}; if {name} is in the order of X, "
            f"pass {plain}."
        )
    return data[order] if isinstance(data, Panel) else data.iloc[order]


def _are_positions(index: pd.Index, samples: Spans | TokenRows) -> bool:
    """Return whether an index only numbers the rows: a range, or a range sliced like X."""
    if isinstance(index, pd.RangeIndex) and index.equals(pd.RangeIndex(len(index))):
        return True
    rows = samples.rows
    return rows is not None and index.nlevels == 1 and index.equals(pd.Index(rows))


def _order_of(ids: pd.Index, index: pd.Index) -> np.ndarray | None:
    """Return the position of each id in the index; None unless both hold the same unique ids."""
    if not (ids.is_unique and index.is_unique) or ids.nlevels != index.nlevels:
        return None
    try:
        order = index.get_indexer(ids)
    except (TypeError, ValueError):  # types that cannot be compared
        return None
    return None if (order < 0).any() else order


def _preview(index: pd.Index) -> str:
    shown = ", ".join(map(repr, index[:3].tolist()))
    return f"{shown}, ..." if len(index) > 3 else shown
