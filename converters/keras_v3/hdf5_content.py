"""HDF5 of Keras 3 in the layout of Keras 2: where things are is the same, the words differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from konnx.converters.configs.keras_3 import to_keras_2
from konnx.converters.hdf5 import KerasFile
from konnx.converters.hdf5.keras_file import NamedArray
from konnx.converters.keras_v3.training import training_config

_PAIRED = frozenset({"Adadelta", "Adam", "AdamW", "Adamax", "Nadam"})
"""Optimizers that keep two slots for each weight; a third one is written behind all of those."""


def in_words_of_keras_2(content: KerasFile) -> KerasFile:
    """Return the content of a file with its configs and its optimizer's state as Keras 2 has them.

    Files that Keras 3 did not write stay as they are, but for the state of the optimizers that
    tf.keras has from 2.11 on, which are those of Keras 3.
    """
    version = content.root_keras_version or content.keras_version or ""
    if not version.startswith("3."):
        return _with_state_of_keras_2(content)
    compiled = content.training_config
    config = None if compiled is None else _training(compiled)
    state = content.optimizer_weights
    if state and config is not None:
        state = _slot_by_slot(state, config["optimizer_config"])
    return replace(
        content,
        model_config=content.model_config and to_keras_2(content.model_config, version),
        training_config=config,
        optimizer_weights=state,
    )


def _with_state_of_keras_2(content: KerasFile) -> KerasFile:
    state, compiled = content.optimizer_weights, content.training_config
    optimizer = compiled.get("optimizer_config") if compiled else None
    if not state or state[0][0] != "iteration:0" or not isinstance(optimizer, dict):
        return content
    return replace(content, optimizer_weights=_slot_by_slot(state, optimizer))


def _training(compiled: dict[str, Any]) -> dict[str, Any] | None:
    return training_config(
        {"compile_config": {**compiled, "optimizer": compiled.get("optimizer_config")}}
    )


def _slot_by_slot(state: Sequence[NamedArray], optimizer: Any) -> list[NamedArray]:
    """Return a state with the slots of a kind together, without the learning rate."""
    first, *slots = (one for one in state if "learning_rate" not in one[0])
    if str(optimizer.get("class_name")).rpartition(">")[2] not in _PAIRED:
        return [first, *slots]
    kinds = 3 if (optimizer.get("config") or {}).get("amsgrad") else 2
    paired = 2 * (len(slots) // kinds)
    return [first, *slots[0:paired:2], *slots[1:paired:2], *slots[paired:]]
