"""Sequences of token ids."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

import numpy as np

from ...sequences import Spans, check_token_range, open_foreign
from ...training import highest_token, unseen_tokens
from ._embeddings import read_embedding_weights
from ._numbers import NumberSource, SequenceSource
from ._source import Owner, Samples, Source
from ._words import read_words

# A vocabulary whose size is inferred from the highest id must not be larger than this, unless there
# are at least a hundredth as many time steps to learn it from.
_MANY_IDS, _SPARSE = 1_000_000, 100


class IdSource(SequenceSource):
    """Sequences of token ids (integers from 0), in any container.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator; ``embedding_weights``, ``embedding_dim`` and
        ``num_embeddings`` are used.
    caller : str
        Name of the caller in error messages.
    among_tokens : bool, default=False
        Whether the estimator accepts text and tokens as well. Ids are then in a Panel, which may
        store the size of the vocabulary, and only `embedding_weights` determines the size of the
        vectors.
    """

    form = "ids"
    is_tokens: ClassVar[bool] = True

    def __init__(self, params: Mapping[str, Any], caller: str, *, among_tokens: bool = False):
        super().__init__(among_tokens=among_tokens)
        self._size = None if among_tokens else params["num_embeddings"]
        dim = None if among_tokens else params["embedding_dim"]
        # Kept until they are copied into the network.
        self._vectors = read_embedding_weights(params["embedding_weights"], dim, self._size, caller)

    def read(
        self, X: Any, owner: Owner, caller: str, *, input_name: str = "X", reset: bool = False
    ) -> Spans:
        """Validate X; raise an error for ids that are not in the vocabulary."""
        spans = super().read(X, owner, caller, input_name=input_name, reset=reset)
        if not reset:
            size = cast(int, self.num_embeddings)
            check_token_range(spans, size, caller, input_name=input_name)
        return spans

    def learn(self, samples: Samples, caller: str) -> None:
        """Determine the size of the vocabulary: as set, as stored in the Panel, or from X."""
        spans = cast(Spans, samples)
        known = self._size if self._size is not None else spans.n_tokens
        if self._vectors is not None:
            known = len(self._vectors)
        if known is None:
            setting = "set n_tokens of the Panel" if self._among_tokens else "set num_embeddings"
            known = _infer_size(spans, caller, setting)
        else:
            check_token_range(spans, known, caller)
        self.num_embeddings = int(known)

    def prepare(self, spans: Spans, rows: np.ndarray, caller: str) -> dict[str, Any]:
        """Return pretrained vectors, and the ids that do not occur in the training rows."""
        vectors, self._vectors = self._vectors, None
        unseen = unseen_tokens(spans, rows, cast(int, self.num_embeddings))
        return {"embedding_weights": vectors, "unseen_tokens": unseen}

    def step_labels(self, spans: Spans, stride: int) -> list[list[Any]]:
        """Return each ``stride``-th id."""
        return [row.tolist()[::stride] for row in spans]


def read_sequences(
    X: Any, owner: Owner, params: Mapping[str, Any], caller: str
) -> tuple[Source, Samples]:
    """Read the X of `fit`: words, or else token ids if there is an embedding, or else numbers.

    Parameters
    ----------
    X : object
        As passed by the user.
    owner : estimator
        Its names and number of features are set.
    params : mapping
        Its parameters.
    caller : str
        Name of the caller in error messages.

    Returns
    -------
    source : Source
    samples : Samples
    """
    X = open_foreign(X, f"{caller}: X")
    words = read_words(X, owner, params, caller)
    if words is not None:
        return words
    choice = params["char_embedding"]
    if choice not in (None, "auto"):
        raise ValueError(
            f"{caller}: char_embedding={choice!r} reads the letters of words, but X does not "
            "contain words. Pass lists of words or strings, or leave char_embedding='auto'."
        )
    source: SequenceSource
    if params["embedding_dim"] is not None or params["embedding_weights"] is not None:
        source = IdSource(params, caller)
    else:
        source = NumberSource(params)
    return source, source.read(X, owner, caller, reset=True)


def _infer_size(spans: Spans, caller: str, setting: str) -> int:
    """Return the highest id in X plus one, the size of the vocabulary.

    Arbitrary ids, such as product numbers, would require millions of embedding vectors, nearly all
    of them unused. ``setting`` states how to set the size instead.
    """
    n_tokens = highest_token(spans) + 1
    if n_tokens > _MANY_IDS and n_tokens > _SPARSE * spans.lengths.sum():
        raise ValueError(
            f"{caller}: X has token id {n_tokens - 1}, which requires a vocabulary of {n_tokens} "
            f"tokens, but X has {spans.lengths.sum()} time steps in total. Token ids must be "
            "consecutive numbers from 0: put sk_rnn.preprocessing.SequenceVectorizer(analyzer=list)"
            f" before the estimator, which maps the ids in X to such numbers; or {setting} if the "
            "vocabulary is really that large."
        )
    return n_tokens
