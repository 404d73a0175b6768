"""Bench shapes, one function a family: a configuration of 50 to 100 M parameters and the changes to its picture preparation.

Everything not written here (token ids, tokenizer, template, feature layers, rope kind, …) is that of the family's reference
model in trainer-image/src/test/resources/fixtures. Ratios follow the model named in each function: width to intermediate
width, heads to key/value heads, depth of the tower to depth of the decoder, tokens a picture. Head widths are halved (64
for 128), vocabularies cut to 8192.
"""
VOCABULARY = 8192


def decoder(width, inner, heads, keys, layers, **more):
    return {"hidden_size": width, "intermediate_size": inner, "num_attention_heads": heads, "num_key_value_heads": keys,
            "num_hidden_layers": layers, "vocab_size": VOCABULARY, "max_position_embeddings": 2048, **more}


def tower(width, inner, heads, layers, image, patch, **more):
    return {"hidden_size": width, "intermediate_size": inner, "num_attention_heads": heads, "num_hidden_layers": layers,
            "image_size": image, "patch_size": patch, **more}


def squares(edge):
    return {"size": {"shortest_edge": edge}, "crop_size": {"height": edge, "width": edge}}


def llava():
    """LLaVA-1.5-7B (Vicuna, CLIP-L): 256 tokens a picture."""
    return dict(text=decoder(512, 1376, 8, 8, 16), vision=tower(256, 1024, 4, 12, 224, 14, projection_dim=256),
                top={"vocab_size": VOCABULARY, "image_seq_length": 256}, image=squares(224), picture=(256, 224))


def llava_next():
    """LLaVA-1.6-Mistral-7B: the whole picture and four tiles, 336 tokens."""
    grid = [[112, 224], [224, 112], [224, 224], [336, 112], [112, 336]]
    return dict(text=decoder(512, 1792, 8, 2, 16), vision=tower(256, 1024, 4, 12, 112, 14, projection_dim=256),
                top={"vocab_size": VOCABULARY, "image_grid_pinpoints": grid}, image={**squares(112), "image_grid_pinpoints": grid},
                picture=(224, 224))


def pixels(edge):
    return {"min_pixels": 56 * 56, "max_pixels": edge * edge}


def qwen2_vl():
    """Qwen2-VL-2B: 256 tokens a picture."""
    return dict(top={**decoder(384, 2240, 6, 1, 14, max_window_layers=14),
                     "rope_scaling": {"type": "mrope", "mrope_section": [8, 12, 12]}},
                vision={"depth": 16, "embed_dim": 320, "mlp_ratio": 4, "num_heads": 5, "hidden_size": 384},
                image=pixels(448), picture=(448, 448))


def qwen2_5_vl():
    """Qwen2.5-VL-3B: 256 tokens a picture, windows in three of four blocks."""
    return dict(top={**decoder(512, 2752, 8, 1, 12, max_window_layers=12),
                     "rope_scaling": {"type": "mrope", "mrope_section": [8, 12, 12]}},
                vision={"depth": 16, "hidden_size": 320, "intermediate_size": 856, "num_heads": 5, "out_hidden_size": 512,
                        "window_size": 112, "fullatt_block_indexes": [3, 7, 11, 15]},
                image=pixels(448), picture=(448, 448))


def qwen3_vl():
    """Qwen3-VL-2B: 256 tokens a picture, features of three blocks into the first three decoder blocks."""
    return dict(text=decoder(512, 1536, 8, 4, 14, head_dim=64,
                             rope_scaling={"mrope_interleaved": True, "mrope_section": [12, 10, 10], "rope_type": "default"}),
                vision={"depth": 12, "hidden_size": 320, "intermediate_size": 1280, "num_heads": 5, "out_hidden_size": 512,
                        "num_position_embeddings": 2304, "deepstack_visual_indexes": [2, 5, 8]},
                image={"size": {"longest_edge": 512 * 512, "shortest_edge": 64 * 64}}, picture=(512, 512))


def tiles(edge, tile):
    return {"size": {"longest_edge": edge}, "max_image_size": {"longest_edge": tile}}


def smolvlm():
    """SmolVLM-256M: nine tiles and the whole picture, 160 tokens and their marks."""
    return dict(text=decoder(576, 1536, 9, 3, 15, head_dim=64), vision=tower(384, 1536, 6, 6, 256, 16),
                top={"vocab_size": VOCABULARY, "scale_factor": 4}, image=tiles(768, 256), processor={"image_seq_len": 16},
                picture=(768, 768))


def idefics3():
    """Idefics3-8B: nine tiles and the whole picture, 160 tokens and their marks."""
    return dict(text=decoder(512, 1792, 8, 2, 16, head_dim=64), vision=tower(288, 1076, 4, 13, 112, 14),
                top={"vocab_size": VOCABULARY, "scale_factor": 2}, image=tiles(336, 112), processor={"image_seq_len": 16},
                picture=(336, 336))


def internvl():
    """InternVL3-2B: 256 tokens a picture."""
    return dict(text=decoder(384, 2240, 6, 1, 14), vision=tower(256, 1024, 4, 12, [448, 448], [14, 14]),
                top={"image_seq_length": 256}, image={"size": {"height": 448, "width": 448}}, processor={"image_seq_length": 256},
                picture=(448, 448))


def gemma3():
    """Gemma 3 4B (heads of 48: its heads are narrower than its width, too): 256 tokens, one full-attention block in six."""
    kinds = ["full_attention" if (layer + 1) % 6 == 0 else "sliding_attention" for layer in range(14)]
    return dict(text=decoder(512, 2048, 8, 4, 14, head_dim=48, query_pre_attn_scalar=48, sliding_window=128, layer_types=kinds),
                vision=tower(288, 1076, 4, 13, 448, 14), top={"mm_tokens_per_image": 256},
                image={"size": {"height": 448, "width": 448}, "image_seq_length": 256}, processor={"image_seq_length": 256},
                picture=(448, 448))


FAMILIES = {made.__name__: made for made in (llava, llava_next, qwen2_vl, qwen2_5_vl, qwen3_vl, smolvlm, idefics3, internvl,
                                             gemma3)}
