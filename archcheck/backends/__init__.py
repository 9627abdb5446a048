"""Running networks, which nothing else in archcheck does: in ONNX Runtime, in a process of its own."""
