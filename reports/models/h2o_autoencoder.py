#!/usr/bin/env python3
"""H2O's autoencoder of one home, as a program: start H2O, import, train, export the model (MOJO), stop.

    pip install h2o==3.46.0.7        # and a Java, 8 to 17; 3.46.0.12 refuses to export models
    ./h2o_autoencoder.py train.csv out [--inputs sines] [--epochs 10]

Of S. Aubury's talk this has what it tells: H2O, three months of one home, score(day of the month, hour, Wh). The network is not
told there; here it has layers of 16, 4 and 16, tanh.

Sources: S. Aubury, Machine learning & Kafka KSQL stream processing, 2018; A. Candel et al., Deep Learning with H2O, 2016;
H2O.ai, the H2O-3 documentation, Deep Learning (Neural Networks) and Anomaly Detection.
"""
import argparse, csv, functools, pathlib

import h2o
from h2o.backend import H2OLocalServer
from h2o.estimators import H2OAutoEncoderEstimator

from inputs import INPUTS

GIB = 1 << 30


@functools.cache
def start():
    """A server of our own on a free port; it ends with this process. `h2o.init` might take over someone else's."""
    h2o.no_progress()
    h2o.connect(server=H2OLocalServer.start(nthreads=2, max_mem_size=2 * GIB, verbose=False), verbose=False)


def frame(columns):
    """Columns of text are categories."""
    types = {name: "enum" if isinstance(values[0], str) else "real" for name, values in columns.items()}
    return h2o.H2OFrame(columns, column_types=types)


def train(columns, epochs=100):
    """All epochs, with one seed. H2O's default is 10, and its early stop may end 100 after 15, far from the best fit."""
    start()
    model = H2OAutoEncoderEstimator(
        hidden=[16, 4, 16], activation="Tanh", epochs=epochs, stopping_rounds=0, seed=1, reproducible=True
    )
    model.train(x=list(columns), training_frame=frame(columns))
    return model


def score(model, columns):
    """How badly the network rebuilds each row: the mean squared error over its inputs, which H2O standardises."""
    return [float(row[0]) for row in model.anomaly(frame(columns)).as_data_frame(use_pandas=False, header=False)]


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("readings", help="CSV with the columns timestamp and wh, hourly")
    a.add_argument("out", type=pathlib.Path, help="folder for the model")
    a.add_argument("--inputs", choices=INPUTS, default="talk")
    a.add_argument("--epochs", type=int, default=100)
    args = a.parse_args()
    with open(args.readings, newline="") as f:
        rows = list(csv.DictReader(f))
    columns = INPUTS[args.inputs]([r["timestamp"] for r in rows], [float(r["wh"]) for r in rows])
    model = train(columns, args.epochs)
    args.out.mkdir(parents=True, exist_ok=True)
    print(model.download_mojo(str(args.out)))


if __name__ == "__main__":
    main()
