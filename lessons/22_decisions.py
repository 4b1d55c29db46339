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
# **Time** 35 minutes to read, 20 seconds to run
#
# A cart is pushed left or right, fifty times a second: above by a coin, below by
# a rule of one line.

# %%
import numpy as np

from lmlab.decisions import cart
from lmlab.page import plots


def line(state):
    return np.sign(state[:, 2] + state[:, 3])        # angle, and its speed

# %%
rng = np.random.default_rng(4)
ax = plots.axes("The coin drops the pole, the line holds it", height=2.4)
for y, rule in ((1.3, lambda state: rng.choice([-1, 1], size=1)), (0, line)):
    state = cart.start(1, np.random.default_rng(0))
    for x in range(13):
        ax.plot([x, x + np.sin(state[0, 2])], [y, y + np.cos(state[0, 2])],
                color=plots.COLORS[y == 0], marker="s", markevery=[0])
        for _ in range(4 * (abs(state[0, 2]) < 1.5)):    # it lies: the end
            state = cart.step(state, rule(state))
ax.set_axis_off()

# %% [markdown]
# "Push to where the pole will be." An *agent* (智能体) sees the *state* (状态) of its
# *environment* (环境), takes an *action* (动作) and is paid a *reward* (奖励), here 1
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
pays, arms = np.array([0.3, 0.5, 0.7]), np.arange(3)


def regret(choose):
    rng, tried = np.random.default_rng(0), np.ones((200, 3))     # 200 runs
    won, costs = (rng.random((200, 3)) < pays) * 1.0, []
    for t in range(4, 1001):
        arm = choose(won / tried, tried, t, rng)
        costs.append((pays.max() - pays[arm]).mean())
        pulled = arm[:, None] == arms
        tried += pulled
        won += pulled & (rng.random(200) < pays[arm])[:, None]
    return np.cumsum(costs)

# %%
ways = {"best so far": lambda mean, n, t, rng: mean.argmax(1),
        "one in ten": lambda mean, n, t, rng: np.where(
            rng.random(200) < 0.1, rng.integers(3, size=200), mean.argmax(1)),
        "optimist": lambda mean, n, t, rng:
            (mean + np.sqrt(np.log(t) / (2 * n))).argmax(1)}
plots.lines({name: regret(choose) for name, choose in ways.items()},
            title="Who never tries pays for ever; the optimist pays least",
            xlabel="pulls", ylabel="regret, mean of 200 runs")

# %% [markdown]
# The first's: after an early bad draw it never looks again; the second looks for
# ever. (Three seeds: this order.) The optimist's bonus comes back at a board.
#
# ## Many choices: what is a place worth?
#
# Now an action also moves you. Only the goal pays, 1, and a step later counts
# $\gamma = 0.9$ as much (*discount*, 折扣); so counted, all that will be paid is the
# *return* (回报). In a corridor the cell beside the goal is worth 1, the next
# 0.9, then 0.81. Or, for action $a$ in state $s$ (*Bellman*, 1957),
#
# $$Q(s, a) = r + \gamma \max_{a'} Q(s', a')$$
#
# where nothing follows the end. Sixteen cells; `o` is a hole, without pay; and where
# each move leads, left, right, up and down:

# %%
world = np.array([*"...." ".o.o" "...o" "o..G"])
ends, paid = np.isin(world, ["o", "G"]), (world == "G") * 1.0
y, x = np.divmod(np.arange(16), 4)
after = np.stack([4 * y + (x - 1).clip(0), 4 * y + (x + 1).clip(max=3),
                  4 * (y - 1).clip(0) + x, 4 * (y + 1).clip(max=3) + x], 1)
print("\n".join(" ".join(row) for row in world.reshape(4, 4)))

# %% [markdown]
# Begin with zeros, and put the table into the right side, again and again:

# %%
Q = np.zeros((16, 4))
for sweep in range(10):
    Q = paid[after] + 0.9 * np.where(ends, 0, Q.max(1))[after]
V = np.where(ends, np.nan, Q.max(1)).reshape(4, 4)
plots.heatmap(V, values=True, rows=[*"1234"], columns=[*"1234"], label="worth",
              title="A cell is worth 0.9 of its best neighbour")

# %% [markdown]
# This *value iteration* must be told where each move leads. *Q-learning* (Watkins
# 1989) walks about at random and corrects one number a step, by a share $\alpha$ of
# its error. Nothing slips here, so let $\alpha = 1$: does it come near that table?

# %%
from lmlab.page import show

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
# Four real numbers are no row of a table. Something humble first: draw four weights,
# push by the sign of the weighted sum; if the pole falls, draw again.
#
# > **Predict.** How many draws does that take: ten, a thousand, a million?

# %%
tests = cart.start(20, np.random.default_rng(99))    # twenty carts
tries = []
for seed in range(20):
    rng, n, w = np.random.default_rng(seed), 0, np.zeros(4)
    while cart.stood(lambda s: np.sign(s @ w), tests).mean() < 195:
        w, n = rng.uniform(-1, 1, size=4), n + 1
    tries.append(n)
print(f"median {np.median(tries)}, from {min(tries)} to {max(tries)}")

# %% [markdown]
# Some ten. So a net that holds this pole is no wonder; look *how* it learns. *DQN*
# (Mnih et al. 2015) puts a net in the place of the table: *deep reinforcement
# learning* (深度强化学习). Its goal is Bellman's right side,
# $1 + 0.99 \max Q$, or 1 where the pole fell. Two tricks keep it calm. *Replay*
# (经验回放): steps are stored, and learned from in random order. And the goal is read
# off an older copy of the net (*target network*, 目标网络), or each step would move its
# own goal. (`lmlab/decisions/deep_q.py`.) 1,000 steps of 16 carts; then, measured,
# 4,000, and without each trick. Which is missed more?

# %%
import torch

from lmlab.decisions import deep_q

torch.manual_seed(0)
net = deep_q.q_net()
stands = deep_q.train(net, np.random.default_rng(0), steps=1000)
print("steps stood, of 200:", [round(mean) for mean in stands])

# %%
from lmlab.page import datasets

kept = {}
for row in datasets.measured("22_decisions"):
    study, setting, seed, *two = row.values()
    kept.setdefault((study, setting), []).append(two)
runs = ["both", "no replay", "no older copy", "neither"]
plots.bars(["seed 0", "seed 1", "seed 2"],
           {run: [late for late, _ in kept["deep q", run]] for run in runs},
           ylabel="steps stood, of 200",
           title="Without the older copy it never learns")

# %% [markdown]
# (Means of the last eight looks.) Without the copy $Q$, in truth at most 100, runs
# into millions. Even with both it wobbles. Learning pays where
# nobody can write the rule; an engineer's stands in the exercises, against the wind.
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
# by that less the guess of a *critic* (评论家; *actor-critic*: Barto, Sutton and
# Anderson 1983), here least squares on the state; or by GAE, which trusts the guess
# the more, the smaller its $\lambda$.
#
# > **Predict.** The noise falls from row to row. Does the mean pull stay?

# %%
from lmlab.feedback import rl

togo = up[:, ::-1].cumsum(1)[:, ::-1]                # steps still to stand
seen = np.dstack([abs(states), states ** 2, 1 + 0 * togo])
guess = up * (seen @ np.linalg.lstsq(seen[up], togo[up], rcond=None)[0])
given = torch.tensor(1.0 * up), torch.tensor(guess)
show.agree(togo - guess, rl.gae(*given, trace=1), 1e-9, ("less", "GAE, 1"))

# %%
rows = {"all it earned": togo[:, :1], "from there on": togo,
        "less the critic": togo - guess,
        "GAE, 0.95": rl.gae(*given, trace=0.95).numpy(),
        "GAE, 0": rl.gae(*given, trace=0).numpy()}
pulls = {name: (merit * slope * up).sum(1) for name, merit in rows.items()}
show.table([(name, round(pull.mean()), round(pull.std() / 2000 ** 0.5),
             round(pull.std())) for name, pull in pulls.items()],
           ["weighed by", "mean pull", "give or take", "noise of one pole"])

# %% [markdown]
# The first three mean the same. To forget what was earned before the push takes two
# thirds of the noise, the critic a third of the rest; neither costs anything. GAE is
# calmer still, and with $\lambda = 0$ it pulls *the wrong way*: it believes a guess
# that is wrong. (Three seeds.) Trained by GAE with PPO's clip (lesson 16), all three
# seeds stand 200 steps; without it, 75, 194 and 159 (`data/measured`).
#
# ## A board that teaches itself
#
# Where the rules are known, one can look ahead; on a small board, to the end.
# *Minimax* takes the move whose worst answer is best. *Go* (围棋) has 361 points, black,
# white or empty, some 250 moves to choose from, and 150 to make (Silver et al. 2016).

# %%
from lmlab.decisions.boards import Board, all_replies, minimax

game = Board(side=3, k=3)                            # tic-tac-toe
worth = minimax(game)
print(f"{len(worth):,} positions; the empty board: {worth[bytes(9)]}, a draw")
print(f"go: up to 10^{361 * np.log10(3):.0f} positions, "
      f"10^{150 * np.log10(250):.0f} games")

# %% [markdown]
# Nobody looks to the end of go. At which moves, then? *AlphaZero*'s rule, PUCT, is the
# bandit's optimist: $Q$ is the mean of what was found below a move, $N$ how often one
# looked, $P$ how much a net likes it. Look at the largest
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
# The test is no sample: *each* possible reply is tried, to an agent who begins and to
# one who answers. (`self_play.py`, `boards.py`, beside `deep_q.py`.)
#
# > **Predict.** Of several hundred games, how many does the untaught net lose? With
# > 25 looks ahead? After 24 rounds?

# %%
from lmlab.decisions import self_play


def alone(boards):
    return net.guess(boards)[0].argmax(1)


def looking(boards):
    return self_play.search(game, net.guess, boards, looks=25).argmax(1)


def lost_by(agent):
    return sum(all_replies(game, agent, first)[2] for first in (True, False))

# %%
torch.manual_seed(0)
net, rng = self_play.Net(game).double(), np.random.default_rng(0)
lost = [(lost_by(alone), lost_by(looking))]
print("games lost, alone and with a search:", *lost[0])

# %% [markdown]
# To look ahead helps even who knows nothing. Now let them teach each other:

# %%
for loss in self_play.learn(net, game, rng, rounds=24):
    lost.append((lost_by(alone), lost_by(looking)))
alone_lost, looking_lost = np.array(lost).T
plots.lines({"net alone": alone_lost, "net and search": looking_lost},
            marks=True, title="From the rules alone, it learns not to lose",
            xlabel="rounds of 128 games against itself", ylabel="games lost")
print("in the end:", *lost[-1])

# %% [markdown]
# No human game was shown to it. (Five seeds, in the end: net and search lose none,
# one of them two; the net alone at most two.) Four in a row on 5 x 5: against the same
# search without a net, its values from random games, net and search win 31, 30 and 37
# of 40; against ten times as many looks, 19, 16 and 17 (`data/measured`).
#
# ## How large is a large decision model?
#
# One of *the documents*, five Chinese overviews of large models that this course
# tests, calls *AlphaGo* and AlphaZero 决策大模型 ("large decision models"), and large
# what has reached 亿的级别, 10^8 parameters. Count (convolutions: lesson 19):

# %%
def conv(width, inputs, outputs):
    return width ** 2 * inputs * outputs


print(f"{conv(5, 48, 192) + 11 * conv(3, 192, 192) + 13 * 192 + 361:,}")
for layers in 38, 78:                                # 355,429: the two ends
    zero = conv(3, 17, 256) + layers * (conv(3, 256, 256) + 512) + 512
    print(f"{zero + 355_429:,}")

# %% [markdown]
# | system | by | parameters | its miniature |
# | --- | --- | --- | --- |
# | Q-learning | Watkins, 1989 | a table | the grid |
# | actor-critic | Barto et al., 1983 | two units | the critic |
# | DQN | DeepMind, 2015 | 1,693,362 (Atari, 18 moves) | the pole |
# | PPO | OpenAI, 2017 | any net | clip; lesson 16 |
# | AlphaGo | DeepMind, 2016 | the first (its policy) | the board |
# | AlphaZero | DeepMind, 2017 | the second (AlphaGo Zero: or the third) | the board |
# | RT-1 | Google, 2022 | 35 million | the rock |
#
# None counted here reaches 10^8. What AlphaZero lacks in weights, it searches.
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
copies = {"a number": imitation.copier(*seen, bins=0, seed=0),
          "one of 32 bins": imitation.copier(*seen, bins=32, seed=0)}

# %%
both = plots.axes([f"Copied as {name}" for name in copies], "metres", "metres",
                  n=2, width=9.6, height=3.2)
turn = np.linspace(0, 2 * np.pi)
for ax, copy in zip(both, copies.values()):
    paths, _ = imitation.walk(copy, imitation.starts(40, rng))
    ax.plot(*paths.T, color=plots.COLORS[0], lw=0.8)
    ax.fill(0.5 + 0.2 * np.cos(turn), 0.2 * np.sin(turn), color=plots.MUTED)
    ax.set_ylim(-0.5, 0.5)

# %% [markdown]
# The mean of two right answers is the rock; a bin keeps one. (Three seeds: 24 or 25 %
# of the hands arrive, and 100; after four times the steps 36 to 50. RT-1's 256 bins
# need those: 0, 4 and 100, then 100. Where all teachers pass above, both have 100.
# Begun 0.4 further off, *where no teacher ever was*: numbers 0 to 52, bins 0, teachers
# half.) A copier knows what its teacher did, not why.
#
# ## What the documents say
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 智能体通过与环境互动并接收奖励或惩罚来学习 ("an agent learns from rewards and punishments") | **right** | your grid, pole and board |
# | 强化学习 ("reinforcement") beside 深度学习 ("deep learning") | **imprecise** | one is *from what*, one *with what*: DQN is both |
# | 其中BERT最有名的落地项目是谷歌的AlphaGo ("BERT's most famous project is Google's AlphaGo") | **wrong** (lesson 10) | January 2016, 13 layers of convolution and a tree search (Silver et al.); BERT: October 2018 |
# | AlphaGo和AlphaZero,是决策大模型的代表 ("stand for large decision models"); RT-1 is 融合的大模型 ("a fused large model") | **wrong** by its own measure | 3.9 to 46 million |
# | 能够在围棋等游戏中取得超人类水平的表现 ("better than humans at go"); 面对不确定性 ("facing uncertainty") | **right**; **half** | 4 to 1 against Lee Sedol, 2016; but a go board hides nothing (a tiger does: exercises) |
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
# 1. 4: the goal's pay, a step later, counts half.
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
# - Mnih et al., *Human-level control ...*, 2015, Nature 518, 529-533
# - Silver et al., *Mastering the game of Go ...*, 2016, Nature 529, 484-489; 2017,
#   Nature 550, 354-359; *AlphaZero*, 2018, Science 362, 1140-1144
# - Brohan et al., *RT-1*, 2022, arXiv 2212.06817
