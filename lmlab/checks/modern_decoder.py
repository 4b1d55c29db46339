"""Checks of exercise 11: RMSNorm, SwiGLU, RoPE and a bug, a router, four bits.

Each task is compared with plain loops over numbers, the smallest case first. How a
check is written: see `lmlab.checks.core`.
"""

import math

import numpy as np
from scipy.special import softmax

from lmlab.checks.core import Case, Check

rng = np.random.default_rng(11)


def normal(*shape: int) -> np.ndarray:
    return rng.normal(size=shape).round(2)


# 1. RMSNorm

def rms_loop(x, scale, eps) -> np.ndarray:
    return np.array([[s * v / math.sqrt(math.fsum(u * u for u in row) / len(row) + eps)
                      for v, s in zip(row, scale, strict=True)] for row in x])


def rms(square=lambda x: (x**2).mean(axis=1, keepdims=True),
        root=lambda m, eps: np.sqrt(m + eps), moved=lambda x: x,
        scaled=lambda x, scale: x * scale):
    """`rms_norm`, or a mistake: what is squared, the root, a shift, the scale."""
    return lambda x, scale, eps: scaled(moved(x) / root(square(moved(x)), eps), scale)


rms_norm = Check(
    "rms_norm",
    cases=[
        Case(np.array([[1.0, 7.0]]), np.array([1.0, 10.0]), 0.0),
        Case(np.array([[3.0, 3.0]]), np.ones(2), 0.0),
        Case(np.array([[2.0, 2.0], [0.0, 0.0]]), np.ones(2), 0.5, label="a token of 0"),
        Case(normal(3, 3), normal(3), 1e-6, label="3 tokens of 3 features"),
        Case(1e-3 * normal(4, 6), normal(6), 1e-6, label="small numbers"),
        Case(normal(50, 16), normal(16), 1e-5, label="50 tokens"),
    ],
    reference=rms_loop,
    mistakes={
        rms(moved=lambda x: x - x.mean(axis=1, keepdims=True)):
            "This is LayerNorm: does RMSNorm take the mean away as well?",
        rms(square=lambda x: x.var(axis=1, keepdims=True)):
            "Divided by the spread around the mean: is that the root mean square?",
        rms(square=lambda x: (x**2).sum(axis=1, keepdims=True)):
            "Divided by the whole length: the root of the sum, or of the mean?",
        rms(root=lambda m, eps: m + eps):
            "By the mean square itself: of 1 and 49 it is 25, but what is divided by?",
        rms(square=lambda x: (x**2).mean(axis=0, keepdims=True)):
            "One mean for each feature: should a token depend on the other tokens?",
        rms(square=lambda x: (x**2).mean(axis=1)):
            "One number for each token: does it divide a row here, or a column?",
        rms(square=lambda x: (x**2).mean()):
            "One mean for the whole table: should a token depend on the other tokens?",
        rms(square=lambda x: x.mean(axis=1, keepdims=True) ** 2):
            "The square of the mean: is that the mean of the squares?",
        rms(square=lambda x: np.abs(x).mean(axis=1, keepdims=True) ** 2):
            "The mean of the sizes: what is squared before the mean?",
        rms(root=lambda m, eps: np.sqrt(m) + eps):
            "Is eps added after the root, or under it?",
        rms(root=lambda m, eps: np.sqrt(m)):
            "A token of zeros divides by 0: where does eps come in?",
        lambda x, scale, eps: rms()(x * scale, 1, eps):
            "Scaled before the mean: which numbers are squared?",
        rms(scaled=lambda x, scale: x): "The scale came in: which line uses it?",
        rms(scaled=lambda x, scale: x / scale):
            "Is a feature multiplied by its scale, or divided?",
    },
    right="6 tables: one token, 50, one of zeros, small numbers",
)


# 2. SwiGLU, and how wide

def swiglu_loop(x, gate, expand, shrink) -> np.ndarray:
    def silu(z):
        return z / (1 + math.exp(-z))
    rows = []
    for token in x:
        inner = [silu(math.fsum(g * token)) * math.fsum(e * token)
                 for g, e in zip(gate, expand, strict=True)]
        rows.append([math.fsum(s * inner) for s in shrink])
    return np.array(rows)


def sigmoid(z) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def gated(join):
    """A feed-forward: `join` makes one array of what gate and expand make of x."""
    return lambda x, G, E, S: join(x @ G.T, x @ E.T) @ S.T


one = np.array([[1.0]])

swiglu = Check(
    "swiglu",
    cases=[
        Case(np.array([[2.0]]), 2 * one, 3 * one, one),
        Case(np.array([[-2.0]]), 2 * one, 3 * one, one, label="the gate is shut"),
        Case(np.array([[1.0], [2.0]]), -one, one, 2 * one),
        Case(*(normal(3, 3) for _ in range(4)), label="all 3 wide"),
        Case(normal(4, 6), normal(16, 6), normal(16, 6), normal(6, 16),
             label="4 tokens, d = 6, d_ff = 16"),
    ],
    reference=swiglu_loop,
    mistakes={
        gated(lambda g, e: sigmoid(g) * e):
            "silu(z) is z times its sigmoid: where is that z?",
        gated(lambda g, e: g * sigmoid(e) * e):
            "The other half is bent: which of the two is the gate?",
        gated(lambda g, e: g * sigmoid(g) + e * 1):
            "Are the two halves added, or multiplied number by number?",
        gated(lambda g, e: g * sigmoid(g)): "What does expand do?",
        gated(lambda g, e: e * sigmoid(e)): "What does gate do?",
        gated(lambda g, e: g * e): "Both are straight: which half does silu bend?",
        gated(lambda g, e: np.maximum(g, 0) * e):
            "That is ReLU: what does silu make of a negative number?",
        gated(lambda g, e: g / (1 + np.exp(g)) * e):
            "Which sign has z in the exponent?",
        gated(lambda g, e: g * e * sigmoid(g * e)):
            "silu bends the product here: which half alone should it bend?",
        gated(lambda g, e: g * sigmoid(g) * e * sigmoid(e)):
            "Both halves are bent: which of the two is the gate?",
        lambda x, G, E, S: ((x * sigmoid(x)) @ G.T * (x @ E.T)) @ S.T:
            "silu came before the matrix: what does it bend, x or G x?",
        gated(lambda g, e: np.tanh(g) * e): "Where does the exponential come in?",
        lambda x, G, E, S: ((x @ G.T) * sigmoid(x @ G.T) * (x @ E.T)) @ S:
            "Weights are (out, in): which one came in untransposed?",
        lambda x, G, E, S: (x @ G) * sigmoid(x @ G) * (x @ E) @ S:
            "Weights are (out, in), as in torch: what must be transposed?",
    },
    right="5 sizes, with open and shut gates",
)


def width(ratio=(8, 3), up=lambda a, b: -(-a // b)):
    """`matched_width`, or a mistake: the ratio, or the rounding."""
    return lambda d, m: up(ratio[0] * d, ratio[1] * m) * m


matched_width = Check(
    "matched_width",
    cases=[Case(*pair) for pair in (
        (48, 1), (48, 100), (50, 1), (50, 7), (48, 32), (4096, 256), (5120, 256),
        (6656, 256), (8192, 256))],
    reference=lambda d, m: next(k * m for k in range(1, 8 * d) if 3 * k * m >= 8 * d),
    mistakes={
        width(ratio=(4, 1)): "Three matrices of width 4d: how many weights are these?",
        width(ratio=(2, 3)): "Two thirds of which width: of d, or of 4d?",
        width(ratio=(3, 8)): "More than d, or less?",
        width(up=lambda a, b: a // b):
            "Is that at least 8/3 of d_model? Which way is it rounded?",
        width(up=lambda a, b: round(a / b)):
            "To the nearest multiple: is that always at least 8/3 of d_model?",
        width(up=lambda a, b: a // b + 1):
            "One multiple too many where it comes out even: what is 8/3 of 48?",
        lambda d, m: -(-int(8 * d / 3) // m) * m:
            "Rounded down before it is rounded up: is 133 at least 8/3 of 50?",
        lambda d, m: -(-8 * d // 3): "And which multiple of `multiple` comes next?",
        lambda d, m: -(-8 * d // (3 * m)):
            "That is how many times `multiple`: which width is it?",
        lambda d, m: math.ceil(8 * d / 3) // m * m:
            "Rounded up, then down again: which division should be rounded up?",
        lambda d, m: np.ceil(8 * d / (3 * m)) * m:
            "A width is a whole number, this is a float: which step made it one?",
        lambda d, m: 8 * d / 3 / m * m: "A width is whole: rounded up to what?",
    },
    right="9 widths, LLaMA's four among them",
)


# 3. Rotate

def rotate_loop(x, places, base=10000.0) -> np.ndarray:
    turned, d = np.empty(x.shape), x.shape[1]
    for n, place in enumerate(places):
        for i in range(0, d, 2):
            angle = float(place) / base ** (i / d)
            a, b = float(x[n, i]), float(x[n, i + 1])
            turned[n, i] = a * math.cos(angle) - b * math.sin(angle)
            turned[n, i + 1] = a * math.sin(angle) + b * math.cos(angle)
    return turned


def turner(angles=lambda p, d, base: p * base ** (-np.arange(0, d, 2) / d),
           half=False, sign=1):
    """`rotate`, or a mistake: the angles, halves for neighbours, the sense."""
    def rotate(x, places, base=10000.0):
        phi = angles(places[:, None], x.shape[1], base)
        cos, sin = np.cos(phi), sign * np.sin(phi)
        turned, cut = np.empty(x.shape), x.shape[1] // 2
        first, second = (slice(cut), slice(cut, None)) if half else (
            slice(0, None, 2), slice(1, None, 2))
        a, b = x[:, first], x[:, second]
        turned[:, first], turned[:, second] = a * cos - b * sin, a * sin + b * cos
        return turned
    return rotate


def overwriting(x, places, base):
    """A mistake: the new first feature goes into the second."""
    cosines, sines = turner()(np.tile([1.0, 0.0], (len(x), x.shape[1] // 2)),
                              places, base).reshape(len(x), -1, 2).transpose(2, 0, 1)
    first = x[:, 0::2] * cosines - x[:, 1::2] * sines
    second = first * sines + x[:, 1::2] * cosines
    return np.stack([first, second], axis=2).reshape(x.shape)


def tokens(*places: int, d: int, base: float = 10000.0, label: str = "") -> Case:
    return Case(normal(len(places), d), np.array(places), base, label=label)


rotate = Check(
    "rotate",
    cases=[
        Case(np.array([[1.0, 0.0]]), np.array([1]), 10000.0),
        Case(np.array([[0.0, 2.0]]), np.array([3]), 10000.0),
        Case(np.array([[1.0, 0.0, 1.0, 0.0]]), np.array([2]), 100.0),
        tokens(0, d=4, label="place 0: nothing turns"),
        tokens(5, 6, 9, d=4, label="places 5, 6, 9"),
        tokens(0, 1, 2, d=6, base=100.0, label="3 tokens, base 100"),
        tokens(*range(20), d=12, label="20 tokens"),
    ],
    reference=rotate_loop,
    mistakes={
        turner(sign=-1): "Turned the other way round: which term carries the minus?",
        turner(half=True):
            "Paired i with i + d/2: here the pairs are neighbours, (0, 1), (2, 3).",
        turner(lambda p, d, base: p * np.ones(d // 2)):
            "All pairs turn alike: which speed has the second?",
        turner(lambda p, d, base: p * base ** (-np.arange(d // 2) / d)):
            "The exponent is -2i/d for pair i: where is the 2?",
        turner(lambda p, d, base: p * base ** (-2 * np.arange(0, d, 2) / d)):
            "With d = 4 the second pair has the exponent -2/4: what has yours?",
        turner(lambda p, d, base: p * base ** (np.arange(0, d, 2) / d)):
            "Later pairs turn faster here: which sign has the exponent?",
        turner(lambda p, d, base: p * 10000.0 ** (-np.arange(0, d, 2) / d)):
            "base came in as an argument: which line uses it?",
        turner(lambda p, d, base: np.arange(len(p))[:, None]
               * base ** (-np.arange(0, d, 2) / d)):
            "Counted from 0: which places came in?",
        turner(lambda p, d, base: (p + 1) * base ** (-np.arange(0, d, 2) / d)):
            "At place 0 nothing turns: by one place too far?",
        turner(lambda p, d, base: np.radians(p * base ** (-np.arange(0, d, 2) / d))):
            "NumPy's cos takes radians: were they degrees?",
        lambda x, p, base: np.hstack([turner()(x, p, base)[:, 0::2],
                                      turner()(x, p, base)[:, 1::2]]):
            "The first of all pairs, then the second: where did the neighbours go?",
        overwriting: "The second feature: is it made of the old first, or the new?",
        lambda x, p, base: x + turner()(x * 0 + np.tile([1.0, 0.0], x.shape[1] // 2),
                                        p, base):
            "A place was added here: RoPE multiplies. What is (0, 2) turned by 3?",
        lambda x, p, base: x * np.repeat(
            np.cos(p[:, None] * base ** (-np.arange(0, x.shape[1], 2) / x.shape[1])),
            2, axis=1):
            "The cosines are there: where is the part that goes to the other feature?",
    },
    right="7 tables of 1 to 20 tokens, two bases",
)


# 4. Find the bug

def head_loop(query, key, value, places) -> np.ndarray:
    query, key = rotate_loop(query, places), rotate_loop(key, places)
    rows = []
    for i, q in enumerate(query):
        scores = [math.fsum(q * key[j]) / math.sqrt(len(q)) for j in range(i + 1)]
        parts = [math.exp(s - max(scores)) for s in scores]
        rows.append(sum(p * v for p, v in zip(parts, value, strict=False)) / sum(parts))
    return np.array(rows)


def head(turn=(1, 1, 0), causal=np.tril, scale=lambda d: math.sqrt(d)):
    """`rope_head`, or a mistake: how often each is turned, the mask, the scale."""
    def rope_head(*given):
        *parts, places = given
        query, key, value = (rotate_loop(part, times * places)
                             for part, times in zip(parts, turn, strict=True))
        scores = query @ key.T / scale(query.shape[1])
        seen = causal(np.ones(scores.shape, bool))
        return softmax(np.where(seen, scores, -np.inf), 1) @ value
    return rope_head


rope_head = Check(
    "rope_head",
    cases=[
        Case(*np.array([[[1.0, 0.0]], [[0.0, 1.0]], [[1.0, 2.0]]]), np.array([1]),
             label="one token: it gets its own value"),
        Case(*normal(3, 2, 2), np.array([0, 1]), label="2 tokens"),
        Case(*normal(3, 2, 2), np.array([7, 9]), label="2 tokens, at 7 and 9"),
        Case(*normal(3, 4, 4), np.arange(4), label="4 tokens"),
        Case(*normal(3, 9, 8), np.arange(9) + 30, label="9 tokens, from place 30"),
    ],
    reference=head_loop,
    mistakes={
        head(turn=(1, 1, 1)):
            "Move all by ten places: what moves, the weights or what they average?",
        head(turn=(0, 0, 0)):
            "Nothing is turned: which two make a score?",
        head(turn=(1, -1, 0)):
            "Query and key turn opposite ways: do their places still subtract?",
        head(turn=(1, 0, 0)):
            "The query alone is turned: against whom does it measure a distance?",
        head(turn=(0, 1, 0)):
            "The key alone is turned: against whom does it measure a distance?",
        head(turn=(0, 0, 1)):
            "Exactly the wrong one is turned: which two make a score?",
        head(causal=lambda ones: ones):
            "May a token look ahead? Which line hides the future?",
        head(causal=np.triu): "The past is hidden: on which side lies the future?",
        head(scale=lambda d: 1): "Where did the square root of d go?",
        head(scale=lambda d: d): "Divided by d: where did the root go?",
    },
    right="5 heads, at places from 0 to 38",
)


# 5. Route tokens

def route_loop(scores, top_k) -> tuple:
    weights, chosen = [], []
    for row in scores.tolist():
        parts = [math.exp(s - max(row)) for s in row]
        best = sorted(range(len(row)), key=lambda i: -row[i])[:top_k]
        weights.append([parts[i] / sum(parts) for i in best])
        chosen.append(best)
    return np.array(weights), np.array(chosen)


def router(order=lambda s, k: np.argsort(-s, axis=1)[:, :k],
           chance=lambda s, c: np.take_along_axis(softmax(s, 1), c, 1)):
    """`route`, or a mistake: which are chosen, what they weigh."""
    def route(scores, top_k):
        chosen = order(scores, top_k)
        return chance(scores, chosen), chosen
    return route


def picked(scores, chosen) -> np.ndarray:
    return np.take_along_axis(scores, chosen, 1)


SCORES = [
    (np.log([[1.0, 5.0, 4.0]]), 2, ""),
    (np.log([[1.0, 5.0, 4.0], [7.0, 2.0, 1.0]]), 1, "two tokens, one expert each"),
    (np.array([[0.0, 2.0, 1.0], [3.0, 1.0, 0.0], [1.0, 0.0, 4.0]]), 2, "three tokens"),
    (rng.normal(size=(4, 4)), 4, "all experts are asked"),
    (np.array([[2000.0, 1999.0, -2000.0]]), 2, "large scores"),
    (rng.normal(size=(60, 8)), 2, "60 tokens, 8 experts"),
    (rng.normal(size=(2, 600)), 300, "300 of 600 experts"),
]

route = Check(
    "route",
    cases=[Case(*case, label=label) for *case, label in SCORES],
    reference=route_loop,
    mistakes={
        router(chance=lambda s, c: softmax(picked(s, c), 1)):
            "They sum to 1: is the softmax over all experts, or over those asked?",
        router(chance=picked): "These are scores: what makes chances of them?",
        router(order=lambda s, k: np.argsort(s, axis=1)[:, :k]):
            "These are the worst: which end of the order is the best?",
        router(order=lambda s, k: np.argsort(s, axis=1)[:, -k:]):
            "The right ones: which comes first, the best or the second best?",
        router(order=lambda s, k: np.argpartition(-s, k - 1, axis=1)[:, :k]):
            "The right ones, not in order: what does a partition leave unsorted?",
        router(order=lambda s, k: np.sort(np.argsort(-s, axis=1)[:, :k], axis=1)):
            "The right ones, by their numbers: is the best to come first?",
        router(order=lambda s, k: np.argsort(-s, axis=1)):
            "All experts came back: how many does a token ask?",
        router(chance=lambda s, c: softmax(s, 1)[:, c]):
            "Three axes came back: whose experts are looked up in whose row?",
        router(chance=lambda s, c: picked(softmax(s, 0), c)):
            "Whose chances sum to 1, a token's or an expert's?",
        router(chance=lambda s, c: picked(np.exp(s) / np.exp(s).sum(1, keepdims=True),
                                          c)):
            "e to the 2000 is too large for a number: what did lesson 04 take away?",
        lambda s, k: router()(s, k)[::-1]: "Which comes first, weights or numbers?",
    },
    right="7 tables, all experts asked, scores of 2000",
)


def balance_loop(scores, top_k) -> float:
    n_tokens, n = scores.shape
    _, chosen = route_loop(scores, top_k)
    chances = [softmax(row) for row in scores]
    return n * math.fsum(
        (chosen == i).sum() / (n_tokens * top_k)
        * math.fsum(row[i] for row in chances) / n_tokens for i in range(n))


def balance(times=lambda n: n, share=lambda count, chosen: count / chosen.size,
            chance=lambda s: softmax(s, 1).mean(axis=0)):
    """`balance_loss`, or a mistake: the factor, the shares, the chances."""
    def balance_loss(scores, top_k):
        _, chosen = route_loop(scores, top_k)
        count = np.bincount(chosen.ravel(), minlength=scores.shape[1])
        return times(scores.shape[1]) * float(share(count, chosen) @ chance(scores))
    return balance_loss


balance_loss = Check(
    "balance_loss",
    cases=[
        Case(np.log([[0.7, 0.1, 0.1, 0.1]]) - [[0, 0, 1e-9, 2e-9]], 1,
             label="one token"),
        Case(np.array([[0.0, 2.0, 1.0], [3.0, 1.0, 0.0], [1.0, 0.0, 4.0]]), 1,
             label="each expert gets one"),
        *(Case(*case, label=label) for *case, label in SCORES[2:4]),
        Case(rng.normal(size=(60, 8)) + np.arange(8), 2, label="the last is liked"),
    ],
    reference=balance_loop,
    mistakes={
        balance(times=lambda n: 1):
            "Even, it should be 1: what is the sum multiplied by?",
        balance(share=lambda count, chosen: count / len(chosen)):
            "A token makes top_k requests: do your shares sum to 1?",
        balance(share=lambda count, chosen: count): "Shares, not counts: of how many?",
        balance(chance=lambda s: softmax(s, 1).sum(axis=0)):
            "P is the mean chance of an expert: of how many tokens?",
        lambda s, k: len(s) / s.shape[1] * balance()(s, k):
            "Multiplied by the number of tokens: what does n count?",
        lambda s, k: balance(chance=lambda s: (softmax(s, 1) * (
            s >= -np.sort(-s, axis=1)[:, [k - 1]])).mean(axis=0))(s, k):
            "P takes in the chosen alone: which chances has an expert in the mean?",
        balance(chance=lambda s: s.mean(axis=0)):
            "These are mean scores: what makes chances of them?",
        balance(chance=lambda s: softmax(s.mean(axis=0))):
            "The chance of the mean score: is that the mean of the chances?",
        lambda s, k: s.shape[1] * float((softmax(s, 1).mean(axis=0) ** 2).sum()):
            "Where does it count whom the router asks?",
        lambda s, k: s.shape[1] * float(
            ((np.bincount(route_loop(s, k)[1].ravel(), minlength=s.shape[1])
              / (len(s) * k)) ** 2).sum()):
            "Shares alone have no gradient: where are the chances?",
    },
    right="5 tables, even and uneven",
)


# 6. Four bits

def quantise_loop(weight, bits, group) -> tuple:
    codes, scales = [], []
    for row in weight.tolist():
        code, scale = [], []
        for start in range(0, len(row), group):
            part = row[start:start + group]
            step = max(map(abs, part)) / (2 ** (bits - 1) - 1)
            scale.append(step)
            code += [round(v / step) if step else 0 for v in part]
        codes.append(code)
        scales.append(scale)
    return np.array(codes), np.array(scales)


def rounder(size=lambda rows: np.abs(rows).max(axis=2, keepdims=True),
            largest=lambda bits: 2 ** (bits - 1) - 1, rounded=np.round, by_row=False,
            safe=True, kind=int):
    """`quantise`, or a mistake: the scale, the largest code, the rounding, the type."""
    def quantise(weight, bits, group):
        rows = weight.reshape(len(weight), -1, weight.shape[1] if by_row else group)
        scales = np.broadcast_to(size(rows) / largest(bits), (*rows.shape[:2], 1))
        step = np.where(scales > 0, scales, 1) if safe else scales
        codes = rounded(rows / step).astype(kind)
        return codes.reshape(weight.shape), scales[:, :, 0].copy()
    return quantise


def strided(weight, bits, group):
    """A mistake: groups are columns that stand apart."""
    order = np.arange(weight.shape[1]).reshape(group, -1).T.ravel()
    codes, scales = rounder()(weight[:, order], bits, group)
    return codes[:, np.argsort(order)], scales


quantise = Check(
    "quantise",
    cases=[
        Case(np.array([[0.75, -0.4, 0.1, -1.75]]), 4, 4),
        Case(np.array([[0.75, -0.4, 0.1, -1.75]]), 4, 2, label="two groups"),
        Case(np.array([[1.0, 0.3], [-0.2, 0.14]]), 4, 2, label="two rows"),
        Case(np.array([[0.0, 0.0, 1.0, -0.3]]), 4, 2, label="a group of zeros"),
        Case(rng.normal(size=(3, 8)), 8, 4, label="8 bits"),
        Case(rng.normal(size=(20, 64)), 3, 16, label="3 bits, 20 rows"),
    ],
    reference=quantise_loop,
    mistakes={
        rounder(largest=lambda bits: 2**bits - 1):
            "Codes have a sign: which is the largest of 4 bits, 7 or 15?",
        rounder(largest=lambda bits: 2 ** (bits - 1)):
            "4 bits hold -8 to 7: which code does the largest weight get?",
        rounder(size=lambda rows: rows.max(axis=2, keepdims=True)):
            "The largest weight may be negative: how is it measured?",
        rounder(rounded=np.floor):
            "Always down: which whole number is nearest to -1.6?",
        rounder(kind=float):
            "These are floats: how does an array come to hold whole numbers?",
        rounder(rounded=np.trunc): "Cut off towards 0: which whole number is nearest?",
        rounder(size=lambda rows: np.abs(rows).max()):
            "One scale for all: how many are there, and whose largest makes each?",
        rounder(size=lambda rows: np.abs(rows).max(axis=(1, 2), keepdims=True)):
            "A row has one scale here: whose largest weight makes a group's?",
        rounder(size=lambda rows: np.abs(rows).mean(axis=2, keepdims=True)):
            "Made from the mean size: which code would the largest weight get?",
        rounder(size=lambda rows: np.ptp(rows, axis=2, keepdims=True),
                largest=lambda bits: 2**bits - 1):
            "Made from the whole range: which weight alone should become 7, or -7?",
        rounder(by_row=True):
            "One scale for each row: how many groups does a row have?",
        rounder(safe=False):
            "0 / 0 is no number: what to divide by where the scale is 0?",
        lambda w, b, g: (rounder()(w, b, g)[0]
                         * np.repeat(rounder()(w, b, g)[1], g, axis=1),
                         rounder()(w, b, g)[1]):
            "These are the rounded weights: which whole numbers are stored?",
        strided: "Weights that stand apart share a scale: which axis has the groups?",
        lambda w, b, g: (np.round(w * np.repeat(rounder()(w, b, g)[1], g, axis=1))
                         .astype(int), rounder()(w, b, g)[1]):
            "Multiplied by the scale: how many steps of 0.25 make 0.75?",
        lambda w, b, g: rounder()(w, b, g)[::-1]:
            "Which comes first, codes or scales?",
    },
    right="6 matrices in 3, 4 and 8 bits, with a group of zeros",
)
