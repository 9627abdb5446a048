"""What a device does with real networks: ``python -m tests.benchmarks.device --device cuda --output FOLDER``.

Each network is verified (every value's dtype and shape, predicted against measured) and timed, the first one
is also run. What comes of it is written into ``results.json`` and ``results.md`` after every step, so that
nothing is lost where a later one fails. No step begins after ``--within`` seconds. The exit code is 1 if a
step failed or a prediction was wrong.
"""
from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NETWORKS: tuple[tuple[str, dict[str, int]], ...] = (
    ("specs:resnet50", {"N": 1}), ("specs:resnet50", {"N": 32}), ("specs:mobilenet_v2", {"N": 32}),
    ("specs:transformer_encoder", {"N": 8, "T": 128}), ("specs:unet", {"N": 1}),
    ("onnx:light_squeezenet", {}))
"""Networks and their sizes, the most telling first; sizes that one does not have are left out."""

STEP = 60
"""Seconds after which a step is given up."""


class Results:
    """What came of the steps so far, in two files."""

    def __init__(self, folder: Path, device: str, within: float) -> None:
        self.folder, self.device, self.begin, self.within = folder, device, time.monotonic(), within
        folder.mkdir(parents=True, exist_ok=True)
        self.steps: list[dict[str, Any]] = []

    def step(self, what: str, model: str, sizes: dict[str, int], do: Callable[[], dict[str, Any]]) -> None:
        """Do something, unless there is no time left, and write down what came of it."""
        begin = time.monotonic()
        found: dict[str, Any] = {"step": what, "model": model, "sizes": sizes}
        if begin - self.begin > self.within:
            found["error"] = "left out: no time was left"
        else:
            try:
                found = {**do(), **found}
            except Exception as error:
                found["error"] = f"{type(error).__name__}: {error}"[:500]
        found["took"] = round(time.monotonic() - begin, 2)
        print(what, model, sizes, found.get("error") or "done", found["took"], "s", flush=True)
        self.steps.append(found)
        self.write()

    def write(self) -> None:
        """Both files."""
        machine = {"device": self.device, "card": card(), "python": platform.python_version(),
                   "system": platform.platform(), "seconds": round(time.monotonic() - self.begin, 1)}
        whole = {"machine": machine, "steps": self.steps}
        (self.folder / "results.json").write_text(json.dumps(whole, indent=1), encoding="utf-8")
        (self.folder / "results.md").write_text(markdown(machine, self.steps), encoding="utf-8")

    @property
    def failed(self) -> bool:
        """Whether a step failed, or a prediction was wrong."""
        return any("error" in step or step.get("verdicts", {}).get("disagrees") for step in self.steps)


# ------------------------------------------------------------------------------------------------ steps
def command(name: str, model: str, sizes: dict[str, int], device: str, *more: str) -> dict[str, Any]:
    """What a command of archcheck says as JSON."""
    setting = [text for symbol, size in sizes.items() for text in ("--set", f"{symbol}={size}")]
    arguments = [sys.executable, "-m", "archcheck", name, model, "--device", device, "--format", "json",
                 *setting, *more]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=STEP)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"exit code {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def verified(model: str, sizes: dict[str, int], device: str) -> dict[str, Any]:
    """How many values agree with their prediction."""
    from archcheck.backends.guard import Limits
    from archcheck.backends.measure import How, verify
    from archcheck.backends.ort import Device
    found = verify(model, sizes, count=1, how=How(device=Device(device), limits=Limits(STEP)))
    if found.refused:
        raise RuntimeError(found.refused[0].refused)
    wrong = [f"{verdict.value}: {verdict.why}" for verdict, _ in found.of("disagrees")]
    return {"provider": found.runs[0].provider, "wrong": wrong[:5],
            "verdicts": Counter(verdict.kind for verdict, _ in found.values.values())}


def known(model: str, sizes: dict[str, int]) -> dict[str, int] | None:
    """Those of ``sizes`` that a network has; None where it cannot be read here."""
    import archcheck
    from archcheck.errors import UserError
    try:
        graph = archcheck.load(model)
        fixed = getattr(graph.family, "fixed", ())
        names = {*archcheck.analyze(graph).symbols, *fixed}
        return {name: size for name, size in sizes.items() if name in names}
    except (UserError, ImportError) as error:
        print(f"{model} is left out: {error}", flush=True)
        return None


def card() -> str:
    """What the driver calls the graphics card; empty where there is none."""
    try:
        asked = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        return subprocess.run(asked, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


# ------------------------------------------------------------------------------------------------ words
def markdown(machine: dict[str, Any], steps: list[dict[str, Any]]) -> str:
    """The results as tables for a page."""
    headings = ("network", "values that agree", "a run", "runs/s", "TFLOP/s", "profiled", "nodes", "roofline",
                "provider")
    lines = [", ".join(f"{key} {value}" for key, value in machine.items() if value), "",
             f"| {' | '.join(headings)} |", "| --- |" + " ---: |" * 7 + " --- |"]
    agreed = {(one["model"], str(one["sizes"])): f"{one['verdicts'].get('agrees', 0)} of "
              f"{sum(one['verdicts'].values())}" for one in steps if "verdicts" in one}
    benched = [one for one in steps if one["step"] == "bench" and "error" not in one]
    for one in benched:
        lines.append(_row(one, agreed.get((one["model"], str(one["sizes"])), "")))
    for one in benched:
        lines += ["", f"{titled(one)}:", "", "| operator | nodes | time | of run |",
                  "| --- | ---: | ---: | ---: |"]
        lines += [f"| {op['op']} | {op['nodes']} | {1e3 * op['seconds']:.3f} ms | {100 * op['share']:.1f} % |"
                  for op in one["by_operator"][:8]]
    lines += ["", *(f"- {one['step']} {titled(one)}: {one['error']}"
                    for one in steps if "error" in one)]
    return "\n".join(lines) + "\n"


def titled(one: dict[str, Any]) -> str:
    """The network of a step, with its sizes."""
    return " ".join([one["model"], *(f"{name}={size}" for name, size in one["sizes"].items())])


def _row(one: dict[str, Any], agreed: str) -> str:
    session, profiled = one["session"], one["profiled"]
    seconds, bound = session["seconds"], (one["roofline"] or {}).get("bound_seconds")
    rate = f"{one['flops'] / seconds / 1e12:.2f}" if one["flops"] else "?"
    least = f"{1e3 * bound:.3f} ms" if bound else ""
    return (f"| {titled(one)} | {agreed} | {1e3 * seconds:.3f} ms | {1 / seconds:.1f} "
            f"| {rate} | {1e3 * profiled['seconds']:.3f} ms | {1e3 * profiled['nodes']:.3f} ms | {least} "
            f"| {one['provider']} |")


def main() -> int:
    """Everything, in the order in which it tells most."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.device", description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--output", type=Path, default=Path("results"))
    parser.add_argument("--seconds", default="2")
    parser.add_argument("--within", type=float, default=120.0)
    options = parser.parse_args()
    results = Results(options.output, options.device, options.within)
    peaks = [flag for name in ("h100", "h200") if name.upper() in card() for flag in ("--roofline", name)]
    networks = [(model, at) for model, sizes in NETWORKS if (at := known(model, sizes)) is not None]
    for model, at in networks:
        results.step("verify", model, at, partial(verified, model, at, options.device))
        results.step("bench", model, at, partial(command, "bench", model, at, options.device, "--seconds",
                                                 options.seconds, *peaks))
    for name, *more in (["run"], ["bench", "--seconds", "1", "--calibrate"]):
        model, at = networks[0]
        results.step(" ".join([name, *more]), model, at,
                     partial(command, name, model, at, options.device, *more))
    print((results.folder / "results.md").read_text(encoding="utf-8"))
    return int(results.failed)


if __name__ == "__main__":
    sys.exit(main())
