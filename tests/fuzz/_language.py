"""Programs that construct, fit and call language models."""

import inspect

from hypothesis import strategies as st

from sk_rnn import RNNLanguageModel

from . import _sequences, _targets, _values
from ._draws import one_line
from ._estimators import JUNK_SEQUENCES, arguments, draw_data, junk_values

_BITS = (
    "[np.eye(3)[[0, 1]], np.eye(3)[[2]]] * 3",
    "[(np.asarray(x) > 0).astype(float) for x in ragged]",
    "np.full((4, 5, 2), 0.25)",
)
DATA = {
    "tokens": _targets.TOKENS + _sequences.IDS,
    "numbers": _sequences.SEQUENCES + _sequences.TABLES,
    "binary": _BITS,
}
_OWN = {
    "kind": ("'auto'", "'tokens'", "'numbers'", "'binary'", "'text'"),
    "analyzer": ("'char'", "'word'", "None", "list", "lambda text: 1"),
    "min_df": ("'auto'", "1", "2", "np.int64(2)"),
    "ends": ("'auto'", "True", "False"),
    "density": ("'auto'", "'gaussian'", "'mixture'", "'squared_error'", "'categorical'"),
    "n_components": ("1", "3", "np.int64(2)"),
    "tied_embeddings": ("'auto'", "True", "False"),
    "label_smoothing": ("0", "0.1", "np.float32(0.5)"),
    "tbptt_steps": ("1", "2", "64", "np.int64(3)"),
    "max_length": ("'auto'", "1", "7"),
}
_NAMES = set(inspect.signature(RNNLanguageModel).parameters)
LANGUAGE = {name: pool for name, pool in _values.COMMON.items() if name in _NAMES} | _OWN
_CALLS = [
    "m.score_samples({X})",
    "m.score_steps({X})",
    "m.score({X})",
    "m.score({X}, None, {weights})",
    "m.perplexity({X})",
    "m.predict({X})",
    "m.predict_proba({X})",
    "m.predict_steps({X})",
    "m.transform({X})",
    "m.sample({count}, max_length={count}, temperature={temperature}, random_state=0)",
    "m.sample({count}, max_length=3, top_k={count}, top_p={share})",
    "m.sample(2, max_length=3, stop={stop})",
    "m.generate({X}, max_length={count}, include_prompt={switch})",
    "m.generate({X}, max_length=2, temperature={temperature}, stop={stop}, random_state=0)",
    "m.stream().push({X})",
    "m.stream({count}).push({X})",
    "m.stream().push('a')",
    "m.partial_fit({X})",
    "m.fit({X}, None, {weights})",
    "m.fit({X}, X_val={X})",
    "m.set_params({name}={value})",
    "m = clone(m)",
    "m = pickle.loads(pickle.dumps(m))",
    "repr(m)",
]


@st.composite
def language_programs(draw):
    """A language model is constructed, fitted and used."""
    kind = draw(st.sampled_from(list(DATA)))
    broken = draw(st.integers(0, 4)) == 0
    params = {"hidden_size": "2", "max_epochs": "1", "random_state": "0"}
    if draw(st.booleans()):
        params["kind"] = f"'{kind}'"
    for name in draw(st.lists(st.sampled_from(list(LANGUAGE)), max_size=3)):
        if name.isidentifier():
            pool = LANGUAGE[name] + (junk_values(name) if draw(st.integers(0, 3)) == 0 else ())
            params[name] = draw(st.sampled_from(pool))
    lines = [
        f"X = {draw_data(draw, DATA[kind], JUNK_SEQUENCES, broken)}",
        f"m = RNNLanguageModel({arguments(params)})",
        draw(st.sampled_from(("m.fit(X)", "m.fit(X)", "m.partial_fit(X)"))),
    ]
    return (*lines, *(_call(draw, DATA[kind]) for _ in range(draw(st.integers(1, 3)))))


def _call(draw, data):
    """A call of a fitted model, with junk in one of five."""
    junk = draw(st.integers(0, 4)) == 0
    more = _values.JUNK if junk else ()
    name = draw(st.sampled_from([name for name in LANGUAGE if name.isidentifier()]))
    return one_line(
        draw,
        _CALLS,
        {
            "X": ("X", "X", *data, *(JUNK_SEQUENCES if junk else ())),
            "weights": _targets.JUNK_WEIGHTS if junk else _targets.WEIGHTS,
            "count": _values.COUNTS + more,
            "temperature": ("0", *_values.TEMPERATURES, *more),
            "share": ("0.5", "1.0", "1e-300", *more),
            "stop": ("None", "'a'", "['a', 'b']", "3", "0.5", *more),
            "switch": ("True", "False", *more),
            "name": (name,),
            "value": LANGUAGE[name] + more,
        },
    )
