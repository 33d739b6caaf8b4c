"""One model on several GPUs of one machine."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence

from konnx import runtime
from konnx.graph import Tensor
from konnx.layers import Activation
from konnx.layers.spec import as_list, unpack
from konnx.models import Model
from konnx.training.replicas import Replicas
from konnx.utils.naming import free_name


def multi_gpu_model(
    model: Model,
    gpus: int | Sequence[int] | None = None,
    *,
    cpu_merge: bool = True,
    cpu_relocation: bool = False,
) -> Model:
    """Return a model that shares the work of another one, and its weights, among GPUs.

    Training, evaluation and prediction split each batch into as many parts as there are GPUs. Each
    GPU has a session and a copy of the weights of its own; gradients are averaged, and one update
    of the weights follows. What comes out is what one GPU gives for the whole batch, but for what
    layers draw at random or compute over their part of the batch (batch normalization), and for
    sample weights and masks that leave some parts fewer samples than others.

    A machine without any GPU computes on as many sessions of the CPU, with a warning: it is good
    for trying out a program, and no faster.

    Save the model that was given, which has the same weights: it needs no GPUs when it is loaded.

    Args:
        model: it is left as it is, and need not be compiled.
        gpus: how many, 2 or more; or the numbers of those to use; default: all of the machine.
        cpu_merge: of Keras 2.2, for its scripts; the parts of a batch are always put together in
            the computer's memory.
        cpu_relocation: of Keras 2.2, for its scripts; weights are always on the default device.

    Returns:
        A model with the inputs and outputs of `model`, which is its last layer but those that name
        the outputs. Compile it, and use it as any other.

    Raises:
        ValueError: there are not as many GPUs, or fewer than two are asked for; or the model is
            stateful.

    Example:
        >>> import numpy as np
        >>> from konnx.layers import Dense
        >>> from konnx.models import Sequential
        >>> model = Sequential([Dense(1, input_shape=(3,))])
        >>> with warnings.catch_warnings():  # that there is no GPU
        ...     warnings.simplefilter("ignore")
        ...     parallel = multi_gpu_model(model, gpus=2)
        >>> parallel.compile("sgd", "mse")
        >>> _ = parallel.fit(np.ones((8, 3)), np.ones((8, 1)), verbose=0)
        >>> bool(np.all(parallel.predict(np.ones((8, 3))) == model.predict(np.ones((8, 3)))))
        True
    """
    model.check_built("be replicated")
    devices = _devices(gpus)
    parallel = Model(model.inputs, _named_outputs(model))
    is_cpu = devices[0] == "cpu"
    threads = max(1, (os.cpu_count() or 1) // len(devices)) if is_cpu else None
    parallel.replicate(Replicas(devices, threads))
    return parallel


def _named_outputs(model: Model) -> list[Tensor]:
    """Call a model on its own inputs; the outputs get the names that they have in it."""
    called = as_list(model(unpack(model.inputs)))
    named: list[Tensor] = []
    taken = {model.name, *model.input_names}
    for name, output in zip(model.output_names, called, strict=True):
        free = free_name(name, taken.__contains__)
        taken.add(free)
        named.append(Activation("linear", name=free)(output))
    return named


def _devices(gpus: int | Sequence[int] | None) -> list[str]:
    usable = runtime.count_gpus()
    wanted = _wanted(usable if gpus is None else gpus)
    if not usable:
        warnings.warn(
            f"This machine has no GPU that ONNX Runtime can use: {len(wanted)} sessions on the CPU "
            "stand in for them, which is no faster than one. `konnx doctor` says what is missing.",
            UserWarning,
            stacklevel=4,
        )
        return ["cpu"] * len(wanted)
    if max(wanted) >= usable:
        raise ValueError(
            f"`multi_gpu_model`: GPUs {wanted} were asked for, and this machine has "
            f"{'one, GPU 0' if usable == 1 else f'{usable}, GPUs 0 to {usable - 1}'}. "
            f"Received: gpus={gpus!r}"
        )
    return [f"cuda:{number}" for number in wanted]


def _wanted(gpus: int | Sequence[int]) -> list[int]:
    """Return the numbers of GPUs, at least two."""
    numbers = list(range(gpus)) if isinstance(gpus, int) else list(gpus)
    if len(numbers) < 2 or len(set(numbers)) < len(numbers) or min(numbers) < 0:
        raise ValueError(
            "`multi_gpu_model`: `gpus` must be 2 or more, or a list of at least two numbers of "
            f"GPUs, each of them once. Received: gpus={gpus!r}"
        )
    return numbers
