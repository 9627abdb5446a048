"""Clusters of others as executors: whatever schedules the work there, here it is a row of futures."""
from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

from archcheck.errors import UserError

SCHEMES = ("dask", "ray")
PATIENCE = "10s"


@contextmanager
def connected(address: str) -> Iterator[tuple[Executor, int]]:
    """The cluster at ``address``, and how many things its workers do at a time. Raises `UserError`."""
    scheme = address.partition("://")[0]
    opened = {"dask": _dask, "ray": _ray}.get(scheme)
    if opened is None:
        raise UserError(f"--cluster {address} is no address of a cluster; it is dask://HOST:PORT or "
                        "ray://HOST:PORT")
    try:
        with opened(address) as found:
            yield found
    except ImportError:
        raise UserError(f"{scheme} is not installed; pip install 'archcheck[{scheme}]', here and on the "
                        "workers") from None


@contextmanager
def _dask(address: str) -> Iterator[tuple[Executor, int]]:
    from distributed import Client
    try:
        client = Client(f"tcp://{address.partition('://')[2]}", timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(f"there is no Dask scheduler at {address} ({type(error).__name__}); start one with "
                        "dask scheduler") from None
    with client:
        workers = sum(client.nthreads().values())
        if not workers:
            raise UserError(f"the cluster at {address} has no workers; start some with dask worker")
        yield client.get_executor(pure=False), workers


@contextmanager
def _ray(address: str) -> Iterator[tuple[Executor, int]]:
    import ray
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what goes wrong is one sentence
            ray.init(address, ignore_reinit_error=True, log_to_driver=False)
    except (OSError, RuntimeError) as error:
        raise UserError(f"there is no Ray cluster at {address} ({type(error).__name__}); start one with "
                        "ray start --head") from None
    try:
        yield _RayExecutor(ray), int(ray.cluster_resources().get("CPU", 1))
    finally:
        ray.shutdown()


class _RayExecutor(Executor):
    def __init__(self, ray: Any) -> None:
        self.ray, self.remote = ray, {}  # type: ignore[var-annotated]

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """``fn(*args, **kwargs)`` on a worker."""
        remote = self.remote.setdefault(fn, self.ray.remote(fn))
        future: Future[Any] = remote.remote(*args, **kwargs).future()
        return future
