"""What is trained here and elsewhere, and scored in every engine: engines.csv, which `run` makes, and models trained with the binary."""
import hashlib, pathlib, tempfile
from concurrent.futures import ThreadPoolExecutor

from figures import ROOT, Study, markdown, read, run

HERE = pathlib.Path(__file__).resolve().parent
ENGINES = read(HERE / "engines.csv")
MODELS = ("auto", "zscore", "density", "envelope", "mixture", "forest", "autoencoder", "plain-autoencoder")


def engines():
    number = lambda text: f"{int(text):,}" if text.isdigit() else text
    header = ["engine", "models", "vectors", "cannot be called so", "differ", "worst, in units in the last place"]
    return markdown(header, *([r["engine"], *(number(r[key]) for key in ("models", "vectors", "skipped", "differ", "worst"))] for r in ENGINES))


def trained(knowatt):
    """The digests of the model files that this binary makes on this machine."""
    def digest(model, folder):
        out = pathlib.Path(folder, f"{model}.json")
        run(knowatt, "train", ROOT / "data/home/learn-hourly.csv", "--tz", "Europe/Paris", "--model", model, "-o", out)
        return hashlib.sha256(out.read_bytes()).hexdigest()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda model: digest(model, folder), MODELS)
        return markdown(["`knowatt train --model`", "SHA-256 of the model file begins with"], *([f"`{model}`", f"`{value[:16]}`"] for model, value in zip(MODELS, found)))


def figure(name, *arguments):
    match name, arguments:
        case "ways", ():
            return str(len(ENGINES))
        case "calls", ():
            return f"{sum(int(r['vectors']) for r in ENGINES) / 1e6:.1f}"
        case "differ", ():
            return str(sum(int(r["differ"]) for r in ENGINES))
        case "models", ():
            return str(max(int(r["models"]) for r in ENGINES))
        case "trained", ():
            return str(len(MODELS))
    raise KeyError(name)


def study(knowatt):
    return Study({"engines": engines, "trained": lambda: trained(knowatt)}, figure)
