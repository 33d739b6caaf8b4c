"""Training in several processes, by MPI, or on several GPUs of one process.

    mpiexec -n 4 python train.py

Each process runs the same program. `distribute` gives all of them the same weights; then each takes
its part of every batch, and the gradients are averaged, so that a step is what one process would do
on the whole batch. It needs the extra `distributed` and an MPI, such as MPICH or Open MPI.

`multi_gpu_model` does the same in one process, and needs neither.
"""

from __future__ import annotations

from konnx.distributed.communicator import Communicator, rank, size
from konnx.distributed.multi_gpu import multi_gpu_model
from konnx.distributed.processes import distribute

__all__ = ["Communicator", "distribute", "multi_gpu_model", "rank", "size"]
