"""Data that come in batches, and queues that fetch them ahead, where Keras has them."""

from konnx.utils.enqueuers import GeneratorEnqueuer, OrderedEnqueuer, SequenceEnqueuer
from konnx.utils.sequence import Sequence

__all__ = ["GeneratorEnqueuer", "OrderedEnqueuer", "Sequence", "SequenceEnqueuer"]
