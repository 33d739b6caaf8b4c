"""The exceptions of konnx.runtime."""

from __future__ import annotations


class RuntimeMissingError(ImportError):
    """No usable ONNX Runtime is installed; the message names the commands that install one."""


class DeviceError(RuntimeError):
    """The device that was asked for cannot be used; the message names what is missing."""


class ExecutionError(RuntimeError):
    """ONNX Runtime refused a model, or failed while it ran one.

    Arguments:
        message: what failed, where, and what to do about it.
        node: name of the node at fault, `layer/op` in graphs that konnx made; None if unknown.
        op_type: ONNX operator of that node; None if unknown.

    Example:
        >>> ExecutionError("`Add` node 'dense/add' failed", node="dense/add", op_type="Add").node
        'dense/add'
    """

    def __init__(
        self, message: str, *, node: str | None = None, op_type: str | None = None
    ) -> None:
        super().__init__(message)
        self.node = node
        self.op_type = op_type
