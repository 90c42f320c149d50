"""Inspection of composite transformers."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import get_tags


def iterate_transformers(transformer: Any) -> Iterator[Any]:
    """Yield the transformers that receive the same rows: the given one, or its components.

    Both the fitted components and the unfitted ones that they were cloned from are included.
    """
    if isinstance(transformer, Pipeline):
        children = [step for _, step in transformer.steps]
    elif isinstance(transformer, FeatureUnion):
        children = [part for _, part in transformer.transformer_list]
    elif isinstance(transformer, ColumnTransformer):
        fitted = getattr(transformer, "transformers_", [])
        children = [part for _, part, _ in [*transformer.transformers, *fitted]]
        children.append(transformer.remainder)
    else:
        yield transformer
        return
    for part in children:
        if part is not None and not isinstance(part, str):  # "drop", "passthrough"
            yield from iterate_transformers(part)


def accepts_categories(transformer: Any) -> bool:
    """Return whether a transformer accepts categories rather than quantities."""
    if isinstance(transformer, Pipeline):
        steps = [step for _, step in transformer.steps]
        first = next((step for step in steps if step not in (None, "passthrough")), None)
        return first is None or accepts_categories(first)
    if isinstance(transformer, FeatureUnion | ColumnTransformer):
        return all(map(accepts_categories, iterate_transformers(transformer)))
    if not hasattr(transformer, "__sklearn_tags__") or isinstance(transformer, type):
        return True  # unknown
    tags = get_tags(transformer)
    return tags.no_validation or tags.input_tags.categorical or tags.input_tags.string


def requires_dicts(transformer: Any) -> bool:
    """Return whether a transformer accepts only dicts of features."""
    if isinstance(transformer, Pipeline):
        steps = [step for _, step in transformer.steps]
        first = next((step for step in steps if step not in (None, "passthrough")), None)
        return first is not None and requires_dicts(first)
    if isinstance(transformer, FeatureUnion):
        return any(map(requires_dicts, iterate_transformers(transformer)))
    if not hasattr(transformer, "__sklearn_tags__"):
        return False  # unknown
    tags = get_tags(transformer).input_tags
    return tags.dict and not tags.two_d_array


def names_out(transformer: Any) -> np.ndarray | None:
    """Return the output feature names of a fitted transformer; None if it does not define them."""
    if not hasattr(transformer, "get_feature_names_out"):
        return None
    try:
        return transformer.get_feature_names_out()
    except AttributeError:  # a Pipeline with a step that does not define them
        return None
