"""Answers to 22_decisions: wrong ones that the checks do not know; right ones."""

from functools import cache

import numpy as np

from lmlab.checks.decisions import after, empty, lost, turned, worth


def bins_by_digitize(actions, low, high, n):
    edges = np.linspace(low, high, n + 1)
    part = np.digitize(actions, edges[1:-1])
    return (edges[part] + edges[part + 1]) / 2


def bins_in_a_loop(actions, low, high, n):
    width, out = (high - low) / n, np.empty(actions.shape)
    for where, action in np.ndenumerate(actions):
        part = min(max(int((action - low) // width), 0), n - 1)
        out[where] = low + width / 2 + part * width
    return out


def q_written_out(Q, s, a, reward, new, ended, alpha, gamma):
    out = np.array(Q)
    out[s, a] = Q[s, a] * (1 - alpha) + alpha * (
        reward + gamma * Q[new].max() * (1 - ended))
    return out


def q_in_lists(Q, s, a, reward, new, ended, alpha, gamma):
    rows = Q.tolist()
    follows = [] if ended else [gamma * max(rows[new])]
    rows[s][a] += alpha * (reward + sum(follows) - rows[s][a])
    return np.array(rows)


def q_in_place(Q, s, a, reward, new, ended, alpha, gamma):
    goal = reward if ended else reward + gamma * Q[new].max()
    Q[s, a] += alpha * (goal - Q[s, a])
    return Q


def q_whole_row(Q, s, a, reward, new, ended, alpha, gamma):
    Q = Q.copy()
    goal = reward if ended else reward + gamma * Q[new].max()
    Q[s] += alpha * (goal - Q[s])
    return Q


def q_discounts_all(Q, s, a, reward, new, ended, alpha, gamma):
    Q = Q.copy()
    goal = reward if ended else gamma * (reward + Q[new].max())
    Q[s, a] += alpha * (goal - Q[s, a])
    return Q


def pid_in_a_loop(errors, P, I, D, delta):  # noqa: E741
    out = []
    for t in range(len(errors)):
        grows = (errors[t] - errors[t - 1]) / delta if t else 0
        push = P * errors[t] + I * errors[:t + 1].sum() * delta + D * grows
        out.append(np.clip(push, -1, 1))
    return np.array(out)


def pid_by_matrix(errors, P, I, D, delta):  # noqa: E741
    n = len(errors)
    sums, steps = np.tri(n), np.eye(n) - np.eye(n, k=-1)
    steps[0] = 0
    terms = P * np.eye(n) + I * delta * sums + D / delta * steps
    return np.minimum(1, np.maximum(-1, terms @ errors))


def pid_clips_each(errors, P, I, D, delta):  # noqa: E741
    grows = np.diff(errors, prepend=errors[:1]) / delta
    parts = P * errors, I * delta * errors.cumsum(), D * grows
    return sum(part.clip(-1, 1) for part in parts)


def pid_clips_errors(errors, P, I, D, delta):  # noqa: E741
    return pid_in_a_loop(errors.clip(-1, 1), P, I, D, delta)


def pid_one_short(errors, P, I, D, delta):  # noqa: E741
    return (P * errors[1:] + I * delta * errors.cumsum()[1:]
            + D * np.diff(errors) / delta).clip(-1, 1)


def belief_step_by_step(heard, accuracy):
    p = 0.5
    for word in heard:
        yes = accuracy if word == "left" else 1 - accuracy
        p = p * yes / (p * yes + (1 - p) * (1 - yes))
    return p


def belief_by_logs(heard, accuracy):
    signs = sum(1 if word == "left" else -1 for word in heard)
    return float(1 / (1 + np.exp(-signs * np.log(accuracy / (1 - accuracy)))))


def belief_rounded(heard, accuracy):
    return round(belief_step_by_step(heard, accuracy), 2)


def belief_adds(heard, accuracy):
    more = heard.count("left") - heard.count("right")
    return min(max(0.5 + more * (accuracy - 0.5), 0.0), 1.0)


def belief_no_ears(heard, accuracy):
    return belief_step_by_step(heard, 0.85)


def puct_of_legal_alone(means, looks, prior, legal, c):
    which = np.flatnonzero(legal)
    bonus = c * prior * (looks.sum() + 1) ** 0.5 / (looks + 1)
    return which[(means + bonus)[which].argmax()]


def puct_adds_up_the_means(means, looks, prior, legal, c):
    bonus = c * prior * np.sqrt(looks.sum() + 1) / (1 + looks)
    return int(np.where(legal, means * looks + bonus, -np.inf).argmax())


def puct_draws(means, looks, prior, legal, c):
    bonus = c * prior * np.sqrt(looks.sum() + 1) / (1 + looks)
    score = np.exp(means + bonus) * legal
    return int(np.random.default_rng().choice(len(score), p=score / score.sum()))


def puct_in_a_loop(means, looks, prior, legal, c):
    best = None
    for i, (Q, N, P, free) in enumerate(zip(means, looks, prior, legal, strict=True)):
        score = Q + c * P * np.sqrt(sum(looks) + 1) / (1 + N)
        if free and (best is None or score > best[0]):
            best = score, i
    return best[1]


def puct_with_nothing_added(means, looks, prior, legal, c):
    bonus = c * prior * np.sqrt(looks.sum() + 1) / looks
    return int(np.where(legal, means + bonus, -np.inf).argmax())


def by_the_book(board):
    """Minimax by another name: the value of a move, looked up."""
    return max(empty(board), key=lambda i: -worth(after(board, i)))


def with_two_players(board):
    """Without turning signs: whose move it is is an argument."""
    @cache
    def best(board, me):
        if lost(board):
            return -1, None
        if lost(turned(board)):
            return 1, None
        if not empty(board):
            return 0, None
        results = []
        for i in empty(board):
            placed = (*board[:i], 1 if me else -1, *board[i + 1:])
            results.append((best(placed, not me)[0], i))
        return (max if me else min)(results)
    return best(board, True)[1]


def forgets_the_minus(board):
    @cache
    def value(board):
        if lost(board):
            return -1
        return max((value(after(board, i)) for i in empty(board)), default=0)
    return max(empty(board), key=lambda i: value(after(board, i)))


def hopes_for_a_blunder(board):
    @cache
    def value(board, mine):
        if lost(board):
            return -1 if mine else 1
        return max((value(after(board, i), not mine) for i in empty(board)), default=0)
    return max(empty(board), key=lambda i: value(after(board, i), False))


def middle_then_corners(board):
    return next(i for i in (4, 0, 2, 6, 8, 1, 3, 5, 7) if board[i] == 0)


def row_and_column(board):
    return divmod(by_the_book(board), 3)


def largest_entry(board):
    return int(np.argmax(board))


WRONG = {
    "through_bins": [
        (lambda actions, low, high, n: np.zeros_like(actions), "expected [0.25]"),
        (lambda actions, low, high, n: actions, "expected [0.25]"),
        (lambda actions, low, high, n: bins_in_a_loop(actions, low, high, n).tolist(),
         "expected a NumPy array"),
        (lambda actions, low, high, n: bins_in_a_loop(
            actions[(actions >= low) & (actions <= high)], low, high, n),
         "shape (1,)      expected shape (3,)"),
    ],
    "q_step": [
        (q_in_place, "could it work on a copy"),
        (q_whole_row, "returned [[4, 2], [2, 1.5]]"),
        (q_discounts_all, "returned [[4, 2], [1, 1.25]]"),
        (lambda Q, *rest: Q, "expected"),
    ],
    "pid": [
        (pid_clips_each, "Right on the case before"),
        (pid_clips_errors, "Right on the case before"),
        (pid_one_short, "shape (0,)      expected shape (1,)"),
        (lambda e, P, I, D, delta: np.zeros(len(e)), "returned [0]"),  # noqa: E741
    ],
    "belief": [
        (belief_rounded, "expected 0.9698"),
        (belief_adds, "expected 0.9698"),
        (belief_no_ears, "expected 0.4"),
        (lambda heard, accuracy: (belief_step_by_step(heard, accuracy),) * 2,
         "expected"),
    ],
    "puct": [
        (puct_adds_up_the_means, "returned 0      expected 1"),
        (puct_draws, "Called again, it answers otherwise"),
        (puct_with_nothing_added, "expected"),
        (lambda *arguments: 0, "expected 1"),
    ],
    "choose": [
        (forgets_the_minus, "the cells that do not lose"),
        (hopes_for_a_blunder, "the cells that do not lose"),
        (middle_then_corners, "on which cell?"),
        (row_and_column, "one whole number"),
        (largest_entry, "Which cells of this board are empty?"),
    ],
}

RIGHT = {
    "through_bins": [bins_by_digitize, bins_in_a_loop],
    "q_step": [q_written_out, q_in_lists],
    "pid": [pid_in_a_loop, pid_by_matrix],
    "belief": [belief_step_by_step, belief_by_logs],
    "puct": [puct_of_legal_alone, puct_in_a_loop],
    "choose": [by_the_book, with_two_players],
}
