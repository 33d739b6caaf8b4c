"""The recurrent cases: models of Keras 2.1.6, by name.

Each case is a function that makes its model with the Keras package that it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

BATCH, STEPS, FEATURES, UNITS = 6, 5, 3, 4
Build = Callable[[Any], Any]
Layer = Callable[..., Any]


def _lstm(keras: Any, **arguments: Any) -> Any:
    return keras.layers.LSTM(UNITS, **arguments)


def _gru(keras: Any, **arguments: Any) -> Any:
    return keras.layers.GRU(UNITS, **arguments)


def _gru_after(keras: Any, **arguments: Any) -> Any:
    return keras.layers.GRU(UNITS, reset_after=True, **arguments)


def _simple(keras: Any, **arguments: Any) -> Any:
    return keras.layers.SimpleRNN(UNITS, **arguments)


def _stacked(keras: Any, **arguments: Any) -> Any:
    cells = [keras.layers.LSTMCell(UNITS), keras.layers.GRUCell(UNITS)]
    return keras.layers.RNN(cells, **arguments)


def _image_lstm(keras: Any, **arguments: Any) -> Any:
    return keras.layers.ConvLSTM2D(2, 3, padding="same", **arguments)


def _simple_cells(keras: Any, **arguments: Any) -> Any:
    cells = [keras.layers.SimpleRNNCell(UNITS), keras.layers.SimpleRNNCell(3, activation="relu")]
    return keras.layers.RNN(cells, **arguments)


def _simple_cell(keras: Any, **arguments: Any) -> Any:
    return keras.layers.RNN(keras.layers.SimpleRNNCell(UNITS, use_bias=False), **arguments)


LAYERS: dict[str, Layer] = {
    "simple": _simple,
    "gru": _gru,
    "gru_after": _gru_after,
    "lstm": _lstm,
    "stacked": _stacked,
}


def plain(layer: Layer, masked: bool = False, **arguments: Any) -> Build:
    """Return the builder of a model that is one layer, behind a Masking if `masked`."""

    def build(keras: Any) -> Any:
        batch = BATCH if arguments.get("stateful") else None
        x = keras.layers.Input(batch_shape=(batch, STEPS, FEATURES))
        hidden = keras.layers.Masking()(x) if masked else x
        return keras.models.Model(x, layer(keras, **arguments)(hidden))

    return build


def started(layer: Layer, states: int, masked: bool = True, **arguments: Any) -> Build:
    """Return the builder of a model whose layer gets its initial state from inputs."""

    def build(keras: Any) -> Any:
        x = keras.layers.Input((STEPS, FEATURES))
        initial = [keras.layers.Input((UNITS,)) for _ in range(states)]
        hidden = keras.layers.Masking()(x) if masked else x
        output = layer(keras, **arguments)(hidden, initial_state=initial)
        return keras.models.Model([x, *initial], output)

    return build


def both_ways(
    layer: Layer, mode: str | None, masked: bool = False, states: int = 0, **arguments: Any
) -> Build:
    """Return the builder of a model that is one Bidirectional."""

    def build(keras: Any) -> Any:
        batch = BATCH if arguments.get("stateful") else None
        x = keras.layers.Input(batch_shape=(batch, STEPS, FEATURES))
        hidden = keras.layers.Masking()(x) if masked else x
        wrapper = keras.layers.Bidirectional(layer(keras, **arguments), merge_mode=mode)
        _carry_both_states(wrapper)
        initial = [keras.layers.Input((UNITS,)) for _ in range(states)]
        output = wrapper(hidden, initial_state=initial) if initial else wrapper(hidden)
        return keras.models.Model([x, *initial], output)

    return build


def _carry_both_states(wrapper: Any) -> None:
    """Make up for what 2.1.6 forgets: that a Bidirectional is stateful, in both directions."""
    wrapper.stateful = wrapper.layer.stateful
    wrapper.get_updates_for = lambda inputs=None: [
        update
        for layer in (wrapper.forward_layer, wrapper.backward_layer)
        for update in layer.get_updates_for(inputs)
    ]


def _film(shape: tuple[int, ...] = (4, 4, 2), **arguments: Any) -> Build:
    def build(keras: Any) -> Any:
        batch = BATCH if arguments.get("stateful") else None
        x = keras.layers.Input(batch_shape=(batch, 3, *shape))
        arguments_ = {"padding": "same", **arguments}
        return keras.models.Model(x, keras.layers.ConvLSTM2D(2, 3, **arguments_)(x))

    return build


def _minimal(keras: Any) -> Any:
    x = keras.layers.Input((STEPS, FEATURES))
    layer = keras.layers.RNN(keras.MinimalCell(UNITS), return_sequences=True, return_state=True)
    return keras.models.Model(x, layer(keras.layers.Masking()(x)))


def _uneven(keras: Any) -> Any:
    x = keras.layers.Input((STEPS, FEATURES))
    cells = [keras.layers.LSTMCell(UNITS), keras.layers.GRUCell(2), keras.layers.LSTMCell(3)]
    return keras.models.Model(x, keras.layers.RNN(cells, return_state=True)(x))


def _conditioned(with_state: bool) -> Build:
    def build(keras: Any) -> Any:
        x, fixed = keras.layers.Input((STEPS, FEATURES)), keras.layers.Input((2,))
        initial = [keras.layers.Input((UNITS,))] if with_state else []
        layer = keras.layers.RNN(keras.ConditionedCell(UNITS), return_sequences=True)
        arguments = {"initial_state": initial} if initial else {}
        output = layer(x, constants=fixed, **arguments)
        return keras.models.Model([x, *initial, fixed], output)

    return build


def _wrapped(inner: Callable[[Any], Any], shape: tuple[int, ...], batch: int | None) -> Build:
    def build(keras: Any) -> Any:
        x = keras.layers.Input(batch_shape=(batch, *shape))
        output = keras.layers.TimeDistributed(inner(keras))(x)
        return keras.models.Model(x, output)

    return build


def _inner_model(keras: Any) -> Any:
    return keras.models.Sequential(
        [
            keras.layers.Dense(4, activation="tanh", input_shape=(FEATURES,)),
            keras.layers.Dense(2),
        ]
    )


def _masked_distributed(keras: Any) -> Any:
    x = keras.layers.Input((STEPS, FEATURES))
    hidden = keras.layers.TimeDistributed(keras.layers.Dense(3))(keras.layers.Masking()(x))
    return keras.models.Model(x, keras.layers.LSTM(UNITS, return_sequences=True)(hidden))


def _words(mask_zero: bool) -> Build:
    def build(keras: Any) -> Any:
        x = keras.layers.Input((STEPS,))
        hidden = keras.layers.Embedding(
            7, FEATURES, mask_zero=mask_zero, embeddings_regularizer="l2"
        )(x)
        hidden = keras.layers.GRU(UNITS, return_sequences=True)(hidden)
        return keras.models.Model(x, keras.layers.LSTM(UNITS)(hidden))

    return build


def _flat_words(keras: Any) -> Any:
    return keras.models.Sequential(
        [
            keras.layers.Embedding(7, FEATURES, input_length=STEPS),
            keras.layers.Flatten(),
            keras.layers.Dense(2),
        ]
    )


def _sequence_to_sequence(keras: Any) -> Any:
    source = keras.layers.Input((None, FEATURES), name="source")
    target = keras.layers.Input((None, FEATURES), name="target")
    masked = keras.layers.Masking()(source)
    _, *states = keras.layers.LSTM(UNITS, return_state=True, name="encoder")(masked)
    decoder = keras.layers.LSTM(UNITS, return_sequences=True, return_state=True, name="decoder")
    hidden, _, _ = decoder(target, initial_state=states)
    return keras.models.Model([source, target], keras.layers.Dense(2)(hidden))


def _merged(name: str) -> Build:
    def build(keras: Any) -> Any:
        left = keras.layers.Input((STEPS, FEATURES))
        right = keras.layers.Input((STEPS, FEATURES))
        masked = [keras.layers.Masking()(one) for one in (left, right)]
        hidden = getattr(keras.layers, name)()(masked)
        return keras.models.Model([left, right], keras.layers.GRU(UNITS)(hidden))

    return build


def _joined_steps(keras: Any) -> Any:
    left = keras.layers.Input((STEPS, FEATURES))
    right = keras.layers.Input((STEPS, FEATURES))
    masked = [keras.layers.Masking()(one) for one in (left, right)]
    hidden = keras.layers.Concatenate(axis=1)(masked)
    return keras.models.Model([left, right], keras.layers.LSTM(UNITS)(hidden))


def _shared(keras: Any) -> Any:
    left, right = keras.layers.Input((STEPS, FEATURES)), keras.layers.Input((3, FEATURES))
    layer = keras.layers.LSTM(UNITS)
    total = keras.layers.Add()([layer(keras.layers.Masking()(left)), layer(right)])
    return keras.models.Model([left, right], total)


CASES: dict[str, Build] = {}

for (_name, _layer), _seq, _mask, _back, _state in product(LAYERS.items(), *[(False, True)] * 4):
    _flags = {
        "sequences": _seq, "masked": _mask, "backwards": _back, "stateful": _state,
    }  # fmt: skip
    CASES["_".join([_name, *(key for key, on in _flags.items() if on)])] = plain(
        _layer, _mask, return_sequences=_seq, go_backwards=_back, stateful=_state
    )

for _name, _layer in LAYERS.items():
    CASES[f"{_name}_states"] = plain(_layer, True, return_sequences=True, return_state=True)
    CASES[f"{_name}_unroll"] = plain(_layer, True, unroll=True, return_sequences=True)
    CASES[f"{_name}_unroll_backwards"] = plain(_layer, True, unroll=True, go_backwards=True)

for _name, _layer, _count in (("simple", _simple, 1), ("gru", _gru, 1), ("lstm", _lstm, 2)):
    CASES[f"{_name}_started"] = started(_layer, _count, return_sequences=True)
    CASES[f"{_name}_started_backwards"] = started(_layer, _count, go_backwards=True)
    CASES[f"{_name}_started_states"] = started(_layer, _count, return_state=True)
    CASES[f"{_name}_started_unmasked"] = started(_layer, _count, False, return_sequences=True)
    CASES[f"{_name}_started_unroll"] = started(_layer, _count, unroll=True, return_sequences=True)
    CASES[f"{_name}_no_bias"] = plain(_layer, True, use_bias=False)
    CASES[f"{_name}_relu"] = plain(_layer, True, activation="relu")

for _name, _layer in (("gru", _gru), ("gru_after", _gru_after), ("lstm", _lstm)):
    CASES[f"{_name}_fused"] = plain(_layer, True, implementation=2, return_sequences=True)
    CASES[f"{_name}_sigmoid"] = plain(_layer, True, recurrent_activation="sigmoid")

CASES |= {
    "lstm_softsign": plain(_lstm, True, activation="softsign", recurrent_activation="softsign"),
    "lstm_selu": plain(_lstm, True, activation="selu", recurrent_activation="sigmoid"),
    "gru_linear": plain(_gru, True, activation=None),
    "gru_after_no_bias": plain(_gru_after, True, use_bias=False),
    "lstm_forgetful": plain(_lstm, unit_forget_bias=False),
    "lstm_penalised": plain(
        _lstm, kernel_regularizer="l2", recurrent_regularizer="l1", bias_regularizer="l2",
        activity_regularizer="l2", kernel_constraint="max_norm", recurrent_constraint="unit_norm",
        bias_constraint="non_neg",
    ),
    "simple_penalised": plain(_simple, kernel_regularizer="l2", recurrent_constraint="max_norm"),
    "minimal_cell": _minimal,
    "stacked_uneven": _uneven,
    "constants": _conditioned(False),
    "constants_started": _conditioned(True),
    "film_strides": _film((6, 5, 2), padding="valid", strides=2),
    "film_dilation": _film((6, 6, 2), padding="valid", dilation_rate=2, return_sequences=True),
    "film_channels_first": _film((2, 4, 3), data_format="channels_first", use_bias=False),
    "distributed": _wrapped(lambda k: k.layers.Dense(4), (STEPS, FEATURES), None),
    "distributed_fixed": _wrapped(lambda k: k.layers.Dense(4), (STEPS, FEATURES), BATCH),
    "distributed_model": _wrapped(_inner_model, (STEPS, FEATURES), None),
    "distributed_images": _wrapped(lambda k: k.layers.Conv2D(2, 3), (3, 4, 5, 2), None),
    "distributed_lstm": _wrapped(lambda k: k.layers.LSTM(UNITS), (3, STEPS, FEATURES), None),
    "distributed_masked": _masked_distributed,
    "words": _words(False),
    "words_masked": _words(True),
    "words_flat": _flat_words,
    "sequence_to_sequence": _sequence_to_sequence,
    "merged_add": _merged("Add"),
    "merged_concatenate": _merged("Concatenate"),
    "joined_steps": _joined_steps,
    "shared": _shared,
}  # fmt: skip

for _seq, _back, _state in product(*[(False, True)] * 3):
    _flags = {"sequences": _seq, "backwards": _back, "stateful": _state}
    CASES["_".join(["film", *(key for key, on in _flags.items() if on)])] = _film(
        return_sequences=_seq, go_backwards=_back, stateful=_state
    )

for _mode, _seq, _mask in product(("sum", "mul", "concat", "ave", None), *[(False, True)] * 2):
    _flags = {"sequences": _seq, "masked": _mask}
    CASES["_".join(["both", str(_mode).lower(), *(key for key, on in _flags.items() if on)])] = (
        both_ways(_lstm, _mode, _mask, return_sequences=_seq)
    )

CASES |= {
    "both_gru": both_ways(_gru, "concat", True, return_sequences=True),
    "both_simple_backwards": both_ways(_simple, "sum", True, go_backwards=True),
    "both_stateful": both_ways(_lstm, "concat", True, stateful=True, return_sequences=True),
    "both_states": both_ways(_lstm, "concat", True, return_state=True, return_sequences=True),
    "both_states_apart": both_ways(_gru, None, False, return_state=True),
    "both_started": both_ways(_lstm, "concat", True, 4, return_sequences=True),
    "both_stacked": both_ways(_stacked, "concat", True),
}

CASES |= {
    "simple_cell": plain(_simple_cell),
    "simple_cell_masked": plain(_simple_cell, True, return_sequences=True),
    "simple_cell_backwards": plain(_simple_cell, True, go_backwards=True, unroll=True),
    "simple_cells": plain(_simple_cells, return_sequences=True, return_state=True),
}
