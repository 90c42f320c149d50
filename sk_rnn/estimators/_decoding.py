"""Predictions of a `Seq2SeqModel`: decoding, scoring and alignment, in batches."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from ..decoding import beam_search, greedy
from ..modules import ROW_MULTIPLE, Memory, Seq2SeqModel, gaussian_log_density
from ..sequences import Panel, Spans
from ..training import Batch, PairData, RecurrentNet, SequenceData
from ._by_row import DECODE_ROWS, each_row
from ._stepping import RowStreams, Search, decode_numbers, search_tokens
from ._texts import BEGIN, END, UNKNOWN
from .targets import PairTarget, SeriesTarget

# Encodes the sources of a batch.
Encode = Callable[[Batch], Memory]

# Number of token scores, decoder states or attention weights that are kept in memory at a time when
# given targets are scored or aligned.
MAX_SCORES = 1 << 24

MARKS: dict[str, Any] = {"begin": BEGIN, "end": END, "forbidden": (BEGIN, UNKNOWN)}


class Decoded(NamedTuple):
    """Hypotheses of one sample, best first.

    Attributes
    ----------
    ids : list of list of int
        Token ids without the end token.
    log_probs : ndarray of float64
    finished : ndarray of bool
        Whether the end was predicted before `max_length` truncated the target.
    """

    ids: list[list[int]]
    log_probs: np.ndarray
    finished: np.ndarray


@dataclass(frozen=True)
class PairDecoder:
    """A fitted encoder-decoder network, and how to decode with it.

    Parameters
    ----------
    net : RecurrentNet
        Around a `Seq2SeqModel`.
    target : PairTarget
        The targets that the network predicts.
    inputs : dict
        ``dtype`` and ``scaling`` of sources, see `SequenceData`.
    run : callable
        Called with sequences and a function that computes outputs for them. Runs the function, and
        raises an error that explains outputs that are not finite.
    max_length : int
        Maximum number of steps to decode.
    beam_width : int
        Number of hypotheses in a search; 1 for greedy decoding.
    length_penalty : float
        See `beam_search`.
    stride : int
        Number of time steps of a source per step of its encoding.
    """

    net: RecurrentNet
    target: PairTarget
    inputs: dict[str, Any]
    run: Callable[[Spans, Callable[..., Any]], Any]
    max_length: int
    beam_width: int
    length_penalty: float
    stride: int

    @property
    def model(self) -> Seq2SeqModel:
        """The network."""
        return cast(Seq2SeqModel, self.net.module_)

    # --- tokens ---------------------------------------------------------------------------------

    def search(self, n_best: int = 1) -> Search:
        """Return the search for the ``n_best`` hypotheses."""
        width = max(self.beam_width, n_best)
        if width == 1:
            return partial(greedy, max_length=self.max_length, **MARKS)
        return partial(
            beam_search,
            max_length=self.max_length,
            beam_width=width,
            n_best=n_best,
            length_penalty=self.length_penalty,
            **MARKS,
        )

    def decode_tokens(
        self,
        spans: Spans,
        search: Search | None = None,
        *,
        encoded: bool = False,
        width: int | None = None,
        seed: int | None = None,
    ) -> list[Decoded]:
        """Decode each source of ``spans``; the best hypotheses come first.

        Parameters
        ----------
        spans : Spans
            Sources, or with ``encoded`` their encodings.
        search : callable or None
            A function of `sk_rnn.decoding`; None for `search`.
        encoded : bool, default=False
            Whether ``spans`` are encodings.
        width : int or None
            Number of hypotheses per source; None for ``beam_width``.
        seed : int or None
            If given, the search gets a separate stream of random numbers for each row.
        """
        search = search or self.search()
        data, encode = self._data_to_decode(spans, encoded)

        def decode(batch: Batch, rows: np.ndarray) -> list[Decoded]:
            chosen = search
            if seed is not None:
                chosen = partial(search, uniform=RowStreams(seed, rows))
            found = search_tokens(self.model, encode(batch), chosen)
            _check_finite(found.log_probs[:, 0])
            log_probs = found.log_probs.cpu().numpy()
            finished = found.finished.cpu().numpy()
            parts = zip(found.to_list(), log_probs, finished, strict=True)
            return [Decoded(ids, scores[: len(ids)], ends) for ids, scores, ends in parts]

        max_rows = DECODE_ROWS // (width or self.beam_width)
        return self._each_row(data, decode, max_rows=max_rows)

    # --- numbers --------------------------------------------------------------------------------

    def decode_numbers(
        self, spans: Spans, *, encoded: bool = False, lengths: np.ndarray | None = None
    ) -> list[np.ndarray]:
        """Decode each source of ``spans`` into scaled numbers (n_timesteps, n_features).

        ``lengths`` are the numbers of steps; if None, the model predicts them.
        """
        data, encode = self._data_to_decode(spans, encoded)
        learned_end = lengths is None and self.target.n_steps is None
        n_steps = self.target.n_steps or self.max_length
        if lengths is not None:
            n_steps = int(lengths.max())

        def decode(batch: Batch, rows: np.ndarray) -> list[np.ndarray]:
            memory = encode(batch)
            values, ends = decode_numbers(self.model, memory, n_steps, learned_end=learned_end)
            _check_finite(values)
            arrays = _as_numpy(values)
            return [array[:end] for array, end in zip(arrays, ends.tolist(), strict=True)]

        decoded = self._each_row(data, decode)
        if lengths is not None:
            decoded = [array[:n] for array, n in zip(decoded, lengths.tolist(), strict=True)]
        return decoded

    # --- scoring, alignment and encoding --------------------------------------------------------

    def log_likelihood(self, spans: Spans, target: Panel, caller: str) -> np.ndarray:
        """Return the log-likelihood of each encoded target given its source: (n_samples,)."""
        numbers = self.target if isinstance(self.target, SeriesTarget) else None
        fixed = self.target.n_steps is not None
        data = self.target.data(
            target, spans, np.arange(len(spans)), None, self.net.device, caller, **self.inputs
        )

        def score(batch: Batch, rows: np.ndarray) -> np.ndarray:
            outputs = self.model(**batch.X)
            _check_finite(outputs)
            outputs = outputs.float() if outputs.dtype == torch.bfloat16 else outputs
            labels = cast(Tensor, batch.y.values)
            if numbers is not None:
                scores = gaussian_log_density(outputs, labels, fixed=fixed)
            else:
                log_probs = torch.log_softmax(outputs, dim=1)
                scores = log_probs.gather(1, labels[:, None])[:, 0]
            n_rows = len(batch.X["target_lengths"])
            row_of_step = torch.repeat_interleave(torch.arange(n_rows), batch.X["target_lengths"])
            total = torch.zeros(n_rows, dtype=torch.float64)
            return total.index_add_(0, row_of_step, scores.double().cpu()).numpy()

        scores = np.array(self._each_row(data, score, max_rows=self._rows_at_once(spans, target)))
        if numbers is None:
            return scores
        # The density of y, not of the scaled numbers.
        return scores - numbers.log_scale * (1 if fixed else target.lengths)

    def align(self, spans: Spans, target: Panel, caller: str) -> list[np.ndarray]:
        """Return attention weights for encoded targets: (n_target_steps, n_source_steps) each."""
        given, _ = self.target.network_targets(target, f"{caller}: y")
        data = PairData(spans, given, self.net.device, **self.inputs)

        def align(batch: Batch, rows: np.ndarray) -> list[np.ndarray]:
            inputs = {name: batch.X[name] for name in batch.X if name != "positions"}
            weights = _as_numpy(cast(Tensor, self.model.align(**inputs)))  # (B, L, S)
            n_steps = batch.X["target_lengths"].tolist()
            n_sources = (-(-batch.X["lengths"] // self.stride)).tolist()
            # Copies: views would keep the whole padded batch in memory.
            return [
                weight[:n, :m].copy()
                for weight, n, m in zip(weights, n_steps, n_sources, strict=True)
            ]

        return self._each_row(data, align, max_rows=self._rows_at_once(spans, target))

    def encode(self, spans: Spans) -> np.ndarray:
        """Return the encoding of each source: (n_samples, n_encoded)."""
        data = SequenceData(spans, self.net.device, **self.inputs)

        def encode(batch: Batch, rows: np.ndarray) -> np.ndarray:
            return _as_numpy(self.model.encode(**batch.X))

        return np.stack(self._each_row(data, encode))

    # --- batches --------------------------------------------------------------------------------

    def _data_to_decode(self, spans: Spans, encoded: bool) -> tuple[SequenceData, Encode]:
        """Return inputs of the network, and the function from a batch to its encoded sources."""
        if encoded:
            data = SequenceData(spans, self.net.device, dtype=self.inputs["dtype"])
            return data, lambda batch: Memory(batch.X["x"][0])
        return SequenceData(spans, self.net.device, **self.inputs), self._encode_batch

    def _encode_batch(self, batch: Batch) -> Memory:
        memory = self.model.remember(**batch.X)
        _check_finite(memory.encoding)
        return memory

    def _each_row(
        self,
        data: SequenceData,
        function: Callable[[Batch, np.ndarray], Any],
        *,
        max_rows: int = DECODE_ROWS,
    ) -> list[Any]:
        return each_row(self.net, self.run, data, function, max_rows=max_rows)

    def _rows_at_once(self, spans: Spans, target: Panel) -> int:
        """Return the batch size for which memory does not grow with the lengths."""
        decoder = self.model.decoder
        widest = [decoder.output.out_features, decoder.readout_size]
        if decoder.attention is not None:
            widest.append(int(spans.lengths.max()))
        n_values = int(target.lengths.max()) * max(widest)
        # Batches are padded to a multiple anyway.
        return max(ROW_MULTIPLE, min(DECODE_ROWS, MAX_SCORES // n_values))


def _check_finite(outputs: Tensor) -> None:
    if not bool(torch.isfinite(outputs).all()):
        raise FloatingPointError("outputs are not finite")


def _as_numpy(values: Tensor) -> np.ndarray:
    """Convert a tensor on any device to an array; bfloat16, which NumPy lacks, to float32."""
    return (values.float() if values.dtype == torch.bfloat16 else values).cpu().numpy()
