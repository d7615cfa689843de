package knowatt.spark;

import knowatt.KNOWATT_NAME_BOXED;
import org.apache.spark.sql.api.java.UDF1;

/** The class of the day of an instant, in the home's time zone. */
public final class KNOWATT_NAME_DAY implements UDF1<Object, Integer> {
    @Override
    public Integer call(Object instant) {
        return KNOWATT_NAME_BOXED.day(KNOWATT_NAME_INSTANT.ms(instant));
    }
}
