"""The programs in examples/ run, here with fewer steps, and so does what docs/ shows."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.layers import Dense, Dropout, Flatten, Input
from konnx.models import Model

pytestmark = pytest.mark.training

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
TESTED = {
    "acgan", "bidirectional_lstm", "cnn", "cnn_lstm", "convolutional_lstm", "custom_optimizer",
    "gan", "gradient_ascent", "mlp", "seq2seq", "siamese", "sklearn_grid", "stateful_lstm",
    "training_export", "transfer_learning", "variational_autoencoder",
}  # fmt: skip


# A discriminator is trained as it was compiled, and then frozen for the model that holds it.
frozen_on_purpose = pytest.mark.filterwarnings("ignore:Model '.*' has 0 trainable")


def main(name: str, steps: int) -> Any:
    np.random.seed(0)  # noqa: NPY002 - the one that the examples draw from
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](steps)


def test_every_example_is_tested() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == TESTED


def test_the_list_of_examples_is_complete() -> None:
    listed = re.findall(r"^\| `(.+?)`", (EXAMPLES / "README.md").read_text(), flags=re.MULTILINE)
    found = {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".mjs")}
    assert set(listed) == found


@pytest.mark.parametrize(
    ("name", "epochs", "accuracy"),
    [
        ("mlp", 5, 0.9),
        ("cnn", 3, 0.9),
        ("cnn_lstm", 5, 0.9),
        ("bidirectional_lstm", 6, 0.85),
        ("siamese", 4, 0.9),
        ("sklearn_grid", 4, 0.9),
    ],
)
def test_classifiers_learn(name: str, epochs: int, accuracy: float) -> None:
    assert main(name, epochs) > accuracy


def test_a_state_tells_what_a_single_step_cannot() -> None:
    with_state, without = main("stateful_lstm", 20)
    assert with_state < 0.5 * without


def test_words_are_turned_round_by_encoder_and_decoder() -> None:
    assert main("seq2seq", 25) > 0.3


def test_the_autoencoder_learns_and_draws() -> None:
    losses, decoder = main("variational_autoencoder", 8)
    assert losses[-1] < 0.75 * losses[0]
    drawn = decoder.predict(np.zeros((1, 2)))
    assert 0 <= drawn.min() <= drawn.max() <= 1


@frozen_on_purpose
def test_the_classifying_adversarial_network_draws_the_digit_asked_for() -> None:
    generator, discriminator = main("acgan", 4)
    wanted = np.arange(10).repeat(5)[:, np.newaxis]
    noise = np.random.RandomState(0).uniform(-1, 1, (50, 32))
    drawn = generator.predict([noise, wanted])
    assert drawn.shape == (50, 8, 8, 1)
    named = discriminator.predict(drawn)[1].argmax(axis=1)
    assert np.mean(named == wanted[:, 0]) > 0.2  # by chance 0.1


def test_the_next_frame_is_foreseen_better_and_better() -> None:
    first, last = main("convolutional_lstm", 3)
    assert last < 0.7 * first


@frozen_on_purpose
def test_the_adversarial_network_draws_images(capsys: pytest.CaptureFixture[str]) -> None:
    generator, discriminator = main("gan", 3)
    images = generator.predict(np.zeros((2, 16)))
    assert images.shape == (2, 8, 8)
    assert 0 <= discriminator.predict(images).min() <= 1
    assert len(capsys.readouterr().out.splitlines()) == 9


def test_images_are_found_that_filters_answer_to() -> None:
    answers = main("gradient_ascent", 10)
    assert sum(losses[-1] > 2 * losses[0] for losses in answers.values()) >= 4


def test_the_optimizer_of_ones_own_learns_and_is_restored() -> None:
    model, resumed = main("custom_optimizer", 4)
    assert model.history.history["val_acc"][-1] > 0.85
    steps = model.optimizer.iterations.numpy()
    assert resumed.optimizer.iterations.numpy() == steps * 5 // 4
    assert resumed.history.history["loss"][0] < model.history.history["loss"][-1] * 1.2


def test_heads_learn_other_digits_on_frozen_features() -> None:
    learned, untrained = main("transfer_learning", 2)
    assert min(learned, untrained) > 0.4  # by chance 0.2


def test_the_exported_training_step_learns() -> None:
    assert main("training_export", 4) > 0.8


def image_model() -> Model:
    image = Input((8, 8, 1), name="image")
    hidden = Dropout(0.2)(Dense(16, activation="relu", name="hidden")(Flatten()(image)))
    model = Model(image, Dense(10, activation="softmax", name="digit")(hidden))
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def as_sent_from_javascript(state: dict[str, np.ndarray]) -> str:
    sent = {
        name: {"type": str(value.dtype), "dims": value.shape, "data": value.ravel().tolist()}
        for name, value in state.items()
    }
    return json.dumps(sent)


def test_the_page_on_training_export_shows_what_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / "training_export.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        exec(compile(block, "training_export.md", "exec"), names)  # noqa: S102 - our own text
    received = as_sent_from_javascript(names["state"])
    model = names["model"]
    assert model.optimizer.iterations.numpy() == 40
    before = model.get_weights()
    model.set_weights([np.zeros_like(weight) for weight in before])
    model.load_training_state(names["state_of"](received))
    for weight, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, expected)
    np.testing.assert_array_equal(before[0], names["state"]["state/conv/kernel"])
