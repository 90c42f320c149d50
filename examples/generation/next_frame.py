"""
Can a network see where a moving digit will be in the next frame?
=================================================================

Frames are arrays; the model reads them as they are, and predicts frames. Compared with the last
frame, which is where most simple methods end. Saves a picture of one film and its predictions.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from sk_rnn import RNNLanguageModel
from sk_rnn.datasets import make_moving_digits

train, _ = make_moving_digits(300, subset="train", random_state=0)
test, _ = make_moving_digits(50, subset="test", random_state=0)

model = RNNLanguageModel(kind="binary", hidden_size=192, max_epochs=15, random_state=0).fit(train)
predicted = model.predict_steps(test)
free = model.generate(test[:, :10], max_length=5, temperature=0)[:, 10:]
print(f"squared error of the next frame: {((predicted[:, 5:] - test[:, 5:]) ** 2).mean():.4f}")
print(f"the last frame, repeated:        {((test[:, 4:-1] - test[:, 5:]) ** 2).mean():.4f}")
print(f"five frames ahead, free running: {((free[:, 4] - test[:, 14]) ** 2).mean():.4f}")
print(f"the last frame, repeated:        {((test[:, 9] - test[:, 14]) ** 2).mean():.4f}")

figure, axes = plt.subplots(2, 8, figsize=(8, 2.2))
for column in range(8):
    for frames, axis in zip((test, predicted), axes[:, column], strict=True):
        axis.imshow(np.asarray(frames[0, 6 + column]), cmap="gray", vmin=0, vmax=1)
        axis.set_axis_off()
figure.suptitle("above: frames 7 to 14, below: predicted from those before")
folder = Path(__file__).parent / "output"
folder.mkdir(exist_ok=True)
figure.savefig(folder / "next_frame.png", dpi=100)
print("saved: next_frame.png")

# The prediction is a mean: where the digit may be in two places, it is grey in both.
