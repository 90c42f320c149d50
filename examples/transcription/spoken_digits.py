"""
Can a network write down the digits that a speaker says whom it never heard?
============================================================================

    python examples/spoken_digits.py            # waves of artificial voices
    python examples/spoken_digits.py FOLDER     # recordings, DIGIT_SPEAKER_INDEX.wav, such as FSDD

Each digit of the artificial voices is a glide between two vowels. Voices differ in pitch, in the
size of the vocal tract, which moves all resonances, and in the microphone. One of them, farther
from a brighter microphone, is kept apart. The network learns from strings and their texts; where a
word begins, nobody tells it.
"""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy.io import wavfile
from sklearn.pipeline import make_pipeline

from sk_rnn import RNNTranscriber
from sk_rnn.metrics import character_error_rate, word_error_rate
from sk_rnn.preprocessing import LogMelSpectrogram

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
RATE = 8000

# Resonances of vowels in Hz, and the two vowels of each digit.
VOWELS = {"a": (750, 1200), "e": (450, 1900), "i": (300, 2300), "o": (500, 900), "u": (320, 750)}
GLIDES = ["io", "ua", "iu", "ei", "oa", "ai", "ie", "ea", "ui", "au"]


def synthesise(glide, pitch, tract, tilt, rng):
    """Return the wave of a digit: harmonics of the pitch, loud near two moving resonances."""
    n = int(RATE * rng.uniform(0.15, 0.25))
    time = np.linspace(0, 1, n)[:, None]
    start, end = (tract * rng.normal(1, 0.05, 2) * VOWELS[vowel] for vowel in glide)
    resonances = start + (end - start) * time  # (n, 2)
    harmonics = pitch * np.arange(1, int(3800 / pitch))  # (K,)
    distance = (harmonics - resonances[:, :, None]) / 80  # (n, 2, K)
    loudness = (1 / (1 + distance**2)).sum(axis=1) * np.exp(tilt * harmonics / 1000)
    phases = 2 * np.pi * np.arange(n)[:, None] / RATE * harmonics
    return np.hanning(n) * (loudness * np.sin(phases)).sum(axis=1)


def artificial_voices(rng):
    """Return waves by speaker and digit: a dozen of each."""
    voices = {}
    for i in range(6):
        pitch, tract, tilt, level = rng.uniform((90, 0.85, -1.2, 0.05), (230, 1.15, 0.0, 0.3))
        if i == 5:  # a voice far from a microphone that is brighter than all others
            tilt, level = 0.8, 0.01
        voices[f"voice {i}"] = {
            digit: [level * synthesise(glide, pitch, tract, tilt, rng) for _ in range(12)]
            for digit, glide in enumerate(GLIDES)
        }
    return voices, RATE


def recorded_voices(folder):
    """Return waves by speaker and digit, and their rate."""
    voices = defaultdict(lambda: defaultdict(list))
    for path in sorted(Path(folder).rglob("*_*_*.wav")):
        digit, speaker, _ = path.stem.split("_")
        rate, wave = wavfile.read(path)
        voices[speaker][int(digit)].append(wave / 2.0**15)
    return voices, rate


def say(voice, rate, n, rng):
    """Return n strings of three to six digits with pauses, and their texts."""
    waves, texts = [], []
    for _ in range(n):
        digits = rng.integers(10, size=rng.integers(3, 7))
        parts = []
        for digit in digits.tolist():
            pause = rng.normal(0, 1e-4, int(rate * rng.uniform(0.02, 0.15)))
            parts += [voice[digit][rng.integers(len(voice[digit]))], pause]
        waves.append((rate, np.concatenate(parts)))
        texts.append(" ".join(WORDS[digit] for digit in digits))
    return waves, texts


rng = np.random.default_rng(0)
voices, rate = recorded_voices(sys.argv[1]) if len(sys.argv) > 1 else artificial_voices(rng)
*known, unknown = sorted(voices)
X, y = [], []
for name in known:
    waves, texts = say(voices[name], rate, 600 // len(known), rng)
    X += waves
    y += texts
X_test, y_test = say(voices[unknown], rate, 100, rng)
print(f"{len(X)} strings by {', '.join(known)}; {len(X_test)} by {unknown}, kept apart")

# From waves to text: spectra, 100 time steps per second, and a network that reads letters off them.
model = make_pipeline(LogMelSpectrogram(), RNNTranscriber(max_epochs=10, random_state=0))
model.fit(X, y)
predicted = model.predict(X_test)
print(f"letters wrong:                     {character_error_rate(y_test, predicted):.3f}")
print(f"words wrong:                       {word_error_rate(y_test, predicted):.3f}")
model.set_params(rnntranscriber__beam_width=16, rnntranscriber__lexicon=WORDS)
print(f"words wrong, ten words as lexicon: {word_error_rate(y_test, model.predict(X_test)):.3f}")

# Loudness, microphone and part of the voice add a constant to each feature of the spectra, which
# the transcriber subtracts. How much that helps depends on how far the new voice is from the
# others: more for one that is much quieter than for one in between.
plain = make_pipeline(
    LogMelSpectrogram(), RNNTranscriber(center_inputs=False, max_epochs=10, random_state=0)
)
plain.fit(X, y).set_params(rnntranscriber__beam_width=16, rnntranscriber__lexicon=WORDS)
print(f"the same without centred inputs:   {word_error_rate(y_test, plain.predict(X_test)):.3f}")

# Where is each word, and how sure is the network of it?
spectra, transcriber = model[:-1].transform(X_test[:1]), model[-1]
(transcript,) = transcriber.align(spectra)
print(f"said: {y_test[0]}")
letters = zip(transcript.tokens, transcript.start, transcript.log_proba, strict=True)
word, begin, least = "", 0, 0.0
for letter, start, log_proba in [*letters, (" ", 0, 0.0)]:
    if letter == " ":
        print(f"{begin / 100:5.2f} s  {word:6} least sure letter: {np.exp(least):.2f}")
        word, least = "", 0.0
    else:
        begin, word, least = begin if word else start, word + letter, min(least, log_proba)

# What it cannot do: a lexicon turns every sound into one of its words, also a cough.
