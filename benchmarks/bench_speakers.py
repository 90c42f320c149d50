"""Spoken digits by speakers that were not in the training data: centred inputs and masks.

Each speaker of the Free Spoken Digit Dataset is held out in turn. `center_inputs`, `time_masking`
and `feature_masking` are meant for predictions for new speakers.
"""

from __future__ import annotations

import argparse
import datetime
import io
import tarfile
import time
from pathlib import Path

import numpy as np
import report
import torch
from scipy.io import wavfile

from sk_rnn import RNNClassifier
from sk_rnn.preprocessing import LogMelSpectrogram

CENTERED = {"center_inputs": True}
MASKED = {"time_masking": 15, "feature_masking": 0.15}
VARIANTS = {"default": {}, "centred": CENTERED, "masked": MASKED, "both": CENTERED | MASKED}


def load(folder: Path):
    """Return spectrograms, digits and speakers of all recordings, in the order of their names."""
    signals, digits, speakers = [], [], []
    with tarfile.open(folder / "recordings.tar.gz") as archive:
        names = sorted(name for name in archive.getnames() if name.endswith(".wav"))
        for name in names:
            digit, speaker, _ = Path(name).stem.split("_")
            signals.append(wavfile.read(io.BytesIO(archive.extractfile(name).read())))
            digits.append(digit)
            speakers.append(speaker)
    return LogMelSpectrogram().fit_transform(signals), np.array(digits), np.array(speakers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=Path, help="one folder per public set")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    started = datetime.datetime.now()
    torch.set_num_threads(1)
    X, digits, speakers = load(options.data / "sp_FSDD_A")
    names = np.unique(speakers)
    rows = []
    for variant, params in VARIANTS.items():
        accuracies, seconds = [], []
        for name in names:
            train, test = np.flatnonzero(speakers != name), np.flatnonzero(speakers == name)
            scores = []
            for seed in range(options.seeds):
                model = RNNClassifier(random_state=seed, calibrate=False, **params)
                before = time.process_time()
                model.fit(X[train], digits[train])
                seconds.append(time.process_time() - before)
                scores.append(model.score(X[test], digits[test]))
            accuracies.append(np.mean(scores))
        means = [*accuracies, np.mean(accuracies)]
        rows.append([variant, *(f"{mean:.3f}" for mean in means), f"{np.mean(seconds):.1f}"])
        print(*rows[-1], flush=True)
    print("\n" + report.table(["variant", *names, "mean", "seconds per fit"], rows))
    print("\nAccuracies, means of the seeds, by the speaker that was held out.")
    print(f"\n{report.write('speakers', {'rows': rows}, started)}")


if __name__ == "__main__":
    main()
