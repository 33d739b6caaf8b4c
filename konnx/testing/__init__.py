"""What the author of a layer, an operator or a gradient rule checks it with."""

from konnx.testing.evaluation import evaluate, prepare
from konnx.testing.gradients import check_gradients
from konnx.testing.layers import check_layer
from konnx.testing.samples import normal, positive, spaced

__all__ = ["check_gradients", "check_layer", "evaluate", "normal", "positive", "prepare", "spaced"]
