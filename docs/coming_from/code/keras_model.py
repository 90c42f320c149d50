"""Which of two pulses came first, in Keras."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["keras==3.15.1", "tensorflow==2.21.0"]
# ///
# ruff: noqa: E402 - the page shows the data and the model as two parts
# begin: data
import numpy as np

rng = np.random.default_rng(0)
y = np.array(["up first", "down first"] * 200)
X = []
for label in y:
    x = rng.normal(scale=0.5, size=(rng.integers(10, 30), 1))
    early, late = np.sort(rng.choice(len(x), size=2, replace=False))
    x[early] += 4 if label == "up first" else -4
    x[late] += -4 if label == "up first" else 4
    X.append(x)
# end: data
# begin: model
import keras
from keras import layers

keras.utils.set_random_seed(0)

classes, codes = np.unique(y, return_inverse=True)  # labels to integers
padded = keras.utils.pad_sequences(X, padding="post", dtype="float32", value=-100.0)

model = keras.Sequential(
    [
        keras.Input(shape=(None, 1)),
        layers.Masking(mask_value=-100.0),
        layers.Bidirectional(layers.GRU(32)),
        layers.Dropout(0.2),
        layers.Dense(len(classes), activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.AdamW(5e-3, global_clipnorm=1.0),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(padded[:300], codes[:300], epochs=15, batch_size=16, verbose=0)

probabilities = model.predict(padded[300:], verbose=0)
labels = classes[probabilities.argmax(axis=1)]  # integers to labels
loss, accuracy = model.evaluate(padded[300:], codes[300:], verbose=0)
# end: model
print("shape of the padded array:", padded.shape)
print("labels:", labels[:2])
print("accuracy:", round(accuracy, 2))
assert accuracy > 0.95, accuracy
