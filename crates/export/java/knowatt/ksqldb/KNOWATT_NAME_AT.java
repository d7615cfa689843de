package knowatt.ksqldb;

import io.confluent.ksql.function.udf.Udf;
import io.confluent.ksql.function.udf.UdfDescription;
import io.confluent.ksql.function.udf.UdfParameter;
import java.sql.Timestamp;
import knowatt.KNOWATT_NAME_BOXED;

/** BIGINT milliseconds since 1970, or TIMESTAMP; ksqlDB casts any number to DOUBLE. */
@UdfDescription(
        name = "KNOWATT_NAME_AT",
        category = "knowatt",
        author = "knowatt",
        version = "KNOWATT_DIGEST",
        description = "The score of a reading by itself, by the instant its hour starts: BIGINT milliseconds since 1970, or TIMESTAMP.")
public final class KNOWATT_NAME_AT {
    @Udf
    public Double score(@UdfParameter("start") Long start, @UdfParameter("wh") Double wh) {
        return KNOWATT_NAME_BOXED.scoreAt(start, wh);
    }

    @Udf
    public Double score(@UdfParameter("start") Timestamp start, @UdfParameter("wh") Double wh) {
        return KNOWATT_NAME_BOXED.scoreAt(start == null ? null : start.getTime(), wh);
    }
}
