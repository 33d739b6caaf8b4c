"""One model in several processes."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from konnx.distributed.communicator import Communicator
from konnx.models import Model
from konnx.utils.random import draw_seed

M = TypeVar("M", bound=Model)


def distribute(model: M, communicator: Communicator | None = None) -> M:
    """Let the processes train a model together; all of them call this after `compile`.

    Weights, the optimizer's state and NumPy's random seed become those of the first process. From
    then on `fit`, `fit_generator` and `train_on_batch` take the same batches in each process, and
    each computes on its part of them. Losses, metrics and weights are the same everywhere: it is
    enough if the first process (`rank() == 0`) prints and saves. Compiling ends it.

    A step is that of one process on the whole batch, but for what a layer draws at random or
    computes over its part of the batch (batch normalization), and for sample weights and masks that
    leave some parts fewer samples than others.

    Args:
        model: a compiled model; every process has built the same one.
        communicator: the processes; default: all that `mpiexec` started.

    Returns:
        The model.

    Raises:
        ImportError: mpi4py is not installed, or finds no MPI.
        RuntimeError: the model is not compiled, or `mpiexec` belongs to another MPI than mpi4py.
        ValueError: the model is stateful: it carries states of the samples of whole batches; or
            it is one of `multi_gpu_model`.
    """
    model.check_built("be distributed")
    model.check_stateless("a part of a batch")
    if model.replicas is not None:
        raise ValueError(
            f"Model '{model.name}' has replicas on {', '.join(model.replicas.devices)} in each "
            "process. Distribute the model that `multi_gpu_model` was given, and start a process "
            "for each device."
        )
    together = communicator or Communicator()
    compiled = model.compiled
    compiled.make_optimizer_state()
    model.set_weights(together.broadcast(model.get_weights()))
    compiled.optimizer.set_weights(together.broadcast(compiled.optimizer.get_weights()))
    np.random.seed(together.broadcast(draw_seed()))  # noqa: NPY002 - what fit draws from
    compiled.exchange = together
    if together.size > 1:
        together.end_job_on_error()
    return model
