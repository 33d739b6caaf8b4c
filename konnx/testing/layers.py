"""Checking that a layer keeps what every layer promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from konnx.graph import Tensor, is_float, substitute
from konnx.layers import LAYERS, Layer
from konnx.testing.gradients import check_gradients
from konnx.testing.layer_case import Arguments, Array, LayerCase
from konnx.testing.layer_copies import check_config, check_copies
from konnx.testing.layer_formats import check_data_formats, check_dtype, check_masks

Shape = Sequence[int]


def check_layer(
    layer_class: type[Layer],
    arguments: Arguments | None = None,
    input_shape: Shape | Sequence[Shape] = (2, 3),
    *,
    data: Any = None,
    input_dtype: str = "float32",
    open_axes: Sequence[int] = (),
    dtypes: Sequence[str] = (),
    custom_objects: Mapping[str, Any] | None = None,
    channels_last_weights: Callable[[Sequence[Array]], Sequence[Array]] = list,
    gradients: str | None = "float64",
    seed: int = 0,
) -> Array:
    """Put a layer with one output through everything that a model will do with it.

    Checked are:

    * the way of the config to JSON and back; getting and setting weights;
    * the shapes that `compute_output_shape` and the graph declare, with the batch size known and
      unknown and with open axes, against the real one; that outputs are finite in both phases;
    * that a copy with the same weights, as first layer of a Sequential, computes the same after
      the way through an HDF5 file, and exported to ONNX;
    * that a training step changes each trainable weight; the gradients of inputs and weights;
    * for `data_format="channels_first"`: that outputs, and weights after a training step, equal
      those with the channels last;
    * masks, for inputs with a time axis: that a layer that supports them makes one that fits its
      output, or none, and that any other refuses them;
    * the dtypes asked for: that outputs are of the dtype, and equal but for rounding.

    Args:
        layer_class: the class.
        arguments: of its constructor; a function that returns them, where they hold layers.
        input_shape: with the batch; for a layer of several inputs a list of shapes.
        data: an array, or a list of them, in place of random numbers between -1 and 1.
        input_dtype: of the inputs.
        open_axes: the axes, beside the batch, whose sizes the layer need not know.
        dtypes: "float16" and "float64", if the layer can compute in them.
        custom_objects: what the config names beside konnx' own classes and functions.
        channels_last_weights: turns weights for channels first into those for channels last,
            where these differ.
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
    custom.update(custom_objects or {})
    case = LayerCase(layer_class, arguments or {}, arrays, several, custom, open_axes)
    check_config(case)
    output = _check_outputs(case)
    _check_weights(case, random)
    check_copies(case, random)
    _check_training(case, output, random)
    if case.layer().get_config().get("data_format") == "channels_first":
        check_data_formats(case, random, channels_last_weights)
    check_masks(case)
    for dtype in dtypes:
        check_dtype(case, dtype, random)
    if gradients is not None:
        _check_gradients(case, gradients, random)
    return output


def _check_outputs(case: LayerCase) -> Array:
    """Compute the output in training with all sizes known, and in inference with none known."""
    layer, batch = case.layer(), len(case.arrays[0])
    trained = case.run(case.layer(), batch=batch, training=True)
    value = case.run(layer, open_axes=case.open_axes)
    for shape in (case.shapes(batch), case.shapes(None), case.shapes(None, case.open_axes)):
        declared = layer.compute_output_shape(shape)
        case.demand_shape(declared, value.shape, f"for {shape} compute_output_shape")
    finite = np.isfinite(trained).all() and np.isfinite(value).all()
    case.demand(bool(finite), "outputs must be finite")
    return value


def _check_weights(case: LayerCase, random: np.random.Generator) -> None:
    layer = case.layer()
    layer(case.given(case.inputs()))
    new = [random.uniform(0.1, 1, array.shape) for array in layer.get_weights()]
    layer.set_weights(new)
    pairs = zip(layer.get_weights(), new, strict=True)
    same = all(np.array_equal(got, one.astype(got.dtype)) for got, one in pairs)
    case.demand(same, "get_weights must return what set_weights was given")


def _check_training(case: LayerCase, output: Array, random: np.random.Generator) -> None:
    layer = case.layer()
    case.weights(layer, random)
    if layer.trainable_weights:
        before = [weight.numpy() for weight in layer.trainable_weights]
        case.trained(layer, np.asarray(random.uniform(-1, 1, output.shape)))
        for weight, old in zip(layer.trainable_weights, before, strict=True):
            changed = not np.array_equal(weight.numpy(), old)
            case.demand(changed, f"a training step must change '{weight.name}'")


def _check_gradients(case: LayerCase, dtype: str, random: np.random.Generator) -> None:
    built = case.layer()
    built(case.given(case.inputs()))
    weights = [one + random.uniform(0.1, 0.5, one.shape) for one in built.get_weights()]
    count = len(case.arrays)

    def function(*tensors: Tensor) -> Tensor:
        layer = case.layer_of(dtype)
        output = layer(case.given(tensors[:count]))
        variables: dict[Tensor, Tensor] = dict(zip(layer.weights, tensors[count:], strict=True))
        return substitute([output], variables)[0]

    dims = [("batch", *array.shape[1:]) for array in case.arrays]
    if any(is_float(str(array.dtype)) for array in [*case.arrays, *weights]):
        check_gradients(
            function,
            [*case.arrays, *weights],
            dims=[*dims, *(None for _ in weights)],
            dtype=dtype,
        )
