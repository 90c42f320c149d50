"""The layers of a fitted network as a table, which the HTML representation shows, too."""

import threading
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from sklearn.utils.validation import check_is_fitted

from ..modules import summarise_layers
from ..training import float_type, run_here

# Batches of a summary: outputs in evaluation mode are padded to eight rows.
_SUMMARY_SIZE = 8


class SummarisedNetwork:
    """Part of an estimator that lists the layers of its network."""

    _source: Any
    _target: Any
    _precision: str
    _module_arguments: dict[str, Any]

    if TYPE_CHECKING:  # otherwise Sphinx would document them as members
        net_: Any
        module_: Any

    def summary(self) -> pd.DataFrame:
        """Return the layers of the fitted network, with their output shapes and parameters.

        Returns
        -------
        DataFrame
            One row per layer in the order in which they are called, and a last row "total". The
            index are names of submodules of ``module_``. ``output_shape`` has the samples first,
            and names axes whose size depends on the data; it is empty for weights that belong to no
            layer. ``n_samples * n_timesteps`` stands for all time steps of all sequences, without
            padding.

        Examples
        --------
        >>> from sk_rnn import RNNClassifier
        >>> clf = RNNClassifier(hidden_size=4, bidirectional=False, max_epochs=1)
        >>> clf = clf.fit([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]], ["up", "down"])
        >>> print(clf.summary().drop(columns="layer").to_string())
                                                           output_shape  n_parameters
        differences                         (n_samples, n_timesteps, 2)             0
        encoder.recurrent.forward_layers.0  (n_samples, n_timesteps, 4)            96
        pooling                                         (n_samples, 12)             0
        head.norm                                       (n_samples, 12)            24
        head.linear                                      (n_samples, 2)            26
        total                                                                     146
        """
        check_is_fitted(self)

        def compute(interrupted: threading.Event) -> list[Any]:
            with self.net_.autocast():
                return summarise_layers(self.module_, self._summary_inputs, self._summary_sizes())

        layers = run_here(compute)
        rows = [(x.kind, _bracketed(x.output_shape), x.n_parameters) for x in layers]
        rows.append(("", "", sum(layer.n_parameters for layer in layers)))
        names = [layer.name for layer in layers]
        columns = ["layer", "output_shape", "n_parameters"]
        return pd.DataFrame(rows, index=[*names, "total"], columns=columns)

    def _summary_sizes(self) -> dict[str, int]:
        """Return sizes of a batch for `summary`, by the names of their axes."""
        encoder = getattr(self.module_, "encoder", None)  # a forecaster has none
        n_timesteps = _SUMMARY_SIZE * getattr(encoder, "stride", 1)
        sizes = {"n_samples": _SUMMARY_SIZE, "n_timesteps": n_timesteps}
        if self._source.form == "vectors":  # a vector is a single time step
            del sizes["n_timesteps"]
        return sizes

    def _summary_inputs(
        self, *, n_samples: int, n_timesteps: int = 1, n_target_timesteps: int = 1
    ) -> dict[str, Any]:
        """Return arguments of the network for a batch: zeros, or the token 0."""
        lengths = torch.full((n_samples,), n_timesteps, dtype=torch.int64)
        shape: tuple[int, ...] = (n_timesteps, n_samples)
        if self._module_arguments.get("num_embeddings") is None:
            x = self._zeros(*shape, self._module_arguments["n_features"])
        else:
            letters = (1 + 1,) if self._source.char_embedding else ()  # an id and one letter
            x = torch.zeros(shape + letters, dtype=torch.int64)
        inputs: dict[str, Any] = {"x": x, "lengths": lengths}
        if self._target.per_step:
            inputs["positions"] = torch.arange(n_samples * n_timesteps)
        return inputs

    def _zeros(self, *shape: int) -> torch.Tensor:
        return torch.from_numpy(np.zeros(shape, float_type(self._precision)))

    # --- HTML -----------------------------------------------------------------------------------

    def _repr_html_inner(self) -> str:
        """Return scikit-learn's diagram and, of a fitted estimator, the summary."""
        diagram = super()._repr_html_inner()  # type: ignore[misc]  # of BaseEstimator
        return diagram + self._summary_html()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        bundle = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]  # the same
        if "text/html" in bundle:
            bundle["text/html"] += self._summary_html()
        return bundle

    def _summary_html(self) -> str:
        if not hasattr(self, "net_"):
            return ""
        table = self.summary()
        total = f"{table['n_parameters'].iloc[-1]:,}"
        name = escape(type(self).__name__)
        header = "".join(f"<th>{column}</th>" for column in ("", *table.columns))
        rows = "".join(
            f"<tr><th>{escape(layer)}</th><td>{escape(kind)}</td><td>{shape}</td><td>{n:,}</td></tr>"
            for layer, kind, shape, n in table.itertuples()
        )
        return (
            '<details class="sk-rnn-summary" style="margin: 0.5em 0">'
            f"<summary>Network of {name}: {total} parameters</summary>"
            f"<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table></details>"
        )


def _bracketed(shape: tuple[str, ...]) -> str:
    return f"({', '.join(shape)})" if shape else ""
