"""Layer configs of later Keras versions, put into the words of Keras 2.1."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from inspect import Parameter, signature
from typing import Any

from konnx.graph import standardize_dtype

_NEVER_MATTERS = frozenset(
    {
        "build_config",  # what the layer was built for, which its inputs say
        "fused",  # how a batch normalization is computed, not what
        "lora_alpha",  # Keras merges what was learnt so when it saves
        "lora_rank",
        "module",
        "quantization_config",  # how weights are in a file, whose reader makes them floats
        "registered_name",
        "renorm_clipping",  # only with renorm
        "renorm_momentum",
        "rng_type",  # how random numbers are drawn
        "shared_object_id",
        "synchronized",  # across devices, of which there is one
    }
)

_DOES_NOTHING: Mapping[str, tuple[Any, ...]] = {
    "activity_regularizer": (None,),
    "adjustment": (None,),
    "autocast": (True, False),
    "dynamic": (False,),
    "groups": (1, None),
    "idf_weights": (None,),
    "implementation": (1,),
    "keepdims": (False,),
    "oov_method": ("floormod",),
    "optional": (False,),
    "ragged": (False, None),
    "renorm": (False,),
    "rms_scaling": (False,),
    "salt": (None,),
    "seed": (None,),
    "sparse": (False,),
    "time_major": (False,),
    "virtual_batch_size": (None,),
    "zero_output_for_mask": (False,),
}
"""Arguments that konnx' layers lack, with the values that ask for nothing."""

_OF_THE_BASE = ("activity_regularizer", "autocast", "dynamic")
"""Those that the base class of layers has in later versions."""

_UNUSED = {"kernel_initializer", "kernel_regularizer", "kernel_constraint"}
_UNUSED_BY_CLASS: Mapping[str, Collection[str]] = {
    # These inherit the arguments in later versions, but have other kernels.
    "DepthwiseConv2D": _UNUSED,
    "SeparableConv1D": _UNUSED,
    "SeparableConv2D": _UNUSED,
    # What the layer was built for, and what rows get that see nothing.
    "MultiHeadAttention": {*("query_shape", "key_shape", "value_shape", "softmax_robust_masking")},
    # Later versions can fix their dropout, which has no effect on anything but chance.
    "GatedCell": {"seed"},
    "RNN": {"seed"},
    # How many places there are, which the vocabulary says.
    "Lookup": {"vocabulary_size"},
    # Where the gate's bias starts; Keras 2 starts it at one.
    "Highway": {"transform_bias"},
}

_RENAMED: Mapping[str, Mapping[str, str]] = {"LeakyReLU": {"negative_slope": "alpha"}}
"""By class: Keras 3's names of arguments, and Keras 2's."""

_POLICIES = {"mixed_float16": "float32", "mixed_bfloat16": "float32"}
"""Mixed precision: the dtype of the weights. Outputs are then more exact than where they ran."""


def normalize_config(
    layer_class: type, config: Mapping[str, Any], common: Collection[str]
) -> dict[str, Any]:
    """Return a layer's config with what its constructor takes.

    Args:
        layer_class: the class that the config is for.
        config: as Keras 2.1 or a later Keras wrote it.
        common: names that every layer takes among its keyword arguments.

    Raises:
        ValueError: a key asks for something that the layer cannot do; names layer and key.
    """
    renamed = _RENAMED.get(layer_class.__name__, {})
    normal = {renamed.get(key, key): _without_axes(value) for key, value in config.items()}
    if "batch_shape" in normal:
        normal.setdefault("batch_input_shape", normal.pop("batch_shape"))
    if normal.get("dtype") is not None:
        normal["dtype"] = _dtype(layer_class, normal)
    if layer_class.__name__ == "BatchNormalization":
        normal["axis"] = _single_axis(layer_class, normal)
    if _inherits_arguments(layer_class):
        return _without_inert(layer_class, normal, common)
    return _without_base_arguments(layer_class, normal)


def _without_axes(value: Any) -> Any:
    """An initializer's config without the axes that Keras 3 writes even where it has none."""
    arguments = value.get("config") if isinstance(value, Mapping) else None
    if not isinstance(arguments, Mapping):
        return value
    axes = ("input_axes", "output_axes")
    kept = {key: one for key, one in arguments.items() if key not in axes or one is not None}
    return {**value, "config": kept}


def _where(layer_class: type, config: Mapping[str, Any]) -> str:
    return f"`{layer_class.__name__}` '{config.get('name')}'"


def _dtype(layer_class: type, config: Mapping[str, Any]) -> str:
    """The dtype; later versions write a policy around it."""
    given = config["dtype"]
    name = given
    if isinstance(given, Mapping):
        policy = given.get("config") or {}
        name = policy.get("name") or policy.get("source_name", given)
    try:
        return standardize_dtype(_POLICIES.get(name, name))
    except (TypeError, ValueError) as error:
        where = _where(layer_class, config)
        raise ValueError(f"{where}: `dtype` is not supported. Received: dtype={given!r}") from error


def _single_axis(layer_class: type, config: Mapping[str, Any]) -> Any:
    """The axis; TensorFlow's versions write a list of one."""
    axis = config.get("axis", -1)
    if not isinstance(axis, list | tuple):
        return axis
    if len(axis) != 1:
        where = _where(layer_class, config)
        raise ValueError(f"{where}: `axis` must be a single axis. Received: axis={axis!r}")
    return axis[0]


def _without_base_arguments(layer_class: type, config: dict[str, Any]) -> dict[str, Any]:
    """The config of a user's layer without what later versions write of their base class."""
    taken = signature(layer_class).parameters
    return {
        key: value
        for key, value in config.items()
        if key in taken or key not in _OF_THE_BASE or value not in _DOES_NOTHING[key]
    }


_BASES = frozenset({"konnx.layers.base", "konnx.layers.parts"})


def _inherits_arguments(layer_class: type) -> bool:
    """Tell whether a class is one of konnx' layers, or made from one (but the base class)."""
    modules = {base.__module__ for base in layer_class.__mro__}
    return any(m.startswith("konnx.layers.") for m in modules - _BASES)


def _without_inert(
    layer_class: type, config: dict[str, Any], common: Collection[str]
) -> dict[str, Any]:
    accepted, takes_any = _accepted(layer_class, common)
    is_own = layer_class.__module__.startswith("konnx.")
    kept: dict[str, Any] = {}
    for key, value in config.items():
        if key in accepted or (takes_any and not is_own and not _is_inert(layer_class, key, value)):
            kept[key] = value
        elif not _is_inert(layer_class, key, value):
            raise ValueError(
                f"{_where(layer_class, config)}: `{key}` is not supported with this value. "
                f"Received: {key}={value!r}"
            )
    return kept


def _accepted(layer_class: type, common: Collection[str]) -> tuple[set[str], bool]:
    """The names of what the constructor takes, and whether it takes further keywords."""
    parameters = signature(layer_class).parameters
    takes_any = any(p.kind is Parameter.VAR_KEYWORD for p in parameters.values())
    inherited: set[str] = set()
    for base in layer_class.__mro__ if takes_any else ():
        if base.__module__.startswith("konnx."):
            inherited.update(signature(base).parameters)
    return {*parameters, *inherited, *(common if takes_any else ())}, takes_any


def _is_inert(layer_class: type, key: str, value: Any) -> bool:
    if key in _NEVER_MATTERS:
        return True
    unused = {
        name for base in layer_class.__mro__ for name in _UNUSED_BY_CLASS.get(base.__name__, ())
    }
    return key in unused or value in _DOES_NOTHING.get(key, ())
