package knowatt.ksqldb;

import io.confluent.ksql.function.udf.Udf;
import io.confluent.ksql.function.udf.UdfDescription;
import io.confluent.ksql.function.udf.UdfParameter;
import java.sql.Timestamp;
import knowatt.KNOWATT_NAME_BOXED;

/** BIGINT milliseconds since 1970, or TIMESTAMP. */
@UdfDescription(
        name = "KNOWATT_NAME_HOUR",
        category = "knowatt",
        author = "knowatt",
        version = "KNOWATT_DIGEST",
        description = "The hour of an instant, in the home's time zone.")
public final class KNOWATT_NAME_HOUR {
    @Udf
    public Integer hour(@UdfParameter("instant") Long instant) {
        return KNOWATT_NAME_BOXED.hour(instant);
    }

    @Udf
    public Integer hour(@UdfParameter("instant") Timestamp instant) {
        return KNOWATT_NAME_BOXED.hour(instant == null ? null : instant.getTime());
    }
}
