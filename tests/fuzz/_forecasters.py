"""Programs that construct, fit and call forecasters, and split their data."""

from hypothesis import strategies as st

from . import _sequences, _targets, _values
from ._draws import any_of, call, maybe, one_line
from ._estimators import arguments, junk_values

# --- data ---

SERIES = (
    "monthly",
    "monthly",
    "monthly.to_frame()",
    "monthly.to_period()",
    "monthly.to_numpy()",
    "monthly.to_list()",
    "monthly.tz_localize('Europe/Berlin')",
    "monthly.astype(int)",
    "monthly.reset_index(drop=True)",
    "monthly.set_axis(pd.timedelta_range('0h', periods=30, freq='h'))",
    "monthly.set_axis(pd.bdate_range('2024', periods=30))",
    "monthly.drop(monthly.index[[4, 5, 20]])",
    "monthly.where(monthly < 6)",
    "monthly.astype('Float64')",
    "monthly - 10",
    "1e12 * monthly",
    "1e-12 * monthly",
    "0 * monthly",
    "pd.DataFrame({'a': monthly, 'b': monthly[9:] ** 2})",
    "np.stack([monthly, monthly + 1], axis=1)",
    "stores",
    "stores.to_frame()",
    "stores.sample(frac=1, random_state=0)",
    "stores.swaplevel()",
    "{'a': monthly, 'b': monthly[9:]}",
    "{'a': monthly.to_numpy(), 'b': monthly.to_list()}",
    "[monthly.to_numpy(), monthly.to_numpy()[9:]]",
    "(monthly, monthly[9:])",
    "Panel.from_sequences([monthly.to_numpy(), monthly.to_numpy()[9:]])",
    "pl.from_pandas(monthly.reset_index())",
    "pl.from_pandas(stores.reset_index())",
    "pa.Table.from_pandas(stores.reset_index())",
    "np.ma.masked_greater(monthly.to_numpy(), 6)",
    "torch.tensor(monthly.to_list())",
    "memmap(monthly.to_numpy())",
)
JUNK_SERIES = (
    "monthly.reset_index()",
    "monthly[:0]",
    "monthly[:1]",
    "monthly[:3]",
    "monthly * np.nan",
    "monthly.replace(monthly.iloc[3], np.inf)",
    "monthly[::-1]",
    "monthly.iloc[[0, 1, 1, 2]]",
    "monthly.iloc[[0, 1, 3, 7, 20]]",
    "monthly.astype(str)",
    "monthly.astype('category')",
    "monthly > 5",
    "monthly + 1j",
    "monthly.set_axis(list('abcdefghijklmnopqrstuvwxyzABCD'))",
    "monthly.set_axis([pd.NaT, *monthly.index[1:]])",
    "monthly.set_axis([*monthly.index[:15], *monthly.index[:15]])",
    "monthly.set_axis(monthly.index + pd.to_timedelta(range(30), unit='min'))",
    "monthly.set_axis([date(2020, 1, i + 1) for i in range(30)])",
    "monthly.set_axis(np.linspace(0, 1, 30))",
    "monthly.to_frame().T",
    "pd.DataFrame({'a': monthly, 'b': 'x'})",
    "pd.DataFrame(index=monthly.index)",
    "pd.concat([monthly, monthly], axis=1)",
    "pd.concat([stores, stores])",
    "stores.droplevel(1)",
    "stores[stores > 100]",
    "stores.to_frame().assign(other=1.0)",
    "{'a': monthly, 'b': monthly.to_numpy()}",
    "{'a': monthly, 'b': monthly.to_period()}",
    "{'a': 1.0}",
    "{}",
    "[monthly, None]",
    "[[1.0, 2.0], ['a', 'b']]",
    "Panel.from_sequences(ragged)",
    "np.zeros((3, 4, 5))",
    "np.full(20, 1e308) * np.array([1, -1] * 10)",
    "np.datetime64('2020') + np.arange(20)",
    "pl.Series([1.0, 2.0])",
    "sp.csr_matrix(np.ones((20, 1)))",
    "iter(monthly)",
    *_sequences.JUNK_DATA,
)
COVARIATES = (
    "planned",
    "planned[['price']]",
    "planned[['kind']]",
    "planned[[]]",
    "planned.to_numpy()[:, :1].astype(float)",
    "planned.assign(kind=planned['kind'].astype('category'))",
    "planned.assign(price=planned['price'].where(planned['price'] > 1))",
    "planned.assign(price=planned['price'].astype('Float64'))",
    "planned.assign(price=1.0)",
    "planned.assign(kind=[True, False] * 15)",
    "planned.rename(columns={'price': 0})",
    "pl.from_pandas(planned[['price']])",
    "planned.to_numpy()[:, :1].tolist()",
)
JUNK_COVARIATES = (
    "planned[1:]",
    "planned[:0]",
    "planned[::-1]",
    "planned.iloc[[0] * 30]",
    "planned.reset_index()",
    "planned.set_axis(planned.index + pd.DateOffset(months=30))",
    "planned.to_period()",
    "planned['price']",
    "planned.assign(price=np.inf)",
    "planned.assign(price=None)",
    "planned.assign(price=1j)",
    "planned.assign(price=[[1.0]] * 30)",
    "planned.assign(price=monthly.index)",
    "pd.concat([planned, planned], axis=1)",
    "pd.concat({'a': planned, 'z': planned})",
    "planned.to_numpy()",
    "np.ones((30, 2))",
    "np.ones((30, 0))",
    "np.ones(30)",
    "{'price': [1.0] * 30}",
    *_sequences.JUNK_DATA,
)
# What `predict` takes as X.
FUTURE = (
    "None",
    "1",
    "3",
    "9",
    "np.int64(2)",
    "pd.date_range('2022-07', periods=3, freq='MS')",
    "pd.DatetimeIndex(['2022-09-01'])",
    "pd.period_range('2022-07', periods=3, freq='M')",
    "pd.DataFrame(index=pd.date_range('2022-07', periods=3, freq='MS'))",
    "planned.set_axis(planned.index + pd.DateOffset(months=30))[:4]",
    "planned.set_axis(planned.index + pd.DateOffset(months=30))[['price']][:4]",
    "np.ones((3, 1))",
    "np.ones((3, 2))",
    "stores.index[:2]",
    "monthly",
    "monthly.index",
    "['2022-07-01']",
    "[pd.Timestamp('2022-07-01')]",
    "pd.Timestamp('2022-07-01')",
)

# --- parameters ---

# Parameters that it lacks, with those that only belong to sequences.
_ABSENT = {
    *("bidirectional", "conv_channels", "conv_kernel_size", "conv_stride", "recurrent_dropout"),
    *("embedding_dim", "embedding_weights", "freeze_embedding", "embedding_dropout"),
    *("word_dropout", "padding_value", "layer_norm", "scale_inputs", "max_epochs", "tol"),
}
FORECASTER = {name: pool for name, pool in _values.COMMON.items() if name not in _ABSENT} | {
    "horizon": ("1", "2", "7", "np.int64(3)"),
    "context": ("'auto'", "1", "5", "24", "np.int64(3)"),
    "season_length": (
        "'auto'",
        "None",
        "2",
        "12",
        "[2, 6]",
        "(6, 2)",
        "[]",
        "[1]",
        "np.array([3])",
    ),
    "past_features": ("None", "'price'", "['kind']", "[]", "0", "[0]", "'nothing'", "[-1]", "5"),
    "calendar": ("'auto'", "None", "[]", "['month']", "['hour', 'dayofweek']", "'month'", "['x']"),
    "target_transform": ("'auto'", "'log'", "None", "np.log"),
    "nonnegative": ("'auto'", "True", "False"),
    "loss": ("'quantile'", "'squared_error'", "'mse'"),
    "quantiles": (
        "(0.1, 0.9)",
        "[0.5]",
        "0.5",
        "()",
        "[0, 1]",
        "[0.1, 0.1]",
        "np.array([0.2, 0.3])",
    ),
    "n_networks": ("1", "2", "np.int64(1)"),
    "series_embedding": ("None", "1", "3"),
    "freq": ("None", "'MS'", "'h'", "'x'", "1", "2", "pd.offsets.MonthBegin()", "timedelta(1)"),
    "max_steps": ("'auto'", "1", "3"),
}

# --- programs ---

_CALLS = [
    "m.predict({future})",
    "m.predict({future})",
    "m.predict(history={y})",
    "m.predict({future}, history=(X, {y}))",
    "m.predict_quantiles({future}, {levels})",
    "m.predict_quantiles({future}, {levels}, history={y})",
    "m.predict_interval({future}, {coverage})",
    "m.score({y})",
    "m.score({X}, {y})",
    "m.score({y}, sample_weight={weights})",
    "m.score_samples(None, {y})",
    "m.update({y})",
    "m.update({X}, {y})",
    "m.partial_fit({y})",
    "m.partial_fit({X}, {y})",
    "m.fit({y}, sample_weight={weights})",
    "m.fit({X}, {y})",
    "m.backtest({y}, start={start}, step={step}, refit={refit}, quantiles={levels})",
    "m.backtest({X}, {y}, start={start})",
    "m.set_params({name}={value})",
    "clone(m).fit({y})",
    "pickle.loads(pickle.dumps(m)).predict({future})",
    "m.end_, m.freq_, m.base_weights_",
    "repr(m)",
]
_SPLITS = [
    "list(ForecastSplit({count}, {count}).split(y))",
    "list(ForecastSplit({count}, {count}, step={count}, gap={count}).split(y))",
    "list(ForecastSplit({count}, {count}, max_train_size={count}).cut(y))",
    "ForecastSplit({count}, {count}).get_n_splits(y)",
]
_METRICS = [
    "mean_absolute_scaled_error({pair}, {y}, {season})",
    "mean_absolute_scaled_error({pair}, monthly)",
    "symmetric_mean_absolute_percentage_error({pair})",
    "mean_interval_score({y}, {pair}, coverage={coverage})",
    "interval_coverage({y}, {pair})",
]


@st.composite
def forecaster_programs(draw):
    """A forecaster is constructed, fitted and used; or its data are split or scored."""
    pick = any_of(draw, 5)
    kind = draw(st.integers(0, 7))
    lines = [f"X = {draw(st.sampled_from(COVARIATES))}", f"y = {pick(SERIES, JUNK_SERIES)}"]
    values = _pools(draw)
    if kind == 0:
        return (*lines, one_line(draw, _SPLITS, values))
    if kind == 1:
        return (*lines, one_line(draw, _METRICS, values))
    params = {"hidden_size": "2", "max_steps": "1", "n_networks": "1", "random_state": "0"}
    for name in draw(st.lists(st.sampled_from(list(FORECASTER)), max_size=3)):
        junk = draw(st.integers(0, 3)) == 0
        pool = FORECASTER[name] + (junk_values(name) if junk else ())
        if name.isidentifier():
            params[name] = draw(st.sampled_from(pool))
    first = "m.fit(y)" if draw(st.booleans()) else "m.fit(X, y)"
    weights = maybe(draw, _targets.JUNK_WEIGHTS, 9)
    if weights is not None:
        first = call("m.fit", ["y"], {"sample_weight": weights})
    n_calls = draw(st.integers(1, 3))
    more = [one_line(draw, _CALLS, _pools(draw)) for _ in range(n_calls)]
    return (*lines, f"m = RNNForecaster({arguments(params)})", first, *more)


def _pools(draw):
    """Return pools of arguments; of junk only one time in four."""

    def mixed(good, junk=_values.JUNK):
        return good if draw(st.integers(0, 3)) else junk

    name = draw(st.sampled_from([name for name in FORECASTER if name.isidentifier()]))
    return {
        "y": mixed(("y", "y", *SERIES), JUNK_SERIES),
        "X": mixed(("X", "X", *COVARIATES), JUNK_COVARIATES),
        "future": mixed(FUTURE, (*_values.JUNK, *JUNK_COVARIATES)),
        "levels": mixed(("0.5", "[0.1, 0.9]", "(0.25,)")),
        "coverage": mixed(("0.9", "0.5", "np.float32(0.8)")),
        "weights": mixed(("np.ones(30)", "np.arange(30)", "monthly"), _targets.JUNK_WEIGHTS),
        "start": mixed(("0.8", "20", "'2022-01'", "pd.Timestamp('2022-01-01')", "0.1")),
        "step": mixed(("None", "1", "3", "np.int64(2)")),
        "refit": mixed(("False", "5", "False", "np.int64(9)")),
        "count": mixed(("1", "2", "3", "np.int64(2)", "None")),
        "season": mixed(("1", "12", "np.int64(2)")),
        "pair": mixed(("monthly, monthly + 1", "monthly[:5], monthly[5:10]", "y, y")),
        "name": (name,),
        "value": mixed(FORECASTER[name]),
    }
