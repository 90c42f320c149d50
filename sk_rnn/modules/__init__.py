"""The torch modules; independent of scikit-learn and skorch."""

from ._attention import ATTENTIONS, Attention, Memory
from ._chunks import Chunk, ChunkedRun, cut_chunks
from ._crf import ChainLikelihood, LinearChain
from ._decoder import Decoder
from ._dropout import set_generator
from ._explicit import ExplicitGradients, supports_explicit_gradients
from ._forecast import CovariateSizes, ForecastModel
from ._forecast_loss import ForecastLoss
from ._head import ROW_MULTIPLE, HeadBatchNorm, Moments
from ._introspection_diagnose import (
    GradientProfile,
    LayerActivity,
    gradient_profiles,
    layer_activities,
)
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
from ._traces import (
    DirectionTrace,
    Saliency,
    gradient_norms,
    inspection_copy,
    integrated_gradients,
    trace_encoder,
    trace_recurrence,
    trace_stack,
)
from ._transcription import BLANK, CTCModel
from .cells import CELLS, Cell, CellName, CellWeights, RecurrentState, cell_fault, find_cell

__all__ = [
    "ATTENTIONS",
    "BLANK",
    "CELLS",
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
    "DirectionTrace",
    "ExplicitGradients",
    "ForecastLoss",
    "ForecastModel",
    "Gaussian",
    "GradientProfile",
    "HeadBatchNorm",
    "Huber",
    "InputMasking",
    "LanguageModel",
    "LayerActivity",
    "LayerSummary",
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
    "find_cell",
    "gaussian_log_density",
    "gaussian_parts",
    "gradient_norms",
    "gradient_profiles",
    "head_weights",
    "inspection_copy",
    "integrated_gradients",
    "layer_activities",
    "mixture_parts",
    "push_steps",
    "set_backend",
    "set_generator",
    "split_end",
    "summarise_layers",
    "supports_explicit_gradients",
    "trace_encoder",
    "trace_recurrence",
    "trace_stack",
    "value_log_density",
]
