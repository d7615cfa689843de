package knowatt.ksqldb;

import io.confluent.ksql.function.udf.Udf;
import io.confluent.ksql.function.udf.UdfDescription;
import io.confluent.ksql.function.udf.UdfParameter;
import knowatt.KNOWATT_NAME_BOXED;

/** One signature for each number of arguments: ksqlDB casts INT to BIGINT, and any number to DOUBLE. */
@UdfDescription(
        name = "KNOWATT_NAME_FLOOR",
        category = "knowatt",
        author = "knowatt",
        version = "KNOWATT_DIGEST",
        description = "The highest score of the floors, by the lowest Wh of the last hours, the shortest floor first; NULL is what is not known.")
public final class KNOWATT_NAME_FLOOR {
    @Udf
    public Double floor(@UdfParameter("day") Long day, @UdfParameter("hour") Long hour, @UdfParameter("lows") Double... lows) {
        return KNOWATT_NAME_BOXED.floor(day, hour, lows);
    }
}
