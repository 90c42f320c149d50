"""PenStrokes."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Literal, NoReturn, Self

import numpy as np
import pandas as pd
from sklearn.utils import Tags
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from ..sequences import (
    Float,
    NumberIn,
    Panel,
    as_array,
    as_numbers,
    counted,
    fit_context,
    is_sequence,
    name_kind,
    offsets_of,
    open_foreign,
    open_tensors,
    refuse_empty,
)
from ._sequence_output import SequenceOutput
from ._steps import Steps, check_names_in, read_steps

_NAMES = ("dx", "dy", "pen_up")

_ACCEPTED = (
    "Pass one list of strokes per sample, and each stroke as an array (n_points, 2) of x and y."
)


class PenStrokes(SequenceOutput):
    r"""Convert pen strokes to movements of equal lengths, for handwriting and sketches.

    Strokes are scaled to a common size and resampled to equidistant points, so that the features
    depend neither on the size of the writing, nor on the speed of the pen, nor on the sampling rate
    of the device. Each point becomes a time step: the movement from the previous point, and whether
    the pen is lifted after it.

    Parameters
    ----------
    spacing : float, default=0.05
        Distance between neighbouring points of a stroke, in units of `unit`. Smaller values result
        in more time steps and finer curves. It is adjusted for each stroke, so that both ends are
        kept.
    unit : {"height", "extent"}, default="height"
        The length that is scaled to 1 in each sample: "height" is suitable for words and lines of
        text; "extent", the maximum of width and height, for sketches and single symbols. For a
        sample without height, such as a dash, "extent" is used. None keeps the coordinates of the
        device, so `spacing` is in their units.

    Attributes
    ----------
    n_features_in_ : int
        2, the coordinates of a point.

    See Also
    --------
    TimeDistributed : With a StandardScaler, standardises the features.

    Notes
    -----
    The format, except for the resampling, is that of [1]_ and of many sketch data sets. A stroke of
    length :math:`L` becomes :math:`\max(1, \operatorname{round}(L / \text{spacing}))` movements of
    equal lengths along the line through its points; a stroke at a single position is one point. The
    movement with the pen lifted, from the end of a stroke to the start of the next one, is a single
    time step of any length. The first movement is 0, so that features do not depend on positions.

    References
    ----------
    .. [1] Graves (2013), Generating sequences with recurrent neural networks, section 4.

    Examples
    --------
    A plus sign with two strokes, 20 units wide and high:

    >>> from sk_rnn.preprocessing import PenStrokes
    >>> plus = [[[0, 10], [20, 10]], [[10, 0], [10, 20]]]
    >>> pen = PenStrokes(spacing=0.5)
    >>> pen.fit_transform([plus])[0]
    array([[ 0. ,  0. ,  0. ],
           [ 0.5,  0. ,  0. ],
           [ 0.5,  0. ,  1. ],
           [-0.5, -0.5,  0. ],
           [ 0. ,  0.5,  0. ],
           [ 0. ,  0.5,  1. ]])
    >>> pen.get_feature_names_out()
    array(['dx', 'dy', 'pen_up'], dtype=object)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "spacing": [NumberIn(0, None, closed="neither")],
        "unit": [StrOptions({"height", "extent"}), None],
    }

    def __init__(
        self, *, spacing: Float = 0.05, unit: Literal["height", "extent"] | None = "height"
    ) -> None:
        self.spacing = spacing
        self.unit = unit

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the strokes; nothing is learned from them.

        Parameters
        ----------
        X : list of lists of array-like of shape (n_points, 2)
            One list of strokes per sample, each with its points in the order of writing. A sample
            may also be one array of shape (n_points, 2), which is a single stroke, or
            (n_points, 3), whose third column is 1 at the last point of each stroke and 0 at others.
        y : None, default=None
            Ignored.

        Returns
        -------
        self : object
        """
        _read_samples(X, "PenStrokes.fit: X")
        self.n_features_in_ = 2
        return self

    def transform(self, X: Any) -> Any:
        """Convert strokes to movements.

        Parameters
        ----------
        X : list of lists of array-like of shape (n_points, 2)
            One list of strokes per sample, as for `fit`.

        Returns
        -------
        movements : Panel
            With three features per time step: "dx" and "dy", the movement from the previous point,
            and "pen_up", 1 at the last point of a stroke and 0 at others. It has the index of X if
            that is a Series. With ``set_output(transform="pandas")``, a list of DataFrames, one per
            sample.
        """
        check_is_fitted(self)
        self._validate_params()  # parameters may have been changed after fit
        caller = "PenStrokes.transform"
        samples, ids = _read_samples(X, f"{caller}: X")
        movements = []
        for i, strokes in enumerate(samples):
            with np.errstate(over="ignore", invalid="ignore"):  # overflow raises an error below
                unit = _unit(strokes, self.unit)
                most = sum(map(_length, strokes)) / unit / float(self.spacing)
            if not math.isfinite(most):
                raise ValueError(
                    f"{caller}: X[{i}] has coordinates whose distances are too large for float64. "
                    "Rescale them."
                )
            if not most < _MOST_POINTS:
                raise ValueError(
                    f"{caller}: X[{i}] would have {most:.0f} points at spacing={self.spacing!r}. "
                    "Increase spacing" + (", or set unit='height'." if self.unit is None else ".")
                )
            resampled = [_resample(stroke / unit, float(self.spacing)) for stroke in strokes]
            movements.append(_movements(resampled))
        steps = Steps(
            np.concatenate(movements),
            offsets_of(np.array([len(moves) for moves in movements])),
            is_table=False,
            is_rectangle=False,
            feature_names=_NAMES,
            ids=ids,
        )
        return self._in_container(steps, X)

    def inverse_transform(self, X: Any) -> list[list[np.ndarray]]:
        """Convert movements to strokes, for example to plot them.

        Parameters
        ----------
        X : Panel, list of array-like of shape (n_timesteps, 3) or array-like
            Movements, as from `transform`, or generated by a model. The pen is lifted where
            "pen_up" is at least 0.5.

        Returns
        -------
        strokes : list of lists of ndarray of shape (n_points, 2)
            One list of strokes per sample, in units of `unit`. The first point is the first
            movement, starting from (0, 0).
        """
        check_is_fitted(self)
        caller = "PenStrokes.inverse_transform"
        steps = read_steps(X, caller)
        n_features = steps.values.shape[1]
        if n_features != 3:
            raise ValueError(
                f"{caller}: X has {counted(n_features, 'feature')} per time step, where 3 are "
                f"expected: {', '.join(_NAMES)}. Pass movements as transform returns them."
            )
        strokes = []
        for start, stop in pairwise(steps.offsets.tolist()):
            moves = np.asarray(steps.values[start:stop], dtype=np.float64)
            points = np.cumsum(moves[:, :2], axis=0)
            ends = np.flatnonzero(moves[:-1, 2] >= 0.5) + 1  # the last stroke ends in any case
            strokes.append(np.split(points, ends))
        return strokes

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Get the names of the features of a time step.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored.

        Returns
        -------
        feature_names_out : ndarray of str of shape (3,)
            "dx", "dy" and "pen_up".
        """
        check_is_fitted(self)
        check_names_in(self, input_features)
        return np.asarray(_NAMES, dtype=object)

    def __sklearn_tags__(self) -> Tags:
        """Declare that X is not a 2-D table, and that dtypes are not preserved."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags


# More points indicate that `spacing` is in other units than the coordinates.
_MOST_POINTS = 1_000_000


# -- Geometry ----------------------------------------------------------------------------


def _unit(strokes: Sequence[np.ndarray], unit: str | None) -> float:
    """Return the length that is scaled to 1."""
    if unit is None:
        return 1.0
    points = np.concatenate(strokes)
    width, height = np.ptp(points, axis=0).tolist()
    size = height if unit == "height" and height > 0 else max(width, height)
    return size or 1.0  # a dot


def _length(stroke: np.ndarray) -> float:
    return float(np.hypot(*np.diff(stroke, axis=0).T).sum())


def _resample(stroke: np.ndarray, spacing: float) -> np.ndarray:
    """Return equidistant points (n, 2) along a stroke, including its ends."""
    distances = np.hypot(*np.diff(stroke, axis=0).T)
    position = np.concatenate([[0.0], np.cumsum(distances)])
    if position[-1] == 0:
        return stroke[:1]
    n_moves = max(1, round(position[-1] / spacing))
    places = np.linspace(0.0, position[-1], n_moves + 1)
    return np.column_stack([np.interp(places, position, stroke[:, axis]) for axis in (0, 1)])


def _movements(strokes: Sequence[np.ndarray]) -> np.ndarray:
    """Return the rows (dx, dy, pen up) of the points of a sample."""
    points = np.concatenate(strokes)
    moves = np.zeros((len(points), 3))
    moves[1:, :2] = np.diff(points, axis=0)
    moves[np.cumsum([len(stroke) for stroke in strokes]) - 1, 2] = 1.0
    return moves


# -- Reading -----------------------------------------------------------------------------


def _read_samples(X: Any, where: str) -> tuple[list[list[np.ndarray]], pd.Index | None]:
    """Return the strokes (n_points, 2) of each sample, and the index of the samples."""
    if isinstance(X, Panel):
        refuse_empty(X.lengths, where)
        if X.is_tokens:
            raise ValueError(f"{where} contains token ids where points are expected. {_ACCEPTED}")
        return [_split_points(x, f"{where}[{i}]") for i, x in enumerate(X)], X.index
    X = open_foreign(X, where)
    listed = isinstance(X, list | tuple | pd.Series) or (isinstance(X, np.ndarray) and X.ndim)
    if not listed:
        raise TypeError(
            f"{where} is {name_kind(X)}, which is not a list of samples of strokes. {_ACCEPTED}"
        )
    items = list(X)
    if not items:
        raise ValueError(f"{where} has 0 sample(s) while a minimum of 1 is required.")
    samples = [_read_sample(x, f"{where}[{i}]") for i, x in enumerate(items)]
    return samples, X.index if isinstance(X, pd.Series) else None


def _read_sample(x: Any, where: str) -> list[np.ndarray]:
    """Return the strokes of one sample."""
    x = _open_stroke(x, where)
    if len(x) == 0:
        raise ValueError(f"{where} has no strokes. Drop it, from y too.")
    first = x[0].to_numpy() if isinstance(x[0], pd.DataFrame | pd.Series) else x[0]
    points = isinstance(x, np.ndarray) and x.dtype != object and x.ndim == 2
    if points or (is_sequence(first) and len(first) and not is_sequence(first[0])):
        return _split_points(x, where)
    strokes = []
    for i, stroke in enumerate(x):
        points = _points(_open_stroke(stroke, f"{where}[{i}]"), f"{where}[{i}]")
        if points.shape[1] != 2:
            _raise_for_columns(points, f"{where}[{i}]")
        strokes.append(points)
    return strokes


def _open_stroke(x: Any, where: str) -> Any:
    """Return a sample or a stroke as an array, a list or a tuple."""
    x = open_tensors(x, where)
    if isinstance(x, pd.DataFrame | pd.Series):
        x = x.to_numpy()
    if isinstance(x, str | bytes | Mapping) or not is_sequence(x):
        raise TypeError(f"{where} is {name_kind(x)}, where strokes are expected. {_ACCEPTED}")
    return x if isinstance(x, list | tuple) else as_array(x, where, _ACCEPTED)


def _points(x: Any, where: str) -> np.ndarray:
    """Return finite points (n_points, n_columns)."""
    if len(x) == 0:
        raise ValueError(f"{where} is a stroke without points. Drop it.")
    try:
        array = as_array(x, where, _ACCEPTED)
    except ValueError as error:
        raise ValueError(f"{where} has points of several lengths. {_ACCEPTED}") from error
    if array.ndim != 2:
        raise ValueError(
            f"{where} has shape {array.shape}, where points of shape (n_points, 2) are expected. "
            f"{_ACCEPTED}"
        )
    points = as_numbers(array, where).astype(np.float64)
    finite = np.isfinite(points)
    if not finite.all():
        point, column = np.argwhere(~finite)[0]
        what = "NaN" if np.isnan(points[point, column]) else "infinity"
        raise ValueError(f"{where} contains {what} at point {point}. Drop such points.")
    return points


def _split_points(x: Any, where: str) -> list[np.ndarray]:
    """Return the strokes of a sample that is one array of points."""
    points = _points(x, where)
    if points.shape[1] == 2:
        return [points]
    if points.shape[1] != 3:
        _raise_for_columns(points, where)
    pen_up = points[:, 2]
    if not np.isin(pen_up, (0.0, 1.0)).all():
        wrong = pen_up[~np.isin(pen_up, (0.0, 1.0))][0]
        raise ValueError(
            f"{where} has {wrong:g} in its third column, where 1 at the last point of a stroke and "
            "0 at others are expected. Drop times and pressure: x[:, :2], and pass one array per "
            "stroke."
        )
    return np.split(points[:, :2], np.flatnonzero(pen_up[:-1]) + 1)


def _raise_for_columns(points: np.ndarray, where: str) -> NoReturn:
    n_points, n_columns = points.shape
    advice = "Pass x and y only: stroke[:, :2]." if n_columns > 2 else _ACCEPTED
    if n_points in (2, 3) and n_columns > 3:  # all x, then all y
        advice = "If its rows are all x and all y, pass np.asarray(stroke)[:2].T."
    raise ValueError(
        f"{where} has {counted(n_columns, 'number')} per point, where x and y are expected. "
        f"{advice}"
    )
