"""The ragged container that all estimators use."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from ._arrays import as_array
from ._constraints import Float, Int
from ._containers import flatten
from ._frames import read_long_frame
from ._layout import gather_steps, offsets_of
from ._numbers import as_float, as_numbers
from ._panel_arguments import (
    check_bounds,
    check_float_type,
    check_labels,
    check_lengths,
    check_n_tokens,
    check_names,
    check_offsets,
    check_padding,
    check_row,
    check_rows,
    check_slice,
    check_values,
)


class Panel:
    """Sequences of different lengths, concatenated in one array.

    A panel is indexed like a one-dimensional array of sequences, so that scikit-learn's
    splitters work on panels too. The parameters are stored as attributes of the same
    names.

    Parameters
    ----------
    values : ndarray of shape (total_steps, n_features) or (total_steps,)
        The time steps of all samples, one sample after the other: float32 or float64
        numbers in two dimensions, or integer token ids in one. Not copied; a memory map
        stays one.
    offsets : array-like of int of shape (n_samples + 1,)
        Sample `i` is ``values[offsets[i]:offsets[i + 1]]``.
    index : array-like of shape (n_samples,), default=None
        Labels of the samples, stored as a :class:`pandas.Index`.
    feature_names : sequence of str of length n_features, default=None
        Names of the features.
    n_tokens : int, default=None
        Size of the vocabulary of the token ids.
    times : array-like of shape (total_steps,), default=None
        Times of the time steps, stored as a :class:`pandas.Index`. They label the rows of
        :meth:`to_frame` and the targets of :func:`~sk_rnn.preprocessing.make_windows`;
        estimators ignore them.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_rnn.sequences import Panel
    >>> panel = Panel.from_sequences([[[0.0, 1.0]], [[2.0, 3.0], [4.0, 5.0]]])
    >>> panel
    Panel(n_samples=2, n_timesteps=1..2, n_features=2, dtype=float64)
    >>> panel[1]
    array([[2., 3.],
           [4., 5.]])
    >>> panel[[1, 1, 0]].lengths
    array([2, 2, 1])
    """

    # For a sliced Panel: positions of its samples in the original one. Labels that are sliced in
    # the same way have these numbers in a default index.
    _rows: np.ndarray | None = None

    def __init__(
        self,
        values: npt.ArrayLike,
        offsets: npt.ArrayLike,
        *,
        index: Any = None,
        feature_names: Sequence[str] | None = None,
        n_tokens: Int | None = None,
        times: Any = None,
    ) -> None:
        self.values = check_values(values)
        self.offsets = check_offsets(offsets, len(self.values))
        # Typed as Any as well, so that users need not check for None.
        self.index: pd.Index | Any = check_labels(index, len(self), "index", "sample")
        self.feature_names: tuple[str, ...] | Any = check_names(feature_names, self.n_features)
        self.n_tokens: int | Any = check_n_tokens(n_tokens, is_tokens=self.is_tokens)
        self.times: pd.Index | Any = check_labels(times, len(self.values), "times", "time step")

    # -- Constructors -----------------------------------------------------------------

    @classmethod
    def from_sequences(
        cls,
        sequences: Any,
        *,
        dtype: npt.DTypeLike | None = None,
        feature_names: Sequence[str] | None = None,
    ) -> Self:
        """Construct a panel from any container of sequences.

        Parameters
        ----------
        sequences : array-like or list of array-like
            Any container that the estimators accept as `X`: a list of arrays of shape
            (n_timesteps,) or (n_timesteps, n_features), of data frames, of tensors or of
            lists; a 2-D or 3-D array; an awkward, pyarrow or polars array; a DataFrame whose
            cells hold sequences; a packed or nested tensor.
        dtype : {float32, float64}, default=None
            Dtype of the values. By default, float32 and float64 are kept, integers (one per time
            step) are token ids, and other numbers become float32 if it represents them exactly
            (integers of up to 16 bits), else float64.
        feature_names : sequence of str, default=None
            Names of the features; by default the columns of the data frames.

        Returns
        -------
        panel : Panel
            Its `index` is that of the Series or data frame, if `sequences` is one.

        Examples
        --------
        >>> from sk_rnn.sequences import Panel
        >>> Panel.from_sequences([[4, 1, 1], [2]])
        Panel(n_samples=2, n_timesteps=1..3, tokens)
        >>> Panel.from_sequences([[4, 1, 1], [2]], dtype="float32")
        Panel(n_samples=2, n_timesteps=1..3, n_features=1, dtype=float32)
        """
        dtype = check_float_type(dtype, "Panel.from_sequences: dtype")
        panel = read_panel(sequences, "Panel.from_sequences: sequences", dtype)
        names = panel.feature_names if feature_names is None else feature_names
        return cls(panel.values, panel.offsets, index=panel.index, feature_names=names)

    @classmethod
    def from_frame(
        cls,
        df: Any,
        *,
        by: Any,
        order_by: Any = None,
        columns: Any = None,
        missing: Literal["raise", "keep"] = "raise",
        n_tokens: Int | None = None,
    ) -> Self:
        """Construct a panel from a long data frame with one row per time step.

        Parameters
        ----------
        df : DataFrame
            A data frame of pandas, polars, pyarrow or another library that scikit-learn
            supports. Rows may be in any order.
        by : label or list of labels
            The column or index level that identifies the sample of a row. Samples are sorted by
            it, as by :meth:`pandas.DataFrame.groupby`. With several, the rows that agree in all
            of them form a sample, whose id is a tuple.
        order_by : label, default=None
            The column or index level by which the time steps of a sample are sorted: numbers or
            dates, unique within each sample. By default, the order of the rows.
        columns : label or list of labels, default=None
            The features; by default all other columns. One label (not a list) of an integer
            column gives token ids, and so does one of a categorical column: its codes, with
            one token per category. A 1-D array, an Index or a Series counts as a list.
        missing : {"raise", "keep"}, default="raise"
            How to treat missing numbers: raise an error, or keep them as NaN to be imputed
            later.
        n_tokens : int, default=None
            Size of the vocabulary. The single feature column then holds token ids, integers
            below `n_tokens`, whether or not `columns` names it.

        Returns
        -------
        panel : Panel
            Its `index` holds the samples' ids, so that ``labels.loc[panel.index]`` is `y`: a
            :class:`pandas.MultiIndex` if `by` is a list of several labels. Its `times` hold the
            column that `order_by` names.

        Raises
        ------
        TypeError
            If `df` is not a data frame, or `columns` neither a label nor a list of labels.
        ValueError
            If a column does not exist, is not numeric or has missing numbers, if ids are
            missing, or if times are missing, occur twice in a sample or have no order. The
            message names the column and the sample.

        Examples
        --------
        >>> import pandas as pd
        >>> from sk_rnn.sequences import Panel
        >>> df = pd.DataFrame({
        ...     "machine": ["b", "a", "b"], "hour": [2, 1, 1], "heat": [0.3, 0.2, 0.1]})
        >>> panel = Panel.from_frame(df, by="machine", order_by="hour")
        >>> panel.index.tolist(), panel.to_list()[1].ravel().tolist()
        (['a', 'b'], [0.1, 0.3])
        >>> labels = pd.Series({"b": "worn", "a": "new"})
        >>> labels.loc[panel.index].tolist()
        ['new', 'worn']

        Machine numbers that are unique only within a plant:

        >>> df = pd.DataFrame({
        ...     "plant": ["x", "y", "x"], "machine": [1, 1, 1], "heat": [0.3, 0.2, 0.1]})
        >>> Panel.from_frame(df, by=["plant", "machine"]).index.tolist()
        [('x', 1), ('y', 1)]
        """
        long = read_long_frame(df, by, order_by, columns, missing, n_tokens)
        return cls(
            long.values,
            long.offsets,
            index=long.ids,
            feature_names=long.feature_names,
            n_tokens=long.n_tokens,
            times=long.times,
        )

    @classmethod
    def from_padded(cls, X: npt.ArrayLike, lengths: npt.ArrayLike) -> Self:
        """Construct a panel from padded sequences with known lengths.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Padded at the end. Integers in two dimensions are token ids. The frames of videos,
            (n_samples, n_timesteps, height, width) or (n_samples, n_timesteps, height, width,
            channels), are flattened.
        lengths : array-like of int of shape (n_samples,)
            The number of time steps of each sample that are not padding.

        Returns
        -------
        panel : Panel

        Examples
        --------
        >>> from sk_rnn.sequences import Panel
        >>> Panel.from_padded([[7, 8, 0], [9, 0, 0]], lengths=[2, 1]).to_list()
        [array([7, 8]), array([9])]
        """
        where = "Panel.from_padded: X"
        advice = (
            "Pass an array of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, "
            "n_features)."
        )
        X = as_array(X, where, advice)
        if not 2 <= X.ndim <= 5:
            raise ValueError(f"{where} has {X.ndim} dimensions. {advice}")
        X = as_numbers(X, where)
        lengths = check_lengths(lengths, len(X), X.shape[1])
        if X.ndim > 3:
            X = X.reshape(*X.shape[:2], math.prod(X.shape[2:]))
        values = X[np.arange(X.shape[1]) < lengths[:, None]]  # (total_steps[, F])
        if values.ndim == 2 or values.dtype.kind not in "iu":
            values = as_float(values if values.ndim == 2 else values[:, None])
        return cls(values, offsets_of(lengths))

    @classmethod
    def concatenate(cls, panels: Sequence["Panel"]) -> Self:
        """Concatenate panels.

        Parameters
        ----------
        panels : sequence of Panel
            At least one, all with the same features.

        Returns
        -------
        panel : Panel
            With an `index` if all of them have one, and with `times` if all of them do.

        Raises
        ------
        TypeError
            If one of them is not a Panel.
        ValueError
            If there are none, or their features differ.

        Examples
        --------
        >>> from sk_rnn.sequences import Panel
        >>> tokens = Panel.from_sequences([[1, 2], [3]])
        >>> Panel.concatenate([tokens, tokens[:1]]).to_list()
        [array([1, 2]), array([3]), array([1, 2])]
        """
        panels = _check_panels(panels)
        first = panels[0]
        for i, panel in enumerate(panels):
            if panel._kind != first._kind:
                raise ValueError(
                    f"Panel.concatenate: panels[{i}] has {panel._kind}, but panels[0] has "
                    f"{first._kind}. Pass panels of the same features."
                )
        return cls(
            np.concatenate([panel.values for panel in panels]),
            offsets_of(np.concatenate([panel.lengths for panel in panels])),
            index=_concatenate_indexes([panel.index for panel in panels]),
            feature_names=first.feature_names,
            n_tokens=first.n_tokens,
            times=_concatenate_indexes([panel.times for panel in panels]),
        )

    # -- Attributes -------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int]:
        """``(n_samples,)``: one dimension, for scikit-learn to slice."""
        return (len(self),)

    @property
    def ndim(self) -> int:
        """Number of dimensions, always 1."""
        return 1

    @property
    def dtype(self) -> np.dtype:
        """Dtype of the values."""
        return self.values.dtype

    @property
    def lengths(self) -> np.ndarray:
        """Number of time steps of each sample, int64 of shape (n_samples,)."""
        return np.diff(self.offsets)

    @property
    def is_tokens(self) -> bool:
        """Whether the values are token ids."""
        return self.values.ndim == 1

    @property
    def n_features(self) -> int:
        """Number of features per time step; 1 for token ids."""
        return 1 if self.is_tokens else self.values.shape[1]

    @property
    def _kind(self) -> str:
        """Description that must be equal for panels to be concatenated."""
        if self.is_tokens:
            size = self.n_tokens
            return "tokens" if size is None else f"tokens from a vocabulary of {size}"
        names = "" if self.feature_names is None else f" {list(self.feature_names)}"
        return f"{self.n_features} features{names}"

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self.values[start:stop] for start, stop in self._spans())

    def __repr__(self) -> str:
        lengths = self.lengths
        steps = f"{lengths.min()}..{lengths.max()}" if len(self) else "0"
        if self.is_tokens:
            kind = "tokens" if self.n_tokens is None else f"tokens, n_tokens={self.n_tokens}"
        else:
            kind = f"n_features={self.n_features}, dtype={self.dtype}"
        return f"Panel(n_samples={len(self)}, n_timesteps={steps}, {kind})"

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):  # scikit-learn slices arrays as X[key, ...]
            if len(key) != 2 or key[1] is not Ellipsis:
                raise IndexError(
                    f"Panel: got the index {key!r}, but there is one dimension, the samples. "
                    "Slice time steps and features sample by sample, or panel.values."
                )
            key = key[0]
        if isinstance(key, slice):
            start, stop, step = check_slice(key, len(self))
            if step != 1:
                return self._take(np.arange(start, stop, step))
            stop = max(start, stop)
            offsets = self.offsets[start : stop + 1]
            steps = slice(offsets[0], offsets[-1])
            times = None if self.times is None else self.times[steps]
            return self._with_samples(self.values[steps], offsets - offsets[0], key, times)
        row = check_row(key, len(self))
        if row is None:
            return self._take(check_rows(key, len(self)))
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if dtype is not None and np.dtype(dtype) != object:
            raise TypeError(
                f"Panel: cannot be converted to an array of {np.dtype(dtype)}, because samples "
                "have different lengths. Use panel.to_padded(), or panel.values for the time "
                "steps of all samples."
            )
        if copy is False:
            raise ValueError(
                "Panel: cannot be converted to an array without a copy. Leave copy at None."
            )
        out = np.empty(len(self), dtype=object)
        for i, sequence in enumerate(self):
            out[i] = sequence
        return out

    # -- Conversion -------------------------------------------------------------------

    def to_list(self) -> list[np.ndarray]:
        """Return the sequences as a list of arrays (views of `values`)."""
        return list(self)

    def to_padded(self, value: Float = 0.0) -> np.ndarray:
        """Return the sequences as one array, padded at the end.

        Parameters
        ----------
        value : float, default=0.0
            Padding value, a number that the dtype of the panel can represent.

        Returns
        -------
        X : ndarray of shape (n_samples, n_timesteps, n_features)
            `n_timesteps` is the length of the longest sequence; of shape (n_samples, n_timesteps)
            for token ids. The original lengths are in `lengths`.

        Raises
        ------
        TypeError
            If `value` is not a number.
        ValueError
            If the dtype of the panel cannot represent it.

        Examples
        --------
        >>> from sk_rnn.sequences import Panel
        >>> Panel.from_sequences([[7, 8], [9]]).to_padded(-1)
        array([[ 7,  8],
               [ 9, -1]])
        """
        value = check_padding(value, self.dtype)
        lengths = self.lengths
        n_timesteps = lengths.max(initial=0)
        X = np.full((len(self), n_timesteps, *self.values.shape[1:]), value, dtype=self.dtype)
        X[np.arange(n_timesteps) < lengths[:, None]] = self.values
        return X

    def to_frame(self) -> pd.DataFrame:
        """Return the sequences as a long data frame, one row per time step.

        Returns
        -------
        df : DataFrame of shape (total_steps, n_features)
            Indexed by the sample (its entry in `index`, or its position) and the step (its
            entry in `times`, or its number in the sample).

        Notes
        -----
        :meth:`from_frame` is the inverse. For token ids, pass `n_tokens`:
        ``from_frame(df, by="sample", order_by="step", columns="token",
        n_tokens=panel.n_tokens)``.

        Examples
        --------
        >>> from sk_rnn.sequences import Panel
        >>> df = Panel.from_sequences([[0.5, 1.5], [2.5]], feature_names=["heat"]).to_frame()
        >>> df["heat"].to_dict()
        {(0, 0): 0.5, (0, 1): 1.5, (1, 0): 2.5}
        >>> Panel.from_frame(df, by="sample", order_by="step")
        Panel(n_samples=2, n_timesteps=1..2, n_features=1, dtype=float64)
        """
        sample = np.repeat(np.arange(len(self)), self.lengths)
        step = np.arange(len(self.values)) - self.offsets[sample]
        numbered = ["token"] if self.is_tokens else [f"x{j}" for j in range(self.n_features)]
        return pd.DataFrame(
            self.values.reshape(len(self.values), self.n_features),
            index=step_labels(self, sample, step),
            columns=numbered if self.feature_names is None else list(self.feature_names),
        )

    # -- Slicing -----------------------------------------------------------------------

    def cut(self, starts: np.ndarray, stops: np.ndarray) -> Self:
        """Slice each sample from step `start` to step `stop`.

        Parameters
        ----------
        starts, stops : array-like of int of shape (n_samples,)
            Relative to the first step of each sample.

        Returns
        -------
        panel : Panel

        Raises
        ------
        ValueError
            If they are not integers, or not in order within each sample.
        """
        starts, stops = check_bounds(starts, stops, self.lengths)
        return self._gather(self.offsets[:-1] + starts, stops - starts, slice(None))

    def _take(self, rows: np.ndarray) -> Self:
        starts = self.offsets[rows]
        return self._gather(starts, self.offsets[rows + 1] - starts, rows)

    def _gather(self, starts: np.ndarray, lengths: np.ndarray, rows: Any) -> Self:
        times = self.times
        if times is not None:
            times = times[gather_steps(np.arange(len(times)), starts, lengths)]
        values = gather_steps(self.values, starts, lengths)
        return self._with_samples(values, offsets_of(lengths), rows, times)

    def _with_samples(
        self, values: np.ndarray, offsets: np.ndarray, rows: Any, times: pd.Index | None
    ) -> Self:
        panel = type(self)(
            values,
            offsets,
            index=None if self.index is None else self.index[rows],
            feature_names=self.feature_names,
            n_tokens=self.n_tokens,
            times=times,
        )
        if self.index is not None:
            panel._rows = (np.arange(len(self)) if self._rows is None else self._rows)[rows]
        return panel

    def _spans(self) -> Iterator[tuple[int, int]]:
        bounds = self.offsets.tolist()  # Python integers slice faster than NumPy's
        return pairwise(bounds)


def _check_panels(panels: Any) -> list[Panel]:
    """Return the panels to concatenate as a list."""
    advice = "Pass a list of Panels; Panel.from_sequences converts other containers."
    if isinstance(panels, Panel) or not isinstance(panels, Iterable):
        raise TypeError(f"Panel.concatenate: panels is a {type(panels).__name__}. {advice}")
    panels = list(panels)
    if not panels:
        raise ValueError("Panel.concatenate: got no panels. Pass at least one.")
    for i, panel in enumerate(panels):
        if not isinstance(panel, Panel):
            raise TypeError(f"Panel.concatenate: panels[{i}] is a {type(panel).__name__}. {advice}")
    return panels


def _concatenate_indexes(indexes: list[pd.Index | None]) -> pd.Index | None:
    """Concatenate indexes; return None if one of them is None."""
    present = [index for index in indexes if index is not None]
    return present[0].append(present[1:]) if len(present) == len(indexes) else None


def read_panel(sequences: Any, where: str, dtype: npt.DTypeLike | None = None) -> Panel:
    """Construct a panel from any container of sequences, as :meth:`Panel.from_sequences` does.

    Parameters
    ----------
    sequences : array-like or list of array-like
    where : str
        Their name in error messages.
    dtype : {float32, float64}, default=None

    Returns
    -------
    panel : Panel
    """
    dtype = None if dtype is None else np.dtype(dtype)
    flat = flatten(sequences, where, dtype=dtype)
    values = flat.values
    if dtype is None:
        one_integer = values.dtype.kind in "iu" and values.shape[1] == 1
        values = values[:, 0] if one_integer else as_float(values)
    names = flat.feature_names
    return Panel(values, flat.offsets, index=flat.ids, feature_names=names)


def step_labels(panel: Panel, sample: np.ndarray, step: np.ndarray) -> pd.MultiIndex:
    """Return the labels of time steps: the sample, and the time or the number of the step.

    Parameters
    ----------
    panel : Panel
    sample, step : ndarray of int of shape (n,)
        Positions of the samples, and of the steps in their samples.

    Returns
    -------
    labels : MultiIndex of length n
    """
    index = pd.RangeIndex(len(panel)) if panel.index is None else panel.index
    levels = [index.get_level_values(level)[sample] for level in range(index.nlevels)]
    names = ["sample"] if list(index.names) == [None] else list(index.names)
    times = pd.Index(step) if panel.times is None else panel.times[panel.offsets[sample] + step]
    return pd.MultiIndex.from_arrays(
        [*levels, times], names=[*names, "step" if times.name is None else times.name]
    )
