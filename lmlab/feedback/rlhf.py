"""A score changes behaviour: write answers, have them scored, improve, again.

The loop that REINFORCE, PPO and GRPO share. What differs between them, the objective,
is a function of a few lines. Lesson 16 sends the poet through it; the losses are those
of `lmlab.feedback.rl`.

    def new_answers():
        prompts = [p for p in rng.choice(themes, 16) for _ in range(16)]
        return roll_out(poet, base, prompts, score, max_new_tokens=25, stop=END)

    history = improve(poet, adam, new_answers, grpo(samples=16), steps=50)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlab.feedback.reward import RewardModel
from lmlab.feedback.rl import (
    gae,
    group_advantages,
    grpo_loss,
    ppo_loss,
    reinforce_loss,
    sequence_kl,
    token_rewards,
    value_loss,
)
from lmlab.models.inputs import precise
from lmlab.models.sampling import generate

Texts = Sequence[Sequence[int]]
Score = Callable[[Texts, Texts], Iterable[float]]
"""(prompts, answers) -> a reward for each answer; answers come without stop token."""

IGNORED = -100


def answer_logprobs(
    model: nn.Module, ids: Tensor, n_prompt: int, keep: Tensor | None = None
) -> Tensor:
    """Return the log-probability of each token of the answers, (batch, n_answer).

    ids: (batch, n_prompt + n_answer), prompts (padded on the left where they differ in
    length) and then answers (padded on the right). keep: boolean, the shape of ids,
    False at padding, where the result is 0. So the sum of a row is the log-probability
    of the whole answer.
    """
    if ids.ndim != 2 or not 1 <= n_prompt < ids.shape[1]:
        raise ValueError(
            "ids must hold a prompt and an answer of at least one token each: "
            f"got shape {tuple(ids.shape)} with n_prompt {n_prompt}"
        )
    logits = model(ids[:, :-1], keep=None if keep is None else keep[:, :-1])
    targets = ids[:, 1:].clone()
    if keep is not None:
        targets[~keep[:, 1:]] = IGNORED
    targets[:, : n_prompt - 1] = IGNORED  # cheaper than cutting the logits
    surprise = F.cross_entropy(
        precise(logits).flatten(0, 1), targets.flatten(), reduction="none",
        ignore_index=IGNORED)
    return -surprise.view_as(targets)[:, n_prompt - 1 :]


@dataclass(frozen=True)
class Rollout:
    """Answers that the policy wrote, and all that was said about them.

    ids, keep: as in `answer_logprobs`. rewards: (batch,). reference: log-probabilities
    of the tokens under the reference, (batch, n_answer). values: what the critic
    expected before each token, (batch, n_answer), or None.
    """

    ids: Tensor
    keep: Tensor
    n_prompt: int
    rewards: Tensor
    reference: Tensor
    values: Tensor | None = None

    @property
    def mask(self) -> Tensor:
        """True at the tokens that the policy wrote, (batch, n_answer)."""
        return self.keep[:, self.n_prompt :]

    def logprobs(self, model: nn.Module) -> Tensor:
        """Return what `model` thinks of each token that was written."""
        return answer_logprobs(model, self.ids, self.n_prompt, self.keep)

    def expected(self, critic: RewardModel) -> Tensor:
        """Return what the critic expects before each token, (batch, n_answer)."""
        values = critic.each(self.ids[:, :-1], self.keep[:, :-1])
        return values[:, self.n_prompt - 1 :]


def roll_out(
    model: nn.Module,
    reference: nn.Module,
    prompts: Texts,
    score: Score,
    *,
    max_new_tokens: int,
    stop: int | None = None,
    critic: RewardModel | None = None,
    generator: torch.Generator | None = None,
) -> Rollout:
    """Let `model` answer each prompt once, at temperature 1, and have it scored.

    prompts: token ids; repeat one for several answers. stop: the token that ends an
    answer; to write it was a choice like any other, so it counts among the answer's.
    """
    device = next(model.parameters()).device
    with torch.no_grad():
        answers = generate(
            model,
            prompts,
            max_new_tokens=max_new_tokens,
            stop=() if stop is None else (stop,),
            generator=generator,
        )
        rewards = torch.tensor([float(r) for r in score(prompts, answers)])
        if len(rewards) != len(prompts):
            raise ValueError(
                f"score must return a reward for each of {len(prompts)} answers: "
                f"got {len(rewards)}"
            )
        wrong = (~rewards.isfinite()).nonzero().flatten().tolist()
        if wrong:
            raise ValueError(
                f"score must return finite rewards: got {rewards[wrong[0]].item()} for "
                f"answer {wrong[0]}"
            )
        if stop is not None:
            answers = [a + [stop] * (len(a) < max_new_tokens) for a in answers]
        ids, keep, n_prompt = table(prompts, answers)
        ids, keep, rewards = ids.to(device), keep.to(device), rewards.to(device)
        known = answer_logprobs(reference, ids, n_prompt, keep)
        rollout = Rollout(ids, keep, n_prompt, rewards.to(known.dtype), known)
        if critic is None:
            return rollout
        return replace(rollout, values=rollout.expected(critic))


Objective = Callable[[Tensor, Tensor, Rollout], Tensor]
"""(log-probabilities now, those when it was written, the rollout) -> a loss."""


def reinforce(beta: float = 0.0) -> Objective:
    """REINFORCE with the batch's mean as baseline; each nat of KL costs `beta`."""

    def objective(now: Tensor, old: Tensor, rollout: Rollout) -> Tensor:
        kl = sequence_kl(old, rollout.reference, rollout.mask, "k1")
        rewards = rollout.rewards - beta * kl
        return reinforce_loss(now, rewards - rewards.mean(), rollout.mask)

    return objective


def ppo(critic: RewardModel, beta: float = 0.02, clip: float = 0.2) -> Objective:
    """PPO: the critic says what was to be expected, and learns from what came.

    Its weights belong into the optimiser, and `critic=` into `roll_out`.
    """

    def objective(now: Tensor, old: Tensor, rollout: Rollout) -> Tensor:
        if rollout.values is None:
            raise ValueError("roll_out must be given the critic for PPO: it had none")
        mask, values = rollout.mask, rollout.values
        rewards = token_rewards(rollout.rewards, old, rollout.reference, mask, beta)
        advantages = gae(rewards, values, mask)
        gain = ppo_loss(now, old, advantages, mask, clip)
        return gain + value_loss(rollout.expected(critic), advantages + values, mask)

    return objective


def grpo(samples: int, beta: float = 0.04, clip: float = 0.2) -> Objective:
    """GRPO: answers are compared with the others to the same prompt; no critic.

    samples: how many answers in a row belong to one prompt, at least two.
    """
    if samples < 2:
        raise ValueError(f"samples must be at least 2: got {samples}")

    def objective(now: Tensor, old: Tensor, rollout: Rollout) -> Tensor:
        if len(rollout.rewards) % samples:
            raise ValueError(
                f"samples must divide the {len(rollout.rewards)} answers: got {samples}"
            )
        advantages = group_advantages(rollout.rewards.view(-1, samples)).flatten()
        mask, known = rollout.mask, rollout.reference
        return grpo_loss(now, old, known, advantages, mask, clip, beta)

    return objective


def improve(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    new_answers: Callable[[], Rollout],
    objective: Objective,
    *,
    steps: int,
    epochs: int = 1,
    clip: float = 1.0,
) -> dict[str, list[float]]:
    """Improve `model` for `steps` rounds; return their "reward", "kl" and "loss".

    new_answers: writes a round's answers, as `roll_out` does. epochs: how often a round
    is learned from; only after the first time do now and old differ. clip: a longer
    gradient is shortened to this length. reward and kl: means over the answers of a
    round, KL from the reference in nats an answer (estimator k1).

    A loss that is not finite raises FloatingPointError before it changes a weight.
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1: got {epochs}")
    if not clip > 0:
        raise ValueError(f"clip must be greater than 0: got {clip}")
    weights = [w for group in optimiser.param_groups for w in group["params"]]
    history: dict[str, list[float]] = {"reward": [], "kl": [], "loss": []}
    for step in range(steps):
        rollout, losses = new_answers(), []
        for epoch in range(epochs):
            now = rollout.logprobs(model)
            if epoch == 0:
                old = now.detach()
            loss = objective(now, old, rollout)
            if not loss.isfinite():
                raise FloatingPointError(f"step {step}: the loss is {loss.item()}")
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(weights, clip)
            optimiser.step()
            losses.append(loss.item())
        kl = sequence_kl(old, rollout.reference, rollout.mask, "k1")
        history["reward"].append(rollout.rewards.mean().item())
        history["kl"].append(kl.mean().item())
        history["loss"].append(losses[0])
    return history


def table(prompts: Texts, answers: Texts) -> tuple[Tensor, Tensor, int]:
    """Return ids, keep and n_prompt: prompts end, and answers begin, in one column."""
    n_prompt, n_answer = (max(map(len, texts)) for texts in (prompts, answers))
    ids = torch.zeros(len(prompts), n_prompt + n_answer, dtype=torch.int64)
    keep = torch.zeros_like(ids, dtype=torch.bool)
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        place = slice(n_prompt - len(prompt), n_prompt + len(answer))
        ids[row, place] = torch.tensor([*prompt, *answer])
        keep[row, place] = True
    return ids, keep, n_prompt
