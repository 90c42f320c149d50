"""Strands: each step is trained on once per epoch, and states continue where they should."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sk_rnn.sequences import Panel, Spans
from sk_rnn.training import SequenceData, StrandBatches

BEGIN = -1


def make(lengths, batch_size, n_steps, samples=None):
    """Return strands of rows whose inputs are the numbers of the steps before the targets."""
    n_total = sum(lengths)
    panel = Panel.from_sequences(np.split(np.arange(n_total), np.cumsum(lengths)[:-1]))
    data = SequenceData(Spans.of(panel), torch.device("cpu"), y=np.arange(n_total), per_step=True)
    samples = np.arange(len(lengths)) if samples is None else samples
    return StrandBatches(data, samples, batch_size, n_steps, np.random.RandomState(0), BEGIN)


@pytest.mark.parametrize("lengths", [[100], [30, 50, 7], [1, 1, 1], [5]])
@pytest.mark.parametrize("batch_size", [1, 4, 8])
def test_an_epoch_has_each_step_once(lengths, batch_size):
    strands = make(lengths, batch_size, 6)
    for _ in range(3):
        seen = torch.cat([batch.y.values for batch in strands])
        assert_array_equal(np.sort(seen.numpy()), np.arange(sum(lengths)))


def test_rows_continue_those_of_the_batch_before():
    strands = make([40, 60], 4, 6)
    starts = {0, 40}
    for _ in range(3):
        ends = {}
        for number, batch in enumerate(strands):
            lengths, first = batch.X["lengths"].tolist(), 0
            continues = batch.X["continues"].tolist()
            before, ends = ends, {}
            for row, (n, source) in enumerate(zip(lengths, continues, strict=True)):
                steps = batch.y.values[first : first + n].tolist()
                assert steps == list(range(steps[0], steps[0] + n))
                if source >= 0:
                    assert before[source] + 1 == steps[0]
                else:
                    assert number == 0 or steps[0] in starts
                    assert int(batch.X["x"][0, row]) == BEGIN
                ends[row], first = steps[-1], first + n


def test_strands_differ_between_epochs():
    strands = make([100], 4, 10)
    first, second = (next(iter(strands)).y.values.tolist() for _ in range(2))
    assert first != second


def test_repeated_rows_are_trained_on_as_often():
    strands = make([10, 20], 2, 8, samples=np.array([0, 0, 1]))
    seen = torch.cat([batch.y.values for batch in strands]).bincount()
    assert_array_equal(seen.numpy(), [2] * 10 + [1] * 20)
