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
# **Time** 52 minutes to read, 40 seconds to run
#
# A cart is pushed left or right, fifty times a second. Above, by a coin; below,
# by a rule of one line:

# %%
import numpy as np

from lmlab.decisions import cart
from lmlab.page import plots

rng = np.random.default_rng(4)
rules = {"A coin pushes": lambda s: rng.choice([-1, 1], size=1),
         "One line pushes": lambda s: np.sign(s[:, 2] + s[:, 3])}
row = plots.axes("The coin drops the pole, the line holds it", height=3.2)
for y, (name, rule) in zip((1.8, 0), rules.items()):
    state = cart.start(1, np.random.default_rng(0))
    row.text(-0.6, y + 1.2, name)
    for frame in range(13):
        sin, cos = np.sin(state[0, 2]), np.cos(state[0, 2])
        row.plot([frame, frame + sin], [y, y + cos], color=plots.COLORS[0])
        for _ in range(4):
            state = cart.step(state, rule(state))
row.set_axis_off()

# %% [markdown]
# "Push to the side where the pole will be": angle plus its speed. An *agent*
# (智能体) sees the *state* (状态) of its *environment* (环境), takes an *action*
# (动作), is paid a *reward* (奖励), here 1 for each step that the pole stands,
# and nobody says which action was right. Who finds such a line?
#
# ## One choice: try, or use what you know?
#
# First without a state. Three arms of a machine pay 1 in 30, 50 and 70 % of the
# pulls, and you do not know which is which: a *bandit* (老虎机). Each pull of a
# lesser arm costs what the best would have paid more: your *regret* (遗憾).
# You may take the arm that paid best so far; or do so but in one pull of ten,
# drawn at random; or be an optimist, and take the largest
# $\text{mean} + \sqrt{\ln t / 2n}$, where $n$ counts the pulls of that arm, $t$ all.
#
# > **Predict.** A thousand pulls. Whose regret goes on growing in a straight
# > line: the first's, the second's, the third's?

# %%
pays, arms = np.array([0.3, 0.5, 0.7]), np.arange(3)


def regret(choose, runs=200, pulls=1000):
    rng = np.random.default_rng(0)
    tried = np.ones((runs, 3))                      # each arm once
    won = (rng.random((runs, 3)) < pays) * 1.0
    lost = np.zeros((pulls, runs))
    for t in range(pulls):
        arm = choose(won / tried, tried, t + 3, rng)
        lost[t] = pays.max() - pays[arm]
        tried += arm[:, None] == arms
        won += (arm[:, None] == arms) * (rng.random((runs, 1)) < pays[arm, None])
    return lost.mean(1).cumsum()

# %%
def one_in_ten(mean, n, t, rng):
    random = rng.random(len(mean)) < 0.1
    return np.where(random, rng.integers(3, size=len(mean)), mean.argmax(1))


ways = {"best so far": lambda mean, n, t, rng: mean.argmax(1),
        "one in ten": one_in_ten, "optimist": lambda mean, n, t, rng:
        (mean + np.sqrt(np.log(t) / (2 * n))).argmax(1)}
plots.lines({name: regret(way) for name, way in ways.items()},
            title="Whoever never tries pays for ever; optimists pay least",
            xlabel="pulls", ylabel="regret, mean of 200 runs")

# %% [markdown]
# The first two. An early bad draw, and the first never looks again; the second
# looks for ever, also where it knows. The optimist's bonus shrinks with looking.
# (Three seeds: the same order.) Remember the bonus: it comes back at a board.
#
# ## Many choices: what is a place worth?
#
# Now an action also moves you. Only the goal pays, 1, and what comes a step
# later counts $\gamma = 0.9$ as much (*discount*, 折扣). The *return* (回报) is
# the sum of what will be paid, so counted. A corridor of three cells, the goal to
# the right: the last is worth 1, the one before 0.9, then 0.81. In general, what
# action $a$ is worth in state $s$ is (*Bellman*, 1957)
#
# $$Q(s, a) = r + \gamma \max_{a'} Q(s', a')$$
#
# and where the game ends, nothing follows. Sixteen cells, `o` a hole without pay:

# %%
world = np.array([*"...." ".o.o" "...o" "o..G"])
ends, paid = np.isin(world, ["o", "G"]), (world == "G") * 1.0
y, x = np.divmod(np.arange(16), 4)
after = np.stack([4 * y + (x - 1).clip(0), 4 * y + (x + 1).clip(max=3),
                  4 * (y - 1).clip(0) + x, 4 * (y + 1).clip(max=3) + x], axis=1)
Q = np.zeros((16, 4))                                # left, right, up, down
for sweep in range(10):
    Q = paid[after] + 0.9 * np.where(ends, 0, Q.max(1))[after]
V = np.where(ends, np.nan, Q.max(1)).reshape(4, 4)
plots.heatmap(V, title="A cell is worth 0.9 of its best neighbour", values=True,
              rows=[*"1234"], columns=[*"1234"], label="worth")

# %% [markdown]
# That was *value iteration*: it must be told where each move leads. *Q-learning*
# (Watkins 1989) walks about at random and corrects one number a step, by a share
# $\alpha$ of the error.
#
# > **Predict.** Nothing moves by chance here, so let $\alpha = 1$. After 5,000
# > random steps, is its table near the one above, or the same?

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
# The same. (With moves that slip, $\alpha$ has to shrink.)
#
# ## A table for a pole?
#
# The pole's states are four real numbers: no table holds them. Before a net,
# something humbler: draw four weights at random, push by the sign of their sum
# with the state, and draw again until the pole stands.
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
print(f"median {np.median(tries):.0f}, from {min(tries)} to {max(tries)}")

# %% [markdown]
# So nobody should be impressed by a net that holds this pole. It is a good place
# to see *how* a net learns. *DQN* (Mnih et al. 2015) puts one in the place of the
# table. Its goal is Bellman's right side; twice 3 steps, the second one's end:

# %%
import torch

from lmlab.decisions import deep_q

believed = np.array([[4.0, 6], [9, 2], [5, 5]])       # Q of what came after
fell = np.array([False, True, False])
by_hand = 1 + 0.99 * believed.max(1) * ~fell
show.agree(by_hand, deep_q.goals(torch.tensor(believed), torch.ones(3),
                                 torch.tensor(fell), 0.99), 1e-12)
print(by_hand)

# %% [markdown]
# Two tricks keep it calm. *Replay* (经验回放): steps are stored and learned from in
# random order, not as they come, one like the other. And the goal is taken from an
# older copy of the net (*target network*, 目标网络), or each step would move its own
# goal. Live for 1,000 steps of 16 carts; longer, and without each, measured:
#
# > **Predict.** Which loss is worse: the replay or the older copy?

# %%
from lmlab.page import datasets

torch.manual_seed(0)
net = deep_q.q_net()
stands = deep_q.train(net, np.random.default_rng(0), steps=1000)
print("steps stood, of 200:", [round(mean) for mean in stands])
kept = {}
for row in datasets.measured("22_decisions"):
    kept.setdefault((row["study"], row["setting"]), []).append(
        (row["first"], row["second"]))
runs = ["both", "no replay", "no frozen net", "neither"]
plots.bars(["seed 0", "seed 1", "seed 2"],
           {run: [first for first, _ in kept["deep q", run]] for run in runs},
           ylabel="steps stood, of 200", title="Without the older copy it never "
           "learns; without replay it forgets")

# %% [markdown]
# Means of the last eight looks in 4,000 steps. Even the whole DQN wobbles, and
# the line of the first cell does not. Nor does a controller that engineers would
# write. *PID* pushes by the angle and its speed (P and D), by the cart's place
# and speed, and by the *sum* of all places so far (I). Now a wind of 1 newton:
#
# > **Predict.** Who stands for 20 seconds? And who stands *where it began*?

# %%
def steer(wind, policy, integral=0.0):
    state, total, up = tests, 0.0, np.ones(20, dtype=bool)
    for _ in range(1000):
        total = total + 0.02 * state[:, 0]
        push = np.clip(policy(state) + integral * total, -1, 1)
        state = cart.step(state, push, wind)
        up &= ~cart.fallen(state)
    return f"{up.sum()}", f"{abs(state[up, 0]).mean():.2f}" if up.any() else ""


line, pd = rules["One line pushes"], lambda s: s @ [0.3, 0.5, 6, 1.2]
who = {"one line": (line,), "DQN": (deep_q.greedy(net),), "PD": (pd,),
       "PID": (pd, 0.1)}
show.table([(name, *steer(0, *how), *steer(1, *how)) for name, how in who.items()],
           ["", "stand, of 20", "metres off", "in wind", "metres off"])

# %% [markdown]
# The sum finds out the wind, which nobody measured. The net, practised on four
# calm seconds, holds for neither. Learning pays where nobody can write the rule.
#
# ## A policy and its critic
#
# Or learn the policy itself: lesson 16's REINFORCE, whose pull is noisy. Let a
# policy that is half right push 2,000 carts; a *critic* (评论家) guesses from
# each state how long the pole will still stand, by least squares.

# %%
rng, w = np.random.default_rng(0), np.array([0, 0, 2.0, 2])
state, up, kept_steps = cart.start(2000, rng), np.ones(2000, dtype=bool), []
for _ in range(200):
    p = 1 / (1 + np.exp(-state @ w))
    right = rng.random(2000) < p
    kept_steps.append((state, (right - p)[:, None] * state, up))
    state = cart.step(state, 2 * right - 1)
    up = up & ~cart.fallen(state)
states, slopes, up = (np.stack(part, axis=1) for part in zip(*kept_steps))
togo = up[:, ::-1].cumsum(1)[:, ::-1]               # steps still to stand
seen = np.dstack([abs(states), states ** 2, 1 + 0 * togo])
guess = seen @ np.linalg.lstsq(seen[up], togo[up], rcond=None)[0]

# %% [markdown]
# What shall weigh each push? Everything that its pole earned; what it earned from
# there on; that less the guess (*actor-critic*, 演员-评论家: Barto, Sutton and
# Anderson 1983); or lesson 16's GAE, which trusts the guess the more, the smaller
# its $\lambda$.
#
# > **Predict.** The noise falls from row to row. Does the pull stay the same?

# %%
from lmlab.feedback import rl


def gae(trace):
    given = (torch.tensor(part) for part in (up * 1.0, guess * up, up))
    return rl.gae(*given, trace=trace).numpy()


rows = {"all it earned": togo[:, :1] + 0 * togo, "from there on": togo,
        "less the critic": togo - guess, "GAE, 0.95": gae(0.95), "GAE, 0": gae(0)}
pulls = {name: ((merit * up)[..., None] * slopes).sum(1)
         for name, merit in rows.items()}
show.table([(name, f"{pull[:, 1].mean():.0f}", f"{pull[:, 1].std():.0f}",
             f"{pull[:, 1].std() / 2000 ** 0.5:.0f}")
            for name, pull in pulls.items()],
           ["weighed by", "pull on the speed's weight", "noise: one pole",
            "mean of all"])

# %% [markdown]
# The first three mean the same: the critic takes away four fifths of the noise,
# and costs nothing. GAE is calmer still, and with $\lambda = 0$ it pulls *the wrong
# way*: it believes a guess that is wrong (three seeds). A trade, not a gift.
# (Trained so with PPO's clip of lesson 16, last ten looks, three seeds; and without:)

# %%
for setting in ("clip", "no clip"):
    print(setting, [first for first, _ in kept["actor-critic", setting]])

# %% [markdown]
# ## A board that teaches itself
#
# Where the rules are known, an agent can look ahead. On a small board, to the
# end: *minimax* takes the move whose worst answer is best.

# %%
from lmlab.decisions.boards import Board, all_replies, minimax

game = Board(3, 3)                                   # tic-tac-toe
worth = minimax(game)
print(f"{len(worth):,} positions; the empty board is worth "
      f"{worth[bytes(9)]}: a draw")
print(f"go: at most 10^{361 * np.log10(3):.0f} positions, "
      f"some 10^{150 * np.log10(250):.0f} games")

# %% [markdown]
# *Go* (围棋) has 361 points, each black, white or empty, some 250 moves to choose
# from and 150 to make (Silver et al. 2016). Nobody looks to the end. So look at
# few moves, but which? *AlphaZero*'s rule, PUCT, is the optimist of the bandit: $Q$
# is the mean of what was found below a move, $N$ how often one looked, and a net
# says in $P$ what it would play. Take the largest
#
# $$Q + c\,P\,\frac{\sqrt{\sum N + 1}}{1 + N}$$
#
# > **Predict.** Eight looks so far. Which move is next: the one that did best, the
# > one that the net likes, or the one never tried?

# %%
means, looks = np.array([0.5, 0.2, 0.0]), np.array([5, 3, 0])
prior = np.array([0.3, 0.6, 0.1])                    # what the net likes
bonus = 1.5 * prior * np.sqrt(looks.sum() + 1) / (1 + looks)
print(bonus.round(3), (means + bonus).round(3))

# %% [markdown]
# The second, this time. At the end of the search the shares of looks are better than
# $P$. So the net learns to say *them*, and who won; with the better net, a better
# search. 128 games a round against itself (*self-play*, 自我对弈), 25 looks a move;
# the net, two layers of 64, begins with random weights.

# %%
from lmlab.decisions import self_play
from lmlab.decisions.self_play import search

show.source(search)

# %% [markdown]
# The test is no sample: each possible reply is tried, in every game, with the
# agent to begin and the other.
#
# > **Predict.** A few hundred such games. How many does the untaught net lose?
# > After 24 rounds? Does 25 looks ahead help a net that knows nothing?

# %%
def lost_by(agent):
    return sum(all_replies(game, agent, first)[2] for first in (True, False))


def alone(boards):
    return net.guess(boards)[0].argmax(1)


def looking(boards):
    return search(game, net.guess, boards, looks=25).argmax(1)


torch.manual_seed(0)
net, rng = self_play.Net(game).double(), np.random.default_rng(0)
lost = [(lost_by(alone), lost_by(looking))]
for loss in self_play.learn(net, game, rng, rounds=24):
    lost.append((lost_by(alone), lost_by(looking)))
plots.lines(dict(zip(["net alone", "net and search"], np.array(lost).T)),
            title="In some twenty rounds it has stopped losing", marks=True,
            xlabel="rounds of 128 games against itself", ylabel="games lost")

# %%
for agent in (alone, looking):
    print([all_replies(game, agent, first).tolist() for first in (True, False)])

# %% [markdown]
# Won, drawn and lost, beginning and answering, against all that can be played:
# no human game was ever shown to it. (Three seeds: with search none lost from
# round 14 on.) On 5 x 5, four in a row, no one can try all. Against the same search
# without a net (random games to the end give the value), it wins of 40 games:

# %%
print("equal looks, ten times as many:", kept["five", "four in a row"])

# %% [markdown]
# ## How large is a large decision model?
#
# *The documents* are five Chinese overviews of large models that this course tests.
# One calls *AlphaGo* and AlphaZero 决策大模型 ("large decision models"); large is, to
# it, what has reached 亿的级别, 10^8 parameters. Their shapes are public:

# %%
def conv(width, inputs, outputs):                    # lesson 19
    return width ** 2 * inputs * outputs


def zero(blocks):                                    # AlphaGo Zero, AlphaZero
    block = 2 * (conv(3, 256, 256) + 2 * 256)        # twice, each with its norm
    moves = 2 * 256 + 2 * 2 + 2 * 361 * 362 + 362
    return (conv(3, 17, 256) + 2 * 256 + blocks * block + moves
            + 256 + 2 + 361 * 256 + 256 + 256 + 1)   # the value


go = conv(5, 48, 192) + 11 * conv(3, 192, 192) + 12 * 192 + 192 + 361
atari = (conv(8, 4, 32) + conv(4, 32, 64) + conv(3, 64, 64) + 160
         + 3136 * 512 + 512 + 512 * 18 + 18)
show.table([("Q-learning", "1989, Watkins", "a table", "the grid"),
            ("actor-critic", "1983, Barto et al.", "two units", "the critic"),
            ("DQN", "2015, DeepMind", f"{atari:,}", "the pole"),
            ("PPO", "2017, OpenAI", "any net", "clip; lesson 16"),
            ("AlphaGo, policy", "2016, DeepMind", f"{go:,}", "PUCT"),
            ("AlphaZero", "2017, DeepMind", f"{zero(19):,}", "the board"),
            ("AlphaGo Zero, large", "2017, DeepMind", f"{zero(39):,}", "the board"),
            ("RT-1", "2022, Google", "35 million", "the rock")],
           ["system", "when, who", "parameters", "its miniature"])

# %% [markdown]
# All below 10^8: what they lack in weights, they search. All are convolutions; BERT
# came in October 2018, two and a half years after AlphaGo had beaten Lee Sedol.
#
# ## Copying a teacher
#
# Where a reward is hard to write, copy someone (*behaviour cloning*, 行为克隆).
# *RT-1* (Brohan et al. 2022) reads pictures and an order, and says each of eleven
# dimensions of a robot's action as one of 256 *bins*: a classification.
#
# Why not a number? Our hand goes from the left to a goal on the right, past a rock.
# Some teachers pass above, some below.
#
# > **Predict.** What heading has the smallest mean squared error, right before the
# > rock? And which bin is likeliest?

# %%
from lmlab.decisions import imitation

rng = np.random.default_rng(0)
teach = imitation.teacher(side=rng.choice([-1, 1], size=300))
shown, headings = imitation.walk(teach, imitation.starts(300, rng))
going = shown[:, :-1, 0] < 1                         # until the goal
copies = {name: imitation.copier(shown[:, :-1][going], headings[going], bins, 0)
          for name, bins in {"a number": 0, "one of 32 bins": 32}.items()}

# %%
both = plots.axes([f"Copied as {name}" for name in copies], "to the goal", "",
                  n=2, width=9.6, height=3.4)
for ax, copy in zip(both, copies.values()):
    paths, _ = imitation.walk(copy, imitation.starts(40, np.random.default_rng(1)))
    ax.plot(*paths.T, color=plots.COLORS[0], lw=0.8)
    turn = np.linspace(0, 2 * np.pi)
    ax.fill(0.5 + 0.2 * np.cos(turn), 0.2 * np.sin(turn), color=plots.MUTED)
    ax.set_aspect("equal")

# %% [markdown]
# The mean of two right answers, up and down, is the rock. Bins keep both. Hands that
# arrive, of a hundred, three seeds; where teachers agree; and begun 0.4 further up
# or down, *where no teacher ever was*:

# %%
show.table([(setting, *(" ".join(str(run[i]) for run in kept[study, setting])
                        for study in ("rock, two sides", "rock, one side")
                        for i in (0, 1)))
            for setting in ("number", "32 bins", "256 bins")],
           ["copied as", "two sides", "far off", "one side", "far off"])

# %% [markdown]
# Bins win where teachers differ, and 32 beat 256, which have few examples each. Far
# off, a bin that was never said is never said; the number at least goes on in a line.
# A copier knows what its teacher did, not why.
#
# ## Two doors
#
# Behind one door a tiger (-100), behind the other a treasure (+10). Listening costs 1
# and names the tiger's door rightly in 85 %. You never see the state, you only
# believe: a *POMDP* (Kaelbling et al. 1998). Let $d$ count how much more often you
# heard it left than right.
#
# > **Predict.** How sure must you be to open: 85 %, 97 or 99?

# %%
d = np.arange(-9, 10)
left = 0.85 ** d / (0.85 ** d + 0.15 ** d)           # how likely is it there?
left_heard = 0.85 * left + 0.15 * (1 - left)
door = 10 - 110 * np.minimum(left, 1 - left)          # opening the better one
value = door
for _ in range(50):                                  # Bellman again
    ahead = left_heard[1:-1] * value[2:] + (1 - left_heard[1:-1]) * value[:-2]
    value = np.concatenate([door[:1], np.maximum(door[1:-1], ahead - 1), door[-1:]])
show.table([(n, f"{left[9 + n]:.1%}", f"{door[9 + n]:.1f}", f"{value[9 + n]:.1f}")
            for n in range(4)], ["heard more", "sure", "open now", "best"])

# %% [markdown]
# 99: at 97 % one more listening is worth more (7.8) than opening (6.7). Blindly
# opened, a door costs 45; who listens first can expect to earn 5.
#
# ## What the documents say
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 智能体通过与环境互动并接收奖励或惩罚来学习 ("an agent learns by acting on its environment and being rewarded or punished") | **right** | your grid, pole and board |
# | 强化学习 beside 深度学习 ("deep learning"), two kinds of machine learning | **imprecise** | one is *from what* it learns, one is *with what*: your DQN is both |
# | 其中BERT最有名的落地项目是谷歌的AlphaGo ("BERT's most famous project is Google's AlphaGo") | **wrong** | DeepMind, January 2016: 13 convolutions and a tree search (Silver et al.); BERT: October 2018 |
# | AlphaGo和AlphaZero,是决策大模型的代表 ("stand for large decision models"); RT-1 too is 融合的大模型 ("a fused large model") | **wrong** by its own measure | 3.9 to 46 million; RT-1 has 35 (Brohan et al.) |
# | 能够在围棋等游戏中取得超人类水平的表现 ("better than humans at go"); 面对不确定性 ("facing uncertainty") | **right**; **half** | 4 to 1 against Lee Sedol; but a go board hides nothing: uncertain is the tiger |
# | 自动化行动将成为新的拐点 ("automated action will be the new turning point") | **a forecast** | PID has acted for a century; learned action fails far from its teacher |

# %% [markdown]
# ## Check yourself
#
# 1. $\gamma = 0.5$, the goal pays 8 and is two steps away. What is here worth?
# 2. A move has $N = 0$ and $P = 0$. Does PUCT ever try it?
# 3. A copier drives perfectly on its teacher's road. Why is that no proof?
#
# <details><summary>Answers</summary>
#
# 1. 4: paid at the second step, it is halved once.
# 2. Its bonus is 0: not while another has more. So noise is mixed into $P$.
# 3. A small error leads where no example was, and there it errs more.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the pole, the draws (vote first), the lost games. *Point at* the row of
# GAE with 0. *A common misunderstanding*: that AlphaZero is clever because its net
# is large. Take its search away, and count.
#
# </details>
#
# **What this left out**: models of a world that must be learned (MuZero); many
# agents; copiers that ask their teacher again.
#
# **Where it goes next**: in the [exercises](../exercises/22_decisions.ipynb) your
# agent meets minimax. That ends *Beyond text*; how good is it all? Lesson 23.
#
# **Read on**
# - Sutton and Barto, *Reinforcement Learning*, 2nd edition, 2018
# - Watkins, *Learning from Delayed Rewards*, thesis, Cambridge, 1989
# - Barto, Sutton and Anderson, *Neuronlike adaptive elements ...*, 1983, IEEE
#   Transactions on Systems, Man, and Cybernetics 13, 834-846
# - Mnih et al., *Human-level control ...*, 2015, Nature 518, 529-533
# - Silver et al., *Mastering the game of Go with deep neural networks and tree
#   search*, 2016, Nature 529, 484-489; *... without human knowledge*, 2017, Nature
#   550, 354-359; AlphaZero, 2018, Science 362, 1140-1144
# - Kaelbling, Littman and Cassandra, *Planning and acting in partially observable
#   stochastic domains*, 1998, Artificial Intelligence 101, 99-134
# - Brohan et al., *RT-1*, 2022, arXiv 2212.06817
