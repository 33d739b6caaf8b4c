"""The base class of all layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any, ClassVar, Self

import numpy as np

from konnx import config, constraints, initializers, ops, regularizers
from konnx.graph import (
    Dim,
    Tensor,
    Variable,
    assign_all,
    is_float,
    name_scope,
    refine,
    standardize_dtype,
)
from konnx.layers.compat import normalize_config
from konnx.layers.dependence import depends_on
from konnx.layers.node import InboundNode, record_call
from konnx.layers.parts import Owner, Update
from konnx.layers.spec import InputSpec, Shape, as_list, check_all, sizes_of, unpack
from konnx.legacy.calls import accept_keras_1
from konnx.legacy.table import ADD_WEIGHT
from konnx.utils.naming import did_you_mean, to_snake_case, unique_name

_COMMON_ARGUMENTS = frozenset(
    {"input_shape", "batch_input_shape", "batch_size", "dtype", "name", "trainable", "weights",
     "input_dtype"}
)  # fmt: skip


class Layer(Owner):
    """A part of a model: weights, and the operations that use them.

    A subclass defines `build(input_shape)`, which makes weights with `add_weight` and ends with
    `super().build(input_shape)`; `call(inputs)`, which composes operations; and, for configs,
    `compute_output_shape(input_shape)` and `get_config()`.

    Args:
        name: unique in a model; default: made from the class name, such as "dense_1".
        trainable: whether an optimizer may change the weights.
        input_shape: for the first layer of a Sequential model, without the batch.
        batch_input_shape: the same with the batch size, which may be None.
        batch_size: of the first layer, if it is fixed.
        dtype: of the weights, unless it is one of whole numbers, and of the input of a first layer;
            default `floatx()`.
        input_dtype: Keras 1's name for the dtype of a first layer.
        weights: arrays to start from.

    Example:
        >>> from konnx import ops
        >>> class Double(Layer):
        ...     def call(self, inputs):
        ...         return inputs * 2.0
    """

    class_name: ClassVar[str | None] = None
    built = False
    supports_masking = False
    drops_masks = False
    """Whether a mask that the layer does not support is dropped, as since tf.keras; else it is an
    error, as in Keras 2.1. Layers from configs, which a Keras accepted, drop them."""

    def __init__(self, **kwargs: Any) -> None:
        self._check_arguments(kwargs)
        name = kwargs.get("name") or unique_name(to_snake_case(type(self).__name__))
        if not isinstance(name, str):
            raise TypeError(
                f"The name of a `{type(self).__name__}` must be a text. Received: name={name!r}"
            )
        self.name: str = name
        self.trainable = kwargs.get("trainable", True)
        self.batch_input_shape = self._batch_input_shape(kwargs)
        self.dtype = self._dtype(kwargs)
        self.built = False
        self.input_spec: InputSpec | list[InputSpec] | None = None
        self.inbound_nodes: list[InboundNode] = []
        self.outbound_nodes: list[InboundNode] = []
        self.frozen_by: set[Layer] = set()
        self.weight_scope: str | None = None
        self.activity_regularizer: Callable[[Tensor], Tensor] | None = None
        self._initial_weights: Sequence[np.ndarray] | None = kwargs.get("weights")
        self._trainable_weights: list[Variable] = []
        self._non_trainable_weights: list[Variable] = []
        self._losses: list[Tensor] = []
        self._updates: list[Update] = []

    def _check_arguments(self, kwargs: dict[str, Any]) -> None:
        unknown = sorted(set(kwargs) - _COMMON_ARGUMENTS)
        if unknown:
            known = {*_COMMON_ARGUMENTS, *signature(type(self)).parameters} - {"kwargs"}
            raise TypeError(
                f"{type(self).__name__} takes no argument {', '.join(map(repr, unknown))}. "
                f"Arguments of every layer: {', '.join(sorted(_COMMON_ARGUMENTS))}."
                f"{did_you_mean(unknown[0], sorted(known))}"
            )

    def _batch_input_shape(self, kwargs: dict[str, Any]) -> Shape | None:
        owner = f"`{type(self).__name__}` '{self.name}'"
        if kwargs.get("batch_input_shape") is not None:
            return sizes_of(kwargs["batch_input_shape"], owner, "batch_input_shape")
        if kwargs.get("input_shape") is None:
            return None
        (batch,) = sizes_of([kwargs.get("batch_size")], owner, "batch_size")
        return (batch, *sizes_of(kwargs["input_shape"], owner, "input_shape"))

    def _dtype(self, kwargs: dict[str, Any]) -> str:
        """The dtype by either name; that of Keras 1 only counts in first layers, as in 2.1."""
        names = ["dtype", "input_dtype"] if self.batch_input_shape is not None else ["dtype"]
        given = next((name for name in names if kwargs.get(name) is not None), None)
        if given is None:
            return config.floatx()
        try:
            return standardize_dtype(kwargs[given])
        except ValueError as error:
            raise ValueError(
                f"`{type(self).__name__}` '{self.name}': `{given}` must be a dtype, such as "
                f"'float32'. Received: {given}={kwargs[given]!r}"
            ) from error

    # What subclasses define

    def build(self, input_shape: Any) -> None:
        """Make the weights for an input of this shape (None: a size that varies)."""
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Compose the operations of the layer; default: the inputs unchanged."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output's shape for an input of this shape; default: the same."""
        return input_shape

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the output's mask; default: the input's, if the layer supports masking."""
        is_unsupported = not self.supports_masking and not self.drops_masks
        if is_unsupported and any(one is not None for one in as_list(mask)):
            raise TypeError(
                f"Layer '{self.name}' ({type(self).__name__}) does not support masking, but its "
                f"input has a mask. Received: mask={mask!r}"
            )
        return mask if self.supports_masking else None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again, as JSON can hold them."""
        values: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        if self.batch_input_shape is not None:
            values["batch_input_shape"] = self.batch_input_shape
        if self.batch_input_shape is not None or self.dtype != "float32":
            values["dtype"] = self.dtype
        return values

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make a layer from what `get_config` returned, or a later Keras' own."""
        layer = cls(**normalize_config(cls, config, _COMMON_ARGUMENTS))
        layer.drops_masks = True
        return layer

    # Weights

    @property
    def weight_dtype(self) -> str:
        """The dtype of weights, unless `add_weight` is told another one."""
        return self.dtype if is_float(self.dtype) else config.floatx()

    @accept_keras_1(ADD_WEIGHT)
    def add_weight(
        self,
        name: str,
        shape: Sequence[int],
        dtype: Any = None,
        initializer: Any = "glorot_uniform",
        regularizer: Any = None,
        trainable: bool = True,
        constraint: Any = None,
    ) -> Variable:
        """Make a variable that belongs to the layer.

        Args:
            name: such as "kernel"; the variable is called "<layer>/<name>", of a layer within
                another one after that (`weight_scope`).
            shape: its sizes.
            dtype: default: the layer's, or `floatx()` where that is for inputs of whole numbers.
            initializer: name, config or callable; the value is made when it is first needed.
            regularizer: adds its value to the loss.
            trainable: whether an optimizer may change it.
            constraint: applied after each update by an optimizer.
        """
        shape, dtype = tuple(int(size) for size in shape), dtype or self.weight_dtype
        make = initializers.deferred(initializers.get(initializer), shape, dtype)
        full_name = f"{self.weight_scope or self.name}/{name}"
        variable = Variable(
            make,
            dtype,
            full_name,
            shape=shape,
            constraint=constraints.get(constraint),
        )
        variable.trainable = trainable
        (self._trainable_weights if trainable else self._non_trainable_weights).append(variable)
        regularize = regularizers.get(regularizer)
        if regularize is not None:
            with name_scope(f"{full_name}_regularizer"):
                self.add_loss(regularize(variable))
        return variable

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of the weights as arrays."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights.

        Raises:
            ValueError: another number of arrays, or an array of another shape; nothing is changed.
        """
        assign_all(self.name, self.weights, weights)

    def count_params(self) -> int:
        """Return the number of scalars in the weights.

        Raises:
            ValueError: the layer has no weights yet.
        """
        if not self.built:
            raise ValueError(
                f"Layer '{self.name}' is not built, so its weights cannot be counted. "
                "Call it, or give the model an input shape."
            )
        return sum(int(np.prod(variable.shape)) for variable in self.weights)

    # Losses and updates

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Add scalars to the loss of every model that holds the layer.

        Args:
            losses: a tensor or a list of them.
            inputs: accepted as in Keras; what a loss depends on is read from its graph.
        """
        self._losses += [ops.as_tensor(loss) for loss in as_list(losses)]

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Add updates, (variable, new value) or a list of them, to each training step.

        Args:
            updates: a pair or a list of pairs.
            inputs: accepted as in Keras; what an update depends on is read from its graph.
        """
        self._updates += [updates] if isinstance(updates, tuple) else list(updates)

    @property
    def losses(self) -> list[Tensor]:
        """The scalars added to the loss: of weights, and of each call."""
        return self.collect_losses()

    @property
    def updates(self) -> list[Update]:
        """The updates of each call; a frozen layer has none."""
        return self.collect_updates()

    def get_losses_for(self, inputs: Any) -> list[Tensor]:
        """Return the losses that depend on exactly these inputs; None: those that need none."""
        return [loss for loss in self.losses if depends_on([loss], as_list(inputs))]

    def get_updates_for(self, inputs: Any) -> list[Update]:
        """Return the updates that depend on exactly these inputs; None: those that need none."""
        return [pair for pair in self.updates if depends_on([pair[1]], as_list(inputs))]

    # Calling

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Apply the layer to a tensor or a list of tensors, building it at the first call.

        Args:
            inputs: what it is called on.
            *args: further arguments of `call`, in its order; tensors may be among them.
            **kwargs: the same by name.
        """
        kwargs = {**self._named_arguments(args), **kwargs} if args else kwargs
        tensors = self._checked_inputs(inputs)
        with name_scope(self.name):
            if not self.built:
                self._build_for(tensors)
            self.check_inputs(tensors)
            outputs, mask = self.compute(unpack_like(inputs, tensors), kwargs)
        self._set_history(tensors, outputs, kwargs)
        for tensor, one in zip(outputs, mask, strict=True):
            tensor._keras_mask = one
        return unpack(outputs)

    def _named_arguments(self, args: tuple[Any, ...]) -> dict[str, Any]:
        """The arguments behind the inputs by the names that `call` has for them."""
        parameters = list(signature(self.call).parameters.values())[1:]
        named = [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
        if len(args) > len(named):
            raise TypeError(
                f"Layer '{self.name}' ({type(self).__name__}) takes "
                f"{f'only {named}' if named else 'no arguments'} behind its inputs. Received: "
                f"{len(args)} more; several inputs go into one list."
            )
        return dict(zip(named, args, strict=False))

    def _checked_inputs(self, inputs: Any) -> list[Tensor]:
        tensors = as_list(inputs)
        for tensor in tensors:
            if not isinstance(tensor, Tensor):
                raise TypeError(
                    f"Layer '{self.name}' ({type(self).__name__}) must be called with symbolic "
                    f"tensors, such as those of Input(...). Received: {type(tensor).__name__}. "
                    "To compute with arrays make a Model and use predict."
                )
        return tensors

    def check_inputs(self, tensors: list[Tensor]) -> None:
        """Compare the inputs of a call with `input_spec`.

        Raises:
            ValueError: a demand is not met.
        """
        if self.input_spec is not None:
            check_all(as_list(self.input_spec), tensors, self.name)

    def assert_input_compatibility(self, inputs: Any) -> None:
        """Compare inputs, one or a list of them, with `input_spec`; each call does.

        Raises:
            ValueError: a demand is not met.
        """
        self.check_inputs(as_list(inputs))

    def _build_for(self, tensors: list[Tensor]) -> None:
        self.check_inputs(tensors)
        self.build_with_weights(unpack([tensor.shape for tensor in tensors]))

    def build_with_weights(self, input_shape: Any) -> None:
        """Build the layer, and give it the `weights` of its constructor."""
        self._adopt_parts()
        self.build(input_shape)
        self._adopt_parts()  # those that `build` made
        self.built = True
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)
            self._initial_weights = None

    def _adopt_parts(self) -> None:
        """Name the weights of layers within after this one, and freeze those if it is frozen."""
        for part in self.parts:
            if not part.built and part.weight_scope is None:
                part.weight_scope = f"{self.weight_scope or self.name}/{part.name}"
        if not self.trainable:
            self.trainable = False

    def compute(
        self, inputs: Any, arguments: dict[str, Any]
    ) -> tuple[list[Tensor], list[Tensor | None]]:
        """Apply `call` to inputs of a built layer, without a record; return outputs and masks."""
        tensors = as_list(inputs)
        masks = [tensor._keras_mask for tensor in tensors]
        arguments = dict(arguments)
        if any(mask is not None for mask in masks) and "mask" in signature(self.call).parameters:
            arguments.setdefault("mask", unpack(masks))
        results = as_list(self.call(inputs, **arguments))
        outputs = [self._refined(result, tensors, i) for i, result in enumerate(results)]
        if self.activity_regularizer is not None:
            with name_scope("activity_regularizer"):
                self.add_loss([self.activity_regularizer(output) for output in outputs])
        mask = as_list(self.compute_mask(inputs, unpack(masks) if masks else None))
        return outputs, mask or [None] * len(outputs)

    def _refined(self, output: Tensor, inputs: list[Tensor], index: int) -> Tensor:
        """Add what compute_output_shape knows; an input passed through gets a name of its own."""
        if output in inputs:
            output = ops.identity(output)
        if output.dims is not None and None not in output.dims:
            return output
        shape = self.compute_output_shape(unpack([tensor.shape for tensor in inputs]))
        shapes = shape if isinstance(shape, list) else [shape]
        return refine(output, _named(shapes[index], inputs))

    def _set_history(
        self, inputs: list[Tensor], outputs: list[Tensor], arguments: dict[str, Any]
    ) -> None:
        if all(tensor._keras_history is not None for tensor in inputs):
            record_call(self, inputs, outputs, arguments)

    # Looking back at calls

    @property
    def input(self) -> Any:
        """The input tensor, or list of them, of a layer that was called once."""
        return unpack(self._only_node("input").called_on)

    @property
    def output(self) -> Any:
        """The output tensor, or list of them, of a layer that was called once."""
        return unpack(self._only_node("output").outputs)

    @property
    def input_shape(self) -> Any:
        """The shape of the input, if it is the same at every call."""
        return self._only_shape("input", [node.called_on for node in self.inbound_nodes])

    @property
    def output_shape(self) -> Any:
        """The shape of the output, if it is the same at every call."""
        return self._only_shape("output", [node.outputs for node in self.inbound_nodes])

    def get_input_at(self, node_index: int) -> Any:
        """Return the input tensor, or list of them, of a call by its number."""
        return unpack(self._node_at(node_index).called_on)

    def get_output_at(self, node_index: int) -> Any:
        """Return the output tensor, or list of them, of a call by its number."""
        return unpack(self._node_at(node_index).outputs)

    @property
    def input_mask(self) -> Any:
        """The mask of the input, or list of them, of a layer that was called once."""
        return unpack([one._keras_mask for one in self._only_node("input").called_on])

    @property
    def output_mask(self) -> Any:
        """The mask of the output, or list of them, of a layer that was called once."""
        return unpack([one._keras_mask for one in self._only_node("output").outputs])

    def get_input_mask_at(self, node_index: int) -> Any:
        """Return the input's mask, or list of them, at a call by its number."""
        return unpack([tensor._keras_mask for tensor in self._node_at(node_index).called_on])

    def get_output_mask_at(self, node_index: int) -> Any:
        """Return the output's mask, or list of them, at a call by its number."""
        return unpack([tensor._keras_mask for tensor in self._node_at(node_index).outputs])

    def get_input_shape_at(self, node_index: int) -> Any:
        """Return the input's shape at a call by its number."""
        return unpack([tensor.shape for tensor in self._node_at(node_index).called_on])

    def get_output_shape_at(self, node_index: int) -> Any:
        """Return the output's shape at a call by its number."""
        return unpack([tensor.shape for tensor in self._node_at(node_index).outputs])

    def _node_at(self, node_index: int) -> InboundNode:
        if not 0 <= node_index < len(self.inbound_nodes):
            raise ValueError(
                f"Layer '{self.name}' was called {len(self.inbound_nodes)} times. "
                f"Received: node_index={node_index}"
            )
        return self.inbound_nodes[node_index]

    def _only_node(self, what: str) -> InboundNode:
        if len(self.inbound_nodes) != 1:
            raise AttributeError(
                f"Layer '{self.name}' was called {len(self.inbound_nodes)} times, so its {what} "
                f"is not defined. Use get_{what}_at(node_index)."
            )
        return self.inbound_nodes[0]

    def _only_shape(self, what: str, calls: list[list[Tensor]]) -> Any:
        shapes = {tuple(tensor.shape for tensor in tensors) for tensors in calls}
        if len(shapes) != 1:
            raise AttributeError(
                f"Layer '{self.name}' has {len(shapes)} different {what} shapes. "
                f"Use get_{what}_shape_at(node_index)."
            )
        return unpack(shapes.pop())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}'>"


def unpack_like(inputs: Any, tensors: list[Tensor]) -> Any:
    """Return tensors as a list if they came as one."""
    return tensors if isinstance(inputs, list | tuple) else tensors[0]


def _named(shape: Shape, inputs: list[Tensor]) -> list[Dim]:
    """The shape with the batch's own name where the inputs know it."""
    batch = next((tensor.dims[0] for tensor in inputs if tensor.dims), None)
    if shape and shape[0] is None:
        return [batch, *shape[1:]]
    return list(shape)


__all__ = ["InputSpec", "Layer", "Update"]
