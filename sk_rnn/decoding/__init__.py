"""Decoding from a step function: pure functions on tensors, independent of any model."""

from ._beam import beam_search
from ._hypotheses import DecodingState, Hypotheses, Step
from ._single import greedy, sample

__all__ = ["DecodingState", "Hypotheses", "Step", "beam_search", "greedy", "sample"]
