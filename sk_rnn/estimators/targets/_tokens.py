"""Targets of strings or tokens."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...modules import CrossEntropy, Loss
from ...sequences import Panel, Spans, TokenRows, Vocabulary
from ...training import Readout, read_classes
from .._contents import Contents, Tokens, are_integers
from .._texts import (
    END,
    RESERVED,
    find_token_joiner,
    join_tokens,
    learn_vocabulary,
    make_analyzer,
    split_texts,
    warn_about_unknown,
)
from ..sources import Samples
from ._pairs import PairTarget


class TokenTarget(PairTarget):
    """Strings, or sequences of tokens, encoded as ids followed by the end token.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator; ``target_kind``, ``target_analyzer``, ``target_min_df`` and
        ``label_smoothing`` are used, for an autoencoder ``source_analyzer``.
    contents : Contents
        The y of `fit`.
    autoencoder : bool
        Whether y is X itself.
    auto : bool
        Whether y was recognised as tokens by its values.
    """

    # Names of the parameters.
    _analyzer_name = "target_analyzer"
    _min_df_name = "target_min_df"

    def __init__(
        self, params: Mapping[str, Any], contents: Contents, *, autoencoder: bool, auto: bool
    ):
        super().__init__(params, autoencoder=autoencoder)
        self.form = "text" if contents.form == "text" else "tokens"
        if autoencoder:
            self._analyzer_name = "source_analyzer"
        self._analyzer = params[self._analyzer_name]
        self._min_df = params[self._min_df_name]
        integers = auto and are_integers(contents.rows or [])
        self._auto_name = "target_kind" if integers else None
        # The string that joins tokens; None for words, which contain their spaces.
        self._joiner: str | None = None
        # As a list, because skops only supports dicts with plain keys.
        self._tokens: Any = None

    def update(self, params: Mapping[str, Any], caller: str) -> None:
        """Update `padding_value` and `label_smoothing`."""
        super().update(params, caller)
        self._label_smoothing = float(params.get("label_smoothing", 0.0))

    def _read(
        self, y: Any, contents: Contents, caller: str, input_name: str, *, reset: bool
    ) -> TokenRows:
        texts, where = contents.rows or [], f"{caller}: {input_name}"
        rows = self._split(texts, where)
        if reset and self.form == "text":
            self._joiner = find_token_joiner(self._analyzer, texts)
        return TokenRows(rows, where=where)

    def _split(self, rows: list[Any], where: str) -> list[Tokens]:
        """Return the tokens of each row, which is a string or a list of tokens."""
        if self.form != "text":
            return rows
        analyze = make_analyzer(self._analyzer, self._analyzer_name, where)
        return split_texts(rows, analyze, self._analyzer_name, where)

    def take(self, y: TokenRows, samples: Samples, rows: np.ndarray) -> TokenRows:
        """Return the targets of the samples ``rows``."""
        return y.take(rows)

    def learn(self, y: TokenRows, caller: str, *, reset: bool) -> None:
        """Learn the vocabulary, and the number of tokens of the longest target."""
        if reset:
            words = self.form == "text" and self._joiner is None
            self._tokens = learn_vocabulary(
                y.tokens, self._min_df, self._min_df_name, y.where, drop_rare=words
            ).tokens
            self.n_outputs = len(self.vocabulary)
        self.longest = max(self.longest, max(map(len, y.tokens)))

    def encode(
        self, y: TokenRows, caller: str, *, input_name: str = "y", warn: bool = True
    ) -> Panel:
        """Convert tokens to ids."""
        panel, unknown = self.vocabulary.encode(y.tokens, end=True)
        if warn:
            warn_about_unknown(unknown, y.tokens, y.where)
        return panel

    def scale(
        self,
        encoded: Panel,
        spans: Spans,
        rows: np.ndarray,
        sample_weight: np.ndarray | None,
        caller: str,
    ) -> None:
        """Do nothing: ids have no scale."""

    def network_targets(self, encoded: Panel, where: str) -> tuple[Panel, None]:
        """Return the ids, which are both inputs and labels."""
        return encoded, None

    def criterion(self) -> Loss:
        """Return the cross-entropy."""
        return CrossEntropy(self._label_smoothing)

    def readout(self) -> Readout:
        """Return how outputs and targets are presented to callbacks."""
        return read_classes(self.n_outputs)

    @property
    def vocabulary(self) -> Vocabulary:
        """Tokens and their ids."""
        return Vocabulary(self._tokens, RESERVED)

    def step_labels(self, encoded: Panel) -> list[list[Any]]:
        """Return the token of each step of encoded targets."""
        return self.vocabulary.decode(encoded)

    def decode(self, ids: Iterable[Sequence[int]]) -> list[Any]:
        """Convert ids without the end token to strings or lists of tokens."""
        rows: list[Any] = self.vocabulary.decode(ids)
        if self.form == "text":
            return [join_tokens(row, self._joiner) for row in rows]
        return rows

    @staticmethod
    def append_ends(ids: Sequence[Sequence[int]], finished: Sequence[bool]) -> Panel:
        """Append the end token to finished sequences of ids, as in encoded targets."""
        rows = [[*row, END] if ended else row for row, ended in zip(ids, finished, strict=True)]
        return Panel.from_sequences([np.array(row, dtype=np.int64) for row in rows])
