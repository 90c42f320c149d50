"""Sequences of numbers, and the base class for numbers and token ids."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pandas as pd
from sklearn.utils.validation import _check_feature_names, _check_n_features

from ...sequences import (
    Spans,
    argument,
    as_pandas,
    center_samples,
    check_table_names,
    counted,
    is_table,
    long_frame,
    one_sequence,
    open_foreign,
    plain,
    read_spans,
    refuse_single_values,
    repeated_id,
)
from ...training import learn_scaling, learn_smoothness
from .._autos import auto_differences, auto_patch_size
from .._contents import KIND, fitted_with, read_contents
from .._warnings import warn_user
from ._source import Owner, Samples, Source
from ._words import refuse_words


class SequenceSource(Source):
    """Base class for sequences of numbers or token ids in any container.

    Parameters
    ----------
    among_tokens : bool, default=False
        Whether the estimator accepts text and tokens as well. Error messages for those then refer
        to the data of `fit`.
    """

    _is_table: bool
    _n_step_features: int

    def __init__(self, *, among_tokens: bool = False):
        self._among_tokens = among_tokens

    def read(
        self, X: Any, owner: Owner, caller: str, *, input_name: str = "X", reset: bool = False
    ) -> Spans:
        """Validate X, and set or check the number and names of features."""
        where = f"{caller}: {input_name}"
        X = open_foreign(X, where)
        padding_value = owner.padding_value
        if self._among_tokens and not reset:
            form = "ids" if self.is_tokens else "numbers"
            reason = fitted_with(form)
            read_contents(X, KIND[form], where, reason, padding_value=padding_value)
        elif not reset:
            refuse_words(X, where, self.form)
        table = is_table(X, tokens=self.is_tokens, padding_value=padding_value)
        if table:  # before other checks, whose messages would be misleading for wrong columns
            was_table = reset or self._is_table
            check_table_names(owner, X, where, reset=reset, was_table=was_table)
        if not reset:
            refuse_single_values(X, where, self._n_step_features, is_table=self._is_table)
        spans = read_spans(
            X,
            tokens=self.is_tokens,
            padding_value=padding_value,
            caller=caller,
            input_name=input_name,
        )
        if not table:
            names = spans.feature_names
            columns = np.empty((0, 0)) if names is None else pd.DataFrame(columns=list(names))
            _check_feature_names(owner, columns, reset=reset)
        if reset:
            self._is_table = table
            self._n_step_features = spans.n_features
            if not table:
                owner.n_features_in_ = spans.n_features
        if table and self._is_table:
            _check_columns(owner, X, input_name, reset=reset)
        elif spans.n_features != self._n_step_features:
            raise ValueError(
                f"{where} has {counted(spans.n_features, 'feature')} per time step, but the model "
                f"was fitted with {self._n_step_features}. Pass sequences of shape (n_timesteps, "
                f"{self._n_step_features})." + one_sequence(X, input_name, self._n_step_features)
            )
        return spans


class NumberSource(SequenceSource):
    """Sequences of numbers, standardised by feature.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator; ``scale_inputs`` and, if it has them, ``center_inputs``,
        ``differences``, ``time_masking``, ``feature_masking`` and ``patch_size`` are used. The
        latter is 1, if it is "auto", unless sequences are read as a whole and in full.
    among_tokens : bool, default=False
        Whether the estimator accepts text and tokens as well.
    """

    form = "numbers"

    def __init__(self, params: Mapping[str, Any], *, among_tokens: bool = False):
        super().__init__(among_tokens=among_tokens)
        self._standardises = bool(params["scale_inputs"])
        # Not of all estimators:
        self.centers = bool(params.get("center_inputs"))
        self._differences = params.get("differences", False)
        self._masks = bool(params.get("time_masking") or params.get("feature_masking"))
        self._joins_steps = (
            params.get("patch_size") == "auto"
            and params["bidirectional"]
            and not params["return_sequences"]
            and params["conv_channels"] is None
        )

    def warn(self, X: Any, where: str) -> None:
        """Warn about a table with a column of repeated ids, which is probably a long DataFrame."""
        if not self._is_table or not hasattr(type(X), "columns"):
            return
        X = open_foreign(X, where)
        by = repeated_id(X)
        if by is not None and by in X.columns:
            X = as_pandas(X)
            warn_user(
                f"{where} is read as a table, one sequence per row and one time step per column, "
                f"but column {plain(by)} has {counted(X[by].nunique(), 'value')} in {len(X)} rows."
                + long_frame(X, argument(where), by=by)
            )

    def encode(self, samples: Samples, *, warn: bool = True) -> Spans:
        """Return the samples, centred if so requested: before anything is learned from them."""
        spans = cast(Spans, samples)
        return center_samples(spans) if self.centers else spans

    def prepare(self, spans: Spans, rows: np.ndarray, caller: str) -> dict[str, Any]:
        """Learn the mean and standard deviation of each feature, and their smoothness."""
        needs_smoothness = self._differences or self._joins_steps
        if not (self._standardises or needs_smoothness or self._masks):
            return {}
        scaling = learn_scaling(spans, rows, caller)
        initial: dict[str, Any] = {}
        if self._standardises:
            self._scaling = scaling.mean, scaling.std
        elif self._masks:
            initial["mask_values"] = scaling.mean
        if not needs_smoothness:
            return initial
        smoothness = learn_smoothness(spans, rows, scaling)
        if self._joins_steps:
            self.patch_size = auto_patch_size(spans.lengths[rows], smoothness.of_values)
        if self._differences == "auto":
            self.adds_differences = auto_differences(smoothness.of_differences)
        else:
            self.adds_differences = self._differences
        if self.adds_differences:
            initial["difference_scale"] = smoothness.difference_scale
        return initial

    def step_labels(self, spans: Spans, stride: int) -> list[list[Any]]:
        """Return the index of each ``stride``-th time step."""
        return [list(range(0, n, stride)) for n in spans.lengths.tolist()]


def _check_columns(owner: Owner, X: Any, input_name: str, *, reset: bool) -> None:
    """Set or check the number of columns of a table, with a hint if it may be one sequence."""
    try:
        _check_n_features(owner, X, reset=reset)
    except ValueError as error:
        raise ValueError(f"{error}{one_sequence(X, input_name, 1)}") from None
