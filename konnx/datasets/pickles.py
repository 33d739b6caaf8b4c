"""What public data sets hold in pickles, read without unpickling: nothing is imported or called.

A pickle is a program. This reader knows the few instructions that write numbers, texts, lists,
dictionaries and NumPy arrays of bytes or of lists, in the protocols 2 to 5. The names of what makes
an array are compared with a table and stand for themselves; every other name, and every other
instruction, ends the reading with an error. Memory grows only with the size of the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

# A row of small whole numbers: most of a data set of texts. Read at once, as one by one is slow.
_NUMBERS = re.compile(rb"(?:K.|M..|J....)+", re.DOTALL)
_NUMBER = re.compile(rb"K(.)|M(..)|J(....)", re.DOTALL)

_MARK = object()
_ELEMENTS = {"u1": np.dtype(np.uint8), "O8": np.dtype(object), "O": np.dtype(object)}
_NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): "array",
    ("numpy._core.multiarray", "_reconstruct"): "array",
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("_codecs", "encode"): "encode",
}


@dataclass(frozen=True)
class _Name:
    """The name of a function or class, which is never looked up."""

    kind: str


@dataclass
class _Dtype:
    dtype: np.dtype[Any]


@dataclass
class _ArrayPlace:
    """Stands in for an array until its state comes."""

    value: np.ndarray[Any, Any] | None = None


def read_pickle(content: bytes, what: str) -> Any:
    r"""Return what a pickle of numbers, texts and arrays holds.

    Args:
        content: the pickle, of protocol 2 to 5.
        what: its name, for messages.

    Returns:
        Nested lists, tuples and dictionaries of whole numbers, truth values, None, str, bytes and
        arrays of uint8 or of objects. Texts of Python 2 are bytes.

    Raises:
        ValueError: it is damaged, or holds anything else.

    Example:
        >>> read_pickle(b"\x80\x02]q\x00(K\x01M\xe8\x03e.", "example")
        [1, 1000]
    """
    reader = _Reader(content)
    try:
        return reader.run()
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"'{what}' is refused at byte {reader.place}: it is damaged, or holds more than "
            f"numbers, texts and arrays: {error}"
        ) from error


class _Reader:
    def __init__(self, content: bytes) -> None:
        self.place = 0
        self._content = content
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._ended = False

    def run(self) -> Any:
        while not self._ended:
            numbers = _NUMBERS.match(self._content, self.place)
            if numbers:
                self._push_numbers(numbers[0])
                self.place = numbers.end()
                continue
            code = self._take(1)
            if code not in _INSTRUCTIONS:
                raise ValueError(f"the instruction {code!r} is not allowed")
            _INSTRUCTIONS[code](self)
        return _finished(self._pop())

    def _push_numbers(self, numbers: bytes) -> None:
        for one, two, four in _NUMBER.findall(numbers):
            # Only four bytes have a sign.
            self._stack.append(int.from_bytes(one or two or four, "little", signed=bool(four)))

    def _take(self, count: int) -> bytes:
        taken = self._content[self.place : self.place + count]
        if len(taken) != count:
            raise ValueError("it ends too soon")
        self.place += count
        return taken

    def _size(self, width: int) -> int:
        return int.from_bytes(self._take(width), "little")

    def _line(self) -> str:
        end = self._content.index(b"\n", self.place)
        return self._take(end + 1 - self.place)[:-1].decode("ascii")

    def _pop(self) -> Any:
        item = self._stack.pop()
        if item is _MARK:
            raise ValueError("it lacks a value")
        return item

    def _pop_to_mark(self) -> list[Any]:
        for start in range(len(self._stack) - 1, -1, -1):
            if self._stack[start] is _MARK:
                items = self._stack[start + 1 :]
                del self._stack[start:]
                return items
        raise ValueError("it lacks a mark")

    def stop(self) -> None:
        self._ended = True

    def protocol(self) -> None:
        version = self._size(1)
        if not 2 <= version <= 5:
            raise ValueError(f"protocol {version} is not known")

    def push_bytes(self, width: int) -> None:
        self._stack.append(self._take(self._size(width)))

    def push_text(self, width: int) -> None:
        self._stack.append(self._take(self._size(width)).decode("utf-8"))

    def push(self, item: Any) -> None:
        self._stack.append(item)

    def push_tuple(self, count: int) -> None:
        items = [self._pop() for _ in range(count)]
        self._stack.append(tuple(reversed(items)))

    def push_tuple_to_mark(self) -> None:
        self._stack.append(tuple(self._pop_to_mark()))

    def append(self) -> None:
        item = self._pop()
        self._last(list).append(item)

    def extend(self) -> None:
        items = self._pop_to_mark()
        self._last(list).extend(items)

    def set_item(self) -> None:
        value, key = self._pop(), self._pop()
        self._last(dict)[key] = value

    def set_items(self) -> None:
        items = self._pop_to_mark()
        self._last(dict).update(zip(items[::2], items[1::2], strict=True))

    def _last(self, kind: type) -> Any:
        if type(self._stack[-1]) is not kind:
            raise ValueError(f"it adds to what is no {kind.__name__}")
        return self._stack[-1]

    def remember(self, width: int) -> None:
        self._memo[self._size(width)] = self._stack[-1]

    def remember_next(self) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def recall(self, width: int) -> None:
        self._stack.append(self._memo[self._size(width)])

    def name(self) -> None:
        self._push_name(self._line(), self._line())

    def name_from_stack(self) -> None:
        name, module = self._pop(), self._pop()
        self._push_name(module, name)

    def _push_name(self, module: Any, name: Any) -> None:
        if (module, name) not in _NAMES:
            raise ValueError(f"the name {module}.{name} is not allowed")
        self._stack.append(_Name(_NAMES[module, name]))

    def call(self) -> None:
        arguments, function = self._pop(), self._pop()
        if not isinstance(function, _Name) or not isinstance(arguments, tuple):
            raise ValueError("it calls what is no function")
        self._stack.append(_CALLS[function.kind](*arguments))

    def set_state(self) -> None:
        state = self._pop()
        target = self._stack[-1]
        if isinstance(target, _Dtype):
            return  # the order of bytes, which none of these types has
        if not isinstance(target, _ArrayPlace) or target.value is not None:
            raise ValueError("it gives a state to what has none")
        target.value = _array(*state)


def _new_array(kind: Any, shape: Any, code: Any) -> _ArrayPlace:
    if kind != _Name("ndarray"):
        raise ValueError("an array must be a plain one")
    return _ArrayPlace()


def _new_dtype(name: Any, align: Any, copy: Any) -> _Dtype:
    name = name.decode("ascii") if isinstance(name, bytes) else name
    return _Dtype(_ELEMENTS[name])


def _encode(text: Any, encoding: Any) -> bytes:
    if encoding not in ("latin1", b"latin1"):
        raise ValueError(f"the encoding {encoding!r} is not known")
    return bytes(text.encode("latin1"))


_CALLS: dict[str, Callable[..., Any]] = {
    "array": _new_array,
    "dtype": _new_dtype,
    "encode": _encode,
}


def _array(version: Any, shape: Any, dtype: Any, is_fortran: Any, content: Any) -> Any:
    if not isinstance(dtype, _Dtype) or not all(type(size) is int for size in shape):
        raise ValueError("an array lacks its type or shape")
    if prod(shape) != len(content) or min(shape, default=0) < 0:
        raise ValueError(f"an array of shape {shape} has {len(content)} elements")
    if dtype.dtype.hasobject:
        flat = np.empty(len(content), dtype=object)
        flat[:] = [_finished(item) for item in content]
    else:
        flat = np.frombuffer(content, dtype=dtype.dtype).copy()
    return flat.reshape(shape, order="F" if is_fortran else "C")


def _finished(item: Any) -> Any:
    """Put the arrays into what was read."""
    if isinstance(item, _ArrayPlace):
        if item.value is None:
            raise ValueError("an array lacks its content")
        return item.value
    if isinstance(item, dict):
        return {key: _finished_value(value) for key, value in item.items()}
    return _finished_value(item)


def _finished_value(item: Any) -> Any:
    if isinstance(item, _ArrayPlace):
        return _finished(item)
    if isinstance(item, _Name | _Dtype):
        raise ValueError("it holds a name alone")
    return item


_INSTRUCTIONS: dict[bytes, Callable[[_Reader], Any]] = {
    b"\x80": _Reader.protocol,
    b"\x95": lambda reader: reader._take(8),  # the size of a frame, which is of no use here
    b".": _Reader.stop,
    b"(": lambda reader: reader.push(_MARK),
    b"N": lambda reader: reader.push(None),
    b"\x88": lambda reader: reader.push(True),
    b"\x89": lambda reader: reader.push(False),
    b"]": lambda reader: reader.push([]),
    b"}": lambda reader: reader.push({}),
    b")": lambda reader: reader.push(()),
    b"\x85": lambda reader: reader.push_tuple(1),
    b"\x86": lambda reader: reader.push_tuple(2),
    b"\x87": lambda reader: reader.push_tuple(3),
    b"t": _Reader.push_tuple_to_mark,
    b"U": lambda reader: reader.push_bytes(1),
    b"C": lambda reader: reader.push_bytes(1),
    b"T": lambda reader: reader.push_bytes(4),
    b"B": lambda reader: reader.push_bytes(4),
    b"\x8e": lambda reader: reader.push_bytes(8),
    b"\x8c": lambda reader: reader.push_text(1),
    b"X": lambda reader: reader.push_text(4),
    b"\x8d": lambda reader: reader.push_text(8),
    b"a": _Reader.append,
    b"e": _Reader.extend,
    b"s": _Reader.set_item,
    b"u": _Reader.set_items,
    b"q": lambda reader: reader.remember(1),
    b"r": lambda reader: reader.remember(4),
    b"\x94": _Reader.remember_next,
    b"h": lambda reader: reader.recall(1),
    b"j": lambda reader: reader.recall(4),
    b"c": _Reader.name,
    b"\x93": _Reader.name_from_stack,
    b"R": _Reader.call,
    b"b": _Reader.set_state,
}
