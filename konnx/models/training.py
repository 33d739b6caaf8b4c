"""Networks that are trained, evaluated and run, on arrays and on streams of batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from konnx.callbacks import Callback, History
from konnx.layers.spec import unpack
from konnx.legacy.calls import accept_keras_1
from konnx.legacy.table import FIT, FIT_GENERATOR, READ_GENERATOR
from konnx.models.compiling import CompiledNetwork
from konnx.training import loop
from konnx.training.data import (
    Arrays,
    part,
    split,
    standardize_inputs,
    standardize_training_data,
)
from konnx.training.exchanged import Compute
from konnx.training.predictor import Predictor
from konnx.training.sources import (
    ArrayBatches,
    Reading,
    Source,
    Step,
    StreamBatches,
    count_steps,
    inputs_of,
    is_stream,
    opened,
)
from konnx.utils.random import own_run_seeds

_BATCH_SIZE = 32


class TrainableNetwork(CompiledNetwork):
    """A network with the loops over batches."""

    stop_training = False
    history: History

    # On arrays

    @accept_keras_1(FIT)
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
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
    ) -> History:
        """Train on arrays, or on batches as `fit_generator` does.

        Args:
            x: inputs: an array, a list of them, or a dict by input name; or a generator or
                `konnx.utils.Sequence` of batches.
            y: targets, likewise by output.
            batch_size: samples a step; default 32. The last batch may be smaller.
            epochs: times to go over the data.
            verbose: 0 (nothing), 1 (a progress bar), 2 (a line an epoch).
            callbacks: told of what happens, after the standard ones.
            validation_split: the fraction of the samples, from the end, kept for validation.
            validation_data: (x, y) or (x, y, sample_weight) for validation, or batches of them.
            shuffle: whether to mix the samples in each epoch; "batch" mixes whole batches.
            class_weight: {class number: weight}; by output name if there are several.
            sample_weight: a weight for each sample.
            initial_epoch: the number of the first epoch, to go on with a fit.
            steps_per_epoch: batches in an epoch; the next epoch goes on where one ended. Default:
                all, once.
            validation_steps: batches of each validation; default: all.
            max_queue_size: see `fit_generator`, as for the two that follow.
            workers: threads or processes that fetch batches.
            use_multiprocessing: processes instead of threads.

        Returns:
            A History, whose `history` holds the values of each epoch by name.

        Raises:
            RuntimeError: the model is not compiled.
            ValueError: arrays are empty, of different lengths, or of the wrong shape.
        """
        if is_stream(x):
            _check_no(y=y, batch_size=batch_size, sample_weight=sample_weight)
            _check_no(validation_split=validation_split or None)
            return self.fit_generator(
                x,
                steps_per_epoch,
                epochs,
                verbose,
                callbacks,
                validation_data,
                validation_steps,
                class_weight,
                max_queue_size,
                workers,
                use_multiprocessing,
                bool(shuffle),
                initial_epoch,
            )
        counts = {
            "batch_size": batch_size,
            "epochs": epochs,
            "steps_per_epoch": steps_per_epoch,
            "validation_steps": validation_steps,
        }
        for name, count in counts.items():
            _check_count(name, count)
        if validation_steps and validation_data is None and not validation_split:
            raise ValueError(
                "`validation_steps` needs `validation_data` or `validation_split`. Received: "
                f"validation_steps={validation_steps} and no data for validation"
            )
        size = batch_size or _BATCH_SIZE
        arrays, weighted = self._training_data(x, y, sample_weight, class_weight)
        self._check_batches(arrays, batch_size)
        reading = Reading(workers, max_queue_size, use_multiprocessing)
        if validation_data is None and validation_split:
            arrays, rest = split(arrays, validation_split)
            evaluated = self._evaluation(rest, weighted, size, validation_steps)
            shown = self._with_all_weights(rest, weighted)
            validation: loop.Validation | None = loop.Validation(evaluated, shown)
        else:
            validation = self._validation(validation_data, validation_steps, size, reading)
        step = self.compiled.train_step(weighted)
        source = ArrayBatches(arrays, step, size, shuffle, steps_per_epoch)
        return self._fit(source, epochs, initial_epoch, verbose, callbacks, validation)

    def _fit(
        self,
        source: Source,
        epochs: int,
        initial_epoch: int,
        verbose: int,
        callbacks: Sequence[Callback] | None,
        validation: loop.Validation | None,
    ) -> History:
        self.check_changed_trainable()
        return loop.fit(
            self,
            source,
            self.metrics_names,
            epochs=epochs,
            initial_epoch=initial_epoch,
            verbose=verbose,
            callbacks=callbacks or (),
            validation=validation,
            metrics=self._sums,
        )

    @property
    def _sums(self) -> loop.Sums:
        compiled = self.compiled
        return loop.Sums([*compiled.stateful_metrics], compiled.reset_metrics)

    def reset_metrics(self) -> None:
        """Begin the sums of metrics anew that are not means of batches, such as AUC.

        `fit`, `evaluate` and the methods for single batches do so themselves.
        """
        self.compiled.reset_metrics()

    def _evaluate(self, source: Source, verbose: int = 0) -> list[Any]:
        return loop.evaluate(source, self.metrics_names, self._sums, verbose)

    def _validation(
        self, data: Any, steps: int | None, batch_size: int, reading: Reading
    ) -> loop.Validation | None:
        """What each epoch is validated on: arrays, or a stream that is read anew each time."""
        if data is None:
            return None
        if is_stream(data):
            count_steps(data, steps, "validation_steps")
            return loop.Validation(lambda: self._evaluate_stream(data, steps, reading))
        if not isinstance(data, list | tuple) or len(data) not in (2, 3):
            raise ValueError(
                "`validation_data` must be (x, y) or (x, y, sample_weight), or a generator or "
                f"Sequence of batches of them. Received: {type(data).__name__}"
            )
        x, y, *rest = data
        arrays, weighted = self._training_data(x, y, rest[0] if rest else None, None)
        shown = self._with_all_weights(arrays, weighted)
        return loop.Validation(self._evaluation(arrays, weighted, batch_size, steps), shown)

    def _with_all_weights(self, arrays: Arrays, weighted: list[bool]) -> Arrays:
        """Inputs, targets and weights as callbacks expect them: where none are given, ones."""
        compiled = self.compiled
        count = len(arrays) - sum(weighted)
        given = iter(arrays[count:])
        modes = [compiled.modes[i] for i in compiled.trained_outputs]
        targets = arrays[len(self.inputs) : count]
        return arrays[:count] + [
            next(given) if is_given else np.ones(target.shape[: 2 if mode else 1], np.float32)
            for is_given, target, mode in zip(weighted, targets, modes, strict=True)
        ]

    def _evaluation(
        self, arrays: Arrays, weighted: list[bool], batch_size: int, steps: int | None
    ) -> loop.Validate:
        step = self.compiled.test_step(weighted)
        return lambda: self._evaluate(ArrayBatches(arrays, step, batch_size, steps=steps))

    def _training_data(
        self, x: Any, y: Any, sample_weight: Any, class_weight: Any
    ) -> tuple[Arrays, list[bool]]:
        self._build_for_data(x)
        return standardize_training_data(self, self.compiled, x, y, sample_weight, class_weight)

    def train_on_batch(
        self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None
    ) -> Any:
        """Do one training step on the samples; returns the loss, or a list with the metrics."""
        self.check_changed_trainable()
        arrays, weighted = self._training_data(x, y, sample_weight, class_weight)
        self.compiled.reset_metrics()
        return _numbers(self.compiled.train_step(weighted)(arrays))

    def test_on_batch(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        """Compute loss and metrics on the samples at once; see `train_on_batch`."""
        arrays, weighted = self._training_data(x, y, sample_weight, None)
        self.compiled.reset_metrics()
        return _numbers(self.compiled.test_step(weighted)(arrays))

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int = 1,
        sample_weight: Any = None,
        steps: int | None = None,
    ) -> Any:
        """Compute loss and metrics, batch by batch.

        Args:
            x: inputs, or batches; see `fit`.
            y: targets.
            batch_size: samples a run; default 32.
            verbose: 1 shows a progress bar.
            sample_weight: a weight for each sample.
            steps: the number of batches; default: all.

        Returns:
            The loss, or a list of the loss and the metrics in the order of `metrics_names`.
        """
        if is_stream(x):
            _check_no(y=y, batch_size=batch_size, sample_weight=sample_weight)
            return self.evaluate_generator(x, steps, verbose=verbose)
        _check_count("batch_size", batch_size)
        _check_count("steps", steps)
        arrays, weighted = self._training_data(x, y, sample_weight, None)
        self._check_batches(arrays, batch_size)
        step = self.compiled.test_step(weighted)
        source = ArrayBatches(arrays, step, batch_size or _BATCH_SIZE, steps=steps)
        return unpack(self._evaluate(source, verbose))

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: int = 0, steps: int | None = None
    ) -> Any:
        """Compute the outputs, batch by batch.

        Args:
            x: inputs: an array, a list of them, or a dict by input name; or batches of them.
            batch_size: samples a run; default 32.
            verbose: 1 shows a progress bar.
            steps: the number of batches; default: all.

        Returns:
            An array, or a list of arrays if there are several outputs.
        """
        if is_stream(x):
            _check_no(batch_size=batch_size)
            return self.predict_generator(x, steps, verbose=verbose)
        _check_count("batch_size", batch_size)
        _check_count("steps", steps)
        arrays, size = self._inputs_for(x), batch_size or _BATCH_SIZE
        self._check_batches(arrays, batch_size)
        if steps is not None:
            arrays = [part(array, 0, min(steps * size, len(array))) for array in arrays]
        return unpack(loop.predict(self._predict_step(), arrays, size, verbose))

    def predict_on_batch(self, x: Any) -> Any:
        """Compute the outputs for all samples in one run."""
        return unpack(self._outputs_for(x))

    def _outputs_for(self, x: Any) -> list[np.ndarray]:
        arrays = self._inputs_for(x)
        return self._predict_step()([array[:] for array in arrays])

    # Programs that serve a model from several threads call these of Keras before they start.

    def _make_predict_function(self) -> None:
        self._predict_step()

    def _make_test_function(self) -> None:
        self.compiled.test_step([False] * len(self.compiled.trained_outputs))

    def _make_train_function(self) -> None:
        self.compiled.train_step([False] * len(self.compiled.trained_outputs))

    def _predict_step(self) -> Compute:
        if self._predictor is None:
            if self.replicas is None:
                self._predictor = Predictor(self.inputs, self.outputs, self.state_updates)
            else:
                self._predictor = self.replicas.predictor(self.inputs, self.outputs)
        return self._predictor

    def _inputs_for(self, x: Any) -> Arrays:
        self._build_for_data(x)
        self.check_built("predict")
        return standardize_inputs(self, x)

    def _check_batches(self, arrays: Arrays, batch_size: int | None) -> None:
        """Check that a stateful model gets whole batches."""
        samples, size = len(arrays[0]), batch_size or _BATCH_SIZE
        if self.stateful and samples % size and samples != self.inputs[0].shape[0]:
            raise ValueError(
                f"Model '{self.name}' is stateful: it carries the state of each sample from batch "
                "to batch, so the number of samples must be divisible by the batch size. "
                f"Received: {samples} samples, batch_size={batch_size}"
            )

    # On streams of batches

    @accept_keras_1(FIT_GENERATOR)
    def fit_generator(
        self,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Sequence[Callback] | None = None,
        validation_data: Any = None,
        validation_steps: int | None = None,
        class_weight: Mapping[Any, Any] | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        shuffle: bool = True,
        initial_epoch: int = 0,
    ) -> History:
        """Train on batches that a generator or a `konnx.utils.Sequence` yields.

        Batches are fetched while the step before them is computed. A generator that ends before
        `steps_per_epoch * epochs` batches ends the fit, with a warning; an error that it raises is
        raised here, when its workers have ended.

        Args:
            generator: yields (inputs, targets) or (inputs, targets, sample_weights).
            steps_per_epoch: batches in an epoch; a Sequence knows it.
            epochs: times to go over the data.
            verbose: 0 (nothing), 1 (a progress bar), 2 (a line an epoch).
            callbacks: told of what happens, after the standard ones.
            validation_data: arrays (x, y) or (x, y, sample_weight), or a generator or Sequence.
            validation_steps: batches of each validation; arrays and a Sequence know it.
            class_weight: {class number: weight}; by output name if there are several.
            max_queue_size: the most batches that wait.
            workers: threads or processes that fetch; 0: none, the step waits for its batch.
            use_multiprocessing: processes instead of threads; see `konnx.utils.OrderedEnqueuer`.
            shuffle: whether to read the batches of a Sequence in random order.
            initial_epoch: the number of the first epoch, to go on with a fit.

        Returns:
            A History, whose `history` holds the values of each epoch by name.

        Raises:
            RuntimeError: the model is not compiled, or a worker process died.
            ValueError: what is yielded is no tuple of arrays that fit the model.
        """
        steps = count_steps(generator, steps_per_epoch, "steps_per_epoch")
        _check_count("epochs", epochs)
        shuffled = shuffle and steps_per_epoch is None
        reading = Reading(workers, max_queue_size, use_multiprocessing, shuffled)
        validation = self._validation(
            validation_data, validation_steps, _BATCH_SIZE, reading._replace(shuffle=False)
        )

        with own_run_seeds(workers > 0), opened(generator, reading) as stream:
            source = StreamBatches(stream, steps, self._stepper(True, class_weight))
            return self._fit(source, epochs, initial_epoch, verbose, callbacks, validation)

    @accept_keras_1(READ_GENERATOR)
    def evaluate_generator(
        self,
        generator: Any,
        steps: int | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: int = 0,
    ) -> Any:
        """Compute loss and metrics on batches of a generator or Sequence; see `fit_generator`.

        Returns:
            The loss, or a list of the loss and the metrics in the order of `metrics_names`: means
            over all samples.
        """
        reading = Reading(workers, max_queue_size, use_multiprocessing)
        return unpack(self._evaluate_stream(generator, steps, reading, verbose))

    def _evaluate_stream(
        self, stream: Any, steps: int | None, reading: Reading, verbose: int = 0
    ) -> list[float]:
        count = count_steps(stream, steps, "steps")
        with opened(stream, reading) as batches:
            source = StreamBatches(batches, count, self._stepper(False))
            return self._evaluate(source, verbose)

    def _stepper(
        self, training: bool, class_weight: Any = None
    ) -> Callable[[Any, Any, Any], tuple[Step, Arrays]]:
        """What makes a step and its arrays of x, y and sample_weight."""

        def standardize(x: Any, y: Any, sample_weight: Any) -> tuple[Step, Arrays]:
            arrays, weighted = self._training_data(x, y, sample_weight, class_weight)
            compiled = self.compiled
            make = compiled.train_step if training else compiled.test_step
            return make(weighted), arrays

        return standardize

    @accept_keras_1(READ_GENERATOR)
    def predict_generator(
        self,
        generator: Any,
        steps: int | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: int = 0,
    ) -> Any:
        """Compute the outputs for batches of a generator or Sequence; see `fit_generator`.

        A batch is a tuple as for training, of which only the inputs count, or the inputs alone.

        Returns:
            An array, or a list of arrays if there are several outputs.
        """
        count = count_steps(generator, steps, "steps")
        reading = Reading(workers, max_queue_size, use_multiprocessing)
        with opened(generator, reading) as batches:
            outputs = (self._outputs_for(inputs_of(batch)) for batch in batches)
            return unpack(loop.join_outputs(outputs, count, verbose))


def _numbers(values: Sequence[np.ndarray]) -> Any:
    return unpack([loop.reported(value) for value in values])


def _check_count(name: str, value: Any) -> None:
    if value is not None and (not isinstance(value, int | np.integer) or value < 1):
        raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value!r}")


def _check_no(**arguments: Any) -> None:
    """Refuse arguments that mean nothing beside batches."""
    given = [name for name, value in arguments.items() if value is not None]
    if given:
        raise ValueError(
            "With batches as x, they bring targets, weights and their size with them. "
            f"Received: {', '.join(given)}"
        )
