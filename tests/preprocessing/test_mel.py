"""LogMelSpectrogram against its published definition, without a fast Fourier transform."""

import math
import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from scipy.io import wavfile
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sk_rnn import Panel
from sk_rnn.preprocessing import LogMelSpectrogram, SequenceSummarizer, _mel


def reference(
    wave, rate, *, n_mels, window=0.025, hop=0.01, f_min=20.0, f_max=None, k=0.97, floor=1e-10
):
    """The HTK Book (2006), sections 5.2 and 5.4, with power instead of magnitude: plain loops."""
    f_max = rate / 2 if f_max is None else f_max
    width, step = round(window * rate), round(hop * rate)
    wave = [*map(float, wave), *[0.0] * max(0, width - len(wave))]
    n_fft = 1
    while n_fft < width:
        n_fft *= 2
    mel = lambda f: 2595 * math.log10(1 + f / 700)  # noqa: E731
    low, high = mel(f_min), mel(f_max)
    edges = [low + (high - low) * i / (n_mels + 1) for i in range(n_mels + 2)]
    n_bins = n_fft // 2 + 1
    waves = np.exp(-2j * np.pi * np.outer(np.arange(n_bins), np.arange(width)) / n_fft)
    features = []
    for start in range(0, len(wave) - width + 1, step):
        frame = wave[start : start + width]
        emphasised = [(1 - k) * frame[0]]
        emphasised += [frame[n] - k * frame[n - 1] for n in range(1, width)]
        windowed = [
            value * (0.54 - 0.46 * math.cos(2 * math.pi * n / (width - 1)))
            for n, value in enumerate(emphasised)
        ]
        power = np.abs(waves @ np.array(windowed)) ** 2
        row = []
        for band in range(n_mels):
            left, centre, right = edges[band : band + 3]
            energy = 0.0
            for i in range(n_bins):
                m = mel(i * rate / n_fft)
                if left < m <= centre:
                    energy += power[i] * (m - left) / (centre - left)
                elif centre < m < right:
                    energy += power[i] * (right - m) / (right - centre)
            row.append(math.log(max(energy, floor)))
        features.append(row)
    return np.array(features)


def tone(hertz, rate, seconds=0.1):
    return np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


@pytest.mark.parametrize(
    ("rate", "parameters"),
    [
        (16_000, {"n_mels": 40}),
        (8_000, {"n_mels": 20, "f_min": 0.0, "f_max": 3_800.0}),
        (11_025, {"n_mels": 13, "window": 0.032, "hop": 0.02}),
        (8_000, {"n_mels": 10, "pre_emphasis": 0.0, "floor": 1.0}),
    ],
)
def test_energies_equal_the_published_definition(rng, rate, parameters):
    X = [0.1 * rng.normal(size=n) for n in (rate // 20, rate // 10 + 7, 50)]
    out = LogMelSpectrogram(sampling_rate=rate, **parameters).fit_transform(X)
    renamed = {"k" if name == "pre_emphasis" else name: v for name, v in parameters.items()}
    for features, wave in zip(out, X, strict=True):
        np.testing.assert_allclose(features, reference(wave, rate, **renamed), atol=1e-9)


def test_energies_do_not_depend_on_blocks_of_frames(rng, monkeypatch):
    X = [rng.normal(size=3_000)]
    expected = LogMelSpectrogram().fit_transform(X).values
    monkeypatch.setattr(_mel, "_BLOCK", 1_200)
    out = LogMelSpectrogram().fit_transform(X).values
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("hertz", [300, 700, 1_500, 3_000])
def test_a_tone_is_loudest_in_its_band(hertz):
    spectrogram = LogMelSpectrogram(sampling_rate=8_000)
    features = spectrogram.fit_transform([tone(hertz, 8_000)])[0]
    loudest = spectrogram.mel_frequencies_[features.argmax(axis=1)]
    gaps = np.diff(spectrogram.mel_frequencies_, append=4_000)
    assert (np.abs(loudest - hertz) <= gaps[features.argmax(axis=1)]).all()


def test_louder_waves_differ_by_a_constant(rng):
    wave = rng.normal(size=2_000)
    quiet, loud = LogMelSpectrogram().fit_transform([0.01 * wave, wave])
    np.testing.assert_allclose(loud - quiet, 2 * np.log(100), rtol=1e-9)


def test_waves_of_other_rates_are_resampled():
    rates = [8_000, 16_000, 44_100]
    X = [(rate, tone(1_000, rate, 0.5)) for rate in rates]
    spectrogram = LogMelSpectrogram(n_mels=20)
    out = spectrogram.fit_transform(X)
    assert spectrogram.sampling_rate_ == 8_000
    band = int(np.argmin(np.abs(spectrogram.mel_frequencies_ - 1_000)))
    inner = np.stack([features[5:40, band] for features in out])
    np.testing.assert_allclose(inner[1:], inner[[0, 0]], atol=0.1)
    fixed = LogMelSpectrogram(n_mels=20, sampling_rate=16_000).fit(X)
    assert fixed.sampling_rate_ == 16_000
    alone = fixed.transform([X[1]])
    np.testing.assert_array_equal(alone.values, fixed.transform([X[1][1]]).values)


def test_a_later_wave_is_resampled_to_the_rate_of_fit():
    spectrogram = LogMelSpectrogram().fit([(8_000, tone(500, 8_000))])
    assert spectrogram.transform([(4_000, tone(500, 4_000))])[0].shape == (8, 40)


def test_rates_without_a_common_factor_are_resampled():
    X = [(8_000, tone(500, 8_000, 0.5)), (7_999_993, np.zeros(4_000_000)), (8_009, [0.0] * 4_000)]
    assert LogMelSpectrogram().fit_transform(X).lengths.tolist() == [48, 48, 48]


def test_wav_files_are_scaled_for_each_type(tmp_path):
    wave = 0.9 * tone(440, 8_000)
    stored = {
        "u1": (128 + 128 * wave).astype(np.uint8),
        "i2": (32_768 * wave).astype(np.int16),
        "i4": (2**31 * wave).astype(np.int32),
        "f4": wave.astype(np.float32),
    }
    X = []
    for name, samples in stored.items():
        wavfile.write(tmp_path / f"{name}.wav", 8_000, samples)
        X.append(wavfile.read(tmp_path / f"{name}.wav"))
    out = LogMelSpectrogram(n_mels=10, f_max=1_000.0, pre_emphasis=0.0).fit_transform(X)
    assert out.dtype == np.float32
    byte, *others = out
    for features in others:
        np.testing.assert_allclose(features, others[-1], atol=0.05)
    loud = others[-1] > 0  # eight bits are noisy in quiet bands
    np.testing.assert_allclose(byte[loud], others[-1][loud], atol=0.1)


def test_other_integer_types_keep_their_values():
    wave = np.arange(500) % 7
    spectrogram = LogMelSpectrogram()
    expected = spectrogram.fit_transform([wave.astype(np.float64)]).values
    np.testing.assert_array_equal(spectrogram.fit_transform([wave]).values, expected)
    listed = spectrogram.fit_transform([wave.tolist(), [0]])
    np.testing.assert_array_equal(listed[0], expected)


def test_lists_with_rates_are_not_a_table():
    wave = tone(440, 8_000).tolist()
    spectrogram = LogMelSpectrogram()
    assert spectrogram.fit_transform([(8_000, wave), (16_000, wave)]).lengths.tolist() == [8, 3]
    assert spectrogram.n_features_in_ == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda X: X,
        tuple,
        lambda X: np.array([*X, None], dtype=object)[:-1],
        pd.Series,
        lambda X: [torch.tensor(x) for x in X],
        lambda X: [x[:, None] for x in X],
        lambda X: [x.tolist() for x in X],
        Panel.from_sequences,
        lambda X: pl.Series([x.tolist() for x in X]),
        lambda X: pd.DataFrame({"wave": X}),
        lambda X: [(16_000, x) for x in X],
        lambda X: pd.Series([(16_000, x) for x in X]),
        lambda X: [(np.int64(16_000), torch.tensor(x)) for x in X],
        lambda X: [[16_000.0, x.tolist()] for x in X],
    ],
)
def test_containers_give_equal_results(rng, make):
    X = [rng.normal(size=n) for n in (800, 500)]
    expected = LogMelSpectrogram().fit_transform(X)
    out = LogMelSpectrogram().fit_transform(make(X))
    np.testing.assert_array_equal(out.values, expected.values)
    np.testing.assert_array_equal(out.offsets, expected.offsets)


def test_arrays_stay_arrays(rng):
    X = rng.normal(size=(3, 1_000))
    spectrogram = LogMelSpectrogram(n_mels=5)
    out = spectrogram.fit_transform(X)
    assert out.shape == (3, 4, 5)
    assert spectrogram.n_features_in_ == 1_000
    np.testing.assert_array_equal(out, spectrogram.fit_transform(X[:, :, None]))
    assert spectrogram.n_features_in_ == 1
    one = LogMelSpectrogram(n_mels=1).fit(X)
    assert one.transform(X).shape == (3, 4)
    assert one.get_feature_names_out().tolist() == ["frame0", "frame1", "frame2", "frame3"]


def test_index_and_names_are_kept(rng):
    waves = pd.Series([(8_000, rng.normal(size=n)) for n in (800, 500)], index=["a", "b"])
    spectrogram = LogMelSpectrogram(n_mels=3)
    panel = spectrogram.fit_transform(waves)
    assert panel.index.tolist() == ["a", "b"]
    assert panel.feature_names == ("mel0", "mel1", "mel2")
    assert spectrogram.get_feature_names_out().tolist() == ["mel0", "mel1", "mel2"]
    frames = clone(spectrogram).set_output(transform="pandas").fit_transform(waves)
    assert [frame.shape for frame in frames] == [(8, 3), (4, 3)]
    assert frames[0].columns.tolist() == ["mel0", "mel1", "mel2"]
    np.testing.assert_array_equal(frames[0], panel[0])


def test_narrow_bands_require_a_longer_transform():
    assert LogMelSpectrogram(sampling_rate=8_000).fit([[0.0]]).n_fft_ == 256
    fine = LogMelSpectrogram(sampling_rate=8_000, n_mels=128).fit([[0.0]])
    assert fine.n_fft_ > 256
    assert np.isfinite(fine.transform([tone(440, 8_000)]).values).all()
    noise = np.random.default_rng(0).normal(size=8_000)
    assert (fine.transform([noise]).values > np.log(1e-9)).all()  # no band is empty


def test_silence_is_finite():
    out = LogMelSpectrogram(floor=1e-6).fit_transform([np.zeros(1_000)])
    np.testing.assert_allclose(out.values, math.log(1e-6))


def test_parameters_set_after_fit_take_effect_in_the_next_fit(rng):
    X = [rng.normal(size=900)]
    spectrogram = LogMelSpectrogram().fit(X)
    before = spectrogram.transform(X).values
    spectrogram.set_params(n_mels=3, floor=1.0, hop=0.5, pre_emphasis=0.0)
    np.testing.assert_array_equal(spectrogram.transform(X).values, before)
    copy = pickle.loads(pickle.dumps(spectrogram))
    np.testing.assert_array_equal(copy.transform(X).values, before)
    assert spectrogram.fit_transform(X).values.shape[1] == 3


def test_spectrogram_works_in_a_grid_search(rng):
    y = ["low", "high"] * 12
    X = [(8_000, tone({"low": 400, "high": 900}[label], 8_000)) for label in y]
    X = [(rate, wave + 0.1 * rng.normal(size=len(wave))) for rate, wave in X]
    pipeline = make_pipeline(
        LogMelSpectrogram(), SequenceSummarizer(statistics=("mean",)), LogisticRegression()
    )
    search = GridSearchCV(pipeline, {"logmelspectrogram__n_mels": [10, 20]}, cv=3).fit(X, y)
    assert search.best_score_ == 1.0


WAVE = np.zeros(10)

REFUSED = {
    "one pair": (
        lambda: LogMelSpectrogram().fit((8_000, WAVE)),
        ValueError,
        "X is one pair of a sampling rate and a waveform, where a list of them is expected. Pass "
        "[X].",
    ),
    "a wave without rate among pairs": (
        lambda: LogMelSpectrogram().fit([(8_000, WAVE), WAVE]),
        ValueError,
        "X[1] is not a pair of a sampling rate and a waveform, but other samples are. Pass pairs "
        "of a sampling rate and a waveform, (rate, waveform), or waveforms only.",
    ),
    "rate of zero": (
        lambda: LogMelSpectrogram().fit([(8_000, WAVE), (0, WAVE)]),
        ValueError,
        "X[1] has the sampling rate 0. Pass samples per second as a positive integer: (rate, "
        "waveform).",
    ),
    "rate that is not whole": (
        lambda: LogMelSpectrogram().fit([(0.5, WAVE)]),
        ValueError,
        "X[0] has the sampling rate 0.5. Pass samples per second as a positive integer: (rate, "
        "waveform).",
    ),
    "a wave of strings": (
        lambda: LogMelSpectrogram().fit([(8_000, WAVE), (8_000, ["a", "b"])]),
        ValueError,
        "X[1] holds strings where numbers are expected, for example 'a'. Convert text to token ids "
        "with sk_rnn.preprocessing.SequenceVectorizer: make_pipeline(SequenceVectorizer(), "
        "RNNClassifier(embedding_dim=64)). Encode categories with "
        "TimeDistributed(OneHotEncoder()).",
    ),
    "a ragged wave": (
        lambda: LogMelSpectrogram().fit([(8_000, [[1.0], [1.0, 2.0]])]),
        ValueError,
        "X[0] has samples of several lengths. Pass one number per sample of the waveform.",
    ),
    "two channels": (
        lambda: LogMelSpectrogram().fit([(8_000, np.zeros((10, 2)))]),
        ValueError,
        "X has 2 features per time step, but a waveform has one. If they are the channels of a "
        "recording, pass their mean: [(rate, x.mean(axis=1)) for rate, x in X].",
    ),
    "two channels without a rate": (
        lambda: LogMelSpectrogram().fit(np.zeros((3, 10, 2))),
        ValueError,
        "X has 2 features per time step, but a waveform has one. If they are the channels of a "
        "recording, pass their mean: [x.mean(axis=1) for x in X].",
    ),
    "NaN": (
        lambda: LogMelSpectrogram().fit([(8_000, WAVE), (8_000, np.array([1.0, np.nan]))]),
        ValueError,
        "X[1] contains NaN at time step 1. Impute missing values first, or set padding_value if "
        "they are padding.",
    ),
    "empty wave": (
        lambda: LogMelSpectrogram().fit([(8_000, WAVE), (8_000, WAVE[:0])]),
        ValueError,
        "X[1] is an empty sequence. Every sample needs at least one time step: drop it, from y "
        "too.",
    ),
    "one wave": (
        lambda: LogMelSpectrogram().fit(WAVE),
        ValueError,
        "X[0] is a single value, 0.0: Expected 2D array, got 1D array instead. Reshape your data. "
        "If X is one sequence of 10 time steps, pass [X]; if each value is a sample of one time "
        "step, pass [[x] for x in X].",
    ),
    "frequency above half the rate": (
        lambda: LogMelSpectrogram(f_max=5_000.0).fit([(8_000, WAVE)]),
        ValueError,
        "f_max=5000.0 is above 4000 Hz, the highest frequency at 8000 samples per second. Lower "
        "it, or set it to None.",
    ),
    "frequencies the wrong way round": (
        lambda: LogMelSpectrogram(f_min=500.0, f_max=400.0).fit([WAVE]),
        ValueError,
        "f_min=500.0 must be less than the highest frequency, 400 Hz. Lower it.",
    ),
    "a window below a sample": (
        lambda: LogMelSpectrogram(window=1e-5).fit([WAVE]),
        ValueError,
        "window=1e-05 is 0.16 samples at 16000 samples per second. Pass a duration in seconds, "
        "such as 0.025.",
    ),
    "a hop in samples": (
        lambda: LogMelSpectrogram(hop=160_000).fit([WAVE]),
        ValueError,
        "hop=160000 is 2.56e+09 samples at 16000 samples per second. Pass a duration in seconds, "
        "such as 0.025.",
    ),
    "too many bands": (
        lambda: LogMelSpectrogram(n_mels=10_000).fit([WAVE]),
        ValueError,
        "n_mels=10000 bands are too narrow for a window of 400 samples: the band from 20.0 to 20.4 "
        "Hz contains no frequency. Decrease n_mels, or increase window.",
    ),
}


def test_waveforms_that_overflow_raise():
    spectrogram = LogMelSpectrogram().fit([WAVE])
    for huge in (np.full(500, 1e200), np.tile([1e308, -1e308], 200)):
        with pytest.raises(ValueError) as error:
            spectrogram.transform([WAVE, huge])
        assert str(error.value) == (
            "LogMelSpectrogram.transform: X[1] has values whose energy is too large for "
            "float64. Scale waveforms to [-1, 1]."
        )


@pytest.mark.parametrize("what", REFUSED)
def test_invalid_input_raises(what):
    call, kind, message = REFUSED[what]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == f"LogMelSpectrogram.fit: {message}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sampling_rate", 0),
        ("sampling_rate", "fast"),
        ("n_mels", 0),
        ("n_mels", True),
        ("window", 0.0),
        ("hop", -1),
        ("f_min", -1.0),
        ("f_max", 0.0),
        ("pre_emphasis", 1.5),
        ("floor", 0.0),
    ],
)
def test_parameters_are_validated(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of LogMelSpectrogram must be"):
        LogMelSpectrogram(**{name: value}).fit([WAVE])


def test_a_fit_that_raises_leaves_the_spectrogram_unchanged():
    spectrogram = LogMelSpectrogram().fit([(8_000, WAVE)])
    before = vars(spectrogram).copy()
    with pytest.raises(ValueError, match="f_max"):
        spectrogram.set_params(f_max=7_000.0).fit([(8_000, WAVE)])
    assert vars(spectrogram) == {**before, "f_max": 7_000.0}


def test_a_table_with_other_columns_raises_after_fit(rng):
    spectrogram = LogMelSpectrogram().fit(rng.normal(size=(2, 600)))
    with pytest.raises(ValueError, match="X has 500 features, but LogMelSpectrogram is expecting"):
        spectrogram.transform(rng.normal(size=(2, 500)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(spectrogram.transform([rng.normal(size=500)])) == 1
