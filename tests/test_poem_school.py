"""What the poem school promises about its texts and its measures."""

import math
from math import isclose

import numpy as np
import pytest
import torch
from torch import nn

from lmlab.feedback.preference import pair_loss
from lmlab.feedback.reward import RewardModel
from lmlab.learning.lora import trained_parameters
from lmlab.models.llama import LLaMA, LLaMAConfig
from lmlab.poem_school import figures, judges, measure, stages, text
from lmlab.text import poems

QUIET_NIGHT = ("床前明月光", "疑是地上霜", "举头望明月", "低头思故乡")


class Parrot(nn.Module):
    """A decoder that has one text by heart: the next token of wherever it stands."""

    def __init__(self, row):
        super().__init__()
        self.config = LLaMAConfig(vocab_size=text.tokenizer().vocab_size, context=48)
        self.after = {tuple(row[:i]): row[i] for i in range(1, len(row))}
        self.weight = nn.Parameter(torch.zeros(()))

    def new_cache(self, batch, length):
        return None

    def forward(self, ids, cache=None, keep=None):
        logits = torch.zeros(*ids.shape, self.config.vocab_size)
        for b, row in enumerate(ids.tolist()):
            known = row if keep is None else [
                i for i, kept in zip(row, keep[b].tolist(), strict=True) if kept]
            logits[b, -1, self.after.get(tuple(known), 0)] = 30.0
        return logits


def test_a_row_is_a_poem_between_its_marks():
    [row] = text.rows([QUIET_NIGHT]).tolist()
    assert len(row) == 25
    assert text.tokenizer().decode(row) == "<poem>" + "\n".join(QUIET_NIGHT) + "<end>"
    assert text.lines_of(row[1:-1]) == QUIET_NIGHT


def test_a_prompt_is_how_a_row_begins():
    [row] = text.rows([QUIET_NIGHT]).tolist()
    assert row[:13] == text.prompt(lines=QUIET_NIGHT[:2])
    [request] = text.rows([QUIET_NIGHT], start="飞雪：").tolist()
    assert request[:3] == text.prompt("飞雪：") and request[3:] == row[1:]


def test_what_is_kept_back_lies_on_no_other_shelf():
    shelves = text.shelves()
    lines = {name: {line for lines in shelf for line in lines}
             for name, shelf in shelves.items()}
    for kept in ("trial", "test"):
        assert len(shelves[kept]) > 600
        assert not lines[kept] & lines["tang300"]
        assert not {tuple(q) for q in shelves[kept]} & {
            tuple(q) for q in shelves["train"]}
    assert not {tuple(q) for q in shelves["trial"]} & {
        tuple(q) for q in shelves["test"]}
    assert len(shelves["tang300"]) == 221
    assert len(set(shelves["tang300"]) & set(shelves["train"])) == 129


def test_the_themes_on_which_settings_were_chosen_are_others():
    assert not set(text.REQUESTS) & set(text.TRIALS)
    for themes in (text.REQUESTS, text.TRIALS):
        shares = [sum(text.on_theme(q, c) for q in text.shelves()["train"])
                  / len(text.shelves()["train"]) for c in themes.values()]
        assert 0.08 < sum(shares) / len(shares) < 0.12
        assert all(len(theme) == 2 and len(set(c)) == 8 for theme, c in themes.items())


def test_a_teacher_shows_poems_in_tone_that_name_the_theme_at_once():
    for theme, shown in text.lessons(text.REQUESTS).items():
        assert len(shown) > 100
        for lines in shown:
            assert poems.tonal(lines)
            assert set(lines[0]) & set(text.REQUESTS[theme])


def test_only_a_whole_poem_is_on_a_theme():
    snow = text.REQUESTS["飞雪"]
    river_snow = ("千山鸟飞绝", "万径人踪灭", "孤舟蓑笠翁", "独钓寒江雪")
    assert text.on_theme(river_snow, snow)
    assert not text.on_theme(river_snow[2:], snow)
    assert not text.on_theme(QUIET_NIGHT, "雪")


def test_a_parrot_recites_what_it_has_by_heart_and_nothing_else():
    [row] = text.rows([QUIET_NIGHT]).tolist()
    parrot = Parrot(row)
    other = ("白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼")
    assert measure.recites(parrot, [QUIET_NIGHT]) == 1
    assert measure.recites(parrot, [QUIET_NIGHT, other]) == 0.5
    assert measure.write(parrot, ["<poem>"] * 3) == [QUIET_NIGHT] * 3


def test_craft_counts_what_a_reader_would():
    rhymed = ("白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼")
    counted = measure.craft([rhymed, rhymed, QUIET_NIGHT, ("未完",)])
    assert counted["formed"] == 0.75
    assert counted["tonal"] == 2 / 4 + poems.tonal(QUIET_NIGHT) / 4
    assert counted["rhyming"] == 2 / 4 + poems.rhymes(QUIET_NIGHT) / 4
    assert counted["repeats"] == (0 + 0 + poems.repeats(QUIET_NIGHT)) / 3
    assert round(counted["endings"], 9) == 2


def test_endings_do_not_grow_with_the_number_of_poems():
    assert measure.endings(["春"] * 500) == 1
    assert round(measure.endings(list("春风花草")), 9) == 4
    assert measure.endings([]) == 0
    last = [chr(0x4E00 + k) for k in range(800)]
    assert isclose(measure.endings(last), 100, abs_tol=0.2)
    last = [last[k // 4] for k in range(800)]  # 200 different ones, four times each
    rng = np.random.default_rng(0)
    drawn = [len(set(rng.permutation(last)[:100])) for _ in range(400)]
    assert abs(measure.endings(last) - np.mean(drawn)) < 0.5


def test_a_model_that_knows_nothing_is_surprised_by_the_whole_alphabet():
    torch.manual_seed(0)
    size = text.tokenizer().vocab_size
    model = LLaMA(LLaMAConfig(size, context=48, d_model=8, n_layers=1, n_heads=1))
    nn.init.zeros_(model.vocabulary.weight)
    nats = measure.surprise(model, text.shelves()["trial"][:10])
    assert abs(nats - torch.tensor(float(size)).log().item()) < 1e-5


def test_the_classics_are_learned_whole_and_from_their_second_couplet():
    table = stages.by_heart()
    decoded = [text.tokenizer().decode(row) for row in table.tolist()]
    assert len(decoded) == 3 * 221
    assert decoded[:221] == decoded[221:442]
    assert any("举头望明月" in row for row in decoded[:221])
    assert "举头望明月\n低头思故乡" + "<end>" * 14 in decoded[442:]


def test_couplets_end_in_the_second_and_fourth_line():
    ids = stages.by_heart()
    ends = text.couplet_ends(ids)
    assert ends.sum(dim=1).tolist() == [2] * 442 + [1] * 221
    quiet = text.tokenizer().decode(text.rows([QUIET_NIGHT])[0].tolist())
    whole = [i for i, row in enumerate(ids.tolist())
             if text.tokenizer().decode(row) == quiet]
    for i in whole:
        assert text.tokenizer().decode(ids[i][ends[i]].tolist()) == "霜乡"
    rest = ids[442 + whole[0]][ends[442 + whole[0]]].tolist()
    assert text.tokenizer().decode(rest) == "乡"


def test_who_reads_aloud_weighs_rhymes_threefold():
    model = stages.newborn(0)
    row = text.rows([QUIET_NIGHT])
    with torch.no_grad():
        nats = nn.functional.cross_entropy(
            model(row)[0, :-1], row[0, 1:], reduction="none")
        weights = torch.ones(24)
        weights[[10, 22]] = 3  # 霜, 乡
        assert torch.isclose(stages.aloud(model, (row, False)), nats.mean())
        assert torch.isclose(
            stages.aloud(model, (row, True)), (weights * nats).sum() / 24)


def test_a_short_education_teaches_something():
    base, reading = stages.read(0, steps=12)
    assert 0.9e6 < sum(w.numel() for w in base.parameters()) < 1.1e6
    assert reading.loss[-1] < reading.loss[0] - 1
    before = {name: w.clone() for name, w in base.state_dict().items()}
    whole, _ = stages.instruct(base, 0, steps=8)
    light, _ = stages.instruct(base, 0, steps=3, rank=4)
    snow = text.rows(text.lessons(text.REQUESTS)["飞雪"][:64], start="飞雪：")
    assert stages.answer_loss(whole, snow) < stages.answer_loss(base, snow)
    few, _ = trained_parameters(light)
    assert few < 0.06 * trained_parameters(whole)[0]
    assert all(w.equal(before[name]) for name, w in base.state_dict().items())


def test_the_request_itself_is_not_learned():
    torch.manual_seed(0)
    model = stages.newborn(0)
    [row] = text.rows([QUIET_NIGHT], start="飞雪：")
    other = row.clone()[None]
    loss = stages.answer_loss(model, row[None])
    logits = model(other)[:, 2:-1].flatten(0, 1)
    assert torch.allclose(loss, nn.functional.cross_entropy(logits, row[3:]))


SNOW = ("千山鸟飞绝", "万径人踪灭", "孤舟蓑笠翁", "独钓寒江雪")
TOWER = ("白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼")


def test_the_teacher_grades_what_she_says():
    snow = text.REQUESTS["飞雪"]
    assert judges.grade(TOWER, snow) == 1.5 + 1
    frost = 2 * 1  # 霜
    rest = 1.5 * poems.tonal(QUIET_NIGHT) + poems.rhymes(QUIET_NIGHT) - 0.5 * 3
    assert judges.grade(QUIET_NIGHT, snow) == frost + rest  # 明, 月 and 头 come twice


def test_a_teacher_who_does_not_err_prefers_the_better_grade():
    themes = {theme: text.REQUESTS[theme] for theme in ("飞雪", "春天")}
    shelf = text.shelves()["train"]
    written = {"飞雪": [*shelf[:60], ("未完",)], "春天": shelf[60:120]}

    def grades(rows):
        out = []
        for row in rows.tolist():
            theme = text.tokenizer().decode(row[:2])
            out.append(judges.grade(text.lines_of(row[3:-1]), themes[theme]))
        return np.array(out)

    better, worse = judges.comparisons(written, themes, 200, seed=0, errs=False)
    assert better.shape == worse.shape == (200, 27)
    assert (better[:, :3] == worse[:, :3]).all()
    assert (grades(better) > grades(worse)).all()
    erring = judges.comparisons(written, themes, 400, seed=0)
    lead = grades(erring[0]) - grades(erring[1])
    expected = (1 / (1 + np.exp(-abs(lead)))).mean()
    assert 0.6 < expected < 0.95 and (lead != 0).all()
    assert abs((lead > 0).mean() - expected) < 0.06
    again = judges.comparisons(written, themes, 400, seed=0)
    assert all(a.equal(b) for a, b in zip(erring, again, strict=True))


def test_a_poem_stands_under_its_own_request_and_under_another():
    themes = {theme: text.REQUESTS[theme] for theme in ("飞雪", "春天", "求仙")}
    better, worse = judges.obvious(themes, 60, seed=0)
    assert better.shape == worse.shape == (60, 27)
    assert better[:, 3:].equal(worse[:, 3:])
    known = text.lessons(themes)
    asked = set()
    for right, wrong in zip(better.tolist(), worse.tolist(), strict=True):
        theme, other = (text.tokenizer().decode(row[:2]) for row in (right, wrong))
        assert other in themes and other != theme
        asked.add(theme)
        lines = sorted(text.lines_of(right[3:-1]))
        assert any(lines == sorted(shown) for shown in known[theme])
    assert asked == set(themes)


def test_a_teacher_needs_something_to_choose_between():
    with pytest.raises(ValueError, match="written must .* got 1 grades on 飞雪"):
        judges.comparisons({"飞雪": [SNOW, SNOW, ("未完",)]}, text.REQUESTS, 5, seed=0)


def ids(*poems_):
    return [text.prompt("", lines)[:-1] for lines in poems_]


def test_rules_pay_for_tone_and_rhyme_and_charge_for_what_always_works():
    [tower] = judges.by_rules([[]], ids(TOWER))
    assert isclose(tower, 0.7 + 1.4)  # nothing twice, and endings that came once
    [one, other] = judges.by_rules([[]] * 2, ids(TOWER, TOWER))
    assert one == other and isclose(one, 2.1 - 0.3 * math.log(2 * 2))
    itself = (TOWER[0], "黄河入海楼", *TOWER[2:])
    [rhymes_with_itself] = judges.by_rules([[]], ids(itself))
    assert isclose(rhymes_with_itself, 0.7 - 0.15 - 0.3 * math.log(2 * 2))
    assert judges.by_rules([[]] * 2, [*ids(TOWER[:3]), []]) == [-1, -1]


def test_a_ranker_judges_the_answer_without_its_padding():
    torch.manual_seed(0)
    ranker = RewardModel(stages.newborn(0), pool="mean", dropout=0.5)
    nn.init.normal_(ranker.head.weight)
    request = text.prompt("飞雪：")
    answers = ids(TOWER, TOWER[:2])
    together = judges.by_ranker(ranker)([request] * 2, answers)
    alone = [judges.by_ranker(ranker)([request], [answer])[0] for answer in answers]
    assert np.allclose(together, alone, atol=1e-5)
    with torch.no_grad():
        whole = ranker.eval()(text.rows([TOWER], "飞雪："))
    assert np.allclose(together[0], whole.item(), atol=1e-5)


@pytest.mark.parametrize("use, said", [
    (lambda model: text.rows([]), "quatrains must be some, .* got none"),
    (lambda model: text.rows([TOWER, TOWER[:2]]), r"one length: got \[13, 25\]"),
    (lambda model: text.prompt("飞雪:"), "characters of the alphabet: got ':'"),
    (lambda model: measure.write(model, []), r"starts must be .* got \[\]"),
    (lambda model: measure.write(model, "飞雪："), "starts must be a list .* '飞雪：'"),
    (lambda model: measure.craft([]), "written must .* at least one poem: got none"),
    (lambda model: measure.surprise(model, []), "quatrains must be some"),
    (lambda model: measure.obeys(model, {}), "themes and each must .* got 0 and 60"),
    (lambda model: measure.obeys(model, text.TRIALS, 0), "got 8 and 0"),
    (lambda model: judges.comparisons({}, {}, 3, 0), "written must .* got no theme"),
    (lambda model: judges.comparisons({"飞雪": [TOWER]}, {}, 3, 0),
     "themes must have each theme of written: 飞雪 is not there"),
    (lambda model: judges.comparisons({}, {}, 0, 0), "n must be at least 1: got 0"),
    (lambda model: stages.instruct(model, 0, {}), "themes must .* got none"),
    (lambda model: stages.instruct(model, 0, {"飞雪": "q"}), "to show: got 飞雪"),
    (lambda model: stages.instruct(model, 0, {"雪": "雪"}), "two characters.* got 雪"),
    (lambda model: judges.obvious({"飞雪": "雪"}, 3, 0), "two or more: got 3 and 1"),
    (lambda model: judges.obvious({"飞雪": "雪", "春天": "q"}, 3, 0),
     "poems on each to show: got 春天"),
    (lambda model: stages.rank(model, [text.rows([TOWER])] * 2, (), 0),
     "obvious must hold 16 pairs or more: got 1"),
    (lambda model: stages.rank(
        model, [text.rows([TOWER] * 16)] * 2, [text.rows([TOWER] * 15)] * 2, 0),
     "asked must hold 16 pairs or more: got 15"),
    (lambda model: stages.sharper(model, 0), "temperature must be .* got 0"),
    (lambda model: figures.as_table([], []), "seeds and measured must .* 0 and 0"),
    (lambda model: figures.as_table([0, 1], [{}]), "got 2 and 1"),
])
def test_what_the_school_cannot_use_is_named(use, said):
    with pytest.raises(ValueError, match=said):
        use(stages.newborn(0))


def test_a_ranker_can_learn_from_a_few_pairs():
    shelf = text.shelves()["train"][:80]
    pairs = judges.comparisons({"飞雪": shelf}, text.REQUESTS, 40, seed=0)
    obvious = judges.obvious(text.REQUESTS, 16, seed=0)
    base = stages.newborn(0)
    ranker, history = stages.rank(base, obvious, pairs, 0)
    assert len(history.loss) == 2  # of 40 pairs, 16 at a time
    alone = RewardModel(base, pool="mean")  # all its scores are 0
    assert isclose(pair_loss(*map(alone, pairs)).item(), math.log(2), abs_tol=1e-6)
    assert not isclose(history.loss[0], math.log(2), abs_tol=1e-4)  # has learned before
    assert ranker.head.weight.abs().max() > 0


def test_a_sharper_poet_writes_as_the_poet_does_when_it_is_colder():
    poet = stages.newborn(3)
    ids = text.rows([TOWER])
    with torch.no_grad():
        assert torch.allclose(
            stages.sharper(poet, 0.5)(ids), poet(ids) / 0.5, atol=1e-5)


def test_pleasing_a_judge_changes_a_copy_alone():
    poet = stages.newborn(0)
    before = [w.clone() for w in poet.parameters()]

    def likes_long(prompts, answers):
        return [len(set(answer)) for answer in answers]

    pleased, history = stages.please(
        poet, likes_long, 0, {"飞雪": ""}, steps=3, learning_rate=1e-3, beta=0)
    assert len(history["reward"]) == 3
    assert all(w.equal(b) for w, b in zip(poet.parameters(), before, strict=True))
    assert not pleased.tokens.weight.equal(poet.tokens.weight)
    unmoved, _ = stages.please(
        poet, likes_long, 0, {"飞雪": ""}, steps=1, learning_rate=0.0)
    assert unmoved.norm.weight.equal(stages.sharper(poet).norm.weight)


def test_the_table_has_a_line_for_each_figure_and_names_its_aim():
    aimed = {name: 12.345 for name in figures.AIMS}
    table = figures.as_table([0, 5], [aimed, aimed])
    assert table.splitlines()[0] == "| | poet 0 | poet 5 | aim |"
    assert "| rl: in tone, % | 12 | 12 | at least 80 |" in table
    assert "| rl: KL from sft, nats | 12.35 | 12.35 | below 12 |" in table
    assert len(table.splitlines()) == 2 + len(aimed)


def test_a_poet_is_asked_for_as_many_poems_on_each_theme(monkeypatch):
    asked = []

    def judge(prompts, answers):
        asked.extend(prompts)
        return [0.0] * len(prompts)

    monkeypatch.setattr(figures, "by_ranker", lambda ranker: judge)
    poet = stages.newborn(0)
    figures.of_poet(poet, poet, None, seed=0, each=2)
    assert asked == [text.prompt(theme + text.COLON)
                     for theme in text.REQUESTS for _ in range(2)]
