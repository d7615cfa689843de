package knowatt.flink;

import knowatt.KNOWATT_NAME_BOXED;
import org.apache.flink.table.functions.ScalarFunction;

/** The highest score of the floors, by the lowest Wh of the last hours, the shortest floor first; NULL is what is not known. */
public final class KNOWATT_NAME_FLOOR extends ScalarFunction {
    public Double eval(Integer day, Integer hour, Double... lows) {
        return KNOWATT_NAME_BOXED.floor(day, hour, lows);
    }

    public Double eval(Long day, Long hour, Double... lows) {
        return KNOWATT_NAME_BOXED.floor(day, hour, lows);
    }
}
