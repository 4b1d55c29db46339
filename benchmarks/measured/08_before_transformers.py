"""Lesson 08 with three seeds (`recall`: six): vectors, what a net knows, memories.

What `value` and `other` are stands at the function that measures a row.
"""

from collections import Counter, defaultdict
from functools import cache
from itertools import permutations

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from lmlab.learning.batches import rows
from lmlab.learning.training import train
from lmlab.page import datasets

SEEDS = range(3)
KINDS = ("the end of a line", "four characters seen once", "four seen 5 times or more")
READERS = {"RNN": None, "LSTM, bias 1": 1.0, "LSTM, bias 3": 3.0}
ROWS = [
    {"what": "vectors", "model": "counted", "n": 48, "seed": "none"},
    *({"what": "vectors", "model": "word2vec", "n": 48, "seed": s} for s in SEEDS),
    *({"what": "loss", "model": model, "n": 5, "seed": s}
      for s in SEEDS for model in ("table", "net", "1 : 3")),
    *({"what": "p", "model": kind, "n": 5, "seed": s} for s in SEEDS for kind in KINDS),
    *({"what": "next", "model": model, "n": 5, "seed": s}
      for s in SEEDS for model in ("table", "net")),
    *({"what": "map", "model": "net", "n": 25, "seed": s} for s in SEEDS),
    *({"what": "recall", "model": model, "n": n, "seed": s}
      for model in READERS for n in (5, 10, 20, 50) for s in range(6)),
    *({"what": "copy", "model": model, "n": n, "seed": s}
      for model in ("one vector", "look back")
      for n in (4, 8, 16, 32) for s in SEEDS),
    *({"what": "copy", "model": "ten times the steps", "n": n, "seed": 0}
      for n in (8, 16, 32)),
]

# a relation a line; each two pairs of it make a question, 饮 : 酒 = 弹 : 琴
RELATIONS = ("东西 南北 前后 朝暮 来去 古今 生死",
             "饮酒 弹琴 骑马 读书 采莲 折柳 钓鱼 听蝉",
             "猿啼 马嘶 蝉鸣 虎啸 鸟语", "雪白 草青 云白 苔绿 霜白 枫红")


def measure(what, model, n, seed) -> dict:
    found = {"vectors": vectors, "loss": losses, "p": probabilities, "next": going_on,
             "map": mapped, "recall": recall, "copy": copies}[what](model, n, seed)
    value, other, note = (*found, "", "", "")[:3]
    return {"value": value, "other": other, "note": note}


@cache
def text():
    """Poems to read, poems held out, the index of each character."""
    poems = ["/" + "/".join(p.lines) + "/" for p in datasets.tang_five()]
    times = Counter("".join(poems))
    rare = {ord(c): "□" for c in times if times[c] < 50}
    texts = ["////" + poem.translate(rare) for poem in poems]
    index = {c: i for i, c in enumerate(sorted(set("".join(texts))))}
    return [t for i, t in enumerate(texts) if i % 20], texts[::20], index


def vectors(model, n, seed):
    """Analogies right (%); right by the nearest of the third alone (%); neighbours."""
    kept, _, index = text()
    lines = [line for t in kept for line in t.strip("/").split("/")]
    ids = np.array([[index[c] for c in line] for line in lines])
    pairs = np.concatenate([ids[:, p] for p in permutations(range(5), 2)])
    find = {"counted": counted, "word2vec": word2vec}[model]
    found = find(pairs, len(index), n, seed)
    unit = found / (np.linalg.norm(found, axis=1, keepdims=True) + 1e-9)

    def nearest(v, *without):
        score = unit @ v
        score[[index["□"], index["/"], *without]] = -np.inf
        return np.argsort(-score)

    right, alone = [], []
    for relation in RELATIONS:
        for one, other in permutations(relation.split(), 2):
            a, b, c, d = (index[x] for x in one + other)
            if d not in (a, b):
                right.append(nearest(unit[b] - unit[a] + unit[c], a, b, c)[0] == d)
                alone.append(nearest(unit[c], a, b, c)[0] == d)
    names = list(index)
    near = ["".join(names[i] for i in nearest(unit[index[c]], index[c])[:5])
            for c in "月酒马"]
    return (round(100 * np.mean(right), 1), round(100 * np.mean(alone), 1),
            "|".join(near))


def counted(pairs, size, n, seed):
    together = np.zeros((size, size))
    np.add.at(together, tuple(pairs.T), 1)
    alone = together.sum(axis=1) + 1e-9
    ratio = together * alone.sum() / np.outer(alone, alone)
    u, s, _ = np.linalg.svd(np.log(np.maximum(ratio, 1)))
    return u[:, :n] * np.sqrt(s[:n])


def word2vec(pairs, size, n, seed, steps=2000):
    torch.manual_seed(seed)
    pairs = torch.tensor(pairs)
    often = torch.bincount(pairs[:, 0], minlength=size).double() ** 0.75
    strangers = torch.arange(size).repeat_interleave((often * 1e6 / often.sum()).long())
    v, o = nn.Embedding(size, n), nn.Embedding(size, n)
    v.weight.data *= 0.1
    o.weight.data *= 0.1
    optimiser = torch.optim.Adam([v.weight, o.weight], 0.01)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 0.01 * (1 - step / steps)
        pair = pairs[torch.randint(len(pairs), (2048,))]
        drawn = strangers[torch.randint(len(strangers), (2048, 5))]
        one = v(pair[:, 0])
        loss = -F.logsigmoid((one * o(pair[:, 1])).sum(1)).mean()
        loss -= F.logsigmoid(-(o(drawn) @ one[:, :, None])).sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return v.weight.detach().numpy()


@cache
def tables():
    kept, *_ = text()
    found = [defaultdict(Counter) for memory in range(4)]
    for t in kept:
        for i in range(5, len(t)):
            for memory, table in enumerate(found):
                table[t[i - memory:i]][t[i]] += 1
    return found


@cache
def by_table(c, run, tax=0.9):
    shorter = by_table(c, run[1:]) if run else 1 / len(text()[2])
    bag = tables()[len(run)].get(run)
    if not bag:
        return shorter
    return (max(bag[c] - tax, 0) + tax * len(bag) * shorter) / bag.total()


def windows(texts):
    index = text()[2]
    return torch.cat([torch.tensor([index[c] for c in t]).unfold(0, 6, 1)
                      for t in texts])


@cache
def net(seed):
    torch.manual_seed(seed)
    size = len(text()[2])
    found = nn.Sequential(nn.Embedding(size, 32), nn.Flatten(), nn.Linear(5 * 32, 64),
                          nn.Tanh(), nn.Linear(64, size))
    found[0].weight.data *= 0.1
    train(found, rows(windows(text()[0]), batch=512, seed=seed), steps=1400,
          learning_rate=0.02, warmup=20, weight_decay=0,
          loss=lambda net, w: F.cross_entropy(net(w[:, :5]), w[:, 5]))
    return found


@torch.no_grad()
def guesses(seed, texts, memory):
    """What came, and p of it and of a line's end, by the table and by the net."""
    asked = [(t[i - memory:i], t[i]) for t in texts for i in range(5, len(t))]
    end = text()[2]["/"]
    parts = [(net(seed)(w[:, :5]).softmax(1), w[:, 5:])
             for w in windows(texts).split(5000)]
    by_net = torch.cat([p.gather(1, came)[:, 0] for p, came in parts]).numpy()
    ends = torch.cat([p[:, end] for p, _ in parts]).numpy()
    return (asked, np.array([by_table(c, run) for run, c in asked]), by_net,
            np.array([by_table("/", run) for run, _ in asked]), ends)


def losses(model, n, seed):
    """Held-out loss (nats); on characters, of a model told where lines end."""
    asked, p_table, p_net, end_table, end_net = guesses(seed, text()[1], 2)
    share = {"table": 1.0, "net": 0.0, "1 : 3": 0.25}[model]
    p = share * p_table + (1 - share) * p_net
    end = share * end_table + (1 - share) * end_net
    inside = np.array([c != "/" for _, c in asked])
    return (round(-np.log(p).mean(), 2),
            round(-np.log(p[inside] / (1 - end[inside])).mean(), 2))


def probabilities(model, n, seed):
    """Mean p given to what came in poems that were read: by table (memory 3), net."""
    asked, p_table, p_net, *_ = guesses(seed, text()[0][::7], 3)
    seen = np.array([tables()[3][run][c] for run, c in asked])
    inside = np.array(["/" not in run + c and "□" not in run + c for run, c in asked])
    which = {KINDS[0]: np.array([c == "/" for _, c in asked]),
             KINDS[1]: inside & (seen == 1), KINDS[2]: inside & (seen > 4)}[model]
    return round(p_table[which].mean(), 2), round(p_net[which].mean(), 2)


def going_on(model, n, seed, run="/举头望明"):
    """p of what is likeliest after 举头望明; the two likeliest characters."""
    index = text()[2]
    with torch.no_grad():
        p = net(seed)(torch.tensor([[index[c] for c in run]])).softmax(1)[0].numpy()
    if model == "table":
        p = np.array([by_table(c, run[-3:]) for c in index])
    first, second = np.argsort(-p)[:2]
    return round(p[first].item(), 1), "", list(index)[first] + list(index)[second]


def mapped(model, n, seed):
    """Of n characters, those whose nearest of the others is of their own group (%)."""
    groups = "二三四五六七八九十百千万", "不未无莫岂", "山峰岭江河溪湖海"
    group = np.repeat([0, 1, 2], [len(characters) for characters in groups])
    rows = net(seed)[0].weight[[text()[2][c] for c in "".join(groups)]].detach()
    apart = torch.cdist(rows, rows).fill_diagonal_(torch.inf)
    return (round(100 * np.mean(group[apart.argmin(1)] == group)),)


def fit(parts, task, guess, rate, steps):
    """Right answers at the end (%)."""
    train(nn.ModuleList(parts), lambda step: task(64), steps=steps, learning_rate=rate,
          weight_decay=0, loss=lambda _, batch: F.cross_entropy(
              guess(batch[0]).flatten(0, -2), batch[1].flatten()))
    x, y = task(1000)
    return round(100 * (guess(x).argmax(-1) == y).double().mean().item())


def recall(model, n, seed):
    """The first of n + 1 symbols, said after the last (%); one in four is chance."""
    torch.manual_seed(seed)
    kind = nn.LSTM if READERS[model] else nn.RNN
    reader, out = kind(8, 24, batch_first=True), nn.Linear(24, 4)
    if READERS[model]:
        nn.init.constant_(reader.bias_ih_l0[24:48], READERS[model])

    def task(batch):
        x = torch.randint(4, 8, (batch, n + 1))
        x[:, 0] = torch.randint(4, (batch,))
        return F.one_hot(x, 8).float(), x[:, 0]

    return (fit([reader, out], task, lambda x: out(reader(x)[0][:, -1]), 0.003, 400),)


def copies(model, n, seed):
    """n symbols, said back (%); one in eight is chance."""
    torch.manual_seed(seed)
    read = nn.LSTM(8, 32, batch_first=True)

    def task(batch):
        x = torch.randint(8, (batch, n))
        return F.one_hot(x, 8).float(), x

    if model == "look back":
        out, score = nn.Linear(32, 8), nn.Linear(32, n, bias=False)

        def guess(x):
            states = read(x)[0]
            return out(score(states).softmax(1).transpose(1, 2) @ states)
        return (fit([read, score, out], task, guess, 0.03, 300),)
    out = nn.Linear(32, 8 * n)
    steps = 3000 if model == "ten times the steps" else 300
    return (fit([read, out], task,
                lambda x: out(read(x)[0][:, -1]).unflatten(1, (n, 8)), 0.03, steps),)
