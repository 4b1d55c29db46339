"""What lmlab.models.counting and lmlab.models.shapes promise."""

from dataclasses import replace

import pytest
import torch

from lmlab.models.bert import BERT, BERTConfig
from lmlab.models.counting import active_parameters, count_parameters
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.models.llama import LLaMA, LLaMAConfig
from lmlab.models.shapes import SHAPES
from lmlab.models.t5 import T5, T5Config
from lmlab.models.vit import ViT, ViTConfig

MODELS = {
    GPTConfig: GPT,
    BERTConfig: BERT,
    T5Config: T5,
    LLaMAConfig: LLaMA,
    ViTConfig: ViT,
}

TOTALS = {  # and what their authors print
    "BERT-base": (109_482_240, "110M"),
    "BERT-large": (335_141_888, "340M"),
    "GPT-1": (116_534_784, "117M"),
    "GPT-2 small": (124_439_808, "124M"),
    "GPT-2 medium": (354_823_168, "355M"),
    "GPT-2 large": (774_030_080, "774M"),
    "GPT-2 XL": (1_557_611_200, "1558M"),
    "GPT-3 Small": (125_226_240, "125M"),
    "GPT-3 Medium": (355_871_744, "350M"),
    "GPT-3 Large": (760_300_032, "760M"),
    "GPT-3 XL": (1_315_723_264, "1.3B"),
    "GPT-3 2.7B": (2_651_553_280, "2.7B"),
    "GPT-3 6.7B": (6_658_404_352, "6.7B"),
    "GPT-3 13B": (12_936_488_380, "13B"),
    "GPT-3 175B": (174_604_259_328, "175B"),
    "T5-small": (60_506_624, "60M"),
    "T5-base": (222_903_552, "220M"),
    "T5-large": (737_668_096, "770M"),
    "T5-3B": (2_851_598_336, "3B"),
    "T5-11B": (11_307_321_344, "11B"),
    "LLaMA-1 7B": (6_738_415_616, "6.7B"),
    "LLaMA-1 13B": (13_015_864_320, "13.0B"),
    "LLaMA-1 33B": (32_528_943_616, "32.5B"),
    "LLaMA-1 65B": (65_285_660_672, "65.2B"),
    "LLaMA-2 7B": (6_738_415_616, "7B"),
    "LLaMA-2 13B": (13_015_864_320, "13B"),
    "LLaMA-2 70B": (68_976_648_192, "70B"),
    "LLaMA-3 8B": (8_030_261_248, "8B"),
    "LLaMA-3 70B": (70_553_706_496, "70B"),
    "Qwen2-0.5B": (494_032_768, "0.49B"),
    "Qwen2-1.5B": (1_543_714_304, "1.54B"),
    "Qwen2-7B": (7_615_616_512, "7.6B"),
    "Qwen2-57B-A14B": (57_408_658_944, "57.41B"),
    "Qwen2-72B": (72_706_203_648, "72.71B"),
    "ChatGLM-6B": (6_173_286_400, "6.2B"),
    "GLM-4-9B": (9_399_951_360, "9.4B"),
    "Baichuan-7B": (7_000_559_616, "7000559616"),
    "Baichuan-13B": (13_264_901_120, "13264901120"),
    "Baichuan2-7B": (7_505_973_248, "7.5B"),
    "Baichuan2-13B": (13_896_668_160, "13.9B"),
    "CPM-Bee": (9_616_080_896, "10B"),
    "Yi-34B": (34_388_917_248, "34B"),
    "PaLM 8B": (8_632_012_800, "8.63B"),
    "PaLM 62B": (62_495_662_080, "62.50B"),
    "PaLM 540B": (540_356_474_880, "540.35B"),
    "ERNIE 3.0 Titan": (261_425_528_832, "260B"),
    "ViT-B/16": (86_567_656, "86M"),
    "ViT-L/16": (304_326_632, "307M"),
    "ViT-H/14": (632_045_800, "632M"),
}


def built(config) -> int:
    with torch.device("meta"):  # shapes only, no memory
        model = MODELS[type(config)](config)
    return sum(weight.numel() for weight in model.parameters())


def test_known_models_have_the_size_their_authors_print():
    assert TOTALS.keys() == SHAPES.keys()
    for name, (total, printed) in TOTALS.items():
        assert count_parameters(SHAPES[name]) == total, name
        number = float(printed.rstrip("MB"))
        number *= {"M": 1e6, "B": 1e9}.get(printed[-1], 1)
        assert total == pytest.approx(number, rel=0.05), name


def test_variants_that_the_papers_mention():
    bert = replace(SHAPES["BERT-large"], masked_lm=True)
    assert count_parameters(bert) == 336_224_058
    assert (
        count_parameters(replace(SHAPES["GPT-3 13B"], d_model=5120)) == 12_853_386_240
    )
    mistaken = replace(SHAPES["GPT-3 XL"], n_heads=24)
    assert count_parameters(mistaken) == pytest.approx(1.5e9, rel=0.02)
    assert active_parameters(SHAPES["Qwen2-57B-A14B"]) == 14_249_270_784


@pytest.mark.parametrize("name", TOTALS)
def test_known_models_built_on_no_memory_have_this_size(name):
    two_layers = replace(SHAPES[name], n_layers=2)
    assert built(two_layers) == count_parameters(two_layers)


@pytest.mark.parametrize(
    "config",
    [
        GPTConfig(7, 5, 8, 3, 2),
        GPTConfig(7, 5, 8, 3, 2, 6, 11, norm_first=False, places=False),
        BERTConfig(7, 5, 8, 3, 2),
        BERTConfig(7, 5, 8, 3, 2, d_ff=11, n_segments=3, masked_lm=False),
        T5Config(7, 8, 3, 2),
        T5Config(7, 8, 3, 2, d_head=5, d_ff=11, n_buckets=6),
        LLaMAConfig(7, 5, 8, 3, 4),
        LLaMAConfig(7, 5, 8, 3, 4, n_kv_heads=2, d_head=6, d_ff=11, tied=True),
        LLaMAConfig(7, 5, 8, 3, 4, qkv_bias=True, n_kv_heads=1, parallel=True),
        ViTConfig(12, 4, 2, 5, 8, 3, 2, d_ff=11),
        LLaMAConfig(7, 5, 8, 3, 4, n_buckets=4),
        LLaMAConfig(7, 5, 8, 3, 4, alibi=True, n_experts=3, top_k=2, d_shared=9),
    ],
)
def test_the_count_is_what_the_built_model_has(config):
    assert built(config) == count_parameters(config)


def test_only_the_chosen_experts_are_active():
    config = LLaMAConfig(7, 5, 8, 3, 4, d_ff=10, n_experts=6, top_k=2, d_shared=9)
    idle = 3 * 4 * (3 * 8 * 10)  # layers, experts, their weights
    assert active_parameters(config) == count_parameters(config) - idle
    without = replace(config, n_experts=0, top_k=0, d_shared=0)
    assert active_parameters(without) == count_parameters(without)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: count_parameters(7), "config must be a GPTConfig.*got int"),
        (
            lambda: active_parameters(GPTConfig(7, 5)),
            "config must be a LLaMAConfig: got GPTConfig",
        ),
    ],
)
def test_other_things_cannot_be_counted(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (GPTConfig(7, 5, 8, 2, 3), "n_heads must divide d_model: got n_heads 3 and"),
        (BERTConfig(7, 5, 8, 2, 3), "n_heads must divide d_model: got n_heads 3 and"),
        (T5Config(7, 8, 2, 3), "n_heads must divide d_model: got n_heads 3 and"),
        (T5Config(7, 8, 2, 0, d_head=4), "n_heads: got .*n_heads 0|got n_heads 0"),
        (LLaMAConfig(7, 5, 8, 2, 3), "n_heads must divide d_model: got n_heads 3 and"),
        (LLaMAConfig(7, 5, 8, 2, 4, 3), "n_kv_heads must .* got n_kv_heads 3 and n"),
        (ViTConfig(12, 4, 1, 5, 8, 2, 3), "n_heads must divide d_model: got n_heads 3"),
        (ViTConfig(12, 5, 1, 5), "patch must divide image: got patch 5 and image 12"),
    ],
)
def test_what_cannot_be_built_cannot_be_counted(config, words):
    for impossible in (built, count_parameters):
        with pytest.raises(ValueError, match=words):
            impossible(config)
