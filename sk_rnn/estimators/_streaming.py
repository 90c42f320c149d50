"""Predictions for sequences that arrive step by step."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, cast

import numpy as np
import torch

from ..modules import SequenceModel, begin_streams, push_steps
from ..sequences import Int, IntegerFrom, counted, plain, quote
from ..training import float_type, run_here
from ._modules import divergence_advice
from .sources import WordSource
from .targets import to_object_array

positive_int = IntegerFrom(1)


def check_streams(estimator: Any, n_streams: Any, caller: str) -> None:
    """Raise an error for a model that cannot predict before the end of a sequence."""
    if n_streams is not None and not positive_int.is_satisfied_by(n_streams):
        raise ValueError(
            f"{caller}: n_streams is {n_streams!r}. Pass a positive integer, or None for a single "
            "stream."
        )
    arguments = estimator._module_arguments
    if arguments.get("bidirectional"):
        raise ValueError(
            f"{caller}: the model was fitted with bidirectional=True, which also reads each "
            "sequence from its end, so its predictions need the whole sequence. Fit with "
            "bidirectional=False."
        )
    if estimator._source.centers:
        raise ValueError(
            f"{caller}: the model was fitted with center_inputs=True, which subtracts the mean of "
            "the whole sequence, so its predictions need all time steps. Fit with "
            "center_inputs=False."
        )
    if not isinstance(arguments["cell"], str):
        raise ValueError(
            f"{caller}: the user-defined cell {arguments['cell'].__name__} does not support "
            "passing states in and out. Fit with one of the built-in cells."
        )
    if arguments.get("conv_channels") is not None and arguments["conv_stride"] != 1:
        raise ValueError(
            f"{caller}: the model was fitted with conv_stride={arguments['conv_stride']}, so not "
            "every time step has a prediction. Fit with conv_stride=1."
        )
    if arguments.get("patch_size", 1) != 1:
        raise ValueError(
            f"{caller}: the model was fitted with patch_size={arguments['patch_size']}, so not "
            "every time step has a prediction. Fit with patch_size=1."
        )


class PredictionStream:
    """Predictions of a fitted model for sequences that arrive step by step.

    Returned by the method `stream` of the estimators. The cost of a push does not depend on the
    number of earlier steps, and the predictions are those of `predict` for all steps so far.

    Parameters
    ----------
    estimator : estimator
        Fitted, in one direction.
    n_streams : int or None
        Number of streams; None for a single stream, whose steps and predictions have no axis for
        streams.
    decode : str
        Method of the estimator whose results `push` returns.

    Attributes
    ----------
    n_streams : int or None
        As above.
    state : dict of ndarray
        Everything that is known about the steps so far. It can be stored, and assigned to continue.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_rnn import RNNRegressor
    >>> X = np.random.default_rng(0).normal(size=(20, 8))
    >>> model = RNNRegressor(bidirectional=False, max_epochs=2, random_state=0)
    >>> model = model.fit(X, X.sum(axis=1))
    >>> stream = model.stream()
    >>> last = [stream.push(value) for value in X[0]][-1]
    >>> bool(last == model.predict(X[:1])[0])
    True
    """

    def __init__(self, estimator: Any, n_streams: Int | None, decode: str = "predict") -> None:
        self.n_streams = None if n_streams is None else int(n_streams)
        self._estimator, self._decode = estimator, decode
        self._net = estimator.net_
        self._where = f"{type(estimator).__name__}.stream().push"
        model = cast(SequenceModel, estimator.module_)
        self._state = to_numpy(self._run(lambda: begin_streams(model, self._n_rows)))

    @property
    def _n_rows(self) -> int:
        return 1 if self.n_streams is None else self.n_streams

    @property
    def state(self) -> dict[str, np.ndarray]:
        """The state, as a copy."""
        return {name: value.copy() for name, value in self._state.items()}

    @state.setter
    def state(self, state: Mapping[str, Any]) -> None:
        shapes = {name: value.shape for name, value in self._state.items()}
        found = {name: np.shape(value) for name, value in dict(state).items()}
        if found != shapes:
            raise ValueError(
                f"{type(self).__name__}: state has arrays of shape {found}, but the streams have "
                f"{shapes}. Pass the state of a stream of the same model, with the same number of "
                "streams."
            )
        self._state = {
            name: np.array(state[name], dtype=value.dtype) for name, value in self._state.items()
        }

    def copy(self) -> Self:
        """Return an independent stream at the same position."""
        twin = object.__new__(type(self))
        twin.__dict__.update(vars(self), _state=self.state)
        return twin

    def push(self, X: Any) -> Any:
        """Read the next step, or the next chunk of steps.

        Parameters
        ----------
        X : step or chunk; a sequence of them for several streams
            A step is a number, a token id, or an array of shape (n_features,); a chunk is an array
            of shape (n_timesteps,) or (n_timesteps, n_features). For a model of lists of words, a
            word or a list of them; for a model of strings, a string, which is split into its
            tokens.

        Returns
        -------
        prediction
            After the last step: a label or number, or an array of shape (n_streams,) or
            (n_streams, n_outputs). With ``return_sequences=True``, one for each step of a chunk.
        """
        rows, is_chunk = self._read(X)
        outputs = self._advance(rows)
        result = self._estimator._decode_outputs(outputs, self._decode)
        if not self._estimator._target.per_step:
            return result[0] if self.n_streams is None else result
        parts = np.split(result, np.cumsum([len(row) for row in rows])[:-1])
        if not is_chunk:
            parts = [part[0] for part in parts]
        if self.n_streams is None:
            return parts[0]
        return to_object_array(parts) if is_chunk else np.stack(parts)

    # --- steps ----------------------------------------------------------------------------------

    def _read(self, X: Any) -> tuple[list[np.ndarray], bool]:
        """Return the new steps of each stream as inputs of the network; and whether X is chunks."""
        source = self._estimator._source
        if isinstance(source, WordSource):
            items = [X] if self.n_streams is None else self._items(X)
            return source.encode_steps(items, self._where)
        read: Callable[[Any], tuple[np.ndarray, bool]] = (
            self._read_ids if source.is_tokens else self._read_numbers
        )
        if self.n_streams is None:
            row, is_chunk = read(X)
            return [row], is_chunk
        fast = self._read_array(X)
        if fast is not None:
            return list(fast), False
        items = self._items(X)
        found = [read(item) for item in items]
        if len({is_chunk for _, is_chunk in found}) > 1:
            raise ValueError(
                f"{self._where}: X has both steps and chunks. Pass either steps or chunks."
            )
        return [row for row, _ in found], found[0][1]

    def _items(self, X: Any) -> list[Any]:
        n_items = len(X) if hasattr(X, "__len__") and not isinstance(X, str) else None
        if n_items != self.n_streams:
            given = "a single value" if n_items is None else counted(n_items, "item")
            raise ValueError(
                f"{self._where}: X has {given}, but there are {counted(self._n_rows, 'stream')}. "
                "Pass one step or chunk per stream."
            )
        return list(X)

    def _read_array(self, X: Any) -> np.ndarray | None:
        """Return the steps of many streams at once, if X is an array of them: (n, 1, F)."""
        source = self._estimator._source
        if not isinstance(X, np.ndarray) or source.is_tokens or X.dtype.kind not in "fiub":
            return None
        n_features = source._n_step_features
        one_each = X.shape == ((self._n_rows, n_features) if n_features > 1 else (self._n_rows,))
        if not one_each:
            return None
        return self._scaled(X.reshape(self._n_rows, n_features))[:, None]

    def _read_numbers(self, X: Any) -> tuple[np.ndarray, bool]:
        n_features = self._estimator._source._n_step_features
        try:
            values = np.asarray(X, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{self._where}: X is {plain(X)}, which does not consist of numbers "
                f"({quote(error)}). Pass a number, or an array of numbers."
            ) from error
        is_step = values.ndim == 0 if n_features == 1 else values.size == n_features
        if is_step and values.ndim == 2 and values.shape == (1, n_features):
            is_step = False
        if not is_step and (values.size == 0 or values.size != len(values) * n_features):
            raise ValueError(
                f"{self._where}: X has shape {values.shape}, but the model was fitted with "
                f"{counted(n_features, 'feature')} per time step. Pass a step of shape "
                f"({n_features},), or a chunk of shape (n_timesteps, {n_features})."
            )
        return self._scaled(values.reshape(-1, n_features)), not is_step

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        estimator = self._estimator
        dtype = float_type(estimator._precision)
        scaling = estimator._source.scaling
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (
                values.astype(dtype) if scaling is None else scaling.apply(values, np.dtype(dtype))
            )
        if not np.isfinite(scaled).all():
            step, feature = map(int, np.argwhere(~np.isfinite(scaled))[0])
            raise ValueError(
                f"{self._where}: X has {values[step, feature]:g} at time step {step}, feature "
                f"{feature}, which the network cannot process. Pass finite numbers; impute missing "
                "values first."
            )
        return scaled

    def _read_ids(self, X: Any) -> tuple[np.ndarray, bool]:
        values = np.asarray(X)
        size = cast(int, self._estimator._source.num_embeddings)
        wrong = values.dtype.kind not in "iu" or values.ndim > 1 or values.size == 0
        if wrong or values.min() < 0 or values.max() >= size:
            raise ValueError(
                f"{self._where}: X is {plain(X)}. Pass a token id from 0 to {size - 1}, or a 1-D "
                "array of them."
            )
        return values.reshape(-1).astype(np.int64), values.ndim == 1

    def _advance(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        """Read new steps of each stream; return the outputs of the network."""
        if self._estimator.net_ is not self._net:
            raise ValueError(
                f"{self._where}: the model was trained again after the stream began, so its state "
                "belongs to different weights. Start a new stream."
            )
        lengths = np.array([len(row) for row in rows])
        if (lengths == lengths[0]).all():
            x = np.stack(rows, axis=1)
        else:
            x = np.zeros((int(lengths.max()), len(rows), *rows[0].shape[1:]), rows[0].dtype)
            for i, row in enumerate(rows):
                x[: len(row), i] = row
        device = self._net.device
        model = cast(SequenceModel, self._estimator.module_)

        def compute() -> tuple[np.ndarray, dict[str, np.ndarray]]:
            state = {name: torch.from_numpy(v).to(device) for name, v in self._state.items()}
            steps = torch.from_numpy(np.ascontiguousarray(x)).to(device)
            outputs, after = push_steps(model, steps, torch.from_numpy(lengths), state)
            return outputs.float().cpu().numpy() if outputs.dtype == torch.bfloat16 else (
                outputs.cpu().numpy()
            ), to_numpy(after)

        outputs, after = self._run(compute)
        if not np.isfinite(outputs).all():
            advice = divergence_advice(self._estimator.get_params(deep=False))
            raise ValueError(f"{self._where}: the network's outputs are not finite. {advice}")
        self._state = after
        return outputs

    def _run(self, function: Callable[[], Any]) -> Any:
        net = self._net

        def compute(_: Any) -> Any:
            net._set_training(False)
            with torch.inference_mode(), net.autocast():
                return function()

        return run_here(compute)

    # --- pickle ---------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        state = vars(self).copy()
        del state["_net"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _net=state["_estimator"].net_)

    def __repr__(self) -> str:
        n = "" if self.n_streams is None else f" x {self.n_streams}"
        return f"<{type(self).__name__}{n} of {type(self._estimator).__name__}>"


def to_numpy(state: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Convert a state to arrays; bfloat16, which NumPy lacks, to float32."""
    return {
        name: (value.float() if value.dtype == torch.bfloat16 else value).cpu().numpy()
        for name, value in state.items()
    }
