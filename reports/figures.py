"""What the studies share: the numbers in their texts are those that code gives, and their plots are drawn from those. Standard library only.

A study is a folder with a README.md and a study.py, whose `study(knowatt)` gives a `Study`. In the text, what stands between markers is the code's:
`<!-- table NAME -->…<!-- end -->`, or within a sentence `<!-- figure NAME ARGUMENT… -->…<!-- end -->`. A plot is made by the function of its name in
plots.py; the file holds the digest of what it was drawn from, so that an old one is found out without drawing it again.
"""
import csv, hashlib, importlib.util, json, pathlib, re, subprocess
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Callable

REPORTS = pathlib.Path(__file__).resolve().parent
ROOT = REPORTS.parent
MARKER = re.compile(r"(<!-- (table|figure) (.*?) -->)(.*?)<!-- end -->", re.DOTALL)
DRAWN_FROM = re.compile(r"drawn from ([0-9a-f]{64})")


class Wrong(Exception):
    """A study is not what it should be; its message tells where and what to do."""


@dataclass
class Study:
    """What a text may ask for: tables, figures by name and arguments (KeyError if there is none), and by plot what it is drawn from."""
    tables: dict[str, Callable[[], str]] = field(default_factory=dict)
    figure: Callable[..., str] | None = None
    plots: dict[str, Any] = field(default_factory=dict)


def load(path):
    """A Python file by its path, as several are called alike."""
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(path):
    """The rows of a CSV file, by column."""
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def run(*command):
    """What a command prints on standard output and on standard error."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        raise Wrong(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout, done.stderr


def markdown(header, *rows):
    """A table; columns of numbers are set to the right."""
    line = lambda cells: f"| {' | '.join(map(str, cells))} |"
    is_number = lambda cell: re.match(r"[+−]?\d|$", str(cell))
    ruler = ["---:" if i and all(is_number(cell) for cell in column) else "---" for i, column in enumerate(zip(*rows))]
    return "\n".join([line(header), line(ruler), *map(line, rows)])


def signed(x, digits=3):
    return f"{x:+.{digits}f}".replace("-", "−")


def digest(data):
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def filled(path, study):
    """The text of a file, with what its markers ask for."""
    def put(found):
        marker, what, arguments, _ = found.groups()
        name, *rest = arguments.split()
        try:
            value = f"\n{study.tables[name]()}\n" if what == "table" else study.figure(name, *rest)
        except (KeyError, ValueError, TypeError) as e:
            raise Wrong(f"{path}: asks for the {what} `{arguments}`, which study.py does not give: {e!r}") from e
        return f"{marker}{value}<!-- end -->"
    text = path.read_text()
    # What follows on that line, and the paragraph, would be taken as HTML (CommonMark, "HTML blocks", 2).
    if first := re.search(r"^[ \t]*(?:[-*] )?<!-- figure .*", text, re.MULTILINE):
        raise Wrong(f"{path}: a line begins with a figure, so that its Markdown is not seen as such; put a word before it: {first[0][:80]}")
    return MARKER.sub(put, text)


def check(folder, study):
    """Whether the text of a study and its plots are those of its code."""
    path = folder / "README.md"
    text, made = path.read_text(), filled(path, study)
    if made != text:
        lines = zip_longest(text.splitlines(), made.splitlines(), fillvalue="(no line)")
        number, (old, new) = next((n, pair) for n, pair in enumerate(lines, 1) if pair[0] != pair[1])
        raise Wrong(f"{path}:{number}: is not what its code gives; `make reports` writes it anew\n  there  {old}\n  given  {new}")
    for name, data in study.plots.items():
        path = folder / f"{name}.svg"
        found = DRAWN_FROM.search(path.read_text()) if path.exists() else None
        if not found or found[1] != digest(data):
            raise Wrong(f"{path}: is not drawn from what its code gives; `make reports` draws it anew")


def write(folder, study):
    """The same, made. Drawing needs matplotlib."""
    path = folder / "README.md"
    path.write_text(filled(path, study))
    if study.plots:
        import drawing

        plots = load(folder / "plots.py")
        for name, data in study.plots.items():
            # As its digest knows it: whatever else Python holds is not drawn.
            plot = getattr(plots, name.replace("-", "_"))(json.loads(json.dumps(data)))
            drawing.save(plot, folder / f"{name}.svg", digest(data))
