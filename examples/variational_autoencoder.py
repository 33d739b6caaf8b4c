"""A variational autoencoder of digits (Kingma and Welling: Auto-Encoding Variational Bayes, 2013).

The codes are sampled in a Lambda layer, the loss is added to the model with add_loss, and compile
gets none. Run it with `python examples/variational_autoencoder.py`; a number as argument sets the
epochs.
"""

import sys

from konnx import backend as K
from konnx.datasets import digits
from konnx.layers import Dense, Input, Lambda
from konnx.losses import binary_crossentropy
from konnx.models import Model

PIXELS, HIDDEN, LATENT = 64, 128, 2


def sampling(arguments):
    """Draw codes: mean and deviation times normal noise, through which gradients can pass."""
    z_mean, z_log_var = arguments
    epsilon = K.random_normal(shape=(K.shape(z_mean)[0], LATENT))
    return z_mean + K.exp(0.5 * z_log_var) * epsilon


def make_models():
    inputs = Input(shape=(PIXELS,), name="encoder_input")
    x = Dense(HIDDEN, activation="relu")(inputs)
    z_mean = Dense(LATENT, name="z_mean")(x)
    z_log_var = Dense(LATENT, name="z_log_var")(x)
    z = Lambda(sampling, output_shape=(LATENT,), name="z")([z_mean, z_log_var])
    encoder = Model(inputs, [z_mean, z_log_var, z], name="encoder")

    latent_inputs = Input(shape=(LATENT,), name="z_sampling")
    x = Dense(HIDDEN, activation="relu")(latent_inputs)
    outputs = Dense(PIXELS, activation="sigmoid")(x)
    decoder = Model(latent_inputs, outputs, name="decoder")

    outputs = decoder(encoder(inputs)[2])
    vae = Model(inputs, outputs, name="vae")
    reconstruction = PIXELS * binary_crossentropy(inputs, outputs)
    divergence = -0.5 * K.sum(1 + z_log_var - K.square(z_mean) - K.exp(z_log_var), axis=-1)
    vae.add_loss(K.mean(reconstruction + divergence))
    return vae, encoder, decoder


def main(epochs: int = 60) -> tuple[list[float], Model]:
    (x_train, _), (x_test, _) = digits.load_data()
    x_train = x_train.reshape(-1, PIXELS).astype("float32") / 16
    x_test = x_test.reshape(-1, PIXELS).astype("float32") / 16

    vae, encoder, decoder = make_models()
    vae.compile(optimizer="adam")
    vae.summary()
    history = vae.fit(
        x_train, epochs=epochs, batch_size=64, verbose=2, validation_data=(x_test, None)
    )
    means = encoder.predict(x_test)[0]
    print("Codes of the test images: mean", means.mean(axis=0), "deviation", means.std(axis=0))
    return history.history["val_loss"], decoder


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
