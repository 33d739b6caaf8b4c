from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from konnx import ops, optimizers
from konnx.constraints import NonNeg
from konnx.function import Function
from konnx.graph import Tensor, Variable, constant, emit, placeholder
from konnx.layers import Dense
from konnx.models import Sequential
from konnx.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Nadam,
    Optimizer,
    RMSprop,
)
from konnx.optimizers.hyperparameter import Hyperparameter

Arrays = list[np.ndarray]

STEPS = 10
RNG = np.random.default_rng(0)
SHAPES = [(4, 3), (3,), ()]
START = [RNG.standard_normal(shape) for shape in SHAPES]
GRADIENTS = [[RNG.standard_normal(shape) for shape in SHAPES] for _ in range(STEPS)]


def variables(values: Sequence[Any] = START, dtype: str = "float32") -> list[Variable]:
    return [
        Variable(np.asarray(value, dtype), name=f"layer/w{index}")
        for index, value in enumerate(values)
    ]


def train(
    optimizer: Optimizer,
    params: Sequence[Variable],
    gradients: Sequence[Arrays] = GRADIENTS,
    between: Callable[[], None] = lambda: None,
) -> None:
    """Take one step for each list of gradients."""
    inputs = [placeholder(param.shape, param.dtype, f"g{i}") for i, param in enumerate(params)]
    updates = optimizer.get_updates(ops.scalar(0.0, params[0]), params, inputs)
    step = Function(inputs, [], updates)
    for arrays in gradients:
        step([array.astype(params[0].dtype) for array in arrays])
        between()


def sgd(
    *,
    lr: float = 0.01,
    momentum: float = 0.0,
    decay: float = 0.0,
    nesterov: bool = False,
    gradients: Sequence[Arrays] = GRADIENTS,
) -> tuple[Arrays, Arrays]:
    weights, velocities = [w.copy() for w in START], [np.zeros(w.shape) for w in START]
    for step, arrays in enumerate(gradients):
        rate = lr / (1 + decay * step)
        for i, gradient in enumerate(arrays):
            velocities[i] = momentum * velocities[i] - rate * gradient
            ahead = momentum * velocities[i] - rate * gradient
            weights[i] = weights[i] + (ahead if nesterov else velocities[i])
    return weights, velocities


def adam(
    *,
    lr: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    decay: float = 0.0,
    amsgrad: bool = False,
    gradients: Sequence[Arrays] = GRADIENTS,
) -> tuple[Arrays, Arrays]:
    weights = [w.copy() for w in START]
    m, v, vhat = ([np.zeros(w.shape) for w in START] for _ in range(3))
    for step, arrays in enumerate(gradients):
        rate = lr / (1 + decay * step)
        rate *= np.sqrt(1 - beta_2 ** (step + 1)) / (1 - beta_1 ** (step + 1))
        for i, gradient in enumerate(arrays):
            m[i] = beta_1 * m[i] + (1 - beta_1) * gradient
            v[i] = beta_2 * v[i] + (1 - beta_2) * gradient**2
            vhat[i] = np.maximum(vhat[i], v[i])
            root = np.sqrt(vhat[i] if amsgrad else v[i])
            weights[i] = weights[i] - rate * m[i] / (root + epsilon)
    return weights, [*m, *v, *(vhat if amsgrad else [np.zeros(1)] * 3)]


CASES: list[tuple[type[Optimizer], Callable[..., Any], dict[str, Any]]] = [
    (SGD, sgd, {"momentum": 0.9}),
    (SGD, sgd, {"lr": 0.1, "momentum": 0.5, "decay": 0.1}),
    (SGD, sgd, {"momentum": 0.9, "nesterov": True}),
    (SGD, sgd, {"momentum": 0.9, "nesterov": True, "decay": 0.3}),
    (Adam, adam, {}),
    (Adam, adam, {"lr": 0.1, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.01}),
    (Adam, adam, {"lr": 0.1, "decay": 0.2}),
    (Adam, adam, {"lr": 0.1, "amsgrad": True, "beta_2": 0.5}),
]


@pytest.mark.training
@pytest.mark.parametrize(("cls", "formula", "arguments"), CASES)
def test_ten_steps_follow_the_formula(
    cls: type[Optimizer], formula: Callable[..., Any], arguments: dict[str, Any]
) -> None:
    params, optimizer = variables(), cls(**arguments)
    train(optimizer, params)
    weights, state = formula(**arguments)
    for param, expected in zip(params, weights, strict=True):
        np.testing.assert_allclose(param.numpy(), expected, rtol=1e-5, atol=1e-6)
    iterations, *slots = optimizer.get_weights()
    assert iterations == STEPS
    for slot, expected in zip(slots, state, strict=True):
        np.testing.assert_allclose(slot, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.training
@pytest.mark.parametrize("arguments", [{}, {"lr": 0.5}, {"decay": 0.1}, {"nesterov": True}])
def test_descent_without_momentum_leaves_velocities_alone(arguments: dict[str, Any]) -> None:
    params, optimizer = variables(), SGD(**arguments)
    train(optimizer, params)
    for param, expected in zip(params, sgd(**arguments)[0], strict=True):
        np.testing.assert_allclose(param.numpy(), expected, rtol=1e-5, atol=1e-6)
    assert [array.tolist() for array in optimizer.get_weights()[1:]] == [
        np.zeros(shape).tolist() for shape in SHAPES
    ]


@pytest.mark.training
@pytest.mark.parametrize("cls", [SGD, Adam])
def test_weights_of_another_float_dtype_are_trained_in_it(cls: type[Optimizer]) -> None:
    params = variables(dtype="float64")
    train(cls(lr=0.1), params, GRADIENTS[:2])
    formula: Any = {SGD: sgd, Adam: adam}[cls]
    weights, _ = formula(lr=0.1, gradients=GRADIENTS[:2])
    np.testing.assert_allclose(params[0].numpy(), weights[0], rtol=1e-3, atol=1e-4)
    assert params[0].numpy().dtype == "float64"


@pytest.mark.training
@pytest.mark.parametrize("cls", [RMSprop, Adagrad, Adadelta, Adamax, AdamW, Nadam])
def test_every_optimizer_takes_the_same_steps_in_both_dtypes(cls: type[Optimizer]) -> None:
    wide, narrow = variables(dtype="float64"), variables()
    for params in (wide, narrow):
        train(cls(lr=0.1), params, GRADIENTS[:3])
    for one, other in zip(wide, narrow, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-5)
        assert one.numpy().dtype == "float64"


@pytest.mark.training
def test_gradients_are_those_of_the_loss_unless_given() -> None:
    w = Variable([1.0, -2.0], name="w")
    optimizer = SGD(lr=0.25)
    loss = ops.sum(w * w)
    step = Function([], [loss], optimizer.get_updates(loss, [w]))
    assert [float(step([])[0]) for _ in range(3)] == [5.0, 1.25, 0.3125]
    np.testing.assert_array_equal(w.numpy(), np.array([0.125, -0.25], dtype=np.float32))


def clipped(gradients: Arrays, norm: float | None, value: float | None) -> Arrays:
    if norm is not None:
        total = np.sqrt(sum(np.square(one).sum() for one in gradients))
        gradients = [one * min(1.0, norm / total) for one in gradients]
    return gradients if value is None else [np.clip(one, -value, value) for one in gradients]


@pytest.mark.training
@pytest.mark.parametrize(
    ("norm", "value"),
    [(0.5, None), (1e6, None), (None, 0.25), (2.0, 0.25), (0.0, 0.0)],
)
def test_gradients_are_clipped_by_the_norm_of_all_and_then_by_value(
    norm: float | None, value: float | None
) -> None:
    params = variables()
    train(SGD(lr=1.0, clipnorm=norm, clipvalue=value), params, GRADIENTS[:3])
    cut = [clipped(arrays, norm or None, value or None) for arrays in GRADIENTS[:3]]
    expected, _ = sgd(lr=1.0, gradients=cut)
    for param, array in zip(params, expected, strict=True):
        np.testing.assert_allclose(param.numpy(), array, rtol=1e-5, atol=1e-6)


@pytest.mark.training
def test_clipping_gradients_of_zero_leaves_zeros() -> None:
    params = variables()
    train(SGD(clipnorm=1.0), params, [[np.zeros(shape) for shape in SHAPES]])
    np.testing.assert_array_equal(params[0].numpy(), START[0].astype(np.float32))


@pytest.mark.training
@pytest.mark.parametrize("optimizer", [SGD(lr=1.0), SGD(lr=1.0, momentum=0.9), Adam(lr=2.0)])
def test_a_constraint_holds_after_each_step(optimizer: Optimizer) -> None:
    params = [Variable(np.ones(3, np.float32), name="w", constraint=NonNeg())]
    train(optimizer, params, [[np.array([5.0, -5.0, 0.0])]])
    values = params[0].numpy()
    assert values[0] == 0.0
    assert values[1] > 1.0
    assert values[2] == 1.0


@pytest.mark.training
@pytest.mark.parametrize("name", ["lr", "learning_rate"])
def test_a_learning_rate_set_between_steps_takes_effect(name: str) -> None:
    params, optimizer = variables(), SGD(lr=0.5)
    rates = iter([0.25, 0.0])

    def schedule() -> None:
        setattr(optimizer, name, next(rates))

    train(optimizer, params, GRADIENTS[:2], schedule)
    expected = START[0] - 0.5 * GRADIENTS[0][0] - 0.25 * GRADIENTS[1][0]
    np.testing.assert_allclose(params[0].numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.training
def test_other_numbers_set_between_steps_take_effect() -> None:
    params, optimizer = variables(), SGD(lr=1.0, momentum=0.9)

    def stop() -> None:
        optimizer.momentum = 0.0
        optimizer.decay = 1.0

    train(optimizer, params, GRADIENTS[:2], stop)
    expected = START[0] - GRADIENTS[0][0] - 0.5 * GRADIENTS[1][0]
    np.testing.assert_allclose(params[0].numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.no_runtime
def test_a_number_is_written_into_the_variable_that_the_graph_reads() -> None:
    optimizer = Adam()
    variable = optimizer.lr
    optimizer.lr = 0.5
    assert optimizer.lr is variable
    assert optimizer.learning_rate is variable
    assert variable.numpy() == np.float32(0.5)
    optimizer.lr = Variable(0.25)
    assert variable.numpy() == np.float32(0.25)
    optimizer.beta_1.assign(0.5)
    assert optimizer.get_config()["beta_1"] == 0.5


@pytest.mark.no_runtime
def test_momentum_cannot_come_to_a_graph_without_velocity() -> None:
    optimizer, w = SGD(), Variable([1.0], name="w")
    optimizer.momentum = 0.5
    optimizer.momentum = 0.0
    optimizer.get_updates(ops.sum(w), [w])
    optimizer.momentum = 0.0
    with pytest.raises(ValueError, match="Compile the model with SGD.momentum=0.9. in its place"):
        optimizer.momentum = 0.9


KERNELS = [
    (SGD(), {"Mul": 1, "Sub": 1}),
    (SGD(momentum=0.9), {"Mul": 2, "Sub": 1, "Add": 1}),
    (SGD(momentum=0.9, nesterov=True), {"Mul": 3, "Sub": 2, "Add": 1}),
    (Adam(), {"Mul": 6, "Add": 3, "Sqrt": 1, "Div": 1, "Sub": 1}),
    (AdamW(), {"Mul": 7, "Add": 3, "Sqrt": 1, "Div": 1, "Sub": 1}),
    (RMSprop(), {"Mul": 4, "Add": 2, "Sqrt": 1, "Div": 1, "Sub": 1}),
    (Adagrad(), {"Mul": 2, "Add": 2, "Sqrt": 1, "Div": 1, "Sub": 1}),
    (Adadelta(), {"Mul": 8, "Add": 4, "Sqrt": 1, "Div": 1, "Sub": 1}),
    (Adamax(), {"Mul": 4, "Add": 2, "Abs": 1, "Max": 1, "Div": 1, "Sub": 1}),
    (Nadam(), {"Mul": 8, "Add": 4, "Sqrt": 1, "Div": 1, "Sub": 1}),
]


@pytest.mark.no_runtime
@pytest.mark.parametrize(("optimizer", "expected"), KERNELS)
def test_a_weight_costs_few_kernels(optimizer: Optimizer, expected: dict[str, int]) -> None:
    counts = []
    for number in (1, 2):
        params = [Variable(np.zeros(3), "float32", f"w{index}") for index in range(number)]
        inputs = [placeholder((3,), name=f"g{index}") for index in range(number)]
        updates = optimizer.get_updates(ops.scalar(0.0, params[0]), params, inputs)
        outputs = {f"o{index}": value for index, (_, value) in enumerate(updates)}
        model = emit({x.name: x for x in inputs}, outputs).model
        counts.append([node.op_type for node in model.graph.node])
    more = {kind: counts[1].count(kind) - counts[0].count(kind) for kind in set(counts[1])}
    assert {kind: count for kind, count in more.items() if count} == expected


@pytest.mark.no_runtime
def test_nodes_are_named_after_the_optimizer_and_the_weight() -> None:
    w = Variable([1.0], name="dense_1/kernel")
    updates = dict(SGD().get_updates(ops.sum(w), [w]))
    assert updates[w].node.name == "SGD/dense_1/kernel/Sub"


@pytest.mark.no_runtime
def test_every_step_counts() -> None:
    optimizer, w = Adam(), Variable([1.0], name="w")
    updates = optimizer.get_updates(ops.sum(w), [w])
    changed = [variable.name for variable, _ in updates]
    assert changed == ["Adam/iterations", "w", "Adam/w/m", "Adam/w/v"]
    assert optimizer.iterations.dtype == "int64"


@pytest.mark.no_runtime
def test_a_weight_that_the_loss_does_not_use_is_named() -> None:
    used, unused = Variable([1.0], name="used"), Variable([1.0], name="dense_1/bias")
    with pytest.raises(ValueError, match=r"does not depend on 'dense_1/bias'.*`trainable`"):
        SGD().get_updates(ops.sum(used), [used, unused])


@pytest.mark.no_runtime
def test_a_loss_that_is_no_scalar_is_refused() -> None:
    w = Variable([[1.0, 2.0]], name="w")
    with pytest.raises(ValueError, match=r"`SGD` minimises a scalar.*K\.mean\(loss\)"):
        SGD().get_updates(ops.sum(w * w, 1) * constant([1.0, 2.0]), [w])


@pytest.mark.no_runtime
def test_there_must_be_a_gradient_for_each_weight() -> None:
    w = Variable([1.0], name="w")
    with pytest.raises(ValueError, match="Received: 1 weights, 0 gradients"):
        SGD().get_updates(ops.sum(w), [w], [])


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("optimizer", "names"),
    [
        (SGD(), ["iterations", "a/momentum", "b/momentum"]),
        (Adam(), ["iterations", "a/m", "b/m", "a/v", "b/v", "a/vhat", "b/vhat"]),
        (RMSprop(), ["iterations", "a/accumulator", "b/accumulator"]),
        (Adagrad(), ["iterations", "a/accumulator", "b/accumulator"]),
        (
            Adadelta(),
            [
                "iterations",
                "a/accumulator",
                "b/accumulator",
                "a/delta_accumulator",
                "b/delta_accumulator",
            ],
        ),
        (Adamax(), ["iterations", "a/m", "b/m", "a/u", "b/u"]),
        (Nadam(), ["iterations", "m_schedule", "a/m", "b/m", "a/v", "b/v"]),
    ],
)
def test_state_is_ordered_as_in_the_files_of_keras(optimizer: Optimizer, names: list[str]) -> None:
    optimizer.create_slots([Variable(np.ones((2, 3)), name="a"), Variable([1.0], name="b")])
    prefix = f"{type(optimizer).__name__}/"
    assert [one.name for one in optimizer.weights] == [f"{prefix}{name}" for name in names]


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("optimizer", "shapes"),
    [
        (SGD(momentum=0.5), [(), (2, 3)]),
        (Adam(), [(), (2, 3), (2, 3), (1,)]),
        (Adam(amsgrad=True), [(), (2, 3), (2, 3), (2, 3)]),
    ],
)
def test_state_goes_out_and_in(optimizer: Optimizer, shapes: list[tuple[int, ...]]) -> None:
    optimizer.create_slots([Variable(np.ones((2, 3)), name="w")])
    state = optimizer.get_weights()
    assert [array.shape for array in state] == shapes
    assert not any(array.any() for array in state)
    new = [np.full(shape, index + 1) for index, shape in enumerate(shapes)]
    optimizer.set_weights(new)
    for array, expected in zip(optimizer.get_weights(), new, strict=True):
        np.testing.assert_array_equal(array, expected)


@pytest.mark.no_runtime
@pytest.mark.parametrize(("optimizer", "number"), [(SGD(), 1), (Adam(), 3)], ids=["SGD", "Adam"])
def test_state_without_unused_slots_is_taken(optimizer: Optimizer, number: int) -> None:
    optimizer.create_slots([Variable(np.ones((2, 3)), name="w")])
    full = optimizer.get_weights()
    optimizer.set_weights([array + 1 for array in full[:number]])
    for index, array in enumerate(optimizer.get_weights()):
        np.testing.assert_array_equal(array, full[index] + (1 if index < number else 0))


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("optimizer", "shapes", "message"),
    [
        (SGD(momentum=0.5), [()], "`SGD` has 2 weights: .* Received: 1 arrays"),
        (Adam(), [(), (2, 3)], "Received: 2 arrays"),
        (Adam(amsgrad=True), [(), (2, 3), (2, 3)], "Received: 3 arrays"),
        (
            SGD(),
            [(), (3, 2)],
            r"'SGD/w/momentum' of 'SGD' has shape \(2, 3\).* \(3, 2\)",
        ),
        (SGD(), [(1,), (2, 3)], r"'SGD/iterations' of 'SGD' has shape \(\)"),
    ],
)
def test_state_that_does_not_fit_changes_nothing(
    optimizer: Optimizer, shapes: list[tuple[int, ...]], message: str
) -> None:
    optimizer.create_slots([Variable(np.ones((2, 3)), name="w")])
    with pytest.raises(ValueError, match=message):
        optimizer.set_weights([np.ones(shape) for shape in shapes])
    assert not any(array.any() for array in optimizer.get_weights())


@pytest.mark.no_runtime
@pytest.mark.parametrize(("count", "expected"), [(0, 1.0), (1, 0.9 * (1 - 0.96**0.004 / 2))])
def test_the_schedule_of_nadam_follows_from_the_number_of_steps(
    count: int, expected: float
) -> None:
    optimizer = Nadam()
    optimizer.create_slots([Variable([1.0], name="w")])
    optimizer.set_weights([count, [2.0], [3.0]])
    np.testing.assert_allclose(optimizer.m_schedule.numpy(), expected, rtol=1e-6)
    assert [array.tolist() for array in optimizer.get_weights()[2:]] == [[2.0], [3.0]]


@pytest.mark.no_runtime
def test_a_number_of_steps_that_makes_no_sense_does_no_harm() -> None:
    optimizer = Nadam()
    optimizer.create_slots([Variable([1.0], name="w")])
    optimizer.set_weights([10**15, [2.0], [3.0]])
    assert optimizer.m_schedule.numpy() == 0.0
    with pytest.raises(ValueError, match="Received: 3 arrays"):
        optimizer.set_weights([[1, 2], [2.0], [3.0]])


@pytest.mark.training
def test_state_can_be_set_before_the_first_step() -> None:
    whole, half = variables(), variables()
    train(Adam(lr=0.1), whole)
    before = Adam(lr=0.1)
    train(before, half, GRADIENTS[:5])
    after = Adam(lr=0.1)
    after.create_slots(half)
    after.set_weights(before.get_weights())
    train(after, half, GRADIENTS[5:])
    for one, other in zip(whole, half, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.no_runtime
def test_slots_stay_with_their_weight() -> None:
    first, second = Variable([1.0], name="a"), Variable([1.0], name="b")
    optimizer = SGD(momentum=0.5)
    optimizer.create_slots([first])
    optimizer.set_weights([3, [7.0]])
    optimizer.create_slots([second, first])
    assert [array.tolist() for array in optimizer.get_weights()] == [3, [0.0], [7.0]]


CONFIGS: list[tuple[Optimizer, dict[str, Any]]] = [
    (SGD(lr=0.5), {"lr": 0.5, "momentum": 0.0, "decay": 0.0, "nesterov": False}),
    (
        SGD(0.5, 0.25, 0.125, True, clipnorm=1.0, clipvalue=2.0),
        {
            "lr": 0.5,
            "momentum": 0.25,
            "decay": 0.125,
            "nesterov": True,
            "clipnorm": 1.0,
            "clipvalue": 2.0,
        },
    ),
    (
        Adam(0.5, 0.25, 0.125, 1e-3, 0.0625, True),
        {
            "lr": 0.5,
            "beta_1": 0.25,
            "beta_2": 0.125,
            "epsilon": 1e-3,
            "decay": 0.0625,
            "amsgrad": True,
        },
    ),
    (
        RMSprop(0.5, 0.25, 1e-3, 0.125),
        {"lr": 0.5, "rho": 0.25, "epsilon": 1e-3, "decay": 0.125},
    ),
    (Adagrad(0.5, 1e-3, 0.125), {"lr": 0.5, "epsilon": 1e-3, "decay": 0.125}),
    (
        Adadelta(0.5, 0.25, 1e-3, 0.125),
        {"lr": 0.5, "rho": 0.25, "epsilon": 1e-3, "decay": 0.125},
    ),
    (
        Adamax(0.5, 0.25, 0.125, 1e-3, 0.0625),
        {"lr": 0.5, "beta_1": 0.25, "beta_2": 0.125, "epsilon": 1e-3, "decay": 0.0625},
    ),
    (
        Nadam(0.5, 0.25, 0.125, 1e-3, 0.0625),
        {"lr": 0.5, "beta_1": 0.25, "beta_2": 0.125, "epsilon": 1e-3, "schedule_decay": 0.0625},
    ),
    (
        AdamW(0.5, 0.75, 0.25, 0.125, 1e-3, 0.0625, True),
        {
            "lr": 0.5,
            "weight_decay": 0.75,
            "beta_1": 0.25,
            "beta_2": 0.125,
            "epsilon": 1e-3,
            "decay": 0.0625,
            "amsgrad": True,
        },
    ),
]


@pytest.mark.no_runtime
@pytest.mark.parametrize(("optimizer", "config"), CONFIGS)
def test_configurations_are_those_of_keras_2_1_and_go_round(
    optimizer: Optimizer, config: dict[str, Any]
) -> None:
    assert optimizer.get_config() == config
    written = optimizers.serialize(optimizer)
    assert written == {"class_name": type(optimizer).__name__, "config": config}
    again = optimizers.deserialize(written)
    assert type(again) is type(optimizer)
    assert again.get_config() == config


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("cls", "names", "defaults"),
    [
        (SGD, "lr momentum decay nesterov", [0.01, 0.0, 0.0, False]),
        (Adam, "lr beta_1 beta_2 epsilon decay amsgrad", [0.001, 0.9, 0.999, None, 0.0, False]),
        (RMSprop, "lr rho epsilon decay", [0.001, 0.9, None, 0.0]),
        (Adagrad, "lr epsilon decay", [0.01, None, 0.0]),
        (Adadelta, "lr rho epsilon decay", [1.0, 0.95, None, 0.0]),
        (Adamax, "lr beta_1 beta_2 epsilon decay", [0.002, 0.9, 0.999, None, 0.0]),
        (Nadam, "lr beta_1 beta_2 epsilon schedule_decay", [0.002, 0.9, 0.999, None, 0.004]),
    ],
)
def test_signatures_are_those_of_keras_2_1(cls: type, names: str, defaults: list[Any]) -> None:
    parameters = list(inspect.signature(cls).parameters.values())[:-1]
    assert [one.name for one in parameters] == names.split()
    assert [one.default for one in parameters] == defaults


INERT = {
    "name": "SGD",
    "is_legacy_optimizer": False,
    "weight_decay": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "jit_compile": True,
    "global_clipnorm": None,
    "clipnorm": None,
    "clipvalue": None,
    "gradient_accumulation_steps": None,
    "loss_scale_factor": None,
}


@pytest.mark.no_runtime
def test_configurations_of_later_versions_are_read() -> None:
    config = INERT | {"learning_rate": 0.5, "momentum": 0.25, "nesterov": True}
    optimizer = optimizers.get({"class_name": "SGD", "config": config, "module": "keras"})
    assert optimizer.get_config() == {
        "lr": 0.5,
        "momentum": 0.25,
        "decay": 0.0,
        "nesterov": True,
    }


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("cls", "config", "expected"),
    [
        (RMSprop, {"decay": 0.0, "rho": 0.75, "momentum": 0.0, "centered": False}, {"rho": 0.75}),
        (Adagrad, {"decay": 0.5, "initial_accumulator_value": 0.1}, {"decay": 0.5}),
        (Nadam, {"decay": 0.125, "beta_1": 0.75}, {"schedule_decay": 0.125, "beta_1": 0.75}),
        (Nadam, {"weight_decay": None}, {"schedule_decay": 0.004}),
        (AdamW, {"weight_decay": 0.25}, {"weight_decay": 0.25}),
    ],
)
def test_what_later_versions_call_otherwise_is_understood(
    cls: type[Optimizer], config: dict[str, Any], expected: dict[str, Any]
) -> None:
    written = {"class_name": cls.__name__, "config": {"learning_rate": 0.5, **config}}
    read = optimizers.get(written)
    assert read.get_config() == {**cls(0.5).get_config(), **expected}


@pytest.mark.no_runtime
def test_an_rmsprop_with_momentum_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no `momentum` here"):
        RMSprop.from_config({"learning_rate": 0.5, "momentum": 0.5})


@pytest.mark.no_runtime
def test_the_global_norm_of_later_versions_is_the_norm_of_keras_2_1() -> None:
    optimizer = SGD.from_config({"learning_rate": 0.5, "global_clipnorm": 2.0})
    assert optimizer.get_config()["clipnorm"] == 2.0


@pytest.mark.no_runtime
def test_a_norm_that_meant_each_gradient_is_told_of() -> None:
    with pytest.warns(UserWarning, match="clips each gradient by its own norm"):
        SGD.from_config({"learning_rate": 0.5, "clipnorm": 2.0})
    assert SGD.from_config({"lr": 0.5, "clipnorm": 2.0}).clipnorm == 2.0


SCHEDULE = {"class_name": "ExponentialDecay", "config": {"decay_rate": 0.5}}


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"learning_rate": SCHEDULE}, "a learning rate that follows a schedule cannot be read"),
        ({"weight_decay": 0.01}, "there is no `weight_decay` here.*Received: weight_decay=0.01"),
        ({"use_ema": True}, "there is no `use_ema` here"),
        ({"ema_overwrite_frequency": 10}, "there is no `ema_overwrite_frequency` here"),
        ({"clipnorm": 1.0, "global_clipnorm": 1.0}, "there is no `global_clipnorm` here"),
        ({"gradient_accumulation_steps": 4}, "there is no `gradient_accumulation_steps` here"),
        ({"rho": 0.9}, "cannot be made from its configuration.*'rho'"),
        ({"lr": 0.1, "learning_rate": SCHEDULE}, "Received: learning_rate={'class_name'"),
    ],
)
def test_what_a_configuration_asks_for_in_vain_is_named(
    config: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        optimizers.deserialize({"class_name": "SGD", "config": config})


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(lr=-1.0), "`SGD`: `lr` must be a number, 0 or more. Received: lr=-1.0"),
        (lambda: SGD(lr="fast"), "Received: lr='fast'"),
        (lambda: SGD(lr=None), "Received: lr=None"),
        (lambda: SGD(momentum=float("nan")), "`momentum` must be a number"),
        (lambda: SGD(learning_rate=-1.0), "`lr` must be a number"),
        (lambda: SGD(decay=-0.1), "`decay` must be a number"),
        (lambda: SGD(clipnorm=-0.1), "`clipnorm` must be a number"),
        (lambda: SGD(clipvalue=[1.0, 2.0]), "`clipvalue` must be a number"),
        (lambda: Adam(beta_1=1.0), "`beta_1` must be a number, 0 or more and less than 1"),
        (lambda: Adam(epsilon=-1.0), "`epsilon` must be a number"),
        (lambda: RMSprop(rho=1.0), "`rho` must be a number, 0 or more and less than 1"),
        (lambda: Adadelta(epsilon="no"), "`epsilon` must be a number"),
        (lambda: Nadam(schedule_decay=-1.0), "`schedule_decay` must be a number"),
        (lambda: AdamW(weight_decay=-1.0), "`weight_decay` must be a number"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"learing_rate": 0.1, "foo": 1}, "'foo'.* Did you mean 'learning_rate'"),
        ({"lr": 0.1, "learning_rate": 0.2}, "two names of one argument.*lr=0.1, learning_rate=0.2"),
        ({"lr": 0.01, "learning_rate": 0.2}, "two names of one argument"),
    ],
)
def test_unknown_and_double_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        SGD(**arguments)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("identifier", "cls"),
    [
        ("sgd", SGD),
        ("SGD", SGD),
        ("Sgd", SGD),
        ("adam", Adam),
        ("Adam", Adam),
        ("ADAM", Adam),
        (Adam, Adam),
        ({"class_name": "adam", "config": {}}, Adam),
        ({"class_name": "Adam", "config": {"lr": 0.5}}, Adam),
        (optimizers.adam(), Adam),
        ("rmsprop", RMSprop),
        ("RMSprop", RMSprop),
        ("adagrad", Adagrad),
        ("Adadelta", Adadelta),
        ("adamax", Adamax),
        ("Nadam", Nadam),
        ("AdamW", AdamW),
        (optimizers.rmsprop(), RMSprop),
    ],
)
def test_every_name_of_keras_is_known(identifier: Any, cls: type) -> None:
    assert type(optimizers.get(identifier)) is cls


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("adm", "Unknown optimizer: 'adm'. Did you mean 'adam'"),
        (None, "An optimizer must be given by name"),
        (dict, "An optimizer must be given by name"),
    ],
)
def test_what_is_no_optimizer_is_refused(identifier: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        optimizers.get(identifier)


class Signed(Optimizer):
    """Adds up how often each weight went up."""

    slot_names = ("ups",)

    def update(
        self, param: Variable, gradient: Tensor, slots: Any, lr: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        up = ops.positive_mask(-gradient)
        return param - lr * ops.sign(gradient), {"ups": slots["ups"] + up}


@pytest.mark.training
def test_an_optimizer_of_the_users_needs_one_method() -> None:
    config = {"class_name": "Signed", "config": {"lr": 0.5, "clipvalue": 1.0}}
    optimizer = optimizers.deserialize(config, {"Signed": Signed})
    assert isinstance(optimizer, Signed)
    params = variables()
    train(optimizer, params, GRADIENTS[:1])
    gradient = GRADIENTS[0][0]
    expected = START[0] - 0.5 * np.sign(gradient)
    np.testing.assert_allclose(params[0].numpy(), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(optimizer.get_weights()[1], gradient < 0)


@pytest.mark.training
def test_an_optimizer_around_another_may_take_its_arguments_in_any_order() -> None:
    class Counting(Optimizer):
        """Does what another one does and counts, as libraries on Keras 2.1 have it."""

        def __init__(self, inner: Optimizer) -> None:
            super().__init__()
            self.inner, self.count = inner, Variable(0.0)

        def get_updates(self, params: Any, loss: Any) -> Any:  # type: ignore[override]
            updates = self.inner.get_updates(params=params, loss=loss)
            return [*updates, (self.count, self.count + 1.0)]

    optimizer = Counting(SGD(0.1))
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile(optimizer, "mse")
    before = model.get_weights()[1]
    model.fit(np.ones((4, 2)), np.full((4, 1), 9.0), batch_size=2, verbose=0)
    assert optimizer.count.numpy() == 2
    assert model.get_weights()[1] > before


@pytest.mark.training
def test_the_base_class_is_plain_descent() -> None:
    params = variables()
    train(Optimizer(0.5), params, GRADIENTS[:1])
    expected = START[0] - 0.5 * GRADIENTS[0][0]
    np.testing.assert_allclose(params[0].numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.no_runtime
def test_a_subclass_that_forgets_the_base_is_told_so() -> None:
    class Forgetful(Optimizer):
        def __init__(self) -> None:
            pass

    with pytest.raises(AttributeError, match=r"Call super\(\).__init__ first"):
        _ = Forgetful().lr


@pytest.mark.no_runtime
def test_the_attribute_of_a_class_is_its_description() -> None:
    assert isinstance(SGD.lr, Hyperparameter)
