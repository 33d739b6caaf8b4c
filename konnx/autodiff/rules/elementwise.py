"""Rules for elementwise operators; a row each, where they need no more."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from konnx import ops
from konnx.autodiff.rules._table import RULES, Gradients, Rule, inputs_of, lowering, present, rule
from konnx.graph import Node, Tensor, op

# (input x, output y, gradient of y) -> gradient of x
_UNARY: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "Abs": lambda x, y, dy: dy * op("Sign", x),
    "Acos": lambda x, y, dy: -(dy / op("Sqrt", 1.0 - x * x)),
    "Acosh": lambda x, y, dy: dy / op("Sqrt", x * x - 1.0),
    "Asin": lambda x, y, dy: dy / op("Sqrt", 1.0 - x * x),
    "Asinh": lambda x, y, dy: dy / op("Sqrt", x * x + 1.0),
    "Atan": lambda x, y, dy: dy / (1.0 + x * x),
    "Atanh": lambda x, y, dy: dy / (1.0 - x * x),
    "Cast": lambda x, y, dy: ops.cast(dy, x.dtype),
    "Cos": lambda x, y, dy: -(dy * op("Sin", x)),
    "Cosh": lambda x, y, dy: dy * op("Sinh", x),
    "Erf": lambda x, y, dy: dy * op("Exp", -(x * x)) * (2.0 / math.sqrt(math.pi)),
    "Exp": lambda x, y, dy: dy * y,
    "Identity": lambda x, y, dy: dy,
    "Log": lambda x, y, dy: dy / x,
    "Neg": lambda x, y, dy: -dy,
    "Reciprocal": lambda x, y, dy: -(dy * y * y),
    "Relu": lambda x, y, dy: dy * ops.positive_mask(y),
    "Sigmoid": lambda x, y, dy: dy * (y - y * y),
    "Sin": lambda x, y, dy: dy * op("Cos", x),
    "Sinh": lambda x, y, dy: dy * op("Cosh", x),
    "Softplus": lambda x, y, dy: dy * ops.sigmoid(x),
    "Tan": lambda x, y, dy: dy * (1.0 + y * y),
    "Tanh": lambda x, y, dy: dy * (1.0 - y * y),
}

# (inputs a and b, output y, gradient of y) -> gradients of a and b
_BINARY: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Gradients]] = {
    "Add": lambda a, b, y, dy: (dy, dy),
    "Sub": lambda a, b, y, dy: (dy, -dy),
    "Mul": lambda a, b, y, dy: (dy * b, dy * a) if a is not b else ((dy + dy) * a, None),
    "Div": lambda a, b, y, dy: (dy / b, -(dy * y / b)),
    "Max": lambda a, b, y, dy: _to_winner(ops.less(a, b), dy),
    "Min": lambda a, b, y, dy: _to_winner(ops.greater(a, b), dy),
    "Mod": lambda a, b, y, dy: (dy, -(dy * op("Round", (a - y) / b))),
}


def _unary_rule(derive: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Rule:
    return Rule(lambda node, dy: [derive(node.inputs[0], node.outputs[0], dy)])


def _binary_rule(derive: Callable[[Tensor, Tensor, Tensor, Tensor], Gradients]) -> Rule:
    return Rule(
        lambda node, dy: derive(*inputs_of(node)[:2], node.outputs[0], dy),  # type: ignore[call-arg]
        broadcasts=True,
    )


RULES.update({op_type: _unary_rule(derive) for op_type, derive in _UNARY.items()})
RULES.update({op_type: _binary_rule(derive) for op_type, derive in _BINARY.items()})


def _to_winner(second_wins: Tensor, dy: Tensor) -> Gradients:
    """The whole gradient to one side; to the first, where both are equal."""
    second = dy * ops.cast(second_wins, dy.dtype)
    return dy - second, second


@lowering("Max")
@lowering("Min")
def extreme_of_many(node: Node) -> Sequence[Tensor] | None:
    """Two at a time; of equal ones the first gets the gradient."""
    if len(node.inputs) == 2:
        return None
    first, *others = inputs_of(node)
    for other in others:
        first = op(node.op_type, first, other)
    return [first]


@lowering("Mean")
def mean(node: Node) -> Sequence[Tensor]:
    """The sum over the number of inputs."""
    inputs = inputs_of(node)
    return [op("Sum", *inputs) * (1.0 / len(inputs))]


@lowering("DequantizeLinear")
def dequantize_linear(node: Node) -> Sequence[Tensor]:
    """The distance from the zero point times the scale, which has the gradient."""
    x, scale = inputs_of(node)[:2]
    numbers = [ops.cast(number, scale.dtype) for number in (x, *inputs_of(node)[2:])]
    if scale.ndim == 1:
        axis = node.attributes.get("axis", 1) % x.ndim
        along = [-1] + [1] * (x.ndim - axis - 1)
        scale, *numbers[1:] = (ops.reshape(number, along) for number in (scale, *numbers[1:]))
    distance = numbers[0] if len(numbers) == 1 else numbers[0] - numbers[1]
    return [distance * scale]


@lowering("CastLike")
def cast_like(node: Node) -> Sequence[Tensor]:
    """A Cast to the type of the second input."""
    x, like = inputs_of(node)
    return [ops.cast(x, like.dtype)]


@rule("Pow", broadcasts=True)
def power(node: Node, dy: Tensor) -> Gradients:
    """d(x^p) = p x^(p-1) dx + x^p log(x) dp; the latter is 0 where x is not positive."""
    x = inputs_of(node)[0]
    exponent = ops.cast(inputs_of(node)[1], x.dtype)  # ONNX takes whole exponents of a float, too
    base = dy * exponent * ops.pow(x, exponent - 1.0)
    positive = ops.positive_mask(x)
    safe_log = ops.log(x * positive + (1.0 - positive))
    return base, dy * node.outputs[0] * safe_log


@rule("Sqrt")
def sqrt(node: Node, dy: Tensor) -> Gradients:
    """1 / (2 y); 0 at 0, where infinity would make NaN of the zeros that follow."""
    y = node.outputs[0]
    positive = ops.positive_mask(y)
    return [dy * (0.5 * positive / (y + (1.0 - positive)))]


@lowering("Clip")
def clip_between_tensors(node: Node) -> Sequence[Tensor] | None:
    """Bounds that are computed get the gradient of what they replace."""
    x, low, high = [*node.inputs, None, None][:3]
    if all(bound is None or bound.constant_value is not None for bound in (low, high)):
        return None
    clipped = present(x) if low is None else op("Max", x, low)
    return [clipped if high is None else op("Min", clipped, high)]


@rule("Clip")
def clip(node: Node, dy: Tensor) -> Gradients:
    """1 where the value was left alone, which includes the bounds."""
    x, *bounds = node.inputs
    kept = ops.cast(ops.equal(x, node.outputs[0]), dy.dtype)
    return [dy * kept, *[None] * len(bounds)]


@rule("Elu")
def elu(node: Node, dy: Tensor) -> Gradients:
    """1, or y + alpha for negative x."""
    x, y = inputs_of(node)[0], node.outputs[0]
    positive = ops.positive_mask(x)
    return [dy * (positive + (1.0 - positive) * (y + node.attributes.get("alpha", 1.0)))]


@rule("Selu")
def selu(node: Node, dy: Tensor) -> Gradients:
    """gamma, or y + gamma * alpha for negative x."""
    x, y = inputs_of(node)[0], node.outputs[0]
    alpha = node.attributes.get("alpha", 1.6732632423543772)
    gamma = node.attributes.get("gamma", 1.0507009873554805)
    positive = ops.positive_mask(x)
    return [dy * (gamma * positive + (1.0 - positive) * (y + gamma * alpha))]


@rule("LeakyRelu")
def leaky_relu(node: Node, dy: Tensor) -> Gradients:
    """1, or alpha where x is not positive."""
    alpha = node.attributes.get("alpha", 0.01)
    slope = ops.positive_mask(inputs_of(node)[0]) * (1.0 - alpha) + alpha
    return [dy * slope]


@rule("HardSigmoid")
def hard_sigmoid(node: Node, dy: Tensor) -> Gradients:
    """alpha between the bounds and at them."""
    alpha = node.attributes.get("alpha", 0.2)
    line = inputs_of(node)[0] * alpha + node.attributes.get("beta", 0.5)
    kept = ops.cast(ops.equal(ops.clip(line, 0.0, 1.0), line), dy.dtype)
    return [dy * kept * alpha]


@rule("Softsign")
def softsign(node: Node, dy: Tensor) -> Gradients:
    """1 / (1 + |x|)^2."""
    return [dy / ops.square(1.0 + ops.abs(inputs_of(node)[0]))]


@rule("Where", broadcasts=True)
def where(node: Node, dy: Tensor) -> Gradients:
    """To the side that was taken."""
    chosen = ops.cast(node.inputs[0], dy.dtype)
    first = dy * chosen
    return [None, first, dy - first]
