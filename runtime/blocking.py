"""How ONNX Runtime lays out channels for its fastest convolutions on this machine's CPU."""

from __future__ import annotations

import functools

import numpy as np

from konnx.runtime.devices import Device

_CHANNELS = 64  # a multiple of every block

# One of each operator that konnx may ask for. The graph is loaded to see that it can be.
_PROBE = """
<ir_version: 8, opset_import: ["" : 18, "com.microsoft.nchwc" : 1]>
probe (float[1, 64, 2, 2] x, float[64, 64, 1, 1] w, float[64] b, float[1, 2, 2, 64] last)
    => (float[1, 64, 2, 2] blocked, float[1, 64, 2, 2] plain, float[1, 2, 2, 64] transposed,
        float[1, 64, 2, 2] added) {
    blocked = com.microsoft.nchwc.ReorderInput (x)
    other = com.microsoft.nchwc.ReorderInput <channels_last = 1> (last)
    sum = Add (blocked, other)
    convolved = com.microsoft.nchwc.Conv <kernel_shape = [1, 1], activation = "Relu"> (sum, w, b)
    mean = com.microsoft.nchwc.AveragePool <kernel_shape = [2, 2]> (convolved)
    most = com.microsoft.nchwc.MaxPool <kernel_shape = [1, 1]> (mean)
    large = com.microsoft.nchwc.Upsample <scales = [1, 1, 2, 2]> (most)
    plain = com.microsoft.nchwc.ReorderOutput <channels = 64> (large)
    transposed = com.microsoft.nchwc.ReorderOutput <channels = 64, channels_last = 1> (large)
    one = Constant <value = float[1, 1, 2, 2] {1, 1, 1, 1}> ()
    column = Constant <value_ints = [64, 1, 1, 1]> ()
    filter = Reshape (b, column)
    added = com.microsoft.nchwc.Conv <kernel_shape = [1, 1]> (one, filter, , x)
}
"""


@functools.cache
def channel_block() -> int:
    """Return how many channels a block of `com.microsoft.nchwc` has, 8 or 16; 0: there is none.

    It depends on the processor and on the installed ONNX Runtime, which are asked once.

    Raises:
        RuntimeMissingError: no ONNX Runtime is installed.

    Example:
        >>> channel_block() in (0, 8, 16)
        True
    """
    from onnx import parser

    from konnx.runtime.sessions import make_session

    pixels = np.arange(_CHANNELS * 4, dtype=np.float32).reshape(1, _CHANNELS, 2, 2)
    feeds = {
        "x": pixels,
        "w": np.zeros((_CHANNELS, _CHANNELS, 1, 1), np.float32),
        "b": np.zeros(_CHANNELS, np.float32),
        "last": np.zeros((1, 2, 2, _CHANNELS), np.float32),
    }
    try:
        session = make_session(parser.parse_model(_PROBE), Device("cpu"), 1)
        [blocked] = session.run(["blocked"], feeds)
    except Exception:  # whatever the reason is, the operators are not there
        return 0
    return _block_of(pixels, blocked)


def _block_of(plain: np.ndarray, blocked: np.ndarray) -> int:
    """How many channels come before the second pixel, if the rest is as expected, too."""
    block = int(np.argmax(blocked.reshape(-1) == plain[0, 0, 0, 1]))
    if block < 2 or _CHANNELS % block:
        return 0
    expected = plain.reshape(_CHANNELS // block, block, 4).transpose(0, 2, 1)
    return block if np.array_equal(blocked.reshape(expected.shape), expected) else 0
