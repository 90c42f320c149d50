"""
What are the next values of this series, and how sure is the forecast?
======================================================================

The series is the daily number of visitors of a website. It consists of a linear trend, a weekly
season and random shocks that fade slowly, all of known form. So the error of the best possible
forecast is known for every day ahead, and so is the width of its intervals.

`RNNForecaster <sk_rnn.RNNForecaster>` is compared with both, and with the seasonal naive forecast,
which repeats the last week.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sk_rnn import RNNForecaster
from sk_rnn.inspection import ForecastDisplay, StepErrorDisplay
from sk_rnn.metrics import interval_coverage

# %%
# A series of known form
# ----------------------
# Of every shock, 80 % is left on the next day, so a good forecast knows more about tomorrow than
# about the day after.

rng = np.random.default_rng(0)
days = pd.date_range("2021-01-04", periods=1300, freq="D", name="day")
season = np.array([20, 25, 25, 20, 5, -50, -45])[np.arange(len(days)) % 7]
SHOCK, KEPT = 6.0, 0.8
deviation = np.zeros(len(days))
for t in range(1, len(days)):
    deviation[t] = KEPT * deviation[t - 1] + SHOCK * rng.normal()
visitors = pd.Series(200 + 0.1 * np.arange(len(days)) + season + deviation, days, name="visitors")

# %%
# The next two weeks
# ------------------
# The model is fitted to all days but the last 300. Trend and season need not be removed, and the
# weekly season is found from the dates.

HORIZON = 14
train = visitors[:-300]
model = RNNForecaster(horizon=HORIZON, random_state=0).fit(train)
model.predict_interval(coverage=0.9).assign(forecast=model.predict()).round(1).head()

# %%
# Each row has the forecast of a day and the interval that should contain it with a probability of
# 90 %. The last six weeks and the forecast, with what followed:

display = ForecastDisplay.from_estimator(model, y_true=visitors[-300:][:HORIZON], n_history=42)
display.plot()
display.ax_.set(title="Forecast of two weeks", ylabel="visitors per day")
display.ax_.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
# Weekdays and weekends are right, and the intervals become wider with every day ahead.
#
# Are the intervals right?
# ------------------------
# One forecast says little. `backtest <sk_rnn.RNNForecaster.backtest>` forecasts from each of the
# last 300 days; the fitted model is used as it is, because it knows none of them.

table = model.backtest(visitors, start=len(train), step=1, quantiles=[0.05, 0.25, 0.75, 0.95])
inside = pd.Series(
    {
        nominal: interval_coverage(table["y_true"], table[[lower, upper]])
        for nominal, lower, upper in [(0.9, 0.05, 0.95), (0.5, 0.25, 0.75)]
    }
)
inside.rename_axis("nominal").rename("observed").round(2).to_frame()

# %%
# The intervals contain slightly fewer values than they promise.
#
# How good can a forecast be?
# ---------------------------
# With the known form, the best possible forecast is trend plus season plus what will be left of the
# present deviation. All three forecasts start from the same days:

cutoffs, targets = (table.index.get_level_values(name) for name in ("cutoff", "day"))
ahead = (targets - cutoffs).days
expected = visitors - deviation  # trend and season
present = pd.Series(deviation, days)[cutoffs].to_numpy()
best = expected[targets].to_numpy() + KEPT**ahead * present
naive = visitors[cutoffs - pd.to_timedelta(-ahead % 7, unit="D")].to_numpy()

forecasts = {"repeat the last week": naive, "RNNForecaster": table["y_pred"], "best possible": best}
mae = pd.Series({name: (table["y_true"] - y).abs().mean() for name, y in forecasts.items()})

_, ax = plt.subplots(figsize=(7.5, 3.8), layout="constrained")
for (name, forecast), color in zip(
    forecasts.items(), ["tab:gray", "tab:blue", "black"], strict=True
):
    rival = table.assign(y_pred=forecast)
    StepErrorDisplay.from_predictions(rival, name=name).plot(ax, color=color)
ax.legend(loc="lower right")
ax.set(title="Error by days ahead", xlabel="days ahead", ylabel="mean absolute error (visitors)")
ax.set_ylim(0, 13)
plt.show()

# %%
# The mean over all days ahead:

mae.rename("mean absolute error").round(1).to_frame()

# %%
# The network achieves more than half of what can be gained over repeating the last week. The rest
# is the price of learning trend, season and memory from a thousand days.
#
# **What was learned.**
#
# - Forecast and intervals come from one call of `fit` on a plain Series; the season is found.
# - Errors grow with the days ahead as they must, and lie between the naive and the best forecast.
# - `backtest` shows what a single picture cannot: how often the intervals are right.
#
# **Limitation.** Each interval is for a single day. The sum over two weeks needs another interval,
# which cannot be computed from these. See :doc:`/forecasting`.
