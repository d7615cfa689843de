#!/usr/bin/env python3
"""Score the detection benchmark with models that are not knowatt's.

    pip install pandas numpy scikit-learn pyod h2o==3.46.0.7        # H2O also needs a Java, 8 to 17
    ./rivals.py --cases cases/public cases/other --out scores/public scores/other [--only knn,iforest]
    ./judge.py cases/public scores/public/*

Each learns the same 90 days and writes OUT/RIVAL/CASE/test.csv and clean.csv (timestamp,score). It learns a case once, whatever
mishaps are then put into the days after it, and does nothing for a case whose scores are there. 0 is the middle of its training
scores; 1.0 is the level that 12 of its training hours exceed, so four hours a month. Whatever a rival computes besides,
only the order of its scores and that level are judged. Seeds are fixed.

Unless said otherwise a rival sees sine and cosine of the hour and of the weekday and log(Wh + 50), standardised, and has its
library's own settings. PyOD's training scores are taken as PyOD gives them: for KNN and LOF an hour is not its own neighbour.
PyOD's ECOD and COPOD rank an hour among those of training and of the file being scored, which no live scorer could.

Sources
  H2O                 see h2o_autoencoder.py
  PyOD                Y. Zhao, Z. Nasrullah, Z. Li, PyOD: A Python Toolbox for Scalable Outlier Detection, JMLR 20(96), 2019
  iforest             F. T. Liu, K. M. Ting, Z.-H. Zhou, Isolation Forest, ICDM 2008
  ecod                Z. Li et al., ECOD: Unsupervised Outlier Detection Using Empirical Cumulative Distribution Functions, TKDE 2022
  copod               Z. Li et al., COPOD: Copula-Based Outlier Detection, ICDM 2020
  hbos                M. Goldstein, A. Dengel, Histogram-based Outlier Score (HBOS), KI 2012
  gmm                 C. C. Aggarwal, Outlier Analysis, 2nd ed., 2017, chapter 2
  lof                 M. M. Breunig et al., LOF: Identifying Density-Based Local Outliers, SIGMOD 2000
  ocsvm               B. Schölkopf et al., Estimating the Support of a High-Dimensional Distribution, Neural Computation 13(7), 2001
  knn                 S. Ramaswamy, R. Rastogi, K. Shim, Efficient Algorithms for Mining Outliers from Large Data Sets, SIGMOD 2000
"""
import argparse, pathlib
import numpy as np, pandas as pd

from inputs import INPUTS

SEED = 0
EXCEEDING = 12


def read(path):
    frame = pd.read_csv(path)
    return frame.assign(hour=pd.to_datetime(frame.timestamp).dt.hour)


def standardised(train):
    """The features of any hours, by the mean and deviation of the training hours'."""
    features = lambda hours: np.column_stack(list(INPUTS["sines"](hours.timestamp, hours.wh).values()))
    x = features(train)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    return lambda hours: (features(hours) - mean) / deviation


# A rival takes the training hours and returns their scores, and a function that scores others. Higher is odder.

def wh_alone(train):
    return train.wh, lambda hours: hours.wh


def mean_deviation(train):
    """Deviations above the mean of the hour of the day."""
    by_hour = train.groupby("hour").wh.agg(["mean", "std"])

    def score(hours):
        usual = by_hour.loc[hours.hour]
        return (hours.wh.to_numpy() - usual["mean"].to_numpy()) / usual["std"].to_numpy()

    return score(train), score


def pyod(train, detector):
    x = standardised(train)
    detector.fit(x(train))
    return detector.decision_scores_, lambda hours: detector.decision_function(x(hours))


def iforest(train):
    from pyod.models.iforest import IForest
    return pyod(train, IForest(random_state=SEED))


def ecod(train):
    from pyod.models.ecod import ECOD
    return pyod(train, ECOD())


def copod(train):
    from pyod.models.copod import COPOD
    return pyod(train, COPOD())


def hbos(train):
    from pyod.models.hbos import HBOS
    return pyod(train, HBOS())


def gmm(train):
    """The likeliest of ten starts; with one, average precision goes from 0.33 to 0.42 with the seed."""
    from pyod.models.gmm import GMM
    return pyod(train, GMM(n_components=12, n_init=10, random_state=SEED))


def lof(train):
    from pyod.models.lof import LOF
    return pyod(train, LOF(n_neighbors=35))


def ocsvm(train):
    from pyod.models.ocsvm import OCSVM
    return pyod(train, OCSVM())


def knn(train):
    from pyod.models.knn import KNN
    return pyod(train, KNN())


def h2o_network(train, inputs):
    import h2o_autoencoder
    columns = lambda hours: INPUTS[inputs](hours.timestamp, hours.wh)
    model = h2o_autoencoder.train(columns(train))
    score = lambda hours: h2o_autoencoder.score(model, columns(hours))
    return score(train), score


def h2o_talk(train):
    return h2o_network(train, "talk")


def h2o_weekday(train):
    return h2o_network(train, "weekday")


def h2o_features(train):
    return h2o_network(train, "sines")


RIVALS = {
    "h2o-talk": h2o_talk,
    "h2o-weekday": h2o_weekday,
    "h2o-features": h2o_features,
    "iforest": iforest,
    "ecod": ecod,
    "copod": copod,
    "hbos": hbos,
    "gmm": gmm,
    "lof": lof,
    "ocsvm": ocsvm,
    "knn": knn,
    "wh-alone": wh_alone,
    "mean-deviation": mean_deviation,
}


def run(rival, places):
    """`places`: cases that have one training in common, each with the folder for its scores."""
    places = [(case, out) for case, out in places if not (out / "clean.csv").exists()]
    if not places:
        return
    (train,) = {(case / "train.csv").read_bytes(): case / "train.csv" for case, _ in places}.values()
    own, score = RIVALS[rival](read(train))
    middle, level = np.median(own), np.sort(own)[-EXCEEDING - 1]
    for case, out in places:
        out.mkdir(parents=True, exist_ok=True)
        for name in ("test", "clean"):
            hours = read(case / f"{name}.csv")
            scaled = (np.asarray(score(hours)) - middle) / (level - middle)
            assert np.isfinite(scaled).all(), f"{rival} gives no number for some hours of {case}/{name}.csv"
            pd.DataFrame({"timestamp": hours.timestamp, "score": scaled}).to_csv(out / f"{name}.csv", index=False)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--cases", type=pathlib.Path, nargs="+", required=True)
    a.add_argument("--out", type=pathlib.Path, nargs="+", required=True, help="a folder for each of --cases")
    a.add_argument("--only", metavar="NAME,...", default=",".join(RIVALS), help=f"of {', '.join(RIVALS)}")
    args = a.parse_args()
    chosen = args.only.split(",")
    if unknown := [name for name in chosen if name not in RIVALS]:
        a.error(f"no rival is called {', '.join(unknown)}; there are {', '.join(RIVALS)}")
    if len(args.cases) != len(args.out):
        a.error("--out wants a folder for each of --cases")
    names = sorted({case.name for cases in args.cases for case in cases.iterdir()})
    for rival in chosen:
        for name in names:
            places = [(cases / name, out / rival / name) for cases, out in zip(args.cases, args.out)]
            run(rival, [(case, out) for case, out in places if case.exists()])
        print(rival, flush=True)


if __name__ == "__main__":
    main()
