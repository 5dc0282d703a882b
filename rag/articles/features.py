"""What is weighed of the stories of a page, by name, and the weights."""

from __future__ import annotations

from dataclasses import dataclass

from rag.articles.evidence import GAP_FEATURES, Floats

PLACES = ("after", "stack after", "behind", "stack behind", "later", "earlier")
HEADS = ("signed", "edge", "top", "top, others signed", "end", "block", "lone")

STORY_FEATURES = (
    *(f"only {place}" for place in PLACES),  # where a story in one piece stands beside its head
    *(f"first {place}" for place in PLACES),  # … the first piece of several, in reading order
    *(f"more {place}" for place in PLACES),  # … another piece
    *(f"title {kind}" for kind in HEADS),  # the head is a story's
    *(f"inside {kind}" for kind in HEADS),  # it is not, and one story stands either side
    *(f"between {kind}" for kind in HEADS),  # … two stories, or none on one side
    "title length",  # tens of characters
    "heading length",
    "title marked",  # ■, 一、
    "title inner, others signed",  # a head in the midst, unsigned where another on the page is not
    "title inner, of many",  # … and one of several such: section headings, 0 for one to 1 for seven
    "title inner, long page",  # it may be a section's, and the page has long reports; see below
    "title set apart",  # by more blank lines than paragraphs are, above and below; see below
    "told",  # what head and story are about, against other heads and segments
    "told first",  # … of the story's first segment
    "named",  # words of the head in the story, likewise
    "named first",
    "meaning of pieces",  # of a story that stand apart, against other segments
    "words of pieces",
    "traces",  # of extraction, how unlike they are
    "widths",
    "untitled",
    "untitled alone",  # and there is no other story; see eval.parting
    "untitled piece",
    "pieces",
    "resumes",  # a piece breaks off, the next begins in the middle of a sentence
    "breaks off",  # … the next does not
    "falls in",  # a piece is finished, the next begins so
    "ends unfinished",
    "begins as fragment",
    "begins unlike a story",  # 他, 此外
    "begins like a story",
    "begins with dateline",
    "dateline inside",
    "end mark inside",
    "ends with end mark",
    "two or three lines",  # where the page has many
    "hardly any text",
    "over end mark",  # a story goes on below its own head, its end mark above
    "story among many lines",  # each: few of many lines begin one
    "crossed",  # two stories stand in another order than their heads
    "another place",  # kinds of places beyond the first, over the page
    "split at an edge",  # headlines in a row are of two stories: above or below all, in a stack
    "split within",  # … elsewhere
    "split, set apart",  # … a blank line is between
    "split, joined",  # … repair takes them for one
    "split, alike",  # … cosine of what they are about
    "split, long",  # … tens of characters of the shorter one
    "split, one word",  # … the last character of the first and the first of the second often are
    "split, wrapped",  # … the first is as wide as any, and the second no wider
    "title collects",  # it names a column of short news
    "more of a column",  # segments of such a column beyond the first
    "heading collects",  # a head that is no story's names one
)
# "title inner, long page" is set by hand: section headings of long reports are no headlines. A fit
# on 916 simulated pages gives -1.5; half way to it, the other weights half way too, a report of the
# seeds is cut in two. Of -3 and -4 neither was better on 32 long pages.
# "title set apart" is set by hand too: simulated pages space every section heading as text, so that
# a fit would trust it more than papers bear out. At 4 it cut three of 191 articles of real PDFs,
# whose section headings are set apart as well; at 2 none, and simulated pages keep the gain. Heads
# set closer than paragraphs tell nothing: of those on odd pages three are section headings, two
# headlines.
FEATURES = (*GAP_FEATURES, *STORY_FEATURES)
NUMBER = {name: len(GAP_FEATURES) + k for k, name in enumerate(STORY_FEATURES)}


@dataclass(frozen=True)
class Weights:
    """What was fitted: the weight of each of `FEATURES`."""

    values: Floats

    def of(self, name: str) -> float:
        """Return the weight of a feature of stories."""
        return float(self.values[NUMBER[name]])

    @property
    def gaps(self) -> Floats:
        return self.values[: len(GAP_FEATURES)]
