package knowatt.spark;

import knowatt.KNOWATT_NAME_BOXED;
import org.apache.spark.sql.api.java.UDF1;

/** The hour of an instant, in the home's time zone. */
public final class KNOWATT_NAME_HOUR implements UDF1<Object, Integer> {
    @Override
    public Integer call(Object instant) {
        return KNOWATT_NAME_BOXED.hour(KNOWATT_NAME_INSTANT.ms(instant));
    }
}
