"""The table that folds characters, and its form inside tokenizer.json.

    Ａ → a    É → e    臺 → 台    ③ → 3    ㎏ → kg    U+200B → (nothing)

The table is built once, while training (it needs opencc). It travels in tokenizer.json as the
"precompiled character map" of the `tokenizers` library, so every program that reads the file folds
alike, without opencc.
"""

from __future__ import annotations

import importlib
import struct
import sys
import unicodedata
from collections.abc import Mapping
from typing import TypeAlias

# Signs that NFKC and opencc leave alone although they are read as one of the above.
ALSO = {"〇": "零", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "ı": "i"}


def folding_table() -> dict[int, str]:
    """Build the table of the characters that folding changes, for `str.translate`.

    NFKC, lower case, accents off Latin letters, Traditional to Simplified one character at a time;
    marks and invisible characters go. What folds to neither a digit nor a-z nor a Chinese character
    is left out: it separates words either way.
    """
    opencc = importlib.import_module("opencc")
    # t2s knows the standard forms; the other two add those of Hong Kong and Taiwan.
    converters = [opencc.OpenCC(name).convert for name in ("t2s", "hk2s", "tw2s")]
    table: dict[int, str] = {}
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        category = unicodedata.category(character)
        if category in {"Mn", "Me", "Cf"}:
            table[code] = ""
        elif category[0] in "LNS":
            folded = _fold(character)
            for convert in converters:
                if folded == character and not _is_simplified(character):
                    folded = convert(character)
            if folded != character and any(_is_kept(each) for each in folded):
                table[code] = folded
    return table


def _fold(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character).lower()
    plain = "".join(ALSO.get(each, each) for each in plain)
    bare = unicodedata.normalize("NFD", plain)
    return "".join(each for each in bare if not unicodedata.combining(each))


def _is_simplified(character: str) -> bool:
    """Say whether a character is among the 3,755 usual ones of Simplified text.

    They are the first level of GB 2312. 著, 乾 and 么 are among them, although opencc folds them:
    in Simplified text 著名, 乾隆 and 什么 keep them.
    """
    try:
        row = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    return 0xB0 <= row <= 0xD7


def _is_kept(character: str) -> bool:
    return character in "0123456789" or "a" <= character <= "z" or "\u4e00" <= character <= "\u9fff"


def precompiled_map(table: Mapping[int, str]) -> bytes:
    """Encode the table as `tokenizers.normalizers.Precompiled` reads it.

    Layout (that of sentencepiece): the size of the trie in bytes, the trie as a double array of
    32-bit units over the UTF-8 bytes of the keys, then the replacements, each ended by a zero byte.
    """
    replacements = bytearray()
    places: dict[str, int] = {}
    keys: dict[bytes, int] = {}
    for code, replacement in table.items():
        if 0xD800 <= code <= 0xDFFF or code == 0:
            continue
        if replacement not in places:
            places[replacement] = len(replacements)
            replacements += replacement.encode() + b"\0"
        keys[chr(code).encode()] = places[replacement]
    units = _double_array(keys)
    trie = struct.pack(f"<{len(units)}I", *units)
    return struct.pack("<I", len(trie)) + trie + bytes(replacements)


_Node: TypeAlias = "dict[int, _Node | int]"


def _tree(keys: Mapping[bytes, int]) -> _Node:
    """Nest the keys by byte; the value of a key stands under byte 0 of its node."""
    root: _Node = {}
    for key, value in keys.items():
        node = root
        for byte in key:
            child = node.setdefault(byte, {})
            assert isinstance(child, dict)
            node = child
        node[0] = value
    return root


def _double_array(keys: Mapping[bytes, int]) -> list[int]:
    """Lay the tree out as darts-clone does: the child of unit u by byte b is at u ^ offset(u) ^ b.

    A unit: bits 0-7 the byte it was reached by, bit 8 "a value hangs here", bits 10-30 the offset
    (bit 9, "in steps of 256", is never needed); a value unit has bit 31 set and the value below it.
    """
    units: dict[int, int] = {0: 0}
    taken = {0}
    bases: set[int] = set()  # one node each: a unit knows its byte, but not its parent
    lowest = 1
    waiting = [(0, _tree(keys))]
    while waiting:
        place, node = waiting.pop()
        base = lowest
        while base in bases or any(base ^ byte in taken for byte in node):
            base += 1
        bases.add(base)
        if len(node) > 32:
            lowest = base  # wide nodes fill their block, so later searches may start behind it
        taken.update(base ^ byte for byte in node)
        units[place] |= (place ^ base) << 10 | (1 << 8 if 0 in node else 0)
        for byte, child in node.items():
            if isinstance(child, dict):
                units[base ^ byte] = byte
                waiting.append((base ^ byte, child))
            else:
                units[base ^ byte] = 1 << 31 | child
    size = (max(units) | 0xFF) + 1
    return [units.get(place, 0) for place in range(size)]
