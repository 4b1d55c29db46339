"""Games of k in a row on a small board, and the whole tree of what can happen.

Tic-tac-toe is three in a row on 3 x 3. A position is seen by whoever is to move: 1 for
own stones, -1 for the other's, 0 where it is empty; a move puts a 1, and turns signs.
Lesson 22 counts the games, proves an agent by trying every reply, and teaches a net.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

Agent = Callable[[np.ndarray], np.ndarray]
"""Chooses a move in each position: (n, cells) -> (n,) whole numbers."""


@dataclass(frozen=True)
class Board:
    """`k` stones in a row, a column or a diagonal win on `side` x `side` cells."""

    side: int = 3
    k: int = 3

    def __post_init__(self) -> None:
        if not 1 < self.k <= self.side:
            raise ValueError(
                f"k must be from 2 to side: got k = {self.k}, side = {self.side}")

    @property
    def cells(self) -> int:
        return self.side**2

    @cached_property
    def lines(self) -> np.ndarray:
        """All ways to win, (lines, cells), with a 1 at each cell of a line."""
        found = []
        for row, column in np.ndindex(self.side, self.side):
            for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
                ends = row + (self.k - 1) * down, column + (self.k - 1) * right
                if max(ends) < self.side and ends[1] >= 0:
                    line = np.zeros((self.side, self.side), dtype=np.int8)
                    steps = np.arange(self.k)
                    line[row + steps * down, column + steps * right] = 1
                    found.append(line.ravel())
        return np.array(found)

    @cached_property
    def symmetries(self) -> np.ndarray:
        """The eight turns and mirrors, (8, cells): `board[symmetries[i]]`."""
        square = np.arange(self.cells).reshape(self.side, self.side)
        turned = [np.rot90(square, i) for i in range(4)]
        return np.array([one.ravel() for s in turned for one in (s, s.T)])

    def play(self, boards: np.ndarray, moves: np.ndarray) -> np.ndarray:
        """Return positions (n, cells) after the moves (n,), as the other sees them."""
        after = boards.copy()
        after[np.arange(len(boards)), moves] = 1
        return -after

    def lost(self, boards: np.ndarray) -> np.ndarray:
        """Return where the other has just won, boolean (n,)."""
        return (boards @ self.lines.T == -self.k).any(-1)

    def over(self, boards: np.ndarray) -> np.ndarray:
        """Return where the game has ended, won or with a full board, boolean (n,)."""
        return self.lost(boards) | (boards != 0).all(-1)


def all_replies(game: Board, agent: Agent, first: bool) -> np.ndarray:
    """Play an agent against every possible reply; return [won, drawn, lost] games.

    The agent moves first or second, and is asked once a position; the other tries every
    move at each of its turns, so that no way to play against it is left out. Only for
    a board as small as tic-tac-toe: the games are counted by their number of moves.
    """
    boards, ways = np.zeros((1, game.cells), dtype=np.int8), np.ones(1, dtype=np.int64)
    ended, mine = np.zeros(3, dtype=np.int64), first
    while len(boards):
        if mine:
            moves = np.asarray(agent(boards))
            _check_moves(boards, moves)
        else:
            which, moves = np.nonzero(boards == 0)
            boards, ways = boards[which], ways[which]
        boards = game.play(boards, moves)
        lost, over = game.lost(boards), game.over(boards)
        ended[0 if mine else 2] += ways[lost].sum()
        ended[1] += ways[over & ~lost].sum()
        boards, where = np.unique(boards[~over], axis=0, return_inverse=True)
        ways = np.bincount(where.ravel(), ways[~over], len(boards)).astype(np.int64)
        mine = not mine
    return ended


def minimax(game: Board) -> dict[bytes, int]:
    """Return what every position is worth to whoever is to move: 1, 0 or -1.

    The key of a position is `board.tobytes()` of its int8 cells. Each is worth the best
    that a move leads to, and the worth after a move is minus what it is to the other.
    """
    worth: dict[bytes, int] = {}

    def value(board: np.ndarray) -> int:
        key = board.tobytes()
        if key not in worth:
            if game.lost(board[None])[0]:
                worth[key] = -1
            elif board.all():
                worth[key] = 0
            else:
                moves = np.flatnonzero(board == 0)
                after = game.play(np.repeat(board[None], len(moves), 0), moves)
                worth[key] = max(-value(one) for one in after)
        return worth[key]

    value(np.zeros(game.cells, dtype=np.int8))
    return worth


def _check_moves(boards: np.ndarray, moves: np.ndarray) -> None:
    """Raise ValueError unless each move goes to an empty cell."""
    if moves.shape != (len(boards),) or moves.dtype.kind not in "iu":
        raise ValueError(
            f"agent must return a whole number for each of {len(boards)} positions: "
            f"got shape {moves.shape}, {moves.dtype}")
    fits = (moves >= 0) & (moves < boards.shape[1])
    taken = ~fits | (boards[np.arange(len(boards)), moves * fits] != 0)
    if taken.any():
        where = int(taken.argmax())
        raise ValueError(
            f"agent must choose an empty cell: got {moves[where]} in {boards[where]}")
