"""Values that live on a device from one step to the next."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import numpy as np

from konnx.runtime.arrays import Array, as_contiguous
from konnx.runtime.devices import Device
from konnx.runtime.installation import onnxruntime_module

# onnxruntime ships no type information; this name says what is meant.
OrtValue = Any

_ordinals = itertools.count()


class State:
    """A value that lives on a device and is replaced as a whole, such as a weight.

    It holds two buffers: a step reads the current one and writes the spare one, since the backward
    pass may still need the old value when the new one is ready. Until a program first uses it, the
    value stays a host array, so that no ONNX Runtime is needed to make or read one.

    Arguments:
        value: the first value, of any shape; it is copied. Booleans, integers and floats of up to
            64 bits.

    Raises:
        TypeError: the dtype is none that ONNX Runtime can hold.

    Example:
        >>> weight = State(np.zeros((2, 3), np.float32))
        >>> weight.assign(np.ones((2, 3)))
        >>> weight.numpy()[0], weight.version
        (array([1., 1., 1.], dtype=float32), 1)
    """

    def __init__(self, value: object) -> None:
        self._host: Array | None = _own_copy(value)
        self._shape: tuple[int, ...] = self._host.shape
        self._dtype = self._host.dtype
        self._device: Device | None = None
        self._current: OrtValue = None
        self._spare: OrtValue = None
        self._version = 0
        self._stepped = False  # whether the spare buffer holds the value before the last step
        self.lock = threading.RLock()
        # Programs take the locks of several states in this order, so that none waits in a circle.
        self.ordinal = next(_ordinals)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, which never changes."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype, which never changes."""
        return self._dtype

    @property
    def version(self) -> int:
        """How often the value was written; equal versions mean an unchanged value."""
        return self._version

    def numpy(self) -> Array:
        """Return a copy of the value on the host."""
        with self.lock:
            return np.array(self._current.numpy() if self._host is None else self._host)

    def previous(self) -> Array:
        """Return a copy of the value before the last step; the present one if none was made."""
        with self.lock:
            return np.array(self._spare.numpy()) if self._stepped else self.numpy()

    def assign(self, value: object) -> None:
        """Replace the value.

        Arguments:
            value: an array of this state's shape; it is copied, and cast to this state's dtype
                within the same kind.

        Raises:
            ValueError: the shape differs.
            TypeError: the dtype is of another kind.
        """
        array = as_contiguous(value, self._dtype, "`State.assign`")
        if array.shape != self._shape:
            raise ValueError(
                f"`State.assign`: expected an array of shape {self._shape}. "
                f"Received: shape={array.shape}."
            )
        with self.lock:
            if self._host is None:
                self._current.update_inplace(array)
            else:
                self._host[...] = array
            self._version += 1
            self._stepped = False

    def current(self, device: Device) -> OrtValue:
        """Return the buffer with the value on `device`, moving the value there if need be."""
        if self._device is not device and self._device != device:
            self._move(device)
        return self._current

    def spare(self, device: Device) -> OrtValue:
        """Return the buffer on `device` that the next value is to be written to."""
        self.current(device)
        if self._spare is None:
            self._spare = self._allocate(device)
        return self._spare

    def commit(self, written: OrtValue) -> None:
        """Make `written`, which `spare` returned, the current buffer; doing so twice is harmless.

        An interrupted step can thus repeat its commits and leave all its states at the same step.
        """
        with self.lock:
            if written is self._spare:
                self._current, self._spare = self._spare, self._current
                self._version += 1
                self._stepped = True

    def _move(self, device: Device) -> None:
        with self.lock:
            if self._device == device:
                return
            value = self.numpy()
            current = self._allocate(device)
            current.update_inplace(value)
            self._current, self._spare, self._device, self._host = current, None, device, None
            self._stepped = False

    def _allocate(self, device: Device) -> OrtValue:
        # ONNX Runtime's own memory: aligned as its kernels like it, and never the user's array.
        values = onnxruntime_module().OrtValue
        return values.ortvalue_from_shape_and_type(
            list(self._shape), self._dtype, device.kind, device.index
        )

    def __repr__(self) -> str:
        place = self._device or "host"
        return f"State(shape={self._shape}, dtype={self._dtype}, on={str(place)!r})"


def _own_copy(value: object) -> Array:
    array = np.array(value, order="C")
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise TypeError(
            "`State`: expected booleans, integers or floats of at most 64 bits. "
            f"Received: dtype={array.dtype}."
        )
    return array.astype(array.dtype.newbyteorder("="), copy=False)
