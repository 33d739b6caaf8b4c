"""Models: networks that can be trained, evaluated, run, saved and exported."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from konnx.models.config import network_config, network_from_config
from konnx.models.conversion import Conversion
from konnx.models.summary import print_summary
from konnx.models.training import TrainableNetwork

Path = str | os.PathLike[str]


class Model(TrainableNetwork):
    """A graph of layers that can be trained, evaluated, run, saved and exported.

    Args:
        inputs: a tensor of `Input`, or a list of them.
        outputs: a tensor that depends on them, or a list.
        name: default: "model_1", …

    Example:
        >>> import numpy as np
        >>> from konnx.layers import Dense, Input
        >>> x = Input(shape=(4,))
        >>> model = Model(x, Dense(2)(x))
        >>> model.compile("sgd", "mse")
        >>> model.predict(np.zeros((3, 4))).shape
        (3, 2)
    """

    conversion_report: Sequence[Conversion] = ()
    """What reading files of other Keras versions converted; empty for models made here."""

    def get_config(self) -> Any:
        """Return the config: layers and how they are called, as Keras 2 writes it."""
        return network_config(self)

    @classmethod
    def from_config(cls, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Build a model from what `get_config` returned.

        Args:
            config: also as tf.keras 2 writes it.
            custom_objects: layer classes and functions of your own, by the names in the config.

        Raises:
            ValueError: the config is damaged, or names unknown classes.
        """
        model = network_from_config(cls, config, custom_objects)
        assert isinstance(model, cls)
        return model

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by config, weights and the state of training."""
        from konnx.models.pickling import reduce_model

        return reduce_model(self)

    def to_json(self, **kwargs: Any) -> str:
        """Return class and config as JSON; the arguments go to `json.dumps`."""
        from konnx.models.saving import model_config

        return json.dumps(model_config(self), **kwargs)

    def to_yaml(self, **kwargs: Any) -> str:
        """Return class and config as YAML; needs PyYAML, the arguments go to `yaml.safe_dump`."""
        from konnx.models.saving import model_to_yaml

        return model_to_yaml(self, **kwargs)

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], None] | None = None,
    ) -> None:
        """Print a table of the layers; see `konnx.models.summary.print_summary`."""
        self.check_built("be summarized")
        self.warn_of_changed_trainable()
        print_summary(self, line_length, positions, print_fn)

    def save(self, filepath: Path, overwrite: bool = True, include_optimizer: bool = True) -> None:
        """Write architecture, weights and training state to a file of Keras.

        Args:
            filepath: the file to write; it appears whole or not at all. One that is called `.keras`
                becomes an archive of Keras 3, any other HDF5 of Keras 2.
            overwrite: whether to replace a file of that name.
            include_optimizer: whether to write what `compile` set and the optimizer's state.

        Raises:
            ValueError: Keras 3 does not have a layer, or what it is asked to do.
            FileExistsError: the file exists and `overwrite` is False.
        """
        from konnx.converters import save_model

        save_model(self, filepath, overwrite=overwrite, include_optimizer=include_optimizer)

    def save_weights(self, filepath: Path, overwrite: bool = True) -> None:
        """Write the weights to an HDF5 file.

        It has the layout of Keras 3, if it is called `.weights.h5`, or else that of Keras 2; see
        `save`.
        """
        from konnx.converters import save_weights

        save_weights(self, filepath, overwrite=overwrite)

    def load_weights(
        self,
        filepath: Path,
        by_name: bool = False,
        skip_mismatch: bool = False,
        reshape: bool = False,
        *,
        source_backend: str | None = None,
    ) -> None:
        """Read weights from a file of Keras, of weights or of a whole model.

        Args:
            filepath: HDF5 of any Keras, a `.keras` archive, or the `.weights.json` file beside the
                parts of a large one; the content counts, not the name.
            by_name: match layers by name, and leave the others as they are; otherwise in order.
            skip_mismatch: with `by_name`, leave layers as they are whose weights do not fit, with
                a warning.
            reshape: bring weights into shape that have as many elements.
            source_backend: the backend of the Keras that wrote the file, where it does not say so
                itself: files of Keras 1 do not. "theano" mirrors kernels.

        Raises:
            ValueError: layers or shapes do not fit; nothing is changed.
        """
        from konnx.converters import load_weights

        load_weights(
            self,
            filepath,
            by_name=by_name,
            skip_mismatch=skip_mismatch,
            reshape=reshape,
            source_backend=source_backend,
        )

    def export(
        self,
        filepath: Path,
        opset: int | None = None,
        overwrite: bool = True,
        **options: Any,
    ) -> None:
        """Write an ONNX model for inference.

        Inputs and outputs have the names of their layers and a batch axis named "batch"; what only
        training needs is gone; batch normalization is folded into convolutions. A stateful model
        becomes one that starts, at each run, from the states that it has now.

        Args:
            filepath: the file to write; it appears whole or not at all.
            opset: of the ONNX operators; default: the one konnx emits, 18.
            overwrite: whether to replace a file of that name.
            options: what a deployment may ask for, such as a fixed batch, channels first, float16,
                int8, states as inputs and outputs, labels; see `konnx.converters.ExportOptions`.

        Raises:
            ValueError: the model cannot be written in that opset, or an option does not fit it.
        """
        from konnx.converters import export_onnx

        export_onnx(self, filepath, opset=opset, overwrite=overwrite, **options)

    def export_training(
        self,
        filepath: Path,
        sample_weight: Any = False,
        include_predict: bool = True,
        include_evaluate: bool = True,
        overwrite: bool = True,
    ) -> dict[str, pathlib.Path]:
        """Write the training step as ONNX files that any stock ONNX Runtime runs in a loop.

        "digits.onnx" is one training step, of standard operators only (opset 18). Its inputs are
        "data/<input>", "target/<output>" and "sample_weight/<output>", the state as
        "state/<variable>" (weights, averages, what the optimizer keeps), "learning_rate" and
        "seed", from which all random numbers come. Its outputs are "loss", "metric/<name>" and
        "next/<variable>", to be fed as the state of the next run. Beside it appear

        - "digits_init.onnx", without inputs, whose outputs are the first state and the learning
          rate, by the names of the step's inputs;
        - "digits_predict.onnx", "prediction/<output>" from data and state;
        - "digits_evaluate.onnx", loss and metrics without training.

        Each file lists its inputs and outputs in its metadata; docs/training_export.md has the
        details and the loop in Python and JavaScript. `load_training_state` is the way back.

        Args:
            filepath: the file of the step; the others get its name with the endings above. They
                appear whole, once all of them are ready.
            sample_weight: whether a run is given weights of the samples; a list, or a dict by
                output name, if there are several outputs.
            include_predict: whether to write the file that predicts.
            include_evaluate: whether to write the file that evaluates.
            overwrite: whether to replace files of these names.

        Returns:
            The files written by part: "step", "init", "predict" and "evaluate".

        Raises:
            RuntimeError: the model is not compiled.
            FileExistsError: a file exists and `overwrite` is False; none is written then.
        """
        from konnx.converters import export_training

        return export_training(
            self,
            filepath,
            sample_weight=sample_weight,
            include_predict=include_predict,
            include_evaluate=include_evaluate,
            overwrite=overwrite,
        )

    def export_training_artifacts(
        self,
        folder: Path,
        optimizer: Any = None,
        weight_decay: float = 0.0,
        overwrite: bool = True,
    ) -> dict[str, pathlib.Path]:
        """Write what onnxruntime-training trains with on a device, without Python or konnx.

        The folder then holds

        - "checkpoint": the weights, and the learning rate as the property "learning_rate" (give it
          to Optimizer.set_learning_rate: a checkpoint holds no rate that would take effect);
        - "training_model.onnx": one step, from inputs, targets ("<output>_target") and, if the
          model draws random numbers, "seed" (int64, without axes; a new one each step), to "loss"
          and metrics. Moving averages, as of batch normalization, it moves by itself;
        - "eval_model.onnx": from inputs and targets, loss and metrics without training, and the
          outputs by their names;
        - "optimizer_model.onnx": SGD, or Adam as AdamW.

        They are for Module, Optimizer and CheckpointState of onnxruntime-training 1.19, in any of
        its languages, and train as this model does; docs/on_device_training.md shows the loop.

        Args:
            folder: it is made if it does not exist. The files appear whole, once all are ready.
            optimizer: a name, config or `Optimizer`; default: the compiled one. SGD without
                momentum and Adam can be written, with `clipnorm`.
            weight_decay: by how much of itself, times the learning rate, Adam makes a weight
                smaller at each step (AdamW).
            overwrite: whether to replace files of these names.

        Returns:
            The files by part: "checkpoint", "training", "eval" and "optimizer".

        Raises:
            RuntimeMissingError: the training build of ONNX Runtime is not installed.
            RuntimeError: the model is not compiled.
            ValueError: onnxruntime-training cannot train the model, or has no such optimizer.
            FileExistsError: a file exists and `overwrite` is False; none is written then.
        """
        from konnx.converters import export_training_artifacts

        return export_training_artifacts(
            self,
            folder,
            optimizer=optimizer,
            weight_decay=weight_decay,
            overwrite=overwrite,
        )

    def load_training_state(self, state: Mapping[str, Any] | Path) -> None:
        """Take over the weights and the optimizer's state from runs of an exported training step.

        Args:
            state: arrays by the names of the step's inputs ("state/…", "learning_rate") or outputs
                ("next/…"), or an .npz file of them; other names are left aside. All weights of the
                model must be there; what the optimizer keeps may be absent, and then stays.

        Raises:
            RuntimeError: the model is not compiled.
            ValueError: names or shapes do not fit; nothing is changed.
        """
        from konnx.converters import load_training_state

        load_training_state(self, state)
