"""The tables of README.md, from results.csv and memory.csv, which `run` makes."""
import pathlib, statistics

from figures import Study, read

HERE = pathlib.Path(__file__).resolve().parent
NAMES = {
    "bare": "a bare loop of rdkafka, which only counts",
    "batches": "the same, many at a time and with another allocator",
    "console": "`kafka-console-consumer` to /dev/null",
    "streams-1": "Kafka Streams, 1 thread",
    "streams-2": "Kafka Streams, 2 threads",
    "streams-usual": "Kafka Streams, 1 thread, as it is usually written",
    "watch": "`knowatt watch`",
}
FORMS = {
    "json": "`{hour, kwh}`, the talk's, in JSON",
    "avro": "`{hour, kwh}`, the talk's, in Avro",
    "meters": "`{meter, timestamp, energy_wh}` in JSON, with the hours before",
}


def shown(values):
    return f"{max(values):,.0f} ({statistics.median(values):,.0f})"


def results(rows):
    for form, what in FORMS.items():
        of_form = [row for row in rows if row["form"] == form]
        if not of_form:
            continue
        rounds = len({row["round"] for row in of_form})
        yield f"\n{what}: the best of {rounds} rounds, and the median\n"
        yield "| | thousand messages a second | for each core used | highest memory, MB |"
        yield "|---|---|---|---|"
        best = {}
        for reader, name in NAMES.items():
            of_reader = [row for row in of_form if row["reader"] == reader]
            if not of_reader:
                continue
            figure = lambda of: [float(row["messages"]) / float(row[of]) / 1000 for row in of_reader]
            memory = statistics.median(float(row["memory_kib"]) / 1024 for row in of_reader)
            best[reader] = max(figure("seconds")), max(figure("cpu_s"))
            yield f"| {name} | {shown(figure('seconds'))} | {shown(figure('cpu_s'))} | {memory:,.0f} |"
        times = lambda what, of: f"{best['watch'][of] / what:.2f} times"
        for of, said in ((0, "In messages a second"), (1, "For each core used")):
            quickest = max(best["streams-1"][of], best["streams-2"][of])
            yield (
                f"\n{said}, `knowatt watch` does {times(best['bare'][of], of)} what the bare loop does, {times(quickest, of)} what Kafka Streams does "
                f"at its quickest, and {times(best['streams-usual'][of], of)} what it does as it is usually written."
            )


def memory(rows):
    rows = [(float(row["seconds"]), int(row["messages"]), int(row["kib"]) / 1024) for row in rows]
    settled = [row for row in rows if row[1] >= 1_000_000]
    slope, _ = statistics.linear_regression([row[1] / 1e6 for row in settled], [row[2] for row in settled])
    at = lambda messages: next(row[2] for row in settled if row[1] >= messages)
    yield f"{rows[-1][1]:,} messages in {rows[-1][0]:.0f} s. After the first million it lies between {min(row[2] for row in settled):.1f} and {max(row[2] for row in settled):.1f} MB:"
    yield f"{at(1e6):.1f} MB at one million, {at(5e6):.1f} MB at five, {at(10e6):.1f} MB at ten, {settled[-1][2]:.1f} MB at the end. The line that fits best rises by {slope:.2f} MB a"
    yield "million messages."


def best(form, reader, of):
    """The best round of a reader, messages for each second or second of CPU."""
    return max(float(row["messages"]) / float(row[of]) for row in read(HERE / "results.csv") if (row["form"], row["reader"]) == (form, reader))


def figure(name, *arguments):
    match name, arguments:
        case "per-core", (form, reader):
            return f"{best(form, reader, 'cpu_s'):,.0f}"
        case "times", (form, rival):
            return f"{best(form, 'watch', 'cpu_s') / best(form, rival, 'cpu_s'):.2f}"
    raise KeyError(name)


def study(_knowatt):
    table = lambda lines, name: lambda: "\n".join(lines(read(HERE / f"{name}.csv")))
    return Study({"results": table(results, "results"), "memory": table(memory, "memory")}, figure)
