"""Vectors, which are read as sequences of one time step."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ...sequences import Spans, check_sequences, is_table, open_foreign, refuse_single_values
from .._contents import KIND, fitted_with, read_contents
from ._numbers import NumberSource
from ._source import Owner


class VectorSource(NumberSource):
    """A table with one vector per row.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator; ``scale_inputs`` is used.
    """

    form = "vectors"

    def __init__(self, params: Mapping[str, Any]):
        super().__init__(params)  # text and tokens are rejected in `read`

    def read(
        self, X: Any, owner: Owner, caller: str, *, input_name: str = "X", reset: bool = False
    ) -> Spans:
        """Validate X, and read its rows as sequences of one step."""
        where = f"{caller}: {input_name}"
        X = open_foreign(X, where)
        if not reset:
            read_contents(
                X, KIND["numbers"], where, fitted_with("numbers"), padding_value=owner.padding_value
            )
        if not is_table(X, padding_value=owner.padding_value):
            if not reset:
                n_features = owner.n_features_in_
                refuse_single_values(X, where, n_features, is_table=True, vectors=True)
            # Invalid containers have their own messages.
            check_sequences(X, caller=caller, input_name=input_name)
            fitted = "source_kind='vectors'" if reset else "the model was fitted with vectors"
            width = "n_features" if reset else owner.n_features_in_
            raise ValueError(
                f"{where} contains sequences, but {fitted}. Pass a 2-D array of shape (n_samples, "
                f"{width}), one row per sample."
            )
        spans = super().read(X, owner, caller, input_name=input_name, reset=reset)
        n_samples = len(spans)
        return replace(
            spans,
            values=spans.values.reshape(n_samples, -1),
            starts=np.arange(n_samples),
            lengths=np.ones(n_samples, dtype=np.int64),
        )

    def warn(self, X: Any, where: str) -> None:
        """Do not warn about repeated ids: columns are features."""
