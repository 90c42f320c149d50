"""Targets of `Seq2SeqTransformer`: encoding of strings, tokens or numbers, and decoding."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import torch

from ..modules import CrossEntropy, SquaredError, StepsAndEnd, WeightedLoss
from ..sequences import (
    Panel,
    Spans,
    Vocabulary,
    align_to_samples,
    counted,
    is_sequence,
    is_table,
    locate,
    open_foreign,
    read_spans,
    weighted_statistics,
)
from ..training import PairData, Readout, read_classes
from ._base import BaseRNN
from ._reading import float_type, mismatch_hint
from ._rows import learn_scaling
from ._sides import (
    END,
    RESERVED,
    Side,
    are_whole,
    fitted_with,
    is_rectangle,
    join_tokens,
    joiner_of,
    learn_vocabulary,
    make_analyzer,
    read_side,
    split_texts,
    warn_of_unknown,
)
from ._sources import KIND
from ._targets import scale_targets


class PairTargets(BaseRNN):
    """Convert y to a Panel, and decoded targets to the kind of y.

    Encoded targets are a Panel: ids, each target followed by the end mark, or unscaled numbers.
    """

    _source_form: str
    _target_form: str
    _target_steps: Any
    _target_whole: str | None
    _longest: int
    _target_tokens: Any

    @property
    def target_vocabulary_(self) -> dict[Hashable, int] | None:
        """The id of each token of y; None for numbers."""
        return None if self._target_tokens is None else self._target_vocabulary.ids

    @property
    def _target_vocabulary(self) -> Vocabulary:
        return Vocabulary(self._target_tokens, RESERVED)

    # --- reading --------------------------------------------------------------------------------

    def _read_target(
        self, y: Any, X: Any, spans: Spans, caller: str, *, reset: bool, input_name: str = "y"
    ) -> Panel:
        where = f"{caller}: {input_name}"
        if y is None:
            raise ValueError(
                f"{caller}: {type(self).__name__} requires y to be passed, but the target y is "
                "None. Pass one target per sample; only an autoencoder needs none."
            )
        y = align_to_samples(open_foreign(y, where), spans, where)
        side = self._open_target(y, where, reset=reset)
        if reset:
            self._target_form = side.form
            self._target_tokens = None
        if side.form == "numbers":
            target = self._read_target_numbers(y, caller, reset=reset, input_name=input_name)
        else:
            target = self._read_target_tokens(side, where, reset=reset)
        check_one_each(len(target), len(spans), caller, input_name, X)
        return target

    def _open_target(self, y: Any, where: str, *, reset: bool) -> Side:
        """Distinguish strings, tokens and numbers; only strings and tokens are converted."""
        # Ragged lists are not padded; their zeros may be tokens.
        y = open_foreign(y, where)
        padded = self._autoencoder or is_rectangle(y)
        padding_value = self.padding_value if padded else None
        if not reset:
            return read_side(
                y,
                KIND[self._target_form],
                where,
                fitted_with(self._target_form),
                padding_value=padding_value,
                whole=self._target_whole,
            )
        kind, because = self._target_kind(), f"target_kind={self.target_kind!r}"
        side = read_side(y, kind, where, because, padding_value=padding_value)
        auto = kind == "auto" and side.form == "tokens"
        self._target_whole = "target_kind" if auto and are_whole(side.rows or []) else None
        if side.form == "ids":
            return read_side(y, "tokens", where, padding_value=padding_value)
        return side

    def _target_kind(self) -> str:
        if not self._autoencoder:
            return self.target_kind
        return KIND[self._source_form]

    def _read_target_tokens(self, side: Side, where: str, *, reset: bool) -> Panel:
        rows = side.rows or []
        name = "source_analyzer" if self._autoencoder else "target_analyzer"
        if reset:
            self._target_analyzer = getattr(self, name)
        if self._target_form == "text":
            analyze = make_analyzer(self._target_analyzer, name, where)
            texts, rows = rows, split_texts(rows, analyze, name, where)
            if reset:
                self._joiner = joiner_of(self._target_analyzer, texts)
        if reset:
            words = self._target_form == "text" and self._joiner is None
            self._target_tokens = learn_vocabulary(
                rows, self.target_min_df, "target_min_df", where, spare=words
            ).tokens
            self._target_steps = None
        panel, unknown = self._target_vocabulary.encode(rows, end=True)
        if not reset:
            warn_of_unknown(unknown, rows, where, "token")
        return panel

    def _read_target_numbers(self, y: Any, caller: str, *, reset: bool, input_name: str) -> Panel:
        where = f"{caller}: {input_name}"
        layout, y = _layout_of(y)
        panel = read_spans(
            y,
            dtype=np.float64,
            padding_value=self.padding_value if self._autoencoder else None,
            finite=False,
            caller=caller,
            input_name=input_name,
        ).to_panel()
        unknown = ~np.isfinite(panel.values).all(axis=1)
        if unknown.any():
            i, step = locate(panel.offsets, int(unknown.argmax()))
            value = panel[i][step][~np.isfinite(panel[i][step])][0]
            raise ValueError(
                f"{where}[{i}] is {value} at time step {step}: Input {input_name} contains NaN or "
                "infinity. Every time step of a target needs a number: fill it, or drop the pair."
            )
        n_steps = panel.lengths
        fixed = int(n_steps[0]) if (n_steps == n_steps[0]).all() else None
        if reset:
            self._layout, self._target_steps = layout, fixed
            self._n_target_features = panel.n_features
        if panel.n_features != self._n_target_features:
            raise ValueError(
                f"{where} has {panel.n_features} features per time step, but the model was fitted "
                f"with {self._n_target_features}. Pass targets of shape (n_timesteps, "
                f"{self._n_target_features})."
            )
        if self._target_steps is not None and fixed != self._target_steps:
            i = int((n_steps != self._target_steps).argmax())
            raise ValueError(
                f"{where}[{i}] has {n_steps[i]} time steps, but every target in fit had "
                f"{self._target_steps}, and the model cannot predict another number. Pass targets "
                f"of {self._target_steps} time steps."
            )
        return panel

    # --- encoding -------------------------------------------------------------------------------

    def _take_targets(self, target: Panel, spans: Spans, rows: np.ndarray) -> Panel:
        return target[rows]

    def _encode_target(
        self, y: Panel, caller: str, *, reset: bool, classes: Any = None, input_name: str = "y"
    ) -> Panel:
        return y

    def _see_targets(self, encoded: Panel, *, reset: bool) -> None:
        longest = int(encoded.lengths.max()) - (self._target_form != "numbers")  # the end mark
        self._longest = longest if reset else max(self._longest, longest)

    def _by_sequence(self, encoded: Panel, spans: Spans) -> list[np.ndarray]:
        return encoded.to_list()

    def _learn_outputs(
        self, encoded: Panel, spans: Spans, rows: np.ndarray, sample_weight: np.ndarray | None
    ) -> int:
        if self._target_form != "numbers":
            return len(self._target_vocabulary)
        n_features = encoded.n_features
        if self._target_steps is None:
            self._target_mean, self._target_scale = learn_scaling(
                Spans.of(encoded), rows, f"{type(self).__name__}.fit", "y"
            )
            return n_features + 1  # the end's score
        # Targets of equal length are scaled per time step, like the columns of a table.
        values = encoded.values.reshape(len(encoded), -1)[rows]
        weights = None if sample_weight is None else sample_weight[rows]
        mean, scale = weighted_statistics(values, weights)  # (n_timesteps * n_features,)
        shape = (self._target_steps, n_features)
        self._target_mean, self._target_scale = mean.reshape(shape), scale.reshape(shape)
        return n_features

    def _make_data(
        self,
        spans: Spans,
        encoded: Panel,
        sample_weight: np.ndarray | None,
        rows: np.ndarray,
        device: torch.device,
        caller: str,
        input_name: str = "y",
    ) -> PairData:
        weights, labels = None, None
        if sample_weight is not None:
            lengths = encoded.lengths[rows]
            mean = (sample_weight[rows] * lengths).sum() / lengths.sum()
            weights = (sample_weight / mean).astype(float_type(self))
        if self._target_form == "numbers":
            encoded = self._scale_target(encoded, f"{caller}: {input_name}")
            labels = encoded.values
            if self._target_steps is None:
                is_end = np.zeros((len(labels), 1), dtype=labels.dtype)
                is_end[encoded.offsets[1:] - 1] = 1
                labels = np.hstack([labels, is_end])
        return PairData(
            spans,
            encoded,
            device,
            **self._source_options(),
            weights=weights,
            labels=labels,
        )

    def _scale_target(self, encoded: Panel, where: str) -> Panel:
        values = encoded.values
        if self._target_steps is not None:
            values = values.reshape(-1, *self._target_mean.shape)
        mean, scale = self._target_mean, self._target_scale
        scaled = scale_targets(values, mean, scale, float_type(self), where)
        return Panel(scaled.reshape(encoded.values.shape), encoded.offsets)

    def _build_criterion(self) -> WeightedLoss:
        if self._target_form != "numbers":
            return CrossEntropy(float(self.label_smoothing))
        return SquaredError() if self._target_steps is not None else StepsAndEnd()

    def _readout(self) -> Readout:
        if self._target_form != "numbers":
            return read_classes(len(self._target_vocabulary))
        return Readout("regressor", predict=self._unscale_rows, targets=self._unscale_rows)

    # --- decoding -------------------------------------------------------------------------------

    def _name_tokens(self, ids: Iterable[Sequence[int]]) -> list[Any]:
        """Convert ids without the end mark to strings or lists of tokens."""
        rows: list[Any] = self._target_vocabulary.decode(ids)
        if self._target_form == "text":
            return [join_tokens(row, self._joiner) for row in rows]
        return rows

    def _mark_ends(self, ids: Sequence[Sequence[int]], finished: Sequence[bool]) -> Panel:
        """Encode ids without the end mark as targets; unfinished ones get no end mark."""
        rows = [[*row, END] if ended else row for row, ended in zip(ids, finished, strict=True)]
        return Panel.from_sequences([np.array(row, dtype=np.int64) for row in rows])

    def _name_target(self, target: Panel) -> list[list[Any]]:
        """Return the token or index of each step of encoded targets."""
        if self._target_form == "numbers":
            return [list(range(n)) for n in target.lengths.tolist()]
        return self._target_vocabulary.decode(target)

    def _unscale_rows(self, values: np.ndarray) -> np.ndarray:
        """Convert the rows of the loss, one per step of complete targets, to the unit of y."""
        values = values[:, : self._n_target_features].astype(np.float64)  # without the end
        if self._target_steps is not None:
            values = values.reshape(-1, *self._target_mean.shape)
        rows = values * self._target_scale + self._target_mean
        rows = rows.reshape(-1, self._n_target_features)
        return rows[:, 0] if self._n_target_features == 1 else rows

    def _unscale(self, decoded: list[np.ndarray]) -> Panel:
        """Convert scaled arrays (n_timesteps, n_features), one per sample, to the unit of y."""
        rows = [row.astype(np.float64) * self._target_scale + self._target_mean for row in decoded]
        return Panel.from_sequences(rows)

    def _shape_numbers(self, decoded: list[np.ndarray]) -> np.ndarray:
        """Convert scaled arrays (n_timesteps, n_features), one per sample, to the format of y."""
        arrays = self._unscale(decoded).to_list()
        if self._layout == "scalar":
            return np.stack(arrays)[:, 0, 0]
        if self._layout == "table":
            return np.stack(arrays)[:, :, 0]
        if self._layout == "cube":
            return np.stack(arrays)
        return as_objects([row[:, 0] for row in arrays] if self._layout == "series" else arrays)


def as_objects(rows: list[Any]) -> np.ndarray:
    """Return a 1-D object array of arbitrary rows."""
    result = np.empty(len(rows), dtype=object)
    for i, row in enumerate(rows):
        result[i] = row
    return result


def check_one_each(
    n_targets: int, n_samples: int, caller: str, input_name: str = "y", X: Any = None
) -> None:
    """Refuse a number of targets that differs from the number of samples of X."""
    if n_targets != n_samples:
        source = input_name.replace("y", "X", 1)
        raise ValueError(
            f"{caller}: {source} has {counted(n_samples, 'sample')}, but {input_name} has "
            f"{counted(n_targets, 'target')} (inconsistent numbers of samples). Pass one target "
            f"per sample.{mismatch_hint(X, source, n_targets)}"
        )


def _layout_of(y: Any) -> tuple[str, Any]:
    """Return the format of targets of numbers, and the targets in a form that can be read."""
    try:
        return _look_at(y)
    except Exception:  # any exception: invalid containers are refused when they are read
        return "frames", y


def _look_at(y: Any) -> tuple[str, Any]:
    if isinstance(y, Panel):
        return "frames", y
    if not hasattr(y, "shape") and not hasattr(y, "__len__") and hasattr(y, "__array__"):
        y = np.asarray(y)
    shape = getattr(y, "shape", None)
    listed = hasattr(y, "__len__") and len(y) > 0 and not hasattr(y, "columns")
    flat = listed and (shape is None or len(shape) == 1)
    if flat and not any(map(is_sequence, y)):
        return "scalar", np.asarray(y).reshape(-1, 1)
    if is_table(y):
        return "table", y
    if shape is not None and len(shape) == 3:
        return "cube", y
    return ("series" if listed and np.ndim(_first(y)) == 1 else "frames"), y


def _first(y: Any) -> Any:
    return y.iloc[0] if hasattr(y, "iloc") else y[0]
