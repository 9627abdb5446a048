"""A file mended: written beside the old one, or in its place, once both were run and compared."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from archcheck.config import Settings
from archcheck.errors import UserError
from archcheck.fixing._draft import Draft, NotMendable
from archcheck.fixing._listing import difference, listing
from archcheck.fixing._mend import Mended, mended
from archcheck.frontends import Source, bytes_of
from archcheck.frontends._source import SHIPPED, said
from archcheck.lint._one import load_plugins

EQUAL, CLOSE, DIFFERS, UNKNOWN = "equal", "close", "differs", "unknown"
"""Outputs that are the same bit for bit; within the tolerance; further apart; not compared."""


class Proof(NamedTuple):
    """What came of running the old model and the new one on the same inputs, and that in words."""

    verdict: str
    words: str


class Fixed(NamedTuple):
    """A file that was mended: its ``name``, where the mended one is (None: none was written), what was done,
    and how the two compare."""

    name: str
    path: Path | None
    mended: Mended
    proof: Proof | None


def fix_file(name: str, settings: Settings, *, unsafe: bool = False, in_place: bool = False) -> Fixed:
    """Mend the model ``name``, a path or ``onnx:NAME``, as ``model.fixed.onnx`` or ``in_place``. Nothing is
    written where there is nothing to mend, or where what should keep the outputs bit for bit does not. Raises
    `UserError` where the file cannot be mended or written."""
    source = bytes_of(name)
    load_plugins(settings)
    draft = Draft(source, target_of(source, in_place))
    target = draft.target
    done = mended(draft, settings, unsafe)
    if not done.done:
        return Fixed(name, None, done, None)
    trial = target.with_name(f".archcheck-trial-{target.name}")
    try:
        draft.write(trial)
        proof = proved(name, trial, done.is_exact)
        if proof.verdict == DIFFERS and done.is_exact:
            if draft.moved:
                target.with_name(draft.beside).unlink()
            return Fixed(name, None, done, proof)
        trial.replace(target)
    finally:
        trial.unlink(missing_ok=True)
    return Fixed(name, target, done, proof)


def diff_file(name: str, settings: Settings, *, unsafe: bool = False) -> list[str]:
    """What `fix_file` would change, as lines; none where it would change nothing."""
    source = bytes_of(name)
    load_plugins(settings)
    draft = Draft(source, target_of(source, in_place=False))
    old = listing(draft.proto)
    if not mended(draft, settings, unsafe).done:
        return []
    return difference(old, listing(draft.proto), said(name), str(draft.target))


def target_of(source: Source, in_place: bool) -> Path:
    """Where the mended model goes."""
    if source.folder is None:
        raise NotMendable(f"{said(source.name)} is no file that could be mended; save it in one")
    if source.name.startswith(SHIPPED):
        if in_place:
            raise NotMendable(f"{source.name} belongs to the onnx package; leave out --in-place")
        return Path(f"{source.name[len(SHIPPED):]}.fixed.onnx")
    path = Path(source.name)
    packed = path.suffix if path.suffix == ".gz" else ""
    plain = path.with_suffix("") if packed else path
    return path if in_place else plain.with_name(f"{plain.stem}.fixed{plain.suffix or '.onnx'}{packed}")


# ---------------------------------------------------------------------------------------- comparing the two
def proved(old: str, new: Path, exact: bool) -> Proof:
    """Both run on the same inputs, at two sizes of each symbol."""
    from archcheck.backends.equal import compare
    tolerance = 0.0 if exact else None
    try:
        found = compare(old, new, rtol=tolerance, atol=tolerance)
    except UserError as error:
        return Proof(UNKNOWN, str(error))
    refused = next((run.refused for run in found.runs if run.refused), "")
    if refused:
        return _refused(old, new, refused)
    where = _where([dict(run.sizes) for run in found.runs])
    if not found.is_equal:
        worst = next(one for run in found.runs for one in run.outputs if not one.is_equal)
        return Proof(DIFFERS, f"{worst.old} differs{where}: {worst.why}")
    if all(one.differing == 0 and one.largest == 0 for run in found.runs for one in run.outputs):
        return Proof(EQUAL, f"the outputs are equal bit for bit{where}")
    largest = max(one.largest for run in found.runs for one in run.outputs)
    return Proof(CLOSE, f"the outputs are equal within the tolerance{where}, {largest:.3g} apart at most")


def _refused(old: str, new: Path, why: str) -> Proof:
    """One of the two does not run: a defect where it is the new one alone."""
    if _runs(old) and not _runs(str(new)):
        return Proof(DIFFERS, f"the model ran before, and does not now: {why}")
    return Proof(UNKNOWN, f"the model cannot be run: {why}")


def _runs(name: str) -> bool:
    from archcheck.backends.equal import compare
    return not any(run.refused for run in compare(name, name, count=1).runs)


def _where(sizes: list[dict[str, int]]) -> str:
    said_of = list(dict.fromkeys(_sizes(one) for one in sizes))
    return f" at {' and '.join(said_of)}" if all(said_of) else ""


def _sizes(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name} = {size}" for name, size in sizes.items())


# ---------------------------------------------------------------------------------------- what is said of it
def words(fixed: Fixed) -> Iterator[str]:
    """What was done to a file, in sentences."""
    done, proof = fixed.mended.done, fixed.proof
    if fixed.path is not None and proof is not None:
        counts = ", ".join(f"{count:,} {code}" for code, count in done.items())
        yield f"{said(fixed.name)}: {done.total():,} fixed ({counts}), written to {fixed.path}"
        yield f"  {'not compared: ' if proof.verdict == UNKNOWN else ''}{proof.words}"
    elif proof is not None:
        yield (f"{said(fixed.name)}: not fixed, as {', '.join(done)} would change what comes out: "
               f"{proof.words}. This is a defect of archcheck")
    for (code, why), count in fixed.mended.declined.items():
        places = f"{count:,} places" if count > 1 else "a place"
        yield f"  {code} is left at {places}: {why}"
