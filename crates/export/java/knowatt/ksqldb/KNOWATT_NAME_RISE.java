package knowatt.ksqldb;

import io.confluent.ksql.function.udf.Udf;
import io.confluent.ksql.function.udf.UdfDescription;
import io.confluent.ksql.function.udf.UdfParameter;
import knowatt.KNOWATT_NAME_BOXED;

/** One signature for each number of arguments: ksqlDB casts INT to BIGINT, and any number to DOUBLE. */
@UdfDescription(
        name = "KNOWATT_NAME_RISE",
        category = "knowatt",
        author = "knowatt",
        version = "KNOWATT_DIGEST",
        description = "The highest score of the rises, by how many Wh each floor is above that of a day before; NULL is what is not known.")
public final class KNOWATT_NAME_RISE {
    @Udf
    public Double rise(@UdfParameter("day") Long day, @UdfParameter("hour") Long hour, @UdfParameter("rises") Double... rises) {
        return KNOWATT_NAME_BOXED.rise(day, hour, rises);
    }
}
