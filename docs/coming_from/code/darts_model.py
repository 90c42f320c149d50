"""Three shops with a week and known promotions, in darts."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["darts==0.48.1", "pytorch-lightning==2.6.6", "torch==2.13.0", "pandas==2.3.3"]
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
from darts import TimeSeries
from darts.dataprocessing.transformers import Scaler
from darts.models import RNNModel
from darts.utils.likelihood_models import QuantileRegression

series = [TimeSeries.from_series(sold[shop].astype("float32")) for shop in sold]
future = TimeSeries.from_dataframe(planned.astype("float32"))
scaler = Scaler()
train = scaler.fit_transform([one[:-14] for one in series])

model = RNNModel(
    model="GRU",
    hidden_dim=32,
    input_chunk_length=28,
    training_length=42,
    n_epochs=15,
    batch_size=128,
    optimizer_kwargs={"lr": 5e-3},
    likelihood=QuantileRegression([0.05, 0.5, 0.95]),
    add_encoders={"cyclic": {"future": ["dayofweek"]}},
    random_state=0,
    pl_trainer_kwargs={
        "accelerator": "cpu",
        "enable_progress_bar": False,
        "logger": False,
        "enable_checkpointing": False,
    },
)
model.fit(train, future_covariates=[future] * 3)

samples = model.predict(14, series=train, future_covariates=[future] * 3, num_samples=200)
samples = scaler.inverse_transform(samples)
forecast = pd.DataFrame(
    {shop: one.quantile(0.5).to_series() for shop, one in zip(sold, samples, strict=True)}
)
error = (forecast - sold[-14:]).abs().to_numpy().mean()
# end: model
print("mean absolute error:", round(error, 2))
assert error < 1.5, error
