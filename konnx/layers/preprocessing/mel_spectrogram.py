"""The power of signals in bands as the ear has them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from konnx import ops
from konnx.graph import Tensor, constant, op
from konnx.layers.arguments import one_of, problem, whole_number
from konnx.layers.base import Layer
from konnx.layers.preprocessing.rescaling import as_floats
from konnx.layers.preprocessing.spectrogram import fourier, window_of
from konnx.layers.spec import InputSpec, Shape

_WINDOWS = ("hann", "hamming")


class MelSpectrogram(Layer):
    """The power of signals in bands as the ear has them, in decibels.

    Input shape (batch, samples), output shape (batch, num_mel_bins, frames). The frames are
    centred: signals are continued at both ends by their mirror image. The layer is Keras 3's.

    Args:
        fft_length: points of the transform.
        sequence_stride: samples between the starts of frames.
        sequence_length: samples of a frame; None: `fft_length`.
        window: "hann" or "hamming"; None: none.
        sampling_rate: samples in a second.
        num_mel_bins: how many bands.
        min_freq: the lower edge of the first band, in Hz.
        max_freq: the upper edge of the last band; None: half the sampling rate.
        power_to_db: whether to return decibels.
        top_db: how far below the largest element, of the whole batch, decibels may lie.
        mag_exp: the exponent of magnitudes: 1 for energy, 2 for power.
        min_power: the smallest power of which a logarithm is taken.
        ref_power: the power of 0 dB.

    Raises:
        ValueError: an argument is out of bounds, or the input has other axes.

    Example:
        >>> from konnx.layers import Input
        >>> MelSpectrogram(256, 128, sampling_rate=8000, num_mel_bins=20)(Input((1024,))).shape
        (None, 20, 9)
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: str | None = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.fft_length = whole_number(self, "fft_length", fft_length)
        self.sequence_stride = whole_number(self, "sequence_stride", sequence_stride)
        length = fft_length if sequence_length is None else sequence_length
        self.sequence_length = whole_number(self, "sequence_length", length)
        if self.sequence_length > self.fft_length:
            raise problem(self, "sequence_length", "must be at most `fft_length`", length)
        self.window = None if window is None else one_of(self, "window", window, _WINDOWS)
        self.sampling_rate = sampling_rate
        self.num_mel_bins = whole_number(self, "num_mel_bins", num_mel_bins)
        self.min_freq = min_freq
        self.max_freq = max_freq or int(sampling_rate / 2)
        self.power_to_db = power_to_db
        self.top_db = top_db
        self.mag_exp = mag_exp
        self.min_power = min_power
        self.ref_power = ref_power
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Tensor) -> Tensor:
        spectra = self._spectra(ops.expand_dims(as_floats(self, inputs), 1))
        bands = ops.matmul(self._bands().T, spectra)
        return self._decibels(bands) if self.power_to_db else bands

    def _spectra(self, signals: Tensor) -> Tensor:
        """Magnitudes to the power of `mag_exp`: (batch, bins, frames), of (batch, 1, samples)."""
        half = self.fft_length // 2
        pads = constant(np.asarray([0, 0, half, 0, 0, half], np.int64))
        padded = op("Pad", signals, pads, mode="reflect")
        missing = self.fft_length - self.sequence_length
        periodic = self.sequence_length % 2 == 0  # as TensorFlow does, whatever it is asked for
        window = window_of(self.window, self.sequence_length, periodic)
        window = np.pad(window, (missing // 2, missing - missing // 2))
        real, imag = (
            ops.convolution(
                padded,
                constant(part[:, None, :].astype(np.float32)),
                strides=[self.sequence_stride],
                dilations=[1],
                data_format="channels_first",
            )
            for part in fourier(self.fft_length, self.fft_length, window)
        )
        power = ops.add(ops.square(real), ops.square(imag))
        if self.mag_exp == 2:
            return power
        return ops.pow(power, self.mag_exp / 2)

    def _bands(self) -> np.ndarray:
        """The share of each bin in each band: triangles on the mel scale, none for the mean."""
        bins = _mel(np.linspace(0.0, self.sampling_rate / 2, self.fft_length // 2 + 1)[1:, None])
        edges = np.linspace(_mel(self.min_freq), _mel(self.max_freq), self.num_mel_bins + 2)
        low, center, high = edges[:-2], edges[1:-1], edges[2:]
        rising, falling = (bins - low) / (center - low), (high - bins) / (high - center)
        shares = np.maximum(0.0, np.minimum(rising, falling))
        return np.pad(shares, ((1, 0), (0, 0))).astype(np.float32)

    def _decibels(self, power: Tensor) -> Tensor:
        decibels = ops.multiply(ops.log(ops.maximum(power, self.min_power)), 10 / math.log(10))
        reference = 10 * math.log10(max(abs(self.ref_power), self.min_power))
        shifted = ops.subtract(decibels, reference)
        return ops.maximum(shifted, ops.subtract(ops.max(shifted), self.top_db))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, samples = input_shape
        padded = None if samples is None else samples + self.fft_length // 2 * 2
        frames = ops.output_length(padded, self.fft_length, "valid", self.sequence_stride)
        return (batch, self.num_mel_bins, frames)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "fft_length": self.fft_length,
            "sequence_stride": self.sequence_stride,
            "sequence_length": self.sequence_length,
            "window": self.window,
            "sampling_rate": self.sampling_rate,
            "num_mel_bins": self.num_mel_bins,
            "min_freq": self.min_freq,
            "max_freq": self.max_freq,
            "power_to_db": self.power_to_db,
            "top_db": self.top_db,
            "mag_exp": self.mag_exp,
            "min_power": self.min_power,
            "ref_power": self.ref_power,
        }


def _mel(frequency: Any) -> Any:
    """The mel scale of HTK."""
    return 1127.0 * np.log1p(np.asarray(frequency) / 700.0)
