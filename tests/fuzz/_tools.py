"""Programs that use the transformers and functions of sk_rnn.preprocessing."""

from hypothesis import strategies as st

from . import _sequences, _targets, _values
from ._draws import any_of, call, maybe, one_line

_SEQUENCES = _sequences.SEQUENCES + _sequences.TABLES + _sequences.IDS
_JUNK = _sequences.JUNK_DATA + _targets.JUNK_TOKENS

# --- SequenceVectorizer ---

_DOCUMENTS = (*_targets.TOKENS[:12], "[b'the cat', b'a dog']", "iter(texts)", "texts", "texts")
_VECTORIZER = {
    "input": ("'content'", "'filename'", "'file'", "'junk'"),
    "encoding": ("'utf-8'", "'ascii'", "'junk'", "'utf-16'"),
    "decode_error": ("'strict'", "'ignore'", "'replace'", "'junk'"),
    "strip_accents": ("None", "'ascii'", "'unicode'", "str.upper", "len", "lambda text: None"),
    "lowercase": ("True", "False"),
    "preprocessor": ("None", "str.lower", "len", "lambda text: None", "lambda: 'a'"),
    "tokenizer": ("None", "str.split", "len", "lambda text: [1, 2]", "lambda text: [[]]"),
    "stop_words": ("None", "'english'", "['the']", "'junk'", "[1]", "['The']", "[[]]"),
    "token_pattern": (
        r"r'\S+'",
        r"r'(\w)(\w)'",
        r"r'(\w+)'",
        "'('",
        "''",
        "r'$^'",
        "None",
        "b'a'",
        "'*'",
    ),
    "ngram_range": (
        "(1, 1)",
        "(1, 2)",
        "(2, 1)",
        "(0, 1)",
        "(-1, 1)",
        "(1,)",
        "(1, 2, 3)",
        "(1.0, 2.0)",
        "('a', 'b')",
        "(None, None)",
        "[1, 2]",
        "(1, 10**400)",
        "(np.int64(1), np.int64(2))",
        "(True, True)",
        "(5, 5)",
    ),
    "analyzer": (
        "'word'",
        "'char'",
        "'char_wb'",
        "str.split",
        "list",
        "len",
        "lambda text: None",
        "lambda text: [[]]",
        "lambda text: [None]",
        "lambda: []",
        "'junk'",
    ),
    "max_df": ("1.0", "0.5", "2", "0", "0.0", "1.5", "np.int64(2)", "np.float32(0.5)"),
    "min_df": ("'auto'", "1", "2", "0.5", "0", "100", "np.int64(1)", "1.0"),
    "max_features": ("None", "1", "2", "100", "np.int64(2)", "0"),
    "vocabulary": (
        "None",
        "['cat', 'dog']",
        "{'cat': 0, 'dog': 1}",
        "{'cat': 2, 'dog': 3}",
        "{'cat': 5, 'dog': 9}",
        "{'cat': 'a'}",
        "{'cat': 1.0}",
        "{'cat': 0, 'dog': 0}",
        "{'cat': 10**400}",
        "[]",
        "{}",
        "['cat', 'cat']",
        "[1, 2]",
        "['Cat']",
        "{'cat', 'dog'}",
        "'cat'",
        "[['cat']]",
        "[None]",
        "pd.Series(['cat', 'dog'])",
        "np.array(['cat', 'dog'])",
        "SequenceVectorizer().fit(texts)",
        "SequenceVectorizer().fit(texts).vocabulary_",
        "SequenceVectorizer().fit(texts).get_feature_names_out()",
    ),
    "max_length": ("None", "1", "2", "5", "np.int64(3)"),
    "truncate": ("'head'", "'tail'", "'middle'", "'junk'"),
    "add_marks": ("True", "False", "np.bool_(True)"),
}
_SUMMARIZER = {
    "statistics": (
        "('mean', 'std')",
        "['length']",
        "[]",
        "('junk',)",
        "('mean', 'mean')",
        "'mean'",
        "{'mean'}",
        "[1]",
        "[None]",
        "[['mean']]",
        "('mean', len)",
        "np.array(['mean'])",
    )
}
_PADDER = {
    "maxlen": ("None", "1", "2", "5", "np.int64(3)"),
    "padding": ("'pre'", "'post'", "'junk'"),
    "truncating": ("'pre'", "'post'", "'junk'"),
    "value": ("0.0", "-1", "np.nan", "1.5", "2**40", "np.float32(1)", "np.uint8(255)", "1e300"),
    "add_indicator": ("True", "False", "np.bool_(True)"),
}
_INNER = (
    "StandardScaler()",
    "StandardScaler()",
    "MinMaxScaler()",
    "PCA(1)",
    "PCA(10)",
    "PCA('junk')",
    "SimpleImputer()",
    "OneHotEncoder()",
    "OneHotEncoder(sparse_output=False, handle_unknown='ignore')",
    "OrdinalEncoder()",
    "TargetEncoder(cv=2)",
    "KBinsDiscretizer(2)",
    "DictVectorizer()",
    "FunctionTransformer()",
    "FunctionTransformer(np.abs)",
    "FunctionTransformer(lambda X: X[1:])",
    "FunctionTransformer(lambda X: None)",
    "FunctionTransformer(lambda X: 3)",
    "FunctionTransformer(lambda X: 'a')",
    "FunctionTransformer(lambda X: np.asarray(X)[:, :0])",
    "FunctionTransformer(lambda X: np.asarray(X)[:, :, None])",
    "FunctionTransformer(lambda X: np.asarray(X)[:, 0])",
    "FunctionTransformer(lambda X: np.asarray(X) * 1j)",
    "FunctionTransformer(lambda X: np.full(np.shape(X), np.nan))",
    "FunctionTransformer(lambda X: sp.csr_matrix(np.asarray(X, dtype=float)))",
    "FunctionTransformer(lambda: 0)",
    "Shrinking()",
    "make_pipeline(SimpleImputer(), StandardScaler())",
    "make_column_transformer((StandardScaler(), ['heat']), (OneHotEncoder(), ['mode']))",
    "make_column_transformer((StandardScaler(), [0]))",
    "ColumnTransformer([])",
    "TimeDistributed(StandardScaler())",
    "SequenceSummarizer()",
    "StandardScaler",
    "RNNClassifier()",
    "RNNClassifier",
    "'passthrough'",
    "np.log",
    "torch.nn.Linear(2, 2)",
)
_STEPS_OF_FRAMES = ("mixed", "frames", "ragged", "[frame.to_dict('records') for frame in frames]")
_TARGETS = ("None", "None", "labels", "tags", "numbers")
_VECTORS = "a_file('cat 0.1 0.2\\ndog 0.3 0.4\\n')"
_PATHS = (
    _VECTORS,
    "Path(" + _VECTORS + ")",
    "a_file('2 2\\ncat 0.1 0.2\\ndog 0.3 0.4\\n')",
    "a_file('3 2\\ncat 0.1 0.2\\n')",
    "a_file('')",
    "a_file('\\n\\n')",
    "a_file('cat\\n')",
    "a_file('cat 0.1\\ndog 0.3 0.4\\n')",
    "a_file('cat a b\\n')",
    "a_file('cat nan 1.0\\n')",
    "a_file('cat inf 1.0\\n')",
    "a_file('cat 1e300 1.0\\n')",
    "a_file(b'\\xff\\xfe cat')",
    "a_file(b'cat \\xff 1.0\\n')",
    "a_file(b'\\x1f\\x8b junk')",
    "a_file(b'PK\\x03\\x04 junk')",
    "a_file('emu 0.1 0.2\\n')",
    "'/no/such/file'",
    "'.'",
    "''",
    "'a\\0b'",
    "b'/no/such/file'",
    "None",
    "3",
    "io.StringIO('cat 1.0')",
    "[]",
)
_VOCABULARIES = (
    "{'cat': 2, 'dog': 3}",
    "['cat', 'dog']",
    "{'cat': 10**400}",
    "{'cat': 10**10}",
    "{'cat': -1}",
    "{'cat': 1.5}",
    "{'cat': True}",
    "{'cat': None}",
    "{1: 2}",
    "{'cat': np.int64(2)}",
    "{'cat': 2, 'dog': 2}",
    "{'\\ud800': 2}",
    "[]",
    "{}",
    "'cat'",
    "[1]",
    "[None]",
    "{'cat'}",
    "pd.Series({'cat': 2})",
    "SequenceVectorizer().fit(texts)",
    "SequenceVectorizer()",
    "SequenceVectorizer().fit(texts).vocabulary_",
)
_SERIES = (
    "np.arange(12.0)",
    "table",
    "frame",
    "pd.Series(np.arange(6.0), index=pd.date_range('2020', periods=6))",
    "pd.Series(np.arange(3.0), index=[3, 1, 2])",
    "pd.Series(np.arange(3.0), index=['a', 'a', 'b'])",
    "pd.Series(np.arange(3.0), index=[None, 1, 2])",
    "pd.Series(['a', 'b', 'c'])",
    "range(6)",
    "list(range(6))",
    "Panel.from_sequences(ragged)",
    "Panel.from_sequences(ids)",
    "pd.DataFrame({'a': [1, 2, 3], 'b': [True, False, True]})",
)
_SIZES = ("1", "2", "np.int64(2)", "100", "2**63 - 1", "10**400")


_POOLS = {
    "data": ("X", "X", *_SEQUENCES, "[[5]]", "[[-1]]", *_JUNK),
    "names": ("None", "['a', 'b']", "['u', 'v']", "'a'", "3", "[[]]", "[1]", *_values.JUNK),
    "container": ("'pandas'", "'default'", "'polars'", "None", "'junk'", "1"),
}
_USES = [
    "m.transform({data})",
    "m.transform({data})",
    "m.transform(X)",
    "m.get_feature_names_out({names})",
    "m.set_output(transform={container})",
    "m = clone(m)",
    "m = pickle.loads(pickle.dumps(m))",
    "repr(m)",
    "m.get_params()",
    "m.__sklearn_tags__()",
]
_INVERSES = ["m.inverse_transform({data})", "m.inverse_transform(m.transform(X))"]
_PARTS = [
    "m.build_analyzer()",
    "m.build_tokenizer()",
    "m.build_preprocessor()",
    "m.get_stop_words()",
]


@st.composite
def transformer_programs(draw):
    """Construct, fit and use a transformer."""
    pick = any_of(draw)
    kind = draw(st.sampled_from([_vectorizer, _time_distributed, _padder, _summarizer]))
    constructor, X, y = kind(draw, pick)
    lines = [f"X = {_defined(X)}", f"m = {constructor}"]
    distributed = kind is _time_distributed
    if draw(st.integers(0, 5)):
        target = f", {y}" if y != "None" or not draw(st.integers(0, 3)) else ""
        methods = (
            ["fit", "fit_transform", "partial_fit"] if distributed else ["fit", "fit_transform"]
        )
        lines.append(f"m.{draw(st.sampled_from(methods))}(X{target})")
    inverses = _INVERSES if distributed or kind is _vectorizer else []
    templates = _USES + inverses + (_PARTS if kind is _vectorizer else [])
    for _ in range(draw(st.integers(1, 3))):
        lines.append(one_line(draw, templates, _POOLS))  # noqa: PERF401
    return tuple(lines)


def _defined(X):
    return X.replace("X", "ragged")


def _parameters(draw, pick, pools, most=2):
    named = {}
    for name in draw(st.lists(st.sampled_from([*pools]), max_size=most)):
        huge = _values.HUGE if name not in _values.SLOW else ()
        named[name] = pick(pools[name], _values.JUNK, huge)
    return named


def _vectorizer(draw, pick):
    named = _parameters(draw, pick, _VECTORIZER, most=3)
    if "stop_words" in named:
        named["token_pattern"] = r"r'\w+'"
    X = pick(_DOCUMENTS, _JUNK)
    if named.get("input") == "'filename'":
        X = pick(("[a_file('the cat'), a_file('a dog')]",), (X, "['/no/such/file']", "['.']"))
    if named.get("input") == "'file'":
        X = pick(("[io.StringIO('the cat')]", "[io.BytesIO(b'a dog')]"), (X,))
    return call("SequenceVectorizer", [], named), X, "None"


def _time_distributed(draw, pick):
    transformer = pick(_INNER, _values.JUNK)
    X = pick(_SEQUENCES + _STEPS_OF_FRAMES * 4, _JUNK)
    return f"TimeDistributed({transformer})", X, pick(_TARGETS, _targets.JUNK_TARGETS)


def _padder(draw, pick):
    named = _parameters(draw, pick, _PADDER)
    return call("SequencePadder", [], named), pick(_SEQUENCES, _JUNK), "None"


def _summarizer(draw, pick):
    named = _parameters(draw, pick, _SUMMARIZER, most=1)
    return call("SequenceSummarizer", [], named), pick(_SEQUENCES, _JUNK), "None"


@st.composite
def function_programs(draw):
    """Call a function."""
    pick = any_of(draw)
    kind = draw(st.sampled_from(["pad", "windows", "vectors"]))
    if kind == "pad":
        pools = {name: pool for name, pool in _PADDER.items() if name != "add_indicator"}
        named = _parameters(draw, pick, pools)
        named["return_mask"] = maybe(draw, ("True", *_values.JUNK))
        named["return_lengths"] = maybe(draw, ("True", *_values.JUNK))
        line = call("pad_sequences", [pick(_SEQUENCES, _JUNK)], named)
    elif kind == "windows":
        named = {"window": pick(_SIZES[:3], _SIZES, _values.JUNK)}
        for name in ("horizon", "step", "gap"):
            named[name] = maybe(draw, _SIZES + _values.JUNK)
        named["target"] = maybe(draw, ("0", "'x0'", "['x0']", "[0, 1]", *_values.JUNK))
        gaps = ("'cut'", "'ignore'", "'raise'", "'junk'", *_values.JUNK)
        named["time_gaps"] = maybe(draw, gaps)
        named["return_last"] = maybe(draw, ("True", *_values.JUNK))
        line = call("make_windows", [pick(_SERIES, _SEQUENCES, _JUNK)], named)
    else:
        path, vocabulary = pick(_PATHS), pick(_VOCABULARIES[:2], _VOCABULARIES, _values.JUNK)
        named = {
            "missing": maybe(draw, ("'zeros'", "'random'", "'junk'", *_values.JUNK)),
            "random_state": maybe(draw, _values.COMMON["random_state"] + _values.JUNK),
            "return_found": maybe(draw, ("True", *_values.JUNK)),
        }
        line = call("load_word_vectors", [path, vocabulary], named)
    return ("X = ragged", line)
