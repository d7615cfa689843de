package knowatt.spark;

import knowatt.KNOWATT_NAME_BOXED;
import org.apache.spark.sql.api.java.UDF3;

/** The score of a reading by itself, by day class and hour. */
public final class KNOWATT_NAME implements UDF3<Number, Number, Number, Double> {
    @Override
    public Double call(Number day, Number hour, Number wh) {
        return KNOWATT_NAME_BOXED.score(day, hour, wh);
    }
}
