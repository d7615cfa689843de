"""What the study asks of the knowatt binary. Pure standard library."""
import pathlib, re, subprocess
from concurrent.futures import ThreadPoolExecutor

ASKED = 4
AT_ONCE = 2


def models(knowatt):
    """What `knowatt train --help` names for --model, auto first."""
    text = subprocess.run([knowatt, "train", "--help"], capture_output=True, text=True, check=True).stdout
    names = re.search(r"--model <MODEL>.*?\[possible values: (.*?)\]", text, re.DOTALL).group(1)
    return re.split(r",\s+", names)


def run(*command):
    """What it says on standard error."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stderr


def train(knowatt, model, readings, out, asked=ASKED):
    """Trains once; the message is kept beside the model."""
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        fresh = out.with_suffix(".new")
        said = run(knowatt, "train", readings, "--model", model, "--tz", "UTC", "--alerts-per-month", asked, "-o", fresh)
        out.with_suffix(".txt").write_text(said)
        fresh.rename(out)
    return out


def score(knowatt, model, readings, out):
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        fresh = out.with_suffix(".new.csv")
        out.with_suffix(".txt").write_text(run(knowatt, "score", model, readings, "-o", fresh))
        fresh.rename(out)
    return out


def drift(said: pathlib.Path):
    """The population stability index that `score` told of; empty where it told of no drift."""
    found = re.search(r"population stability index ([\d.]+)", said.read_text())
    return found[1] if found else ""


def score_cases(knowatt, model, cases: dict[str, pathlib.Path], out: pathlib.Path, names=("test", "clean"), asked=ASKED):
    """`cases`: folders of cases by kinds; their trainings are the same. Scores are in OUT/KINDS/MODEL/CASE."""
    def one(name):
        places = {kinds: folder / name for kinds, folder in cases.items() if (folder / name).exists()}
        trained = train(knowatt, model, next(iter(places.values())) / "train.csv", out / "models" / model / f"{name}.json", asked)
        for kinds, case in places.items():
            for readings in names:
                score(knowatt, trained, case / f"{readings}.csv", out / kinds / model / name / f"{readings}.csv")

    all_names = sorted({case.name for folder in cases.values() for case in folder.iterdir()})
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, all_names))


def chosen(out: pathlib.Path):
    """What auto chose in each case: (case, model, shares)."""
    for said in sorted((out / "models" / "auto").glob("*.txt")):
        if found := re.search(r"^chosen +(\S+) with (\S+) shares", said.read_text(), re.MULTILINE):
            yield said.stem, *found.groups()
