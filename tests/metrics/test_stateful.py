"""Metrics that keep sums: in models, in files, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import metrics, ops
from konnx.callbacks import BackupAndRestore, LambdaCallback
from konnx.graph import ShapeError, placeholder
from konnx.layers import LSTM, Dense, Input, Masking, TimeDistributed
from konnx.metrics import AUC, Precision, Recall, StatefulMetric
from konnx.models import Model, Sequential, load_model
from konnx.utils.naming import to_snake_case

no_runtime = pytest.mark.no_runtime
training = pytest.mark.training


def data(count: int = 50, units: int = 1) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    x = generator.random((count, 3)).astype("float32")
    return x, (generator.random((count, units)) < x[:, :1]).astype("float32")


def make_model(*chosen: Any, units: int = 1, **options: Any) -> Sequential:
    model = Sequential([Dense(units, activation="sigmoid", input_shape=(3,), name="out")])
    model.set_weights([np.linspace(2.0, -1.0, 3 * units).reshape(3, units), np.zeros(units)])
    kinds = {"metrics": list(chosen), **options}
    model.compile("sgd", "binary_crossentropy", **kinds)
    return model


def share(hits: np.ndarray, of: np.ndarray, weights: Any = 1.0) -> float:
    return float((hits * of * weights).sum() / (of * weights).sum())


@training
def test_values_are_of_all_samples_not_means_of_batches() -> None:
    x, y = data()
    model = make_model("Precision", Recall(0.6), AUC())
    assert model.metrics_names == ["loss", "precision", "recall", "auc"]
    positive = model.predict(x)
    expected = [share(y, positive > 0.5), share(positive > 0.6, y)]
    whole = model.evaluate(x, y, batch_size=50, verbose=0)
    np.testing.assert_allclose(whole[1:3], expected, rtol=1e-6)
    for batch_size in (7, 20):
        found = model.evaluate(x, y, batch_size=batch_size, verbose=0)
        np.testing.assert_allclose(found, whole, rtol=1e-5)
    np.testing.assert_allclose(model.test_on_batch(x, y), whole, rtol=1e-5)
    np.testing.assert_allclose(model.test_on_batch(x, y), whole, rtol=1e-5)


@training
def test_each_epoch_begins_anew() -> None:
    x, y = data()
    model = make_model(AUC(), Precision())
    model.optimizer.lr = 0.0
    whole = dict(zip(model.metrics_names, model.evaluate(x, y, verbose=0), strict=True))
    logs: list[dict[str, Any]] = []
    note = LambdaCallback(on_batch_end=lambda batch, one: logs.append(dict(one)))
    arguments: dict[str, Any] = {"verbose": 0, "batch_size": 20, "callbacks": [note]}
    history = model.fit(x, y, epochs=2, validation_data=(x[:20], y[:20]), **arguments).history
    for name in ("auc", "precision"):
        np.testing.assert_allclose(history[name], [whole[name]] * 2, rtol=1e-5)
        assert history[f"val_{name}"][0] == history[f"val_{name}"][1] != history[name][0]
        assert logs[2][name] == logs[5][name] == history[name][0]
    streamed = model.evaluate_generator(iter([(x[:30], y[:30]), (x[30:], y[30:])]), 2)
    np.testing.assert_allclose(streamed, list(whole.values()), rtol=1e-5)


@training
def test_sample_weights_count_for_weighted_metrics_only() -> None:
    x, y = data()
    weights = np.arange(50.0)
    model = make_model(Recall(0.6), weighted_metrics=[Recall(0.6)])
    assert model.metrics_names == ["loss", "recall", "weighted_recall"]
    found = model.evaluate(x, y, sample_weight=weights, verbose=0)[1:]
    positive = model.predict(x) > 0.6
    expected = [share(positive, y), share(positive, y, weights[:, np.newaxis])]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@training
def test_masked_steps_do_not_count() -> None:
    generator = np.random.default_rng(0)
    x = generator.random((8, 4, 2)).astype("float32")
    x[::2, 2:] = 0
    y = (generator.random((8, 4, 1)) < 0.5).astype("float32")
    model = Sequential([
        Masking(input_shape=(4, 2)), LSTM(3, return_sequences=True),
        TimeDistributed(Dense(1, activation="sigmoid", bias_initializer="ones")),
    ])  # fmt: skip
    model.compile("sgd", "binary_crossentropy", metrics=[Precision(0.2)])
    kept = x.any(axis=-1, keepdims=True)
    positive = model.predict(x) > 0.2
    found = model.evaluate(x, y, verbose=0)[1]
    np.testing.assert_allclose(found, share(y, positive, kept), rtol=1e-6)


@training
def test_each_output_has_sums_of_its_own() -> None:
    x, y = data()
    inputs = Input((3,))
    outputs = [
        Dense(1, activation="sigmoid", name=name, kernel_initializer="ones")(inputs)
        for name in ("a", "b")
    ]
    model = Model(inputs, outputs)
    metric = Precision()
    model.compile("sgd", "binary_crossentropy", metrics=[metric])
    assert model.metrics_names[-2:] == ["a_precision", "b_precision"]
    found = model.evaluate(x, [y, 1 - y], verbose=0)[-2:]
    expected = [
        share(target, scores > 0.5)
        for target, scores in zip((y, 1 - y), model.predict(x), strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert metric.variables == []


@training
def test_several_thresholds_give_several_values(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = data()
    model = make_model(Recall([0.0, 1.0]))
    np.testing.assert_array_equal(model.evaluate(x, y, verbose=0)[1], [1.0, 0.0])
    history = model.fit(x, y, epochs=2, verbose=2).history
    np.testing.assert_array_equal(history["recall"], [[1.0, 0.0]] * 2)
    assert "recall: 0.5000" in capsys.readouterr().out
    np.testing.assert_array_equal(model.train_on_batch(x, y)[1], [1.0, 0.0])


@training
def test_a_metric_of_ones_own_keeps_sums() -> None:
    class Share(StatefulMetric):
        def totals(self, y_true: Any, y_pred: Any, weights: Any = None) -> Any:
            return [ops.sum(y_true), ops.sum(y_pred)]

        def result(self, totals: Any) -> Any:
            return totals[0] / totals[1]

    x, y = data()
    model = make_model(Share())
    found = model.evaluate(x, y, batch_size=9, verbose=0)[1]
    np.testing.assert_allclose(found, y.sum() / model.predict(x).sum(), rtol=1e-5)


@training
def test_sums_are_in_a_backup_of_an_epoch_that_was_begun(tmp_path: Path) -> None:
    def fail(batch: int, logs: Any) -> None:
        if batch == 3:
            raise OSError("interrupted")

    x, y = data()
    whole = make_model(AUC())
    weights = whole.get_weights()
    arguments: dict[str, Any] = {"batch_size": 10, "verbose": 0, "shuffle": False}
    expected = whole.fit(x, y, **arguments).history
    model = make_model(AUC())
    model.set_weights(weights)
    backup = BackupAndRestore(tmp_path, save_freq=1)
    with pytest.raises(OSError, match="interrupted"):
        model.fit(x, y, **arguments, callbacks=[backup, LambdaCallback(on_batch_begin=fail)])
    assert make_model(AUC()).fit(x, y, **arguments, callbacks=[backup]).history == expected


@training
@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_files_hold_the_arguments(tmp_path: Path, suffix: str) -> None:
    x, y = data(units=2)
    model = make_model(AUC(curve="PR", name="area"), "acc", Recall(class_id=1), units=2)
    model.save(tmp_path / f"model{suffix}")
    loaded = load_model(tmp_path / f"model{suffix}")
    assert loaded.metrics_names == model.metrics_names == ["loss", "area", "acc", "recall"]
    np.testing.assert_array_equal(loaded.evaluate(x, y, verbose=0), model.evaluate(x, y, verbose=0))


@no_runtime
@pytest.mark.parametrize(
    "metric",
    [
        Precision(),
        Recall([0.1, 0.2], name="mine"),
        Precision(top_k=3, class_id=2),
        AUC(7, "pr", "Minoring", multi_label=True, num_labels=2, label_weights=[1, 2]),
        AUC(thresholds=[0.5, 0.25]),
    ],
)
def test_configs_round_trip(metric: StatefulMetric) -> None:
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()
    assert (again.thresholds, again.name) == (metric.thresholds, metric.name)


@no_runtime
@pytest.mark.parametrize("name", [one.__name__ for one in metrics.STATEFUL])
def test_names_make_new_metrics(name: str) -> None:
    one = metrics.get(name)
    assert type(one) is getattr(metrics, name)
    assert metrics.get(name) is not one and metrics.get(one) is one
    assert one.name == to_snake_case(name)
    assert type(one).from_config(one.get_config()).get_config() == one.get_config()


@no_runtime
@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (Precision, {"thresholds": 1.5}, "`thresholds` must be numbers from 0 to 1"),
        (Recall, {"thresholds": []}, "`thresholds` must be numbers"),
        (Recall, {"thresholds": [0.5, "a"]}, "`thresholds` must be numbers"),
        (Precision, {"top_k": 0}, "`top_k` must be an integer, 1 or more"),
        (Precision, {"class_id": -1}, "`class_id` must be an integer, 0 or more"),
        (AUC, {"num_thresholds": 1}, "`num_thresholds` must be an integer, 2 or more"),
        (AUC, {"curve": "ROCK"}, "`curve` must be one of 'ROC', 'PR'"),
        (AUC, {"summation_method": "sum"}, "`summation_method` must be one of"),
        (AUC, {"num_labels": 3}, "only with multi_label=True"),
        (AUC, {"label_weights": [1, -1]}, "`label_weights` must not be negative"),
        (AUC, {"thresholds": [2.0]}, "`thresholds` must be numbers from 0 to 1"),
    ],
)
def test_arguments_that_there_are_not_are_refused(
    kind: Any, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**arguments)


@no_runtime
@pytest.mark.parametrize(
    ("metric", "true", "pred", "message"),
    [
        (Precision(), (None, 1), (None, 3), "one-hot rows"),
        (AUC(), (None,), (None, 3), "the shape of the output"),
        (AUC(multi_label=True), (None, 2, 3), (None, 2, 3), "of shape \\(batch, labels\\)"),
        (AUC(multi_label=True, num_labels=2), (None, 3), (None, 3), "`num_labels` is for 2"),
        (AUC(label_weights=[1, 2]), (None, 3), (None, 3), "`label_weights` is for 2"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    metric: StatefulMetric, true: Any, pred: Any, message: str
) -> None:
    with pytest.raises(ShapeError, match=message):
        metric(placeholder(true, name="true"), placeholder(pred, name="pred"))
