"""Checks of exercise 22: bins, a Q step, PID, a belief, PUCT, and an agent.

Each task but the last is compared with a loop over single numbers, the smallest case
first. The agent is played against every reply. How a check is written: see
`lmlab.checks.core`.
"""

import math
from functools import cache

import numpy as np

from lmlab.checks.core import Case, Check, call_text, fail

rng = np.random.default_rng(22)


# 1. An action in bins

def bins_loop(actions, low, high, n) -> np.ndarray:
    width, done = (high - low) / n, []
    for action in actions.ravel().tolist():
        part = 0
        while part < n - 1 and action >= low + (part + 1) * width:
            part += 1
        done.append(low + (part + 0.5) * width)
    return np.array(done, dtype=float).reshape(actions.shape)


def bins(part=np.floor, of=lambda n: n, inside=0.5, clip=True, back=True, start=True):
    """`through_bins`, or a mistake: one part of it is another."""
    def done(actions, low, high, n):
        width = (high - low) / of(n)
        number = part((actions - (low if start else 0)) / width)
        number = number.clip(0, of(n) - 1) if clip else number
        return low + (number + inside) * width if back else number
    return done


def nearest_post(actions, low, high, n):
    posts = np.linspace(low, high, n)
    return posts[abs(actions[..., None] - posts).argmin(-1)]


through_bins = Check(
    "through_bins",
    cases=[
        Case(np.array([0.3]), 0.0, 1.0, 2),
        Case(np.array([-1.0, 0.1]), -1.0, 1.0, 4),
        Case(np.array([0.0, 0.5, 1.0]), 0.0, 1.0, 4, label="on the edges"),
        Case(np.array([5.0, 1.0, -3.0]), -1.0, 1.0, 2, label="outside"),
        Case(np.array([]), 0.0, 1.0, 3, label="no action"),
        Case(rng.uniform(-2, 2, size=(4, 3)), -1.5, 0.5, 7, label="two axes"),
        Case(rng.uniform(0, 10, size=200), 2.0, 9.0, 256, label="256 bins"),
    ],
    reference=bins_loop,
    mistakes={
        bins(inside=0.0): "That is the lower edge of a bin: what stands in its middle?",
        bins(inside=1.0): "That is the upper edge of a bin: what stands in its middle?",
        bins(part=np.round):
            "Which bin holds an action just below its upper edge? Rounding takes the "
            "next.",
        bins(part=np.ceil): "Does the first bin have number 0 or 1?",
        bins(clip=False): "What happens to an action at `high`, or outside?",
        bins(of=lambda n: n + 1): "How many parts are there, and how many edges?",
        bins(of=lambda n: n - 1): "With n parts, how wide is one?",
        bins(back=False):
            "That is the number of the bin: which action stands in its middle?",
        bins(start=False): "Do the bins begin at 0, or at `low`?",
        nearest_post: "Is `low` itself the middle of a bin? How far above it is one?",
        lambda actions, low, high, n: actions.clip(low, high):
            "How many different actions can come back from n bins?",
    },
    right="6 sets of actions in 2 to 256 bins (edges, outside), and an empty one",
)


# 2. A step of Q-learning

def q_loop(Q, s, a, reward, new, ended, alpha, gamma) -> np.ndarray:
    after, ahead = Q.copy(), 0.0
    if not ended:
        ahead = max(Q[new].tolist())
    after[s, a] = (1 - alpha) * Q[s, a] + alpha * (reward + gamma * ahead)
    return after


def q_steps(ahead=lambda Q, s, a, new: Q[new].max(), earned=lambda r, ended: r,
            share=lambda alpha: alpha, discount=lambda gamma: gamma,
            over=lambda ended: ended, old=True):
    """`q_step`, or a mistake: one part of the formula is another."""
    def step(Q, s, a, reward, new, ended, alpha, gamma):
        Q = Q.copy()
        goal = earned(reward, ended)
        if not over(ended):
            goal = goal + discount(gamma) * ahead(Q, s, a, new)
        Q[s, a] += share(alpha) * (goal - (Q[s, a] if old else 0))
        return Q
    return step


def q_case(ended, label="") -> Case:
    return Case(rng.normal(size=(5, 3)), 3, 2, 0.7, 1, ended, 0.3, 0.9, label=label)


q_step = Check(
    "q_step",
    cases=[
        Case(np.array([[4.0, 2.0], [1.0, 0.0]]), 1, 1, 1.0, 0, False, 0.5, 0.5),
        Case(np.array([[4.0, 2.0], [1.0, 0.0]]), 1, 0, 2.0, 0, True, 0.5, 0.5,
             label="the game is over"),
        Case(np.array([[-1.0, -2.0], [0.0, -4.0]]), 1, 1, 0.0, 0, False, 1.0, 1.0,
             label="all below zero"),
        Case(np.array([[3.0]]), 0, 0, 0.0, 0, True, 1.0, 0.9, label="one state, over"),
        q_case(False), q_case(True, "the game is over"), q_case(False),
    ],
    reference=q_loop,
    mistakes={
        q_steps(over=lambda ended: False):
            "The game was over: what can still be earned in `new`, where the next one "
            "begins?",
        q_steps(over=lambda ended: True):
            "Is only the reward hoped for, also while the game goes on?",
        q_steps(over=lambda ended: not ended):
            "In which of the two cases does something follow?",
        lambda Q, s, a, r, new, ended, alpha, gamma: (
            Q if ended else q_loop(Q, s, a, r, new, ended, alpha, gamma)):
            "Is nothing learned from the last step? It was paid, too.",
        q_steps(earned=lambda r, ended: 0.0 if ended else r):
            "The last step was paid as well: where did that reward go?",
        q_steps(ahead=lambda Q, s, a, new: Q[new, a]):
            "Which action will be taken in `new`: the same one again, or the best?",
        q_steps(ahead=lambda Q, s, a, new: Q[s].max()):
            "In which state will the next action be taken?",
        q_steps(ahead=lambda Q, s, a, new: Q.max()):
            "The largest of the whole table: of which state's actions is it the best?",
        q_steps(ahead=lambda Q, s, a, new: Q[new].mean()):
            "The mean hopes for a random action. And Bellman's equation?",
        q_steps(ahead=lambda Q, s, a, new: max(Q[new].max(), 0.0)):
            "May all actions of a state be worth less than 0?",
        q_steps(share=lambda alpha: 1.0):
            "How large a share of the error is corrected?",
        q_steps(discount=lambda gamma: 1.0):
            "How much does a reward count that comes a step later?",
        q_steps(old=False): "The error is the goal less what stood there: does it?",
        lambda Q, s, a, r, new, ended, alpha, gamma: q_loop(
            Q, s, a, r, new, ended, alpha, gamma)[s, a]:
            "That is the one number that changed. What does the docstring ask for?",
    },
    right="7 steps, 3 of them the last of a game",
)


# 3. An engineer's controller

def pid_loop(errors, P, integral, D, delta) -> np.ndarray:
    pushes, total, before = [], 0.0, errors[0]
    for error in errors.tolist():
        total += error * delta
        push = P * error + integral * total + D * (error - before) / delta
        pushes.append(min(max(push, -1.0), 1.0))
        before = error
    return np.array(pushes)


def controllers(total=lambda e, delta: delta * e.cumsum(), bound=True, sign=1,
                growth=lambda e, delta: np.diff(e, prepend=e[:1]) / delta):
    """`pid`, or a mistake: one of its terms is another."""
    def push(errors, P, integral, D, delta):
        pushes = sign * (P * errors + integral * total(errors, delta)
                         + D * growth(errors, delta))
        return pushes.clip(-1, 1) if bound else pushes
    return push


def pid_case(n, size, label="") -> Case:
    return Case(size * rng.normal(size=n), 0.5, 0.3, 0.05, 0.25, label=label)


pid = Check(
    "pid",
    cases=[
        Case(np.array([0.2]), 2.0, 1.0, 1.0, 0.5, label="the first look"),
        Case(np.array([0.1, 0.1, 0.1]), 0.0, 1.0, 0.0, 0.5, label="I alone"),
        Case(np.array([0.1, 0.2, 0.0]), 0.0, 0.0, 0.1, 0.5, label="D alone"),
        Case(np.array([0.1, 0.2, 0.0]), 2.0, 1.0, 0.1, 0.5),
        Case(np.array([3.0, 0.0, -3.0]), 1.0, 0.0, 0.0, 1.0, label="P alone, large"),
        pid_case(12, 0.3), pid_case(300, 1.0, "300 looks"),
    ],
    reference=pid_loop,
    mistakes={
        controllers(total=lambda e, delta: e.cumsum()):
            "The sum of errors counts each for as long as it lasted: how long?",
        controllers(total=lambda e, delta: delta * (e.cumsum() - e)):
            "Does the sum hold the error that is seen now?",
        controllers(total=lambda e, delta: delta * e.sum()):
            "At the first look, which later errors can be known?",
        controllers(total=lambda e, delta: e.cumsum() / np.arange(1, len(e) + 1)):
            "That is the mean error: does a lasting one push harder and harder?",
        controllers(total=lambda e, delta: delta * e):
            "I adds up all errors so far: where are the earlier ones?",
        controllers(growth=lambda e, delta: np.diff(e, prepend=e[:1])):
            "How fast is a growth of 0.1 in half a second?",
        controllers(growth=lambda e, delta: np.diff(e, prepend=0.0) / delta):
            "At the first look nothing came before: how fast does the error grow?",
        controllers(growth=lambda e, delta: -np.diff(e, prepend=e[:1]) / delta):
            "When the error grows, should the push grow or fall?",
        controllers(growth=lambda e, delta: np.diff(e, append=e[-1:]) / delta):
            "Does the growth at a look need the next look?",
        controllers(growth=lambda e, delta:
                    np.gradient(e, delta) if len(e) > 1 else 0 * e):
            "`np.gradient` looks ahead: which looks are known at look t?",
        controllers(bound=False): "How strong may a push be, at most?",
        controllers(sign=-1): "By the formula, does a positive error push below 0?",
        lambda e, P, I, D, delta: pid_loop(e, P, I, D, delta).clip(0, 1):  # noqa: E741
            "May a push go to the other side?",
    },
    right="7 series of 1 to 300 looks, each term alone, and pushes that are too strong",
)


# 4. What is believed

def belief_loop(heard, accuracy) -> float:
    odds = math.log(accuracy) - math.log(1 - accuracy)
    log_odds = sum(odds if word == "left" else -odds for word in heard)
    return 1 / (1 + math.exp(-log_odds)) if log_odds > -700 else 0.0


def products(heard, accuracy) -> tuple[float, float]:
    left = right = 1.0
    for word in heard:
        left *= accuracy if word == "left" else 1 - accuracy
        right *= accuracy if word == "right" else 1 - accuracy
    return left, right


def by_products(heard, accuracy):
    left, right = products(heard, accuracy)
    return left / (left + right)


def last_one(heard, accuracy):
    return 0.5 if not heard else accuracy if heard[-1] == "left" else 1 - accuracy


def share_of_left(heard, accuracy):
    return heard.count("left") / len(heard) if heard else 0.5


def mixed(heard, accuracy):
    share = share_of_left(heard, accuracy)
    return share * accuracy + (1 - share) * (1 - accuracy)


def only_left_counts(heard, accuracy):
    return belief_loop([word for word in heard if word == "left"], accuracy)


both = ["left", "right"]
belief = Check(
    "belief",
    cases=[
        Case(["left"], 0.85),
        Case(["right"], 0.6),
        Case(both, 0.85),
        Case([], 0.85, label="nothing heard"),
        Case(["left", "left", "right", "left"], 0.85),
        Case(["right", "right", "left", "right", "right"], 0.7),
        Case(["left"] * 3, 0.5, label="ears that say nothing"),
        Case(["left"] * 2, 0.2, label="ears that mostly lie"),
        Case(both * 2000 + ["left"], 0.85, label="4,001 times"),
    ],
    reference=belief_loop,
    mistakes={
        lambda heard, accuracy: 1 - belief_loop(heard, accuracy):
            "Behind which door is it likelier after hearing \"left\" once?",
        by_products:
            "What do thousands of numbers below 1 multiply to on a computer? Which of "
            "them cancel?",
        lambda heard, accuracy: products(heard, accuracy)[0]:
            "That is how likely the sounds are if it sits left. And if it sits right?",
        lambda heard, accuracy: products(heard, accuracy)[0] / 2:
            "That is how likely it is that it sits left *and* sounds so. How likely "
            "are the sounds at all?",
        last_one: "Is all forgotten that was heard before the last time?",
        share_of_left:
            "That is how often you heard \"left\": where do good ears count?",
        mixed:
            "After \"left\" twice, are you surer than after once?",
        only_left_counts: "Does a \"right\" speak for the left door, or against it?",
        lambda heard, accuracy: (accuracy if heard.count("left") > len(heard) / 2
                                 else 1 - accuracy):
            "The majority has spoken: how large is it?",
    },
    right="9 ways to listen, from never to 4,001 times",
)


# 5. Where to look next

def puct_loop(means, looks, prior, legal, c) -> int:
    best, chosen = -math.inf, -1
    root = math.sqrt(looks.sum() + 1)
    for i in range(len(means)):
        value = means[i] + c * prior[i] * root / (1 + looks[i])
        if legal[i] and value > best:
            best, chosen = value, i
    return chosen


def looking(root=lambda N: np.sqrt(N.sum() + 1), under=lambda N: 1 + N,
            mean=lambda Q, N: Q, weigh=lambda c, P: c * P, closed=-np.inf,
            pick=np.argmax):
    """`puct`, or a mistake: one part of the formula is another."""
    def choose_move(means, looks, prior, legal, c):
        score = mean(means, looks) + weigh(c, prior) * root(looks) / under(looks)
        score = score if closed is None else np.where(legal, score, closed)
        return int(pick(score))
    return choose_move


def puct_case(moves, total) -> Case:
    legal = rng.random(moves) < 0.7
    legal[rng.integers(moves)] = True
    share = rng.dirichlet(np.ones(moves)) * legal
    looks = rng.multinomial(total, share / share.sum())
    means = rng.uniform(-1, 0.5, moves) * (looks > 0)
    return Case(means, looks, rng.dirichlet(np.ones(moves)), legal, 1.5)


open_ = np.ones(3, dtype=bool)
puct = Check(
    "puct",
    cases=[
        Case(np.array([0.5, 0.2, 0.0]), np.array([5, 3, 0]), np.array([0.3, 0.6, 0.1]),
             open_, 1.5),
        Case(np.zeros(3), np.zeros(3, dtype=int), np.array([0.2, 0.5, 0.3]), open_, 1.0,
             label="no look yet"),
        Case(np.array([-0.5, -0.9, 0.0]), np.array([4, 4, 0]),
             np.array([0.3, 0.3, 0.4]), np.array([True, True, False]), 0.1,
             label="all is lost, one is taken"),
        Case(np.zeros(2), np.array([1, 1]), np.array([0.5, 0.5]), open_[:2], 1.0,
             label="equals"),
        Case(np.array([0.6, 0.3]), np.array([3, 1]), np.array([0.5, 0.5]), open_[:2],
             0.2, label="a small c"),
        *(puct_case(moves, total) for moves in (3, 9, 25) for total in (2, 25, 400)
          for _ in range(3)),
    ],
    reference=puct_loop,
    mistakes={
        looking(mean=lambda Q, N: 0 * Q): "Does it matter how well a move did?",
        looking(mean=lambda Q, N: Q * np.sqrt(N.sum() + 1) / (1 + N)):
            "Is the mean multiplied by the fraction as well?",
        looking(mean=lambda Q, N: Q / (1 + N)):
            "Q is a mean already: is it divided once more?",
        looking(weigh=lambda c, P: 0 * P):
            "That looks at the best so far alone: what is added for the little known?",
        looking(weigh=lambda c, P: c): "Does it matter what the net likes?",
        looking(weigh=lambda c, P: P):
            "How much does the bonus count? One argument has not been used.",
        looking(root=lambda N: N.sum() + 1): "Which root is taken of all looks?",
        looking(root=lambda N: np.sqrt(N + 1)):
            "Under the root: the looks of one move, or of all?",
        looking(root=lambda N: np.sqrt(N.sum())):
            "Before the first look, how large is the bonus of what the net likes?",
        looking(root=lambda N: np.sqrt(np.log(N.sum() + 1))):
            "The bandit's optimist takes a logarithm. What does this formula take?",
        looking(root=lambda N: np.sqrt(N.max() + 1)):
            "Under the root: the looks of the favourite, or of all moves?",
        looking(root=lambda N: np.sqrt(N.sum()) + 1):
            "Is the 1 added under the root, or after it?",
        looking(under=lambda N: 2 + N):
            "For a move that was never tried, what stands under the line?",
        looking(under=lambda N: 1): "Does the bonus shrink where one looks?",
        looking(under=lambda N: np.sqrt(1 + N)):
            "Is there a root below the line of the fraction as well?",
        looking(closed=None): "May a cell that is taken be looked at?",
        looking(closed=0.0):
            "When all legal moves have sums below 0, is 0 low enough for the others?",
        looking(pick=np.argmin): "The largest sum, or the smallest?",
        looking(pick=lambda score: len(score) - 1 - np.argmax(score[::-1])):
            "Of equals, which one is asked for?",
        lambda Q, N, P, legal, c: float(np.max(
            np.where(legal, Q + c * P * np.sqrt(N.sum() + 1) / (1 + N), -np.inf))):
            "Is it the sum that is asked for, or the move?",
        lambda Q, N, P, legal, c: int(np.argmax(
            (Q + c * P * np.sqrt(N.sum() + 1) / (1 + N))[legal])):
            "That counts the legal moves alone: which of all the moves is it?",
        lambda Q, N, P, legal, c: int(np.argmax(
            np.where(legal, Q + c * P * np.sqrt(N.sum() + 1) + 1 / (1 + N), -np.inf))):
            "What stands under the line of the fraction, and what above it?",
    },
    right="32 positions of 2 to 25 moves (taken ones, lost ones, equals, no look yet)",
)


# 6. An agent that no reply can beat

LINES = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8),
         (0, 4, 8), (2, 4, 6)]


def lost(board) -> bool:
    return any(board[a] == board[b] == board[c] == -1 for a, b, c in LINES)


def after(board, cell) -> tuple:
    return tuple(-1 if i == cell else -stone for i, stone in enumerate(board))


def empty(board) -> list[int]:
    return [i for i in range(9) if board[i] == 0]


@cache
def worth(board) -> int:
    if lost(board):
        return -1
    return max((-worth(after(board, i)) for i in empty(board)), default=0)


def turned(board) -> tuple:
    return tuple(-stone for stone in board)


def never_loses(call) -> None:
    """Try every reply; of the moves that throw a game away, name the latest."""
    start = (0,) * 9
    boards, thrown_away = {start, *(after(start, i) for i in range(9))}, []
    while boards:
        following = set()
        for board in sorted(boards, reverse=True):
            cell, free = call(board), empty(board)
            tried = call_text("choose", [board])
            whole = isinstance(cell, int | np.integer) and not isinstance(cell, bool)
            if not whole or cell not in free:
                fail(tried, cell, free, QUESTIONS["empty" if whole else "whole"],
                     "the empty cells")
            now = after(board, cell)
            good = [i for i in free if worth(after(board, i)) <= 0]
            if good and worth(now) > 0:
                threat = any(lost(after(now, i)) for i in empty(now))
                thrown_away.append((len(free), tried, cell, good, threat))
            if not lost(now):
                replies = {after(now, i) for i in empty(now)}
                following |= {b for b in replies if not lost(b) and empty(b)}
        boards = following
    if thrown_away:
        _, tried, cell, good, threat = min(thrown_away)
        fail(tried, cell, good, QUESTIONS["threat" if threat else "fork"],
             "the cells that do not lose")


QUESTIONS = {
    "empty": "Which cells of this board are empty?",
    "whole": "Is what comes back one whole number, 0 to 8?",
    "threat": "The other can now win with one stone: on which cell?",
    "fork": "After which reply has the other two ways to win at once?",
}


def first_of(*wishes):
    """An agent that takes the first cell that a wish names."""
    return lambda board: next(i for wish in wishes for i in wish(board))


def wins(board):
    return [i for i in empty(board) if lost(after(board, i))]


def blocks(board):
    return wins(turned(board))


choose = Check(
    "choose",
    properties=[never_loses],
    mistakes={
        lambda board: 0: QUESTIONS["empty"],
        first_of(empty): QUESTIONS["threat"],
        first_of(wins, blocks, empty): QUESTIONS["fork"],
    },
    right="every reply in every game, begun by you or by the other: none is lost",
    seconds=20.0,
)
