"""Transformers from text, data frames and series to sequences. Does not import torch."""

from ._mel import LogMelSpectrogram
from ._padding import SequencePadder, pad_sequences
from ._strokes import PenStrokes
from ._summary import SequenceSummarizer
from ._time_distributed import TimeDistributed
from ._vectorizer import SequenceVectorizer
from ._windows import make_windows
from ._word_vectors import load_word_vectors

__all__ = [
    "LogMelSpectrogram",
    "PenStrokes",
    "SequencePadder",
    "SequenceSummarizer",
    "SequenceVectorizer",
    "TimeDistributed",
    "load_word_vectors",
    "make_windows",
    "pad_sequences",
]
