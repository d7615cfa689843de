package knowatt.flink;

import knowatt.KNOWATT_NAME_BOXED;
import org.apache.flink.table.functions.ScalarFunction;

/** The score of a reading that is so many Wh above that of the hour before. */
public final class KNOWATT_NAME_STEP extends ScalarFunction {
    public Double eval(Integer day, Integer hour, Double step) {
        return KNOWATT_NAME_BOXED.step(day, hour, step);
    }

    public Double eval(Long day, Long hour, Double step) {
        return KNOWATT_NAME_BOXED.step(day, hour, step);
    }
}
