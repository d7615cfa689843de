package knowatt.flink;

import knowatt.KNOWATT_NAME_BOXED;
import org.apache.flink.table.functions.ScalarFunction;

/** (hour, Wh): the lowest score of any day; (day, hour, Wh): the score of a reading by itself. NULL is no score. */
public final class KNOWATT_NAME extends ScalarFunction {
    public Double eval(Integer hour, Double wh) {
        return KNOWATT_NAME_BOXED.scoreHour(hour, wh);
    }

    public Double eval(Long hour, Double wh) {
        return KNOWATT_NAME_BOXED.scoreHour(hour, wh);
    }

    public Double eval(Integer day, Integer hour, Double wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    public Double eval(Long day, Long hour, Double wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    public Double eval(Double hour, Double wh) {
        return KNOWATT_NAME_BOXED.scoreHour(hour, wh);
    }

    public Double eval(Double day, Double hour, Double wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }
}
