package knowatt.ksqldb;

import io.confluent.ksql.function.udf.Udf;
import io.confluent.ksql.function.udf.UdfDescription;
import io.confluent.ksql.function.udf.UdfParameter;
import knowatt.KNOWATT_NAME_BOXED;

/** One signature for each number of arguments: ksqlDB casts INT to BIGINT, and any number to DOUBLE. */
@UdfDescription(
        name = "KNOWATT_NAME_STEP",
        category = "knowatt",
        author = "knowatt",
        version = "KNOWATT_DIGEST",
        description = "The score of a reading that is so many Wh above that of the hour before.")
public final class KNOWATT_NAME_STEP {
    @Udf
    public Double step(@UdfParameter("day") Long day, @UdfParameter("hour") Long hour, @UdfParameter("step") Double step) {
        return KNOWATT_NAME_BOXED.step(day, hour, step);
    }
}
