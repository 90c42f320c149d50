"""
Can one network forecast many series at once?
=============================================

Thirty shops report their sales every day, in one long table with one row per shop and day. They
share a weekly season, each on its own level, and react to promotions that are planned ahead. Five
shops have just opened. One network is trained on all of them.

The sales are generated, so it is known that a promotion raises them by half. The rivals are the
seasonal naive forecast, which repeats the last week of each shop, and one network per shop.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sk_rnn import RNNForecaster
from sk_rnn.inspection import ForecastDisplay
from sk_rnn.metrics import mean_absolute_scaled_error

# %%
# One long table
# --------------
# The last five shops opened five weeks before the end of the training data, which is followed by
# the two weeks to forecast.

HORIZON = 14
rng = np.random.default_rng(0)
days = pd.date_range("2024-01-01", periods=200 + HORIZON, freq="D")
week = np.array([0.8, 0.8, 0.9, 1.0, 1.3, 1.5, 0.7])[days.day_of_week]
shops = []
for number in range(30):
    promotion = rng.random(len(days)) < 0.15
    trend = np.exp(rng.normal(0, 0.001) * np.arange(len(days)))
    expected = rng.lognormal(5, 1) * trend * week * np.where(promotion, 1.5, 1)
    sold = expected * np.exp(0.08 * rng.normal(size=len(days)))
    columns = {"promotion": promotion, "sold": sold, "expected": expected}
    shop = pd.DataFrame({"shop": f"shop {number:02}", "day": days, **columns})
    shops.append(shop if number < 25 else shop[-35 - HORIZON :])
table = pd.concat(shops).set_index(["shop", "day"])
train = table[table.index.get_level_values("day") < days[-HORIZON]]
test = table.drop(train.index)
train[["promotion", "sold"]].round(1).head()

# %%
# The index tells the model which rows form a series.
#
# Forecasts of all shops
# ----------------------
# The promotions of the days to forecast are known, so they are passed to ``predict``. To see what
# they are worth, a second model does without them.

X = ["promotion"]
shared = RNNForecaster(horizon=HORIZON, random_state=0).fit(train[X], train["sold"])
without = RNNForecaster(horizon=HORIZON, random_state=0).fit(train["sold"])
forecasts = {
    "repeat the last week": test["sold"]
    .groupby("shop")
    .transform(lambda sold: np.tile(train.loc[sold.name, "sold"][-7:], HORIZON // 7)),
    "one network": without.predict(),
    "one network, promotions": shared.predict(test[X]),
    "best possible": test["expected"],
}

# %%
# The rival for the new shops is a separate network, which knows the promotions, too:


def own_forecast(shop):
    """Forecast a shop with a network that is trained on this shop only."""
    own = RNNForecaster(horizon=HORIZON, random_state=0)
    return own.fit(train.loc[shop, X], train.loc[shop, "sold"]).predict(test.loc[shop, X])


shops = train.index.unique("shop")
own = {shop: own_forecast(shop) for shop in shops[-5:]}
forecasts["own network, promotions"] = pd.concat(own, names=["shop"])

# %%
# Shops differ in size by a factor of almost a hundred, so errors are divided by those of repeating
# the last week in the training data of each shop (MASE): at 1, nothing was gained.


def errors(forecast):
    """Return the mean absolute scaled error of each shop in the forecast."""
    names = forecast.index.unique("shop")
    y_true, y_train = test["sold"].loc[names], train["sold"].loc[names]
    options = {"season_length": 7, "multioutput": "raw_values"}
    return pd.Series(mean_absolute_scaled_error(y_true, forecast, y_train, **options), names)


mase = pd.DataFrame({name: errors(forecast) for name, forecast in forecasts.items()})
kind = pd.Series(["old shops"] * 25 + ["new shops"] * 5, shops)
means = mase.groupby(kind).mean().T.sort_values("new shops", ascending=False)
means.round(2)

# %%
# One network has about two thirds of the error of repeating the last week, and about half of it
# when it knows the promotions, which is close to the best possible forecast. A network that knows
# nothing but the five weeks of one new shop is far worse.
#
# An old and a new shop
# ---------------------
# Triangles mark promotions.

_, axes = plt.subplots(2, 1, figsize=(8, 5), layout="constrained")
for ax, shop in zip(axes, ["shop 00", "shop 25"], strict=True):
    display = ForecastDisplay.from_estimator(
        shared, test[X], y_true=test["sold"], series=shop, n_history=28
    )
    display.plot(ax)
    sales = table.loc[shop].iloc[-28 - HORIZON :]
    promoted = sales.index[sales["promotion"]]
    ax.plot(
        promoted, sales["sold"].min() + 0 * promoted.day, "^", color="tab:green", label="promotion"
    )
    ax.set(ylabel="items sold per day")
    ax.get_legend().remove()
plt.figlegend(*ax.get_legend_handles_labels(), loc="outside right upper")
plt.show()

# %%
# The forecast rises on days of promotion, also in a shop that has seen few of them.
#
# Which shops are difficult?
# --------------------------

_, ax = plt.subplots(figsize=(8, 3.5), layout="constrained")
rivals = {"repeat the last week": "tab:gray", "own network, promotions": "tab:orange"}
for name, color in {**rivals, "one network, promotions": "tab:blue"}.items():
    ax.plot(shops.str.removeprefix("shop "), mase[name], "o", color=color, label=name)
ax.axhline(1, color="black", linewidth=0.8)
ax.set(title="Error of each shop", xlabel="shop", ylabel="MASE", ylim=(0, None))
plt.figlegend(loc="outside lower center", ncols=3)
plt.show()

# %%
# The shared network is better than the last week in almost every shop, new ones included.
#
# **What was learned.**
#
# - A long table with ids is all that one network for many series needs; their scales may differ.
# - Series share what they have in common, so that a shop of five weeks is forecast well.
# - Pass what is known ahead: here, promotions reduce the error by a third.
#
# **Limitation.** Here all shops react alike. If they differ, the model has to be told how: with a
# column that describes the shop, or with ``series_embedding``. See :doc:`/forecasting`.
