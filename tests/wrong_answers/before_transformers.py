"""Answers to 08_before_transformers: wrong ones the checks do not know; right ones."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    parts = np.exp(z - z.max(axis=-1, keepdims=True))
    return parts / parts.sum(axis=-1, keepdims=True)


def mix_without_empty(bag, shorter, tax):
    taken = tax * len(bag)
    return {c: (max(bag[c] - tax, 0) + taken * p) / bag.total()
            for c, p in shorter.items()}


def mix_counts_into_the_bag(bag, shorter, tax):
    total, kinds = bag.total(), len(bag)
    for c in shorter:
        bag[c] = max(bag[c] - tax, 0)
    return {c: (bag[c] + tax * kinds * p) / total if total else p
            for c, p in shorter.items()}


def mix_divides_by_what_is_left(bag, shorter, tax):
    if not bag:
        return dict(shorter)
    left = bag.total() - tax * len(bag)
    taken = tax * len(bag) / bag.total()
    return {c: max(bag[c] - tax, 0) / max(left, 1e-9) + taken * p
            for c, p in shorter.items()}


def mix_empty_is_empty(bag, shorter, tax):
    return mix_without_empty(bag, shorter, tax) if bag else dict.fromkeys(shorter, 0.0)


def mix_by_shares(bag, shorter, tax):
    n = sum(bag.values())
    if n == 0:
        return {**shorter}
    share = tax * len(bag) / n
    return {c: max(bag.get(c, 0) - tax, 0) / n + share * shorter[c] for c in shorter}


def mix_in_two_steps(bag, shorter, tax):
    out = dict(shorter)
    if bag:
        pot = 0.0
        for c in bag:
            pot += min(tax, bag[c])
        for c in out:
            left = bag[c] - tax if c in bag else 0
            out[c] = (left + pot * out[c]) / sum(bag.values())
    return out


def bengio_added(runs, C, H, d, U, b):
    x = np.tile(C[runs].sum(axis=1), runs.shape[1])
    return softmax(np.tanh(x @ H.T + d) @ U.T + b)


def bengio_first_run(runs, C, H, d, U, b):
    return softmax(U @ np.tanh(H @ C[runs[0]].ravel() + d) + b)


def bengio_columns(runs, C, H, d, U, b):
    return softmax(np.tanh(C[runs].reshape(len(runs), -1) @ H.T + d) @ U.T + b).T


def bengio_halved(runs, C, H, d, U, b):
    x = C[runs].reshape(len(runs), -1)
    return softmax(np.tanh(x @ H.T + d) @ U.T / np.sqrt(len(d)) + b)


def bengio_run_by_run(runs, C, H, d, U, b):
    out = []
    for run in runs:
        x = np.concatenate([C[c] for c in run])
        out.append(softmax(U @ np.tanh(H @ x + d) + b))
    return np.array(out)


def bengio_place_by_place(runs, C, H, d, U, b):
    blocks = np.split(H, runs.shape[1], axis=1)
    z = d + sum(C[runs[:, k]] @ block.T for k, block in enumerate(blocks))
    return softmax(np.tanh(z) @ U.T + b)


def bengio_by_einsum(runs, C, H, d, U, b):
    cube = H.reshape(len(d), runs.shape[1], -1)
    return softmax(np.tanh(np.einsum("nmw,hmw->nh", C[runs], cube) + d) @ U.T + b)


def sampling_one_by_one(v, o, strangers):
    z = v @ o
    loss, grad = np.log1p(np.exp(-z)), -o / (1 + np.exp(z))
    for n in strangers:
        loss += np.log1p(np.exp(v @ n))
        grad = grad + n / (1 + np.exp(-v @ n))
    return loss, grad


def sampling_stacked(v, o, strangers):
    rows = np.vstack([o, strangers])
    y = np.eye(len(rows))[0]
    p = sigmoid(rows @ v)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(), (p - y) @ rows


def sampling_one_stranger(v, o, strangers):
    return sampling_stacked(v, o, strangers[:1])


def sampling_softmax(v, o, strangers):
    rows = np.vstack([o, strangers])
    p = softmax(rows @ v)
    return -np.log(p[0]), (p - np.eye(len(rows))[0]) @ rows


def sampling_without_v(v, o, strangers):
    loss, _ = sampling_stacked(v, o, strangers)
    return loss, sigmoid(v @ o) - 1 + sigmoid(strangers @ v).sum()


def sampling_squared(v, o, strangers):
    loss, grad = sampling_stacked(v, o, strangers)
    return loss**2, grad


def lstm_state_before(inputs, W, U, b):
    states = lstm_by_slices(inputs, W, U, b)
    return np.vstack([np.zeros(W.shape[1]), states[:-1]])


def lstm_without_bias(inputs, W, U, b):
    return lstm_by_slices(inputs, W, U, 0 * b)


def lstm_adds_without_forgetting(inputs, W, U, b):
    width = W.shape[1]
    h = c = np.zeros(width)
    states = []
    for x in inputs:
        i, f, g, o = np.split(U @ x + W @ h + b, 4)
        c = c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.array(states)


def lstm_one_array_for_all(inputs, W, U, b):
    width = W.shape[1]
    h, c, states = np.zeros(width), np.zeros(width), []
    for x in inputs:
        i, f, g, o = np.split(U @ x + W @ h + b, 4)
        c[:] = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h[:] = sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.array(states)


def lstm_by_slices(inputs, W, U, b):
    n = W.shape[1]
    h, c = np.zeros(n), np.zeros(n)
    out = np.empty((len(inputs), n))
    for t in range(len(inputs)):
        z = inputs[t] @ U.T + h @ W.T + b
        gates = sigmoid(z)
        c = gates[n:2 * n] * c + gates[:n] * np.tanh(z[2 * n:3 * n])
        out[t] = h = gates[3 * n:] * np.tanh(c)
    return out


def lstm_in_one_matrix(inputs, W, U, b):
    both, h = np.hstack([U, W]), np.zeros(W.shape[1])
    c, out = h.copy(), []
    for x in inputs:
        z = (both @ np.concatenate([x, h]) + b).reshape(4, -1)
        c = c / (1 + np.exp(-z[1])) + np.tanh(z[2]) / (1 + np.exp(-z[0]))
        h = np.tanh(c) / (1 + np.exp(-z[3]))
        out += [h]
    return np.stack(out)


def read_resets_the_list_too(poems, W, U):
    for poem in poems:
        h, states = np.zeros(len(W)), []
        for x in poem:
            h = np.tanh(W @ h + U @ x)
            states.append(h)
    return [np.array(states)]


def read_starts_from_ones(poems, W, U):
    out = []
    for poem in poems:
        h, read = np.ones(len(W)), []
        for x in poem:
            h = np.tanh(W @ h + U @ x)
            read.append(h)
        out.append(np.array(read))
    return out


def read_with_the_start(poems, W, U):
    start = np.zeros(len(W))
    return [np.vstack([start, s]) for s in read_one_by_one(poems, W, U)]


def read_lists(poems, W, U):
    return [states.tolist() for states in read_one_by_one(poems, W, U)]


def read_one_by_one(poems, W, U):
    def states(poem):
        rows = [np.zeros(len(W))]
        for x in poem:
            rows.append(np.tanh(W @ rows[-1] + U @ x))
        return np.array(rows[1:])
    return [states(poem) for poem in poems]


def read_into_arrays(poems, W, U):
    out = [np.zeros((len(poem), len(W))) for poem in poems]
    for poem, rows in zip(poems, out, strict=True):
        for t in range(len(poem)):
            past = rows[t - 1] if t else np.zeros(len(W))
            rows[t] = np.tanh(past @ W.T + poem[t] @ U.T)
    return out


def cosines(vectors, i):
    return vectors @ vectors[i] / np.linalg.norm(vectors, axis=1)


def nearest_divides_in_place(vectors, i, k):
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    order = np.argsort(-vectors @ vectors[i])
    return order[order != i][:k]


def nearest_one_more(vectors, i, k):
    order = np.argsort(-cosines(vectors, i))
    return order[order != i][:k + 1]


def nearest_by_columns(vectors, i, k):
    unit = vectors / np.linalg.norm(vectors, axis=0)
    order = np.argsort(-unit @ unit[i])
    return order[order != i][:k]


def nearest_partitioned(vectors, i, k):
    score = -cosines(vectors, i)
    score[i] = np.inf
    return np.argpartition(score, k)[:k]


def nearest_backwards(vectors, i, k):
    order = np.argsort(cosines(vectors, i))
    return order[order != i][-k:]


def nearest_as_a_list(vectors, i, k):
    return nearest_by_masking(vectors, i, k).tolist()


def nearest_by_masking(vectors, i, k):
    score = cosines(vectors, i)
    score[i] = -np.inf
    return np.argsort(score)[::-1][:k]


def nearest_by_sorting(vectors, i, k):
    score = dict(enumerate(cosines(vectors, i)))
    del score[i]
    return np.array(sorted(score, key=score.get, reverse=True)[:k])


WRONG = {
    "mix": [
        (mix_without_empty, "ZeroDivisionError"),
        (mix_counts_into_the_bag, "changed its argument bag"),
        (mix_divides_by_what_is_left, "returned 0.9583 at 'a'"),
        (mix_empty_is_empty, "an empty bag"),
        (lambda bag, shorter, tax: shorter, "returned 0.5 at 'a'"),
        (lambda bag, shorter, tax: {}, "no key 'a'"),
    ],
    "bengio": [
        (bengio_added, "returned [[0.4905, 0.5095]]"),
        (bengio_first_run, "shape (2,)"),
        (bengio_columns, "shape (2, 1)"),
        (bengio_halved, "Right on the case before"),
        (lambda runs, C, H, d, U, b: np.zeros((len(runs), len(b))),
         "returned [[0, 0]]"),
        (lambda runs, C, H, d, U, b: C[runs], "shape (1, 2, 1)"),
    ],
    "negative_sampling": [
        (sampling_one_stranger, "Right on the case before"),
        (sampling_softmax, "returned (0.6931, [-0.5, 1])"),
        (sampling_without_v, "returned (1.386, 0)"),
        (sampling_squared, "returned (1.922, [-0.5, 1])"),
        (lambda v, o, strangers: (0.0, 0 * v), "returned (0, [0, 0])"),
    ],
    "lstm": [
        (lstm_state_before, "returned [[0]]"),
        (lstm_without_bias, "1 inputs, width 1"),
        (lstm_adds_without_forgetting, "2 inputs, width 1"),
        (lstm_one_array_for_all, "2 inputs, width 1"),
        (lambda inputs, W, U, b: inputs, "1 inputs, width 1"),
        (lambda inputs, W, U, b: np.zeros((len(inputs), W.shape[1])), "returned [[0]]"),
    ],
    "read_poems": [
        (read_resets_the_list_too, "expected"),
        (read_starts_from_ones, "poems of 2, 1"),
        (read_with_the_start, "returned [[[0], [-0.9926]"),
        (read_lists, "expected a NumPy array"),
        (lambda poems, W, U: poems, "poems of 2, 1"),
    ],
    "nearest": [
        (nearest_divides_in_place, "changed its argument vectors"),
        (nearest_one_more, "shape (3,)"),
        (nearest_by_columns, "expected"),
        (nearest_partitioned, "expected"),
        (nearest_backwards, "returned [1, 3]      expected [3, 1]"),
        (nearest_as_a_list, "expected a NumPy array"),
        (lambda vectors, i, k: np.zeros(k, int), "expected [3, 1]"),
    ],
}

RIGHT = {
    "mix": [mix_by_shares, mix_in_two_steps],
    "bengio": [bengio_run_by_run, bengio_place_by_place, bengio_by_einsum],
    "negative_sampling": [sampling_one_by_one, sampling_stacked],
    "lstm": [lstm_by_slices, lstm_in_one_matrix],
    "read_poems": [read_one_by_one, read_into_arrays],
    "nearest": [nearest_by_masking, nearest_by_sorting],
}
