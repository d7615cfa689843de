package knowatt.flink;

import java.time.Instant;
import knowatt.KNOWATT_NAME_BOXED;
import org.apache.flink.table.functions.ScalarFunction;

/** By the instant the hour starts: BIGINT milliseconds since 1970, or TIMESTAMP_LTZ; Flink takes a TIMESTAMP to be of the session's time zone. */
public final class KNOWATT_NAME_AT extends ScalarFunction {
    public Double eval(Long start, Double wh) {
        return KNOWATT_NAME_BOXED.scoreAt(start, wh);
    }

    public Double eval(Instant start, Double wh) {
        return KNOWATT_NAME_BOXED.scoreAt(start == null ? null : start.toEpochMilli(), wh);
    }
}
