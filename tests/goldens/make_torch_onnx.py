"""Small networks written as ONNX by PyTorch's two exporters, and what PyTorch computes.

Writes torch_onnx/*.onnx, and torch_onnx/outputs.npz with "name/x" and "name/y" for each of them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional

FOLDER = Path(__file__).parent / "torch_onnx"


class Convolutional(nn.Module):
    """Convolutions with batch normalization, their transpose, a residual sum, both poolings."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, groups=2)
        self.bn2 = nn.BatchNorm2d(8)
        self.act = nn.PReLU()
        self.up = nn.ConvTranspose2d(8, 8, 2, 2, groups=4)
        self.fc = nn.Linear(8 * 16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.act(self.bn2(self.conv2(x)) + x)
        x = functional.avg_pool2d(functional.hardtanh(self.up(x), -2.0, 2.0), 4)
        return functional.log_softmax(self.fc(x.view(x.size(0), -1)), dim=1)


class Recurrent(nn.Module):
    """A recurrent layer in both directions."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.rnn = getattr(nn, kind)(6, 5, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(10, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.rnn(x)[0][:, -1])


class Transformer(nn.Module):
    """Embeddings, an encoder layer and a classifier of each token."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 16)
        self.encoder = nn.TransformerEncoderLayer(16, 2, 32, activation="gelu", batch_first=True)
        self.classifier = nn.Linear(16, 7)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.encoder(self.embedding(tokens)))


def image() -> torch.Tensor:
    return torch.randn(3, 3, 16, 16)


def sequence() -> torch.Tensor:
    return torch.randn(3, 4, 6)


def tokens() -> torch.Tensor:
    return torch.randint(0, 20, (3, 6))


CASES: dict[str, tuple[Any, Any, int]] = {
    **{f"convolutional_{opset}": (Convolutional, image, opset) for opset in (7, 9, 11, 13, 17, 20)},
    **{f"convolutional_dynamo_{opset}": (Convolutional, image, opset) for opset in (18, 23)},
    "lstm_9": (lambda: Recurrent("LSTM"), sequence, 9),
    "lstm_17": (lambda: Recurrent("LSTM"), sequence, 17),
    "lstm_dynamo_18": (lambda: Recurrent("LSTM"), sequence, 18),
    "gru_14": (lambda: Recurrent("GRU"), sequence, 14),
    **{f"transformer_{opset}": (Transformer, tokens, opset) for opset in (14, 17, 20)},
    **{f"transformer_dynamo_{opset}": (Transformer, tokens, opset) for opset in (18, 23)},
}


def randomized(network: nn.Module) -> nn.Module:
    """The network for inference, with statistics as if it had been trained."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
    return network.eval()


def export(network: nn.Module, x: torch.Tensor, path: Path, opset: int) -> None:
    names: dict[str, Any] = {"input_names": ["input"], "output_names": ["output"]}
    if "dynamo" in path.name:
        batch = ({0: torch.export.Dim("batch")},)
        options = {"dynamo": True, "dynamic_shapes": batch, "external_data": False}
    else:
        batch = {"input": {0: "batch"}, "output": {0: "batch"}}
        options = {"dynamo": False, "dynamic_axes": batch}
    torch.onnx.export(network, (x,), str(path), opset_version=opset, **names, **options)
    onnx.save(without_traces(onnx.load(path)), path)


def without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model without what tells of the machine that made it."""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    for part in (*model.graph.node, *model.graph.value_info, *model.functions):
        part.ClearField("doc_string")
        del part.metadata_props[:]
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        value.ClearField("doc_string")
        del value.metadata_props[:]
    return model


def main(wanted: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / "outputs.npz"
    arrays = dict(np.load(path)) if path.exists() else {}
    for name in wanted or CASES:
        make, sample, opset = CASES[name]
        torch.manual_seed(len(name) + opset)
        network, x = randomized(make()), sample()
        export(network, x, FOLDER / f"{name}.onnx", opset)
        with torch.no_grad():
            arrays |= {f"{name}/x": x.numpy(), f"{name}/y": network(x).numpy()}
    np.savez(path, **arrays)


if __name__ == "__main__":
    main(sys.argv[1:])
