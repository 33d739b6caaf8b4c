"""Convolution and LSTM over sequences of symbols: which of two motives comes first?

A sequence holds the motive "rise" and the motive "fall" among random symbols; the convolution finds
motives, the LSTM their order. Run it with `python examples/cnn_lstm.py`; a number as argument sets
the epochs.
"""

import sys

import numpy as np

from konnx.layers import LSTM, Activation, Conv1D, Dense, Dropout, Embedding, MaxPooling1D
from konnx.models import Sequential

SYMBOLS, LENGTH = 12, 40
RISE, FALL = [1, 2, 3, 4], [4, 3, 2, 1]


def make_data(count, random):
    x = random.randint(5, SYMBOLS, size=(count, LENGTH))
    y = random.randint(0, 2, size=count)
    for sequence, rise_first in zip(x, y):
        first, second = (RISE, FALL) if rise_first else (FALL, RISE)
        early, late = random.randint(0, LENGTH // 2 - 4), random.randint(LENGTH // 2, LENGTH - 4)
        sequence[early : early + 4] = first
        sequence[late : late + 4] = second
    return x, y


def main(epochs: int = 6) -> float:
    random = np.random.RandomState(1)
    x_train, y_train = make_data(2000, random)
    x_test, y_test = make_data(500, random)

    model = Sequential()
    model.add(Embedding(SYMBOLS, 16, input_length=LENGTH))
    model.add(Dropout(0.1))
    model.add(Conv1D(32, 4, padding="valid", activation="relu", strides=1))
    model.add(MaxPooling1D(pool_size=4))
    model.add(LSTM(24))
    model.add(Dense(1))
    model.add(Activation("sigmoid"))

    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(
        x_train,
        y_train,
        batch_size=50,
        epochs=epochs,
        verbose=2,
        validation_data=(x_test, y_test),
    )
    loss, accuracy = model.evaluate(x_test, y_test, batch_size=50, verbose=0)
    print("Test loss:", loss)
    print("Test accuracy:", accuracy)
    return accuracy


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
