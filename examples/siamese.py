"""A siamese network: two images through one network, near each other if they are one digit.

The distance is a Lambda layer, the contrastive loss a function of K (Hadsell, Chopra and LeCun:
Dimensionality Reduction by Learning an Invariant Mapping, 2006). Run it with
`python examples/siamese.py`; a number as argument sets the epochs.
"""

import sys

import numpy as np

from konnx import backend as K
from konnx.datasets import digits
from konnx.layers import Dense, Dropout, Flatten, Input, Lambda
from konnx.models import Model
from konnx.optimizers import RMSprop

MARGIN = 1.0


def euclidean_distance(vectors):
    x, y = vectors
    total = K.sum(K.square(x - y), axis=1, keepdims=True)
    return K.sqrt(K.maximum(total, K.epsilon()))


def distance_output_shape(shapes):
    first, _ = shapes
    return (first[0], 1)


def contrastive_loss(y_true, y_pred):
    far = K.square(K.maximum(MARGIN - y_pred, 0))
    return K.mean(y_true * K.square(y_pred) + (1 - y_true) * far)


def accuracy(y_true, y_pred):
    return K.mean(K.equal(y_true, K.cast(y_pred < MARGIN / 2, y_true.dtype)))


def make_pairs(x, y, count, random):
    """As many pairs of one digit as of two."""
    by_class = [np.flatnonzero(y == digit) for digit in range(10)]
    pairs, labels = [], []
    for index in range(count):
        same = index % 2
        digit = random.randint(10)
        other = digit if same else (digit + random.randint(1, 10)) % 10
        pairs.append((random.choice(by_class[digit]), random.choice(by_class[other])))
        labels.append(same)
    left, right = np.array(pairs).T
    return [x[left], x[right]], np.array(labels, dtype="float32")


def create_base_network(input_shape):
    inputs = Input(shape=input_shape)
    x = Flatten()(inputs)
    x = Dense(128, activation="relu")(x)
    x = Dropout(0.1)(x)
    x = Dense(64, activation="relu")(x)
    return Model(inputs, Dense(32)(x))


def main(epochs: int = 15) -> float:
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    x_train, x_test = x_train.astype("float32") / 16, x_test.astype("float32") / 16
    random = np.random.RandomState(3)
    train_pairs, train_labels = make_pairs(x_train, y_train, 6000, random)
    test_pairs, test_labels = make_pairs(x_test, y_test, 1000, random)

    base_network = create_base_network(x_train.shape[1:])
    input_a, input_b = Input(shape=x_train.shape[1:]), Input(shape=x_train.shape[1:])
    distance = Lambda(euclidean_distance, output_shape=distance_output_shape)(
        [base_network(input_a), base_network(input_b)]
    )
    model = Model([input_a, input_b], distance)
    model.compile(loss=contrastive_loss, optimizer=RMSprop(), metrics=[accuracy])
    model.fit(
        train_pairs,
        train_labels,
        batch_size=128,
        epochs=epochs,
        verbose=2,
        validation_data=(test_pairs, test_labels),
    )
    predicted = model.predict(test_pairs)[:, 0] < MARGIN / 2
    share = float(np.mean(predicted == test_labels))
    print(f"Accuracy on test pairs: {share:.3f}")
    return share


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
