"""The base class of sources."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol, cast

import numpy as np

from ...sequences import Spans, Standardisation, TokenRows, Vocabulary
from .._kinds import Kind

# X as read by a source.
Samples = Spans | TokenRows


class Owner(Protocol):
    """The estimator, on which scikit-learn's checks set and read attributes."""

    padding_value: Any
    n_features_in_: int


class Source(Kind, ABC):
    """Base class of the kinds of X.

    `fit` calls the methods in the order in which they are defined; for new data, only `read` and
    `encode` are called. Only `read` with ``reset=True``, `learn` and `prepare` change the source.

    Attributes
    ----------
    form : str
        Kind of X: "numbers", "vectors", "ids", "text" or "tokens".
    is_tokens : bool
        Whether inputs of the network are token ids.
    num_embeddings : int or None
        Size of the vocabulary; None for numbers.
    char_embedding : str or None
        How the network reads the letters of tokens.
    n_letters : int
        Number of ids of letters.
    adds_differences : bool
        Whether differences of time steps are additional inputs of the network.
    patch_size : int
        Time steps to read as one, if the parameter is "auto".
    centers : bool
        Whether the mean of each sequence is subtracted.
    vocabulary : Vocabulary or None
        Tokens and their ids, if they were learned from X.
    """

    form: str
    is_tokens: ClassVar[bool] = False
    num_embeddings: int | None = None
    char_embedding: str | None = None
    n_letters: int = 0
    adds_differences: bool = False
    patch_size: int = 1
    centers: bool = False
    # Mean and standard deviation of each feature: arrays, which every file format can save.
    _scaling: tuple[np.ndarray, np.ndarray] | None = None

    @abstractmethod
    def read(
        self, X: Any, owner: Owner, caller: str, *, input_name: str = "X", reset: bool = False
    ) -> Samples:
        """Validate X.

        Parameters
        ----------
        X : object
            As passed by the user.
        owner : estimator
            Its names and number of features are set or checked.
        caller, input_name : str
            Names of the caller and of X in error messages.
        reset : bool, default=False
            Whether this is the X of `fit`, with which X of later calls must be consistent.

        Returns
        -------
        Samples
        """

    def warn(self, X: Any, where: str) -> None:
        """Warn if the X of `fit` may have been misinterpreted."""
        return  # not supported for most kinds

    def learn(self, samples: Samples, caller: str) -> None:
        """Learn the vocabulary from all samples."""
        return  # numbers have none

    def encode(self, samples: Samples, *, warn: bool = True) -> Spans:
        """Convert samples to inputs of the network; with ``warn``, warn about unknown tokens."""
        return cast(Spans, samples)

    @abstractmethod
    def prepare(self, spans: Spans, rows: np.ndarray, caller: str) -> dict[str, Any]:
        """Learn the scale of the inputs from the training rows.

        Returns
        -------
        dict
            Arguments of the module for its initial weights.
        """

    @abstractmethod
    def step_labels(self, spans: Spans, stride: int) -> list[list[Any]]:
        """Return the token or index of each ``stride``-th time step."""

    @property
    def vocabulary(self) -> Vocabulary | None:
        """Tokens and their ids, if they were learned."""
        return None

    @property
    def scaling(self) -> Standardisation | None:
        """Standardisation of the inputs, if they are standardised."""
        return None if self._scaling is None else Standardisation(*self._scaling)
