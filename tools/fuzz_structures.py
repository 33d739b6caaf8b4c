"""Well-formed files with a structure that no honest program writes."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import random
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

Config = dict[str, Any]

# JSON ----------------------------------------------------------------------------------------

_ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1 << 31, 1 << 62, 10**30, 1.5, float("nan"), float("inf"), -(1 << 63), "",
    "Lambda", "\ud800", [], {}, [[]], [None], [-1, -1], {"class_name": "Dense"}, {"a": {"b": []}},
)  # fmt: skip


def _objects(value: Any) -> Iterator[Any]:
    """All objects and lists in a value, the value first."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list):
            yield one
            waiting += one.values() if isinstance(one, dict) else one


def _layers(config: Any) -> list[Config]:
    return [one for one in _objects(config) if isinstance(one, dict) and "class_name" in one]


def odd_value(config: Any, chance: random.Random) -> Any:
    """Another type, size or sign in place of any value."""
    held = [one for one in _objects(config) if one]
    if not held:
        return chance.choice(_ODD)
    one = chance.choice(held)
    key = chance.choice(list(one) if isinstance(one, dict) else range(len(one)))
    one[key] = copy.deepcopy(chance.choice(_ODD))
    return config


def without_key(config: Any, chance: random.Random) -> Any:
    """One key or item less, or one twice."""
    held = [one for one in _objects(config) if one]
    one = chance.choice(held) if held else {}
    if isinstance(one, dict) and one:
        del one[chance.choice(list(one))]
    elif one:
        one.append(one[chance.randrange(len(one))])
    return config


def other_class(config: Any, chance: random.Random) -> Any:
    """A layer with the class of another one."""
    from konnx.layers import LAYERS

    found = _layers(config)
    if found:
        chance.choice(found)["class_name"] = chance.choice([*LAYERS, "Functional", "Model"])
    return config


def other_config(config: Any, chance: random.Random) -> Any:
    """A layer with the config, or the whole, of another one."""
    found = _layers(config)
    if found:
        one, other = chance.choice(found), copy.deepcopy(chance.choice(found))
        key = chance.choice(list(other))
        one[key] = other[key]
    return config


def same_names(config: Any, chance: random.Random) -> Any:
    """All layers with one name."""
    name = chance.choice(("a", "", "../a", "a/b", "\x1b[31m", "name:0"))
    for layer in _layers(config):
        layer["name"] = name
        if isinstance(layer.get("config"), dict):
            layer["config"]["name"] = name
    return config


def cyclic(config: Any, chance: random.Random) -> Any:
    """Layers that take what they give themselves, or what comes after them."""
    found = [one for one in _layers(config) if one.get("inbound_nodes")]
    if found:
        one, other = chance.choice(found), chance.choice(found)
        one["inbound_nodes"] = [[[other.get("name"), chance.choice((0, 1, 10**9)), 0, {}]]]
    return config


def deep(config: Any, chance: random.Random) -> Any:
    """A layer in a wrapper in a wrapper…, or lists in lists."""
    found = _layers(config)
    depth = chance.choice((3, 20, 200, 900))
    value: Any = 0
    if found and chance.random() < 0.7:
        kind = chance.choice(("TimeDistributed", "Bidirectional", "Sequential", "RNN"))
        layer = chance.choice(found)
        inner = copy.deepcopy(layer)
        for index in range(depth):
            part = {"layers": [inner]} if kind == "Sequential" else {"layer": inner, "cell": inner}
            inner = {"class_name": kind, "config": {"name": f"w{index}", **part}}
            if kind == "RNN":
                del inner["config"]["layer"]
            elif kind != "Sequential":
                del inner["config"]["cell"]
        layer.clear()
        layer.update(inner)
        return config
    for _ in range(depth):
        value = [value]
    held = [one for one in _objects(config) if isinstance(one, dict) and one]
    if held:
        one = chance.choice(held)
        one[chance.choice(list(one))] = value
    return config


JSON: tuple[Callable[[Any, random.Random], Any], ...] = (
    odd_value, odd_value, odd_value, without_key, other_class, other_config, same_names, cyclic,
    deep,
)  # fmt: skip


def change_json(content: bytes, chance: random.Random) -> bytes:
    """Change the structure of a JSON text once or twice."""
    value = json.loads(content)
    for _ in range(chance.choice((1, 1, 2))):
        value = chance.choice(JSON)(value, chance)
    return json.dumps(value).encode()


def change_yaml(content: bytes, chance: random.Random) -> bytes:
    """Change the structure of a YAML text, or add what makes objects, links or bombs of it."""
    import yaml

    if chance.random() < 0.3:
        extra = (
            b"a: &a [b,b,b,b,b,b,b,b,b]\n" + b"".join(
                b"%c: &%c [%s]\n" % (c + 1, c + 1, b",".join([b"*%c" % c] * 9))
                for c in range(97, 107)
            ),
            b"config: !!python/object/apply:os.system ['true']\n",
            b"x: &x [*x]\n", b"? [a]\n: 1\n", b"[" * 5000, b"{a: " * 3000, b"x: !!binary AAAA\n",
        )  # fmt: skip
        return chance.choice((b"", content)) + chance.choice(extra)
    value = yaml.safe_load(content)
    return yaml.safe_dump(chance.choice(JSON)(value, chance)).encode("utf-8", "replace")


# Zip archives --------------------------------------------------------------------------------


def zeros(size: int) -> bytes:
    """A stream of deflate that gives so many MB of zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * size + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


def change_archive(content: bytes, chance: random.Random) -> bytes:
    """Write an archive whose entries lie, hide, overlap or swell."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(one, archive.read(one)) for one in archive.infolist()]
    trick = chance.choice((_twice, _linked, _elsewhere, _extra, _lying, _lying, _swollen))
    return trick(members, chance)


Members = list[tuple[zipfile.ZipInfo, bytes]]


def _written(members: Members) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for info, data in members:
            archive.writestr(info, data)
    return stream.getvalue()


def _twice(members: Members, chance: random.Random) -> bytes:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _written([*members, chance.choice(members)])


def _linked(members: Members, chance: random.Random) -> bytes:
    info, _ = chance.choice(members)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return _written([(one, b"/etc/passwd" if one is info else data) for one, data in members])


def _elsewhere(members: Members, chance: random.Random) -> bytes:
    info, _ = chance.choice(members)
    info.filename = chance.choice(("/", "../", "a\\..\\", "\x00", "C:")) + info.filename
    return _written(members)


def _extra(members: Members, chance: random.Random) -> bytes:
    names = [f"{chance.random()}" for _ in range(chance.choice((1, 70_000)))]
    return _written([*members, *[(zipfile.ZipInfo(name), b"") for name in names]])


def _lying(members: Members, chance: random.Random) -> bytes:
    """Change one field of an entry of the directory at the end."""
    changed = bytearray(_written(members))
    entries = [i for i in range(len(changed)) if changed.startswith(b"PK\1\2", i)]
    place = chance.choice(entries)
    field, form = chance.choice((
        (8, "<H"), (10, "<H"), (16, "<I"), (20, "<I"), (24, "<I"), (28, "<H"), (30, "<H"),
        (32, "<H"), (42, "<I"),
    ))  # fmt: skip
    first = struct.unpack_from("<I", changed, entries[0] + 42)[0]
    value = chance.choice((0, 1, 8, 99, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFE, 1 << 31, first))
    struct.pack_into(form, changed, place + field, value & (0xFFFF if form == "<H" else 2**32 - 1))
    return bytes(changed)


def _swollen(members: Members, chance: random.Random) -> bytes:
    """A member of two gigabytes in two megabytes; its size is told, or is told wrong."""
    info, _ = chance.choice(members)
    size = 2000
    stream = zeros(size)
    told = chance.choice((size << 20, 1000))
    name = info.filename.encode()
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 8, 0, 33, 0, len(stream), told,
                        len(name), 0)  # fmt: skip
    bomb = local + name + stream
    others = _written([(one, data) for one, data in members if one is not info])
    with zipfile.ZipFile(io.BytesIO(others)) as archive:
        start = archive.start_dir
    directory = bytearray(others[start:-22])
    directory += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 8, 0, 33, 0, len(stream),
                             told, len(name), 0, 0, 0, 0, 0, start)  # fmt: skip
    directory += name
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, len(members), len(members), len(directory),
                      start + len(bomb), 0)  # fmt: skip
    return others[:start] + bomb + bytes(directory) + end


def change_config(content: bytes, chance: random.Random) -> bytes:
    """Change the structure of the config in a `.keras` archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(one, archive.read(one)) for one in archive.infolist()]
    return _written(
        [
            (one, change_json(data, chance) if one.filename == "config.json" else data)
            for one, data in members
        ]
    )


def change_weights(content: bytes, chance: random.Random) -> bytes:
    """Change the structure of the weights in a `.keras` archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(one, archive.read(one)) for one in archive.infolist()]
    return _written(
        [
            (one, change_hdf5(data, chance) if one.filename.endswith(".h5") else data)
            for one, data in members
        ]
    )


# HDF5 ----------------------------------------------------------------------------------------


def change_hdf5(content: bytes, chance: random.Random) -> bytes:
    """Put a link, a data set or a type where none belongs."""
    import h5py

    stream = io.BytesIO(content)
    with h5py.File(stream, "r+") as file:
        items: list[Any] = []
        file.visititems(lambda _, item: items.append(item))
        sets = [item for item in items if isinstance(item, h5py.Dataset)]
        groups = [file, *[item for item in items if isinstance(item, h5py.Group)]]
        place = chance.choice(sets).name if sets and chance.random() < 0.8 else "/extra"
        with contextlib.suppress(ValueError, OSError, TypeError, RuntimeError, KeyError):
            # HDF5 itself does not write everything.
            chance.choice(_HDF5)(h5py, file, place, chance.choice(groups).name, chance)
    return stream.getvalue()


def _in_place(file: Any, place: str, value: Any) -> None:
    if place in file:
        del file[place]
    file[place] = value


def _external_link(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    target = chance.choice(("/etc/passwd", "other.h5", "/proc/self/mem"))
    _in_place(file, place, h5py.ExternalLink(target, "/a"))


def _soft_cycle(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    _in_place(file, place, h5py.SoftLink(chance.choice((place, group, "/", "/nothing"))))


def _hard_cycle(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    file[group]["loop"] = file[chance.choice((group, "/"))]


def _virtual(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(chance.choice((".", "/etc/passwd")), "/a", (4,))
    if place in file:
        del file[place]
    file.create_virtual_dataset(place, layout)


def _stored_elsewhere(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    if place in file:
        del file[place]
    file.create_dataset(place, (4,), "u1", external=[("/etc/passwd", 0, 4)])


def _huge(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    shape = chance.choice(((1 << 40,), (1 << 31, 4), (1 << 20, 1 << 20), (1,) * 32, (0, 4)))
    chunks = chance.choice((None, tuple(min(one, 64) for one in shape)))
    if place in file:
        del file[place]
    options = {"compression": "gzip"} if chunks else {}
    file.create_dataset(place, shape, "f4", chunks=chunks, **options)


def _packed(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    """Two gigabytes of one number in a few kilobytes."""
    if place in file:
        del file[place]
    size = 1 << 24
    data = file.create_dataset(
        place, (size * 32,), "f4", chunks=(size,), compression="gzip", shuffle=True
    )
    packed = zlib.compress(bytes(4 * size), 1)
    for index in range(32):
        data.id.write_direct_chunk((index * size,), packed)


def _other_type(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    import numpy as np

    kinds = (
        h5py.special_dtype(vlen=str), h5py.special_dtype(ref=h5py.Reference), "c16", "S3", "i8",
        h5py.special_dtype(vlen=np.dtype("f4")), [("a", "f4"), ("b", "i2")], "f2", ">f8", "?",
        h5py.opaque_dtype("M8[s]"), ("f4", (2, 2)), h5py.special_dtype(enum=("i4", {"A": 1})),
    )  # fmt: skip
    shape = file[place].shape if place in file else (2,)
    if place in file:
        del file[place]
    file.create_dataset(place, shape, chance.choice(kinds))


def _deep_groups(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    file.create_group(group.rstrip("/") + "/g" * chance.choice((10, 600)) + "x")


def _many(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    for index in range(3000):
        file[group].create_group(f"g{index}")


def _odd_attribute(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    import numpy as np

    holder = file[chance.choice((group, "/"))]
    name = chance.choice((*holder.attrs, "weight_names", "layer_names", "keras_version"))
    value = chance.choice((
        np.zeros((0, 3)), np.array([b"a"] * 500), [b"x" * 999], h5py.Empty("f4"), holder.ref,
        np.full((4, 4), 2**62), np.array(["a", "b"], h5py.special_dtype(vlen=str)), np.nan,
    ))  # fmt: skip
    holder.attrs[name] = value


def _changed_texts(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    """Change the structure of the configs in the attributes."""
    for name in ("model_config", "training_config"):
        text = file.attrs.get(name)
        if isinstance(text, str | bytes):
            content = text if isinstance(text, bytes) else text.encode()
            file.attrs[name] = change_json(content, chance)


_HDF5 = (
    _external_link, _soft_cycle, _hard_cycle, _virtual, _stored_elsewhere, _huge, _packed,
    _other_type, _other_type, _deep_groups, _many, _odd_attribute, _odd_attribute,
    *[_changed_texts] * 9,
)  # fmt: skip


# ONNX ----------------------------------------------------------------------------------------


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


# Arrays, pickles, pictures, texts --------------------------------------------------------------


def change_npz(content: bytes, chance: random.Random) -> bytes:
    """Write an archive of arrays whose headers lie."""
    if chance.random() < 0.5:
        return change_archive(content, chance)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(one, archive.read(one)) for one in archive.infolist()]
    info, data = chance.choice(members)
    shape = chance.choice(("(1099511627776,)", "(-1,)", "(2, 1e9)", "()", "(1,) * 99", "[2]", "x"))
    descr = chance.choice(("'<f4'", "'|O'", "'<f999999999'", "[('a', '<f4')]", "'|V0'", "'<U9'"))
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    version = chance.choice((b"\1\0", b"\2\0", b"\3\0", b"\x09\0"))
    size = struct.pack("<H" if version == b"\1\0" else "<I", len(header))
    lying = b"\x93NUMPY" + version + size + header + data[-64:]
    return _written([(one, lying if one is info else held) for one, held in members])


def change_pickle(content: bytes, chance: random.Random) -> bytes:
    """Put an instruction into a pickle."""
    codes = (
        b"cos\nsystem\n", b"\x93", b"R", b"\x81", b"b", b"i", b"o", b"2" * 40, b"(" * 2000, b"l",
        b"\x8d" + (1 << 60).to_bytes(8, "little"), b"B\xff\xff\xff\x7f", b"r\xff\xff\xff\x7f", b"e",
        b"X\xff\xff\xff\xff", b"]q\x00h\x00a", b"\x85" * 3000, b"V\\ud800\n", b"I99999999\n", b".",
    )  # fmt: skip
    place = chance.randrange(2, len(content))
    return content[:place] + chance.choice(codes) + content[place:]


def change_gzip(content: bytes, chance: random.Random) -> bytes:
    """Change what is within a gzip file, or let it swell."""
    import gzip

    if chance.random() < 0.2:
        return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + zeros(2500)
    inner = bytearray(gzip.decompress(content))
    inner[chance.randrange(min(16, len(inner)))] = chance.choice((0, 1, 8, 127, 255))
    return gzip.compress(bytes(inner), 1)


def change_picture(content: bytes, chance: random.Random) -> bytes:
    """A picture of other sizes than it has, with the sums that fit."""
    changed = bytearray(content)
    at = changed.find(b"IHDR")
    if at < 0:
        return content[: len(content) // 2]
    for offset in (4, 8):
        size = chance.choice((0, 1, 8, 100_000, 0x7FFFFFFF, 0xFFFFFFFF))
        struct.pack_into(">I", changed, at + offset, size)
    changed[at + 12] = chance.choice((1, 8, 16, 200))
    struct.pack_into(">I", changed, at + 17, zlib.crc32(changed[at : at + 17]))
    return bytes(changed)


def change_text(content: bytes, chance: random.Random) -> bytes:
    """Odd cells and bytes in lines of text."""
    cells = (b"nan", b"1e999", b"", b'"', b"\0", b"\xff\xfe", b"9" * 5000, b"x" * 200_000, b",,,,",
             b"[" * 3000, b"\r", b"\xef\xbb\xbf", b"=1+1")  # fmt: skip
    place = chance.randrange(len(content))
    return content[:place] + chance.choice(cells) + content[place + chance.choice((0, 1, 9)) :]
