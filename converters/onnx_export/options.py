"""What a deployment may ask of an exported file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Shape = Sequence[int | str | None]


@dataclass(frozen=True)
class ExportOptions:
    """How a model is written as ONNX for inference; by default as it is.

    Args:
        opset: of the ONNX operators, from 13 to the newest that onnx knows; default: 18.
        batch: a fixed number of samples for all inputs, or "dynamic" for any number, also where
            the model has a fixed one.
        input_shapes: by input, its whole shape, batch included: sizes, names of sizes that vary,
            None for those of the model. Names that are equal are equal sizes.
        inputs_as_nchw: inputs (of rank 3 to 5, channels last) to be taken with channels first;
            True: all of rank 4.
        outputs_as_nchw: outputs to be given with channels first; True: all of rank 4.
        rename: new names of inputs and outputs, by those they have.
        metadata: texts to store in the file, by key.
        labels: names of the classes, stored as the metadata "labels" (JSON), which `konnx run`
            prints.
        preprocessing: how pixels become inputs, stored as the metadata "preprocessing" (JSON),
            which `konnx run` follows: "tf" (-1 to 1), "torch", "caffe", or a dict with "scale",
            "mean", "std" (of each channel) and "channels" ("RGB" or "BGR").
        states: give the states of stateful layers as further inputs `<layer>_<n>_in` and outputs
            `<layer>_<n>_out`, instead of constants.
        float16: compute in float16; inputs and outputs stay as they are.
        quantize: "dynamic" makes weights int8 and computes scales at run time; "static" needs
            `calibration` and quantizes activations, too. Both need ONNX Runtime.
        calibration: samples for each input, in one array by name, (samples, …).
        external_data: write the weights into a second file `<name>.data`, which stays beside the
            first; default: only where the file would exceed 2 GB, which ONNX cannot hold.
    """

    opset: int | None = None
    batch: int | Literal["dynamic"] | None = None
    input_shapes: Mapping[str, Shape] = field(default_factory=dict)
    inputs_as_nchw: Sequence[str] | bool = ()
    outputs_as_nchw: Sequence[str] | bool = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    labels: Sequence[str] | None = None
    preprocessing: str | Mapping[str, Any] | None = None
    states: bool = False
    float16: bool = False
    quantize: Literal["dynamic", "static"] | None = None
    calibration: Mapping[str, Any] | None = None
    external_data: bool | None = None
