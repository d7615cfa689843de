package knowatt.spark;

import knowatt.KNOWATT_NAME_BOXED;
import org.apache.spark.sql.api.java.UDF3;

/** The score of a reading that is so many Wh above that of the hour before. */
public final class KNOWATT_NAME_STEP implements UDF3<Number, Number, Number, Double> {
    @Override
    public Double call(Number day, Number hour, Number step) {
        return KNOWATT_NAME_BOXED.step(day, hour, step);
    }
}
