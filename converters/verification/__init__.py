"""Whether an exported file computes what the layers that it came from say."""

from konnx.converters.verification.evaluation import Evaluation, evaluate
from konnx.converters.verification.verify import Verification, verify_onnx

__all__ = ["Evaluation", "Verification", "evaluate", "verify_onnx"]
