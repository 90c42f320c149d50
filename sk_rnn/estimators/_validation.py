"""Validation data: passed to `fit`, or held out from the training data."""

from typing import Any, NamedTuple

import numpy as np


class Validation(NamedTuple):
    """The arguments X_val, y_val and sample_weight_val of `fit`."""

    X: Any = None
    y: Any = None
    sample_weight: Any = None

    @property
    def is_given(self) -> bool:
        """Whether any of them was passed."""
        return any(part is not None for part in self)

    def check(self, caller: str) -> None:
        """Raise an error for X_val without y_val, and vice versa."""
        names = ("X_val", "y_val", "sample_weight_val")
        passed = dict(zip(names, self, strict=True))
        missing = [name for name in names[:2] if passed[name] is None]
        if missing:
            given = next(name for name in names if passed[name] is not None)
            raise ValueError(
                f"{caller}: {given} was passed without {' and '.join(missing)}. Pass X_val and "
                "y_val, or neither."
            )


def check_splittable(n_rows: int, fraction: float, caller: str) -> None:
    """Raise an error if the validation fraction leaves no rows for training."""
    if np.ceil(n_rows * fraction) >= n_rows:
        raise ValueError(
            f"{caller}: early_stopping=True with validation_fraction="
            f"{fraction} leaves none of n_samples={n_rows} for training. "
            "Lower validation_fraction, pass X_val and y_val, or set early_stopping=False."
        )
