package knowatt.flink;

import knowatt.KNOWATT_NAME_BOXED;
import org.apache.flink.table.functions.ScalarFunction;

/** The highest score of the rises, by how many Wh each floor is above that of a day before; NULL is what is not known. */
public final class KNOWATT_NAME_RISE extends ScalarFunction {
    public Double eval(Integer day, Integer hour, Double... rises) {
        return KNOWATT_NAME_BOXED.rise(day, hour, rises);
    }

    public Double eval(Long day, Long hour, Double... rises) {
        return KNOWATT_NAME_BOXED.rise(day, hour, rises);
    }
}
