"""Sources of `Seq2SeqTransformer`: strings, tokens, ids, sequences of numbers or vectors."""

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils.validation import _check_feature_names

from ..sequences import (
    Spans,
    Vocabulary,
    check_sequences,
    check_token_range,
    is_table,
    open_foreign,
    read_spans,
    refuse_single_values,
)
from ._base import BaseRNN
from ._reading import count_seen_tokens, read_embedding_weights, read_sequences
from ._sides import (
    RESERVED,
    are_whole,
    fitted_with,
    learn_vocabulary,
    make_analyzer,
    read_side,
    split_texts,
    warn_of_unknown,
)

# The kind of new data that a fitted model expects, by the form of the training data.
KIND = {"text": "text", "tokens": "tokens", "ids": "tokens", "numbers": "series"}


class SourceReader(BaseRNN):
    """Convert X to a Panel."""

    _source_form: str
    _vectors: bool
    _autoencoder: bool
    _n_ids: Any
    _source_whole: str | None
    # As a list, because skops only supports dicts with plain keys.
    _source_tokens: Any

    @property
    def source_vocabulary_(self) -> dict[Hashable, int] | None:
        """The id of each token of X; None for numbers and ids."""
        return None if self._source_tokens is None else self._source_vocabulary.ids

    @property
    def _source_vocabulary(self) -> Vocabulary:
        return Vocabulary(self._source_tokens, RESERVED)

    def _read_source(self, X: Any, caller: str, *, reset: bool, input_name: str = "X") -> Spans:
        where = f"{caller}: {input_name}"
        X = open_foreign(X, where)
        if reset:
            kind = "series" if self.source_kind == "vectors" else self.source_kind
            because = f"source_kind={self.source_kind!r}"
            side = read_side(X, kind, where, because, padding_value=self.padding_value)
            self._source_form, self._vectors = side.form, False
            self._tokens = side.form != "numbers"
            auto = kind == "auto" and side.form == "tokens"
            self._source_whole = "source_kind" if auto and are_whole(side.rows or []) else None
            self._source_tokens = None
            self._source_analyzer = self.source_analyzer
        else:
            side = read_side(
                X,
                KIND[self._source_form],
                where,
                fitted_with(self._source_form),
                padding_value=self.padding_value,
                whole=self._source_whole,
            )
        if not self._tokens:
            return self._read_source_numbers(X, caller, reset=reset, input_name=input_name)
        if reset:
            _check_feature_names(self, np.empty((0, 0)), reset=True)  # no columns
            self.n_features_in_ = 1
        if self._source_form == "ids":
            return self._read_source_ids(X, caller, reset=reset, input_name=input_name)
        rows = side.rows or []
        if self._source_form == "text":
            analyze = make_analyzer(self._source_analyzer, "source_analyzer", where)
            rows = split_texts(rows, analyze, "source_analyzer", where)
        if reset:
            self._source_tokens = learn_vocabulary(
                rows, self.source_min_df, "source_min_df", where, spare=True
            ).tokens
        panel, unknown = self._source_vocabulary.encode(rows, end=True)
        if not reset:
            warn_of_unknown(unknown, rows, where, "token")
        return Spans.of(panel)

    def _warn_of_source(self, X: Any, caller: str) -> None:
        if not self._tokens and not self._vectors:
            super()._warn_of_source(X, caller)

    def _read_source_numbers(self, X: Any, caller: str, *, reset: bool, input_name: str) -> Spans:
        where = f"{caller}: {input_name}"
        table = is_table(X, padding_value=self.padding_value)
        if reset:
            self._vectors = self.source_kind == "vectors" or (table and self.source_kind == "auto")
        if self._vectors and not table:
            if not reset:
                refuse_single_values(X, where, self, vectors=True)
            # Invalid containers are refused first.
            check_sequences(X, caller=caller, input_name=input_name)
            fitted = "source_kind='vectors'" if reset else "the model was fitted with vectors"
            width = "n_features" if reset else self.n_features_in_
            raise ValueError(
                f"{where} contains sequences, but {fitted}. Pass a 2-D array of shape (n_samples, "
                f"{width}), one row per sample."
            )
        spans = read_sequences(self, X, caller, reset=reset, input_name=input_name)
        if not self._vectors:
            return spans
        # A vector is a sequence of one step.
        n_samples = len(spans)
        return replace(
            spans,
            values=spans.values.reshape(n_samples, -1),
            starts=np.arange(n_samples),
            lengths=np.ones(n_samples, dtype=np.int64),
        )

    def _read_source_ids(self, X: Any, caller: str, *, reset: bool, input_name: str) -> Spans:
        spans = read_spans(
            X,
            tokens=True,
            padding_value=self.padding_value,
            caller=caller,
            input_name=input_name,
        )
        if reset:
            self._n_ids = spans.n_tokens
            vectors = self._read_embedding_weights(caller)
            if vectors is not None:
                self._n_ids = len(vectors)
            elif self._n_ids is None:
                self._n_ids = count_seen_tokens(spans, caller, "set n_tokens of the Panel")
        check_token_range(spans, self._n_ids, caller, input_name=input_name)
        return spans

    def _count_tokens(self, spans: Spans, caller: str) -> int:
        if self._source_form == "ids":
            return self._n_ids
        return len(self._source_vocabulary)

    def _read_embedding_weights(self, caller: str) -> np.ndarray | None:
        if self.embedding_weights is not None and self._source_form != "ids":
            raise ValueError(
                f"{caller}: embedding_weights has a row for each token id, but X does not contain "
                "ids. Pass X as a Panel of token ids, as SequenceVectorizer returns it, or set "
                "embedding_weights=None."
            )
        return read_embedding_weights(self.embedding_weights, None, None, caller)

    def _name_source(self, spans: Spans) -> list[list[Any]]:
        """Return the token or index of each step that attention can attend to."""
        stride = self._built_with["conv_stride"]
        if self._source_form == "numbers":
            return [list(range(0, n, stride)) for n in spans.lengths.tolist()]
        rows = [row.tolist()[::stride] for row in spans]
        if self._source_form == "ids":
            return rows
        return self._source_vocabulary.decode(rows)
