"""The update rules that onnxruntime-training has, and which of konnx' optimizers they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import onnx
from onnx import TensorProto, helper

from konnx.graph import IR_VERSION, OPSET, Variable
from konnx.optimizers import SGD, Adam, Optimizer

_MICROSOFT = "com.microsoft"
_SIGNATURES = {
    "SGDOptimizerV2": (
        ["first_order_moments"],
        ["learning_rate", "params", "gradients"],
    ),
    "AdamWOptimizer": (
        ["first_order_moments", "second_order_moments"],
        [
            "learning_rate",
            "step",
            "params",
            "gradients",
            "first_order_moments",
            "second_order_moments",
        ],
    ),
}
"""By operator: the slots that the graph must declare, and what the operator takes."""

_HUGGING_FACE = 1  # epsilon is added before the correction of the bias, as in Keras


@dataclass(frozen=True)
class UpdateRule:
    """An update of all weights at once.

    Args:
        op_type: the operator.
        learning_rate: the first one.
        attributes: of the operator.
        clipnorm: the greatest norm of all gradients together; None: any.
    """

    op_type: str
    learning_rate: float
    attributes: Mapping[str, Any] = field(default_factory=dict)
    clipnorm: float | None = None

    def model(self) -> onnx.ModelProto:
        """Return the rule as the model that onnxruntime-training's Optimizer reads."""
        slots, taken = _SIGNATURES[self.op_type]
        inputs = [
            helper.make_tensor_value_info("learning_rate", TensorProto.FLOAT, [1]),
            helper.make_tensor_value_info("step", TensorProto.INT64, [1]),
            *(
                helper.make_tensor_sequence_value_info(name, TensorProto.FLOAT, None)
                for name in ("params", "gradients", *slots)
            ),
        ]
        nodes = []
        if self.clipnorm is not None:
            nodes.append(
                helper.make_node(
                    "InplaceClipGradNorm", ["gradients"], ["clipped"],
                    domain=_MICROSOFT, max_norm=self.clipnorm,
                )
            )  # fmt: skip
            taken = ["clipped" if name == "gradients" else name for name in taken]
        nodes.append(
            helper.make_node(self.op_type, taken, ["updated"], domain=_MICROSOFT, **self.attributes)
        )
        outputs = [helper.make_tensor_value_info("updated", TensorProto.BOOL, [1])]
        graph = helper.make_graph(nodes, "optimizer", inputs, outputs)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(_MICROSOFT, 1)]
        return helper.make_model(graph, ir_version=IR_VERSION, opset_imports=opsets)


def update_rule(
    optimizer: Optimizer, weights: Sequence[Variable], weight_decay: float = 0.0
) -> UpdateRule:
    """Return the rule by which onnxruntime-training does what an optimizer does.

    Args:
        optimizer: SGD without momentum, or Adam.
        weights: what it is to train.
        weight_decay: by how much of itself, times the learning rate, Adam makes a weight smaller at
            each step.

    Raises:
        ValueError: there is no such rule.
    """
    _check(optimizer, weights)
    rate = float(optimizer.lr.numpy())
    if type(optimizer) is SGD:
        if weight_decay:
            raise _refusal(optimizer, "a `weight_decay`")
        return UpdateRule("SGDOptimizerV2", rate, clipnorm=optimizer.clipnorm)
    assert isinstance(optimizer, Adam)
    attributes = {
        "alpha": float(optimizer.beta_1.numpy()),
        "beta": float(optimizer.beta_2.numpy()),
        "epsilon": float(optimizer.epsilon),
        "weight_decay": float(weight_decay),
        "correct_bias": 1,
        "adam_mode": _HUGGING_FACE,
    }
    return UpdateRule("AdamWOptimizer", rate, attributes, optimizer.clipnorm)


def _check(optimizer: Optimizer, weights: Sequence[Variable]) -> None:
    if type(optimizer) not in (SGD, Adam):
        raise ValueError(
            f"onnxruntime-training has no optimizer `{type(optimizer).__name__}`, only SGD without "
            "momentum and Adam. Pass `optimizer`, for example optimizer='adam'."
        )
    for name in ("momentum", "decay"):
        value = getattr(optimizer, name, None)
        if value is not None and value.numpy():
            raise _refusal(optimizer, f"a `{name}`")
    for name in ("nesterov", "amsgrad", "clipvalue"):
        if getattr(optimizer, name, None):
            raise _refusal(optimizer, f"`{name}`")
    constrained = [one.name for one in weights if one.constraint is not None]
    if constrained:
        raise ValueError(
            f"onnxruntime-training knows no constraints, and {', '.join(constrained)} have one."
        )


def _refusal(optimizer: Optimizer, what: str) -> ValueError:
    return ValueError(
        f"onnxruntime-training's `{type(optimizer).__name__}` has not {what}. Pass another "
        "`optimizer`; change the learning rate by Optimizer.set_learning_rate between steps."
    )
