"""A generative adversarial network that learns to draw digits.

The discriminator tells real digits from drawn ones; the generator learns to deceive it. Run it with
`python examples/gan.py`; a number as argument sets the steps.
"""

import sys

import numpy as np

from konnx.datasets import digits
from konnx.layers import BatchNormalization, Dense, Dropout, Flatten, Input, Reshape
from konnx.models import Model, Sequential
from konnx.optimizers import Adam

LATENT = 16
BATCH = 32


def make_generator() -> Sequential:
    return Sequential(
        [
            Dense(64, activation="relu", input_shape=(LATENT,)),
            BatchNormalization(momentum=0.8),
            Dense(128, activation="relu"),
            BatchNormalization(momentum=0.8),
            Dense(64, activation="sigmoid"),
            Reshape((8, 8)),
        ],
        name="generator",
    )


def make_discriminator() -> Sequential:
    return Sequential(
        [
            Flatten(input_shape=(8, 8)),
            Dense(128, activation="elu"),
            Dropout(0.3),
            Dense(64, activation="elu"),
            Dropout(0.3),
            Dense(1, activation="sigmoid"),
        ],
        name="discriminator",
    )


def as_text(image: np.ndarray) -> str:
    shades = " .:-=+*#%@"
    return "\n".join("".join(shades[int(9 * pixel)] * 2 for pixel in row) for row in image)


def main(steps: int = 2000) -> tuple[Sequential, Sequential]:
    (images, _), _ = digits.load_data(test_split=0.0)
    images = images.astype("float32") / 16

    discriminator = make_discriminator()
    discriminator.compile(Adam(0.0005, beta_1=0.5), "binary_crossentropy", metrics=["accuracy"])

    # In the combined model only the generator is trained. The discriminator was compiled before,
    # so that its own training goes on.
    generator = make_generator()
    discriminator.trainable = False
    noise = Input(shape=(LATENT,))
    combined = Model(noise, discriminator(generator(noise)))
    combined.compile(Adam(0.0005, beta_1=0.5), "binary_crossentropy")

    real, drawn = np.full((BATCH, 1), 0.9), np.zeros((BATCH, 1))
    for step in range(1, steps + 1):
        batch = images[np.random.randint(len(images), size=BATCH)]
        fakes = generator.predict(np.random.normal(size=(BATCH, LATENT)))
        on_real = discriminator.train_on_batch(batch, real)
        on_drawn = discriminator.train_on_batch(fakes, drawn)
        deceit = combined.train_on_batch(np.random.normal(size=(BATCH, LATENT)), real)
        if step % 500 == 0 or step == steps:
            loss = (on_real[0] + on_drawn[0]) / 2
            print(
                f"step {step}: loss of the discriminator {loss:.3f}, of the generator {deceit:.3f}"
            )

    print(as_text(generator.predict(np.random.normal(size=(1, LATENT)))[0]))
    return generator, discriminator


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
