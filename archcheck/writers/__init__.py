"""Writing networks: as ONNX files, from a `Graph` or from a file that is copied, and as specifications."""
