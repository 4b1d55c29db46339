"""Answers to 21_multimodal: wrong ones that the checks do not know; right ones."""

from collections import Counter

import numpy as np
import torch
from scipy.special import log_softmax


def cosines(pictures, prompts):
    x = pictures / np.linalg.norm(pictures, axis=1)[:, None]
    y = prompts / np.linalg.norm(prompts, axis=1)[:, None]
    return x @ y.T


def zero_shot_by_torch(pictures, prompts):
    x, y = torch.tensor(pictures), torch.tensor(prompts)
    near = torch.nn.functional.cosine_similarity(x[:, None], y[None], dim=-1)
    return near.argmax(dim=1).numpy()


def zero_shot_by_angle(pictures, prompts):
    angles = np.arccos(np.clip(cosines(pictures, prompts), -1, 1))
    return np.argmin(angles.round(9), axis=1)


def zero_shot_in_place(pictures, prompts):
    prompts /= np.linalg.norm(prompts, axis=1, keepdims=True)
    return (pictures @ prompts.T).argmax(axis=1)


def loss_by_torch(pictures, captions, temperature):
    scores = torch.tensor(cosines(pictures, captions) / temperature)
    own, entropy = torch.arange(len(scores)), torch.nn.functional.cross_entropy
    return (entropy(scores, own) + entropy(scores.T, own)).item() / 2


def loss_in_a_loop(pictures, captions, temperature):
    scores, total = cosines(pictures, captions) / temperature, 0.0
    for i in range(len(scores)):
        total -= log_softmax(scores[i])[i] + log_softmax(scores[:, i])[i]
    return total / (2 * len(scores))


def loss_of_both_at_once(pictures, captions, temperature):
    scores = cosines(pictures, captions) / temperature
    return float(-np.diag(log_softmax(scores + scores.T, axis=1)).mean())


def loss_in_place(pictures, captions, temperature):
    pictures /= np.linalg.norm(pictures, axis=1, keepdims=True)
    return loss_by_torch(pictures, captions, temperature)


def recall_with_ties_last(scores, k):
    n, scores = len(scores), scores.copy()
    own = scores[range(n), range(n)].copy()
    scores[range(n), range(n)] = -np.inf
    return sum((scores[i] >= own[i]).sum() < k for i in range(n)) / n


def recall_by_partition(scores, k):
    found = []
    for i, row in enumerate(scores):
        others = np.sort(np.delete(row, i))[::-1]
        found.append(k > len(others) or row[i] > others[k - 1])
    return np.mean(found)


def recall_in_place(scores, k):
    np.fill_diagonal(scores, np.diag(scores) - 1e-9)
    return recall_with_ties_last(scores, k)


def batches_by_stack(pictures, captions, size, order):
    cuts = np.split(order, range(size, len(order), size))
    return [(np.take(pictures, cut, axis=0), captions[cut]) for cut in cuts]


def batches_shuffled_first(pictures, captions, size, order):
    x, y = pictures[order], captions[order]
    return [(x[i : i + size], y[i : i + size]) for i in range(0, len(x), size)]


def batches_in_place(pictures, captions, size, order):
    pictures[:] = pictures[order]
    captions[:] = captions[order]
    return batches_shuffled_first(pictures, captions, size, np.arange(len(order)))


def batches_of_tables(pictures, captions, size, order):
    both = np.hstack([pictures, captions])[order]
    return [both[i : i + size] for i in range(0, len(both), size)]


def bleu_by_list(said, truth):
    s, t = said.split(), truth.split()
    left, hits = list(t), 0
    for word in s:
        if word in left:
            left.pop(left.index(word))
            hits += 1
    return hits / len(s) * (1.0 if len(s) >= len(t) else np.exp(1 - len(t) / len(s)))


def bleu_by_words(said, truth):
    s, t = said.split(), truth.split()
    hits = sum(min(s.count(word), t.count(word)) for word in set(s))
    return hits / len(s) * min(1.0, np.exp(1 - len(t) / len(s)))


def bleu_with_linear_penalty(said, truth):
    s, t = said.split(), truth.split()
    return (Counter(s) & Counter(t)).total() / len(s) * min(1.0, len(s) / len(t))


def bleu_as_overlap(said, truth):
    s, t = Counter(said.split()), Counter(truth.split())
    return (s & t).total() / (s | t).total()


def denoise_by_torch(x, noise, points, labels, label):
    kind = torch.tensor(points[labels == label])
    squares = torch.cdist(torch.tensor(x), kind) ** 2
    return (torch.softmax(-squares / (2 * noise**2), dim=1) @ kind).numpy()


def denoise_with_a_mask(x, noise, points, labels, label):
    squares = ((x[:, None] - points) ** 2).sum(axis=2)
    squares[:, labels != label] = np.inf
    squares = squares - squares.min(axis=1, keepdims=True)
    weights = np.exp(-squares / (2 * noise**2))
    return weights @ points / weights.sum(axis=1, keepdims=True)


def denoise_halfway(x, noise, points, labels, label):
    return (x + denoise_by_torch(x, noise, points, labels, label)) / 2


def denoise_with_small_floor(x, noise, points, labels, label):
    kind = points[labels == label]
    weights = np.exp(-((x[:, None] - kind) ** 2).sum(axis=2) / (2 * noise**2)) + 1e-12
    return weights @ kind / weights.sum(axis=1, keepdims=True)


WRONG = {
    "zero_shot": [
        (zero_shot_in_place, "changed its argument prompts"),
        (lambda pictures, prompts: cosines(pictures, prompts), "expected"),
        (lambda pictures, prompts: np.zeros(len(pictures), dtype=int), "expected [1]"),
        (lambda pictures, prompts: (pictures @ prompts.T).argmax(), "not yet"),
    ],
    "contrastive_loss": [
        (loss_in_place, "changed its argument pictures"),
        (loss_of_both_at_once, "not yet"),
        (lambda x, y, t: loss_by_torch(x, y, t) / np.log(2), "not yet"),
        (lambda x, y, t: cosines(x, y) / t, "expected a single number"),
        (lambda x, y, t: 0.0, "not yet"),
        (lambda x, y, t: loss_by_torch(x, y, 0.5), "Right on the case before"),
    ],
    "recall_at_k": [
        (lambda scores, k: k / len(scores), "Right on the case before"),
        (recall_in_place, "changed its argument scores"),
        (lambda scores, k: 1.0, "expected 0.5"),
        (lambda scores, k: scores, "expected a single number"),
        (lambda scores, k: float((1 / (scores >= np.diag(scores)[:, None]).sum(
            axis=1)).mean()), "returned 0.75      expected 0.5"),
    ],
    "batches": [
        (batches_in_place, "changed its argument pictures"),
        (batches_of_tables, "not yet"),
        (lambda x, y, size, order: [], "not yet"),
        (lambda x, y, size, order: batches_shuffled_first(
            x, y, size, order)[:1], "the last is smaller"),
        (lambda x, y, size, order: [(x[cut], y[cut[::-1]]) for cut in
                                    np.split(order, range(size, len(order), size))],
         "not yet"),
    ],
    "bleu1": [
        (bleu_with_linear_penalty, "too short"),
        (bleu_as_overlap, "too short"),
        (lambda said, truth: said, "expected a number"),
        (lambda said, truth: bleu_by_words(truth, said), "too short"),
    ],
    "denoise": [
        (denoise_halfway, "expected"),
        (denoise_with_small_floor, "far out"),
        (lambda x, *given: x, "expected"),
        (lambda x, noise, points, labels, label: np.zeros_like(x), "expected"),
        (lambda x, noise, points, labels, label: denoise_by_torch(
            x, noise, points + noise, labels, label), "expected"),
    ],
}

RIGHT = {
    "zero_shot": [zero_shot_by_torch, zero_shot_by_angle,
                  lambda x, y: cosines(x, y).argmax(axis=1)],
    "contrastive_loss": [loss_by_torch, loss_in_a_loop],
    "recall_at_k": [recall_with_ties_last, recall_by_partition],
    "batches": [batches_by_stack, batches_shuffled_first],
    "bleu1": [bleu_by_list, bleu_by_words],
    "denoise": [denoise_by_torch, denoise_with_a_mask],
}
