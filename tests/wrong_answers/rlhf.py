"""Answers to 16_rlhf: wrong ones that the check does not know; right ones."""

from collections import Counter

import numpy as np
import torch

from lmlab.feedback import preference


def softmax(z):
    powers = np.exp(z - z.max())
    return powers / powers.sum()


def pull_by_counts(z, said, rewards, baseline):
    gain = rewards - baseline
    return (np.bincount(said, gain, len(z)) - gain.sum() * softmax(z)) / len(said)


def pull_by_torch(z, said, rewards, baseline):
    scores = torch.tensor(z, requires_grad=True)
    logp = scores.log_softmax(0)[torch.tensor(said)]
    (torch.tensor(rewards - baseline) * logp).mean().backward()
    return scores.grad.numpy()


def pull_by_loop(z, said, rewards, baseline):
    total = 0
    for a, r in zip(said, rewards, strict=True):
        slope = -softmax(z)
        slope[a] += 1
        total = total + (r - baseline) * slope
    return total / len(said)


def kl_by_parts(p, q):
    parts = [0.0 if a == 0 else np.inf if b == 0 else a * (np.log(a) - np.log(b))
             for a, b in zip(p, q, strict=True)]
    return sum(parts)


def kl_where(p, q):
    if np.any((p > 0) & (q == 0)):
        return float("inf")
    ratio = np.divide(p, q, out=np.ones_like(p), where=(p > 0))
    return np.sum(p * np.log(ratio))


def kl_that_raises(p, q):
    if (q == 0).any():
        raise ValueError("q must be positive")
    return float(p[p > 0] @ np.log(p[p > 0] / q[p > 0]))


def gain(now, old, advantage, clip):
    ratio = np.exp(now - old)
    return np.minimum(
        ratio * advantage, ratio.clip(1 - clip, 1 + clip) * advantage).mean()


def gain_by_sign(now, old, advantage, clip):
    ratio = np.exp(now) / np.exp(old)
    kept = np.where(advantage > 0, np.minimum(ratio, 1 + clip),
                    np.maximum(ratio, 1 - clip))
    return np.mean(kept * advantage)


def gain_by_torch(now, old, advantage, clip):
    ratio = torch.tensor(np.exp(now - old))
    worth = torch.tensor(advantage)
    return torch.min(ratio * worth, ratio.clamp(1 - clip, 1 + clip) * worth
                     ).mean().item()


def groups_by_loop(rewards):
    rows = []
    for row in rewards:
        if (row == row[0]).all():
            rows.append(np.zeros(len(row)))
        else:
            rows.append((row - row.mean()) / row.std())
    return np.array(rows)


def groups_with_epsilon(rewards):
    mean, spread = rewards.mean(1, keepdims=True), rewards.std(1, keepdims=True)
    return (rewards - mean) / (spread + 1e-8)


def groups_transposed(rewards):
    other = groups_by_loop(rewards)
    return other.T


def dpo_by_torch(better, worse, better_first, worse_first, beta):
    return preference.dpo_loss(
        *map(torch.tensor, (better, worse, better_first, worse_first)), beta).item()


def dpo_by_sigmoid(better, worse, better_first, worse_first, beta):
    ratio = np.exp(better - worse) / np.exp(better_first - worse_first)
    return -np.log(1 / (1 + ratio ** -beta)).mean()


def dpo_by_loop(better, worse, better_first, worse_first, beta):
    losses = []
    for i in range(len(better)):
        good = beta * (better[i] - better_first[i])
        bad = beta * (worse[i] - worse_first[i])
        losses.append(np.log(np.exp(good) + np.exp(bad)) - good)
    return sum(losses) / len(losses)


def step_in_logs(z, reward, q, beta, rate):
    p = softmax(z)
    logp = z - z.max() - np.log(np.exp(z - z.max()).sum())
    gain = reward + beta * (np.log(q) - logp)
    return z + rate * (p * gain - p * (p * gain).sum())


def step_by_matrix(z, reward, q, beta, rate):
    p = softmax(z)
    return z + rate * (np.diag(p) - np.outer(p, p)) @ (reward - beta * np.log(p / q))


def step_in_place(z, reward, q, beta, rate):
    z += step_in_logs(z, reward, q, beta, rate) - z
    return z


def step_on_rewards(z, reward, q, beta, rate):
    p = softmax(z)
    return z + rate * (p * (reward - p @ reward) - beta * np.log(p / q))


def broken(lines):
    return len(lines) != 4 or {len(line) for line in lines} != {5}


def fine_by_counts(lines):
    counts = Counter("".join(lines))
    n = sum(counts.values())
    return sum(k - 1 for k in counts.values()) / max(n, 1) + (1 if broken(lines) else 0)


def fine_by_loop(lines):
    seen, again = set(), 0
    for character in "".join(lines):
        again += character in seen
        seen.add(character)
    total = again / len("".join(lines)) if "".join(lines) else 0
    return total + int(broken(lines))


WRONG = {
    "pull": [
        (lambda z, s, r, b: z, "expected [-1.333, 1.333]"),
        (lambda z, s, r, b: np.zeros_like(z), "returned [0, 0]"),
        (lambda z, s, r, b: pull_by_counts(z, s, r, b) / 2, "returned [-0.6667, 0.6667]"
         ),
        (lambda z, s, r, b: pull_by_counts(z, s, r, b)[s], "shape"),
        (lambda z, s, r, b: pull_by_counts(z, s[:1], r[:1], b),
         "Right on the case before"),
    ],
    "kl": [
        (kl_that_raises, "q must be positive"),
        (lambda p, q: float((p - q) @ np.log(p / q)), "returned 0.4159"),
        (lambda p, q: 0.0, "returned 0      expected 0.2231"),
        (lambda p, q: float(np.log((p / q).max())), "expected 0.2231"),
        (lambda p, q: p * np.log(p / q), "expected"),
    ],
    "clipped_gain": [
        (lambda n, o, a, c: 1 + c, "Right on the case before"),
        (lambda n, o, a, c: gain(n, o, a, 2 * c), "returned 1.4      expected 1.2"),
        (lambda n, o, a, c: float(np.median(a)), "returned 1      expected 1.2"),
        (lambda n, o, a, c: gain(n[:1], o[:1], a[:1], c), "Right on the case before"),
        (lambda n, o, a, c: np.minimum(np.exp(n - o) * a, 1 + c),
         "expected a single number"),
    ],
    "group_advantages": [
        (lambda r: r, "returned [[1, 3]]      expected [[-1, 1]]"),
        (groups_transposed, "shape (2, 1)"),
        (lambda r: np.zeros_like(r), "returned [[0, 0]]"),
        (lambda r: (r - r.min(1, keepdims=True)) / np.maximum(
            np.ptp(r, axis=1, keepdims=True), 1e-9), "returned [[0, 1]]"),
        (lambda r: (r - np.median(r, 1, keepdims=True)) / np.maximum(
            r.std(1, keepdims=True), 1e-9), "Right on the case before"),
    ],
    "dpo_loss": [
        (lambda b, w, c, d, beta: np.log(2), "returned 0.6931      expected 0.5108"),
        (lambda b, w, c, d, beta: dpo_by_loop(b, c, c, c, beta),
         "returned 0.6061      expected 0.5108"),
        (lambda b, w, c, d, beta: dpo_by_loop(b[:1], w[:1], c[:1], d[:1], beta),
         "Right on the case before"),
        (lambda b, w, c, d, beta: dpo_by_loop(b, w, 0 * c, d, beta),
         "expected 0.5108"),
        (lambda b, w, c, d, beta: np.log1p(np.exp(-beta * (b - w - c + d))),
         "a single number"),
    ],
    "leashed_step": [
        (step_in_place, "changed its argument z"),
        (step_on_rewards, "away from home"),
        (lambda z, r, q, b, rate: z, "away from home"),
        (lambda z, r, q, b, rate: np.log(q), "away from home"),
        (lambda z, r, q, b, rate: softmax(step_in_logs(z, r, q, b, rate)),
         "away from home"),
    ],
    "fine": [
        (lambda lines: 2.0, "returned 2      expected 1.5"),
        (lambda lines: fine_by_loop(lines) - 1, "returned 0.5      expected 1.5"),
        (lambda lines: fine_by_loop([line + "\n" for line in lines]),
         "returned 1.4      expected 1.333"),
        (lambda lines: 1 - len(set(lines)) / max(1, len(lines)) + broken(lines),
         "returned 1      expected 1.5"),
        (lambda lines: fine_by_loop(lines[:4]) if lines else 1.5, "no line at all"),
    ],
}

RIGHT = {
    "pull": [pull_by_counts, pull_by_torch, pull_by_loop],
    "kl": [kl_by_parts, kl_where],
    "clipped_gain": [gain, gain_by_sign, gain_by_torch],
    "group_advantages": [groups_by_loop, groups_with_epsilon],
    "dpo_loss": [dpo_by_torch, dpo_by_sigmoid, dpo_by_loop],
    "leashed_step": [step_in_logs, step_by_matrix],
    "fine": [fine_by_counts, fine_by_loop],
}
