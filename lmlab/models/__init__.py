"""Models, built from their parts: attention, blocks, GPT, BERT, T5, LLaMA, ViT."""
