"""Einsum: sums of products over letters."""
import pytest

from archcheck.dims import symbol
from archcheck.graph import TensorType
from archcheck.ops import find
from archcheck.ops._op import ALL, FREE, Along, Cost, Picked, cost_of
from tests.ops._rows import row, rows_test

N, T = symbol("N"), symbol("T")

ROWS = [
    row("Einsum", "float32[N,T,3]", "float32[N,S,3]", equation="bid,bjd->bij", out="float32[N,T,S]"),
    row("Einsum", "float32[N,T,2,3]", "float32[N,S,2,3]", equation="bihd, bjhd -> bhij", out="float32[N,2,T,S]"),
    row("Einsum", "float32[N,3]", "float32[3,M]", equation="ij,jk", out="float32[N,M]"),
    row("Einsum", "float32[N,M]", equation="ij->ji", out="float32[M,N]"),
    row("Einsum", "float32[N,M]", equation="ji", out="float32[M,N]"),
    row("Einsum", "float32[N,M]", equation="ij->", out="float32[]"),
    row("Einsum", "float32[K,K]", equation="ii->i", out="float32[K]"),
    row("Einsum", "float32[N,K,K]", equation="...ii->...i", out="float32[N,K]"),
    row("Einsum", "float32[N,2,3]", "float32[N,3,4]", equation="...ij,...jk->...ik", out="float32[N,2,4]"),
    row("Einsum", "float32[N,2,3]", "float32[3,4]", equation="...ij,jk->...ik", out="float32[N,2,4]"),
    row("Einsum", "float32[N,2,3]", "float32[N,3,4]", equation="...ij,...jk", out="float32[N,2,4]"),
    row("Einsum", "float32[N]", "float32[M]", equation="i,j->ij", out="float32[N,M]"),
    row("Einsum", "float32[N,A]", "float32[A,B]", "float32[B,M]", equation="ia,ab,bj->ij", out="float32[N,M]"),
    row("Einsum", "float32[N,3]", "float32[3]", equation="Ab,b->A", out="float32[N]"),
    row("Einsum", "float32[N,3]", "float32[M,4]", equation="ij,kj->ik", fails="sizes 3 and 4"),
    row("Einsum", "float32[3,4]", equation="ii->i", fails="'i' stands for 3 and for 4 elements"),
    row("Einsum", "float32[3,4]", equation="ijk->i", fails="the term 'ijk' names 3 axes, but the input has 2"),
    row("Einsum", "float32[3,4]", "float32[3]", equation="ij->i", fails="the equation has 1 terms for 2 inputs"),
    row("Einsum", "float32[3,4]", equation="ij->k", fails="letters that no input has"),
    row("Einsum", "float32[3]", equation="i->ii", fails="a letter twice"),
]

test_rows = rows_test(ROWS)


def effect(equation, *shapes):
    return find("", "Einsum", 12).function(*(TensorType("float32", shape) for shape in shapes), equation=equation)


@pytest.mark.parametrize(("equation", "shapes", "expected"), [
    ("bid,bjd->bij", [(N, T, 8), (N, T, 8)], Cost(mac=8 * N * T * T)),
    ("ij->ji", [(N, T)], FREE),
    ("ij->i", [(N, T)], Cost(add=N * T)),
    ("ij,kl->i", [(N, 2), (3, 4)], Cost(add=2 * N + 12, mac=N)),
    ("ia,ab,bj->ij", [(2, 3), (3, 4), (4, 5)], Cost(mac=2 * 3 * 4 + 2 * 4 * 5))])
def test_cost(equation: str, shapes: list[tuple[object, ...]], expected: Cost) -> None:
    assert cost_of(effect(equation, *shapes)) == expected


def test_letters_say_what_is_read() -> None:
    assert effect("ij,jk->ki", (N, 3), (3, T)).reads(0) == ((Along(1), ALL), (ALL, Along(0)))
    assert effect("ij,ij->ij", (N, 1), (N, 3)).reads(0)[0] == (Along(0), Picked(None, (0,)))
