"""The torch modules; independent of scikit-learn and skorch."""

from ._activities import LayerActivity, layer_activities
from ._attention import ATTENTIONS, Attention, Memory
from ._attributions import Saliency, integrated_gradients
from ._chunks import Chunk, ChunkedRun, cut_chunks
from ._copies import inspection_copy
from ._crf import ChainLikelihood, LinearChain
from ._decoder import Decoder
from ._dropout import set_generator
from ._explicit import ExplicitGradients, supports_explicit_gradients
from ._forecast import CovariateSizes, ForecastModel
from ._forecast_loss import ForecastLoss
from ._gradient_flow import DIRECTIONS, GradientBatch, GradientFlow, gradient_flow
from ._head import ROW_MULTIPLE, HeadBatchNorm, Moments
from ._language import LanguageModel, head_weights
from ._losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    CrossEntropy,
    Gaussian,
    Huber,
    Loss,
    NextValues,
    Poisson,
    Quantile,
    RowLoss,
    SquaredError,
    StepsAndEnd,
    Targets,
    WeightedLoss,
    gaussian_log_density,
    gaussian_parts,
    mixture_parts,
    split_end,
    value_log_density,
)
from ._masking import InputMasking
from ._model import SequenceModel, set_backend
from ._poolings import POOLINGS, Pooling, PoolingName, Totals
from ._seq2seq import Seq2SeqModel
from ._stack import RecurrentStack
from ._steps import ValidSteps
from ._streams import StreamState, begin_streams, push_steps
from ._summary import LayerSummary, summarise_layers
from ._traces import LayerTrace, encode_steps, layer_gates, trace_layers
from ._transcription import BLANK, CTCModel
from .cells import CELLS, Cell, CellName, CellWeights, RecurrentState, cell_fault, find_cell

__all__ = [
    "ATTENTIONS",
    "BLANK",
    "CELLS",
    "DIRECTIONS",
    "POOLINGS",
    "ROW_MULTIPLE",
    "AbsoluteError",
    "Attention",
    "BinaryCrossEntropy",
    "CTCModel",
    "Cell",
    "CellName",
    "CellWeights",
    "ChainLikelihood",
    "Chunk",
    "ChunkedRun",
    "CovariateSizes",
    "CrossEntropy",
    "Decoder",
    "ExplicitGradients",
    "ForecastLoss",
    "ForecastModel",
    "Gaussian",
    "GradientBatch",
    "GradientFlow",
    "HeadBatchNorm",
    "Huber",
    "InputMasking",
    "LanguageModel",
    "LayerActivity",
    "LayerSummary",
    "LayerTrace",
    "LinearChain",
    "Loss",
    "Memory",
    "Moments",
    "NextValues",
    "Poisson",
    "Pooling",
    "PoolingName",
    "Quantile",
    "RecurrentStack",
    "RecurrentState",
    "RowLoss",
    "Saliency",
    "Seq2SeqModel",
    "SequenceModel",
    "SquaredError",
    "StepsAndEnd",
    "StreamState",
    "Targets",
    "Totals",
    "ValidSteps",
    "WeightedLoss",
    "begin_streams",
    "cell_fault",
    "cut_chunks",
    "encode_steps",
    "find_cell",
    "gaussian_log_density",
    "gaussian_parts",
    "gradient_flow",
    "head_weights",
    "inspection_copy",
    "integrated_gradients",
    "layer_activities",
    "layer_gates",
    "mixture_parts",
    "push_steps",
    "set_backend",
    "set_generator",
    "split_end",
    "summarise_layers",
    "supports_explicit_gradients",
    "trace_layers",
    "value_log_density",
]
