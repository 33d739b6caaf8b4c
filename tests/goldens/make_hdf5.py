"""Make the HDF5 goldens: files of many shapes, and what tf_keras predicts from each.

Writes `hdf5/NAME.h5` and `hdf5/NAME.npz` with inputs `x_0`, … and predictions `prediction_0`, ….
Where the file holds an optimizer's state, two more training steps (`more_x`, `more_y`, results
`more_steps`) and the weights after them (`weight_00`, …, in Keras 2.1's order) show whether a
reader took it up. `keras216_*.h5` have the form of standalone Keras 2.1.6 (`keras216_file.py`).

Run `python make_hdf5.py [NAME ...]`; without names, every file is made.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import catalogue_models
import h5py
import keras21
import numpy as np
import tf_keras
import tf_keras_models
import training_cases as tc
from keras21 import BATCH, Array
from keras216_file import write as write_keras216
from tf_keras import layers as kl

FOLDER = Path(__file__).parent / "hdf5"
ADAM: keras21.OptimizerSpec = ("Adam", {"lr": 0.01, "decay": 0.1})
NESTEROV: keras21.OptimizerSpec = ("SGD", {"lr": 0.02, "momentum": 0.9, "nesterov": True})


def mlp() -> Any:
    """Return a classifier of vectors."""
    return tf_keras.Sequential(
        [
            kl.Dense(8, activation="relu", input_shape=(6,), name="dense_1"),
            kl.Dropout(0.0, name="dropout_1"),
            kl.Dense(4, activation="softmax", name="dense_2"),
        ],
        name="sequential_1",
    )


def cnn() -> Any:
    """Return a classifier of images with BatchNormalization."""
    return tf_keras.Sequential(
        [
            kl.Conv2D(4, 3, padding="same", use_bias=False, input_shape=(8, 8, 2), name="conv2d_1"),
            tc.plain_normalization(name="batch_normalization_1"),
            kl.Activation("relu", name="activation_1"),
            kl.MaxPooling2D(name="max_pooling2d_1"),
            kl.SeparableConv2D(5, 3, name="separable_conv2d_1"),
            kl.DepthwiseConv2D(2, name="depthwise_conv2d_1"),
            kl.Flatten(name="flatten_1"),
            kl.Dense(4, activation="softmax", name="dense_1"),
        ],
        name="sequential_1",
    )


def two_inputs() -> Any:
    """Return a model whose inputs are listed in another order than they are used."""
    image, extra = kl.Input((6, 6, 1), name="image"), kl.Input((3,), name="extra")
    flat = kl.Flatten()(kl.Conv2D(2, 3, activation="elu")(image))
    joined = kl.Concatenate()([flat, kl.Dense(4, activation="softsign")(extra)])
    return tf_keras.Model([extra, image], kl.Dense(3)(joined))


def inner_block(name: str, *, frozen: str = "") -> Any:
    """Return a model of Dense and BatchNormalization layers of which one may be frozen."""
    block_in = kl.Input((5,), name=f"{name}_in")
    hidden = kl.Dense(4, activation="tanh", name=f"{name}_dense_1")(block_in)
    hidden = tc.plain_normalization(name=f"{name}_norm_1")(hidden)
    hidden = kl.Dense(5, name=f"{name}_dense_2")(hidden)
    block = tf_keras.Model(
        block_in, tc.plain_normalization(name=f"{name}_norm_2")(hidden), name=name
    )
    if frozen:
        block.get_layer(f"{name}_{frozen}").trainable = False
    return block


def nested_model(frozen: str = "dense_1") -> Any:
    """Return a model that calls a nested model twice; one inner layer is frozen."""
    left, right = kl.Input((5,), name="left"), kl.Input((5,), name="right")
    block = inner_block("block", frozen=frozen)
    total = kl.Add(name="add_1")([block(left), block(right)])
    return tf_keras.Model([left, right], kl.Dense(3, name="dense_1")(total), name="model_1")


def nested_twice() -> Any:
    """Return a Sequential in a Sequential in a Sequential, with frozen layers at two depths."""
    core = tf_keras.Sequential(
        [
            kl.Dense(5, input_shape=(4,), name="core_dense"),
            tc.plain_normalization(name="core_norm", trainable=False),
        ],
        name="core",
    )
    middle = tf_keras.Sequential(
        [
            kl.Dense(4, activation="tanh", input_shape=(6,), name="middle_dense", trainable=False),
            core,
            tc.plain_normalization(name="middle_norm"),
        ],
        name="middle",
    )
    return tf_keras.Sequential([middle, kl.Dense(3, name="dense_1")], name="sequential_1")


def frozen_nested() -> Any:
    """Return a model whose nested model is frozen as a whole, as in transfer learning."""
    base = inner_block("base")
    base.trainable = False
    return tf_keras.Sequential([base, kl.Dense(2, activation="sigmoid")])


def inert_layers() -> Any:
    """Return a model of many layers without weights."""
    return tc.sequential(
        (5, 6, 2),
        kl.ZeroPadding2D((1, 2)),
        kl.Dropout(0.5),
        kl.AveragePooling2D((2, 3), strides=2, padding="same"),
        kl.Activation("hard_sigmoid"),
        kl.Permute((3, 1, 2)),
        kl.Reshape((-1, 5)),
        kl.Conv1D(3, 2, padding="causal", dilation_rate=2),
        kl.Flatten(),
        kl.RepeatVector(2),
        kl.Dense(3, activation="selu"),
    )


def long_names() -> Any:
    """Return a model whose lists of layer and weight names each exceed one HDF5 attribute.

    The lists are of fixed width, so that one long name makes every entry long.
    """
    long = "n" * 2000
    block_in = hidden = kl.Input((3,), name="block_in")
    for index in range(16):
        hidden = kl.Dense(3, name=f"inner_{index}")(hidden)
    block = tf_keras.Model(block_in, kl.Dense(3, name=f"{long}_inner")(hidden), name="block")
    stack = [kl.Activation("linear", name=f"outer_{index}") for index in range(32)]
    return tf_keras.Sequential([block, *stack, kl.Dense(2, name=long)], name="sequential_1")


def two_outputs() -> Any:
    """Return a model with two outputs compiled with dictionaries."""
    model = tc.two_outputs()
    model.compile(
        keras21.legacy_optimizer(("SGD", {"lr": 0.1})),
        loss={"value": "mse", "kind": "categorical_crossentropy"},
        loss_weights={"value": 0.25, "kind": 2.0},
        metrics={"kind": ["categorical_accuracy"]},
        run_eagerly=True,
    )
    return model


def channels_first() -> Any:
    """Return layers with `channels_first` that TensorFlow can run on a CPU."""
    return tc.sequential(
        (3, 4, 5),
        tc.plain_normalization(axis=1),
        kl.ZeroPadding2D(((1, 0), (0, 2)), data_format="channels_first"),
        kl.Activation("softmax"),
        kl.Flatten(data_format="channels_first"),
        kl.Dense(2),
    )


def recurrent() -> Any:
    """Return a sequence classifier of wrapped recurrent layers."""
    return tc.sequential(
        (5, 3),
        kl.Bidirectional(kl.LSTM(4, return_sequences=True, recurrent_activation="hard_sigmoid")),
        kl.TimeDistributed(kl.Dense(3, activation="tanh")),
        kl.GRU(4, return_sequences=True),
        kl.Bidirectional(kl.SimpleRNN(2), merge_mode="ave"),
        kl.Dense(3, activation="softmax"),
    )


def recurrent_states() -> Any:
    """Return an encoder whose states start a decoder, beside a stack of cells."""
    source, target = kl.Input((None, 3), name="source"), kl.Input((4, 2), name="target")
    _, *states = kl.LSTM(4, return_state=True)(source)
    decoded = kl.LSTM(4, return_sequences=True)(target, initial_state=states)
    cells = [kl.LSTMCell(3), kl.GRUCell(2, reset_after=False)]
    stacked = kl.RNN(cells, return_sequences=True, go_backwards=True)(decoded)
    return tf_keras.Model([source, target], [stacked, decoded])


def recurrent_images() -> Any:
    """Return a convolutional LSTM."""
    return tc.sequential((3, 5, 4, 2), kl.ConvLSTM2D(3, 2, padding="same"), kl.Flatten())


def compiled(build: Callable[[], Any], spec: keras21.OptimizerSpec) -> Callable[[], Any]:
    """Return a builder of the model compiled as a classifier."""

    def build_compiled() -> Any:
        model = build()
        model.compile(
            keras21.legacy_optimizer(spec),
            "categorical_crossentropy",
            metrics=["accuracy"],
            run_eagerly=True,
        )
        return model

    return build_compiled


FILES: dict[str, Callable[[], Any]] = {
    "sequential_mlp_adam": compiled(mlp, ADAM),
    "sequential_mlp_amsgrad": compiled(mlp, ("Adam", {"lr": 0.01, "amsgrad": True})),
    "sequential_cnn_momentum": compiled(cnn, NESTEROV),
    "functional_two_inputs": two_inputs,
    "functional_two_outputs": two_outputs,
    "shared_layer": tc.shared,
    "merged_inputs": tc.merged,
    "nested_model_frozen_layer": nested_model,
    "nested_model_frozen_normalization": lambda: nested_model("norm_1"),
    "nested_sequential_twice": nested_twice,
    "nested_model_frozen_whole": frozen_nested,
    "inert_layers": inert_layers,
    "long_names": long_names,
    "channels_first": channels_first,
    "recurrent_momentum": compiled(recurrent, NESTEROV),
    "recurrent_states": recurrent_states,
    "recurrent_images": recurrent_images,
    "layers_of_sequences": catalogue_models.of_sequences,
    "layers_of_images": catalogue_models.of_images,
    "layers_of_volumes": catalogue_models.of_volumes,
    **tf_keras_models.MODELS,
}
KERAS216: dict[str, tuple[Callable[[], Any], keras21.OptimizerSpec | None]] = {
    "keras216_sequential_adam": (compiled(mlp, ADAM), ADAM),
    "keras216_cnn_momentum": (compiled(cnn, NESTEROV), NESTEROV),
    "keras216_nested_model": (nested_model, None),
    "keras216_nested_sequential": (nested_twice, None),
    "keras216_two_inputs": (two_inputs, None),
}


def labelled(random: np.random.RandomState, model: Any, samples: int) -> tuple[Array, Array]:
    """Draw inputs and one-hot targets of a classifier."""
    labels = random.randint(0, model.output_shape[-1], samples)
    targets = np.eye(model.output_shape[-1], dtype=np.float32)[labels]
    return keras21.normal(random, samples, *model.input_shape[1:]), targets


def trained(name: str, build: Callable[[], Any]) -> tuple[Any, np.random.RandomState]:
    """Build a model with seeded weights and, where it is a compiled classifier, train 3 steps."""
    random = keras21.seeded(name)
    model = build()
    keras21.randomise_weights(model, random)
    if has_state(model):
        for _ in range(3):
            model.train_on_batch(*labelled(random, model, BATCH))
    return model, random


def has_state(model: Any) -> bool:
    """Tell whether the file of this model is to hold an optimizer's state."""
    return model.optimizer is not None and len(model.outputs) == 1


def predictions(model: Any, random: np.random.RandomState) -> dict[str, Array]:
    """Draw inputs and return them with what the model predicts."""
    shapes = [[size or 5 for size in tensor.shape[1:]] for tensor in model.inputs]
    inputs = [keras21.normal(random, 4, *shape) for shape in shapes]
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    arrays = {f"x_{index}": value for index, value in enumerate(inputs)}
    return arrays | {f"prediction_{index}": value for index, value in enumerate(outputs)}


def continued(model: Any, random: np.random.RandomState) -> dict[str, Array]:
    """Train two more steps and return data, results and the final weights."""
    x, y = labelled(random, model, 2 * BATCH)
    results = [
        model.train_on_batch(x[start : start + BATCH], y[start : start + BATCH], reset_metrics=True)
        for start in (0, BATCH)
    ]
    final = {f"weight_{i:02d}": v for i, v in enumerate(keras21.model_weights(model))}
    return {"more_x": x, "more_y": y, "more_steps": np.asarray(results, np.float64), **final}


def save_arrays(name: str, model: Any, random: np.random.RandomState) -> None:
    """Write the arrays that belong to a file just saved."""
    arrays = predictions(model, random)
    if has_state(model):
        arrays |= continued(model, random)
    np.savez_compressed(FOLDER / f"{name}.npz", **arrays)


def keras216_training(spec: keras21.OptimizerSpec) -> dict[str, Any]:
    """Return a classifier's training configuration in the words of 2.1.6."""
    class_name, arguments = spec
    optimizer = keras21.legacy_optimizer(spec).get_config()
    optimizer["lr"] = optimizer.pop("learning_rate")
    del optimizer["name"]
    return {
        "optimizer_config": {"class_name": class_name, "config": optimizer | arguments},
        "loss": "categorical_crossentropy",
        "metrics": ["accuracy"],
        "sample_weight_mode": None,
        "loss_weights": None,
    }


def check_readable(name: str, model: Any) -> None:
    """Refuse a rebuilt file that tf_keras itself would read differently."""
    again = tf_keras.models.load_model(FOLDER / f"{name}.h5", compile=False)
    for before, after in zip(
        keras21.model_weights(model), keras21.model_weights(again), strict=True
    ):
        np.testing.assert_array_equal(before, after)


def check_long_names() -> None:
    """Refuse a file of long names whose lists were not split."""
    with h5py.File(FOLDER / "long_names.h5") as file:
        weights = file["model_weights"]
        split = "layer_names0" in weights.attrs and "weight_names0" in weights["block"].attrs
    if not split:
        raise SystemExit("'long_names': the attributes were not split")


def make_weights_only() -> None:
    """Write weights for the architecture of `sequential_cnn_momentum`, other than that file's."""
    model, random = trained("sequential_cnn_weights_only", cnn)
    model.save_weights(FOLDER / "sequential_cnn_weights_only.h5", save_format="h5")
    save_arrays("sequential_cnn_weights_only", model, random)


def main(names: list[str]) -> None:
    """Make the named files, or all."""
    FOLDER.mkdir(exist_ok=True)
    for name in names or FILES:
        model, random = trained(name, FILES[name])
        model.save(FOLDER / f"{name}.h5", save_format="h5")
        save_arrays(name, model, random)
        print(name, flush=True)
    if names:
        return
    for name, (build, spec) in KERAS216.items():
        model, random = trained(name, build)
        training = None if spec is None else keras216_training(spec)
        write_keras216(FOLDER / f"{name}.h5", model, training)
        check_readable(name, model)
        save_arrays(name, model, random)
        print(name, flush=True)
    make_weights_only()
    check_long_names()


if __name__ == "__main__":
    main(sys.argv[1:])
