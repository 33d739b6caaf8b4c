"""Data that come in batches, queues that fetch them ahead, and files, where Keras has them."""

from konnx.utils.checksums import validate_file
from konnx.utils.downloads import get_file
from konnx.utils.enqueuers import GeneratorEnqueuer, OrderedEnqueuer, SequenceEnqueuer
from konnx.utils.sequence import Sequence

__all__ = [
    "GeneratorEnqueuer",
    "OrderedEnqueuer",
    "Sequence",
    "SequenceEnqueuer",
    "get_file",
    "validate_file",
]
