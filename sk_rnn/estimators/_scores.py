"""The scores that the `score` methods return."""

import numpy as np
from sklearn.metrics import r2_score

# Sums of squares of numbers up to this do not overflow.
_LARGE = 1e140

# Predictions are clipped to this absolute value, so that their squares are finite even if they are
# divided by the smallest variance of float32.
_MAX_PREDICTION = 1e100


def label_accuracy(
    true: np.ndarray, predicted: np.ndarray, sample_weight: np.ndarray | None, caller: str
) -> float:
    """Return the fraction of labels, or of rows of an indicator, that are predicted correctly."""
    if _is_text(true) != _is_text(predicted):
        raise ValueError(
            f"{caller}: y has labels such as {true[:1].tolist()[0]!r}, but the model predicts "
            f"labels such as {predicted[:1].tolist()[0]!r}. Pass labels of the type that the model "
            "was fitted with."
        )
    correct = true == predicted
    if correct.ndim == 2:
        correct = correct.all(axis=1)
    return float(np.average(correct, weights=sample_weight))


def r_squared(
    true: np.ndarray, predicted: np.ndarray, sample_weight: np.ndarray | None, caller: str
) -> float:
    """Return the mean R² of all columns; very large numbers are rescaled, which changes nothing."""
    true, predicted = (
        values.reshape(len(values), -1).astype(np.float64, copy=False)
        for values in (true, predicted)
    )
    if true.shape[1] != predicted.shape[1]:
        raise ValueError(
            f"{caller}: y has {true.shape[1]} numbers per target, but the model was fitted with "
            f"{predicted.shape[1]}. Pass y with the same number of outputs."
        )
    largest = np.max(np.abs(true), initial=0.0)
    if largest > _LARGE:
        true, predicted = true / largest, predicted / largest
    predicted = predicted.clip(-_MAX_PREDICTION, _MAX_PREDICTION)
    return float(r2_score(true, predicted, sample_weight=sample_weight))


def _is_text(labels: np.ndarray) -> bool:
    return labels.dtype.kind in "UT" or (
        labels.dtype == object and len(labels) > 0 and isinstance(labels.flat[0], str)
    )
