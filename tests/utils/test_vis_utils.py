from __future__ import annotations

import re
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

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
    """What is drawn, each node's label as the words in its cells."""
    dot = model_to_dot(model, **options)  # type: ignore[arg-type]
    drawn = [line.strip() for line in dot.lines[5:]]
    return [re.sub("label=<(.*)>];", lambda found: words(found[1]), line) for line in drawn]


def words(label: str) -> str:
    rows = ET.fromstring(label).findall("tr")
    return " | ".join(" ".join("".join(cell.itertext()) for cell in row) for row in rows) + "]"


def test_a_chain_begins_with_its_input() -> None:
    assert lines(stack()) == [
        "layer_0 [low_input: InputLayer]",
        "layer_1 [low: Dense]",
        "layer_2 [top: Dense]",
        "layer_0 -> layer_1;",
        "layer_1 -> layer_2;",
    ]


def test_branches_and_repeated_calls_are_edges() -> None:
    assert lines(branched()) == [
        "layer_0 [x: InputLayer]",
        "layer_1 [d: Dense]",
        "layer_2 [sum: Add]",
        "layer_0 -> layer_1;",
        "layer_1 -> layer_1;",
        "layer_0 -> layer_2;",
        "layer_1 -> layer_2;",
    ]


@pytest.mark.parametrize(
    ("option", "first", "last"),
    [
        (
            "show_shapes",
            " | input (None, 3) | output (None, 3)",
            " | input (None, 2) | output (None, 1)",
        ),
        ("show_dtype", " | dtype float32", " | dtype float32"),
        ("show_layer_activations", "", " | activation linear"),
        ("show_trainable", " | trainable yes", " | trainable no"),
    ],
)
def test_what_is_shown_of_layers_stands_below_their_names(
    option: str, first: str, last: str
) -> None:
    model = stack()
    model.layers[-1].trainable = False
    shown = lines(model, show_layer_names=False, **{option: True})
    assert (shown[0], shown[2]) == (f"layer_0 [InputLayer{first}]", f"layer_2 [Dense{last}]")


def test_a_layer_of_several_shapes_says_so() -> None:
    layer, a, b = Dense(4, name="d"), Input((4,)), Input((3, 4))
    table = lines(Model([a, b], [layer(a), layer(b)]), show_shapes=True)
    assert "layer_2 [d: Dense | input multiple | output multiple]" in table


def test_what_a_wrapper_holds_is_named() -> None:
    model = Sequential([TimeDistributed(Dense(2, name="in"), input_shape=(4, 3), name="each")])
    assert lines(model)[1] == "layer_1 [each(in): TimeDistributed(Dense)]"


def test_characters_of_the_language_are_text_and_what_is_invisible_is_replaced() -> None:
    model = Sequential([Dense(2, input_shape=(3,), name='a<b>&amp;"c"\n')])
    assert lines(model)[1] == 'layer_1 [a<b>&amp;"c"\ufffd: Dense]'


def test_a_model_within_is_one_node_or_a_frame_of_its_layers() -> None:
    assert "layer_1 [stack: Sequential]" in lines(nested())
    assert lines(nested(), expand_nested=True) == [
        "layer_0 [x: InputLayer]",
        "subgraph cluster_1 {",
        "label=<<b>stack</b>>;",
        "layer_1 [low_input: InputLayer]",
        "layer_2 [low: Dense]",
        "layer_3 [top: Dense]",
        "}",
        "layer_4 [out: Dense]",
        "layer_0 -> layer_1;",
        "layer_3 -> layer_4;",
        "layer_1 -> layer_2;",
        "layer_2 -> layer_3;",
    ]


def test_a_model_that_two_inputs_share_is_drawn_once() -> None:
    shared, left, right = stack(), Input((3,), name="left"), Input((3,), name="right")
    model = Model([left, right], Add(name="sum")([shared(left), shared(right)]))
    drawn = lines(model, expand_nested=True)
    assert [line for line in drawn if "Dense" in line] == [
        "layer_3 [low: Dense]",
        "layer_4 [top: Dense]",
    ]
    assert {"layer_0 -> layer_2;", "layer_1 -> layer_2;", "layer_4 -> layer_5;"} <= {*drawn}


@pytest.mark.parametrize("layer_range", [("d", "sum"), ["d.*", "s.."]])
def test_a_range_of_layers_is_drawn_with_the_edges_within(layer_range: Sequence[str]) -> None:
    assert lines(branched(), layer_range=layer_range) == [
        "layer_0 [d: Dense]",
        "layer_1 [sum: Add]",
        "layer_0 -> layer_0;",
        "layer_0 -> layer_1;",
    ]


@pytest.mark.parametrize("layer_range", ["ab", ("d",), ("sum", "d"), ("d", "y"), ("", "")])
def test_a_range_that_no_layers_have_is_refused(layer_range: Sequence[str]) -> None:
    with pytest.raises(ValueError, match=r"`layer_range` must hold"):
        model_to_dot(branched(), layer_range=layer_range)


def test_the_direction_is_that_of_the_graph() -> None:
    first = model_to_dot(stack(), rankdir="LR").lines[0]
    assert first == "graph [rankdir=LR, labelloc=t];"


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
    ("name", "arguments"),
    [
        ("m.png", ["-Tpng", "-Gdpi=200"]),
        ("m.SVG", ["-Tsvg"]),
        ("m.pdf", ["-Tpdf"]),
        ("m", ["-Tpng", "-Gdpi=200"]),
    ],
)
def test_graphviz_is_given_the_text_the_format_and_the_size_of_dots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, arguments: list[str]
) -> None:
    install_graphviz(tmp_path, monkeypatch, "print(sys.argv[1:], sys.stdin.read(), end='')")
    drawn = plot_model(stack(), tmp_path / name, dpi=200)
    assert (tmp_path / name).read_text() == f"{arguments} {drawn}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Graphviz is a script")
def test_pictures_are_made_by_the_calls_of_pydot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_graphviz(tmp_path, monkeypatch, "print(sys.argv[1], end='')")
    dot = model_to_dot(stack())
    assert dot.create(prog="dot", format="svg") == dot.create_svg() == b"-Tsvg"
    dot.write_png(tmp_path / "m")
    assert (tmp_path / "m").read_text() == "-Tpng"


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


def test_epochs_have_the_numbers_that_fit_printed() -> None:
    history = History()
    history.epoch, history.history = [4, 5], VALUES
    (line, *_) = plot_history(history).axes[0].get_lines()
    assert [*line.get_xdata()] == [5, 6]


def test_three_panels_stand_in_a_row() -> None:
    figure = plot_history({str(number): [1.0] for number in range(4)})
    assert [*figure.get_size_inches()] == [12, 6]
    assert len(figure.axes) == 4


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
