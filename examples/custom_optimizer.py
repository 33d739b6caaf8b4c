"""An optimizer of one's own, written as for Keras 2.1.

Lion steps by the sign of a mean of gradients (Chen et al., Symbolic Discovery of Optimization
Algorithms, 2023). Run it with `python examples/custom_optimizer.py`; a number as argument sets the
epochs.
"""

import sys
import tempfile
from pathlib import Path

from konnx import backend as K
from konnx.datasets import digits
from konnx.layers import Dense, Flatten
from konnx.models import Sequential, load_model
from konnx.optimizers import Optimizer


class Lion(Optimizer):
    def __init__(self, lr=0.001, beta_1=0.9, beta_2=0.99, weight_decay=0.0, **kwargs):
        super().__init__(**kwargs)
        with K.name_scope(self.__class__.__name__):
            self.iterations = K.variable(0, dtype="int64", name="iterations")
            self.lr = K.variable(lr, name="lr")
            self.beta_1 = K.variable(beta_1, name="beta_1")
            self.beta_2 = K.variable(beta_2, name="beta_2")
        self.weight_decay = weight_decay

    def get_updates(self, loss, params):
        grads = self.get_gradients(loss, params)
        means = [K.zeros(K.int_shape(p), name="mean") for p in params]
        self.weights = [self.iterations, *means]
        self.updates = [K.update_add(self.iterations, 1)]
        for p, g, m in zip(params, grads, means, strict=True):
            direction = K.sign(self.beta_1 * m + (1.0 - self.beta_1) * g)
            self.updates.append(K.update(m, self.beta_2 * m + (1.0 - self.beta_2) * g))
            new_p = p - self.lr * (direction + self.weight_decay * p)
            if getattr(p, "constraint", None) is not None:
                new_p = p.constraint(new_p)
            self.updates.append(K.update(p, new_p))
        return self.updates

    def get_config(self):
        config = {
            "lr": float(K.get_value(self.lr)),
            "beta_1": float(K.get_value(self.beta_1)),
            "beta_2": float(K.get_value(self.beta_2)),
            "weight_decay": self.weight_decay,
        }
        base_config = super().get_config()
        return {**base_config, **config}


def main(epochs: int = 10) -> tuple[Sequential, Sequential]:
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    x_train, x_test = x_train / 16, x_test / 16

    model = Sequential(
        [
            Flatten(input_shape=(8, 8)),
            Dense(64, activation="relu"),
            Dense(10, activation="softmax"),
        ]
    )
    optimizer = Lion(lr=0.002, weight_decay=0.01, clipnorm=5.0)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=epochs, validation_data=(x_test, y_test), verbose=2)

    # Its state goes into the file with the model, and the training can go on from there.
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder, "lion.h5"))
        resumed = load_model(Path(folder, "lion.h5"), custom_objects={"Lion": Lion})
    resumed.fit(x_train, y_train, epochs=epochs + 1, initial_epoch=epochs, verbose=2)
    return model, resumed


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
