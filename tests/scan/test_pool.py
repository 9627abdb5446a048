"""The pool: what one thing does to its process costs no other."""
from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archcheck import deadline
from archcheck.deadline import ENDED, TOO_MUCH, Limits, Lost, guarded
from archcheck.errors import UserError
from archcheck.pool import Place, work
from tests.scan.workers import act


def outcome(things, jobs, **limits):
    found = list(work(act, things, Place(jobs), Limits(**limits) if limits else None))
    assert sorted(index for index, _ in found) == list(range(len(things)))
    return [value for _, value in sorted(found, key=lambda pair: pair[0])]


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_each_once(jobs):
    assert outcome(list(range(40)), jobs) == [2 * k for k in range(40)]


def test_nothing_to_do():
    assert outcome([], 3) == []


def test_a_process_that_is_killed_costs_its_own_thing():
    things = [1, 2, "die", 3, 4, 5, "die", 6]
    assert outcome(things, 2) == [2, 4, Lost(ENDED), 6, 8, 10, Lost(ENDED), 12]


def test_what_loops_is_given_up_and_its_process_goes_on():
    found = outcome([1, "loop", 2], 1, seconds=0.4)
    assert found == [2, Lost("it took longer than 0.4 s; --timeout gives it more"), 4]


def test_what_does_not_come_back_is_ended_with_its_process(monkeypatch):
    monkeypatch.setattr(deadline, "GRACE", 0.2)
    assert outcome([1, "stuck", 2], 1, seconds=0.3) == [2, Lost(ENDED), 4]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is limited on Linux only")
def test_what_takes_too_much_memory_is_given_up():
    found = outcome([1, "greedy", 2], 1, memory=1 << 30)
    assert found == [2, Lost(TOO_MUCH), 4]


def test_a_time_that_is_not_over_leaves_nothing_behind():
    for _ in range(20):
        assert guarded(act, 1, Limits(0.05)) == 2
    time.sleep(0.1)


def test_leaving_early_ends_the_processes():
    begun = time.monotonic()
    for _ in work(act, [1, "stuck", "stuck"], Place(2)):
        break
    assert time.monotonic() - begun < 5


def test_a_cluster_gives_the_same(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="this needs archcheck[dask]")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[2]), *sys.path]))
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        address = cluster.scheduler_address.replace("tcp", "dask")
        found = dict(work(act, [*range(20), "die"], Place(1, address), Limits(30)))
    assert found == {**{k: 2 * k for k in range(20)}, 20: Lost("the cluster gave it up (KilledWorker)")}


@pytest.fixture
def ray_cluster(monkeypatch):
    """The address of a cluster of two workers of its own."""
    pytest.importorskip("ray", reason="this needs archcheck[ray]")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[2]), *sys.path]))
    ports = free_ports(2)
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=2",
               "--include-dashboard=false", "--disable-usage-stats", "--object-store-memory=100000000",
               f"--port={ports[0]}", f"--ray-client-server-port={ports[1]}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    limit = time.monotonic() + 60
    while time.monotonic() < limit and not is_open(ports[1]):
        time.sleep(0.2)
    yield f"ray://127.0.0.1:{ports[1]}"
    process.terminate()
    process.wait(60)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def is_open(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_ray_gives_the_same(ray_cluster):
    found = dict(work(act, [*range(20), "die"], Place(1, ray_cluster), Limits(30)))
    assert found == {**{k: 2 * k for k in range(20)}, 20: Lost("the cluster gave it up (WorkerCrashedError)")}


def test_an_address_that_is_none():
    with pytest.raises(UserError, match="dask://HOST:PORT"):
        list(work(act, [1], Place(1, "localhost:8786")))
