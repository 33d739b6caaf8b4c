from __future__ import annotations

import pytest

from konnx.distributed import size

pytestmark = pytest.mark.no_runtime


@pytest.mark.parametrize("variable", ["PMI_SIZE", "OMPI_COMM_WORLD_SIZE"])
def test_processes_that_find_themselves_alone_beside_others_are_an_error(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert size() == 1
    monkeypatch.setenv(variable, "1")
    assert size() == 1
    monkeypatch.setenv(variable, "2")
    with pytest.raises(RuntimeError, match="mpiexec started 2 processes.*another MPI"):
        size()
