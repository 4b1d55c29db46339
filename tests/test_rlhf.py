"""What feedback.rlhf promises: log-probabilities, and a loop that earns rewards."""

import copy
import dataclasses
from itertools import product

import pytest
import torch

from lmlab.feedback.preference import dpo_loss
from lmlab.feedback.reward import RewardModel
from lmlab.feedback.rlhf import answer_logprobs, grpo, improve, ppo, reinforce, roll_out
from lmlab.learning.lora import add_lora
from lmlab.models.gpt import GPT, GPTConfig

V, STOP = 5, 4


def gpt(seed: int = 0) -> GPT:
    torch.manual_seed(seed)
    config = GPTConfig(vocab_size=V, context=8, d_model=16, n_layers=1, n_heads=2)
    model = GPT(config).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(3)
    return model


def twos(prompts, answers):
    """The share of tokens that are 2: a taste that is easy to learn."""
    return [sum(token == 2 for token in answer) / 3 for answer in answers]


# -- log-probabilities -----------------------------------------------------------


def test_the_chances_of_all_answers_add_up_to_one():
    model = gpt()
    ids = torch.tensor([[1, 3, *answer] for answer in product(range(V), repeat=2)])
    chances = answer_logprobs(model, ids, 2).sum(-1).exp()
    assert len(ids) == V * V and chances.sum().item() == pytest.approx(1)


def test_each_token_has_the_chance_that_the_model_gave_it():
    model = gpt()
    ids = torch.tensor([[1, 2, 3, 0], [4, 4, 1, 2]])
    got = answer_logprobs(model, ids, 2)
    table = model(ids).log_softmax(-1)
    for row in range(2):
        for place in range(2):
            wanted = table[row, 1 + place, ids[row, 2 + place]]
            assert got[row, place].item() == pytest.approx(wanted.item(), abs=1e-12)


def test_padding_on_both_sides_changes_nothing_and_counts_nothing():
    model = gpt()
    ids = torch.tensor([[1, 2, 3, 0, 4], [0, 3, 2, 4, 0]])
    keep = torch.tensor([[1, 1, 1, 1, 1], [0, 1, 1, 1, 0]]).bool()
    got = answer_logprobs(model, ids, 2, keep)
    assert got.shape == (2, 3) and got[1, 2] == 0
    alone = answer_logprobs(model, torch.tensor([[3, 2, 4]]), 1)
    assert torch.allclose(got[1:, :2], alone, atol=1e-12)
    assert torch.allclose(got[:1], answer_logprobs(model, ids[:1], 2), atol=1e-12)


def test_a_model_of_16_bits_is_scored_in_32():
    model, ids = gpt().half(), torch.tensor([[1, 2, 3, 0]])
    for weight in (model.norm.weight, model.norm.bias):
        weight.data.mul_(30)
    got = answer_logprobs(model, ids, 2)
    wanted = model(ids).double().log_softmax(-1)[0, [1, 2], ids[0, 2:]]
    assert got.dtype == torch.float32
    assert torch.allclose(got[0].double(), wanted, atol=1e-4)


# -- one rollout -----------------------------------------------------------------


def test_a_rollout_holds_what_was_written_and_what_was_said_about_it():
    model, base, critic = gpt(0), gpt(1), RewardModel(gpt(2))
    torch.nn.init.normal_(critic.head.weight)
    prompts, seen = [[1], [1, 2, 3]] * 20, {}

    def score(given, answers):
        seen.update(given=given, answers=answers)
        return range(len(answers))

    generator = torch.Generator().manual_seed(0)
    rollout = roll_out(
        model,
        base,
        prompts,
        score,
        max_new_tokens=3,
        stop=STOP,
        critic=critic,
        generator=generator,
    )
    answers = seen["answers"]
    assert {len(answer) for answer in answers} >= {0, 1, 3}
    assert seen["given"] == prompts and rollout.rewards.tolist() == list(range(40))
    assert rollout.n_prompt == 3 and rollout.ids.shape == (40, 6)
    for row, answer in enumerate(answers):
        assert STOP not in answer
        written = rollout.ids[row][rollout.keep[row]].tolist()
        ended = [STOP] if len(answer) < 3 else []
        assert written == prompts[row] + answer + ended
        assert rollout.mask[row].sum() == len(answer + ended)
    theirs = answer_logprobs(base, rollout.ids, 3, rollout.keep)
    assert torch.equal(rollout.reference, theirs)
    values = critic.each(rollout.ids, rollout.keep)[:, 2:-1]  # before each token
    assert torch.allclose(rollout.values, values) and values.std() > 0
    assert not rollout.reference.requires_grad and not rollout.values.requires_grad


def test_what_the_policy_wrote_has_the_frequency_that_its_chances_say():
    model = gpt()
    generator = torch.Generator().manual_seed(0)
    rollout = roll_out(
        model, model, [[1]] * 4000, twos, max_new_tokens=1, generator=generator
    )
    counts = torch.bincount(rollout.ids[:, 1], minlength=V) / 4000
    chances = model(torch.tensor([[1]]))[0, 0].softmax(-1)
    assert (counts - chances).abs().max() < 0.03


# -- the loop --------------------------------------------------------------------


def run(objective_for, beta, steps=25, epochs=1, model=None):
    """Train a tiny policy towards twos; return it and the history."""
    base = gpt()
    model = copy.deepcopy(base) if model is None else model
    critic = RewardModel(gpt(1))
    weights = [w for w in model.parameters() if w.requires_grad]
    adam = torch.optim.Adam([*weights, *critic.parameters()], lr=0.01)
    generator = torch.Generator().manual_seed(0)
    prompts = [prompt for prompt in ([1], [3, 0]) for _ in range(8)]

    def new_answers():
        return roll_out(
            model,
            base,
            prompts,
            twos,
            max_new_tokens=3,
            stop=STOP,
            critic=critic,
            generator=generator,
        )

    history = improve(
        model,
        adam,
        new_answers,
        objective_for(critic, beta),
        steps=steps,
        epochs=epochs,
    )
    return model, history


METHODS = {
    "REINFORCE": lambda critic, beta: reinforce(beta),
    "PPO": ppo,
    "GRPO": lambda critic, beta: grpo(8, beta),
}


@pytest.mark.parametrize("name", METHODS)
def test_each_method_earns_rewards_and_repeats_itself(name):
    _, history = run(METHODS[name], beta=0.0)
    rewards = history["reward"]
    assert len(rewards) == len(history["kl"]) == len(history["loss"]) == 25
    assert sum(rewards[:2]) / 2 < 0.5 and sum(rewards[-3:]) / 3 > 0.8
    assert history["kl"][0] == 0 and history["kl"][-1] > 0.5
    _, again = run(METHODS[name], beta=0.0, steps=2)
    assert again["reward"] == rewards[:2] and again["loss"] == history["loss"][:2]


@pytest.mark.parametrize("name", METHODS)
def test_each_method_stays_near_the_reference_on_a_short_leash(name):
    _, loose = run(METHODS[name], beta=0.0)
    _, tight = run(METHODS[name], beta=1.0)
    assert sum(tight["kl"][-5:]) < 0.5 * sum(loose["kl"][-5:])


def test_reinforce_compares_with_the_mean_and_grpo_within_its_group():
    rewards = torch.tensor([1.0, 1.0, 1.0, 4.0, 4.0, 4.0]).double()
    rollout = roll_out(
        gpt(), gpt(), [[1]] * 6, lambda prompts, answers: rewards, max_new_tokens=2
    )
    now = rollout.logprobs(gpt())
    wanted = -(now.sum(-1) * (rewards - 2.5)).mean()
    assert torch.allclose(reinforce(beta=0.0)(now, now, rollout), wanted)
    assert grpo(samples=3, beta=0.0)(now, now - 1, rollout) == 0
    assert grpo(samples=6, beta=0.0)(now, now - 1, rollout) != 0


def test_old_is_what_the_policy_thought_when_it_wrote():
    seen = []

    def spy(critic, beta):
        inner = grpo(8, beta)

        def objective(now, old, rollout):
            seen.append((now.detach(), old, rollout))
            return inner(now, old, rollout)

        return objective

    run(spy, beta=0.0, steps=2, epochs=3)
    assert len(seen) == 6
    for first in (0, 3):
        assert torch.equal(seen[first][0], seen[first][1])
        for now, old, rollout in seen[first + 1 : first + 3]:
            assert old is seen[first][1] and rollout is seen[first][2]
            assert not torch.equal(now, old)


def test_lora_is_enough_for_the_loop():
    model = gpt()
    frozen = copy.deepcopy(model.state_dict())
    add_lora(model, ["query", "value", "shrink"], rank=2)
    _, history = run(METHODS["GRPO"], beta=0.0, model=model)
    assert sum(history["reward"][-3:]) > sum(history["reward"][:3])
    assert torch.equal(model.tokens.weight, frozen["tokens.weight"])


def test_a_loss_that_is_not_finite_changes_no_weight():
    model = gpt()
    before = copy.deepcopy(model.state_dict())
    objective = lambda critic, beta: lambda now, old, rollout: now.sum() / 0  # noqa: E731
    with pytest.raises(FloatingPointError, match="step 0: the loss is -?inf"):
        run(objective, beta=0.0, model=model)
    assert all(torch.equal(w, before[k]) for k, w in model.state_dict().items())


def test_dpo_learns_the_same_taste_from_pairs_alone():
    base, model = gpt(), gpt()
    generator = torch.Generator().manual_seed(0)
    texts = torch.randint(0, STOP, (128, 4), generator=generator)
    twos_in = (texts[:, 1:] == 2).sum(-1)
    a, b = texts[:64], texts[64:]
    swap = (twos_in[:64] < twos_in[64:])[:, None]
    pairs = torch.where(swap, b, a), torch.where(swap, a, b)
    with torch.no_grad():
        known = [answer_logprobs(base, side, 1).sum(-1) for side in pairs]
    adam = torch.optim.Adam(model.parameters(), lr=0.003)
    for _ in range(30):
        now = [answer_logprobs(model, side, 1).sum(-1) for side in pairs]
        loss = dpo_loss(*now, *known, beta=0.3)
        adam.zero_grad()
        loss.backward()
        adam.step()
    rewards = [
        roll_out(
            m,
            base,
            [[1]] * 200,
            twos,
            max_new_tokens=3,
            generator=torch.Generator().manual_seed(0),
        ).rewards.mean()
        for m in (base, model)
    ]
    assert rewards[1] > rewards[0] + 0.2


def one_rollout(score=twos):
    return roll_out(gpt(), gpt(), [[1]] * 4, score, max_new_tokens=2)


def nan_for_the_second(prompts, answers):
    return [1.0, float("nan"), 0.0, 1.0]


def improved(**changed):
    model = gpt()
    adam = torch.optim.Adam(model.parameters())
    return improve(model, adam, one_rollout, reinforce(), steps=1, **changed)


def judged(objective, **changed):
    rollout = dataclasses.replace(one_rollout(), **changed)
    now = rollout.logprobs(gpt())
    return objective(now, now.detach(), rollout)


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda: answer_logprobs(gpt(), torch.zeros(2, 3).long(), 0), "n_prompt 0"),
        (lambda: answer_logprobs(gpt(), torch.zeros(2, 3).long(), 3), "n_prompt 3"),
        (lambda: answer_logprobs(gpt(), torch.zeros(3).long(), 1), r"shape \(3,\)"),
        (lambda: one_rollout(lambda p, a: [1.0]), "each of 4 answers: got 1"),
        (lambda: one_rollout(nan_for_the_second), "score .* finite.*nan for answer 1"),
        (lambda: improved(epochs=0), "epochs must be at least 1: got 0"),
        (lambda: improved(clip=0), "clip must be greater than 0: got 0"),
        (lambda: grpo(0), "samples must be at least 2: got 0"),
        (lambda: grpo(1), "samples must be at least 2: got 1"),
        (lambda: judged(grpo(3)), "samples must divide the 4 answers: got 3"),
        (lambda: judged(ppo(RewardModel(gpt()))), "given the critic"),
        (lambda: judged(reinforce(), rewards=torch.full((4,), torch.nan)), "finite"),
    ],
)
def test_wrong_use_names_the_argument_what_came_and_what_was_expected(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()
