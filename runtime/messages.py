"""Reading ONNX Runtime's messages: the useful words stand at the end, after C++ locations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from konnx.runtime.errors import ExecutionError
from konnx.runtime.installation import onnxruntime_module

_CODE = re.compile(r"\[ONNXRuntimeError\] : \d+ : \w+ : ")
# A source location and a C++ signature; argument lists hold at most one inner pair of parentheses.
_LOCATION = re.compile(
    r"\S+\.(?:cc|h|hpp|cu|cuh):\d+ [^()]*\((?:[^()]|\([^()]*\))*\)(?: const)?(?:::<lambda[^>]*>)? ?"
)
_CONDITION = re.compile(r"^.*? was false\.\s*(?=\S)", re.DOTALL)
_ADVICE = re.compile(r"\s*Please fix either the inputs/outputs or the model\.")
_PREFIXES = (
    "Error in execution: ",
    "Failed to load model with error: ",
    "This is an invalid model. ",
)

_NODES = tuple(
    re.compile(pattern)
    for pattern in (
        r"while running (?P<op>\w+) node\. Name:'(?P<node>[^']*)'",
        r"implementation for (?P<op>\w+)\(\d+\) node with name '(?P<node>[^']*)'",
        r"In Node, \(\"(?P<node>[^\"]*)\", (?P<op>\w+),",
        r"of operator \((?P<op>\w+)\) in node \((?P<node>[^)]*)\)",
        r"Node \((?P<node>[^)]*)\) Op \((?P<op>\w+)\)",
        r"of node \((?P<node>[^)]*)\)",
    )
)
_OUTDATED = re.compile(r"No Op registered|Unsupported model IR version|Opset \d+ is under develop")


@dataclass(frozen=True)
class Report:
    """What one ONNX Runtime message says: the node at fault, its operator, and the useful words."""

    node: str | None
    op_type: str | None
    detail: str

    @property
    def subject(self) -> str:
        """The node in words, e.g. "`Reshape` node 'flatten/reshape'"."""
        if self.node is None:
            return "the model"
        operator = f"`{self.op_type}` " if self.op_type else ""
        return f"{operator}node {self.node!r}"


def read_message(message: str) -> Report:
    """Take an ONNX Runtime message apart.

    Arguments:
        message: text of an exception that ONNX Runtime raised.

    Example:
        >>> read_message("Could not find an implementation for Conv(11) node with name 'c1'").node
        'c1'
    """
    found = next((match for pattern in _NODES if (match := pattern.search(message))), None)
    groups = found.groupdict() if found else {}
    return Report(groups.get("node") or None, groups.get("op") or None, _useful_tail(message))


def _useful_tail(message: str) -> str:
    text = _CODE.sub("", message).rpartition("Status Message: ")[2].strip()
    for prefix in _PREFIXES:
        text = text.removeprefix(prefix)
    text = _CONDITION.sub("", _ADVICE.sub("", _LOCATION.sub("", text)))
    return " ".join(text.split()).rstrip(".") or "no reason was given"


def loading_error(error: Exception, device: object) -> ExecutionError:
    """Return the error to raise where ONNX Runtime refused a model.

    Arguments:
        error: what ONNX Runtime raised; the caller chains it with `from`.
        device: the device that the model was to run on.
    """
    report = read_message(str(error))
    message = (
        f"ONNX Runtime cannot load {report.subject} for {device}: {report.detail}. "
        f"{_loading_remedy(str(error), report)}"
    )
    return ExecutionError(message, node=report.node, op_type=report.op_type)


def _loading_remedy(message: str, report: Report) -> str:
    version = onnxruntime_module().__version__
    if _OUTDATED.search(message):
        return f"Use a newer onnxruntime (found {version}), or an older opset in the model."
    if "Could not find an implementation" in message:
        return (
            f"onnxruntime {version} has no kernel of {report.op_type} for these types: use float32 "
            "there, or a newer onnxruntime."
        )
    return "Check the model with onnx.checker.check_model(model, full_check=True)."


def running_error(
    error: Exception, device: object, fed: Iterable[tuple[str, object]]
) -> ExecutionError:
    """Return the error to raise where a run failed.

    Arguments:
        error: what ONNX Runtime raised; the caller chains it with `from`.
        device: the device that the model ran on.
        fed: name and value of each feed, whose shapes and dtypes the message lists.
    """
    report = read_message(str(error))
    listed = ", ".join(f"{name}={describe(value)}" for name, value in fed) or "nothing"
    message = (
        f"Running {report.subject} failed on {device}: {report.detail}. Fed: {listed}. "
        "Check these shapes and values against what the node needs."
    )
    return ExecutionError(message, node=report.node, op_type=report.op_type)


def describe(value: object) -> str:
    """Return dtype and shape of an array in words, or the type's name of anything else.

    Example:
        >>> describe(np.zeros((2, 3), np.float32))
        'float32 (2, 3)'
    """
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    return type(value).__name__
