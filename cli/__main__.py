"""`python -m konnx.cli`: the command, where its script is not on the path."""

from konnx.cli.app import main

main()
