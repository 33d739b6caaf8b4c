"""What processes tell each other, by MPI."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from types import TracebackType
from typing import Any

import numpy as np

from konnx.function import Function
from konnx.training.exchanged import Compute, as_dtype, part_of, shares_of

Traceback = TracebackType | None

_TO_BE_SEEN = 0.3
"""Seconds for mpiexec to pass on what was printed: it may drop the rest when a job ends."""

_LAUNCHED = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")
"""Where MPICH's and Open MPI's mpiexec tell a process how many there are."""


def rank() -> int:
    """Return the number of this process, from 0."""
    return Communicator().rank


def size() -> int:
    """Return the number of processes."""
    return Communicator().size


class Communicator:
    """The processes that `mpiexec` started.

    Args:
        comm: an mpi4py communicator; default: that of all processes.

    Raises:
        ImportError: mpi4py is not installed, or finds no MPI.
        RuntimeError: `mpiexec` belongs to another MPI, so that each process finds itself alone.
    """

    def __init__(self, comm: Any = None) -> None:
        self._mpi = _mpi()
        self._comm = self._mpi.COMM_WORLD if comm is None else comm
        self.rank: int = self._comm.Get_rank()
        self.size: int = self._comm.Get_size()
        if comm is None and self.size == 1:
            self._check_started_alone()

    def _check_started_alone(self) -> None:
        started = max(int(os.environ.get(name, 1)) for name in _LAUNCHED)
        if started > 1:
            library = self._mpi.Get_library_version().partition("\n")[0].strip("\0 ")
            raise RuntimeError(
                f"mpiexec started {started} processes, but each finds itself alone: mpi4py uses "
                f"another MPI than mpiexec. Received: {library}. Take the mpiexec of that one, or "
                "set MPI4PY_LIBMPI to the library of the other."
            )

    evaluates = False  # it is often the first process alone that evaluates

    def spread(self, compute: Function, means: int) -> Compute:
        """Return what computes on this process' part of a batch, and exchanges what comes of it.

        Args:
            compute: from a batch to its values.
            means: how many of the values, the first ones, are means over the samples; the others
                are sums.
        """

        def together(arrays: Sequence[Any]) -> list[np.ndarray]:
            own = part_of(arrays, self.rank, self.size)
            samples = len(own[0])
            found = compute(own) if samples else _nothing(compute)
            share = samples / (len(arrays[0]) or 1)
            return self.sums([*shares_of(found, means, share)])

        return together

    def sums(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the sums over all processes; all arrays go as one message."""
        flat = [np.ravel(array) for array in arrays]
        message = np.concatenate(flat, dtype=np.result_type(np.float32, *flat))
        self._comm.Allreduce(self._mpi.IN_PLACE, message, op=self._mpi.SUM)
        places = np.cumsum([array.size for array in arrays])[:-1]
        return [
            as_dtype(one.reshape(array.shape), array.dtype)
            for one, array in zip(np.split(message, places), arrays, strict=True)
        ]

    def broadcast(self, value: Any) -> Any:
        """Return the value of the first process."""
        return self._comm.bcast(value)

    def end_job_on_error(self) -> None:
        """Let an error that nobody handles end all processes, which would wait for this one."""
        before = sys.excepthook

        def end(
            kind: type[BaseException], error: BaseException, trace: TracebackType | None
        ) -> None:
            before(kind, error, trace)
            sys.stdout.flush()
            sys.stderr.flush()
            time.sleep(_TO_BE_SEEN)
            self._comm.Abort(1)

        sys.excepthook = end


def _nothing(compute: Function) -> list[np.ndarray]:
    """What a process adds that got no sample."""
    shapes = [[size or 0 for size in one.shape] for one in compute.outputs]
    return [np.zeros(shape, one.dtype) for shape, one in zip(shapes, compute.outputs, strict=True)]


def _mpi() -> Any:
    try:
        return import_module("mpi4py.MPI")
    except (ImportError, RuntimeError) as error:
        raise ImportError(
            "Training in several processes needs mpi4py and an MPI: "
            'pip install "konnx[distributed]" and, where no MPI is installed, pip install mpich. '
            f"({error})"
        ) from error
