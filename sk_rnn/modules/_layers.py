"""Layers of torch whose constructors draw no initial weights.

torch's constructors draw from the global generator, and building them on the device "meta" takes
longer than the whole module does without. Whoever makes one of these layers fills it.
"""

from torch import nn


class GRU(nn.GRU):
    """`torch.nn.GRU`, uninitialised."""

    def reset_parameters(self) -> None:
        """Draw nothing."""


class LSTM(nn.LSTM):
    """`torch.nn.LSTM`, uninitialised."""

    def reset_parameters(self) -> None:
        """Draw nothing."""


class RNN(nn.RNN):
    """`torch.nn.RNN`, uninitialised."""

    def reset_parameters(self) -> None:
        """Draw nothing."""


class Linear(nn.Linear):
    """`torch.nn.Linear`, uninitialised."""

    def reset_parameters(self) -> None:
        """Draw nothing."""
