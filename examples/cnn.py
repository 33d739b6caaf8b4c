"""A convolutional network that reads handwritten digits, in whichever data format is set.

Run it with `python examples/cnn.py`; a number as argument sets the epochs.
"""

import sys

from konnx import backend as K
from konnx.datasets import digits
from konnx.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPooling2D,
)
from konnx.models import Sequential
from konnx.utils import to_categorical

CLASSES = 10
ROWS, COLUMNS = 8, 8


def main(epochs: int = 12) -> float:
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    if K.image_data_format() == "channels_first":
        input_shape = (1, ROWS, COLUMNS)
        axis = 1
    else:
        input_shape = (ROWS, COLUMNS, 1)
        axis = -1
    x_train = x_train.reshape(-1, *input_shape).astype(K.floatx()) / 16
    x_test = x_test.reshape(-1, *input_shape).astype(K.floatx()) / 16

    model = Sequential()
    model.add(Conv2D(32, kernel_size=(3, 3), padding="same", input_shape=input_shape))
    model.add(BatchNormalization(axis=axis))
    model.add(Activation("relu"))
    model.add(Conv2D(64, (3, 3), activation="relu"))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Dropout(0.25))
    model.add(Flatten())
    model.add(Dense(128, activation="relu"))
    model.add(Dropout(0.5))
    model.add(Dense(CLASSES, activation="softmax"))

    model.compile(loss="categorical_crossentropy", optimizer="adadelta", metrics=["accuracy"])
    model.fit(
        x_train,
        to_categorical(y_train, CLASSES),
        batch_size=64,
        epochs=epochs,
        verbose=2,
        validation_data=(x_test, to_categorical(y_test, CLASSES)),
    )
    score = model.evaluate(x_test, to_categorical(y_test, CLASSES), verbose=0)
    print("Test loss:", score[0])
    print("Test accuracy:", score[1])
    return score[1]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
