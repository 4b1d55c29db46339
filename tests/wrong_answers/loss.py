"""What learners of 04_loss typically hand in."""

import math

import numpy as np
import torch


def mse_in_place(output, label):
    output -= label
    return (output**2).mean()


def mse_loop_over_rows(output, label):
    return sum((a - b) ** 2 for a, b in zip(output, label, strict=True)) / len(output)


def mse_loop(output, label):
    total = 0.0
    for a, b in zip(output.ravel(), label.ravel(), strict=True):
        total += float(a - b) ** 2
    return total / output.size


def log_softmax_naive(z):
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def log_softmax_of_softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.log(e / e.sum(axis=-1, keepdims=True))


def log_softmax_epsilon(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.log(e / e.sum(axis=-1, keepdims=True) + 1e-9)


def log_softmax_wrong_axis(z):
    e = np.exp(z - z.max(axis=0))
    return np.log(e / e.sum(axis=0))


def log_softmax_one_max(z):
    z = z - z.max()
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def log_softmax_without_keepdims(z):
    z = z - z.max(axis=-1)
    return z - np.log(np.exp(z).sum(axis=-1))


def log_softmax_clipped(z):
    z = np.clip(z, -500, 500)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def log_softmax_max_in_exp_alone(z):
    return z - np.log(np.exp(z - z.max(-1, keepdims=True)).sum(-1, keepdims=True))


def log_softmax_in_place(z):
    z -= z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def log_softmax_logaddexp(z):
    return z - np.logaddexp.reduce(z, axis=-1, keepdims=True)


def log_softmax_rows(z):
    rows = z.reshape(-1, z.shape[-1])
    out = [row - row.max() - math.log(np.exp(row - row.max()).sum()) for row in rows]
    return np.array(out).reshape(z.shape)


def logs(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def picked(z, y):
    return logs(z)[np.arange(len(y)), y]


def cross_entropy_loop(z, y):
    total = 0.0
    for row, k in zip(z, y, strict=True):
        total += np.log(np.exp(row - row.max()).sum()) - (row[k] - row.max())
    return total / len(y)


def cross_entropy_one_hot(z, y):
    chosen = np.arange(z.shape[1]) == y[:, None]
    return -logs(z)[chosen].mean()


def cross_entropy_torch(z, y):
    loss = torch.nn.functional.cross_entropy(torch.tensor(z), torch.tensor(y))
    return loss.item()


def perplexity_product(s):
    return math.prod(np.exp(s)) ** (-1 / len(s))


def perplexity_loop(s):
    total = 0.0
    for value in s:
        total -= value
    return math.e ** (total / len(s))


def perplexity_in_base_two(s):
    return 2 ** -np.mean(s / np.log(2))


def bits_by_log2(s, text):
    return sum(-math.log2(math.exp(v)) for v in s) / len(text)


def bits_scaled_mean(s, text):
    return -np.mean(s) * len(s) / len(text) * np.log2(np.e)


def softmax_buggy(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def softmax_one_axis_mended(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=1, keepdims=True)


def softmax_without_keepdims(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1)


def softmax_axis_alone(z):
    e = np.exp(z - z.max(axis=1))
    return e / e.sum(axis=1)


def softmax_no_shift(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def softmax_one_shift(z):
    e = np.exp(z - z.max())
    return e / e.sum(axis=-1, keepdims=True)


def softmax_transposed(z):
    return softmax_buggy(z.T).T


def softmax_rows(z):
    out = np.empty_like(z)
    for i, row in enumerate(z):
        weights = [math.exp(v - max(row)) for v in row]
        out[i] = [w / sum(weights) for w in weights]
    return out


def three(p, mean=np.mean, absolute=lambda p: 1 - p, squared=lambda p: (1 - p) ** 2,
          log=lambda p: -np.log(p)):
    return {"absolute": mean(absolute(p)), "squared": mean(squared(p)),
            "cross-entropy": mean(log(p))}


def three_loop(p):
    n = len(p)
    surprise = [math.inf if v == 0 else math.log(1 / v) for v in p]
    return {"cross-entropy": sum(surprise) / n,
            "squared": sum((v - 1) ** 2 for v in p) / n,
            "absolute": sum(abs(v - 1) for v in p) / n}


WRONG = {
    "mse": [
        (lambda o, y: ((o - y) ** 2).sum(), "should the loss double"),
        (lambda o, y: np.sqrt(((o - y) ** 2).mean()), "formula a root"),
        (lambda o, y: abs(o - y).mean(), "Sizes of gaps"),
        (lambda o, y: (o - y).mean() ** 2, "which comes first"),
        (lambda o, y: ((o - y) ** 2).mean() / 2, "Where is the half"),
        (lambda o, y: (o - y) ** 2, "single number"),
        (lambda o, y: 0.0, "returned 0      expected 2.5"),
        (mse_loop_over_rows, "single number"),
        (mse_in_place, "changed its argument output"),
        (lambda o, y: print("") or None, "nothing came back"),
    ],
    "log_softmax": [
        (log_softmax_naive, "Which shift of all scores"),
        (log_softmax_of_softmax, "log of a fraction"),
        (log_softmax_epsilon, "adding something small"),
        (log_softmax_wrong_axis, "each row"),
        (log_softmax_one_max, "or everybody's"),
        (log_softmax_without_keepdims, "stopped with ValueError"),
        (log_softmax_clipped, "expected [0, -1e+04]"),
        (log_softmax_in_place, "changed its argument"),
        (lambda z: z - z.max(axis=-1, keepdims=True), "that divides"),
        (lambda z: np.exp(logs(z)), "which function of those"),
        (lambda z: logs(z) / math.log(2), "which base"),
        (lambda z: -logs(z), "be above 0"),
        (log_softmax_max_in_exp_alone, "off the z outside"),
        (lambda z: z - z.max(-1, keepdims=True) - np.exp(z).sum(-1, keepdims=True),
         "log of a sum"),
        (lambda z: z, "returned [2, 1, 0]"),
    ],
    "cross_entropy": [
        (lambda z, y: -picked(z, y).sum(), "a sum over rows"),
        (lambda z, y: picked(z, y).mean(), "Can surprise be"),
        (lambda z, y: -z[np.arange(len(y)), y].mean(), "logits are scores"),
        (lambda z, y: -np.log(z)[np.arange(len(y)), y].mean(), "logits are scores"),
        (lambda z, y: -logs(z).max(axis=1).mean(), "how probable was its label"),
        (lambda z, y: -np.exp(picked(z, y)).mean(), "where is the logarithm"),
        (lambda z, y: -logs(z)[:, y].mean(), "one label a row"),
        (lambda z, y: -(logs(z) * np.eye(z.shape[1])[y]).mean(), "rows times classes"),
        (lambda z, y: -logs(z.T).T[np.arange(len(y)), y].mean(), "Over which axis"),
        (lambda z, y: -picked(np.exp(logs(z)), y).mean(), "Softmax twice"),
        (lambda z, y: -picked(z, y).mean() / math.log(2), "Bits or nats"),
        (lambda z, y: -picked(z, y), "single number"),
        (lambda z, y: -logs(z).mean(), "how probable was its label"),
        (lambda z, y: -np.log(np.exp(z) / np.exp(z).sum(1, keepdims=True))[
            np.arange(len(y)), y].mean(), "exp of a large number"),
    ],
    "perplexity": [
        (lambda s: np.exp(np.mean(s)), "Mind the sign"),
        (lambda s: -np.mean(s), "how many equal choices"),
        (lambda s: np.exp(-np.sum(s)), "a sum, or a mean"),
        (lambda s: 2 ** -np.mean(s), "which base undoes"),
        (lambda s: np.mean(np.exp(-s)), "Which comes first"),
        (lambda s: np.exp(-s), "single number"),
        (perplexity_product, "What do the logs allow"),
    ],
    "bits_per_character": [
        (lambda s, t: -np.mean(s) / math.log(2), "bits a token"),
        (lambda s, t: -np.sum(s) / len(t), "Those are nats"),
        (lambda s, t: -np.log2(s).sum() / len(t), "a logarithm already"),
        (lambda s, t: -np.mean(s) / math.log(2) / len(t), "over how many"),
        (lambda s, t: -np.sum(s) * math.log(2) / len(t), "or divide"),
        (lambda s, t: np.sum(s) / math.log(2) / len(t), "Can surprise be"),
        (lambda s, t: -np.sum(s) / math.log(2) / len(t.encode()), "How many bytes"),
        (lambda s, t: -np.sum(s) / math.log(2), "The whole text"),
        (lambda s, t: -np.sum(s) / math.log(2) / len("".join(t.split())), "a space"),
        (lambda s, t: 2 ** (-np.sum(s) / math.log(2) / len(t)), "number of choices"),
    ],
    "softmax": [
        (softmax_buggy, "the sum of the first row"),
        (softmax_one_axis_mended, "largest of a *column*"),
        (softmax_without_keepdims, "as a row, or a column"),
        (softmax_axis_alone, "shape of your sums"),
        (softmax_no_shift, "Which shift of all scores"),
        (lambda z: np.full(z.shape, 1 / z.shape[1]), "which should be 1"),
        (softmax_one_shift, "or everybody's"),
        (lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum(), "share your sum"),
        (lambda z: z, "which should be 1"),
        (logs, "Those are logarithms"),
    ],
    "three_losses": [
        (lambda p: three(p, mean=np.sum), "a mean"),
        (lambda p: three(p, log=np.log), "Can surprise be"),
        (lambda p: three(1 - p), "does a larger p"),
        (lambda p: three(p, log=lambda v: -np.log2(v)), "Bits or nats"),
        (lambda p: three(p, log=lambda v: -np.log(1 - v)), "and not 1 - p"),
        (lambda p: three(p, squared=lambda v: v**2), "its gap to 1"),
        (lambda p: three(p, squared=lambda v: 1 - v**2), "its gap to 1"),
        (lambda p: three(p, squared=lambda v: np.mean(1 - v) ** 2), "square of a day"),
        (lambda p: three(p, log=lambda v: -np.log(np.mean(v))), "log of a day"),
        (lambda p: three(p, log=lambda v: -v * np.log(v)), "what does p multiply"),
        (lambda p: three(p, mean=lambda v: v), "single number"),
        (lambda p: list(three(p).values()), "expected a dict"),
        (lambda p: {"absolute": (1 - p).mean()}, "the three keys"),
    ],
}

RIGHT = {
    "mse": [
        mse_loop,
        lambda o, y: np.square(y - o).sum() / y.size,
        lambda o, y: np.float32(((o - y) ** 2).mean()),
        lambda o, y: float(((o.astype("f4") - y.astype("f4")) ** 2).mean()),
    ],
    "log_softmax": [
        log_softmax_logaddexp,
        log_softmax_rows,
        lambda z: torch.tensor(z).log_softmax(-1).numpy(),
    ],
    "cross_entropy": [
        cross_entropy_loop,
        cross_entropy_one_hot,
        cross_entropy_torch,
        lambda z, y: float(-picked(z.astype("f4"), y).mean()),
    ],
    "perplexity": [
        perplexity_loop,
        perplexity_in_base_two,
        lambda s: float(1 / np.exp(s.mean())),
    ],
    "bits_per_character": [bits_by_log2, bits_scaled_mean],
    "softmax": [
        softmax_transposed,
        softmax_rows,
        lambda z: np.exp(logs(z)),
    ],
    "three_losses": [
        three_loop,
        lambda p: three(p, log=lambda v: np.log(1 / v)),
    ],
}
