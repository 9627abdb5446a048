"""What a parent and its child process say to each other: pickled messages, large arrays in files beside."""
from __future__ import annotations

import os
import pickle
import tempfile
from typing import IO, Any

LARGE = 1 << 16
"""Arrays of more bytes travel as files."""


class _Packer(pickle.Pickler):
    def __init__(self, stream: IO[bytes], folder: str) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL)
        self.folder = folder

    def persistent_id(self, value: Any) -> str | None:
        """The file that a large array goes into; None for all that travels by itself."""
        if type(value).__name__ != "ndarray" or value.nbytes <= LARGE or value.dtype.hasobject:
            return None
        import numpy
        handle, name = tempfile.mkstemp(".npy", dir=self.folder)
        with os.fdopen(handle, "wb") as file:
            numpy.save(file, value, allow_pickle=False)
        return name


class _Unpacker(pickle.Unpickler):
    def persistent_load(self, name: Any) -> Any:
        """The array in the file ``name``, which is removed."""
        import numpy
        array = numpy.load(name, allow_pickle=False)
        os.unlink(name)
        return array


def send(stream: IO[bytes], folder: str, message: Any) -> None:
    """Write ``message`` to ``stream``; its large arrays go into files in ``folder``."""
    _Packer(stream, folder).dump(message)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """The next message. Raises `EOFError` where the other side has ended, `pickle.UnpicklingError` where it
    did so in the middle of one."""
    return _Unpacker(stream).load()
