import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.typeutils.RowTypeInfo;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/**
 * Real Flink SQL, in this process. {@code Calls explained TEXT READINGS SCORED} runs the statements that are explained, and holds their scores against
 * the columns `level` and `floor` of `knowatt score`; {@code Calls vectors NAME JAR FOLDER ...} calls the functions with the vectors.
 */
public final class Calls {
    private static StreamTableEnvironment sql;
    private static StreamExecutionEnvironment stream;

    public static void main(String[] arguments) throws Exception {
        Configuration configuration = new Configuration();
        // A cluster listens on every interface unless it is told.
        for (String key : new String[] {
            "rest.bind-address", "rest.address", "jobmanager.bind-host", "jobmanager.rpc.address", "taskmanager.bind-host", "taskmanager.host"
        }) {
            configuration.setString(key, "127.0.0.1");
        }
        configuration.setString("rest.bind-port", "0");
        stream = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
        stream.setParallelism(1);
        sql = StreamTableEnvironment.create(stream);
        if (arguments[0].equals("explained")) {
            explained(Files.readString(Path.of(arguments[1])), Path.of(arguments[2]), Path.of(arguments[3]));
        }
        for (int at = 1; arguments[0].equals("vectors") && at < arguments.length; at += 3) {
            vectors(arguments[at], arguments[at + 1], Path.of(arguments[at + 2]));
        }
        System.exit(0);
    }

    private static void explained(String text, Path readings, Path scored) throws Exception {
        List<Row> rows = new ArrayList<>();
        List<String> lines = Files.readAllLines(readings);
        for (String line : lines.subList(1, lines.size())) {
            rows.add(Row.of("home", Instant.parse(line.split(",")[0]), Double.valueOf(line.split(",")[1])));
        }
        table("readings", rows, new String[] {"meter", "start_time", "wh"}, "STRING", "TIMESTAMP_LTZ(3)", "DOUBLE");
        TreeMap<Instant, Double> levels = new TreeMap<>();
        TreeMap<Instant, Double> floors = new TreeMap<>();
        List<String> columns = Arrays.asList(Files.readAllLines(scored).get(0).split(","));
        for (String line : Files.readAllLines(scored).subList(1, rows.size() + 1)) {
            String[] fields = line.split(",", -1);
            String level = fields[columns.indexOf("level")];
            if (Double.parseDouble(level) > 1.0) {
                levels.put(Instant.parse(fields[0]), Double.valueOf(level));
            }
            String floor = fields[columns.indexOf("floor")];
            floors.put(Instant.parse(fields[0]), floor.isEmpty() ? null : Double.valueOf(floor));
        }
        List<Map<Instant, Double>> expected = List.of(levels, floors);
        int query = 0;
        for (String statement : text.split("\n(?=CREATE|SELECT \\* FROM|SELECT meter)")) {
            if (statement.startsWith("CREATE")) {
                sql.executeSql(statement.substring(0, statement.indexOf(';')));
            } else if (statement.startsWith("SELECT")) {
                Map<Instant, Double> found = new TreeMap<>();
                try (CloseableIterator<Row> results = sql.executeSql(statement.substring(0, statement.lastIndexOf(';'))).collect()) {
                    results.forEachRemaining(row -> found.put((Instant) row.getField(1), (Double) row.getField(3)));
                }
                if (!found.equals(expected.get(query))) {
                    throw new IllegalStateException(statement + "\ngives " + found + "\nnot " + expected.get(query));
                }
                System.err.println("flink: the query number " + ++query + " that is explained gives knowatt's " + found.size() + " scores");
            }
        }
        if (query != 2) {
            throw new IllegalStateException(query + " queries");
        }
    }

    private static final Map<String, String> ENDINGS =
            Map.of("score", "", "score_hour", "", "score_at", "_AT", "floor", "_FLOOR", "step", "_STEP", "rise", "_RISE");

    private static void vectors(String name, String jar, Path folder) throws Exception {
        List<String> calls = new ArrayList<>(Files.readAllLines(folder.resolve("vectors.tsv")));
        calls.removeIf(line -> line.startsWith("#"));
        String[] results = new String[calls.size()];
        Arrays.fill(results, "skip");
        for (String function : ENDINGS.keySet()) {
            int count = 0;
            List<Row> whole = new ArrayList<>();
            List<Row> fractions = new ArrayList<>();
            int places = function.startsWith("score_") ? 1 : 2;
            for (int call = 0; call < results.length; call++) {
                String[] fields = calls.get(call).split("\t");
                if (fields[0].equals(function)) {
                    count = fields.length - 2;
                    Row row = new Row(count + 1);
                    row.setField(0, call);
                    boolean isWhole = true;
                    for (int at = 0; at < count; at++) {
                        String text = fields[at + 2];
                        isWhole &= at >= places || text.equals("null") || text.matches("-?[0-9]+");
                        row.setField(at + 1, text.equals("null") ? null : Double.valueOf(text));
                    }
                    (isWhole ? whole : fractions).add(row);
                }
            }
            if (whole.isEmpty()) {
                continue;
            }
            String ending = ENDINGS.get(function);
            sql.executeSql("CREATE FUNCTION IF NOT EXISTS " + name + ending + " AS 'knowatt.flink." + name + ending + "' USING JAR '" + jar + "'");
            call(whole, name + ending, count, places, ending.equals("_AT") ? List.of("BIGINT", "TIMESTAMP_LTZ") : List.of("INT", "BIGINT"), results);
            if (ending.isEmpty()) {
                call(fractions, name, count, places, List.of("DOUBLE"), results);
            }
        }
        try (PrintWriter out = new PrintWriter(folder.resolve("flink.results").toFile())) {
            Arrays.asList(results).forEach(out::println);
        }
    }

    /** One job for a function, called with days, hours or instants of each of the types. */
    private static void call(List<Row> rows, String function, int count, int places, List<String> placeTypes, String[] results) throws Exception {
        String[] names = new String[count + 1];
        String[] types = new String[count + 1];
        names[0] = "at";
        types[0] = "INT";
        for (int at = 0; at < count; at++) {
            names[at + 1] = "a" + at;
            types[at + 1] = "DOUBLE";
        }
        List<String> columns = new ArrayList<>();
        for (String type : placeTypes) {
            List<String> arguments = new ArrayList<>();
            for (int at = 0; at < count; at++) {
                String place = type.equals("TIMESTAMP_LTZ") ? "TO_TIMESTAMP_LTZ(CAST(a0 AS BIGINT), 3)" : "CAST(a" + at + " AS " + type + ")";
                arguments.add(at < places ? place : "a" + at);
            }
            columns.add(function + "(" + String.join(", ", arguments) + ")");
        }
        table("calls", rows, names, types);
        try (CloseableIterator<Row> found = sql.executeSql("SELECT `at`, a0, " + String.join(", ", columns) + " FROM calls").collect()) {
            while (found.hasNext()) {
                Row row = found.next();
                int call = (int) row.getField(0);
                results[call] = String.valueOf(row.getField(2));
                for (int type = 1; type < placeTypes.size(); type++) {
                    // TO_TIMESTAMP_LTZ has no instant of the year 287,000.
                    boolean isKnown = !placeTypes.get(type).equals("TIMESTAMP_LTZ") || row.getField(1) != null && (double) row.getField(1) < 1e14;
                    String other = String.valueOf(row.getField(2 + type));
                    if (isKnown && !other.equals(results[call])) {
                        throw new IllegalStateException(columns.get(type) + " of " + row + " is not the same as " + columns.get(0));
                    }
                }
            }
        }
        sql.dropTemporaryView("calls");
    }

    private static void table(String name, List<Row> rows, String[] names, String... types) {
        TypeInformation<?>[] java = new TypeInformation<?>[types.length];
        Schema.Builder schema = Schema.newBuilder();
        for (int column = 0; column < types.length; column++) {
            Map<String, Class<?>> classes = Map.of("STRING", String.class, "INT", Integer.class, "DOUBLE", Double.class);
            java[column] = TypeInformation.of(classes.getOrDefault(types[column], Instant.class));
            schema.column(names[column], types[column]);
            if (types[column].startsWith("TIMESTAMP")) {
                schema.watermark(names[column], "`" + names[column] + "`");
            }
        }
        sql.createTemporaryView(name, stream.fromCollection(rows, new RowTypeInfo(java, names)), schema.build());
    }
}
