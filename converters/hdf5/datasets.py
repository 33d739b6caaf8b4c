"""Reading one HDF5 dataset into an array, after checking that it is what it claims to be."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from konnx.converters.errors import FileFormatError
from konnx.converters.hdf5.attributes import read_texts
from konnx.converters.hdf5.library import load_h5py
from konnx.converters.hdf5.limits import MIB, Budget, bytes_of

# No compressor that is allowed exceeds this: deflate reaches 1032, LZF 88.
_MAX_COMPRESSION = 1100
_SLACK = 64 * 1024  # what a compressor may add to data that does not compress


class DatasetReader:
    """Reads one dataset.

    Args:
        dataset: the dataset's low-level h5py identifier.
        place: what the dataset is, for messages.
        budget: what is still allowed.
    """

    def __init__(self, dataset: Any, place: str, budget: Budget) -> None:
        self._dataset = dataset
        self._place = place
        self._budget = budget
        self._h5py = load_h5py()
        self._properties = dataset.get_create_plist()

    def read(self) -> NDArray[Any]:
        """Check and read the dataset.

        Raises:
            FileFormatError: the data lives outside of the file, is of a type that no weight has,
                or would take far more memory than the file has bytes for.
        """
        # Before anything else: even asking for the shape may open other files.
        self._check_source()
        is_bfloat16 = self._is_bfloat16()
        dtype = np.dtype("V2") if is_bfloat16 else self._dtype()
        shape = self._shape()
        nbytes = bytes_of(shape, dtype.itemsize)
        self._budget.charge(nbytes, self._place)
        self._check_storage(nbytes)
        # Zeros, as HDF5 may leave what the file does not hold untouched.
        array = np.zeros(shape, dtype)
        if array.size:
            space = self._h5py.h5s.ALL
            self._dataset.read(space, space, array)
        return self._widened(array) if is_bfloat16 else array

    def _is_bfloat16(self) -> bool:
        """Tell whether this is how Keras stores what HDF5 has no type for; Keras 3 marks it."""
        stored = self._dataset.get_type()
        if not isinstance(stored, self._h5py.h5t.TypeOpaqueID) or stored.get_size() != 2:
            return False
        attributes = self._h5py.AttributeManager(self._h5py.Dataset(self._dataset))
        if "dtype" not in attributes:
            return not stored.get_tag()
        return read_texts(attributes, "dtype", self._place, self._budget) == [b"bfloat16"]

    def _widened(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the numbers as float32, of which bfloat16 is the upper half."""
        self._budget.charge(2 * array.nbytes, self._place)
        return (array.view("<u2").astype(np.uint32) << 16).view(np.float32)

    def _error(self, problem: str, received: str | None = None) -> FileFormatError:
        return FileFormatError.at(self._budget.file, self._place, problem, received=received)

    def _check_source(self) -> None:
        if self._properties.get_layout() == self._h5py.h5d.VIRTUAL:
            raise self._error("it is a virtual dataset, which takes its data from other files")
        if self._properties.get_external_count() > 0:
            raise self._error("its data lies in another file (HDF5 external storage)")

    def _dtype(self) -> np.dtype[Any]:
        """Return the type in memory: the file's, in the machine's byte order."""
        h5t = self._h5py.h5t
        stored = self._dataset.get_type()
        allowed = (h5t.TypeFloatID, h5t.TypeIntegerID, h5t.TypeEnumID)
        dtype = stored.dtype if isinstance(stored, allowed) else None
        is_enum = isinstance(stored, h5t.TypeEnumID)
        if dtype is None or not _is_weight_type(dtype, is_enum):
            name = type(stored).__name__ if dtype is None else str(dtype)
            raise FileFormatError.at(
                self._budget.file,
                self._place,
                "it holds values of a type that no weight has",
                expected="float16, float32, float64, an integer type or bool",
                received=name,
            )
        native: np.dtype[Any] = dtype.newbyteorder("=")
        return native

    def _shape(self) -> tuple[int, ...]:
        space = self._dataset.get_space()
        if space.get_simple_extent_type() == self._h5py.h5s.NULL:
            raise self._error("it holds no data (its dataspace is null)")
        return tuple(int(size) for size in space.get_simple_extent_dims())

    def _check_storage(self, nbytes: int) -> None:
        """Compare what the dataset declares with what the file stores of it."""
        stored = self._dataset.get_storage_size()
        filters = self._filters()
        allowed = stored * _MAX_COMPRESSION if filters else stored
        if nbytes > allowed:
            raise self._error(
                "it declares far more data than the file stores",
                f"{nbytes} bytes declared, {stored} stored",
            )
        if self._properties.get_layout() == self._h5py.h5d.CHUNKED:
            self._check_chunks(nbytes, filters)

    def _filters(self) -> list[int]:
        """Return the filters in the order in which they were applied when writing."""
        h5z = self._h5py.h5z
        count = self._properties.get_nfilters()
        filters = [int(self._properties.get_filter(index)[0]) for index in range(count)]
        compressors = (h5z.FILTER_DEFLATE, h5z.FILTER_LZF)
        known = (h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32, *compressors)
        # One compressor on top of another multiplies what a small file can expand to.
        compressed = [index for index, name in enumerate(filters) if name in compressors]
        sound = len(set(filters)) == len(filters) and len(compressed) <= 1
        if compressed and h5z.FILTER_SHUFFLE in filters[compressed[0] :]:
            sound = False
        if not sound or any(name not in known for name in filters):
            raise FileFormatError.at(
                self._budget.file,
                self._place,
                "its data passed filters that are not allowed",
                expected="at most shuffle, one of gzip and LZF, and fletcher32",
                received=f"HDF5 filters with the numbers {filters}",
                remedy="Repack the file without filters: h5repack -f NONE in.h5 out.h5",
            )
        return filters

    def _check_chunks(self, nbytes: int, filters: list[int]) -> None:
        chunk_bytes = bytes_of(self._properties.get_chunk(), self._dataset.get_type().get_size())
        if chunk_bytes > max(nbytes, 16 * MIB):
            raise self._error(
                "its chunks are larger than the data",
                f"chunks of {chunk_bytes} bytes for {nbytes} bytes of data",
            )
        if not filters:
            return
        for chunk in self._chunks():
            if chunk.size > chunk_bytes + _SLACK:
                raise self._error(
                    "a compressed chunk is larger than the data that it stands for",
                    f"{chunk.size} bytes for {chunk_bytes}",
                )
            self._check_inflated(chunk, chunk_bytes, filters)

    def _chunks(self) -> list[Any]:
        limit = self._budget.limits.chunks
        chunks: list[Any] = []

        def collect(chunk: Any) -> bool | None:
            chunks.append(chunk)
            return True if len(chunks) > limit else None  # anything but None ends the walk

        self._dataset.chunk_iter(collect)
        if len(chunks) > limit:
            raise self._budget.too_much(
                self._place, "its data is split into very many chunks", f"at most {limit}", "chunks"
            )
        return chunks

    def _check_inflated(self, chunk: Any, chunk_bytes: int, filters: list[int]) -> None:
        """Inflate with a bound, which HDF5 does not have: it would take what the data asks for."""
        deflate = self._h5py.h5z.FILTER_DEFLATE
        if deflate not in filters or chunk.filter_mask >> filters.index(deflate) & 1:
            return
        _, data = self._dataset.read_direct_chunk(chunk.chunk_offset)
        limit = chunk_bytes + _SLACK
        try:
            inflated = len(zlib.decompressobj().decompress(data, limit + 1))
        except zlib.error as error:
            raise self._error(f"its compressed data is damaged ({error})") from error
        if inflated > limit:
            raise self._error(
                "a compressed chunk expands to more than its size",
                f"more than {limit} bytes, declared {chunk_bytes}",
            )


def _is_weight_type(dtype: np.dtype[Any], is_enum: bool) -> bool:
    # h5py stores bool as an enumeration; any other enumeration is no number.
    if dtype.kind == "b" or is_enum:
        return dtype.kind == "b"
    return dtype.kind in "iu" or (dtype.kind == "f" and dtype.itemsize in (2, 4, 8))
