from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, parser

from konnx.runtime import Device, ExecutionError, Program, State

HEADER = '<ir_version: 8, opset_import: ["" : 18]>\n'
LEARNING_RATE = 0.1


def model(text: str) -> ModelProto:
    return parser.parse_model(HEADER + text)


def program(text: str, **arguments: Any) -> Program:
    return Program(model(text), device="cpu", threads=1, **arguments)


TRAINING = """
    train (float[batch] x, float[batch] t, float lr, float w) => (float loss, float w_new) {
        y = Mul(x, w)
        error = Sub(y, t)
        square = Mul(error, error)
        loss = ReduceMean <keepdims=0> (square)
        product = Mul(error, x)
        mean = ReduceMean <keepdims=0> (product)
        two = Constant <value = float {2.0}> ()
        gradient = Mul(mean, two)
        step = Mul(gradient, lr)
        w_new = Sub(w, step)
    }
"""
DOUBLE = "double (float[n] x) => (float[n] y) { y = Add(x, x) }"
COUNT = "count (float[n] x, float[n] w) => (float[n] y) { [dense_add] y = Add(w, x) }"


def training_program(weight: State) -> Program:
    return program(
        TRAINING,
        feeds=["x", "t", "lr"],
        fetches=["loss"],
        states={"w": weight},
        updates={"w_new": weight},
    )


def count_program(total: State) -> Program:
    return program(COUNT, feeds=["x"], fetches=["y"], states={"w": total}, updates={"y": total})


def test_fifty_training_steps_agree_with_numpy() -> None:
    random = np.random.default_rng(0)
    weight, expected = State(np.float32(0)), np.float32(0)
    train = training_program(weight)
    for step in range(50):
        x = random.normal(size=4 + step % 3).astype(np.float32)
        error = x * expected - 3 * x
        loss = train(x, 3 * x, LEARNING_RATE)[0]
        np.testing.assert_allclose(loss, np.mean(error**2), rtol=1e-4, atol=1e-9)
        expected = expected - LEARNING_RATE * 2 * np.mean(error * x)
        np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-5)
    assert weight.version == 50
    assert abs(weight.numpy() - 3) < 0.1


def test_a_state_tells_its_value_before_the_last_step() -> None:
    total = State(np.ones(2, np.float32))
    count = count_program(total)
    assert total.previous().tolist() == [1, 1]
    count(np.full(2, 2.0))
    count(np.full(2, 2.0))
    assert (total.previous().tolist(), total.numpy().tolist()) == ([3, 3], [5, 5])
    total.assign(np.full(2, 7.0))
    assert total.previous().tolist() == [7, 7]


def test_batches_of_changing_size_give_their_own_results() -> None:
    total = State(np.float32(1))
    text = "g (float[n] x, float w) => (float[n] y, float z) { y = Mul(x, w) \n z = Add(w, w) }"
    run = program(text, feeds=["x"], fetches=["y"], states={"w": total}, updates={"z": total})
    for step, size in enumerate([4, 4, 3, 1, 0, 4]):
        np.testing.assert_array_equal(run(np.ones(size))[0], np.full(size, 2.0**step))


def test_fetched_arrays_keep_their_values_in_later_steps() -> None:
    text = "g (float[n] x, float w) => (float[n] y, float z) { y = Mul(x, w) \n z = Add(w, w) }"
    total = State(np.float32(1))
    run = program(text, feeds=["x"], fetches=["y"], states={"w": total}, updates={"z": total})
    kept = [run(np.ones(1000))[0] for _ in range(20)]
    del run
    for step, array in enumerate(kept):
        np.testing.assert_array_equal(array, np.full(1000, 2.0**step))


def test_a_fetched_update_is_a_copy_of_the_new_value() -> None:
    total = State(np.zeros(3, np.float32))
    count = count_program(total)
    first, second = count(np.ones(3))[0], count(np.ones(3))[0]
    second += 100
    np.testing.assert_array_equal(first, np.ones(3))
    np.testing.assert_array_equal(total.numpy(), np.full(3, 2.0))


def test_a_failing_run_leaves_states_unchanged_and_the_program_usable() -> None:
    total = State(np.array([1, 2, 3], np.float32))
    count = count_program(total)
    count(np.ones(3))
    with pytest.raises(ExecutionError, match=r"`Add` node 'dense_add'.*x=float32 \(2,\)"):
        count(np.ones(2))
    assert total.version == 1
    np.testing.assert_array_equal(total.numpy(), [2, 3, 4])
    np.testing.assert_array_equal(count(np.ones(3))[0], [3, 4, 5])


def test_an_interrupt_between_commits_leaves_all_states_at_the_same_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    states = [State(np.float32(0)), State(np.float32(0)), State(np.float32(0))]
    text = """g (float a, float b, float c) => (float d, float e, float f) {
        one = Constant <value = float {1.0}> ()
        d = Add(a, one) \n e = Add(b, one) \n f = Add(c, one) }"""
    run = program(
        text,
        feeds=[],
        fetches=[],
        states=dict(zip("abc", states, strict=True)),
        updates=dict(zip("def", states, strict=True)),
    )
    commit, calls = State.commit, []

    def interrupted(state: State, written: object) -> None:
        calls.append(state)
        if len(calls) == 2:
            raise KeyboardInterrupt
        commit(state, written)

    monkeypatch.setattr(State, "commit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert [float(state.numpy()) for state in states] == [1, 1, 1]
    assert [state.version for state in states] == [1, 1, 1]


def test_the_steps_of_a_gpu_rebind_what_the_states_hold_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    total = State(np.zeros(3, np.float32))
    count = count_program(total)
    rebound = []
    run_on_gpu = Program._run_on_gpu

    def spied(run: Program, binding: Any) -> None:
        rebound.extend(value for _, value in binding.inputs)
        run_on_gpu(run, binding)

    # Memory and kernels stay the CPU's; only the way through Program is that of a GPU.
    on_cpu = State._allocate
    monkeypatch.setattr(State, "_allocate", lambda state, _: on_cpu(state, Device("cpu")))
    monkeypatch.setattr(Program, "_run_on_gpu", spied)
    monkeypatch.setattr(count, "_device", Device("cuda", 0))
    for step in range(1, 5):
        current = total.current(Device("cuda", 0))
        np.testing.assert_array_equal(count(np.ones(3))[0], np.full(3, step))
        assert rebound[-1] is current


def test_a_program_without_fetches_or_states_returns_nothing() -> None:
    assert program(DOUBLE, feeds=["x"], fetches=[])([1]) == []


def test_two_programs_share_a_state() -> None:
    weight = State(np.float32(0))
    train = training_program(weight)
    read = program(
        "g (float w) => (float y) { y = Neg(w) }", feeds=[], fetches=["y"], states={"w": weight}
    )
    x = np.ones(4, np.float32)
    for _ in range(5):
        train(x, 2 * x, LEARNING_RATE)
        assert read()[0] == -weight.numpy()
    weight.assign(7.0)
    assert read()[0] == -7
    train(x, 2 * x, 0.0)
    assert read()[0] == -7


def test_programs_that_update_different_states_keep_few_bindings() -> None:
    states = [State(np.float32(0)) for _ in range(6)]
    text = "g (float a, float b) => (float c) { c = Add(a, b) }"
    one = State(np.float32(1))
    steps = [
        program(text, feeds=[], fetches=[], states={"a": state, "b": one}, updates={"c": state})
        for state in states
    ]
    names = "abcdef"
    declared = ", ".join(f"float {name}" for name in names)
    text = f"g ({declared}) => (float y) {{ y = Sum({', '.join(names)}) }}"
    total = program(text, feeds=[], fetches=["y"], states=dict(zip(names, states, strict=True)))
    random = np.random.default_rng(0)
    for count in range(1, 100):
        steps[random.integers(6)]()
        assert total()[0] == count
    assert len(total._bindings) <= 16


def test_threads_that_share_a_state_lose_no_update() -> None:
    total = State(np.zeros(3, np.float32))
    counts = [count_program(total), count_program(total)]
    in_threads(lambda index: [counts[index % 2](np.ones(3)) for _ in range(100)])
    np.testing.assert_array_equal(total.numpy(), np.full(3, 400.0))


def test_threads_may_call_one_program_without_states() -> None:
    double = program(DOUBLE, feeds=["x"], fetches=["y"])

    def check(index: int) -> None:
        for size in range(1, 100):
            np.testing.assert_array_equal(double(np.full(size, index))[0], np.full(size, 2 * index))

    in_threads(check)


def in_threads(work: Callable[[int], object]) -> None:
    errors: list[BaseException] = []

    def guarded(index: int) -> None:
        try:
            work(index)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.parametrize(
    "value",
    [
        np.array([1, 2, 3], np.float64),
        np.array([1, 2, 3], np.int64),
        np.array([1, 2, 3], ">f4"),
        np.array([1, 0, 2, 0, 3, 0], np.float32)[::2],
        np.frombuffer(b"\0" + np.array([1, 2, 3], np.float32).tobytes(), np.float32, offset=1),
        [1, 2.0, 3],
    ],
    ids=["float64", "int64", "big-endian", "strided", "misaligned", "list"],
)
@pytest.mark.parametrize("with_state", [False, True])
def test_feeds_are_converted_within_the_meaning_of_their_dtype(
    value: object, with_state: bool
) -> None:
    if with_state:
        run = count_program(State(np.array([1, 2, 3], np.float32)))
    else:
        run = program(DOUBLE, feeds=["x"], fetches=["y"])
    result = run(value)[0]
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, [2, 4, 6])


@pytest.mark.parametrize(
    ("value", "received"),
    [
        (np.array(["a"]), "<U1"),
        (np.ones(2, np.complex64), "complex64"),
        ([None], "object"),
        ([[1], [1, 2]], "list"),
    ],
    ids=["text", "complex", "None", "ragged"],
)
def test_a_feed_of_the_wrong_kind_is_refused_by_name(value: object, received: str) -> None:
    double = program(DOUBLE, feeds=["x"], fetches=["y"])
    with pytest.raises(TypeError, match=rf"feed 'x': expected .*float32.*Received: {received}"):
        double(value)


def test_floats_are_refused_where_integers_are_declared() -> None:
    run = program("g (int64[n] i) => (int64[n] y) { y = Add(i, i) }", feeds=["i"], fetches=["y"])
    np.testing.assert_array_equal(run(np.array([1, 2], np.int32))[0], [2, 4])
    with pytest.raises(TypeError, match=r"feed 'i': expected int64.*astype\('int64'\)"):
        run(np.array([1.5]))


@pytest.mark.parametrize("with_state", [False, True])
def test_a_feed_of_the_wrong_shape_is_refused_by_name(with_state: bool) -> None:
    states = {"w": State(np.ones(3, np.float32))} if with_state else {}
    text = (
        f"g (float[n,3] x{', float[3] w' if with_state else ''}) => (float[n,3] y) {{ y = Neg(x) }}"
    )
    run = program(text, feeds=["x"], fetches=["y"], states=states)
    with pytest.raises(ValueError, match=r"'x': expected float32 \(n, 3\).*float32 \(2, 4\)"):
        run(np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"'x': expected float32 \(n, 3\).*float32 \(3,\)"):
        run(np.ones(3))


def test_a_wrong_number_of_feeds_is_refused() -> None:
    double = program(DOUBLE, feeds=["x"], fetches=["y"])
    with pytest.raises(TypeError, match=r"expected 1 values \(x\). Received: 2"):
        double(1, 2)


def test_a_state_may_be_updated_by_a_constant() -> None:
    total = State(np.ones(3, np.float32))
    reset = program(
        "g () => (float[3] z) { c = Constant <value = float[3] {0, 0, 0}> () \n z = Identity(c) }",
        feeds=[],
        fetches=[],
        updates={"z": total},
    )
    assert reset() == []
    np.testing.assert_array_equal(total.numpy(), np.zeros(3))


def test_an_output_that_is_an_input_does_not_share_the_users_memory() -> None:
    text = "g (float[n] x) => (float[n] y, float[n] x) { y = Neg(x) }"
    run = program(text, feeds=["x"], fetches=["x", "y"])
    x = np.ones(3, np.float32)
    result = run(x)[0]
    assert not np.shares_memory(result, x)
    np.testing.assert_array_equal(result, x)


def test_a_fetch_may_be_asked_for_twice() -> None:
    total = State(np.float32(2))
    text = "g (float[n] x, float w) => (float[n] y) { y = Mul(x, w) }"
    run = program(text, feeds=["x"], fetches=["y", "y"], states={"w": total})
    first, second = run([1, 2])
    np.testing.assert_array_equal(first, [2, 4])
    np.testing.assert_array_equal(second, [2, 4])


def test_text_passes_through_a_program_without_states() -> None:
    text = "g (string[n] s) => (string[n] y) { y = Identity(s) }"
    run = program(text, feeds=["s"], fetches=["y"])
    assert list(run(np.array(["a", "b"]))[0]) == ["a", "b"]


def test_an_input_with_an_initializer_may_be_left_out_or_fed() -> None:
    proto = model("g (float[n] x, float w) => (float[n] y) <float w = {3}> { y = Mul(x, w) }")
    left_out = Program(proto, feeds=["x"], fetches=["y"], device="cpu")
    fed = Program(proto, feeds=["x", "w"], fetches=["y"], device="cpu")
    assert left_out([2])[0] == 6
    assert fed([2], 5)[0] == 10


def test_bytes_and_files_are_models_too(tmp_path: Any) -> None:
    serialized = model(DOUBLE).SerializeToString()
    path = tmp_path / "double.onnx"
    path.write_bytes(serialized)
    for source in (serialized, path, str(path)):
        run = Program(source, feeds=["x"], fetches=["y"], device="cpu")
        assert run([2])[0] == 4
        assert run.providers == ("CPUExecutionProvider",)
        assert str(run.device) == "cpu"


W = State(np.zeros(3, np.float32))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"feeds": ["x"]}, r"inputs \['w'\] need a value"),
        ({"feeds": ["x", "w", "v"]}, r"no input 'v'. It has: \['x', 'w'\]"),
        ({"feeds": ["x", "w"], "states": {"w": W}}, "'w' is given twice"),
        ({"feeds": ["x", "w"], "fetches": ["z"]}, r"no output 'z'. It has: \['y', 'w'\]"),
        ({"feeds": ["x", "w"], "updates": {"w": W}}, "'w' is an input.*Identity"),
        (
            {"feeds": ["x"], "states": {"w": State(np.zeros(4, np.float32))}},
            r"input 'w' is float32 \(3\).*float32 \(4,\)",
        ),
        (
            {"feeds": ["x"], "states": {"w": State(np.zeros(3))}},
            r"input 'w' is float32 \(3\).*float64 \(3,\)",
        ),
        (
            {"feeds": ["x", "w"], "updates": {"y": State(np.zeros((3, 1), np.float32))}},
            r"output 'y' is float32 \(n\).*float32 \(3, 1\)",
        ),
        ({"feeds": ["x", "w"], "threads": 0}, "`threads` must be positive. Received: threads=0"),
    ],
)
def test_wrong_wiring_is_refused_when_the_program_is_made(
    arguments: dict[str, Any], message: str
) -> None:
    proto = model("g (float[n] x, float[3] w) => (float[n] y, float[3] w) { y = Neg(x) }")
    with pytest.raises(ValueError, match=message):
        Program(proto, device="cpu", **{"fetches": ["y"], **arguments})


def test_two_updates_of_one_state_are_refused() -> None:
    text = "g (float[3] x) => (float[3] y, float[3] z) { y = Neg(x) \n z = Abs(x) }"
    with pytest.raises(ValueError, match=r"\['y', 'z'\] write to the same state"):
        program(text, feeds=["x"], fetches=[], updates={"y": W, "z": W})


@pytest.mark.parametrize(
    ("text", "node", "op_type", "message"),
    [
        (
            (
                "g (double[n,3,4,4] x, double[3,3,1,1] w) => (double[n,3,4,4] y) "
                "{ [conv1] y = Conv(x, w) }"
            ),
            "conv1",
            "Conv",
            "no kernel of Conv for these types: use float32",
        ),
        (
            "g (float[n] x) => (float[n] y) { [odd1] y = Odd(x) }",
            "odd1",
            "Odd",
            "No Op registered for Odd.*Use a newer onnxruntime",
        ),
        (
            "g (double[n] x) => (float[n] y) { [relu1] y = Relu(x) }",
            "relu1",
            None,
            r"does not match expected type.*onnx.checker",
        ),
    ],
)
def test_a_model_that_cannot_be_loaded_names_node_and_op(
    text: str, node: str, op_type: str | None, message: str
) -> None:
    proto = model(text)
    with pytest.raises(ExecutionError, match=message) as caught:
        Program(proto, feeds=[], fetches=[], device="cpu")
    assert (caught.value.node, caught.value.op_type) == (node, op_type)
    assert f"node '{node}'" in str(caught.value)
    assert caught.value.__cause__ is not None
    assert "onnxruntime_src" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not a model"])
def test_bytes_that_are_no_model_are_refused(content: bytes) -> None:
    with pytest.raises(ExecutionError, match="cannot load the model for cpu"):
        Program(content, feeds=[], fetches=[], device="cpu")


def test_a_failing_run_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    run = program(COUNT, feeds=["x", "w"], fetches=["y"])
    with pytest.raises(ExecutionError):
        run(np.ones(2), np.ones(3))
    assert capfd.readouterr() == ("", "")


@pytest.mark.training
@pytest.mark.parametrize("dtype", ["float16", "float", "double"])
def test_what_older_runtimes_fuse_without_a_kernel_runs_unfused(dtype: str) -> None:
    model = parser.parse_model(
        f"""<ir_version: 8, opset_import: ["" : 18]>
        swish ({dtype}[N] x) => ({dtype}[N] y) {{ s = Sigmoid(x) y = Mul(x, s) }}"""
    )
    x = np.ones(3, {"float": "float32", "double": "float64"}.get(dtype, dtype))
    [y] = Program(model, feeds=["x"], fetches=["y"], device="cpu")(x)
    np.testing.assert_allclose(y, [0.7310586] * 3, rtol=1e-3)
