"""What the filters of a convolutional network look for, by gradient ascent on its input.

A small network learns digits. Then an image of noise is changed step by step so that one filter
answers as strongly as it can. Run it with `python examples/gradient_ascent.py`; a number as
argument sets the steps.
"""

import sys

import numpy as np

from konnx import backend as K
from konnx.datasets import digits
from konnx.layers import Conv2D, Dense, Flatten
from konnx.models import Sequential

RATE = 0.5


def make_model() -> Sequential:
    (x, y), _ = digits.load_data()
    model = Sequential(
        [
            Conv2D(8, 3, activation="relu", padding="same", input_shape=(8, 8, 1), name="conv1"),
            Conv2D(8, 3, activation="relu", name="conv2"),
            Flatten(),
            Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[..., np.newaxis] / 16, y, epochs=3, verbose=2)
    return model


def ascend(model: Sequential, layer: str, index: int, steps: int) -> tuple[np.ndarray, list[float]]:
    """Return an image that one filter of a layer answers to, and how strongly at each step."""
    input_img = model.input
    layer_output = model.get_layer(layer).output
    loss = K.mean(layer_output[:, :, :, index])

    # The gradient of the input, so that it can be followed with steps of one size.
    grads = K.gradients(loss, input_img)[0]
    grads /= K.sqrt(K.mean(K.square(grads))) + K.epsilon()
    iterate = K.function([input_img], [loss, grads])

    image = np.random.uniform(0.4, 0.6, (1, 8, 8, 1)).astype("float32")
    losses = []
    for _ in range(steps):
        loss_value, grads_value = iterate([image])
        losses.append(float(loss_value))
        image += RATE * grads_value
    return image[0, :, :, 0], losses


def as_text(image: np.ndarray) -> str:
    shades = " .:-=+*#%@"
    scaled = (image - image.min()) / (image.max() - image.min() + K.epsilon())
    return "\n".join("".join(shades[int(9 * pixel)] * 2 for pixel in row) for row in scaled)


def main(steps: int = 40) -> dict[int, list[float]]:
    model = make_model()
    answers = {}
    for index in range(8):
        image, answers[index] = ascend(model, "conv2", index, steps)
        if answers[index][-1] <= answers[index][0]:
            print(f"filter {index} is dead: nothing in the image moves it")
            continue
        print(f"filter {index}: {answers[index][0]:.2f} -> {answers[index][-1]:.2f}")
        print(as_text(image))
    return answers


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
