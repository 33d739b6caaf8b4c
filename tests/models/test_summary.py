"""The table of a model's layers."""

from __future__ import annotations

import importlib.util
import json
import warnings
from pathlib import Path
from typing import Any

import pytest

import konnx
from konnx.layers import Add, BatchNormalization, Dense, Input
from konnx.models import Model, Sequential

pytestmark = pytest.mark.no_runtime


GOLDENS = Path(__file__).parents[1] / "goldens"
BY_KERAS: dict[str, Any] = json.loads((GOLDENS / "summaries.json").read_text())


def cases() -> dict[str, Any]:
    """The models and arguments that the goldens were made with."""
    spec = importlib.util.spec_from_file_location("summary_models", GOLDENS / "summary_models.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[str, Any] = module.CASES
    return found


@pytest.mark.parametrize("name", sorted(BY_KERAS))
def test_the_table_is_that_of_keras_to_the_letter(name: str) -> None:
    build, options = cases()[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        table = lines(build(konnx.layers, konnx.models), **options)
    warned = BY_KERAS[name]["warned"]
    end = -4 if warned else None  # Keras counts weights twice that it warns of
    assert table[:end] == BY_KERAS[name]["lines"][:end]
    assert bool(caught) == warned


def lines(model: Model, **options: object) -> list[str]:
    written: list[str] = []
    model.summary(print_fn=written.append, **options)  # type: ignore[arg-type]
    return written


def stack() -> Model:
    layers = [
        Dense(3, input_shape=(4,), name="low"),
        BatchNormalization(name="norm"),
        Dense(2, name="top"),
    ]
    return Sequential(layers)


def test_a_chain_has_three_columns() -> None:
    assert [line.split() for line in lines(stack()) if line[0] not in "_="] == [
        ["Layer", "(type)", "Output", "Shape", "Param", "#"],
        ["low", "(Dense)", "(None,", "3)", "15"],
        ["norm", "(BatchNormalization)", "(None,", "3)", "12"],
        ["top", "(Dense)", "(None,", "2)", "8"],
        ["Total", "params:", "35"],
        ["Trainable", "params:", "29"],
        ["Non-trainable", "params:", "6"],
    ]


def test_lines_are_as_long_as_asked_for() -> None:
    assert {len(line) for line in lines(stack(), line_length=80) if line[0] in "_="} == {80}
    assert {len(line) for line in lines(stack()) if line[0] in "_="} == {65}


def test_columns_end_where_asked_for() -> None:
    table = lines(stack(), line_length=50, positions=[10, 0.6, 1.0])
    assert table[3].startswith("low (Dens (None, 3)")


def test_print_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    stack().summary()
    assert capsys.readouterr().out.splitlines() == lines(stack())


def test_branches_show_what_they_are_connected_to() -> None:
    x = Input((4,), name="x")
    layer = Dense(4, name="d")
    table = lines(Model(x, Add(name="sum")([layer(x), layer(layer(x))])))
    assert "Connected to" in table[1]
    rows = [line.split()[-1] for line in table if "[" in line]
    assert rows == ["x[0][0]", "x[0][0]", "d[1][0]", "d[0][0]", "d[2][0]"]


def test_a_model_within_is_one_line_and_counts_once() -> None:
    inner = Sequential([Dense(4, input_shape=(4,))], name="inner")
    x = Input((4,), name="x")
    table = lines(Model(x, inner(inner(x))))
    (row,) = [line for line in table if line.startswith("inner")]
    assert row.split()[:5] == ["inner", "(Sequential)", "(None,", "4)", "20"]
    assert "Total params: 20" in table


def test_a_layer_of_several_shapes_says_so() -> None:
    layer = Dense(4, name="d")
    a, b = Input((4,)), Input((3, 4))
    table = lines(Model([a, b], [layer(a), layer(b)]))
    assert [line for line in table if line.startswith("d (Dense)") and "multiple" in line]


def test_frozen_weights_count_as_not_trainable() -> None:
    model = stack()
    model.trainable = False
    assert lines(model)[-4:-1] == [
        "Total params: 35",
        "Trainable params: 0",
        "Non-trainable params: 35",
    ]


def test_until_compiled_anew_weights_count_that_are_trained() -> None:
    model = stack()
    model.compile("sgd", "mse")
    model.layers[0].trainable = False
    with pytest.warns(UserWarning, match="has 4 trainable weights now, but trains 6.*compile"):
        assert lines(model)[-3:-1] == ["Trainable params: 29", "Non-trainable params: 6"]
    model.compile("sgd", "mse")
    assert lines(model)[-3:-1] == ["Trainable params: 14", "Non-trainable params: 21"]


def test_thousands_are_set_apart() -> None:
    model = Sequential([Dense(1000, input_shape=(1234,))])
    assert "Total params: 1,235,000" in lines(model)
