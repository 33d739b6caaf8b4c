"""The layer harness finds every kind of broken layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Tensor, stop_gradient
from konnx.layers import Dense, Layer
from konnx.testing.layers import check_layer


class Scaled(Layer):
    """x * scale + shift, in order."""

    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight("scale", (self.units,), initializer="ones")
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        return inputs * self.scale

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


class ForgetsConfig(Scaled):
    def get_config(self) -> dict[str, Any]:
        return {**Layer.get_config(self), "units": self.units + 1}


class WrongShape(Scaled):
    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], 7)


class Infinite(Scaled):
    def call(self, inputs: Tensor) -> Tensor:
        return inputs / ops.abs(inputs - inputs)


class NotTrained(Scaled):
    def call(self, inputs: Tensor) -> Tensor:
        return inputs + 0.0 * self.scale


class LosesWeights(Scaled):
    def get_weights(self) -> list[np.ndarray]:
        return [np.zeros(3)]


class Copied(Scaled):
    """A copy of it from its config does something else."""

    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.factor = 1.0 if self.batch_input_shape is None else 2.0

    def call(self, inputs: Tensor) -> Tensor:
        return inputs * self.scale * self.factor


class WrongGradient(Scaled):
    def call(self, inputs: Tensor) -> Tensor:
        return inputs * self.scale + stop_gradient(inputs * 3.0)


def test_a_good_layer_passes_and_its_output_is_returned() -> None:
    data = np.array([[1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(check_layer(Scaled, {}, (1, 3), data=data), data)


@pytest.mark.parametrize(
    ("layer_class", "message"),
    [
        (ForgetsConfig, "comes back as"),
        (WrongShape, "compute_output_shape says"),
        (Infinite, "outputs must be finite"),
        (NotTrained, "a training step must change"),
        (LosesWeights, "get_weights must return what set_weights was given"),
        (Copied, "a model of a copy with the same weights must compute the same"),
        (WrongGradient, "The gradient for input 0"),
    ],
)
def test_a_broken_layer_is_found(layer_class: type[Layer], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_layer(layer_class, {}, (2, 3))


def test_a_layer_of_several_inputs_takes_a_list_of_shapes() -> None:
    class Sum(Layer):
        def call(self, inputs: list[Tensor]) -> Tensor:
            return inputs[0] + inputs[1]

        def compute_output_shape(self, input_shape: Any) -> Any:
            return input_shape[0]

    assert check_layer(Sum, {}, [(2, 3), (2, 3)]).shape == (2, 3)


def test_custom_objects_reach_the_config() -> None:
    def twice(x: Tensor) -> Tensor:
        return x * 2.0

    check_layer(Dense, {"units": 2, "activation": twice}, (2, 3), custom_objects={"twice": twice})
