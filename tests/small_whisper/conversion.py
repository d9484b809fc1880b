"""An official Whisper checkpoint as CTranslate2 reads it: int8 weights, vocabulary, tokenizer, in one folder."""

from pathlib import Path

import tokenizers
import torch
import whisper
from whisper.tokenizer import Tokenizer, get_tokenizer

RENAMED = (  # OpenAI's names, and those of transformers, from which CTranslate2 converts
    (".blocks.", ".layers."),
    (".cross_attn_ln.", ".encoder_attn_layer_norm."),
    (".attn_ln.", ".self_attn_layer_norm."),
    (".mlp_ln.", ".final_layer_norm."),
    (".cross_attn.", ".encoder_attn."),
    (".attn.", ".self_attn."),
    (".query.", ".q_proj."),
    (".key.", ".k_proj."),
    (".value.", ".v_proj."),
    (".out.", ".out_proj."),
    (".mlp.0.", ".fc1."),
    (".mlp.2.", ".fc2."),
    (".ln_post.", ".layer_norm."),
    (".ln.", ".layer_norm."),
    (".positional_embedding", ".embed_positions.weight"),
    (".token_embedding.", ".embed_tokens."),
)


def convert(checkpoint: Path, folder: Path) -> Path:
    """Write a multilingual checkpoint into ``folder`` as int8; returns the folder."""
    from ctranslate2.converters.transformers import WhisperLoader
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    dims = content["dims"]
    config = WhisperConfig(
        vocab_size=dims["n_vocab"],
        num_mel_bins=dims["n_mels"],
        d_model=dims["n_audio_state"],
        encoder_layers=dims["n_audio_layer"],
        encoder_attention_heads=dims["n_audio_head"],
        decoder_layers=dims["n_text_layer"],
        decoder_attention_heads=dims["n_text_head"],
        encoder_ffn_dim=4 * dims["n_audio_state"],
        decoder_ffn_dim=4 * dims["n_text_state"],
    )
    model = WhisperForConditionalGeneration(config).eval()
    state = {f"model.{renamed(name)}": value.float() for name, value in content["model_state_dict"].items()}
    state["proj_out.weight"] = state["model.decoder.embed_tokens.weight"]
    model.load_state_dict(state)
    vocabulary = get_tokenizer(True, num_languages=99)
    model.generation_config.lang_to_id = dict(enumerate(vocabulary.all_language_tokens))
    model.generation_config.suppress_tokens = list(vocabulary.non_speech_tokens)
    model.generation_config.begin_suppress_tokens = [*vocabulary.encode(" "), vocabulary.eot]
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokens_of(vocabulary)
    tokenizer.save(str(folder / "tokenizer.json"))
    spec = WhisperLoader()(model, tokenizer)
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    return folder


def renamed(name: str) -> str:
    """Name a weight as transformers does."""
    for ours, theirs in RENAMED:
        name = name.replace(ours, theirs)
    return name


def tokens_of(vocabulary: Tokenizer) -> tokenizers.Tokenizer:
    """The official vocabulary, without the time stamps that the converter adds itself, for the tokenizers library."""
    from transformers.convert_slow_tokenizer import TikTokenConverter

    ranks = Path(whisper.__file__).parent / "assets" / "multilingual.tiktoken"
    special = [vocabulary.decode([number]) for number in range(vocabulary.eot, vocabulary.timestamp_begin)]
    found = TikTokenConverter(str(ranks), extra_special_tokens=special).converted()
    found.bos_token = found.eos_token = found.unk_token = "<|endoftext|>"
    return found
