"""Initializers: the first values of weights, made with NumPy.

Without a seed of its own an initializer takes one from NumPy's global generator, so that
`numpy.random.seed` makes a whole script repeatable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from konnx.initializers.base import Initializer, RandomInitializer, deferred
from konnx.initializers.constants import Constant, Identity, Ones, Zeros
from konnx.initializers.random import Orthogonal, RandomNormal, RandomUniform, TruncatedNormal
from konnx.initializers.scaling import (
    VarianceScaling,
    compute_fans,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
)
from konnx.utils.registry import CustomObjects, Registry

INITIALIZERS: Registry[Callable[..., Any]] = Registry("initializer")

zero = zeros = INITIALIZERS.register(Zeros, "zeros", "zero")
one = ones = INITIALIZERS.register(Ones, "ones", "one")
constant = INITIALIZERS.register(Constant, "constant")
uniform = random_uniform = INITIALIZERS.register(RandomUniform, "random_uniform", "uniform")
normal = random_normal = INITIALIZERS.register(RandomNormal, "random_normal", "normal")
truncated_normal = INITIALIZERS.register(TruncatedNormal, "truncated_normal")
identity = INITIALIZERS.register(Identity, "identity", "IdentityInitializer")
orthogonal = INITIALIZERS.register(Orthogonal, "orthogonal", "OrthogonalInitializer")
INITIALIZERS.register(VarianceScaling, "variance_scaling")
INITIALIZERS.register(lecun_uniform, "LecunUniform")
INITIALIZERS.register(lecun_normal, "LecunNormal")
INITIALIZERS.register(glorot_uniform, "GlorotUniform")
INITIALIZERS.register(glorot_normal, "GlorotNormal")
INITIALIZERS.register(he_uniform, "HeUniform")
INITIALIZERS.register(he_normal, "HeNormal")


def serialize(initializer: Any) -> Any:
    """Return an initializer as files hold it."""
    return INITIALIZERS.serialize(initializer)


def deserialize(config: Any, custom_objects: CustomObjects = None) -> Any:
    """Make the initializer that a name or configuration describes.

    Raises:
        ValueError: the name is unknown, or the arguments do not fit.
    """
    arguments = config.get("config") if isinstance(config, Mapping) else None
    if isinstance(arguments, Mapping) and "dtype" in arguments:  # written by tf.keras 1.x
        kept = {key: value for key, value in arguments.items() if key != "dtype"}
        config = {**config, "config": kept}
    return INITIALIZERS.deserialize(config, custom_objects)


def get(identifier: Any) -> Callable[..., Any]:
    """Return the initializer that a name, configuration, class or function stands for.

    Raises:
        ValueError: the name is unknown, or it is nothing of the kind.

    Example:
        >>> get("he_normal").get_config()
        {'scale': 2.0, 'mode': 'fan_in', 'distribution': 'normal', 'seed': None}
    """
    if isinstance(identifier, Mapping):
        identifier = deserialize(identifier)
    initializer: Callable[..., Any] = INITIALIZERS.get(identifier)
    return initializer


__all__ = [
    "INITIALIZERS",
    "Constant",
    "Identity",
    "Initializer",
    "Ones",
    "Orthogonal",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "constant",
    "deferred",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "one",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "uniform",
    "zero",
    "zeros",
]
