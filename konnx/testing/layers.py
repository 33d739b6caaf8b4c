"""Checking that a layer keeps what every layer promises."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from konnx import layers
from konnx.graph import Tensor, is_float, substitute
from konnx.layers import LAYERS, Input, Layer
from konnx.models import Model, Sequential
from konnx.testing.evaluation import evaluate
from konnx.testing.gradients import check_gradients

Shape = Sequence[int]


def check_layer(
    layer_class: type[Layer],
    arguments: Mapping[str, Any] | None = None,
    input_shape: Shape | Sequence[Shape] = (2, 3),
    *,
    data: Any = None,
    input_dtype: str = "float32",
    custom_objects: Mapping[str, Any] | None = None,
    gradients: str | None = "float64",
    seed: int = 0,
) -> np.ndarray:
    """Put a layer with one output through everything that a model will do with it.

    Checked are: the way to JSON and back; getting and setting weights; the shape that
    `compute_output_shape` declares, with the batch size known and unknown, against the real one;
    that a copy with the same weights computes the same, also as first layer of a Sequential; that
    outputs are finite in both phases; that a training step changes each trainable weight; and the
    gradients of inputs and weights.

    Args:
        layer_class: the class.
        arguments: of its constructor.
        input_shape: with the batch; for a layer of several inputs a list of shapes.
        data: an array, or a list of them, in place of random numbers between -1 and 1.
        input_dtype: of the inputs.
        custom_objects: what the config names beside konnx' own classes and functions.
        gradients: the precision to check them in: "float64"; "float32" for layers of operators
            for which ONNX Runtime has no float64 kernel; None: not at all.
        seed: of data, weights and directions.

    Returns:
        The output in inference.

    Raises:
        AssertionError: a promise is broken; names the layer and the promise.

    Example:
        >>> from konnx.layers import Dense
        >>> check_layer(Dense, {"units": 4}, input_shape=(2, 3)).shape
        (2, 4)
    """
    several = bool(input_shape) and not isinstance(input_shape[0], int)
    shapes: Any = input_shape if several else [input_shape]
    random = np.random.default_rng(seed)
    if data is None:
        arrays = [random.uniform(-1, 1, shape).astype(input_dtype) for shape in shapes]
    else:
        arrays = [np.asarray(one, dtype=input_dtype) for one in (data if several else [data])]
    custom = {layer_class.__name__: layer_class} if layer_class.__name__ not in LAYERS else {}
    case = _Case(
        layer_class, dict(arguments or {}), arrays, several, {**custom, **(custom_objects or {})}
    )
    case.check_config()
    output = case.check_outputs()
    case.check_weights(random)
    case.check_copy()
    case.check_training(random)
    if gradients is not None:
        case.check_gradients(gradients, random)
    return output


@dataclass(frozen=True)
class _Case:
    """A layer class with the arguments and the inputs to check it with."""

    layer_class: type[Layer]
    arguments: dict[str, Any]
    arrays: list[np.ndarray]
    several: bool
    custom_objects: Mapping[str, Any]

    def demand(self, holds: bool, promise: str) -> None:
        if not holds:
            raise AssertionError(f"{self.layer_class.__name__}({self.arguments}): {promise}")

    def layer(self, **more: Any) -> Layer:
        return self.layer_class(**self.arguments, **more)

    def given(self, tensors: Sequence[Any]) -> Any:
        """The tensors, shapes or arrays as the layer takes them."""
        return list(tensors) if self.several else tensors[0]

    def inputs(self, batch: int | None = None) -> list[Tensor]:
        return [
            Input(batch_shape=(batch, *array.shape[1:]), dtype=array.dtype) for array in self.arrays
        ]

    def run(self, layer: Layer, *, batch: int | None = None, training: bool = False) -> np.ndarray:
        """Compute the output; the shape that the layer declares is checked on the way."""
        inputs = self.inputs(batch)
        output = layer(self.given(inputs))
        feeds = dict(zip(inputs, self.arrays, strict=True))
        value = evaluate([output], feeds, training=training)[0]
        declared = layer.compute_output_shape(self.given([tensor.shape for tensor in inputs]))
        for shape, source in ((declared, "compute_output_shape"), (output.shape, "the graph")):
            fits = len(shape) == value.ndim and all(
                size in (None, real) for size, real in zip(shape, value.shape, strict=True)
            )
            self.demand(fits, f"{source} says {tuple(shape)}, the output has {value.shape}")
        return value

    def check_config(self) -> None:
        layer = self.layer(name="checked")
        config = json.loads(json.dumps(layers.serialize(layer)))
        restored = layers.deserialize(config, self.custom_objects)
        again = json.loads(json.dumps(layers.serialize(restored)))
        self.demand(again == config, f"the config {config} comes back as {again}")

    def check_outputs(self) -> np.ndarray:
        layer = self.layer()
        values = [
            self.run(layer, batch=batch, training=training)
            for batch in (None, len(self.arrays[0]))
            for training in (True, False)
        ]
        self.demand(all(np.isfinite(value).all() for value in values), "outputs must be finite")
        return values[-1]

    def check_weights(self, random: np.random.Generator) -> None:
        layer = self.layer()
        self.run(layer)
        new = [random.uniform(0.1, 1, array.shape) for array in layer.get_weights()]
        layer.set_weights(new)
        pairs = zip(layer.get_weights(), new, strict=True)
        same = all(np.array_equal(got, one.astype(got.dtype)) for got, one in pairs)
        self.demand(same, "get_weights must return what set_weights was given")

    def check_copy(self) -> None:
        layer = self.layer(name="checked")
        expected = self.run(layer)
        config = layers.serialize(layer)
        if not self.several:
            config["config"]["batch_input_shape"] = (None, *self.arrays[0].shape[1:])
            config["config"]["dtype"] = str(self.arrays[0].dtype)
        model = self._model(layers.deserialize(config, self.custom_objects))
        model.set_weights(layer.get_weights())
        close = np.allclose(model.predict(self.given(self.arrays)), expected, rtol=1e-4, atol=1e-5)
        self.demand(close, "a model of a copy with the same weights must compute the same")

    def _model(self, layer: Layer) -> Model:
        if not self.several:
            return Sequential([layer])
        inputs = self.inputs()
        return Model(inputs, layer(inputs))

    def check_training(self, random: np.random.Generator) -> None:
        layer = self.layer()
        inputs = self.inputs()
        output = layer(self.given(inputs))
        if not layer.trainable_weights:
            return
        model = Model(inputs, output)
        model.compile(optimizer="sgd", loss="mse")
        before = [weight.numpy() for weight in layer.trainable_weights]
        target = random.uniform(-1, 1, self.run(layer).shape)
        model.train_on_batch(self.given(self.arrays), target)
        for weight, old in zip(layer.trainable_weights, before, strict=True):
            changed = not np.array_equal(weight.numpy(), old)
            self.demand(changed, f"a training step must change '{weight.name}'")

    def check_gradients(self, dtype: str, random: np.random.Generator) -> None:
        built = self.layer()
        built(self.given(self.inputs()))
        weights = [one + random.uniform(0.1, 0.5, one.shape) for one in built.get_weights()]
        count = len(self.arrays)

        def function(*tensors: Tensor) -> Tensor:
            layer = self.layer(dtype=dtype)
            output = layer(self.given(tensors[:count]))
            variables: dict[Tensor, Tensor] = dict(zip(layer.weights, tensors[count:], strict=True))
            return substitute([output], variables)[0]

        dims = [("batch", *array.shape[1:]) for array in self.arrays]
        if any(is_float(str(array.dtype)) for array in [*self.arrays, *weights]):
            check_gradients(
                function,
                [*self.arrays, *weights],
                dims=[*dims, *(None for _ in weights)],
                dtype=dtype,
            )
