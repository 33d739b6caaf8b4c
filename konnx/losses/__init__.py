"""Loss functions of (y_true, y_pred); each returns one loss for every sample (and time step)."""

from __future__ import annotations

from typing import Any

from konnx.losses.differences import (
    cosine_proximity,
    huber,
    logcosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from konnx.losses.margins import categorical_hinge, hinge, squared_hinge
from konnx.losses.probabilities import (
    binary_crossentropy,
    binary_log_likelihood,
    categorical_crossentropy,
    class_numbers,
    kullback_leibler_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from konnx.losses.targets import Loss
from konnx.utils.registry import CustomObjects, FunctionRegistry

LOSSES: FunctionRegistry[Loss] = FunctionRegistry("loss function")

mse = MSE = LOSSES.register(mean_squared_error, "mse", "MSE")
mae = MAE = LOSSES.register(mean_absolute_error, "mae", "MAE")
mape = MAPE = LOSSES.register(mean_absolute_percentage_error, "mape", "MAPE")
msle = MSLE = LOSSES.register(mean_squared_logarithmic_error, "msle", "MSLE")
LOSSES.register(squared_hinge)
LOSSES.register(hinge)
LOSSES.register(categorical_hinge)
log_cosh = LOSSES.register(logcosh, "log_cosh")  # its name in later Keras
LOSSES.register(huber)
LOSSES.register(categorical_crossentropy)
LOSSES.register(sparse_categorical_crossentropy)
LOSSES.register(binary_crossentropy)
kld = KLD = LOSSES.register(kullback_leibler_divergence, "kld", "KLD", "kl_divergence")
kl_divergence = kld  # its name in later Keras
LOSSES.register(poisson)
cosine = LOSSES.register(cosine_proximity, "cosine")


def serialize(loss: Loss) -> Any:
    """Return the name of a loss function, as files hold it."""
    return LOSSES.serialize(loss)


def deserialize(name: Any, custom_objects: CustomObjects = None) -> Loss:
    """Return the loss function of a name.

    Raises:
        ValueError: there is none of that name.
    """
    loss: Loss = LOSSES.deserialize(name, custom_objects)
    return loss


def get(identifier: Any) -> Loss | None:
    """Return the loss function that a name or a function stands for; None: none.

    Raises:
        ValueError: the name is unknown, or it is neither.

    Example:
        >>> get("mse").__name__
        'mean_squared_error'
    """
    return None if identifier is None else LOSSES.get(identifier)


__all__ = [
    "KLD",
    "LOSSES",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "Loss",
    "binary_crossentropy",
    "binary_log_likelihood",
    "categorical_crossentropy",
    "categorical_hinge",
    "class_numbers",
    "cosine",
    "cosine_proximity",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]
