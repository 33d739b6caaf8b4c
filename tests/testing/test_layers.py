"""The layer harness finds every kind of broken layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Tensor, stop_gradient
from konnx.layers import Dense, Layer, TimeDistributed
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


class HasMask(Scaled):
    """For sequences."""

    supports_masking = True


class WrongMask(HasMask):
    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None if mask is None else ops.expand_dims(mask[:, 1:], -1)


class NumericMask(HasMask):
    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None if mask is None else ops.cast(mask, "float32")


class RefusesMask(HasMask):
    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None:
            raise ValueError(f"'{self.name}' takes no mask")


class AcceptsMask(Scaled):
    def compute(self, inputs: Any, arguments: Any) -> Any:
        return [self.call(inputs)], [None]


class ForFloat32Only(Scaled):
    def call(self, inputs: Tensor) -> Tensor:
        return ops.cast(inputs * self.scale, "float32")


class LosesPrecision(Scaled):
    def call(self, inputs: Tensor) -> Tensor:
        return inputs * self.scale * (1.0 if inputs.dtype == "float32" else 1.1)


class ChannelSum(Layer):
    """The sum over all channels, times a weight."""

    def __init__(self, data_format: str = "channels_first", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight("scale", (1,), initializer="ones")
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        axis = 1 if self.data_format == "channels_first" else -1
        return ops.sum(inputs, axis, keepdims=True) * self.scale

    def compute_output_shape(self, input_shape: Any) -> Any:
        batch, *sizes = input_shape
        axis = 0 if self.data_format == "channels_first" else -1
        sizes[axis] = 1
        return (batch, *sizes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class MixesFormats(ChannelSum):
    def call(self, inputs: Tensor) -> Tensor:
        first = self.data_format == "channels_first"
        return super().call(inputs) * (1.0 if first else 2.0)


class TrainsOneFormat(ChannelSum):
    def call(self, inputs: Tensor) -> Tensor:
        output = super().call(inputs)
        if self.data_format == "channels_first":
            return output
        return output + 0.5 * (self.scale - stop_gradient(self.scale))


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
        (Copied, "a copy that went through an HDF5 file must compute the same"),
        (WrongGradient, "The gradient for input 0"),
    ],
)
def test_a_broken_layer_is_found(layer_class: type[Layer], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_layer(layer_class, {}, (2, 3))


@pytest.mark.parametrize(
    ("layer_class", "message"),
    [
        (WrongMask, r"the mask's shape is \(2, 3, 1\), the output's \(2, 4, 3\)"),
        (NumericMask, "a mask must be bool. Received: float32"),
        (RefusesMask, "only a layer without masks may refuse one"),
        (AcceptsMask, "a layer that does not support masks must refuse one"),
        (ForFloat32Only, "float16 inputs give an output of float32"),
        (LosesPrecision, "float16 must compute the same"),
        (MixesFormats, "channels first must compute what channels last do"),
        (TrainsOneFormat, "channels first must train as channels last do"),
    ],
)
def test_what_a_layer_claims_of_sequences_is_checked(
    layer_class: type[Layer], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        check_layer(layer_class, {}, (2, 4, 3), open_axes=[1], dtypes=["float16"])


def test_a_layer_with_masks_formats_and_dtypes_passes() -> None:
    check_layer(HasMask, {}, (2, 4, 3), open_axes=[1], dtypes=["float16", "float64"])
    assert check_layer(ChannelSum, {}, (2, 4, 3), open_axes=[1, 2]).shape == (2, 1, 3)


def test_a_size_that_a_layer_must_know_cannot_be_open() -> None:
    with pytest.raises(ValueError, match="must end in a known, positive size"):
        check_layer(Dense, {"units": 2}, (2, 3), open_axes=[1])


def test_arguments_that_hold_layers_are_made_for_each_layer() -> None:
    made: list[Dense] = []

    def arguments() -> dict[str, Any]:
        made.append(Dense(2))
        return {"layer": made[-1]}

    assert check_layer(TimeDistributed, arguments, (2, 4, 3)).shape == (2, 4, 2)
    assert len({one.name for one in made}) == len(made) > 1


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
