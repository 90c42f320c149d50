"""Programs that construct, fit and call transcribers."""

import inspect

from hypothesis import strategies as st

from sk_rnn import RNNTranscriber

from . import _sequences, _targets, _values
from ._draws import one_line
from ._estimators import JUNK_SEQUENCES, arguments, draw_data, junk_values

_Y = (
    "['a', 'b', '', 'a', 'ba', 'b']",
    "[['x'], ['y'], ['x']] * 2",
    "np.arange(6) % 2",
    "[1, 0, 1] * 2",
    "['a'] * 6",
    "['abcabc'] * 6",
    "[''] * 6",
)
DATA = _sequences.SEQUENCES + _sequences.TABLES
_OWN = {
    "analyzer": ("'char'", "'word'", "None", "list", "lambda text: 1"),
    "min_df": ("'auto'", "1", "2", "np.int64(2)"),
    "conv_channels": ("None", "2", "np.int64(3)"),
    "conv_stride": ("'auto'", "1", "2", "np.int64(3)"),
    "center_inputs": ("'auto'", "True", "False"),
    "time_masking": ("0", "3", "np.int64(2)"),
    "feature_masking": ("0.0", "0.5", "np.float32(0.3)"),
    "beam_width": ("1", "2", "np.int64(3)"),
    "lexicon": ("None", "['a', 'ba']", "{'a': 1}", "'a'", "[['x']]", "np.array(['a', 'b'])"),
    "separator": ("' '", "'b'", "None", "[1]"),
    "language_model": ("None", "lambda prefix: [-1.0] * 2", "lambda prefix: 1 / 0", "3"),
    "lm_weight": ("0", "0.5", "np.float32(2)"),
    "token_bonus": ("0", "-1.0", "np.int64(2)"),
}
_NAMES = set(inspect.signature(RNNTranscriber).parameters)
PARAMETERS = {name: pool for name, pool in _values.COMMON.items() if name in _NAMES} | _OWN
_CALLS = [
    "m.predict({X})",
    "m.predict_n_best({X}, {count})",
    "m.predict_n_best({X}, {count}, return_log_proba={switch})",
    "m.predict_proba({X})",
    "m.predict_log_proba({X})",
    "m.score_samples({X})",
    "m.score_samples({X}, {y})",
    "m.score({X}, {y})",
    "m.score({X}, {y}, {weights})",
    "m.align({X})",
    "m.align({X}, {y})",
    "m.fit({X}, {y}, {weights})",
    "m.fit({X}, {y}, X_val={X}, y_val={y})",
    "m.set_params({name}={value}).predict({X})",
    "m = clone(m)",
    "m = pickle.loads(pickle.dumps(m))",
    "repr(m)",
]


@st.composite
def transcriber_programs(draw):
    """A transcriber is constructed, fitted and used."""
    broken = draw(st.integers(0, 4)) == 0
    params = {"hidden_size": "2", "max_epochs": "1", "random_state": "0"}
    for name in draw(st.lists(st.sampled_from(list(PARAMETERS)), max_size=3)):
        if name.isidentifier():
            pool = PARAMETERS[name] + (junk_values(name) if draw(st.integers(0, 3)) == 0 else ())
            params[name] = draw(st.sampled_from(pool))
    lines = [
        f"X = {draw_data(draw, DATA, JUNK_SEQUENCES, broken)}",
        f"y = {draw(st.sampled_from(_Y + (_targets.TOKENS if broken else ())))}",
        f"m = RNNTranscriber({arguments(params)})",
        "m.fit(X, y)",
    ]
    return (*lines, *(_call(draw) for _ in range(draw(st.integers(1, 3)))))


def _call(draw):
    """A call of a fitted model, with junk in one of five."""
    junk = draw(st.integers(0, 4)) == 0
    more = _values.JUNK if junk else ()
    name = draw(st.sampled_from([name for name in PARAMETERS if name.isidentifier()]))
    return one_line(
        draw,
        _CALLS,
        {
            "X": ("X", "X", *DATA, *(JUNK_SEQUENCES if junk else ())),
            "y": ("y", "y", *_Y, *more),
            "weights": _targets.JUNK_WEIGHTS if junk else _targets.WEIGHTS,
            "count": _values.COUNTS + more,
            "switch": ("True", "False", *more),
            "name": (name,),
            "value": PARAMETERS[name] + more,
        },
    )
