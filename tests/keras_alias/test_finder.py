"""`import keras` means konnx."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from konnx import activations, backend, callbacks, layers, losses, models, optimizers, utils
from konnx.applications import image_shapes
from konnx.keras_alias import install
from konnx.keras_alias.table import MODULES, OWN
from konnx.layers import merge, node
from konnx.models import network, topology

pytestmark = pytest.mark.no_runtime


def forget() -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] in ("keras", "tensorflow"):
            del sys.modules[name]


@pytest.fixture(autouse=True)
def alias(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    forget()
    install("keras")
    install("tensorflow.keras")
    yield
    forget()


@pytest.mark.parametrize("root", ["keras", "tensorflow.keras"])
@pytest.mark.parametrize("path", MODULES)
def test_the_names_of_a_module_are_konnx_own_objects(root: str, path: str) -> None:
    module = importlib.import_module(f"{root}.{path}" if path else root)
    sources = [importlib.import_module(source) for source in MODULES[path]]
    own = {name: [getattr(source, name, None) for source in sources] for name in module.__all__}
    assert [name for name in own if getattr(module, name) not in own[name]] == []


@pytest.mark.parametrize("path", MODULES)
def test_every_name_that_the_table_lists_of_a_module_that_exists_is_there(path: str) -> None:
    module = importlib.import_module(f"keras.{path}" if path else "keras")
    listed = " ".join(names for source, names in MODULES[path].items())
    assert set(listed.split()) - {"*"} <= set(module.__all__)


@pytest.mark.parametrize("source", OWN)
def test_names_for_konnx_itself_are_not_handed_out(source: str) -> None:
    own = OWN[source].split()
    assert set(own) <= set(importlib.import_module(source).__all__)
    module = importlib.import_module(source.replace("konnx", "keras"))
    assert [name for name in own if hasattr(module, name)] == []


def test_a_module_that_konnx_lacks_is_an_import_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(MODULES, "contrib", {"konnx.contrib": "*"})  # type: ignore[arg-type]
    with pytest.raises(ImportError, match=r"no `keras\.contrib`. It would be in konnx\.contrib"):
        importlib.import_module("keras.contrib")


@pytest.mark.parametrize(
    ("statement", "name", "expected"),
    [
        ("from keras.layers.core import Dense", "Dense", layers.Dense),
        ("from keras.layers import Dense", "Dense", layers.Dense),
        ("from keras.layers.convolutional import Convolution2D", "Convolution2D", layers.Conv2D),
        ("from keras.layers.recurrent import LSTM", "LSTM", layers.LSTM),
        ("from keras.layers.merge import concatenate", "concatenate", layers.concatenate),
        ("from keras.engine.topology import Layer", "Layer", layers.Layer),
        ("from keras.engine.topology import Container as f", "f", network.Network),
        ("from keras.engine.topology import Node as f", "f", node.InboundNode),
        ("from keras.engine import get_source_inputs as f", "f", topology.get_source_inputs),
        ("from keras.engine import InputSpec", "InputSpec", layers.InputSpec),
        ("from keras import Model", "Model", models.Model),
        ("from keras.models import *", "Sequential", models.Sequential),
        ("from keras.utils.np_utils import *", "to_categorical", utils.to_categorical),
        ("from keras.utils import np_utils as n\nf = n.normalize", "f", utils.normalize),
        ("import keras.backend as K\nf = K.dot", "f", backend.dot),
        ("from keras import backend as K\nf = K.dot", "f", backend.dot),
        ("import keras\nf = keras.optimizers.Adam", "f", optimizers.Adam),
        ("import keras\nf = keras.layers.core.Dense", "f", layers.Dense),
        ("import keras.objectives\nf = keras.objectives.mse", "f", losses.mean_squared_error),
        ("from tensorflow.keras.layers import Dense", "Dense", layers.Dense),
        ("import tensorflow as tf\nf = tf.keras.Sequential", "f", models.Sequential),
        ("from keras.layers.merge import _Merge as f", "f", merge._Merge),
        ("from keras.applications.mobilenet import relu6 as f", "f", activations.relu6),
        (
            "from keras.applications.imagenet_utils import _obtain_input_shape as f",
            "f",
            image_shapes._obtain_input_shape,
        ),
        ("from keras.callbacks import ModelCheckpoint as f", "f", callbacks.ModelCheckpoint),
    ],
)
def test_an_import_gives_the_object_of_konnx(statement: str, name: str, expected: object) -> None:
    names: dict[str, object] = {}
    exec(statement, names)  # noqa: S102  # import statements of this file
    assert names[name] is expected


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("from keras.layers import Conv2DD", "no `keras.layers.Conv2DD`. Did you mean `Conv2D`"),
        ("import keras.layrs", "no `keras.layrs`. Did you mean `layers`"),
        ("from keras import layrs", "no `keras.layrs`. Did you mean `layers`"),
        ("import keras.backend.theano_backend", "konnx computes with ONNX Runtime"),
        ("from keras.backend import set_session", "no sessions of TensorFlow"),
        ("from keras.layers import TextVectorization", "give the words to `StringLookup`"),
        ("from tensorflow.keras.layers import Hashing", "give the words to `StringLookup`"),
        ("from tensorflow import Session", "There is no `tensorflow.Session`: konnx stands in for"),
        ("import tensorflow.contrib", "There is no `tensorflow.contrib`"),
    ],
)
def test_what_is_not_there_is_an_import_error_that_says_what(statement: str, said: str) -> None:
    with pytest.raises(ImportError) as caught:
        exec(statement, {})  # noqa: S102  # import statements of this file
    assert said in str(caught.value)


def test_an_attribute_that_is_not_there_can_be_asked_for() -> None:
    keras = importlib.import_module("keras")
    assert not hasattr(keras.layers, "Dence")
    with pytest.raises(AttributeError, match=r"no `keras\.layers\.Dence`\. Did you mean `Dense`"):
        keras.layers.Dence  # noqa: B018


def test_the_version_is_that_of_keras_and_says_whose() -> None:
    version = importlib.import_module("keras").__version__
    assert version.startswith("2.1.6+konnx.")


def test_objects_can_be_pickled() -> None:
    relu = importlib.import_module("keras.activations").relu
    assert pickle.loads(pickle.dumps(relu)) is relu  # noqa: S301  # what was just pickled


def test_modules_are_filled_when_they_are_asked_for() -> None:
    importlib.import_module("keras")
    assert "keras.callbacks" not in sys.modules


def test_other_packages_are_left_to_others() -> None:
    assert all(
        finder.find_spec("keras_tuner", None) is None
        for finder in sys.meta_path
        if type(finder).__module__ == "konnx.keras_alias.finder"
    )


@pytest.mark.parametrize("root", ["keras", "tensorflow.keras"])
def test_the_alias_is_refused_beside_the_real_one(root: str) -> None:
    forget()
    outermost = root.partition(".")[0]
    sys.modules[outermost] = real = ModuleType(outermost)
    real.__file__ = "/site-packages/x.py"
    with pytest.raises(ImportError, match=f"{outermost} is already imported, from /site-packages"):
        install(root)


def test_importing_konnx_keras_alias_is_all_that_a_script_needs() -> None:
    program = "import konnx.keras_alias, sys\nimport keras\nprint('konnx.layers' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (result.stdout, result.stderr) == ("True\n", "")


def test_applications_are_imported_as_in_keras() -> None:
    for family, name in (
        ("vgg16", "VGG16"),
        ("resnet", "ResNet50"),
        ("mobilenet_v2", "MobileNetV2"),
    ):
        found = importlib.import_module(f"keras.applications.{family}")
        top = importlib.import_module("keras.applications")
        assert getattr(found, name) is getattr(top, name)
        assert callable(found.preprocess_input)
        assert callable(found.decode_predictions)
