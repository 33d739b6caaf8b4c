"""Inputs: where a model's graph starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx.graph import Dim, Tensor, placeholder, standardize_dtype
from konnx.layers.base import Layer
from konnx.layers.node import record_call
from konnx.utils.naming import unique_name


class InputLayer(Layer):
    """The layer behind `Input`.

    Args:
        input_shape: without the batch.
        batch_size: if it is fixed.
        batch_input_shape: both together.
        dtype: of the data; default `floatx()`.
        input_tensor: a placeholder to take instead of making one.
        sparse: accepted as in Keras; must be False.
        name: default "input_1", …
    """

    def __init__(
        self,
        input_shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        dtype: Any = None,
        input_tensor: Tensor | None = None,
        sparse: bool = False,
        name: str | None = None,
    ) -> None:
        if sparse:
            raise ValueError("Sparse inputs do not exist in ONNX graphs. Use sparse=False.")
        if batch_input_shape is None and input_shape is None and input_tensor is not None:
            batch_input_shape = input_tensor.shape
        super().__init__(
            name=name or unique_name("input"),
            input_shape=input_shape,
            batch_size=batch_size,
            batch_input_shape=batch_input_shape,
            dtype=None if dtype is None else standardize_dtype(dtype),
        )
        if self.batch_input_shape is None:
            raise ValueError("InputLayer needs `input_shape` or `batch_input_shape`.")
        self.built = True
        self.sparse = False
        if input_tensor is None:
            dims = batch_dims(self.batch_input_shape, self.name)
            input_tensor = placeholder(dims, self.dtype, self.name)
        record_call(self, [], [input_tensor])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            "batch_input_shape": self.batch_input_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "name": self.name,
        }


def batch_dims(shape: Sequence[int | None], name: str) -> list[Dim]:
    """Name the sizes that vary: the batch "batch", others after the input."""
    return [
        ("batch" if axis == 0 else f"{name}_{axis}") if size is None else int(size)
        for axis, size in enumerate(shape)
    ]


def Input(  # noqa: N802 - Keras' name
    shape: Sequence[int | None] | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    dtype: Any = None,
    sparse: bool = False,
    tensor: Tensor | None = None,
) -> Tensor:
    """Make an input of a model.

    Args:
        shape: the sizes without the batch; None for one that varies.
        batch_shape: the sizes with the batch.
        name: of the input, also in ONNX files.
        dtype: default `floatx()`.
        sparse: must be False.
        tensor: a placeholder to take instead of making one.

    Raises:
        ValueError: a shape is no tuple of positive sizes, or there is none.

    Returns:
        A tensor that layers can be called on.

    Example:
        >>> Input(shape=(784,), name="pixels")
        <Tensor 'pixels' shape=('batch', 784) dtype=float32>
    """
    layer = InputLayer(
        input_shape=shape,
        batch_input_shape=batch_shape,
        name=name,
        dtype=dtype,
        sparse=sparse,
        input_tensor=tensor,
    )
    output = layer.inbound_nodes[0].outputs[0]
    assert isinstance(output, Tensor)
    return output
