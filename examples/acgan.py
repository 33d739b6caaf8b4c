"""An auxiliary classifier GAN (Odena, Olah and Shlens, 2016): it draws the digit one asks for.

The discriminator says whether an image is real and which digit it shows. Both are trained by
train_on_batch, `trainable` is switched between compilations. Run it with
`python examples/acgan.py`; a number as argument sets the epochs.
"""

import sys

import numpy as np

from konnx.datasets import digits
from konnx.layers import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    LeakyReLU,
    Reshape,
    multiply,
)
from konnx.models import Model, Sequential
from konnx.optimizers import Adam

CLASSES, LATENT, BATCH = 10, 32, 64
LOSSES = ["binary_crossentropy", "sparse_categorical_crossentropy"]


def build_generator():
    cnn = Sequential()
    cnn.add(Dense(2 * 2 * 64, input_dim=LATENT, activation="relu"))
    cnn.add(Reshape((2, 2, 64)))
    cnn.add(Conv2DTranspose(32, 3, strides=2, padding="same", activation="relu"))
    cnn.add(BatchNormalization())
    cnn.add(Conv2DTranspose(1, 3, strides=2, padding="same", activation="tanh"))

    latent = Input(shape=(LATENT,))
    image_class = Input(shape=(1,), dtype="int32")
    wanted = Flatten()(
        Embedding(CLASSES, LATENT, embeddings_initializer="glorot_normal")(image_class)
    )
    return Model([latent, image_class], cnn(multiply([latent, wanted])))


def build_discriminator():
    cnn = Sequential()
    cnn.add(Conv2D(32, 3, padding="same", strides=2, input_shape=(8, 8, 1)))
    cnn.add(LeakyReLU(0.2))
    cnn.add(Dropout(0.3))
    cnn.add(Conv2D(64, 3, padding="same"))
    cnn.add(LeakyReLU(0.2))
    cnn.add(Dropout(0.3))
    cnn.add(Flatten())

    image = Input(shape=(8, 8, 1))
    features = cnn(image)
    fake = Dense(1, activation="sigmoid", name="generation")(features)
    digit = Dense(CLASSES, activation="softmax", name="auxiliary")(features)
    return Model(image, [fake, digit])


def main(epochs: int = 30) -> tuple[Model, Model]:
    (x, y), _ = digits.load_data(test_split=0.0)
    x, y = (x.astype("float32") - 8)[..., np.newaxis] / 8, y.reshape(-1, 1)

    discriminator = build_discriminator()
    discriminator.compile(optimizer=Adam(0.0005, beta_1=0.5), loss=LOSSES)

    generator = build_generator()
    latent = Input(shape=(LATENT,))
    image_class = Input(shape=(1,), dtype="int32")
    discriminator.trainable = False
    combined = Model([latent, image_class], discriminator(generator([latent, image_class])))
    combined.compile(optimizer=Adam(0.0005, beta_1=0.5), loss=LOSSES)

    for epoch in range(1, epochs + 1):
        on_discriminator, on_generator = [], []
        order = np.random.permutation(len(x))
        for batch in np.array_split(order, len(x) // BATCH):
            size = len(batch)
            noise = np.random.uniform(-1, 1, (size, LATENT))
            labels = np.random.randint(0, CLASSES, (size, 1))
            drawn = generator.predict([noise, labels])
            images = np.concatenate([x[batch], drawn])
            real = np.array([0.95] * size + [0.0] * size)
            shown = np.concatenate([y[batch], labels])
            on_discriminator.append(discriminator.train_on_batch(images, [real, shown]))

            noise = np.random.uniform(-1, 1, (2 * size, LATENT))
            labels = np.random.randint(0, CLASSES, (2 * size, 1))
            deceit = np.full(2 * size, 0.95)
            on_generator.append(combined.train_on_batch([noise, labels], [deceit, labels]))
        print(
            f"epoch {epoch}: discriminator {np.mean(on_discriminator, axis=0).round(3)}, "
            f"generator {np.mean(on_generator, axis=0).round(3)} {combined.metrics_names}"
        )
    return generator, discriminator


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
