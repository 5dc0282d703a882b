"""Calls to Milvus: tried again where that may help, and failing with what to do. The only module
that imports pymilvus."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from rag.errors import MissingIndex, StoreError

NAME = "youju"  # of the collections: youju_row, youju_chunk
_TRIES, _WAIT = 4, 0.5  # of a call, and seconds before the second; doubled each time
_TIMEOUT = 30.0  # seconds for one call
_RETRIED = ("unavailable", "deadline", "timeout", "timed out", "rate limit", "connection reset")


class Calls:
    """A client whose calls are tried again where that may help, and fail with what to do."""

    def __init__(self, where: str, connect: Callable[[], Any]) -> None:
        """Stand for the Milvus at `where`; nothing is called yet."""
        self.where, self._connect, self._client = where, connect, None

    def __call__(self, name: str, *arguments: Any, **options: Any) -> Any:
        """Call a method of the client. Raises StoreError."""
        from grpc import RpcError  # pymilvus lets those of some calls through
        from pymilvus.exceptions import MilvusException

        wait = _WAIT
        for left in reversed(range(_TRIES)):
            try:
                if self._client is None:
                    self._client = self._connect()
                return getattr(self._client, name)(*arguments, timeout=_TIMEOUT, **options)
            except (MilvusException, RpcError, ConnectionError, TimeoutError) as error:
                words = str(error).lower()
                if not left or not any(sign in words for sign in _RETRIED):
                    raise self._told(error) from error
                time.sleep(wait)
                wait *= 2
        raise AssertionError("unreachable")

    def _told(self, error: Exception) -> StoreError:
        words = " ".join(str(getattr(error, "message", error)).split())[:200]
        said = words.lower()
        if any(sign in said for sign in ("auth", "credential", "permission", "token")):
            return StoreError(
                f"Milvus at {self.where} refuses us ({words}): put user:password into MILVUS_TOKEN"
            )
        if any(sign in said for sign in ("unavailable", "connect", "deadline", "time")):
            return StoreError(
                f"Milvus at {self.where} cannot be reached ({words}): is it running, and is the"
                " address right? What was committed is kept"
            )
        if getattr(error, "code", None) == 100 or "not found" in said or "not exist" in said:
            return MissingIndex(
                f"no index in Milvus at {self.where} ({words}): make one with"
                f" `youju index PATH --store {self.where}`"
            )
        return StoreError(f"Milvus at {self.where} failed ({words})")

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None


def connection(where: str, token: str = "") -> Calls:
    """Return the calls to the Milvus at `where`, with "user:password" or a key. Raises StoreError
    without pymilvus."""
    try:
        import pymilvus
    except ImportError as error:
        raise StoreError(
            f"{where} is an index in Milvus, which needs more: pip install 'youju[milvus]'"
        ) from error
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it logs what it raises

    def connect() -> Any:
        return pymilvus.MilvusClient(where, token=token, timeout=_TIMEOUT)

    return Calls(where, connect)


def make_collections(calls: Calls, dimension: int) -> None:
    """Make the two collections of an index, those that are not there yet."""
    from pymilvus import DataType, MilvusClient

    integers, text = ("doc", "article", "start", "end"), ("name", "source", "title", "text")
    index = "FLAT" if calls.where.endswith(".db") else "AUTOINDEX"  # Lite compares all anyway
    chunk = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    chunk.add_field("number", DataType.INT64, is_primary=True)
    for name in integers:
        chunk.add_field(name, DataType.INT64)
    for name in text:
        chunk.add_field(name, DataType.VARCHAR, max_length=65_535)
    chunk.add_field("opens", DataType.BOOL)
    chunk.add_field("dense", DataType.FLOAT_VECTOR, dim=dimension)
    chunk.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    indexes = MilvusClient.prepare_index_params()
    indexes.add_index("dense", index_type=index, metric_type="IP")
    indexes.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
    row = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    row.add_field("pk", DataType.VARCHAR, is_primary=True, max_length=64)
    for name in ("kind", "doc", "key", "part"):
        row.add_field(name, DataType.INT64)
    row.add_field("data", DataType.VARCHAR, max_length=65_535)
    row.add_field("none", DataType.FLOAT_VECTOR, dim=2)  # every collection must have a vector
    none = MilvusClient.prepare_index_params()
    none.add_index("none", index_type=index, metric_type="IP")
    for name, schema, params in (("chunk", chunk, indexes), ("row", row, none)):
        if not calls("has_collection", f"{NAME}_{name}"):
            calls(
                "create_collection",
                f"{NAME}_{name}",
                schema=schema,
                index_params=params,
                consistency_level="Strong",
            )
