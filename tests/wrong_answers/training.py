"""Answers to 06_training: wrong ones that the checks do not know; right ones."""

import math

import numpy as np
import torch
from torch.nn import functional as F


def momentum(w, v, g, rate, keep=0.9):
    v = keep * v + g
    return w - rate * v, v


def momentum_in_place(w, v, g, rate):
    v *= 0.9
    v += g
    return w - rate * v, v


def momentum_of_nesterov(w, v, g, rate):
    v = 0.9 * v + g
    return w - rate * (g + 0.9 * v), v


def momentum_by_loop(w, v, g, rate):
    new_w, new_v = np.empty_like(w), np.empty_like(v)
    for i in np.ndindex(w.shape):
        new_v[i] = v[i] * 0.9 + g[i]
        new_w[i] = w[i] - new_v[i] * rate
    return [new_w, new_v]


def momentum_by_torch(w, v, g, rate):
    w, v, g = (torch.tensor(a) for a in (w, v, g))
    v = v.mul(0.9).add(g)
    return (w - rate * v).numpy(), v.numpy()


def adam(w, m, s, g, t, rate, b1=0.9, b2=0.999, decay=0.0):
    m = m + (1 - b1) * (g - m)
    s = s + (1 - b2) * (g * g - s)
    step = m / (1 - b1**t) / (np.sqrt(s / (1 - b2**t)) + 1e-8)
    return w - rate * step - rate * decay * w, m, s


def adam_with_one_factor(w, m, s, g, t, rate):
    m = 0.9 * m + 0.1 * g
    s = 0.999 * s + 0.001 * np.square(g)
    root = math.sqrt(1 - 0.999**t)
    return w - rate * m / (1 - 0.9**t) / (np.sqrt(s) / root + 1e-8), m, s


def adam_in_place(w, m, s, g, t, rate):
    m *= 0.9
    m += 0.1 * g
    return adam_with_one_factor(w, (m - 0.1 * g) / 0.9, s, g, t, rate)


def adam_that_moves_with_g(w, m, s, g, t, rate):
    _, m, s = adam(w, m, s, g, t, rate)
    return w - rate * g / (np.sqrt(s / (1 - 0.999**t)) + 1e-8), m, s


def rate(step, steps, warmup, peak):
    if step >= warmup:
        way = math.pi * (step - warmup) / (steps - warmup)
        return peak * math.cos(way / 2) ** 2
    return peak / (warmup + 1) * (step + 1)


def rate_by_minimum(step, steps, warmup, peak):
    up = (step + 1) / (warmup + 1)
    down = 0.5 + 0.5 * np.cos(np.pi * max(step - warmup, 0) / (steps - warmup))
    return np.float64(peak * min(up, down))


def rate_whole_numbers(step, steps, warmup, peak):
    if step < warmup:
        return peak * ((step + 1) // (warmup + 1))
    return rate(step, steps, warmup, peak)


def rate_without_warmup(step, steps, warmup, peak):
    return peak * (1 + math.cos(math.pi * step / steps)) / 2


def rate_of_sine(step, steps, warmup, peak):
    if step < warmup:
        return rate(step, steps, warmup, peak)
    return peak * (1 + math.sin(math.pi * (step - warmup) / (steps - warmup))) / 2


def clip(grads, limit):
    norm = np.linalg.norm(np.concatenate([g.ravel() for g in grads]))
    return [g * limit / norm if norm > limit else g.copy() for g in grads]


def clip_by_torch(grads, limit):
    tensors = [torch.nn.Parameter(torch.tensor(g)) for g in grads]
    for tensor, g in zip(tensors, grads, strict=True):
        tensor.grad = torch.tensor(g)
    norm = math.sqrt(sum(float((t.grad**2).sum()) for t in tensors))
    return tuple((t.grad * min(1, limit / (norm or 1))).numpy() for t in tensors)


def clip_in_place(grads, limit):
    norm = math.sqrt(sum((g**2).sum() for g in grads))
    for g in grads:
        g *= min(1, limit / max(norm, 1e-9))
    return grads


def clip_to_nothing(grads, limit):
    norm = math.sqrt(sum((g**2).sum() for g in grads))
    return grads if norm <= limit else [np.zeros_like(g) for g in grads]


def clip_the_wrong_way(grads, limit):
    norm = math.sqrt(sum((g**2).sum() for g in grads))
    return [g * max(1, norm / limit) for g in grads]


def clip_flat(grads, limit):
    return np.concatenate([g.ravel() for g in clip(grads, limit)])


def split(authors, share):
    held, poets = [], []
    for author in authors:
        if len(held) >= share * len(authors):
            break
        if author not in poets:
            poets.append(author)
            held += [i for i, name in enumerate(authors) if name == author]
    return [i for i in range(len(authors)) if i not in held], sorted(held)


def split_by_numpy(authors, share):
    names, first, counts = np.unique(authors, return_index=True, return_counts=True)
    order = np.argsort(first)
    before = np.cumsum(counts[order]) - counts[order]
    out = np.isin(authors, names[order][before < share * len(authors)])
    return np.flatnonzero(~out).tolist(), np.flatnonzero(out).tolist()


def split_to_nearest(authors, share):
    return split(authors, round(share * len(authors)) / len(authors) - 1e-9)


def split_neighbours(authors, share):
    """An author ends where another begins."""
    end = 0
    while end < share * len(authors):
        author = authors[end]
        while end < len(authors) and authors[end] == author:
            end += 1
    return list(range(end, len(authors))), list(range(end))


def split_as_sets(authors, share):
    return tuple(map(set, split(authors, share)))


def split_unsorted(authors, share):
    learn, held = split(authors, share)
    return learn, sorted(held, key=authors.__getitem__)


def fit(X, y, held_X, held_y, steps, rate):
    w, losses = np.zeros(len(X[0])), np.zeros(steps)
    for step in range(steps):
        w = w - 2 * rate / len(X) * (X @ w - y) @ X
        losses[step] = ((held_y - held_X @ w) ** 2).mean()
    return w, list(losses)


def fit_by_torch(X, y, held_X, held_y, steps, rate):
    X, y, held_X, held_y = (torch.tensor(a) for a in (X, y, held_X, held_y))
    w = torch.zeros(X.shape[1], dtype=torch.float64, requires_grad=True)
    sgd, losses = torch.optim.SGD([w], rate), []
    for _ in range(steps):
        sgd.zero_grad()
        F.mse_loss(X @ w, y).backward()
        sgd.step()
        losses.append(F.mse_loss(held_X @ w, held_y).item())
    return w.detach().numpy(), losses


def fit_with_sums(X, y, held_X, held_y, steps, rate):
    w, losses = fit(X, y, held_X, held_y, steps, rate)
    return w, [loss * len(held_y) for loss in losses]


def fit_never_zeroed(X, y, held_X, held_y, steps, rate):
    w, g, losses = np.zeros(X.shape[1]), 0, []
    for _ in range(steps):
        g = g + 2 * X.T @ (X @ w - y) / len(y)
        w = w - rate * g
        losses.append(np.mean((held_X @ w - held_y) ** 2))
    return w, losses


def fit_best(X, y, held_X, held_y, steps, rate):
    w, losses = fit(X, y, held_X, held_y, steps, rate)
    return w, sorted(losses)


def train(new_net, learn, held_out, steps=700, batch=64, rate=0.003, every=50,
          part=None):
    net, losses = new_net(), []
    X, y = part(learn, held_out) if part else learn
    adam = torch.optim.AdamW(net.parameters(), rate)
    for step in range(1, steps + 1):
        rows = torch.randint(len(y), (batch,))
        adam.zero_grad()
        F.cross_entropy(net(X[rows]), y[rows]).backward()
        adam.step()
        if step % every == 0:
            with torch.no_grad():
                losses.append(F.cross_entropy(net(held_out[0]), held_out[1]).item())
    return net, losses


def train_by_hand(new_net, learn, held_out):
    """Momentum, written out, over shuffled epochs."""
    net, losses = new_net(), []
    memory = [torch.zeros_like(p) for p in net.parameters()]
    for _ in range(3):
        for rows in torch.randperm(len(learn[1])).split(64):
            net.zero_grad()
            F.cross_entropy(net(learn[0][rows]), learn[1][rows]).backward()
            with torch.no_grad():
                for p, v in zip(net.parameters(), memory, strict=True):
                    v.mul_(0.9).add_(p.grad)
                    p.sub_(0.1 * v)
        with torch.no_grad():
            losses.append(float(F.cross_entropy(net(held_out[0]), held_out[1])))
    return net, losses


def both(learn, held_out):
    return tuple(torch.cat(pair) for pair in zip(learn, held_out, strict=True))


WRONG = {
    "momentum_step": [
        (momentum_in_place, "changed its argument v"),
        (momentum_of_nesterov, "returned ([-0.302], [7.8])      expected ([0.22]"),
        (lambda *given: momentum(*given, keep=0.99), "([0.202], [7.98])"),
        (lambda w, v, g, rate: (momentum(w, v, g, rate)[0], g), "([0.22], [6])"),
    ],
    "adam_step": [
        (adam_in_place, "changed its argument m"),
        (adam_that_moves_with_g, "Right on the case before"),
        (lambda *given: adam(*given, b2=0.99), "[0.36])      expected"),
        (lambda *given: adam(*given, decay=0.1), "returned ([0.89], [0.6], [0.036])"),
        (lambda *given: adam(*given, b1=0.99), "[0.06]"),
    ],
    "rate_at": [
        (rate_whole_numbers, "returned 0      expected 0.1"),
        (rate_without_warmup, "rate_at(0, 4, 1, 0.2)"),
        (rate_of_sine, "expected 0.2"),
        (lambda *given: [rate(*given)], "expected a number"),
    ],
    "clip": [
        (clip_in_place, "changed its argument grads"),
        (clip_to_nothing, "returned [[0, 0]]      expected [[0.6, 0.8]]"),
        (clip_the_wrong_way, "returned [[15, 20]]"),
        (clip_flat, "expected a list or tuple"),
    ],
    "split_by_author": [
        (split_neighbours, "returned ([1, 2, 3], [0])"),
        (split_as_sets, "expected a list or tuple"),
        (split_unsorted, "Right on the case before"),
        (lambda authors, share: split(authors, share)[1], "expected a list or tuple"),
    ],
    "fit": [
        (fit_with_sums, "Right on the case before"),
        (fit_never_zeroed, "Right on the case before"),
        (fit_best, "Right on the case before"),
        (lambda *given: (fit(*given)[0], fit(*given)[1][-1]), "expected"),
    ],
    "make_it_hold": [
        (lambda *given: train(*given, part=both, steps=1200), "which did?"),
        (lambda *given: train(*given, rate=0.02, steps=1200), "much better"),
        (lambda *given: train(*given, steps=250), "poor on its own letters"),
        (lambda *given: train(*given, steps=640), "of which weights?"),
        (lambda *given: train(*given)[0], "of type Sequential"),
    ],
}

RIGHT = {
    "momentum_step": [momentum, momentum_by_loop, momentum_by_torch],
    "adam_step": [adam, adam_with_one_factor],
    "rate_at": [rate, rate_by_minimum],
    "clip": [clip, clip_by_torch],
    "split_by_author": [split, split_by_numpy],
    "fit": [fit, fit_by_torch],
    "make_it_hold": [train, train_by_hand,
                     lambda *given: train(*given, batch=256, rate=0.01, steps=300)],
}
