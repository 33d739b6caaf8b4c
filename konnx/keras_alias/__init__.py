"""`import keras` served by konnx: for scripts that were written for Keras 2, and most for Keras 1.

Importing this module is all: from then on `import keras`, `from keras.layers.core import Dense`,
`import keras.backend as K` and all other public module paths of Keras 2.1.6 hand out konnx' own
objects. Real Keras, even if it is installed, is not touched. `konnx exec script.py` does the same
without a change to the script. `install("tensorflow.keras")` adds `from tensorflow.keras import …`.
docs/old_scripts.md says what works.

Raises:
    ImportError: real Keras is imported already.

Example:
    >>> import konnx.keras_alias
    >>> from keras.layers.core import Dense
    >>> Dense.__module__
    'konnx.layers.core'
"""

from konnx.keras_alias.finder import install

install("keras")

__all__ = ["install"]
