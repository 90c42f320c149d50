"""Programs with one fault each: every entry of every pool, once at each possible position."""

from collections.abc import Iterator

from . import _targets, _values
from ._estimators import ANY_TARGETS, JUNK_SEQUENCES, PARAMETERS, TASKS, arguments, junk_values

_BASE = {"hidden_size": "2", "max_epochs": "1", "random_state": "0"}
_AFTER = {
    "RNNClassifier": ("predict_proba", "score"),
    "RNNRegressor": ("predict", "score"),
    "Seq2SeqTransformer": ("predict", "score"),
}


def single_faults() -> Iterator[tuple[str, ...]]:
    """Yield a program for each value of each parameter, and for each container in each place."""
    yield from _parameters()
    for task in TASKS:
        yield from _data(task)


def _parameters():
    first = {task.estimator: task for task in reversed(TASKS)}
    for estimator, pools in PARAMETERS.items():
        task = first[estimator]
        for name, pool in pools.items():
            for value in dict.fromkeys(pool + junk_values(name)):
                params = _BASE | task.params | {name: value}
                if name.isidentifier():
                    yield _program(
                        task, params, task.X[0], task.y[0], [f"m.{_AFTER[estimator][0]}(X)"]
                    )


def _data(task):
    X, y = task.X[0], task.y[0]
    params = _BASE | task.params
    predict, score = _AFTER[task.estimator]
    for other in dict.fromkeys(task.X + JUNK_SEQUENCES):
        given = other.replace("X", X)
        yield _program(task, params, given, y, [f"m.{predict}(X)", f"m.{score}(X, y)"])
        yield _program(
            task, params, X, y, [f"m.{predict}({other})", f"m.fit(X, y, X_val={other}, y_val=y)"]
        )
    for other in dict.fromkeys(task.y + ANY_TARGETS):
        given = other.replace("X", X)
        yield _program(task, params, X, given, [f"m.{score}(X, y)"])
        yield _program(
            task, params, X, y, [f"m.{score}(X, {other})", f"m.fit(X, y, X_val=X, y_val={other})"]
        )
        if task.estimator == "RNNClassifier":
            yield _program(task, params, X, y, [f"m.partial_fit(X, y, classes={other})"], fit=False)
    for weights in _targets.WEIGHTS + _targets.JUNK_WEIGHTS:
        calls = [
            f"m.fit(X, y, sample_weight={weights})",
            f"m.{score}(X, y, sample_weight={weights})",
        ]
        calls.append(f"m.fit(X, y, X_val=X, y_val=y, sample_weight_val={weights})")
        yield _program(task, params, X, y, calls)
    if task.estimator == "Seq2SeqTransformer":
        yield from _decodings(task, params)


def _decodings(task, params):
    for value in _values.JUNK:
        calls = [f"m.predict_n_best(X, {value})", f"m.inverse_transform({value})"]
        calls += [
            f"m.sample(X, {name}={value})"
            for name in ("temperature", "top_k", "top_p", "random_state")
        ]
        calls += [
            f"m.align(X, {value})",
            f"m.score_samples(X, {value})",
            f"m.get_feature_names_out({value})",
        ]
        yield _program(task, params, task.X[0], task.y[0], calls)


def _program(task, params, X, y, calls, fit=True):
    lines = [f"X = {X}", f"y = {y}", f"m = {task.estimator}({arguments(params)})"]
    return (*lines, *(["m.fit(X, y)"] if fit else []), *calls)
