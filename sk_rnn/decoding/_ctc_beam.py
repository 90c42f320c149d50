"""Prefix beam search for connectionist temporal classification."""

from collections.abc import Sequence
from itertools import islice
from math import exp, inf, log1p
from operator import attrgetter
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import ArrayLike

from ._ctc import BLANK
from ._lexicon import Lexicon


class Hypothesis(NamedTuple):
    """A decoded sequence.

    Attributes
    ----------
    ids : tuple of int
        The tokens, from 1 to C - 1.
    log_prob : float
        Log-probability of the tokens, summed over the alignments that the beam contained.
    score : float
        Score that ranks hypotheses: `log_prob`, plus the weighted log-probability under the
        language model, plus the bonus of each token.
    """

    ids: tuple[int, ...]
    log_prob: float
    score: float


class LanguageModel(Protocol):
    """Probabilities of the next token, for `ctc_beam_search`.

    A state is any object that describes a prefix: for a function of prefixes the prefix itself, for
    a network its hidden state. Log-probabilities have the columns of those of the time steps, with
    the end of the sequence in column 0, the blank's; a model of sequences that do not end has 0
    there. They may be -inf.
    """

    def start(self) -> tuple[np.ndarray, Any]:
        """Return log-probabilities (C,) of the first token, and the state of the empty prefix."""

    def step(self, states: Sequence[Any], ids: Sequence[int]) -> tuple[np.ndarray, Sequence[Any]]:
        """Extend n prefixes by one token each.

        Parameters
        ----------
        states : sequence of n states
        ids : sequence of n int
            The tokens that follow.

        Returns
        -------
        log_probs : ndarray of shape (n, C)
            Of the tokens after these.
        states : sequence of n states
        """


def ctc_beam_search(
    log_probs: ArrayLike,
    *,
    width: int,
    n_best: int = 1,
    lexicon: Lexicon | None = None,
    language_model: LanguageModel | None = None,
    lm_weight: float = 0.5,
    token_bonus: float = 0.0,
    threshold: float = 12.0,
) -> list[Hypothesis]:
    r"""Find the most probable tokens by prefix beam search.

    Unlike `ctc_greedy`, it adds up the probabilities of all alignments of the same tokens, and can
    use a lexicon and a language model.

    Parameters
    ----------
    log_probs : array-like of shape (T, C)
        Log-probabilities of each time step, with the blank in column 0.
    width : int
        Number of prefixes that are kept at each step. With a lexicon, the best one that consists
        of complete words is kept in addition, if there is none among them.
    n_best : int, default=1
        Maximum number of hypotheses to return.
    lexicon : Lexicon or None, default=None
        Only sequences of its words are returned.
    language_model : LanguageModel or None, default=None
        Only called for prefixes that are kept, all of one step in one call.
    lm_weight : float, default=0.5
        Factor of the language model's log-probability in the score; 0 or more.
    token_bonus : float, default=0.0
        Added to the score for each token. A language model favours short sequences, which a
        positive bonus compensates for.
    threshold : float, default=12.0
        A token is only appended in time steps where its log-probability is at most this much below
        that of the best one. Lower values are faster.

    Returns
    -------
    hypotheses : list of Hypothesis
        One to `n_best`, in order of decreasing score. If nothing else is possible, a single empty
        hypothesis; its log-probability is -inf if it is impossible, too.

    Notes
    -----
    The search of Hannun et al. (2014): for each prefix :math:`l`, the probabilities of the
    alignments that end in a blank and in its last token are tracked separately, since only after a
    blank can the same token follow as another one. The score is

    .. math:: s(l) = \log p(l \mid x) + \alpha \log p_{LM}(l) + \beta |l|,

    with :math:`\alpha` for `lm_weight` and :math:`\beta` for `token_bonus`. A beam that is wider
    than the number of prefixes with a positive probability prunes nothing: without a threshold
    (``inf``) the search is then exact. Equal scores keep the order in which prefixes were found.

    References
    ----------
    Hannun, Maas, Jurafsky & Ng (2014), First-pass large vocabulary continuous speech recognition
    using bi-directional recurrent DNNs, arXiv:1408.2873, algorithm 1.

    Examples
    --------
    The best path has no token; the alignments of token 1 are more probable together:

    >>> import math
    >>> import numpy as np
    >>> from sk_rnn.decoding import ctc_beam_search, ctc_greedy
    >>> log_probs = np.log([[.6, .4], [.6, .4]])
    >>> ctc_greedy(log_probs)[0]
    ()
    >>> (best,) = ctc_beam_search(log_probs, width=4)
    >>> best.ids, round(math.exp(best.log_prob), 2)
    ((1,), 0.64)
    """
    steps = np.asarray(log_probs, dtype=np.float64)
    if lm_weight == 0:  # log-probabilities of -inf would result in NaN
        language_model = None
    language = _Language(language_model, lm_weight)
    root = _Prefix(None, BLANK, state=0, bonus=0.0)
    root.blank = root.total = 0.0
    language.begin(root)
    beam = [root]
    near = steps >= steps.max(axis=1, keepdims=True, initial=-inf) - threshold
    near &= steps > -inf
    near[:, BLANK] = False
    for step, is_near in zip(steps.tolist(), near, strict=True):
        tokens = np.flatnonzero(is_near).tolist()
        for prefix in beam:
            prefix.next_blank = prefix.total + step[BLANK]
            prefix.next_last = prefix.last + step[prefix.token]
        found = beam
        if tokens:
            language.read(beam)
            found = beam + _extend(beam, step, tokens, lexicon, token_bonus, _cutoff(beam, width))
        kept = _best(found, width, lexicon)
        for prefix in beam:
            prefix.is_kept = False
        for prefix in kept:
            prefix.keep()
        beam = kept

    if lexicon is not None:
        beam = [prefix for prefix in beam if lexicon.is_complete[prefix.state]]
    language.read(beam)
    hypotheses = [
        Hypothesis(prefix.ids(), prefix.total, prefix.total + prefix.bonus + language.end(prefix))
        for prefix in beam
        if prefix.total > -inf
    ]
    hypotheses.sort(key=lambda h: (-h.score, -h.log_prob, h.ids))
    # All scores are -inf if the language model rules out every hypothesis.
    possible = [h for h in hypotheses if h.score > -inf] or hypotheses[:1]
    return possible[:n_best] or [Hypothesis((), -inf, -inf)]


class _Prefix:
    """A prefix: a node of the tree of all prefixes that were ever in the beam.

    Attributes
    ----------
    state : int
        Its state in the lexicon.
    bonus : float
        Added to the log-probability in the score.
    following : list of float or None
        Weighted log-probabilities of the next token, from the language model.
    language_state : object
        Its state in the language model.
    is_kept : bool
        Whether it is in the beam.
    blank, last, total : float
        Log-probability of the alignments so far that end in a blank, in the last token, in either.
    next_blank, next_last, next_total : float
        The same after the current step.
    score : float
        After the current step.
    """

    __slots__ = (
        "blank",
        "bonus",
        "children",
        "following",
        "is_kept",
        "language_state",
        "last",
        "next_blank",
        "next_last",
        "next_total",
        "parent",
        "score",
        "state",
        "token",
        "total",
    )

    def __init__(self, parent: "_Prefix | None", token: int, state: int, bonus: float):
        self.parent = parent
        self.token = token
        self.state = state
        self.bonus = bonus
        self.children: dict[int, _Prefix] = {}  # those that were in the beam
        self.following: list[float] | None = None
        self.language_state: Any = None
        self.is_kept = False
        self.blank = self.last = self.total = -inf
        self.next_blank = self.next_last = self.next_total = self.score = -inf

    def keep(self) -> None:
        """Complete the step."""
        self.is_kept = True
        self.blank, self.last, self.total = self.next_blank, self.next_last, self.next_total
        if self.parent is not None:
            self.parent.children[self.token] = self

    def ids(self) -> tuple[int, ...]:
        tokens, prefix = [], self
        while prefix.parent is not None:
            tokens.append(prefix.token)
            prefix = prefix.parent
        return tuple(reversed(tokens))


class _Language:
    """Weighted log-probabilities of a language model, computed once per prefix."""

    def __init__(self, model: LanguageModel | None, weight: float):
        self._model = model
        self._weight = weight

    def begin(self, root: _Prefix) -> None:
        if self._model is not None:
            log_probs, root.language_state = self._model.start()
            root.following = self._weighted(log_probs)

    def read(self, beam: Sequence[_Prefix]) -> None:
        """Compute the log-probabilities of the next token for prefixes that lack them."""
        if self._model is None:
            return
        new = [prefix for prefix in beam if prefix.following is None]
        if not new:
            return
        # The parents were read before they were extended.
        parents = [cast(_Prefix, prefix.parent) for prefix in new]
        log_probs, states = self._model.step(
            [parent.language_state for parent in parents], [prefix.token for prefix in new]
        )
        for prefix, row, state in zip(new, log_probs, states, strict=True):
            prefix.following, prefix.language_state = self._weighted(row), state

    def end(self, prefix: _Prefix) -> float:
        """Return the weighted log-probability that nothing follows."""
        return 0.0 if prefix.following is None else prefix.following[BLANK]

    def _weighted(self, log_probs: np.ndarray) -> list[float]:
        return (np.asarray(log_probs, dtype=np.float64) * self._weight).tolist()


def _cutoff(beam: list[_Prefix], width: int) -> float:
    """Return a score below which no other prefix can enter a full beam."""
    if len(beam) < width:
        return -inf
    return sorted(_add(p.next_blank, p.next_last) + p.bonus for p in beam)[-width]


def _extend(
    beam: list[_Prefix],
    step: list[float],
    tokens: list[int],
    lexicon: Lexicon | None,
    token_bonus: float,
    cutoff: float,
) -> list[_Prefix]:
    """Append tokens to the prefixes; return the results that are not in the beam, but may enter."""
    found = []
    state = 0
    for prefix in beam:
        arcs = None if lexicon is None else lexicon.arcs[prefix.state]
        for token in tokens:
            if arcs is not None:
                if token not in arcs:
                    continue
                state = arcs[token]
            # Without a blank between them, equal tokens are one.
            log_prob = (prefix.blank if token == prefix.token else prefix.total) + step[token]
            child = prefix.children.get(token)
            if child is not None and child.is_kept:
                child.next_last = _add(child.next_last, log_prob)
                continue
            bonus = prefix.bonus + token_bonus
            if prefix.following is not None:
                bonus += prefix.following[token]
            # Complete words can be kept in addition to a full beam.
            if log_prob + bonus < cutoff and not (lexicon and lexicon.is_complete[state]):
                continue
            if child is None:
                child = _Prefix(prefix, token, state, bonus)
            child.next_blank, child.next_last = -inf, log_prob
            found.append(child)
    return found


def _best(found: list[_Prefix], width: int, lexicon: Lexicon | None) -> list[_Prefix]:
    """Return the prefixes with the highest scores, in decreasing order."""
    for prefix in found:
        prefix.next_total = _add(prefix.next_blank, prefix.next_last)
        prefix.score = prefix.next_total + prefix.bonus
    possible = [prefix for prefix in found if prefix.next_total > -inf]
    possible.sort(key=attrgetter("score"), reverse=True)  # stable, so ties keep their order
    kept = possible[:width]
    if lexicon is not None and not any(lexicon.is_complete[prefix.state] for prefix in kept):
        # Words that were begun may never be completed.
        complete = (prefix for prefix in possible[width:] if lexicon.is_complete[prefix.state])
        kept.extend(islice(complete, 1))
    return kept


def _add(a: float, b: float) -> float:
    """Return log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    return a if b == -inf else a + log1p(exp(b - a))
