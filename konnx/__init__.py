"""konnx: the Keras API where every model is an ONNX graph."""
