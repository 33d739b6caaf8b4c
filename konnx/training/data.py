"""From what users pass as data to a list of arrays that fits the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from konnx.graph import Tensor
from konnx.training.compiled import Compiled, Trainable
from konnx.training.outputs import per_output
from konnx.utils.io_utils import HDF5Matrix
from konnx.utils.naming import near_match

Arrays = list[np.ndarray]


def standardize(data: Any, tensors: Sequence[Tensor], names: Sequence[str], kind: str) -> Arrays:
    """Return one array for each tensor.

    Args:
        data: an array (for one tensor), a list of them, or a dict by name.
        tensors: the placeholders that the arrays are for.
        names: how users call them.
        kind: "input" or "target", for messages.

    Raises:
        ValueError: their number or a shape does not fit, a name is missing, or an array is empty.
        TypeError: what was passed is no array of numbers.
    """
    items = _by_position(data, names, kind)
    arrays = [
        (_as_texts if tensor.dtype == "string" else _as_array)(item, name, kind)
        for item, tensor, name in zip(items, tensors, names, strict=True)
    ]
    arrays = [
        _as_column(array) if array.ndim == 1 and _is_column(tensor) else array
        for array, tensor in zip(arrays, tensors, strict=True)
    ]
    for array, tensor, name in zip(arrays, tensors, names, strict=True):
        _check_shape(array, tensor, name, kind)
    check_lengths(arrays, list(names))
    return arrays


def data_shape(x: Any, name: str) -> tuple[int | None, ...]:
    """Return the shape that a model of one input must have to take the data.

    Args:
        x: as for `standardize`.
        name: of the input.
    """
    (array,) = [_as_array(item, name, "input") for item in _by_position(x, [name], "input")]
    return (None, *(array.shape[1:] or (1,)))


def _is_column(tensor: Tensor) -> bool:
    return tensor.ndim == 2 and tensor.shape[1] in (1, None)


def _as_column(array: Any) -> Any:
    return array.as_column() if isinstance(array, HDF5Matrix) else array[:, np.newaxis]


def _by_position(data: Any, names: Sequence[str], kind: str) -> list[Any]:
    if isinstance(data, Mapping):
        missing = [name for name in names if name not in data]
        if missing:
            raise ValueError(
                f"No {kind} data for {missing}. Received: {list(data)}{_near(missing, names, data)}"
            )
        return [data[name] for name in names]
    if isinstance(data, list | tuple) and len(names) == 1 and not _holds_arrays(data):
        return [data]
    items = list(data) if isinstance(data, list | tuple) else [data]
    if len(items) != len(names):
        shapes = [np.shape(item) for item in items]
        raise ValueError(
            f"The model takes {len(names)} {kind} arrays ({', '.join(names)}). "
            f"Received: {len(items)} of the shapes {shapes}"
        )
    return items


def _near(missing: Sequence[str], names: Sequence[str], data: Mapping[Any, Any]) -> str:
    """Name the keys that may be misspelt."""
    unknown = [str(key) for key in data if key not in names]
    near = {name: near_match(name, unknown) for name in missing}
    hints = [f"'{name}' where '{match}' stands" for name, match in near.items() if match]
    return f". Did you mean {', '.join(hints)}?" if hints else ""


def _holds_arrays(items: Sequence[Any]) -> bool:
    return any(hasattr(item, "shape") for item in items)


def _as_array(item: Any, name: str, kind: str) -> Any:
    """An array, or what stays in its file until a batch is read."""
    try:
        array = item if isinstance(item, HDF5Matrix) else np.asarray(getattr(item, "values", item))
    except ValueError as error:
        raise ValueError(f"The {kind} data for '{name}' are not one array: {error}") from error
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"The {kind} data for '{name}' must be an array of numbers. Received: "
            f"{type(item).__name__} of dtype {array.dtype}"
        )
    _check_samples(array, item, name, kind)
    return array


def _as_texts(item: Any, name: str, kind: str) -> np.ndarray:
    """An array of texts, as objects."""
    array = np.asarray(getattr(item, "values", item))
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    array = array.astype(object) if array.dtype.kind == "U" else array
    if array.dtype != object or not all(isinstance(one, str) for one in array.flat):
        raise TypeError(
            f"The {kind} data for '{name}' must be an array of texts. Received: "
            f"{type(item).__name__} of dtype {array.dtype}"
        )
    _check_samples(array, item, name, kind)
    return array


def _check_samples(array: Any, item: Any, name: str, kind: str) -> None:
    if array.ndim == 0:
        raise ValueError(f"The {kind} data for '{name}' must have a batch axis. Received: {item!r}")
    if len(array) == 0:
        raise ValueError(
            f"The {kind} data for '{name}' has no samples. Received: shape={array.shape}"
        )


def _check_shape(array: np.ndarray, tensor: Tensor, name: str, kind: str) -> None:
    expected = tensor.shape
    fits = array.ndim == len(expected) and all(
        size is None or size == given
        for size, given in zip(expected[1:], array.shape[1:], strict=True)
    )
    if not fits:
        raise ValueError(
            f"The {kind} data for '{name}' must have shape {expected}. "
            f"Received: shape={array.shape}.{_remedy(array, expected, kind)}"
        )


def _remedy(array: np.ndarray, expected: Sequence[int | None], kind: str) -> str:
    """Name the usual mistake: class numbers where the loss wants one-hot rows."""
    classes = expected[-1] if expected else None
    is_number = array.shape[1:] in ((), (1,)) and len(expected) == 2 and (classes or 0) > 1
    if kind == "target" and is_number:
        return (
            " For class numbers use loss='sparse_categorical_crossentropy', or turn them into "
            f"one-hot rows of {classes} with konnx.utils.to_categorical."
        )
    return ""


def check_lengths(arrays: Sequence[np.ndarray], names: Sequence[str]) -> None:
    """Check that all arrays have equally many samples.

    Raises:
        ValueError: they differ.
    """
    if len({len(array) for array in arrays}) > 1:
        lengths = {name: len(array) for name, array in zip(names, arrays, strict=True)}
        raise ValueError(f"All arrays must have equally many samples. Received: {lengths}")


def standardize_weights(
    sample_weight: Any, class_weight: Any, targets: Arrays, compiled: Compiled
) -> list[np.ndarray | None]:
    """Return the weights of the samples for each target, None where all count alike.

    Raises:
        ValueError: a shape does not fit, or a class has no weight.
    """
    names = compiled.target_names
    if sample_weight is not None and len(names) == 1 and not isinstance(sample_weight, Mapping):
        given = [sample_weight[0] if _is_single(sample_weight) else sample_weight]
    else:
        given = per_output(sample_weight, names, "sample_weight")
    by_class = _class_weights(class_weight, names)
    _check_class_weights(by_class, names)
    modes = [compiled.modes[i] for i in compiled.trained_outputs]
    return [
        _weights_of(*items) for items in zip(given, by_class, modes, targets, names, strict=True)
    ]


def _is_single(sample_weight: Any) -> bool:
    return isinstance(sample_weight, list) and len(sample_weight) == 1


def _class_weights(class_weight: Any, names: Sequence[str]) -> list[Any]:
    """One dict for each output: the same dict is for the one output, or named by output."""
    if isinstance(class_weight, Mapping) and not set(class_weight) <= set(names):
        if len(names) > 1:
            raise ValueError(
                "With several outputs `class_weight` must be a dict of dicts by output. "
                f"Received: {class_weight!r}; outputs: {list(names)}"
            )
        return [class_weight]
    return per_output(class_weight, names, "class_weight")


def _check_class_weights(by_class: Sequence[Any], names: Sequence[str]) -> None:
    for one, name in zip(by_class, names, strict=True):
        if one is not None and not isinstance(one, Mapping):
            raise ValueError(
                "`class_weight` must be a dict of class numbers and their weights. "
                f"Received for '{name}': {one!r}"
            )


def _weights_of(
    given: Any, by_class: Any, mode: Any, target: np.ndarray, name: str
) -> np.ndarray | None:
    if given is not None:
        weights = np.asarray(given, dtype=np.float32)
        expected = target.shape[: 2 if mode == "temporal" else 1]
        if weights.shape != expected:
            raise ValueError(
                f"`sample_weight` for '{name}' must have shape {expected}. Received: "
                f"shape={weights.shape}. Weights for each time step need "
                "compile(sample_weight_mode='temporal')."
            )
        return weights
    return None if by_class is None else _from_classes(by_class, target[:], name)


def _from_classes(by_class: Mapping[Any, float], target: np.ndarray, name: str) -> np.ndarray:
    if target.ndim > 2:
        raise ValueError(
            f"`class_weight` needs targets with one class a sample. Received: '{name}' of shape "
            f"{target.shape}"
        )
    classes = target.argmax(axis=1) if target.shape[-1] > 1 else target.reshape(-1)
    missing = sorted({int(one) for one in np.unique(classes)} - {int(key) for key in by_class})
    if missing:
        raise ValueError(f"`class_weight` has no weight for the classes {missing} of '{name}'.")
    table = {int(key): float(value) for key, value in by_class.items()}
    return np.array([table[int(one)] for one in classes], dtype=np.float32)


def standardize_inputs(model: Trainable, x: Any) -> Arrays:
    """Return one array for each input of a model; see `standardize`."""
    return standardize(x, model.inputs, model.input_names, "input")


def standardize_training_data(
    model: Trainable,
    compiled: Compiled,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    class_weight: Any = None,
) -> tuple[Arrays, list[bool]]:
    """Return the arrays that a step takes, and for which outputs weights are among them."""
    inputs = standardize_inputs(model, x)
    targets: Arrays = []
    if compiled.targets:
        targets = standardize(y, compiled.targets, compiled.target_names, "target")
    weights = standardize_weights(sample_weight, class_weight, targets, compiled)
    arrays = [*inputs, *targets, *[weight for weight in weights if weight is not None]]
    check_lengths([*inputs, *targets], _labels(model, compiled))
    return arrays, [weight is not None for weight in weights]


def _labels(model: Trainable, compiled: Compiled) -> list[str]:
    inputs = [f"input '{name}'" for name in model.input_names]
    return inputs + [f"target '{name}'" for name in compiled.target_names]


def split(arrays: Arrays, fraction: float) -> tuple[Arrays, Arrays]:
    """Return the first and the last part of all arrays; the latter is `fraction` of the samples.

    Raises:
        ValueError: one part would be empty.
    """
    at = int(len(arrays[0]) * (1.0 - fraction))
    if not 0 < at < len(arrays[0]):
        raise ValueError(
            f"`validation_split` must leave samples on both sides. Received: "
            f"validation_split={fraction} of {len(arrays[0])} samples"
        )
    return [part(array, 0, at) for array in arrays], [part(array, at) for array in arrays]


def part(array: Any, start: int, end: int | None = None) -> Any:
    """Return some of the samples; what is in a file stays there."""
    return array.part(start, end) if isinstance(array, HDF5Matrix) else array[start:end]
