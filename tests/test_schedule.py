"""The best order of nodes against all orders there are, and the bound against both."""
from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from archcheck.analyses.orders import START, Piece, Problem, greedy, usage
from archcheck.analyses.schedule import best_order
from archcheck.analyses.search import Step, search

SIZES = st.sampled_from((0, 1, 2, 5, 10, 20, 50))


@st.composite
def problems(draw, most=7):
    """A few nodes, each with one or two outputs that later ones read, and one or two inputs."""
    count = draw(st.integers(0, most))
    later = [st.frozensets(st.integers(node + 1, count - 1), max_size=3) if node + 1 < count else
             st.just(frozenset()) for node in range(count)]
    pieces = [Piece(draw(SIZES), node, tuple(sorted(draw(later[node]))), draw(st.integers(0, 9)) == 0)
              for node in range(count) for _ in range(draw(st.sampled_from((1, 1, 1, 2))))]
    for _ in range(draw(st.integers(0, 2)) if count else 0):
        readers = draw(st.frozensets(st.integers(0, count - 1), min_size=1, max_size=3))
        pieces.append(Piece(draw(SIZES), START, tuple(sorted(readers)), draw(st.booleans())))
    return Problem(pieces, [draw(st.sampled_from((0, 0, 0, 3, 30))) for _ in range(count)])


def orders(problem, done=()):
    """Every order that is possible."""
    if len(done) == len(problem.work):
        yield done
    for node in range(len(problem.work)):
        if node not in done and problem.makers(node) <= set(done):
            yield from orders(problem, (*done, node))


def peak(problem, order):
    return max(usage(problem, order), default=0)


def chain(*sizes):
    """Nodes in a row, each of which reads what the last one made."""
    return Problem([Piece(size, node, (node + 1,) if node + 1 < len(sizes) else ())
                    for node, size in enumerate(sizes)], [0] * len(sizes))


@settings(deadline=None)
@given(problems())
def test_the_best_of_all_orders(problem):
    found, least = best_order(problem), min(peak(problem, order) for order in orders(problem))
    assert found.peak == found.bound == least
    assert found.order in set(orders(problem)) and peak(problem, found.order) == least


@settings(deadline=None, max_examples=50)
@given(problems(6))
def test_without_a_search(problem):
    """The bound is one, and the order no worse than that of the file."""
    found, least = best_order(problem, 0), min(peak(problem, order) for order in orders(problem))
    assert found.bound <= least <= found.peak <= peak(problem, range(len(problem.work)))
    assert found.order in set(orders(problem))


@settings(deadline=None)
@given(problems(9))
def test_greedy_takes_what_adds_least(problem):
    """At each step no other node that could run would have added less, or as little and freed more."""
    order = greedy(problem)
    assert sorted(order) == [*range(len(problem.work))]
    for place, node in enumerate(order):
        ready = [other for other in order[place:] if problem.makers(other) <= set(order[:place])]
        assert node == min(ready, key=lambda other: price(problem, order[:place], other))


def price(problem, done, node):
    freed = sum(piece.size for piece in problem.pieces
                if node in piece.readers and not piece.kept and {*piece.readers} <= {*done, node})
    lasting = sum(piece.size for piece in problem.pieces
                  if piece.maker == node and (piece.readers or piece.kept))
    return lasting - freed, -freed, node


@settings(deadline=None, max_examples=20)
@given(st.lists(problems(5), min_size=2, max_size=4))
def test_blocks_in_a_row(parts):
    """Networks one after another, with a node between them, need what the largest of them does, or the nodes
    between."""
    row, least = joined(parts)
    found = best_order(row)
    assert found.peak == found.bound == max(least, max(usage(row, found.order)))
    assert found.peak == max(least, 1)


def joined(parts):
    """``parts`` in a row: all nodes of one read what a node before it made, of size 0, and are read by the
    one after it. Inputs and what is kept are left out. And the least that any part takes by itself."""
    pieces, work, least = [], [1], 0
    for part in parts:
        begin, end = len(work), len(work) + len(part.work)
        own = [piece._replace(kept=False) for piece in part.pieces if piece.maker != START]
        alone = Problem(own, part.work)
        least = max(least, min(peak(alone, order) for order in orders(alone)))
        pieces += [Piece(piece.size, piece.maker + begin, tuple(node + begin for node in piece.readers))
                   for piece in own]
        pieces.append(Piece(0, begin - 1, tuple(range(begin, end + 1))))
        pieces += [Piece(0, node, (end,)) for node in range(begin, end)]
        work += [*part.work, 1]
    return Problem(pieces, work), least


def test_two_branches():
    """The one that shrinks to little must run first: the other one leaves 40 in memory under its 100."""
    pieces = [Piece(10, START, (0, 2)), Piece(50, 0, (1,)), Piece(40, 1, (4,)), Piece(100, 2, (3,)),
              Piece(1, 3, (4,)), Piece(41, 4, (), True)]
    problem = Problem(pieces, [0] * 5)
    assert peak(problem, range(5)) == 40 + 10 + 100  # the input, 40 and 100
    found = best_order(problem)
    assert found == ((2, 3, 0, 1, 4), 10 + 100 + 1, 10 + 100 + 1)


def test_a_chain_has_one_order():
    assert best_order(chain(3, 50, 7, 60, 1)) == ((0, 1, 2, 3, 4), 67, 67)


def test_what_reads_only_weights_runs_where_it_is_needed():
    """A transposed weight of 30 that the file makes at the start is not in memory while 100 are needed."""
    pieces = [Piece(30, 0, (3,)), Piece(1, START, (1,)), Piece(100, 1, (2,)), Piece(5, 2, (3,)),
              Piece(5, 3, (), True)]
    problem = Problem(pieces, [0] * 4)
    assert peak(problem, range(4)) == 135
    assert best_order(problem, 0) == ((1, 2, 0, 3), 105, 105)


def test_a_search_that_is_given_up_leaves_a_bound():
    """Two branches at once: without patience there is no order, and the least is what it was sure of."""
    steps = [Step(0, (1,), 50, 50, ()), Step(1, (), 40, 40, ((50, 2),)),
             Step(0, (3,), 100, 100, ()), Step(4, (), 1, 1, ((100, 8),))]
    assert search(steps, 10, 0, 200, 1000)[:2] == ([2, 3, 0, 1], 111)
    assert search(steps, 10, 0, 111, 1000)[:2] == (None, 111)
    assert search(steps, 10, 0, 200, 0) == (None, 0, 0)


def test_long_networks_are_quick():
    """The search is given up in time: hundreds of branches, all of one kind."""
    count = 400
    pieces = [Piece(7, START, tuple(range(count)))]
    for branch in range(count):
        pieces += [Piece(9 + branch % 5, branch, (count + branch,)), Piece(3, count + branch, (2 * count,))]
    found = best_order(Problem(pieces, [0] * (2 * count + 1)))
    assert found.bound <= found.peak
