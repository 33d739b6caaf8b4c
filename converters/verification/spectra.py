"""Layers of signals in plain NumPy, from their configs and weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Config = Mapping[str, Any]

_EPSILON = 1e-7
_WINDOWS = {"hann": (0.5, 0.5), "hamming": (0.54, 0.46)}


def _frames(signals: Array, length: int, step: int) -> Array:
    """Cut the last axis into frames that overlap."""
    return np.lib.stride_tricks.sliding_window_view(signals, length, axis=-1)[..., ::step, :]


def _stft(config: Config, weights: Sequence[Array], x: Array) -> Array:
    """Products of frames with the layer's kernels, (frame, 1, bins), and what `mode` makes of them.

    With channels last, bins are the last axis but with `expand_dims`, where channels are.
    """
    is_first = config["data_format"] == "channels_first"
    signals = x if is_first else np.swapaxes(x, 1, 2)
    length, step = config["frame_length"], config["frame_step"] or config["frame_length"] // 2
    if config["padding"] == "same":
        samples = signals.shape[-1]
        missing = max((-(-samples // step) - 1) * step + length - samples, 0)
        ends = (missing // 2, missing - missing // 2)
        signals = np.pad(signals, ((0, 0), (0, 0), ends))
    products = [_frames(signals, length, step) @ kernel[:, 0] for kernel in weights]
    found = _SPECTRA[config["mode"]](*products)  # (batch, channels, frames, bins)
    if config["expand_dims"]:
        return found if is_first else np.moveaxis(found, 1, -1)
    joined = np.moveaxis(found, 1, 2).reshape(*found.shape[::2], -1)
    return np.swapaxes(joined, 1, 2) if is_first else joined


def _magnitude(real: Array, imag: Array) -> Array:
    return np.asarray(np.sqrt(np.maximum(real**2 + imag**2, _EPSILON)))


def _one_sided_power(real: Array, imag: Array) -> Array:
    """The power, doubled where a bin stands for its mirror image, too."""
    power = real**2 + imag**2
    power[..., 1:-1] *= 2
    return np.asarray(power)


_SPECTRA: Mapping[str, Callable[..., Array]] = {
    "angle": lambda real, imag: np.arctan2(imag, real),
    "imag": lambda imag: imag,
    "log": lambda real, imag: np.log(np.maximum(_magnitude(real, imag), _EPSILON)),
    "magnitude": _magnitude,
    "psd": _one_sided_power,
    "real": lambda real: real,
    "stft": lambda real, imag: np.concatenate([real, imag], -1),
}


def _mel(config: Config, weights: Sequence[Array], x: Array) -> Array:
    """Spectra of centred frames, summed in triangles on the mel scale."""
    points, length = config["fft_length"], config["sequence_length"]
    padded = np.pad(x, ((0, 0), (points // 2, points // 2)), mode="reflect")
    frames = _frames(padded, points, config["sequence_stride"]) * _window(config, points, length)
    spectra = np.abs(np.fft.rfft(frames)) ** config["mag_exp"]
    bands = np.swapaxes(spectra @ _triangles(config, points), 1, 2)
    if not config["power_to_db"]:
        return np.asarray(bands)
    smallest = config["min_power"]
    decibels = 10 * np.log10(np.maximum(bands, smallest) / max(config["ref_power"], smallest))
    return np.asarray(np.maximum(decibels, decibels.max() - config["top_db"]))


def _window(config: Config, points: int, length: int) -> Array:
    """The window in the middle of a frame; one of an even length is taken from a period."""
    mean, swing = _WINDOWS.get(config["window"], (1.0, 0.0))
    turns = np.arange(length) / (length if length % 2 == 0 else length - 1)
    before = (points - length) // 2
    return np.pad(mean - swing * np.cos(2 * np.pi * turns), (before, points - length - before))


def _triangles(config: Config, points: int) -> Array:
    """The share of each bin in each band; the bin of frequency 0 has none."""

    def mel(frequency: Any) -> Any:
        return 1127.0 * np.log(1 + np.asarray(frequency) / 700.0)

    edges = np.linspace(
        mel(config["min_freq"]), mel(config["max_freq"]), config["num_mel_bins"] + 2
    )
    places = mel(np.fft.rfftfreq(points, 1 / config["sampling_rate"]))
    heights = np.eye(len(edges))[:, 1:-1]  # of each band at each edge
    shares = [np.interp(places, edges, band, left=0, right=0) for band in heights.T]
    return np.asarray(np.stack(shares, 1) * (places > 0)[:, None])


SPECTRA: Mapping[str, Callable[[Config, Sequence[Array], Array], Array]] = {
    "MelSpectrogram": _mel,
    "STFTSpectrogram": _stft,
}
