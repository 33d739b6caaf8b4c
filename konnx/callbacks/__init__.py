"""Callbacks of the fit loop."""

from konnx.callbacks.backup import BackupAndRestore
from konnx.callbacks.base import Callback, CallbackList
from konnx.callbacks.checkpoint import ModelCheckpoint
from konnx.callbacks.csv_logger import CSVLogger
from konnx.callbacks.early_stopping import EarlyStopping
from konnx.callbacks.lambda_callback import LambdaCallback
from konnx.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from konnx.callbacks.remote_monitor import RemoteMonitor
from konnx.callbacks.standard import BaseLogger, History, ProgbarLogger, TerminateOnNaN
from konnx.callbacks.tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore",
    "BaseLogger",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "TensorBoard",
    "TerminateOnNaN",
]
