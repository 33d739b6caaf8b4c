"""Functions of arrays: outputs, updates, seeds, names."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.function import Function, chain_updates, name_tensors, state_of
from konnx.graph import ShapeError, Tensor, Variable, placeholder

X = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)


def matrix(name: str = "x") -> Tensor:
    return placeholder(("batch", 2), name=name)


def number(value: float, name: str = "v") -> Variable:
    return Variable(np.float32(value), name=name)


def test_outputs_come_in_order() -> None:
    x, y = matrix("x"), matrix("y")
    total, difference = Function([x, y], [x + y, x - y])([X, 2 * X])
    np.testing.assert_array_equal(total, 3 * X)
    np.testing.assert_array_equal(difference, -X)


def test_an_input_can_be_an_output_and_an_output_can_occur_twice() -> None:
    x = matrix()
    double = x * 2.0
    same, first, second = Function([x], [x, double, double])([X])
    np.testing.assert_array_equal(same, X)
    np.testing.assert_array_equal(first, second)


def test_a_function_without_outputs_updates_all_the_same() -> None:
    count = number(1.0)
    assert Function([], [], [(count, count + 1.0)])([]) == []
    assert count.numpy() == 2.0


def test_all_new_values_come_from_the_old_ones() -> None:
    a, b = number(1.0, "a"), number(10.0, "b")
    swap = Function([], [a + b], [(a, b + 0.0), (b, a + 0.0)])
    assert swap([])[0] == 11.0
    assert (a.numpy(), b.numpy()) == (10.0, 1.0)
    swap([])
    assert (a.numpy(), b.numpy()) == (1.0, 10.0)


def test_several_updates_of_a_variable_follow_each_other() -> None:
    count = number(1.0)
    step = Function([], [count * 1.0], [(count, count + 2.0), (count, count * 10.0)])
    assert step([])[0] == 1.0
    assert count.numpy() == 30.0


def test_an_assigned_value_is_used_in_the_next_call() -> None:
    x, scale = matrix(), number(2.0)
    apply = Function([x], [x * scale])
    apply([X])
    scale.assign(5.0)
    np.testing.assert_array_equal(apply([X])[0], 5 * X)


def test_two_functions_share_a_variable() -> None:
    count = number(0.0)
    one, ten = (Function([], [], [(count, count + step)]) for step in (1.0, 10.0))
    one([]), ten([]), one([])
    assert count.numpy() == 12.0


@pytest.mark.parametrize(("training", "expected"), [(True, 2 * X), (False, X)])
def test_training_takes_its_side_of_a_phase(training: bool, expected: np.ndarray) -> None:
    x = matrix()
    output = ops.in_train_phase(x * 2.0, x * 1.0)
    np.testing.assert_array_equal(Function([x], [output], training=training)([X])[0], expected)


def noisy() -> Function:
    x = placeholder((None, 50), name="x")
    return Function([x], [x * ops.keep_mask(x, 0.5)])


def test_random_numbers_differ_between_runs_and_repeat_from_a_seed() -> None:
    draw, ones = noisy(), np.ones((2, 50))
    runs = []
    for _ in range(2):
        np.random.seed(1)  # noqa: NPY002 - the generator that rules konnx
        runs.append([draw([ones])[0], draw([ones])[0]])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0][0], runs[0][1])


def test_a_function_without_random_numbers_draws_no_seed() -> None:
    x = matrix()
    double = Function([x], [x * 2.0])
    np.random.seed(1)  # noqa: NPY002 - as above
    expected = np.random.randint(1000)  # noqa: NPY002 - as above
    np.random.seed(1)  # noqa: NPY002 - as above
    double([X])
    assert np.random.randint(1000) == expected  # noqa: NPY002 - as above


def at_once(work: Callable[[], Any], count: int = 4) -> list[Any]:
    """What several threads get that do the same at the same time."""
    start, results = threading.Barrier(count), []

    def wait_and_work() -> None:
        start.wait()
        results.append(work())

    threads = [threading.Thread(target=wait_and_work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class SlowFunction(Function):
    """Takes its time to load, so that threads meet there."""

    loaded_times = 0

    def _load(self, training: bool) -> Any:
        self.loaded_times += 1
        time.sleep(0.05)
        return super()._load(training)


def test_threads_that_call_first_at_once_load_once() -> None:
    count = number(0.0)
    function = SlowFunction([], [], [(count, count + 1.0)])
    assert at_once(lambda: function([])) == [[]] * 4
    assert function.loaded_times == 1
    assert count.numpy() == 4.0


def slow_value() -> np.ndarray:
    time.sleep(0.05)
    return np.float32(3.0)


@pytest.mark.no_runtime
def test_threads_that_ask_first_at_once_get_the_same_state() -> None:
    variable = Variable(slow_value, name="v", shape=())
    assert len({id(state) for state in at_once(lambda: state_of(variable))}) == 1


@pytest.mark.parametrize(
    ("arrays", "error", "message"),
    [
        ([], TypeError, "expected 1 values"),
        ([X, X], TypeError, "expected 1 values"),
        ([X[:, :1]], ValueError, "'x'.*2"),
        ([X.astype(str)], TypeError, "'x'"),
    ],
)
def test_what_does_not_fit_is_named_and_leaves_the_state(
    arrays: list[Any], error: type[Exception], message: str
) -> None:
    x, count = matrix(), number(0.0)
    function = Function([x], [x * 1.0], [(count, count + 1.0)])
    with pytest.raises(error, match=message):
        function(arrays)
    assert count.numpy() == 0.0
    function([X])
    assert count.numpy() == 1.0


# Without a runtime


@pytest.mark.no_runtime
def test_the_model_says_what_its_inputs_and_outputs_are() -> None:
    x, count = matrix("data"), number(0.0, "count")
    mask = ops.keep_mask(x, 0.5)
    emitted = Function([x], [x * mask], [(count, count + 1.0)], name="step").emit()
    graph = emitted.model.graph
    assert graph.name == "step"
    assert [value.name for value in graph.input] == ["data", "seed", "count"]
    assert [value.name for value in graph.output] == ["output_0", "update_0"]
    assert emitted.variables == {"count": count}


@pytest.mark.no_runtime
def test_names_are_made_unique() -> None:
    tensors = [matrix("x"), matrix("x"), matrix("seed"), matrix("output_0"), matrix("update_12")]
    expected = ["x", "x_1", "seed_1", "output_0_1", "update_12_1"]
    assert list(name_tensors(tensors)) == expected
    assert list(name_tensors(tensors).values()) == tensors


@pytest.mark.no_runtime
def test_an_input_occurs_once() -> None:
    x = matrix()
    with pytest.raises(ShapeError, match="occurs twice"):
        name_tensors([x, x])


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    "value", [lambda: matrix(), lambda: ops.cast(number(1.0), "float64"), lambda: matrix()[0]]
)
def test_an_update_keeps_dtype_and_shape(value: Any) -> None:
    with pytest.raises(ShapeError, match="Variable 'v'.*dtype and shape must stay the same"):
        chain_updates([(number(1.0), value())])


@pytest.mark.no_runtime
def test_an_input_that_is_missing_is_named() -> None:
    with pytest.raises(ShapeError, match="need the input 'absent'"):
        Function([matrix("x")], [matrix("absent") * 1.0]).emit()


@pytest.mark.no_runtime
def test_the_state_of_a_variable_is_made_once_and_has_its_value() -> None:
    variable = number(3.0)
    state = state_of(variable)
    assert state is state_of(variable) is variable.storage
    variable.assign(4.0)
    assert state.numpy() == 4.0
