from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from konnx.runtime import Device, DeviceError, cuda, devices, resolve_device, set_default_device
from konnx.runtime.cuda import CudaProblem

NO_DRIVER = CudaProblem("no NVIDIA driver was found", "Install it")
NO_CUDNN = CudaProblem("libcudnn.so.9: cannot open", 'pip install "konnx[cuda]"')


@pytest.fixture(autouse=True)
def fresh_choice(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("KONNX_DEVICE", raising=False)
    devices._best_device.cache_clear()
    yield
    set_default_device("auto")
    devices._best_device.cache_clear()


def pretend(monkeypatch: pytest.MonkeyPatch, *problems: CudaProblem) -> None:
    driver = next((found for found in problems if found is NO_DRIVER), None)
    monkeypatch.setattr(cuda, "find_cuda_problems", lambda index: problems)
    monkeypatch.setattr(cuda, "driver_problem", lambda index: driver)


def test_auto_takes_the_gpu_where_a_test_graph_ran(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pretend(monkeypatch)
    with caplog.at_level(logging.INFO, "konnx"):
        assert resolve_device() == Device("cuda", 0)
    assert "konnx computes on cuda:0" in caplog.text


@pytest.mark.parametrize(
    ("problem", "level"), [(NO_DRIVER, logging.INFO), (NO_CUDNN, logging.WARNING)]
)
def test_auto_says_once_why_it_takes_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    problem: CudaProblem,
    level: int,
) -> None:
    pretend(monkeypatch, problem)
    with caplog.at_level(logging.INFO, "konnx"):
        assert resolve_device("auto") == resolve_device(None) == Device("cpu")
    (record,) = caplog.records
    assert record.levelno == level
    assert problem.what in record.getMessage()


@pytest.mark.parametrize("name", ["cuda", "cuda:1", Device("cuda", 1)])
def test_cuda_is_strict_and_names_everything_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, name: str | Device
) -> None:
    pretend(monkeypatch, NO_DRIVER, NO_CUDNN)
    with pytest.raises(DeviceError) as caught:
        resolve_device(name)
    for words in (NO_DRIVER.what, NO_DRIVER.remedy, NO_CUDNN.what, NO_CUDNN.remedy):
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "device"),
    [("cpu", Device("cpu")), ("cuda", Device("cuda", 0)), ("cuda:2", Device("cuda", 2))],
)
def test_a_name_resolves_to_one_and_the_same_device(
    monkeypatch: pytest.MonkeyPatch, name: str, device: Device
) -> None:
    pretend(monkeypatch)
    assert resolve_device(name) == device
    assert resolve_device(name) is resolve_device(device)
    assert resolve_device(str(device)) == device


def test_the_environment_variable_stands_in_for_auto_only(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch)
    monkeypatch.setenv("KONNX_DEVICE", "cuda:1")
    assert resolve_device() == resolve_device("auto") == Device("cuda", 1)
    assert resolve_device("cpu") == Device("cpu")
    set_default_device("cpu")
    assert resolve_device() == Device("cpu")


@pytest.mark.no_runtime
@pytest.mark.parametrize("name", ["gpu", "CPU", "cuda:", "cuda:-1", "cpu:1", "", "cuda:0 "])
def test_unknown_names_are_refused_with_the_choices(name: str) -> None:
    message = "expected 'auto', 'cpu', 'cuda' or 'cuda:N'.*Received: "
    with pytest.raises(ValueError, match=f"device: {message}'{name}'"):
        resolve_device(name)
    with pytest.raises(ValueError, match=message):
        set_default_device(name)


@pytest.mark.no_runtime
def test_an_unknown_name_in_the_environment_names_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KONNX_DEVICE", "tpu")
    with pytest.raises(ValueError, match=r"environment variable KONNX_DEVICE.*Received: 'tpu'"):
        resolve_device()


@pytest.mark.no_runtime
@pytest.mark.parametrize("arguments", [("tpu", 0), ("cpu", 1), ("cuda", -1)])
def test_impossible_devices_are_refused(arguments: tuple[str, int]) -> None:
    with pytest.raises(ValueError, match=r"`Device`: .*Received: "):
        Device(*arguments)  # type: ignore[arg-type]
