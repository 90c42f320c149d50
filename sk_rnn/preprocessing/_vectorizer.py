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
    check_token_pattern,
    read_ids,
    warn_empty,
)
from ._terms import given_terms, prune

# Names of the ids before those of the terms, without and with begin and end tokens.
_RESERVED = (RESERVED[:-N_MARKS], RESERVED)

# Parameters of CountVectorizer for tokenization; its other parameters are for counting.
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


class SequenceVectorizer(  # its output is a Panel, not a table, so it defines set_output itself
    TransformerMixin,
    SealedState,
    auto_wrap_output_keys=None,  # type: ignore[call-arg]
):
    r"""Convert text to sequences of token ids: a CountVectorizer that keeps the order.

    Documents are tokenized by the analyzers of
    :class:`~sklearn.feature_extraction.text.CountVectorizer`, whose parameters have the same names,
    meanings and defaults here, except for the default of `min_df`. Instead of counts, the result is
    a :class:`~sk_rnn.Panel` with one token id per token. It includes the size of the vocabulary, so
    the estimator only needs ``embedding_dim``.

    Id 0 is padding and never occurs in the result. Id 1 is the unknown token: it replaces terms
    that are not in the vocabulary, because they did not occur in `fit` or were pruned by `min_df`,
    `max_df` or `max_features`. The terms follow in sorted order. Stop words are removed, not
    replaced by the unknown token.

    Parameters
    ----------
    input : {"content", "filename", "file"}, default="content"
        Whether X holds the documents, paths of files, or open files.
    encoding : str, default="utf-8"
        Encoding of documents that are bytes, and of files.
    decode_error : {"strict", "ignore", "replace"}, default="strict"
        How to handle bytes that cannot be decoded.
    strip_accents : {"ascii", "unicode"} or callable, default=None
        Remove accents.
    lowercase : bool, default=True
        Convert all characters to lowercase before tokenizing. This loses the information in
        capital letters, such as which words are names.
    preprocessor : callable, default=None
        Function that converts a document to a string; replaces `strip_accents` and `lowercase`.
    tokenizer : callable, default=None
        Function that splits a string into a list of tokens; replaces `token_pattern`. Only used if
        ``analyzer="word"``.
    stop_words : {"english"}, list of str, or None, default=None
        Words to remove. Only used if ``analyzer="word"``. Usually not useful here, because a
        recurrent network can learn from function words such as "not" in their context.
    token_pattern : str, default=r"(?u)\b\w\w+\b"
        Regular expression that matches a token. Only used if ``analyzer="word"``. The default,
        which is that of CountVectorizer, drops single-character words ("I", "a") and all
        punctuation, which may be informative in a sequence: ``r"\w+|[^\w\s]"`` keeps them, and
        ``r"\S+"`` splits only at spaces.
    ngram_range : tuple (min_n, max_n), default=(1, 1)
        Range of the lengths of n-grams. With several lengths, all n-grams of one length, in the
        order of the text, precede those of the next length, so the sequence is no longer in the
        order of the text.
    analyzer : {"word", "char", "char_wb"} or callable, default="word"
        Whether tokens are words or characters; "char_wb" creates character n-grams only from text
        inside word boundaries, padded with spaces. A callable receives the unprocessed document
        and returns its tokens.
    max_df : float in [0, 1] or int, default=1.0
        Terms in more documents than this fraction or number are replaced by the unknown token.
    min_df : float in [0, 1], int or "auto", default="auto"
        Terms in fewer documents than this fraction or number are replaced by the unknown token.
        "auto" is 2 with 1,000 documents or more, so that the unknown token occurs in training and a
        network can learn its embedding. With fewer, it is 1, the default of CountVectorizer.
    max_features : int, default=None
        If not None, keep only the `max_features` most frequent terms.
    vocabulary : mapping or iterable, default=None
        The terms, in the order of their ids, or a mapping from terms to 0, 1, 2, ...; or the
        `vocabulary_` of another vectorizer. If None, it is learned in `fit`.
    max_length : int, default=None
        Maximum number of time steps of a sequence, including begin and end tokens; None for no
        limit. Longer documents are truncated before the vocabulary is learned, so that it
        contains only tokens that occur in the result.
    truncate : {"head", "tail", "middle"}, default="tail"
        Which part is removed from documents that are longer than `max_length`. "tail" keeps its
        beginning, "head" keeps its end, and "middle" keeps equal parts of the beginning and the end
        (one more token of the beginning if the number is odd), which is often best for texts whose
        beginning and end summarize them (Sun et al., 2019).
    add_marks : bool, default=False
        Whether to add a begin token, id 2, before and an end token, id 3, after each document. The
        ids of terms then start at 4 instead of 2.

    Attributes
    ----------
    vocabulary_ : dict
        Mapping from terms to their ids, without padding, unknown, begin and end tokens.
    fixed_vocabulary_ : bool
        Whether `vocabulary` was given.
    n_tokens_ : int
        Number of ids: terms, padding, unknown, begin and end tokens.

    See Also
    --------
    sk_rnn.RNNClassifier : Classifier for the resulting panel, with ``embedding_dim`` set.
    load_word_vectors : Load pretrained vectors for `vocabulary_`.
    sklearn.feature_extraction.text.TfidfVectorizer : A baseline, with logistic regression.

    Notes
    -----
    A document that is a list or tuple of strings is already tokenized: `lowercase`, `stop_words`
    and `ngram_range` are not applied. A callable `analyzer` also receives such documents.

    A document without tokens becomes one unknown token, because estimators do not accept empty
    sequences. A warning reports their number.

    `transform` tokenizes documents with the parameters that were set in `fit`; only `max_length`
    and `truncate` may be changed afterwards. Each document is transformed independently.

    References
    ----------
    Sun, C., Qiu, X., Xu, Y., Huang, X. (2019). How to fine-tune BERT for text classification?
    Section 5.3.1: on long reviews, the first and the last tokens together are better than either.

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
        """Return the tags of CountVectorizer, except for integer output."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether the vocabulary has been learned."""
        return hasattr(self, "vocabulary_")

    # --- scikit-learn's methods -----------------------------------------------------------------

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the vocabulary.

        Parameters
        ----------
        X : iterable of str, of bytes, or of lists of str
            Documents: a list, Series, 1-D array or generator. Bytes are decoded. With another
            `input`, paths or files.
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
            If a document is missing or cannot be decoded, if no terms remain, or if a parameter is
            invalid.
        OSError
            If a file cannot be read.
        """
        self._fit(X, "SequenceVectorizer.fit")
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any = None) -> Panel:
        """Learn the vocabulary and transform the documents, which are read only once.

        Parameters
        ----------
        X : as in `fit`
            Documents.
        y : None, default=None
            Ignored.

        Returns
        -------
        Panel
            As returned by `transform`.
        """
        return self._fit(X, "SequenceVectorizer.fit_transform")

    def transform(self, X: Any) -> Panel:
        """Transform documents to token ids. With `vocabulary` set, `fit` is not required.

        Parameters
        ----------
        X : as in `fit`
            Documents.

        Returns
        -------
        Panel
            Token ids, int32, with at least one per document. Its `n_tokens` is `n_tokens_`, and its
            `index` is that of X if X is a Series.
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
        """Transform sequences of token ids back to tokens.

        Parameters
        ----------
        X : Panel, list of array-like, or array of shape (n_samples, n_timesteps)
            Token ids.

        Returns
        -------
        list of list of str
            Without padding, begin and end tokens; unknown tokens are ``"<unknown>"``.
        """
        caller = "SequenceVectorizer.inverse_transform"
        fitted = self._fitted(caller)
        panel = check_sequences(X, tokens=True, caller=caller)
        check_token_range(panel, fitted.n_tokens_, caller)
        return fitted._vocabulary.decode(panel, marks=False)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Get the token of each id.

        Parameters
        ----------
        input_features : None, default=None
            Ignored.

        Returns
        -------
        ndarray of object of shape (n_tokens,)
            Entry i is the token with id i; reserved tokens are in angle brackets.
        """
        fitted = self._fitted("SequenceVectorizer.get_feature_names_out")
        return fitted._vocabulary.names()

    def set_output(
        self, *, transform: Literal["default", "pandas", "polars"] | None = None
    ) -> Self:
        """Do nothing: `transform` always returns a Panel.

        The method exists so that the vectorizer can be used in a Pipeline or a ColumnTransformer
        whose output is set, with a SequencePadder after it, which returns a table.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored, but validated.

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

    # --- methods of CountVectorizer ---------------------------------------------------------------

    def build_analyzer(self) -> Callable[[Any], Any]:
        """Return the function from a document to its tokens, without truncation.

        Returns
        -------
        callable
        """
        return self._count_vectorizer("SequenceVectorizer.build_analyzer").build_analyzer()

    def build_preprocessor(self) -> Callable[[Any], str]:
        """Return the function that preprocesses a document before tokenization.

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
        caller = "SequenceVectorizer.build_tokenizer"
        text = self._count_vectorizer(caller)
        if text.tokenizer is None:  # also if the analyzer does not use it
            check_token_pattern(text, caller)
        return text.build_tokenizer()

    def get_stop_words(self) -> frozenset[str] | None:
        """Return the stop words, or None.

        Returns
        -------
        frozenset of str or None
        """
        return self._count_vectorizer("SequenceVectorizer.get_stop_words").get_stop_words()

    # --- implementation ---------------------------------------------------------------------------

    def _count_vectorizer(self, caller: str) -> CountVectorizer:
        """Return the validated tokenizer of documents."""
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
            # A new term gets the next id; a defaultdict does this without a Python function.
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
                    f"{caller}: empty vocabulary: none of the {len(offsets) - 1} documents "
                    "contains a token. Perhaps they contain only stop words, or nothing that "
                    "token_pattern matches."
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
        """Return self, or a copy that is fitted with the parameter `vocabulary`."""
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
                    "terms with capital letters. Set lowercase=False, or convert the terms to "
                    "lowercase.",
                    stacklevel=level_of_user(),
                )
        return terms

    def _truncation(self, add_marks: bool, caller: str) -> Callable[[list[Any]], list[Any]] | None:
        """Return the function that truncates the tokens of a document; None without a limit."""
        if self.max_length is None:
            return None
        n_tokens = int(self.max_length) - N_MARKS * add_marks
        if n_tokens < 1:
            raise ValueError(
                f"{caller}: max_length={self.max_length} leaves no room for a token besides the "
                "two tokens of add_marks=True. Set max_length to 3 or more."
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
