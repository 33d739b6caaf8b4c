"""A multilayer perceptron that reads handwritten digits.

Run it with `python examples/mlp.py`; a number as argument sets the epochs.
"""

import sys

from konnx.callbacks import EarlyStopping
from konnx.datasets import digits
from konnx.layers import Dense, Dropout
from konnx.models import Sequential
from konnx.optimizers import RMSprop
from konnx.utils import to_categorical

CLASSES = 10


def main(epochs: int = 20) -> float:
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    x_train = x_train.reshape(-1, 64).astype("float32") / 16
    x_test = x_test.reshape(-1, 64).astype("float32") / 16
    y_train = to_categorical(y_train, CLASSES)
    y_test = to_categorical(y_test, CLASSES)
    print(x_train.shape[0], "train samples,", x_test.shape[0], "test samples")

    model = Sequential()
    model.add(Dense(128, activation="relu", input_shape=(64,)))
    model.add(Dropout(0.2))
    model.add(Dense(128, activation="relu"))
    model.add(Dropout(0.2))
    model.add(Dense(CLASSES, activation="softmax"))
    model.summary()

    model.compile(loss="categorical_crossentropy", optimizer=RMSprop(), metrics=["accuracy"])
    model.fit(
        x_train,
        y_train,
        batch_size=64,
        epochs=epochs,
        verbose=2,
        validation_data=(x_test, y_test),
        callbacks=[EarlyStopping(patience=5)],
    )
    score = model.evaluate(x_test, y_test, verbose=0)
    print("Test loss:", score[0])
    print("Test accuracy:", score[1])
    return score[1]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
