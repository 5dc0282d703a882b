"""Logins: a password is kept as scrypt$N$r$p$salt$key and compared in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

from rag.errors import YoujuError

# 32 MiB (128 N r) and 0.2 s a try on a core of 2026; one of the settings OWASP recommends
_N, _R, _P = 1 << 15, 8, 3
_MOST_MEMORY = 128 << 20  # bytes that a hash in the settings may ask for
_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,64}")


def hashed(password: str, salt: bytes | None = None) -> str:
    """Return what is kept of a password."""
    salt = secrets.token_bytes(16) if salt is None else salt
    key = _key(password, salt, _N, _R, _P)
    return "$".join(["scrypt", str(_N), str(_R), str(_P), _text(salt), _text(key)])


def _key(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MOST_MEMORY)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def matches(password: str, kept: str) -> bool:
    """Tell whether `password` is the one that `kept` was made of."""
    _, n, r, p, salt, key = kept.split("$")
    return hmac.compare_digest(_key(password, _bytes(salt), int(n), int(r), int(p)), _bytes(key))


def parse_users(words: str) -> dict[str, str]:
    """Return what is kept of each user's password, by name.

    Raises YoujuError for an entry that `youju password` did not make.
    """
    users: dict[str, str] = {}
    for entry in words.split():
        name, colon, kept = entry.partition(":")
        if not colon or not _NAME.fullmatch(name) or not _is_hash(kept):
            raise YoujuError(
                f"serve.users: the entry of {name[:64]!r} is not name:scrypt$…:"
                " make it with `youju password NAME`"
            )
        users[name] = kept
    return users


def _is_hash(kept: str) -> bool:
    try:
        kind, n, r, p, salt, key = kept.split("$")
        memory = 128 * int(n) * int(r)
        sound = memory <= _MOST_MEMORY // 2 and 1 <= int(p) <= 16 and len(_bytes(key)) >= 32
        return kind == "scrypt" and sound and len(_bytes(salt)) >= 16
    except ValueError:
        return False


class Doorkeeper:
    """Knows who may come in. The slow comparison is made once for each password that is right."""

    def __init__(self, token: str, users: Mapping[str, str]) -> None:
        """`users`: what `parse_users` returns."""
        self._token = token
        self._users = users
        self._nobody = next(iter(users.values()), "") and hashed(secrets.token_hex())
        self._secret = secrets.token_bytes(32)
        self._known: dict[bytes, str] = {}

    @property
    def asks(self) -> bool:
        """Whether anybody has to say who they are."""
        return bool(self._token or self._users)

    def known(self, authorization: str) -> str | None:
        """Return whose header this is, when that takes no slow comparison: "token", or a name."""
        scheme, _, value = authorization.partition(" ")
        password = value.strip() if scheme.lower() == "bearer" else _basic(authorization)[1]
        if self._token and hmac.compare_digest(password.encode(), self._token.encode()):
            return "token"
        return self._known.get(self._digest(authorization))

    def enter(self, authorization: str) -> str | None:
        """Return whose name and password these are, None when they are wrong; takes 200 ms."""
        name, password = _basic(authorization)
        kept = self._users.get(name, self._nobody)  # a name that is not there takes as long
        if not kept or not matches(password, kept) or name not in self._users:
            return None
        if len(self._known) > 1000:  # a few bytes for each way that a client writes its header
            self._known.clear()
        self._known[self._digest(authorization)] = name
        return name

    def _digest(self, authorization: str) -> bytes:
        return hmac.digest(self._secret, authorization.encode(), "sha256")


def _basic(authorization: str) -> tuple[str, str]:
    """Return name and password of a Basic header, two empty strings for any other."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, password
