"""Results of a network for each sequence, computed in batches."""

from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np

from ..sequences import Spans
from ..training import Batch, PredictionBatches, RecurrentNet, SequenceData

# Number of sequences, or of hypotheses, that are decoded together.
DECODE_ROWS = 1024


def each_row(
    net: RecurrentNet,
    run: Callable[[Spans, Callable[..., Any]], Any],
    data: SequenceData,
    function: Callable[[Batch, np.ndarray], Any],
    *,
    max_rows: int = DECODE_ROWS,
) -> list[Any]:
    """Call ``function`` with batches of ``data`` and return its results in row order.

    It is also passed the row indices of the batch, and returns one result for each. Batches are
    padded with copies of their last row, whose results are dropped.

    Parameters
    ----------
    net : RecurrentNet
        The network.
    run : callable
        Called with sequences and a function that computes outputs for them. Runs the function, and
        raises an error that explains outputs that are not finite.
    data : SequenceData
        The sequences.
    function : callable
        Called with a batch and row indices.
    max_rows : int
        Maximum number of sequences per batch.
    """
    batches = PredictionBatches(data, batch_size=max(1, max_rows), pad_samples=True)
    numbers = iter(batches.batches)

    def compute(batch: Batch) -> Any:
        chosen = next(numbers)
        n_filling = len(batch.X["lengths"]) - len(chosen)
        with net.autocast():
            return function(batch, np.pad(chosen, (0, n_filling), mode="edge"))

    results = run(data.given, lambda interrupted: net.each_batch(batches, compute, interrupted))
    rows = np.concatenate(batches.batches).tolist()
    found = chain.from_iterable(
        part[: len(batch)] for part, batch in zip(results, batches.batches, strict=True)
    )
    by_row = dict(zip(rows, found, strict=True))
    return [by_row[row] for row in range(len(rows))]
