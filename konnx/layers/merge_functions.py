"""Functions that merge tensors, each by a layer of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx.graph import Tensor
from konnx.layers.dot import Dot
from konnx.layers.merge import (
    Add,
    Average,
    Concatenate,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)


def add(inputs: Sequence[Tensor], **kwargs: Any) -> Any:
    """Return the sum of two or more tensors, made by an `Add` layer.

    Args:
        inputs: the tensors.
        **kwargs: the layer's arguments, such as `name`.

    Example:
        >>> from konnx.layers import Input
        >>> add([Input((3,)), Input((3,))]).shape
        (None, 3)
    """
    return Add(**kwargs)(list(inputs))


def subtract(inputs: Sequence[Tensor], **kwargs: Any) -> Any:
    """Return the first of two tensors less the second, made by a `Subtract` layer.

    Args:
        inputs: the tensors.
        **kwargs: the layer's arguments, such as `name`.

    Example:
        >>> from konnx.layers import Input
        >>> subtract([Input((3,)), Input((3,))]).shape
        (None, 3)
    """
    return Subtract(**kwargs)(list(inputs))


def multiply(inputs: Sequence[Tensor], **kwargs: Any) -> Any:
    """Return the product of two or more tensors, made by a `Multiply` layer.

    Args:
        inputs: the tensors.
        **kwargs: the layer's arguments, such as `name`.

    Example:
        >>> from konnx.layers import Input
        >>> multiply([Input((3,)), Input((3,))]).shape
        (None, 3)
    """
    return Multiply(**kwargs)(list(inputs))


def average(inputs: Sequence[Tensor], **kwargs: Any) -> Any:
    """Return the mean of two or more tensors, made by an `Average` layer.

    Args:
        inputs: the tensors.
        **kwargs: the layer's arguments, such as `name`.

    Example:
        >>> from konnx.layers import Input
        >>> average([Input((3,)), Input((3,))]).shape
        (None, 3)
    """
    return Average(**kwargs)(list(inputs))


def maximum(inputs: Sequence[Tensor], **kwargs: Any) -> Any:
    """Return the largest, element by element, of two or more tensors, made by a `Maximum` layer.

    Args:
        inputs: the tensors.
        **kwargs: the layer's arguments, such as `name`.

    Example:
        >>> from konnx.layers import Input
        >>> maximum([Input((3,)), Input((3,))]).shape
        (None, 3)
    """
    return Maximum(**kwargs)(list(inputs))


def minimum(inputs: Sequence[Tensor], **kwargs: Any) -> Any:
    """Return the smallest, element by element, of two or more tensors, made by a `Minimum` layer.

    Args:
        inputs: the tensors.
        **kwargs: the layer's arguments, such as `name`.

    Example:
        >>> from konnx.layers import Input
        >>> minimum([Input((3,)), Input((3,))]).shape
        (None, 3)
    """
    return Minimum(**kwargs)(list(inputs))


def concatenate(inputs: Sequence[Tensor], axis: int = -1, **kwargs: Any) -> Any:
    """Return two or more tensors joined along an axis, by a `Concatenate` layer.

    Args:
        inputs: the tensors.
        axis: counted with the batch; -1: the last.
        **kwargs: the layer's arguments, such as `name`.

    Example:
        >>> from konnx.layers import Input
        >>> concatenate([Input((3,)), Input((2,))]).shape
        (None, 5)
    """
    return Concatenate(axis=axis, **kwargs)(list(inputs))


def dot(
    inputs: Sequence[Tensor], axes: int | Sequence[int], normalize: bool = False, **kwargs: Any
) -> Any:
    """Return the products of two tensors' samples, by a `Dot` layer.

    Args:
        inputs: the two tensors.
        axes: the axis of each to sum over, counted with the batch; one number for both.
        normalize: whether to give all vectors along the axes length 1 before.
        **kwargs: the layer's arguments, such as `name`.

    Example:
        >>> from konnx.layers import Input
        >>> dot([Input((4, 3)), Input((5, 3))], axes=-1).shape
        (None, 4, 5)
    """
    return Dot(axes=axes, normalize=normalize, **kwargs)(list(inputs))
