"""Arguments of Keras 1 that became others in Keras 2, not only others' names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Changes:
    """What was done to the arguments of one call or config.

    Attributes:
        renamed: old name and new name; None: the argument is no more.
        remarks: sentences about what cannot be kept.
    """

    renamed: list[tuple[str, str | None]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


Adapter = Callable[[dict[str, Any], Changes], None]
"""Changes arguments in place and notes what it did."""


def drop(name: str, remark: str = "") -> Adapter:
    """Return the adapter that leaves an argument out, with a remark or as a rename to nothing."""

    def adapt(arguments: dict[str, Any], changes: Changes) -> None:
        if name in arguments:
            del arguments[name]
            if remark:
                changes.remarks.append(remark)
            else:
                changes.renamed.append((name, None))

    return adapt


def join_sizes(*names: str) -> Adapter:
    """Return the adapter that makes one `kernel_size` from an argument for each axis."""

    def adapt(arguments: dict[str, Any], changes: Changes) -> None:
        given = [name for name in names if name in arguments]
        if not given:
            return
        sizes = [arguments.pop(name) for name in given]
        if given == list(names[1:]) and isinstance(arguments.get("kernel_size"), int):
            sizes.insert(0, arguments.pop("kernel_size"))
        if len(sizes) != len(names) or "kernel_size" in arguments:
            raise TypeError(
                f"The size of a kernel must be given as `kernel_size`, or, as in Keras 1, by all "
                f"of {', '.join(f'`{name}`' for name in names)}. Received: {', '.join(given)}"
            )
        arguments["kernel_size"] = tuple(sizes)
        changes.renamed.append(("/".join(names), "kernel_size"))

    return adapt


def join_input_shape(arguments: dict[str, Any], changes: Changes) -> None:
    """Make `input_shape` from `input_dim` and `input_length`."""
    if "input_dim" in arguments:
        length, size = arguments.pop("input_length", None), arguments.pop("input_dim")
        arguments["input_shape"] = (length, size)
        changes.renamed.append(("input_dim", "input_shape"))


def recurrent_input_shape(arguments: dict[str, Any], changes: Changes) -> None:
    """Do the same for recurrent layers, which also take `input_shape` apart."""
    if "input_dim" in arguments:
        join_input_shape(arguments, changes)
        changes.remarks.append(
            "Recurrent layers no longer take `input_dim` and `input_length`: use "
            "`input_shape=(input_length, input_dim)`."
        )


def forget_bias(arguments: dict[str, Any], changes: Changes) -> None:
    """Keep the forget gate's bias of one; every other start is ignored, as in Keras 2."""
    if "forget_bias_init" not in arguments:
        return
    if arguments.pop("forget_bias_init") == "one":
        arguments["unit_forget_bias"] = True
        changes.renamed.append(("forget_bias_init", "unit_forget_bias"))
    else:
        changes.remarks.append(
            "`forget_bias_init` is ignored. Use `unit_forget_bias=True` to start with ones."
        )


def split_initializer(arguments: dict[str, Any], changes: Changes) -> None:
    """Give the one initializer of a separable convolution to both kernels."""
    if "init" in arguments:
        start = arguments.pop("init")
        arguments |= {"depthwise_initializer": start, "pointwise_initializer": start}
        changes.renamed.append(("init", "depthwise_initializer/pointwise_initializer"))


def normalization_mode(arguments: dict[str, Any], changes: Changes) -> None:
    """Leave the mode of a batch normalization out; Keras 2 has the first only.

    Raises:
        TypeError: another mode is asked for.
    """
    if "mode" not in arguments:
        return
    mode = arguments.pop("mode")
    if mode != 0:
        raise TypeError(
            "`mode` of a batch normalization is no more since Keras 2: normalization of each "
            "sample (1) and with batch statistics at all times (2) went with it. "
            f"Received: mode={mode!r}"
        )
    changes.renamed.append(("mode", None))


_SIDES = (("top_pad", "bottom_pad"), ("left_pad", "right_pad"))


def padding_sides(arguments: dict[str, Any], changes: Changes) -> None:
    """Pair the paddings of four sides, which Keras 1 took by name or in a row."""
    padding = arguments.get("padding")
    if isinstance(padding, dict) and set(padding) <= {side for pair in _SIDES for side in pair}:
        arguments["padding"] = tuple(tuple(padding.get(side, 0) for side in p) for p in _SIDES)
    elif isinstance(padding, tuple | list) and len(padding) == 4:
        arguments["padding"] = (tuple(padding[:2]), tuple(padding[2:]))
    else:
        return
    changes.remarks.append(
        "`padding` of four sides is given as "
        "`padding=((top_pad, bottom_pad), (left_pad, right_pad))` since Keras 2."
    )


def padding_ends(arguments: dict[str, Any], changes: Changes) -> None:
    """Put the paddings of two ends, which Keras 1 took by name, in a row."""
    padding = arguments.get("padding")
    if isinstance(padding, dict) and set(padding) <= {"left_pad", "right_pad"}:
        arguments["padding"] = (padding.get("left_pad", 0), padding.get("right_pad", 0))
        changes.remarks.append(
            "`padding` of two ends is given as `padding=(left_pad, right_pad)` since Keras 2."
        )


_OF_SAMPLES = {"samples_per_epoch", "val_samples", "nb_epoch", "nb_val_samples", "nb_worker"}


def samples_to_steps(arguments: dict[str, Any], changes: Changes) -> None:
    """Count batches instead of samples, where the generator tells how large they are."""
    if _OF_SAMPLES & set(arguments):
        changes.remarks.append(
            "Keras 2 counts batches where Keras 1 counted samples: `steps_per_epoch` is "
            "`samples_per_epoch` / batch size, `validation_steps` and `steps` are likewise "
            "`nb_val_samples` and `val_samples`. Update your call accordingly."
        )
    if "samples_per_epoch" in arguments:
        samples = arguments.pop("samples_per_epoch")
        size = getattr(arguments.get("generator"), "batch_size", 1)
        arguments["steps_per_epoch"] = samples // size
        changes.renamed.append(("samples_per_epoch", "steps_per_epoch"))
