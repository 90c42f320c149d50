"""TimeDistributed: any transformer, applied to the time steps."""

import copy
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import numpy as np
from sklearn import config_context
from sklearn.base import clone
from sklearn.utils import Tags, get_tags
from sklearn.utils._set_output import ADAPTERS_MANAGER, _get_output_config
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from ..sequences import (
    Transformer,
    align_to_samples,
    available_if,
    fit_context,
    unchanged_on_failure,
)
from ._assembly import (
    assemble,
    cut,
    dates_in,
    one_row_per_step,
    rectangle,
    restore_index,
    transformer_input,
)
from ._broadcasting import PER_SEQUENCE, broadcast_metadata, broadcast_target
from ._errors import explain, named_warnings, refuse_non_dicts
from ._folds import restore_folds, split_by_sequence
from ._nested import accepts_categories, names_out, requires_dicts
from ._sequence_output import SequenceOutput
from ._steps import Steps, check_features, check_names_in, names_of_features, read_steps


def _transformer_has(method: str) -> Callable[[Any], bool]:
    """Return whether the transformer (the fitted one, if there is one) has a method."""

    def check(self: Any) -> bool:
        getattr(getattr(self, "transformer_", self.transformer), method)  # may raise AttributeError
        return True

    return check


class TimeDistributed(SequenceOutput):
    """Apply a scikit-learn transformer to the time steps of sequences.

    The time steps of all sequences are concatenated to one table of shape (total_steps,
    n_features), on which a clone of the transformer is fitted and applied; the result is split into
    sequences again. For example, `StandardScaler` scales each feature over all steps,
    `SimpleImputer` imputes missing values, `PCA` and `OneHotEncoder` change the features of every
    step, and `ColumnTransformer` does all of this for data frames with columns of different types.

    Parameters
    ----------
    transformer : transformer
        Any object with `fit` and `transform`, such as a scikit-learn transformer or a Pipeline of
        them. It is cloned. Its input has one row per time step and is a data frame if the sequences
        have feature names; its output must have the same number of rows.

    Attributes
    ----------
    transformer_ : transformer
        The fitted transformer.
    n_features_in_ : int
        Number of features per time step; the number of columns for a 2-D table, which has one.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features seen in `fit`. Defined only if all names are strings.

    See Also
    --------
    SequenceSummarizer : Statistics of each sequence instead of its time steps.

    Notes
    -----
    A 2-D array or a data frame of scalars is, as everywhere in this package, a table of univariate
    series with one time step per column: the input of the transformer then has one column. For
    array input the output is an array: for a table, a table, or a 3-D array if the transformer
    returns several features.

    Targets and metadata with one entry per sequence, such as `sample_weight`, are repeated for all
    of its time steps; sequences of the same lengths as those of X are concatenated in the same way.
    An array of shape (n_samples, n_timesteps), if all sequences have this length, is read as one
    entry per time step. For multi-output targets per sequence with as many outputs as time steps,
    pass an array of shape (n_samples, n_timesteps, n_outputs), such as ``np.repeat(y[:, None],
    n_timesteps, axis=1)``.

    A :class:`~sklearn.preprocessing.TargetEncoder`, also in a Pipeline, a FeatureUnion or a
    ColumnTransformer, uses folds of whole sequences (not shuffled; scikit-learn 1.9 or later):
    with its default folds, which split the time steps of a sequence, the target would leak into
    the encoding. Other transformers that use cross-validation, such as ``RFECV``, split time steps:
    pass suitable folds as their `cv`.

    Sequences of dicts of features are passed to the transformer as an array of dicts, the input of
    :class:`~sklearn.feature_extraction.DictVectorizer` and
    :class:`~sklearn.feature_extraction.FeatureHasher`.

    A Panel of token ids with a known number of tokens is only accepted if the transformer encodes
    categories, such as OneHotEncoder, or is a function; others would use the ids as quantities.
    Integer output stays token ids, but `n_tokens` is not kept, because the vocabulary may have
    changed.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sk_rnn.preprocessing import TimeDistributed
    >>> X = [[[0.0, 5.0], [2.0, 5.0]], [[4.0, 5.0]]]
    >>> scaler = TimeDistributed(StandardScaler(with_std=False))
    >>> panel = scaler.fit_transform(X)
    >>> panel
    Panel(n_samples=2, n_timesteps=1..2, n_features=2, dtype=float64)
    >>> panel.to_list()
    [array([[-2.,  0.],
           [ 0.,  0.]]), array([[2., 0.]])]
    >>> scaler.inverse_transform(panel)[1]
    array([[4., 5.]])

    Data frames with columns of mixed types, one per sequence:

    >>> import pandas as pd
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> frames = [pd.DataFrame({"heat": [1.0, 3.0], "mode": ["on", "off"]}),
    ...           pd.DataFrame({"heat": [2.0], "mode": ["on"]})]
    >>> encoder = TimeDistributed(make_column_transformer(
    ...     (StandardScaler(), ["heat"]), (OneHotEncoder(), ["mode"]),
    ...     verbose_feature_names_out=False))
    >>> encoder.fit_transform(frames).feature_names
    ('heat', 'mode_off', 'mode_on')

    Dicts of features, one per time step:

    >>> from sklearn.feature_extraction import DictVectorizer
    >>> words = [[{"word": "the"}, {"word": "cat", "noun": 1}], [{"word": "cat", "noun": 1}]]
    >>> TimeDistributed(DictVectorizer()).fit_transform(words).to_list()
    [array([[0., 0., 1.],
           [1., 1., 0.]]), array([[1., 1., 0.]])]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"transformer": [Transformer()]}

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer

    # -- Fitting ------------------------------------------------------------------------

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Fit the transformer on the time steps.

        Parameters
        ----------
        X : array-like, list of array-like, list of DataFrame or Panel
            Sequences in any container that the estimators accept. NaN is allowed if the
            transformer allows it.
        y : array-like of shape (n_samples,) or list of array-like, default=None
            One target per sequence or per time step, for transformers that need targets.
            Target sequences whose lengths differ from those of X are not passed on.
        **params : dict
            Metadata that the transformer requests, with metadata routing enabled.

        Returns
        -------
        self : object

        Raises
        ------
        TypeError
            If X is not a container of sequences.
        ValueError
            If X is invalid; the message names the sample and the time step.
        """
        with unchanged_on_failure(self):
            self._call_fit("fit", X, y, params)
        return self

    @available_if(_transformer_has("partial_fit"))
    @fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Incrementally fit the transformer on more time steps.

        Parameters
        ----------
        X : array-like, list of array-like, list of DataFrame or Panel
            Sequences with the same features as before.
        y : array-like of shape (n_samples,) or list of array-like, default=None
            One target per sequence or per time step, for transformers that need targets.
        **params : dict
            Metadata that the transformer requests, with metadata routing enabled.

        Returns
        -------
        self : object
        """
        with unchanged_on_failure(self):
            self._call_fit("partial_fit", X, y, params)
        return self

    @fit_context(prefer_skip_nested_validation=False)
    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit the transformer on the time steps and transform them.

        Parameters
        ----------
        X : array-like, list of array-like, list of DataFrame or Panel
            Sequences.
        y : array-like of shape (n_samples,) or list of array-like, default=None
            One target per sequence or per time step, for transformers that need targets.
        **params : dict
            Metadata that the transformer requests, with metadata routing enabled.

        Returns
        -------
        X_out : Panel, ndarray or list of DataFrame
            As from `transform`.
        """
        with unchanged_on_failure(self):
            output, steps = self._call_fit("fit_transform", X, y, params)
            return self._assemble(output, X, steps, "TimeDistributed.fit_transform")

    def _call_fit(self, method: str, X: Any, y: Any, params: dict) -> tuple[Any, Steps]:
        caller = f"TimeDistributed.{method}"
        more = method == "partial_fit" and hasattr(self, "transformer_")
        steps = self._read(X, caller, reset=not more)
        routed = self._route(method, params, X, steps)
        if not more:
            self._dates = dates_in(steps)
            self._inner_container = _get_output_config("transform", self)["dense"]
        # A copy, because a failing partial_fit may already have changed the state.
        transformer = copy.deepcopy(self.transformer_) if more else clone(self.transformer)
        target, mismatch = broadcast_target(align_to_samples(y, X, f"{caller}: y"), steps, caller)
        split_by_sequence(transformer, steps.lengths, caller)
        with self._explain_errors(X, steps, caller, mismatch), self._inner_output():
            data = transformer_input(steps)
            if method == "fit_transform" and not hasattr(transformer, "fit_transform"):
                output = transformer.fit(data, target, **routed.get("fit", {})).transform(
                    data, **routed.get("transform", {})
                )
            else:
                output = getattr(transformer, method)(data, target, **routed.get(method, {}))
        restore_folds(transformer)
        self.transformer_: Any = transformer
        return output, steps

    # -- Transforming -------------------------------------------------------------------

    def transform(self, X: Any, **params: Any) -> Any:
        """Transform the time steps.

        Parameters
        ----------
        X : array-like, list of array-like, list of DataFrame or Panel
            Sequences with the features seen in `fit`.
        **params : dict
            Metadata that the transformer requests, with metadata routing enabled.

        Returns
        -------
        X_out : Panel, ndarray or list of DataFrame
            A Panel, which keeps the index; for array input, an array of shape
            (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features_out). Values that are
            not numbers, including numeric text, are returned in a list of data frames (of arrays,
            if features have no names). With ``set_output(transform="pandas")``, a list of data
            frames, one per sequence, with the index of X; for a table, one data frame if there is
            one output feature.

        Raises
        ------
        ValueError
            If the features of X differ from those in fit, or if the transformer changes the number
            of rows.
        """
        check_is_fitted(self)
        caller = "TimeDistributed.transform"
        steps = self._read(X, caller, reset=False)
        routed = self._route("transform", params, X, steps)
        with self._explain_errors(X, steps, caller), self._inner_output():
            output = self.transformer_.transform(
                transformer_input(steps), **routed.get("transform", {})
            )
        return self._assemble(output, X, steps, caller)

    @available_if(_transformer_has("inverse_transform"))
    def inverse_transform(self, X: Any, **params: Any) -> Any:
        """Undo the transformation of the time steps.

        Parameters
        ----------
        X : array-like, list of array-like, list of DataFrame or Panel
            Sequences, as from `transform`.
        **params : dict
            Metadata that the transformer requests, with metadata routing enabled.

        Returns
        -------
        X_original : Panel, ndarray or list
            A Panel, or an array for array input. Values that are not numbers, such as text, dates
            and booleans, are returned in a list of data frames (of arrays, if `fit` saw no
            names), one per sequence.
        """
        check_is_fitted(self)
        caller = "TimeDistributed.inverse_transform"
        steps = read_steps(X, caller, numeric=False, tokens=True)
        self._check_transformed(steps, caller)
        routed = self._route("inverse_transform", params, X, steps)
        with self._explain_errors(X, steps, caller):
            output = self.transformer_.inverse_transform(
                np.asarray(steps.values), **routed.get("inverse_transform", {})
            )
        table = one_row_per_step(output, steps, self.transformer_, caller)
        names = None if self._is_table else getattr(self, "feature_names_in_", None)
        # Booleans stay booleans.
        return assemble(
            table,
            steps,
            None if names is None else tuple(names),
            where=f"{caller}: the output of {type(self.transformer_).__name__}",
            booleans=False,
            tokens=self._is_tokens,
            dates=self._dates,
        )

    @available_if(_transformer_has("get_feature_names_out"))
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Get the output feature names.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the input features; by default those seen in `fit`.

        Returns
        -------
        feature_names_out : ndarray of str
            Names of the features of a time step; names of the columns, if `fit` saw a table and
            there is one output feature.
        """
        check_is_fitted(self)
        if not self._is_table:
            names = names_of_features(self, input_features)
            if names is not None:
                names = check_names_in(self, names)
            return self.transformer_.get_feature_names_out(names)
        names = self.transformer_.get_feature_names_out()
        columns = check_names_in(self, input_features)
        return columns if len(names) == 1 else names

    # -- Metadata and tags --------------------------------------------------------------

    def get_metadata_routing(self) -> MetadataRouter:
        """Get the metadata routing of the transformer.

        Returns
        -------
        routing : MetadataRouter
        """
        mapping = MethodMapping()
        for method in ("fit", "partial_fit", "transform", "inverse_transform"):
            mapping.add(caller=method, callee=method)
        # A transformer without fit_transform gets the metadata that its fit and transform request.
        for callee in ("fit", "transform", "fit_transform"):
            mapping.add(caller="fit_transform", callee=callee)
        return MetadataRouter(owner=self).add(transformer=self.transformer, method_mapping=mapping)

    def _route(self, method: str, params: dict, X: Any, steps: Steps) -> dict[str, dict]:
        """Return the routed metadata of the transformer, with one entry per time step."""
        if not _routing_enabled():
            _raise_for_params(params, self, method)
            return {}
        routed = process_routing(self, method, **params)["transformer"]
        caller = f"TimeDistributed.{method}"

        def spread(name: str, value: Any) -> Any:
            if name in PER_SEQUENCE:
                value = align_to_samples(value, X, f"{caller}: {name}")
            return broadcast_metadata(name, value, steps, caller)

        return {
            callee: {name: spread(name, value) for name, value in given.items()}
            for callee, given in routed.items()
        }

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether the transformer is fitted."""
        return hasattr(self, "transformer_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        # A class, which fit rejects, has no tags.
        if hasattr(self.transformer, "__sklearn_tags__") and not isinstance(self.transformer, type):
            inner = get_tags(self.transformer)
            for name in ("allow_nan", "categorical", "string", "dict", "positive_only"):
                setattr(tags.input_tags, name, getattr(inner.input_tags, name))
            if inner.transformer_tags is not None:
                preserved = inner.transformer_tags.preserves_dtype
                tags.transformer_tags.preserves_dtype = list(preserved)
            tags.target_tags.required = inner.target_tags.required
            tags.non_deterministic = inner.non_deterministic
            tags.no_validation = inner.no_validation
        return tags

    # -- Input and output ----------------------------------------------------------------

    def _read(self, X: Any, caller: str, *, reset: bool) -> Steps:
        steps = read_steps(
            X,
            caller,
            numeric=False,
            tokens=accepts_categories(self.transformer),
            fitted=None if reset else self,
        )
        if requires_dicts(self.transformer) and not steps.is_records:
            refuse_non_dicts(steps, self.transformer, caller)
        check_features(self, X, steps, caller, reset=reset)
        return steps

    @contextmanager
    def _explain_errors(
        self, X: Any, steps: Steps, caller: str, mismatch: str | None = None
    ) -> Iterator[None]:
        """Add the sample and time step to errors, and the transformer's name to warnings."""
        try:
            with named_warnings(steps, self.transformer, caller):
                yield
        except Exception as error:  # any exception of the transformer
            # It received no targets because their lengths do not match.
            if mismatch is not None and re.search(r"\by\b|target", str(error)):
                raise ValueError(mismatch) from error
            explained = explain(error, X, steps, self.transformer, caller)
            if explained is error:
                raise
            raise explained from error

    def _inner_output(self) -> Any:
        # Data frames from the transformer keep the dtypes of columns. Its output container stays
        # that of fit: nested steps may have been fitted on data frames.
        return config_context(transform_output=self._inner_container)

    def _check_transformed(self, steps: Steps, caller: str) -> None:
        """Raise if the number of features differs from that of the output of `transform`."""
        names = names_out(self.transformer_)
        n_features = steps.values.shape[1]
        if names is not None and n_features != len(names):
            n_expected = len(names)
            raise ValueError(
                f"{caller}: X has {n_features} features per time step, but "
                f"{type(self.transformer_).__name__} returns {n_expected}. Pass "
                f"sequences of shape (n_timesteps, {n_expected}), as transform returns them."
            )

    def _assemble(self, output: Any, X: Any, steps: Steps, caller: str) -> Any:
        table = one_row_per_step(output, steps, self.transformer_, caller)
        container = _get_output_config("transform", self)["dense"]
        has_names = names_out(self.transformer_) is not None
        if container == "default":
            named = has_names and (steps.is_records or hasattr(self, "feature_names_in_"))
            return assemble(
                table,
                steps,
                tuple(self.get_feature_names_out()) if named else None,
                where=f"{caller}: the output of {type(self.transformer_).__name__}",
                tokens=self._is_tokens,
            )
        adapter = ADAPTERS_MANAGER.adapters[container]
        columns = self.get_feature_names_out() if has_names else None
        if steps.is_table and self._is_table and table.shape[1] == 1:
            array = rectangle(np.asarray(table), steps)
            return adapter.create_container(array, X, columns=columns)
        if not adapter.is_supported_container(output):
            output = adapter.create_container(np.asarray(table), None, columns=columns)
            output = output.infer_objects() if container == "pandas" else output
        return cut(restore_index(output, steps), steps.offsets)
