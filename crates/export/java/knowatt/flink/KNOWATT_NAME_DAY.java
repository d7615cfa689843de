package knowatt.flink;

import java.time.Instant;
import knowatt.KNOWATT_NAME_BOXED;
import org.apache.flink.table.functions.ScalarFunction;

/** The class of the day of an instant (see {@link KNOWATT_NAME_AT}), in the home's time zone. */
public final class KNOWATT_NAME_DAY extends ScalarFunction {
    public Integer eval(Long instant) {
        return KNOWATT_NAME_BOXED.day(instant);
    }

    public Integer eval(Instant instant) {
        return KNOWATT_NAME_BOXED.day(instant == null ? null : instant.toEpochMilli());
    }
}
