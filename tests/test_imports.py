"""Who may import whom: downwards only, and heavy packages only where they are needed."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("rag", "embeddings", "ui", "eval")
FILES = sorted(
    p.relative_to(ROOT).as_posix() for package in PACKAGES for p in (ROOT / package).rglob("*.py")
)
FORMATS = ("child", "docx", "html", "layout", "pdf", "text")
EMBEDDER = ("embeddings", "embeddings.Embedder", "embeddings.load")
STORE = ("store", "store_file", "store_articles", "store_check", "store_fresh", "store_links")
BELOW_STORE = {
    *("rag.codes", "rag.errors", "rag.filters", "rag.packing", "rag.sketches", "rag.terms"),
    "rag.types",
    *(f"rag.{name}" for name in STORE),
}
NETWORKS = {"embeddings/train.py", "rag/readers/train.py", "rag/readers/judging.py"}
TRAINING = {*NETWORKS, "rag/readers/examples.py"}


def imports(file, tree=None):
    """Yield (module, is at the top of the file) for every import but those for annotations."""
    tree = tree or ast.parse((ROOT / file).read_text(encoding="utf-8"))
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in tree.body) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module, node in tree.body
            yield from ((f"{node.module}.{alias.name}", node in tree.body) for alias in node.names)


def modules(file):
    return {name for name, _ in imports(file)}


def packages(file):
    return {name.split(".")[0] for name in modules(file)}


def files_of(prefix):
    return [f for f in FILES if f.startswith(prefix)]


def importers(package):
    return {f for f in FILES if package in packages(f)}


@pytest.mark.parametrize("file", files_of("embeddings/"))
def test_embeddings_imports_nothing_of_ours(file):
    assert not packages(file) & {"rag", "ui", "eval"}


@pytest.mark.parametrize("file", files_of("rag/"))
def test_rag_imports_neither_pages_nor_measures(file):
    assert not packages(file) & {"ui", "eval", "gradio"}


@pytest.mark.parametrize("file", files_of("eval/"))
def test_eval_does_not_import_the_page(file):
    assert "ui" not in packages(file)


@pytest.mark.parametrize(
    "file", ["ui/app.py", "ui/talk.py", "ui/corpus.py", "ui/shelf.py", *files_of("ui/render")]
)
def test_the_page_does_not_import_eval(file):
    assert "eval" not in packages(file)


@pytest.mark.parametrize("file", [f for f in FILES if f not in ("ui/cli.py", "ui/__main__.py")])
def test_nothing_imports_the_command_line(file):
    assert "ui.cli" not in modules(file)


@pytest.mark.parametrize(
    ("file", "lower"),
    [
        ("rag/types.py", set()),
        ("rag/errors.py", set()),
        ("rag/terms.py", set()),
        ("rag/vectors.py", set()),
        ("rag/codes.py", set()),
        ("rag/companion.py", set()),
        ("rag/repair/__init__.py", {"rag.repair", "rag.terms"}),
        ("rag/repair/signs.py", set()),
        *((f"rag/repair/{n}.py", {"rag.repair"}) for n in ("breaks", "fields", "settled", "table")),
        ("rag/repair/furniture.py", {"rag.repair"}),
        ("rag/dates.py", {"rag.types"}),
        ("rag/sources.py", {"rag.errors", "rag.formats", "rag.types"}),
        *(
            (f"rag/formats/{name}.py", {"rag.errors", "rag.formats", "rag.types"})
            for name in FORMATS
        ),
        ("rag/settings.py", {"rag.errors"}),
        ("rag/borders.py", {"rag.types"}),
        ("rag/quantities.py", {"rag.terms"}),
        ("rag/orders.py", {"rag.terms", "rag.types"}),
        ("rag/mentions.py", {"rag.lexicon", "rag.terms", "rag.types"}),
        ("rag/chunks.py", {"rag.terms", "rag.types"}),
        ("rag/gloss.py", {"rag.quantities", "rag.terms"}),
        (
            "rag/dialogue.py",
            {"rag.gloss", "rag.kinds", "rag.lexicon", "rag.terms", "rag.types"},
        ),
        ("rag/articles/__init__.py", {"rag.articles", "rag.dates", "rag.repair", "rag.types"}),
        (
            "rag/articles/lines.py",
            {"rag.articles", "rag.dates", "rag.repair", "rag.terms", "rag.types"},
        ),
        ("rag/articles/joints.py", {"rag.articles", "rag.repair", "rag.types"}),
        ("rag/articles/trees.py", {"rag.trees"}),
        ("rag/articles/evidence.py", {*EMBEDDER, "rag.articles", "rag.repair", "rag.terms"}),
        *(
            (f"rag/articles/{n}.py", {"rag.articles"})
            for n in ("board", "features", "hunt", "segments", "stories")
        ),
        *((f"rag/{n}.py", BELOW_STORE) for n in STORE),
        ("rag/sketches.py", {"rag.terms"}),
        ("rag/alignment.py", {"rag.sketches", "rag.types"}),
        (
            "rag/duplicates.py",
            {
                *("rag.alignment", "rag.sketches", "rag.store", "rag.store_links", "rag.terms"),
                "rag.types",
            },
        ),
    ],
)
def test_a_lower_module_imports_only_what_lies_below_it(file, lower):
    ours = {name for name, _ in imports(file) if name.split(".")[0] in PACKAGES}
    assert {".".join(name.split(".")[:2]) for name in ours} <= lower


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("faiss", {"rag/vectors.py", "eval/scale.py"}),
        ("onnxruntime", {"rag/readers/onnx.py"}),
        ("gradio", {"ui/app.py", "ui/talk.py", "ui/corpus.py", "ui/evaluation.py"}),
        ("pymilvus", {"rag/milvus_calls.py"}),
        ("pickle", set()),
        ("opencc", {"rag/terms.py", "rag/formats/common.py", "eval/rewording.py"}),
        ("rapidfuzz", {"rag/alignment.py"}),
        ("torch", {*TRAINING, "embeddings/hub.py", "rag/readers/llm/local.py"}),
        ("transformers", {"rag/readers/llm/local.py"}),
        ("httpx", {"rag/readers/llm/endpoint.py"}),
        ("sentence_transformers", {"embeddings/hub.py", "embeddings/train.py"}),
        # rag.lexical: there its lock
        (
            "sqlite3",
            {
                *(f"rag/{name}.py" for name in STORE),
                *("rag/lexical.py", "ui/feedback.py", "eval/scale_words.py"),
            },
        ),
        ("tantivy", {"rag/lexical.py", "eval/scale_words.py"}),
        ("zstandard", {"rag/packing.py"}),
        ("pypdfium2", {"rag/formats/pdf.py"}),
        ("docx", {"rag/formats/docx.py"}),
        ("trafilatura", {"rag/formats/html.py"}),
        ("lxml", {"rag/formats/html.py"}),
    ],
)
def test_a_package_is_imported_only_where_it_is_at_home(package, allowed):
    assert importers(package) <= allowed


@pytest.mark.parametrize(
    "package", ["faiss", "onnxruntime", "torch", "sentence_transformers", "pymilvus"]
)
def test_a_heavy_package_is_imported_only_inside_the_function_that_needs_it(package):
    at_top = {
        file
        for file in FILES
        for name, top in imports(file)
        if top and name.split(".")[0] == package
    }
    assert at_top <= NETWORKS


@pytest.mark.parametrize("file", FILES)
def test_no_file_hides_the_builtin_eval(file):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    plain = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    assert "eval" not in {alias.asname or alias.name for node in plain for alias in node.names}


def loaded_by(statement):
    """Return the modules that a fresh Python holds after one statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    "statement",
    ["import ui.cli", "import rag.answer, rag.ingest"],
    ids=["the command line", "the bot"],
)
def test_importing_loads_no_heavy_package(statement):
    heavy = {"gradio", "torch", "faiss", "sentence_transformers", "transformers", "opencc"}
    heavy |= {"onnxruntime", "lxml", "docx", "trafilatura", "pypdfium2", "charset_normalizer"}
    assert not loaded_by(statement) & heavy


def test_a_file_that_breaks_the_rules_would_be_seen():
    tree = ast.parse("def f():\n    from rag import answer\nimport torch.nn")
    assert set(imports("made up", tree)) == {
        ("rag", False),
        ("rag.answer", False),
        ("torch.nn", True),
    }
