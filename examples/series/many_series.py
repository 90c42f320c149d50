"""
What will be sold in the next two years? From a CSV to a picture of forecast and interval.
==========================================================================================

The table is generated here: ten years of sales with growth, a season and campaigns whose months are
known ahead. The last two years are held back, to compare.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from sk_rnn import RNNForecaster

OUTPUT = Path(__file__).parent / "output"


def write_table(path: Path) -> None:
    """Write a CSV of months, campaigns and sales."""
    rng = np.random.default_rng(0)
    months = pd.date_range("2014-01", periods=132, freq="MS")
    steps = np.arange(len(months))
    campaign = rng.random(len(months)) < 0.2
    sold = np.exp(5 + 0.006 * steps + 0.25 * np.sin(2 * np.pi * steps / 12) + 0.2 * campaign)
    sold *= np.exp(0.04 * rng.normal(size=len(months)))
    table = pd.DataFrame({"month": months, "campaign": campaign, "sold": sold.round()})
    table.to_csv(path, index=False)


def main() -> None:
    """Forecast, compare and draw."""
    OUTPUT.mkdir(exist_ok=True)
    write_table(OUTPUT / "sales.csv")
    table = pd.read_csv(OUTPUT / "sales.csv", index_col="month", parse_dates=True)
    X, y = table[["campaign"]], table["sold"]
    model = RNNForecaster(horizon=24, random_state=0).fit(X[:-24], y[:-24])
    forecast = model.predict(X[-24:])
    interval = model.predict_interval(X[-24:], coverage=0.9)
    naive = y[-36:-24].to_numpy()
    error = (forecast - y[-24:]).abs().mean()
    print(f"mean absolute error: {error:.1f}")
    print(f"repeating the last year: {np.abs(np.resize(naive, 24) - y[-24:]).mean():.1f}")
    inside = (y[-24:] >= interval["lower"]) & (y[-24:] <= interval["upper"])
    print(f"within the interval: {inside.mean():.0%}")
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        print("Install matplotlib for a picture.")
        return
    _, axes = plt.subplots(figsize=(9, 4), layout="constrained")
    axes.plot(y[:-24], color="black", label="known")
    axes.plot(y[-24:], color="black", linestyle=":", label="what followed")
    axes.plot(forecast, color="tab:blue", label="forecast")
    axes.fill_between(
        interval.index, interval["lower"], interval["upper"], alpha=0.3, label="90 % interval"
    )
    axes.set_ylabel("sold")
    axes.legend(loc="upper left")
    plt.savefig(OUTPUT / "monthly_sales.png", dpi=120)
    print(f"picture: {OUTPUT / 'monthly_sales.png'}")


if __name__ == "__main__":
    main()
