"""The domain: from raw newspaper text to an answer that carries its evidence. Knows nothing of
pages, command lines or evaluation."""
