package knowatt.flink;

import java.time.Instant;
import knowatt.KNOWATT_NAME_BOXED;
import org.apache.flink.table.functions.ScalarFunction;

/** The hour of an instant (see {@link KNOWATT_NAME_AT}), in the home's time zone. */
public final class KNOWATT_NAME_HOUR extends ScalarFunction {
    public Integer eval(Long instant) {
        return KNOWATT_NAME_BOXED.hour(instant);
    }

    public Integer eval(Instant instant) {
        return KNOWATT_NAME_BOXED.hour(instant == null ? null : instant.toEpochMilli());
    }
}
