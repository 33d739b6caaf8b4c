"""A convolutional LSTM that foresees the next frame of a film with moving squares.

Run it with `python examples/convolutional_lstm.py`; a number as argument sets the epochs.
"""

import sys

import numpy as np

from konnx.layers import BatchNormalization, Conv3D, ConvLSTM2D
from konnx.models import Sequential

FRAMES, SIZE = 6, 16


def generate_movies(count, random):
    """Films of two squares each, and the same one frame later."""
    films = np.zeros((count, FRAMES + 1, SIZE, SIZE, 1), dtype="float32")
    for film in films:
        for _ in range(2):
            place, speed = random.randint(4, SIZE - 4, size=2), random.randint(-1, 2, size=2)
            half = random.randint(1, 3)
            for frame, image in enumerate(film):
                row, column = np.clip(place + frame * speed, half, SIZE - half)
                image[row - half : row + half, column - half : column + half] = 1
    return films[:, :-1], films[:, 1:]


def main(epochs: int = 15) -> tuple[float, float]:
    random = np.random.RandomState(4)
    noisy, shifted = generate_movies(120, random)

    seq = Sequential()
    seq.add(
        ConvLSTM2D(
            filters=12,
            kernel_size=(3, 3),
            input_shape=(None, SIZE, SIZE, 1),
            padding="same",
            return_sequences=True,
        )
    )
    seq.add(BatchNormalization())
    seq.add(ConvLSTM2D(filters=12, kernel_size=(3, 3), padding="same", return_sequences=True))
    seq.add(BatchNormalization())
    seq.add(
        Conv3D(
            filters=1,
            kernel_size=(3, 3, 3),
            activation="sigmoid",
            padding="same",
            data_format="channels_last",
        )
    )
    seq.compile(loss="binary_crossentropy", optimizer="adadelta")
    history = seq.fit(
        noisy[:100], shifted[:100], batch_size=10, epochs=epochs, verbose=2, validation_split=0.1
    )

    # Foresee three more frames of a film, each from what was foreseen before it.
    track = noisy[110][:3]
    for _ in range(3):
        following = seq.predict(track[np.newaxis])[0, -1:]
        track = np.concatenate([track, following])
    print(
        "Film of", track.shape[0], "frames; the last one has", track[-1].sum().round(1), "of light"
    )
    losses = history.history["loss"]
    return losses[0], losses[-1]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
