"""scikit-learn's metrics for targets per time step."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..sequences import (
    Panel,
    check_sample_weights,
    check_step_weights,
    counted,
    find_missing,
    flatten,
    has_step_weights,
    name_kind,
    open_tensors,
    plain_labels,
)


def per_time_step(score_func: Callable[..., Any]) -> "PerTimeStep":
    """Convert a metric of scikit-learn to a metric for targets per time step.

    scikit-learn's metrics do not accept a sequence of labels or numbers per sample. The returned
    metric concatenates the sequences, so that each time step counts as a sample, and calls the
    given metric. Wrapped with ``make_scorer``, it can be used as `scoring` in searches and
    cross-validation.

    Parameters
    ----------
    score_func : callable
        A metric with the signature ``score_func(y_true, y_pred, **kwargs)``, such as
        ``sklearn.metrics.f1_score`` or ``mean_absolute_error``. If it is a loss, pass
        ``greater_is_better=False`` to ``make_scorer``.

    Returns
    -------
    metric : callable
        ``metric(y_true, y_pred, *, sample_weight=None, **kwargs)``. Targets and predictions are
        any containers of sequences that the estimators accept as y, or return. Time steps whose
        true target is missing (None or NaN) are left out. `sample_weight` contains one weight per
        sequence, which applies to each of its time steps, or one sequence of weights per sequence.
        Other arguments are passed to `score_func`.

    Raises
    ------
    TypeError
        If `score_func` is not callable.

    See Also
    --------
    span_f1_score : For spans encoded as tags.
    token_accuracy_score : Accuracy of tags.

    Examples
    --------
    >>> from sk_rnn.metrics import per_time_step
    >>> from sklearn.metrics import f1_score, make_scorer
    >>> y_true = [["N", "V", "N"], ["N", "V"]]
    >>> y_pred = [["N", "V", "V"], ["N", "V"]]
    >>> round(per_time_step(f1_score)(y_true, y_pred, average="macro"), 3)
    0.8

    As a scorer in model selection:

    >>> scoring = make_scorer(per_time_step(f1_score), average="macro")

    A metric of probabilities requires a scorer function::

        def neg_log_loss(tagger, X, y):
            return -per_time_step(log_loss)(y, tagger.predict_proba(X), labels=tagger.classes_)
    """
    if not callable(score_func):
        raise TypeError(
            f"per_time_step: score_func is {name_kind(score_func)}, which is not callable. Pass a "
            "metric, such as sklearn.metrics.f1_score."
        )
    return PerTimeStep(score_func)


class PerTimeStep:
    """A metric of concatenated sequences; a class, so that scorers can be pickled."""

    def __init__(self, score_func: Callable[..., Any]) -> None:
        self.score_func = score_func
        name = getattr(score_func, "__name__", type(score_func).__name__)
        self.__name__ = f"per_time_step({name})"  # shown by scorers

    def __call__(
        self, y_true: Any, y_pred: Any, *, sample_weight: Any = None, **kwargs: Any
    ) -> Any:
        """Compute the metric on all time steps together."""
        caller = self.__name__
        true, lengths = _read(y_true, f"{caller}: y_true")
        predicted, others = _read(y_pred, f"{caller}: y_pred")
        if len(lengths) != len(others):
            raise ValueError(
                f"{caller}: y_true has {counted(len(lengths), 'sequence')}, but y_pred has "
                f"{len(others)}. Pass one prediction per true sequence."
            )
        differs = lengths != others
        if differs.any():
            i = int(np.argmax(differs))
            raise ValueError(
                f"{caller}: y_true[{i}] has {counted(lengths[i], 'time step')}, but y_pred[{i}] "
                f"has {others[i]}. Pass predictions for each time step."
            )
        missing = find_missing(true).reshape(len(true), -1).all(axis=1)
        known = np.flatnonzero(~missing)
        if not len(known):
            raise ValueError(
                f"{caller}: y_true has no target at any time step. At least one must not be None "
                "or NaN."
            )
        if sample_weight is not None:
            sample_weight = open_tensors(sample_weight, f"{caller}: sample_weight")
            if has_step_weights(sample_weight):
                weights = check_step_weights(sample_weight, lengths, caller, source="y_true")
            else:
                weights = check_sample_weights(sample_weight, len(lengths), caller, noun="sequence")
                weights = np.repeat(weights, lengths)
            kwargs["sample_weight"] = weights[known]
        true = _plain(true[known], f"{caller}: y_true")
        predicted = _plain(predicted[known], f"{caller}: y_pred")
        return self.score_func(true, predicted, **kwargs)

    def __repr__(self) -> str:
        return self.__name__


def _read(y: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the targets (total_steps[, n_outputs]) and the lengths of sequences."""
    if isinstance(y, Panel):
        values, offsets = y.values, y.offsets
    else:
        flat = flatten(open_tensors(y, where), where, numeric=False)
        values, offsets = flat.values, flat.offsets
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    return values, np.diff(offsets)


def _plain(values: np.ndarray, where: str) -> np.ndarray:
    """Return objects as an array of their natural dtype."""
    return plain_labels(values, where) if values.dtype == object else values
