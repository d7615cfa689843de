// @HEADING@
package knowatt;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.StringTokenizer;

/**
 * Scores of a meter's hours, by themselves and with the hours before; 1.0 is the most that is normal.
 *
 * <p>A day is the index of its class, an hour is 0 to 23, in the home's time zone. {@code NaN} is no score: there is no such day or
 * hour, Wh is negative, infinite or NaN, or the instant is outside 1970 to 2099. Nothing here changes once the class is loaded, so any
 * number of threads may call it; nothing is allocated by a call.
 */
public final class KNOWATT_NAME {
    /** How many classes of days there are. */
    public static final int DAYS;

    /** The lowest Wh of the last so many hours is what each argument of {@link #floor} is. */
    private static final int[] FLOORS;

    /** 1 if there are curves for the step, else 0. */
    private static final int STEPS;

    /** How much the lowest of the last so many hours is above that of the same hours a day before is what each argument of {@link #rise} is. */
    private static final int[] RISES;

    // Curve `c` has the knots from FIRST[c] to before FIRST[c + 1]. There is one for each day class and hour (day * 24 + hour) of the
    // level, then of each floor, the step and each rise.
    private static final int[] FIRST;
    private static final double[] WH;
    private static final double[] SCORE;

    // From so many seconds since 1970 on, local time is so many seconds ahead of UTC.
    private static final long[] SPAN_FROM;
    private static final long[] SPAN_OFFSET;
    private static final long END_MS = 4_102_444_800_000L;

    /** What groups days: 0 nothing, 1 working days and days off, 2 days of the week, 3 days of the month. */
    private static final int DAY_RULE;

    /** Days off besides Saturdays and Sundays, in days since 1970. */
    private static final long[] HOLIDAYS;

    /** What {@link #scoreHour} gives for an hour that does not exist. */
    private static final double NO_SUCH_HOUR;

    static {
        StringTokenizer numbers = new StringTokenizer(numbers());
        DAY_RULE = (int) next(numbers);
        DAYS = (int) next(numbers);
        NO_SUCH_HOUR = next(numbers);
        FLOORS = ints(numbers);
        STEPS = (int) next(numbers);
        RISES = ints(numbers);
        SPAN_FROM = longs(numbers);
        SPAN_OFFSET = longs(numbers);
        HOLIDAYS = longs(numbers);
        FIRST = new int[(1 + FLOORS.length + STEPS + RISES.length) * DAYS * 24 + 1];
        WH = new double[(int) next(numbers)];
        SCORE = new double[WH.length];
        for (int curve = 0, knot = 0; curve < FIRST.length - 1; curve++) {
            FIRST[curve + 1] = FIRST[curve] + (int) next(numbers);
            for (; knot < FIRST[curve + 1]; knot++) {
                WH[knot] = next(numbers);
                SCORE[knot] = next(numbers);
            }
        }
    }

    private KNOWATT_NAME() {}

    /** The score of a reading of so many Wh by itself. */
    public static double score(int day, int hour, double wh) {
        return isPlace(day, hour) && isReading(wh) ? curve(day * 24 + hour, wh) : Double.NaN;
    }

    /** The lowest score over all day classes: above 1.0 on any day. */
    public static double scoreHour(int hour, double wh) {
        if (!isPlace(0, hour)) {
            return NO_SUCH_HOUR;
        }
        double lowest = score(0, hour, wh);
        for (int day = 1; day < DAYS; day++) {
            double score = score(day, hour, wh);
            lowest = score < lowest ? score : lowest;
        }
        return lowest;
    }

    /** The score of a reading by itself, by the instant its hour starts, in milliseconds since 1970. */
    public static double scoreAt(long startMs, double wh) {
        int place = place(startMs);
        return place >= 0 && isReading(wh) ? curve(place, wh) : Double.NaN;
    }

    /** The highest score of the floors, by the lowest Wh of the last hours, the shortest floor first; NaN is what is not known. */
    public static double floor(int day, int hour, double... lows) {
        return highest(1, FLOORS.length, day, hour, lows);
    }

    /** The score of a reading that is so many Wh above that of the hour before. */
    public static double step(int day, int hour, double stepWh) {
        return STEPS == 1 && isPlace(day, hour) ? of(1 + FLOORS.length, day * 24 + hour, stepWh) : Double.NaN;
    }

    /** The highest score of the rises, by how much each floor is above that of a day before; NaN is what is not known. */
    public static double rise(int day, int hour, double... rises) {
        return highest(1 + FLOORS.length + STEPS, RISES.length, day, hour, rises);
    }

    /** The class of the day of an instant, −1 outside 1970 to 2099. */
    public static int day(long instantMs) {
        return Math.floorDiv(place(instantMs), 24);
    }

    /** The hour of an instant, in the home's time zone, −1 outside 1970 to 2099. */
    public static int hour(long instantMs) {
        int place = place(instantMs);
        return place < 0 ? -1 : place % 24;
    }

    /** The last hours of one meter, which is all the state there is. For one thread at a time. */
    public static final class Recent {
        private long newestMs;
        private int known;
        private final double[] wh = new double[48];
        private double score = Double.NaN;
        private double level = Double.NaN;
        private double floor = Double.NaN;
        private double step = Double.NaN;
        private double rise = Double.NaN;

        /** No hour is known. */
        public Recent() {}

        /** As it was when {@link #toBytes} was called, in a store or before a restart. */
        public Recent(byte[] bytes) {
            ByteBuffer from = ByteBuffer.wrap(bytes);
            newestMs = from.getLong();
            known = Math.min((bytes.length - 8) / 8, wh.length);
            for (int hour = 0; hour < known; hour++) {
                wh[hour] = from.getDouble();
            }
        }

        /** The hours that are known. */
        public byte[] toBytes() {
            ByteBuffer to = ByteBuffer.allocate(8 + 8 * known).putLong(newestMs);
            for (int hour = 0; hour < known; hour++) {
                to.putDouble(wh[hour]);
            }
            return to.array();
        }

        /**
         * The score of the next reading, of the hour that starts so many milliseconds after 1970: the largest of the level, floor, step and
         * rise, which can be asked for afterwards. NaN if it has none, and then it is not taken.
         */
        public double push(long startMs, double reading) {
            int place = place(startMs);
            if (place < 0 || !isReading(reading)) {
                score = level = floor = step = rise = Double.NaN;
                return score;
            }
            boolean follows = known > 0 && startMs - newestMs == 3_600_000L;
            known = follows ? Math.min(known + 1, wh.length) : 1;
            System.arraycopy(wh, 0, wh, 1, known - 1);
            wh[0] = reading;
            newestMs = startMs;

            level = curve(place, reading);
            int set = 1;
            floor = Double.NaN;
            for (int hours : FLOORS) {
                floor = higher(floor, of(set++, place, low(0, hours)));
            }
            step = STEPS == 1 ? of(set++, place, above(wh[0], low(1, 1))) : Double.NaN;
            rise = Double.NaN;
            for (int hours : RISES) {
                rise = higher(rise, of(set++, place, above(low(0, hours), low(24, hours))));
            }
            score = higher(higher(higher(level, floor), step), rise);
            return score;
        }

        /** What alerts when it is above 1.0: the score of the reading pushed last. */
        public double score() {
            return score;
        }

        /** Its score by itself. */
        public double level() {
            return level;
        }

        /** The highest score of its floors; NaN while too few hours are known. */
        public double floor() {
            return floor;
        }

        /** The score of its step; NaN if the hour before is not known. */
        public double step() {
            return step;
        }

        /** The highest score of its rises; NaN if the day before is not known. */
        public double rise() {
            return rise;
        }

        /** The lowest of so many hours, beginning so many hours ago; NaN if they are not all known. */
        private double low(int ago, int hours) {
            if (ago + hours > known) {
                return Double.NaN;
            }
            double lowest = wh[ago];
            for (int hour = ago + 1; hour < ago + hours; hour++) {
                lowest = wh[hour] < lowest ? wh[hour] : lowest;
            }
            return lowest;
        }

        private static double above(double now, double before) {
            return now < before ? 0.0 : now - before;
        }
    }

    private static boolean isPlace(int day, int hour) {
        return day >= 0 && day < DAYS && hour >= 0 && hour < 24;
    }

    static boolean isReading(double wh) {
        return wh >= 0.0 && wh <= Double.MAX_VALUE;
    }

    /** The score of a number of Wh on a curve, multiplied before it is divided, so that every engine gives the same bits. */
    static double curve(int curve, double wh) {
        int last = FIRST[curve + 1] - 1;
        int right = FIRST[curve] + 1;
        for (int end = last; right < end; ) { // the first knot above Wh, neither the first of all nor beyond the last
            int middle = (right + end) >>> 1;
            if (WH[middle] <= wh) {
                right = middle + 1;
            } else {
                end = middle;
            }
        }
        int left = right - 1;
        double line = SCORE[left] + (wh - WH[left]) * (SCORE[right] - SCORE[left]) / (WH[right] - WH[left]);
        double most = right == last ? Double.MAX_VALUE : SCORE[right];
        return line > most ? most : line;
    }

    /** The same on the curve of a feature, NaN for what is not known. */
    static double of(int set, int place, double wh) {
        return isReading(wh) ? curve(set * DAYS * 24 + place, wh) : Double.NaN;
    }

    private static double highest(int set, int count, int day, int hour, double[] values) {
        if (count == 0 || !isPlace(day, hour)) {
            return Double.NaN;
        }
        if (values.length != count) {
            throw new IllegalArgumentException(count + " numbers are expected after day and hour, not " + values.length);
        }
        double highest = Double.NaN;
        for (int which = 0; which < count; which++) {
            highest = higher(highest, of(set + which, day * 24 + hour, values[which]));
        }
        return highest;
    }

    /** The higher of two scores, or the one that there is. */
    static double higher(double one, double other) {
        return other > one || one != one ? other : one;
    }

    /** The day class * 24 + the hour of an instant, −1 if it is outside the years known. */
    static int place(long instantMs) {
        if (instantMs < 0 || instantMs >= END_MS) {
            return -1;
        }
        long instantS = instantMs / 1000;
        int span = Arrays.binarySearch(SPAN_FROM, instantS);
        long local = instantS + SPAN_OFFSET[span < 0 ? -span - 2 : span];
        long date = Math.floorDiv(local, 86_400L);
        int weekday = (int) Math.floorMod(date + 3, 7L);
        int day = 0;
        if (DAY_RULE == 1) {
            day = weekday >= 5 || Arrays.binarySearch(HOLIDAYS, date) >= 0 ? 1 : 0;
        } else if (DAY_RULE == 2) {
            day = weekday;
        } else if (DAY_RULE == 3) {
            day = dayOfMonth(date) - 1;
        }
        return day * 24 + (int) (Math.floorMod(local, 86_400L) / 3600);
    }

    /** By H. Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
    private static int dayOfMonth(long date) {
        long ofEra = Math.floorMod(date + 719_468, 146_097L);
        long year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365;
        long ofYear = ofEra - (365 * year + year / 4 - year / 100);
        return (int) (ofYear - (153 * ((5 * ofYear + 2) / 153) + 2) / 5 + 1);
    }

    private static double next(StringTokenizer numbers) {
        return Double.parseDouble(numbers.nextToken());
    }

    private static long[] longs(StringTokenizer numbers) {
        long[] list = new long[(int) next(numbers)];
        for (int place = 0; place < list.length; place++) {
            list[place] = (long) next(numbers);
        }
        return list;
    }

    private static int[] ints(StringTokenizer numbers) {
        int[] list = new int[(int) next(numbers)];
        for (int place = 0; place < list.length; place++) {
            list[place] = (int) next(numbers);
        }
        return list;
    }

    /** The model as numbers with spaces between, in the order in which the class reads them above. */
    private static String numbers() {
        // @NUMBERS
        try (java.io.InputStream in = KNOWATT_NAME.class.getResourceAsStream("KNOWATT_NAME.curves")) {
            java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
            byte[] part = new byte[8192];
            for (int read = in.read(part); read >= 0; read = in.read(part)) {
                out.write(part, 0, read);
            }
            return out.toString("US-ASCII");
        } catch (java.io.IOException broken) {
            throw new java.io.UncheckedIOException(broken);
        }
        // NUMBERS@
    }
}
