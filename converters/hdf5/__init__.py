"""Reading and writing the HDF5 files of Keras 1 and 2, independent of models and graphs."""

from __future__ import annotations

from konnx.converters.hdf5.keras_file import KerasFile, LayerWeights
from konnx.converters.hdf5.limits import ReadLimits
from konnx.converters.hdf5.reader import read_hdf5, read_layer_names
from konnx.converters.hdf5.writer import write_hdf5

__all__ = ["KerasFile", "LayerWeights", "ReadLimits", "read_hdf5", "read_layer_names", "write_hdf5"]
