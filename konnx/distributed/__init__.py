"""Training in several processes, on one machine or many, by MPI.

    mpiexec -n 4 python train.py

Each process runs the same program. `distribute` gives all of them the same weights; then each takes
its part of every batch, and the gradients are averaged, so that a step is what one process would do
on the whole batch. It needs the extra `distributed` and an MPI, such as MPICH or Open MPI.
"""

from __future__ import annotations

from konnx.distributed.communicator import Communicator, rank, size
from konnx.distributed.replicas import distribute

__all__ = ["Communicator", "distribute", "rank", "size"]
