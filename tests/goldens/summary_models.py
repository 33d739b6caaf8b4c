"""Models whose summaries are compared, built with whichever Keras is passed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Build = Callable[[Any, Any], Any]


def chain(layers: Any, models: Any) -> Any:
    """A Sequential of many kinds of layers."""
    return models.Sequential(
        [
            layers.Conv2D(4, 3, input_shape=(8, 8, 1), name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.MaxPooling2D(name="pool"),
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Dense(1000, name="a_layer_whose_name_is_longer_than_its_column"),
            layers.Dense(2, name="out"),
        ],
        name="chain",
    )


def functional_chain(layers: Any, models: Any) -> Any:
    """A model of the functional kind without branches."""
    x = layers.Input((5, 3), name="x")
    return models.Model(x, layers.Dense(2, name="d")(layers.LSTM(4, name="lstm")(x)), name="m")


def several_inputs(layers: Any, models: Any) -> Any:
    """Two inputs, a merge of three tensors, two outputs."""
    left, right = layers.Input((4,), name="left"), layers.Input((4,), name="right")
    both = layers.add([left, right], name="sum")
    joined = layers.concatenate([left, both, right], name="joined")
    outputs = [layers.Dense(1, name="one")(joined), layers.Dense(2, name="two")(both)]
    return models.Model([left, right], outputs, name="several")


def shared(layers: Any, models: Any) -> Any:
    """A layer called three times, once outside of the model and on another shape."""
    layer, a, b = layers.Dense(4, name="d"), layers.Input((4,), name="a"), layers.Input((3, 4))
    layer(b)
    return models.Model(a, layers.multiply([layer(a), layer(layer(a))], name="product"), name="s")


def nested(layers: Any, models: Any) -> Any:
    """Models within a model, one of them called twice."""
    stack = models.Sequential([layers.Dense(4, input_shape=(4,), name="i")], name="stack")
    y = layers.Input((4,), name="y")
    inner = models.Model(y, [layers.Dense(2, name="j")(y), y], name="inner")
    x = layers.Input((4,), name="x")
    first, second = inner(stack(stack(x)))
    return models.Model(x, [layers.Dense(1, name="k")(first), second], name="nested")


def several_shapes(layers: Any, models: Any) -> Any:
    """A layer whose output has several shapes."""
    layer, a, b = (
        layers.Dense(4, name="d"),
        layers.Input((4,), name="a"),
        layers.Input((3, 4), name="b"),
    )
    return models.Model([a, b], [layer(a), layer(b)], name="shapes")


def wrapped(layers: Any, models: Any) -> Any:
    """Wrappers, and a model in a Sequential."""
    inner = models.Sequential([layers.Dense(2, input_shape=(3,), name="i")], name="inner")
    cells = layers.Bidirectional(layers.GRU(2, return_sequences=True, name="gru"), name="both_ways")
    return models.Sequential(
        [layers.TimeDistributed(inner, input_shape=(5, 3), name="each_step"), cells], name="wrapped"
    )


def frozen(layers: Any, models: Any) -> Any:
    """A model of which a part is frozen."""
    model = chain(layers, models)
    model.layers[0].trainable = False
    model.layers[1].trainable = False
    return model


def frozen_after_compiling(layers: Any, models: Any) -> Any:
    """A model that counts its weights as they were when it was compiled."""
    model = functional_chain(layers, models)
    model.compile("sgd", "mse")
    model.layers[1].trainable = False
    return model


CASES: dict[str, tuple[Build, dict[str, Any]]] = {
    "chain": (chain, {}),
    "chain_wide": (chain, {"line_length": 80}),
    "chain_positions": (chain, {"line_length": 60, "positions": [0.5, 0.8, 1.0]}),
    "chain_absolute_positions": (chain, {"line_length": 60, "positions": [20, 45, 60]}),
    "functional_chain": (functional_chain, {}),
    "several_inputs": (several_inputs, {}),
    "several_inputs_positions": (
        several_inputs,
        {"line_length": 110, "positions": [0.3, 0.6, 0.7, 1.0]},
    ),
    "shared": (shared, {}),
    "nested": (nested, {}),
    "several_shapes": (several_shapes, {}),
    "wrapped": (wrapped, {}),
    "frozen": (frozen, {}),
    "frozen_after_compiling": (frozen_after_compiling, {}),
}
"""What is built, and the arguments of `summary`."""
