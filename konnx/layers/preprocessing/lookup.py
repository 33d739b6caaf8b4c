"""Whole numbers by their places in a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx import ops
from konnx.config import floatx
from konnx.graph import Tensor
from konnx.layers.arguments import one_of, problem, whole_number
from konnx.layers.base import Layer
from konnx.layers.preprocessing.encoding import MODES, encoded, encoded_shape
from konnx.layers.spec import Shape


class IntegerLookup(Layer):
    """The place in a vocabulary of each element, or with `invert` the element at each place.

    Places begin with that of `mask_token`, if there is one, and `num_oov_indices` for elements
    that the vocabulary lacks; of several of these an element gets that of its remainder. Each
    element is compared with the whole vocabulary, so that this is for some thousands of words.

    Args:
        max_tokens: how many places there may be; None: any number.
        num_oov_indices: places for elements that the vocabulary lacks; without any, their place
            is -1, as a graph cannot raise an error.
        mask_token: the element at place 0; in other modes than "int" it counts nowhere.
        oov_token: what `invert` returns for a place of none of the vocabulary.
        vocabulary: whole numbers, all different; never a file.
        vocabulary_dtype: "int64" or "int32", accepted as in Keras; places are int64.
        invert: whether inputs are places.
        output_mode: "int", or as `CategoryEncoding` has it.
        sparse: must be False.
        pad_to_max_tokens: whether vectors have `max_tokens` elements.

    Raises:
        ValueError: there is no vocabulary, or an argument is out of bounds.

    Example:
        >>> from konnx.layers import Input
        >>> IntegerLookup(vocabulary=[12, 36, 1138])(Input((3,), dtype="int64")).dtype
        'int64'
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Sequence[int] | None = None,
        vocabulary_dtype: str = "int64",
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_oov_indices = whole_number(self, "num_oov_indices", num_oov_indices, 0)
        self.mask_token = mask_token
        self.oov_token = oov_token
        self.vocabulary = self._without_special(vocabulary)
        self.vocabulary_dtype = one_of(
            self, "vocabulary_dtype", vocabulary_dtype, ("int64", "int32")
        )
        self.invert = invert
        self.output_mode = one_of(self, "output_mode", output_mode, ("int", *MODES))
        self.max_tokens = max_tokens
        self.pad_to_max_tokens = pad_to_max_tokens
        if invert and output_mode != "int":
            raise problem(self, "output_mode", "must be 'int' with invert=True", output_mode)
        if sparse:
            raise problem(self, "sparse", "must be False: ONNX has no sparse tensors", sparse)
        if max_tokens is not None and max_tokens < len(self._tokens()):
            demand = f"must be at least {len(self._tokens())}, the number of places"
            raise problem(self, "max_tokens", demand, max_tokens)
        if pad_to_max_tokens and max_tokens is None:
            raise problem(self, "max_tokens", "must be given with pad_to_max_tokens", max_tokens)

    def _special(self) -> list[int]:
        """The elements at the places before the vocabulary's."""
        mask = [] if self.mask_token is None else [self.mask_token]
        return [*mask, *[self.oov_token] * self.num_oov_indices]

    def _tokens(self) -> list[int]:
        return [*self._special(), *self.vocabulary]

    def _without_special(self, vocabulary: Any) -> list[int]:
        demand = "must be a list of whole numbers that are all different"
        if vocabulary is None or isinstance(vocabulary, str) or len(vocabulary) == 0:
            raise problem(self, "vocabulary", demand, vocabulary)
        words = [whole_number(self, "vocabulary", one, None) for one in vocabulary]
        special = self._special()
        if special and words[: len(special)] == special:
            words = words[len(special) :]
        if len(set(words)) < len(words):
            raise problem(self, "vocabulary", demand, vocabulary)
        return words

    def call(self, inputs: Tensor) -> Tensor:
        numbers = ops.cast(inputs, "int64")
        if self.invert:
            return self._words(numbers)
        places = self._places(numbers)
        if self.output_mode == "int":
            return places
        hidden = int(self.mask_token is not None)
        return encoded(places - hidden, self._size(), self.output_mode, None, floatx())

    def _places(self, numbers: Tensor) -> Tensor:
        hits = ops.equal(ops.expand_dims(numbers, -1), np.array(self.vocabulary, np.int64))
        ranks = np.arange(1, len(self.vocabulary) + 1)
        rank = ops.sum(ops.cast(hits, "int64") * ranks, -1)  # 0: the vocabulary lacks it
        hidden = int(self.mask_token is not None)
        lacking = ops.as_tensor(np.int64(-1))
        if self.num_oov_indices:
            lacking = ops.mod(numbers, np.int64(self.num_oov_indices)) + hidden
        first = len(self._special()) - 1
        places = ops.where(ops.equal(rank, 0), lacking, rank + first)
        if self.mask_token is None:
            return places
        return ops.where(ops.equal(numbers, self.mask_token), np.int64(0), places)

    def _words(self, places: Tensor) -> Tensor:
        tokens = np.array([*self._tokens(), self.oov_token], np.int64)
        last = len(tokens) - 1
        is_place = ops.logical_and(ops.greater_equal(places, 0), ops.less(places, last))
        return ops.gather(tokens, ops.where(is_place, places, np.int64(last)))

    def _size(self) -> int:
        if self.pad_to_max_tokens:
            assert self.max_tokens is not None  # as the constructor has seen
            return self.max_tokens
        return len(self._tokens()) - int(self.mask_token is not None)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.output_mode == "int":
            return input_shape
        return encoded_shape(input_shape, self._size(), self.output_mode)

    def get_config(self) -> dict[str, Any]:
        names = (
            "max_tokens", "num_oov_indices", "mask_token", "oov_token", "vocabulary",
            "vocabulary_dtype", "invert", "output_mode", "pad_to_max_tokens",
        )  # fmt: skip
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
