"""A net and a search: what PUCT looks at, what is remembered, what is learned."""

import numpy as np
import pytest
import torch

from lmlab.decisions.boards import Board, all_replies
from lmlab.decisions.self_play import Net, learn, search, self_play

game = Board(3, 3)


def even(boards):
    """Likes all moves alike and expects nothing."""
    return np.full(boards.shape, 1 / 9), np.zeros(len(boards))


def slow_search(board, looks):
    """One position, one node at a time: N of the first moves."""
    def node(state):
        return {"state": state, "N": np.zeros(9), "W": np.zeros(9), "child": {}}

    root = node(board)
    for _ in range(looks):
        here, way = root, []
        while True:
            N, W = here["N"], here["W"]
            urge = W / np.maximum(N, 1) + 1.5 / 9 * np.sqrt(N.sum() + 1) / (1 + N)
            move = int(np.where(here["state"] == 0, urge, -np.inf).argmax())
            way.append((here, move))
            if move not in here["child"]:
                break
            here = here["child"][move]
        after = game.play(here["state"][None], np.array([move]))
        value = -1.0 * game.lost(after)[0]
        if not game.over(after)[0]:
            here["child"][move] = node(after[0])
        for parent, move in reversed(way):
            value = -value
            parent["N"][move] += 1
            parent["W"][move] += value
    return root["N"]


def test_many_positions_are_searched_as_each_alone():
    rng = np.random.default_rng(0)
    boards = np.array([[0] * 9, [1, -1, 0, 0, 1, 0, 0, 0, -1],
                       [1, 1, 0, -1, -1, 0, 0, 0, 0], [-1, 1, 0, 0, -1, 0, 0, 0, 0]],
                      dtype=np.int8)[rng.permutation(4)]
    looked = search(game, even, boards, 60)
    assert (looked.sum(1) == 60).all() and not looked[boards != 0].any()
    for board, row in zip(boards, looked, strict=True):
        assert row.tolist() == slow_search(board, 60).tolist()


def test_a_won_move_and_a_needed_one_are_found_without_a_net():
    boards = np.array([[1, 1, 0, -1, -1, 0, 0, 0, 0], [-1, -1, 0, 1, 0, 0, 0, 0, 1]],
                      dtype=np.int8)
    assert search(game, even, boards, 100).argmax(1).tolist() == [2, 2]


def test_the_winner_is_told_from_each_side():
    boards, shares, won = self_play(game, even, 40, 10, np.random.default_rng(1))
    assert np.allclose(shares.sum(1), 1) and not shares[boards != 0].any()
    starts = np.flatnonzero(~boards.any(1))
    assert len(starts) == 40 and set(won) <= {-1, 0, 1}
    assert not game.over(boards).any()


def test_a_net_gives_taken_cells_no_chance():
    boards = np.array([[1, -1, 0, 0, 0, 0, 0, 0, 0]], dtype=np.int8)
    priors, value = Net(game).double().guess(boards)
    assert priors.sum() == pytest.approx(1) and not priors[0, :2].any()
    assert abs(value[0]) < 1


def test_a_few_rounds_already_lose_less():
    torch.manual_seed(1)
    net = Net(game).double()

    def lost():
        def alone(boards):
            return net.guess(boards)[0].argmax(1)
        return sum(all_replies(game, alone, first)[2] for first in (True, False))

    before = lost()
    losses = [*learn(net, game, np.random.default_rng(1), rounds=8)]
    assert lost() < before / 3 and losses[-1] < losses[0]


def test_a_board_of_another_size_is_named():
    with pytest.raises(ValueError, match=r"shape \(n, 9\).*got \(1, 25\) and 5"):
        search(game, even, np.zeros((1, 25), dtype=np.int8), 5)
