from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from konnx.callbacks import History
from konnx.layers import Add, Dense, Input, TimeDistributed
from konnx.models import Model, Sequential
from konnx.utils import plot_model
from konnx.utils.vis_utils import model_to_dot, plot_history

pytestmark = pytest.mark.no_runtime


def stack() -> Sequential:
    return Sequential([Dense(2, input_shape=(3,), name="low"), Dense(1, name="top")], name="stack")


def branched() -> Model:
    x = Input((3,), name="x")
    layer = Dense(3, name="d")
    return Model(x, Add(name="sum")([x, layer(layer(x))]))


def nested() -> Model:
    x = Input((3,), name="x")
    return Model(x, Dense(2, name="out")(stack()(x)))


def lines(model: Model, **options: object) -> list[str]:
    text = model_to_dot(model, **options).to_string()  # type: ignore[arg-type]
    return [line.strip() for line in text.splitlines()[3:-1]]


def test_a_chain_begins_with_its_input() -> None:
    assert lines(stack()) == [
        'layer_0 [label="low_input: InputLayer"];',
        'layer_1 [label="low: Dense"];',
        'layer_2 [label="top: Dense"];',
        "layer_0 -> layer_1;",
        "layer_1 -> layer_2;",
    ]


def test_branches_and_repeated_calls_are_edges() -> None:
    edges = [line for line in lines(branched()) if "->" in line]
    assert set(edges) == {
        "layer_0 -> layer_1;",
        "layer_1 -> layer_1;",
        "layer_0 -> layer_2;",
        "layer_1 -> layer_2;",
    }


def test_shapes_stand_in_fields() -> None:
    assert lines(stack(), show_shapes=True, show_layer_names=False)[:2] == [
        'layer_0 [label="InputLayer|{input:|output:}|{{(None, 3)}|{(None, 3)}}"];',
        'layer_1 [label="Dense|{input:|output:}|{{(None, 3)}|{(None, 2)}}"];',
    ]


def test_a_layer_of_several_shapes_says_so() -> None:
    layer, a, b = Dense(4, name="d"), Input((4,)), Input((3, 4))
    table = lines(Model([a, b], [layer(a), layer(b)]), show_shapes=True)
    assert 'label="d: Dense|{input:|output:}|{{multiple}|{multiple}}"' in "".join(table)


def test_what_a_wrapper_holds_is_named() -> None:
    model = Sequential([TimeDistributed(Dense(2, name="in"), input_shape=(4, 3), name="each")])
    assert lines(model)[1] == 'layer_1 [label="each(in): TimeDistributed(Dense)"];'


def test_characters_of_the_language_are_escaped() -> None:
    model = Sequential([Dense(2, input_shape=(3,), name='a|b{c}"d"')])
    assert lines(model)[1] == 'layer_1 [label="a\\|b\\{c\\}\\"d\\": Dense"];'


def test_a_model_within_is_one_node_or_a_frame_of_its_layers() -> None:
    assert 'layer_1 [label="stack: Sequential"];' in lines(nested())
    assert lines(nested(), expand_nested=True) == [
        'layer_0 [label="x: InputLayer"];',
        "subgraph cluster_1 {",
        'label="stack";',
        'layer_1 [label="low_input: InputLayer"];',
        'layer_2 [label="low: Dense"];',
        'layer_3 [label="top: Dense"];',
        "}",
        'layer_4 [label="out: Dense"];',
        "layer_0 -> layer_1;",
        "layer_3 -> layer_4;",
        "layer_1 -> layer_2;",
        "layer_2 -> layer_3;",
    ]


@pytest.mark.parametrize(
    ("model", "rankdir", "message"),
    [(stack(), "up", "`rankdir`.*'up'"), (Sequential([Dense(2)]), "TB", "no input shape")],
)
def test_what_cannot_be_drawn_is_refused(model: Model, rankdir: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model_to_dot(model, rankdir=rankdir)


def install_graphviz(folder: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let `dot` be a Python program, the only one on the PATH."""
    script = folder / "dot"
    script.write_text(f"#!{sys.executable}\nimport sys\n{program}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Graphviz is a script")
@pytest.mark.parametrize(
    ("name", "format"), [("m.png", "png"), ("m.SVG", "svg"), ("m.pdf", "pdf"), ("m", "png")]
)
def test_graphviz_is_given_the_text_and_the_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, format: str
) -> None:
    install_graphviz(tmp_path, monkeypatch, "print(sys.argv[1:], sys.stdin.read(), end='')")
    plot_model(stack(), tmp_path / name)
    assert (tmp_path / name).read_text() == f"['-T{format}'] {model_to_dot(stack())}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Graphviz is a script")
def test_a_format_that_graphviz_does_not_know_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_graphviz(tmp_path, monkeypatch, "sys.exit('Format not recognized')")
    with pytest.raises(ValueError, match="'doc': Format not recognized"):
        plot_model(stack(), tmp_path / "m.doc")
    assert not (tmp_path / "m.doc").exists()


def test_without_graphviz_the_text_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OSError, match=r"apt install graphviz.*to_file='model.dot'"):
        plot_model(stack(), tmp_path / "m.png")
    plot_model(stack(), tmp_path / "m.dot")
    assert (tmp_path / "m.dot").read_text() == f"{model_to_dot(stack())}\n"


VALUES = {"loss": [3.0, 2.0], "acc": [0.1, 0.2], "val_loss": [4.0, 3.0]}


def test_each_metric_has_a_panel_with_training_and_validation(tmp_path: Path) -> None:
    history = History()
    history.history = VALUES
    figure = plot_history(history, tmp_path / "h.png")
    found = {
        axes.get_title(): [list(line.get_ydata()) for line in axes.get_lines()]
        for axes in figure.axes
    }
    assert found == {"loss": [[3.0, 2.0], [4.0, 3.0]], "acc": [[0.1, 0.2]]}
    assert (tmp_path / "h.png").read_bytes().startswith(b"\x89PNG")


def test_metrics_are_chosen_by_name() -> None:
    assert [axes.get_title() for axes in plot_history(VALUES, metrics=["acc"]).axes] == ["acc"]
    with pytest.raises(ValueError, match="holds loss, acc. Received: .'mae'"):
        plot_history(VALUES, metrics=["mae"])
    with pytest.raises(ValueError, match="holds nothing"):
        plot_history({})


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"konnx\[plot\]"):
        plot_history(VALUES)
