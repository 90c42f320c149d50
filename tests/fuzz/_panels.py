"""Programs that construct, index and convert panels."""

from hypothesis import strategies as st

from . import _sequences, _targets, _values
from ._draws import any_of, call, maybe, one_line

PANELS = (
    "Panel.from_sequences(ragged)",
    "Panel.from_sequences(ids)",
    "Panel.from_sequences(frames)",
    "Panel.from_sequences(pd.Series(ragged, index=list('abcd')))",
    "Panel.from_frame(long, by='id', order_by='time')",
    "Panel.from_frame(long, by='id', order_by='time', columns='v', n_tokens=8)",
    "Panel.from_frame(long.set_index(['id', 'time']), by='id', order_by='time')",
    "Panel(memmap(np.arange(8.0)[:, None]), [0, 3, 4, 8])",
    "Panel(np.arange(3), [0, 1, 3], n_tokens=5)",
    "Panel.from_padded(cube, [3, 2, 1, 3])",
    "Panel.from_sequences(ragged, dtype='float32')",
    "Panel.from_sequences(ragged)[:0]",
    "Panel(np.zeros((0, 2)), [0])",
    "Panel(np.zeros((2, 1)), [0, 0, 2], times=[1, 2])",
    "Panel.from_sequences(cube)[::-1]",
    "SequenceVectorizer().fit_transform(texts)",
)
_VALUES = (
    "np.zeros((3, 2))",
    "np.arange(3)",
    "np.zeros((3, 1), dtype=np.float32)",
    "np.zeros(3)",
    "np.zeros((3, 2), dtype=int)",
    "np.zeros((3, 2), dtype=np.float16)",
    "np.zeros((3, 2), dtype='>f8')",
    "np.zeros((3, 2, 1))",
    "np.zeros((3, 0))",
    "np.zeros((0, 2))",
    "np.arange(3, dtype=np.uint64)",
    "np.arange(3, dtype='>i4')",
    "[[1.0], [2.0], [3.0]]",
    "[1, 2, 3]",
    "['a', 'b', 'c']",
    "[[1.0], [2.0, 3.0], [4.0]]",
    "torch.zeros(3, 2)",
    "pd.DataFrame(np.zeros((3, 2)))",
)
_OFFSETS = (
    "[0, 1, 3]",
    "[0, 3]",
    "np.array([0, 1, 3], dtype=np.int32)",
    "np.array([0, 1, 3], dtype=np.uint64)",
    "torch.tensor([0, 1, 3])",
    "pd.Series([0, 1, 3])",
    "[0, 3, 1]",
    "[0, 1, 2]",
    "[1, 3]",
    "[0.0, 3.0]",
    "[[0, 3]]",
    "[0, 2**63]",
    "[0, 10**400]",
    "[0, -1, 3]",
    "['0', '3']",
    "[0, None]",
    "[[0], [1, 3]]",
)
_FRAMES = (
    "long",
    "long.set_index(['id', 'time'])",
    "pl.DataFrame(long)",
    "pa.Table.from_pandas(long)",
    "long.iloc[::-1]",
    "long.iloc[:0]",
    "long.assign(u=None)",
    "long.assign(u='a')",
    "long.assign(u=np.nan)",
    "long.assign(u=1j)",
    "long.assign(u=[[1.0]] * 8)",
    "long.assign(u=pd.Categorical(list('abababab')))",
    "long.assign(id=[None, *'abcdefg'])",
    "long.assign(id=[1, 'a'] * 4)",
    "long.assign(id=[[1]] * 8)",
    "long.assign(time=0)",
    "long.assign(time=[None] * 8)",
    "long.assign(time=['x'] * 8)",
    "long.assign(time=pd.date_range('2020', periods=8))",
    "long.assign(time=[{}] * 8)",
    "long.assign(time=[1j] * 8)",
    "long.assign(v=[2**63] * 8)",
    "long.assign(v=[-1] * 8)",
    "long.rename(columns={'v': 'u'})",
    "long.rename(columns={'v': 1})",
    "long.rename(columns={'v': ('v', 1)})",
    "long[['id', 'time']]",
    "long[['id']]",
    "long.convert_dtypes(dtype_backend='pyarrow')",
    "pl.DataFrame(long).lazy()",
)
_NAMES = (
    "'id'",
    "'time'",
    "'u'",
    "'v'",
    "'junk'",
    "None",
    "['id']",
    "['id', 'time']",
    "['u', 'v']",
    "['u']",
    "[]",
    "['u', 'u']",
    "['junk']",
    "('id', 'time')",
    "0",
    "1",
    "np.array(['u', 'v'])",
    "pd.Index(['u'])",
    "pl.col('id')",
    "[['u']]",
    "{'u': 1}",
    "slice(None)",
)
_KEYS = (
    "0",
    "-1",
    "3",
    "4",
    "-5",
    "np.int64(1)",
    "np.uint64(1)",
    "2**63",
    "10**400",
    "True",
    "np.bool_(True)",
    "1.0",
    "None",
    "...",
    "np.newaxis",
    "'a'",
    "'sample'",
    "b'a'",
    "slice(None)",
    "slice(1, 3)",
    "slice(None, None, -1)",
    "slice(None, None, 0)",
    "slice(0.5, 2)",
    "slice('a')",
    "slice(10**400)",
    "[0, 1]",
    "[]",
    "[0, -1, 0]",
    "[7]",
    "[2**63]",
    "[10**400]",
    "[0.0, 1.0]",
    "['a', 'b']",
    "[None]",
    "[[0], [1, 2]]",
    "[[0, 1]]",
    "[True, False, True, False]",
    "[True]",
    "[True, None, False, True]",
    "np.array([0, 1])",
    "np.array([0, 1], dtype=np.uint64)",
    "np.array([2**63], dtype=np.uint64)",
    "np.array(1)",
    "np.array([True, False, True, False])",
    "np.zeros((4, 2), dtype=bool)",
    "np.ma.masked_array([0, 1], mask=[1, 0])",
    "matrix([0, 1])",
    "pd.Series([0, 1])",
    "pd.Series([True, False, True, False])",
    "pd.Series([True, False, None, False], dtype='boolean')",
    "pd.array([0, 1], dtype='Int64')",
    "pd.Index([0, 1])",
    "torch.tensor([0, 1])",
    "torch.tensor(1)",
    "torch.tensor([True, False, True, False])",
    "sp.csr_matrix([0, 1])",
    "(0,)",
    "()",
    "(0, ...)",
    "(0, 1)",
    "(slice(None), ...)",
    "(slice(None), 0)",
    "(..., 0)",
    "([0, 1], ...)",
    "(0, ..., 0)",
    "{0, 1}",
    "{'a': 1}",
    "range(2)",
    "(i for i in [0])",
    "object()",
    "lambda: 0",
    "1j",
    "np.nan",
    "pd.NA",
    "date(2020, 1, 1)",
    "Panel",
)
_LENGTHS = (
    "[3, 2, 1, 3]",
    "np.array([3, 2, 1, 3])",
    "torch.tensor([3, 2, 1, 3])",
    "pd.Series([3, 2, 1, 3])",
    "[0, 2, 1, 3]",
    "[3, 2, 1, 4]",
    "[3, 2, 1]",
    "[3.0, 2.0, 1.0, 3.0]",
    "[-1, 2, 1, 3]",
    "[2**63, 2, 1, 3]",
    "[10**400, 2, 1, 3]",
    "[[3], [2], [1], [3]]",
    "[[3], [2, 1], [1], [3]]",
    "['3', '2', '1', '3']",
    "[None, 2, 1, 3]",
    "[True, True, True, True]",
    "{'a': 1}",
    "3",
    "[]",
)
_PADDINGS = ("0.0", "-1", "np.nan", "0", "np.float32(2)", "2**31", "1e300", "-1e300", "'1'")
_OTHERS = (
    "m",
    "m[:1]",
    "m[:0]",
    "Panel.from_sequences(ragged)",
    "Panel.from_sequences(ids)",
    "Panel.from_sequences(frames)",
    "Panel(np.zeros((1, 1), dtype=np.float32), [0, 1])",
    "Panel(np.zeros((1, 2)), [0, 1], times=[1], index=[1])",
)
# --- arguments other than containers ---
_NO_PANELS = (
    "None",
    "ragged",
    "m.values",
    "3",
    "'a'",
    "Panel",
    "m.to_list()",
    "object()",
    "pd.Series([1])",
    "[m]",
)
_LABELS = (
    "None",
    "list('abcd')",
    "[1, 2, 3, 4]",
    "['a']",
    "[1, 'a', None, 2.5]",
    "[[1], [2], [3], [4]]",
    "[[1], [2, 3], [3], [4]]",
    "np.zeros((4, 2))",
    "np.zeros((3, 3))",
    "pd.MultiIndex.from_product([[1, 2], [3, 4]])",
    "pd.date_range('2020', periods=4)",
    "{'a': 1}",
    "3",
    "'abcd'",
    "range(4)",
    "(i for i in range(4))",
    "object()",
    "[{}, {}, {}, {}]",
    "pl.Series([1, 2, 3, 4])",
    "torch.tensor([1, 2, 3, 4])",
    "Refusing()",
)
_FEATURES = (
    "None",
    "['u', 'v']",
    "('u',)",
    "'uv'",
    "3",
    "[1, 2]",
    "[None, 'a']",
    "['u', 'u']",
    "{'u', 'v'}",
    "pd.Index(['u', 'v'])",
    "np.array(['u', 'v'])",
    "[['u'], ['v']]",
    "object()",
    "b'uv'",
)
_TOKENS = ("None", "5", "1", "0", "-1", "np.int64(5)", "10**400", "2.0", "'5'", "True", "np.nan")
_DTYPES = (
    "None",
    "'float32'",
    "np.float64",
    "float",
    "'>f8'",
    "int",
    "'int64'",
    "bool",
    "object",
    "str",
    "'junk'",
    "np.float16",
    "np.longdouble",
    "complex",
    "'datetime64[D]'",
    "torch.float32",
    "pd.Float64Dtype()",
    "'Float64'",
    "3",
    "[('a', float)]",
    "Panel",
    "{}",
)


@st.composite
def panel_programs(draw):
    """Construct a panel, if possible, and use it."""
    pick = any_of(draw)
    made = draw(constructors()) if draw(st.booleans()) else pick(PANELS)
    return ("X = ragged", f"m = {made}", *draw(st.lists(uses(), min_size=1, max_size=3)))


@st.composite
def constructors(draw):
    """A call of the constructor or of a class method."""
    pick = any_of(draw)
    kind = draw(st.sampled_from(["init", "sequences", "frame", "padded"]))
    if kind == "init":
        named = {
            "index": maybe(draw, _LABELS),
            "feature_names": maybe(draw, _FEATURES),
            "n_tokens": maybe(draw, _TOKENS),
            "times": maybe(draw, _LABELS),
        }
        values, offsets = pick(_VALUES, _sequences.JUNK_DATA), pick(_OFFSETS, _values.JUNK)
        return call("Panel", [values, offsets], named)
    if kind == "sequences":
        named = {"dtype": maybe(draw, _DTYPES), "feature_names": maybe(draw, _FEATURES)}
        good = _sequences.SEQUENCES + _sequences.TABLES + _sequences.IDS
        return call("Panel.from_sequences", [pick(good, _sequences.JUNK_DATA)], named)
    if kind == "frame":
        named = {
            "by": pick(("'id'", "'id'"), _NAMES),
            "order_by": maybe(draw, ("'time'", *_NAMES)),
            "columns": maybe(draw, _NAMES),
            "missing": maybe(draw, ("'raise'", "'keep'", "'drop'", "None", "[]", "True")),
            "n_tokens": maybe(draw, ("8", "100", *_TOKENS)),
        }
        return call("Panel.from_frame", [pick(_FRAMES, _sequences.JUNK_DATA)], named)
    arrays = ("cube", "table", "table.astype(int)", "cube.astype(int)", "ids", "table.astype(str)")
    X = pick(arrays, _sequences.JUNK_DATA)
    return f"Panel.from_padded({X}, {pick(_LENGTHS, _values.JUNK)})"


_BOUNDS = ("[0] * len(m)", "m.lengths", "np.zeros(len(m), int)", *_LENGTHS)
_POOLS = {
    "key": _KEYS,
    "some": ("slice(1, 3)", "[0, 0]", "[0]"),
    "padding": _PADDINGS + _values.JUNK + _values.HUGE,
    "kind": ("None", "object", "float", "int", "bool"),
    "bound": _BOUNDS,
    "other": _OTHERS + _NO_PANELS,
    "panels": ("(m, m)", "iter([m])", "[]", *_NO_PANELS),
    "labels": _targets.LABELS,
}
_USES = [
    "m[{key}]",
    "m[{key}]",
    "m[{key}]",
    "m = m[{some}]",
    "m.to_padded({padding})",
    "m.to_list()",
    "m.to_frame()",
    "list(m)",
    "len(m)",
    "repr(m)",
    "m.shape, m.ndim, m.dtype, m.lengths, m.n_features, m.is_tokens",
    "np.asarray(m, dtype={kind})",
    "np.array(m, copy=False)",
    "m.cut({bound}, {bound})",
    "Panel.concatenate([m, {other}])",
    "Panel.concatenate({panels})",
    "m = pickle.loads(pickle.dumps(m))",
    "m = copy.deepcopy(m)",
    "Panel.from_sequences(m)",
    "Panel.from_sequences(m.to_list())",
    "m == m",
    "bool(m)",
    "RNNClassifier(hidden_size=2, max_epochs=1).fit(m, {labels})",
]


@st.composite
def uses(draw):
    """Valid operations on a panel."""
    return one_line(draw, _USES, _POOLS)
