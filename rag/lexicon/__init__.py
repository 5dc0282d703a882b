"""A question's words as the corpus may spell them: translated, rightly spelt, by another name.

    translate(question, frequency=…, passages=…)  drones → 无人机, Songyan → 松延, July → 7月
    respellings(question, frequency)              松言 → 松延, 俱身 → 具身, Unitre → unitree
    aliases(text), expand(question, pairs)        H药 = 斯鲁利单抗, 北京经开区 = 北京经济技术开发区

Pure: what the corpus knows comes in as callables. The data and how it was made: weights/README.md,
make.py.
"""

from rag.lexicon.appositions import aliases, expand
from rag.lexicon.groups import Group, bm25_terms, coverage
from rag.lexicon.spelling import respellings
from rag.lexicon.translation import Frequency, translate

__all__ = [
    "Frequency",
    "Group",
    "aliases",
    "bm25_terms",
    "coverage",
    "expand",
    "respellings",
    "translate",
]
