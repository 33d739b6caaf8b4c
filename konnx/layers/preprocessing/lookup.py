"""Words and whole numbers by their places in a vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.arguments import one_of, problem, whole_number
from konnx.layers.base import Layer
from konnx.layers.preprocessing.batches import batches
from konnx.layers.preprocessing.encoding import MODES, encoded, encoded_shape
from konnx.layers.spec import Shape


class Lookup(Layer):
    """The place of each element in a vocabulary; what `IntegerLookup` and `StringLookup` share."""

    elements: ClassVar[str]
    """What the vocabulary holds, for errors."""

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: Any = None,
        oov_token: Any = None,
        vocabulary: Sequence[Any] | None = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_oov_indices = whole_number(self, "num_oov_indices", num_oov_indices, 0)
        self.mask_token = None if mask_token is None else self._element("mask_token", mask_token)
        self.oov_token = self._element("oov_token", oov_token)
        self.invert = invert
        self.output_mode = one_of(self, "output_mode", output_mode, ("int", *MODES))
        if max_tokens is not None:
            max_tokens = whole_number(self, "max_tokens", max_tokens)
        self.max_tokens = max_tokens
        self.pad_to_max_tokens = pad_to_max_tokens
        if invert and output_mode != "int":
            raise problem(self, "output_mode", "must be 'int' with invert=True", output_mode)
        if sparse:
            raise problem(self, "sparse", "must be False: ONNX has no sparse tensors", sparse)
        if pad_to_max_tokens and max_tokens is None:
            raise problem(self, "max_tokens", "must be given with pad_to_max_tokens", max_tokens)
        self.vocabulary: list[Any] | None = None
        if vocabulary is not None:
            self.set_vocabulary(vocabulary)

    # What subclasses define

    def _element(self, argument: str, value: Any) -> Any:
        """Return an element of a vocabulary, or raise a ValueError."""
        raise problem(self, argument, f"must be one of {self.elements}", value)

    def _places(self, inputs: Tensor) -> Tensor:
        """The place of each element, int64."""
        raise problem(self, "inputs", f"must be {self.elements}", inputs)

    def _words(self, places: Tensor) -> Tensor:
        """The element at each place."""
        raise problem(self, "invert", "must be False", self.invert)

    # The vocabulary

    def set_vocabulary(self, vocabulary: Sequence[Any]) -> None:
        """Set the elements in the order of their places.

        Args:
            vocabulary: a list without duplicates; may begin with the mask and the elements for
                what is lacking.

        Raises:
            ValueError: it is no such list, does not fit, or the layer was called already.
        """
        words = self._without_special(vocabulary)
        self._check_uncalled("vocabulary")
        count = len(self._shown()) + len(words)
        if self.max_tokens is not None and self.max_tokens < count:
            demand = f"must be at least {count}, the number of places"
            raise problem(self, "max_tokens", demand, self.max_tokens)
        self.vocabulary = words

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """Return the elements in the order of their places.

        Args:
            include_special_tokens: whether to begin with the mask and what stands for elements
                that the vocabulary lacks.
        """
        return [*(self._shown() if include_special_tokens else []), *(self.vocabulary or [])]

    def vocabulary_size(self) -> int:
        """Return the number of places."""
        return len(self.get_vocabulary())

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Take the vocabulary from data: the most frequent elements first.

        Of elements that are equally frequent the last in order comes first, as in Keras.

        Args:
            data: an array or a list of elements, or an iterable of batches of them.
            batch_size: accepted as in Keras, and without effect.
            steps: how many batches to take; None: all.

        Raises:
            ValueError: there are none, or the layer was called already.
        """
        self._check_uncalled("adapt")
        counts: Counter[Any] = Counter()
        for batch in batches(data, steps):
            counts.update(self._element("data", one) for one in np.asarray(batch).ravel().tolist())
        for special in self._special():
            counts.pop(special, None)
        if not counts:
            raise ValueError(f"`{type(self).__name__}` '{self.name}': `adapt` was given no data")
        ranked = sorted(counts, key=lambda one: (counts[one], one), reverse=True)
        if self.max_tokens is not None:
            ranked = ranked[: max(self.max_tokens - len(self._shown()), 0)]
        self.vocabulary = ranked

    def _check_uncalled(self, what: str) -> None:
        if self.inbound_nodes:
            raise problem(self, what, "comes too late: the layer was called already", self.name)

    def _shown(self) -> list[Any]:
        """The elements before the vocabulary's that have a place in the output."""
        return self._special() if self.output_mode == "int" else self._lacking()

    def _special(self) -> list[Any]:
        """The elements at the places before the vocabulary's."""
        return [*([] if self.mask_token is None else [self.mask_token]), *self._lacking()]

    def _tokens(self) -> list[Any]:
        """All elements in the order of their places."""
        return [*self._special(), *self.get_vocabulary(False)]

    def _lacking(self) -> list[Any]:
        return [self.oov_token] * self.num_oov_indices

    def _without_special(self, vocabulary: Any) -> list[Any]:
        demand = f"must be a list of {self.elements} that are all different"
        is_list = isinstance(vocabulary, Iterable) and not isinstance(
            vocabulary, str | bytes | dict
        )
        given = list(vocabulary) if is_list else []
        if not given:
            raise problem(self, "vocabulary", demand, vocabulary)
        words = [self._element("vocabulary", one) for one in given]
        for special in (self._special(), self._lacking()):
            if special and words[: len(special)] == special:
                words = words[len(special) :]
                break
        if len(set(words)) < len(words):
            raise problem(self, "vocabulary", demand, vocabulary)
        return words

    # The layer

    def call(self, inputs: Tensor) -> Tensor:
        if self.vocabulary is None:
            demand = "must be given, or taken from data by `adapt`, before the layer is called"
            raise problem(self, "vocabulary", demand, None)
        if self.invert:
            return self._words(self._whole(inputs))
        places = self._places(inputs)
        if self.output_mode == "int":
            return places
        hidden = int(self.mask_token is not None)
        return encoded(places - hidden, self._size(), self.output_mode, None, self.weight_dtype)

    def _whole(self, inputs: Tensor) -> Tensor:
        if inputs.dtype == "string":
            raise problem(self, "inputs", "must be whole numbers", inputs)
        return ops.cast(inputs, "int64")

    def _size(self) -> int:
        if self.pad_to_max_tokens:
            assert self.max_tokens is not None  # as the constructor has seen
            return self.max_tokens
        return self.vocabulary_size()

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.output_mode == "int":
            return input_shape
        return encoded_shape(input_shape, self._size(), self.output_mode)

    def get_config(self) -> dict[str, Any]:
        names = (
            "max_tokens", "num_oov_indices", "mask_token", "oov_token", "vocabulary", "invert",
            "output_mode", "pad_to_max_tokens",
        )  # fmt: skip
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class IntegerLookup(Lookup):
    """The place in a vocabulary of each number, or with `invert` the number at each place.

    Places begin with that of `mask_token`, if there is one, and `num_oov_indices` for numbers
    that the vocabulary lacks; of several these a number gets that of its remainder. Each number
    is compared with the whole vocabulary, so that this is for some thousands of them.

    Args:
        max_tokens: how many places there may be; None: any number.
        num_oov_indices: places for numbers that the vocabulary lacks; without any, their place
            is -1, as a graph cannot raise an error.
        mask_token: the number at place 0; in other modes than "int" it counts nowhere.
        oov_token: what `invert` returns for a place of none of the vocabulary.
        vocabulary: whole numbers, all different; never a file. None: `adapt` takes them from data.
        vocabulary_dtype: "int64" or "int32", accepted as in Keras; places are int64.
        invert: whether inputs are places.
        output_mode: "int", or as `CategoryEncoding` has it.
        sparse: must be False.
        pad_to_max_tokens: whether vectors have `max_tokens` elements.

    Raises:
        ValueError: an argument is out of bounds; at a call, there is no vocabulary.

    Example:
        >>> from konnx.layers import Input
        >>> IntegerLookup(vocabulary=[12, 36, 1138])(Input((3,), dtype="int64")).dtype
        'int64'
    """

    elements = "whole numbers"

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
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, invert, output_mode,
            sparse, pad_to_max_tokens, **kwargs,
        )  # fmt: skip
        self.vocabulary_dtype = one_of(
            self, "vocabulary_dtype", vocabulary_dtype, ("int64", "int32")
        )

    def _element(self, argument: str, value: Any) -> int:
        return whole_number(self, argument, value, None)

    def _places(self, inputs: Tensor) -> Tensor:
        numbers, vocabulary = self._whole(inputs), self.get_vocabulary(False)
        hits = ops.equal(ops.expand_dims(numbers, -1), np.array(vocabulary, np.int64))
        ranks = np.arange(1, len(vocabulary) + 1)
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

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "vocabulary_dtype": self.vocabulary_dtype}


class StringLookup(Lookup):
    """The place in a vocabulary of each word, or with `invert` the word at each place.

    Places begin with that of `mask_token`, if there is one, and that for words which the
    vocabulary lacks. The graph holds a LabelEncoder of ONNX' domain for machine learning.

    Args:
        max_tokens: how many places there may be; None: any number.
        num_oov_indices: 1, or 0: the place of words that the vocabulary lacks is -1, as a graph
            cannot raise an error. More would need hashes of words, which ONNX cannot compute.
        mask_token: the word at place 0; in other modes than "int" it counts nowhere.
        oov_token: what `invert` returns for a place of none of the vocabulary.
        vocabulary: words, all different; never a file. None: `adapt` takes them from data.
        invert: whether inputs are places.
        output_mode: "int", or as `CategoryEncoding` has it.
        sparse: must be False.
        pad_to_max_tokens: whether vectors have `max_tokens` elements.
        encoding: must be "utf-8".

    Raises:
        ValueError: an argument is out of bounds; at a call, there is no vocabulary.

    Example:
        >>> from konnx.layers import Input
        >>> StringLookup(vocabulary=["a", "b"])(Input((3,), dtype="string")).dtype
        'int64'
    """

    elements = "texts"

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Sequence[str] | None = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        encoding: str = "utf-8",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, invert, output_mode,
            sparse, pad_to_max_tokens, **kwargs,
        )  # fmt: skip
        self.encoding = one_of(self, "encoding", encoding, ("utf-8",))
        if self.num_oov_indices > 1:
            demand = "must be 0 or 1: several places need hashes of words, which ONNX lacks"
            raise problem(self, "num_oov_indices", demand, num_oov_indices)

    def _element(self, argument: str, value: Any) -> str:
        if isinstance(value, bytes):
            value = value.decode()
        if not isinstance(value, str):
            raise problem(self, argument, "must be a text", value)
        return str(value)

    def _places(self, inputs: Tensor) -> Tensor:
        if inputs.dtype != "string":
            demand = "must be texts: those of Input(..., dtype='string')"
            raise problem(self, "inputs", demand, inputs)
        hidden = int(self.mask_token is not None)
        lacking = hidden if self.num_oov_indices else -1
        return ops.label_encoder(inputs, self._tokens(), default_int64=lacking)

    def _words(self, places: Tensor) -> Tensor:
        return ops.label_encoder(places, self._tokens(), default_string=self.oov_token)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "encoding": self.encoding}
