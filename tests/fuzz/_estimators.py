"""Programs that construct, fit and call estimators."""

from typing import NamedTuple

from hypothesis import strategies as st

from . import _sequences, _targets, _values
from ._draws import one_line

ANY_SEQUENCES = _sequences.SEQUENCES + _sequences.TABLES + _sequences.IDS
JUNK_SEQUENCES = _sequences.JUNK_DATA + _targets.JUNK_TOKENS
ANY_TARGETS = (
    _targets.LABELS
    + _targets.INDICATORS
    + _targets.NUMBERS
    + _targets.TAGS
    + _targets.STEPS
    + _targets.TOKENS
    + _targets.JUNK_TARGETS
    + _targets.JUNK_TOKENS
    + _sequences.JUNK_DATA
)


class Task(NamedTuple):
    """A use of an estimator: parameters, and matching data."""

    estimator: str
    params: dict[str, str]
    X: tuple[str, ...]
    y: tuple[str, ...]


_TOKENS = {"embedding_dim": "2"}
_STEPS = {"return_sequences": "True"}
_NUMERIC = _sequences.SEQUENCES + _sequences.TABLES
TASKS = (
    Task("RNNClassifier", {}, _NUMERIC, _targets.LABELS),
    Task("RNNClassifier", {}, _NUMERIC, _targets.LABELS + _targets.INDICATORS),
    Task("RNNClassifier", _TOKENS, _sequences.IDS, _targets.LABELS),
    Task("RNNClassifier", _STEPS, _sequences.SEQUENCES, _targets.TAGS),
    Task("RNNClassifier", _TOKENS | _STEPS, _sequences.IDS, _targets.TAGS),
    Task("RNNClassifier", _STEPS | {"crf": "True"}, _sequences.SEQUENCES, _targets.TAGS),
    Task("RNNClassifier", {"padding_value": "0"}, _NUMERIC, _targets.LABELS),
    Task("RNNRegressor", {}, _NUMERIC, _targets.NUMBERS),
    Task("RNNRegressor", {"loss": "'gaussian'"}, _NUMERIC, _targets.NUMBERS),
    Task("RNNRegressor", _STEPS, _sequences.SEQUENCES, _targets.STEPS),
    Task("RNNRegressor", _TOKENS, _sequences.IDS, _targets.NUMBERS),
    Task("Seq2SeqTransformer", {}, _targets.TOKENS, _targets.TOKENS),
    Task("Seq2SeqTransformer", {}, _NUMERIC, _targets.TOKENS),
    Task("Seq2SeqTransformer", {}, _targets.TOKENS, _targets.STEPS),
    Task("Seq2SeqTransformer", {}, _NUMERIC, _targets.STEPS + _NUMERIC),
    Task("Seq2SeqTransformer", {"transform_method": "'encode'"}, _targets.TOKENS, ("None",)),
    Task("Seq2SeqTransformer", {"transform_method": "'encode'"}, _NUMERIC, ("None",)),
)
PARAMETERS = {
    "RNNClassifier": _values.CLASSIFIER,
    "RNNRegressor": _values.REGRESSOR,
    "Seq2SeqTransformer": _values.SEQ2SEQ,
}
_PREDICTING = {
    "RNNClassifier": ("predict", "predict_proba", "predict_log_proba", "decision_function"),
    "RNNRegressor": ("predict",),
    "Seq2SeqTransformer": ("predict", "transform"),
}
_FAULTS = ("params", "params", "extra", "X", "y", "weights", "valid", "calls")


@st.composite
def estimator_programs(draw):
    """An estimator is constructed, fitted and used."""
    task = draw(st.sampled_from(TASKS))
    faults = draw(st.lists(st.sampled_from(_FAULTS), max_size=3))
    params = draw(parameters(task, faults))
    lines = [
        f"X = {draw_data(draw, task.X, JUNK_SEQUENCES, 'X' in faults)}",
        f"y = {draw_data(draw, task.y, ANY_TARGETS, 'y' in faults)}",
        f"m = {task.estimator}({arguments(params)})",
        draw(fits(task, faults)),
    ]
    more = draw(st.lists(calls(task, "calls" in faults), min_size=1, max_size=3))
    return (*lines, *more)


def draw_data(draw, good, junk, fault):
    """Draw an expression from one pool or the other."""
    if not fault:
        return draw(st.sampled_from(good))
    # In programs in which X is being defined there is none yet.
    return draw(st.sampled_from(junk)).replace("X", "ragged")


def arguments(named):
    """Return keyword arguments as source text."""
    return ", ".join(f"{name}={value}" for name, value in named.items())


@st.composite
def parameters(draw, task, faults):
    """Parameters of the constructor: the task's, sizes that are quick, and others."""
    pools = PARAMETERS[task.estimator]
    params = {"hidden_size": "2", "max_epochs": "1", "random_state": "0"} | task.params
    params["backend"] = draw(st.sampled_from(["'auto'", "'torch'"]))
    own = [name for name in pools if "__" not in name]
    for name in draw(st.lists(st.sampled_from(own), max_size=3)):
        params[name] = draw(st.sampled_from(pools[name]))
    if "extra" in faults:
        name = draw(st.sampled_from([name for name in pools if name not in own]))
        params[name] = draw(st.sampled_from(pools[name] + _values.JUNK))
        if name.startswith("module__cell"):
            params["cell"] = draw(st.sampled_from(pools["cell"]))
        if name.startswith("callbacks"):
            params["callbacks"] = draw(st.sampled_from(pools["callbacks"]))
    if "params" in faults:
        name = draw(st.sampled_from(own))
        params[name] = draw(st.sampled_from(junk_values(name)))
    return {name: value for name, value in params.items() if name.isidentifier()}


def junk_values(name):
    """Return the values that are probably wrong for a parameter."""
    return _values.JUNK if name in _values.SLOW else _values.JUNK + _values.HUGE


@st.composite
def weights(draw, fault):
    """Sample weights."""
    return draw(st.sampled_from(_targets.JUNK_WEIGHTS if fault else _targets.WEIGHTS))


@st.composite
def fits(draw, task, faults):
    """A call of fit or partial_fit, with what may be passed beside X and y."""
    given = {}
    partial = task.estimator != "Seq2SeqTransformer" and draw(st.integers(0, 4)) == 0
    if "weights" in faults or draw(st.integers(0, 4)) == 0:
        given["sample_weight"] = draw(weights("weights" in faults))
    if not partial and ("valid" in faults or draw(st.integers(0, 7)) == 0):
        broken = draw(st.sampled_from(["X", "y", "weights"])) if "valid" in faults else ""
        given["X_val"] = draw_data(draw, task.X, JUNK_SEQUENCES, broken == "X")
        given["y_val"] = draw_data(draw, task.y, ANY_TARGETS, broken == "y")
        if broken == "weights" or draw(st.booleans()):
            given["sample_weight_val"] = draw(weights(broken == "weights"))
        if "valid" in faults and draw(st.integers(0, 3)) == 0:
            given.pop(draw(st.sampled_from(["X_val", "y_val"])))
    if partial and task.estimator == "RNNClassifier" and draw(st.booleans()):
        pool = _targets.LABELS if "y" not in faults else ANY_TARGETS
        given["classes"] = draw(st.sampled_from(pool))
    method = "partial_fit" if partial else "fit"
    target = "" if draw(st.integers(0, 40)) == 0 and not task.params.get("loss") else ", y"
    if not target and task.estimator != "Seq2SeqTransformer":
        target = ", None"
    return f"m.{method}({', '.join(['X' + target, *[f'{k}={v}' for k, v in given.items()]])})"


@st.composite
def calls(draw, task, fault):
    """A call of a fitted estimator, or of one that should be."""
    seq2seq = task.estimator == "Seq2SeqTransformer"
    kinds = ["predict", "predict", "score", "score", "refit", "reset", "look"]
    kinds += ["decode", "decode"] if seq2seq else []
    kind = draw(st.sampled_from(kinds))
    broken = fault and draw(st.booleans())
    X = draw_data(draw, ("X", "X", *task.X), JUNK_SEQUENCES, broken)
    y = draw_data(draw, ("y", "y", *task.y), ANY_TARGETS, fault and draw(st.booleans()))
    if kind == "predict":
        method = draw(st.sampled_from(_PREDICTING[task.estimator]))
        more = ""
        if task.estimator == "RNNRegressor" and draw(st.integers(0, 3)) == 0:
            more = f", return_std={draw(st.sampled_from(('True', 'False', *_values.JUNK)))}"
        return f"m.{method}({X}{more})"
    if kind == "score":
        weight = draw(weights(fault and draw(st.booleans())))
        more = "" if weight == "None" else f", sample_weight={weight}"
        return f"m.score({X}, {y}{more})"
    if kind == "refit":
        return f"m.fit({X}, {y})" if seq2seq or draw(st.booleans()) else f"m.partial_fit({X}, {y})"
    if kind == "decode":
        return draw(decodings(X, y, fault))
    if kind == "reset":
        pools = PARAMETERS[task.estimator]
        name = draw(st.sampled_from([*pools]))
        pool = pools[name] + (junk_values(name) if fault else ())
        return f"m.set_params({name}={draw(st.sampled_from(pool))})"
    return draw(
        st.sampled_from(
            [
                "m = clone(m)",
                "m = pickle.loads(pickle.dumps(m))",
                "m = copy.deepcopy(m)",
                "m.get_params()",
                "m.get_params(deep=False)",
                "m.set_params(**m.get_params())",
                "m.set_params()",
                "repr(m)",
                "m.__sklearn_tags__()",
                "m._repr_html_()",
                "m.get_metadata_routing()",
            ]
        )
    )


_DECODINGS = [
    "m.predict_n_best({X}, {count})",
    "m.predict_n_best({X}, 2, return_log_proba={switch})",
    "m.sample({X}, random_state={random_state})",
    "m.sample({X}, temperature={temperature}, random_state=0)",
    "m.sample({X}, top_k={count}, random_state=0)",
    "m.sample({X}, top_p={share}, random_state=0)",
    "m.align({X}, {y})",
    "m.align({X})",
    "m.score_samples({X}, {y})",
    "m.score_samples({X})",
    "m.fit_transform({X}, {y})",
    "m.inverse_transform({X})",
    "m.inverse_transform(m.transform(X))",
    "m.inverse_transform({encodings})",
    "m.get_feature_names_out({none})",
    "m.set_output(transform={container})",
]
_OPTIONS = {
    "count": _values.COUNTS,
    "switch": ("True", "False"),
    "random_state": _values.COMMON["random_state"],
    "temperature": _values.TEMPERATURES,
    "share": ("0.5", "1.0", "1e-300"),
    "encodings": ("np.zeros((2, 4))",),
    "none": ("None",),
    "container": ("None", "'pandas'", "'default'"),
}


@st.composite
def decodings(draw, X, y, fault):
    """A call of what only Seq2SeqTransformer has."""
    junk = _values.JUNK if fault else ()
    pools = {name: pool + junk for name, pool in _OPTIONS.items()}
    pools["container"] = _OPTIONS["container"]
    return one_line(draw, _DECODINGS, pools | {"X": (X,), "y": (y,)})
