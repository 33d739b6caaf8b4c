"""One ONNX graph as a callable, with state that stays on the device between calls."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from konnx.runtime.arrays import Array, as_contiguous
from konnx.runtime.devices import Device, resolve_device
from konnx.runtime.messages import describe, running_error
from konnx.runtime.sessions import Port, input_ports, make_session, optional_ports, output_ports
from konnx.runtime.state import OrtValue, State

if TYPE_CHECKING:
    from onnx import ModelProto

_NO_STATES: Mapping[str, State] = MappingProxyType({})

# Each combination of buffers has its own binding: two where one program does all the updates, more
# where several update different states. Beyond this the oldest is dropped.
_MOST_BINDINGS = 16


@dataclass(frozen=True)
class _Binding:
    """A binding of the states' buffers as they stood, which it also keeps alive."""

    io: Any
    inputs: tuple[tuple[str, OrtValue], ...]
    written: tuple[tuple[State, OrtValue], ...]


class Program:
    """A model loaded on a device: call it with the feeds, get the fetches.

    Where the model has states, each call is one step: it reads their current values, writes the
    updates into their spare buffers and makes these current, all on the device. A call that raises
    leaves every state as it was. Calls from several threads are safe; those that share a state wait
    for each other.

    Arguments:
        model: an ONNX model, its serialized bytes, or the path of a file.
        feeds: graph inputs that each call gives, in order.
        fetches: graph outputs that each call returns, in order.
        states: graph input name → state that it reads.
        updates: graph output name → state that receives it.
        device: a Device, or a name as for `resolve_device`.
        threads: CPU threads within one op; None: as many as the environment variable KONNX_THREADS
            says, or else ONNX Runtime chooses.

    Raises:
        ExecutionError: ONNX Runtime refuses the model; names the node and its op.
        ValueError: a name is not in the graph, an input is given twice or not at all, or a state's
            shape or dtype differs from what the graph declares.
        DeviceError: the device cannot be used.

    Example:
        >>> from onnx import parser
        >>> model = parser.parse_model('''
        ...     <ir_version: 8, opset_import: ["" : 18]>
        ...     count (float step, float total) => (float next) { next = Add(total, step) }
        ... ''')
        >>> total = State(np.float32(1))
        >>> count = Program(
        ...     model, feeds=["step"], fetches=["next"], device="cpu",
        ...     states={"total": total}, updates={"next": total},
        ... )
        >>> float(count(2.0)[0]), float(count(2.0)[0]), float(total.numpy())
        (3.0, 5.0, 5.0)
    """

    def __init__(
        self,
        model: ModelProto | bytes | str | os.PathLike[str],
        *,
        feeds: Sequence[str],
        fetches: Sequence[str],
        states: Mapping[str, State] = _NO_STATES,
        updates: Mapping[str, State] = _NO_STATES,
        device: str | Device | None = None,
        threads: int | None = None,
    ) -> None:
        self._device = resolve_device(device)
        self._session = make_session(model, self._device, threads)
        inputs = input_ports(self._session)
        optional, outputs = optional_ports(self._session), output_ports(self._session)
        _check_inputs(inputs, optional, feeds, states)
        _check_outputs(inputs, outputs, fetches, updates)
        _check_states("input", inputs | optional, states)
        _check_states("output", outputs, updates)
        self._feeds = tuple((inputs | optional)[name] for name in feeds)
        self._fetches = tuple(fetches)
        self._states, self._updates = dict(states), dict(updates)
        # ONNX Runtime hands out the caller's own memory where an output is an input, unchanged.
        self._passed_through = frozenset(fetches) & inputs.keys()
        self._all_states = sorted(
            set(states.values()) | set(updates.values()), key=lambda state: state.ordinal
        )
        self._free_fetches = tuple(dict.fromkeys(n for n in self._fetches if n not in updates))
        self._bindings: dict[tuple[int, ...], _Binding] = {}
        self._takes_texts = any(port.dtype == np.object_ for port in self._feeds)

    @property
    def device(self) -> Device:
        """The device that computes."""
        return self._device

    @property
    def providers(self) -> tuple[str, ...]:
        """The execution providers that ONNX Runtime started, in order of preference."""
        return tuple(self._session.get_providers())

    def __call__(self, *arrays: object) -> list[Array]:
        """Run one step.

        Arguments:
            arrays: one value for each feed. Contiguous arrays of the right dtype are read in
                place; others are converted, within the same kind of dtype or from integer to float.

        Returns:
            One array for each fetch, which the caller owns.

        Raises:
            TypeError: the number of values is wrong, or a dtype is of the wrong kind.
            ValueError: a value's shape is not what the graph declares.
            ExecutionError: ONNX Runtime failed; names the node, and what was fed.
        """
        feeds = self._convert(arrays)
        try:
            if self._all_states:
                with _held(self._all_states):
                    return self._step_on_host(feeds) if self._takes_texts else self._step(feeds)
            return self._run(feeds)
        except Exception as error:  # ONNX Runtime's exceptions share no base class but this one
            self._check_shapes(feeds, error)
            named = [(port.name, value) for port, value in zip(self._feeds, feeds, strict=True)]
            raise running_error(error, self._device, named) from error

    def _convert(self, arrays: tuple[object, ...]) -> list[Any]:
        if len(arrays) != len(self._feeds):
            names = ", ".join(port.name for port in self._feeds)
            raise TypeError(
                f"`Program`: expected {len(self._feeds)} values ({names or 'none'}). "
                f"Received: {len(arrays)}."
            )
        return [
            value if port.dtype is None else as_contiguous(value, port.dtype, f"feed {port.name!r}")
            for port, value in zip(self._feeds, arrays, strict=True)
        ]

    def _check_shapes(self, feeds: list[Any], cause: Exception) -> None:
        for port, value in zip(self._feeds, feeds, strict=True):
            if isinstance(value, np.ndarray) and not port.accepts(value.shape):
                raise ValueError(
                    f"feed {port.name!r}: expected {port}. Received: {describe(value)}."
                ) from cause

    def _run(self, feeds: list[Any]) -> list[Array]:
        """Run without states, which needs no binding and so no lock."""
        if not self._fetches:
            return []
        given = {port.name: value for port, value in zip(self._feeds, feeds, strict=True)}
        results = self._session.run(self._fetches, given)
        if not self._passed_through:
            return list(results)
        return [
            np.array(result) if name in self._passed_through else result
            for name, result in zip(self._fetches, results, strict=True)
        ]

    def _step(self, feeds: list[Any]) -> list[Array]:
        binding = self._current_binding()
        io = binding.io
        for port, value in zip(self._feeds, feeds, strict=True):
            io.bind_cpu_input(port.name, value)
        # A fetch bound anew gets fresh memory: arrays handed out earlier keep their values, and a
        # batch of another size is free to have another shape.
        for name in self._free_fetches:
            io.bind_output(name, "cpu")
        if self._device.kind == "cpu":
            self._session.run_with_iobinding(io)
        else:
            self._run_on_gpu(binding)
        results = self._results(binding)
        _commit(binding.written)
        return results

    def _step_on_host(self, feeds: list[Any]) -> list[Array]:
        """Step by way of host arrays, as ONNX Runtime binds no texts."""
        given = {port.name: value for port, value in zip(self._feeds, feeds, strict=True)}
        for name, state in self._states.items():
            given[name] = state.current(self._device).numpy()
        names = [*dict.fromkeys([*self._fetches, *self._updates])]
        results = dict(zip(names, self._session.run(names, given), strict=True))
        written = tuple((state, state.spare(self._device)) for state in self._updates.values())
        for name, (_, value) in zip(self._updates, written, strict=True):
            value.update_inplace(np.ascontiguousarray(results[name]))
        _commit(written)
        return [np.array(results[name]) for name in self._fetches]

    def _run_on_gpu(self, binding: _Binding) -> None:
        # Where a kernel wants an input on the CPU, binding copies the value it has at that moment,
        # so that a binding from an earlier step would bring an old value back.
        for name, value in binding.inputs:
            binding.io.bind_ortvalue_input(name, value)
        binding.io.synchronize_inputs()
        self._session.run_with_iobinding(binding.io)
        binding.io.synchronize_outputs()

    def _current_binding(self) -> _Binding:
        key = tuple([id(state.current(self._device)) for state in self._all_states])
        found = self._bindings.get(key)
        if found is None:
            found = self._bindings[key] = self._bind()
            if len(self._bindings) > _MOST_BINDINGS:
                del self._bindings[next(iter(self._bindings))]
        return found

    def _bind(self) -> _Binding:
        io, device = self._session.io_binding(), self._device
        for name in self._free_fetches:  # first, so that they are the binding's first outputs
            io.bind_output(name, "cpu")
        inputs = tuple((name, state.current(device)) for name, state in self._states.items())
        for name, value in inputs:
            io.bind_ortvalue_input(name, value)
        for name, state in self._updates.items():
            io.bind_ortvalue_output(name, state.spare(device))
        written = tuple((state, state.spare(device)) for state in self._updates.values())
        return _Binding(io, inputs, written)

    def _results(self, binding: _Binding) -> list[Array]:
        if not self._fetches:
            return []
        # Only the fetches are looked at: to wrap every update took longer than many a step.
        outputs = binding.io.get_outputs_as_ortvaluevector()
        return [self._result(name, outputs, binding) for name in self._fetches]

    def _result(self, name: str, outputs: Any, binding: _Binding) -> Array:
        if name in self._updates:
            # The state's own buffer, which a later step will write again.
            written = next(
                value for state, value in binding.written if state is self._updates[name]
            )
            return np.array(written.numpy())
        result: Array = outputs[self._free_fetches.index(name)].numpy()
        return np.array(result) if name in self._passed_through else result


@contextlib.contextmanager
def _held(states: Sequence[State]) -> Iterator[None]:
    """Hold the locks of all `states`, which are in the order of their ordinals."""
    taken = []
    try:
        for state in states:
            state.lock.acquire()
            taken.append(state.lock)
        yield
    finally:
        for lock in taken:
            lock.release()


def _commit(written: tuple[tuple[State, OrtValue], ...]) -> None:
    try:
        for state, value in written:
            state.commit(value)
    except BaseException:
        # Ctrl-C between two commits would leave half of the weights one step ahead.
        for state, value in written:
            state.commit(value)
        raise


def _check_inputs(
    required: Mapping[str, Port],
    optional: Mapping[str, Port],
    feeds: Sequence[str],
    states: Mapping[str, State],
) -> None:
    given = [*feeds, *states]
    known = [*required, *optional]
    for name in given:
        if name not in known:
            raise ValueError(f"`Program`: the graph has no input {name!r}. It has: {known}.")
        if given.count(name) > 1:
            raise ValueError(f"`Program`: input {name!r} is given twice, by `feeds` or `states`.")
    missing = [name for name in required if name not in given]
    if missing:
        raise ValueError(f"`Program`: inputs {missing} need a value from `feeds` or `states`.")


def _check_outputs(
    inputs: Mapping[str, Port],
    outputs: Mapping[str, Port],
    fetches: Sequence[str],
    updates: Mapping[str, State],
) -> None:
    for name in [*fetches, *updates]:
        if name not in outputs:
            raise ValueError(f"`Program`: the graph has no output {name!r}. It has: {[*outputs]}.")
    for name in updates:
        # ONNX Runtime leaves the bound buffer unwritten there.
        if name in inputs:
            raise ValueError(
                f"`Program`: update {name!r} is an input of the graph. Pass it through Identity."
            )
    if len(set(updates.values())) < len(updates):
        raise ValueError(f"`Program`: two of the updates {[*updates]} write to the same state.")


def _check_states(direction: str, ports: Mapping[str, Port], states: Mapping[str, State]) -> None:
    for name, state in states.items():
        port = ports[name]
        if port.dtype != state.dtype or not port.accepts(state.shape):
            raise ValueError(
                f"`Program`: {direction} {name!r} is {port} in the graph. "
                f"Received: a state of {state.dtype} {state.shape}."
            )
