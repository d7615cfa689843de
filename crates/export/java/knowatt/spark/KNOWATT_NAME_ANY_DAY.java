package knowatt.spark;

import knowatt.KNOWATT_NAME_BOXED;
import org.apache.spark.sql.api.java.UDF2;

/** The lowest score of a reading on any day, by the hour: a class of Spark's is called with one number of arguments. */
public final class KNOWATT_NAME_ANY_DAY implements UDF2<Number, Number, Double> {
    @Override
    public Double call(Number hour, Number wh) {
        return KNOWATT_NAME_BOXED.scoreHour(hour, wh);
    }
}
