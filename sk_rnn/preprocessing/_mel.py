"""LogMelSpectrogram."""

import math
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.utils import Tags
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from ..sequences import (
    Float,
    Int,
    IntegerFrom,
    NumberIn,
    check_sequences,
    counted,
    fit_context,
    offsets_of,
    unchanged_on_failure,
)
from ._sequence_output import SequenceOutput
from ._steps import Steps, check_features, check_names_in, read_steps
from ._waves import read_waves, resample

# The sampling rate of most speech corpora.
_USUAL_RATE = 16_000

# Frames are transformed in blocks of about this many values, so that temporaries stay small.
_BLOCK = 1 << 20

# Frames are zero-padded to at most this many times the length of a window, so that narrow bands
# contain a frequency; beyond it, neighbouring bands would be nearly identical.
_MAX_INTERPOLATION = 16


class LogMelSpectrogram(SequenceOutput):
    r"""Convert audio signals to log-mel spectrograms.

    These are the usual features of speech recognition: logarithmic energies in mel-scaled frequency
    bands for short overlapping frames, 100 per second by default. A waveform of 16,000 samples
    becomes a sequence of 98 time steps with 40 features, short enough for a recurrent network.

    Parameters
    ----------
    sampling_rate : int or "auto", default="auto"
        Samples per second. Waveforms with another rate are resampled to it. "auto" uses the lowest
        rate in `fit`, or 16,000 for waveforms without rates: set it if they have a different one.
    n_mels : int, default=40
        Number of frequency bands, which is the number of features per time step.
    window : float, default=0.025
        Length of a frame in seconds. Longer frames have a higher frequency resolution and a lower
        time resolution.
    hop : float, default=0.01
        Seconds between the starts of consecutive frames. Larger values result in fewer time steps.
    f_min : float, default=20.0
        Lowest frequency, in Hz.
    f_max : float, default=None
        Highest frequency, in Hz; by default half the sampling rate.
    pre_emphasis : float, default=0.97
        Fraction of the previous sample that is subtracted from each sample, which amplifies high
        frequencies. 0 leaves the waveform unchanged.
    floor : float, default=1e-10
        Lower bound of the energy, applied before the logarithm, so that silence has finite
        features.

    Attributes
    ----------
    sampling_rate_ : int
        Sampling rate to which waveforms are resampled.
    n_fft_ : int
        Length of the Fourier transform: the smallest power of two that is at least the length of a
        frame and for which each band contains at least one frequency.
    mel_frequencies_ : ndarray of shape (n_mels,)
        Centres of the bands, in Hz.
    n_features_in_ : int
        1, because waveforms have one channel; for a 2-D table, the number of columns.

    See Also
    --------
    TimeDistributed : With a StandardScaler, standardises the features.

    Notes
    -----
    A frame of :math:`N` samples is pre-emphasised, :math:`s'_0 = (1 - k) s_0` and
    :math:`s'_n = s_n - k s_{n-1}`, multiplied by a Hamming window
    :math:`0.54 - 0.46 \cos(2 \pi n / (N - 1))`, and transformed into its power spectrum. The power
    is summed in triangular bands that are equally spaced and half overlapping on the mel scale,
    :math:`\mathrm{mel}(f) = 2595 \log_{10}(1 + f / 700)`, and the natural logarithm is taken, as
    described in [1]_, after [2]_. Samples after the last complete frame are dropped, and
    a waveform shorter than a frame is padded with zeros.

    Arrays of uint8, int16 and int32, the types of WAV files, are scaled to [-1, 1). Waveforms are
    resampled with ``scipy.signal.resample_poly``.

    The loudness and the microphone of a recording add a constant to each feature. Subtracting the
    mean over time within each sequence removes it, which helps with
    speakers that are not in the training data.

    References
    ----------
    .. [1] Young et al. (2006), The HTK Book, sections 5.2 and 5.4.
    .. [2] Davis and Mermelstein (1980), Comparison of parametric representations for monosyllabic
       word recognition in continuously spoken sentences.

    Examples
    --------
    Tones of 440 Hz and 3,000 Hz, a quarter of a second at 8,000 samples per second:

    >>> import numpy as np
    >>> from sk_rnn.preprocessing import LogMelSpectrogram
    >>> time = np.arange(2000) / 8000
    >>> X = [(8000, np.sin(2 * np.pi * 440 * time)), (8000, np.sin(2 * np.pi * 3000 * time))]
    >>> spectrogram = LogMelSpectrogram(n_mels=20)
    >>> low, high = spectrogram.fit_transform(X)
    >>> low.shape
    (23, 20)
    >>> loudest = [low[0].argmax(), high[0].argmax()]
    >>> spectrogram.mel_frequencies_[loudest].round()
    array([ 425., 2895.])

    WAV files with their sampling rates::

        X = [scipy.io.wavfile.read(path) for path in paths]  # (rate, samples) each
        spectra = LogMelSpectrogram().fit_transform(X)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "sampling_rate": [IntegerFrom(1), StrOptions({"auto"})],
        "n_mels": [IntegerFrom(1)],
        "window": [NumberIn(0, None, closed="neither")],
        "hop": [NumberIn(0, None, closed="neither")],
        "f_min": [NumberIn(0, None, closed="left")],
        "f_max": [NumberIn(0, None, closed="neither"), None],
        "pre_emphasis": [NumberIn(0, 1, closed="both")],
        "floor": [NumberIn(0, None, closed="neither")],
    }

    def __init__(
        self,
        *,
        sampling_rate: Int | Literal["auto"] = "auto",
        n_mels: Int = 40,
        window: Float = 0.025,
        hop: Float = 0.01,
        f_min: Float = 20.0,
        f_max: Float | None = None,
        pre_emphasis: Float = 0.97,
        floor: Float = 1e-10,
    ) -> None:
        self.sampling_rate = sampling_rate
        self.n_mels = n_mels
        self.window = window
        self.hop = hop
        self.f_min = f_min
        self.f_max = f_max
        self.pre_emphasis = pre_emphasis
        self.floor = floor

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Determine the sampling rate and the frequency bands.

        Parameters
        ----------
        X : list of array-like, list of (rate, waveform), array-like or Panel
            One waveform per sample: numbers in any container that the estimators accept, with one
            feature; or pairs of a sampling rate and a waveform, as returned by
            ``scipy.io.wavfile.read``.
        y : None, default=None
            Ignored.

        Returns
        -------
        self : object
        """
        with unchanged_on_failure(self):
            self._fit(X, "LogMelSpectrogram.fit")
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Determine the frequency bands, and convert waveforms to log-mel energies.

        Parameters
        ----------
        X : list of array-like, list of (rate, waveform), array-like or Panel
            One waveform per sample, as for `fit`.
        y : None, default=None
            Ignored.

        Returns
        -------
        spectra : Panel or ndarray
            Same as for `transform`.
        """
        caller = "LogMelSpectrogram.fit_transform"
        with unchanged_on_failure(self):
            steps, rates = self._fit(X, caller)
            return self._in_container(self._analyse(steps, rates, caller), X)

    def transform(self, X: Any) -> Any:
        """Convert waveforms to log-mel energies.

        Parameters
        ----------
        X : list of array-like, list of (rate, waveform), array-like or Panel
            One waveform per sample, as for `fit`. Waveforms without a rate are assumed to have
            `sampling_rate_`.

        Returns
        -------
        spectra : Panel or ndarray
            A Panel with `n_mels` features per time step, which keeps the index; for array input,
            an array of shape (n_samples, n_timesteps, n_mels), or (n_samples, n_timesteps) for a
            table and ``n_mels=1``. float32 for waveforms in float32 and the types of WAV files,
            otherwise float64. With ``set_output(transform="pandas")``, a list of DataFrames, one
            per sample.
        """
        check_is_fitted(self)
        caller = "LogMelSpectrogram.transform"
        steps, rates = self._read(X, caller, reset=False)
        return self._in_container(self._analyse(steps, rates, caller), X)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Get the names of the frequency bands.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Only used to validate feature names with the names seen in `fit`.

        Returns
        -------
        feature_names_out : ndarray of str of shape (n_mels,)
            "mel0" for the lowest band. If `fit` saw a table and there is one band, the names of
            the frames, "frame0" and so on.
        """
        check_is_fitted(self)
        check_names_in(self, input_features)
        n_mels = len(self.mel_frequencies_)
        names = [f"mel{i}" for i in range(n_mels)]
        if self._is_table and n_mels == 1:
            width, hop = self._frame
            names = [f"frame{i}" for i in range(_count(self.n_features_in_, width, hop))]
        return np.asarray(names, dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _fit(self, X: Any, caller: str) -> tuple[Steps, list[int] | None]:
        steps, rates = self._read(X, caller, reset=True)
        if self.sampling_rate != "auto":
            self.sampling_rate_ = int(self.sampling_rate)
        else:
            self.sampling_rate_ = _USUAL_RATE if rates is None else min(rates)
        self._frame = self._frame_length(caller)
        self._analysis = (float(self.pre_emphasis), float(self.floor))
        edges = self._edges(caller)
        self.mel_frequencies_ = edges[1:-1]
        self.n_fft_, self._filters = _mel_filters(
            edges, self.sampling_rate_, self._frame[0], caller
        )
        return steps, rates

    def _frame_length(self, caller: str) -> tuple[int, int]:
        """Return the lengths of window and hop in samples."""
        lengths = []
        for name, seconds in (("window", self.window), ("hop", self.hop)):
            samples = float(seconds) * self.sampling_rate_
            if not 0.5 < samples < 2**31:
                raise ValueError(
                    f"{caller}: {name}={seconds!r} is {samples:g} samples at {self.sampling_rate_} "
                    "samples per second. Pass a duration in seconds, such as 0.025."
                )
            lengths.append(round(samples))
        return lengths[0], lengths[1]

    def _edges(self, caller: str) -> np.ndarray:
        """Return the edges of the bands in Hz: band i is from edge i to edge i + 2."""
        highest = self.sampling_rate_ / 2
        f_max = highest if self.f_max is None else float(self.f_max)
        if f_max > highest:
            raise ValueError(
                f"{caller}: f_max={self.f_max!r} is above {highest:g} Hz, the highest frequency at "
                f"{self.sampling_rate_} samples per second. Lower it, or set it to None."
            )
        if self.f_min >= f_max:
            raise ValueError(
                f"{caller}: f_min={self.f_min!r} must be less than the highest frequency, "
                f"{f_max:g} Hz. Lower it."
            )
        low, high = _mel(np.array([float(self.f_min), f_max]))
        return _hertz(np.linspace(low, high, int(self.n_mels) + 2))

    def _read(self, X: Any, caller: str, *, reset: bool) -> tuple[Steps, list[int] | None]:
        """Return waveforms of finite numbers, and their rates if X contains them."""
        plain_waves, rates, ids = read_waves(X, f"{caller}: X")
        steps = read_steps(plain_waves, caller, fitted=None if reset else self)
        n_channels = steps.values.shape[1]
        if n_channels > 1:
            raise ValueError(
                f"{caller}: X has {counted(n_channels, 'feature')} per time step, but a waveform "
                "has one. If they are the channels of a recording, pass their mean: "
                + (
                    "[(rate, x.mean(axis=1)) for rate, x in X]."
                    if rates is not None
                    else "[x.mean(axis=1) for x in X]."
                )
            )
        check_features(self, plain_waves, steps, caller, reset=reset)
        if ids is not None:
            steps = steps._replace(ids=ids)
        panel = steps.to_panel()
        panel = check_sequences(panel, dtype=panel.dtype, caller=caller)  # rejects NaN and infinity
        return steps._replace(values=panel.values), rates

    def _analyse(self, steps: Steps, rates: list[int] | None, caller: str) -> Steps:
        """Return the features of waveforms as time steps."""
        spectra = []
        for i, (start, stop) in enumerate(zip(steps.offsets[:-1], steps.offsets[1:], strict=True)):
            wave = steps.values[start:stop, 0]
            with np.errstate(over="ignore", invalid="ignore"):  # overflow raises an error below
                if rates is not None:
                    wave = resample(wave, rates[i], self.sampling_rate_)
                spectrum = self._spectrum(wave).astype(steps.values.dtype, copy=False)
            if not np.isfinite(spectrum).all():
                raise ValueError(
                    f"{caller}: X[{i}] has values whose energy is too large for float64. Scale "
                    "waveforms to [-1, 1]."
                )
            spectra.append(spectrum)
        return steps._replace(
            values=np.concatenate(spectra),
            offsets=offsets_of(np.array([len(spectrum) for spectrum in spectra])),
            feature_names=tuple(self.get_feature_names_out()) if not self._is_table else None,
            labels=None,
            times=None,
        )

    def _spectrum(self, wave: np.ndarray) -> np.ndarray:
        """Return the log-mel energies (n_frames, n_mels) of one waveform."""
        width, hop = self._frame
        pre_emphasis, floor = self._analysis
        wave = wave.astype(np.float64)
        if len(wave) < width:
            wave = np.pad(wave, (0, width - len(wave)))
        frames = sliding_window_view(wave, width)[::hop]  # (n_frames, width)
        n_frames = max(1, _BLOCK // self.n_fft_)
        hamming = np.hamming(width)
        energies = []
        for start in range(0, len(frames), n_frames):
            block = frames[start : start + n_frames]
            emphasised = block - pre_emphasis * np.roll(block, 1, axis=1)
            emphasised[:, 0] = (1 - pre_emphasis) * block[:, 0]
            spectrum = np.fft.rfft(emphasised * hamming, self.n_fft_)
            energies.append((spectrum.real**2 + spectrum.imag**2) @ self._filters)
        return np.log(np.maximum(np.concatenate(energies), floor))


def _count(n_samples: int, width: int, hop: int) -> int:
    """Return the number of frames of a waveform."""
    return 1 + max(0, n_samples - width) // hop


def _mel(hertz: np.ndarray) -> np.ndarray:
    return 2595.0 * np.log10(1.0 + hertz / 700.0)


def _hertz(mel: np.ndarray) -> np.ndarray:
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


def _mel_filters(edges: np.ndarray, rate: int, width: int, caller: str) -> tuple[int, np.ndarray]:
    """Return the length of the Fourier transform, and weights (n_fft // 2 + 1, n_mels).

    Parameters
    ----------
    edges : ndarray of shape (n_mels + 2,)
        Band i rises from edge i to edge i + 1 and falls to edge i + 2, in Hz.
    rate : int
        Samples per second.
    width : int
        Samples per frame.
    caller : str
        Name of the caller in error messages.
    """
    mels = _mel(edges)
    left, centre, right = mels[:-2], mels[1:-1], mels[2:]
    n_fft = 1 << math.ceil(math.log2(width))
    while True:
        bins = _mel(np.arange(n_fft // 2 + 1) * (rate / n_fft))[:, None]
        rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
        weights = np.maximum(0.0, np.minimum(rising, falling))
        empty = ~weights.any(axis=0)
        if not empty.any():
            return n_fft, weights
        n_fft *= 2
        if n_fft > max(256, _MAX_INTERPOLATION * width):
            band = int(np.argmax(empty))
            raise ValueError(
                f"{caller}: n_mels={len(centre)} bands are too narrow for a window of {width} "
                f"samples: the band from {edges[band]:.1f} to {edges[band + 2]:.1f} Hz "
                "contains no frequency. Decrease n_mels, or increase window."
            )
