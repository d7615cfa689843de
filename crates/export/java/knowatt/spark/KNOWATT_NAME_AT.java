package knowatt.spark;

import knowatt.KNOWATT_NAME_BOXED;
import org.apache.spark.sql.api.java.UDF2;

/** The score of a reading by itself, by the instant its hour starts: milliseconds since 1970, or TIMESTAMP. */
public final class KNOWATT_NAME_AT implements UDF2<Object, Number, Double> {
    @Override
    public Double call(Object start, Number wh) {
        return KNOWATT_NAME_BOXED.scoreAt(KNOWATT_NAME_INSTANT.ms(start), wh);
    }
}
