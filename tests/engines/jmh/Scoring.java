package knowatt.tests;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import knowatt.ANOMOLY_POWER;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Random readings, as in crates/score/benches/score.rs: two day classes, 24 hours, 0 to 9000 Wh; another one each call. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class Scoring {
    private static final int MASK = (1 << 17) - 1;

    private final int[] days = new int[MASK + 1];
    private final int[] hours = new int[MASK + 1];
    private final double[] wh = new double[MASK + 1];
    private final long[] instants = new long[MASK + 1];
    private final ANOMOLY_POWER.Recent recent = new ANOMOLY_POWER.Recent();
    private int at;
    private long hour;

    public Scoring() {
        Random random = new Random(1);
        for (int reading = 0; reading <= MASK; reading++) {
            days[reading] = random.nextInt(2);
            hours[reading] = random.nextInt(24);
            wh[reading] = random.nextDouble() * 9000;
            instants[reading] = 1_700_000_000_000L + 3_600_000L * random.nextInt(8760);
        }
    }

    @Benchmark
    public double byDayAndHour() {
        at = at + 1 & MASK;
        return ANOMOLY_POWER.score(days[at], hours[at], wh[at]);
    }

    @Benchmark
    public double byHour() {
        at = at + 1 & MASK;
        return ANOMOLY_POWER.scoreHour(hours[at], wh[at]);
    }

    @Benchmark
    public double byInstant() {
        at = at + 1 & MASK;
        return ANOMOLY_POWER.scoreAt(instants[at], wh[at]);
    }

    /** Hour after hour: the level, four floors, the step, three rises. */
    @Benchmark
    public double withTheHoursBefore() {
        at = at + 1 & MASK;
        return recent.push(1_700_000_000_000L + 3_600_000L * (hour++ % 500_000), wh[at]);
    }
}
