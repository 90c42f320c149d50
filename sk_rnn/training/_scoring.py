"""Validation scores by scikit-learn's scorers, or by functions like them."""

import inspect
import math
from collections.abc import Callable
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import get_scorer
from sklearn.metrics._scorer import _BaseScorer

from ..sequences import quote
from ._readouts import Readout, TrainingSet

if TYPE_CHECKING:
    from ._net import RecurrentNet


class ValidationScorer:
    """Scores a net on its validation data after each epoch.

    Parameters
    ----------
    scoring : str or callable
        The name of one of scikit-learn's scorers, or a function of (net, X, y) that returns a
        number. The net has `predict` and, for classifiers, `predict_proba` and `decision_function`.
    readout : Readout
        How the scorer sees outputs and targets: labels, or numbers in the units of y.
    sample_weight : ndarray or None
        Weight of each target, in the order of the `TrainingSet`.
    caller : str
        Name of the caller in error messages.
    """

    def __init__(
        self,
        scoring: str | Callable[..., Any],
        readout: Readout,
        sample_weight: np.ndarray | None,
        caller: str,
    ):
        self.name = repr(scoring) if isinstance(scoring, str) else _name_of(scoring)
        self.scorer = get_scorer(scoring)
        self.readout = readout
        self.caller = caller
        self.keywords: dict[str, Any] = {}
        if sample_weight is not None:
            if not _accepts_weights(self.scorer):
                raise ValueError(
                    f"{caller}: the validation data have sample weights, but scoring={self.name} "
                    "does not accept any. Leave out sample_weight_val, or set a scorer that "
                    "accepts sample_weight."
                )
            self.keywords["sample_weight"] = sample_weight

    def __call__(self, net: "RecurrentNet", data: TrainingSet) -> float:
        """Return the score; larger is better."""
        before, net.readout_ = net.readout_, self.readout
        try:
            data = TrainingSet(data.batches, self.readout)
            score = self.scorer(net, data, data.y, **self.keywords)
        except Exception as error:  # any exception: a function of the user may run here
            raise ValueError(
                f"{self.caller}: scoring={self.name} cannot be computed for the validation data: "
                f"{quote(error)}. Set a scoring that fits what the estimator predicts, or a "
                "function of (estimator, X, y)."
            ) from error
        finally:
            net.readout_ = before
        if not isinstance(score, Real | np.generic) or not math.isfinite(float(score)):
            raise ValueError(
                f"{self.caller}: scoring={self.name} returned {score!r} for the validation data. "
                "It must be a finite number; check that each class occurs in them."
            )
        return float(score)


def _accepts_weights(scorer: Any) -> bool:
    function = scorer._score_func if isinstance(scorer, _BaseScorer) else scorer
    parameters = inspect.signature(function).parameters.values()
    return any(p.name == "sample_weight" or p.kind is p.VAR_KEYWORD for p in parameters)


def _name_of(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)
