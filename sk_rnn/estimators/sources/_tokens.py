"""Strings and sequences of tokens, with a vocabulary that is learned from them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, cast

import numpy as np
from sklearn.utils.validation import _check_feature_names

from ...sequences import Panel, Spans, TokenRows, Vocabulary, open_foreign
from ...training import unseen_tokens
from .._contents import KIND, Contents, are_integers, fitted_with, read_contents
from .._texts import RESERVED, learn_vocabulary, make_analyzer, split_texts, warn_about_unknown
from ._source import Owner, Samples, Source


class TokenSource(Source):
    """Strings, or sequences of tokens.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator; ``source_kind``, ``source_analyzer`` and ``source_min_df`` are
        used.
    contents : Contents
        The X of `fit`.
    prefix : str
        Of the names of these parameters.
    end : bool
        Whether each encoded sequence ends with the end token.
    """

    is_tokens: ClassVar[bool] = True

    def __init__(
        self,
        params: Mapping[str, Any],
        contents: Contents,
        *,
        prefix: str = "source_",
        end: bool = True,
    ):
        self.form = contents.form
        self._prefix, self._end = prefix, end
        self._analyzer = params[f"{prefix}analyzer"]
        self._min_df = params[f"{prefix}min_df"]
        auto = params[f"{prefix}kind"] == "auto" and self.form == "tokens"
        # The parameter whose "auto" treats integers as tokens.
        integers = auto and are_integers(contents.rows or [])
        self._auto_name = f"{prefix}kind" if integers else None
        # As a list, because skops only supports dicts with plain keys.
        self._tokens: Any = None

    def read(
        self, X: Any, owner: Owner, caller: str, *, input_name: str = "X", reset: bool = False
    ) -> TokenRows:
        """Validate X, and split strings into tokens."""
        where = f"{caller}: {input_name}"
        X = open_foreign(X, where)
        contents = read_contents(
            X,
            KIND[self.form],
            where,
            fitted_with(self.form),
            padding_value=owner.padding_value,
            auto_name=self._auto_name,
        )
        return self.split(X, contents, owner, where, reset=reset)

    def split(
        self, X: Any, contents: Contents, owner: Owner, where: str, *, reset: bool
    ) -> TokenRows:
        """Return the tokens of X, whose contents were determined before."""
        if reset:
            _check_feature_names(owner, np.empty((0, 0)), reset=True)  # no columns
            owner.n_features_in_ = 1
        rows = contents.rows or []
        if self.form == "text":
            name = f"{self._prefix}analyzer"
            rows = split_texts(rows, make_analyzer(self._analyzer, name, where), name, where)
        if isinstance(X, Panel):
            return TokenRows(rows, X.index, X._rows, where)
        return TokenRows(rows, where=where)

    def learn(self, samples: Samples, caller: str) -> None:
        """Learn the vocabulary."""
        rows = cast(TokenRows, samples)
        self._tokens = learn_vocabulary(
            rows.tokens, self._min_df, f"{self._prefix}min_df", rows.where, drop_rare=True
        ).tokens
        self.num_embeddings = len(self.vocabulary)

    def encode(self, samples: Samples, *, warn: bool = True) -> Spans:
        """Convert tokens to ids; with ``warn``, warn about unknown ones."""
        rows = cast(TokenRows, samples)
        panel, unknown = self.vocabulary.encode(rows.tokens, end=self._end)
        if warn:
            warn_about_unknown(unknown, rows.tokens, rows.where)
        return replace(Spans.of(panel), index=rows.index, rows=rows.rows, where=rows.where)

    def prepare(self, spans: Spans, rows: np.ndarray, caller: str) -> dict[str, Any]:
        """Return the ids that do not occur in the training rows."""
        return {"unseen_tokens": unseen_tokens(spans, rows, len(self.vocabulary))}

    def step_labels(self, spans: Spans, stride: int) -> list[list[Any]]:
        """Return each ``stride``-th token."""
        return self.vocabulary.decode([row.tolist()[::stride] for row in spans])

    @property
    def vocabulary(self) -> Vocabulary:
        """Tokens and their ids."""
        return Vocabulary(self._tokens, RESERVED)
