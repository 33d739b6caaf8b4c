"""The command `konnx`: converting, running and inspecting model files from a shell."""

from konnx.cli.app import main

__all__ = ["main"]
