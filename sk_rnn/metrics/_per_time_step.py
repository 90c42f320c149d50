"""scikit-learn's metrics and scorers for targets per time step."""

from collections.abc import Callable
from typing import Any, overload

import numpy as np
from sklearn.metrics import get_scorer
from sklearn.metrics._scorer import _BaseScorer
from sklearn.utils import ClassifierTags, RegressorTags, Tags, get_tags

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


@overload
def per_time_step(score_func: str) -> "PerTimeStepScorer": ...


@overload
def per_time_step(score_func: Callable[..., Any]) -> "PerTimeStep | PerTimeStepScorer": ...


def per_time_step(score_func: str | Callable[..., Any]) -> "PerTimeStep | PerTimeStepScorer":
    """Convert a metric or scorer of scikit-learn to one for targets per time step.

    scikit-learn's metrics do not accept a sequence of labels or numbers per sample. The returned
    function concatenates the sequences, so that each time step counts as a sample, and calls the
    given metric or scorer. Scorers can be used as `scoring` in searches and cross-validation.

    Parameters
    ----------
    score_func : str or callable
        The name of one of scikit-learn's scorers, such as "f1_macro", "neg_log_loss" or "r2"; a
        scorer returned by ``make_scorer``; or a metric with the signature ``score_func(y_true,
        y_pred, **kwargs)``, such as ``sklearn.metrics.f1_score``.

    Returns
    -------
    scorer : callable
        For a name or a scorer: ``scorer(estimator, X, y, sample_weight=None)``, where greater is
        better.
    metric : callable
        For a metric:
        ``metric(y_true, y_pred, *, sample_weight=None, **kwargs)``. Targets and predictions are
        any containers of sequences that the estimators accept as y, or return. Time steps whose
        true target is missing (None or NaN) are left out. `sample_weight` contains one weight per
        sequence, which applies to each of its time steps, or one sequence of weights per sequence.
        Other arguments are passed to `score_func`.

    Raises
    ------
    TypeError
        If `score_func` is neither a string nor callable.
    ValueError
        If scikit-learn has no scorer with this name.

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

    As scorers in model selection:

    >>> scoring = per_time_step("f1_macro")
    >>> scoring = {
    ...     "log_loss": per_time_step("neg_log_loss"),
    ...     "f1_of_nouns": per_time_step(make_scorer(f1_score, average=None, labels=["N"])),
    ... }
    """
    if isinstance(score_func, str):
        try:
            return PerTimeStepScorer(get_scorer(score_func), score_func)
        except ValueError:
            raise ValueError(
                f"per_time_step: scikit-learn has no scorer {score_func!r}. Pass one of the names "
                "that sklearn.metrics.get_scorer_names() lists, or a metric."
            ) from None
    if isinstance(score_func, _BaseScorer):
        return PerTimeStepScorer(score_func, str(score_func))
    if not callable(score_func):
        raise TypeError(
            f"per_time_step: score_func is {name_kind(score_func)}, which is neither a name nor "
            "callable. Pass the name of a scorer, such as 'f1_macro', or a metric, such as "
            "sklearn.metrics.f1_score."
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
        """Compute the metric over all time steps."""
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


class PerTimeStepScorer:
    """A scorer of concatenated sequences; a class, so that it can be pickled."""

    def __init__(self, scorer: Callable[..., Any], name: str) -> None:
        self.scorer = scorer
        self.__name__ = f"per_time_step({name})"

    def __call__(self, estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Score the predictions over all time steps."""
        caller = self.__name__
        true, lengths = _read(y, f"{caller}: y")
        keywords = {}
        if sample_weight is not None:
            sample_weight = open_tensors(sample_weight, f"{caller}: sample_weight")
            weights = check_sample_weights(sample_weight, len(lengths), caller, noun="sequence")
            keywords["sample_weight"] = np.repeat(weights, lengths)
        return self.scorer(_FlatEstimator(estimator, caller, lengths), X, true, **keywords)

    def __repr__(self) -> str:
        return self.__name__


class _FlatEstimator:
    """A fitted estimator whose predictions for time steps are concatenated, as scorers see it."""

    def __init__(self, estimator: Any, caller: str, lengths: np.ndarray) -> None:
        self._estimator, self._caller, self._lengths = estimator, caller, lengths

    def __sklearn_tags__(self) -> Tags:
        """Return the tags of a classifier or regressor, which decide what scorers call."""
        tags = get_tags(self._estimator)
        if hasattr(self._estimator, "classes_"):
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        else:
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._estimator, name)
        if name not in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
            return found

        def flat(X: Any) -> np.ndarray:
            values, lengths = _read(found(X), f"{self._caller}: {name}(X)")
            if not np.array_equal(lengths, self._lengths):
                raise ValueError(
                    f"{self._caller}: y has {counted(int(self._lengths.sum()), 'time step')} in "
                    f"{counted(len(self._lengths), 'sequence')}, but {name}(X) has "
                    f"{int(lengths.sum())} in {len(lengths)}. Pass one target per time step of X."
                )
            return values

        flat.__name__ = name  # scorers look for it
        return flat


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
