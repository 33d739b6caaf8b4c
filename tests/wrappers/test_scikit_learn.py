from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from konnx.callbacks import LambdaCallback
from konnx.layers import Dense, Input, add
from konnx.models import Model, Sequential
from konnx.optimizers import Adam
from konnx.wrappers.scikit_learn import KerasClassifier, KerasRegressor

pytestmark = pytest.mark.training


def build_classifier(n_classes_: int, units: int = 16, loss: str = "sparse") -> Sequential:
    hidden = Dense(units, activation="tanh")
    if loss == "binary":
        model = Sequential([hidden, Dense(1, activation="sigmoid")])
    else:
        model = Sequential([hidden, Dense(n_classes_, activation="softmax")])
    names = {"sparse": "sparse_categorical", "categorical": "categorical", "binary": "binary"}
    model.compile(Adam(0.03), f"{names[loss]}_crossentropy", metrics=["accuracy"])
    return model


def build_regressor(n_outputs_: int, units: int = 16) -> Sequential:
    model = Sequential([Dense(units, activation="tanh"), Dense(n_outputs_)])
    model.compile(Adam(0.03), "mse")
    return model


def classifier(**parameters: Any) -> KerasClassifier:
    return KerasClassifier(
        build_classifier, **{"epochs": 25, "verbose": 0, "random_state": 0, **parameters}
    )


def regressor(**parameters: Any) -> KerasRegressor:
    return KerasRegressor(
        build_regressor, **{"epochs": 25, "verbose": 0, "random_state": 0, **parameters}
    )


EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": (
        "A sample of weight 2 is one sample of a batch, two equal samples may be in two of them; "
        "and Keras divides a weighted loss by the number of weights that are not 0."
    ),
}


# Not parametrize_with_checks: its names hold addresses, which differ between processes.
CHECKS = [
    pytest.param(
        *getattr(one, "values", one),
        marks=getattr(one, "marks", ()),
        id=f"{type(estimator).__name__}-{number}",
    )
    for estimator in (classifier(), regressor())
    for number, one in enumerate(
        estimator_checks_generator(
            estimator, expected_failed_checks=EXPECTED_FAILURES, mark="xfail"
        )
    )
]


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_it_is_an_estimator_by_scikit_learns_own_checks(
    estimator: Any, check: Callable[[Any], None]
) -> None:
    check(estimator)


def clouds(labels: Any = (0, 1, 2), samples: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Points around as many places as there are labels."""
    random = np.random.RandomState(0)
    places = np.eye(len(labels), 3).repeat(samples, axis=0) * 4
    order = random.permutation(len(places))
    x = places + random.normal(size=places.shape) * 0.3
    return x[order].astype("float32"), np.repeat(labels, samples)[order]


@pytest.mark.parametrize("loss", ["sparse", "categorical"])
@pytest.mark.parametrize("labels", [["a", "b", "c"], [7, 1, 30], [0.0, 1.0, 2.0]])
def test_labels_may_be_of_any_kind(labels: list[Any], loss: str) -> None:
    x, y = clouds(labels)
    trained = classifier(loss=loss).fit(x, y)
    np.testing.assert_array_equal(trained.predict(x), y)
    assert trained.classes_.tolist() == sorted(labels)
    assert trained.score(x, y) == 1.0
    assert trained.predict_proba(x).shape == (60, 3)


def test_one_sigmoid_tells_two_classes_apart() -> None:
    x, y = clouds(["no", "yes"])
    trained = classifier(loss="binary").fit(x, y)
    probabilities = trained.predict_proba(x)
    assert probabilities.shape == (40, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(trained.predict(x), y)
    assert trained.score(x, y) == 1.0


def test_one_hot_rows_are_labels_by_their_numbers() -> None:
    x, y = clouds()
    trained = classifier(loss="categorical").fit(x, np.eye(3)[y])
    np.testing.assert_array_equal(trained.predict(x), y)
    assert trained.score(x, np.eye(3)[y]) == 1.0


def test_a_label_that_was_not_there_in_training_counts_as_wrong() -> None:
    x, y = clouds(["a", "b"])
    trained = classifier().fit(x, y)
    assert trained.score(x, np.where(np.arange(40) < 10, "z", y)) == 0.75


def test_the_accuracy_must_be_among_the_metrics() -> None:
    def build() -> Sequential:
        model = Sequential([Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    x, y = clouds()
    trained = KerasClassifier(build, verbose=0).fit(x, y)
    with pytest.raises(ValueError, match=r"metrics=\['accuracy'\]"):
        trained.score(x, y)


class Builder:
    """An object that builds."""

    def __call__(self, units: int = 4) -> Sequential:
        return build_regressor(1, units)


class OwnRegressor(KerasRegressor):
    """A regressor that builds itself."""

    def __call__(self, units: int = 4) -> Sequential:
        return build_regressor(1, units)


class Built(Sequential):
    """A class that is what it builds."""

    def __init__(self, units: int = 4) -> None:
        super().__init__([Dense(units), Dense(1)])
        self.compile("sgd", "mse")


@pytest.mark.parametrize(
    "make",
    [
        lambda **given: KerasRegressor(lambda units=4: build_regressor(1, units), **given),
        lambda **given: KerasRegressor(Builder(), **given),
        lambda **given: KerasRegressor(Built, **given),
        lambda **given: OwnRegressor(**given),
    ],
    ids=["function", "object", "class", "subclass"],
)
def test_models_come_from_what_can_be_called(make: Callable[..., KerasRegressor]) -> None:
    x, y = clouds()
    trained = make(units=3, verbose=0).fit(x, y)
    assert trained.model.layers[0].units == 3  # type: ignore[attr-defined]
    assert trained.predict(x).shape == (60,)


def test_the_score_of_a_regressor_is_the_negative_loss() -> None:
    x, y = clouds()
    trained = regressor().fit(x, y)
    expected = -trained.model.evaluate(x, y.astype("float32"), verbose=0)
    assert trained.score(x, y) == pytest.approx(expected)
    assert trained.history["loss"][-1] < trained.history["loss"][0]


def test_parameters_go_to_who_takes_them_and_arguments_override() -> None:
    seen: list[int] = []
    callback = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    x, y = clouds()
    estimator = regressor(units=5, batch_size=30, epochs=7)
    estimator.fit(x, y, epochs=2, callbacks=[callback])
    assert (seen, len(estimator.history["loss"])) == ([0, 1], 2)
    assert estimator.filter_sk_params(build_regressor) == {"units": 5}
    assert estimator.filter_sk_params(Sequential.predict, {"steps": 1}) == {
        "batch_size": 30,
        "verbose": 0,
        "steps": 1,
    }


def test_a_misspelt_parameter_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"'epoch' is not .*Did you mean 'epochs'"):
        KerasClassifier(build_classifier, epoch=3)
    with pytest.raises(ValueError, match="'unit' is not a legal parameter.*'units'"):
        classifier().set_params(unit=3)


def test_nb_epoch_is_epochs() -> None:
    x, y = clouds()
    estimator = KerasRegressor(build_regressor, nb_epoch=3, verbose=0)
    with pytest.warns(UserWarning, match="`epochs`"):
        assert len(estimator.fit(x, y).history["loss"]) == 3


@pytest.mark.parametrize(
    ("build", "message"),
    [(None, "needs a `build_fn`"), (3, "must be callable"), (lambda: 3, "compiled model.*3")],
)
def test_what_builds_no_model_is_refused(build: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        KerasRegressor(build).fit(*clouds())


def test_weights_of_classes_are_given_by_label_or_number() -> None:
    x, y = clouds(["a", "b", "c"])
    by_label = classifier(class_weight={"a": 9.0, "b": 0.0, "c": 0.0}).fit(x, y)
    by_number = classifier(class_weight={0: 9.0, 1: 0.0, 2: 0.0}).fit(x, y)
    np.testing.assert_array_equal(by_label.predict_proba(x), by_number.predict_proba(x))
    assert np.mean(by_label.predict(x) == "a") > 0.6  # a third without weights


def test_balanced_classes_weigh_the_same() -> None:
    x, y = clouds()
    kept = (y == 0) | (np.arange(60) < 30)
    balanced = classifier(class_weight="balanced", shuffle=False).fit(x[kept], y[kept])
    counts = np.bincount(y[kept])
    by_hand = classifier(class_weight=dict(enumerate(kept.sum() / (3 * counts))), shuffle=False)
    np.testing.assert_array_equal(
        by_hand.fit(x[kept], y[kept]).predict_proba(x), balanced.predict_proba(x)
    )


def test_weights_of_samples_count_in_fit_and_score() -> None:
    x, y = clouds(["a", "b"])
    wrong = np.where(np.arange(40) < 20, np.where(y == "a", "b", "a"), y)
    weights = (np.arange(40) >= 20).astype("float32")
    trained = classifier().fit(x, wrong, sample_weight=weights)
    np.testing.assert_array_equal(trained.predict(x), y)
    assert trained.score(x, wrong, sample_weight=weights) == 1.0


def test_labels_for_validation_are_numbered_like_those_for_training() -> None:
    x, y = clouds(["a", "b", "c"])
    trained = classifier().fit(x, y, validation_data=(x, y))
    assert trained.history["val_acc"][-1] == 1.0


def test_a_seed_makes_fits_equal_and_leaves_the_global_generator_alone() -> None:
    x, y = clouds()
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.rand()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    one, two = (classifier(epochs=2).fit(x, y).predict_proba(x) for _ in range(2))
    other = classifier(epochs=2, random_state=1).fit(x, y).predict_proba(x)
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 0.01
    assert np.random.rand() == expected  # noqa: NPY002


def test_models_of_several_inputs_take_lists_and_dicts() -> None:
    def build() -> Model:
        left, right = Input((3,), name="left"), Input((3,), name="right")
        model = Model([left, right], Dense(1)(add([left, right])))
        model.compile("sgd", "mse")
        return model

    x, y = clouds()
    trained = KerasRegressor(build, verbose=0).fit([x, x], y)
    expected = trained.predict([x, x])
    np.testing.assert_array_equal(trained.predict({"left": x, "right": x}), expected)


def test_a_grid_is_searched_within_a_pipeline() -> None:
    x, y = clouds(["a", "b", "c"])
    pipeline = make_pipeline(StandardScaler(), classifier())
    grid = {"kerasclassifier__units": [2, 16], "kerasclassifier__batch_size": [10, 40]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(x, y)
    assert len(search.cv_results_["params"]) == 4
    assert set(search.best_params_) == set(grid)
    assert search.score(x, y) > 0.9


def test_it_is_scored_by_cross_validation() -> None:
    x, y = clouds(["a", "b", "c"])
    assert cross_val_score(classifier(), x, y, cv=3).min() > 0.9


def test_a_clone_has_equal_parameters_and_no_model() -> None:
    trained = classifier(units=3).fit(*clouds())
    copy = clone(trained)
    assert copy.get_params() == trained.get_params()
    assert not hasattr(copy, "model_")


def test_a_trained_estimator_goes_through_a_pickle() -> None:
    x, y = clouds(["a", "b", "c"])
    trained = classifier().fit(x, y)
    restored = pickle.loads(pickle.dumps(trained))  # noqa: S301 - our own
    np.testing.assert_array_equal(restored.predict_proba(x), trained.predict_proba(x))
    assert restored.history == trained.history
