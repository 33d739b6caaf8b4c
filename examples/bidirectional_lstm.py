"""A bidirectional LSTM that says for each number whether a larger one comes after it.

Sequences are of different lengths; zeros fill them up and are masked. Run it with
`python examples/bidirectional_lstm.py`; a number as argument sets the epochs.
"""

import sys

import numpy as np

from konnx.layers import LSTM, Bidirectional, Dense, Embedding, TimeDistributed
from konnx.models import Sequential

LARGEST, LENGTH = 20, 15


def make_data(count, random):
    x = random.randint(1, LARGEST + 1, size=(count, LENGTH))
    lengths = random.randint(5, LENGTH + 1, size=count)
    x[np.arange(LENGTH) >= lengths[:, np.newaxis]] = 0
    later = np.maximum.accumulate(x[:, ::-1], axis=1)[:, ::-1]
    y = np.zeros((count, LENGTH, 1), dtype="float32")
    y[:, :-1, 0] = x[:, :-1] < later[:, 1:]
    return x, y


def main(epochs: int = 8) -> float:
    random = np.random.RandomState(2)
    x_train, y_train = make_data(2000, random)
    x_test, y_test = make_data(400, random)

    model = Sequential()
    model.add(Embedding(LARGEST + 1, 24, mask_zero=True, input_length=LENGTH))
    model.add(Bidirectional(LSTM(32, return_sequences=True)))
    model.add(TimeDistributed(Dense(1, activation="sigmoid")))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(
        x_train,
        y_train,
        batch_size=50,
        epochs=epochs,
        verbose=2,
        validation_data=(x_test, y_test),
    )
    accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
    print("Test accuracy:", accuracy)
    return accuracy


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
