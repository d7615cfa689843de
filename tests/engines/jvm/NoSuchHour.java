import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;

/** What an hour that does not exist gives: JAR, the functions' of SQL, the Java method's. */
public final class NoSuchHour {
    public static void main(String[] arguments) throws Exception {
        try (URLClassLoader loader = new URLClassLoader(new URL[] {Path.of(arguments[0]).toUri().toURL()})) {
            for (int hour : new int[] {-1, 24, 1000}) {
                Object plain = loader.loadClass("knowatt.ANOMOLY_POWER").getMethod("scoreHour", int.class, double.class).invoke(null, hour, 500.0);
                Class<?> flink = loader.loadClass("knowatt.flink.ANOMOLY_POWER");
                Object boxed = flink.getMethod("eval", Integer.class, Double.class).invoke(flink.getConstructor().newInstance(), hour, 500.0);
                Object missing = flink.getMethod("eval", Integer.class, Double.class).invoke(flink.getConstructor().newInstance(), null, 500.0);
                String[] found = {String.valueOf(boxed), String.valueOf(plain), String.valueOf(missing)};
                String[] expected = {arguments[1], arguments[2], "null"};
                if (!Arrays.equals(found, expected)) {
                    throw new IllegalStateException("hour " + hour + " gives " + Arrays.toString(found) + ", not " + Arrays.toString(expected));
                }
            }
        }
    }
}
