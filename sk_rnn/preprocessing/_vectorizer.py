"""SequenceVectorizer: text to sequences of token ids."""

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils import Tags
from sklearn.utils._param_validation import StrOptions

from ..sequences import (
    Float,
    Int,
    IntegerFrom,
    IntegerRange,
    NumberIn,
    Panel,
    SealedState,
    Vocabulary,
    check_sequences,
    check_token_range,
    fit_context,
    level_of_user,
    plain_number,
)
from ._analysis import (
    N_MARKS,
    RESERVED,
    check_analysis,
    read_ids,
    warn_empty,
)
from ._terms import given_terms, prune

# What comes before the terms, without marks and with them.
_RESERVED = (RESERVED[:-N_MARKS], RESERVED)

# What CountVectorizer does from a document to its tokens; the rest of its parameters is counting.
_ANALYSIS = (
    "input",
    "encoding",
    "decode_error",
    "strip_accents",
    "lowercase",
    "preprocessor",
    "tokenizer",
    "stop_words",
    "token_pattern",
    "ngram_range",
    "analyzer",
)
_COUNTING = ("max_df", "min_df", "max_features", "vocabulary")
_FREQUENCY = [NumberIn(0, 1, closed="both", integers=False), IntegerFrom(1)]


class SequenceVectorizer(  # a Panel is not a table: it has a set_output of its own
    TransformerMixin,
    SealedState,
    auto_wrap_output_keys=None,  # type: ignore[call-arg]
):
    r"""Turn text into sequences of token ids: a CountVectorizer that keeps the order.

    Documents are taken apart by the analyzers of
    :class:`~sklearn.feature_extraction.text.CountVectorizer`, whose parameters have the same names
    and meanings here, and but for `min_df` the same defaults. Instead of counts the result is a
    :class:`~sk_rnn.Panel` with one token id per token, which says how many ids there are, so that
    an estimator with ``embedding_dim`` needs to be told nothing more.

    Id 0 is padding and never occurs in the result; id 1 is every term that the vocabulary does not
    hold, because it was not seen in `fit` or was left out by `min_df`, `max_df` or `max_features`.
    The terms follow in sorted order. Stop words are not unknown: they leave no trace.

    Parameters
    ----------
    input : {"content", "filename", "file"}, default="content"
        Whether X holds the documents, paths of files, or open files.
    encoding : str, default="utf-8"
        Of documents that are bytes, and of files.
    decode_error : {"strict", "ignore", "replace"}, default="strict"
        What to do with bytes that do not decode.
    strip_accents : {"ascii", "unicode"} or callable, default=None
        Remove accents.
    lowercase : bool, default=True
        Make all letters small before anything else. Letters then say nothing about names and
        beginnings of sentences, of which capitals often tell more than they cost.
    preprocessor : callable, default=None
        From a document to a string, instead of `strip_accents` and `lowercase`.
    tokenizer : callable, default=None
        From a string to a list of tokens, instead of `token_pattern`. For ``analyzer="word"``.
    stop_words : {"english"}, list of str, or None, default=None
        Words to leave out. For ``analyzer="word"``. A recurrent network reads "not" and "no" in
        their place; leave this off unless there is a reason.
    token_pattern : str, default=r"(?u)\b\w\w+\b"
        What a word is, for ``analyzer="word"``. The default, which is CountVectorizer's, drops
        words of one character ("I", "a") and all punctuation, both of which may matter where the
        order does: ``r"\w+|[^\w\s]"`` keeps them, and ``r"\S+"`` splits at spaces only.
    ngram_range : tuple (min_n, max_n), default=(1, 1)
        Lengths of the n-grams that become tokens. Those of one length are in the order of the text;
        all of one length come before those of the next. (1, 1) keeps one order.
    analyzer : {"word", "char", "char_wb"} or callable, default="word"
        What tokens are: words, characters, or characters with a space at both ends of each word. A
        callable gets the document as it is and returns its tokens.
    max_df : float in [0, 1] or int, default=1.0
        Terms in more documents than this share or number become unknown.
    min_df : float in [0, 1], int or "auto", default="auto"
        Terms in fewer documents than this share or number become unknown. "auto" is 2 from 1,000
        documents on, so that a network meets unknown tokens in training and learns what to make of
        them, and below that 1, CountVectorizer's default.
    max_features : int, default=None
        Keep only the most frequent terms.
    vocabulary : mapping or iterable, default=None
        The terms to keep, in the order of their ids, or mapped to 0, 1, 2, ...; or the
        `vocabulary_` of another vectorizer. None learns them.
    max_length : int, default=None
        Most time steps of a sequence, marks included; None cuts nothing. Longer documents are cut
        before the vocabulary is learned, which then holds only what a network will see.
    truncate : {"head", "tail", "middle"}, default="tail"
        Which part of a document longer than `max_length` is cut off. "tail" keeps its beginning,
        "head" keeps its end, "middle" keeps as much of the beginning as of the end (one more of the
        beginning if `max_length` is odd), which may serve best where both sum up the text (Sun et
        al., 2019).
    add_marks : bool, default=False
        Put a begin mark, id 2, before and an end mark, id 3, after each document. Terms then start
        at id 4 instead of 2.

    Attributes
    ----------
    vocabulary_ : dict
        The id of each term. Padding, unknown and marks are not in it.
    fixed_vocabulary_ : bool
        Whether the vocabulary was given.
    n_tokens_ : int
        Number of ids: terms, padding, unknown and marks.

    See Also
    --------
    sk_rnn.RNNClassifier : Learns from the panel, with ``embedding_dim`` set.
    load_word_vectors : Pretrained vectors for `vocabulary_`.
    sklearn.feature_extraction.text.TfidfVectorizer : With logistic regression, the baseline.

    Notes
    -----
    A document that is a list or tuple of strings counts as tokenised and is taken as it is: no
    lowercase, stop words or n-grams. A callable `analyzer` gets such documents too.

    A document without tokens becomes one unknown token, with a warning that says how many there
    are; estimators take no empty sequences.

    `transform` splits documents as `fit` did, whatever has been set in between; only `max_length`
    and `truncate` may change. It is a function of each document alone.

    References
    ----------
    Sun, C., Qiu, X., Xu, Y., Huang, X. (2019). How to fine-tune BERT for text classification?
    Section 5.3.1: the first and last tokens of long reviews beat the first, or the last, alone.

    Examples
    --------
    >>> from sk_rnn.preprocessing import SequenceVectorizer
    >>> vectorizer = SequenceVectorizer()
    >>> panel = vectorizer.fit_transform(["The dog bites the man.", "The man?"])
    >>> panel
    Panel(n_samples=2, n_timesteps=2..5, tokens, n_tokens=6)
    >>> vectorizer.vocabulary_
    {'bites': 2, 'dog': 3, 'man': 4, 'the': 5}
    >>> panel[0]
    array([5, 3, 2, 5, 4], dtype=int32)
    >>> vectorizer.inverse_transform(vectorizer.transform(["The cat bites!"]))
    [['the', '<unknown>', 'bites']]
    >>> from sklearn.pipeline import make_pipeline
    >>> from sk_rnn import RNNClassifier
    >>> model = make_pipeline(SequenceVectorizer(), RNNClassifier(embedding_dim=64))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{name: CountVectorizer._parameter_constraints[name] for name in _ANALYSIS + _COUNTING},
        "ngram_range": [IntegerRange(1)],
        "max_df": _FREQUENCY,
        "min_df": [*_FREQUENCY, StrOptions({"auto"})],
        "max_features": [IntegerFrom(1), None],
        "max_length": [IntegerFrom(1), None],
        "truncate": [StrOptions({"head", "tail", "middle"})],
        "add_marks": ["boolean"],
    }

    def __init__(
        self,
        *,
        input: Literal["content", "filename", "file"] = "content",  # noqa: A002  CountVectorizer's name
        encoding: str = "utf-8",
        decode_error: Literal["strict", "ignore", "replace"] = "strict",
        strip_accents: Literal["ascii", "unicode"] | Callable[[str], str] | None = None,
        lowercase: bool = True,
        preprocessor: Callable[[Any], str] | None = None,
        tokenizer: Callable[[str], Any] | None = None,
        stop_words: Literal["english"] | list[str] | None = None,
        token_pattern: str | None = r"(?u)\b\w\w+\b",
        ngram_range: tuple[Int, Int] = (1, 1),
        analyzer: Literal["word", "char", "char_wb"] | Callable[[Any], Any] = "word",
        max_df: Float = 1.0,
        min_df: Float | Literal["auto"] = "auto",
        max_features: Int | None = None,
        vocabulary: Mapping[Any, Any] | Iterable[Any] | None = None,
        max_length: Int | None = None,
        truncate: Literal["head", "tail", "middle"] = "tail",
        add_marks: bool = False,
    ) -> None:
        self.input = input
        self.encoding = encoding
        self.decode_error = decode_error
        self.strip_accents = strip_accents
        self.lowercase = lowercase
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.stop_words = stop_words
        self.token_pattern = token_pattern
        self.ngram_range = ngram_range
        self.analyzer = analyzer
        self.max_df = max_df
        self.min_df = min_df
        self.max_features = max_features
        self.vocabulary = vocabulary
        self.max_length = max_length
        self.truncate = truncate
        self.add_marks = add_marks

    def __sklearn_tags__(self) -> Tags:
        """Text in, as CountVectorizer; integers out."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        """A vocabulary that is given need not be learned."""
        return hasattr(self, "vocabulary_")

    # --- scikit-learn's methods -----------------------------------------------------------------

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the vocabulary.

        Parameters
        ----------
        X : iterable of str, of bytes, or of lists of str
            Documents: a list, Series, 1-D array or generator. Bytes are decoded. Paths or files
            with another `input`.
        y : None, default=None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If X or a document is not text.
        ValueError
            If a document is missing or does not decode, no term is left, or a parameter makes no
            sense.
        OSError
            If a file cannot be read.
        """
        self._fit(X, "SequenceVectorizer.fit")
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any = None) -> Panel:
        """Learn the vocabulary and return the documents as ids, reading them once.

        Parameters
        ----------
        X : as in `fit`
            Documents.
        y : None, default=None
            Ignored.

        Returns
        -------
        Panel
            As from `transform`.
        """
        return self._fit(X, "SequenceVectorizer.fit_transform")

    def transform(self, X: Any) -> Panel:
        """Return documents as ids. With a given `vocabulary` this needs no `fit`.

        Parameters
        ----------
        X : as in `fit`
            Documents.

        Returns
        -------
        Panel
            Of token ids, int32, at least one a document; its `n_tokens` is `n_tokens_`, its `index`
            that of a Series.
        """
        caller = "SequenceVectorizer.transform"
        fitted = self._fitted(caller)
        self._validate_params()
        ids, offsets, empty = read_ids(
            X,
            fitted._text,
            fitted._vocabulary.look_up,
            cut=self._truncation(fitted._marked, caller),
            add_marks=fitted._marked,
            caller=caller,
        )
        warn_empty(empty, len(offsets) - 1, caller)
        return _panel(X, ids, offsets, fitted.n_tokens_)

    def inverse_transform(self, X: Any) -> list[list[Any]]:
        """Return the tokens of sequences of ids.

        Parameters
        ----------
        X : Panel, list of array-like, or array of shape (n_samples, n_timesteps)
            Token ids.

        Returns
        -------
        list of list of str
            Without padding and marks; unknown tokens are ``"<unknown>"``.
        """
        caller = "SequenceVectorizer.inverse_transform"
        fitted = self._fitted(caller)
        panel = check_sequences(X, tokens=True, caller=caller)
        check_token_range(panel, fitted.n_tokens_, caller)
        return fitted._vocabulary.decode(panel, marks=False)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return what each id stands for.

        Parameters
        ----------
        input_features : None, default=None
            Ignored.

        Returns
        -------
        ndarray of object of shape (n_tokens,)
            Entry i is the token of id i; padding, unknown and marks are in angle brackets.
        """
        fitted = self._fitted("SequenceVectorizer.get_feature_names_out")
        return fitted._vocabulary.names()

    def set_output(
        self, *, transform: Literal["default", "pandas", "polars"] | None = None
    ) -> Self:
        """Accept any kind of output: what `transform` returns is a Panel, whatever is set.

        Sequences are no columns of a table. This is here for what makes a table of them later, such
        as a SequencePadder in a Pipeline, and for a ColumnTransformer around both.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Without effect.

        Returns
        -------
        self
        """
        known = transform is None or isinstance(transform, str)
        if not known or transform not in (None, "default", "pandas", "polars"):
            raise ValueError(
                f"SequenceVectorizer.set_output: transform={transform!r} must be 'default', "
                "'pandas', 'polars' or None. Each leaves the output a Panel."
            )
        return self

    # --- the parts of CountVectorizer that users call -------------------------------------------

    def build_analyzer(self) -> Callable[[Any], Any]:
        """Return the function from a document to its tokens, uncut.

        Returns
        -------
        callable
        """
        return self._count_vectorizer("SequenceVectorizer.build_analyzer").build_analyzer()

    def build_preprocessor(self) -> Callable[[Any], str]:
        """Return the function that prepares a document before it is split.

        Returns
        -------
        callable
        """
        return self._count_vectorizer("SequenceVectorizer.build_preprocessor").build_preprocessor()

    def build_tokenizer(self) -> Callable[[str], Any]:
        """Return the function from a string to its tokens.

        Returns
        -------
        callable
        """
        return self._count_vectorizer("SequenceVectorizer.build_tokenizer").build_tokenizer()

    def get_stop_words(self) -> frozenset[str] | None:
        """Return the stop words, if any.

        Returns
        -------
        frozenset of str or None
        """
        return self._count_vectorizer("SequenceVectorizer.get_stop_words").get_stop_words()

    # --- implementation ---------------------------------------------------------------------------

    def _count_vectorizer(self, caller: str) -> CountVectorizer:
        """Return what splits documents, once its parameters are checked."""
        self._validate_params()
        analysis = {name: getattr(self, name) for name in _ANALYSIS}
        low, high = self.ngram_range
        text = CountVectorizer(**{**analysis, "ngram_range": (int(low), int(high))})
        check_analysis(text, caller)
        return text

    def _fit(self, X: Any, caller: str) -> Panel:
        text = self._count_vectorizer(caller)
        text._warn_for_unused_params()
        add_marks = bool(self.add_marks)
        reserved = _RESERVED[add_marks]
        cut = self._truncation(add_marks, caller)
        if self.vocabulary is not None:
            vocabulary = Vocabulary(self._given_terms(caller), reserved)
            ids, offsets, empty = read_ids(
                X, text, vocabulary.look_up, cut=cut, add_marks=add_marks, caller=caller
            )
        else:
            # A term gets the next id when it is first met, in C.
            found: defaultdict[Any, int] = defaultdict(count(len(reserved)).__next__)
            ids, offsets, empty = read_ids(
                X,
                text,
                lambda tokens: map(found.__getitem__, tokens),
                cut=cut,
                add_marks=add_marks,
                caller=caller,
            )
            if not found:
                raise ValueError(
                    f"{caller}: empty vocabulary: none of the {len(offsets) - 1} documents has a "
                    "token. Perhaps they hold only stop words, or nothing that token_pattern "
                    "matches."
                )
            vocabulary = prune(
                Vocabulary.from_ids(found, reserved),
                ids,
                offsets,
                min_df=plain_number(self.min_df),
                max_df=plain_number(self.max_df),
                max_features=plain_number(self.max_features),
                caller=caller,
            )
            final = [*range(len(reserved)), *vocabulary.look_up(found)]
            ids = np.array(final, dtype=np.int32)[ids]
        warn_empty(empty, len(offsets) - 1, caller)
        self._text, self._marked = text, add_marks
        self.fixed_vocabulary_ = self.vocabulary is not None
        self.vocabulary_ = vocabulary.ids
        self.n_tokens_ = len(vocabulary)
        return _panel(X, ids, offsets, self.n_tokens_)

    @property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary.from_ids(self.vocabulary_, _RESERVED[self._marked])

    def _fitted(self, caller: str) -> "SequenceVectorizer":
        """Return self, or a copy fitted by the parameter `vocabulary` alone; self is unchanged."""
        if hasattr(self, "vocabulary_"):
            return self
        if self.vocabulary is None:
            raise NotFittedError(
                f"{caller}: this SequenceVectorizer is not fitted yet. Call fit, or set vocabulary."
            )
        fitted = type(self)(**self.get_params(deep=False))
        fitted._text = fitted._count_vectorizer(caller)
        add_marks = fitted._marked = bool(self.add_marks)
        vocabulary = Vocabulary(fitted._given_terms(caller), _RESERVED[add_marks])
        fitted.vocabulary_, fitted.n_tokens_ = vocabulary.ids, len(vocabulary)
        return fitted

    def _given_terms(self, caller: str) -> list[Any]:
        if isinstance(self.vocabulary, str) and self.analyzer == "word":
            raise TypeError(
                f"{caller}: vocabulary={self.vocabulary!r} is one string, whose characters are not "
                "words. Pass a list of terms."
            )
        terms = given_terms(self.vocabulary, tuple(map(len, _RESERVED)), caller)
        if callable(self.analyzer):
            return terms
        for i, term in enumerate(terms):
            if not isinstance(term, str):
                raise TypeError(
                    f"{caller}: vocabulary has term {term!r} ({type(term).__name__}) at position "
                    f"{i}, where a string is expected."
                )
        if self.lowercase and self.preprocessor is None:
            upper = next((term for term in terms if term != term.lower()), None)
            if upper is not None:
                warnings.warn(
                    f"{caller}: vocabulary holds {upper!r}, but lowercase=True: no text matches "
                    "terms with capitals. Set lowercase=False, or lower the terms.",
                    stacklevel=level_of_user(),
                )
        return terms

    def _truncation(self, add_marks: bool, caller: str) -> Callable[[list[Any]], list[Any]] | None:
        """Return the function that shortens the tokens of a document."""
        if self.max_length is None:
            return None
        n_tokens = int(self.max_length) - N_MARKS * add_marks
        if n_tokens < 1:
            raise ValueError(
                f"{caller}: max_length={self.max_length} leaves no room for a token beside the two "
                "marks of add_marks=True. Set max_length to 3 or more."
            )
        if self.truncate == "tail":
            return lambda tokens: tokens[:n_tokens]
        if self.truncate == "head":
            return lambda tokens: tokens[-n_tokens:]
        last = n_tokens // 2
        first = n_tokens - last

        def cut_middle(tokens: list[Any]) -> list[Any]:
            if len(tokens) <= n_tokens:
                return tokens
            return tokens[:first] + tokens[len(tokens) - last :]

        return cut_middle


def _panel(X: Any, ids: np.ndarray, offsets: np.ndarray, n_tokens: int) -> Panel:
    index = X.index if isinstance(X, pd.Series) else None
    return Panel(ids, offsets, index=index, n_tokens=n_tokens)
