import java.io.PrintWriter;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.math.BigDecimal;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Calls the classes of a jar, or of a compiled source, with the vectors: WAY CLASSES FOLDER, WAY being java, jar, ksqldb-methods or flink-methods. */
public final class Vectors {
    private static final String NAME = "ANOMOLY_POWER";

    public static void main(String[] arguments) throws Exception {
        for (int at = 0; at < arguments.length; at += 3) {
            Path folder = Path.of(arguments[at + 2]);
            URL[] classes = {Path.of(arguments[at + 1]).toUri().toURL()};
            try (URLClassLoader loader = new URLClassLoader(classes);
                    PrintWriter out = new PrintWriter(folder.resolve(arguments[at] + ".results").toFile())) {
                Way way = way(arguments[at], loader);
                int call = 0;
                for (String line : Files.readAllLines(folder.resolve("vectors.tsv"))) {
                    if (!line.startsWith("#")) {
                        String[] fields = line.split("\t");
                        out.println(way.call(fields[0], List.of(fields).subList(2, fields.length), call++));
                    }
                }
            }
        }
    }

    private interface Way {
        String call(String function, List<String> arguments, int call) throws Exception;
    }

    private static Way way(String name, ClassLoader loader) throws Exception {
        switch (name) {
            case "java":
            case "jar":
                return new Plain(loader.loadClass("knowatt." + NAME));
            case "ksqldb-methods":
                return new Boxed(loader, "knowatt.ksqldb.", Timestamp::new);
            default:
                return new Boxed(loader, "knowatt.flink.", Instant::ofEpochMilli);
        }
    }

    /** The static methods; NaN is no score. */
    private static final class Plain implements Way {
        private final Class<?> type;
        private final Method score, scoreHour, scoreAt, floor, step, rise, push;
        private final Method[] results;
        private Object recent;

        Plain(Class<?> type) throws Exception {
            this.type = type;
            score = type.getMethod("score", int.class, int.class, double.class);
            scoreHour = type.getMethod("scoreHour", int.class, double.class);
            scoreAt = type.getMethod("scoreAt", long.class, double.class);
            floor = type.getMethod("floor", int.class, int.class, double[].class);
            step = type.getMethod("step", int.class, int.class, double.class);
            rise = type.getMethod("rise", int.class, int.class, double[].class);
            Class<?> recentType = type.getClassLoader().loadClass(type.getName() + "$Recent");
            push = recentType.getMethod("push", long.class, double.class);
            results = new Method[5];
            String[] names = {"score", "level", "floor", "step", "rise"};
            for (int which = 0; which < names.length; which++) {
                results[which] = recentType.getMethod(names[which]);
            }
            recent = recentType.getConstructor().newInstance();
        }

        public String call(String function, List<String> a, int call) throws Exception {
            int places = switch (function) { case "score_hour", "score_at", "push" -> 1; default -> 2; };
            for (String place : a.subList(0, places)) {
                if (!isWhole(place)) {
                    return "skip"; // no int can say it
                }
            }
            switch (function) {
                case "score":
                    return spell(score.invoke(null, Integer.parseInt(a.get(0)), Integer.parseInt(a.get(1)), number(a.get(2))));
                case "score_hour":
                    return spell(scoreHour.invoke(null, Integer.parseInt(a.get(0)), number(a.get(1))));
                case "score_at":
                    return spell(scoreAt.invoke(null, Long.parseLong(a.get(0)), number(a.get(1))));
                case "step":
                    return spell(step.invoke(null, Integer.parseInt(a.get(0)), Integer.parseInt(a.get(1)), number(a.get(2))));
                case "push":
                    return push(Long.parseLong(a.get(0)), number(a.get(1)), call);
                default:
                    double[] values = a.subList(2, a.size()).stream().mapToDouble(Vectors::number).toArray();
                    return spell((function.equals("floor") ? floor : rise).invoke(null, Integer.parseInt(a.get(0)), Integer.parseInt(a.get(1)), values));
            }
        }

        /** Every seventh time the state is stored and read again. */
        private String push(long start, double wh, int call) throws Exception {
            if (call % 7 == 0) {
                Object bytes = recent.getClass().getMethod("toBytes").invoke(recent);
                recent = recent.getClass().getConstructor(byte[].class).newInstance(bytes);
            }
            Object score = push.invoke(recent, start, wh);
            List<String> spelt = new ArrayList<>();
            for (Method result : results) {
                spelt.add(spell(result.invoke(recent)));
            }
            if (!spelt.get(0).equals(spell(score))) {
                throw new IllegalStateException("push gives " + score + ", score " + spelt.get(0));
            }
            return String.join(" ", spelt);
        }
    }

    /** The overloads of an engine of SQL, in turns of all the types that an argument may have. */
    private static final class Boxed implements Way {
        private final ClassLoader loader;
        private final String prefix;
        private final java.util.function.LongFunction<Object> instant;
        private final java.util.Map<String, Object> functions = new java.util.HashMap<>();

        Boxed(ClassLoader loader, String prefix, java.util.function.LongFunction<Object> instant) {
            this.loader = loader;
            this.prefix = prefix;
            this.instant = instant;
        }

        public String call(String function, List<String> a, int call) throws Exception {
            if (function.equals("push")) {
                return "skip";
            }
            String suffix = switch (function) { case "score", "score_hour" -> ""; case "score_at" -> "_AT"; default -> "_" + function.toUpperCase(); };
            int places = suffix.equals("_AT") || function.equals("score_hour") ? 1 : 2;
            for (String place : a.subList(0, places)) {
                if (!isWhole(place) && !place.equals("null") && !suffix.isEmpty()) {
                    return "skip"; // no INT or BIGINT can say it, and only NAME takes DOUBLE
                }
            }
            Object target = functions.get(suffix);
            if (target == null) {
                target = loader.loadClass(prefix + NAME + suffix).getConstructor().newInstance();
                functions.put(suffix, target);
            }
            List<Method> fitting = new ArrayList<>();
            for (Method method : target.getClass().getDeclaredMethods()) {
                if (fits(method, a)) {
                    fitting.add(method);
                }
            }
            fitting.sort(java.util.Comparator.comparing(Method::toGenericString));
            Method method = fitting.get(call % fitting.size());
            Object[] values = new Object[method.getParameterCount()];
            for (int which = 0; which < values.length; which++) {
                Parameter parameter = method.getParameters()[which];
                if (parameter.isVarArgs()) {
                    List<String> rest = a.subList(which, a.size());
                    values[which] = rest.stream().map(one -> one.equals("null") ? null : (Double) number(one)).toArray(Double[]::new);
                } else {
                    values[which] = as(parameter.getType(), a.get(which));
                }
            }
            return spell(method.invoke(target, values));
        }

        private static boolean fits(Method method, List<String> a) {
            Class<?>[] types = method.getParameterTypes();
            if (!method.isVarArgs() && types.length != a.size()) {
                return false;
            }
            for (int which = 0; which < types.length; which++) {
                String text = a.get(which);
                boolean isDecimal = isWhole(text) || text.matches("-?[0-9.]+(e-?[0-9]+)?");
                boolean fits = text.equals("null") || switch (types[which].getSimpleName()) {
                    case "Integer" -> isWhole(text) && Long.parseLong(text) == (int) Long.parseLong(text);
                    case "Long", "Timestamp", "Instant" -> isWhole(text);
                    case "BigDecimal" -> isDecimal && !text.equals("-0.0");
                    default -> true;
                };
                if (!fits) {
                    return false;
                }
            }
            return true;
        }

        private Object as(Class<?> type, String text) {
            if (text.equals("null")) {
                return null;
            }
            return switch (type.getSimpleName()) {
                case "Integer" -> (Object) Integer.valueOf(text);
                case "Long" -> Long.valueOf(text);
                case "BigDecimal" -> new BigDecimal(text);
                case "Timestamp", "Instant" -> instant.apply(Long.parseLong(text));
                default -> number(text);
            };
        }
    }

    private static boolean isWhole(String text) {
        return text.matches("-?[0-9]+");
    }

    private static double number(String text) {
        return text.equals("null") ? Double.NaN : Double.parseDouble(text);
    }

    private static String spell(Object score) {
        return score == null || ((Number) score).doubleValue() != ((Number) score).doubleValue() ? "null" : score.toString();
    }
}
