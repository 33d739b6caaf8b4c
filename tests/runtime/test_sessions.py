"""How many threads a session takes: by argument, by environment, or as ONNX Runtime chooses."""

from __future__ import annotations

import pytest
from onnx import parser

from konnx.runtime import Device
from konnx.runtime.sessions import make_session

MODEL = parser.parse_model("""
    <ir_version: 8, opset_import: ["" : 18]>
    negation (float[n] x) => (float[n] y) { y = Neg(x) }
""")
CHOSEN_BY_ONNX_RUNTIME = 0


@pytest.mark.parametrize(
    ("argument", "variable", "threads"),
    [
        (None, "", CHOSEN_BY_ONNX_RUNTIME),
        (None, "3", 3),
        (2, "", 2),
        (2, "3", 2),
    ],
)
def test_the_argument_or_else_the_environment_says_how_many_threads_compute(
    argument: int | None, variable: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KONNX_THREADS", variable)
    session = make_session(MODEL, Device("cpu"), argument)
    assert session.get_session_options().intra_op_num_threads == threads


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_what_is_no_number_of_threads_is_named_with_its_variable(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KONNX_THREADS", text)
    with pytest.raises(ValueError, match=f"KONNX_THREADS: expected a positive.*'{text}'"):
        make_session(MODEL, Device("cpu"), None)
