"""Spectra of signals, window by window."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from konnx import ops
from konnx.config import epsilon
from konnx.graph import Tensor, Variable, op
from konnx.layers.arguments import data_format_of, one_of, problem, whole_number
from konnx.layers.base import Layer
from konnx.layers.spec import InputSpec, Shape

_COSINES = {"hann": (0.5, 0.5), "hamming": (0.54, 0.46), "blackman": (0.42, 0.5, 0.08)}
"""The windows that are known, as the factors of 1, -cos(t), cos(2t), …"""

_SCALINGS = ("density", "spectrum")
_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


def window_of(name: str | None, length: int, periodic: bool) -> np.ndarray:
    """Return a window by its name; None: ones."""
    if name is None or length == 1:
        return np.ones(length)
    angles = 2 * np.pi * np.arange(length) / (length if periodic else length - 1)
    factors = enumerate(_COSINES[name])
    return np.asarray(sum((-1) ** n * one * np.cos(n * angles) for n, one in factors))


def fourier(length: int, points: int, window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return real and imaginary parts of the discrete Fourier transform of a windowed frame.

    Args:
        length: of the frame.
        points: of the transform, at least as many; the frame is continued by zeros.
        window: a factor for each element of the frame.

    Returns:
        two arrays of the shape (length, points // 2 + 1).
    """
    angles = -2 * np.pi * np.outer(np.arange(length), np.arange(points // 2 + 1)) / points
    return np.cos(angles) * window[:, None], np.sin(angles) * window[:, None]


class STFTSpectrogram(Layer):
    """The short-time Fourier transform of signals, by two convolutions.

    Input shape (batch, samples, channels), output shape (batch, frames, channels * bins) with
    `fft_length` // 2 + 1 bins, twice as many with mode "stft". The layer is Keras 3's.

    Args:
        mode: "log" or "magnitude" of the spectrum, its power ("psd"), its "real" or "imag" part,
            its "angle", or both parts, one after the other ("stft").
        frame_length: samples in a frame.
        frame_step: samples between the starts of frames; None: half a frame.
        fft_length: points of the transform; None: the next power of two.
        window: "hann", "hamming" or "blackman"; None: none.
        periodic: whether the window continues itself.
        scaling: "density" divides by the root of the window's squares, "spectrum" by the window's
            sum; None: neither.
        padding: "valid", or "same": zeros at both ends.
        expand_dims: whether bins and channels have axes of their own: (batch, frames, bins,
            channels).
        data_format: "channels_first" takes (batch, channels, samples), and returns
            (batch, channels * bins, frames), or (batch, channels, frames, bins).

    Raises:
        ValueError: an argument is out of bounds.

    Example:
        >>> from konnx.layers import Input
        >>> STFTSpectrogram(frame_length=64, frame_step=32)(Input((1024, 1))).shape
        (None, 31, 33)
    """

    real_kernel: Variable | None = None
    imag_kernel: Variable | None = None

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: str | None = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mode = one_of(self, "mode", mode, _MODES)
        self.frame_length = whole_number(self, "frame_length", frame_length)
        self.frame_step = frame_step
        self.fft_length = fft_length
        self._step = whole_number(self, "frame_step", frame_step or self.frame_length // 2)
        power = 2 ** math.ceil(math.log2(self.frame_length))
        self._points = whole_number(self, "fft_length", fft_length or power)
        if self._step > self.frame_length:
            raise problem(self, "frame_step", "must be at most `frame_length`", frame_step)
        if self._points < self.frame_length:
            raise problem(self, "fft_length", "must be at least `frame_length`", fft_length)
        self.window = None if window is None else one_of(self, "window", window, [*_COSINES])
        self.periodic = periodic
        self.scaling = None if scaling is None else one_of(self, "scaling", scaling, _SCALINGS)
        self.padding = one_of(self, "padding", padding, ("valid", "same"))
        self.expand_dims = expand_dims
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=3)

    def build(self, input_shape: Shape) -> None:
        window = window_of(self.window, self.frame_length, self.periodic)
        scale = 1.0
        if self.window is not None and self.scaling is not None:
            is_density = self.scaling == "density"
            scale = math.sqrt((window**2).sum()) if is_density else np.abs(window).sum()
        real, imag = fourier(self.frame_length, self._points, window / scale)
        if self.mode != "imag":
            self.real_kernel = self._kernel("real_kernel", real)
        if self.mode != "real":
            self.imag_kernel = self._kernel("imag_kernel", imag)
        super().build(input_shape)

    def _kernel(self, name: str, values: np.ndarray) -> Variable:
        kernel = values[:, None, :].astype(np.float32)
        return self.add_weight(name, kernel.shape, initializer=lambda shape, dtype=None: kernel)

    def call(self, inputs: Tensor) -> Tensor:
        is_first = self.data_format == "channels_first"
        signals = ops.transpose(inputs, [0, 2, 1]) if is_first else inputs
        found = self._found(ops.expand_dims(signals, -1))  # (batch, frames, channels, bins)
        if self.expand_dims:
            return ops.transpose(found, [0, 2, 1, 3] if is_first else [0, 1, 3, 2])
        channels, bins = (int(size or 0) for size in found.shape[2:])
        joined = ops.reshape_keeping(found, 2, [channels * bins])
        return ops.transpose(joined, [0, 2, 1]) if is_first else joined

    def _found(self, signals: Tensor) -> Tensor:
        """What `mode` asks for of signals of the shape (batch, samples, channels, 1)."""
        if self.imag_kernel is None or self.real_kernel is None:
            only = self.imag_kernel if self.real_kernel is None else self.real_kernel
            return self._convolved(signals, only)
        real = self._convolved(signals, self.real_kernel)
        imag = self._convolved(signals, self.imag_kernel)
        if self.mode == "angle":
            return _angle(real, imag)
        if self.mode == "stft":
            return ops.concatenate([real, imag], -1)
        power = ops.add(ops.square(real), ops.square(imag))
        if self.mode == "psd":
            return ops.multiply(power, _one_sided(self._points))
        magnitude = ops.sqrt(ops.maximum(power, epsilon()))
        return magnitude if self.mode == "magnitude" else ops.log(ops.maximum(magnitude, epsilon()))

    def _convolved(self, signals: Tensor, kernel: Variable | None) -> Tensor:
        assert kernel is not None
        return ops.convolution(
            signals,
            ops.expand_dims(kernel, 1),
            strides=[self._step, 1],
            padding=self.padding,
            dilations=[1, 1],
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        is_first = self.data_format == "channels_first"
        batch, *sizes = input_shape
        channels, samples = sizes if is_first else reversed(sizes)
        bins = (self._points // 2 + 1) * (2 if self.mode == "stft" else 1)
        frames = ops.output_length(samples, self.frame_length, self.padding, self._step)
        if self.expand_dims:
            return (batch, channels, frames, bins) if is_first else (batch, frames, bins, channels)
        joined = None if channels is None else channels * bins
        return (batch, joined, frames) if is_first else (batch, frames, joined)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "mode": self.mode,
            "frame_length": self.frame_length,
            "frame_step": self.frame_step,
            "fft_length": self.fft_length,
            "window": self.window,
            "periodic": self.periodic,
            "scaling": self.scaling,
            "padding": self.padding,
            "expand_dims": self.expand_dims,
            "data_format": self.data_format,
        }


def _one_sided(points: int) -> np.ndarray:
    """What a bin counts, where those that mirror it are left out."""
    weights = np.full(points // 2 + 1, 2.0, np.float32)
    weights[[0, -1]] = 1.0
    return weights


def _angle(x: Tensor, y: Tensor) -> Tensor:
    """The angle of (x, y), from -pi to pi; 0 of (0, 0)."""
    is_zero = ops.logical_and(ops.equal(x, 0.0), ops.equal(y, 0.0))
    slope = ops.divide(y, ops.where(is_zero, ops.add(x, 1.0), x))
    side = ops.where(ops.greater_equal(y, 0.0), np.float32(np.pi), np.float32(-np.pi))
    is_left = ops.cast(ops.less(x, 0.0), x.dtype)
    return ops.add(op("Atan", slope), ops.multiply(side, is_left))
