"""ONNX models with cycles, nests, recursion and lies."""

from __future__ import annotations

import random
from typing import Any


def change_onnx(content: bytes, chance: random.Random) -> bytes:
    """Put a cycle, a nest, a recursion or a lie into a model."""
    import onnx

    model = onnx.ModelProto.FromString(content)
    chance.choice(_ONNX)(model, chance)
    return model.SerializeToString()


def _initializer(model: Any, chance: random.Random) -> Any:
    if not model.graph.initializer:
        model.graph.initializer.add(name="extra", data_type=1, dims=[1], float_data=[1.0])
    return chance.choice(model.graph.initializer)


def _data_elsewhere(model: Any, chance: random.Random) -> None:
    tensor = _initializer(model, chance)
    tensor.ClearField("raw_data")
    tensor.data_location = 1
    location = chance.choice(("../../etc/passwd", "/etc/passwd", "a/../../x", "", "x", "x\0y"))
    keys = [("location", location), ("offset", chance.choice(("0", "-1", "9" * 30, "x")))]
    keys += [("length", chance.choice(("0", "-1", str(1 << 62), "x")))]
    keys += [(chance.choice(("checksum", "__class__", "location")), "y")]
    for key, value in keys:
        tensor.external_data.add(key=key, value=value)


def _lying_dims(model: Any, chance: random.Random) -> None:
    tensor = _initializer(model, chance)
    odd = chance.choice(([1 << 40], [-1], [1 << 31, 1 << 31], [0], [], [1] * 70, [1 << 62, 4]))
    tensor.dims[:] = odd


def _lying_type(model: Any, chance: random.Random) -> None:
    _initializer(model, chance).data_type = chance.choice((0, 8, 14, 16, 17, 21, 23, 99, 2**31 - 1))


def _loop(model: Any, chance: random.Random) -> None:
    nodes = list(model.graph.node)
    one, other = chance.choice(nodes), chance.choice(nodes)
    if one.input and other.output:
        one.input[0] = other.output[0]


def _nested(model: Any, chance: random.Random) -> None:
    depth = chance.choice((3, 40, 90))
    inner = model.graph.__class__()
    inner.CopyFrom(model.graph)
    for index in range(depth):
        outer = model.graph.__class__(name=f"g{index}")
        node = outer.node.add(op_type="If", input=["c"], output=[f"o{index}"])
        attribute = node.attribute.add(name="then_branch", type=5)
        attribute.g.CopyFrom(inner)
        outer.output.add(name=f"o{index}")
        inner = outer
    model.graph.CopyFrom(inner)


def _recursion(model: Any, chance: random.Random) -> None:
    count = chance.choice((1, 2, 2000))
    for index in range(count):
        function = model.functions.add(name=f"f{index}", domain="d", input=["x"], output=["y"])
        target = f"f{(index + 1) % count if chance.random() < 0.5 else index + 1}"
        function.node.add(op_type=target, domain="d", input=["x"], output=["y"])
        function.opset_import.add(domain="d", version=1)
    model.opset_import.add(domain="d", version=1)
    source = chance.choice(model.graph.node)
    source.op_type, source.domain = "f0", "d"


def _same_names_in_graph(model: Any, chance: random.Random) -> None:
    nodes = list(model.graph.node)
    one, other = chance.choice(nodes), chance.choice(nodes)
    if one.output and other.output:
        one.output[0] = other.output[0]
    if model.graph.initializer:
        model.graph.initializer.append(chance.choice(model.graph.initializer))


def _chain(model: Any, chance: random.Random) -> None:
    name = model.graph.output[0].name if model.graph.output else "x"
    for index in range(chance.choice((100, 5000))):
        model.graph.node.add(op_type="Neg", input=[name], output=[f"n{index}"])
        name = f"n{index}"
    model.graph.output.add(name=name)


def _out_of_nothing(model: Any, chance: random.Random) -> None:
    model.graph.initializer.add(name="big", data_type=7, dims=[2], int64_data=[1 << 20, 1 << 20])
    kind = chance.choice(("ConstantOfShape", "Expand", "Tile", "RandomNormal"))
    node = model.graph.node.add(op_type=kind, input=["big"], output=["nothing"])
    if kind == "RandomNormal":
        del node.input[:]
        node.attribute.add(name="shape", type=7, ints=[1 << 20, 1 << 20])
    elif kind != "ConstantOfShape":
        node.input.insert(0, model.graph.input[0].name if model.graph.input else "")
    model.graph.output.add(name="nothing")


def _odd_version(model: Any, chance: random.Random) -> None:
    for one in model.opset_import:
        one.version = chance.choice((0, -1, 1, 7, 99, 1 << 40))
    model.ir_version = chance.choice((0, 3, 8, 99, 1 << 40))


def _odd_input(model: Any, chance: random.Random) -> None:
    value = chance.choice([*model.graph.input, *model.graph.output])
    tensor = value.type.tensor_type
    tensor.elem_type = chance.choice((0, 8, 1, 99))
    tensor.shape.dim.add(dim_value=chance.choice((-1, 0, 1 << 62)))
    value.name = chance.choice((value.name, "", "../x", "\x1b[31m"))


def _sparse(model: Any, chance: random.Random) -> None:
    sparse = model.graph.sparse_initializer.add(dims=[1 << 40])
    sparse.values.data_type, sparse.values.name = 1, "sparse"
    sparse.values.dims.append(1)
    sparse.values.float_data.append(1.0)
    sparse.indices.data_type = 7
    sparse.indices.dims.append(1)
    sparse.indices.int64_data.append(chance.choice((0, -5, 1 << 50)))


def _odd_attributes(model: Any, chance: random.Random) -> None:
    node = chance.choice(model.graph.node)
    for attribute in node.attribute:
        attribute.type = chance.choice((0, 1, 2, 3, 4, 6, 7, 8))
    odd = node.attribute.add(name=chance.choice(("axis", "perm", "pads", "strides", "shape")))
    odd.type = 7
    odd.ints.extend(chance.choice(([1 << 40] * 4, [-1] * 9, [0, 0], [])))


def _other_operator(model: Any, chance: random.Random) -> None:
    import onnx

    names = sorted({schema.name for schema in onnx.defs.get_all_schemas() if not schema.domain})
    chance.choice(model.graph.node).op_type = chance.choice(names)


_ONNX = (
    _data_elsewhere, _lying_dims, _lying_type, _loop, _nested, _recursion, _same_names_in_graph,
    _chain, _out_of_nothing, _odd_version, _odd_input, _sparse, _odd_attributes, _other_operator,
    _other_operator,
)  # fmt: skip
