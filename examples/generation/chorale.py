"""
Can a network continue a piece of music? Written as MIDI and as sound.
======================================================================

    python examples/chorale.py [FOLDER]     # writes chorale.mid and chorale.wav there

Each step of a piece is 88 notes that sound or do not. The pieces are made here: four voices move
through the chords of a cadence, in a random key. The known answer: notes outside the key are wrong.
"""

import struct
import sys
import wave
from pathlib import Path

import numpy as np

from sk_rnn import RNNLanguageModel

LOWEST = 21  # MIDI number of the first of 88 notes
CHORDS = {"I": (0, 4, 7), "IV": (5, 9, 0), "V": (7, 11, 2), "vi": (9, 0, 4)}
CADENCES = (("I", "IV", "V", "I"), ("I", "vi", "IV", "V"), ("vi", "IV", "I", "V"))
SCALE = (0, 2, 4, 5, 7, 9, 11)


def make_piece(rng, n_bars=8):
    """Return a piece of two steps per chord: 0 and 1, (n_steps, 88), and its key."""
    key, steps = int(rng.integers(0, 12)), []
    cadence = CADENCES[rng.integers(3)]
    for bar in range(n_bars):
        tones = CHORDS[cadence[bar % 4]]
        notes = [36 + (key + tones[0]) % 12] + [55 + (key + tone - 55) % 12 for tone in tones]
        steps += [np.isin(np.arange(88) + LOWEST, notes).astype(float)] * 2
    return np.array(steps), key


def write_midi(path, piece, ticks=240):
    """Write steps as a MIDI file of one track."""
    track, waited, sounding = b"\x00\xff\x51\x03\x07\xa1\x20", 0, np.zeros(88)
    for step in [*piece, np.zeros(88)]:
        for note in np.flatnonzero(step != sounding):
            # A variable-length time, then note on or off.
            time = bytes([0x80 | waited >> 7, waited & 0x7F]) if waited > 127 else bytes([waited])
            track += time + bytes([0x90 if step[note] else 0x80, note + LOWEST, 64])
            waited = 0
        sounding, waited = step, min(waited + ticks, 16_383)
    track += b"\x00\xff\x2f\x00"
    header = b"MThd" + struct.pack(">IHHH", 6, 0, 1, 2 * ticks)
    path.write_bytes(header + b"MTrk" + struct.pack(">I", len(track)) + track)


def write_sound(path, piece, rate=22_050, seconds=0.4):
    """Write steps as a wave file, each note a decaying tone with overtones."""
    time = np.arange(int(rate * seconds)) / rate
    parts = []
    for step in piece:
        pitches = 440 * 2 ** ((np.flatnonzero(step) + LOWEST - 69) / 12)
        tones = [np.sin(2 * np.pi * f * k * time) / k**2 for f in pitches for k in (1, 2, 3)]
        parts.append(np.sum(tones, axis=0) * np.exp(-3 * time) if tones else 0 * time)
    sound = np.concatenate(parts)
    sound = np.int16(32_000 * sound / max(abs(sound).max(), 1e-9))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sound.tobytes())


folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "output")
folder.mkdir(exist_ok=True)
rng = np.random.default_rng(0)
pieces = [make_piece(rng)[0] for _ in range(200)]
new, key = make_piece(np.random.default_rng(1))

model = RNNLanguageModel(kind="binary", hidden_size=96, max_epochs=15, random_state=0).fit(pieces)
whole = model.generate([new[:8]], max_length=8, temperature=0.5, random_state=0)[0]
written = whole[8:]
notes = np.argwhere(written)[:, 1] + LOWEST
in_key = np.isin((notes - key) % 12, SCALE)
print(f"{len(written)} steps written, {len(notes)} notes, {in_key.mean():.0%} of them in the key")
print(f"by chance {7 / 12:.0%}")
write_midi(folder / "chorale.mid", whole)
write_sound(folder / "chorale.wav", whole)
print("written: chorale.mid, chorale.wav")

# Notes are drawn independently given the past: at temperature 1 some chords have a wrong note.
