"""How a model was compiled is restored, or said to be lost; the model itself is loaded."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from konnx.converters import load_model

SOURCE = Path(__file__).parents[2] / "goldens" / "keras_v3" / "keras315" / "mlp_adam.keras"

ODD: list[dict[str, Any]] = [
    {"metrics": [{"class_name": 5, "config": {}}]},
    {"optimizer": {"class_name": "Adam"}},
    {"optimizer": {"class_name": "Adam", "config": 3}},
    {"loss": "no_such_loss"},
]


@pytest.mark.no_runtime
@pytest.mark.parametrize("changes", ODD, ids=[next(iter(one)) for one in ODD])
def test_an_odd_compilation_is_warned_about(changes: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(SOURCE) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json":
                config = json.loads(content)
                config["compile_config"].update(changes)
                content = json.dumps(config).encode()
            target.writestr(name, content)
    with pytest.warns(UserWarning, match="how it was compiled cannot be restored"):
        model = load_model(path)
    assert model.built
    assert not model.is_compiled
