"""Real PDFs for tests: newspaper pages set in columns with reportlab and its Chinese CID font; the
order of their text is known."""

from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

SONG = "STSong-Light"
TIMES = "Times-Roman"
WIDTH, HEIGHT = 595.0, 842.0  # A4, points


class Paper:
    """Pages drawn from top-left coordinates; y grows downwards."""

    def __init__(self, path, **options):
        pdfmetrics.registerFont(UnicodeCIDFont(SONG))
        self.path = path
        self.canvas = Canvas(str(path), pagesize=(WIDTH, HEIGHT), **options)

    def write(self, x, y, text, size=10, font=SONG, spacing=0.0):
        """Draw one line with its top at y."""
        line = self.canvas.beginText(x, HEIGHT - y - 0.88 * size)
        line.setFont(font, size)
        line.setCharSpace(spacing)
        line.textOut(text)
        self.canvas.drawText(line)

    def column(self, x, y, width, text, size=10, leading=1.5, most=None):
        """Set Chinese paragraphs in a column, indented by two characters but where `text` begins
        with "…", the rest of a paragraph; return the lines set, what is left over and the y below.
        """
        per_line = int(width // size)
        lines, first = [], not text.startswith("…")
        left = text.removeprefix("…")
        while left and (most is None or len(lines) < most):
            paragraph, _, rest = left.partition("\n")
            room = per_line - (2 if first else 0)
            taken, over = paragraph[:room], paragraph[room:]
            self.write(x + (2 * size if first else 0), y, taken, size)
            lines.append(taken)
            left = f"{over}\n{rest}" if over and rest else over or rest
            first = not over
            y += leading * size
        return lines, left if first or not left else f"…{left}", y

    def english(self, x, y, width, text, size=10, leading=1.2, justify=True, most=None):
        """Set English words; return the lines set and the words left over."""
        words, lines = text.split(), []
        while words and (most is None or len(lines) < most):
            taken = [words.pop(0)]
            while words and self.width([*taken, words[0]], size) <= width:
                taken.append(words.pop(0))
            spare = width - self.width(taken, size) if words and justify else 0.0
            at = x
            for word in taken:
                self.write(at, y, word, size, TIMES)
                step = spare / (len(taken) - 1) if len(taken) > 1 else 0.0
                at += self.width([word, ""], size) + step
            lines.append(" ".join(taken))
            y += leading * size
        return lines, " ".join(words)

    def width(self, words, size):
        return pdfmetrics.stringWidth(" ".join(words), TIMES, size)

    def frame(self, x, y, width, height):
        self.canvas.rect(x, HEIGHT - y - height, width, height)

    def rule(self, x0, y, x1):
        self.canvas.line(x0, HEIGHT - y, x1, HEIGHT - y)

    def picture(self, x, y, width, height):
        from PIL import Image

        image = ImageReader(Image.new("RGB", (8, 8), "gray"))
        self.canvas.drawImage(image, x, HEIGHT - y - height, width, height)

    def turn_page(self):
        self.canvas.showPage()

    def save(self):
        self.canvas.save()
