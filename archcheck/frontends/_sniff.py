"""What a file that is no ONNX model is instead, told by its first bytes."""
from __future__ import annotations

from archcheck.frontends._wire import Buffer

HEAD = 1024
"""So many bytes of a file are looked at."""

_EXPORT = "export the model to ONNX first"
_DOWNLOAD = "download the model again"
_OTHER = "name the model instead"
_UNPACK = "unpack it first"

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"version https://git-lfs", "it is a Git LFS pointer; fetch the file itself with git lfs pull"),
    (4, b"ORTM", "it is a model in ONNX Runtime's own format; use the .onnx file that it was made from"),
    (4, b"TFL3", f"it is a TensorFlow Lite model; {_EXPORT}, with tf2onnx"),
    (0, b"\x89HDF", f"it is an HDF5 file, as Keras writes them; {_EXPORT}, with tf2onnx"),
    (0, b"GGUF", f"it is a GGUF model; {_EXPORT}"),
    (8, b'{"', f"it is a safetensors file, which holds weights and no graph; {_EXPORT}"),
    (0, b"\x80\x02", f"it is a Python pickle, as torch.save writes them; {_EXPORT}, with torch.onnx.export"),
    (0, b"\x80\x03", f"it is a Python pickle; {_EXPORT}"),
    (0, b"\x80\x04", f"it is a Python pickle; {_EXPORT}"),
    (0, b"\x80\x05", f"it is a Python pickle; {_EXPORT}"),
    (0, b"\x93NUMPY", f"it is a numpy array; {_OTHER}"),
    (0, b"\x7fELF", f"it is a program or a library; {_OTHER}"),
    (0, b"%PDF", f"it is a PDF document; {_OTHER}"),
    (0, b"\x89PNG", f"it is a picture; {_OTHER}"),
    (0, b"\xff\xd8\xff", f"it is a picture; {_OTHER}"),
    (0, b"\x1f\x8b", f"it is a gzipped file inside another one; {_UNPACK}"),
    (0, b"7z\xbc\xaf", f"it is a 7z archive; {_UNPACK}"),
    (0, b"\xfd7zXZ", f"it is an xz archive; {_UNPACK}"),
    (0, b"BZh", f"it is a bzip2 archive; {_UNPACK}"),
    (0, b"(\xb5/\xfd", f"it is a zstd archive; {_UNPACK}"),
    (257, b"ustar", f"it is a tar archive; {_UNPACK}"),
)


def not_onnx(data: Buffer) -> str | None:
    """What ``data`` is and what to do about it, or None where that is not known."""
    head = bytes(data[:HEAD])
    if not head:
        return f"it is empty (0 bytes); write it or {_DOWNLOAD}"
    if head.startswith(b"PK"):
        return _zip(head)
    return next((what for at, magic, what in _MAGIC if head.startswith(magic, at)), None) or _text(head)


def _zip(head: bytes) -> str:
    if b"/data.pkl" in head or b"/constants.pkl" in head:
        return f"it is a zip archive with a PyTorch model; {_EXPORT}, with torch.onnx.export"
    return f"it is a zip archive; {_UNPACK}"


def _text(head: bytes) -> str | None:
    text = head.decode("utf-8", "ignore").lstrip("\ufeff \t\r\n").lower()
    complete = len(text.encode()) >= len(head.strip()) - 6  # less a byte order mark and a letter cut off
    if not complete or any(letter < " " and not letter.isspace() for letter in text):
        return None
    if text.startswith("<") and "<html" in text:
        return f"it is a web page (HTML), so a download went wrong; {_DOWNLOAD} from a direct link"
    kind = "an XML" if text.startswith("<?xml") else "a JSON" if text.startswith(("{", "[{")) else "a text"
    return f"it is {kind} file; {_OTHER}"
