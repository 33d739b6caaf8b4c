"""Batches of images: whoever reads them, from arrays, folders and tables."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.preprocessing.image import (
    DataFrameIterator,
    ImageDataGenerator,
    Iterator,
    NumpyArrayIterator,
    save_img,
)
from konnx.utils import OrderedEnqueuer

pytestmark = pytest.mark.no_runtime

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 6, 5, 3)).astype(np.float32)
LABELS = np.arange(7)
CHANGES: dict[str, Any] = {"rotation_range": 30, "horizontal_flip": True, "zoom_range": 0.2}


def read_by_workers(batches: Any, count: int, **options: Any) -> list[Any]:
    with OrderedEnqueuer(batches, **options) as enqueuer:
        enqueuer.start(workers=3)
        read = enqueuer.get()
        return [next(read) for _ in range(count)]


def assert_same(found: list[Any], expected: list[Any]) -> None:
    for one, other in zip(found, expected, strict=True):
        for part, wanted in zip(one, other, strict=True):
            np.testing.assert_array_equal(part, wanted)


def flow(**arguments: Any) -> NumpyArrayIterator:
    return ImageDataGenerator(**CHANGES).flow(IMAGES, LABELS, batch_size=3, **arguments)


@pytest.mark.parametrize("processes", [False, True])
def test_a_seed_gives_the_same_epochs_whoever_reads_them(processes: bool) -> None:
    one_by_one = flow(seed=4)
    expected = [next(one_by_one) for _ in range(6)]
    found = read_by_workers(flow(seed=4), 6, use_multiprocessing=processes)
    assert_same(found, expected)


@pytest.mark.parametrize("processes", [False, True])
def test_workers_give_each_image_once_in_an_epoch(processes: bool) -> None:
    batches = read_by_workers(flow(), 6, use_multiprocessing=processes)
    for epoch in (batches[:3], batches[3:]):
        assert sorted(np.concatenate([y for _, y in epoch])) == LABELS.tolist()


def test_batches_by_number_are_those_in_order_and_epochs_differ() -> None:
    by_number, in_order = flow(seed=1), flow(seed=1)
    for _ in range(2):
        assert_same([by_number[i] for i in (0, 1, 2)], [next(in_order) for _ in range(3)])
        by_number.on_epoch_end()
    first, again = flow(seed=1), flow(seed=1)
    again.on_epoch_end()
    assert not np.array_equal(first[0][1], again[0][1])


def test_a_seed_leaves_the_global_generator_alone_and_without_one_it_decides() -> None:
    def run(seed: int, own: int | None) -> Any:
        np.random.seed(seed)  # noqa: NPY002
        batches = flow(seed=own)
        return next(batches)[0], np.random.random()  # noqa: NPY002

    assert run(5, 1)[1] == run(5, 2)[1]
    np.testing.assert_array_equal(run(5, None)[0], run(5, None)[0])
    assert not np.array_equal(run(5, None)[0], run(6, None)[0])


def test_reset_begins_a_new_epoch() -> None:
    batches = flow(seed=2)
    next(batches)
    batches.reset()
    assert sorted(np.concatenate([next(batches)[1] for _ in range(3)])) == LABELS.tolist()


class Numbered(Iterator):
    """An iterator as people wrote them for Keras."""

    def _get_batches_of_transformed_samples(self, index_array: Any) -> Any:
        return index_array, np.random.uniform(size=len(index_array))  # noqa: NPY002


class NumberedByNext(Numbered):
    def next(self) -> Any:
        with self.lock:
            index_array = next(self.index_generator)
        return self._get_batches_of_transformed_samples(index_array)


def test_iterators_in_the_way_of_keras_are_read_as_there() -> None:
    by_next, in_order, by_number = (
        kind(7, 3, True, 5) for kind in (NumberedByNext, Numbered, Numbered)
    )
    read = [next(in_order) for _ in range(6)]
    for number, (found, drawn) in enumerate(read):
        np.random.seed(5 + number)  # noqa: NPY002 - as Keras does
        if number % 3 == 0:
            order = np.random.permutation(7)  # noqa: NPY002
        np.testing.assert_array_equal(found, order[number % 3 * 3 :][:3])
        np.testing.assert_array_equal(drawn, np.random.uniform(size=len(found)))  # noqa: NPY002
    assert_same([next(by_next)[:1] for _ in range(6)], [batch[:1] for batch in read])
    assert_same([by_number[number] for number in range(3)], read[:3])
    with pytest.raises(TypeError, match="must define `_get_batches_of_transformed_samples"):
        next(Iterator(2, 1, False, None))


def test_changes_that_a_subclass_makes_are_those_that_count() -> None:
    class Brighter(ImageDataGenerator):
        def random_transform(self, x: Any, seed: int | None = None) -> Any:
            return super().random_transform(x, seed) + np.random.randint(1, 99)  # noqa: NPY002

    first, again, other = (Brighter().flow(IMAGES, seed=seed)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    added = np.unique(first - ImageDataGenerator().flow(IMAGES, seed=3)[0])
    assert len(added) > 2 and added.min() >= 1
    assert first.max() != other.max()


def test_batches_can_be_sent_to_another_process() -> None:
    again = pickle.loads(pickle.dumps(flow(seed=3)))  # noqa: S301 - our own
    assert_same([next(again)], [next(flow(seed=3))])


def test_other_inputs_and_weights_go_along() -> None:
    extra, weights = LABELS * 10, LABELS / 10
    batches = ImageDataGenerator().flow(
        (IMAGES, [extra, IMAGES]), LABELS, batch_size=7, seed=1, sample_weight=weights
    )
    (images, tens, copies), labels, found = batches[0]
    np.testing.assert_array_equal(images, copies)
    np.testing.assert_array_equal(tens, labels * 10)
    np.testing.assert_array_equal(found, labels / 10)
    np.testing.assert_array_equal(images, IMAGES[labels])


def test_a_split_gives_the_first_images_to_validation() -> None:
    generator = ImageDataGenerator(validation_split=0.3)
    parts = [
        generator.flow(IMAGES, LABELS, batch_size=9, shuffle=False, subset=subset)[0][1].tolist()
        for subset in ("validation", "training", None)
    ]
    assert parts == [[0, 1], [2, 3, 4, 5, 6], list(range(7))]


def test_integers_are_images_too_and_stay_as_they_are() -> None:
    images = IMAGES.astype(np.uint8)
    generator = ImageDataGenerator(rescale=0.5, samplewise_center=True)
    generator.flow(images, shuffle=False)[0]
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_allclose(generator.standardize(images[0]).mean(), 0, atol=1e-4)


def test_a_function_of_ones_own_comes_before_the_scale() -> None:
    generator = ImageDataGenerator(preprocessing_function=lambda x: x + 1, rescale=2)
    [found] = [generator.flow(IMAGES, shuffle=False)[0]]
    np.testing.assert_allclose(found, (IMAGES + 1) * 2)


@pytest.mark.parametrize("given", [lambda x: x[:2], lambda x: None])
def test_a_function_of_ones_own_must_keep_the_shape(given: Any) -> None:
    with pytest.raises(ValueError, match=r"`preprocessing_function` must .* shape \(6, 5, 3\)"):
        ImageDataGenerator(preprocessing_function=given).flow(IMAGES)[0]


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
def test_both_layouts_give_the_same_images(data_format: str) -> None:
    options: dict[str, Any] = {"brightness_range": (0.5, 1.5), "channel_shift_range": 9, **CHANGES}
    expected = ImageDataGenerator(data_format="channels_last", **options).flow(IMAGES, seed=1)[0]
    first = data_format == "channels_first"
    images = IMAGES.transpose(0, 3, 1, 2) if first else IMAGES
    found = ImageDataGenerator(data_format=data_format, **options).flow(images, seed=1)[0]
    np.testing.assert_allclose(found.transpose(0, 2, 3, 1) if first else found, expected)


def test_whitening_removes_correlations() -> None:
    random = np.random.default_rng(1)
    images = (random.normal(size=(400, 12)) @ random.normal(size=(12, 12))).reshape(400, 2, 2, 3)
    with pytest.warns(UserWarning, match="`zca_whitening` sets `featurewise_center` to True"):
        generator = ImageDataGenerator(zca_whitening=True)
    generator.fit(images)
    white = generator.flow(images, batch_size=400)[0].reshape(400, 12)
    np.testing.assert_allclose(white.T @ white / 400, np.eye(12), atol=1e-2)


def test_statistics_of_changed_images_repeat_from_a_seed() -> None:
    means = []
    for seed in (1, 1, 2):
        generator = ImageDataGenerator(featurewise_center=True, channel_shift_range=90)
        generator.fit(IMAGES, augment=True, rounds=2, seed=seed)
        assert generator.mean is not None
        means.append(generator.mean.tolist())
    assert means[0] == means[1] != means[2]


@pytest.mark.parametrize(
    "option", ["featurewise_center", "featurewise_std_normalization", "zca_whitening"]
)
@pytest.mark.filterwarnings("ignore:.* sets `")
def test_statistics_that_were_not_taken_are_warned_of(option: str) -> None:
    batches = ImageDataGenerator(**{option: True}).flow(IMAGES, shuffle=False)
    with pytest.warns(UserWarning, match="has no effect before") as caught:
        found = batches[0]
    assert any(str(warning.message).startswith(f"`{option}`") for warning in caught)
    np.testing.assert_array_equal(found, IMAGES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"zoom_range": [1, 2, 3]}, r"`zoom_range` must be two numbers. Received: .*\[1, 2, 3\]"),
        ({"brightness_range": 0.5}, "`brightness_range` must be two numbers"),
        ({"width_shift_range": -2}, "`width_shift_range` must be a number from 0 on"),
        ({"height_shift_range": "far"}, "Received: height_shift_range='far'"),
        ({"rotation_range": [5, 9]}, r"`rotation_range` must be a number. Received: .*\[5, 9\]"),
        ({"rescale": "1/255"}, "`rescale` must be a number"),
        ({"interpolation_order": 6}, "Received: interpolation_order=6"),
        ({"fill_mode": "mirror"}, "`fill_mode` must be one of"),
        ({"data_format": "nchw"}, "Received: data_format='nchw'"),
        ({"validation_split": 1.0}, "Received: validation_split=1.0"),
    ],
)
def test_wrong_options_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageDataGenerator(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": IMAGES[0]}, r"of rank 4. Received: shape \(6, 5, 3\)"),
        ({"x": IMAGES, "y": LABELS[:3]}, "7 images, 3 in `y`"),
        ({"x": (IMAGES, LABELS[:3])}, r"7 images, 3 in `x\[1\]\[0\]`"),
        ({"x": IMAGES, "batch_size": 2.5}, "`batch_size` must be a whole number"),
        ({"x": IMAGES, "batch_size": 0}, "7 samples, batch_size=0"),
        ({"x": IMAGES[:0]}, "Received: 0 samples"),
        ({"x": IMAGES, "subset": "test"}, "`subset` must be one of"),
        ({"x": IMAGES, "subset": "validation"}, "Received: 0 samples"),
    ],
)
def test_wrong_images_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageDataGenerator().flow(**arguments)


@pytest.mark.parametrize("amount", [3, np.int64(3), [1, 2], np.array([1, 2]), 2.0, np.float32(2)])
def test_images_move_by_any_kind_of_number(amount: Any) -> None:
    generator = ImageDataGenerator(width_shift_range=amount)
    moves = [generator.get_random_transform((6, 5, 3), seed=seed)["ty"] for seed in range(30)]
    assert 1 < max(moves) <= 2
    assert -2 <= min(moves) < -1
    whole = not isinstance(amount, float | np.floating)
    assert all(move == int(move) for move in moves) == whole


def test_an_unusual_number_of_channels_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="1, 3 or 4 channels as a rule, on axis 3"):
        ImageDataGenerator().flow(np.zeros((2, 4, 4, 5)))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for number, name in enumerate(("a/1.png", "a/2.png", "b/3.png", "b/4.jpg")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        save_img(tmp_path / name, np.full((4, 4, 3), 40 * number + 10), scale=False)
    return tmp_path


def whole_batch(tree: Path, **arguments: Any) -> Any:
    options = {"target_size": (4, 4), "shuffle": False, **arguments}
    return ImageDataGenerator().flow_from_directory(tree, **options)[0]


def test_images_of_a_folder_come_class_by_class(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x, y = whole_batch(tree)
    assert capsys.readouterr().out == "Found 4 images belonging to 2 classes.\n"
    assert x[:, 0, 0, 0].round().tolist() == [10, 50, 90, 130]
    assert y.tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]


def test_changed_images_are_saved_where_asked(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    whole_batch(tree, classes=["b"], save_to_dir=str(out), save_prefix="look", seed=1)
    assert [p.name.rpartition("_")[0] for p in sorted(out.iterdir())] == ["look_0", "look_1"]


@pytest.mark.parametrize("content", [b"no image", None])
def test_an_unreadable_image_is_named_or_left_out_if_asked(
    tree: Path, content: bytes | None
) -> None:
    damaged = tree / "b" / "4.jpg"
    damaged.write_bytes(damaged.read_bytes()[:-300] if content is None else content)
    with pytest.raises(ValueError, match=r"The image '.*4.jpg' cannot be read"):
        whole_batch(tree)
    with pytest.warns(UserWarning, match=r"1 files are no images or damaged and .*4.jpg'"):
        x, _ = whole_batch(tree, skip_unreadable=True)
    assert len(x) == 3


@pytest.mark.parametrize(
    ("change", "arguments", "error", "message"),
    [
        (lambda tree: tree / "none", {}, FileNotFoundError, "There is no folder '.*none'"),
        (lambda tree: tree, {"classes": ["a", "c"]}, FileNotFoundError, r"the classes \['c'\]"),
        (lambda tree: tree / "a", {}, ValueError, "has no folders. Put the images of each class"),
        (lambda tree: tree, {"subset": "validation"}, ValueError, "for the validation part"),
        (lambda tree: tree, {"class_mode": "raw"}, ValueError, "`class_mode` must be one of"),
        (lambda tree: tree, {"classes": "ab"}, ValueError, "`classes` must be a list"),
        (lambda tree: tree, {"target_size": 4}, ValueError, "two positive whole numbers. .*=4"),
        (lambda tree: tree, {"target_size": (0, 4)}, ValueError, r"target_size=\(0, 4\)"),
        (lambda tree: tree, {"color_mode": "bgr"}, ValueError, "`color_mode` must be one of"),
        (lambda tree: tree, {"interpolation": "magic"}, ValueError, "`interpolation` must be"),
    ],
)
def test_wrong_folders_are_refused(
    change: Callable[[Path], Path],
    arguments: dict[str, Any],
    error: type[Exception],
    message: str,
    tree: Path,
) -> None:
    with pytest.raises(error, match=message):
        whole_batch(change(tree), **arguments)


TABLE: dict[str, list[Any]] = {
    "file": ["b/4.jpg", "a/1.png", "a/2.png", "b/3.png"],
    "label": ["x", "y", "z", "y"],
    "tags": [["x", "z"], "y", ("z",), ["none"]],
    "angle": [0.5, 1.5, 2.5, 3.5],
    "weight": [1, 2, 3, 4],
}


class Frame:
    """Looks like a DataFrame of pandas, as far as one is needed."""

    columns = tuple(TABLE)

    def __getitem__(self, name: str) -> Any:
        return np.array(TABLE[name], dtype=object)


def table_batch(tree: Path, table: Any = None, **arguments: Any) -> Any:
    named = {"x_col": "file", "y_col": "label", "target_size": (4, 4), "shuffle": False}
    generator = ImageDataGenerator(validation_split=0.5)
    return generator.flow_from_dataframe(table or TABLE, tree, **{**named, **arguments})[0]


@pytest.mark.parametrize(
    ("arguments", "targets"),
    [
        ({"class_mode": "sparse"}, [0, 1, 2, 1]),
        ({}, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]]),
        ({"class_mode": "binary", "classes": ["x", "y"]}, [0, 1, 1]),
        ({"y_col": "tags", "classes": ["x", "y", "z"]}, [[1, 0, 1], [0, 1, 0], [0, 0, 1]]),
        ({"class_mode": "raw", "y_col": "angle"}, [0.5, 1.5, 2.5, 3.5]),
        (
            {"class_mode": "raw", "y_col": ["angle", "weight"]},
            [[0.5, 1], [1.5, 2], [2.5, 3], [3.5, 4]],
        ),
        ({"class_mode": "sparse", "subset": "training"}, [2, 1]),
    ],
)
@pytest.mark.parametrize("table", [TABLE, Frame()], ids=["mapping", "frame"])
def test_targets_of_a_table(
    table: Any, arguments: dict[str, Any], targets: list[Any], tree: Path
) -> None:
    x, y = table_batch(tree, table, **arguments)
    assert y.tolist() == targets
    assert len(x) == len(targets)


def test_several_outputs_weights_and_no_targets_of_a_table(tree: Path) -> None:
    columns = ["angle", "weight"]
    x, (angle, weight), weights = table_batch(
        tree, class_mode="multi_output", y_col=columns, weight_col="weight"
    )
    assert x[:, 0, 0, 0].round().tolist() == [130, 10, 50, 90]
    assert [angle.tolist(), weight.tolist()] == [TABLE["angle"], TABLE["weight"]]
    assert weights.tolist() == TABLE["weight"]
    images, targets = table_batch(tree, class_mode="input")
    np.testing.assert_array_equal(images, targets)
    np.testing.assert_array_equal(images, table_batch(tree, class_mode=None))


def test_files_that_are_missing_are_named_and_left_out(tree: Path) -> None:
    (tree / "a" / "1.png").unlink()
    with pytest.warns(UserWarning, match=r"1 files are missing, or .*a/1.png'"):
        _, y = table_batch(tree, class_mode="sparse")
    assert y.tolist() == [0, 2, 1]
    with pytest.raises(FileNotFoundError, match="1.png"):
        table_batch(tree, validate_filenames=False)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"x_col": "path"}, ValueError, r"no column 'path'. Received: columns \['file', 'label'"),
        ({"x_col": "angle"}, TypeError, "must hold values of type str. Received: 0.5 in row 0"),
        ({"y_col": "angle"}, TypeError, "of type str, list, tuple. Received: 0.5"),
        ({"class_mode": "binary"}, ValueError, r"two classes. Received: \['x', 'y', 'z'\]"),
        ({"class_mode": "multi_output"}, TypeError, "needs a list of columns"),
        ({"weight_col": "label"}, TypeError, "weight_col='label' must hold numbers"),
        (
            {"classes": ["q"]},
            ValueError,
            r"of the classes \['q'\]. .*'label' has: \['x', 'y', 'z'\]",
        ),
    ],
)
def test_wrong_tables_are_refused(
    arguments: dict[str, Any], error: type[Exception], message: str, tree: Path
) -> None:
    with pytest.raises(error, match=message):
        table_batch(tree, **arguments)


def test_columns_of_different_lengths_are_refused(tree: Path) -> None:
    with pytest.raises(ValueError, match="one length. Received: {'file': 4, 'label': 3}"):
        table_batch(tree, TABLE | {"label": ["x", "y", "z"]})


def test_a_table_needs_no_generator(tree: Path) -> None:
    with pytest.warns(UserWarning, match="`classes` is not used"):
        batches = DataFrameIterator(
            TABLE, tree, x_col="file", classes=["x"], class_mode=None, target_size=(2, 2)
        )
    assert batches[0].shape == (4, 2, 2, 3)
