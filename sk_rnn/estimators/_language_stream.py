"""Streams of a language model."""

from typing import Any, cast

import numpy as np
import torch

from ..sequences import Int, RandomState, plain, quote
from ..training import draw_seed
from ._sampling import check_sampling
from ._streaming import PredictionStream, positive_int
from ._texts import make_analyzer, split_texts
from ._warnings import warn_user
from .language import NextToken, NextValue, Position, generate_ids, generate_values
from .targets import to_equal_layout, to_object_array


class LanguageStream(PredictionStream):
    """Predictions of a language model for sequences that arrive step by step.

    Returned by `RNNLanguageModel.stream`.

    Parameters
    ----------
    estimator : RNNLanguageModel
        Fitted.
    n_streams : int or None
        Number of streams; None for a single stream, whose steps and predictions have no axis for
        streams.

    Attributes
    ----------
    n_streams : int or None
        As above.
    state : dict of ndarray
        Everything that is known about the steps so far. It can be stored, and assigned to continue.

    Examples
    --------
    >>> from sk_rnn import RNNLanguageModel
    >>> model = RNNLanguageModel(hidden_size=16, random_state=0).fit(["banana", "bandana"] * 20)
    >>> stream = model.stream()
    >>> for letter in "ban":
    ...     log_proba = stream.push(letter)
    >>> model.tokens_[log_proba[:-1].argmax()]
    'a'
    >>> stream.sample(10, temperature=0)
    'ana'
    """

    def __init__(self, estimator: Any, n_streams: Int | None) -> None:
        super().__init__(estimator, n_streams)
        begin = np.array([estimator._target.begin])
        self._state["outputs"] = self._advance_all([begin] * self._n_rows)

    def push(self, X: Any) -> np.ndarray:
        """Read the next step, or the next chunk of steps.

        Parameters
        ----------
        X : step or chunk; a sequence of them for several streams
            For a model of text, a string, which is split into its tokens; for tokens, a token or a
            list of tokens; for numbers, an array of shape (n_features,) or (n_timesteps,
            n_features).

        Returns
        -------
        ndarray of shape (n_outputs,) or (n_streams, n_outputs)
            For tokens, log-probabilities of the next one: the logarithm of what `predict_proba`
            returns for all steps so far. For numbers, what `predict` returns.
        """
        rows, _ = self._read(X)
        if all(len(row) for row in rows):
            self._state["outputs"] = self._advance_all(rows)
        elif any(len(row) for row in rows):
            raise ValueError(
                f"{self._where}: X has no tokens for some streams, but has tokens for others. Pass "
                "one or more for each."
            )
        return self.predict()

    def predict(self) -> np.ndarray:
        """Return what the last `push` returned; before the first, the prediction of the first step.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n_streams, n_outputs)
            See `push`.
        """
        target, outputs = self._estimator._target, self._state["outputs"]
        if isinstance(target, NextToken):
            result = target.log_proba(outputs)
        else:
            result = self._estimator._as_steps(target.predicted(torch.from_numpy(outputs)))
        return result[0] if self.n_streams is None else result

    def sample(
        self,
        n_steps: Int,
        *,
        temperature: Any = 1.0,
        top_k: Any = None,
        top_p: Any = None,
        random_state: RandomState = None,
    ) -> Any:
        """Generate a continuation; the stream itself does not advance.

        Parameters
        ----------
        n_steps : int
            Maximum number of steps.
        temperature, top_k, top_p, random_state
            As in `RNNLanguageModel.sample`.

        Returns
        -------
        str, list or ndarray
            The continuation; an object array of them for several streams.
        """
        caller = f"{type(self._estimator).__name__}.stream().sample"
        if not positive_int.is_satisfied_by(n_steps):
            raise ValueError(f"{caller}: n_steps is {n_steps!r}. Pass a positive integer.")
        options = check_sampling(
            caller, temperature=temperature, top_k=top_k, top_p=top_p, random_state=random_state
        )
        target = self._estimator._target
        chosen = self._estimator._options(options, None, caller)
        position = Position(self._state["hidden"], self._state["outputs"])
        rows = np.arange(self._n_rows)
        common: dict[str, Any] = {"seed": draw_seed(random_state), "max_length": int(n_steps)}
        if isinstance(target, NextToken):
            found = self._run(
                lambda: generate_ids(self._net, target, position, rows, **common, **chosen)
            )
            written = [target.join(target.names(ids)) for ids in found]
        else:
            values = cast(NextValue, target)
            temperature = options["temperature"]
            found = self._run(
                lambda: generate_values(
                    self._net, values, position, rows, temperature=temperature, **common
                )
            )
            layout = {"table": "series", "cube": "frames"}.get(values.layout, values.layout)
            arrays = [values.unscaled(row) for row in found]
            written = list(to_equal_layout(arrays, layout, values.frame_shape))
        return written[0] if self.n_streams is None else to_object_array(written)

    def _advance_all(self, rows: list[np.ndarray]) -> np.ndarray:
        """Advance; return the outputs after the last step of each row."""
        outputs = self._state.pop("outputs", None)
        try:
            found = self._advance(rows)
        except BaseException:
            if outputs is not None:
                self._state["outputs"] = outputs
            raise
        return found[np.cumsum([len(row) for row in rows]) - 1]

    def _read(self, X: Any) -> tuple[list[np.ndarray], bool]:
        if not isinstance(self._estimator._target, NextToken):
            return super()._read(X)
        items = [X] if self.n_streams is None else self._items(X)
        return [self._token_ids(item) for item in items], True

    def _token_ids(self, item: Any) -> np.ndarray:
        source = self._estimator._source
        if source.form == "text":
            if not isinstance(item, str):
                raise TypeError(f"{self._where}: X is {plain(item)}. Pass a string.")
            analyze = make_analyzer(source._analyzer, "analyzer", self._where)
            (tokens,) = split_texts([item], analyze, "analyzer", f"{self._where}: X")
        else:
            is_chunk = hasattr(item, "__len__") and not isinstance(item, str | bytes | tuple)
            tokens = list(item) if is_chunk else [item]
        vocabulary = source.vocabulary
        try:
            ids = np.fromiter(vocabulary.look_up(tokens), dtype=np.int64, count=len(tokens))
        except TypeError as error:  # tokens without a hash
            raise ValueError(
                f"{self._where}: X is {plain(item)}, which does not consist of tokens "
                f"({quote(error)}). Pass a token, or a list of tokens."
            ) from error
        unknown = np.flatnonzero(ids == vocabulary.unknown_id)
        if len(unknown):
            warn_user(
                f"{self._where}: {plain(tokens[unknown[0]])} is not in the vocabulary, and is "
                "replaced by the unknown token."
            )
        return ids
