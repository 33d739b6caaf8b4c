"""What ONNX Runtime's blocked layout is on this machine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.runtime import blocking

pytest.importorskip("onnxruntime")


@pytest.fixture(autouse=True)
def ask_anew() -> Any:
    blocking.channel_block.cache_clear()
    yield
    blocking.channel_block.cache_clear()


def test_a_block_is_one_register_of_floats_or_there_is_none() -> None:
    assert blocking.channel_block() in (0, 8, 16)


def test_there_is_none_where_the_operators_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "_PROBE", blocking._PROBE.replace("Upsample", "Absent"))
    assert blocking.channel_block() == 0


@pytest.mark.parametrize("block", [8, 16])
def test_the_block_is_read_off_the_order_of_the_channels(block: int) -> None:
    plain = np.arange(64 * 4, dtype=np.float32).reshape(1, 64, 2, 2)
    blocked = plain.reshape(64 // block, block, 4).transpose(0, 2, 1).reshape(plain.shape)
    assert blocking._block_of(plain, blocked) == block


def test_an_order_that_is_no_block_is_none() -> None:
    plain = np.arange(64 * 4, dtype=np.float32).reshape(1, 64, 2, 2)
    assert blocking._block_of(plain, plain) == 0
    assert blocking._block_of(plain, plain[:, ::-1]) == 0
