"""Targets of transcribers: strings or tokens that transcribe a longer sequence."""

from collections.abc import Iterable, Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
import torch

from ...modules import BLANK, RowLoss
from ...sequences import Panel, Spans, TokenRows, align_to_samples, argument, counted, open_foreign
from ...training import Readout, SequenceData, TranscriptData
from .._contents import KIND, Contents, Tokens, fitted_with, is_rectangle, read_contents
from .._texts import END, RESERVED, UNKNOWN
from ..sources import Samples
from ._tokens import TokenTarget

# Strides that conv_stride="auto" selects from, and the minimum number of steps per token that must
# remain, with repetitions counted twice: alignments need some freedom.
_STRIDES, _ROOM = (4, 2), 1.5


class TranscriptTarget(TokenTarget):
    """Strings, sequences of tokens, or single tokens, encoded as for `TokenTarget`.

    The network has an output for blank, one for each token in the order of the vocabulary, and if
    `fit` left out rare tokens, a last one for these.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator; ``analyzer`` and ``min_df`` are used.
    contents : Contents
        The y of `fit`.
    single : bool
        Whether y is an array of single tokens.

    Attributes
    ----------
    stride : int
        Number of time steps of X per step of the encoding.
    """

    stride: int = 1
    # Positions in y of fit, if samples with a weight of zero were dropped; for messages.
    _kept: np.ndarray | None = None
    _analyzer_name = "analyzer"
    _min_df_name = "min_df"

    def __init__(self, params: Mapping[str, Any], contents: Contents, *, single: bool):
        super().__init__(params, contents, autoencoder=False, auto=False)
        self.single = single
        self._stride = params["conv_stride"]
        self._convolves = params["conv_channels"] is not None
        self._has_unknown = False

    def contents(self, y: Any, where: str) -> Contents:
        """Determine the contents of y; raise an error for another kind than in `fit`."""
        if not self.single:
            return super().contents(y, where)
        rows = read_single(y, where)
        if rows is None:
            raise ValueError(
                f"{where} contains sequences, but the model was fitted with an array of single "
                f"tokens. Pass one token per sample, or refit with [[token] for token in "
                f"{argument(where)}]."
            )
        return read_contents(rows, "tokens", where)

    def take(self, y: TokenRows, samples: Samples, rows: np.ndarray) -> TokenRows:
        """Return the targets of the samples ``rows``."""
        self._kept = rows
        return super().take(y, samples, rows)

    def learn(self, y: Any, caller: str, *, reset: bool) -> None:
        """Learn the vocabulary."""
        super().learn(y, caller, reset=reset)
        if reset:
            known = self.vocabulary.ids
            self._has_unknown = any(token not in known for row in y.tokens for token in row)
            self.n_outputs = 1 + len(known) + self._has_unknown

    def scale(
        self,
        encoded: Panel,
        spans: Spans,
        rows: np.ndarray,
        sample_weight: np.ndarray | None,
        caller: str,
    ) -> None:
        """Choose the stride: the largest that leaves room for the transcripts."""
        self.stride = self._stride
        if self._stride == "auto":
            needed = _ROOM * needed_steps(self.labels(encoded))
            fits = (s for s in _STRIDES if (needed <= -(-spans.lengths // s)).all())
            self.stride = next(fits, 1) if self._convolves else 1

    def labels(self, encoded: Panel) -> list[np.ndarray]:
        """Return the outputs that belong to the tokens of each transcript."""
        outputs = self._outputs_of_ids()
        return [outputs[row[:-1]] for row in encoded.to_list()]  # without the end token

    def _outputs_of_ids(self) -> np.ndarray:
        """Return the output of each id; that of unknown tokens is -1 if there is none."""
        n_tokens = len(self.vocabulary.tokens)
        outputs = np.arange(len(RESERVED) + n_tokens) - len(RESERVED) + 1
        outputs[END] = BLANK
        outputs[UNKNOWN] = n_tokens + 1 if self._has_unknown else -1
        return outputs

    def data(
        self,
        encoded: Panel,
        spans: Spans,
        rows: np.ndarray,
        sample_weight: np.ndarray | None,
        device: torch.device,
        caller: str,
        *,
        input_name: str = "y",
        **inputs: Any,
    ) -> SequenceData:
        """Combine sequences, labels and loss weights."""
        weights = None
        if sample_weight is not None:
            weights = (sample_weight / sample_weight[rows].mean()).astype(self._dtype)
        labels = self.labels(encoded)
        kept, self._kept = self._kept, None
        self._check_lengths(labels, spans, kept, caller, input_name)
        # Only validation data can have tokens without an output.
        labels = [row[row >= 0] for row in labels]
        return TranscriptData(spans, labels, device, weights=weights, **inputs)

    def _check_lengths(
        self,
        labels: list[np.ndarray],
        spans: Spans,
        kept: np.ndarray | None,
        caller: str,
        input_name: str,
    ) -> None:
        """Raise an error for transcripts with more tokens than steps."""
        needed = needed_steps(labels)
        wrong = np.flatnonzero(needed > -(-spans.lengths // self.stride))
        if not len(wrong):
            return
        i = int(wrong[0])
        place = i if kept is None else int(kept[i])
        source = input_name.replace("y", "X", 1)
        n, repeated = len(labels[i]), int(needed[i]) - len(labels[i])
        repeats = f", {repeated} of them repeated," if repeated else ""
        available, remedy = f"{counted(int(spans.lengths[i]), 'time step')}", ""
        if self.stride > 1:
            available += f", of which conv_stride={self.stride} keeps "
            available += str(-(-int(spans.lengths[i]) // self.stride))
            remedy = "Set conv_stride=1, or "
        problem = (
            f"{caller}: {input_name}[{place}] has {counted(n, 'token')}{repeats} and needs "
            f"{counted(int(needed[i]), 'step')} to be aligned, but {source}[{place}] has "
            f"{available}. "
        )
        drop = "drop such pairs" if remedy else "Drop such pairs"
        raise ValueError(
            f"{problem}{remedy}{drop}, or pass longer sequences. ({len(wrong)} of {len(labels)} "
            "pairs have this problem.)"
        )

    def criterion(self) -> RowLoss:
        """Return the loss, which the module computes."""
        return RowLoss()

    def readout(self) -> Readout:
        """Return how outputs and targets are presented to callbacks: the loss of each row."""
        return Readout("regressor", lambda outputs: outputs[:, 0], np.asarray)

    def read_words(self, words: list[Any], where: str) -> list[Tokens]:
        """Return the tokens of words: strings are split as y is."""
        contents = read_contents(words, KIND[self.form], where, fitted_with(self.form))
        return self._split(contents.rows or [], where)

    def decode(self, outputs: Iterable[Any]) -> list[Any]:
        """Convert outputs to strings, lists of tokens, or single tokens."""
        tokens = super().decode([(row + len(RESERVED) - 1).tolist() for row in outputs])
        return [row[0] for row in tokens] if self.single else tokens

    def tokens_of(self, labels: Sequence[np.ndarray]) -> list[list[Any]]:
        """Return the tokens of outputs; unknown ones are ``"<unknown>"``."""
        n_tokens = len(self.vocabulary.tokens)
        ids = [
            np.where((row < 0) | (row > n_tokens), UNKNOWN, row + len(RESERVED) - 1).tolist()
            for row in labels
        ]
        return self.vocabulary.decode(ids)

    def attributes(self) -> dict[str, Any]:
        """Return nothing: tokens are a property of the estimator."""
        return {}


def read_transcripts(
    y: Any, X: Any, samples: Samples, params: Mapping[str, Any], caller: str
) -> tuple[TranscriptTarget, Any]:
    """Read the y of `fit`: strings, sequences of tokens, or an array of single tokens.

    Parameters
    ----------
    y, X : object
        As passed by the user.
    samples : Samples
        X as read by its source.
    params : mapping
        Parameters of the estimator.
    caller : str
        Name of the caller in error messages.

    Returns
    -------
    target : TranscriptTarget
    y : object
        As its `read` returns it.
    """
    where = f"{caller}: y"
    if y is None:
        raise ValueError(
            f"{caller}: {caller.partition('.')[0]} requires y to be passed, but the target y is "
            "None. Pass one transcript per sample."
        )
    y = align_to_samples(open_foreign(y, where), samples, where)
    refuse_missing(y, where)
    rows = read_single(y, where)
    padding_value = params["padding_value"] if is_rectangle(y) else None
    if rows is not None:
        contents = read_contents(rows, "tokens", where)
    else:
        kind = "tokens" if _holds_integers(y) else "auto"
        contents = read_contents(y, kind, where, padding_value=padding_value)
    if contents.form == "ids":
        contents = read_contents(y, "tokens", where, padding_value=padding_value)
    if contents.form == "numbers":
        raise ValueError(
            f"{where} contains sequences of numbers, but transcripts consist of tokens: pass "
            "strings, or sequences of integers, strings or other hashable tokens. To predict "
            "numbers, use RNNRegressor(return_sequences=True) for one target per time step, or "
            "Seq2SeqTransformer."
        )
    target = TranscriptTarget(params, contents, single=rows is not None)
    return target, target.read_opened(y, contents, X, samples, caller, "y", True)


def refuse_missing(y: Any, where: str) -> None:
    """Raise an error for transcripts that are None or NaN."""
    if isinstance(y, pd.Series | pd.Index) or (
        isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype.kind in "Of"
    ):
        y = y.tolist()
    if not isinstance(y, list | tuple):
        return
    for i, row in enumerate(y):
        if row is None or (pd.api.types.is_scalar(row) and pd.isna(row)):
            raise ValueError(
                f"{where}[{i}] is {row!r}: the transcript is missing. Drop the pair, or pass an "
                "empty one if nothing was said or written."
            )


def _holds_integers(y: Any) -> bool:
    """Whether y is an array or DataFrame with rows of integers, which are tokens."""
    if not is_rectangle(y):
        return False
    if isinstance(y, pd.DataFrame):
        return all(pd.api.types.is_integer_dtype(kind) for kind in y.dtypes)
    return getattr(getattr(y, "dtype", None), "kind", None) in ("i", "u")


def read_single(y: Any, where: str) -> list[list[Any]] | None:
    """Return an array or list of single numbers as sequences of one token; None for others."""
    if isinstance(y, Panel):
        return None
    values: Any = y
    if not isinstance(y, list | tuple):
        if not hasattr(y, "shape") and (hasattr(y, "__len__") or not hasattr(y, "__array__")):
            return None
        values = np.asarray(y)
        if values.dtype.kind not in "biufO" or values.shape[1:] not in ((), (1,)):
            return None
        values = values.ravel().tolist()
    if not values or not all(isinstance(value, Number) for value in values):
        return None
    for i, value in enumerate(values):
        if isinstance(value, float) and not value.is_integer():
            raise ValueError(
                f"{where}[{i}] is {value!r}, but transcripts consist of tokens. Pass strings, "
                "sequences of tokens or integers; to predict numbers, use RNNRegressor."
            )
    return [[value] for value in values]


def needed_steps(labels: Sequence[np.ndarray]) -> np.ndarray:
    """Return the minimum number of steps of alignments: a blank separates repeated tokens."""
    return np.array([len(row) + int((row[1:] == row[:-1]).sum()) for row in labels])
