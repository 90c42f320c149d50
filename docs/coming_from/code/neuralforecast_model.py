"""Three shops with a week and known promotions, in neuralforecast."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["neuralforecast==3.3.0", "torch==2.13.0", "pandas==2.3.3"]
# ///
# ruff: noqa: E402 - the page shows the data and the model as two parts
# begin: data
import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
days = pd.date_range("2024-01-01", periods=434, name="day")
week = np.array([0, 1, 2, 2, 4, 8, 6])[np.arange(434) % 7]
promotion = (rng.random(434) < 0.2).astype(float)
sold = pd.DataFrame(
    {
        shop: level + week + 6 * promotion + rng.normal(size=434)
        for shop, level in {"north": 20, "east": 40, "south": 30}.items()
    },
    index=days,
)
planned = pd.DataFrame({"promotion": promotion}, index=days)
# end: data
# begin: model
from neuralforecast import NeuralForecast
from neuralforecast.losses.pytorch import MQLoss
from neuralforecast.models import GRU

long = sold.melt(ignore_index=False, var_name="unique_id", value_name="y").reset_index()
long = long.rename(columns={"day": "ds"})
long["promotion"] = long["ds"].map(planned["promotion"])
last = long["ds"] > days[-15]

model = GRU(
    h=14,
    input_size=28,
    encoder_hidden_size=32,
    decoder_hidden_size=32,
    futr_exog_list=["promotion"],
    scaler_type="standard",
    loss=MQLoss(level=[90]),
    max_steps=300,
    learning_rate=5e-3,
    random_seed=0,
    accelerator="cpu",
    enable_progress_bar=False,
    logger=False,
    enable_checkpointing=False,
)
forecaster = NeuralForecast(models=[model], freq="D")
forecaster.fit(long[~last])

table = forecaster.predict(futr_df=long[last].drop(columns="y"))
truth = long[last].merge(table, on=["unique_id", "ds"])
error = (truth["GRU-median"] - truth["y"]).abs().mean()
# end: model
print("columns:", list(table.columns))
print("mean absolute error:", round(error, 2))
assert error < 1.5, error
