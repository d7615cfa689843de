package knowatt;

/**
 * {@link KNOWATT_NAME} for engines of SQL: numbers of any type, and null for what is missing and for no score.
 *
 * <p>A day and an hour are taken in any type, if they are whole numbers.
 */
public final class KNOWATT_NAME_BOXED {
    private KNOWATT_NAME_BOXED() {}

    public static Double score(Number day, Number hour, Number wh) {
        return orNull(KNOWATT_NAME.score(whole(day), whole(hour), number(wh)));
    }

    public static Double scoreHour(Number hour, Number wh) {
        return hour == null || wh == null ? null : orNull(KNOWATT_NAME.scoreHour(whole(hour), number(wh)));
    }

    public static Double scoreAt(Number startMs, Number wh) {
        return startMs == null ? null : orNull(KNOWATT_NAME.scoreAt(startMs.longValue(), number(wh)));
    }

    public static Double floor(Number day, Number hour, Number... lows) {
        return orNull(KNOWATT_NAME.floor(whole(day), whole(hour), numbers(lows)));
    }

    public static Double step(Number day, Number hour, Number stepWh) {
        return orNull(KNOWATT_NAME.step(whole(day), whole(hour), number(stepWh)));
    }

    public static Double rise(Number day, Number hour, Number... rises) {
        return orNull(KNOWATT_NAME.rise(whole(day), whole(hour), numbers(rises)));
    }

    public static Integer day(Number instantMs) {
        return instantMs == null ? null : placeOrNull(KNOWATT_NAME.day(instantMs.longValue()));
    }

    public static Integer hour(Number instantMs) {
        return instantMs == null ? null : placeOrNull(KNOWATT_NAME.hour(instantMs.longValue()));
    }

    /** −1, which is no day and no hour, for what is missing and what is no whole number. */
    private static int whole(Number number) {
        double value = number(number);
        int whole = (int) value;
        return whole == value ? whole : -1;
    }

    private static double number(Number number) {
        return number == null ? Double.NaN : number.doubleValue();
    }

    private static double[] numbers(Number[] numbers) {
        double[] values = new double[numbers == null ? 0 : numbers.length];
        for (int place = 0; place < values.length; place++) {
            values[place] = number(numbers[place]);
        }
        return values;
    }

    private static Double orNull(double score) {
        return score != score ? null : (Double) score;
    }

    private static Integer placeOrNull(int place) {
        return place < 0 ? null : (Integer) place;
    }
}
