"""Weights of layers in open HDF5 groups, as Keras 2.1's functions have them."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from konnx.engine import topology
from konnx.layers import Conv2D, Dense, Flatten, Layer
from konnx.models import Sequential, load_model

pytestmark = pytest.mark.no_runtime


def stack(name: str = "last", units: int = 2) -> list[Layer]:
    model = Sequential(
        [Conv2D(3, 2, input_shape=(4, 4, 1), name="first"), Flatten(), Dense(units, name=name)]
    )
    return model.layers


def arrays(layers: list[Layer]) -> list[np.ndarray]:
    return [array for layer in layers for array in layer.get_weights()]


def same(one: list[Layer], other: list[Layer]) -> list[bool]:
    return [np.array_equal(*pair) for pair in zip(arrays(one), arrays(other), strict=True)]


@pytest.fixture
def group(tmp_path: Path) -> h5py.Group:
    return h5py.File(tmp_path / "w.h5", "w").create_group("weights")


def test_layers_get_the_weights_of_a_group_in_their_order(group: h5py.Group) -> None:
    written, read = stack(), stack("another")
    topology.save_weights_to_hdf5_group(group, written)
    assert [name.decode() for name in group.attrs["layer_names"]] == [
        layer.name for layer in written
    ]
    topology.load_weights_from_hdf5_group(group, read)
    assert all(same(written, read))


def test_layers_get_the_weights_under_their_names(group: h5py.Group) -> None:
    written, read = stack(), stack("another", units=5)
    topology.save_weights_to_hdf5_group(group, written)
    topology.load_weights_from_hdf5_group_by_name(group, read)
    assert np.array_equal(arrays(read)[0], arrays(written)[0])
    with pytest.raises(ValueError, match="layer 'last', weight 'last/kernel'.*shape does not fit"):
        topology.load_weights_from_hdf5_group_by_name(group, stack(units=5))
    with pytest.warns(UserWarning, match="A layer stays as it is"):
        topology.load_weights_from_hdf5_group_by_name(group, stack(units=5), skip_mismatch=True)


def test_the_group_of_a_model_in_a_file_is_read(tmp_path: Path) -> None:
    model = Sequential(stack())
    model.save(tmp_path / "m.h5")
    loaded = stack()
    with h5py.File(tmp_path / "m.h5") as file:
        topology.load_weights_from_hdf5_group(file["model_weights"], loaded)
    assert all(same(load_model(tmp_path / "m.h5").layers, loaded))


def test_weights_of_keras_1_are_turned_into_those_of_a_layer() -> None:
    layer = Conv2D(3, 2, data_format="channels_first", input_shape=(1, 4, 4))
    Sequential([layer])
    kernel, bias = np.arange(12.0).reshape(3, 1, 2, 2), np.zeros(3)
    prepare = topology.preprocess_weights_for_loading
    turned, _ = prepare(layer, [kernel, bias], "1", "theano")
    np.testing.assert_array_equal(turned, kernel[:, :, ::-1, ::-1].transpose(2, 3, 1, 0))
    own = kernel.transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(prepare(layer, [own, bias], "2.1.6", "tensorflow")[0], own)
    flat = prepare(layer, [own.reshape(4, 3), bias], "2.1.6", "tensorflow", reshape=True)
    np.testing.assert_array_equal(flat[0], own)
    with pytest.raises(ValueError, match="another number of weights"):
        prepare(layer, [own])
