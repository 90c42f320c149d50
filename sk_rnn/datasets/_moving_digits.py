"""Videos of moving digits."""

from typing import Literal, overload

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import StrOptions

from ..sequences import (
    RANDOM_STATE,
    Float,
    Int,
    IntegerFrom,
    RandomState,
    plain,
    validate_params,
)

# Height and width of scikit-learn's digits, and the number of training digits.
_SPRITE = 8
_N_TRAIN = 1_400

Subset = Literal["all", "train", "test"]


@overload
def make_moving_digits(
    n_samples: Int = 100,
    *,
    n_timesteps: Int = 20,
    size: Int = 16,
    speed: tuple[Float, Float] = (0.8, 1.6),
    subset: Subset = "all",
    return_positions: Literal[False] = False,
    random_state: RandomState = None,
) -> tuple[np.ndarray, np.ndarray]: ...


@overload
def make_moving_digits(
    n_samples: Int = 100,
    *,
    n_timesteps: Int = 20,
    size: Int = 16,
    speed: tuple[Float, Float] = (0.8, 1.6),
    subset: Subset = "all",
    return_positions: Literal[True],
    random_state: RandomState = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...


@validate_params(
    {
        "n_samples": [IntegerFrom(1)],
        "n_timesteps": [IntegerFrom(1)],
        "size": [IntegerFrom(_SPRITE)],
        "speed": [tuple],
        "subset": [StrOptions({"all", "train", "test"})],
        "return_positions": ["boolean"],
        "random_state": RANDOM_STATE,
    },
    prefer_skip_nested_validation=True,
)
def make_moving_digits(
    n_samples: Int = 100,
    *,
    n_timesteps: Int = 20,
    size: Int = 16,
    speed: tuple[Float, Float] = (0.8, 1.6),
    subset: Subset = "all",
    return_positions: bool = False,
    random_state: RandomState = None,
) -> tuple[np.ndarray, ...]:
    """Generate videos of handwritten digits that move in a box and bounce off its walls.

    A small variant of Moving MNIST with the digits data set of scikit-learn. The motion is
    deterministic, so two frames determine all later ones, except for rounding to pixels.

    Parameters
    ----------
    n_samples : int, default=100
        Number of videos, with one digit each.
    n_timesteps : int, default=20
        Number of frames per video.
    size : int, default=16
        Height and width of a frame in pixels; at least 8, the size of a digit.
    speed : tuple of float (min, max), default=(0.8, 1.6)
        Range of the speed of a digit, in pixels per frame. Each video has one speed and one initial
        direction, both uniformly distributed.
    subset : {"all", "train", "test"}, default="all"
        Which digits are used: all 1,797, the first 1,400, or the other 397, so that a model can be
        tested on unseen digits.
    return_positions : bool, default=False
        Whether to also return the positions of the digits.
    random_state : int, RandomState instance or None, default=None
        Determines random number generation. Pass an int for reproducible output across
        multiple function calls.

    Returns
    -------
    X : ndarray of float32 of shape (n_samples, n_timesteps, size, size)
        Grey values from 0 to 1.
    y : ndarray of int64 of shape (n_samples,)
        Digit in each video, 0 to 9.
    positions : ndarray of float64 of shape (n_samples, n_timesteps, 2)
        Row and column of the upper left pixel of the digit, before rounding. Only returned if
        `return_positions` is True.

    References
    ----------
    Srivastava et al. (2015), Unsupervised learning of video representations using LSTMs.

    Examples
    --------
    >>> from sk_rnn.datasets import make_moving_digits
    >>> X, y, positions = make_moving_digits(2, return_positions=True, random_state=0)
    >>> X.shape, y
    ((2, 20, 16, 16), array([8, 7]))
    >>> positions[0, :3].round(1)
    array([[5.7, 4.8],
           [4.9, 5.8],
           [4.1, 6.9]])
    """
    from sklearn.datasets import load_digits  # slow to import

    n_samples, n_timesteps, size = int(n_samples), int(n_timesteps), int(size)
    low, high = _check_speed(speed)
    rng = check_random_state(random_state)
    digits = load_digits()
    first = _N_TRAIN if subset == "test" else 0
    last = _N_TRAIN if subset == "train" else len(digits.images)
    chosen = rng.randint(first, last, n_samples)
    room = size - _SPRITE
    start = rng.uniform(0.0, room, (n_samples, 2))
    speeds = rng.uniform(low, high, n_samples)
    angle = rng.uniform(0.0, 2 * np.pi, n_samples)
    velocity = speeds[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
    time = np.arange(n_timesteps)[:, None]
    positions = _bounce(start[:, None] + time * velocity[:, None], room)  # (n, T, 2)
    corner = np.rint(positions).astype(np.int64)
    X = np.zeros((n_samples, n_timesteps, size, size), dtype=np.float32)
    offset = np.arange(_SPRITE)
    rows = corner[..., 0, None, None] + offset[:, None]  # (n, T, 8, 1)
    columns = corner[..., 1, None, None] + offset  # (n, T, 1, 8)
    videos = np.arange(n_samples)[:, None, None, None]
    frames = np.arange(n_timesteps)[:, None, None]
    X[videos, frames, rows, columns] = (digits.images[chosen] / 16)[:, None]
    y = digits.target[chosen].astype(np.int64)
    return (X, y, positions) if return_positions else (X, y)


def _bounce(positions: np.ndarray, room: int) -> np.ndarray:
    """Return positions of a straight motion as reflected by walls at 0 and `room`."""
    if room == 0:
        return np.zeros_like(positions)
    folded = np.mod(positions, 2 * room)
    return np.minimum(folded, 2 * room - folded)


def _check_speed(speed: tuple) -> tuple[float, float]:
    numbers = len(speed) == 2 and all(
        isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in speed
    )
    if not numbers or not 0 <= speed[0] <= speed[1] < np.inf:
        raise ValueError(
            f"make_moving_digits: speed={plain(speed)} is not a range of speeds. Pass a tuple "
            "(min, max) of pixels per frame, with 0 <= min <= max."
        )
    return float(speed[0]), float(speed[1])
