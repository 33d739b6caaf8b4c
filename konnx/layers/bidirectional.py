"""Bidirectional: a recurrent layer that reads a sequence from both ends."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Self

from konnx import ops
from konnx.graph import Tensor, name_scope
from konnx.layers.arguments import problem
from konnx.layers.base import Layer
from konnx.layers.recurrent.extras import Extras, split_inputs
from konnx.layers.recurrent.rnn import RNN
from konnx.layers.spec import Shape, as_list, check_all
from konnx.layers.wrappers import Wrapper

MERGE_MODES = ("sum", "mul", "concat", "ave", None)


class Bidirectional(Wrapper):
    """Runs a recurrent layer over a sequence, and a copy of it with other weights backwards.

    The outputs of the second one are brought into the order of time, then merged with those of the
    first. Masked steps repeat the output before them, each in its own direction.

    Args:
        layer: a recurrent layer that was not called yet.
        merge_mode: "sum", "mul", "ave", "concat", or None: both outputs are returned.
        weights: arrays to start from, those of the forward layer first.
        backward_layer: a recurrent layer to run in place of the copy; it has to go the other way.
        **kwargs: arguments of every layer.

    Raises:
        ValueError: `layer` is not recurrent or has weights, or `merge_mode` is unknown.

    Example:
        >>> from konnx.layers import LSTM, Input
        >>> Bidirectional(LSTM(8), merge_mode="sum")(Input((10, 3))).shape
        (None, 8)
    """

    supports_masking = True

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(layer, weights=weights, **kwargs)
        self._has_own_backward = backward_layer is not None
        self._take_in(self._checked("layer", layer), backward_layer)
        if merge_mode not in MERGE_MODES:
            demand = f"must be one of {', '.join(map(repr, MERGE_MODES))}"
            raise problem(self, "merge_mode", demand, merge_mode)
        self.merge_mode = merge_mode
        self.stateful = layer.stateful
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.input_spec = layer.input_spec
        self.extras = Extras(self)

    @property
    def parts(self) -> list[Layer]:
        """Both directions, but not the layer that they were copied from."""
        return [part for part in super().parts if part is not self.layer]

    def _take_in(self, layer: RNN, given: Any) -> None:
        self.forward_layer: RNN = _renamed(deepcopy(layer), "forward", layer)
        backward = _turned(layer) if given is None else self._checked("backward_layer", given)
        if backward.go_backwards == layer.go_backwards:
            demand = f"must go the other way: go_backwards={not layer.go_backwards}"
            raise problem(self, "backward_layer", demand, given)
        self.backward_layer: RNN = _renamed(backward, "backward", layer)

    def _checked(self, argument: str, layer: Any) -> RNN:
        if not isinstance(layer, RNN) or layer.built:
            raise problem(
                self, argument, "must be a recurrent layer that was not called yet", layer
            )
        return layer

    def build(self, input_shape: Any) -> None:
        for layer in (self.forward_layer, self.backward_layer):
            layer.extras.constant_shapes = self.extras.constant_shapes
            scope = f"{self.weight_scope or self.name}/{layer.name}"
            self.build_part(layer, input_shape, scope)
        self.input_spec = self.forward_layer.input_spec
        super().build(input_shape)

    def check_inputs(self, tensors: list[Tensor]) -> None:
        """Compare the sequence with `input_spec`; the layers within look at the states."""
        check_all(as_list(self.input_spec), tensors[:1], self.name)

    def __call__(
        self, inputs: Any, initial_state: Any = None, constants: Any = None, **kwargs: Any
    ) -> Any:
        """Apply the layer.

        Args:
            inputs: the sequence; or a list of it, initial states and constants.
            initial_state: the first states of the forward layer, then those of the backward layer.
            constants: further inputs of both cells, the same at each step.
            **kwargs: arguments of `call`: `mask`, `training`.
        """
        full_inputs, arguments = self.extras.arrange(inputs, initial_state, constants)
        return super().__call__(full_inputs, **arguments, **kwargs)

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool | None = None,
        initial_state: Any = None,
        constants: Any = None,
    ) -> Any:
        sequence, states, fixed = split_inputs(inputs, self.extras.count)
        states = states or as_list(initial_state)
        if len(states) % 2:
            demand = "must hold the states of both directions, as many of each"
            raise problem(self, "initial_state", demand, [state.shape for state in states])
        half = len(states) // 2
        arguments = {"mask": mask, "training": training, "constants": fixed or constants}
        results = []
        for layer, own in (
            (self.forward_layer, states[:half]),
            (self.backward_layer, states[half:]),
        ):
            with name_scope(layer.name):
                result = layer.call(sequence, initial_state=own or None, **arguments)
            results.append(as_list(result))
        (there, *first), (back, *second) = results
        if self.return_sequences:
            back = back[:, ::-1]
        merged = self._merge(there, back)
        return [*as_list(merged), *first, *second] if self.return_state else merged

    def _merge(self, there: Tensor, back: Tensor) -> Any:
        if self.merge_mode == "concat":
            return ops.concatenate([there, back], -1)
        if self.merge_mode == "mul":
            return ops.multiply(there, back)
        if self.merge_mode == "sum":
            return ops.add(there, back)
        if self.merge_mode == "ave":
            return ops.multiply(ops.add(there, back), 0.5)
        return [there, back]

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = self.forward_layer.compute_output_shape(input_shape)
        output, *states = shape if self.return_state else [shape]
        outputs: list[Shape] = [output, output] if self.merge_mode is None else [output]
        if self.merge_mode == "concat":
            outputs = [(*output[:-1], None if output[-1] is None else 2 * output[-1])]
        shapes = [*outputs, *states, *states]
        return shapes if len(shapes) > 1 else shapes[0]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        kept = as_list(mask)[0] if mask is not None and self.return_sequences else None
        masks = [kept, kept] if self.merge_mode is None else [kept]
        if self.return_state:
            masks += [None] * (2 * len(self.forward_layer.states))
        return masks if len(masks) > 1 else kept

    def reset_states(self) -> None:
        """Set the states of both layers to zero."""
        self.forward_layer.reset_states()
        self.backward_layer.reset_states()

    def get_config(self) -> dict[str, Any]:
        from konnx.layers.registry import serialize

        config = {**super().get_config(), "merge_mode": self.merge_mode}
        if self._has_own_backward:
            config["backward_layer"] = serialize(self.backward_layer)
        if self.extras.count is not None:
            config["num_constants"] = self.extras.count
        return config

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """Make a layer from what `get_config` returned, or a later Keras' own."""
        from konnx.layers.registry import deserialize

        config = dict(config)
        constants = config.pop("num_constants", None)
        if config.get("backward_layer") is not None:  # later versions always write one
            backward = deserialize(config["backward_layer"], custom_objects)
            usual = _turned(deserialize(config["layer"], custom_objects))
            config["backward_layer"] = None if _are_alike(usual, backward) else backward
        layer = super().from_config(config, custom_objects)
        layer.extras.count = constants
        return layer


def _renamed(copy: RNN, direction: str, layer: RNN) -> RNN:
    copy.name = f"{direction}_{layer.name.removeprefix('forward_')}"
    return copy


def _turned(layer: RNN) -> RNN:
    """A copy of a layer that goes the other way."""
    copy = deepcopy(layer)
    copy.go_backwards = not copy.go_backwards
    return copy


def _are_alike(layer: RNN, other: RNN) -> bool:
    configs = [{**one.get_config(), "name": None} for one in (layer, other)]
    return configs[0] == configs[1]
