"""Answers to 14_instruction_tuning: wrong ones the checks do not know; right ones."""

import numpy as np
import torch
from torch.nn import functional as F

MARKS = {"<system>": 256, "<user>": 257, "<assistant>": 258, "<end>": 259}


def mask_as_a_list(ids, assistant, end):
    mask, speaks = [], False
    for token in ids:
        mask.append(speaks)
        speaks = token == assistant or (speaks and token != end)
    return mask


def mask_by_counting(ids, assistant, end):
    """The last mark before a token says who speaks; an end mark says nobody."""
    last, mask = 0, np.zeros(len(ids), bool)
    for i in range(1, len(ids)):
        if ids[i - 1] in (assistant, end):
            last = ids[i - 1]
        mask[i] = last == assistant
    return mask


def mask_vectorised(ids, assistant, end):
    place = np.arange(len(ids))
    opened = np.maximum.accumulate(np.where(ids == assistant, place, -1))
    closed = np.maximum.accumulate(np.where(ids == end, place, -1))
    return np.concatenate([[False], (opened > closed)[:-1]])


def mask_until_the_user(ids, assistant, end):
    mask, speaks = np.zeros(len(ids), bool), False
    for i, token in enumerate(ids):
        mask[i] = speaks
        speaks = token == assistant or (speaks and token != 1)
    return mask


def mask_from_the_first_mark(ids, assistant, end):
    """Stops where nobody answers; later marks count, too."""
    mask = np.zeros(len(ids), bool)
    mask[list(ids).index(assistant) + 1:] = True
    return mask


def mask_in_place(ids, assistant, end):
    right = mask_vectorised(ids, assistant, end)
    ids[~right] = -100
    return right


def mask_with_marks_of_its_own(ids, assistant, end):
    return mask_vectorised(ids, 2, 3)


def template(messages, text=str.encode, last=("<assistant>",)):
    ids = []
    for who, said in messages:
        ids += [MARKS[f"<{who}>"], *text(said), MARKS["<end>"]]
    return ids + [MARKS[mark] for mark in last]


def template_escaped(messages):
    return template(messages, lambda said: said.replace("<", "&lt;").encode())


def template_system_first(messages):
    return template(sorted(messages, key=lambda message: message[0] != "system"))


def template_recursive(messages):
    if not messages:
        return [258]
    (who, said), *rest = messages
    return [MARKS[f"<{who}>"]] + list(said.encode()) + [259] + template_recursive(rest)


def template_from_joined_bytes(messages):
    return [i for who, said in messages
            for i in (MARKS["<" + who + ">"], *bytearray(said, "utf-8"), 259)] + [258]


def template_without_empty_turns(messages):
    return template([message for message in messages if message[1]])


def template_merging(messages):
    """The assistant's turn goes on where it has just spoken."""
    ids = template(messages)
    return ids[:-2] if messages and messages[-1][0] == "assistant" else ids


def lora_merged(x, W, A, B, alpha):
    return x @ (W + alpha / A.shape[0] * B @ A).T


def lora_by_einsum(x, W, A, B, alpha):
    return (np.einsum("bi,oi->bo", x, W)
            + np.einsum("bi,ri,or->bo", x, A, B) * alpha / B.shape[1])


def lora_in_place(x, W, A, B, alpha):
    W += alpha / len(A) * B @ A
    return x @ W.T


def count_by_numpy(shapes, chosen, rank):
    resting = sum(int(np.prod(shape)) for shape in shapes.values())
    learning = sum(rank * n for name, shape in shapes.items()
                   if name.rpartition(".")[2] in set(chosen) for n in shape)
    return learning, resting + learning


def count_in_a_loop(shapes, chosen, rank):
    numbers = [0, 0]
    for name, (n_out, n_in) in shapes.items():
        numbers[1] += n_out * n_in
        for end in chosen:
            if name == end or name.endswith("." + end):
                numbers[0] += rank * n_in + rank * n_out
    return numbers[0], sum(numbers)


def count_by_second_part(shapes, chosen, rank):
    learning = sum(rank * sum(shape) for name, shape in shapes.items()
                   if name.split(".")[1] in chosen)
    return learning, sum(o * i for o, i in shapes.values()) + learning


def count_only_the_first_chosen(shapes, chosen, rank):
    return count_by_numpy(shapes, chosen[:1], rank)


def count_with_biases(shapes, chosen, rank):
    learning, total = count_by_numpy(shapes, chosen, rank)
    biases = sum(shape[0] for name, shape in shapes.items()
                 if name.split(".")[-1] in chosen)
    return learning + biases, total + biases


def surprise(logits, ids):
    logs = logits[:, :-1].log_softmax(dim=-1)
    return -logs.gather(2, ids[:, 1:, None])[..., 0]


def loss_by_ignored_labels(logits, ids, asked):
    labels = ids.clone()
    for row, n in zip(labels, asked.tolist(), strict=True):
        row[:n] = -100
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())


def loss_by_weights(logits, ids, asked):
    weight = (torch.arange(1, ids.shape[1]) >= asked[:, None]).to(logits.dtype)
    return (surprise(logits, ids) * weight).sum() / weight.sum()


def loss_labels_spoilt(logits, ids, asked):
    for row, n in zip(ids, asked.tolist(), strict=True):
        row[:n] = -100
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())


def loss_of_probabilities(logits, ids, asked):
    return loss_by_weights(logits.softmax(-1), ids, asked)


def loss_two_places_on(logits, ids, asked):
    return loss_by_weights(logits.roll(1, dims=1), ids, asked)


WRONG = {
    "answer_mask": [
        (mask_as_a_list, "expected a NumPy array"),
        (mask_until_the_user, "returned"),
        (mask_from_the_first_mark, "Once it has spoken"),
        (mask_in_place, "changed its argument ids"),
        (mask_with_marks_of_its_own, "other marks"),
        (lambda ids, assistant, end: np.zeros(len(ids), bool), "expected"),
    ],
    "chat_template": [
        (template_escaped, "hostile"),
        (template_system_first, "the system speaks later"),
        (template_without_empty_turns, "says nothing"),
        (template_merging, "a mark in an answer"),
        (lambda messages: np.array(template(messages)), "expected a list"),
        (lambda messages: [259, *template(messages)], "returned [259"),
    ],
    "lora": [
        (lora_in_place, "changed its argument W"),
        (lambda x, W, A, B, alpha: x @ W.T + alpha / len(A) * (x @ B) @ A,
         "Which shapes"),
        (lambda x, W, A, B, alpha: lora_merged(x, W, A, B, alpha * len(A) / len(x)),
         "A has two equal rows"),
        (lambda x, W, A, B, alpha: lora_merged(x, W, A, B, alpha).round(2),
         "Right on the case before"),
        (lambda x, W, A, B, alpha: x @ W.T + alpha // len(A) * x @ A.T @ B.T,
         "Where is the detour"),
        (lambda x, W, A, B, alpha: x @ W + alpha / len(A) * (x @ A.T) @ B.T,
         "Which shapes"),
    ],
    "count": [
        (count_by_second_part, "stopped with IndexError"),
        (count_only_the_first_chosen, "Right on the case before"),
        (count_with_biases, "returned (14, 38)"),
        (lambda shapes, chosen, rank: sum(count_by_numpy(shapes, chosen, rank)),
         "returned 44"),
        (lambda shapes, chosen, rank: (rank, 2 * rank), "expected (10, 34)"),
    ],
    "answer_loss": [
        (loss_labels_spoilt, "changed its argument ids"),
        (loss_of_probabilities, "expected"),
        (loss_two_places_on, "expected"),
        (lambda z, ids, asked: loss_by_weights(z, ids, asked).item(),
         "expected a torch tensor"),
        (lambda z, ids, asked: loss_by_weights(z, ids, asked).exp(), "expected"),
    ],
    "my_theme": [
        (lambda: "竹林", "which two does the docstring ask for"),
        (lambda: ("竹林", "竹筠"), "eight different characters"),
        (lambda: ("秋雁", "月桂蟾娥皓魄霜、"), "characters that the poet knows"),
        (lambda: ("饮酒", "酒醉杯樽酌饮酣醒"), "the school had already"),
        (lambda: ("秋", "月桂蟾娥皓魄霜砧"), "How long is a wish"),
    ],
}

RIGHT = {
    "answer_mask": [mask_vectorised, mask_by_counting],
    "chat_template": [template_recursive, template_from_joined_bytes],
    "lora": [lora_merged, lora_by_einsum],
    "count": [count_by_numpy, count_in_a_loop],
    "answer_loss": [loss_by_ignored_labels, loss_by_weights],
    "my_theme": [lambda: ("明月", "月桂蟾娥皓魄魂晖"),
                 lambda: ("竹林", "竹筠笋篁林箨梢叶")],
}
