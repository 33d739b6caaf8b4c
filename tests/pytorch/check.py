"""A ResNet-18 written by PyTorch's exporters is read, given a new head, trained and exported.

`python check.py FOLDER`, where torch and onnxscript are installed beside konnx; the nox session
"pytorch" does all of it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from konnx.converters import from_onnx
from konnx.layers import Dense
from konnx.models import Model, load_model
from konnx.optimizers import Adam
from konnx.runtime import onnxruntime_module

TOLERANCE = 1e-4
EXPORTS = [("torchscript", 11), ("torchscript", 17), ("dynamo", 18), ("dynamo", 23)]


class Block(nn.Module):
    """Two convolutions and what goes past them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Identity()
        if stride > 1 or inputs != outputs:
            projection = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class ResNet18(nn.Module):
    """He et al., Deep Residual Learning for Image Recognition, 2015, table 1."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        widths = [64, 64, 128, 256, 512]
        for number in range(1, 5):
            inputs, outputs = widths[number - 1], widths[number]
            stride = 1 if number == 1 else 2
            layer = nn.Sequential(Block(inputs, outputs, stride), Block(outputs, outputs, 1))
            setattr(self, f"layer{number}", layer)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.maxpool(functional.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def resnet() -> nn.Module:
    """Random weights, and statistics as if it had been trained."""
    torch.manual_seed(0)
    network = ResNet18()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return network.eval()


def export(network: nn.Module, x: torch.Tensor, kind: str, opset: int, path: Path) -> None:
    options: dict[str, Any] = {"input_names": ["image"], "output_names": ["logits"]}
    if kind == "dynamo":
        options["dynamic_shapes"] = ({0: torch.export.Dim("batch")},)
    else:
        options["dynamic_axes"] = {"image": {0: "batch"}, "logits": {0: "batch"}}
    is_dynamo = kind == "dynamo"
    torch.onnx.export(network, (x,), str(path), opset_version=opset, dynamo=is_dynamo, **options)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max() / max(1.0, np.abs(b).max()))


def check_predictions(path: Path, x: np.ndarray, expected: np.ndarray) -> Model:
    started = time.perf_counter()
    model = from_onnx(path)
    seconds = time.perf_counter() - started
    found = difference(model.predict(x), expected)
    print(
        f"{path.stem}: read in {seconds:.2f} s, {len(model.layers)} layers, "
        f"{model.count_params():,} weights, predictions differ by {found:.1e}"
    )
    assert found < TOLERANCE
    return model


def check_fine_tuning(base: Model, x: np.ndarray, path: Path) -> None:
    """Cut at the pooled features, add a head, train head and body, save, export and run."""
    flat = next(layer for layer in reversed(base.layers) if layer.output_shape == (None, 512))
    head = Dense(3, activation="softmax", name="head")
    model = Model(base.input, head(flat.output), name="tuned")
    model.compile(Adam(1e-4), "categorical_crossentropy")
    targets = np.eye(3, dtype="float32")[np.arange(len(x)) % 3]
    before = model.get_weights()
    losses = model.fit(x, targets, batch_size=len(x), epochs=5, verbose=0).history["loss"]
    changed = sum(
        not np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True)
    )
    print(f"losses {', '.join(f'{loss:.4f}' for loss in losses)}; {changed} weights moved")
    assert losses[-1] < losses[0]
    assert changed == len(before)
    model.export(path)
    [exported] = onnxruntime_module().InferenceSession(str(path)).run(None, {"image": x})
    model.save(path.with_suffix(".h5"))
    for other in (exported, load_model(path.with_suffix(".h5")).predict(x)):
        assert difference(other, model.predict(x)) < TOLERANCE


def main(folder: Path) -> None:
    network, x = resnet(), torch.randn(6, 3, 64, 64)
    with torch.no_grad():
        expected = network(x).numpy()
    for kind, opset in EXPORTS:
        path = folder / f"resnet18_{kind}_{opset}.onnx"
        export(network, x, kind, opset, path)
        model = check_predictions(path, x.numpy(), expected)
        check_fine_tuning(model, x.numpy(), folder / f"tuned_{kind}_{opset}.onnx")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
