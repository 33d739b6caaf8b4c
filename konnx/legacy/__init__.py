"""What Keras 1 wrote and said, in the words of Keras 2: names of arguments, configs, layers.

Keras 2.1.6 still accepts calls as Keras 1 knew them, with a warning; so does konnx.
"""

from konnx.legacy.calls import accept_keras_1
from konnx.legacy.names import Change, Translation, to_keras_2

__all__ = ["Change", "Translation", "accept_keras_1", "to_keras_2"]
