"""A network as one of scikit-learn's classifiers: its size and rate are found by a grid search.

Run it with `python examples/sklearn_grid.py`; a number as argument sets the epochs. It needs
scikit-learn, too (`pip install "konnx[cpu,sklearn]"`).
"""

import sys

from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from konnx.datasets import digits
from konnx.layers import Dense
from konnx.models import Sequential
from konnx.optimizers import Adam
from konnx.wrappers.scikit_learn import KerasClassifier


def build(units: int = 16, lr: float = 0.01) -> Sequential:
    model = Sequential([Dense(units, activation="relu"), Dense(10, activation="softmax")])
    model.compile(Adam(lr), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main(epochs: int = 10) -> float:
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    x_train, x_test = x_train.reshape(-1, 64), x_test.reshape(-1, 64)

    classifier = KerasClassifier(build, epochs=epochs, verbose=0, random_state=0)
    pipeline = make_pipeline(StandardScaler(), classifier)
    grid = {"kerasclassifier__units": [4, 32], "kerasclassifier__lr": [0.001, 0.01]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(x_train, y_train)

    accuracy = search.score(x_test, y_test)
    print(f"best: {search.best_params_}, accuracy on new images: {accuracy:.3f}")
    return accuracy


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
