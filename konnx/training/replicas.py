"""Devices of one machine that share each batch of a model."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from konnx import ops, runtime
from konnx.function import Function
from konnx.graph import Tensor, Variable, placeholder, substitute
from konnx.training.exchanged import Compute, as_dtype, part_of, shares_of
from konnx.training.predictor import Predictor, Version, variables_of
from konnx.utils.random import next_run_seed


class Replicas:
    """Devices that each compute on a part of every batch, with copies of the weights.

    Steps are taken on the default device. If that is one of the devices, it computes on the model's
    own variables; the others' copies are brought up to date when they are next used.

    Args:
        devices: "cpu", "cuda:0", …; one that is named again computes on copies of its own.
        threads: CPU threads of each; None lets ONNX Runtime choose.
    """

    evaluates = True

    def __init__(self, devices: Sequence[str], threads: int | None = None) -> None:
        self.devices = list(devices)
        home = str(runtime.resolve_device())
        own = self.devices.index(home) if home in devices else None
        self._replicas = [
            _Replica(device, threads, copies=number != own) for number, device in enumerate(devices)
        ]
        self._pool = ThreadPoolExecutor(len(devices), thread_name_prefix="konnx-replica")

    def spread(self, compute: Function, means: int) -> Compute:
        """Return what computes a batch in parts and puts the results together; see `Exchange`."""
        functions = [one.function(compute) for one in self._replicas]

        def together(arrays: Sequence[Any]) -> list[np.ndarray]:
            sizes, found = self._computed(functions, arrays)
            total = sum(sizes) or 1
            shares = [
                shares_of(one, means, size / total) for size, one in zip(sizes, found, strict=True)
            ]
            return [
                as_dtype(sum(of_one[1:], of_one[0]), like.dtype)
                for of_one, like in zip(zip(*shares, strict=True), found[0], strict=True)
            ]

        return together

    def predictor(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Compute:
        """Return what computes the outputs for a batch in parts."""
        predictors = [one.predictor(inputs, outputs) for one in self._replicas]

        def together(arrays: Sequence[Any]) -> list[np.ndarray]:
            _, found = self._computed(predictors, arrays)
            return [np.concatenate(of_one) for of_one in zip(*found, strict=True)]

        return together

    def _computed(
        self, functions: Sequence[Compute], arrays: Sequence[Any]
    ) -> tuple[list[int], list[list[np.ndarray]]]:
        """How many samples each part of a batch has, and what a function gives for it."""
        count = min(len(functions), len(arrays[0])) or 1
        parts = [part_of(arrays, number, count) for number in range(count)]
        # Seeds are drawn here, as it is chance which of the threads comes first.
        fed = [[*part, next_run_seed()] for part in parts]
        found = self._pool.map(lambda one, given: one(given), functions, fed)
        return [len(part[0]) for part in parts], list(found)


class _Replica:
    """A device, and its copies of variables."""

    def __init__(self, device: str, threads: int | None, *, copies: bool) -> None:
        self._how: dict[str, Any] = {"device": device, "threads": threads}
        self._has_copies = copies
        self._copies: dict[Variable, Variable] = {}
        self._versions: dict[Variable, Version] = {}

    def function(self, function: Function) -> Compute:
        """Return a function on this device; it takes a seed, too."""
        (inputs, outputs) = self._placed(function.inputs, function.outputs)
        return self._on_new_values(
            Function(inputs, outputs, training=function.training, name=function.name, **self._how)
        )

    def predictor(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Compute:
        """Return a predictor on this device; it takes a seed, too."""
        return self._on_new_values(Predictor(*self._placed(inputs, outputs), **self._how))

    def _placed(
        self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return a function's inputs and outputs with this device's variables and a seed."""
        seed = placeholder((), "int64", "replica_seed")
        replaced: dict[Tensor, Tensor] = {ops.SEED: seed}
        if self._has_copies:
            replaced |= {one: self._copy(one) for one in variables_of(outputs)}
        return [*inputs, seed], substitute(outputs, replaced)

    def _copy(self, variable: Variable) -> Variable:
        if variable not in self._copies:
            self._copies[variable] = Variable(
                variable.numpy, variable.dtype, variable.name, shape=variable.shape
            )
        return self._copies[variable]

    def _on_new_values(self, compute: Compute) -> Compute:
        def computed(arrays: Sequence[Any]) -> list[np.ndarray]:
            self._refresh()
            return compute(arrays)

        return computed

    def _refresh(self) -> None:
        for variable, copy in self._copies.items():
            version = (variable.storage, variable.storage.version)
            if self._versions.get(variable) != version:
                copy.assign(variable.numpy())
                self._versions[variable] = version
