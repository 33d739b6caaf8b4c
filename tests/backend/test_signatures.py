"""Every function of Keras 2.1.6' backend is there, with its arguments and defaults."""

from __future__ import annotations

import ast
import json
from inspect import Parameter, signature
from pathlib import Path

import pytest

from konnx import backend as K

pytestmark = pytest.mark.no_runtime

FILE = Path(__file__).parents[1] / "goldens" / "backend_signatures.json"
SIGNATURES: dict[str, list[tuple[str, str | None]]] = json.loads(FILE.read_text())
OF_TENSORFLOW_ALONE = {"get_session", "set_session"}


@pytest.mark.parametrize("name", sorted(set(SIGNATURES) - OF_TENSORFLOW_ALONE))
def test_a_function_takes_what_it_takes_in_keras(name: str) -> None:
    ours = list(signature(getattr(K, name)).parameters.values())
    theirs = SIGNATURES[name]
    assert [one.name for one in ours][: len(theirs)] == [argument for argument, _ in theirs]
    for one, (_, default) in zip(ours, theirs, strict=False):
        assert default is None or one.default == ast.literal_eval(default)
    assert all(one.default is not Parameter.empty for one in ours[len(theirs) :])
