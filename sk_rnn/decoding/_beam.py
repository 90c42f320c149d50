"""Beam search."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ._hypotheses import (
    DecodingState,
    Hypotheses,
    Step,
    check_best,
    count_rows,
    forbid,
    read_limits,
    take_rows,
)

# Maximum logarithm of a power of a length, so that normalised scores do not overflow in float64.
_LOG_POWER = 600


class _Pool(NamedTuple):
    """Complete hypotheses, sorted by row and then by decreasing score: (M,) each."""

    row: Tensor
    score: Tensor  # for ranking: the normalised log-probability
    log_prob: Tensor
    node: Tensor  # of the last token
    length: Tensor
    finished: Tensor


@torch.no_grad()
def beam_search(
    step: Step,
    state: DecodingState,
    *,
    begin: int,
    end: int,
    max_length: int | Tensor,
    beam_width: int,
    n_best: int = 1,
    length_penalty: float = 0.0,
    forbidden: Sequence[int] = (),
) -> Hypotheses:
    r"""Decode with the `beam_width` most probable prefixes of each row at each step.

    All rows and their hypotheses are decoded in one batch; finished hypotheses, and rows whose
    result can no longer change, are dropped from it.

    Parameters
    ----------
    step : callable
        From the last tokens (N,), int64, and the state of N hypotheses to the log-probabilities of
        the next token (N, V), none above zero, and the new state. The hypotheses of one row are
        adjacent, best first.
    state : tuple of Tensor
        The state before the first step: one row per sequence in dimension 0 of each tensor, of any
        dtype. Rows are selected and repeated with ``index_select`` at each step, so large constant
        tensors, such as the encoder's outputs, are better kept in a closure of `step`, with the
        row number in the state: see the example of :func:`greedy`.
    begin : int
        The token that comes before the first.
    end : int
        The token that ends a sequence.
    max_length : int or Tensor of int64 of shape (N,)
        Maximum number of tokens, not counting `end`. A hypothesis that reaches it is truncated
        without `end` and ranked together with the finished ones.
    beam_width : int
        Maximum number of hypotheses per row. 1 is greedy decoding, regardless of `length_penalty`.
        Larger values find more probable sequences at proportionally higher cost.
    n_best : int, default=1
        Number of hypotheses to return per row, at most `beam_width`.
    length_penalty : float, default=0.0
        The exponent :math:`\alpha` of the length in the score that ranks complete hypotheses. 0
        ranks by probability, which favours short sequences; 1 ranks by mean log-probability; larger
        values favour long sequences.
    forbidden : sequence of int, default=()
        Tokens that are never generated, such as padding and begin.

    Returns
    -------
    hypotheses : Hypotheses
        `n_best` per row, best score first. Ties keep the order in which they were found, lower
        token ids first.

    Raises
    ------
    ValueError
        If `beam_width` or `n_best` is out of range, or `step` leaves no token to choose.

    Notes
    -----
    At each step the `beam_width` most probable continuations of a row are kept. Those that end
    move to the row's pool of complete hypotheses; the others are continued. A complete hypothesis
    of :math:`n` log-probabilities, that of `end` included, scores

    .. math:: s(y) = \frac{1}{n^\alpha} \sum_{i=1}^n \log p(y_i \mid y_1 \ldots y_{i-1}).

    The log-probability decreases as a hypothesis grows. With :math:`\alpha \ge 0` a live one of
    log-probability :math:`l` therefore never scores above :math:`l / n_{max}^\alpha`, and with a
    negative
    :math:`\alpha` never above :math:`l / (n + 1)^\alpha`. When this is no more than the
    `n_best`-th score in the pool for all live hypotheses of a row, the row is done: continuing to
    `max_length` would return the same. This is the criterion of Huang et al. (2017, section 3),
    adapted to a normalised score. A beam at least as wide as the number of candidates at any
    step prunes nothing, and the search is exact. A large `length_penalty` makes the bound loose and
    the search run longer.

    References
    ----------
    Wu et al. (2016), Google's Neural Machine Translation System, section 7: length normalisation;
    theirs divides by a power of :math:`5 + n`.
    Huang, Zhao & Ma (2017), When to Finish? Optimal Beam Search for Neural Text Generation, EMNLP.

    Examples
    --------
    The best first token is not that of the best sequence:

    >>> import torch
    >>> from sk_rnn.decoding import beam_search, greedy
    >>> end, a, b = 0, 1, 2
    >>> after = torch.tensor([[0.00, 0.60, 0.40],   # at the beginning
    ...                       [0.50, 0.25, 0.25],   # after a
    ...                       [0.90, 0.05, 0.05]]).log()  # after b
    >>> def step(tokens, state):
    ...     return after[tokens], state
    >>> options = {"begin": 0, "end": end, "max_length": 3}
    >>> greedy(step, (torch.arange(1),), **options).to_list()
    [[[1]]]
    >>> best = beam_search(step, (torch.arange(1),), beam_width=2, n_best=2, **options)
    >>> best.to_list()
    [[[2], [1]]]
    >>> best.log_probs.exp()
    tensor([[0.3600, 0.3000]], dtype=torch.float64)
    """
    _check_widths(beam_width, n_best, length_penalty)
    n_rows = count_rows(state, "beam_search")
    device = state[0].device
    limits = read_limits(max_length, n_rows, device, "beam_search")
    # If a power of the longest length overflowed or underflowed, all lengths would have equal
    # scores.
    longest = int(limits.max()) if n_rows else 1
    max_penalty = _LOG_POWER / math.log(max(2, longest))
    length_penalty = min(max(length_penalty, -max_penalty), max_penalty)

    # Every hypothesis that was ever live is a node: its last token and the node before it. The
    # first nodes are the rows' beginnings, and sequences are read backwards from their last node.
    node = row = torch.arange(n_rows, device=device)  # of the live hypotheses, (H,)
    tokens = torch.full_like(row, begin)
    log_prob = torch.zeros(n_rows, dtype=torch.float64, device=device)
    node_tokens, node_parents = [tokens], [node]
    n_nodes = n_rows
    none = row[:0]
    pool = _Pool(none, log_prob[:0], log_prob[:0], none, none, none.bool())

    n_steps = 0
    while len(row):
        scores, state = step(tokens, state)  # (H, V)
        top_scores, top_tokens = _top(forbid(scores, forbidden, "beam_search"), beam_width)
        check_best(top_scores[:, 0], row, n_steps, "beam_search")
        n_steps += 1

        n_top = top_scores.shape[1]
        extended = (log_prob[:, None] + top_scores.double()).flatten()  # (H * n_top,)
        kept = _best_of_rows(row.repeat_interleave(n_top), extended, beam_width)
        kept = kept[extended[kept] > -torch.inf]
        parent = kept // n_top
        row, log_prob, tokens = row[parent], extended[kept], top_tokens.flatten()[kept]

        ended = tokens == end
        unfinished = (~ended).nonzero()[:, 0]
        last_node = node[parent]
        node_tokens.append(tokens[unfinished])
        node_parents.append(last_node[unfinished])
        last_node[unfinished] = n_nodes + torch.arange(len(unfinished), device=device)
        n_nodes += len(unfinished)

        complete = ended | (limits[row] == n_steps)
        found = _Pool(
            row,
            log_prob / n_steps**length_penalty,
            log_prob,
            last_node,
            n_steps - ended.long(),
            ended,
        )
        pool = _merge(pool, _Pool(*(field[complete] for field in found)), n_best)

        # The lengths at which a live hypothesis would score best without any further loss.
        best_lengths = limits if length_penalty >= 0 else torch.full_like(limits, n_steps + 1)
        bound = log_prob / best_lengths[row].double() ** length_penalty
        can_enter = (bound > _nth_scores(pool, n_rows, n_best)[row]) & ~complete
        # The beam of a row is continued as a whole or not at all, so that stopping changes no
        # result.
        continues = torch.zeros(n_rows, dtype=torch.bool, device=device)
        continues[row[can_enter]] = True
        live = (~complete & continues[row]).nonzero()[:, 0]
        state = take_rows(state, parent[live])
        row, tokens, log_prob, node = row[live], tokens[live], log_prob[live], last_node[live]

    return _hypotheses(pool, torch.cat(node_tokens), torch.cat(node_parents), n_rows, n_best, end)


def _check_widths(beam_width: int, n_best: int, length_penalty: float) -> None:
    if beam_width < 1:
        raise ValueError(f"beam_search: beam_width is {beam_width!r}. Pass at least 1.")
    if not 1 <= n_best <= beam_width:
        raise ValueError(
            f"beam_search: n_best is {n_best!r}, but beam_width is {beam_width!r}. Pass 1 to "
            "beam_width, or widen the beam."
        )
    if not math.isfinite(length_penalty):
        raise ValueError(
            f"beam_search: length_penalty is {length_penalty!r}. Pass a finite number, such as 1.0."
        )


def _top(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k highest values of each row and their positions, decreasing; ties by position."""
    if k == 1:
        return scores.max(dim=1, keepdim=True)
    values, index = scores.topk(min(k + 1, scores.shape[1]), dim=1)
    # topk does not specify the order of ties. Sorting a whole vocabulary is slow, so only rows
    # with ties among the highest are sorted.
    equal = (values[:, :-1] == values[:, 1:]) & (values[:, 1:] > -torch.inf)
    tied = equal.any(1).nonzero()[:, 0]
    if len(tied):
        ordered = scores[tied].sort(dim=1, descending=True, stable=True)
        values[tied] = ordered.values[:, : values.shape[1]]
        index[tied] = ordered.indices[:, : values.shape[1]]
    return values[:, :k], index[:, :k]


def _best_of_rows(row: Tensor, score: Tensor, k: int) -> Tensor:
    """Return the positions of the k highest scores of each row, by row and decreasing.

    Both sorts are stable: ties keep their order.
    """
    order = score.argsort(descending=True, stable=True)
    order = order[row[order].argsort(stable=True)]
    return order[_ranks(row[order]) < k]


def _ranks(row: Tensor) -> Tensor:
    """Return the rank of each entry within its row, for entries sorted by row."""
    return torch.arange(len(row), device=row.device) - torch.searchsorted(row, row)


def _merge(pool: _Pool, found: _Pool, n_best: int) -> _Pool:
    """Return the n_best of each row; ties go to those that were in the pool before."""
    if not len(found.row):
        return pool
    both = _Pool(*(torch.cat(fields) for fields in zip(pool, found, strict=True)))
    kept = _best_of_rows(both.row, both.score, n_best)
    return _Pool(*(field[kept] for field in both))


def _nth_scores(pool: _Pool, n_rows: int, n: int) -> Tensor:
    """Return the n-th best score of each row's pool, -inf where it has fewer: (N,)."""
    nth = _ranks(pool.row) == n - 1
    scores = pool.score.new_full((n_rows,), -torch.inf)
    scores[pool.row[nth]] = pool.score[nth]
    return scores


def _hypotheses(
    pool: _Pool, node_tokens: Tensor, node_parents: Tensor, n_rows: int, n_best: int, end: int
) -> Hypotheses:
    """Trace the sequences of the pool back from their last nodes."""
    shape = (n_rows, n_best)
    rank = _ranks(pool.row)
    n_tokens = int(pool.length.max()) if len(pool.length) else 0
    tokens = pool.row.new_full((*shape, n_tokens), end)
    node = pool.node
    for position in reversed(range(n_tokens)):
        inside = (position < pool.length).nonzero()[:, 0]
        tokens[pool.row[inside], rank[inside], position] = node_tokens[node[inside]]
        node = node.index_copy(0, inside, node_parents[node[inside]])
    return Hypotheses(
        tokens,
        pool.length.new_zeros(shape).index_put_((pool.row, rank), pool.length),
        pool.log_prob.new_full(shape, -torch.inf).index_put_((pool.row, rank), pool.log_prob),
        pool.finished.new_zeros(shape).index_put_((pool.row, rank), pool.finished),
    )
