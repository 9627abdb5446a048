"""Models as a git repository has them at a revision: ``HEAD~1:model.onnx``."""
from __future__ import annotations

import hashlib
import mmap
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from archcheck.frontends import LoadError, Source, graph_in
from archcheck.frontends._external import resolved
from archcheck.frontends._source import MAX_STREAM, SHIPPED, unpacked
from archcheck.frontends._zoo import PREFIX
from archcheck.graph import Graph, Literal

_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n")
_POINTER_BYTES = 1024


class Revision(NamedTuple):
    """A file of a commit: the commit as it was said, the path from the repository's root, and how the user
    calls both."""

    commit: str
    path: str
    said: str


def is_revision(name: str) -> bool:
    """Whether a model's name means a file at a revision: ``REVISION:PATH``, and no file is called that."""
    commit, colon, path = name.partition(":")
    is_drive = os.name == "nt" and len(commit) == 1
    return bool(colon and commit and path and not is_drive and not name.startswith((SHIPPED, PREFIX))
                and not os.path.lexists(name))


def files_under(name: str) -> dict[str, str]:
    """The files below the folder of a commit that ``name`` means, their paths from it to the names by which
    git has them; none where it means a file, or nothing. Raises `LoadError` for a commit that is not
    there."""
    commit, _, path = name.partition(":")
    _require(commit, name)
    for tried in _places(path):
        folder = "" if tried == "." else f"{tried}/"
        kind = _git("cat-file", "-t", f"{commit}:{folder.rstrip('/')}")
        if (kind or b"").strip() == b"tree":
            said = _git("ls-tree", "-rz", "--full-tree", "--name-only", commit, "--", folder or ".") or b""
            paths = [os.fsdecode(one) for one in said.split(b"\0") if one]
            return {one[len(folder):]: f"{commit}:{one}" for one in paths}
    return {}


def contents(name: str, most: int) -> bytes:
    """The first ``most`` bytes of a file of a commit, as git has them."""
    with subprocess.Popen([*_GIT, "cat-file", "blob", name], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as running:
        assert running.stdout
        found = running.stdout.read(most)
        running.kill()
    return found


def digest(name: str) -> str:
    """The hash (SHA-256) of a file of a commit; of one that Git LFS keeps that of its contents."""
    found = hashlib.sha256()
    with subprocess.Popen([*_GIT, "cat-file", "blob", name], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as running:
        assert running.stdout
        head = running.stdout.read(_POINTER_BYTES)
        pointer = _POINTER.match(head)
        if pointer:
            return pointer[1].decode()
        while head:
            found.update(head)
            head = running.stdout.read(1 << 20)
    return found.hexdigest()


def loaded(name: str, folder: str) -> tuple[Graph, Source]:
    """The network that ``name`` means, and where its bytes are; the files that it stores weights in are those
    of the same revision. All are put into ``folder``. Raises `LoadError`."""
    revision = _found(name)
    path = os.path.join(folder, "model")
    _fetch(revision, path)
    source = Source(unpacked(_mapped(path), name), name, os.path.join(folder, "beside"))
    graph = graph_in(source._replace(folder=None))
    if _fetched_beside(revision, graph, source.folder or ""):
        graph = graph_in(source)
    return replace(graph, data=source.data), source


def _found(name: str) -> Revision:
    """The file that ``name`` means: as git reads it, else seen from the current folder."""
    commit, _, path = name.partition(":")
    _require(commit, name)
    for tried in _places(path):
        if _object(commit, tried) is not None:
            return Revision(commit, tried, name)
    raise LoadError(f"{commit} has no file {path}; name it as git does, from the root of the repository or "
                    f"as {commit}:./PATH")


def require_file(name: str) -> None:
    """Raise `LoadError` where ``name`` means no file of a commit."""
    _found(name)


def _require(commit: str, name: str) -> None:
    """Raise `LoadError` where there is no such commit."""
    if _git("rev-parse", "--quiet", "--verify", "--end-of-options", f"{commit}^{{commit}}") is None:
        where = "this is no git repository" if _git("rev-parse", "--git-dir") is None else (
            f"the repository has no commit {commit!r}; fetch it, or correct its name")
        raise LoadError(f"there is no file {name}, and as a file of a commit it cannot be read: {where}")


def _places(path: str) -> Iterator[str]:
    """What a path of a commit may mean, from the root of the repository: as git reads it, else seen from the
    current folder."""
    prefix = (_git("rev-parse", "--show-prefix") or b"").decode(errors="surrogateescape").strip()
    for tried in (path, os.path.join(prefix, path)):
        is_near = tried in (".", "..") or tried.startswith(("./", "../"))
        clean = os.path.normpath(os.path.join(prefix, tried) if is_near else tried)
        yield clean.replace(os.sep, "/")


def _object(commit: str, path: str) -> str | None:
    """The name of the file's contents, None where it is no file."""
    found = _git("rev-parse", "--quiet", "--verify", "--end-of-options", f"{commit}:{path}")
    name = found.decode().strip() if found else None
    return name if name and (_git("cat-file", "-t", name) or b"").strip() == b"blob" else None


def _fetched_beside(revision: Revision, graph: Graph, folder: str) -> bool:
    """Put the files that a model stores weights in into ``folder``; whether there are any."""
    names = {kind.value.location.file for kind in graph.weights.values()
             if isinstance(kind.value, Literal) and kind.value.location} - {None}
    os.makedirs(folder)
    done = False
    for name in sorted(filter(None, names)):
        target, beside = os.path.join(folder, name), os.path.join(os.path.dirname(revision.path), name)
        path = os.path.normpath(beside).replace(os.sep, "/")
        is_inside = resolved(name, folder)[1] != "external-data-escapes"
        if is_inside and _object(revision.commit, path) is not None:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            _fetch(Revision(revision.commit, path, f"{revision.commit}:{path}"), target)
            done = True
    return done


def _fetch(revision: Revision, target: str) -> None:
    """Write a file of a commit to ``target``; what Git LFS keeps of it, where it keeps it here."""
    name = _object(revision.commit, revision.path) or ""
    size = int(_git("cat-file", "-s", name) or 0)
    if size > MAX_STREAM:
        raise LoadError(f"{revision.said} holds over {MAX_STREAM:,} bytes; check it out instead")
    with open(target, "wb") as file:
        done = subprocess.run([*_GIT, "cat-file", "blob", name], stdout=file, stderr=subprocess.DEVNULL)
    if done.returncode:
        raise LoadError(f"git cannot read {revision.said}; fetch it, or run git fsck")
    if size <= _POINTER_BYTES:
        _follow_pointer(revision, target)


def _follow_pointer(revision: Revision, target: str) -> None:
    with open(target, "rb") as file:
        found = _POINTER.match(file.read())
    if not found:
        return
    digest = found[1].decode()
    shared = (_git("rev-parse", "--path-format=absolute", "--git-common-dir") or b"").decode().strip()
    kept = os.path.join(shared, "lfs", "objects", digest[:2], digest[2:4], digest)
    if not os.path.isfile(kept) or _digest(kept) != digest:
        raise LoadError(f"{revision.said} is a Git LFS pointer, and the file itself is not here; "
                        f"fetch it with git lfs fetch origin {revision.commit}")
    os.unlink(target)
    _copy(kept, target)


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _copy(source: str, target: str) -> None:
    import shutil
    shutil.copyfile(source, target)


def _mapped(path: str) -> mmap.mmap | bytes:
    if not os.path.getsize(path):
        return b""
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


_GIT = ("git", "--no-pager", "--literal-pathspecs")


def _git(*arguments: str) -> bytes | None:
    """What git prints, None where it fails or is not there."""
    try:
        done = subprocess.run([*_GIT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL)
    except (OSError, ValueError):
        return None
    return done.stdout if done.returncode == 0 else None
