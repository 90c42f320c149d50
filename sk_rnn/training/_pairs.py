"""Batches of sequences whose targets are sequences of different lengths."""

import numpy as np
import numpy.typing as npt
import torch

from ..modules import Targets
from ..sequences import Panel, Spans, Standardisation
from ._batches import Batch, SequenceData, step_positions


class PairData(SequenceData):
    """A Panel of sources and one of targets, from which batches are taken.

    The loss has one row per target step, with the weight of its sequence.

    Parameters
    ----------
    spans : Spans
        Sources.
    target : Panel
        Targets, one per source, as inputs of the network.
    device : torch.device
        Device of the batches.
    dtype, scaling
        Of sources: see `SequenceData`.
    weights : ndarray of shape (n_samples,) or None
        Loss weight of each pair.
    labels : ndarray or None
        Labels of the outputs at each target step; None for the values of the targets.
    """

    def __init__(
        self,
        spans: Spans,
        target: Panel,
        device: torch.device,
        *,
        dtype: npt.DTypeLike = np.float32,
        scaling: Standardisation | None = None,
        weights: np.ndarray | None = None,
        labels: np.ndarray | None = None,
    ):
        labels = target.values if labels is None else labels
        if weights is not None:
            weights = np.repeat(weights, target.lengths)
        super().__init__(spans, device, dtype=dtype, scaling=scaling, y=labels, weights=weights)
        self.has_step_targets = True
        self.target = SequenceData(Spans.of(target), device, dtype=target.dtype)

    @property
    def sorting_lengths(self) -> np.ndarray:
        """Sum of source and target lengths: sorted by it, both have little padding."""
        return self.lengths + self.target.lengths

    def target_positions(self, samples: np.ndarray) -> np.ndarray:
        """Positions of the target steps at ``samples``."""
        return step_positions(self.target.offsets, samples)

    def batch(self, samples: np.ndarray) -> Batch:
        """The pairs at ``samples``, padded, time-major, and the labels of all valid steps."""
        source = self.inputs(samples)
        target = self.target.inputs(samples)
        lengths = target["lengths"].numpy()
        # The valid steps, sample by sample, in the flattened (B, L) targets.
        is_step = np.arange(lengths.max()) < lengths[:, None]  # (B, L)
        index = torch.from_numpy(self.target_positions(samples)).to(self.device)
        assert self.y is not None
        return Batch(
            {
                **source,
                "target": target["x"],
                "target_lengths": target["lengths"],
                "positions": torch.from_numpy(np.flatnonzero(is_step)).to(self.device),
            },
            Targets(
                self.y.index_select(0, index),
                None if self.weights is None else self.weights.index_select(0, index),
                target["lengths"],
            ),
        )
