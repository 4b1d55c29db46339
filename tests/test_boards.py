"""Boards of k in a row: lines, turns, every reply, and what a position is worth."""

import numpy as np
import pytest

from lmlab.decisions.boards import Board, all_replies, minimax

game = Board(3, 3)


def first_empty(boards):
    return (boards == 0).argmax(1)


@pytest.mark.parametrize("side, k, lines", [(3, 3, 8), (5, 4, 28), (4, 4, 10)])
def test_every_line_is_there_once(side, k, lines):
    board = Board(side, k)
    assert len(np.unique(board.lines, axis=0)) == len(board.lines) == lines
    assert (board.lines.sum(1) == k).all()


def test_a_turned_or_mirrored_line_is_a_line():
    board = Board(5, 4)
    known = {line.tobytes() for line in board.lines}
    assert len(np.unique(board.symmetries, axis=0)) == 8
    assert all(line[turn].tobytes() in known
               for line in board.lines for turn in board.symmetries)


def test_a_move_turns_the_signs_and_a_full_line_is_lost():
    boards = np.array([[1, 1, 0, -1, -1, 0, 0, 0, 0]], dtype=np.int8)
    after = game.play(boards, np.array([2]))
    assert after[0].tolist() == [-1, -1, -1, 1, 1, 0, 0, 0, 0]
    assert game.lost(after)[0] and game.over(after)[0]
    assert not game.lost(boards)[0] and not game.over(boards)[0]


def test_tic_tac_toe_has_5478_positions_and_is_a_draw():
    worth = minimax(game)
    assert len(worth) == 5478 and worth[bytes(9)] == 0


def test_minimax_loses_no_game_against_any_reply():
    worth = minimax(game)

    def best(boards):
        return np.array([min(
            np.flatnonzero(board == 0),
            key=lambda i: worth[game.play(board[None], np.array([i])).tobytes()])
            for board in boards])

    assert all(all_replies(game, best, first)[2] == 0 for first in (True, False))


def test_every_reply_is_played_as_often_as_there_are_games():
    def walk(board, mine):  # one game after the other
        if game.lost(board[None])[0]:
            return np.array([0, 0, 1] if mine else [1, 0, 0])
        if board.all():
            return np.array([0, 1, 0])
        moves = first_empty(board[None]) if mine else np.flatnonzero(board == 0)
        return sum(walk(game.play(board[None], np.array([i]))[0], not mine)
                   for i in moves)

    for first in (True, False):
        assert all_replies(game, first_empty, first).tolist() == walk(
            np.zeros(9, dtype=np.int8), first).tolist()


@pytest.mark.parametrize("agent, words", [
    (lambda boards: np.zeros(len(boards)), "whole number"),
    (lambda boards: np.full(len(boards), 9), "empty cell: got 9"),
    (lambda boards: np.zeros(len(boards), dtype=int), "empty cell: got 0"),
])
def test_a_move_that_is_none_is_named(agent, words):
    with pytest.raises(ValueError, match=words):
        all_replies(game, agent, first=True)
    with pytest.raises(ValueError, match="k must be from 2 to side"):
        Board(3, 4)
