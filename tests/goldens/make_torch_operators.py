"""What PyTorch computes, next to what its exporter writes as ONNX: outputs and gradients.

Writes torch_operators.npz: for each case "name.model" (bytes of an ONNX file), "name.x", "name.y"
and, for the sum of cos(k) * (element k of the output), the gradients "name.dx" and
"name.d.initializer".
"""

from __future__ import annotations

import io
import sys
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

PATH = Path(__file__).parent / "torch_operators.npz"
GENERATOR = torch.Generator().manual_seed(0)
IMAGE = torch.randn(2, 4, 9, 8, generator=GENERATOR)
SEQUENCE = torch.randn(5, 3, 4, generator=GENERATOR)
GRID = torch.rand(2, 5, 6, 2, generator=GENERATOR) * 2.2 - 1.1


class Applied(nn.Module):
    """A function of an input, with the weights of a module if there are any."""

    def __init__(self, function: Callable[..., Any], module: nn.Module | None = None) -> None:
        super().__init__()
        self.function, self.module = function, module

    def forward(self, x: torch.Tensor) -> Any:
        """Apply the function to the input, after the module if there is one."""
        return self.function(x) if self.module is None else self.function(self.module(x))


def of(module: nn.Module) -> Applied:
    return Applied(lambda y: y, module)


def resized(**options: Any) -> Applied:
    return Applied(lambda x: functional.interpolate(x, **options))


CASES: dict[str, tuple[nn.Module, torch.Tensor]] = {
    "batch normalization": (of(nn.BatchNorm2d(4)).eval(), IMAGE),
    "group normalization": (of(nn.GroupNorm(2, 4)), IMAGE),
    "instance normalization": (of(nn.InstanceNorm2d(4, affine=True)), IMAGE),
    "layer normalization": (of(nn.LayerNorm(8)), IMAGE),
    "local response": (of(nn.LocalResponseNorm(3, alpha=0.3)), IMAGE),
    "lstm": (Applied(lambda y: y[0], nn.LSTM(4, 3, num_layers=2, bidirectional=True)), SEQUENCE),
    "gru": (Applied(lambda y: y[0], nn.GRU(4, 3, batch_first=True)), SEQUENCE),
    "rnn": (Applied(lambda y: y[1], nn.RNN(4, 3)), SEQUENCE),
    "volumes": (
        of(nn.Conv3d(1, 3, 3, stride=(1, 2, 1), padding=1)),
        torch.randn(2, 1, 3, 5, 4, generator=GENERATOR),
    ),
    "transposed": (
        of(nn.ConvTranspose2d(4, 6, 3, 2, padding=1, output_padding=1, groups=2, dilation=2)),
        IMAGE,
    ),
    "maxima, rounded up": (of(nn.MaxPool2d(3, 2, padding=1, ceil_mode=True)), IMAGE),
    "maxima, dilated": (of(nn.MaxPool2d(2, 2, dilation=2)), IMAGE),
    "means, rounded up": (
        of(nn.AvgPool2d(3, 2, padding=1, ceil_mode=True, count_include_pad=False)),
        IMAGE,
    ),
    "powers": (of(nn.LPPool2d(2, 3, 2)), IMAGE.abs() + 0.1),
    "bilinear": (resized(scale_factor=1.7, mode="bilinear"), IMAGE),
    "aligned": (resized(size=(13, 5), mode="bilinear", align_corners=True), IMAGE),
    "bicubic": (resized(size=(13, 11), mode="bicubic"), IMAGE),
    "nearest": (resized(size=(13, 11), mode="nearest"), IMAGE),
    "sampled": (
        Applied(lambda x: functional.grid_sample(x, GRID, align_corners=False)),
        IMAGE,
    ),
    "folded": (
        Applied(lambda x: functional.fold(functional.unfold(x, 3, stride=2), (9, 8), 3, stride=2)),
        IMAGE,
    ),
    "slopes": (of(nn.PReLU(4)), IMAGE),
    "attention": (
        Applied(lambda x: functional.scaled_dot_product_attention(x, x * 0.5, x)),
        IMAGE,
    ),
}


def exported(module: nn.Module, x: torch.Tensor) -> bytes:
    """Return the bytes of the ONNX file."""
    file = io.BytesIO()
    torch.onnx.export(
        module,
        (x,),
        file,
        opset_version=18,
        dynamo=False,
        input_names=["x"],
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
    )
    return file.getvalue()


def run(name: str, module: nn.Module, x: torch.Tensor) -> dict[str, np.ndarray]:
    """Return what is stored of one case."""
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):  # equal ones would be merged
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.1)
    model = exported(module, x)
    x = x.clone().requires_grad_(requires_grad=True)
    y = module(x)
    weights = torch.cos(torch.arange(y.numel(), dtype=torch.float32)).reshape(y.shape)
    names, parameters = [], []
    for name, parameter in module.named_parameters():
        names.append(name)
        parameters.append(parameter)
    dx, *slopes = torch.autograd.grad((y * weights).sum(), [x, *parameters])
    stored = {"model": np.frombuffer(model, np.uint8), "x": x, "y": y, "dx": dx}
    stored |= {f"d.{name}": slope for name, slope in zip(names, slopes, strict=True)}
    return {
        key: value.detach().numpy() if isinstance(value, torch.Tensor) else value
        for key, value in stored.items()
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    arrays = {
        f"{name}.{key}": value
        for name, (module, x) in CASES.items()
        for key, value in run(name, module, x).items()
    }
    np.savez_compressed(PATH, **arrays)
    sys.stdout.write(f"{len(CASES)} cases\n")
