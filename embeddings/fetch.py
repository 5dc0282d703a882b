"""Why a model from a hub cannot be had, in one line that says what to do."""

from __future__ import annotations


def advice(kind: str, name: str, error: BaseException) -> str:
    """Return the line: what failed, and how to fetch the model elsewhere.

    `kind` is what the model is for ("embedding model"). What a hub client raises changes with its
    version and its HTTP library, so the reason is only quoted.

    >>> advice("reranker", "a/b", OSError("offline")).split("; ")[1]
    'where a network is run `hf download a/b --local-dir b`, copy the folder, name its path here'
    """
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
    if "trust_remote_code" in str(error):
        return (
            f"the {kind} {name!r} runs program code from its own repository, which Youju does not"
            " allow: choose one whose code transformers holds"
        )
    folder = name.rstrip("/").split("/")[-1] or "model"
    return (
        f"the {kind} {name!r} cannot be loaded ({reason}); where a network is run"
        f" `hf download {name} --local-dir {folder}`, copy the folder, name its path here"
    )
