"""Models with training, evaluation, prediction and files."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from konnx import optimizers
from konnx.autodiff import check_engine
from konnx.callbacks import Callback, History
from konnx.layers.spec import unpack
from konnx.models.config import network_config, network_from_config
from konnx.models.network import Network
from konnx.models.summary import print_summary
from konnx.optimizers import Optimizer
from konnx.training import loop
from konnx.training.compiled import Compiled
from konnx.training.data import (
    Arrays,
    split,
    standardize_inputs,
    standardize_training_data,
)
from konnx.training.predictor import Predictor

Path = str | os.PathLike[str]


class Model(Network):
    """A graph of layers that can be trained, evaluated, run, saved and exported.

    Args:
        inputs: a tensor of `Input`, or a list of them.
        outputs: a tensor that depends on them, or a list.
        name: default: "model_1", …

    Example:
        >>> from konnx.layers import Dense, Input
        >>> x = Input(shape=(4,))
        >>> model = Model(x, Dense(2)(x))
        >>> model.compile("sgd", "mse")
        >>> model.predict(np.zeros((3, 4))).shape
        (3, 2)
    """

    stop_training = False
    history: History
    _compiled: Compiled | None = None
    _pending_compile: Mapping[str, Any] = MappingProxyType({})
    _predictor: Predictor | None = None

    # Compiling

    def compile(
        self,
        optimizer: Any,
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        sample_weight_mode: Any = None,
        weighted_metrics: Any = None,
        target_tensors: Any = None,
        gradient_engine: str = "auto",
    ) -> None:
        """Set how to train.

        Args:
            optimizer: a name, config or `Optimizer`.
            loss: a name or a function of (y_true, y_pred); a list, or a dict by output name, if
                there are several outputs. None: what layers add is all.
            metrics: names or functions to report; "accuracy" means the one that fits the loss.
            loss_weights: factors of the outputs' losses; a list, or a dict by output name.
            sample_weight_mode: "temporal" for weights of time steps.
            weighted_metrics: metrics that sample weights count for.
            target_tensors: placeholders to use for the targets.
            gradient_engine: what differentiates the loss: "portable" (konnx' own rules),
                "onnxruntime-training" (the training build of ONNX Runtime; what it cannot
                differentiate goes to "portable", and the log says why) or "auto" (the latter
                where it is installed).

        Raises:
            ValueError: a name is unknown, or a list or dict does not fit the outputs.
            RuntimeMissingError: the gradient engine is not installed.
        """
        arguments = {
            "optimizer": optimizers.get(optimizer),
            "loss": loss,
            "metrics": metrics,
            "loss_weights": loss_weights,
            "sample_weight_mode": sample_weight_mode,
            "weighted_metrics": weighted_metrics,
            "target_tensors": target_tensors,
            "gradient_engine": gradient_engine,
        }
        check_engine(gradient_engine)
        if self.built:
            self._compiled = Compiled(self, **arguments)
        else:  # once the first data have shown the shape of the input
            self._pending_compile = arguments

    def _compile_if_pending(self) -> None:
        arguments, self._pending_compile = self._pending_compile, {}
        if arguments:
            self.compile(**arguments)

    @property
    def compiled(self) -> Compiled:
        """What `compile` set.

        Raises:
            RuntimeError: it was not called.
        """
        if self._compiled is None:
            raise RuntimeError(
                f"Model '{self.name}' is not compiled. Call model.compile(optimizer, loss) first."
            )
        return self._compiled

    @property
    def is_compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled is not None or bool(self._pending_compile)

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer given to `compile`; AttributeError before."""
        optimizer: Optimizer = self._attribute_of_compiled("optimizer")
        return optimizer

    @property
    def loss(self) -> Any:
        """The loss given to `compile`; AttributeError before."""
        return self._attribute_of_compiled("loss")

    @property
    def metrics_names(self) -> list[str]:
        """The names of what evaluation and training steps return; AttributeError before."""
        names: list[str] = self._attribute_of_compiled("metrics_names")
        return names

    def _attribute_of_compiled(self, name: str) -> Any:
        if name in self._pending_compile:
            return self._pending_compile[name]
        if self._compiled is None:
            raise AttributeError(
                f"Model '{self.name}' has no `{name}` before model.compile(optimizer, loss)"
                f"{'.' if self.built else ' and before its input shape is known.'}"
            )
        return getattr(self._compiled, name)

    def check_built(self, what: str) -> None:
        """Check that the model has its weights.

        Raises:
            ValueError: it waits for an input shape, so it cannot do `what`.
        """
        if not self.built:
            raise ValueError(
                f"Model '{self.name}' has no input shape yet, so it cannot {what}. Give its "
                "first layer `input_shape`, or call model.build((None, ...))."
            )

    def _build_for_data(self, x: Any) -> None:
        """Take the input's shape from data, if it is not known yet and the model can do so."""

    def _forget_functions(self) -> None:
        self._predictor = None

    # Training

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: Mapping[Any, Any] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
    ) -> History:
        """Train on arrays.

        Args:
            x: inputs: an array, a list of them, or a dict by input name.
            y: targets, likewise by output.
            batch_size: samples a step; default 32. The last batch may be smaller.
            epochs: times to go over the data.
            verbose: 0 (nothing), 1 (a progress bar), 2 (a line an epoch).
            callbacks: told of what happens, after the standard ones.
            validation_split: the fraction of the samples, from the end, kept for validation.
            validation_data: (x, y) or (x, y, sample_weight) for validation.
            shuffle: whether to mix the samples in each epoch; "batch" mixes whole batches.
            class_weight: {class number: weight}; by output name if there are several.
            sample_weight: a weight for each sample.
            initial_epoch: the number of the first epoch, to go on with a fit.

        Returns:
            A History, whose `history` holds the values of each epoch by name.

        Raises:
            RuntimeError: the model is not compiled.
            ValueError: arrays are empty, of different lengths, or of the wrong shape.
        """
        _check_count("batch_size", batch_size)
        _check_count("epochs", epochs)
        arrays, weighted = self._training_data(x, y, sample_weight, class_weight)
        self._check_batches(arrays, batch_size)
        validation = None
        if validation_data is not None:
            validation = self._validation(validation_data)
        elif validation_split:
            arrays, rest = split(arrays, validation_split)
            validation = loop.Validation(self.compiled.test_function(weighted), rest)
        return loop.fit(
            self,
            self.compiled.train_function(weighted),
            arrays,
            self.metrics_names,
            batch_size=batch_size or 32,
            epochs=epochs,
            initial_epoch=initial_epoch,
            verbose=verbose,
            callbacks=callbacks or (),
            shuffle=shuffle,
            validation=validation,
        )

    def _validation(self, data: Any) -> loop.Validation:
        if not isinstance(data, list | tuple) or len(data) not in (2, 3):
            raise ValueError(
                "`validation_data` must be (x, y) or (x, y, sample_weight). "
                f"Received: {type(data).__name__}"
            )
        x, y, *rest = data
        arrays, weighted = self._training_data(x, y, rest[0] if rest else None, None)
        return loop.Validation(self.compiled.test_function(weighted), arrays)

    def _training_data(
        self, x: Any, y: Any, sample_weight: Any, class_weight: Any
    ) -> tuple[Arrays, list[bool]]:
        self._build_for_data(x)
        return standardize_training_data(self, self.compiled, x, y, sample_weight, class_weight)

    def train_on_batch(
        self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None
    ) -> Any:
        """Do one training step on the samples; returns the loss, or a list with the metrics."""
        arrays, weighted = self._training_data(x, y, sample_weight, class_weight)
        return _numbers(self.compiled.train_function(weighted)(arrays))

    def test_on_batch(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        """Compute loss and metrics on the samples at once; see `train_on_batch`."""
        arrays, weighted = self._training_data(x, y, sample_weight, None)
        return _numbers(self.compiled.test_function(weighted)(arrays))

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int = 1,
        sample_weight: Any = None,
    ) -> Any:
        """Compute loss and metrics, batch by batch.

        Returns:
            The loss, or a list of the loss and the metrics in the order of `metrics_names`.
        """
        _check_count("batch_size", batch_size)
        arrays, weighted = self._training_data(x, y, sample_weight, None)
        self._check_batches(arrays, batch_size)
        step = self.compiled.test_function(weighted)
        return unpack(loop.evaluate(step, arrays, batch_size or 32, verbose))

    # Prediction

    def predict(self, x: Any, batch_size: int | None = None, verbose: int = 0) -> Any:
        """Compute the outputs, batch by batch.

        Args:
            x: inputs: an array, a list of them, or a dict by input name.
            batch_size: samples a run; default 32.
            verbose: 1 shows a progress bar.

        Returns:
            An array, or a list of arrays if there are several outputs.
        """
        _check_count("batch_size", batch_size)
        arrays = self._inputs_for(x)
        self._check_batches(arrays, batch_size)
        return unpack(loop.predict(self._predict_step(), arrays, batch_size or 32, verbose))

    def predict_on_batch(self, x: Any) -> Any:
        """Compute the outputs for all samples in one run."""
        arrays = self._inputs_for(x)
        return unpack(self._predict_step()(arrays))

    def _predict_step(self) -> Predictor:
        if self._predictor is None:
            self._predictor = Predictor(self.inputs, self.outputs, self.state_updates)
        return self._predictor

    def _inputs_for(self, x: Any) -> Arrays:
        self._build_for_data(x)
        self.check_built("predict")
        return standardize_inputs(self, x)

    def _check_batches(self, arrays: Arrays, batch_size: int | None) -> None:
        """Check that a stateful model gets whole batches."""
        samples, size = len(arrays[0]), batch_size or 32
        if self.stateful and samples % size and samples != self.inputs[0].shape[0]:
            raise ValueError(
                f"Model '{self.name}' is stateful: it carries the state of each sample from batch "
                "to batch, so the number of samples must be divisible by the batch size. "
                f"Received: {samples} samples, batch_size={batch_size}"
            )

    # Configs and files

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

    def to_json(self, **kwargs: Any) -> str:
        """Return class and config as JSON; the arguments go to `json.dumps`."""
        from konnx.models.saving import model_config

        return json.dumps(model_config(self), **kwargs)

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], None] | None = None,
    ) -> None:
        """Print a table of the layers; see `konnx.models.summary.print_summary`."""
        self.check_built("be summarized")
        print_summary(self, line_length, positions, print_fn)

    def save(self, filepath: Path, overwrite: bool = True, include_optimizer: bool = True) -> None:
        """Write architecture, weights and training state to a Keras 2 HDF5 file.

        Args:
            filepath: the file to write; it appears whole or not at all.
            overwrite: whether to replace a file of that name.
            include_optimizer: whether to write what `compile` set and the optimizer's state.

        Raises:
            FileExistsError: the file exists and `overwrite` is False.
        """
        from konnx.converters import save_model

        save_model(self, filepath, overwrite=overwrite, include_optimizer=include_optimizer)

    def save_weights(self, filepath: Path, overwrite: bool = True) -> None:
        """Write the weights to a Keras 2 HDF5 file; see `save`."""
        from konnx.converters import save_weights

        save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: Path, by_name: bool = False) -> None:
        """Read weights from an HDF5 file, of weights or of a whole model.

        Args:
            filepath: the file.
            by_name: match layers by name, and leave the others as they are; otherwise in order.

        Raises:
            ValueError: layers or shapes do not fit; nothing is changed.
        """
        from konnx.converters import load_weights

        load_weights(self, filepath, by_name=by_name)

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


def _numbers(values: Sequence[np.ndarray]) -> Any:
    return unpack([float(value) for value in values])


def _check_count(name: str, value: Any) -> None:
    if value is not None and (not isinstance(value, int | np.integer) or value < 1):
        raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value!r}")
