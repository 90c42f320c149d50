"""Output of transformers that return sequences: a Panel, an array or data frames."""

from typing import Any, Literal, Self

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.utils._set_output import ADAPTERS_MANAGER, _get_output_config

from ..sequences import SealedState
from ._assembly import cut, rectangle, restore_index
from ._steps import Steps

_OUTPUTS = ("default", "pandas", "polars")


class SequenceOutput(TransformerMixin, SealedState):
    """Base class of transformers that return sequences, possibly as one data frame each."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # scikit-learn would put all sequences into one frame.
        super().__init_subclass__(**{"auto_wrap_output_keys": None, **kwargs})

    def set_output(
        self, *, transform: Literal["default", "pandas", "polars"] | None = None
    ) -> Self:
        """Set the output container of `transform` and `fit_transform`.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            "default" returns a Panel (an array for an array), the others return data frames, one
            per sequence. None leaves the setting unchanged.

        Returns
        -------
        self : object
        """
        known = transform is None or isinstance(transform, str)
        if not known or transform not in (None, *_OUTPUTS):
            raise ValueError(
                f"{type(self).__name__}.set_output: transform must be one of {list(_OUTPUTS)} or "
                f"None; got {transform!r}."
            )
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}
        return self

    def _in_container(self, steps: Steps, X: Any) -> Any:
        """Return transformed time steps in the container that was set.

        Parameters
        ----------
        steps : Steps
            Values (total_steps, n_features), their offsets, and what X was.
        X : object
            As passed by the user.
        """
        container = _get_output_config("transform", self)["dense"]
        if container == "default":
            return rectangle(steps.values, steps) if steps.is_rectangle else steps.to_panel()
        adapter = ADAPTERS_MANAGER.adapters[container]
        names = self.get_feature_names_out()
        if steps.is_table and steps.values.shape[1] == 1:
            return adapter.create_container(rectangle(steps.values, steps), X, columns=names)
        table = adapter.create_container(np.asarray(steps.values), None, columns=names)
        return cut(restore_index(table, steps), steps.offsets)
