"""The recurrent cells: one file per kind."""

from collections.abc import Mapping
from typing import Any, Literal

from torch import nn

from ._cell import Cell, CellWeights, ForgetBias, RecurrentState, initialise
from ._custom import cell_fault, custom_cell
from ._elman import RNN_RELU, RNN_TANH
from ._gru import GRU
from ._lstm import LSTM

CellName = Literal["gru", "lstm", "rnn_tanh", "rnn_relu"]

CELLS: dict[str, Cell] = {cell.name: cell for cell in (RNN_TANH, RNN_RELU, GRU, LSTM)}


def find_cell(cell: str | type[nn.Module] | Cell, params: Mapping[str, Any] | None = None) -> Cell:
    """Return a built-in cell by name, or a custom cell from a class and its ``params``."""
    if isinstance(cell, Cell):
        return cell
    return CELLS[cell] if isinstance(cell, str) else custom_cell(cell, params)


__all__ = [
    "CELLS",
    "Cell",
    "CellName",
    "CellWeights",
    "ForgetBias",
    "RecurrentState",
    "cell_fault",
    "find_cell",
    "initialise",
]
