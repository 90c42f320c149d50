"""Text and words for estimators whose X otherwise consists of numbers."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from numbers import Number
from typing import Any, ClassVar, cast

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils.validation import _check_feature_names

from ...sequences import (
    Spans,
    TokenRows,
    Unknown,
    Vocabulary,
    argument,
    counted,
    open_foreign,
    plain,
    quote,
)
from ...training import unseen_tokens
from .._autos import auto_drop_rare
from .._contents import (
    KIND,
    fitted_with,
    holds_strings,
    holds_words,
    only_column,
    read_contents,
    short_repr,
)
from .._texts import Analyzer, learn_vocabulary, make_analyzer, split_texts, warn_about_unknown
from .._warnings import warn_user
from ._source import Owner, Samples, Source
from ._spelling import learn_letters, n_letter_ids, spell

# Names of the ids before those of words: as those of a SequenceVectorizer, so that its ids and
# those that are learned here are the same.
RESERVED = ("<padding>", "<unknown>")
UNKNOWN = 1

# The share of unknown words above which X is probably of a different kind than that of `fit`. Some
# unknown words are normal, and even many if their letters are read.
_MANY_UNKNOWN = 0.5


class WordSource(Source):
    """Strings, or sequences of words or other tokens, and the letters of words.

    Inputs of the network are ids of words. With letters, each time step is a row of integers: the
    id of the word, where those that are not in the vocabulary have different ids above those of the
    vocabulary, and the ids of its letters. The network finds the distinct words of a batch by the
    first.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator; ``analyzer``, ``min_df``, ``char_embedding`` and
        ``return_sequences`` are used.
    form : {"text", "tokens"}
        Strings, or sequences of words.

    Attributes
    ----------
    char_embedding : {"rnn", "cnn"} or None
        How the network reads letters.
    n_letters : int
        Number of ids of letters.
    """

    is_tokens: ClassVar[bool] = True

    def __init__(self, params: Mapping[str, Any], form: str):
        self.form = form
        self._analyzer, self._min_df = params["analyzer"], params["min_df"]
        self._per_step = bool(params.get("return_sequences"))
        self._char_embedding = params["char_embedding"]
        # As a list, because skops only supports dicts with plain keys.
        self._tokens: Any = None
        self._letters = ""

    # --- reading ----------------------------------------------------------------------------------

    def read(
        self, X: Any, owner: Owner, caller: str, *, input_name: str = "X", reset: bool = False
    ) -> TokenRows:
        """Validate X, and split strings into tokens."""
        where = f"{caller}: {input_name}"
        X = only_column(open_foreign(X, where))
        contents = read_contents(
            X,
            KIND[self.form],
            where,
            fitted_with(self.form),
            otherwise=", or refit with data of this kind",
        )
        if reset:
            _check_feature_names(owner, np.empty((0, 0)), reset=True)  # no columns
            owner.n_features_in_ = 1
        rows = contents.rows or []
        if self.form == "text":
            rows = self._split(rows, where)
        else:
            _refuse_numbers(rows, where)
        self._check_lengths(rows, where, reset=reset)
        return TokenRows(rows, where=where)

    def _split(self, texts: list[str], where: str) -> list[Any]:
        if self._per_step and self._analyzer == "word":
            raise ValueError(
                f"{where} contains strings, but return_sequences=True needs one target per word, "
                "and analyzer='word' leaves out punctuation and single letters. Pass lists of "
                "words, or set analyzer='char' or to a function."
            )
        return split_texts(texts, _analyzer(self._analyzer, where), "analyzer", where)

    def _check_lengths(self, rows: list[Any], where: str, *, reset: bool) -> None:
        empty = [i for i, row in enumerate(rows) if not len(row)]
        if not empty:
            return
        if reset and self.form == "text" and len(empty) == len(rows):
            raise ValueError(
                f"{where} has no tokens: analyzer={self._analyzer!r} finds none in "
                f"{counted(len(rows), 'string')}"
                + (", because it leaves out single letters" if self._analyzer == "word" else "")
                + ". Pass longer strings, lists of words, or another analyzer."
            )
        if self._per_step:
            raise ValueError(
                f"{where}[{empty[0]}] is an empty sequence. Every sample needs at least one time "
                "step: drop it, from y too."
            )
        warn_user(
            f"{where}: {len(empty)} of {len(rows)} documents have no tokens (the first is "
            f"{argument(where)}[{empty[0]}]); each becomes one unknown token."
        )

    # --- learning and encoding --------------------------------------------------------------------

    def learn(self, samples: Samples, caller: str) -> None:
        """Learn the vocabulary, and the letters of words."""
        rows = cast(TokenRows, samples)
        words = dict.fromkeys(chain.from_iterable(rows.tokens))
        self.char_embedding = self._choose_char_embedding(words, rows, caller)
        self._tokens = learn_vocabulary(
            rows.tokens,
            self._min_df,
            "min_df",
            rows.where,
            drop_rare=auto_drop_rare(self.char_embedding),
            reserved=RESERVED,
        ).tokens
        self.num_embeddings = len(self.vocabulary)
        if self.char_embedding is not None:
            self._letters = learn_letters(cast("dict[str, None]", words))
            self.n_letters = n_letter_ids(self._letters)

    def _choose_char_embedding(
        self, words: Mapping[Hashable, None], rows: TokenRows, caller: str
    ) -> str | None:
        choice, spelled = self._char_embedding, all(isinstance(word, str) for word in words)
        if choice is None or choice == "auto":
            several = spelled and any(len(cast(str, word)) > 1 for word in words)
            return "rnn" if choice == "auto" and self._per_step and several else None
        if self.form == "text" and self._analyzer == "char":
            raise ValueError(
                f"{caller}: char_embedding={choice!r} reads the letters of words, but "
                "analyzer='char' makes each letter a separate token. Set char_embedding=None, or "
                "analyzer='word'."
            )
        if not spelled:
            i, step, word = next(
                (i, step, word)
                for i, row in enumerate(rows.tokens)
                for step, word in enumerate(row)
                if not isinstance(word, str)
            )
            raise ValueError(
                f"{caller}: char_embedding={choice!r} reads the letters of words, but "
                f"{argument(rows.where)}[{i}] has {short_repr(word)} ({type(word).__name__}) at "
                f"time step {step}. Pass strings, or set char_embedding=None."
            )
        return choice

    def encode(self, samples: Samples, *, warn: bool = True) -> Spans:
        """Convert words to ids, and letters; with ``warn``, warn if most words are unknown."""
        rows = cast(TokenRows, samples)
        spans = rows.steps()
        values, unknown = self._encode(rows.tokens)
        many = self.char_embedding is None and unknown.n_tokens > _MANY_UNKNOWN * len(values)
        if warn and many:
            warn_about_unknown(unknown, rows.tokens, rows.where)
        empty = spans.lengths == 0
        if empty.any():  # each becomes an unknown word without letters
            nothing = UNKNOWN if values.ndim == 1 else [UNKNOWN] + [0] * (values.shape[1] - 1)
            values = np.insert(values, spans.starts[empty], nothing, axis=0)
            lengths = np.maximum(spans.lengths, 1)
            spans = replace(spans, starts=np.cumsum(lengths) - lengths, lengths=lengths)
        return replace(spans, values=values)

    def _encode(self, rows: Sequence[Sequence[Hashable]]) -> tuple[np.ndarray, Unknown]:
        """Return the inputs of the network for all words of some rows."""
        panel, unknown = self.vocabulary.encode(rows)
        ids = panel.values.astype(np.int32)
        if self.char_embedding is None:
            return ids, unknown
        words = list(chain.from_iterable(rows))
        missing = np.flatnonzero(ids == UNKNOWN)
        # Numbered in an order that depends on the words only.
        others = sorted({words[i] for i in missing}, key=_by_type)
        number = {word: i for i, word in enumerate(others, len(self.vocabulary))}
        ids[missing] = [number[words[i]] for i in missing]
        _, first, which = np.unique(ids, return_index=True, return_inverse=True)
        letters = spell([words[i] for i in first], self._letters)
        return np.column_stack([ids, letters[which]]), unknown

    def encode_steps(self, items: Sequence[Any], where: str) -> tuple[list[np.ndarray], bool]:
        """Return new steps of streams, and whether they are chunks rather than single steps.

        Parameters
        ----------
        items : sequence
            For each stream, a token or a list of them; for a model of text, a string.
        where : str
            Name of the caller in error messages.
        """
        rows: list[Any] = list(items)
        if self.form == "text":
            for item in rows:
                if not isinstance(item, str):
                    raise TypeError(f"{where}: X is {plain(item)}. Pass a string.")
            kinds = {True}
            rows = split_texts(rows, _analyzer(self._analyzer, where), "analyzer", f"{where}: X")
        else:
            kinds = {_is_chunk(item) for item in items}
            rows = [list(item) if _is_chunk(item) else [item] for item in items]
        if len(kinds) > 1:
            raise ValueError(f"{where}: X has both steps and chunks. Pass either steps or chunks.")
        for item, row in zip(items, rows, strict=True):
            if not row:
                raise ValueError(
                    f"{where}: X is {plain(item)}, which contains no tokens. Pass at least one."
                )
        try:
            values, _ = self._encode(rows)
        except TypeError as error:  # tokens without a hash
            raise ValueError(
                f"{where}: X is {plain(items[0])}, which does not consist of tokens "
                f"({quote(error)}). Pass a token, or a list of tokens."
            ) from error
        return np.split(values.astype(np.int64), np.cumsum([*map(len, rows)])[:-1]), kinds.pop()

    def prepare(self, spans: Spans, rows: np.ndarray, caller: str) -> dict[str, Any]:
        """Return the ids that do not occur in the training rows."""
        ids, size = spans.values.reshape(len(spans.values), -1)[:, 0], len(self.vocabulary)
        known = replace(spans, values=np.where(ids < size, ids, UNKNOWN))
        return {"embedding_weights": None, "unseen_tokens": unseen_tokens(known, rows, size)}

    def step_labels(self, spans: Spans, stride: int) -> list[list[Any]]:
        """Return each ``stride``-th word; unknown ones are ``"<unknown>"``."""
        names = self.vocabulary.names()
        rows = (row.reshape(len(row), -1)[::stride, 0] for row in spans)
        return [names[np.where(ids < len(names), ids, UNKNOWN)].tolist() for ids in rows]

    @property
    def vocabulary(self) -> Vocabulary:
        """Words and their ids."""
        return Vocabulary(self._tokens, RESERVED)


def read_words(
    X: Any, owner: Owner, params: Mapping[str, Any], caller: str
) -> tuple[WordSource, TokenRows] | None:
    """Read the X of `fit` if it is text or sequences of words; return None otherwise."""
    if not holds_words(X):
        return None
    _check_parameters(params, caller)
    source = WordSource(params, "text" if holds_strings(X) else "tokens")
    return source, source.read(X, owner, caller, reset=True)


def _check_parameters(params: Mapping[str, Any], caller: str) -> None:
    """Raise an error for parameters that have no effect on text, or are not possible."""
    if params["embedding_weights"] is not None:
        raise ValueError(
            f"{caller}: embedding_weights has a row for each token id, but X does not contain "
            "ids. Pass ids, as SequenceVectorizer returns them, or set embedding_weights=None."
        )
    unused = {
        "num_embeddings": "words, whose vocabulary is learned. Set min_df to make it smaller",
        "padding_value": "words. Pass lists without padding",
    }
    for name, reason in unused.items():
        if params[name] is not None:
            raise ValueError(
                f"{caller}: {name}={params[name]!r} is for numbers or token ids, but X contains "
                f"{reason}, and leave {name}=None."
            )
    if params["differences"] is True:
        raise ValueError(
            f"{caller}: differences=True is not supported for text. Leave differences at its "
            "default 'auto'."
        )
    of_numbers = {
        "patch_size": 1,
        "center_inputs": False,
        "time_warping": 0,
        "time_masking": 0,
        "feature_masking": 0,
    }
    for name, default in of_numbers.items():
        if params[name] not in (default, "auto"):
            raise ValueError(
                f"{caller}: {name}={params[name]!r} is not supported for text. Set "
                f"{name}={default}."
            )


def refuse_words(X: Any, where: str, form: str) -> None:
    """Raise an error for text or words in data for a model that was fitted with something else."""
    if not holds_words(X):
        return
    found = "strings" if holds_strings(X) else "sequences of tokens"
    fitted, way = "numbers", "Pass numbers"
    if form == "ids":
        fitted = "token ids"
        way = "Pass ids, as the SequenceVectorizer that made those for fit returns them"
    raise ValueError(
        f"{where} contains {found}, but the model was fitted with {fitted}. {way}, or refit with "
        "text."
    )


def _refuse_numbers(rows: Sequence[Sequence[Hashable]], where: str) -> None:
    """Raise an error for numbers in place of words, which `fit` reads as another kind of X."""
    kinds = set(map(type, chain.from_iterable(rows)))
    if not any(issubclass(kind, Number) for kind in kinds):
        return
    i, step, number = next(
        (i, step, word)
        for i, row in enumerate(rows)
        for step, word in enumerate(row)
        if isinstance(word, Number)
    )
    raise ValueError(
        f"{where}[{i}] has the number {number!r} at time step {step}, but "
        f"{fitted_with('tokens')}. Pass sequences of words, or refit with numbers."
    )


def _analyzer(analyzer: Any, where: str) -> Analyzer:
    """Return the function that splits a string; "word" as a SequenceVectorizer does."""
    if analyzer == "word":
        return CountVectorizer().build_analyzer()
    return make_analyzer(analyzer, "analyzer", where)


def _is_chunk(item: Any) -> bool:
    return hasattr(item, "__len__") and not isinstance(item, str | bytes | tuple)


def _by_type(word: Hashable) -> tuple[str, str]:
    return type(word).__name__, str(word)
