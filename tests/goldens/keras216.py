"""Real Keras 2.1.6, run on the version 1 interface of today's TensorFlow.

Keras 2.1.6 expects a TensorFlow and a Python of 2018. `load` gives it what has moved since: names
of `collections` and `inspect`, the version 1 interface under the name `tensorflow`, and the
old `while_loop`. Nothing of Keras itself is changed.
"""

from __future__ import annotations

import collections
import collections.abc
import importlib
import inspect
import os
import sys
import types
from pathlib import Path
from typing import Any

_ABSTRACT = ("Callable", "Iterable", "Mapping", "MutableMapping", "Sequence")


def load(folder: str | Path) -> Any:
    """Import Keras 2.1.6 and return the package.

    Args:
        folder: where its wheel is unpacked; it holds `keras/`.
    """
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
    import tensorflow as tf
    from tensorflow.python.ops import control_flow_ops, while_loop

    legacy = tf.compat.v1
    legacy.logging.set_verbosity(legacy.logging.ERROR)
    legacy.disable_v2_behavior()
    legacy.disable_control_flow_v2()
    legacy.enable_resource_variables()  # others may be written before a gradient has read them
    control_flow_ops.while_loop = while_loop.while_loop
    sys.modules["tensorflow"] = legacy
    _restore_python()
    for name in [name for name in sys.modules if name.partition(".")[0] == "keras"]:
        del sys.modules[name]  # Keras 3, which TensorFlow has imported
    sys.path.insert(0, str(folder))
    keras = importlib.import_module("keras")
    if keras.__version__ != "2.1.6":
        raise SystemExit(f"{folder} must hold Keras 2.1.6. Received: {keras.__version__}")
    return keras


def _restore_python() -> None:
    for name in _ABSTRACT:
        setattr(collections, name, getattr(collections.abc, name))
    inspect.getargspec = _argument_names  # type: ignore[attr-defined]
    sys.modules.setdefault("yaml", types.ModuleType("yaml"))  # imported, but not used here


def _argument_names(function: Any) -> types.SimpleNamespace:
    """Stand in for `inspect.getargspec`, which Python 3.11 has no more."""
    spec = inspect.getfullargspec(function)
    return types.SimpleNamespace(
        args=spec.args, varargs=spec.varargs, keywords=spec.varkw, defaults=spec.defaults
    )
