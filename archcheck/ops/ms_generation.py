"""Text generation of com.microsoft: a decoder run again and again, token by token, inside one node.

How long it runs only the data say, so that nothing is counted. The bodies are walked once with the inputs
they declare, for what they hold.
"""
from __future__ import annotations

from typing import Any

from archcheck.dims import Size
from archcheck.graph import TensorType
from archcheck.ops._fusion import ms
from archcheck.ops._op import Effect, Unknown, result, unknown_size
from archcheck.values import sizes


@ms("GreedySearch", dtypes=("int32",))
def greedy_search(input_ids, max_length, min_length=None, repetition_penalty=None, vocab_mask=None,
                  prefix_vocab_mask=None, attention_mask=None, *, decoder, eos_token_id, pad_token_id,
                  decoder_start_token_id=-1, encoder=None, init_decoder=None, model_type=0,
                  no_repeat_ngram_size=0, vocab_size=-1):
    """The likeliest next token, again and again: ``[batch, max_length]``, padded."""
    _walked(decoder, encoder, init_decoder)
    return result((input_ids.shape[0], _number(max_length, "the length of the text")), "int32")


@ms("Sampling", dtypes=("int32", "float32"))
def sampling(input_ids, max_length, min_length=None, repetition_penalty=None, vocab_mask=None,
             prefix_vocab_mask=None, attention_mask=None, presence_mask=None, seed=None, *, decoder,
             eos_token_id, pad_token_id, custom=0, decoder_start_token_id=-1, encoder=None,
             filter_value=-1e20, init_decoder=None, min_tokens_to_keep=0, model_type=0,
             no_repeat_ngram_size=0, presence_penalty=0.0, temperature=1.0, top_p=0.0, vocab_size=-1):
    """`GreedySearch` that draws the next token by chance; also the last scores ``[batch, word]`` it drew
    from."""
    words = _words(vocab_size, _walked(decoder, encoder, init_decoder))
    batch = input_ids.shape[0]
    return Effect((TensorType("int32", (batch, _number(max_length, "the length of the text"))),
                   TensorType("float32", (batch, words))))


@ms("BeamSearch", dtypes=("int32", "float32", "float32"))
def beam_search(input_ids, max_length, min_length, num_beams, num_return_sequences, length_penalty=None,
                repetition_penalty=None, vocab_mask=None, prefix_vocab_mask=None, attention_mask=None,
                decoder_input_ids=None, logits_processor=None, *, decoder, eos_token_id, pad_token_id,
                decoder_start_token_id=-1, early_stopping=0, encoder=None, init_decoder=None, model_type=0,
                no_repeat_ngram_size=0, vocab_size=-1):
    """The ``num_return_sequences`` likeliest texts of ``num_beams`` that are followed: ``[batch, text,
    max_length]``, padded; also their scores, and those of every word after every token."""
    words = _words(vocab_size, _walked(decoder, encoder, init_decoder))
    return Effect(_beams(input_ids, max_length, num_beams, num_return_sequences, words, model_type))


@ms("WhisperBeamSearch", dtypes=("int32", "float32"))
def whisper_beam_search(input_ids, max_length, min_length, num_beams, num_return_sequences,
                        length_penalty=None, repetition_penalty=None, vocab_mask=None,
                        prefix_vocab_mask=None, attention_mask=None, decoder_input_ids=None,
                        logits_processor=None, cross_qk_layer_head=None, extra_decoding_ids=None,
                        temperature=None, *, decoder, eos_token_id, pad_token_id,
                        beginning_timestamp_token_id=None, decoder_output_cross_qk=0,
                        decoder_start_token_id=-1, early_stopping=0, encoder=None, init_decoder=None,
                        model_type=2, no_repeat_ngram_size=0, no_speech_token_id=-1,
                        no_timestamps_token_id=None, start_of_lm_token_id=None, transcribe_token_id=None,
                        translate_token_id=None, vocab_size=-1):
    """`BeamSearch` for speech; also the scores between text and sound ``[batch, text, head, token, frame]``,
    and how likely there is no speech."""
    words = _words(vocab_size, _walked(decoder, encoder, init_decoder))
    texts, scores, steps = _beams(input_ids, max_length, num_beams, num_return_sequences, words, model_type)
    unknown = [unknown_size(what) for what in ("the number of heads", "the length of the text", "the frames")]
    if cross_qk_layer_head is not None:
        unknown[0] = cross_qk_layer_head.shape[0]
    attended = TensorType("float32", (*(scores.shape or ()), *unknown))
    return Effect((texts, scores, steps, attended, TensorType("float32", (input_ids.shape[0],))))


def _beams(ids: Any, length: Any, beams: Any, number: Any, words: Size, model: int) -> tuple[TensorType, ...]:
    """Texts, their scores, and those of all words after each token; model 0 goes on from ``ids``."""
    batch, longest = ids.shape[0], _number(length, "the length of the text")
    texts = _number(number, "the number of texts")
    steps = longest - ids.shape[1] if model == 0 else unknown_size("how many tokens the text starts with")
    scores = (steps, batch, _number(beams, "the number of beams"), words)
    return (TensorType("int32", (batch, texts, longest)), TensorType("float32", (batch, texts)),
            TensorType("float32", scores))


def _number(kind: TensorType, what: str) -> Size:
    return sizes(kind, what)[0]


def _walked(decoder: Any, *others: Any) -> Any:
    """What the decoder gives, once all bodies are walked."""
    for body in others:
        if body is not None:
            body(*body.graph.inputs.values())
    return decoder(*decoder.graph.inputs.values())


def _words(said: int, outputs: tuple[TensorType, ...]) -> Size:
    """How many words there are: as the attribute says, or the last axis of the decoder's first output."""
    if said > 0:
        return said
    shape = outputs[0].shape if outputs else None
    return shape[-1] if shape else unknown_size("the number of words")


@ms("EPContext", "Snpe", dtypes=(None,))
def compiled(*inputs, DLC="", embed_mode=1, ep_cache_context="", ep_sdk_version="", hardware_architecture="",
             main_context=1, max_size=0, notes="", onnx_model_filename="", partition_name="", snpe_version="",
             source="", target_device=""):
    """A part of a network that is compiled for one machine."""
    raise Unknown("what is compiled into the node")
