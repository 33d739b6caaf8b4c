"""What everything else uses: files, names, registries, random seeds, progress, data in batches."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from konnx.distributed.multi_gpu import multi_gpu_model
    from konnx.utils.custom_objects import (
        CustomObjectScope,
        custom_object_scope,
        get_custom_objects,
    )
    from konnx.utils.data_utils import (
        GeneratorEnqueuer,
        OrderedEnqueuer,
        Sequence,
        SequenceEnqueuer,
    )
    from konnx.utils.downloads import get_file
    from konnx.utils.generic_utils import deserialize_keras_object, serialize_keras_object
    from konnx.utils.io_utils import HDF5Matrix
    from konnx.utils.layer_utils import convert_all_kernels_in_model, print_summary
    from konnx.utils.np_utils import normalize, to_categorical
    from konnx.utils.progbar import Progbar
    from konnx.utils.vis_utils import plot_model

_NAMES = {
    "CustomObjectScope": "konnx.utils.custom_objects",
    "GeneratorEnqueuer": "konnx.utils.enqueuers",
    "HDF5Matrix": "konnx.utils.io_utils",
    "OrderedEnqueuer": "konnx.utils.enqueuers",
    "Progbar": "konnx.utils.progbar",
    "Sequence": "konnx.utils.sequence",
    "SequenceEnqueuer": "konnx.utils.enqueuers",
    "convert_all_kernels_in_model": "konnx.utils.layer_utils",
    "custom_object_scope": "konnx.utils.custom_objects",
    "deserialize_keras_object": "konnx.utils.generic_utils",
    "get_custom_objects": "konnx.utils.custom_objects",
    "get_file": "konnx.utils.downloads",
    "multi_gpu_model": "konnx.distributed.multi_gpu",
    "normalize": "konnx.utils.np_utils",
    "plot_model": "konnx.utils.vis_utils",
    "print_summary": "konnx.utils.layer_utils",
    "serialize_keras_object": "konnx.utils.generic_utils",
    "to_categorical": "konnx.utils.np_utils",
}

__all__ = [
    "CustomObjectScope",
    "GeneratorEnqueuer",
    "HDF5Matrix",
    "OrderedEnqueuer",
    "Progbar",
    "Sequence",
    "SequenceEnqueuer",
    "convert_all_kernels_in_model",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_file",
    "multi_gpu_model",
    "normalize",
    "plot_model",
    "print_summary",
    "serialize_keras_object",
    "to_categorical",
]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'konnx.utils' has no attribute '{name}'")
    return getattr(import_module(_NAMES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
