import com.sun.management.ThreadMXBean;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.annotation.Annotation;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/** Holds a jar to what each engine's loader asks of it: NAME JAR, with as many pairs as there are jars, all on one class path. */
public final class Rules {
    private static int checked;
    private static double sink;

    public static void main(String[] arguments) throws Throwable {
        List<URL> jars = new ArrayList<>();
        for (int at = 0; at < arguments.length; at += 2) {
            jars.add(Path.of(arguments[at + 1]).toUri().toURL());
        }
        Set<Double> scores = new HashSet<>();
        Set<String> functions = new HashSet<>();
        try (URLClassLoader loader = new URLClassLoader(jars.toArray(new URL[0]))) {
            for (int at = 0; at < arguments.length; at += 2) {
                String name = arguments[at];
                try (JarFile jar = new JarFile(arguments[at + 1])) {
                    for (JarEntry entry : Collections.list(jar.entries())) {
                        entry(jar, entry, name);
                        if (entry.getName().endsWith(".class")) {
                            Class<?> type = loader.loadClass(entry.getName().replace(".class", "").replace('/', '.'));
                            is(type.getName().endsWith("." + file(entry).replace(".class", "")), type, "is the class of its file");
                            switch (type.getPackage().getName()) {
                                case "knowatt.ksqldb" -> is(functions.add(ksqldb(type)), type, "has a function's name of its own");
                                case "knowatt.flink" -> flink(type);
                                case "knowatt.spark" -> spark(type);
                                default -> { }
                            }
                        }
                    }
                }
                allocation(loader.loadClass("knowatt." + name));
                scores.add((Double) loader.loadClass("knowatt." + name).getMethod("score", int.class, int.class, double.class).invoke(null, 0, 4, 1500.0));
            }
        }
        is(scores.size() == arguments.length / 2, Rules.class, "each of the jars on one class path scores by its own model: " + scores);
        System.err.println("jvm: " + checked + " checks of the loaders' rules on " + arguments.length / 2 + " jars");
    }

    /** A million calls allocate nothing; what the first ones do, which link the method, is not counted. */
    private static void allocation(Class<?> plain) throws Throwable {
        MethodHandles.Lookup lookup = MethodHandles.publicLookup();
        MethodHandle score = lookup.findStatic(plain, "score", MethodType.methodType(double.class, int.class, int.class, double.class));
        MethodHandle scoreAt = lookup.findStatic(plain, "scoreAt", MethodType.methodType(double.class, long.class, double.class));
        Class<?> recentType = plain.getClassLoader().loadClass(plain.getName() + "$Recent");
        MethodHandle push = lookup.findVirtual(recentType, "push", MethodType.methodType(double.class, long.class, double.class))
                .bindTo(recentType.getConstructor().newInstance());
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = 0;
        for (int call = -1000; call < 1_000_000; call++) {
            if (call == 0) {
                before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
            }
            long start = 1_700_000_000_000L + 3_600_000L * (call / 2);
            double scores = (double) score.invokeExact(0, (call & 0xffff) % 24, call * 0.01) + (double) scoreAt.invokeExact(start, 500.0)
                    + (double) push.invokeExact(start, call * 0.01);
            sink += scores;
        }
        long bytes = threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
        is(bytes < 100_000, plain, "allocates nothing by three million calls: " + bytes + " bytes");
    }

    private static String file(JarEntry entry) {
        return entry.getName().substring(entry.getName().lastIndexOf('/') + 1);
    }

    private static void is(boolean holds, Object what, String rule) {
        checked++;
        if (!holds) {
            System.err.println("jvm: not so: " + what + ": " + rule);
            System.exit(1);
        }
    }

    /** ksqlDB's loader takes class files up to Java 11, which is 55; these are of Java 8. Nothing of the engines lies in the jar. */
    private static void entry(JarFile jar, JarEntry entry, String name) throws IOException {
        is(entry.getName().matches("knowatt/((ksqldb|flink|spark)/)?" + name + "(_[A-Z_]+|\\$Recent)?\\.class|knowatt/" + name + "\\.curves"), entry, "has the model's name");
        is(entry.getTime() < 315_619_200_000L, entry, "is of no day but the first that a ZIP can tell");
        if (entry.getName().endsWith(".class")) {
            try (InputStream in = jar.getInputStream(entry); DataInputStream data = new DataInputStream(in)) {
                is(data.readInt() == 0xCAFEBABE, entry, "is a class file");
                is(data.readUnsignedShort() == 0 && data.readUnsignedShort() == 52, entry, "is for Java 8");
                is(!new String(in.readAllBytes(), "ISO-8859-1").contains("KNOWATT_"), entry, "has no name that was not filled in");
            }
        }
    }

    /** The types that ksqlDB maps to its own and that may be null; no float, no primitive. */
    private static final Set<Class<?>> KSQLDB =
            Set.of(Integer.class, Long.class, Double.class, BigDecimal.class, java.sql.Timestamp.class, Double[].class);

    private static String ksqldb(Class<?> type) throws Exception {
        hasPublicConstructor(type);
        Annotation description = annotation(type.getAnnotations(), "UdfDescription");
        is(description != null, type, "has @UdfDescription, visible at run time");
        for (String member : List.of("name", "description")) {
            is(!member(description, member).isEmpty(), type, "has the member " + member + ", which has no default");
        }
        is(member(description, "name").equals(type.getSimpleName()), type, "is the class of the function of its name");
        Set<List<Class<?>>> signatures = new HashSet<>();
        for (Method method : type.getDeclaredMethods()) {
            is(Modifier.isPublic(method.getModifiers()), method, "is public");
            is(annotation(method.getAnnotations(), "Udf") != null, method, "has @Udf, visible at run time");
            is(KSQLDB.contains(method.getReturnType()) && !method.getReturnType().isArray(), method, "gives a boxed type");
            is(signatures.add(List.of(method.getParameterTypes())), method, "has a signature of its own");
            for (Parameter parameter : method.getParameters()) {
                Annotation named = annotation(parameter.getAnnotations(), "UdfParameter");
                is(named != null && !member(named, "value").isEmpty(), method, "has a name for each parameter");
                is(KSQLDB.contains(parameter.getType()) && parameter.getType().isArray() == parameter.isVarArgs(), method, "takes boxed types");
            }
        }
        ambiguity(type, signatures);
        return member(description, "name");
    }

    /** What ksqlDB casts without being asked, narrowest first (its `SqlBaseType.canImplicitlyCast`). */
    private static final List<Class<?>> NUMBERS = List.of(Integer.class, Long.class, BigDecimal.class, Double.class);

    /** As ksqlDB's `UdfIndex`: a call with any numbers for an argument fits a method just so, or one and no other after a cast. */
    private static void ambiguity(Class<?> type, Set<List<Class<?>>> signatures) {
        for (List<Class<?>> shape : signatures) {
            if (shape.get(shape.size() - 1).isArray()) {
                is(signatures.size() == 1, type, "has one signature where the number of arguments is open");
                continue;
            }
            for (List<Class<?>> call : calls(shape)) {
                List<List<Class<?>>> fitting = new ArrayList<>();
                for (List<Class<?>> signature : signatures) {
                    if (fits(call, signature)) {
                        fitting.add(signature);
                    }
                }
                is(signatures.contains(call) || fitting.size() < 2, type, "is called without ambiguity by " + call);
            }
        }
    }

    private static List<List<Class<?>>> calls(List<Class<?>> shape) {
        List<List<Class<?>>> calls = List.of(List.of());
        for (Class<?> parameter : shape) {
            List<List<Class<?>>> longer = new ArrayList<>();
            for (List<Class<?>> call : calls) {
                for (Class<?> argument : NUMBERS.contains(parameter) ? NUMBERS : List.<Class<?>>of(parameter)) {
                    List<Class<?>> with = new ArrayList<>(call);
                    with.add(argument);
                    longer.add(with);
                }
            }
            calls = longer;
        }
        return calls;
    }

    private static boolean fits(List<Class<?>> call, List<Class<?>> signature) {
        if (call.size() != signature.size()) {
            return false;
        }
        for (int at = 0; at < call.size(); at++) {
            int from = NUMBERS.indexOf(call.get(at));
            int to = NUMBERS.indexOf(signature.get(at));
            if (call.get(at) != signature.get(at) && (from < 0 || to < from)) {
                return false;
            }
        }
        return true;
    }

    private static void flink(Class<?> type) throws Exception {
        hasPublicConstructor(type);
        is(type.getSuperclass().getName().equals("org.apache.flink.table.functions.ScalarFunction"), type, "is a ScalarFunction");
        Set<Class<?>> types = Set.of(Integer.class, Long.class, Double.class, java.time.Instant.class, Double[].class);
        for (Method method : type.getDeclaredMethods()) {
            is(method.getName().equals("eval") && Modifier.isPublic(method.getModifiers()) && !Modifier.isStatic(method.getModifiers()), method, "is a public eval");
            is(types.contains(method.getReturnType()) && types.containsAll(Arrays.asList(method.getParameterTypes())), method, "has types that Flink knows");
        }
    }

    private static void spark(Class<?> type) throws Exception {
        if (!Modifier.isPublic(type.getModifiers())) {
            return; // a helper
        }
        hasPublicConstructor(type);
        is(type.getGenericInterfaces().length == 1, type, "is called with one number of arguments");
        Type[] arguments = ((ParameterizedType) type.getGenericInterfaces()[0]).getActualTypeArguments();
        is(type.getInterfaces()[0].getName().equals("org.apache.spark.sql.api.java.UDF" + (arguments.length - 1)), type, "is a UDF of so many");
        Type result = arguments[arguments.length - 1];
        is(result == Double.class || result == Integer.class, type, "has a result whose type Spark infers");
    }

    private static void hasPublicConstructor(Class<?> type) throws Exception {
        Constructor<?> constructor = type.getConstructor();
        is(Modifier.isPublic(type.getModifiers()) && constructor.getExceptionTypes().length == 0, type, "is public, with a constructor without arguments");
        constructor.newInstance();
    }

    private static Annotation annotation(Annotation[] annotations, String name) {
        for (Annotation annotation : annotations) {
            if (annotation.annotationType().getName().equals("io.confluent.ksql.function.udf." + name)) {
                return annotation;
            }
        }
        return null;
    }

    private static String member(Annotation annotation, String name) throws Exception {
        return (String) annotation.annotationType().getMethod(name).invoke(annotation);
    }
}
