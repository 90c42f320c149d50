"""Folds of whole sequences, for transformers that cross-fit on their rows."""

import warnings
from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold
from sklearn.preprocessing import TargetEncoder
from sklearn.utils.multiclass import type_of_target

from ._nested import iterate_transformers

_WHY = (
    "encodes each time step by the targets of other steps, and steps of the same sequence would "
    "leak its target"
)


class SequenceFolds:
    """Cross-validation folds in which no sequence is split.

    Parameters
    ----------
    cv : int, splitter or iterable
        The `cv` of the transformer.
    lengths : ndarray of int of shape (n_samples,)
        Number of time steps of each sequence.
    stratified : bool
        Whether to stratify the folds if targets are classes.
    caller : str
        Name of the caller in error messages.
    """

    def __init__(self, cv: Any, lengths: np.ndarray, stratified: bool, caller: str) -> None:
        self.cv = cv
        self.lengths = lengths
        self.stratified = stratified
        self.caller = caller
        if hasattr(cv, "get_metadata_routing"):  # a user-defined splitter of groups
            self.get_metadata_routing = cv.get_metadata_routing

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds."""
        if isinstance(self.cv, Integral):
            return int(self.cv)
        return self.cv.get_n_splits(X, y, groups) if self._is_splitter else len(self.cv)

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the training and the test time steps of each fold."""
        sequences = np.repeat(np.arange(len(self.lengths)), self.lengths)
        groups = sequences if groups is None else groups
        if isinstance(self.cv, Integral):
            if int(self.cv) > len(self.lengths):
                raise ValueError(
                    f"{self.caller}: X has {len(self.lengths)} sequences, fewer than the "
                    f"cv={self.cv} folds of TargetEncoder, each of whole sequences. Set a smaller "
                    "cv, or pass more sequences."
                )
            discrete = type_of_target(y) in ("binary", "multiclass")
            kind = StratifiedGroupKFold if self.stratified and discrete else GroupKFold
            yield from kind(n_splits=int(self.cv)).split(X, y, groups)
            return
        for train, test in self._given_folds(X, y, groups):
            shared = np.intersect1d(sequences[train], sequences[test])
            if len(shared):
                raise ValueError(
                    f"{self.caller}: cv={self.cv!r} of TargetEncoder puts time steps of "
                    f"X[{shared[0]}] in both parts of a split. TargetEncoder {_WHY}. Set cv to a "
                    "number of folds, or to a splitter of groups such as GroupKFold()."
                )
            yield train, test

    def _given_folds(self, X: Any, y: Any, groups: Any) -> list[tuple[np.ndarray, np.ndarray]]:
        if not self._is_splitter:
            return self.cv
        with warnings.catch_warnings():  # whether groups are kept together is checked below
            warnings.filterwarnings("ignore", message="The groups parameter is ignored")
            return list(self.cv.split(X, y, groups))

    @property
    def _is_splitter(self) -> bool:
        return hasattr(self.cv, "split")


def split_by_sequence(transformer: Any, lengths: np.ndarray, caller: str) -> None:
    """Make every TargetEncoder in an unfitted transformer split by sequence, not by time step."""
    encoders = [
        part for part in iterate_transformers(transformer) if isinstance(part, TargetEncoder)
    ]
    held = transformer.get_params(deep=True).values() if hasattr(transformer, "get_params") else ()
    known = set(map(id, encoders))
    if any(isinstance(part, TargetEncoder) and id(part) not in known for part in held):
        raise ValueError(
            f"{caller}: TargetEncoder inside {type(transformer).__name__} {_WHY}. Pass it by "
            "itself, or in a Pipeline, a FeatureUnion or a ColumnTransformer, where it can be "
            "given folds of whole sequences."
        )
    for encoder in encoders:
        if "cv_object" not in type(encoder)._parameter_constraints["cv"]:  # before 1.9
            raise ValueError(
                f"{caller}: TargetEncoder {_WHY}; it can be given folds of whole sequences in "
                "scikit-learn 1.9 or later. Update scikit-learn, or use OneHotEncoder or "
                "OrdinalEncoder."
            )
        stratified = encoder.target_type != "continuous"
        encoder.cv = SequenceFolds(encoder.cv, lengths, stratified, caller)


def restore_folds(transformer: Any) -> None:
    """Restore the original `cv` of encoders after fitting."""
    for part in iterate_transformers(transformer):
        if isinstance(part, TargetEncoder) and isinstance(part.cv, SequenceFolds):
            part.cv = part.cv.cv
