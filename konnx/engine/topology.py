"""What Keras 2.1 has in `keras.engine.topology`: layers, calls, and weights in HDF5 groups."""

from konnx.converters.layer_groups import (
    load_weights_from_hdf5_group,
    load_weights_from_hdf5_group_by_name,
    preprocess_weights_for_loading,
    save_weights_to_hdf5_group,
)
from konnx.layers import Input, InputLayer, InputSpec, Layer
from konnx.layers.node import InboundNode as Node
from konnx.models.network import Network as Container
from konnx.models.topology import get_source_inputs

__all__ = [
    "Container",
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "Node",
    "get_source_inputs",
    "load_weights_from_hdf5_group",
    "load_weights_from_hdf5_group_by_name",
    "preprocess_weights_for_loading",
    "save_weights_to_hdf5_group",
]
