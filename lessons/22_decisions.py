# %% [markdown]
# # How does it choose?
#
# A pole is kept from falling, a board game learned from nothing but its rules,
# and a teacher copied into a rock.
#
# **You will** choose under doubt, work out what a place is worth, and let a net
# and a search teach each other.
#
# **You need** lessons 05 and 16: gradients, policy, REINFORCE, GAE.
#
# **Time** 34 minutes to read, 20 seconds to run
#
# A cart is pushed left or right, fifty times a second: above by a coin, below by
# a rule of one line.

# %%
import numpy as np

from lmlab.decisions import cart
from lmlab.page import datasets, plots, show


def line(state):                                     # angle, and its speed
    return np.sign(state[:, 2] + state[:, 3])

# %%
rng = np.random.default_rng(4)


def coin(state):
    return rng.choice([-1, 1], size=1)


ax = plots.axes("The coin drops the pole, the line holds it", height=2.4)
for y, rule, color in (1.3, coin, "C0"), (0, line, "C1"):
    state = cart.start(1, np.random.default_rng(0))
    for x in range(8):
        lean = state[0, 2]
        ax.plot([x, x + np.sin(lean)], [y, y + np.cos(lean)], color=color)
        ax.plot(x, y, "s", color=color)
        for _ in range(4):
            state = cart.step(state, rule(state))
ax.set_axis_off()

# %% [markdown]
# "Push to where the pole will be." An *agent* (智能体, lesson 18) sees the *state*
# (状态) of its *environment* (环境), takes an *action* (动作) and is paid a *reward* (奖励), here 1
# for each step that the pole stands. Nobody says which action was right. Who finds
# such a line?
#
# ## One choice: try, or use what you know?
#
# First without a state. Three arms pay 1 in 30, 50 and 70 % of the pulls; which is
# which? A *bandit* (老虎机). Each pull costs what the best arm would have paid more,
# your *regret* (遗憾). Take the arm that paid best so far; or do so but in one pull of
# ten, drawn at random; or be an optimist, and take the largest
# $\text{mean} + \sqrt{\ln t / 2n}$ ($n$ pulls of that arm, $t$ of all).
#
# > **Predict.** In a thousand pulls, whose regret goes on growing as it began?

# %%
def regret(way, runs=100):
    rng, pays = np.random.default_rng(0), np.array([0.3, 0.5, 0.7])
    costs = np.zeros(1000)
    for _ in range(runs):
        n, won = np.ones(3), 1.0 * (rng.random(3) < pays)     # each arm once
        for t in range(3, 1000):
            arm = (won / n).argmax()
            if way == "one in ten" and rng.random() < 0.1:
                arm = rng.integers(3)
            if way == "optimist":
                arm = (won / n + np.sqrt(np.log(t) / (2 * n))).argmax()
            costs[t] += 0.7 - pays[arm]
            n[arm] += 1
            won[arm] += rng.random() < pays[arm]
    return costs.cumsum() / runs

# %%
ways = "best so far", "one in ten", "optimist"
plots.lines({way: regret(way) for way in ways},
            title="Who never tries pays for ever; the optimist pays least",
            xlabel="pulls", ylabel="regret, mean of 100 runs")

# %% [markdown]
# The first's: after an early bad draw it never looks again; the second looks for
# ever. (Three seeds give this order.) The optimist's bonus comes back at a board.
#
# ## Many choices: what is a place worth?
#
# Now an action also moves you. Only the last cell, G, pays, 1, and a step later
# counts $\gamma = 0.9$ as much (*discount*, 折扣); so counted, all that will be paid is the
# *return* (回报). In a corridor the cell beside G is worth 1, the next
# 0.9, then 0.81. In general, for action $a$ in state $s$ (*Bellman* 1957),
#
# $$Q(s, a) = r + \gamma \max_{a'} Q(s', a')$$
#
# where nothing follows the end. Sixteen cells; `o` is a hole, without pay:

# %%
world = np.array(list("...." ".o.o" "...o" "o..G"))
ends = (world == "o") | (world == "G")
paid = np.where(world == "G", 1.0, 0.0)
print(world.reshape(4, 4))

# %% [markdown]
# Who walks into a wall stays. Where does each move lead, from each cell?

# %%
y, x = np.divmod(np.arange(16), 4)                   # row and column of each
left, right = 4 * y + np.maximum(x - 1, 0), 4 * y + np.minimum(x + 1, 3)
up, down = 4 * np.maximum(y - 1, 0) + x, 4 * np.minimum(y + 1, 3) + x
after = np.stack([left, right, up, down], axis=1)    # (cell, move)
print("from the first cell:", after[0])

# %% [markdown]
# Begin with zeros, and put the table into the right side, again and again:

# %%
Q = np.zeros((16, 4))
for sweep in range(10):
    V = np.where(ends, 0, Q.max(axis=1))             # nothing follows the end
    Q = paid[after] + 0.9 * V[after]
V[ends] = np.nan
plots.heatmap(V.reshape(4, 4), values=True, label="worth",
              title="A cell is worth 0.9 of its best neighbour")

# %% [markdown]
# This *value iteration* must be told where each move leads. *Q-learning* (Watkins
# 1989) walks about at random and corrects one number a step, by a share $\alpha$ of
# its error. Nothing slips here, so let $\alpha = 1$: does it come near that table?

# %%
rng, learned, s = np.random.default_rng(0), np.zeros((16, 4)), 0
for _ in range(5000):
    a = rng.integers(4)
    new = after[s, a]
    goal = paid[new] + 0.9 * learned[new].max() * (not ends[new])
    learned[s, a] += 1.0 * (goal - learned[s, a])
    s = 0 if ends[new] else new
show.agree(learned[~ends], Q[~ends], 1e-12, ("walked", "planned"))

# %% [markdown]
# ## A table for a pole?
#
# Four real numbers are no row of a table. Draw four weights, push by the sign of
# the weighted sum; if the pole falls, draw again.
#
# > **Predict.** How many draws does that take: ten, a thousand, a million?

# %%
tests = cart.start(20, np.random.default_rng(99))    # twenty carts
tries = []
for seed in range(20):
    rng, n, mean = np.random.default_rng(seed), 0, 0
    while mean < 195:
        w = rng.uniform(-1, 1, size=4)
        mean = cart.stood(lambda state: np.sign(state @ w), tests).mean()
        n += 1
    tries.append(n)
print(f"median {np.median(tries)}, from {min(tries)} to {max(tries)}")

# %% [markdown]
# About ten. So a net that holds this pole is no wonder; look at *how* it learns.
# *DQN* (Mnih et al. 2015) puts a net in the place of the table: *deep reinforcement
# learning* (深度强化学习). Its goal (*target*) is Bellman's right side,
# $1 + 0.99 \max Q$, or 1 where the pole fell. Two tricks calm it. *Replay*
# (经验回放): steps are stored, and learned from in random order. And the goal is read
# off an older copy of the net (*target network*, 目标网络), or each step would move its
# own goal. (`lmlab/decisions/deep_q.py`.) First 1,000 steps of 16 carts,
# tested four times; then, measured before, 4,000 steps, with both tricks and without
# each. Which trick is missed more?

# %%
import torch

from lmlab.decisions import deep_q

torch.manual_seed(0)
stands = deep_q.train(deep_q.q_net(), np.random.default_rng(0), steps=1000)
print("steps stood, of 200:", [round(mean) for mean in stands])

# %%
stood = {}
for row in datasets.measured("22_decisions")[:12]:   # twelve runs of DQN
    stood.setdefault(row["setting"], []).append(row["first"])
plots.bars(["seed 0", "seed 1", "seed 2"], stood, ylabel="steps stood, of 200",
           title="Without the older copy it never learns")

# %% [markdown]
# (Means of the last eight tests.) Without the copy, $Q$, in truth at most 100, runs
# into millions. Even with both it wobbles.
#
# ## A policy and its critic
#
# Or learn the policy itself, by lesson 16's REINFORCE, whose pull is noisy. A policy
# that is half right pushes 2,000 carts; look at the pull on one of its four weights,
# the cart speed's:

# %%
def chance(state):                                   # of a push to the right
    return 1 / (1 + np.exp(-state @ [0, 0, 2, 2]))


states, right, up = cart.record(chance, 2000, np.random.default_rng(0))
slope = (right - chance(states)) * states[..., 1]    # of ln p, by that weight
print(f"{states.shape}, standing {up.sum(1).mean():.0f} steps")

# %% [markdown]
# How to weigh a push: by all that its pole earned; by what it earned from there on;
# by that less the guess of a *critic* (评论家, lesson 16; *actor-critic*: Barto, Sutton
# and Anderson 1983), here least squares on the state; or by lesson 16's GAE, which trusts
# the guess the more, the smaller its $\lambda$.
#
# > **Predict.** The noise falls from row to row. Does the mean pull stay?

# %%
togo = up[:, ::-1].cumsum(1)[:, ::-1]                # steps still to stand
seen = np.dstack([abs(states), states ** 2, np.ones(up.shape)])
weights = np.linalg.lstsq(seen[up], togo[up], rcond=None)[0]
guess = up * (seen @ weights)
print(f"it errs by {abs(togo - guess)[up].mean():.0f} steps")

# %%
from lmlab.feedback import rl

given = torch.tensor(1.0 * up), torch.tensor(guess)
merits = {"all it earned": togo[:, :1], "from there on": togo,
          "less the critic": togo - guess,
          "GAE, 0.95": rl.gae(*given, trace=0.95).numpy(),
          "GAE, 0": rl.gae(*given, trace=0).numpy()}
rows = []
for name, merit in merits.items():
    pull = (merit * slope * up).sum(axis=1)          # one number a pole
    error = pull.std() / np.sqrt(len(pull))
    rows.append((name, round(pull.mean()), round(error), round(pull.std())))
show.table(rows, ["weighed by", "mean pull", "its error", "noise of one pole"])

# %% [markdown]
# The first three have the same mean. To forget what was earned before the push takes
# away two thirds of the noise, the critic a third of the rest; neither costs anything.
# GAE is calmer still, and with $\lambda = 0$ it pulls *the wrong way*: it believes a guess
# that is wrong. (Three seeds.) Trained by GAE with PPO's clip (lesson 16), all three
# seeds stand 200 steps; without it, 75, 194 and 159 (`data/measured`).
#
# ## A board that teaches itself
#
# Where the rules are known, one can look ahead; on a small board, to the end.
# *Minimax* takes the move whose worst answer is best. *Go* (围棋) has 361 points, each
# black, white or empty.

# %%
from lmlab.decisions.boards import Board, all_replies, minimax

game = Board(side=3, k=3)                            # tic-tac-toe
worth = minimax(game)
print(f"{len(worth):,} positions; the empty board: {worth[bytes(9)]}, a draw")
print(f"go: up to {3.0 ** 361:.0e} positions")

# %% [markdown]
# Nobody looks to the end of go. *AlphaZero*'s rule, PUCT, looks ahead like the bandit's
# optimist: $Q$ is the mean of what was found below a move, $N$ how often one looked,
# $P$ how much a net likes it. Look at the largest
#
# $$Q + 1.5\,P\,\frac{\sqrt{\sum N + 1}}{1 + N}$$
#
# Eight looks so far. Which move is next?

# %%
means, looks = np.array([0.5, 0.2, 0.0]), np.array([5, 3, 0])
liked = np.array([0.3, 0.6, 0.1])
bonus = 1.5 * liked * np.sqrt(looks.sum() + 1) / (1 + looks)
print(bonus.round(3), (means + bonus).round(3))

# %% [markdown]
# The second. The shares of many looks are a better $P$ than the net's. So the net
# learns to say *them*, and who won: better net, better search. A round: 128 games
# against itself (*self-play*, 自我对弈), 25 looks a move; the net, two layers of 64.
# The test tries *each* possible reply, to an agent who begins and to one who answers.
#
# > **Predict.** The untaught net loses hundreds of games. How many with 25 looks
# > ahead? And after 24 rounds?

# %%
from lmlab.decisions import self_play

torch.manual_seed(0)
net = self_play.Net(game).double()


def alone(boards):
    return net.guess(boards)[0].argmax(1)


def looking(boards):
    return self_play.search(game, net.guess, boards, looks=25).argmax(1)

# %%
def lost_by(agent):                                  # [2]: won, drawn, *lost*
    return sum(all_replies(game, agent, first)[2] for first in (True, False))


lost = [(lost_by(alone), lost_by(looking))]
print("games lost, alone and with a search:", *lost[0])

# %% [markdown]
# To look ahead helps even a net that knows nothing. Now let them teach each other:

# %%
for _ in self_play.learn(net, game, np.random.default_rng(0), rounds=24):
    lost.append((lost_by(alone), lost_by(looking)))
alone_lost, looking_lost = np.array(lost).T
plots.lines({"net alone": alone_lost, "net and search": looking_lost},
            marks=True, title="From the rules alone, it learns not to lose",
            xlabel="rounds of 128 games against itself", ylabel="games lost")
print("in the end:", *lost[-1])

# %% [markdown]
# No human game was shown to it. (Five seeds, in the end: net and search lose none, one
# of them two.) Four in a row on 5 x 5: against the same search without a net, its
# values from random games, they win 31, 30 and 37 of 40; against ten times as many
# looks, 19, 16 and 17 (`data/measured`).
#
# ## How large is a large decision model?
#
# One of *the documents*, five Chinese overviews of large models that this course
# tests, calls *AlphaGo* and AlphaZero 决策大模型 ("large decision models"), and large
# what has reached 亿的级别, 10^8 parameters (lesson 19: ViTs). Count (a convolution has
# width x width x inputs x outputs weights):

# %%
policy = 25 * 48 * 192 + 11 * 9 * 192 * 192 + 13 * 192 + 361
print(f"AlphaGo's policy: {policy:,}")
for layers in 38, 78:                                # 355,941: the two ends
    zero = 9 * 17 * 256 + layers * (9 * 256 * 256 + 512) + 355_941
    print(f"AlphaGo Zero: {zero:,}")

# %% [markdown]
# | system | by | parameters | its miniature |
# | --- | --- | --- | --- |
# | Q-learning | Watkins, 1989 | a table | the grid |
# | actor-critic | Barto et al., 1983 | two units | the critic |
# | DQN | DeepMind, 2015 | 1,693,362 (Atari, 18 moves) | the pole |
# | AlphaGo | DeepMind, 2016 | the first (its policy) | the board |
# | AlphaZero | DeepMind, 2017 | the second: 20 blocks (AlphaGo Zero also 40, the third) | the board |
# | RT-1 | Google, 2022 | 35 million | the rock |
#
# None counted here reaches 10^8. What its net lacks in weights, AlphaZero makes up by
# search.
#
# ## Copying a teacher
#
# Or copy someone (*behaviour cloning*, 行为克隆). *RT-1* (Brohan et al. 2022) reads
# pictures and an order, and names each number of a robot's action as one of 256
# *bins*. Why not say the number? Our hand has to pass a rock; some teachers pass above
# it, some below.
#
# > **Predict.** At the start: which heading has the smallest mean squared error, up,
# > down or straight on? And which bin is likeliest?

# %%
from lmlab.decisions import imitation

rng = np.random.default_rng(0)
teach = imitation.teacher(side=rng.choice([-1, 1], size=300))
shown, headings = imitation.walk(teach, imitation.starts(300, rng))
going = shown[:, :-1, 0] < 1                         # until the goal
seen = shown[:, :-1][going], headings[going]
copies = {"A number: into the rock": imitation.copier(*seen, bins=0, seed=0),
          "A bin of 32: past it": imitation.copier(*seen, bins=32, seed=0)}

# %%
both = plots.axes(list(copies), "metres", "metres", n=2, width=9.6, height=3)
turn = np.linspace(0, 2 * np.pi)
for ax, copy in zip(both, copies.values()):
    paths, _ = imitation.walk(copy, imitation.starts(40, rng))
    ax.plot(*paths.T, color=plots.COLORS[0], lw=0.8)
    ax.fill(0.5 + 0.2 * np.cos(turn), 0.2 * np.sin(turn), color=plots.MUTED)
    ax.set_ylim(-0.5, 0.5)

# %% [markdown]
# The mean of two right answers is the rock; a bin keeps one. (Three seeds: 24 or 25 %
# of the hands arrive, and 100; after four times the steps, 36 to 50. Where all
# teachers pass above, both have 100. Begun 0.4 further off, *where no teacher ever
# was*: numbers 0 to 52, bins 0, teachers half.) A copier knows what its teacher did,
# not why.
#
# ## What the documents say
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 智能体通过与环境互动并接收奖励或惩罚来学习 ("an agent learns from rewards and punishments") | **right** | your grid, pole and board |
# | 强化学习 ("reinforcement") beside 深度学习 ("deep learning") | **imprecise** | one is *from what*, one *with what*: DQN is both |
# | 其中BERT最有名的落地项目是谷歌的AlphaGo ("BERT's most famous project is Google's AlphaGo") | **wrong** (lesson 10) | its policy is 13 layers of convolution, without attention (Silver et al. 2016) |
# | AlphaGo和AlphaZero,是决策大模型的代表 ("stand for large decision models"); RT-1 is 融合的大模型 ("a fused large model") | **wrong** by its own measure | 3.9 to 46 million |
# | 能够在围棋等游戏中取得超人类水平的表现 ("better than humans at go"); 面对不确定性 ("facing uncertainty") | **right**; **half** | 4 to 1 against Lee Sedol, 2016; but a go board hides nothing |
# | 自动化行动将成为新的拐点 ("automated action will be the new turning point") | **a forecast** | your copier fails where its teacher never was |

# %% [markdown]
# ## Check yourself
#
# 1. $\gamma = 0.5$; the second step pays 8. What is here worth?
# 2. A move has $N = 0$ and $P = 0$. Does PUCT try it?
# 3. A copier drives perfectly on its teacher's road. Why is that no proof?
#
# <details><summary>Answers</summary>
#
# 1. 4: what is paid a step later counts half.
# 2. Its bonus is 0: not while another has more. So noise is mixed into $P$.
# 3. A small error leads where no example was, and there it errs more.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the pole, the draws (vote first), the lost games. *Point at* the critic's
# last row. *A common misunderstanding*: that AlphaZero's net is large.
#
# </details>
#
# **What this left out**: models of a world that must be learned (MuZero); many
# agents; asking the teacher again where the copy went.
#
# **Where it goes next**: in the [exercises](../exercises/22_decisions.ipynb) a tiger
# hides, and your agent meets minimax. That ends *Beyond text*; how good is it all?
#
# **Read on**
# - Sutton and Barto, *Reinforcement Learning*, 2nd edition, 2018
# - Watkins, *Learning from Delayed Rewards*, thesis, Cambridge, 1989
# - Barto, Sutton and Anderson, 1983, IEEE Trans. SMC 13, 834-846
# - Mnih et al., 2015, Nature 518, 529-533
# - Silver et al., *Mastering the game of Go*, 2016, Nature 529, 484-489; 2017,
#   Nature 550, 354-359; 2018, Science 362, 1140-1144
# - Brohan et al., *RT-1*, 2022, arXiv 2212.06817
