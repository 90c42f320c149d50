"""Predictions of a `CTCModel`, sequence by sequence: probabilities and their decoding."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator

from ..decoding import LanguageModel, Lexicon, ctc_beam_search, ctc_greedy, ctc_single
from ..modules import CTCModel, SequenceModel, begin_streams, push_steps
from ..sequences import Spans, plain, quote
from ..training import Batch, RecurrentNet, SequenceData
from ._by_row import each_row
from ._positions import LanguageNetwork
from ._texts import RESERVED
from .language import NextToken
from .targets import TranscriptTarget

T = TypeVar("T")


@dataclass(frozen=True)
class Transcription:
    """A fitted network, and how sequences become its inputs.

    Parameters
    ----------
    net : RecurrentNet
        Around a `CTCModel`.
    inputs : dict
        ``dtype`` and ``scaling``, see `SequenceData`.
    run : callable
        Called with sequences and a function that computes outputs for them. Runs the function, and
        raises an error that explains outputs that are not finite.
    """

    net: RecurrentNet
    inputs: dict[str, Any]
    run: Callable[[Spans, Callable[..., Any]], Any]

    def each(self, spans: Spans, function: Callable[[np.ndarray, int], T]) -> list[T]:
        """Call ``function`` with the log-probabilities of each sequence, and its position.

        They have shape (n_steps, n_outputs), float64. Those of other sequences are not kept, which
        limits memory.
        """
        data = SequenceData(spans, self.net.device, **self.inputs)
        model = cast(CTCModel, self.net.module_)

        def compute(batch: Batch, rows: np.ndarray) -> list[T]:
            log_probs, valid = model.log_probs(**batch.X)
            if bool(torch.isnan(log_probs).any()):
                raise FloatingPointError("outputs are not finite")
            values = log_probs.double().cpu().numpy()
            parts = zip(valid.lengths.tolist(), rows.tolist(), strict=True)
            return [function(values[:n, i], row) for i, (n, row) in enumerate(parts)]

        return each_row(self.net, self.run, data, compute)


# From the log-probabilities of a sequence to the labels of its best transcripts, best first.
Search = Callable[[np.ndarray], list[np.ndarray]]


def make_search(
    target: TranscriptTarget, params: Mapping[str, Any], caller: str, *, n_best: int = 1
) -> Search:
    """Return the function that decodes the log-probabilities of a sequence.

    Parameters
    ----------
    target : TranscriptTarget
        Of the fitted model.
    params : mapping
        ``beam_width``, ``lexicon``, ``separator``, ``language_model``, ``lm_weight`` and
        ``token_bonus``.
    caller : str
        Name of the caller in error messages.
    n_best : int
        Maximum number of transcripts to return.
    """
    lexicon = make_lexicon(target, params["lexicon"], params["separator"], caller)
    language_model = make_language_model(target, params["language_model"], caller)
    n_tokens = len(target.vocabulary.tokens)

    if target.single:

        def rank(log_probs: np.ndarray) -> list[np.ndarray]:
            scores = ctc_single(log_probs[:, : 1 + n_tokens])
            order = np.argsort(-scores, kind="stable")[:n_best]
            return [np.array([k + 1]) for k in order.tolist()]

        return rank

    def search(log_probs: np.ndarray) -> list[np.ndarray]:
        log_probs = log_probs[:, : 1 + n_tokens]  # unknown tokens are not predicted
        if n_best == 1 and params["beam_width"] == 1:
            return [np.array(ctc_greedy(log_probs)[0], dtype=np.int64)]
        found = ctc_beam_search(
            log_probs,
            width=max(int(params["beam_width"]), n_best),
            n_best=n_best,
            lexicon=lexicon,
            language_model=language_model,
            lm_weight=float(params["lm_weight"]),
            token_bonus=float(params["token_bonus"]),
        )
        return [np.array(hypothesis.ids, dtype=np.int64) for hypothesis in found]

    return search


def make_lexicon(
    target: TranscriptTarget, words: Any, separator: Any, caller: str
) -> Lexicon | None:
    """Return the words of the parameter `lexicon` as labels."""
    if words is None:
        return None
    if isinstance(words, str | bytes | Mapping) or not isinstance(words, Iterable):
        raise TypeError(
            f"{caller}: lexicon is {plain(words)}, which is not a collection of words. Pass a list "
            "of strings, or of sequences of tokens."
        )
    words = list(words)
    _refuse_single(target, "lexicon", caller)
    if not words:
        raise ValueError(f"{caller}: lexicon has no words. Pass some, or None.")
    where = f"{caller}: lexicon"
    rows = target.read_words(words, where)
    known = {token: k for k, token in enumerate(target.vocabulary.tokens, 1)}
    between = known.get(separator) if isinstance(separator, Hashable) else None
    labels = []
    for i, row in enumerate(rows):
        unknown = next((token for token in row if token not in known), None)
        if unknown is not None:
            raise ValueError(
                f"{where}[{i}] is {plain(words[i])}, in which {plain(unknown)} is not a token of y "
                "in fit, and cannot be predicted. Drop such words."
            )
        if not row:
            raise ValueError(f"{where}[{i}] is empty. Drop it.")
        if separator in row:
            raise ValueError(
                f"{where}[{i}] is {plain(words[i])}, which contains separator={separator!r}. Split "
                "it into words."
            )
        labels.append([known[token] for token in row])
    return Lexicon(labels, between)


def make_language_model(target: TranscriptTarget, model: Any, caller: str) -> LanguageModel | None:
    """Return the parameter `language_model` as `ctc_beam_search` calls it."""
    if model is None:
        return None
    _refuse_single(target, "language_model", caller)
    if isinstance(model, FrozenEstimator):
        model = model.estimator
    tokens = list(target.vocabulary.tokens)
    if isinstance(model, LanguageNetwork):
        return _NetworkModel(model, tokens, caller)
    if callable(model) and not isinstance(model, type):
        return _FunctionModel(model, tokens, caller)
    raise TypeError(
        f"{caller}: language_model is {plain(model)}. Pass a fitted RNNLanguageModel, or a "
        "function from a list of tokens to the log-probabilities of the next one, in the order of "
        "tokens_."
    )


def _refuse_single(target: TranscriptTarget, name: str, caller: str) -> None:
    if target.single:
        raise ValueError(
            f"{caller}: {name} has no effect if y is an array of single tokens. Set {name}=None."
        )


class _NetworkModel:
    """A fitted `RNNLanguageModel`; states are hidden states of its network."""

    def __init__(self, model: LanguageNetwork, tokens: list[Any], caller: str):
        if not hasattr(model, "net_"):
            raise ValueError(
                f"{caller}: language_model is not fitted. Fit it first; copies of the transcriber, "
                "as in GridSearchCV, keep it fitted if it is wrapped in "
                "sklearn.frozen.FrozenEstimator."
            )
        target = model._target
        if not isinstance(target, NextToken):
            raise ValueError(
                f"{caller}: language_model was fitted to numbers. Pass one that was fitted to "
                "tokens, such as the transcripts."
            )
        columns = {token: k for k, token in enumerate(target.tokens)}
        unknown = next((token for token in tokens if token not in columns), None)
        if unknown is not None:
            raise ValueError(
                f"{caller}: language_model does not know {plain(unknown)}, a token of y in fit. "
                "Fit both with the same tokens: the same analyzer, and min_df=1."
            )
        self._net, self._target = model.net_, target
        self._columns = np.array([columns[token] for token in tokens])
        self._begin = int(target.begin)

    def start(self) -> tuple[np.ndarray, Any]:
        """Return log-probabilities of the first token, and the state before it."""
        model = cast(SequenceModel, self._net.module_)
        hidden = begin_streams(model, 1)["hidden"]
        log_probs, states = self._advance(hidden, [self._begin])
        return log_probs[0], states[0]

    def step(self, states: Sequence[Any], ids: Sequence[int]) -> tuple[np.ndarray, Sequence[Any]]:
        """Extend prefixes by one token each."""
        first = len(RESERVED)
        tokens = [first + int(self._columns[label - 1]) for label in ids]
        return self._advance(torch.stack(list(states), dim=2), tokens)

    def _advance(
        self, hidden: torch.Tensor, ids: list[int]
    ) -> tuple[np.ndarray, list[torch.Tensor]]:
        net, n = self._net, len(ids)
        net._set_training(False)
        model = cast(SequenceModel, net.module_)
        with torch.inference_mode(), net.autocast():
            x = torch.tensor([ids], device=hidden.device)
            state = {**begin_streams(model, n), "hidden": hidden}
            outputs, after = push_steps(model, x, torch.ones(n, dtype=torch.int64), state)
        known = self._target.log_proba(outputs.float().cpu().numpy())
        log_probs = np.zeros((n, 1 + len(self._columns)))
        log_probs[:, 1:] = known[:, self._columns]
        if self._target.ends:
            log_probs[:, 0] = known[:, -1]
        return log_probs, list(after["hidden"].unbind(2))


class _FunctionModel:
    """A function of prefixes; states are the prefixes."""

    def __init__(self, function: Callable[..., Any], tokens: list[Any], caller: str):
        self._function, self._tokens, self._caller = function, tokens, caller

    def start(self) -> tuple[np.ndarray, Any]:
        """Return log-probabilities of the first token, and the empty prefix."""
        return self._call([]), []

    def step(self, states: Sequence[Any], ids: Sequence[int]) -> tuple[np.ndarray, Sequence[Any]]:
        """Extend prefixes by one token each."""
        longer = [
            [*prefix, self._tokens[label - 1]] for prefix, label in zip(states, ids, strict=True)
        ]
        return np.stack([self._call(prefix) for prefix in longer]), longer

    def _call(self, prefix: list[Any]) -> np.ndarray:
        """Return log-probabilities, with that of the end first, or 0 if there is none."""
        n, where = len(self._tokens), f"{self._caller}: language_model({prefix!r})"
        try:
            found = np.asarray(self._function(list(prefix)), dtype=np.float64)
        except Exception as error:  # any exception: user code runs here
            raise ValueError(
                f"{where} raised {type(error).__name__}: {quote(error)}. It must return the "
                "log-probabilities of the next token, in the order of tokens_."
            ) from error
        if found.shape not in ((n,), (n + 1,)) or not (found <= 1e-6).all():
            raise ValueError(
                f"{where} returned {plain(found)}. Return {n} log-probabilities, zero or negative, "
                "in the order of tokens_; optionally followed by that of the end."
            )
        end = found[n:] if len(found) > n else [0.0]
        return np.concatenate([end, found[:n]])
