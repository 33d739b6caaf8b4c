"""Models compiled, predicting, saved: what a user does with one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.layers import BatchNormalization, Dense, Dropout, Input
from konnx.models import Model, Sequential, load_model, save_model
from konnx.optimizers import SGD

X = np.linspace(-1, 1, 40, dtype=np.float32).reshape(10, 4)
Y = np.linspace(0, 1, 20, dtype=np.float32).reshape(10, 2)
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def dense() -> Model:
    model = Sequential([Dense(2, input_shape=(4,), name="out")], name="small")
    model.compile(SGD(0.1), "mse", metrics=["mae"])
    return model


def by_hand(model: Model, x: np.ndarray = X) -> np.ndarray:
    kernel, bias = model.get_weights()
    result: np.ndarray = x @ kernel + bias
    return result


# Before compile


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.fit(X, Y),
        lambda model: model.evaluate(X, Y),
        lambda model: model.train_on_batch(X, Y),
        lambda model: model.test_on_batch(X, Y),
    ],
)
def test_training_before_compile_says_what_to_call(use: Any) -> None:
    model = Sequential([Dense(2, input_shape=(4,))], name="raw")
    with pytest.raises(RuntimeError, match="Model 'raw' is not compiled. Call model.compile"):
        use(model)


@pytest.mark.no_runtime
@pytest.mark.parametrize("name", ["optimizer", "loss", "metrics_names"])
def test_what_compile_sets_is_not_there_before(name: str) -> None:
    model = Sequential([Dense(2, input_shape=(4,))])
    assert not model.is_compiled
    assert not hasattr(model, name)
    model.compile("sgd", "mse")
    assert model.is_compiled
    assert hasattr(model, name)


# Prediction


@pytest.mark.parametrize(
    "data",
    [X, X.astype(np.float64), X[:, ::-1][:, ::-1], X.tolist(), [X], {"out_input": X}],
    ids=["array", "float64", "view", "list", "listed", "dict"],
)
def test_predict_takes_arrays_in_many_forms(data: Any) -> None:
    model = dense()
    np.testing.assert_allclose(model.predict(data), by_hand(model), **CLOSE)


@pytest.mark.parametrize("batch_size", [1, 3, 10, 64, None])
def test_predict_puts_batches_together(batch_size: int | None) -> None:
    model = dense()
    received = model.predict(X, batch_size=batch_size)
    np.testing.assert_allclose(received, by_hand(model), **CLOSE)


def test_predict_on_batch_is_one_run() -> None:
    model = dense()
    np.testing.assert_allclose(model.predict_on_batch(X), by_hand(model), **CLOSE)


def test_nan_in_the_data_is_no_error() -> None:
    x = X.copy()
    x[3, 1] = np.nan
    received = dense().predict(x)
    assert np.isnan(received[3]).all()
    assert not np.isnan(received[:3]).any()


@pytest.mark.training
@pytest.mark.parametrize("runs_before", [0, 1, 2, 3])
def test_predict_follows_every_change_of_the_weights(runs_before: int, tmp_path: Path) -> None:
    # Before and after the change it may run frozen or live; either must see the new weights.
    model = dense()
    model.save_weights(tmp_path / "w.h5")
    changes = [
        lambda: model.set_weights([weight + 1 for weight in model.get_weights()]),
        lambda: model.train_on_batch(X, Y),
        lambda: model.load_weights(tmp_path / "w.h5"),
        lambda: model.layers[0].set_weights([weight * 2 for weight in model.get_weights()]),
        lambda: model.fit(X, Y, verbose=0),
    ]
    for change in changes:
        for _ in range(runs_before):
            model.predict(X)
        change()
        np.testing.assert_allclose(model.predict(X), by_hand(model), **CLOSE)


@pytest.mark.training
def test_predict_follows_the_first_step_after_set_weights() -> None:
    model = dense()
    model.set_weights(model.get_weights())
    model.predict(X)
    model.train_on_batch(X, Y)
    np.testing.assert_allclose(model.predict(X), by_hand(model), **CLOSE)


@pytest.mark.training
def test_a_model_sees_what_another_trains_in_a_shared_layer() -> None:
    x = Input((4,))
    layer = Dense(2)
    model, other = Model(x, layer(x)), Sequential([layer])
    other.compile("sgd", "mse")
    model.predict(X)
    other.train_on_batch(X, Y)
    np.testing.assert_allclose(model.predict(X), by_hand(model), **CLOSE)


def predict_in_threads(model: Model, count: int = 4) -> list[np.ndarray]:
    results: list[np.ndarray] = []
    start = threading.Barrier(count)

    def work() -> None:
        start.wait()
        results.extend(model.predict(X, batch_size=3) for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_several_threads_may_predict_at_once() -> None:
    model = dense()
    expected = by_hand(model)
    results = predict_in_threads(model)
    assert len(results) == 20
    for received in results:
        np.testing.assert_allclose(received, expected, **CLOSE)


@pytest.mark.training
def test_threads_that_run_live_weights_first_share_one_state() -> None:
    model = dense()
    model.predict(X)
    model.set_weights([weight + 1 for weight in model.get_weights()])
    predict_in_threads(model)
    model.train_on_batch(X, Y)
    np.testing.assert_allclose(model.predict(X), by_hand(model), **CLOSE)


def test_a_layer_called_in_training_draws_in_prediction_too() -> None:
    x = Input((100,))
    model = Model(x, Dropout(0.5)(x, training=True))
    ones = np.ones((2, 100))
    np.random.seed(3)  # noqa: NPY002 - the generator that rules konnx
    first, second = model.predict(ones), model.predict(ones)
    assert set(np.unique(first)) == {0.0, 2.0}
    assert not np.array_equal(first, second)
    np.random.seed(3)  # noqa: NPY002 - as above
    np.testing.assert_array_equal(model.predict(ones), first)


# Validation


WEIGHTS = np.array([2.0, 0.0, 1.0])


@pytest.mark.training
@pytest.mark.parametrize(
    "options",
    [
        {"validation_data": (X[7:], Y[7:])},
        {"validation_data": [X[7:], Y[7:], WEIGHTS]},
        {"validation_split": 0.3},
    ],
    ids=["data", "weighted data", "split"],
)
def test_each_epoch_ends_with_validation_on_data_that_are_not_trained_on(options: Any) -> None:
    model = dense()
    weights = WEIGHTS if len(options.get("validation_data", ())) == 3 else None
    length = 10 if "validation_split" in options else 7
    history = model.fit(
        X[:length], Y[:length], batch_size=2, epochs=2, verbose=0, **options
    ).history
    expected = model.evaluate(X[7:], Y[7:], batch_size=2, verbose=0, sample_weight=weights)
    keys = ["loss", "mean_absolute_error", "val_loss", "val_mean_absolute_error"]
    assert sorted(history) == sorted(keys)
    assert [history[key][-1] for key in keys[2:]] == pytest.approx(expected)
    assert history["val_loss"][0] != history["val_loss"][1]


# Freezing


def normalized(inner_trainable: bool = True) -> Model:
    norm = BatchNormalization(momentum=0.5, name="norm")
    inner = Sequential([Dense(3, input_shape=(4,)), norm], name="inner")
    inner.trainable = inner_trainable
    model = Sequential([inner, Dense(2, name="top")])
    model.compile(SGD(0.1), "mse")
    return model


@pytest.mark.training
def test_a_trained_normalization_moves_its_statistics() -> None:
    model = normalized()
    before = model.get_layer("inner").get_weights()
    model.train_on_batch(X, Y)
    after = model.get_layer("inner").get_weights()
    assert [np.array_equal(b, a) for b, a in zip(before, after, strict=True)].count(True) <= 1


@pytest.mark.training
@pytest.mark.parametrize("place", ["layer", "model"])
def test_a_frozen_normalization_works_as_in_inference(place: str) -> None:
    model = normalized()
    inner: Any = model.get_layer("inner")
    (inner.get_layer("norm") if place == "layer" else inner).trainable = False
    model.compile(SGD(0.1), "mse")
    before = [weight.numpy() for weight in inner.get_layer("norm").weights]
    expected = np.mean((model.predict(X) - Y) ** 2)
    assert model.train_on_batch(X, Y) == pytest.approx(expected, rel=1e-5)
    for old, new in zip(before, inner.get_layer("norm").weights, strict=True):
        np.testing.assert_array_equal(new.numpy(), old)


@pytest.mark.training
def test_freezing_takes_effect_at_the_next_compile() -> None:
    model = normalized()
    inner = model.get_layer("inner")

    def step_changes() -> int:
        before = inner.get_weights()
        model.train_on_batch(X, Y)
        pairs = zip(before, inner.get_weights(), strict=True)
        return sum(not np.array_equal(old, new) for old, new in pairs)

    inner.trainable = False
    with pytest.warns(UserWarning, match="without calling model.compile"):
        assert step_changes() >= 5  # still as compiled: kernel, gamma, beta and both statistics
    model.compile(SGD(0.1), "mse")
    assert step_changes() == 0
    inner.trainable = True
    with pytest.warns(UserWarning, match="without calling model.compile"):
        assert step_changes() == 0
    model.compile(SGD(0.1), "mse")
    assert step_changes() >= 5


@pytest.mark.training
def test_a_model_trained_alone_can_be_frozen_in_another() -> None:
    # As a discriminator is trained, and then trained against.
    judge = Sequential([Dense(1, input_shape=(2,))], name="judge")
    judge.compile("sgd", "mse")
    judge.trainable = False
    maker = Sequential([Dense(2, input_shape=(4,))], name="maker")
    both = Sequential([maker, judge])
    both.compile("sgd", "mse")
    judge_before, maker_before = judge.get_weights(), maker.get_weights()
    both.train_on_batch(X, Y[:, :1])
    np.testing.assert_array_equal(judge.get_weights()[0], judge_before[0])
    assert not np.array_equal(maker.get_weights()[0], maker_before[0])
    with pytest.warns(UserWarning, match="'judge' has 0 trainable weights now, but trains 2"):
        judge.train_on_batch(Y, Y[:, :1])
    assert not np.array_equal(judge.get_weights()[0], judge_before[0])


@pytest.mark.training
def test_a_model_with_nothing_to_train_still_steps() -> None:
    model = Sequential([Dense(2, input_shape=(4,), trainable=False)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    assert model.train_on_batch(X, Y) == pytest.approx(model.test_on_batch(X, Y))
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


# Arguments


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda m: m.fit(X, Y, batch_size=0), "`batch_size` must be a positive integer"),
        (lambda m: m.fit(X, Y, batch_size=2.5), "Received: batch_size=2.5"),
        (lambda m: m.fit(X, Y, epochs=0), "`epochs` must be a positive integer"),
        (lambda m: m.evaluate(X, Y, batch_size=-1), "Received: batch_size=-1"),
        (lambda m: m.predict(X, batch_size="8"), "Received: batch_size='8'"),
        (lambda m: m.fit(X, Y, validation_data=(X,)), r"must be \(x, y\).*Received: tuple"),
        (lambda m: m.fit(X, Y, validation_data=X), "Received: ndarray"),
        (lambda m: m.fit(X, Y, validation_split=1.0), "validation_split=1.0 of 10 samples"),
        (lambda m: m.fit(X[:1], Y[:1], validation_split=0.5), "leave samples on both sides"),
        (lambda m: m.fit(X, Y, class_weight="balanced"), "must be a dict.*'balanced'"),
    ],
)
def test_arguments_that_make_no_sense(use: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        use(dense())


# Files


@pytest.mark.training
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_training_goes_on_from_a_file_as_if_never_stopped(optimizer: str, tmp_path: Path) -> None:
    straight = Sequential([Dense(3, activation="tanh", input_shape=(4,)), Dense(2)])
    straight.compile(optimizer, "mse", metrics=["mae"])
    straight.save(tmp_path / "start.h5")
    stopped = load_model(tmp_path / "start.h5")
    for _ in range(3):
        straight.train_on_batch(X, Y)
        stopped.train_on_batch(X, Y)
    stopped.save(tmp_path / "middle.h5")
    resumed = load_model(tmp_path / "middle.h5")
    for _ in range(3):
        assert resumed.train_on_batch(X, Y) == straight.train_on_batch(X, Y)
    for received, expected in zip(resumed.get_weights(), straight.get_weights(), strict=True):
        np.testing.assert_array_equal(received, expected)


@pytest.mark.training
def test_two_models_with_one_optimizer_each_save_their_own_state(tmp_path: Path) -> None:
    optimizer = SGD(0.1, momentum=0.9)
    models = [Sequential([Dense(units, input_shape=(4,))]) for units in (1, 2)]
    for model, target in zip(models, (Y[:, :1], Y), strict=True):
        model.compile(optimizer, "mse")
        model.train_on_batch(X, target)
    for index, model in enumerate(models):
        model.save(tmp_path / f"{index}.h5")
        slots = load_model(tmp_path / f"{index}.h5").optimizer.get_weights()
        assert [slot.shape for slot in slots[1:]] == [w.shape for w in model.get_weights()]
        assert slots[1].any()


def test_a_model_is_saved_by_a_function_too(tmp_path: Path) -> None:
    model = dense()
    save_model(model, tmp_path / "m.h5", include_optimizer=False)
    assert not load_model(tmp_path / "m.h5").is_compiled
    with pytest.raises(FileExistsError):
        save_model(model, tmp_path / "m.h5", overwrite=False)


def test_compile_keeps_weights() -> None:
    model = dense()
    before = model.get_weights()
    model.compile("adam", "mae")
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


@pytest.mark.training
def test_functions_may_be_made_before_they_are_called_as_servers_with_threads_do() -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    model._make_predict_function()
    with pytest.raises(RuntimeError, match="is not compiled"):
        model._make_train_function()
    model.compile("sgd", "mse")
    model._make_train_function()
    model._make_test_function()
    assert model.predict(np.ones((3, 2))).shape == (3, 1)
