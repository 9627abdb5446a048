"""Running networks: in ONNX Runtime, in a process of its own."""
