"""A net and a search that teach each other a board game, from nothing but its rules.

The search (PUCT) looks at the moves that the net likes and that have not been tried
often, and comes back with better ones; the net learns to say at once what the search
found. Many games are played side by side, one array operation for all. Lesson 22.

Sources: Silver et al. 2017 (AlphaGo Zero, Nature 550:354-359) and 2018 (AlphaZero,
Science 362:1140-1144); Rosin 2011 (PUCT).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lmlab.decisions.boards import Board

Guess = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Positions (n, cells) -> priors of the moves (n, cells), and the values (n,)."""


class Net(nn.Module):
    """Reads a position; scores each move, and says how the game will end, -1 to 1."""

    def __init__(self, game: Board) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2 * game.cells, 64), nn.ReLU(),
                                  nn.Linear(64, 64), nn.ReLU())
        self.moves, self.value = nn.Linear(64, game.cells), nn.Linear(64, 1)

    def forward(self, boards: Tensor) -> tuple[Tensor, Tensor]:
        """boards: (n, cells) -> log-probabilities (n, cells), values (n,)."""
        stones = torch.cat([boards == 1, boards == -1], dim=1)
        body = self.body(stones.to(self.value.weight.dtype))
        scores = self.moves(body).masked_fill(boards != 0, -1e9)
        return scores.log_softmax(-1), self.value(body).tanh()[:, 0]

    @torch.no_grad()
    def guess(self, boards: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return priors and values of positions as arrays, for `search`."""
        log_p, value = self(torch.from_numpy(boards))
        return log_p.exp().numpy(), value.numpy()


def search(game: Board, guess: Guess, boards: np.ndarray, looks: int,
           noise: float = 0.0, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return how often each move was looked at in each position, (n, cells).

    A look walks down the tree of the positions it knows, always to the move of highest
    Q + 1.5 P sqrt(1 + all N of the position) / (1 + N of the move); on new ground it
    asks `guess` for priors P and a value, which every move on its way remembers.
    `noise` mixes that share of a random prior into the first move.
    """
    if boards.ndim != 2 or boards.shape[1] != game.cells or looks < 1:
        raise ValueError(
            f"boards must have shape (n, {game.cells}), and looks be 1 or more: got "
            f"{boards.shape} and {looks}")
    n, rows = len(boards), np.arange(len(boards))
    shape = (n, looks + 1, game.cells)
    N, W, P = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    child = np.zeros(shape, dtype=np.int64)             # 0: not known yet
    known = np.zeros(shape, dtype=np.int8)
    known[:, 0], P[:, 0] = boards, guess(boards)[0]
    if noise:
        empty = boards == 0
        dirt = rng.gamma(1.0, size=empty.shape) * empty
        P[:, 0] = (1 - noise) * P[:, 0] + noise * dirt / dirt.sum(-1, keepdims=True)
    for new in range(1, looks + 1):
        walking, way = rows, []
        node, move = np.zeros((2, n), dtype=np.int64)
        while len(walking):                             # down, to new ground
            at = walking, node[walking]
            tried = N[at]
            root = np.sqrt(tried.sum(-1, keepdims=True) + 1)
            urge = 1.5 * P[at] * root / (1 + tried)
            mean = W[at] / np.maximum(tried, 1)
            move[walking] = np.where(known[at] == 0, mean + urge, -np.inf).argmax(-1)
            way.append((*at, move[walking]))
            below = child[way[-1]]
            walking = walking[below > 0]
            node[walking] = below[below > 0]
        after = game.play(known[rows, node], move)
        over = game.over(after)
        P[:, new], value = guess(after)
        value = np.where(over, -1.0 * game.lost(after), value)
        known[:, new], child[rows, node, move] = after, np.where(over, 0, new)
        for step in reversed(way):                      # and up, turn by turn
            value[step[0]] *= -1
            N[step] += 1
            W[step] += value[step[0]]
    return N[:, 0]


def self_play(game: Board, guess: Guess, games: int, looks: int,
              rng: np.random.Generator) -> list[np.ndarray]:
    """Play games side by side; return positions, shares of looks, and who won.

    Moves are drawn in proportion to the looks, a quarter of the first prior is noise,
    and each game begins with 0 to 3 random moves: else all would be one game. Who won
    is 1, 0 or -1 for whoever is to move in the position.
    """
    boards = np.zeros((games, game.cells), dtype=np.int8)
    free = rng.integers(4, size=games)                  # random moves to begin with
    alive, end, story = np.arange(games), np.zeros(games), []
    for turn in range(game.cells):
        looked = search(game, guess, boards[alive], looks, 0.25, rng)
        story.append((alive, boards[alive], looked / looks))
        chance = np.where(turn < free[alive, None], boards[alive] == 0, looked)
        edges = chance.cumsum(-1)
        drawn = rng.random((len(alive), 1)) * edges[:, -1:]
        boards[alive] = game.play(boards[alive], (edges <= drawn).sum(-1))
        end[alive] = game.lost(boards[alive]) * (-1.0) ** turn    # for who began
        alive = alive[~game.over(boards[alive])]
    won = [end[who] * (-1.0) ** turn for turn, (who, *_) in enumerate(story)]
    _, seen, shares = zip(*story, strict=True)
    return [np.concatenate(part) for part in (seen, shares, won)]


def learn(net: Net, game: Board, rng: np.random.Generator,
          rounds: int) -> Iterator[float]:
    """Let a net and its search teach each other; yield the loss after each round.

    A round plays 128 games with 25 looks a move, then takes 30 steps on positions of
    the last six rounds, turned and mirrored: the net's priors are to be the search's
    shares, its value who won.
    """
    adam, shelf = torch.optim.Adam(net.parameters(), 0.003), []
    turned = torch.from_numpy(game.symmetries)
    for _ in range(rounds):
        shelf = [*shelf[-5:], self_play(game, net.guess, 128, 25, rng)]
        boards, shares, won = (torch.from_numpy(np.concatenate(part))
                               for part in zip(*shelf, strict=True))
        for _ in range(30):
            at = torch.from_numpy(rng.integers(len(boards), size=256))
            turn = turned[torch.from_numpy(rng.integers(8, size=256))]
            log_p, value = net(boards[at].gather(1, turn))
            surprise = -(shares[at].gather(1, turn) * log_p).sum(-1).mean()
            loss = surprise + F.mse_loss(value, won[at])
            adam.zero_grad()
            loss.backward()
            adam.step()
        yield loss.item()
