"""Reads the vectors that `knowatt export --to vectors` writes, and writes what an engine made of them."""


def value(text):
    """An argument or a result: None, a whole number, or a double."""
    if text == "null":
        return None
    return int(text) if text.lstrip("-").isdigit() else float(text)


def read(folder):
    """Each call in turn: function, expected results (one, but five of push), arguments."""
    with open(folder / "vectors.tsv") as lines:
        for line in lines:
            if not line.startswith("#"):
                function, expected, *arguments = line.rstrip("\n").split("\t")
                yield function, [value(one) for one in expected.split(" ")], [value(one) for one in arguments]


def spell(one):
    return "null" if one is None else repr(float(one))


def write(folder, engine, results):
    """An engine's results, a line a call: numbers with spaces between, `null`, or `skip` where a call cannot be written in the engine's types."""
    with open(folder / f"{engine}.results", "w") as out:
        for result in results:
            print(result if result == "skip" else " ".join(map(spell, result)), file=out)
