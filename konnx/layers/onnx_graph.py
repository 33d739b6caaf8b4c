"""Operators of an ONNX file as a layer."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from konnx.graph import Tensor, Variable, load, placeholder
from konnx.graph.protos import parse_model
from konnx.layers.arguments import problem
from konnx.layers.base import Layer
from konnx.layers.spec import Shape, as_list, unpack


class ONNXGraph(Layer):
    """Operators of an ONNX file, with the weights that they use.

    Models read by `konnx.converters.from_onnx` consist of such layers, one for each node of the
    file that depends on the inputs. Nodes that share a weight share a layer, which is called with
    the number of the graph to apply.

    Args:
        graphs: {"model": an ONNX model of opset 18 in base64, "weights": {input of the model:
            number of the variable that it stands for}} for each of the graphs.
        variables: {"name", "shape", "dtype", "trainable"} of each weight.

    Raises:
        ValueError: a graph is no ONNX model, or names a variable that there is not.
    """

    class_name = "ONNXGraph"

    def __init__(
        self,
        graphs: Sequence[Mapping[str, Any]],
        variables: Sequence[Mapping[str, Any]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.graphs = [dict(graph) for graph in graphs]
        self._specs = [dict(spec) for spec in variables]
        self.variables = [self._variable(spec) for spec in self._specs]
        self._pieces = [self._piece(graph) for graph in self.graphs]

    def _variable(self, spec: Mapping[str, Any]) -> Variable:
        shape, dtype = tuple(int(size) for size in spec["shape"]), spec["dtype"]
        variable = Variable(lambda: np.zeros(shape, dtype), dtype, spec["name"], shape=shape)
        variable.trainable = bool(spec["trainable"])
        own = self._trainable_weights if variable.trainable else self._non_trainable_weights
        own.append(variable)
        return variable

    def _piece(self, graph: Mapping[str, Any]) -> _Piece:
        try:
            model = parse_model(base64.b64decode(graph["model"], validate=True))
            weights = {name: self.variables[place] for name, place in graph["weights"].items()}
        except (binascii.Error, ValueError, KeyError, IndexError, TypeError) as error:
            what = f"must hold ONNX models and numbers of variables ({error})"
            raise problem(self, "graphs", what, sorted(graph)) from error
        return _Piece(model, weights)

    def call(self, inputs: Any, graph: int = 0) -> Any:
        """Apply one of the graphs."""
        if not 0 <= graph < len(self._pieces):
            raise problem(self, "graph", f"must be below {len(self._pieces)}", graph)
        return unpack(self._pieces[graph].apply(as_list(inputs)))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the first graph's output, or a list of them."""
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        return unpack([tensor.shape for tensor in self._pieces[0].apply_to_shapes(shapes)])

    def _refined(self, output: Tensor, inputs: list[Tensor], index: int) -> Tensor:
        """Nothing is known of the output but what ONNX infers."""
        return output

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "graphs": self.graphs, "variables": self._specs}


class _Piece:
    """An ONNX model, and the variables that some of its inputs stand for."""

    def __init__(self, model: onnx.ModelProto, weights: Mapping[str, Variable]) -> None:
        self._model = model
        self._weights = dict(weights)
        self._inputs = [one for one in model.graph.input if one.name not in weights]

    def apply(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        names = [one.name for one in self._inputs]
        if len(names) != len(inputs):
            raise ValueError(f"{len(names)} inputs are needed. Received: {len(inputs)}")
        given = {**dict(zip(names, inputs, strict=True)), **self._weights}
        fits = all(_is_as_declared(*pair) for pair in zip(self._inputs, inputs, strict=True))
        model = self._model if fits else _without_shapes(self._model)
        return list(load(model, given).outputs.values())

    def apply_to_shapes(self, shapes: Sequence[Shape]) -> list[Tensor]:
        tensors = []
        for declared, shape in zip(self._inputs, shapes, strict=True):
            dtype = onnx.helper.tensor_dtype_to_np_dtype(declared.type.tensor_type.elem_type)
            tensors.append(placeholder(shape, dtype, declared.name))
        return self.apply(tensors)


def _is_as_declared(declared: onnx.ValueInfoProto, tensor: Tensor) -> bool:
    return declared.type == tensor.type.proto


def _without_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model for inputs of other shapes than those that it was made for."""
    free = onnx.ModelProto()
    free.CopyFrom(model)
    for value in (*free.graph.input, *free.graph.output, *free.graph.value_info):
        value.type.tensor_type.ClearField("shape")
    return free
