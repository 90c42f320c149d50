"""One hypothesis per row: greedy decoding and sampling."""

import math
from collections.abc import Callable, Sequence

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

# Maps row numbers (N,) and a position to numbers in [0, 1): (N,).
Uniform = Callable[[Tensor, int], Tensor]


def greedy(
    step: Step,
    state: DecodingState,
    *,
    begin: int,
    end: int,
    max_length: int | Tensor,
    forbidden: Sequence[int] = (),
    stops: Sequence[int] = (),
) -> Hypotheses:
    """Decode with the most probable token at each step.

    All rows are decoded in one batch; a row that has generated `end` or reached its limit is
    dropped from the batch that `step` receives.

    Parameters
    ----------
    step : callable
        Maps the last tokens (N,), int64, and the state of N hypotheses to the log-probabilities of
        the next token (N, V) and the new state.
    state : tuple of Tensor
        The state before the first step: one row per sequence in dimension 0 of each tensor, of any
        dtype. Rows are selected with ``index_select`` when some have finished, so large constant
        tensors, such as the encoder's outputs, are better kept in a closure of `step`, with the
        row number in the state: see the example.
    begin : int
        The token that comes before the first.
    end : int
        The token that ends a sequence.
    max_length : int or Tensor of int64 of shape (N,)
        Maximum number of tokens, not counting `end`. A sequence that reaches it is truncated: it is
        not `finished`.
    forbidden : sequence of int, default=()
        Tokens that are never generated, such as padding and begin.
    stops : sequence of int, default=()
        Tokens that end a sequence like `end`, but are part of it.

    Returns
    -------
    hypotheses : Hypotheses
        One per row.

    Raises
    ------
    ValueError
        If `step` leaves no token to choose, with the row and the position.

    Examples
    --------
    A step function that generates the tokens in a row of a table. The table is in the closure, and
    the state holds the row and the position of each hypothesis.

    >>> import torch
    >>> from sk_rnn.decoding import greedy
    >>> table = torch.tensor([[3, 1, 2, 0], [2, 0, 0, 0]])  # 0 is the end
    >>> def step(tokens, state):
    ...     row, position = state
    ...     scores = torch.nn.functional.one_hot(table[row, position], 5) * 9.0  # (N, V)
    ...     return scores.log_softmax(1), (row, position + 1)
    >>> state = (torch.arange(2), torch.zeros(2, dtype=torch.int64))
    >>> hypotheses = greedy(step, state, begin=4, end=0, max_length=10, forbidden=[4])
    >>> hypotheses.to_list()
    [[[3, 1, 2]], [[2]]]
    >>> hypotheses.finished
    tensor([[True],
            [True]])
    """
    return _decode(
        step,
        state,
        lambda scores, best_scores, best_tokens, rows, position: best_tokens,
        begin=begin,
        end=end,
        max_length=max_length,
        forbidden=forbidden,
        stops=stops,
        caller="greedy",
    )


def sample(
    step: Step,
    state: DecodingState,
    *,
    begin: int,
    end: int,
    max_length: int | Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
    uniform: Uniform | None = None,
    forbidden: Sequence[int] = (),
    stops: Sequence[int] = (),
) -> Hypotheses:
    """Decode with a random token at each step, drawn from the distribution that `step` returns.

    Parameters
    ----------
    step : callable
        As in :func:`greedy`.
    state : tuple of Tensor
        As in :func:`greedy`.
    begin : int
        The token that comes before the first.
    end : int
        The token that ends a sequence.
    max_length : int or Tensor of int64 of shape (N,)
        Maximum number of tokens, not counting `end`.
    temperature : float, default=1.0
        Log-probabilities are divided by it: values below 1 sharpen the distribution, 0 is greedy
        decoding, and values above 1 flatten it.
    top_k : int, default=None
        Draw only from the `top_k` most probable tokens (Fan et al., 2018); ties are broken by the
        lowest id.
    top_p : float, default=None
        Draw only from the smallest set of most probable tokens whose cumulative probability is at
        least `top_p` (nucleus sampling; Holtzman et al., 2020, section 3.1), after `temperature`
        and `top_k`.
    generator : torch.Generator, default=None
        Source of the random numbers, on the state's device. By default a new one, seeded by the
        operating system. torch's global generators are never touched.
    uniform : callable, default=None
        Alternative to a generator: a function from the indices of the rows still being decoded
        (N,) and the position to uniform numbers in [0, 1), one per row: (N,), float64. With one
        random stream per row, the sample of a row does not depend on the rest of the batch.
    forbidden : sequence of int, default=()
        Tokens that are never generated, such as padding and begin.
    stops : sequence of int, default=()
        Tokens that end a sequence like `end`, but are part of it.

    Returns
    -------
    hypotheses : Hypotheses
        One per row. Their `log_probs` are those returned by `step`, before `temperature`, `top_k`
        and `top_p` are applied.

    Raises
    ------
    ValueError
        If an option is out of range, or `step` leaves no token to choose.

    References
    ----------
    Fan, Lewis & Dauphin (2018), Hierarchical Neural Story Generation, ACL.
    Holtzman, Buys, Du, Forbes & Choi (2020), The Curious Case of Neural Text Degeneration, ICLR.

    Examples
    --------
    >>> import torch
    >>> from sk_rnn.decoding import sample
    >>> log_probs = torch.tensor([0.2, 0.5, 0.3]).log()
    >>> def step(tokens, state):
    ...     return log_probs.expand(len(tokens), -1), state
    >>> drawn = sample(
    ...     step,
    ...     (torch.arange(1000),),
    ...     begin=0,
    ...     end=0,
    ...     max_length=100,
    ...     generator=torch.Generator().manual_seed(0),
    ... )
    >>> round(drawn.lengths.double().mean().item())  # that of a geometric distribution is 4
    4
    """
    if not 0.0 <= temperature < math.inf:
        raise ValueError(
            f"sample: temperature is {temperature!r}. Pass a non-negative number; 0 is greedy."
        )
    if top_k is not None and top_k < 1:
        raise ValueError(f"sample: top_k is {top_k!r}. Pass at least 1, or None for all tokens.")
    if top_p is not None and not 0.0 < top_p <= 1.0:
        raise ValueError(
            f"sample: top_p is {top_p!r}. Pass a probability above 0 and up to 1, or None for all "
            "tokens."
        )
    if generator is None:
        generator = torch.Generator(state[0].device if state else "cpu")
        generator.seed()

    def draw(rows: Tensor, position: int) -> Tensor:
        return torch.rand(len(rows), dtype=torch.float64, device=rows.device, generator=generator)

    draw_each = draw if uniform is None else uniform

    def choose(
        scores: Tensor, best_scores: Tensor, best_tokens: Tensor, rows: Tensor, position: int
    ) -> Tensor:
        if temperature == 0.0:
            return best_tokens
        # Relative to the best score, which then stays zero at any temperature.
        logits = (scores - best_scores[:, None]).double() / temperature  # (N, V)
        if top_k is not None or top_p is not None:
            logits = _truncate(logits, top_k, top_p)
        return _invert(logits.softmax(1), draw_each(rows, position))

    return _decode(
        step,
        state,
        choose,
        begin=begin,
        end=end,
        max_length=max_length,
        forbidden=forbidden,
        stops=stops,
        caller="sample",
    )


def _invert(probs: Tensor, uniform: Tensor) -> Tensor:
    """The first token whose cumulative probability exceeds a number, per row: (N,).

    A token of probability zero adds nothing, so it is never drawn.
    """
    sums = probs.cumsum(1)  # (N, V)
    total = sums[:, -1:]
    # A threshold rounded up to the total would select no token.
    threshold = torch.minimum(uniform[:, None] * total, total.nextafter(torch.zeros_like(total)))
    return torch.searchsorted(sums, threshold, right=True)[:, 0]


def _truncate(logits: Tensor, top_k: int | None, top_p: float | None) -> Tensor:
    """Return logits (N, V) with -inf for the tokens that top-k, and then top-p, leaves out."""
    ordered, tokens = logits.sort(dim=1, descending=True, stable=True)
    if top_k is not None:
        ordered[:, top_k:] = -torch.inf
    # By rounding, the cumulative probability may exceed one before the last token.
    if top_p is not None and top_p < 1.0:
        probs = ordered.softmax(1)
        before = probs.cumsum(1) - probs  # the first has exactly 0 before it and always stays
        ordered = ordered.masked_fill(before >= top_p, -torch.inf)
    return torch.empty_like(logits).scatter_(1, tokens, ordered)


@torch.no_grad()
def _decode(
    step: Step,
    state: DecodingState,
    choose: Callable[[Tensor, Tensor, Tensor, Tensor, int], Tensor],
    *,
    begin: int,
    end: int,
    max_length: int | Tensor,
    forbidden: Sequence[int],
    stops: Sequence[int],
    caller: str,
) -> Hypotheses:
    """Decode with tokens that `choose` selects from scores (N, V), their maxima and argmaxima (N,).

    `choose` also receives the row indices (N,) and the position.
    """
    n_rows = count_rows(state, caller)
    device = state[0].device
    limits = read_limits(max_length, n_rows, device, caller)
    log_probs = torch.zeros(n_rows, dtype=torch.float64, device=device)
    lengths = torch.zeros(n_rows, dtype=torch.int64, device=device)
    finished = torch.zeros(n_rows, dtype=torch.bool, device=device)
    columns: list[Tensor] = []

    stopping = torch.tensor(list(stops), dtype=torch.int64, device=device)
    rows = torch.arange(n_rows, device=device)  # those still decoded, (R,)
    tokens = torch.full_like(rows, begin)
    while len(rows):
        scores, state = step(tokens, state)  # (R, V)
        scores = forbid(scores, forbidden, caller)
        # max returns the first of ties, the lowest id.
        best_scores, best_tokens = scores.max(dim=1)
        check_best(best_scores, rows, len(columns), caller)
        tokens = choose(scores, best_scores, best_tokens, rows, len(columns))  # (R,)
        log_probs[rows] += scores.gather(1, tokens[:, None])[:, 0].double()
        ended = tokens == end
        lengths[rows] += ~ended
        if len(stopping):
            ended = ended | torch.isin(tokens, stopping)
        finished[rows] = ended
        column = torch.full_like(lengths, end)
        column[rows] = tokens
        columns.append(column)
        live = ~ended & (limits[rows] > len(columns))
        if not live.all():
            kept = live.nonzero()[:, 0]
            rows, tokens, state = rows[kept], tokens[kept], take_rows(state, kept)

    n_steps = int(lengths.max()) if n_rows else 0
    padded = torch.stack(columns[:n_steps], 1) if n_steps else lengths.new_zeros(n_rows, 0)
    return Hypotheses(
        padded[:, None],  # (N, 1, L)
        lengths[:, None],
        log_probs[:, None],
        finished[:, None],
    )
