"""Attention of a decoder over an encoder's states."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ._linear import make_linear
from ._steps import ValidSteps

# Maximum number of values in the hidden layer of additive attention, computed at once in
# prediction; or the size of the keys, which are in memory anyway, if that is larger.
MAX_MIXED = 1 << 22

ATTENTIONS = ("additive", "dot", "general")


class Memory(NamedTuple):
    """The encoded sources, as input of a decoder, batch first.

    Attributes
    ----------
    encoding : Tensor of shape (B, E)
        Each source encoded as one vector.
    values, keys : Tensor of shape (B, S, E) and (B, S, K), or None
        The encoder's states, and the keys that queries are compared with; None without attention.
    padding : Tensor of bool of shape (B, 1, S), or None
        True at padded source steps; None if no source is padded.
    """

    encoding: Tensor
    values: Tensor | None = None
    keys: Tensor | None = None
    padding: Tensor | None = None

    def take(self, rows: Tensor) -> "Memory":
        """Select rows of the memory, in this order."""
        taken = (None if part is None else part.index_select(0, rows) for part in self[1:])
        return Memory(self.encoding.index_select(0, rows), *taken)


class Attention(nn.Module):
    r"""Attention weights over the source steps for each target step.

    Parameters
    ----------
    kind : {"additive", "dot", "general"}
        How a query :math:`q` is compared with a state :math:`m`. "additive" is
        :math:`v^\top \tanh(W q + U m)` (Bahdanau, Cho & Bengio, 2015, appendix A.1.2); "general" is
        :math:`q^\top W m` and "dot" :math:`q^\top m` (Luong, Pham & Manning, 2015, section 3.1),
        where the two directions of a bidirectional encoder are added.
    query_size, memory_size : int
        Sizes of a query and of a state. For "dot", the states have the size of a query, or twice
        that size.
    generator : torch.Generator or None
        Source of the initial weights.

    Examples
    --------
    >>> import torch
    >>> from sk_rnn.modules import Attention, Memory, ValidSteps
    >>> attention = Attention("dot", 2, 2)
    >>> states = torch.tensor([[[9.0, 0.0]], [[0.0, 9.0]], [[5.0, 5.0]]])  # (S, B, E)
    >>> valid = ValidSteps(torch.tensor([3]), states.device)
    >>> memory = attention.remember(states, valid, states[-1])
    >>> weights = attention(torch.tensor([[[3.0, 0.0], [0.0, 3.0]]]), memory)  # (B, L, S)
    >>> weights.argmax(2)
    tensor([[0, 1]])
    """

    def __init__(
        self,
        kind: str,
        query_size: int,
        memory_size: int,
        *,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.kind = kind
        self.query_size = query_size
        if kind == "additive":
            self.query = make_linear(query_size, query_size, generator, bias=False)
            self.key = make_linear(memory_size, query_size, generator)
            bound = 1.0 / math.sqrt(query_size)
            score = torch.empty(query_size, dtype=torch.float32)
            self.score = nn.Parameter(score.uniform_(-bound, bound, generator=generator))
        elif kind == "general":
            self.key = make_linear(memory_size, query_size, generator, bias=False)

    def remember(self, states: Tensor, valid: ValidSteps, encoding: Tensor) -> Memory:
        """Compute keys and values from the encoder's states (S, B, E), for all target steps."""
        values = states.transpose(0, 1).contiguous()  # (B, S, E)
        if self.kind == "dot":
            keys = values.unflatten(2, (-1, self.query_size)).sum(2)  # both directions
        else:
            keys = self.key(values)  # (B, S, K)
        padding = None if valid.full else ~valid.mask.T[:, None, :]  # (B, 1, S)
        if padding is not None:
            # 0 * undefined may be NaN, so the values at padded steps are zeroed as well.
            values = values.masked_fill(padding.transpose(1, 2), 0.0)
        return Memory(encoding, values, keys, padding)

    def forward(self, queries: Tensor, memory: Memory) -> Tensor:
        """(B, L, query_size) to weights (B, L, S), which sum to one over the valid steps."""
        keys = memory.keys
        assert keys is not None
        if self.kind == "additive":
            scores = self._compare(self.query(queries), keys)  # (B, L, S)
        else:
            scores = torch.bmm(queries, keys.transpose(1, 2))
        if memory.padding is not None:
            scores = scores.masked_fill(memory.padding, -torch.inf)
        return torch.softmax(scores, dim=2)

    def _compare(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Additive attention scores of each query and key: (B, L, S)."""
        n_steps = queries.shape[1]
        # The backward pass needs the hidden layer of all steps. Without gradients it is computed
        # for a limited number of target steps at a time, with bitwise identical results.
        if not torch.is_grad_enabled():
            n_steps = max(1, MAX_MIXED // keys.numel())
        scores = [
            torch.tanh(part[:, :, None] + keys[:, None]) @ self.score  # of (B, l, S, K)
            for part in queries.split(n_steps, dim=1)
        ]
        return scores[0] if len(scores) == 1 else torch.cat(scores, 1)
