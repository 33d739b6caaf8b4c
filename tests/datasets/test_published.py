"""The loaders of published data sets, on small files in the true formats from a local server."""

from __future__ import annotations

import gzip
import hashlib
import inspect
import io
import json
import pickle
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from konnx import config
from konnx.datasets import (
    boston_housing,
    cifar10,
    cifar100,
    fashion_mnist,
    imdb,
    mnist,
    reuters,
)
from konnx.datasets.cifar import load_batch
from konnx.datasets.npz import read_npz
from konnx.datasets.pickles import read_pickle
from konnx.datasets.reviews import read_word_index

pytestmark = pytest.mark.no_runtime

Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(1)


def images(count: int, *shape: int) -> Array:
    return RANDOM.integers(0, 256, (count, *shape), dtype=np.uint8)


def texts(count: int) -> Array:
    made = np.empty(count, dtype=object)
    made[:] = [RANDOM.integers(1, 400, RANDOM.integers(2, 12)).tolist() for _ in range(count)]
    return made


MNIST = {
    "x_train": images(6, 28, 28),
    "y_train": images(6),
    "x_test": images(4, 28, 28),
    "y_test": images(4),
}
IMDB = {
    "x_train": texts(30),
    "y_train": RANDOM.integers(0, 2, 30),
    "x_test": texts(20),
    "y_test": RANDOM.integers(0, 2, 20),
}
REUTERS = {"x": texts(40), "y": RANDOM.integers(0, 46, 40)}
BOSTON = {"x": RANDOM.random((50, 13)), "y": RANDOM.random(50)}
WORDS = {"the": 1, "film": 2, "Straße": 3}


class Python2Pickler(pickle._Pickler):  # type: ignore[name-defined,misc]
    """Writes texts as Python 2 did, which made the files of CIFAR."""

    dispatch = pickle._Pickler.dispatch.copy()  # type: ignore[attr-defined]

    def save_text(self, text: Any) -> None:
        content = text if isinstance(text, bytes) else text.encode("ascii")
        if len(content) < 256:
            self.write(b"U" + bytes([len(content)]) + content)
        else:
            self.write(b"T" + len(content).to_bytes(4, "little") + content)
        self.memoize(text)

    dispatch[str] = dispatch[bytes] = save_text


def python_2_pickle(value: Any) -> bytes:
    buffer = io.BytesIO()
    Python2Pickler(buffer, 2).dump(value)
    # NumPy's function and module had other names then.
    return buffer.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def batch(count: int, **labels: int) -> dict[str, Any]:
    """Images as in a file of CIFAR, with as many kinds of labels as asked for."""
    return {
        "batch_label": "a batch",
        **{key: RANDOM.integers(0, kinds, count).tolist() for key, kinds in labels.items()},
        "data": images(count, 3072),
        "filenames": [f"image_{i}.png" for i in range(count)],
    }


CIFAR10_FILES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
CIFAR10 = {name: batch(3, labels=10) for name in CIFAR10_FILES}
CIFAR100 = {name: batch(4, fine_labels=100, coarse_labels=20) for name in ("train", "test")}


def tar_of(folder: str, parts: dict[str, dict[str, Any]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in parts.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            packed = python_2_pickle(content)
            info.size = len(packed)
            archive.addfile(info, io.BytesIO(packed))
    return buffer.getvalue()


def npz_of(arrays: dict[str, Array]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # the stub takes them for an option
    return buffer.getvalue()


def idx_of(array: Array) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(header + array.tobytes())


FILES = {
    "mnist.npz": npz_of(MNIST),
    "imdb.npz": npz_of(IMDB),
    "reuters.npz": npz_of(REUTERS),
    "boston_housing.npz": npz_of(BOSTON),
    "imdb_word_index.json": json.dumps(WORDS).encode(),
    "reuters_word_index.json": json.dumps(WORDS).encode(),
    "cifar-10-python.tar.gz": tar_of("cifar-10-batches-py", CIFAR10),
    "cifar-100-python.tar.gz": tar_of("cifar-100-python", CIFAR100),
    **{
        f"{part}-{kind}-ubyte.gz": idx_of(MNIST[f"{axis}_{split}"])
        for part, split in (("train", "train"), ("t10k", "test"))
        for kind, axis in (("images-idx3", "x"), ("labels-idx1", "y"))
    },
}
HASHES: list[tuple[ModuleType, str, str]] = [
    (mnist, "_SHA256", "mnist.npz"),
    (imdb, "_SHA256", "imdb.npz"),
    (imdb, "_INDEX_MD5", "imdb_word_index.json"),
    (reuters, "_SHA256", "reuters.npz"),
    (reuters, "_INDEX_MD5", "reuters_word_index.json"),
    (boston_housing, "_SHA256", "boston_housing.npz"),
    (cifar10, "_SHA256", "cifar-10-python.tar.gz"),
    (cifar100, "_SHA256", "cifar-100-python.tar.gz"),
]


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mirror")
    for name, content in FILES.items():
        (folder / name).write_bytes(content)

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            _, *way, name = self.path.split("/")
            self.path = f"/{name}"
            if way == ["failing"]:
                self.send_error(503)
            elif way == ["truncated"]:
                self.send_response(200)
                self.send_header("Content-Length", str(len(FILES[name])))
                self.end_headers()
                self.wfile.write(FILES[name][:-1])
            else:
                super().do_GET()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def home(mirror: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KONNX_HOME", str(tmp_path))
    monkeypatch.setenv("KONNX_MIRROR", mirror)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("KONNX_OFFLINE", raising=False)
    return tmp_path


@pytest.fixture
def known(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hashes are those of the small files."""
    for module, name, file in HASHES:
        kind = "md5" if "MD5" in name else "sha256"
        monkeypatch.setattr(module, name, hashlib.new(kind, FILES[file]).hexdigest())
    own = {name: hashlib.md5(FILES[name]).hexdigest() for name in fashion_mnist._MD5}
    monkeypatch.setattr(fashion_mnist, "_MD5", own)
    return home


OF_TEXTS = ["seed=113", "start_char=1", "oov_char=2", "index_from=3", "kwargs"]
SIGNATURES = {
    mnist: ["path='mnist.npz'"],
    fashion_mnist: [],
    cifar10: [],
    cifar100: ["label_mode='fine'"],
    boston_housing: ["path='boston_housing.npz'", "test_split=0.2", "seed=113"],
    imdb: ["path='imdb.npz'", "num_words=None", "skip_top=0", "maxlen=None", *OF_TEXTS],
    reuters: [
        *("path='reuters.npz'", "num_words=None", "skip_top=0", "maxlen=None", "test_split=0.2"),
        *OF_TEXTS,
    ],
}


@pytest.mark.parametrize("module", SIGNATURES, ids=lambda module: module.__name__)
def test_signatures_and_defaults_are_those_of_keras(module: ModuleType) -> None:
    found = [
        p.name if p.default is p.empty else f"{p.name}={p.default!r}"
        for p in inspect.signature(module.load_data).parameters.values()
    ]
    assert found == SIGNATURES[module]


@pytest.mark.parametrize("module", SIGNATURES, ids=lambda module: module.__name__)
def test_a_file_with_another_hash_is_refused_and_not_kept(module: ModuleType, home: Path) -> None:
    with pytest.raises(ValueError, match="is not the file that was expected"):
        module.load_data()
    assert [path for path in home.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("module", SIGNATURES, ids=lambda module: module.__name__)
@pytest.mark.parametrize(
    ("way", "message"), [("failing", "answers 503"), ("truncated", "broke after")]
)
def test_what_does_not_come_whole_is_not_kept(
    module: ModuleType,
    way: str,
    message: str,
    known: Path,
    mirror: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KONNX_MIRROR", f"{mirror}/{way}")
    with pytest.raises(ConnectionError, match=message):
        module.load_data()
    assert [path for path in known.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("module", [cifar10, cifar100], ids=lambda module: module.__name__)
def test_archives_with_links_are_not_unpacked_nor_kept(
    module: ModuleType, known: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = module.__name__.rpartition("cifar")[2]
    file = tmp_path / "mirror" / f"cifar-{name}-python.tar.gz"
    file.parent.mkdir()
    with tarfile.open(file, "w:gz") as archive:
        link = tarfile.TarInfo("train")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    monkeypatch.setattr(module, "_SHA256", hashlib.sha256(file.read_bytes()).hexdigest())
    monkeypatch.setenv("KONNX_MIRROR", str(file.parent))
    with pytest.raises(ValueError, match="no plain file or folder, but a link"):
        module.load_data()
    assert list((known / "datasets").iterdir()) == []


def test_mnist_and_fashion_mnist(known: Path) -> None:
    for module in (mnist, fashion_mnist):
        (x_train, y_train), (x_test, y_test) = module.load_data()
        found = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
        for name, array in MNIST.items():
            np.testing.assert_array_equal(found[name], array, strict=True)
    assert (known / "datasets" / "fashion-mnist" / "t10k-labels-idx1-ubyte.gz").is_file()


def test_a_loaded_file_needs_no_network_and_arrays_are_the_callers_own(
    known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mnist.load_data()
    fashion_mnist.load_data()
    cifar10.load_data()
    monkeypatch.setenv("KONNX_OFFLINE", "1")
    for module in (mnist, fashion_mnist, cifar10):
        (x_train, _), _ = module.load_data()
        x_train[:] = 0
        (again, _), _ = module.load_data()
        assert again.any()


def expected_images(*parts: dict[str, Any]) -> Array:
    return np.concatenate([part["data"].reshape(-1, 3, 32, 32) for part in parts])


def test_cifar10(known: Path) -> None:
    *train, test = CIFAR10.values()
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    for found, expected in ((x_train, expected_images(*train)), (x_test, expected_images(test))):
        np.testing.assert_array_equal(found, expected.transpose(0, 2, 3, 1), strict=True)
    assert (y_train.shape, y_test.shape, y_train.dtype) == ((15, 1), (3, 1), np.uint8)
    assert y_train.ravel().tolist() == [label for part in train for label in part["labels"]]
    assert y_test.ravel().tolist() == test["labels"]


@pytest.mark.parametrize("label_mode", ["fine", "coarse"])
def test_cifar100(label_mode: str, known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(config._settings, "image_data_format", "channels_first")
    (x_train, y_train), (_, y_test) = cifar100.load_data(label_mode)
    np.testing.assert_array_equal(x_train, expected_images(CIFAR100["train"]), strict=True)
    assert y_train.ravel().tolist() == CIFAR100["train"][f"{label_mode}_labels"]
    assert y_test.ravel().tolist() == CIFAR100["test"][f"{label_mode}_labels"]


def test_cifar100_has_no_other_labels() -> None:
    with pytest.raises(ValueError, match="Received: label_mode='medium'"):
        cifar100.load_data("medium")


def test_files_of_cifar_are_as_python_2_wrote_them() -> None:
    content = python_2_pickle(CIFAR10["test_batch"])
    assert content.startswith(b"\x80\x02}") and b"U\x0bbatch_label" in content
    assert read_pickle(content, "file")[b"labels"] == CIFAR10["test_batch"]["labels"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1], "is no dictionary"),
        ({"labels": [1]}, "has no array of images"),
        ({"data": images(2, 3072), "labels": [1]}, "not have a label for each image"),
        ({"data": images(2, 3071), "labels": [1, 2]}, "cannot reshape"),
    ],
)
def test_what_is_no_file_of_cifar_is_refused(content: Any, message: str, tmp_path: Path) -> None:
    (tmp_path / "batch").write_bytes(python_2_pickle(content))
    with pytest.raises(ValueError, match=message):
        load_batch(tmp_path / "batch")


def test_boston_housing(known: Path) -> None:
    (x_train, y_train), (x_test, y_test) = boston_housing.load_data()
    assert (x_train.shape, x_test.shape) == ((40, 13), (10, 13))
    order = np.arange(50)
    np.random.RandomState(113).shuffle(order)
    np.testing.assert_array_equal(np.concatenate([x_train, x_test]), BOSTON["x"][order])
    np.testing.assert_array_equal(np.concatenate([y_train, y_test]), BOSTON["y"][order])
    with pytest.raises(ValueError, match="Received: test_split=1"):
        boston_housing.load_data(test_split=1)


def kept(words: list[int], limit: int, other: int | None = 2, first: int = 0) -> list[int]:
    shifted = [1] + [word + 3 for word in words]
    chosen = [word if first <= word < limit else other for word in shifted]
    return [word for word in chosen if word is not None]


def order_of(*counts: int) -> list[Array]:
    random = np.random.RandomState(113)
    orders = [np.arange(count) for count in counts]
    for order in orders:
        random.shuffle(order)
    return orders


@pytest.mark.parametrize(
    ("arguments", "other", "limit", "first"),
    [
        ({"num_words": 100}, 2, 100, 0),
        ({"num_words": 200, "skip_top": 20}, 2, 200, 20),
        ({"num_words": 100, "oov_char": None}, None, 100, 0),
        ({}, 2, max(max(map(max, IMDB[x])) for x in ("x_train", "x_test")) + 3, 0),
    ],
)
def test_imdb(
    arguments: dict[str, Any], other: int | None, limit: int, first: int, known: Path
) -> None:
    (x_train, y_train), (x_test, y_test) = imdb.load_data(**arguments)
    train, test = order_of(30, 20)
    assert x_train.tolist() == [kept(IMDB["x_train"][i], limit, other, first) for i in train]
    assert x_test.tolist() == [kept(IMDB["x_test"][i], limit, other, first) for i in test]
    assert y_train.tolist() == IMDB["y_train"][train].tolist()
    assert y_test.tolist() == IMDB["y_test"][test].tolist()


def test_long_reviews_are_left_out_of_each_part(known: Path) -> None:
    (x_train, y_train), (x_test, y_test) = imdb.load_data(maxlen=8)
    short = [sum(len(t) + 1 < 8 for t in IMDB[name]) for name in ("x_train", "x_test")]
    assert [len(x_train), len(x_test)] == [len(y_train), len(y_test)] == short
    assert max(map(len, [*x_train, *x_test])) < 8
    with pytest.raises(ValueError, match="No text has fewer than 2 words"):
        imdb.load_data(maxlen=2)


def test_reuters(known: Path) -> None:
    (x_train, y_train), (x_test, y_test) = reuters.load_data(num_words=150, test_split=0.3)
    [order] = order_of(40)
    assert (len(x_train), len(x_test)) == (28, 12)
    assert [*x_train, *x_test] == [kept(REUTERS["x"][i], 150) for i in order]
    assert [*y_train, *y_test] == REUTERS["y"][order].tolist()
    (short, _), _ = reuters.load_data(start_char=None, index_from=0, maxlen=6)
    assert max(map(len, short)) == 5


def test_word_ranks_and_old_names(known: Path) -> None:
    assert imdb.get_word_index() == reuters.get_word_index() == WORDS
    with pytest.warns(UserWarning, match="`nb_words` is called `num_words`"):
        imdb.load_data(nb_words=10)
    with pytest.raises(TypeError, match=r"`reuters.load_data` got an unknown argument: words"):
        reuters.load_data(words=10)


def test_published_hashes_are_of_the_published_files() -> None:
    assert mnist._SHA256.startswith("731c5ac6")
    assert {len(getattr(module, name)) for module, name, _ in HASHES} == {32, 64}


def test_the_hash_decides_not_what_a_file_of_texts_holds(
    known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of another hash, in the cache with a hostile pickle, is replaced before it is read."""

    class Evil:
        def __reduce__(self) -> Any:
            return exec, ("raise SystemExit",)

    hostile = np.empty(1, dtype=object)
    hostile[0] = Evil()
    content = npz_of(IMDB | {"x_train": hostile})
    (known / "datasets").mkdir()
    (known / "datasets" / "imdb.npz").write_bytes(content)
    imdb.load_data()
    # Even with its hash nothing runs.
    monkeypatch.setattr(imdb, "_SHA256", hashlib.sha256(content).hexdigest())
    (known / "datasets" / "imdb.npz").write_bytes(content)
    with pytest.raises(ValueError, match="is refused at byte .* is not allowed"):
        imdb.load_data()


@pytest.mark.parametrize(
    "content", [b"\xff", b"[" * 100_000, b'{"the": 1.5}'], ids=["bytes", "deep", "float"]
)
def test_ranks_of_words_that_are_none_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "words.json").write_bytes(content)
    with pytest.raises(ValueError, match="words.json' does not hold the ranks of words"):
        read_word_index(str(tmp_path / "words.json"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK", "cannot be read as arrays"),
        (FILES["mnist.npz"][:-30], "cannot be read as arrays"),
        (npz_of({"x": BOSTON["x"]}), "lacks an array"),
    ],
)
def test_damaged_arrays_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_npz(str(tmp_path / "a.npz"), "x", "y")


@pytest.mark.parametrize(
    "content",
    [
        b"text",
        gzip.compress(b""),
        gzip.compress(b"\0\0\x08\x01\0\0\0\x05abcd"),
        FILES["t10k-labels-idx1-ubyte.gz"][:-9],
    ],
    ids=["text", "empty", "too few", "cut"],  # gzip's bytes hold the time
)
def test_damaged_images_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(ValueError, match="is damaged"):
        fashion_mnist.read_idx(str(tmp_path / "a.gz"))
