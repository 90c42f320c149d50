"""Estimators as arguments: a fitted one, the last step of a pipeline, or the best of a search."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..sequences import name_kind


class Opened(NamedTuple):
    """A fitted estimator of this package, and X as it receives it.

    Attributes
    ----------
    model : estimator
    X : object
    decode : callable or None
        Converts token ids to tokens, if an earlier step has their vocabulary.
    """

    model: Any
    X: Any
    decode: Callable[[list[Any]], list[Any]] | None


def open_estimator(estimator: Any, X: Any, caller: str, accepted: str, needs: str) -> Opened:
    """Return the estimator itself, without the pipeline or the search around it.

    Parameters
    ----------
    estimator : object
        As passed by the user.
    X : object
        As passed by the user; the steps of a pipeline before the last one transform it. None stays
        None.
    caller : str
        Name of the caller in messages.
    accepted : str
        The estimators that are accepted, for messages.
    needs : str
        Name of an attribute that they have.
    """
    if isinstance(estimator, type):
        raise TypeError(
            f"{caller}: estimator is {name_kind(estimator)}. Pass a fitted instance of it."
        )
    decode = None
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(estimator, Pipeline):
            check_is_fitted(estimator)
            before = estimator[:-1]
            if len(before) and X is not None:
                X = before.transform(X)
            if len(before) and hasattr(before[-1], "vocabulary_"):
                decode = _decoder(before[-1])
            estimator = estimator[-1]
        else:
            break
    if not hasattr(estimator, needs):
        raise TypeError(
            f"{caller}: {name_kind(estimator)} is not supported. Pass {accepted}, or a pipeline "
            "that ends with one."
        )
    check_is_fitted(estimator)
    return Opened(estimator, X, decode)


def _decoder(vectorizer: Any) -> Callable[[list[Any]], list[Any]] | None:
    if not hasattr(vectorizer, "inverse_transform"):
        return None
    return lambda ids: list(vectorizer.inverse_transform([ids])[0])


def estimator_name(estimator: Any) -> str:
    """Return the name of an estimator for a legend."""
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(estimator, Pipeline):
            estimator = estimator[-1]
        else:
            return type(estimator).__name__
