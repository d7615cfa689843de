package knowatt.ksqldb;

import io.confluent.ksql.function.udf.Udf;
import io.confluent.ksql.function.udf.UdfDescription;
import io.confluent.ksql.function.udf.UdfParameter;
import java.math.BigDecimal;
import knowatt.KNOWATT_NAME_BOXED;

/**
 * One method for every type that an argument may have: of two that fit only after an implicit cast, ksqlDB takes neither, and finds
 * the call ambiguous. Those that take DOUBLE for all are for an hour that is one, as in the talk's topic, or a DECIMAL.
 */
@UdfDescription(
        name = "KNOWATT_NAME",
        category = "knowatt",
        author = "knowatt",
        version = "KNOWATT_DIGEST",
        description = "The score of a reading of so many Wh by itself: 1.0 is the most that is normal. NULL is no score.")
public final class KNOWATT_NAME {
    @Udf
    public Double score(@UdfParameter("hour") Integer hour, @UdfParameter("wh") Integer wh) {
        return KNOWATT_NAME_BOXED.scoreHour(hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("hour") Integer hour, @UdfParameter("wh") Long wh) {
        return KNOWATT_NAME_BOXED.scoreHour(hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("hour") Integer hour, @UdfParameter("wh") Double wh) {
        return KNOWATT_NAME_BOXED.scoreHour(hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("hour") Integer hour, @UdfParameter("wh") BigDecimal wh) {
        return KNOWATT_NAME_BOXED.scoreHour(hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("hour") Long hour, @UdfParameter("wh") Integer wh) {
        return KNOWATT_NAME_BOXED.scoreHour(hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("hour") Long hour, @UdfParameter("wh") Long wh) {
        return KNOWATT_NAME_BOXED.scoreHour(hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("hour") Long hour, @UdfParameter("wh") Double wh) {
        return KNOWATT_NAME_BOXED.scoreHour(hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("hour") Long hour, @UdfParameter("wh") BigDecimal wh) {
        return KNOWATT_NAME_BOXED.scoreHour(hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Integer day, @UdfParameter("hour") Integer hour, @UdfParameter("wh") Integer wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Integer day, @UdfParameter("hour") Integer hour, @UdfParameter("wh") Long wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Integer day, @UdfParameter("hour") Integer hour, @UdfParameter("wh") Double wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Integer day, @UdfParameter("hour") Integer hour, @UdfParameter("wh") BigDecimal wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Integer day, @UdfParameter("hour") Long hour, @UdfParameter("wh") Integer wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Integer day, @UdfParameter("hour") Long hour, @UdfParameter("wh") Long wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Integer day, @UdfParameter("hour") Long hour, @UdfParameter("wh") Double wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Integer day, @UdfParameter("hour") Long hour, @UdfParameter("wh") BigDecimal wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Long day, @UdfParameter("hour") Integer hour, @UdfParameter("wh") Integer wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Long day, @UdfParameter("hour") Integer hour, @UdfParameter("wh") Long wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Long day, @UdfParameter("hour") Integer hour, @UdfParameter("wh") Double wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Long day, @UdfParameter("hour") Integer hour, @UdfParameter("wh") BigDecimal wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Long day, @UdfParameter("hour") Long hour, @UdfParameter("wh") Integer wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Long day, @UdfParameter("hour") Long hour, @UdfParameter("wh") Long wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Long day, @UdfParameter("hour") Long hour, @UdfParameter("wh") Double wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Long day, @UdfParameter("hour") Long hour, @UdfParameter("wh") BigDecimal wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("hour") Double hour, @UdfParameter("wh") Double wh) {
        return KNOWATT_NAME_BOXED.scoreHour(hour, wh);
    }

    @Udf
    public Double score(@UdfParameter("day") Double day, @UdfParameter("hour") Double hour, @UdfParameter("wh") Double wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }
}
