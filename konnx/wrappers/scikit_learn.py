"""Models as classifiers and regressors of scikit-learn.

They go where scikit-learn's own do: into pipelines, grid searches, cross-validation and pickles.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import numpy as np

from konnx.models import Model, Sequential
from konnx.utils.generic_utils import has_arg
from konnx.utils.np_utils import to_categorical
from konnx.wrappers.parameters import arguments_for, check_names

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state, column_or_1d
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import (
        _check_sample_weight,
        check_array,
        check_is_fitted,
        validate_data,
    )
except ImportError as error:
    raise ImportError(
        "KerasClassifier and KerasRegressor need scikit-learn 1.6 or later: "
        'pip install "konnx[sklearn]"'
    ) from error


class BaseWrapper(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What `KerasClassifier` and `KerasRegressor` have in common.

    Args:
        build_fn: returns a compiled model: a function, a class, or an object with `__call__`.
            None: the `__call__` of a subclass. Its arguments come from the parameters; one that is
            called "n_features_in_", "n_outputs_", "classes_" or "n_classes_" gets what the data
            are like.
        **sk_params: arguments of `build_fn`, of `fit`, `predict` and `evaluate` of models, and
            "random_state": a seed for weights, order of samples and all that is drawn at random.
    """

    def __init__(self, build_fn: Any = None, **sk_params: Any) -> None:
        self.build_fn = build_fn
        self._sk_params = sk_params
        self.check_params(sk_params)

    # Parameters

    @property
    def sk_params(self) -> dict[str, Any]:
        """The parameters but `build_fn`."""
        return self._sk_params

    def check_params(self, params: Mapping[str, Any]) -> None:
        """Check the names of parameters, once there is a function to compare them with.

        Raises:
            ValueError: no function takes one of them.
        """
        self._check_params(params, self.build_fn)

    def _check_params(self, params: Mapping[str, Any], build_fn: Any) -> None:
        build = self if build_fn is None else build_fn
        if callable(build):
            check_names(params, build)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name, `build_fn` among them."""
        named = {name: getattr(self, name) for name in self._own_names()}
        return {**named, **self.sk_params}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name, and return the estimator.

        Raises:
            ValueError: no function takes one of them.
        """
        own = set(self._own_names())
        rest = {name: value for name, value in params.items() if name not in own}
        self._check_params(rest, params.get("build_fn", self.build_fn))
        for name in own & set(params):
            setattr(self, name, params[name])
        self.sk_params.update(rest)
        return self

    def _own_names(self) -> list[str]:
        """The arguments of the constructor that it keeps as attributes."""
        return [name for name in self._get_param_names() if name not in self.sk_params]

    def filter_sk_params(
        self, fn: Callable[..., Any], override: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return those of the parameters that a function takes, and what overrides them."""
        return arguments_for(fn, self.sk_params, override)

    # Training and running

    @property
    def model(self) -> Model:
        """The trained model, under Keras' name; AttributeError before `fit`."""
        model: Model = self.model_
        return model

    @property
    def history(self) -> dict[str, list[float]]:
        """Losses and metrics of each epoch by name; AttributeError before `fit`."""
        history: dict[str, list[float]] = self.history_
        return history

    def _fit(self, x: Any, y: np.ndarray, arguments: Mapping[str, Any]) -> Self:
        """Build a model and train it."""
        given = {**copy.deepcopy(self.filter_sk_params(Sequential.fit)), **arguments}
        if "nb_epoch" in self.sk_params:
            warnings.warn("`nb_epoch` is called `epochs` since Keras 2.", stacklevel=3)
            given.setdefault("epochs", self.sk_params["nb_epoch"])
        with _seeded(self.get_params().get("random_state")):
            self.model_ = self._built()
            given = self._translated(given, y)
            self.history_ = self.model_.fit(x, self._targets(y), **given).history
        return self

    def _built(self) -> Model:
        build = self._builder()
        learned = {name: value for name, value in vars(self).items() if name.endswith("_")}
        asked = {name: value for name, value in learned.items() if has_arg(build, name)}
        model = build(**self.filter_sk_params(build, asked))
        if not isinstance(model, Model) or not model.is_compiled:
            raise TypeError(f"`build_fn` must return a compiled model. Received: {model!r}")
        return model

    def _builder(self) -> Any:
        build = self if self.build_fn is None else self.build_fn
        if callable(build):
            return build
        if self.build_fn is None:
            raise TypeError(
                f"{type(self).__name__} needs a `build_fn` that returns a compiled model, or a "
                "subclass with the method `__call__` that does. Received: build_fn=None"
            )
        raise TypeError(f"`build_fn` must be callable. Received: build_fn={self.build_fn!r}")

    def _outputs(self, x: Any, method: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        """What the model predicts."""
        x = self._checked(x)
        given = self.filter_sk_params(method, arguments)
        return self.model_.predict(x, **given)

    def _evaluated(self, x: Any, y: np.ndarray, arguments: Mapping[str, Any]) -> dict[str, float]:
        """Loss and metrics by name."""
        given = self.filter_sk_params(Sequential.evaluate, arguments)
        given.setdefault("verbose", 0)
        values = self.model_.evaluate(x, self._targets(y), **given)
        values = values if isinstance(values, list) else [values]
        return dict(zip(self.model_.metrics_names, values, strict=True))

    def _targets(self, y: np.ndarray) -> np.ndarray:
        """Targets as the model takes them."""
        return y

    def _translated(self, arguments: dict[str, Any], y: np.ndarray) -> dict[str, Any]:
        """Arguments of `fit` as the model takes them."""
        return arguments

    def _checked(self, x: Any) -> Any:
        """The inputs for a prediction, compared with those of the training."""
        check_is_fitted(self)
        if _is_many(x):
            return x
        return validate_data(self, x, reset=False, allow_nd=True)

    def _checked_for_fit(self, x: Any, y: Any, **how: Any) -> tuple[Any, np.ndarray]:
        """Inputs and targets, with what they are like noted."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        if _is_many(x):
            return x, check_array(y, ensure_2d=False, dtype=None)
        x = validate_data(self, x, allow_nd=True)
        y = check_array(y, ensure_2d=False, input_name="y", estimator=self, **how)
        if len(x) != len(y):
            raise ValueError(
                f"x and y must have as many samples. Received: {len(x)} inputs, {len(y)} targets"
            )
        return x, _without_last_axis_of_one(y)


class KerasClassifier(ClassifierMixin, BaseWrapper):  # type: ignore[misc]
    """A model as a classifier of scikit-learn; labels may be numbers or strings.

    The model ends in a softmax over the classes, or in one sigmoid for two of them, and its loss
    is "sparse_categorical_crossentropy", "categorical_crossentropy" or "binary_crossentropy".
    After `fit` there are `model_`, `history_`, `classes_`, `n_classes_` and `n_features_in_`.

    Args:
        build_fn: see `BaseWrapper`.
        **sk_params: see `BaseWrapper`.

    Example:
        >>> import numpy as np
        >>> from konnx.layers import Dense
        >>> from konnx.models import Sequential
        >>> def build(n_classes_, units=8):
        ...     model = Sequential([Dense(units, activation="tanh"),
        ...                         Dense(n_classes_, activation="softmax")])
        ...     model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        ...     return model
        >>> x, y = np.eye(3).repeat(9, axis=0), np.repeat(["a", "b", "c"], 9)
        >>> classifier = KerasClassifier(
        ...     build, epochs=50, batch_size=3, verbose=0, random_state=0
        ... )
        >>> classifier.fit(x, y).predict(np.eye(3)).tolist()
        ['a', 'b', 'c']
    """

    def fit(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Self:
        """Build a model and train it.

        Args:
            x: inputs: array of (samples, …); of a model of several inputs a list or dict of them.
            y: labels, (samples,); or one-hot rows, (samples, classes).
            sample_weight: a weight for each sample.
            **kwargs: arguments of `Model.fit`. The keys of `class_weight` are labels or, where they
                are not, numbers of classes; "balanced" weighs all classes the same.

        Returns:
            The estimator, whose `history` is what that of Keras' return value is.
        """
        x, y = self._checked_for_fit(x, y, dtype=None)
        check_classification_targets(y)
        if y.ndim > 2:
            raise ValueError(f"Labels have 1 axis, one-hot rows 2. Received: shape={y.shape}")
        self.classes_ = np.arange(y.shape[1]) if y.ndim == 2 else np.unique(y)
        self.n_classes_ = len(self.classes_)
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        if sample_weight is not None:
            kwargs["sample_weight"] = _checked_weights(sample_weight, x)
        return self._fit(x, self._numbers(y), kwargs)

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Return the label of each sample; the arguments go to `Model.predict`."""
        outputs = self._outputs(x, Sequential.predict_classes, kwargs)
        if outputs.shape[-1] > 1:
            numbers = outputs.argmax(axis=-1)
        else:
            numbers = np.minimum(outputs[..., 0] > 0.5, self.n_classes_ - 1)
        labels: np.ndarray = self.classes_[numbers.astype(int)]
        return labels

    def predict_proba(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Return a probability for each class; the arguments go to `Model.predict`.

        Returns:
            (samples, classes), for two classes also if the model has one output.
        """
        outputs: np.ndarray = self._outputs(x, Sequential.predict_proba, kwargs)
        if outputs.shape[1] > 1:
            return outputs
        if self.n_classes_ == 1:
            return np.ones_like(outputs)
        return np.hstack([1 - outputs, outputs])

    def score(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> float:
        """Return the accuracy; the arguments go to `Model.predict`, or for rows to `evaluate`.

        A sample of a label that was not among those trained on counts as wrong.

        Raises:
            ValueError: the model is not compiled with metrics=["accuracy"].
        """
        x, y = self._checked(x), _without_last_axis_of_one(np.asarray(y))
        if "acc" not in self.model_.metrics_names:
            raise ValueError(
                "The model does not compute the accuracy: pass metrics=['accuracy'] to "
                f"model.compile(). Received: metrics_names={self.model_.metrics_names}"
            )
        if y.ndim == 2:
            return self._evaluated(x, y, {**kwargs, "sample_weight": sample_weight})["acc"]
        return float(np.average(self.predict(x, **kwargs) == y, weights=sample_weight))

    def _numbers(self, y: np.ndarray) -> np.ndarray:
        """Numbers of classes for labels; one-hot rows stay."""
        return y if y.ndim == 2 else np.searchsorted(self.classes_, y)

    def _targets(self, y: np.ndarray) -> np.ndarray:
        loss = getattr(self.model_.loss, "__name__", self.model_.loss)
        if loss == "categorical_crossentropy" and y.ndim != 2:
            return to_categorical(y, self.n_classes_)
        return y

    def _translated(self, arguments: dict[str, Any], y: np.ndarray) -> dict[str, Any]:
        translated = dict(arguments)
        if arguments.get("class_weight") is not None:
            translated["class_weight"] = self._class_weight(arguments["class_weight"], y)
        if isinstance(arguments.get("validation_data"), tuple | list):
            x, labels, *weights = arguments["validation_data"]
            numbers = self._numbers(_without_last_axis_of_one(np.asarray(labels)))
            translated["validation_data"] = (x, self._targets(numbers), *weights)
        return translated

    def _class_weight(self, given: Any, y: np.ndarray) -> dict[int, float]:
        """Weights by number of class."""
        labels = self.classes_.tolist()
        if given == "balanced":
            counts = y.sum(axis=0) if y.ndim == 2 else np.bincount(y, minlength=len(labels))
            return dict(enumerate(len(y) / (len(labels) * counts)))
        if not isinstance(given, Mapping):
            raise ValueError(
                f"`class_weight` must be a dict or 'balanced'. Received: class_weight={given!r}"
            )
        if set(given) <= set(labels):
            return {labels.index(label): weight for label, weight in given.items()}
        return dict(given)


class KerasRegressor(RegressorMixin, BaseWrapper):  # type: ignore[misc]
    """A model as a regressor of scikit-learn.

    After `fit` there are `model_`, `history_`, `n_outputs_` and `n_features_in_`.

    Args:
        build_fn: see `BaseWrapper`.
        **sk_params: see `BaseWrapper`.
    """

    def fit(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Self:
        """Build a model and train it; see `KerasClassifier.fit`."""
        x, y = self._checked_for_fit(x, y, dtype="numeric")
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        if sample_weight is not None:
            kwargs["sample_weight"] = _checked_weights(sample_weight, x)
        return self._fit(x, y, kwargs)

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Return the predictions without axes of size 1; the arguments go to `Model.predict`."""
        outputs = self._outputs(x, Sequential.predict, kwargs)
        single = tuple(axis for axis in range(1, outputs.ndim) if outputs.shape[axis] == 1)
        predicted: np.ndarray = np.squeeze(outputs, axis=single)
        return predicted

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """Return the negative loss, as Keras 2.1 does; the arguments go to `Model.evaluate`."""
        y = _without_last_axis_of_one(np.asarray(y))
        return -self._evaluated(self._checked(x), y, kwargs)["loss"]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # it is a loss, not the R² of other regressors
        return tags


def _is_many(x: Any) -> bool:
    """Tell whether inputs are those of a model of several inputs."""
    if isinstance(x, Mapping):
        return not hasattr(x, "shape")  # as sparse matrices have that are dicts
    return isinstance(x, list | tuple) and any(getattr(item, "ndim", 0) > 1 for item in x)


def _without_last_axis_of_one(y: np.ndarray) -> np.ndarray:
    if y.ndim == 2 and y.shape[1] == 1:
        return np.asarray(column_or_1d(y, warn=True))
    return y


def _checked_weights(weights: Any, x: Any) -> np.ndarray:
    return np.asarray(_check_sample_weight(weights, x, ensure_non_negative=True))


@contextmanager
def _seeded(random_state: Any) -> Iterator[None]:
    """Let everything inside draw from a seed of its own; None: from NumPy's global generator."""
    if random_state is None:
        yield
        return
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    before = np.random.get_state()  # noqa: NPY002 - what initializers and fit draw from
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
