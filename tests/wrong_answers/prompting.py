"""Answers to 17_prompting: wrong ones that the checks do not know; right ones."""

from collections import Counter
from statistics import mode

import numpy as np
import torch
from scipy.special import log_softmax


def prompt_in_a_loop(examples, question):
    text = ""
    for asked, answer in examples:
        text = text + f"{asked} -> {answer}\n"
    return f"{text}{question} ->"


def prompt_in_place(examples, question):
    examples.append((question, ""))
    return "\n".join(f"{q} -> {a}" for q, a in examples).rstrip()


def prompt_with_lines_of_all(examples, question):
    return "\n".join(f"{q} -> {a}".rstrip() for q, a in [*examples, (question, "")])


def score_in_a_loop(logits, ids, start):
    total = 0.0
    for row, token in zip(logits[start - 1 :], ids[start:], strict=False):
        total += row[token] - row.max() - np.log(np.exp(row - row.max()).sum())
    return total / len(ids[start:])


def score_with_torch_inside(logits, ids, start):
    surprise = torch.nn.functional.cross_entropy(
        torch.tensor(logits[start - 1 : -1]), torch.tensor(ids[start:]))
    return -surprise.item()


def score_naive(logits, ids, start):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return np.log(p[range(start - 1, len(ids) - 1), ids[start:]]).mean()


def score_of_the_median(logits, ids, start):
    rows, answer = logits[start - 1 : -1], ids[start:]
    return float(np.median(log_softmax(rows, axis=1)[range(len(answer)), answer]))


def majority_of_counter(answers):
    votes = Counter(a for a in answers if a is not None).most_common(1)
    return votes[0][0] if votes else ""


def majority_without_silence(answers):
    return Counter(a for a in answers if a is not None).most_common(1)[0][0]


def majority_by_mode(answers):
    kept = [a for a in answers if a is not None]
    return mode(kept) if kept else ""


def majority_over_half(answers):
    kept = [a for a in answers if a is not None]
    best = mode(kept) if kept else ""
    return best if 2 * kept.count(best) > len(kept) else ""


def majority_of_a_set(answers):
    kept = [a for a in answers if a is not None]
    return max(sorted(set(kept), reverse=True), key=kept.count, default="")


def fit_from_the_longest(messages, room):
    for start in range(1, len(messages) + 1):
        kept = [messages[0], *messages[start:]]
        if sum(1 + len(said) for _, said in kept) <= room:
            return kept
    return messages[:1]


def fit_with_pop(messages, room):
    kept = list(messages)
    while len(kept) > 1 and len(kept) + sum(len(said) for _, said in kept) > room:
        kept.pop(1)
    return kept


def fit_in_place(messages, room):
    while len(messages) > 1 and sum(1 + len(m[1]) for m in messages) > room:
        del messages[1]
    return messages


def fit_drops_the_system(messages, room):
    kept = list(messages)
    while kept and sum(1 + len(m[1]) for m in kept) > room:
        kept.pop(1 if len(kept) > 1 else 0)
    return kept


def fit_cuts_a_message(messages, room):
    first, *rest = messages
    left, kept = room - 1 - len(first[1]), []
    for role, said in reversed(rest):
        if left <= 1:
            break
        said = said[-(left - 1):] if said else said
        kept.append((role, said))
        left -= 1 + len(said)
    return [first, *reversed(kept)]


def pick_with_a_loop(texts, i, shots, order):
    picked = []
    for j in order.tolist():
        if len(picked) == shots:
            break
        if texts[j] != texts[i]:
            picked.append(j)
    return picked


def pick_with_numpy(texts, i, shots, order):
    pile = np.array(texts)[order]
    return order[pile != texts[i]][:shots].tolist()


def pick_texts(texts, i, shots, order):
    return [texts[j] for j in order if texts[j] != texts[i]][:shots]


def pick_an_array(texts, i, shots, order):
    return order[np.array(texts)[order] != texts[i]][:shots]


def pick_each_text_once(texts, i, shots, order):
    seen, picked = {texts[i]}, []
    for j in order:
        if texts[j] not in seen:
            seen.add(texts[j])
            picked.append(int(j))
    return picked[:shots]


def curve_with_torch(keys, labels, queries, truth, shots, beta):
    found = []
    for n in shots:
        weights = torch.tensor(beta * queries @ keys[:n].T).softmax(dim=1).numpy()
        sums = np.stack([weights[:, labels[:n] == k].sum(axis=1)
                         for k in range(labels.max() + 1)], axis=1)
        found.append(np.mean(sums.argmax(axis=1) == truth))
    return found


def curve_by_hand(keys, labels, queries, truth, shots, beta, shift=True, mean=False):
    found = []
    for n in shots:
        scores = beta * queries @ keys[:n].T
        if shift:
            scores = scores - scores.max(axis=1, keepdims=True)
        parts = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        one_hot = labels[:n, None] == np.arange(labels.max() + 1)
        sums = parts @ one_hot
        if mean:
            sums = sums / np.maximum(1, one_hot.sum(axis=0))
        found.append(float((sums.argmax(axis=1) == truth).mean()))
    return found


WRONG = {
    "few_shot_prompt": [
        (prompt_in_place, "changed its argument examples"),
        (lambda examples, question: [f"{q} -> {a}" for q, a in examples],
         "expected a string"),
        (lambda examples, question: question, "returned 'up'      expected 'up ->'"),
        (lambda examples, question: prompt_in_a_loop(examples, question).replace(
            "->", ":"), "expected 'up ->'"),
        (lambda examples, question: prompt_in_a_loop(examples[:1], question),
         "Right on the case before"),
    ],
    "answer_score": [
        (score_naive, "scores of a thousand"),
        (score_of_the_median, "Right on the case before"),
        (lambda logits, ids, start: 0.0, "expected -0.2877"),
        (lambda logits, ids, start: logits, "expected a single number"),
        (lambda logits, ids, start: score_in_a_loop(logits, ids, start) / np.log(2),
         "returned -0.415"),
    ],
    "majority": [
        (majority_without_silence, "no answer at all"),
        (majority_over_half, "two alike"),
        (majority_of_a_set, "two alike"),
        (lambda answers: answers, "expected a string"),
        (lambda answers: answers[-1] or "", "half came to no answer"),
    ],
    "fit": [
        (fit_in_place, "changed its argument messages"),
        (fit_drops_the_system, "not even room for the system"),
        (fit_cuts_a_message, "Right on the case before"),
        (lambda messages, room: messages[:1] + messages[-1:], "length 2 instead of 1"),
        (lambda messages, room: [said for _, said in messages], "not yet"),
    ],
    "pick_examples": [
        (pick_texts, "expected a whole number"),
        (pick_an_array, "expected a list or tuple"),
        (pick_each_text_once, "Right on the case before"),
        (lambda texts, i, shots, order: [], "expected"),
    ],
    "few_shot_curve": [
        (lambda *given: curve_by_hand(*given, mean=True), "not yet"),
        (lambda *given: curve_by_hand(*given, shift=False), "a large beta"),
        (lambda *given: curve_by_hand(*given)[-1], "expected a list or tuple"),
        (lambda *given: [0.0] * len(given[4]), "returned"),
        (lambda *given: np.array(curve_by_hand(*given)), "expected a list or tuple"),
    ],
}

RIGHT = {
    "few_shot_prompt": [prompt_in_a_loop, prompt_with_lines_of_all],
    "answer_score": [score_in_a_loop, score_with_torch_inside],
    "majority": [majority_of_counter, majority_by_mode],
    "fit": [fit_from_the_longest, fit_with_pop],
    "pick_examples": [pick_with_a_loop, pick_with_numpy],
    "few_shot_curve": [curve_with_torch, lambda *given: curve_by_hand(*given)],
}
