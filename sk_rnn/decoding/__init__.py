"""Decoding: pure functions, independent of any model.

From a step function, on tensors; and from the outputs of a network for each time step
(connectionist temporal classification), on arrays.
"""

from ._beam import beam_search
from ._ctc import BLANK, ctc_align, ctc_greedy, ctc_log_likelihood, ctc_single
from ._ctc_beam import Hypothesis, LanguageModel, ctc_beam_search
from ._hypotheses import DecodingState, Hypotheses, Step
from ._lexicon import Lexicon
from ._single import greedy, sample
from ._viterbi import viterbi

__all__ = [
    "BLANK",
    "DecodingState",
    "Hypotheses",
    "Hypothesis",
    "LanguageModel",
    "Lexicon",
    "Step",
    "beam_search",
    "ctc_align",
    "ctc_beam_search",
    "ctc_greedy",
    "ctc_log_likelihood",
    "ctc_single",
    "greedy",
    "sample",
    "viterbi",
]
