"""The network and decoding of `Seq2SeqTransformer`, below scikit-learn's methods."""

from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Any, ClassVar, NamedTuple, cast

import numpy as np
import torch
from sklearn.utils._param_validation import validate_parameter_constraints
from torch import Tensor

from ..decoding import beam_search, greedy
from ..modules import ROW_MULTIPLE, Memory, Seq2SeqModel, gaussian_log_density
from ..sequences import Panel, Spans, plain_number
from ..training import (
    Batch,
    PairData,
    PredictionBatches,
    SequenceData,
    run_flushed,
)
from ._network import Model
from ._pair_targets import PairTargets
from ._parameters import check_objects, encoder_conflicts, refuse
from ._reading import float_type
from ._search import RowStreams, Search, decode_numbers, search_tokens
from ._sides import BEGIN, END, UNKNOWN
from ._sources import SourceReader

Remember = Callable[[Batch], Memory]

# Number of hypotheses that are decoded together.
DECODE_ROWS = 1024

# Number of token scores, decoder states or attention weights that are kept in memory at a time when
# given targets are scored or aligned.
MAX_SCORES = 1 << 24

# Vocabulary size from which tied_embeddings="auto" is True: word-level translation was better (chrF
# 37.5 against 35.8 after 8 epochs) and a fifth faster; letters and phonemes were the same.
MANY_TOKENS = 1000

# With max_length="auto", decoding stops after this multiple of the longest target in fit.
SPARE_LENGTH = 2


MARKS: dict[str, Any] = {"begin": BEGIN, "end": END, "forbidden": (BEGIN, UNKNOWN)}


class Decoded(NamedTuple):
    """Hypotheses of one sample, best first.

    Attributes
    ----------
    ids : list of list of int
        Token ids without the end mark.
    log_probs : ndarray of float64
    finished : ndarray of bool
        Whether the end was predicted before `max_length` truncated the target.
    """

    ids: list[list[int]]
    log_probs: np.ndarray
    finished: np.ndarray


class Translation(SourceReader, PairTargets):
    """The encoder-decoder network, and decoding with it."""

    _module_class: ClassVar[type[Model]] = Seq2SeqModel
    _architecture: ClassVar[tuple[str, ...]] = (
        "cell",
        "hidden_size",
        "num_layers",
        "bidirectional",
        "attention",
        "input_feeding",
        "feedback",
        "tied_embeddings",
        "scheduled_sampling",
        "dropout",
        "recurrent_dropout",
        "layer_norm",
        "conv_channels",
        "conv_kernel_size",
        "conv_stride",
        "freeze_embedding",
        "embedding_dropout",
        "word_dropout",
    )

    _reading: ClassVar[tuple[str, ...]] = (
        "source_kind",
        "target_kind",
        "source_analyzer",
        "target_analyzer",
        "source_min_df",
        "target_min_df",
        "embedding_dim",
        "embedding_weights",
    )

    # --- the network ----------------------------------------------------------------------------

    def _check_combinations(self, params: dict[str, Any], caller: str) -> None:
        check_objects(params, caller)
        no_feedback = params["feedback"] in (False,)  # NumPy's False, too
        conflicts = [
            *encoder_conflicts(params),
            (
                params["input_feeding"] and params["recurrent_dropout"] > 0,
                f"recurrent_dropout={params['recurrent_dropout']} keeps one mask for a whole "
                "sequence, but input_feeding=True computes one step at a time. Set "
                "recurrent_dropout=0 or input_feeding=False.",
            ),
            (
                no_feedback and params["scheduled_sampling"] > 0,
                f"scheduled_sampling={params['scheduled_sampling']} has no effect with "
                "feedback=False, where the decoder reads no target. Set scheduled_sampling=0.",
            ),
            (
                no_feedback and params["tied_embeddings"] not in ("auto", False),
                "tied_embeddings=True has no effect with feedback=False, where the decoder embeds "
                "no tokens. Set tied_embeddings=False.",
            ),
        ]
        refuse(conflicts, caller)

    def _fix_meaning(self) -> None:
        self._per_step = False

    def _more_arguments(self) -> dict[str, Any]:
        numbers = self._target_form == "numbers"
        tied = plain_number(self.tied_embeddings)
        feedback = not numbers if self.feedback == "auto" else bool(self.feedback)
        conflicts = [
            (
                numbers and tied is True,
                "tied_embeddings=True has no effect if y is numbers, which are not embedded. Set "
                "tied_embeddings=False.",
            ),
            (
                not feedback and self.scheduled_sampling > 0,
                f"scheduled_sampling={self.scheduled_sampling} has no effect if y is numbers, "
                "which the decoder does not read with feedback='auto'. Set feedback=True.",
            ),
            self._length_conflict(),
        ]
        refuse(conflicts, f"{type(self).__name__}.fit")
        attention = self.attention
        if attention == "auto":
            # On series, which are longer than words, additive attention dominates the run time and
            # was not better (24 steps of a noisy sine from 72: R² .952 against .951, four times as
            # slow); on spelling to phonemes it was (error rate .123 against .135).
            attention = "additive" if self._tokens else "general"
            attention = None if self._autoencoder else attention
        if tied == "auto":
            tied = feedback and not numbers and len(self._target_tokens) >= MANY_TOKENS
        return {
            "tied_embeddings": tied,
            "num_tokens": None if numbers else len(self._target_vocabulary),
            "n_target_features": self._n_target_features if numbers else 1,
            "begin": BEGIN,
            "feedback": feedback,
            "attention": attention,
            "target_embedding_dim": self.embedding_dim,
            "target_embedding_dropout": self.embedding_dropout,
        }

    def _score_function(self) -> Any:
        return None

    # --- batches --------------------------------------------------------------------------------

    @property
    def _model(self) -> Seq2SeqModel:
        return cast(Seq2SeqModel, self.net_.module_)

    def _each_row(
        self,
        data: SequenceData,
        function: Callable[[Batch, np.ndarray], Any],
        *,
        max_rows: int = DECODE_ROWS,
    ) -> list[Any]:
        """Call ``function`` with batches of ``data`` and return its results in row order.

        It is also passed the row indices of the batch. Batches are padded with copies of their
        last row, whose results are dropped.
        """
        net = self.net_
        batches = PredictionBatches(data, batch_size=max(1, max_rows), pad_samples=True)

        numbers = iter(batches.batches)

        def run(batch: Batch) -> Any:
            chosen = next(numbers)
            n_filling = len(batch.X["lengths"]) - len(chosen)
            with net.autocast():
                return function(batch, np.pad(chosen, (0, n_filling), mode="edge"))

        with self._explaining(data.given):
            results = run_flushed(
                lambda interrupted: net.each_batch(batches, run, interrupted), backend=net.backend
            )
        rows = np.concatenate(batches.batches).tolist()
        found = chain.from_iterable(
            part[: len(batch)] for part, batch in zip(results, batches.batches, strict=True)
        )
        by_row = dict(zip(rows, found, strict=True))
        return [by_row[row] for row in range(len(rows))]

    def _remember(self, batch: Batch) -> Memory:
        memory = self._model.remember(**batch.X)
        _refuse_infinite(memory.encoding)
        return memory

    def _check_decoding(self, caller: str) -> None:
        """Refuse invalid decoding parameters that were set after fit."""
        names = ("max_length", "beam_width", "length_penalty", "transform_method")
        validate_parameter_constraints(
            {name: self._parameter_constraints[name] for name in names},
            {name: getattr(self, name) for name in names},
            caller_name=type(self).__name__,
        )
        refuse([self._length_conflict()], caller)

    def _length_conflict(self) -> tuple[bool, str]:
        """Whether `max_length` would truncate targets of fixed length, with the message."""
        n_steps, limit = self._target_steps, self.max_length
        return (
            n_steps is not None and limit != "auto" and limit < n_steps,
            f"max_length={limit} is less than the {n_steps} time steps that every target in fit "
            "has, which is also the length of all predictions. Set max_length='auto', or fit on "
            "shorter targets.",
        )

    def _limit(self) -> int:
        """Return the maximum number of steps to decode."""
        if self.max_length != "auto":
            return int(self.max_length)
        return max(1, SPARE_LENGTH * self._longest)

    # --- tokens ---------------------------------------------------------------------------------

    def _search(self, n_best: int = 1) -> Search:
        """Return the search that `predict` uses, for ``n_best`` hypotheses."""
        width = max(int(self.beam_width), n_best)
        if width == 1:
            return partial(greedy, max_length=self._limit(), **MARKS)
        return partial(
            beam_search,
            max_length=self._limit(),
            beam_width=width,
            n_best=n_best,
            length_penalty=float(self.length_penalty),
            **MARKS,
        )

    def _decode_tokens(
        self,
        spans: Spans,
        search: Search,
        remember: Remember | None = None,
        *,
        width: int = 1,
        seed: int | None = None,
    ) -> list[Decoded]:
        """Decode each source of ``spans``; the best hypotheses come first.

        With a ``seed``, the search is given a separate stream of random numbers for each row.
        """
        data, remember = self._data_to_decode(spans, remember)

        def decode(batch: Batch, rows: np.ndarray) -> list[Decoded]:
            chosen = search
            if seed is not None:
                chosen = partial(search, uniform=RowStreams(seed, rows))
            found = search_tokens(self._model, remember(batch), chosen)
            _refuse_infinite(found.log_probs[:, 0])
            log_probs = found.log_probs.cpu().numpy()
            finished = found.finished.cpu().numpy()
            parts = zip(found.to_list(), log_probs, finished, strict=True)
            return [Decoded(ids, scores[: len(ids)], ends) for ids, scores, ends in parts]

        return self._each_row(data, decode, max_rows=DECODE_ROWS // width)

    def _data_to_decode(
        self, spans: Spans, remember: Remember | None
    ) -> tuple[SequenceData, Remember]:
        """Return sources as network inputs, or encodings unchanged if ``remember`` is given."""
        if remember is None:
            return self._source_data(spans), self._remember
        return SequenceData(spans, self.net_.device, dtype=float_type(self)), remember

    # --- numbers --------------------------------------------------------------------------------

    def _decode_numbers(
        self,
        spans: Spans,
        remember: Remember | None = None,
        *,
        lengths: np.ndarray | None = None,
    ) -> list[np.ndarray]:
        """Decode each source of ``spans`` into scaled numbers (n_timesteps, n_features).

        ``lengths`` are the numbers of steps; without it, the model predicts them.
        """
        data, remember = self._data_to_decode(spans, remember)
        learned_end = lengths is None and self._target_steps is None
        n_steps = self._target_steps or self._limit()
        if lengths is not None:
            n_steps = int(lengths.max())

        def decode(batch: Batch, rows: np.ndarray) -> list[np.ndarray]:
            memory = remember(batch)
            values, ends = decode_numbers(self._model, memory, n_steps, learned_end=learned_end)
            _refuse_infinite(values)
            arrays = as_numpy(values)
            return [array[:end] for array, end in zip(arrays, ends.tolist(), strict=True)]

        decoded = self._each_row(data, decode)
        if lengths is not None:
            decoded = [array[:n] for array, n in zip(decoded, lengths.tolist(), strict=True)]
        return decoded

    # --- scoring and alignment ------------------------------------------------------------------

    def _log_likelihood(self, spans: Spans, target: Panel) -> np.ndarray:
        """Return the log-likelihood of each encoded target given its source: (n_samples,)."""
        numbers = self._target_form == "numbers"
        caller = f"{type(self).__name__}.score_samples"
        data = self._make_data(spans, target, None, np.arange(len(spans)), self.net_.device, caller)
        fixed = self._target_steps is not None
        log_scale = 0.0 if not numbers else float(np.log(self._target_scale).sum())

        def score(batch: Batch, rows: np.ndarray) -> np.ndarray:
            outputs = self._model(**batch.X)
            _refuse_infinite(outputs)
            outputs = outputs.float() if outputs.dtype == torch.bfloat16 else outputs
            labels = cast(Tensor, batch.y.values)
            if numbers:
                scores = gaussian_log_density(outputs, labels, fixed=fixed)
            else:
                log_probs = torch.log_softmax(outputs, dim=1)
                scores = log_probs.gather(1, labels[:, None])[:, 0]
            n_rows = len(batch.X["target_lengths"])
            row_of_step = torch.repeat_interleave(torch.arange(n_rows), batch.X["target_lengths"])
            total = torch.zeros(n_rows, dtype=torch.float64)
            return total.index_add_(0, row_of_step, scores.double().cpu()).numpy()

        scores = np.array(self._each_row(data, score, max_rows=self._rows_at_once(spans, target)))
        # The density of y, not of the scaled numbers.
        return scores - log_scale * (1 if fixed else target.lengths)

    def _align(self, spans: Spans, target: Panel) -> list[np.ndarray]:
        """Return attention weights for encoded targets: (n_target_steps, n_source_steps) each."""
        if self._target_form == "numbers":
            target = self._scale_target(target, f"{type(self).__name__}.align: y")
        data = PairData(spans, target, self.net_.device, **self._source_options())
        stride = self._built_with["conv_stride"]

        def align(batch: Batch, rows: np.ndarray) -> list[np.ndarray]:
            inputs = {name: batch.X[name] for name in batch.X if name != "positions"}
            weights = as_numpy(cast(Tensor, self._model.align(**inputs)))  # (B, L, S)
            n_steps = batch.X["target_lengths"].tolist()
            n_sources = (-(-batch.X["lengths"] // stride)).tolist()
            # Copies: views would keep the whole padded batch in memory.
            return [
                weight[:n, :m].copy()
                for weight, n, m in zip(weights, n_steps, n_sources, strict=True)
            ]

        return self._each_row(data, align, max_rows=self._rows_at_once(spans, target))

    def _rows_at_once(self, spans: Spans, target: Panel) -> int:
        """Return the batch size for which memory does not grow with the lengths."""
        decoder = self._model.decoder
        widest = [decoder.output.out_features, decoder.readout_size]
        if decoder.attention is not None:
            widest.append(int(spans.lengths.max()))
        n_values = int(target.lengths.max()) * max(widest)
        # Batches are padded to a multiple anyway.
        return max(ROW_MULTIPLE, min(DECODE_ROWS, MAX_SCORES // n_values))

    def _encode(self, spans: Spans) -> np.ndarray:
        """Return the encoding of each source: (n_samples, n_encoded)."""
        data = self._source_data(spans)

        def encode(batch: Batch, rows: np.ndarray) -> np.ndarray:
            return as_numpy(self._model.encode(**batch.X))

        return np.stack(self._each_row(data, encode))


def _refuse_infinite(outputs: Tensor) -> None:
    if not bool(torch.isfinite(outputs).all()):
        raise FloatingPointError("outputs are not finite")


def recall(batch: Batch) -> Memory:
    """Use the inputs as encodings, without reading sources."""
    return Memory(batch.X["x"][0])


def as_numpy(values: Tensor) -> np.ndarray:
    """Convert a tensor on any device to an array; bfloat16, which NumPy lacks, to float32."""
    return (values.float() if values.dtype == torch.bfloat16 else values).cpu().numpy()
