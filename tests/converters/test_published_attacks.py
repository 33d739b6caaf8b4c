"""Every published attack on this kind of software, against konnx, with a file made here.

Attacks on downloads and archives are tested where konnx downloads: tests/utils.
"""

from __future__ import annotations

import base64
import io
import json
import marshal
import os
import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from konnx.cli.model_files import open_model
from konnx.cli.onnx_files import read_onnx
from konnx.converters import export_onnx, from_onnx, load_model, load_weights
from konnx.converters.architecture import read_architecture
from konnx.layers import Dense
from konnx.models import Sequential, model_from_json, model_from_yaml

pytestmark = pytest.mark.no_runtime

Make = Callable[[Path], Path]
Config = dict[str, Any]


@pytest.fixture(autouse=True)
def marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file that code in a file of the attacker would write; it must never appear."""
    path = tmp_path / "owned"
    monkeypatch.setenv("KONNX_TEST_MARKER", str(path))
    yield path
    assert not path.exists()


PAYLOAD = "import os; open(os.environ['KONNX_TEST_MARKER'], 'w').close()"


def lambda_code() -> list[Any]:
    """What Keras writes for a Lambda: marshalled bytecode that runs the payload."""
    code = compile(f"lambda x: exec({PAYLOAD!r})", "<lambda>", "eval").co_consts[0]
    return [base64.b64encode(marshal.dumps(code)).decode(), None, None]


# Files of Keras -------------------------------------------------------------------------------


def model_config(*layers: Config) -> Config:
    first = {"class_name": "InputLayer", "config": {"name": "i", "batch_input_shape": [None, 2]}}
    return {"class_name": "Sequential", "config": {"name": "m", "layers": [first, *layers]}}


def hdf5(folder: Path, *layers: Config, change: Callable[[Any], None] | None = None) -> Path:
    path = folder / "m.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(model_config(*layers))
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [b"d"]
        weights.create_group("d").attrs["weight_names"] = [b"d/kernel:0", b"d/bias:0"]
        weights["d/d/kernel:0"] = np.zeros((2, 3), "float32")
        weights["d/d/bias:0"] = np.zeros(3, "float32")
        if change is not None:
            change(weights)
    return path


def archive(folder: Path, *layers: Config, **members: bytes) -> Path:
    path = folder / "m.keras"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "3.5.0"}))
        file.writestr("config.json", json.dumps(model_config(*layers)))
        stream = io.BytesIO()
        with h5py.File(stream, "w") as weights:
            weights.create_group("layers")
        file.writestr("model.weights.h5", stream.getvalue())
        for name, content in members.items():
            file.writestr(name, content)
    return path


def layer(class_name: str, module: str = "keras.layers", **config: Any) -> Config:
    config = {"name": "l", **config}
    return {"class_name": class_name, "module": module, "config": config, "registered_name": None}


DENSE = layer("Dense", name="d", units=3)
BYTECODE = layer("Lambda", function=lambda_code())
NEW_BYTECODE = layer(
    "Lambda",
    function={"class_name": "__lambda__", "config": {"code": lambda_code()[0]}},
    safe_mode=False,
)
RUN = {"class_name": "function", "module": "builtins", "config": "exec", "registered_name": "exec"}
UNSAFE = layer("enable_unsafe_deserialization", module="keras.config")


def replaced(make: Callable[[Any], None]) -> Callable[[Any], None]:
    def change(weights: Any) -> None:
        del weights["d/d/kernel:0"]
        make(weights)

    return change


def bomb(weights: Any) -> None:
    weights.create_dataset("d/d/kernel:0", (2**20, 2**20), "float32", chunks=(1024, 1024))


def external_link(weights: Any) -> None:
    weights["d/d/kernel:0"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(weights: Any) -> None:
    weights["d/d/kernel:0"] = h5py.SoftLink("/model_weights/d/d/bias:0")


def external_storage(weights: Any) -> None:
    weights.create_dataset(
        "d/d/kernel:0", (2, 3), "float32", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
    )


def virtual(weights: Any) -> None:
    layout = h5py.VirtualLayout((2, 3), "float32")
    layout[:] = h5py.VirtualSource("/etc/passwd", "d", (2, 3))
    weights.create_virtual_dataset("d/d/kernel:0", layout)


def upwards(weights: Any) -> None:
    weights.attrs["layer_names"] = [b"../../../../tmp/owned"]


def zip_bomb(folder: Path) -> Path:
    path = archive(folder, DENSE)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("assets/zeros", b"\0" * (64 << 20))
        file.writestr("config2.json", b"{}")
    content = (
        path.read_bytes()
        .replace(b"config.json", b"config.jso_")
        .replace(b"assets/zeros", b"config.json\0")
    )
    path.write_bytes(content)
    return path


KERAS: dict[str, Make] = {
    "CVE-2024-3660 code in a Lambda, .h5": lambda f: hdf5(f, BYTECODE, DENSE),
    "CVE-2024-3660 code in a Lambda, .keras": lambda f: archive(f, NEW_BYTECODE, DENSE),
    "CVE-2025-1550 a function of any module": lambda f: archive(
        f, layer("system", module="os", command=PAYLOAD), DENSE
    ),
    "CVE-2025-1550 a function as an argument": lambda f: archive(
        f, layer("Lambda", function=RUN, arguments={"source": PAYLOAD}), DENSE
    ),
    "CVE-2025-8747 a function of Keras as a gadget": lambda f: archive(
        f, layer("get_file", module="keras.utils", origin="http://127.0.0.1:9/x"), DENSE
    ),
    "CVE-2025-9906 unsafe loading switched on by the file": lambda f: archive(
        f, UNSAFE, NEW_BYTECODE, DENSE
    ),
    "CVE-2025-9905 safe mode that .h5 does not have": lambda f: hdf5(f, NEW_BYTECODE, DENSE),
    "CVE-2025-49655 a pickled PyTorch module": lambda f: archive(
        f, layer("TorchModuleWrapper", module="keras.utils", torch_module="gASV"), DENSE
    ),
    "CVE-2025-12058 a vocabulary from a path": lambda f: archive(
        f, layer("StringLookup", vocabulary="/etc/passwd"), DENSE
    ),
    "CVE-2026-0897 a small file that declares a terabyte": lambda f: hdf5(
        f, DENSE, change=replaced(bomb)
    ),
    "CVE-2026-1669 a link to another file": lambda f: hdf5(
        f, DENSE, change=replaced(external_link)
    ),
    "CVE-2026-1669 data in another file": lambda f: hdf5(
        f, DENSE, change=replaced(external_storage)
    ),
    "K#22900 a soft link": lambda f: hdf5(f, DENSE, change=replaced(soft_link)),
    "K#22976 a virtual dataset": lambda f: hdf5(f, DENSE, change=replaced(virtual)),
    "CVE-2026-1462 a TensorFlow program": lambda f: archive(
        f, layer("TFSMLayer", filepath="/tmp/model"), DENSE
    ),
    "CVE-2026-12479 a layer's name that leads upwards": lambda f: hdf5(f, DENSE, change=upwards),
    "K#23010 a zip bomb": zip_bomb,
    "members that lead out of the folder": lambda f: archive(f, DENSE, **{"../owned": b""}),
}


@pytest.mark.parametrize("attack", KERAS)
def test_a_hostile_keras_file_is_refused(attack: str, tmp_path: Path) -> None:
    path = KERAS[attack](tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError) as caught:
        load_model(path)
    assert str(caught.value).isprintable()
    assert str(path) in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> Any:
            return exec, (PAYLOAD,)

    for name in ("m.h5", "m.keras", "m.weights.h5"):
        path = tmp_path / name
        path.write_bytes(pickle.dumps(Payload()))
        with pytest.raises(ValueError, match="pickle"):
            load_model(path)
        with pytest.raises(ValueError, match="pickle"):
            load_weights(Sequential([Dense(2, input_shape=(2,))]), path)


def test_yaml_and_json_make_no_objects() -> None:
    pytest.importorskip("yaml")
    text = f"class_name: Sequential\nconfig: !!python/object/apply:exec [{PAYLOAD!r}]\n"
    with pytest.raises(ValueError):
        model_from_yaml(text)
    with pytest.raises(ValueError):
        model_from_json(json.dumps(model_config(BYTECODE)))


def test_a_size_that_no_machine_has_memory_for_is_refused(tmp_path: Path) -> None:
    states = {"units": 2**45, "batch_input_shape": [2, 3, 4]}
    config = model_config(layer("SimpleRNN", **states))
    config["config"]["layers"][0]["config"]["batch_input_shape"] = [2, 3, 4]
    (tmp_path / "m.json").write_text(json.dumps({**config, "keras_version": "2.1.6"}))
    with pytest.raises(ValueError, match=r"m\.json: Unable to allocate"):
        read_architecture(tmp_path / "m.json")


# Files of ONNX --------------------------------------------------------------------------------


def onnx_model(*nodes: Any, **more: Any) -> onnx.ModelProto:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 2])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    nodes = nodes or (helper.make_node("MatMul", ["x", "w"], ["y"]),)
    graph = helper.make_graph(list(nodes), "g", [x], [y])
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, **more)


def external(folder: Path, **entries: str) -> Path:
    model = onnx_model()
    weight = numpy_helper.from_array(np.zeros((2, 2), "float32"), "w")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        weight.external_data.add(key=key, value=value)
    model.graph.initializer.append(weight)
    return written(folder, model)


def written(folder: Path, model: onnx.ModelProto) -> Path:
    path = folder / "model" / "m.onnx"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path


def outside(folder: Path) -> Path:
    path = folder / "secret.bin"
    path.write_bytes(np.ones((2, 2), "float32").tobytes())
    (folder / "model").mkdir()
    return path


def symbolic(folder: Path) -> Path:
    (folder / "model").mkdir()
    secret = folder / "secret.bin"
    secret.write_bytes(b"\0" * 16)
    (folder / "model" / "w.bin").symlink_to(secret)
    return external(folder, location="w.bin")


def hard(folder: Path) -> Path:
    secret = outside(folder)
    os.link(secret, folder / "model" / "w.bin")
    return external(folder, location="w.bin")


def nested(folder: Path) -> Path:
    outside(folder)
    return external(folder, location="a/../../secret.bin")


def chain(folder: Path, depth: int = 3000) -> Path:
    model = onnx_model(helper.make_node("f0", ["x"], ["y"], domain="own"))
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
    for number in range(depth):
        inner = helper.make_node(f"f{number + 1}", ["a"], ["b"], domain="own")
        last = helper.make_node("Neg", ["a"], ["b"])
        body = [last if number == depth - 1 else inner]
        model.functions.append(
            helper.make_function("own", f"f{number}", ["a"], ["b"], body, opsets)
        )
    return written(folder, model)


def too_many_arguments(folder: Path) -> Path:
    model = onnx_model(helper.make_node("f", ["x", "x"], ["y"], domain="own"))
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
    body = [helper.make_node("Neg", ["a"], ["b"])]
    model.functions.append(helper.make_function("own", "f", ["a"], ["b"], body, opsets))
    return written(folder, model)


def short(folder: Path) -> Path:
    model = onnx_model()
    model.graph.initializer.add(name="w", data_type=1, dims=[2**20, 2**20], raw_data=b"\0" * 16)
    return written(folder, model)


ONNX: dict[str, Make] = {
    "CVE-2022-25882 weights in a folder above": lambda f: external(f, location="../secret.bin"),
    "CVE-2024-27318 weights in a folder above, nested": nested,
    "CVE-2026-27489 weights behind a symbolic link": symbolic,
    "CVE-2026-34446 weights behind a hard link": hard,
    "CVE-2026-34445 keys that set other attributes": lambda f: external(
        f, location="w.bin", basepath="/etc", __class__="x"
    ),
    "CVE-2024-27319 fewer bytes than the shape asks for": short,
    "ORT 3,000 functions that call each other": chain,
    "a function that is called with more than it takes": too_many_arguments,
    "an absolute path": lambda f: external(f, location="/etc/passwd"),
}


@pytest.mark.parametrize("attack", ONNX)
def test_a_hostile_onnx_file_is_refused(attack: str, tmp_path: Path) -> None:
    path = ONNX[attack](tmp_path)
    with pytest.raises(ValueError) as caught:
        from_onnx(path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("attack", [name for name in ONNX if "path" in name or "link" in name])
def test_it_is_not_handed_to_the_runtime_either(attack: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        open_model(ONNX[attack](tmp_path))


def bomb_of_85_bytes(folder: Path) -> Path:
    shape = helper.make_tensor("s", TensorProto.INT64, [2], [2**14, 2**14])
    model = onnx_model(
        helper.make_node("ConstantOfShape", ["s"], ["z"]),
        helper.make_node("Add", ["x", "z"], ["y"]),
    )
    model.graph.initializer.append(shape)
    return written(folder, model)


def test_a_tensor_made_out_of_nothing_is_not_run_unless_the_caller_trusts_the_file(
    tmp_path: Path,
) -> None:
    path = bomb_of_85_bytes(tmp_path)
    with pytest.raises(ValueError, match="--trust"):
        open_model(path)
    assert open_model(path, trust=True).inputs[0].name == "x"


def test_a_program_of_a_provider_is_not_run_unless_the_caller_trusts_the_file(
    tmp_path: Path,
) -> None:
    node = helper.make_node("EPContext", ["x"], ["y"], domain="com.microsoft")
    path = written(tmp_path, onnx_model(node))
    with pytest.raises(ValueError, match="holds a program for one execution provider"):
        open_model(path)
    assert read_onnx(str(path)).graph.node[0].op_type == "EPContext"


def test_writing_follows_no_link(tmp_path: Path) -> None:
    """CVE-2025-51480: a name that leads elsewhere, here a link where a file is to be written."""
    secret = tmp_path / "secret"
    secret.write_text("precious")
    for name in ("m.onnx", "m.onnx.data"):
        (tmp_path / name).symlink_to(secret)
    model = Sequential([Dense(300, input_shape=(300,))])
    export_onnx(model, tmp_path / "m.onnx", external_data=True)
    assert secret.read_text() == "precious"
    assert not (tmp_path / "m.onnx").is_symlink()
