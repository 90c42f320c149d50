"""Which of two pulses came first, in sktime."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["sktime==1.2.0", "torch==2.13.0"]
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
from sktime.classification.deep_learning.gru import GRUClassifier

model = GRUClassifier(
    hidden_dim=32,
    n_layers=1,
    batch_first=True,
    bidirectional=True,
    num_epochs=15,
    batch_size=16,
    optimizer="Adam",
    lr=0.005,
    random_state=0,
)
model.fit(X[:300], y[:300])
labels = model.predict(X[300:])
accuracy = (labels == y[300:]).mean()
# end: model
print("labels:", labels[:2])
print("accuracy:", round(accuracy, 2))
assert accuracy > 0.95, accuracy
