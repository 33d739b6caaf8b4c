from __future__ import annotations

import ctypes
import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from onnx import parser

from konnx.runtime import DeviceError, Program, State, cuda, onnxruntime_module, resolve_device
from konnx.runtime.cuda import CudaProblem

FOUND = CudaProblem("found", "mend it")


@pytest.fixture
def fresh_findings() -> Iterator[None]:
    cuda.find_cuda_problems.cache_clear()
    cuda.driver_problem.cache_clear()
    yield
    cuda.find_cuda_problems.cache_clear()
    cuda.driver_problem.cache_clear()


def driver(monkeypatch: pytest.MonkeyPatch, gpus: int, status: int = 0) -> None:
    def count(pointer: Any) -> int:
        pointer._obj.value = gpus
        return 0

    library = SimpleNamespace(cuInit=lambda flags: status, cuDeviceGetCount=count)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)


def test_cuda_asked_for_where_there_is_none_raises_with_the_missing_parts(
    capfd: pytest.CaptureFixture[str],
) -> None:
    problems = cuda.find_cuda_problems(0)
    if not problems:
        pytest.skip("CUDA works on this machine")
    with pytest.raises(DeviceError, match=r"device 'cuda:0' cannot be used\. Missing: ") as caught:
        resolve_device("cuda")
    for problem in problems:
        assert problem.what in str(caught.value)
        assert problem.remedy in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("fresh_findings")
def test_a_machine_without_a_driver_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    problem = cuda.driver_problem(0)
    assert problem is not None
    assert problem.what.startswith("no NVIDIA driver was found (")
    assert "cannot open shared object file" in problem.what
    assert "Install the NVIDIA driver" in problem.remedy


@pytest.mark.usefixtures("fresh_findings")
@pytest.mark.parametrize(
    ("gpus", "status", "index", "words"),
    [
        (2, 0, 1, None),
        (2, 0, 2, "GPU 2 was asked for, and the NVIDIA driver offers 2"),
        (0, 0, 0, "GPU 0 was asked for, and the NVIDIA driver offers 0"),
        (9, 100, 0, "GPU 0 was asked for, and the NVIDIA driver offers 0"),
    ],
)
def test_a_gpu_must_be_among_those_that_the_driver_offers(
    monkeypatch: pytest.MonkeyPatch, gpus: int, status: int, index: int, words: str | None
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    driver(monkeypatch, gpus, status)
    problem = cuda.driver_problem(index)
    assert (problem and problem.what) == words


@pytest.mark.usefixtures("fresh_findings")
def test_hidden_gpus_are_explained_by_the_variable_that_hides_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    driver(monkeypatch, 0)
    problem = cuda.driver_problem(0)
    assert problem is not None
    assert "CUDA_VISIBLE_DEVICES='-1'" in problem.what


@pytest.mark.usefixtures("fresh_findings")
def test_wheel_and_driver_are_both_named_and_nothing_is_tried_without_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(onnxruntime_module(), "get_available_providers", list)
    monkeypatch.setattr(cuda, "driver_problem", lambda index: FOUND)
    monkeypatch.setattr(cuda, "_trial_problem", lambda index, said: pytest.fail("tried"))
    wheel, found = cuda.find_cuda_problems(0)
    assert "built without CUDA" in wheel.what
    assert 'pip install "konnx[gpu]"' in wheel.remedy
    assert found is FOUND


def test_what_preloading_says_is_kept_for_the_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def preload() -> None:
        print("Failed to load libcublas.so.13:\n cannot open")
        warnings.warn("Failed to register the CUDA plugin", stacklevel=2)

    monkeypatch.setattr(onnxruntime_module(), "preload_dlls", preload, raising=False)
    assert cuda._preload_libraries() == "Failed to load libcublas.so.13: cannot open"
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("fresh_findings")
def test_a_provider_that_does_not_start_is_a_problem_with_the_loaders_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runtime = onnxruntime_module()
    monkeypatch.setattr(runtime, "get_available_providers", lambda: [cuda.PROVIDER])
    monkeypatch.setattr(cuda, "driver_problem", lambda index: None)
    monkeypatch.setattr(cuda, "_run_trial", lambda runtime, index: False)
    monkeypatch.setattr(cuda, "_loader_message", lambda runtime: "libcudnn.so.9: cannot open")
    (problem,) = cuda.find_cuda_problems(0)
    assert "could not start CUDA: libcudnn.so.9: cannot open" in problem.what
    assert 'pip install "konnx[cuda]"' in problem.remedy


@pytest.mark.usefixtures("fresh_findings")
@pytest.mark.parametrize("message", ["CUDA failure 35: driver too old", "out of memory"])
def test_a_trial_that_fails_is_a_problem(monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    def fail(runtime: object, index: int) -> bool:
        raise RuntimeError(f"[ONNXRuntimeError] : 1 : FAIL : {message}")

    monkeypatch.setattr(onnxruntime_module(), "get_available_providers", lambda: [cuda.PROVIDER])
    monkeypatch.setattr(cuda, "driver_problem", lambda index: None)
    monkeypatch.setattr(cuda, "_run_trial", fail)
    (problem,) = cuda.find_cuda_problems(0)
    assert problem.what == f"a test graph failed on GPU 0: {message}"


def test_the_trial_does_not_take_the_cpu_for_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = onnxruntime_module()
    session = runtime.InferenceSession

    def on_cpu(model: bytes, options: object, **arguments: Any) -> Any:
        return session(model, options, providers=["CPUExecutionProvider"])

    monkeypatch.setattr(runtime, "InferenceSession", on_cpu)
    assert cuda._run_trial(runtime, 0) is False


def test_the_trial_model_computes_what_the_trial_expects() -> None:
    session = onnxruntime_module().InferenceSession(
        cuda._trial_model(), providers=["CPUExecutionProvider"]
    )
    (result,) = session.run(None, {"x": np.ones((1, 1, 4, 4), np.float32)})
    np.testing.assert_array_equal(result, np.full((1, 1, 4, 4), 4.0))


def test_a_step_on_a_gpu_agrees_with_the_cpu() -> None:
    if cuda.find_cuda_problems(0):
        pytest.skip("CUDA does not work on this machine")
    text = """<ir_version: 8, opset_import: ["" : 18]>
        g (float[n, k] x, float[k, m] w, int64 i) => (float[n, m] y, float[k, m] v, int64 j) {
            y = MatMul(x, w) \n v = Neg(w) \n j = Add(i, i) }"""
    results = {}
    for device in ("cpu", "cuda"):
        weight = State(np.arange(6, dtype=np.float32).reshape(3, 2))
        count = State(np.int64(1))
        run = Program(
            parser.parse_model(text),
            feeds=["x"],
            fetches=["y", "j"],
            states={"w": weight, "i": count},
            updates={"v": weight, "j": count},
            device=device,
        )
        batches = [run(np.full((size, 3), 0.1))[0] for size in (4, 4, 3, 4)]
        results[device] = [*batches, weight.numpy(), count.numpy()]
    for on_cpu, on_gpu in zip(results["cpu"], results["cuda"], strict=True):
        np.testing.assert_allclose(on_gpu, on_cpu, rtol=1e-6)
