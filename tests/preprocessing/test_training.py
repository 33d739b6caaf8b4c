"""Models train on what preprocessing makes."""

from __future__ import annotations

import numpy as np
import pytest

from konnx.datasets import digits
from konnx.layers import Conv2D, Dense, Embedding, Flatten, GlobalAveragePooling1D, Input
from konnx.models import Model, Sequential
from konnx.preprocessing.image import ImageDataGenerator
from konnx.preprocessing.sequence import TimeseriesGenerator, pad_sequences
from konnx.preprocessing.text import Tokenizer

pytestmark = pytest.mark.training


@pytest.mark.parametrize("processes", [False, True])
def test_a_model_learns_digits_that_are_moved_by_chance(processes: bool) -> None:
    np.random.seed(0)  # noqa: NPY002 - initial weights come from it
    (x, y), (x_test, y_test) = digits.load_data()
    generator = ImageDataGenerator(
        width_shift_range=1.0, height_shift_range=1.0, featurewise_center=True, rescale=1 / 16
    )
    generator.fit(x[..., None])
    model = Sequential(
        [
            Conv2D(16, 3, activation="relu", input_shape=(8, 8, 1)),
            Flatten(),
            Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    batches = generator.flow(x[..., None], y, batch_size=64, seed=1)
    model.fit_generator(batches, epochs=12, workers=2, use_multiprocessing=processes, verbose=0)
    test = generator.flow(x_test[..., None], y_test, shuffle=False)
    assert model.evaluate_generator(test)[1] > 0.7
    assert model.predict_generator(test).shape == (len(x_test), 10)


def test_a_seed_gives_the_same_weights_whoever_reads_the_images() -> None:
    (x, y), _ = digits.load_data()
    weights = []
    for workers, processes in ((0, False), (4, False), (4, True)):
        np.random.seed(0)  # noqa: NPY002
        model = Sequential([Flatten(input_shape=(8, 8, 1)), Dense(10, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        generator = ImageDataGenerator(rotation_range=20, zoom_range=0.2, horizontal_flip=True)
        batches = generator.flow(x[:90, ..., None], y[:90], batch_size=16, seed=3)
        reading = {"workers": workers, "use_multiprocessing": processes}
        model.fit_generator(batches, epochs=2, shuffle=False, verbose=0, **reading)
        weights.append(model.get_weights()[0])
    np.testing.assert_array_equal(weights[0], weights[1])
    np.testing.assert_array_equal(weights[0], weights[2])


def test_a_model_learns_texts() -> None:
    np.random.seed(0)  # noqa: NPY002
    texts = ["a good film", "what a bad film", "good, very good!", "bad. really bad"] * 8
    tokenizer = Tokenizer(num_words=20, oov_token="?")
    tokenizer.fit_on_texts(texts)
    x = pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=5)
    words = Input((5,), dtype="int32")
    features = GlobalAveragePooling1D()(Embedding(20, 4)(words))
    model = Model(words, Dense(1, activation="sigmoid")(features))
    model.compile("rmsprop", "binary_crossentropy", metrics=["acc"])
    y = np.tile([1, 0], 16)
    model.fit(x, y, epochs=60, verbose=0)
    assert model.evaluate(x, y, verbose=0)[1] == 1


def test_a_model_learns_the_next_step_of_a_series() -> None:
    np.random.seed(0)  # noqa: NPY002
    wave = np.sin(np.arange(200) / 5)[:, None]
    windows = TimeseriesGenerator(wave, wave, length=8, batch_size=32, shuffle=True)
    model = Sequential([Flatten(input_shape=(8, 1)), Dense(1)])
    model.compile("adam", "mse")
    first = model.evaluate_generator(windows)
    model.fit_generator(windows, epochs=60, verbose=0)
    assert model.evaluate_generator(windows) < first / 10
