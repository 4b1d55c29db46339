# %% [markdown]
# # Exercises: decisions
#
# Six tasks, from a robot's bins to an agent that no reply can beat. They train
# what [lesson 22](../lessons/22_decisions.ipynb) showed, and two things that it only
# named: an engineer's controller, and a tiger that you cannot see. Right below each
# task stands its check; run it as often as you like. Hints are folded.
# **Time** 48 minutes.

# %%
import numpy as np

from lmlab.checks import decisions as check
from lmlab.page import plots, show

# %% [markdown]
# ## 1. An action in bins   ●○○  5 minutes
#
# A robot that says one of `n` bins can only do what stands in the middle of a bin.
# Cut the range from `low` to `high` into `n` equal parts, and return for each action
# the middle of its part. What lies outside falls into the nearest part; what lies
# on an edge belongs to the part above it, `high` itself to the last.

# %% tags=["task"]
def through_bins(
    actions: np.ndarray, low: float, high: float, n: int
) -> np.ndarray:
    """Return what is done where `actions` are meant, the same shape.

    >>> through_bins(np.array([-1.0, 0.1, 1.0]), -1, 1, 4)
    array([-0.75,  0.25,  0.75])
    """
    ### BEGIN SOLUTION
    width = (high - low) / n
    part = np.floor((actions - low) / width).clip(0, n - 1)
    return low + (part + 0.5) * width
    ### END SOLUTION

# %% tags=["check"]
check.through_bins(through_bins)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Four bins from -1 to 1: how wide is one, and where are the four middles?
# </details>
# <details><summary>Hint 2</summary>
#
# How many widths above `low` is an action? The whole number below that is its bin;
# `clip` keeps it from 0 to `n - 1`.
# </details>
# <details><summary>Hint 3</summary>
#
# `part = np.floor((actions - low) / width).clip(0, n - 1)`, and its middle is
# `low + (part + 0.5) * width`.
# </details>

# %% [markdown]
# What do bins cost? At most half a width: with RT-1's 256, a 512th of the range.

# %%
meant, counts = np.linspace(-1, 1, 10_001), [2, 4, 8, 16, 32, 64, 128, 256]
plots.lines([abs(through_bins(meant, -1, 1, n) - meant).max() for n in counts],
            counts, logx=True, logy=True, marks=True, xlabel="bins",
            ylabel="largest error", title="Twice the bins, half the error")

# %% [markdown]
# ## 2. Find the bug: the game that never ends   ●●○  6 minutes
#
# When a game is over the next one begins, so `new`, the state that follows, is a
# start again. This Q-learning step goes wrong there, and only there.

# %%
def buggy_q_step(Q, s, a, reward, new, ended, alpha, gamma):
    Q = Q.copy()
    goal = reward + gamma * Q[new].max()
    Q[s, a] += alpha * (goal - Q[s, a])
    return Q


two = np.array([[4.0, 2.0], [0.0, 0.0]])
print(buggy_q_step(two, 1, 0, 1.0, 0, True, 0.5, 0.9))

# %% [markdown]
# The step from state 1 earned 1, and the game was over. Should anything be hoped for
# beyond that?

# %% tags=["task"]
def q_step(
    Q: np.ndarray, s: int, a: int, reward: float, new: int, ended: bool,
    alpha: float, gamma: float,
) -> np.ndarray:
    """Return a new table (states, actions) after one step of Q-learning.

    In state s action a was taken, `reward` was paid, and state `new` came; if
    `ended`, the game was over with that reward.

    >>> Q = np.array([[4.0, 2.0], [0.0, 0.0]])
    >>> q_step(Q, 1, 0, 1.0, 0, True, 0.5, 0.9)
    array([[4. , 2. ],
           [0.5, 0. ]])
    """
    ### BEGIN SOLUTION
    Q = Q.copy()
    goal = reward if ended else reward + gamma * Q[new].max()
    Q[s, a] += alpha * (goal - Q[s, a])
    return Q
    ### END SOLUTION

# %% tags=["check"]
check.q_step(q_step)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Do the printed step with a pencil: what should $Q(1, 0)$ move towards, and how far?
# </details>
# <details><summary>Hint 2</summary>
#
# Where `ended` is true, the goal is the reward alone.
# </details>
# <details><summary>Hint 3</summary>
#
# `goal = reward if ended else reward + gamma * Q[new].max()`; the rest stays.
# </details>

# %% [markdown]
# How much does it matter? A corridor of three cells, the goal behind the last: worth
# 0.81, 0.9 and 1. Walk it two hundred times with each.

# %%
def walk_corridor(step):
    Q = np.zeros((3, 1))
    for _ in range(200):
        for s in range(3):
            end = s == 2
            Q = step(Q, s, 0, float(end), 0 if end else s + 1, end, 1.0, 0.9)
    return Q[:, 0]


plots.bars(["cell 1", "cell 2", "cell 3"],
           {"yours": walk_corridor(q_step),
            "buggy": walk_corridor(buggy_q_step)}, ylabel="worth",
           title="Who overlooks the end hopes for all games to come")

# %% [markdown]
# ## 3. An engineer's controller   ●●○  8 minutes
#
# *PID* needs no reward and no net. It pushes against an error by its size (P), by
# the sum of all errors so far (I) and by how fast it grows (D):
#
# $$u_t = P\, e_t + I\, \Delta \sum_{i \le t} e_i + D\, \frac{e_t - e_{t-1}}{\Delta}$$
#
# with $\Delta$ the time between two looks. At the first look nothing grows yet. No
# push is stronger than 1, to either side.

# %% tags=["task"]
def pid(
    errors: np.ndarray,
    P: float,
    I: float,  # noqa: E741
    D: float,
    delta: float,
) -> np.ndarray:
    """Return the push at each look, (n,), each from -1 to 1.

    errors: (n,), what was seen at each look, at least one; delta: seconds
    between.

    >>> pid(np.array([0.1, 0.2, 0.0]), 2.0, 1.0, 0.1, 0.5)
    array([ 0.25,  0.57,  0.11])
    """
    ### BEGIN SOLUTION
    growth = np.diff(errors, prepend=errors[:1]) / delta
    push = P * errors + I * delta * errors.cumsum() + D * growth
    return push.clip(-1, 1)
    ### END SOLUTION

# %% tags=["check"]
check.pid(pid)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Work out the second push of the example with a pencil: three terms.
# </details>
# <details><summary>Hint 2</summary>
#
# `errors.cumsum()` has the sums so far; `np.diff(errors, prepend=errors[:1])` the
# growth, 0 at first.
# </details>
# <details><summary>Hint 3</summary>
#
# One line adds the three terms, and `.clip(-1, 1)` bounds what comes out.
# </details>

# %% [markdown]
# > **Predict.** The pole of the lesson for ten seconds, in calm air and in a wind
# > of one newton: the lesson's line, a policy of four weights found by random
# > draws, and yours without and with I. Who stands in the wind?

# %%
from lmlab.decisions import cart

delta = 0.02
poles = cart.start(20, np.random.default_rng(9))
drawn = next(w for w in np.random.default_rng(0).uniform(-1, 1, size=(99, 4))
             if cart.stood(lambda s: np.sign(s @ w), poles).mean() == 200)


def steering(I):  # noqa: E741
    seen = []

    def push(state):
        seen.append(state[0, 2])
        return pid(np.array(seen), 6.0, I, 1.0, delta)[-1:]
    return push


policies = {"one line": lambda: lambda s: np.sign(s[:, 2] + s[:, 3]),
            "drawn": lambda: lambda s: np.sign(s @ drawn),
            "yours, I = 0": lambda: steering(0.0),
            "yours, I = 20": lambda: steering(20.0)}
begin = cart.start(1, np.random.default_rng(1))
plots.bars(list(policies), {air: [cart.stood(policy(), begin, 500, wind)[0]
                                  for policy in policies.values()]
                            for air, wind in {"calm": 0, "wind": 1}.items()},
           ylabel="steps stood, of 500",
           title="What adds up its errors stands in the wind")

# %% [markdown]
# So may what sees the cart's speed: of 55 drawn policies that hold twenty poles for 200
# steps, 22 stand in this wind. (Yours with I did so from each of eight starts.)
#
# ## 4. Behind which door is the tiger?   ●●○  8 minutes
#
# A go board hides nothing. Here a tiger sits behind the left or the right door, either
# is equally likely, and you can only listen: each time you hear it behind the true
# door with probability `accuracy`, else behind the other. What do you believe after
# some listening? (A state that is never seen: a *POMDP*, 部分可观测.)

# %% tags=["task"]
def belief(heard: list[str], accuracy: float) -> float:
    """Return how likely the tiger is behind the left door.

    heard: "left" or "right", each time you listened, each by itself.
    0 < accuracy < 1. Thousands of times are no reason for NaN.

    >>> round(belief(["left", "left", "right", "left"], 0.85), 4)
    0.9698
    """
    ### BEGIN SOLUTION
    more = heard.count("left") - heard.count("right")
    return 1 / (1 + (1 / accuracy - 1) ** more)
    ### END SOLUTION

# %% tags=["check"]
check.belief(belief)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Heard "left" once: how likely is that if it sits left, and how likely if right?
# </details>
# <details><summary>Hint 2</summary>
#
# Multiply for each door what was heard, and divide by the sum of both (Bayes). A
# "left" and a "right" cancel: what is left of them?
# </details>
# <details><summary>Hint 3</summary>
#
# With `more` lefts than rights the odds are `(accuracy / (1 - accuracy)) ** more`,
# and a probability is `1 / (1 + 1 / odds)`.
# </details>

# %% [markdown]
# The tiger costs 100, the other door pays 10, listening costs 1. Bellman's equation,
# where the state is how much more often you heard "left":
#
# > **Predict.** How sure should you be before you open a door: 50 %, 85, 97 or 99?

# %%
more = np.arange(-9, 10)
left = np.array([belief(["left"] * m + ["right"] * -m, 0.85) for m in more])
open_now = 10 - 110 * np.minimum(left, 1 - left)     # the better door
hears_left, value = 0.85 * left + 0.15 * (1 - left), open_now.copy()
for _ in range(50):
    value[1:-1] = np.maximum(open_now[1:-1], hears_left[1:-1] * value[2:]
                             + (1 - hears_left[1:-1]) * value[:-2] - 1)
show.table([(m, f"{left[9 + m]:.1%}", f"{open_now[9 + m]:.1f}",
             f"{value[9 + m]:.1f}") for m in range(4)],
           ["heard left more often", "sure", "open now", "best"])

# %% [markdown]
# At 97 % one more listening is still worth its price. Opened blindly a door costs
# 45; whoever listens first can expect to earn 5: such is the value of listening.
#
# ## 5. Where to look next   ●●○  8 minutes
#
# The line of AlphaZero that decides where a search looks:
#
# $$Q + c\,P\,\frac{\sqrt{\sum N + 1}}{1 + N}$$
#
# Return the legal move for which it is largest; of equals, the first.

# %% tags=["task"]
def puct(
    means: np.ndarray, looks: np.ndarray, prior: np.ndarray, legal: np.ndarray,
    c: float,
) -> int:
    """Return the index of the move to look at.

    means, looks, prior: (moves,), the Q, N and P of each move. legal: boolean
    (moves,), at least one True. What is not legal was never looked at.

    >>> puct(np.array([0.5, 0.2, 0.0]), np.array([5, 3, 0]),
    ...      np.array([0.3, 0.6, 0.1]), np.array([True, True, True]), 1.5)
    1
    """
    ### BEGIN SOLUTION
    bonus = c * prior * np.sqrt(looks.sum() + 1) / (1 + looks)
    return int(np.where(legal, means + bonus, -np.inf).argmax())
    ### END SOLUTION

# %% tags=["check"]
check.puct(puct)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The lesson worked out this example. Which number of the three was largest?
# </details>
# <details><summary>Hint 2</summary>
#
# The root is over *all* looks and one; the divisor is each move's own looks and one.
# A mean can be negative, so 0 does not rule out an illegal move.
# </details>
# <details><summary>Hint 3</summary>
#
# `np.where(legal, means + bonus, -np.inf).argmax()`, as an `int`.
# </details>

# %% [markdown]
# Where do a hundred looks go? Move 0 pays 0.2, move 1, which the net likes least,
# 0.9.

# %%
truth, prior = np.array([0.2, 0.9, 0.5]), np.array([0.6, 0.1, 0.3])
looks, share = np.zeros(3), []
for total in range(1, 101):
    means = np.where(looks > 0, truth, 0.0)
    looks[puct(means, looks, prior, np.ones(3, dtype=bool), 1.5)] += 1
    share.append(100 * looks / total)
moves = ["liked, bad", "disliked, good", "between"]
plots.lines(dict(zip(moves, np.array(share).T)),
            range(1, 101), xlabel="looks", ylabel="share of the looks (%)",
            title="The search begins where the net points, and corrects it")

# %% [markdown]
# ## 6. An agent that no reply can beat   ●●●  13 minutes
#
# Tic-tac-toe: your stones are 1, the other's -1, empty cells 0; cells 0 to 8, row by
# row; you are to move. Write an agent that never loses, whoever begins. The check
# plays *every* reply against it. How you choose is up to you; *minimax* is a safe way:
# try each move, and ask what the other, who then sees the board with signs turned, can
# make of it.

# %%
LINES = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8),
         (0, 4, 8), (2, 4, 6)]


def has_lost(board: tuple) -> bool:
    """True where the other has three in a row."""
    return any(board[a] == board[b] == board[c] == -1 for a, b, c in LINES)


def after(board: tuple, cell: int) -> tuple:
    """The board after your stone on `cell`, as the other sees it."""
    return tuple(-1 if i == cell else -stone for i, stone in enumerate(board))

# %% tags=["task"]
def choose(board: tuple[int, ...]) -> int:
    """Return an empty cell, 0 to 8, such that the game is not lost.

    board: nine numbers, 1 yours, -1 the other's, 0 empty; the game is not
    over.

    >>> choose((-1, -1, 0, 0, 1, 0, 0, 0, 0))
    2
    """
    ### BEGIN SOLUTION
    known = {}

    def worth(board):                       # to whoever is to move: 1, 0 or -1
        if board not in known:
            empty = [i for i in range(9) if board[i] == 0]
            known[board] = (-1 if has_lost(board) else 0 if not empty
                            else max(-worth(after(board, i)) for i in empty))
        return known[board]

    moves = [i for i in range(9) if board[i] == 0]
    return min(moves, key=lambda i: worth(after(board, i)))
    ### END SOLUTION

# %% tags=["check"]
check.choose(choose)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# What is a board worth to whoever is to move? -1 if `has_lost`, 0 if it is full;
# else the best of its moves, and what a move leads to is worth *minus* what it is to
# the other.
# </details>
# <details><summary>Hint 2</summary>
#
# A function `worth(board)` that calls itself with `after(board, i)` for each empty
# `i`. It meets the same boards again and again: keep what it found in a dict, or put
# `functools.cache` on it.
# </details>
# <details><summary>Hint 3</summary>
#
# `max(-worth(after(board, i)) for i in empty)` is a board's worth; choose the `i` for
# which `worth(after(board, i))` is smallest.
# </details>

# %% [markdown]
# Against all that can be played, beside two that look less far: one takes the first
# empty cell, one wins or blocks where a single stone can, else takes the first.

# %%
from lmlab.decisions.boards import Board, all_replies

game = Board(side=3, k=3)


def first_empty(board):
    return board.index(0)


def one_ahead(board):
    empty = [i for i in range(9) if board[i] == 0]
    turned = tuple(-stone for stone in board)
    wins = [i for i in empty if has_lost(after(board, i))]
    blocks = [i for i in empty if has_lost(after(turned, i))]
    return (wins + blocks + empty)[0]


def every_game(agent):
    def many(boards):
        return np.array([agent(tuple(board)) for board in boards.tolist()])
    return sum(all_replies(game, many, first) for first in (True, False))


agents = {"first empty": first_empty, "one ahead": one_ahead, "yours": choose}
show.table([(name, *every_game(agent).tolist())
            for name, agent in agents.items()],
           ["agent", "won", "drawn", "lost"])

# %% [markdown]
# And against minimax, which takes the last of its best moves. You begin, with X:

# %%
from lmlab.decisions.boards import minimax

worth, board = minimax(game), (0,) * 9
ax = plots.axes("Two who never lose: a draw", width=9.6, height=1.8)
for turn in range(9):
    empty = [i for i in range(9) if board[i] == 0]
    best = min(empty[::-1], key=lambda i: worth[
        np.array(after(board, i), dtype=np.int8).tobytes()])
    board = after(board, best if turn % 2 else choose(board))
    for i, stone in enumerate(board):
        mark = "X" if stone == (1 if turn % 2 else -1) else "O"
        ax.text(4 * turn + i % 3, 2 - i // 3, mark if stone else "·",
                ha="center")
    if has_lost(board):
        break
ax.set(xlim=(-1, 35), ylim=(-0.6, 2.8))
ax.set_axis_off()
