"""Lesson 22 with other seeds, without its tricks, and on a larger board.

deep q: steps that a pole stands, mean of the last eight looks in 4,000 steps, and the
best look. actor-critic: the same on its last ten of 60 rounds, with PPO's clip, and
without. rock: share of hands that arrive, from where the teachers began and from
where none ever was, after 500 steps, or 2,000 (longer). five: a net that taught
itself four in a row on 5 x 5, with its search, in 40 games against the same search
without a net, of as many looks or of ten times as many.
"""

from itertools import product

import numpy as np
import torch

from lmlab.decisions import cart, deep_q, imitation, self_play
from lmlab.decisions.boards import Board
from lmlab.feedback import rl

SEEDS = (0, 1, 2)
ROWS = [{"study": study, "setting": setting, "seed": seed}
        for study, settings in {
            "deep q": ("both", "no replay", "no older copy", "neither"),
            "actor-critic": ("clip", "no clip"),
            "rock, two sides": ("number", "32 bins", "256 bins",
                                "number, longer", "256 bins, longer"),
            "rock, one side": ("number", "32 bins", "256 bins"),
            "five": ("four in a row",)}.items()
        for setting, seed in product(settings, SEEDS)]


def measure(study: str, setting: str, seed: int) -> dict[str, float]:
    """Return two numbers of a run, named by the docstring above."""
    torch.manual_seed(seed)
    rng, kind = np.random.default_rng(seed), study.split(",")[0]
    one, other = {"deep q": pole, "actor-critic": actor, "rock": rock,
                  "five": five}[kind](study, setting, seed, rng)
    return {"first": one, "second": other}


def pole(study, setting, seed, rng) -> tuple[float, float]:
    found = deep_q.train(deep_q.q_net(), rng, 4000,
                         replay=setting in ("both", "no older copy"),
                         older_copy=setting in ("both", "no replay"))
    return round(float(np.mean(found[-8:]))), round(max(found))


def actor(study, setting, seed, rng) -> tuple[float, float]:
    """32 carts a round; ten looks at what they did, with GAE of 0.99 and 0.95."""
    policy, critic = deep_q.q_net(), deep_q.q_net()
    adam = torch.optim.Adam([*policy.parameters(), *critic.parameters()], 0.01)
    tests, found = cart.start(20, np.random.default_rng(99)), []

    @torch.no_grad()
    def chance(state):
        return policy(torch.from_numpy(state)).softmax(1)[:, 1].numpy()

    for _ in range(60):
        states, rights, up = cart.record(chance, 32, rng)
        seen, mask = torch.from_numpy(states), torch.from_numpy(up)   # (32, 200, ...)
        taken = torch.from_numpy(rights).long()[..., None]
        with torch.no_grad():
            old = policy(seen).log_softmax(-1).gather(2, taken)[..., 0]
            value = critic(seen)[..., 0]
        merit = rl.gae(mask.double(), value, mask, discount=0.99)
        goal = merit + value
        spread = merit[mask].std()
        merit = torch.where(mask, (merit - merit[mask].mean()) / spread, 0.0)
        for _ in range(10):
            now = policy(seen).log_softmax(-1).gather(2, taken)[..., 0]
            gain = (rl.ppo_loss(now, old, merit, mask) if setting == "clip" else
                    -((now - old).exp() * merit)[mask].mean())
            loss = gain + 0.01 * rl.value_loss(critic(seen)[..., 0], goal, mask)
            adam.zero_grad()
            loss.backward()
            adam.step()
        found.append(cart.stood(deep_q.greedy(policy), tests).mean())
    return round(float(np.mean(found[-10:]))), round(max(found))


def rock(study, setting, seed, rng) -> tuple[float, float]:
    bins = 0 if "number" in setting else int(setting.split()[0])
    side = np.ones(300) if study.endswith("one side") else rng.choice([-1, 1], 300)
    places, headings = imitation.walk(
        imitation.teacher(side), imitation.starts(300, rng))
    before = places[:, :-1, 0] < 1
    copy = imitation.copier(places[:, :-1][before], headings[before], bins, seed,
                            steps=2000 if "longer" in setting else 500)
    near, far = imitation.starts(500, rng), imitation.starts(500, rng)
    far[:, 1] += 0.4 * np.sign(far[:, 1])
    return tuple(round(100 * imitation.arrived(imitation.walk(copy, of)[0]).mean())
                 for of in (near, far))


def five(study, setting, seed, rng) -> tuple[float, float]:
    game = Board(5, 4)
    net = self_play.Net(game).double()
    for _ in self_play.learn(net, game, rng, rounds=24):
        pass
    return tuple(duel(game, net, looks, rng) for looks in (25, 250))


def duel(game, net, looks, rng, games=40) -> int:
    """How many of the games the net wins, half of them as the one who begins."""
    def plain(boards):                                  # random games to the end
        value, sign = np.zeros(len(boards)), np.ones(len(boards))
        alive, now = np.arange(len(boards)), boards.copy()
        while True:
            value[alive] = np.where(game.lost(now), -sign[alive], 0)
            going = ~game.over(now)
            alive, now = alive[going], now[going]
            if not len(alive):
                return np.where(boards == 0, 1 / game.cells, 0), value
            moves = np.where(now == 0, rng.random(now.shape), -1).argmax(1)
            now = game.play(now, moves)
            sign[alive] *= -1

    boards = np.zeros((games, game.cells), dtype=np.int8)
    begins, alive, won = np.arange(games) % 2 == 0, np.arange(games), 0
    boards = game.play(boards, rng.integers(game.cells, size=games))
    for turn in range(game.cells):
        mine = begins[alive] == (turn % 2 == 0)
        moves = np.zeros(len(alive), dtype=int)
        for who, guess, n in ((mine, net.guess, 25), (~mine, plain, looks)):
            if who.any():
                moves[who] = self_play.search(
                    game, guess, boards[alive][who], n).argmax(1)
        boards[alive] = game.play(boards[alive], moves)
        won += (game.lost(boards[alive]) & mine).sum()
        alive = alive[~game.over(boards[alive])]
        if not len(alive):
            break
    return int(won)
