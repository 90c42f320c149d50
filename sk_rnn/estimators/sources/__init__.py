"""Sources: the kinds of X. They read X, learn from it, and encode it as input of the network."""

from ._any import read_any_source
from ._ids import IdSource, read_sequences
from ._numbers import NumberSource
from ._source import Owner, Samples, Source
from ._tokens import TokenSource
from ._vectors import VectorSource
from ._words import WordSource, read_words

__all__ = [
    "IdSource",
    "NumberSource",
    "Owner",
    "Samples",
    "Source",
    "TokenSource",
    "VectorSource",
    "WordSource",
    "read_any_source",
    "read_sequences",
    "read_words",
]
