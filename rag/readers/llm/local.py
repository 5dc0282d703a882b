"""A causal language model of transformers, by name or folder, with its own chat template.

torch and transformers are imported when a model is opened. Questions run side by side, each with a
cache of its own; only cutting text into tokens is done one at a time, because fast tokenizers may
not be shared in that.
"""

from __future__ import annotations

import importlib
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from embeddings.fetch import advice
from rag.errors import ModelError, ReaderError
from rag.readers.llm import Message

_LONGEST_WAIT = 0.5  # seconds between two looks at the clock while the model writes nothing


class LocalModel:
    """A model in this process; see rag.readers.llm.LanguageModel."""

    def __init__(self, model: Any, tokenizer: Any, *, name: str, tokens: int) -> None:
        self.name = name
        self._model = model
        self._tokenizer = tokenizer
        self._tokens = tokens
        self._cutting = threading.Lock()

    @classmethod
    def open(cls, name: str, *, device: str = "auto", tokens: int = 600) -> LocalModel:
        """Load a model by name or folder. Raises ModelError with one line that says what to do."""
        try:
            transformers = importlib.import_module("transformers")
            torch = importlib.import_module("torch")
        except ImportError as error:
            raise ModelError(
                f"the language model {name!r} needs transformers: pip install 'youju[hub]'"
            ) from error
        if name.startswith((".", "/", "~")) and not (Path(name) / "config.json").is_file():
            raise ModelError(
                f"no language model in {name!r} (config.json is missing): name a folder that"
                " save_pretrained or `hf download` made"
            )
        place = _fastest(torch) if device == "auto" else device
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(name)
            model = transformers.AutoModelForCausalLM.from_pretrained(name, dtype="auto")
            model = model.to(place).eval()
        except Exception as error:  # of hub, files or device; the reason is quoted
            raise ModelError(advice("language model", name, error)) from error
        return cls(model, tokenizer, name=name, tokens=tokens)

    def write(self, messages: Sequence[Message], *, seconds: float) -> Iterator[str]:
        """Yield what the model writes; see rag.readers.llm.LanguageModel."""
        from transformers import TextIteratorStreamer

        deadline = time.monotonic() + seconds
        inputs = self._cut(messages)
        streamer = TextIteratorStreamer(
            self._tokenizer, skip_prompt=True, skip_special_tokens=True, timeout=_LONGEST_WAIT
        )
        run = _Run(self._model, inputs, streamer, self._tokens, deadline)
        run.start()
        try:
            while True:
                try:
                    piece = next(streamer)
                except StopIteration:
                    break
                except queue.Empty:
                    if time.monotonic() > deadline + _LONGEST_WAIT:
                        break
                    continue
                if piece:
                    yield piece
        finally:
            run.ended.set()
        if run.error is not None:
            raise ReaderError(f"{self.name} stopped: {_one_line(run.error)}") from run.error
        if time.monotonic() >= deadline:
            raise ReaderError(
                f"{self.name} did not finish in {seconds:g} s: raise the setting reader_seconds,"
                " lower reader_tokens or passages_read, or take a smaller model"
            )

    def _cut(self, messages: Sequence[Message]) -> dict[str, Any]:
        """Return the prompt in tokens, on the model's device. Raises ReaderError when it is too
        long."""
        with self._cutting:
            text = self._prompt(messages)
            inputs = self._tokenizer(text, return_tensors="pt", add_special_tokens=False)
        length = int(inputs["input_ids"].shape[1])
        limit = _context(self._model)
        if limit and length + self._tokens > limit:
            raise ReaderError(
                f"{length:,} tokens of question and passages and {self._tokens:,} to write do not"
                f" fit the {limit:,} of {self.name}: lower the setting passages_read or"
                " reader_tokens, or take another model"
            )
        return {k: v.to(self._model.device) for k, v in inputs.items() if k != "token_type_ids"}

    def _prompt(self, messages: Sequence[Message]) -> str:
        if not getattr(self._tokenizer, "chat_template", None):
            turns = "\n\n".join(m["content"] for m in messages)  # a model that only goes on
            return f"{turns}\n\n"
        options = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}
        try:
            return str(self._tokenizer.apply_chat_template(list(messages), **options))
        except Exception as refused:  # a template without a system's turn: jinja2's TemplateError
            joined = "\n\n".join(m["content"] for m in messages)
            try:
                one = [Message(role="user", content=joined)]
                return str(self._tokenizer.apply_chat_template(one, **options))
            except Exception:
                raise ReaderError(
                    f"the chat template of {self.name} cannot be used ({_one_line(refused)}):"
                    " take another model"
                ) from refused


class _Run(threading.Thread):
    """One generation; its words arrive in the streamer."""

    def __init__(
        self, model: Any, inputs: dict[str, Any], streamer: Any, tokens: int, deadline: float
    ) -> None:
        super().__init__(daemon=True, name="youju-local-model")
        self._model, self._inputs, self._streamer = model, inputs, streamer
        self._tokens, self._deadline = tokens, deadline
        self.ended = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        """Generate until an end token, the limit of tokens, the deadline, or nobody listens."""
        import torch
        from transformers import StoppingCriteria, StoppingCriteriaList

        run = self

        class _Ended(StoppingCriteria):  # type: ignore[misc]
            def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
                stop = run.ended.is_set() or time.monotonic() >= run._deadline
                return torch.full((len(input_ids),), stop, device=input_ids.device)

        try:
            self._model.generate(
                **self._inputs,
                streamer=self._streamer,
                max_new_tokens=self._tokens,
                do_sample=False,
                stopping_criteria=StoppingCriteriaList([_Ended()]),
            )
        except Exception as error:  # told by whoever reads the streamer
            self.error = error
            self._streamer.end()


def _fastest(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _context(model: Any) -> int:
    """Return how many tokens fit, 0 where the model does not say."""
    config = model.config.get_text_config()
    return int(getattr(config, "max_position_embeddings", 0) or 0)


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:160]
