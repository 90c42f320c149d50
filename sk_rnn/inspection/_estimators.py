"""Estimators as arguments: a fitted one, the last step of a pipeline, or the best of a search."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..sequences import name_kind

# The estimators whose encoder can be run step by step, for messages.
WITH_ENCODER = (
    "a fitted RNNClassifier, RNNRegressor, RNNLanguageModel, RNNTranscriber or Seq2SeqTransformer"
)


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

    def tokens(self, found: Mapping[str, Any]) -> list[Any] | None:
        """Return the tokens of a sequence that the model describes; None if it has numbers."""
        if not found["is_tokens"]:
            return None
        return self.decode(found["labels"]) if self.decode is not None else list(found["labels"])


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
    for outer, inner in _wrappers(estimator):
        if isinstance(outer, Pipeline):
            check_is_fitted(outer)
            before = outer[:-1]
            if len(before) and X is not None:
                X = before.transform(X)
            if len(before) and hasattr(before[-1], "vocabulary_"):
                decode = _decoder(before[-1])
        estimator = inner
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
    for _, inner in _wrappers(estimator):
        estimator = inner
    return type(estimator).__name__


def _wrappers(estimator: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each pipeline and search around an estimator, from outside, with what it wraps."""
    while True:
        if hasattr(estimator, "best_estimator_"):
            inner = estimator.best_estimator_
        elif isinstance(estimator, Pipeline) and estimator.steps:
            inner = estimator[-1]
        else:
            return
        yield estimator, inner
        estimator = inner
