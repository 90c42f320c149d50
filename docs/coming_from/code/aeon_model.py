"""How many time steps lie between two pulses, in aeon."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["aeon==1.6.0", "tensorflow==2.21.0"]
# ///
# ruff: noqa: E402 - the page shows the data and the model as two parts
# begin: data
import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(scale=0.5, size=(400, 1, 20))  # (n_cases, n_channels, n_timepoints)
up, down = np.array([rng.choice(20, size=2, replace=False) for _ in X]).T
X[np.arange(400), 0, up] += 4
X[np.arange(400), 0, down] -= 4
y = np.where(up < down, "up first", "down first")
steps_between = (down - up).astype(float)
# end: data
# begin: model
import keras
from aeon.regression.deep_learning import RecurrentRegressor

model = RecurrentRegressor(
    rnn_type="gru",
    n_units=32,
    bidirectional=True,
    n_epochs=40,
    batch_size=16,
    optimizer=keras.optimizers.Adam(0.005),
    random_state=0,
)
model.fit(X[:300], steps_between[:300])
error = np.abs(model.predict(X[300:]) - steps_between[300:]).mean()
# end: model
print("mean absolute error, in time steps:", round(error, 2))
assert error < 2, error
