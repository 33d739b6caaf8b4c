"""The models of the `.keras` goldens, for every Keras that writes that format.

Each builder takes the library (`keras`, `tf_keras` or `tensorflow.keras`) and uses what all of them
have, under the same names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Builder = Callable[[Any], Any]


def mlp(keras: Any) -> Any:
    """Return a classifier of vectors."""
    kl = keras.layers
    first = kl.Dense(8, activation="relu", name="hidden")
    model = keras.Sequential([kl.InputLayer((6,)), first, kl.Dropout(0.0), kl.Dense(4)], name="mlp")
    model.add(kl.Activation("softmax"))
    return model


def compiled(optimizer: str, **arguments: Any) -> Builder:
    """Return a builder of the classifier, compiled."""

    def build(keras: Any) -> Any:
        model = mlp(keras)
        chosen = getattr(keras.optimizers, optimizer)(**arguments)
        loss = keras.losses.CategoricalCrossentropy()
        model.compile(chosen, loss, metrics=["accuracy", keras.metrics.MeanSquaredError()])
        return model

    return build


def images(keras: Any) -> Any:
    """Return a classifier of images of many kinds of layers."""
    kl = keras.layers
    x = entry = kl.Input((12, 10, 3), name="image")
    x = kl.Conv2D(4, 3, padding="same", use_bias=False)(x)
    x = kl.BatchNormalization(name="norm")(x)
    x = kl.LeakyReLU(0.2)(x)
    x = kl.SeparableConv2D(6, 3, depth_multiplier=2, activation="elu")(x)
    x = kl.DepthwiseConv2D(2, padding="same")(x)
    x = kl.PReLU(shared_axes=[1, 2])(x)
    x = kl.Conv2DTranspose(3, 3, strides=2, padding="same")(x)
    x = kl.ZeroPadding2D(((1, 0), (2, 1)))(x)
    x = kl.Cropping2D(((0, 1), (1, 1)))(x)
    x = kl.UpSampling2D(2, interpolation="bilinear")(x)
    x = kl.MaxPooling2D(2)(x)
    x = kl.AveragePooling2D(3, strides=2, padding="same")(x)
    x = kl.SpatialDropout2D(0.3)(x)
    one, two = kl.GlobalAveragePooling2D()(x), kl.GlobalMaxPooling2D()(x)
    x = kl.Concatenate()([one, two, kl.Flatten()(kl.Permute((2, 1, 3))(x))])
    x = kl.GaussianNoise(0.1)(kl.GaussianDropout(0.1)(x))
    return keras.Model(entry, kl.Dense(3, activation="softmax")(x), name="images")


def sequences(keras: Any) -> Any:
    """Return a network of layers along time."""
    kl = keras.layers
    x = entry = kl.Input((8, 4), name="signal")
    x = kl.Conv1D(5, 3, padding="causal", dilation_rate=2, activation="selu")(x)
    x = kl.ZeroPadding1D(1)(kl.Cropping1D((1, 0))(x))
    x = kl.MaxPooling1D(2, padding="same")(x)
    x = kl.UpSampling1D(2)(x)
    x = kl.SeparableConv1D(4, 2, activation="softplus")(x)
    x = kl.ELU(0.5)(kl.Dense(4, activation="tanh")(kl.ReLU(6.0)(x)))
    x = kl.AveragePooling1D(2)(kl.Softmax()(x))
    flat = kl.Reshape((-1,))(x)
    other = kl.GlobalMaxPooling1D()(kl.SpatialDropout1D(0.2)(x))
    repeated = kl.RepeatVector(3)(other)
    dot = kl.Dot((2, 1))([repeated, kl.Permute((2, 1))(x)])
    return keras.Model(entry, [kl.Dense(3)(flat), dot], name="sequences")


def volumes(keras: Any) -> Any:
    """Return a network of volumes."""
    kl = keras.layers
    x = entry = kl.Input((5, 6, 4, 2), name="volume")
    x = kl.Conv3D(3, 2, padding="same", activation="softsign")(x)
    x = kl.Cropping3D(((0, 1), (1, 0), (0, 0)))(kl.ZeroPadding3D(1)(x))
    x = kl.MaxPooling3D(2)(kl.UpSampling3D((1, 2, 1))(x))
    x = kl.Conv3DTranspose(2, 2, strides=2)(x)
    return keras.Model(
        entry, kl.GlobalAveragePooling3D()(kl.AveragePooling3D(2)(x)), name="volumes"
    )


def recurrent(keras: Any) -> Any:
    """Return a network of recurrent layers, wrapped and stacked."""
    kl = keras.layers
    x = entry = kl.Input((5, 3), name="series")
    x = kl.Bidirectional(kl.LSTM(4, return_sequences=True), merge_mode="sum")(x)
    x = kl.TimeDistributed(kl.Dense(3, activation="tanh"))(x)
    x = kl.GRU(4, return_sequences=True, dropout=0.2, recurrent_dropout=0.1)(x)
    x = kl.RNN([kl.LSTMCell(3), kl.GRUCell(2), kl.LSTMCell(3)], return_sequences=True)(x)
    x = kl.Bidirectional(kl.SimpleRNN(2), backward_layer=kl.GRU(2, go_backwards=True))(x)
    return keras.Model(entry, kl.Dense(2)(x), name="recurrent")


def frames(keras: Any) -> Any:
    """Return a network over sequences of images."""
    kl = keras.layers
    x = entry = kl.Input((3, 6, 5, 2), name="frames")
    x = kl.ConvLSTM2D(3, 2, padding="same", return_sequences=True)(x)
    x = kl.TimeDistributed(keras.Sequential([kl.Conv2D(2, 3), kl.BatchNormalization()]))(x)
    return keras.Model(entry, kl.Flatten()(x), name="frames_model")


def states(keras: Any) -> Any:
    """Return an encoder whose states start a decoder."""
    kl = keras.layers
    source, target = kl.Input((4, 3), name="source"), kl.Input((5, 2), name="target")
    _, *kept = kl.LSTM(4, return_state=True, name="encoder")(source)
    decoded = kl.LSTM(4, return_sequences=True, name="decoder")(target, initial_state=kept)
    return keras.Model([source, target], [kl.Dense(2)(decoded), kept[0]], name="seq2seq")


def masked(keras: Any) -> Any:
    """Return networks behind an Embedding and a Masking layer that leave out steps."""
    kl = keras.layers
    words, series = kl.Input((6,), dtype="int32", name="words"), kl.Input((6, 3), name="series")
    x = kl.Embedding(7, 4, mask_zero=True)(words)
    x = kl.Bidirectional(kl.LSTM(3, return_sequences=True))(x)
    first = kl.GRU(4)(kl.Dropout(0.4)(x))
    second = kl.SimpleRNN(4, return_sequences=True)(kl.Masking(0.0)(series))
    second = kl.LSTM(4, go_backwards=True)(second)
    return keras.Model([words, series], kl.Subtract()([first, second]), name="masked")


def block(keras: Any, name: str) -> Any:
    """Return a model of two layers of a kind, one of them frozen."""
    kl = keras.layers
    entry = kl.Input((5,), name=f"{name}_in")
    x = kl.Dense(4, activation="tanh", name=f"{name}_a", trainable=False)(entry)
    x = kl.BatchNormalization(name=f"{name}_norm")(x)
    return keras.Model(entry, kl.Dense(5, name=f"{name}_b")(x), name=name)


def nested(keras: Any) -> Any:
    """Return a model that calls a model within twice, and holds another two models deep."""
    kl = keras.layers
    left, right = kl.Input((5,), name="left"), kl.Input((5,), name="right")
    inner = block(keras, "inner")
    outer = keras.Sequential([block(keras, "core"), kl.Dense(3, name="top")], name="outer")
    total = kl.Add()([inner(left), inner(right)])
    return keras.Model([right, left], outer(total), name="nested")


def shared(keras: Any) -> Any:
    """Return layers that are used several times, among others of the same kind and shape."""
    kl = keras.layers
    one, two = kl.Input((4,), name="one"), kl.Input((4,), name="two")
    common = kl.Dense(4, name="common")
    x, y = common(kl.Dense(4, name="z")(one)), common(kl.Dense(4, name="y")(two))
    branches = [kl.Dense(4, name=name)(kl.Maximum()([x, y])) for name in ("d", "b", "c", "a")]
    joined = kl.Average()([kl.Multiply()(branches[:2]), kl.Minimum()(branches[2:])])
    return keras.Model([two, one], [common(joined), x], name="shared")


def operations(keras: Any) -> Any:
    """Return a network of operations between layers, of operators and by name."""
    kl, ops = keras.layers, keras.ops
    x, y = kl.Input((4, 6), name="x"), kl.Input((4, 6), name="y")
    a = kl.Dense(6)(x * 0.5 + y) - 1.0
    b = ops.concatenate([ops.relu(a), ops.mean(y, axis=1, keepdims=True)], axis=1)
    c = ops.reshape(ops.transpose(b, (0, 2, 1)), (-1, 2, 15))[..., 1:-1]
    d = ops.matmul(c, ops.swapaxes(c, 1, 2)) / ops.sqrt(ops.cast(ops.shape(c)[-1], "float32"))
    e = kl.Add()([ops.softmax(d, axis=-1), ops.abs(d)[:, ::-1]])
    f = ops.where(a[:, 0] > 0.0, ops.exp(-a[:, 1]), ops.maximum(a[:, 2], 0.1) ** 2)
    g = ops.einsum("bij,bkj->bik", x, y)
    h = ops.sum(ops.stack([ops.sigmoid(f), ops.tanh(f), 1.0 - f], axis=-1), axis=-1)
    return keras.Model([x, y], [e, kl.Dense(2)(h), ops.max(g, axis=(1, 2))], name="operations")


def masks(keras: Any) -> Any:
    """Return a network whose masks are merged, computed and given by an input."""
    kl, ops = keras.layers, keras.ops
    words, series = kl.Input((5,), dtype="int32", name="words"), kl.Input((5, 3), name="series")
    embedded, masked = kl.Embedding(7, 3, mask_zero=True)(words), kl.Masking()(series)
    merged = kl.Concatenate()([kl.Add()([embedded, masked]), embedded])
    first = kl.GRU(3)(kl.TimeDistributed(kl.Dense(2))(kl.LSTM(3, return_sequences=True)(merged)))
    second = kl.LSTM(3)(series, mask=ops.less(words, 4))
    third = kl.Dense(3)(kl.Flatten()(embedded))
    total = kl.Add()([first, second, third])
    mean = kl.GlobalAveragePooling1D()(embedded)
    return keras.Model([words, series], [total, mean], name="masks")


def attention(keras: Any) -> Any:
    """Return a block of a transformer."""
    kl = keras.layers
    x, memory = kl.Input((5, 8), name="x"), kl.Input((4, 6), name="memory")
    own = kl.MultiHeadAttention(2, 3, name="own")(x, x, use_causal_mask=True)
    y = kl.LayerNormalization()(kl.Add()([x, own]))
    cross = kl.MultiHeadAttention(2, 3, value_dim=4, output_shape=8)(y, value=memory, key=memory)
    y = kl.LayerNormalization(axis=-1, scale=False)(kl.Add()([y, cross]))
    y = kl.Add()([y, kl.Dense(8)(kl.Dense(12, activation="gelu")(y))])
    pooled = kl.Attention()([y, kl.Dense(8)(memory)])
    other = kl.AdditiveAttention()([y, kl.Dense(8)(memory)])
    return keras.Model([x, memory], [pooled, other], name="attention")


def attention_mask(keras: Any) -> Any:
    """Return attention that is told what is visible, by whole numbers and by floats."""
    kl = keras.layers
    x, memory = kl.Input((5, 8), name="x"), kl.Input((4, 6), name="memory")
    seen = kl.Input((5, 4), dtype="int32", name="seen")
    first = kl.MultiHeadAttention(2, 3)(x, value=memory, attention_mask=seen)
    weak = kl.Rescaling(0.5)(seen)
    second = kl.MultiHeadAttention(2, 3)(x, value=memory, attention_mask=weak)
    return keras.Model([x, memory, seen], [first, second], name="attention_mask")


def pictures(keras: Any) -> Any:
    """Return a network of images as those of today begin."""
    kl = keras.layers
    x = entry = kl.Input((12, 12, 4), name="picture")
    x = kl.Rescaling(1 / 127.5, offset=-1.0)(x)
    x = kl.Normalization(mean=[0.1, 0.2, 0.3, 0.4], variance=[1.0, 2.0, 3.0, 4.0])(x)
    x = kl.Resizing(10, 8)(kl.CenterCrop(10, 10)(x))
    x = kl.Conv2D(8, 3, activation="swish")(x)
    x = kl.GroupNormalization(groups=4)(x)
    x = kl.Activation("hard_sigmoid")(kl.Conv2D(4, 1, activation="mish")(x))
    x = kl.UnitNormalization()(kl.Flatten()(x))
    return keras.Model(entry, kl.Dense(3, activation="relu6")(x), name="pictures")


def operators(keras: Any) -> Any:
    """Return a network with operators between layers."""
    kl = keras.layers
    x, y = kl.Input((4, 6), name="x"), kl.Input((4, 6), name="y")
    a = kl.Dense(6)(x * 0.5 + y) - 1.0
    b = kl.Dense(3)(a[:, 1:] / 2.0)[:, :, ::-1]
    states = [kl.Dense(4)(y[:, 0]), -kl.Dense(4)(y[:, -1])]
    c = kl.LSTM(4)(kl.Concatenate()([2.0 - a, x]), initial_state=states)
    return keras.Model([x, y], [b, c**2.0], name="operators")


def words(keras: Any) -> Any:
    """Return a classifier of words of the layers that Keras 3 quantizes, with odd sizes."""
    kl = keras.layers
    x = entry = kl.Input((6,), dtype="int32", name="words")
    x = kl.Embedding(9, 5)(x)
    x = kl.EinsumDense("abc,cde->abde", (6, 3, 3), activation="relu", bias_axes="de")(x)
    x = kl.EinsumDense("abde,def->abf", (6, 4), bias_axes="f")(x)
    x = kl.Dense(5, activation="tanh")(kl.Flatten()(x))
    return keras.Model(entry, kl.Dense(3, use_bias=False)(x), name="quantized")


MODELS: dict[str, Builder] = {
    "mlp_adam": compiled("Adam", learning_rate=0.01),
    "mlp_amsgrad": compiled("Adam", learning_rate=0.01, amsgrad=True),
    "mlp_momentum": compiled("SGD", learning_rate=0.05, momentum=0.9, nesterov=True),
    "mlp_rmsprop": compiled("RMSprop", learning_rate=0.01),
    "images": images,
    "sequences": sequences,
    "volumes": volumes,
    "recurrent": recurrent,
    "frames": frames,
    "states": states,
    "masked": masked,
    "nested": nested,
    "operators": operators,
    "shared": shared,
}
LATER: dict[str, Builder] = {
    "operations": operations,
    "masks": masks,
    "attention": attention,
    "attention_mask": attention_mask,
    "pictures": pictures,
    "quantized_int8": words,
    "quantized_int4": words,
    "quantized_int4_columns": words,
}
"""What only Keras 3 has, or has otherwise."""

QUANTIZATIONS: dict[str, Callable[[Any], Any]] = {
    "quantized_int8": lambda of: of.Int8QuantizationConfig(activation_quantizer=None),
    "quantized_int4": lambda of: of.Int4QuantizationConfig(block_size=2),
    "quantized_int4_columns": lambda of: of.Int4QuantizationConfig(
        block_size=-1, activation_quantizer=None
    ),
}
"""How models are quantized, from `keras.quantizers`: the weights alone, so that floats agree."""
