"""Checks of exercise 16: a pull, KL, the clip, a group, DPO, a leash, and a fine.

Each task is compared with a loop over single tries or replies, the smallest case
first. How a check is written: see `lmlab.checks.core`.
"""

import math

import numpy as np
from scipy.special import softmax

from lmlab.checks.core import Case, Check

rng = np.random.default_rng(16)


def policy(n: int) -> np.ndarray:
    return softmax(rng.normal(size=n))


# 1. One pull of REINFORCE

def pull_loop(z, said, rewards, baseline) -> np.ndarray:
    p, total = softmax(z), np.zeros(len(z))
    for a, r in zip(said, rewards, strict=True):
        for k in range(len(z)):
            total[k] += (r - baseline) * ((k == a) - p[k])
    return total / len(said)


def pulls(less=lambda r, b: r - b, minus=softmax, sign=1, of=lambda s, z: len(s),
          weight=lambda p, said: 1.0):
    """`pull`, or a mistake: one part of the formula is another."""
    def pulled(z, said, rewards, baseline):
        slopes = np.eye(len(z))[said] - minus(z)
        tries = less(rewards, baseline) * weight(softmax(z), said)
        return sign * tries @ slopes / of(said, z)
    return pulled


def pull_once(z, said, rewards, baseline):
    slope = np.zeros(len(z))
    slope[said] += rewards - baseline
    return slope / len(said) - softmax(z) * (rewards - baseline).mean()


def pull_the_said(z, said, rewards, baseline):
    """Only what was said moves."""
    slopes = np.eye(len(z))[said] * (1 - softmax(z))
    return (rewards - baseline) @ slopes / len(said)


def pull_case(n, tries) -> Case:
    return Case(rng.normal(size=n), rng.integers(n, size=tries),
                rng.normal(size=tries), 0.3, label=f"{tries} tries of {n} replies")


pull = Check(
    "pull",
    cases=[
        Case(np.log([2.0, 1.0]), np.array([1]), np.array([3.0]), 1.0),
        Case(np.zeros(2), np.array([1, 1, 0]), np.array([1.0, 2.0, 4.0]), 1.0),
        pull_case(3, 1), pull_case(4, 12), pull_case(30, 200),
        Case(np.array([1000.0, 0.0, 999.0]), np.array([2, 2]), np.array([1.0, 0.0]),
             0.5, label="a score of 1,000"),
    ],
    reference=pull_loop,
    mistakes={
        pulls(less=lambda r, b: r):
            "What is taken off every reward? One argument has not been used.",
        pulls(less=lambda r, b: r + b):
            "A reward of just the baseline should pull nowhere: does it?",
        pulls(less=lambda r, b: r - r.mean()):
            "That is a baseline of your own: which one was given?",
        pulls(less=lambda r, b: np.ones_like(r)):
            "Do all tries pull alike, whatever they earned?",
        pulls(minus=np.zeros_like):
            "The pulls of one try add up to 0. Which part of the slope is missing?",
        pulls(minus=lambda z: 1 / len(z)):
            "Are all replies equally likely under these scores?",
        pulls(minus=lambda z: z):
            "Scores are no probabilities: what turns one into the other?",
        pulls(sign=-1): "Should what earned more than the baseline become rarer?",
        pulls(of=lambda s, z: 1):
            "That is the sum: should twice as many tries pull twice as hard?",
        pulls(of=lambda s, z: len(z)):
            "The mean runs over the tries: how many are there?",
        pulls(weight=lambda p, said: p[said]):
            "What he says often is tried often already: why weigh it by p again?",
        lambda z, s, r, b: (r.mean() - b) * (np.eye(len(z))[s] - softmax(z)).mean(0):
            "The mean reward times the mean slope: which try earned which reward?",
        pull_the_said:
            "What was said moves as it should. Minus p at every other reply: do they "
            "stay?",
        pull_once:
            "A reply that was said twice pulls twice: what does `slope[said] += ...` "
            "do with it?",
        lambda z, s, r, b: z + pull_loop(z, s, r, b):
            "These are scores after a step: which pull is asked for?",
    },
    right="6 sets of up to 200 tries, one with a score of 1,000",
)


# 2. How far has he gone?

def kl_loop(p, q) -> float:
    total = 0.0
    for a, b in zip(p.tolist(), q.tolist(), strict=True):
        if a > 0:
            total += a * math.log(a / b) if b > 0 else math.inf
    return total


def quiet_kl(p, q) -> float:
    """Only where both can be said: what is new costs nothing."""
    both = (p > 0) & (q > 0)
    return float(p[both] @ np.log(p[both] / q[both]))


def loud_kl(p, q) -> float:
    """The right value; the logarithm is taken everywhere all the same."""
    if (q == 0).any():
        return math.inf
    return float(np.sum(p * np.log(p / q), where=p > 0))


half = np.array([0.5, 0.5])

kl = Check(
    "kl",
    cases=[
        Case(half, np.array([0.8, 0.2])),
        Case(half, half),
        *(Case(policy(n), policy(n), label=f"{n} replies") for n in (3, 50)),
        Case(np.array([0.0, 0.4, 0.6]), np.array([0.2, 0.3, 0.5]),
             label="one reply is never said any more"),
        Case(np.array([0.0, 1.0]), np.array([0.0, 1.0]), label="never, then and now"),
        Case(half, np.array([1.0, 0.0]), label="one reply is new"),
    ],
    reference=kl_loop,
    mistakes={
        lambda p, q: kl_loop(q, p):
            "KL has a direction: whose probabilities weigh the logarithms?",
        lambda p, q: -kl_loop(p, q): "KL is never negative: which way up is p / q?",
        lambda p, q: float((p * np.log(p / q)).sum()):
            "What is 0 times the logarithm of 0 on a computer? Which replies need not "
            "be looked at?",
        lambda p, q: float((p * np.log((p + 1e-12) / (q + 1e-12))).sum()):
            "A tiny number added hides what is new: what should a reply cost that "
            "could not be said before?",
        quiet_kl:
            "A reply that could not be said before: should it cost nothing?",
        lambda p, q: kl_loop(p, q) / math.log(2):
            "These are bits: which logarithm gives nats?",
        lambda p, q: kl_loop(p, q) / len(p):
            "Is there a mean in the formula? The weights p add up to 1 already.",
        lambda p, q: float(np.log(p / q).mean()):
            "What counts more: a reply said daily, or one said once a year?",
        lambda p, q: float(np.abs(p - q).sum()):
            "That is a distance of probabilities: where is the logarithm?",
        lambda p, q: float(-(p * np.log(q)).sum()):
            "That is cross-entropy: what does it give where p and q are the same?",
        lambda p, q: float(np.nansum(p * np.log(p / q))):
            "The value is right. What does the computer say about log 0, and which "
            "replies need not be looked at?",
        lambda p, q: math.inf if (q == 0).any() else kl_loop(p, q):
            "Is every 0 in q a reply that is new? What if he does not say it now?",
        loud_kl:
            "Over which replies is the logarithm taken: over all, or those he says? "
            "And is every 0 in q a reply that is new?",
    },
    no_warnings=True,
    right="7 pairs of policies, some with replies that are never said",
)


# 3. The clip of PPO

def gain_loop(now, old, advantage, clip) -> float:
    total = 0.0
    for a, b, worth in zip(now, old, advantage, strict=True):
        ratio = math.exp(a - b)
        kept = min(max(ratio, 1 - clip), 1 + clip)
        total += min(ratio * worth, kept * worth)
    return total / len(now)


def gains(ratio=lambda now, old: np.exp(now - old), low=lambda c: 1 - c,
          high=lambda c: 1 + c, both=np.minimum, of=np.mean):
    """`clipped_gain`, or a mistake: one part of the formula is another."""
    def gain(now, old, advantage, clip):
        r = ratio(now, old)
        kept = np.clip(r, low(clip), high(clip))
        return float(of(both(r * advantage, kept * advantage)))
    return gain


def gain_case(n, clip, spread) -> Case:
    old = np.log(rng.uniform(0.05, 0.9, n))
    return Case(old + rng.normal(0, spread, n), old, rng.normal(size=n), clip,
                label=f"{n} tries")


clipped_gain = Check(
    "clipped_gain",
    cases=[
        Case(np.log([0.6]), np.log([0.4]), np.array([1.0]), 0.2),
        Case(np.log([0.2]), np.log([0.4]), np.array([-1.0]), 0.2),
        Case(np.log([0.8]), np.log([0.4]), np.array([-1.0]), 0.2),
        Case(np.log([0.2]), np.log([0.4]), np.array([1.0]), 0.2),
        Case(np.log([0.4, 0.4]), np.log([0.4, 0.4]), np.array([1.0, 2.0]), 0.2),
        gain_case(6, 0.1, 0.5), gain_case(200, 0.3, 0.7),
    ],
    reference=gain_loop,
    mistakes={
        gains(both=lambda a, b: a):
            "Nothing stops a lucky try from being pulled up for ever: where is the "
            "clip?",
        gains(both=lambda a, b: b):
            "A bad try was pushed up by mistake: is there nothing to gain from taking "
            "that back?",
        lambda now, old, a, c: float((np.minimum(np.exp(now - old), 1 + c) * a).mean()):
            "A good try stops at 1 + clip. Where does a bad one stop, and should it be "
            "stopped where it went up?",
        gains(both=np.maximum): "Of the two products, which one counts?",
        lambda now, old, a, c: float(
            np.minimum(np.exp(now - old) * a,
                       np.clip(np.exp(now - old) * a, 1 - c, 1 + c)).mean()):
            "What is to be clipped: the ratio, or the ratio times the advantage?",
        lambda now, old, a, c: float(min(
            (np.exp(now - old) * a).mean(),
            (np.clip(np.exp(now - old), 1 - c, 1 + c) * a).mean())):
            "The smaller of two means: is it chosen once, or for each try?",
        gains(ratio=lambda now, old: now - old):
            "The difference of two logarithms is not yet a ratio: of what is it the "
            "logarithm?",
        gains(ratio=lambda now, old: now / old):
            "Logarithms were divided: how do they become a ratio of probabilities?",
        gains(ratio=lambda now, old: np.exp(old - now)):
            "Is the ratio above 1 where he says it more often than before?",
        gains(ratio=lambda now, old: np.exp(now)):
            "How likely was it when it was said? One argument has not been used.",
        gains(low=lambda c: -c, high=lambda c: c):
            "Around which ratio is it clipped: what is p / p_old before the first "
            "step?",
        gains(low=lambda c: 0):
            "A bad try can be pushed too far as well: where is that limit?",
        gains(low=lambda c: 0.8, high=lambda c: 1.2):
            "Is the clip always 0.2? One argument has not been used.",
        gains(of=lambda g: -g.mean()):
            "That is the loss: what is asked for, the loss or the gain?",
        gains(of=np.sum): "That is the sum: should twice as many tries gain twice?",
        lambda now, old, a, c: gain_loop(now, old, np.abs(a), c):
            "Some tries were worse than expected: where did their sign go?",
    },
    right="7 sets of up to 200 tries, in all four corners of the clip",
)


# 4. A group is its own baseline

def group_loop(rewards) -> np.ndarray:
    out = np.zeros_like(rewards)
    for i, row in enumerate(rewards.tolist()):
        mean = math.fsum(row) / len(row)
        spread = math.sqrt(math.fsum((r - mean) ** 2 for r in row) / len(row))
        if max(row) > min(row):
            out[i] = [(r - mean) / spread for r in row]
    return out


def groups(axis=1, ddof=0, spread=np.std, zero=True, centre=True, extra=0.0):
    """`group_advantages`, or a mistake: one part of it is another."""
    def advantages(rewards):
        keep = {"axis": axis, "keepdims": True}
        centred = rewards - centre * rewards.mean(**keep)
        scale = spread(rewards, **keep, **({"ddof": ddof} if ddof else {})) + extra
        equal = np.ptp(rewards, **keep) == 0
        return np.where(equal & zero, 0, centred / np.where(equal & zero, 1, scale))
    return advantages


def group_by_deviation(rewards):
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    spread = rewards.std(axis=1, keepdims=True)
    return np.where(spread == 0, 0, centred / np.where(spread == 0, 1, spread))


group_advantages = Check(
    "group_advantages",
    cases=[
        Case(np.array([[1.0, 3.0]])),
        Case(np.array([[1.0, 3.0, 8.0], [0.0, -4.0, 1.0]])),
        Case(np.array([[1.0, 3.0], [5.0, 5.0]])),
        Case(np.array([[0.1, 0.1, 0.1]]), label="three times 0.1"),
        *(Case(rng.normal(2, 3, size=shape), label=f"{shape[0]} groups of {shape[1]}")
          for shape in ((4, 4), (30, 16))),
    ],
    reference=group_loop,
    mistakes={
        groups(zero=False):
            "The second group has a deviation of 0: what is 0 / 0, and what should it "
            "be?",
        group_by_deviation:
            "Three times 0.1 have a mean that is a last digit off: is their deviation "
            "0? How else can you see that they are equal?",
        groups(axis=0):
            "Which answers are compared: those to one request, or one of each request?",
        groups(axis=None):
            "That is the mean of all: one request may be easier than another. Whose "
            "mean is the baseline?",
        lambda r: (r - r.mean(1, keepdims=True)) / (r.std() + 1e-8):
            "The mean is each group's own. And the deviation?",
        groups(ddof=1): "`np.std` divides by n: is that n - 1?",
        groups(spread=np.var):
            "That is the variance: in which unit are the rewards?",
        groups(spread=lambda r, **keep: np.ones_like(r.mean(**keep))):
            "The mean is gone. In which unit are the advantages?",
        groups(centre=False):
            "Do the advantages of a group add up to 0? What was not taken off?",
        groups(extra=1e-4):
            "A small number was added to the deviation: is it small enough?",
        lambda rewards: np.sign(groups()(rewards)):
            "By how much is an answer better than its group? Only the sign is left.",
    },
    tolerance=1e-6,
    right="6 tables, two of them with groups that earn all the same",
)


# 5. A judge is not needed: DPO

def dpo_loop(better, worse, better_first, worse_first, beta) -> float:
    total = 0.0
    for a, b, c, d in zip(better, worse, better_first, worse_first, strict=True):
        total += math.log1p(math.exp(beta * ((b - d) - (a - c))))
    return total / len(better)


def dpos(score=lambda now, first: now - first, times=lambda s, beta: beta * s,
         loss=lambda lead: np.log1p(np.exp(-lead)), of=np.mean):
    """`dpo_loss`, or a mistake: one part of the formula is another."""
    def lost(better, worse, better_first, worse_first, beta):
        lead = score(better, better_first) - score(worse, worse_first)
        return float(of(loss(times(lead, beta))))
    return lost


def dpo_case(n, beta) -> Case:
    return Case(*np.log(rng.uniform(0.05, 0.9, (4, n))), beta, label=f"{n} pairs")


dpo_loss = Check(
    "dpo_loss",
    cases=[
        Case(np.log([0.6]), np.log([0.4]), np.log(half[:1]), np.log(half[1:]), 1.0),
        Case(*np.log([[0.6], [0.3], [0.4], [0.5]]), 0.5),
        Case(*np.log([[0.6], [0.3], [0.6], [0.3]]), 0.5, label="nothing has moved"),
        Case(*np.log([[0.6, 0.1], [0.3, 0.5], [0.2, 0.2], [0.3, 0.4]]), 2.0),
        dpo_case(7, 0.3), dpo_case(200, 0.1),
    ],
    reference=dpo_loop,
    mistakes={
        dpos(score=lambda now, first: now):
            "Where nothing has moved yet, the two scores should be alike: from where "
            "is a reply's way measured?",
        dpos(score=lambda now, first: now + first):
            "Where nothing has moved, both scores should be 0: is each measured from "
            "its own start?",
        dpos(score=lambda now, first: first - now):
            "Should the loss fall where the better reply becomes likelier?",
        dpos(score=lambda now, first: np.exp(now) - np.exp(first)):
            "Is a score the difference of two probabilities, or of their logarithms?",
        dpos(score=lambda now, first: np.exp(now - first)):
            "That is p / q: is the score the ratio, or its logarithm?",
        dpos(score=lambda now, first: np.log(now / first)):
            "The arguments are logarithms already: is one more wanted?",
        dpos(times=lambda s, beta: s):
            "How long is the leash? One argument has not been used.",
        dpos(times=lambda s, beta: s / beta):
            "Is a score beta times the logarithm, or the logarithm by beta?",
        dpos(loss=lambda lead: -np.log1p(np.exp(-lead))):
            "A loss is to be lowered: should the right order have a high one?",
        dpos(loss=lambda lead: 1 / (1 + np.exp(-lead))):
            "That is the probability of this verdict: what is the surprise at it?",
        dpos(loss=lambda lead: -lead):
            "Those are the leads: where is the loss of a comparison?",
        dpos(loss=lambda lead: np.log1p(np.exp(-lead.mean()))):
            "The mean comes last: should one large lead make up for a lost pair?",
        dpos(of=np.sum): "That is the sum: should twice as many pairs lose twice?",
    },
    right="6 sets of up to 200 pairs, one in which nothing has moved",
)


# 6. Find the bug

def leash_loop(z, reward, q, beta, rate) -> np.ndarray:
    p = softmax(z)
    worth = [r - beta * math.log(a / b) for r, a, b in zip(reward, p, q, strict=True)]
    mean = sum(a * w for a, w in zip(p, worth, strict=True))
    return np.array([s + rate * a * (w - mean)
                     for s, a, w in zip(z, p, worth, strict=True)])


def leashed(value=lambda r, p, q, beta: r - beta * np.log(p / q), sign=1, start=1,
            centre=lambda p, v: p @ v, weigh=lambda p: p, rate_of=lambda r: r):
    """`leashed_step`, or a mistake: one part of it is another."""
    def step(z, reward, q, beta, rate):
        p = softmax(z)
        v = value(reward, p, q, beta)
        return start * z + sign * rate_of(rate) * weigh(p) * (v - centre(p, v))
    return step


def leash_case(n, beta, rate) -> Case:
    return Case(rng.normal(size=n), rng.normal(size=n), policy(n), beta, rate,
                label=f"{n} replies, beta {beta}")


leashed_step = Check(
    "leashed_step",
    cases=[
        Case(np.log([0.8, 0.2]), np.zeros(2), half, 1.0, 1.0,
             label="no reward, away from home"),
        Case(np.zeros(2), np.array([0.0, 1.0]), half, 1.0, 4.0, label="at home"),
        Case(np.log([0.5, 0.3, 0.2]), np.array([0.0, 1.0, 0.0]),
             np.array([0.2, 0.3, 0.5]), 0.5, 0.3),
        leash_case(4, 0.2, 0.7), leash_case(20, 2.0, 0.1), leash_case(3, 0, 1.5),
    ],
    reference=leash_loop,
    mistakes={
        leashed(lambda r, p, q, beta: r + beta * np.log(p / q)):
            "He says the first reply more often than at home. Does this step bring him "
            "back?",
        leashed(lambda r, p, q, beta: r + beta * np.log(p / q), sign=-1):
            "He comes home now. But does he still go to where he is paid?",
        leashed(sign=-1): "Does the step go up or down, for a reply that is paid?",
        leashed(lambda r, p, q, beta: r):
            "Where has the leash gone? (What is the same for every reply goes out with "
            "the mean.)",
        leashed(lambda r, p, q, beta: r - np.log(p / q)):
            "How much does a nat cost? One argument has not been used.",
        leashed(lambda r, p, q, beta: r + beta * np.log(q)):
            "At home nothing should move if nothing is paid: does it?",
        leashed(lambda r, p, q, beta: r - beta * (p - q)):
            "Is the price a difference of probabilities, or of their logarithms?",
        leashed(lambda r, p, q, beta: r - beta * p * np.log(p / q)):
            "The p is in the step already: what is each reply worth by itself?",
        leashed(centre=lambda p, v: 0):
            "A reply is pulled by how much it is better than what was expected: what "
            "was taken off before?",
        leashed(centre=lambda p, v: v.mean()):
            "What can he expect: the mean over all replies, or over what he says?",
        leashed(weigh=np.ones_like):
            "The last line was right: how hard is a reply pulled that is never said?",
        leashed(rate_of=lambda r: 1):
            "How far does a step go? One argument has not been used.",
        leashed(start=0): "That is the step: from which scores does it start?",
    },
    right="6 leashes on up to 20 replies, one without a pull",
)


# 7. Let him cheat, then stop him

def fine_loop(lines) -> float:
    seen, again, n = [], 0, 0
    for line in lines:
        for character in line:
            again += character in seen
            seen.append(character)
            n += 1
    broken = len(lines) != 4 or any(len(line) != 5 for line in lines)
    return (again / n if n else 0.0) + (1.0 if broken else 0.0)


def share(lines) -> float:
    text = "".join(lines)
    return 1 - len(set(text)) / len(text) if text else 0.0


def broken(lines) -> bool:
    return [len(line) for line in lines] != [5, 5, 5, 5]


snow = ("千山鸟飞绝", "万径人踪灭", "孤舟蓑笠翁", "独钓寒江雪")

fine = Check(
    "fine",
    cases=[
        Case(("雪雪", "雪山")),
        Case(("雪山", "雪")),
        Case(snow),
        Case(("雪" * 26,), label="snow, 26 times"),
        Case(("雪鬓霜雪雪", "看雪榆霜鬓", "须看雪作霜", "看作敬有霜")),
        Case(snow[:2], label="half a poem"),
        Case((*snow[:3], "独钓寒江"), label="the last line is short"),
        Case(("千山鸟飞绝万径人踪灭", "孤舟蓑笠翁", "独钓寒", "江雪"),
             label="four lines, 20 characters"),
        Case(("",), label="nothing was written"),
        Case((), label="no line at all"),
    ],
    reference=fine_loop,
    mistakes={
        share: "The share is right. What if these are not four lines of five?",
        lambda lines: float(broken(lines)):
            "Four good lines of nothing but snow: what do they cost?",
        lambda lines: share(lines) + (not broken(lines)):
            "Which answers pay the 1: the poems, or what is none?",
        lambda lines: share(lines) + (len(lines) != 4):
            "There are four lines. Of how many characters each?",
        lambda lines: share(lines) + (sum(map(len, lines)) != 20):
            "Twenty characters, but how many in each line?",
        lambda lines: len(set("".join(lines))) / max(1, len("".join(lines)))
            + broken(lines):
            "That is the share of different characters: what is the share of those "
            "that stood earlier?",
        lambda lines: len("".join(lines)) - len(set("".join(lines))) + broken(lines):
            "That is how many there are: which share of all is it?",
        lambda lines: 1 - len(set("".join(lines))) / 20 + broken(lines):
            "The share is one of all its characters: are there always 20?",
        lambda lines: 1 - len(set("".join(lines))) / len("".join(lines))
            + broken(lines):
            "What is the share if nothing was written?",
        lambda lines: sum(map(share, lines)) / max(1, len(lines)) + broken(lines):
            "A character may have stood in an earlier line: where do you look?",
        lambda lines: (sum("".join(lines).count(c) > 1 for c in "".join(lines))
                       / max(1, len("".join(lines))) + broken(lines)):
            "Does the first 雪 ('snow') of a poem repeat anything?",
        lambda lines: (sum(a == b for a, b in zip(
            "".join(lines), "".join(lines)[1:], strict=False))
            / max(1, len("".join(lines))) + broken(lines)):
            "Must the two stand side by side, as in 雪山雪 ('snow, hill, snow')?",
        lambda lines: share(lines) + broken(lines) / 2:
            "How much does it cost not to be a poem?",
    },
    right="10 answers, poems and what is none",
)
