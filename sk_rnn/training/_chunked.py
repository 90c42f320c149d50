"""Prediction in chunks, for sequences whose activations would not fit into memory."""

import torch
from torch import Tensor, nn

from ..modules import Chunk, ChunkedRun, SequenceModel, ValidSteps

# Sequences longer than this are predicted in chunks, whose activations always fit into memory. A
# prediction batch has only one such sequence, so results do not depend on the rest of the batch.
MAX_UNCHUNKED_STEPS, CHUNK_STEPS = 32_768, 1_024


def infer(module: nn.Module, x: Tensor, **others: Tensor) -> Tensor:
    """Outputs of the module for a batch; in chunks if it is long and needs no gradients.

    Parameters
    ----------
    module : Module
        Only a `SequenceModel` with a built-in cell can be run in chunks.
    x : Tensor of shape (T, B, F), or (T, B) for token ids
    **others : Tensor
        Further arguments of the module.
    """
    if (
        len(x) > MAX_UNCHUNKED_STEPS
        and not torch.is_grad_enabled()
        and isinstance(module, SequenceModel)
        and module.encoder.recurrent.carries
    ):
        return _by_chunks(module, x, **others)
    return module(x, **others)


def _by_chunks(
    model: SequenceModel, x: Tensor, lengths: Tensor, positions: Tensor | None = None
) -> Tensor:
    """Outputs without gradients, with memory independent of the length."""
    x = model.prepare(x, ValidSteps(lengths, x.device))
    run = ChunkedRun(model.encoder, x, lengths, CHUNK_STEPS)
    if model.pooling is not None:
        totals = model.pooling.totals(run)
        run.carry(totals.add)
        return model.head(totals.pooled(totals.values))
    outputs = run.reference.new_zeros(*x.shape[:2], model.n_outputs)  # (T, B, O)

    def keep(states: Tensor, chunk: Chunk) -> None:
        chunk_outputs = model.head(states.flatten(0, 1)).unflatten(0, states.shape[:2])
        outputs[chunk.start : chunk.stop, chunk.rows] = chunk_outputs.to(outputs.dtype)

    run.carry(keep)
    return outputs.flatten(0, 1)[positions]
