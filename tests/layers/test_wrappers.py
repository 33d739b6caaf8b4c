"""TimeDistributed and Bidirectional: layers around layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Bidirectional,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Layer,
    Masking,
    SimpleRNN,
    TimeDistributed,
    serialize,
)
from konnx.models import Model, Sequential, model_from_json
from konnx.testing import evaluate
from konnx.testing.layers import check_layer


class DistributedDense(TimeDistributed):
    """A wrapper that can be made from plain arguments, as the harness needs it."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(Dense(units, dtype=kwargs.get("dtype")), **kwargs)
        self.units = units

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "units": self.units}
        del config["layer"]
        return config

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Any:
        return cls(**config)


@pytest.mark.gradients
def test_the_wrapper_keeps_its_promises() -> None:
    check_layer(DistributedDense, {"units": 3}, (2, 4, 5))


STEPS = np.random.default_rng(0).normal(size=(3, 4, 6, 5, 2)).astype("float32")


@pytest.mark.parametrize("batch", [None, 3])
@pytest.mark.parametrize("time", [None, 4])
def test_each_step_is_computed_by_itself(batch: int | None, time: int | None) -> None:
    inner = Conv2D(3, 2)
    x = Input(batch_shape=(batch, time, 6, 5, 2))
    output = TimeDistributed(inner)(x)
    assert output.shape == (batch, time, 5, 4, 3)
    step = Input((6, 5, 2))
    expected = [evaluate([inner(step)], {step: STEPS[:, t]})[0] for t in range(4)]
    received = evaluate([output], {x: STEPS})[0]
    np.testing.assert_allclose(received, np.stack(expected, 1), rtol=1e-4, atol=1e-5)


def test_a_model_can_be_distributed() -> None:
    inner = Sequential([Conv2D(2, 3, input_shape=(6, 5, 2)), Flatten(), Dropout(0.5), Dense(3)])
    model = Sequential([TimeDistributed(inner, input_shape=(4, 6, 5, 2)), LSTM(2)])
    assert model.predict(STEPS).shape == (3, 2)
    assert len(model.trainable_weights) == 7
    model.compile("sgd", "mse")
    before = inner.get_weights()
    model.train_on_batch(STEPS, np.zeros((3, 2)))
    assert all(not np.array_equal(a, b) for a, b in zip(before, inner.get_weights(), strict=True))


def test_layers_within_start_from_the_weights_they_are_given() -> None:
    weights = [np.full((2, 3), 0.5, "float32"), np.ones(3, "float32")]
    wrapper = TimeDistributed(Dense(3, weights=weights))
    wrapper(Input((4, 2)))
    for received, expected in zip(wrapper.get_weights(), weights, strict=True):
        assert np.array_equal(received, expected)


def test_a_model_without_an_input_shape_is_built_within() -> None:
    wrapper = TimeDistributed(Sequential([Dense(3), Dense(2)]))
    assert wrapper(Input((4, 5))).shape == (None, 4, 2)
    assert len(wrapper.weights) == 4


def test_updates_and_losses_of_the_layer_within_count() -> None:
    norm = BatchNormalization()
    wrapper = TimeDistributed(norm)
    x = Input((4, 5))
    hidden = TimeDistributed(Dense(3, kernel_regularizer="l2", activity_regularizer="l2"))(x)
    model = Model(x, wrapper(hidden))
    assert len(model.losses) == 2
    assert len(model.updates) == 2
    wrapper.trainable = False
    assert norm.is_frozen
    assert not model.updates
    assert wrapper.trainable_weights == []
    assert len(wrapper.non_trainable_weights) == 4


def test_freezing_a_model_freezes_what_its_wrappers_hold() -> None:
    norm = BatchNormalization()
    model = Sequential([TimeDistributed(norm, input_shape=(4, 5))])
    model.trainable = False
    assert norm.is_frozen
    model.trainable = True
    assert not norm.is_frozen


def test_the_mask_goes_past_the_wrapper() -> None:
    masked = Masking()(Input((4, 5)))
    assert TimeDistributed(Dense(3))(masked)._keras_mask is masked._keras_mask


def test_weights_are_called_after_the_wrapper() -> None:
    wrappers: list[Layer] = [
        TimeDistributed(Dense(3), name="each"),
        Bidirectional(LSTM(3, name="rnn"), name="both"),
    ]
    names = []
    for wrapper in wrappers:
        wrapper(Input((4, 5)))
        names += [weight.name for weight in wrapper.weights]
    assert names == [
        "each/kernel",
        "each/bias",
        "both/forward_rnn/kernel",
        "both/forward_rnn/recurrent_kernel",
        "both/forward_rnn/bias",
        "both/backward_rnn/kernel",
        "both/backward_rnn/recurrent_kernel",
        "both/backward_rnn/bias",
    ]


def test_both_directions_have_weights_and_penalties_of_their_own() -> None:
    wrapper = Bidirectional(SimpleRNN(3, kernel_regularizer="l2"), merge_mode="sum")
    x = Input((4, 5))
    model = Model(x, wrapper(x))
    assert len(model.losses) == 2
    weights = wrapper.get_weights()
    assert len(weights) == 6
    assert not np.array_equal(weights[0], weights[3])
    assert not wrapper.forward_layer.go_backwards
    assert wrapper.backward_layer.go_backwards


def test_another_layer_can_run_backwards() -> None:
    wrapper = Bidirectional(GRU(3), backward_layer=LSTM(3, go_backwards=True, name="other"))
    x = Input((4, 5))
    model = Model(x, wrapper(x))
    assert [len(layer.get_weights()) for layer in wrapper.parts] == [3, 3]
    assert wrapper.get_weights()[4].shape == (3, 12)
    copy = model_from_json(model.to_json())
    copy.set_weights(model.get_weights())
    data = STEPS[:, :, 0, :, 0]
    np.testing.assert_allclose(copy.predict(data), model.predict(data), rtol=1e-5)


def test_a_config_that_names_the_usual_backward_layer_is_an_ordinary_one() -> None:
    config = Bidirectional(GRU(3, name="rnn"), name="both").get_config()
    config["backward_layer"] = serialize(GRU(3, go_backwards=True, name="backward_rnn"))
    restored = Bidirectional.from_config(config)
    assert "backward_layer" not in restored.get_config()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Bidirectional(Dense(3)), "must be a recurrent layer"),
        (lambda: Bidirectional(GRU(3), backward_layer=GRU(3)), "must go the other way"),
        (lambda: Bidirectional(GRU(3), merge_mode="max"), "must be one of 'sum'"),
        (lambda: TimeDistributed(Dense(3), name="each")(Input((4,))), "'each'.*ndim of at least 3"),
    ],
)
def test_what_cannot_be_wrapped_is_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_only_layers_can_be_wrapped() -> None:
    not_a_layer: Any = "dense"
    with pytest.raises(TypeError, match="`layer` must be a layer"):
        TimeDistributed(not_a_layer)


@pytest.mark.gradients
@pytest.mark.parametrize(
    "arguments",
    [{}, {"input_length": 4}, {"mask_zero": True, "embeddings_regularizer": "l2"}],
)
def test_the_embedding_keeps_its_promises(arguments: dict[str, Any]) -> None:
    words = np.array([[1, 2, 0, 4], [4, 4, 3, 2]])
    check_layer(
        Embedding, {"input_dim": 5, "output_dim": 3, **arguments}, (2, 4),
        data=words, input_dtype="int32", gradients=None,
    )  # fmt: skip


def test_the_embedding_takes_whole_numbers_as_floats_and_masks_zero() -> None:
    x = Input((3,))
    output = Embedding(5, 2, mask_zero=True, weights=[np.arange(10).reshape(5, 2)])(x)
    assert output._keras_mask is not None
    vectors, mask = evaluate([output, output._keras_mask], {x: [[0, 3, 1]]})
    assert vectors.tolist() == [[[0, 1], [6, 7], [2, 3]]]
    assert mask.tolist() == [[False, True, True]]


def test_an_embedding_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="'words': `input_length` must fit"):
        Embedding(5, 2, input_length=4, name="words")(Input((3,)))


def test_masking_hides_steps_that_have_nothing_but_the_value() -> None:
    check_layer(Masking, {"mask_value": 0.5}, (2, 4, 3))
    x = Input((3, 2))
    output = Masking(mask_value=-1.0)(x)
    assert output._keras_mask is not None
    data = [[[-1.0, -1.0], [-1.0, 2.0], [0.0, 0.0]]]
    values, mask = evaluate([output, output._keras_mask], {x: data})
    assert mask.tolist() == [[False, True, True]]
    assert values.tolist() == [[[0.0, 0.0], [-1.0, 2.0], [0.0, 0.0]]]


def test_a_layer_that_knows_no_masks_refuses_one() -> None:
    masked = Masking()(Input((3, 2)))
    with pytest.raises(TypeError, match="'flat' .* does not support masking"):
        Flatten(name="flat")(masked)
