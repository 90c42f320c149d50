"""Decoding: pure functions on tensors and arrays, independent of any model."""

from ._beam import beam_search
from ._hypotheses import DecodingState, Hypotheses, Step
from ._single import greedy, sample
from ._viterbi import viterbi

__all__ = ["DecodingState", "Hypotheses", "Step", "beam_search", "greedy", "sample", "viterbi"]
