from __future__ import annotations

import gc

import numpy as np
import pytest

from konnx.runtime import State, resolve_device

VALUES = [
    np.float32(3),
    np.zeros((0, 3), np.float32),
    np.arange(6, dtype=np.float32).reshape(2, 3).T,
    np.array([True, False]),
    np.arange(4, dtype=np.float16),
    np.arange(3, dtype=np.int64),
    np.arange(3, dtype=">i4"),
]
IDS = ["scalar", "empty", "transposed", "bool", "float16", "int64", "big-endian"]


@pytest.mark.no_runtime
@pytest.mark.parametrize("value", VALUES, ids=IDS)
def test_a_state_holds_a_copy_of_its_value(value: np.ndarray) -> None:
    state = State(value)
    assert state.shape == value.shape
    assert state.dtype == value.dtype.newbyteorder("=")
    assert state.version == 0
    read = state.numpy()
    np.testing.assert_array_equal(read, value)
    read[...] = 1
    np.testing.assert_array_equal(state.numpy(), value)


@pytest.mark.parametrize("value", VALUES, ids=IDS)
def test_a_value_survives_on_the_device(value: np.ndarray) -> None:
    cpu, state = resolve_device("cpu"), State(value)
    buffer = state.current(cpu)
    assert buffer.shape() == list(value.shape)
    assert state.current(cpu) is buffer
    np.testing.assert_array_equal(state.numpy(), value)
    state.assign(np.ones_like(value))
    np.testing.assert_array_equal(state.numpy(), np.ones_like(value))


@pytest.mark.parametrize("on_device", [False, True])
def test_assigning_neither_aliases_nor_touches_the_users_array(on_device: bool) -> None:
    state = State(np.zeros(3, np.float32))
    if on_device:
        state.current(resolve_device("cpu"))
    given = np.ones(3, np.float32)
    state.assign(given)
    given[:] = 7
    np.testing.assert_array_equal(state.numpy(), np.ones(3))
    assert state.version == 1


def test_device_memory_outlives_the_users_array() -> None:
    given = np.full(100_000, 3, np.float32)
    state = State(given)
    state.current(resolve_device("cpu"))
    del given
    gc.collect()
    np.zeros(100_000, np.float32)
    np.testing.assert_array_equal(state.numpy(), np.full(100_000, 3))


def test_a_copy_read_from_the_device_does_not_follow_later_writes() -> None:
    state = State(np.zeros(3, np.float32))
    state.current(resolve_device("cpu"))
    before = state.numpy()
    state.assign(np.ones(3))
    np.testing.assert_array_equal(before, np.zeros(3))


def test_committing_the_spare_buffer_exchanges_the_two() -> None:
    cpu, state = resolve_device("cpu"), State(np.zeros(3, np.float32))
    current, spare = state.current(cpu), state.spare(cpu)
    assert spare is not current
    spare.update_inplace(np.ones(3, np.float32))
    state.commit(spare)
    state.commit(spare)
    assert state.current(cpu) is spare
    assert state.spare(cpu) is current
    assert state.version == 1
    np.testing.assert_array_equal(state.numpy(), np.ones(3))


@pytest.mark.no_runtime
@pytest.mark.parametrize("value", [np.ones((3, 1)), np.ones(4), 1.0])
def test_assigning_another_shape_is_refused(value: object) -> None:
    state = State(np.zeros(3, np.float32))
    with pytest.raises(ValueError, match=r"expected an array of shape \(3,\). Received: shape="):
        state.assign(value)
    assert state.version == 0


@pytest.mark.no_runtime
def test_assigning_another_kind_of_dtype_is_refused() -> None:
    state = State(np.zeros(3, np.int64))
    with pytest.raises(TypeError, match=r"`State.assign`: expected int64. Received: float64"):
        state.assign(np.ones(3))
    state.assign(np.ones(3, np.int32))
    assert state.numpy().dtype == np.int64


@pytest.mark.no_runtime
@pytest.mark.parametrize("value", ["text", 1j, None, np.datetime64("2020-01-01")])
def test_values_that_onnx_runtime_cannot_hold_are_refused(value: object) -> None:
    with pytest.raises(TypeError, match="expected booleans, integers or floats"):
        State(value)


@pytest.mark.no_runtime
def test_the_representation_tells_shape_dtype_and_place() -> None:
    assert repr(State(np.zeros((2, 3), np.float32))) == (
        "State(shape=(2, 3), dtype=float32, on='host')"
    )
